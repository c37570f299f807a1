//! Counts coded pictures and key frames in the NAL units of one video track.

use super::nal::Units;
use super::recovery::{Announced, Recovery};
use super::sequence::Sequence;
use super::{h264, hevc};

/// Which NAL syntax a track uses.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Syntax {
    H264,
    Hevc,
}

impl Syntax {
    /// How many bytes of a NAL unit that starts with `header` are worth having.
    pub(crate) const fn wanted(self, header: u8) -> usize {
        match self {
            Self::H264 => match header & 0x1f {
                1 | 2 | 5 => 24,
                8 => 12,
                6 | 7 => usize::MAX,
                _ => 1,
            },
            Self::Hevc => match (header >> 1) & 0x3f {
                33 => usize::MAX,
                0..=31 => 3,
                _ => 2,
            },
        }
    }
}

/// Running counts over the NAL units of a track, in decoding order.
#[derive(Debug)]
pub(super) struct Pictures {
    syntax: Syntax,
    /// Properties told by the first sequence parameter set.
    pub(super) sequence: Option<Sequence>,
    /// Parameter sets for pictures were seen.
    pub(super) has_pps: bool,
    /// Coded pictures; two fields of a frame are one.
    pub(super) frames: u32,
    /// Pictures decoding can start at.
    pub(super) key_frames: u32,
    h264_sps: Option<h264::Sps>,
    /// What a sequence parameter set or recovery point said of the picture to come.
    announced: Announced,
    recovery: Recovery,
    /// First field still without its second: frame number and parity.
    open_field: Option<(u32, bool)>,
}

impl Pictures {
    pub(super) fn new(syntax: Syntax) -> Self {
        Self {
            syntax,
            sequence: None,
            has_pps: false,
            frames: 0,
            key_frames: 0,
            h264_sps: None,
            announced: Announced::default(),
            recovery: Recovery::default(),
            open_field: None,
        }
    }

    /// Whether there is a picture and all that its decoding needs.
    pub(super) const fn decodable(&self) -> bool {
        self.sequence.is_some() && self.has_pps && self.frames > 0
    }

    /// Whether decoding can start somewhere: no more pictures can change that, nor the format, which
    /// is that of the first parameter set.
    pub(super) const fn settled(&self) -> bool {
        self.decodable() && self.key_frames > 0
    }

    fn h264(&mut self, kind: u8, nal: &[u8]) {
        match kind {
            1 | 2 | 5 => {
                let Some(slice) = h264::slice(nal, self.h264_sps.as_ref()) else { return };
                if slice.first_mb == 0 && !self.completes_field(slice.field) {
                    let header = nal.first().copied().unwrap_or(0);
                    let numbers = self.h264_sps.as_ref().map_or(1 << 16, h264::Sps::frame_numbers);
                    let entry = self.recovery.ends(&slice, header, self.announced, numbers);
                    self.picture(kind == 5 || entry);
                }
            }
            6 => {
                self.announced.recovery = self.announced.recovery.or(h264::recovery_point(nal));
            }
            7 => {
                if let Some(sps) = h264::sps(nal) {
                    self.sequence.get_or_insert(sps.sequence);
                    self.h264_sps = Some(sps);
                    self.announced.sps = true;
                }
            }
            8 => self.has_pps = true,
            _ => {}
        }
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
        let base_layer = matches!(nal, [a, b, ..] if a & 1 == 0 && b >> 3 == 0);
        match kind {
            0..=31 if base_layer && nal.get(2).is_some_and(|byte| byte & 0x80 != 0) => {
                self.picture((16..=23).contains(&kind));
            }
            33 if base_layer => {
                if let Some(sequence) = hevc::sps(nal) {
                    self.sequence.get_or_insert(sequence);
                }
            }
            34 => self.has_pps = true,
            _ => {}
        }
    }

    fn picture(&mut self, key: bool) {
        self.frames = self.frames.saturating_add(1);
        self.key_frames = self.key_frames.saturating_add(u32::from(key));
        self.announced = Announced::default();
    }
}

impl Units for Pictures {
    fn wanted(&self, header: u8) -> usize {
        self.syntax.wanted(header)
    }

    fn nal(&mut self, nal: &[u8]) {
        let Some(&header) = nal.first() else { return };
        match self.syntax {
            Syntax::H264 => self.h264(header & 0x1f, nal),
            Syntax::Hevc => self.hevc((header >> 1) & 0x3f, nal),
        }
    }
}
