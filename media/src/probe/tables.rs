//! Sample tables of a whole file: `stsz`, `stsc`, `stco`/`co64`, `stts`, `stss` (ISO/IEC 14496-12 8.6, 8.7).
//!
//! Work is linear in the bytes the tables really have; a count that only claims to be large costs nothing.

use super::boxes::{Boxes, be32, be64};
use super::mp4::Samples;

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
