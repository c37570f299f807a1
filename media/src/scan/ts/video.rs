//! Pictures of one video stream in a transport stream.

use super::super::coded::{Coded, Raw, measured};
use super::super::digest::Digest;
use super::super::limits::ScanLimits;
use super::super::stamps::Stamp;
use super::super::{CLOCK, UnitKind, VideoTrack};
use super::keys::Keys;
use crate::VideoCodec;
use crate::probe::nal::NalScanner;
use crate::probe::pictures::Syntax;
use crate::probe::rate::frame_ticks;

/// Ticks of a frame where neither times nor the stream tell: 25 frames per second, which libav guesses too.
const GUESSED_STEP: i64 = 3_600;

pub(super) struct Pictures<'a> {
    codec: VideoCodec,
    keys: Keys,
    file: usize,
    digest: Digest,
    reader: Reader<'a>,
    total: u64,
}

enum Reader<'a> {
    /// NAL units are read.
    Units(Box<(NalScanner<'a>, Coded)>),
    /// A codec that is not read: every PES packet is a unit.
    Packets { units: Vec<Raw>, most: usize },
}

impl<'a> Pictures<'a> {
    pub(super) fn new(codec: VideoCodec, file: &'a [u8], limits: &ScanLimits) -> Self {
        let most = usize::try_from(limits.access_units).unwrap_or(usize::MAX);
        let syntax = match codec {
            VideoCodec::H264 => Some(Syntax::H264),
            VideoCodec::Hevc => Some(Syntax::Hevc),
            _ => None,
        };
        let reader = match syntax {
            Some(syntax) => {
                Reader::Units(Box::new((NalScanner::new(file), Coded::new(syntax, most))))
            }
            None => Reader::Packets { units: Vec::new(), most },
        };
        let (digest, keys, file) = (Digest::new(), Keys::default(), file.len());
        Self { codec, keys, file, digest, reader, total: 0 }
    }

    /// A PES packet begins, `at` bytes into the file.
    pub(super) fn begin(&mut self, stamp: Stamp, at: usize) {
        self.keys.cut(at);
        match &mut self.reader {
            Reader::Units(both) => both.1.stamps.add(stamp),
            Reader::Packets { units, most } if units.len() <= *most => units.push(Raw {
                start: stamp.from,
                filler: 0,
                kind: if stamp.entry { UnitKind::Entry } else { UnitKind::Other },
                pts: stamp.pts,
                dts: stamp.dts,
            }),
            Reader::Packets { .. } => {}
        }
    }

    /// Takes the next piece of the stream, which lies at `at` in the file.
    pub(super) fn feed(&mut self, piece: &[u8], at: usize) {
        self.digest.add(piece);
        self.total += piece.len() as u64;
        if let Reader::Units(both) = &mut self.reader {
            let (scanner, coded) = &mut **both;
            scanner.feed(piece, at, coded);
            self.keys.see(&coded.units);
        }
    }

    pub(super) fn finish(&mut self) {
        if let Reader::Units(both) = &mut self.reader {
            let (scanner, coded) = &mut **both;
            scanner.finish(coded);
            let (at, padding) = scanner.end();
            coded.end_nal(at, padding);
        }
    }

    pub(super) fn units(&self) -> usize {
        match &self.reader {
            Reader::Units(both) => both.1.units.len(),
            Reader::Packets { units, .. } => units.len(),
        }
    }

    /// Largest side of a coded picture.
    pub(super) fn side(&self) -> u32 {
        match &self.reader {
            Reader::Units(both) => both.1.sets.side,
            Reader::Packets { .. } => 0,
        }
    }

    pub(super) fn into_track(self) -> VideoTrack {
        let (units, sets, ready, gradual) = match &self.reader {
            Reader::Units(both) => {
                let coded = &both.1;
                (&coded.units, Some(&coded.sets), coded.ready, coded.gradual)
            }
            Reader::Packets { units, .. } => (units, None, true, false),
        };
        let first = sets.and_then(|sets| sets.first);
        let rate = first.and_then(|sequence| sequence.frame_rate);
        let step = rate.map_or(GUESSED_STEP, |rate| frame_ticks(rate, CLOCK.into()).cast_signed());
        let size = first.map_or((0, 0), |sequence| (sequence.width, sequence.height));
        VideoTrack {
            codec: self.codec,
            profile: first.and_then(|sequence| sequence.profile),
            coded: first.map_or((0, 0), |sequence| sequence.coded),
            cropped: size,
            chroma: first.and_then(|sequence| sequence.chroma),
            bit_depth: first.map(|sequence| sequence.bit_depth),
            full_range: first.is_some_and(|sequence| sequence.full_range),
            format_changes: sets.is_some_and(|sets| sets.changes),
            has_parameter_sets: ready,
            gradual,
            keys: self.keys.ends(units, self.file),
            units: measured(units, self.total, step),
            hash: self.digest.end(),
        }
    }
}
