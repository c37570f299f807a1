//! Sample entries: codec and picture properties from `stsd` (ISO/IEC 14496-12 8.5.2, 14496-15, 14496-14).

use super::boxes::{Boxes, Kind, be16};
use super::rate::Rate;
use super::sequence::Sequence;
use super::{AudioCodec, Chroma, VideoCodec, h264, hevc};

/// A sample entry of a track that matters.
pub(crate) enum Entry {
    Video(VideoEntry),
    Audio(AudioCodec),
}

/// What a visual sample entry tells.
#[derive(Clone, Copy, Debug)]
pub(crate) struct VideoEntry {
    pub(crate) codec: VideoCodec,
    pub(crate) width: u32,
    pub(crate) height: u32,
    pub(crate) chroma: Option<Chroma>,
    pub(crate) bit_depth: Option<u8>,
    pub(crate) frame_rate: Option<Rate>,
    /// Parameter sets are in the entry, or the entry says that they are in the samples.
    pub(crate) decodable: bool,
}

/// Bytes of the fixed part of a visual sample entry.
pub(crate) const VISUAL: usize = 78;

pub(crate) fn video(kind: Kind, body: &[u8]) -> Option<VideoEntry> {
    let codec = match &kind {
        b"avc1" | b"avc2" | b"avc3" | b"avc4" => VideoCodec::H264,
        b"hvc1" | b"hev1" | b"hvc2" | b"hev2" | b"dvh1" | b"dvhe" => VideoCodec::Hevc,
        b"vp08" => VideoCodec::Vp8,
        b"vp09" => VideoCodec::Vp9,
        b"av01" => VideoCodec::Av1,
        b"mp4v" if matches!(object_type(body.get(VISUAL..)?), Some(0x60..=0x65 | 0x6a)) => {
            VideoCodec::Mpeg2
        }
        _ => VideoCodec::Other,
    };
    let children = Boxes::new(body.get(VISUAL..)?);
    let in_band = matches!(&kind, b"avc3" | b"avc4" | b"hev1" | b"hev2" | b"dvhe");
    let sets = match codec {
        VideoCodec::H264 => children.clone().body(*b"avcC").and_then(avc_configuration),
        VideoCodec::Hevc => children.clone().body(*b"hvcC").and_then(hevc_configuration),
        _ => None,
    };
    let (chroma, bit_depth) = match codec {
        VideoCodec::Vp9 | VideoCodec::Vp8 => children.body(*b"vpcC").and_then(vp_format),
        VideoCodec::Av1 => children.body(*b"av1C").and_then(av1_format),
        _ => sets.map(|set| (set.chroma, Some(set.bit_depth))),
    }
    .unwrap_or_default();
    let (width, height) = match sets {
        Some(set) => (set.width, set.height),
        None => (u32::from(be16(body, 24)?), u32::from(be16(body, 26)?)),
    };
    Some(VideoEntry {
        codec,
        width,
        height,
        chroma,
        bit_depth,
        frame_rate: sets.and_then(|set| set.frame_rate),
        decodable: sets.is_some()
            || (in_band && width > 0 && height > 0)
            || !matches!(codec, VideoCodec::H264 | VideoCodec::Hevc),
    })
}

/// The first sequence parameter set of an `avcC` that also has a picture parameter set.
fn avc_configuration(avcc: &[u8]) -> Option<Sequence> {
    let (mut found, mut has_pps) = (None, false);
    // one that is cut off behind them still has them
    let _whole = avc_sets(avcc, &mut |nal| match nal.first() {
        Some(header) if header & 0x1f == 8 => has_pps = true,
        _ => found = found.or_else(|| h264::sps(nal)),
    });
    found.filter(|_| has_pps).map(|sps| sps.sequence)
}

/// The first sequence parameter set of an `hvcC` that also has a picture parameter set.
fn hevc_configuration(hvcc: &[u8]) -> Option<Sequence> {
    let (mut found, mut has_pps) = (None, false);
    hevc_sets(hvcc, &mut |kind, nal| match kind {
        33 => found = found.or_else(|| hevc::sps(nal)),
        34 => has_pps = true,
        _ => {}
    })?;
    found.filter(|_| has_pps)
}

