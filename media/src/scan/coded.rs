//! Access units of one H.264 or HEVC stream: where each starts, what it is, and which of its bytes carry nothing.
//!
//! A picture starts where libav's parsers find it: at a delimiter, parameter set or message behind a slice, or at a
//! slice that begins again at the first macroblocks. Two fields of a frame are one unit.

mod sets;
mod times;

use super::UnitKind;
use super::stamps::{Stamp, Stamps};
use crate::probe::h264;
use crate::probe::nal::Units;
use crate::probe::pictures::Syntax;
use crate::probe::recovery::{Announced, Recovery};
use sets::Sets;

pub(super) use times::measured;

/// A unit before its length and missing times are known.
#[derive(Clone, Copy, Debug)]
pub(super) struct Raw {
    pub(super) start: u64,
    pub(super) filler: u64,
    pub(super) kind: UnitKind,
    pub(super) pts: Option<i64>,
    pub(super) dts: Option<i64>,
}

/// Collects the units of a stream from its NAL units.
#[derive(Debug)]
pub(super) struct Coded {
    syntax: Syntax,
    pub(super) sets: Sets,
    pub(super) stamps: Stamps,
    pub(super) units: Vec<Raw>,
    /// Most units kept; one more is kept to tell.
    most: usize,
    /// Parameter sets were there when the first unit began.
    pub(super) ready: bool,
    /// The current NAL unit: where it starts, and its type.
    nal: Option<(u64, u8)>,
    /// What is before the next picture: where it starts, and its filler.
    next: Option<(u64, u64)>,
    /// First macroblock of the last slice.
    last_mb: u32,
    announced: Announced,
    recovery: Recovery,
    /// A recovery that takes more than one picture was announced.
    pub(super) gradual: bool,
    /// First field still without its second: frame number and parity.
    open_field: Option<(u32, bool)>,
}

impl Coded {
    pub(super) fn new(syntax: Syntax, most: usize) -> Self {
        Self {
            syntax,
            sets: Sets::default(),
            stamps: Stamps::default(),
            units: Vec::new(),
            most,
            ready: false,
            nal: None,
            next: None,
            last_mb: 0,
            announced: Announced::default(),
            recovery: Recovery::default(),
            gradual: false,
            open_field: None,
        }
    }

    /// Forgets what is open at the end of an MP4 sample: the next is another unit, whatever it begins with.
    pub(super) fn cut(&mut self, at: u64) {
        self.nal = None;
        self.next = Some((at, 0));
    }

    /// Bytes at the end of a NAL unit of this type that carry nothing.
    fn nothing(&self, kind: u8, bytes: u64, padding: u64) -> u64 {
        let filler = match self.syntax {
            // filler data, and types that no decoder reads
            Syntax::H264 => matches!(kind, 0 | 12 | 24..=31),
            Syntax::Hevc => matches!(kind, 38 | 48..=63),
        };
        match (filler, padding) {
            (true, _) => bytes,
            // a few zeros may be data
            (false, 3..) => padding,
            (false, _) => 0,
        }
    }

    /// Ends the current NAL unit, of which `padding` bytes at its end are zeros.
    pub(super) fn end_nal(&mut self, at: u64, padding: u64) {
        let filler = match self.nal.take() {
            Some((start, kind)) => self.nothing(kind, at.saturating_sub(start), padding),
            None => 0,
        };
        match (&mut self.next, self.units.last_mut()) {
            (Some((_, before)), _) => *before += filler,
            (None, Some(unit)) => unit.filler += filler,
            (None, None) => {}
        }
    }

    /// What is behind a slice and not part of it belongs to the next picture.
    fn precedes(&mut self) {
        if let Some((start, _)) = self.nal {
            self.next.get_or_insert((start, 0));
        }
    }

