//! JSON lines: one file a UTC day, appended to.
//!
//! A reader may look at any moment: every file ends with a whole line, except while a batch is
//! being written. What a crash or a full disk left of a line is cut off before the next is added,
//! unless only its line break was missing. Lines that could not be written wait in memory, up to
//! the recorder's capacity; then the oldest are given up.

use std::collections::{BTreeMap, VecDeque};
use std::fs::{self, File};
use std::io::{self, Read as _, Seek as _, SeekFrom, Write as _};
use std::path::Path;

use jiff::civil::Date;

use super::layout::{Layout, date_of};
use super::writer::Progress;
use crate::Row;

/// Files kept open: around midnight rows of two days come mixed.
const MAX_OPEN: usize = 2;

/// Bytes handed to the disk at once.
const MAX_BATCH_BYTES: usize = 1 << 20;

/// A line is about 2 kB; a tail without a line break longer than this is no line of ours.
const MAX_TAIL_BYTES: u64 = 1 << 16;

pub(super) struct JsonLines {
    layout: Layout,
    open: BTreeMap<Date, LineFile>,
    waiting: VecDeque<(Date, Vec<u8>)>,
    max_waiting: usize,
    given_up: u64,
}

struct LineFile {
    file: File,
    /// Where the last whole line ends.
    end: u64,
}

impl JsonLines {
    pub(super) fn new(layout: Layout, max_waiting: usize) -> Self {
        Self { layout, open: BTreeMap::new(), waiting: VecDeque::new(), max_waiting, given_up: 0 }
    }

    pub(super) fn append(&mut self, rows: &[impl Row]) {
        for row in rows {
            match serde_json::to_vec(row) {
                Ok(mut line) => {
                    line.push(b'\n');
                    self.waiting.push_back((date_of(row.moment()), line));
                }
                // No column can fail to be written; if one ever did, the row is counted as lost.
                Err(_) => self.given_up = self.given_up.saturating_add(1),
            }
        }
    }

    /// Lines that wait for the disk.
    pub(super) fn waiting(&self) -> u64 {
        u64::try_from(self.waiting.len()).unwrap_or(u64::MAX)
    }

    /// Writes lines in the order they came until none waits or the disk refuses.
    pub(super) fn write(&mut self) -> Progress {
        let mut progress = Progress::default();
        while let Some((date, batch, lines)) = self.next_batch() {
            if let Err(error) = self.write_batch(date, &batch) {
                let path = self.layout.jsonl(date);
                progress.failure = Some(format!("{}: {error}", path.display()));
                break;
            }
            self.waiting.drain(..lines);
            progress.written =
                progress.written.saturating_add(lines.try_into().unwrap_or(u64::MAX));
        }
        while self.waiting.len() > self.max_waiting {
            self.waiting.pop_front();
            self.given_up = self.given_up.saturating_add(1);
        }
        progress.dropped = std::mem::take(&mut self.given_up);
        progress
    }

    /// The next lines of one day, as one buffer, and how many they are.
    fn next_batch(&self) -> Option<(Date, Vec<u8>, usize)> {
        let (date, _) = self.waiting.front()?;
        let mut batch = Vec::new();
        let mut lines = 0;
        for (_, line) in self.waiting.iter().take_while(|(other, _)| other == date) {
            if lines > 0 && batch.len().saturating_add(line.len()) > MAX_BATCH_BYTES {
                break;
            }
            batch.extend_from_slice(line);
            lines += 1;
        }
        Some((*date, batch, lines))
    }

    fn write_batch(&mut self, date: Date, batch: &[u8]) -> io::Result<()> {
        let path = self.layout.jsonl(date);
        // Somebody may have moved the file away; a handle would go on writing to nowhere.
        if !path.try_exists()? {
            self.open.remove(&date);
        }
        if !self.open.contains_key(&date) {
            while self.open.len() >= MAX_OPEN {
                self.open.pop_first();
            }
            self.open.insert(date, LineFile::open(&path)?);
        }
        let Some(file) = self.open.get_mut(&date) else { return Ok(()) };
        let result = file.append(batch);
        if result.is_err() {
            // Opened again for the next try, which repairs the tail should the cut have failed.
            self.open.remove(&date);
        }
        result
    }
}

impl LineFile {
    fn open(path: &Path) -> io::Result<Self> {
        if let Some(directory) = path.parent() {
            fs::create_dir_all(directory)?;
        }
        let mut file = File::options().create(true).read(true).append(true).open(path)?;
        let end = repair_tail(&mut file)?;
        Ok(Self { file, end })
    }

    /// Appends whole lines: all of them, or none.
    fn append(&mut self, lines: &[u8]) -> io::Result<()> {
        match self.file.write_all(lines) {
            Ok(()) => {
                self.end = self.end.saturating_add(lines.len().try_into().unwrap_or(u64::MAX));
                Ok(())
            }
            Err(error) => {
                self.file.set_len(self.end)?;
                Err(error)
            }
        }
    }
}

/// Makes the file end with a whole line, and says where that is.
fn repair_tail(file: &mut File) -> io::Result<u64> {
    let length = file.metadata()?.len();
    let start = length.saturating_sub(MAX_TAIL_BYTES);
    file.seek(SeekFrom::Start(start))?;
    let mut tail = Vec::new();
    io::Read::by_ref(file).take(MAX_TAIL_BYTES).read_to_end(&mut tail)?;
    let after_break = tail.iter().rposition(|&byte| byte == b'\n').map_or(0, |at| at + 1);
    let fragment = tail.get(after_break..).unwrap_or_default();
    if fragment.is_empty() {
        return Ok(length);
    }
    let whole = serde_json::from_slice::<serde::de::IgnoredAny>(fragment).is_ok();
    if whole || (after_break == 0 && start > 0) {
        // A line without its break, or something that is not ours to cut.
        file.write_all(b"\n")?;
        return Ok(length.saturating_add(1));
    }
    let kept = start.saturating_add(after_break.try_into().unwrap_or(u64::MAX));
    file.set_len(kept)?;
    Ok(kept)
}
