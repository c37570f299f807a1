//! The thread that writes segments to the disk.

use std::{io, sync::Arc, thread};

use super::{
    file::SpillFile,
    shelf::{Shelf, Work},
};

/// The thread. It ends when this value goes.
#[derive(Debug)]
pub(super) struct Writer {
    shelf: Arc<Shelf>,
}

impl Writer {
    pub(super) fn start(shelf: Arc<Shelf>, file: SpillFile) -> io::Result<Self> {
        let shared = Arc::clone(&shelf);
        thread::Builder::new().name("hls-store".into()).spawn(move || {
            let mut disk = Disk::on(file);
            while let Some(work) = shared.wait_for_work() {
                disk.carry_out(&shared, work);
            }
        })?;
        Ok(Self { shelf })
    }
}

impl Drop for Writer {
    fn drop(&mut self) {
        self.shelf.close();
    }
}

/// What the thread works with.
#[derive(Debug)]
pub(super) struct Disk {
    pub(super) file: Arc<SpillFile>,
    /// It did not work last time, so that a full disk is one line in the log and not one for every
    /// segment.
    failing: bool,
}

impl Disk {
    pub(super) fn on(file: SpillFile) -> Self {
        Self { file: Arc::new(file), failing: false }
    }

    pub(super) fn carry_out(&mut self, shelf: &Shelf, work: Work) {
        match work {
            Work::Trim => {
                if let Err(error) = self.file.trim() {
                    tracing::debug!(%error, "the file of HLS segments keeps its length");
                }
            }
            Work::Write { ids, segments, hurry } => match self.file.store(&segments, hurry) {
                Ok(stored) => {
                    for (id, segment) in ids.into_iter().zip(stored) {
                        shelf.written(id, Some(segment));
                    }
                    if std::mem::take(&mut self.failing) {
                        tracing::info!("HLS segments can be written again");
                    }
                }
                Err(error) => {
                    for id in ids {
                        shelf.written(id, None);
                    }
                    if !std::mem::replace(&mut self.failing, true) {
                        tracing::warn!(%error, "cannot write HLS segments; those that do not fit into memory are dropped");
                    }
                }
            },
        }
    }
}
