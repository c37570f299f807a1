//! What a packet says about its picture before anything is decoded.

use ffmpeg_next::codec::Id;
use memchr::memmem;

use crate::probe::{entry, h264, hevc};

/// How the NAL units of a track's packets are told apart.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Framing {
    /// Start codes (ITU-T H.264 annex B).
    StartCodes,
    /// A big-endian length of so many bytes before each.
    Lengths(usize),
}

impl Framing {
    /// As the configuration record of an MP4 track says (ISO/IEC 14496-15); start codes without one.
    pub(super) fn of(codec: Id, configuration: &[u8]) -> Self {
        let place = match codec {
            Id::H264 => 4,
            Id::HEVC => 21,
            _ => return Self::StartCodes,
        };
        match (configuration.first(), configuration.get(place)) {
            (Some(1), Some(sizes)) => Self::Lengths(usize::from(sizes & 3) + 1),
            _ => Self::StartCodes,
        }
    }
}

/// NAL units of a packet.
pub(super) struct Units<'a> {
    rest: &'a [u8],
    framing: Framing,
}

impl<'a> Units<'a> {
    pub(super) fn of(packet: &'a [u8], framing: Framing) -> Self {
        let rest = match framing {
            Framing::Lengths(_) => packet,
            Framing::StartCodes => after_start_code(packet),
        };
        Self { rest, framing }
    }
}

fn after_start_code(bytes: &[u8]) -> &[u8] {
    memmem::find(bytes, &[0, 0, 1]).and_then(|at| bytes.get(at + 3..)).unwrap_or_default()
}

impl<'a> Iterator for Units<'a> {
    /// From the header of the unit to the end of the packet: where it ends is not looked for.
    type Item = &'a [u8];

    fn next(&mut self) -> Option<&'a [u8]> {
        match self.framing {
            Framing::StartCodes => {
                let unit = self.rest;
                self.rest = after_start_code(unit);
                (!unit.is_empty()).then_some(unit)
            }
            Framing::Lengths(size) => {
                let (length, unit) = self.rest.split_at_checked(size)?;
                let length =
                    length.iter().fold(0usize, |all, byte| (all << 8) | usize::from(*byte));
                self.rest = unit.get(length..).unwrap_or_default();
                unit.get(..length.min(unit.len())).filter(|unit| !unit.is_empty())
            }
        }
    }
}

/// What the NAL units of a packet say about it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Told {
    /// Whether decoding can start here and forget all before: the first slice is of an instantaneous decoder
    /// refresh. `None` without any slice.
    pub(super) refresh: Option<bool>,
    /// The largest coded width times height of all sequence parameter sets.
    pub(super) pixels: u64,
}

/// Reads a packet; nothing is told of codecs without NAL units.
pub(super) fn told(codec: Id, packet: &[u8], framing: Framing) -> Told {
    let mut told = Told::default();
    if !matches!(codec, Id::H264 | Id::HEVC) {
        return told;
    }
    for unit in Units::of(packet, framing) {
        told.add(codec, unit);
    }
    told
}

/// As [`told`], of the parameter sets in an MP4 track's configuration record.
pub(super) fn told_by_record(codec: Id, record: &[u8], framing: Framing) -> Told {
    let mut told = Told::default();
    // a record that is cut off tells what is before the cut
    match (framing, codec) {
        (Framing::StartCodes, _) => told = self::told(codec, record, framing),
        (Framing::Lengths(_), Id::H264) => {
            entry::avc_sets(record, &mut |set| told.add(codec, set)).unwrap_or_default();
        }
        (Framing::Lengths(_), _) => {
            entry::hevc_sets(record, &mut |_, set| told.add(codec, set)).unwrap_or_default();
        }
    }
    Told { refresh: None, ..told }
}

impl Told {
    fn add(&mut self, codec: Id, unit: &[u8]) {
        let Some(&header) = unit.first() else { return };
        let kind = if codec == Id::H264 { header & 0x1f } else { (header >> 1) & 0x3f };
        let (sequence, slice) = match (codec, kind) {
            (Id::H264, 7) => (h264::sps(unit).map(|sps| sps.sequence), None),
            (Id::H264, 1..=5) => (None, Some(kind == 5)),
            (Id::HEVC, 33) => (hevc::sps(unit), None),
            (Id::HEVC, 0..=31) => (None, Some(matches!(kind, 19 | 20))),
            _ => (None, None),
        };
        self.refresh = self.refresh.or(slice);
        if let Some((width, height)) = sequence.map(|sequence| sequence.coded) {
            self.pixels = self.pixels.max(u64::from(width) * u64::from(height));
        }
    }
}