/// Hands on the parameter sets of an `avcC`, sequences first; `None` if it is cut off (14496-15 5.3.3).
pub(crate) fn avc_sets(avcc: &[u8], take: &mut dyn FnMut(&[u8])) -> Option<()> {
    let mut rest = avcc.get(5..)?;
    for mask in [0x1f, 0xff] {
        let (count, mut units) = rest.split_first()?;
        for _ in 0..count & mask {
            let (nal, after) = nal(units)?;
            take(nal);
            units = after;
        }
        rest = units;
    }
    Some(())
}

/// As [`avc_sets`], of an `hvcC`, with their NAL unit types (14496-15 8.3.3).
pub(crate) fn hevc_sets(hvcc: &[u8], take: &mut dyn FnMut(u8, &[u8])) -> Option<()> {
    let mut rest = hvcc.get(23..)?;
    for _ in 0..*hvcc.get(22)? {
        let [kind, high, low, units @ ..] = rest else { return None };
        rest = units;
        for _ in 0..u16::from_be_bytes([*high, *low]) {
            let (nal, after) = nal(rest)?;
            take(kind & 0x3f, nal);
            rest = after;
        }
    }
    Some(())
}

/// A NAL unit behind its 16-bit length, and what follows.
fn nal(bytes: &[u8]) -> Option<(&[u8], &[u8])> {
    bytes.get(2..)?.split_at_checked(usize::from(be16(bytes, 0)?))
}

type Format = (Option<Chroma>, Option<u8>);

/// Format in a `vpcC` (VP codec ISO media file format binding, version 1).
fn vp_format(vpcc: &[u8]) -> Option<Format> {
    let byte = vpcc.get(6)?;
    let subsampling = match (byte >> 1) & 7 {
        0 | 1 => Some(Chroma::C420),
        2 => Some(Chroma::C422),
        3 => Some(Chroma::C444),
        _ => None,
    };
    Some((subsampling, Some(byte >> 4).filter(|depth| matches!(depth, 8 | 10 | 12))))
}

/// Format in an `av1C` (AV1 codec ISO media file format binding 2.3.3).
fn av1_format(av1c: &[u8]) -> Option<Format> {
    let byte = av1c.get(2)?;
    let bit = |at: u32| (byte >> at) & 1 == 1;
    let depth = match (bit(6), bit(5)) {
        (false, _) => 8,
        (true, false) => 10,
        (true, true) => 12,
    };
    let subsampling = match (bit(4), bit(3), bit(2)) {
        (true, ..) => None,
        (_, true, true) => Some(Chroma::C420),
        (_, true, false) => Some(Chroma::C422),
        (_, false, _) => Some(Chroma::C444),
    };
    Some((subsampling, Some(depth)))
}

pub(crate) fn audio(kind: Kind, body: &[u8]) -> AudioCodec {
    match &kind {
        // Version 1 and 2 of QuickTime's entry are longer; the descriptor is found by its box.
        b"mp4a" => match [28, 44, 64].into_iter().find_map(|at| object_type(body.get(at..)?)) {
            Some(0x40 | 0x66..=0x68) => AudioCodec::Aac,
            Some(0x69 | 0x6b) => AudioCodec::Mp3,
            Some(0xa5) => AudioCodec::Ac3,
            Some(0xa6) => AudioCodec::Eac3,
            _ => AudioCodec::Other,
        },
        b".mp3" => AudioCodec::Mp3,
        b"ac-3" => AudioCodec::Ac3,
        b"ec-3" => AudioCodec::Eac3,
        b"Opus" => AudioCodec::Opus,
        _ => AudioCodec::Other,
    }
}

/// Object type of the decoder configuration in an `esds` among `children` (14496-1 7.2.6).
fn object_type(children: &[u8]) -> Option<u8> {
    let esds = Boxes::new(children).body(*b"esds")?.get(4..)?;
    let (3, es) = descriptor(esds)? else { return None };
    let flags = *es.get(2)?;
    let mut at = 3;
    if flags & 0x80 != 0 {
        at += 2;
    }
    if flags & 0x40 != 0 {
        at += 1 + usize::from(*es.get(at)?);
    }
    if flags & 0x20 != 0 {
        at += 2;
    }
    let (4, configuration) = descriptor(es.get(at..)?)? else { return None };
    configuration.first().copied()
}

/// Tag and body of a descriptor; its length has at most four 7-bit groups.
fn descriptor(bytes: &[u8]) -> Option<(u8, &[u8])> {
    let (tag, mut rest) = bytes.split_first()?;
    for _ in 0..4 {
        let (byte, after) = rest.split_first()?;
        rest = after;
        if byte & 0x80 == 0 {
            break;
        }
    }
    Some((*tag, rest))
}