    fn h264(&mut self, kind: u8, nal: &[u8]) {
        match kind {
            1 | 2 | 5 => self.h264_slice(kind, nal),
            6 => {
                self.precedes();
                self.announced.recovery = self.announced.recovery.or(h264::recovery_point(nal));
            }
            7 => {
                self.precedes();
                self.announced.sps |= self.sets.h264_sps(nal);
            }
            8 => {
                self.precedes();
                self.sets.h264_pps(nal);
            }
            9 => self.precedes(),
            _ => {}
        }
    }

    fn h264_slice(&mut self, kind: u8, nal: &[u8]) {
        let Some(slice) = h264::slice(nal, self.sets.h264_of_slice(nal)) else { return };
        let again = self.next.is_some() || self.units.is_empty() || slice.first_mb <= self.last_mb;
        self.last_mb = slice.first_mb;
        if !again {
            return;
        }
        if self.completes_field(slice.field) {
            let before = self.next.take().map_or(0, |(_, filler)| filler);
            if let Some(unit) = self.units.last_mut() {
                unit.filler += before;
            }
            return;
        }
        let header = nal.first().copied().unwrap_or(0);
        self.gradual |= self.announced.recovery.is_some_and(|frames| frames > 0);
        let numbers = self.sets.frame_numbers();
        let entry = self.recovery.ends(&slice, header, self.announced, numbers);
        self.picture(if kind == 5 {
            UnitKind::Idr
        } else if entry {
            UnitKind::Entry
        } else {
            UnitKind::Other
        });
    }

    /// Whether a picture is the second field of the frame before it.
    fn completes_field(&mut self, field: Option<(u32, bool)>) -> bool {
        let (Some((frame, bottom)), Some((open_frame, open_bottom))) = (field, self.open_field)
        else {
            self.open_field = field;
            return false;
        };
        let second = frame == open_frame && bottom != open_bottom;
        self.open_field = if second { None } else { field };
        second
    }

    fn hevc(&mut self, kind: u8, nal: &[u8]) {
        if !matches!(nal, [a, b, ..] if a & 1 == 0 && b >> 3 == 0) {
            return;
        }
        match kind {
            0..=31 if nal.get(2).is_some_and(|byte| byte & 0x80 != 0) => self.picture(match kind {
                19 | 20 => UnitKind::Idr,
                16..=23 => UnitKind::Entry,
                _ => UnitKind::Other,
            }),
            32 | 35 | 39 | 41..=44 | 48..=55 => self.precedes(),
            33 => {
                self.precedes();
                self.sets.hevc_sps(nal);
            }
            34 => {
                self.precedes();
                self.sets.hevc_pps();
            }
            _ => {}
        }
    }

    fn picture(&mut self, kind: UnitKind) {
        let here = self.nal.map_or(0, |(start, _)| start);
        let (start, filler) = self.next.take().unwrap_or((here, 0));
        self.announced = Announced::default();
        if self.units.is_empty() {
            self.ready = self.sets.complete();
        }
        if self.units.len() > self.most {
            return;
        }
        let Stamp { pts, dts, .. } = self.stamps.take(start);
        self.units.push(Raw { start, filler, kind, pts, dts });
    }
}

impl Units for Coded {
    const MEASURES: bool = true;

    fn wanted(&self, header: u8) -> usize {
        self.syntax.wanted(header)
    }

    fn starts(&mut self, at: u64, padding: u64) {
        self.end_nal(at, padding);
        self.nal = Some((at, 0));
    }

    fn nal(&mut self, nal: &[u8]) {
        let Some(&header) = nal.first() else { return };
        let kind = match self.syntax {
            Syntax::H264 => header & 0x1f,
            Syntax::Hevc => (header >> 1) & 0x3f,
        };
        if let Some((_, current)) = &mut self.nal {
            *current = kind;
        }
        match self.syntax {
            Syntax::H264 => self.h264(kind, nal),
            Syntax::Hevc => self.hevc(kind, nal),
        }
    }
}
