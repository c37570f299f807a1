//! Samples of movie fragments: `moof`, `traf`, `tfhd`, `trun` (ISO/IEC 14496-12 8.8).

use std::ops::ControlFlow;

use super::boxes::{Boxes, be32, be64};
use super::mp4::{Sample, Samples, Take};

/// Flag of a sample that decoding cannot start at (8.8.3.1).
const NON_SYNC: u32 = 0x0001_0000;

/// What samples are like where a fragment does not say.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Defaults {
    duration: u32,
    size: u32,
    flags: u32,
}

impl Defaults {
    /// From the `trex` box of a track in `mvex`.
    pub(crate) fn of_track(mvex: &[u8], track: u32) -> Option<Self> {
        let mut all = Boxes::new(mvex).filter(|b| b.kind == *b"trex");
        let trex = all.find(|b| be32(b.body, 4) == Some(track))?.body;
        Some(Self { duration: be32(trex, 12)?, size: be32(trex, 16)?, flags: be32(trex, 20)? })
    }
}

/// The samples of a track in all fragments of the file whose bytes are in it.
pub(super) fn samples(file: &[u8], track: u32, defaults: Defaults) -> Samples {
    let mut all = Samples::default();
    for (mut run, traf) in fragments(file, track, defaults) {
        for trun in Boxes::new(traf).filter(|b| b.kind == *b"trun") {
            all = all.add(run.samples(trun.body, file.len()).unwrap_or_default());
        }
    }
    all
}

/// Hands on the samples of a track in all fragments, in order, until told to stop.
pub(crate) fn each(
    file: &[u8],
    track: u32,
    defaults: Defaults,
    take: &mut Take<'_>,
) -> ControlFlow<()> {
    let mut time = 0i64;
    for (mut run, traf) in fragments(file, track, defaults) {
        if let Some(start) = Boxes::new(traf).body(*b"tfdt").and_then(base_time) {
            time = start;
        }
        for trun in Boxes::new(traf).filter(|b| b.kind == *b"trun") {
            run.each(trun.body, file.len(), &mut time, take)
                .unwrap_or(ControlFlow::Continue(()))?;
        }
    }
    ControlFlow::Continue(())
}

/// Fragments of a track: where their data is, and the `traf` box.
fn fragments(file: &[u8], track: u32, defaults: Defaults) -> impl Iterator<Item = (Run, &[u8])> {
    let moofs = Boxes::new(file).filter(|b| b.kind == *b"moof");
    moofs.flat_map(move |moof| {
        let trafs = Boxes::new(moof.body).filter(|b| b.kind == *b"traf");
        trafs.filter_map(move |traf| {
            let tfhd = Boxes::new(traf.body).body(*b"tfhd")?;
            Some((fragment(tfhd, track, defaults, u64::try_from(moof.at).ok()?)?, traf.body))
        })
    })
}

/// Decoding time of a fragment's first sample (8.8.12).
fn base_time(tfdt: &[u8]) -> Option<i64> {
    match tfdt.first()? {
        1 => i64::try_from(be64(tfdt, 4)?).ok(),
        _ => be32(tfdt, 4).map(i64::from),
    }
}

/// Where a fragment's data is and what its samples are like.
struct Run {
    base: u64,
    /// Where the next run starts if it does not say.
    next: u64,
    defaults: Defaults,
}

/// Reads a `tfhd`; `None` if it belongs to another track.
fn fragment(tfhd: &[u8], track: u32, defaults: Defaults, moof_at: u64) -> Option<Run> {
    let flags = be32(tfhd, 0)?;
    if be32(tfhd, 4)? != track {
        return None;
    }
    let mut at = 8;
    let mut base = moof_at;
    if flags & 0x1 != 0 {
        base = be64(tfhd, at)?;
        at += 8;
    }
    if flags & 0x2 != 0 {
        at += 4;
    }
    let mut defaults = defaults;
    for (bit, value) in
        [(0x8, &mut defaults.duration), (0x10, &mut defaults.size), (0x20, &mut defaults.flags)]
    {
        if flags & bit != 0 {
            *value = be32(tfhd, at)?;
            at += 4;
        }
    }
    Some(Run { base, next: base, defaults })
}

/// The head of a `trun`: what its entries have, and where its data starts.
struct Head<'a> {
    claimed: u32,
    offset: u64,
    first_flags: Option<u32>,
    /// Duration, size, flags and delay.
    fields: [bool; 4],
    entry_len: usize,
    entries: &'a [u8],
}

