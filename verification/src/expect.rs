//! What an honest orchestrator returns for a source and a profile, by the rules of stock transcoders.
//!
//! Everything is worked out from the source that the gateway holds, for each segment anew: audio, resolution and
//! rate may change from one segment of a session to the next. The rules were measured on 1,838 renditions of
//! go-livepeer v0.9.1 and hold exactly for all but 26 of them; what those need is in the allowances.
//!
//! It must never trust a number that a file claims with the size of an allocation.

mod align;
mod clock;
mod frames;
mod wanted;

use std::ops::RangeInclusive;

use waymark_media::{Gop, output_size, pixels::Lattice, scan::Scan};

use crate::thresholds::Expected;

pub use self::align::Alignment;
pub use self::wanted::Wanted;

use self::clock::Clock;
use self::frames::Frames;

/// Transport streams wrap their times after this many ticks.
const WRAP: i64 = 1 << 33;
/// A segment that starts less than this many ticks (60 s) before the wrap is given times below 0 by libav.
const WRAP_WINDOW: i64 = 60 * 90_000;
/// A transcoder gives up when it is to make more than this many pictures of each it has decoded.
const RUNAWAY: usize = 25;
/// What the rendition of one segment has to be.
#[derive(Clone, Debug, PartialEq)]
pub struct Expectation {
    /// Width and height in pixels.
    pub size: (u32, u32),
    /// How many pictures it may have.
    pub frames: RangeInclusive<u32>,
    /// Presentation time of each picture in ticks of [`CLOCK`](waymark_media::scan::CLOCK), in the source's own time:
    /// [`Expectation::align`] tells by how much a rendition is shifted against it.
    pub pts: Vec<i64>,
    /// The source picture that each picture of `pts` shows, as an index into `source_pts`.
    pub mapping: Vec<u32>,
    /// Presentation times of the source pictures that decode on their own, ascending.
    pub source_pts: Vec<i64>,
    /// How pictures are divided for comparison.
    pub lattice: Lattice,
    /// Honest pictures are coarse: measurements outside their bounds are disputes about quality, nothing else.
    pub starved: bool,
    /// Bits of the profile for each pixel; not finite where the profile names no bit rate.
    pub bits_per_pixel: f64,
    /// The profile makes so many pictures of each source picture that stock transcoders give up on it.
    pub runaway: bool,
    /// Pictures by which counts and durations may differ.
    pub(crate) allowance: u32,
    /// Length of a rendition's picture in ticks.
    pub(crate) frame: i64,
    /// Largest step between source pictures in ticks.
    pub(crate) source_gap: i64,
    /// Source pictures that transcoders may lose.
    pub(crate) lost: usize,
    /// Ticks by which the first picture may be late because those did not decode.
    pub(crate) late: i64,
    /// The grid of a constant frame rate.
    pub(crate) clock: Option<Clock>,
    /// The source starts in the last minute before transport stream times wrap.
    pub(crate) wraps: bool,
}

impl Expectation {
    /// What `wanted` gives when made of `source`, within the usual bounds. A source without a picture that decodes
    /// gives an expectation of none.
    pub fn of(source: &Scan, wanted: &Wanted) -> Self {
        Self::within(source, wanted, &Expected::default())
    }

