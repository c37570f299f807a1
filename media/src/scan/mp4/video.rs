//! Pictures of one video track of an MP4 file: units in samples, behind their lengths.

use super::super::coded::{Coded, Raw, measured};
use super::super::digest::Digest;
use super::super::limits::ScanLimits;
use super::super::stamps::Stamp;
use super::super::{KeyEnds, UnitKind, VideoTrack};
use super::Times;
use crate::VideoCodec;
use crate::probe::boxes::Boxes;
use crate::probe::entry::{VISUAL, VideoEntry, avc_sets, hevc_sets};
use crate::probe::mp4::{Sample, Track};
use crate::probe::nal::Units;
use crate::probe::pictures::Syntax;

/// Most bytes of a NAL unit that are looked at.
const KEPT: usize = 1_024;

pub(super) struct Pictures {
    entry: VideoEntry,
    digest: Digest,
    /// Reads NAL units; `None` for a codec that is not read.
    coded: Option<Coded>,
    /// Bytes of the length before each NAL unit.
    length_size: usize,
    /// One unit for each sample, where NAL units are not read.
    plain: Vec<Raw>,
    most: usize,
    /// Place in the stream and duration of each sample.
    durations: Vec<(u64, u32)>,
    /// The most negative delay, as a distance. So that no picture is shown before it is decoded, libav moves decoding
    /// times ahead by it, or in fragments presentation times back.
    shift: i64,
    /// How many of the units are in no fragment.
    whole: usize,
    at: u64,
}

impl Pictures {
    pub(super) fn new(track: &Track<'_>, entry: VideoEntry, limits: &ScanLimits) -> Self {
        let most = usize::try_from(limits.access_units).unwrap_or(usize::MAX);
        let syntax = match entry.codec {
            VideoCodec::H264 => Some(Syntax::H264),
            VideoCodec::Hevc => Some(Syntax::Hevc),
            _ => None,
        };
        let mut all = Self {
            entry,
            digest: Digest::new(),
            coded: syntax.map(|syntax| Coded::new(syntax, most)),
            length_size: 4,
            plain: Vec::new(),
            most,
            durations: Vec::new(),
            shift: 0,
            whole: 0,
            at: 0,
        };
        for entry in track.entries.clone() {
            all.configuration(entry.body);
        }
        all
    }

    /// Reads the parameter sets of a sample entry.
    fn configuration(&mut self, entry: &[u8]) {
        let Some(coded) = &mut self.coded else { return };
        let children = Boxes::new(entry.get(VISUAL..).unwrap_or_default());
        let sets = &mut coded.sets;
        let size = |byte: Option<&u8>| byte.map_or(4, |byte| usize::from(byte & 3) + 1);
        // sets before the place where one is cut off are there
        if let Some(avcc) = children.clone().body(*b"avcC") {
            self.length_size = size(avcc.get(4));
            let _whole = avc_sets(avcc, &mut |nal| match nal.first().map(|header| header & 0x1f) {
                Some(7) => _ = sets.h264_sps(nal),
                Some(8) => sets.h264_pps(nal),
                _ => {}
            });
        } else if let Some(hvcc) = children.body(*b"hvcC") {
            self.length_size = size(hvcc.get(21));
            let _whole = hevc_sets(hvcc, &mut |kind, nal| match kind {
                33 => sets.hevc_sps(nal),
                34 => sets.hevc_pps(),
                _ => {}
            });
        }
    }

