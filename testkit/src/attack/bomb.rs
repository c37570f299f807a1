//! Files made to exhaust whoever decodes them: small, and huge in what they claim.

use anyhow::Context as _;
use bytes::Bytes;
use waymark_media::{Container, Tape, TrackKind};

/// Bytes of a packet of a transport stream.
const PACKET: usize = 188;
/// Pictures of [`Bomb::TinyPictures`].
const TINY: usize = 100_000;

/// Kinds of them.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Bomb {
    /// A header that claims 16,384 x 16,384 pixels.
    HugePicture,
    /// 100,000 pictures of a few bytes.
    TinyPictures,
    /// A table of programmes that names itself as the programme's table.
    CyclicTables,
}

impl Bomb {
    /// All kinds.
    pub const ALL: [Self; 3] = [Self::HugePicture, Self::TinyPictures, Self::CyclicTables];
}

/// A bomb around an honest rendition in MPEG-TS.
pub(super) fn made(bomb: Bomb, honest: &[u8]) -> anyhow::Result<Bytes> {
    match bomb {
        Bomb::HugePicture => {
            let claims = |_, unit: Vec<u8>| Some(with_header(&unit, &huge_header()));
            let tape = Tape::read(honest)?.edited(TrackKind::Video, claims);
            Ok(tape.write(Container::MpegTs)?)
        }
        Bomb::TinyPictures => Ok(Tape::read(honest)?.flooded(TINY).write(Container::MpegTs)?),
        Bomb::CyclicTables => {
            let mut bytes = honest.to_vec();
            let mut found = false;
            for packet in bytes.chunks_exact_mut(PACKET) {
                found |= names_itself(packet).is_some();
            }
            anyhow::ensure!(found, "the rendition has no table of programmes");
            Ok(bytes.into())
        }
    }
}

/// The units of an access unit in the byte stream format.
pub(super) fn units(unit: &[u8]) -> impl Iterator<Item = &[u8]> {
    let mut rest = unit;
    std::iter::from_fn(move || {
        let start = rest.windows(3).position(|bytes| bytes == [0, 0, 1])? + 3;
        let body = rest.get(start..)?;
        let end = body.windows(3).position(|bytes| bytes == [0, 0, 1]).unwrap_or(body.len());
        rest = body.get(end..)?;
        let nal = body.get(..end)?;
        let last = nal.iter().rposition(|byte| *byte != 0)?;
        nal.get(..=last)
    })
}

/// An access unit with its sequence parameter set in place of the one it has.
fn with_header(unit: &[u8], header: &[u8]) -> Vec<u8> {
    let mut out = Vec::with_capacity(unit.len());
    for nal in units(unit) {
        let is_header = nal.first().is_some_and(|head| head & 31 == 7);
        out.extend_from_slice(&[0, 0, 0, 1]);
        out.extend_from_slice(if is_header { header } else { nal });
    }
    out
}

/// A sequence parameter set of 1,024 x 1,024 macroblocks (ITU-T H.264 7.3.2.1.1).
fn huge_header() -> Vec<u8> {
    let mut bits = Bits::default();
    bits.put(0x67, 8);
    bits.put(66, 8); // baseline
    bits.put(0, 8);
    bits.put(62, 8); // level 6.2
    bits.golomb(0); // id
    bits.golomb(0); // log2 of the largest frame number, less 4
    bits.golomb(2); // order of output is that of decoding
    bits.golomb(1); // reference frames
    bits.put(0, 1);
    bits.golomb(1_023); // width in macroblocks, less 1
    bits.golomb(1_023); // height
    bits.put(1, 1); // frames only
    bits.put(1, 1);
    bits.put(0, 1); // no cropping
    bits.put(0, 1); // no usability information
    bits.put(1, 1); // end
    bits.bytes()
}

#[derive(Default)]
struct Bits(Vec<bool>);

impl Bits {
    fn put(&mut self, value: u32, count: u32) {
        self.0.extend((0..count).rev().map(|bit| value >> bit & 1 == 1));
    }

    /// An Exp-Golomb code.
    fn golomb(&mut self, value: u32) {
        let length = (value + 1).ilog2();
        self.put(0, length);
        self.put(value + 1, length + 1);
    }

    fn bytes(self) -> Vec<u8> {
        let byte =
            |bits: &[bool]| bits.iter().enumerate().map(|(n, bit)| u8::from(*bit) << (7 - n)).sum();
        self.0.chunks(8).map(byte).collect()
    }
}

/// Makes the table of programmes in this packet, if it has it, name itself; `None` if it does not.
fn names_itself(packet: &mut [u8]) -> Option<()> {
    let pid = u16::from_be_bytes([packet.get(1)? & 0x1f, *packet.get(2)?]);
    if pid != 0 || packet.get(1)? & 0x40 == 0 {
        return None;
    }
    let has_field = packet.get(3)? & 0x20 != 0;
    let payload = if has_field { 5 + usize::from(*packet.get(4)?) } else { 4 };
    let table = payload + 1 + usize::from(*packet.get(payload)?);
    let section = packet.get_mut(table..)?;
    let length = usize::from(u16::from_be_bytes([section.get(1)? & 0x0f, *section.get(2)?]));
    let end = (3 + length).checked_sub(4)?;
    // Behind eight bytes of head: number of the programme, then where its table is.
    *section.get_mut(10)? = 0xe0;
    *section.get_mut(11)? = 0;
    let sum = crc(section.get(..end)?).to_be_bytes();
    section.get_mut(end..end + 4)?.copy_from_slice(&sum);
    Some(())
}

/// CRC-32 of tables (ISO/IEC 13818-1 annex A).
fn crc(bytes: &[u8]) -> u32 {
    bytes.iter().fold(u32::MAX, |crc, byte| {
        (0..8).fold(crc ^ u32::from(*byte) << 24, |crc, _| {
            if crc & 1 << 31 == 0 { crc << 1 } else { crc << 1 ^ 0x04c1_1db7 }
        })
    })
}

/// Reads a bomb's kind by name.
impl std::str::FromStr for Bomb {
    type Err = anyhow::Error;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        match text {
            "huge-picture" => Some(Self::HugePicture),
            "tiny-pictures" => Some(Self::TinyPictures),
            "cyclic-tables" => Some(Self::CyclicTables),
            _ => None,
        }
        .with_context(|| {
            format!("`{text}` is no bomb: use huge-picture, tiny-pictures or cyclic-tables")
        })
    }
}