    /// As [`Expectation::of`], within these bounds.
    pub fn within(source: &Scan, wanted: &Wanted, bounds: &Expected) -> Self {
        let track = source.video.first();
        let frames = track.map(Frames::of).unwrap_or_default();
        let size = output_size(track.map_or((0, 0), |v| v.cropped), (wanted.width, wanted.height));
        let wraps = starts_before_wrap(source);
        let clock = wanted.rate().map(|rate| Clock::new(rate, if wraps { WRAP } else { 0 }));
        let frame = clock.map_or(frames.step, |clock| clock.length());
        let (count, shown) = match clock {
            Some(clock) => constant(&frames, clock),
            None => (frames.pts.len() as u64, own(&frames)),
        };
        let lost = if frames.uncertain { bounds.open_gop } else { 0 };
        let late = frames.step.saturating_mul(lost.into());
        let loose = clock.is_some() && frames.variable;
        let allowance = u64::from(if loose { bounds.frames_variable } else { bounds.frames });
        let missing =
            if frame > 0 { late.unsigned_abs().div_ceil(frame.unsigned_abs()) } else { 0 };
        let low = count.saturating_sub(allowance).saturating_sub(missing).max(count.min(1));
        let rate =
            wanted.rate().map_or(frames.rate(), |(num, den)| f64::from(num) / f64::from(den));
        let bits_per_pixel =
            f64::from(wanted.bitrate) / (f64::from(size.0) * f64::from(size.1) * rate);
        let (fine, coarse) = (Lattice::FINE, Lattice::COARSE);
        let (wide, high) = (size.0 >= bounds.fine_width, size.1 >= bounds.fine_height);
        let starved = starved(wanted, bits_per_pixel, count, bounds);
        let lattice = match (wide, high) {
            (true, true) => fine,
            (true, false) if !starved => Lattice { rows: coarse.rows, ..fine },
            (false, true) if !starved => Lattice { columns: coarse.columns, ..fine },
            _ => coarse,
        };
        let (pts, mapping) = shown.into_iter().unzip();
        Self {
            size,
            frames: bounded(low)..=bounded(count.saturating_add(allowance)),
            starved,
            lattice,
            bits_per_pixel: if wanted.bitrate == 0 { f64::INFINITY } else { bits_per_pixel },
            runaway: count > (RUNAWAY as u64).saturating_mul(frames.pts.len() as u64),
            allowance: bounded(allowance.saturating_add(missing)),
            source_gap: frames.gap,
            source_pts: frames.pts,
            pts,
            mapping,
            frame,
            lost: usize::try_from(lost).unwrap_or(0),
            late,
            clock,
            wraps,
        }
    }

    /// Nothing of the source decodes on its own, so that nothing can be expected.
    pub fn is_empty(&self) -> bool {
        self.source_pts.is_empty()
    }

    /// So few pictures of the source decode that honest transcoders may lose them all.
    pub fn may_be_empty(&self) -> bool {
        self.source_pts.len() <= self.lost
    }

    /// The most pixels an honest rendition has: what its transcoder may bill.
    pub fn pixels(&self) -> u64 {
        u64::from(self.size.0) * u64::from(self.size.1) * u64::from(*self.frames.end())
    }
}

/// Every picture once, at its own time.
fn own(frames: &Frames) -> Vec<(i64, u32)> {
    frames.pts.iter().copied().zip(0..).collect()
}

/// How many pictures a constant rate gives, and when each shows what: the last source picture whose time is not
/// after it. What is listed is bounded by the pictures there are.
fn constant(frames: &Frames, clock: Clock) -> (u64, Vec<(i64, u32)>) {
    let (Some(&first), Some(&last)) = (frames.pts.first(), frames.pts.last()) else {
        return (0, Vec::new());
    };
    // A single picture, or one whose length nothing tells, is shown for one frame.
    let length = if frames.pts.len() > 1 { frames.last } else { 0 };
    let length = if length > 0 { length } else { clock.length() };
    let from = clock.frame(first);
    let until = clock.frame(last.saturating_add(length)).max(from + 1);
    let count = u64::try_from(until - from).unwrap_or(u64::MAX);
    let listed = count.min(((frames.pts.len() + 1) * RUNAWAY) as u64);
    let mut at = 0;
    let shown = (from..until).take(usize::try_from(listed).unwrap_or(0)).map(|frame| {
        while frames.pts.get(at + 1).is_some_and(|&next| clock.frame(next) <= frame) {
            at += 1;
        }
        (clock.time(frame), u32::try_from(at).unwrap_or(u32::MAX))
    });
    (count, shown.collect())
}

/// Whether libav takes the file's times as lying before 0: the first decoding time is in the last minute before the
/// 33-bit wrap.
fn starts_before_wrap(source: &Scan) -> bool {
    let video = source.video.first().and_then(|v| v.units.first()).map(|unit| unit.dts);
    let audio = source.audio.iter().filter_map(|a| a.packets.first()).map(|packet| packet.pts);
    let first = video.into_iter().chain(audio).min();
    source.container == waymark_media::Container::MpegTs
        && first.is_some_and(|first| (WRAP - WRAP_WINDOW..WRAP).contains(&first))
}

fn starved(wanted: &Wanted, bits_per_pixel: f64, frames: u64, bounds: &Expected) -> bool {
    let intra = wanted.gop == Gop::Intra;
    let bound = if intra { bounds.starved_intra } else { bounds.starved };
    (wanted.bitrate > 0 && bits_per_pixel < bound)
        || wanted.quality.is_some_and(|crf| crf > bounds.starved_quality)
        || frames < u64::from(bounds.starved_frames)
}

fn bounded(count: u64) -> u32 {
    u32::try_from(count).unwrap_or(u32::MAX)
}

#[cfg(test)]
mod tests;