    /// Takes the next sample; times are in ticks of the track, and stay so until the end.
    pub(super) fn take(&mut self, sample: Sample, bytes: &[u8]) {
        let from = self.at;
        self.at += bytes.len() as u64;
        self.digest.add(bytes);
        self.shift = self.shift.max(sample.delay.saturating_neg());
        let (pts, dts) = (Some(sample.dts.saturating_add(sample.delay)), Some(sample.dts));
        if self.durations.len() <= self.most {
            self.durations.push((from, sample.duration));
        }
        let Some(coded) = &mut self.coded else {
            if self.plain.len() <= self.most {
                let kind = if sample.sync { UnitKind::Entry } else { UnitKind::Other };
                self.plain.push(Raw { start: from, filler: 0, kind, pts, dts });
            }
            self.count(&sample);
            return;
        };
        coded.stamps.add(Stamp { from, pts, dts, entry: sample.sync });
        coded.cut(from);
        let (mut at, mut rest) = (from, bytes);
        while let Some((nal, after)) = nal(rest, self.length_size) {
            let len = nal.len().min(coded.wanted(nal.first().copied().unwrap_or(0))).min(KEPT);
            coded.starts(at, 0);
            coded.nal(nal.get(..len).unwrap_or_default());
            at += (rest.len() - after.len()) as u64;
            rest = after;
            let padding = nal.iter().rev().take_while(|byte| matches!(byte, 0 | 3)).count();
            coded.end_nal(at, padding as u64);
        }
        // what is left cannot be read as a unit
        coded.starts(at, 0);
        coded.end_nal(self.at, 0);
        self.count(&sample);
    }

    fn count(&mut self, sample: &Sample) {
        if !sample.fragment {
            self.whole = self.coded.as_ref().map_or(self.plain.len(), |coded| coded.units.len());
        }
    }

    pub(super) fn units(&self) -> u64 {
        self.coded.as_ref().map_or(self.plain.len(), |coded| coded.units.len()) as u64
    }

    /// Largest side of a coded picture.
    pub(super) fn side(&self) -> u32 {
        let coded = self.coded.as_ref().map_or(0, |coded| coded.sets.side);
        coded.max(self.entry.width).max(self.entry.height)
    }

    /// `file` is the length of the file.
    pub(super) fn into_track(self, times: &Times, file: usize) -> VideoTrack {
        let entry = self.entry;
        let (raw, sets, ready) = match &self.coded {
            Some(coded) => (&coded.units, Some(&coded.sets), coded.ready),
            None => (&self.plain, None, true),
        };
        let first = sets.and_then(|sets| sets.first);
        let step = self.durations.first().map_or(0, |(_, ticks)| i64::from(*ticks));
        let mut units = measured(raw, self.at, step);
        let mut durations = self.durations.iter().peekable();
        for (index, (unit, raw)) in units.iter_mut().zip(raw).enumerate() {
            let (ahead, back) = if index < self.whole { (self.shift, 0) } else { (0, self.shift) };
            unit.pts = times.of(unit.pts.saturating_add(back));
            unit.dts = times.of(unit.dts.saturating_sub(ahead));
            while durations.next_if(|(from, _)| *from < raw.start).is_some() {}
            let own = durations.peek().filter(|(from, _)| *from == raw.start);
            unit.duration = own.map(|(_, ticks)| times.length(*ticks));
        }
        let size = (entry.width, entry.height);
        VideoTrack {
            codec: entry.codec,
            profile: first.and_then(|sequence| sequence.profile),
            coded: first.map_or(size, |sequence| sequence.coded),
            cropped: first.map_or(size, |sequence| (sequence.width, sequence.height)),
            chroma: first.map_or(entry.chroma, |sequence| sequence.chroma),
            bit_depth: first.map_or(entry.bit_depth, |sequence| Some(sequence.bit_depth)),
            full_range: first.is_some_and(|sequence| sequence.full_range),
            format_changes: sets.is_some_and(|sets| sets.changes),
            has_parameter_sets: ready,
            gradual: self.coded.as_ref().is_some_and(|coded| coded.gradual),
            keys: KeyEnds::whole(file),
            units,
            hash: self.digest.end(),
        }
    }
}

/// A NAL unit behind its length of `size` bytes, and what follows; one that is cut off is as long as there are bytes.
fn nal(bytes: &[u8], size: usize) -> Option<(&[u8], &[u8])> {
    let (length, rest) = bytes.split_at_checked(size)?;
    let length = length.iter().fold(0usize, |all, byte| (all << 8) | usize::from(*byte));
    Some(rest.split_at(length.min(rest.len())))
}
