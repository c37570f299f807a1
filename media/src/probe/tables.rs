//! Sample tables of a whole file: `stsz`, `stsc`, `stco`/`co64`, `stts`, `stss` (ISO/IEC 14496-12 8.6, 8.7).
//!
//! Work is linear in the bytes the tables really have; a count that only claims to be large costs nothing.

use std::ops::ControlFlow;

use super::boxes::{Boxes, be32, be64};
use super::mp4::{Sample, Samples, Take};

/// Whether a sample table describes any sample.
pub(super) fn has_samples(stbl: &[u8]) -> bool {
    Boxes::new(stbl).body(*b"stsz").and_then(|stsz| be32(stsz, 8)).is_some_and(|count| count > 0)
}

/// The samples that lie inside a file of `file_len` bytes.
pub(super) fn samples(stbl: &[u8], file_len: usize) -> Samples {
    let count = present(stbl, file_len).unwrap_or(0);
    let sync = match Boxes::new(stbl).body(*b"stss") {
        None => count,
        Some(stss) => {
            let numbers = entries::<4>(stss).map(|entry| u32::from_be_bytes(*entry));
            count_u32(numbers.filter(|number| (1..=count).contains(number)).count()).min(count)
        }
    };
    Samples { count, sync, ticks: ticks(stbl, count) }
}

fn count_u32(count: usize) -> u32 {
    u32::try_from(count).unwrap_or(u32::MAX)
}

/// Entries of `N` bytes behind a version, flags and entry count; no more than there are.
fn entries<const N: usize>(table: &[u8]) -> impl Iterator<Item = &[u8; N]> {
    let claimed = be32(table, 4).and_then(|count| usize::try_from(count).ok()).unwrap_or(0);
    let body = table.get(8..).unwrap_or_default();
    body.chunks_exact(N).filter_map(|entry| entry.first_chunk()).take(claimed)
}

/// Hands on the samples that lie inside a file of `file_len` bytes, in order, until told to stop.
pub(crate) fn each(stbl: &[u8], file_len: usize, take: &mut Take<'_>) -> ControlFlow<()> {
    let Some(stsz) = Boxes::new(stbl).body(*b"stsz") else { return ControlFlow::Continue(()) };
    let (Some(uniform), Some(claimed)) = (be32(stsz, 4), be32(stsz, 8)) else {
        return ControlFlow::Continue(());
    };
    let Some(offsets) = chunk_offsets(stbl) else { return ControlFlow::Continue(()) };
    let file_len = u64::try_from(file_len).unwrap_or(u64::MAX);
    let mut sizes = stsz.get(12..).unwrap_or_default().chunks_exact(4);
    let mut runs =
        Boxes::new(stbl).body(*b"stsc").map(entries::<12>).into_iter().flatten().peekable();
    let mut clock = Clock::new(stbl);
    let (mut per_chunk, mut left) = (0u32, claimed);
    for (number, offset) in (1u32..).zip(offsets) {
        while let Some(run) = runs.next_if(|run| be32(*run, 0).is_some_and(|first| first <= number))
        {
            per_chunk = be32(run, 4).unwrap_or(0);
        }
        let in_chunk = per_chunk.min(left);
        left -= in_chunk;
        let mut at = offset;
        for index in 0..in_chunk {
            let size = match uniform {
                0 => match sizes.next().and_then(|size| be32(size, 0)) {
                    Some(size) => size,
                    None => return ControlFlow::Continue(()),
                },
                size => size,
            };
            let end = at.saturating_add(u64::from(size));
            if uniform > 0 && end > file_len {
                // none of the chunk's others is in the file either
                clock.skip(in_chunk - index);
                break;
            }
            let sample = clock.next(at, size);
            if size > 0 && end <= file_len {
                take(sample)?;
            }
            at = end;
        }
        if left == 0 {
            break;
        }
    }
    ControlFlow::Continue(())
}

/// Times and marks of consecutive samples.
struct Clock<'a> {
    durations: Runs<'a>,
    delays: Runs<'a>,
    /// Numbers of the samples decoding can start at; `None` if it can at each.
    sync: Option<std::iter::Peekable<Box<dyn Iterator<Item = u32> + 'a>>>,
    number: u32,
    dts: i64,
}

impl<'a> Clock<'a> {
    fn new(stbl: &'a [u8]) -> Self {
        let table = |kind| Boxes::new(stbl).body(kind);
        let sync = table(*b"stss").map(|stss| {
            let numbers = entries::<4>(stss).map(|entry| u32::from_be_bytes(*entry));
            let numbers: Box<dyn Iterator<Item = u32> + 'a> = Box::new(numbers);
            numbers.peekable()
        });
        Self {
            durations: Runs::new(table(*b"stts")),
            delays: Runs::new(table(*b"ctts")),
            sync,
            number: 0,
            dts: 0,
        }
    }

