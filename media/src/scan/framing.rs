//! Where audio frames end: ADTS and LOAS (ISO/IEC 14496-3), MPEG audio (ISO/IEC 11172-3, 13818-3), AC-3 and E-AC-3
//! (ETSI TS 102 366), Opus in a transport stream (ETSI TS 103 491 annex, as libav writes and reads it).

use super::clock::Length;
use crate::AudioCodec;

/// Longest frame of any of them that is believed, in bytes.
pub(super) const LONGEST: usize = 65_536;

/// What is at the start of some bytes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Found {
    /// A frame of `len` bytes, of which the first `header` are the container's.
    Frame { header: usize, len: usize, length: Option<Length>, joins: bool },
    /// Perhaps a frame, but the bytes do not tell yet.
    Short,
    /// No frame starts here.
    Junk,
}

/// Looks at the start of `bytes` for a frame of `codec`.
pub(super) fn frame(codec: AudioCodec, bytes: &[u8]) -> Found {
    let (found, needed) = match codec {
        AudioCodec::Aac => (aac(bytes), 7),
        AudioCodec::Mp3 => (mpeg(bytes), 4),
        AudioCodec::Ac3 | AudioCodec::Eac3 => (ac3(bytes), 6),
        AudioCodec::Opus => return opus(bytes),
        AudioCodec::Other => return Found::Junk,
    };
    if bytes.len() < needed { Found::Short } else { found.unwrap_or(Found::Junk) }
}

/// Where in `bytes` a frame could start at the earliest: a byte like its first, or the end.
pub(super) fn next(codec: AudioCodec, bytes: &[u8]) -> usize {
    let found = match codec {
        AudioCodec::Aac => memchr::memchr2(0xff, 0x56, bytes),
        AudioCodec::Mp3 => memchr::memchr(0xff, bytes),
        AudioCodec::Ac3 | AudioCodec::Eac3 => memchr::memchr(0x0b, bytes),
        AudioCodec::Opus => memchr::memchr(0x7f, bytes),
        AudioCodec::Other => None,
    };
    found.unwrap_or(bytes.len())
}

/// An AAC frame without its ADTS header, as MP4 holds it; `None` of what has none.
pub(super) fn without_header(codec: AudioCodec, frame: &[u8]) -> Option<&[u8]> {
    let [first, second, ..] = *frame else { return None };
    // sync word, layer 0; the last bit tells that no checksum follows
    let adts = codec == AudioCodec::Aac && first == 0xff && second & 0xf6 == 0xf0;
    if !adts {
        return None;
    }
    frame.get(if second & 1 == 1 { 7 } else { 9 }..)
}

const fn whole(len: usize, samples: u32, rate: u32) -> Found {
    Found::Frame { header: 0, len, length: Some(Length { samples, rate }), joins: false }
}

const AAC_RATES: [u32; 13] = [
    96_000, 88_200, 64_000, 48_000, 44_100, 32_000, 24_000, 22_050, 16_000, 12_000, 11_025, 8_000,
    7_350,
];

fn aac(bytes: &[u8]) -> Option<Found> {
    let [first, second, rate, high, middle, low, blocks, ..] = *bytes else { return None };
    if first == 0x56 && second & 0xe0 == 0xe0 {
        let len = 3 + usize::from(u16::from_be_bytes([second & 0x1f, rate]));
        return Some(Found::Frame { header: 0, len, length: None, joins: false });
    }
    // sync word, layer 0
    if first != 0xff || second & 0xf6 != 0xf0 {
        return None;
    }
    let rate = *AAC_RATES.get(usize::from(rate >> 2 & 0xf))?;
    let len = usize::from(high & 3) << 11 | usize::from(middle) << 3 | usize::from(low >> 5);
    (len >= 7).then(|| whole(len, 1_024 * (u32::from(blocks & 3) + 1), rate))
}

/// Kilobits per second by version and layer: MPEG-1 layers 1 to 3, MPEG-2 layer 1, MPEG-2 layers 2 and 3.
const RATES: [[u32; 15]; 5] = [
    [0, 32, 64, 96, 128, 160, 192, 224, 256, 288, 320, 352, 384, 416, 448],
    [0, 32, 48, 56, 64, 80, 96, 112, 128, 160, 192, 224, 256, 320, 384],
    [0, 32, 40, 48, 56, 64, 80, 96, 112, 128, 160, 192, 224, 256, 320],
    [0, 32, 48, 56, 64, 80, 96, 112, 128, 144, 160, 176, 192, 224, 256],
    [0, 8, 16, 24, 32, 40, 48, 56, 64, 80, 96, 112, 128, 144, 160],
];

