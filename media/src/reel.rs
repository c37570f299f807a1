//! Pictures in memory between decoding and encoding: what test material and forged renditions are made of.
//!
//! A [`Reel`] is drawn by a source graph of libavfilter or decoded from a file, may then be scaled and paced as a
//! transcoding node does, sent through a graph, put into another order or thinned out, and is encoded into the
//! video track of a [`Tape`]. All of it blocks and holds every picture at once, so it serves short clips in tests,
//! demos and reference checks, never the hot path. Graphs are the caller's own text: never build one from input.

mod compare;
mod encode;
mod fit;
pub(crate) mod graph;
#[cfg(feature = "legacy-phash")]
mod signature;

use std::sync::Arc;

use bytes::Bytes;
use ffmpeg_next::frame::Video;
use ffmpeg_next::software::scaling::Flags;
use ffmpeg_next::{Rational, Rescale};

use crate::av::{self, Fault};
use crate::source::{Event, Source};
use crate::tape::TapeError;
use crate::transcode::{TranscodeError, checked_rate};

pub use compare::Difference;
pub use encode::Encoding;

/// Most pictures in memory at once.
const MAX_PICTURES: usize = 2_000;

/// How pictures are scaled.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Default)]
pub enum Scaling {
    /// As stock nodes scale.
    #[default]
    Bicubic,
    /// As hardware often scales.
    Bilinear,
}

impl Scaling {
    pub(crate) const fn flags(self) -> Flags {
        match self {
            Self::Bicubic => Flags::BICUBIC,
            Self::Bilinear => Flags::BILINEAR,
        }
    }
}

/// Pictures of one size with their times.
pub struct Reel {
    pictures: Vec<Arc<Video>>,
    /// Presentation times in ticks of `clock`, ascending.
    times: Vec<i64>,
    clock: Rational,
    /// Nominal pictures per second, for rate control.
    rate: Rational,
    /// End of the last picture.
    end: i64,
}

impl std::fmt::Debug for Reel {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let (width, height) = self.size();
        write!(f, "Reel({width}x{height}, {} pictures)", self.len())
    }
}

impl Reel {
    /// Draws `count` pictures with a source graph such as `testsrc2=size=640x360:rate=30`, the first at `start` pictures
    /// after time 0. `rate` is the graph's, pictures per second as numerator and denominator. Pictures are 8-bit 4:2:0.
    pub fn draw(
        graph: &str,
        rate: (u32, u32),
        start: u32,
        count: usize,
    ) -> Result<Self, TapeError> {
        let rate = checked_rate(rate)?;
        let clock = rate.invert();
        let pictures = graph::draw(graph, count.min(MAX_PICTURES))?;
        let times: Vec<i64> = (i64::from(start)..).take(pictures.len()).collect();
        let end = i64::from(start) + i64::try_from(pictures.len()).unwrap_or(0);
        Self::checked(pictures.into_iter().map(Arc::new).collect(), times, clock, rate, end)
    }

    /// Decodes all pictures of a file's video.
    pub fn decode(bytes: &[u8]) -> Result<Self, TapeError> {
        let mut source = Source::open(Bytes::copy_from_slice(bytes), 1)?;
        let clock = source.time_base;
        let mut pictures = Vec::new();
        let mut times: Vec<i64> = Vec::new();
        let mut length = 0;
        while let Some(event) = source.next() {
            let Event::Picture(picture) = event else { continue };
            let next = times.last().map_or(0, |last| last.saturating_add(length));
            let pts = picture.timestamp().unwrap_or(next);
            length = match (picture.packet().duration, times.last()) {
                (0, Some(last)) => pts.saturating_sub(*last),
                (stated, _) => stated,
            };
            times.push(pts);
            pictures.push(Arc::new(picture));
            if times.len() >= MAX_PICTURES {
                break;
            }
        }
        let rate = source.frame_rate.unwrap_or_else(|| Rational::new(30, 1));
        let end = times.last().map_or(0, |last| last.saturating_add(length.max(1)));
        Self::checked(pictures, times, clock, rate, end)
    }

    fn checked(
        pictures: Vec<Arc<Video>>,
        times: Vec<i64>,
        clock: Rational,
        rate: Rational,
        end: i64,
    ) -> Result<Self, TapeError> {
        if pictures.is_empty() {
            return Err(TranscodeError::InvalidVideo.into());
        }
        Ok(Self { pictures, times, clock, rate, end })
    }