    fn next(&mut self, offset: u64, size: u32) -> Sample {
        self.number = self.number.saturating_add(1);
        let number = self.number;
        let sync = self.sync.as_mut().is_none_or(|numbers| {
            while numbers.next_if(|sync| *sync < number).is_some() {}
            numbers.peek() == Some(&number)
        });
        let duration = self.durations.next();
        // negative in version 1; libav reads both as signed
        let delay = i64::from(self.delays.next().cast_signed());
        let dts = self.dts;
        self.dts = dts.saturating_add(i64::from(duration));
        Sample { offset, size, dts, delay, duration, sync, fragment: false }
    }

    fn skip(&mut self, samples: u32) {
        self.number = self.number.saturating_add(samples);
        let ticks = i64::try_from(self.durations.skip(samples)).unwrap_or(i64::MAX);
        self.dts = self.dts.saturating_add(ticks);
        self.delays.skip(samples);
    }
}

/// A table that gives a value for runs of samples.
struct Runs<'a> {
    table: std::slice::ChunksExact<'a, u8>,
    claimed: usize,
    left: u32,
    value: u32,
}

impl<'a> Runs<'a> {
    fn new(table: Option<&'a [u8]>) -> Self {
        let table = table.unwrap_or_default();
        let claimed = be32(table, 4).and_then(|count| usize::try_from(count).ok()).unwrap_or(0);
        Self {
            table: table.get(8..).unwrap_or_default().chunks_exact(8),
            claimed,
            left: 0,
            value: 0,
        }
    }

    /// Makes a run with samples left the current one, if there is one.
    fn fill(&mut self) -> bool {
        while self.left == 0 && self.claimed > 0 {
            let Some(entry) = self.table.next() else { return false };
            self.claimed -= 1;
            self.left = be32(entry, 0).unwrap_or(0);
            self.value = be32(entry, 4).unwrap_or(0);
        }
        self.left > 0
    }

    /// The value of the next sample, 0 behind the last run.
    fn next(&mut self) -> u32 {
        if !self.fill() {
            return 0;
        }
        self.left -= 1;
        self.value
    }

    /// Passes over samples; the sum of their values.
    fn skip(&mut self, mut samples: u32) -> u64 {
        let mut sum = 0u64;
        while samples > 0 && self.fill() {
            let run = samples.min(self.left);
            self.left -= run;
            samples -= run;
            sum = sum.saturating_add(u64::from(run) * u64::from(self.value));
        }
        sum
    }
}

/// Number of samples whose bytes are in the file.
fn present(stbl: &[u8], file_len: usize) -> Option<u32> {
    let file_len = u64::try_from(file_len).ok()?;
    let stsz = Boxes::new(stbl).body(*b"stsz")?;
    let (uniform, claimed) = (be32(stsz, 4)?, be32(stsz, 8)?);
    let mut sizes = stsz.get(12..).unwrap_or_default().chunks_exact(4);
    let mut runs = Boxes::new(stbl).body(*b"stsc").map(entries::<12>)?.peekable();
    let (mut per_chunk, mut left, mut found) = (0u32, claimed, 0u32);
    for (number, offset) in (1u32..).zip(chunk_offsets(stbl)?) {
        while let Some(run) = runs.next_if(|run| be32(*run, 0).is_some_and(|first| first <= number))
        {
            per_chunk = be32(run, 4)?;
        }
        let in_chunk = per_chunk.min(left);
        left -= in_chunk;
        let room = file_len.saturating_sub(offset);
        if uniform > 0 {
            let fit = u32::try_from(room / u64::from(uniform)).unwrap_or(u32::MAX);
            found = found.saturating_add(fit.min(in_chunk));
            continue;
        }
        let mut used = 0u64;
        for _ in 0..in_chunk {
            let Some(size) = sizes.next().and_then(|size| be32(size, 0)) else {
                return Some(found);
            };
            used = used.saturating_add(u64::from(size));
            found += u32::from(size > 0 && used <= room);
        }
        if left == 0 {
            break;
        }
    }
    Some(found)
}

/// Offsets of the chunks, from either table.
fn chunk_offsets(stbl: &[u8]) -> Option<impl Iterator<Item = u64> + '_> {
    let narrow = Boxes::new(stbl).body(*b"stco");
    let wide = Boxes::new(stbl).body(*b"co64");
    if narrow.is_none() && wide.is_none() {
        return None;
    }
    let narrow = narrow.map(entries::<4>).into_iter().flatten();
    let wide = wide.map(entries::<8>).into_iter().flatten();
    Some(
        narrow
            .map(|entry| u64::from(u32::from_be_bytes(*entry)))
            .chain(wide.filter_map(|entry| be64(entry, 0))),
    )
}

/// Durations of the first `count` samples together.
fn ticks(stbl: &[u8], count: u32) -> u64 {
    let Some(stts) = Boxes::new(stbl).body(*b"stts") else { return 0 };
    let mut left = count;
    entries::<8>(stts).fold(0u64, |sum, entry| {
        let (run, delta) = (be32(entry, 0).unwrap_or(0).min(left), be32(entry, 4).unwrap_or(0));
        left -= run;
        sum.saturating_add(u64::from(run) * u64::from(delta))
    })
}