fn mpeg(bytes: &[u8]) -> Option<Found> {
    let [a, b, c, _, ..] = *bytes else { return None };
    if a != 0xff || b & 0xe0 != 0xe0 {
        return None;
    }
    let (version, layer) = (b >> 3 & 3, 4 - (b >> 1 & 3));
    let rate = *[44_100, 48_000, 32_000].get(usize::from(c >> 2 & 3))?;
    let (rate, first) = match version {
        3 => (rate, true),
        2 => (rate / 2, false),
        0 => (rate / 4, false),
        _ => return None,
    };
    let (table, samples) = match (first, layer) {
        (true, 1) => (RATES.first()?, 384),
        (false, 1) => (RATES.get(3)?, 384),
        (true, 2) => (RATES.get(1)?, 1_152),
        (true, 3) => (RATES.get(2)?, 1_152),
        (false, 2) => (RATES.get(4)?, 1_152),
        (false, 3) => (RATES.get(4)?, 576),
        _ => return None,
    };
    // the free format, index 0, does not say how long it is
    let bits = table.get(usize::from(c >> 4)).filter(|kbits| **kbits > 0)? * 1_000;
    let padding = u32::from(c >> 1 & 1);
    let len = match layer {
        1 => (12 * bits / rate + padding) * 4,
        _ => samples / 8 * bits / rate + padding,
    };
    Some(whole(usize::try_from(len).ok()?, samples, rate))
}

/// Words of 16 bits of an AC-3 frame at 48 and 32 kHz, in the order of its bit rates; those of 44.1 kHz differ.
const AC3_KBITS: [u32; 19] =
    [32, 40, 48, 56, 64, 80, 96, 112, 128, 160, 192, 224, 256, 320, 384, 448, 512, 576, 640];

fn ac3(bytes: &[u8]) -> Option<Found> {
    let [0x0b, 0x77, c, d, e, f, ..] = *bytes else { return None };
    let rates = [48_000u32, 44_100, 32_000];
    if f >> 3 > 10 {
        let kind = c >> 6;
        let words = usize::from(u16::from_be_bytes([c & 7, d])) + 1;
        let code = usize::from(e >> 6);
        let (rate, blocks) = match rates.get(code) {
            Some(rate) => (*rate, *[1, 2, 3, 6].get(usize::from(e >> 4 & 3))?),
            None => (*rates.get(usize::from(e >> 4 & 3))? / 2, 6),
        };
        let length = Some(Length { samples: 256 * blocks, rate });
        // a dependent substream is part of the frame before it
        return Some(Found::Frame { header: 0, len: words * 2, length, joins: kind == 1 });
    }
    let rate = *rates.get(usize::from(e >> 6))?;
    let kbits = AC3_KBITS.get(usize::from(e & 0x3f) / 2)?;
    let words = match rate {
        48_000 => kbits * 2,
        32_000 => kbits * 3,
        _ => kbits * 1_000 * 1_536 / 16 / 44_100 + u32::from(e & 1),
    };
    Some(whole(usize::try_from(words).ok()? * 2, 1_536, rate >> (f >> 3).saturating_sub(8)))
}

fn opus(bytes: &[u8]) -> Found {
    let (Some(&a), Some(&b)) = (bytes.first(), bytes.get(1)) else { return Found::Short };
    if a != 0x7f || b & 0xe0 != 0xe0 {
        return Found::Junk;
    }
    let mut at = 2;
    let mut size = 0usize;
    loop {
        let Some(byte) = bytes.get(at) else { return Found::Short };
        at += 1;
        size += usize::from(*byte);
        if size > LONGEST {
            return Found::Junk;
        }
        if *byte != 255 {
            break;
        }
    }
    at += if b & 0x10 == 0 { 0 } else { 2 };
    at += if b & 0x08 == 0 { 0 } else { 2 };
    if b & 0x04 != 0 {
        let Some(extension) = bytes.get(at) else { return Found::Short };
        at += 1 + usize::from(*extension);
    }
    let length = bytes.get(at..).and_then(opus_length);
    Found::Frame { header: at, len: at + size, length, joins: false }
}

/// Length of an Opus packet from its first two bytes (RFC 6716 3.1, 3.2).
fn opus_length(packet: &[u8]) -> Option<Length> {
    let toc = *packet.first()?;
    let frame: u32 = match toc >> 3 {
        config @ 0..=11 => *[480, 960, 1_920, 2_880].get(usize::from(config & 3))?,
        config @ 12..=15 => 480 << (config & 1),
        config => 120 << (config & 3),
    };
    let frames = match toc & 3 {
        0 => 1,
        1 | 2 => 2,
        _ => u32::from(*packet.get(1)? & 0x3f),
    };
    Some(Length { samples: frame * frames, rate: 48_000 })
}
