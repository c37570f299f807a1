//! Samples of movie fragments: `moof`, `traf`, `tfhd`, `trun` (ISO/IEC 14496-12 8.8).

use super::boxes::{Boxes, be32, be64};
use super::mp4::Samples;

/// Flag of a sample that decoding cannot start at (8.8.3.1).
const NON_SYNC: u32 = 0x0001_0000;

/// What samples are like where a fragment does not say.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Defaults {
    duration: u32,
    size: u32,
    flags: u32,
}

impl Defaults {
    /// From the `trex` box of a track in `mvex`.
    pub(super) fn of_track(mvex: &[u8], track: u32) -> Option<Self> {
        let mut all = Boxes::new(mvex).filter(|b| b.kind == *b"trex");
        let trex = all.find(|b| be32(b.body, 4) == Some(track))?.body;
        Some(Self { duration: be32(trex, 12)?, size: be32(trex, 16)?, flags: be32(trex, 20)? })
    }
}

/// The samples of a track in all fragments of the file whose bytes are in it.
pub(super) fn samples(file: &[u8], track: u32, defaults: Defaults) -> Samples {
    let mut all = Samples::default();
    for moof in Boxes::new(file).filter(|b| b.kind == *b"moof") {
        for traf in Boxes::new(moof.body).filter(|b| b.kind == *b"traf") {
            let Some(run) = Boxes::new(traf.body)
                .body(*b"tfhd")
                .and_then(|tfhd| fragment(tfhd, track, defaults, u64::try_from(moof.at).ok()?))
            else {
                continue;
            };
            let mut run = run;
            for trun in Boxes::new(traf.body).filter(|b| b.kind == *b"trun") {
                all = all.add(run.samples(trun.body, file.len()).unwrap_or_default());
            }
        }
    }
    all
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

impl Run {
    fn samples(&mut self, trun: &[u8], file_len: usize) -> Option<Samples> {
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
        let room = u64::try_from(file_len).ok()?.saturating_sub(offset);
        if entry_len == 0 {
            return Some(self.uniform(claimed, first_flags, room, offset));
        }
        let entries = trun.get(at..).unwrap_or_default().chunks_exact(entry_len);
        let mut all = Samples::default();
        let mut used = 0u64;
        for (index, entry) in (0..claimed).zip(entries) {
            let mut values = entry.chunks_exact(4).map(|value| be32(value, 0).unwrap_or(0));
            let mut field = |present, default| {
                if present { values.next().unwrap_or(default) } else { default }
            };
            let duration = field(fields[0], self.defaults.duration);
            let size = field(fields[1], self.defaults.size);
            let flags = field(fields[2], self.defaults.flags);
            let flags = first_flags.filter(|_| index == 0).unwrap_or(flags);
            used = used.saturating_add(u64::from(size));
            if size > 0 && used <= room {
                all = all.add(Samples {
                    count: 1,
                    sync: u32::from(flags & NON_SYNC == 0),
                    ticks: u64::from(duration),
                });
            }
        }
        self.next = offset.saturating_add(used);
        Some(all)
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