    /// How many pictures there are: at least one.
    #[allow(clippy::len_without_is_empty, reason = "it never is")]
    pub fn len(&self) -> usize {
        self.pictures.len()
    }

    /// Width and height of the first picture.
    pub fn size(&self) -> (u32, u32) {
        self.pictures.first().map_or((0, 0), |picture| (picture.width(), picture.height()))
    }

    /// Presentation times in microseconds.
    pub fn times_us(&self) -> Vec<i64> {
        let micros = Rational::new(1, 1_000_000);
        self.times.iter().map(|time| time.rescale(self.clock, micros)).collect()
    }

    /// Sends all pictures through a graph from `[in]` to `[out]`; with `other` its pictures come at the same times as
    /// `[other]`, from their start again when they are fewer. Pictures keep the times that the graph gives them.
    pub fn filter(&self, graph: &str, other: Option<&Self>) -> Result<Self, TapeError> {
        let (pictures, times) = graph::run(graph, self, other)?;
        let pictures = pictures.into_iter().map(Arc::new).collect();
        Self::checked(pictures, times, self.clock, self.rate, self.end)
    }

    /// The same times with other pictures: the nth shows picture `order(n)`, or the last when there is no such one.
    #[must_use]
    pub fn reorder(&self, order: impl Fn(usize) -> usize) -> Self {
        let last = self.len() - 1;
        let picture = |n| self.pictures.get(order(n).min(last)).map(Arc::clone);
        self.with((0..self.len()).filter_map(picture).collect(), self.times.clone())
    }

    /// Without the pictures for which `keep` is false; the first stays in any case.
    #[must_use]
    pub fn thin(&self, keep: impl Fn(usize) -> bool) -> Self {
        let kept = || (0..self.len()).filter(|n| *n == 0 || keep(*n));
        let pictures = kept().filter_map(|n| self.pictures.get(n).map(Arc::clone)).collect();
        self.with(pictures, kept().filter_map(|n| self.times.get(n).copied()).collect())
    }

    /// The same pictures at other times: `time` is given a picture's number and its time in ticks of 90 kHz, and
    /// answers likewise. Times must ascend; one that does not is moved behind the one before it.
    #[must_use]
    pub fn retimed(&self, time: impl Fn(usize, i64) -> i64) -> Self {
        let clock = Rational::new(1, 90_000);
        let mut times: Vec<i64> = Vec::with_capacity(self.len());
        for (n, at) in self.times.iter().enumerate() {
            let least = times.last().map_or(i64::MIN, |last| last.saturating_add(1));
            times.push(time(n, at.rescale(self.clock, clock)).max(least));
        }
        let end = self.end.rescale(self.clock, clock);
        let end = end.max(times.last().map_or(0, |last| last.saturating_add(1)));
        Self { pictures: self.pictures.clone(), times, clock, rate: self.rate, end }
    }

    /// The pictures from `from` up to `to`, at least one.
    #[must_use]
    pub fn part(&self, from: usize, to: usize) -> Self {
        let from = from.min(self.len() - 1);
        let to = to.clamp(from + 1, self.len());
        let mut part = self.with(
            self.pictures.get(from..to).unwrap_or_default().to_vec(),
            self.times.get(from..to).unwrap_or_default().to_vec(),
        );
        if let Some(next) = self.times.get(to) {
            part.end = *next;
        }
        part
    }

    /// This reel's times with the pictures of `other`, scaled to this one's size, from its start again when it is
    /// shorter.
    pub fn showing(&self, other: &Self) -> Result<Self, TapeError> {
        let (width, height) = self.size();
        let other = other.scale(width, height, Scaling::Bicubic)?;
        let pictures = other.pictures.iter().cycle().take(self.len()).map(Arc::clone).collect();
        Ok(self.with(pictures, self.times.clone()))
    }

    fn with(&self, pictures: Vec<Arc<Video>>, times: Vec<i64>) -> Self {
        Self { pictures, times, clock: self.clock, rate: self.rate, end: self.end }
    }
}

/// Readies libav.
fn ready() -> Result<(), Fault> {
    av::init()
}
