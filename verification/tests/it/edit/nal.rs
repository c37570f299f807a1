//! H.264 elementary streams as NAL units.

/// `nal_unit_type` of an IDR slice.
pub(crate) const IDR: u8 = 5;
/// `nal_unit_type` of a sequence parameter set.
pub(crate) const SPS: u8 = 7;

/// A filler data unit of `len` bytes.
pub(crate) fn filler(len: usize) -> Vec<u8> {
    let mut unit = vec![12];
    unit.extend(std::iter::repeat_n(0xff, len));
    unit.push(0x80);
    unit
}

/// The units of an Annex B stream without their start codes.
pub(crate) fn split(stream: &[u8]) -> Vec<Vec<u8>> {
    let starts: Vec<usize> = stream
        .windows(3)
        .enumerate()
        .filter(|(_, bytes)| *bytes == [0, 0, 1])
        .map(|(at, _)| at)
        .collect();
    let ends = starts.iter().skip(1).copied().chain([stream.len()]);
    let unit = |(start, end): (&usize, usize)| {
        let unit = &stream[start + 3..end];
        let len = unit.iter().rposition(|byte| *byte != 0).map_or(0, |last| last + 1);
        unit[..len].to_vec()
    };
    starts.iter().zip(ends).map(unit).collect()
}

/// An Annex B stream of units.
pub(crate) fn join(units: &[Vec<u8>]) -> Vec<u8> {
    units.iter().flat_map(|unit| [&[0, 0, 0, 1], unit.as_slice()].concat()).collect()
}

/// `nal_unit_type`.
pub(crate) fn kind(unit: &[u8]) -> u8 {
    unit.first().map_or(0, |byte| byte & 0x1f)
}

/// Without emulation prevention.
pub(crate) fn unescape(unit: &[u8]) -> Vec<u8> {
    let (mut out, mut zeros) = (Vec::new(), 0);
    for &byte in unit {
        if zeros >= 2 && byte == 3 {
            zeros = 0;
            continue;
        }
        zeros = if byte == 0 { zeros + 1 } else { 0 };
        out.push(byte);
    }
    out
}

/// With emulation prevention.
pub(crate) fn escape(unit: &[u8]) -> Vec<u8> {
    let (mut out, mut zeros) = (Vec::new(), 0);
    for &byte in unit {
        if zeros >= 2 && byte <= 3 {
            out.push(3);
            zeros = 0;
        }
        zeros = if byte == 0 { zeros + 1 } else { 0 };
        out.push(byte);
    }
    out
}
