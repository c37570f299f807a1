//! The measurements themselves: from bytes to numbers, inside the worker.

use bytes::Bytes;

use super::protocol::{Measured, Task};

#[cfg(feature = "libav")]
mod compare;

/// Everything that needs a file, a lock or a table, before the worker is confined.
pub(super) fn prepare() {
    #[cfg(feature = "libav")]
    waymark_media::version();
}

/// Without libav nothing can be decoded.
#[cfg(not(feature = "libav"))]
pub(super) fn run(_: &Task, _: &[Bytes]) -> Result<Measured, String> {
    Err("this program was built without decoding".to_owned())
}

/// Measures; an error is the files' fault and one line.
#[cfg(feature = "libav")]
pub(super) fn run(task: &Task, files: &[Bytes]) -> Result<Measured, String> {
    use waymark_media::pixels::{PixelLimits, key_grids};

    use crate::orchestrator::error::chain;

    match task {
        Task::KeyGrids { container, lattice } => {
            let [file] = files else { return Err("one file was expected".to_owned()) };
            let limits = PixelLimits::default();
            let grids = key_grids(file, (*container).into(), (*lattice).into(), &limits);
            grids.map(|grids| Measured::Grids(grids.into())).map_err(|error| chain(&error))
        }
        Task::Compare { source, renditions } => {
            let Some((first, rest)) = files.split_first() else {
                return Err("a source was expected".to_owned());
            };
            let source = compare::Source::new(first, (*source).into());
            compare::all(source, renditions, rest).map(Measured::Compared)
        }
    }
}
