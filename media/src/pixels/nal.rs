//! What kind of picture a packet holds, told from the NAL units before its first slice.

use ffmpeg_next::codec::Id;
use memchr::memmem;

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

/// Whether decoding can start at this picture and forget all before it: its first slice is of an instantaneous
/// decoder refresh. `None` if the codec has no NAL units.
pub(super) fn is_refresh(codec: Id, packet: &[u8], framing: Framing) -> Option<bool> {
    let mut units = Units::of(packet, framing);
    match codec {
        Id::H264 => Some(
            units
                .find_map(|unit| match unit.first()? & 0x1f {
                    5 => Some(true),
                    1..=4 => Some(false),
                    _ => None,
                })
                .unwrap_or(false),
        ),
        Id::HEVC => Some(
            units
                .find_map(|unit| match (unit.first()? >> 1) & 0x3f {
                    19 | 20 => Some(true),
                    0..=31 => Some(false),
                    _ => None,
                })
                .unwrap_or(false),
        ),
        _ => None,
    }
}
