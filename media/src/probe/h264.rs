//! H.264 headers: sequence parameter set, the start of a slice header, recovery points.
//!
//! Only what tells size, format and where decoding can start; ITU-T H.264 7.3.2.1, 7.3.3, D.1.8.

use super::bits::BitReader;
use super::rate::Rate;
use super::sequence::{self, MAX_SIDE, Sequence};

/// A sequence parameter set with what slice headers need of it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Sps {
    pub(crate) id: u32,
    pub(crate) sequence: Sequence,
    pub(crate) log2_max_frame_num: u32,
    frame_mbs_only: bool,
    separate_colour_plane: bool,
}

impl Sps {
    /// Frame numbers begin again at this one.
    pub(crate) fn frame_numbers(&self) -> u32 {
        1_u32.checked_shl(self.log2_max_frame_num).unwrap_or(1 << 16)
    }
}

/// The first fields of a slice header.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Slice {
    /// Address of its first macroblock; 0 starts a picture.
    pub(crate) first_mb: u32,
    /// All macroblocks are intra coded.
    pub(crate) intra: bool,
    /// `frame_num`, where the parameter set is known.
    pub(crate) frame_num: Option<u32>,
    /// Frame number and, of a field, whether it is the bottom one.
    pub(crate) field: Option<(u32, bool)>,
}

/// `nal` with its header byte.
pub(crate) fn sps(nal: &[u8]) -> Option<Sps> {
    let mut r = BitReader::new(nal.get(1..)?);
    let profile = r.bits(8)?;
    let constraints = r.bits(8)?;
    r.skip(8)?;
    let id = r.ue_max(31)?;
    let (mut chroma_idc, mut separate_colour_plane, mut bit_depth) = (1, false, 8);
    if matches!(profile, 100 | 110 | 122 | 244 | 44 | 83 | 86 | 118 | 128 | 138 | 139 | 134 | 135) {
        chroma_idc = r.ue_max(3)?;
        separate_colour_plane = chroma_idc == 3 && r.flag()?;
        bit_depth = 8 + r.ue_max(6)?;
        r.ue_max(6)?;
        r.skip(1)?;
        if r.flag()? {
            scaling_lists(&mut r, if chroma_idc == 3 { 12 } else { 8 })?;
        }
    }
    let log2_max_frame_num = 4 + r.ue_max(12)?;
    picture_order_count(&mut r)?;
    r.ue()?;
    r.skip(1)?;
    let width_mbs = r.ue_max(MAX_SIDE / 16)? + 1;
    let height_units = r.ue_max(MAX_SIDE / 16)? + 1;
    let frame_mbs_only = r.flag()?;
    if !frame_mbs_only {
        r.skip(1)?;
    }
    r.skip(1)?;
    let field_factor = if frame_mbs_only { 1 } else { 2 };
    let (mut width, mut height) = (width_mbs * 16, height_units * 16 * field_factor);
    if width > MAX_SIDE || height > MAX_SIDE {
        return None;
    }
    let coded = (width, height);
    if r.flag()? {
        let (unit_x, unit_y) = match chroma_idc {
            1 => (2, 2),
            2 => (2, 1),
            _ => (1, 1),
        };
        let [left, right, top, bottom] = [r.ue()?, r.ue()?, r.ue()?, r.ue()?];
        width = sequence::cropped(width, left, right, unit_x)?;
        height = sequence::cropped(height, top, bottom, unit_y * field_factor)?;
    }
    let (full_range, frame_rate) = usability(&mut r);
    Some(Sps {
        id,
        sequence: Sequence {
            coded,
            full_range,
            profile: Some((u8::try_from(profile).ok()?, u8::try_from(constraints).ok()?)),
            width,
            height,
            chroma: sequence::chroma(chroma_idc),
            bit_depth: u8::try_from(bit_depth).ok()?,
            frame_rate,
        },
        log2_max_frame_num,
        frame_mbs_only,
        separate_colour_plane,
    })
}

fn scaling_lists(r: &mut BitReader<'_>, lists: u32) -> Option<()> {
    for list in 0..lists {
        if !r.flag()? {
            continue;
        }
        let (mut last, mut next) = (8i64, 8i64);
        for _ in 0..if list < 6 { 16 } else { 64 } {
            if next != 0 {
                next = (last + r.se()?).rem_euclid(256);
            }
            last = if next == 0 { last } else { next };
        }
    }
    Some(())
}