impl Run {
    fn head<'a>(&self, trun: &'a [u8]) -> Option<Head<'a>> {
        let (flags, claimed) = (be32(trun, 0)?, be32(trun, 4)?);
        let mut at = 8;
        let mut offset = self.next;
        if flags & 0x1 != 0 {
            let relative = i64::from(be32(trun, at)?.cast_signed());
            offset = self.base.checked_add_signed(relative)?;
            at += 4;
        }
        let mut first_flags = None;
        if flags & 0x4 != 0 {
            first_flags = Some(be32(trun, at)?);
            at += 4;
        }
        let fields = [0x100, 0x200, 0x400, 0x800].map(|bit| flags & bit != 0);
        let entry_len = 4 * fields.into_iter().filter(|present| *present).count();
        let entries = trun.get(at..).unwrap_or_default();
        Some(Head { claimed, offset, first_flags, fields, entry_len, entries })
    }

    fn samples(&mut self, trun: &[u8], file_len: usize) -> Option<Samples> {
        let head = self.head(trun)?;
        if head.entry_len == 0 {
            let room = u64::try_from(file_len).ok()?.saturating_sub(head.offset);
            return Some(self.uniform(head.claimed, head.first_flags, room, head.offset));
        }
        let mut all = Samples::default();
        // nothing here ends the walk
        let _whole = self.each(trun, file_len, &mut 0, &mut |sample| {
            all = all.add(Samples {
                count: 1,
                sync: u32::from(sample.sync),
                ticks: u64::from(sample.duration),
            });
            ControlFlow::Continue(())
        });
        Some(all)
    }

    /// Hands on the samples of a run whose bytes are in the file; `time` is the decoding time of the first, then of
    /// what follows the last.
    fn each(
        &mut self,
        trun: &[u8],
        file_len: usize,
        time: &mut i64,
        take: &mut Take<'_>,
    ) -> Option<ControlFlow<()>> {
        let head = self.head(trun)?;
        let room = u64::try_from(file_len).ok()?.saturating_sub(head.offset);
        let mut entries = head.entries.chunks_exact(head.entry_len.max(1));
        let mut used = 0u64;
        for index in 0..head.claimed {
            let entry = match head.entry_len {
                0 => &[][..],
                _ => match entries.next() {
                    Some(entry) => entry,
                    None => break,
                },
            };
            let mut values = entry.chunks_exact(4).map(|value| be32(value, 0).unwrap_or(0));
            let mut field = |present, default| {
                if present { values.next().unwrap_or(default) } else { default }
            };
            let duration = field(head.fields[0], self.defaults.duration);
            let size = field(head.fields[1], self.defaults.size);
            let flags = field(head.fields[2], self.defaults.flags);
            let delay = i64::from(field(head.fields[3], 0).cast_signed());
            let flags = head.first_flags.filter(|_| index == 0).unwrap_or(flags);
            let offset = head.offset.saturating_add(used);
            used = used.saturating_add(u64::from(size));
            let (dts, sync) = (*time, flags & NON_SYNC == 0);
            *time = dts.saturating_add(i64::from(duration));
            if size > 0 && used <= room {
                let step =
                    take(Sample { offset, size, dts, delay, duration, sync, fragment: true });
                if step.is_break() {
                    return Some(step);
                }
            } else if head.entry_len == 0 {
                // all alike: nothing bounds the claim, and none of the others is in the file
                let rest = u64::from(head.claimed - index - 1);
                used = used.saturating_add(rest.saturating_mul(u64::from(size)));
                let ticks = rest.saturating_mul(u64::from(duration));
                *time = time.saturating_add(i64::try_from(ticks).unwrap_or(i64::MAX));
                break;
            }
        }
        self.next = head.offset.saturating_add(used);
        Some(ControlFlow::Continue(()))
    }

    /// A run whose samples are all alike: counted without a loop, since nothing bounds the claim.
    fn uniform(&mut self, claimed: u32, first: Option<u32>, room: u64, offset: u64) -> Samples {
        let Defaults { duration, size, flags } = self.defaults;
        self.next = offset.saturating_add(u64::from(size) * u64::from(claimed));
        if size == 0 {
            return Samples::default();
        }
        let count = claimed.min(u32::try_from(room / u64::from(size)).unwrap_or(u32::MAX));
        if count == 0 {
            return Samples::default();
        }
        let sync = |flags: u32| u32::from(flags & NON_SYNC == 0);
        Samples {
            count,
            sync: sync(first.unwrap_or(flags)) + sync(flags) * (count - 1),
            ticks: u64::from(count) * u64::from(duration),
        }
    }
}