fn picture_order_count(r: &mut BitReader<'_>) -> Option<()> {
    match r.ue()? {
        0 => {
            r.ue_max(12)?;
        }
        1 => {
            r.skip(1)?;
            r.se()?;
            r.se()?;
            for _ in 0..r.ue_max(255)? {
                r.se()?;
            }
        }
        2 => {}
        _ => return None,
    }
    Some(())
}

/// Range flag and frame rate of the VUI (E.1.1), if it has them.
fn usability(r: &mut BitReader<'_>) -> (bool, Option<Rate>) {
    if r.flag() != Some(true) {
        return (false, None);
    }
    match vui_start(r) {
        Some(full_range) => (full_range, timing(r)),
        None => (false, None),
    }
}

fn timing(r: &mut BitReader<'_>) -> Option<Rate> {
    if !r.flag()? {
        return None;
    }
    let (units, scale) = (u64::from(r.bits(32)?), u64::from(r.bits(32)?));
    // a tick is a field
    sequence::vui_rate(scale, units * 2)
}

/// VUI fields before the timing (HEVC has the same four); gives `video_full_range_flag`.
pub(super) fn vui_start(r: &mut BitReader<'_>) -> Option<bool> {
    let mut full_range = false;
    if r.flag()? && r.bits(8)? == 255 {
        r.skip(32)?;
    }
    if r.flag()? {
        r.skip(1)?;
    }
    if r.flag()? {
        r.skip(3)?;
        full_range = r.flag()?;
        if r.flag()? {
            r.skip(24)?;
        }
    }
    if r.flag()? {
        r.ue()?;
        r.ue()?;
    }
    Some(full_range)
}

/// Start of the slice in `nal`, which may be cut off. Without `sps` a field is taken for a frame.
pub(crate) fn slice(nal: &[u8], sps: Option<&Sps>) -> Option<Slice> {
    let mut r = BitReader::new(nal.get(1..)?);
    let first_mb = r.ue()?;
    let intra = matches!(r.ue_max(9)? % 5, 2 | 4);
    let frame_num = sps.and_then(|sps| {
        r.ue()?;
        r.skip(if sps.separate_colour_plane { 2 } else { 0 })?;
        r.bits(sps.log2_max_frame_num)
    });
    let field = sps
        .filter(|sps| !sps.frame_mbs_only)
        .zip(frame_num)
        .and_then(|(_, frame_num)| if r.flag()? { Some((frame_num, r.flag()?)) } else { None });
    Some(Slice { first_mb, intra, frame_num, field })
}

/// The picture parameter set that the slice in `nal` uses.
pub(crate) fn slice_pps(nal: &[u8]) -> Option<u32> {
    let mut r = BitReader::new(nal.get(1..)?);
    r.ues(2)?;
    r.ue_max(255)
}

/// Numbers of a picture parameter set and of the sequence parameter set it uses; `nal` with its header byte.
pub(crate) fn pps(nal: &[u8]) -> Option<(u32, u32)> {
    let mut r = BitReader::new(nal.get(1..)?);
    Some((r.ue_max(255)?, r.ue_max(31)?))
}

/// Whether supplemental information says that decoding can start here (payload type 6), and after how many
/// frames its pictures are right.
pub(crate) fn recovery_point(nal: &[u8]) -> Option<u32> {
    let mut at = 1;
    loop {
        let (kind, after_kind) = sei_number(nal, at)?;
        let (size, body) = sei_number(nal, after_kind)?;
        if kind == 6 && size > 0 && body < nal.len() {
            return Some(BitReader::new(nal.get(body..)?).ue().unwrap_or(0));
        }
        // Sizes do not count emulation prevention bytes; a later message may be missed then, which is
        // acceptable: encoders put this message first or in a unit of its own.
        at = body.saturating_add(size);
    }
}

fn sei_number(nal: &[u8], mut at: usize) -> Option<(usize, usize)> {
    let mut value = 0usize;
    loop {
        let byte = *nal.get(at)?;
        at += 1;
        value = value.saturating_add(usize::from(byte));
        if byte != 255 {
            return Some((value, at));
        }
    }
}
