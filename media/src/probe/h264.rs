//! H.264 headers: sequence parameter set, the start of a slice header, recovery points.
//!
//! Only what tells size, format and where decoding can start; ITU-T H.264 7.3.2.1, 7.3.3, D.1.8.

use super::bits::BitReader;
use super::rate::Rate;
use super::sequence::{self, MAX_SIDE, Sequence};

/// A sequence parameter set with what slice headers need of it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Sps {
    pub(super) sequence: Sequence,
    log2_max_frame_num: u32,
    frame_mbs_only: bool,
    separate_colour_plane: bool,
}

/// The first fields of a slice header.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Slice {
    /// The slice starts a picture.
    pub(super) first: bool,
    /// All macroblocks are intra coded.
    pub(super) intra: bool,
    /// Frame number and, of a field, whether it is the bottom one.
    pub(super) field: Option<(u32, bool)>,
}

/// `nal` with its header byte.
pub(super) fn sps(nal: &[u8]) -> Option<Sps> {
    let mut r = BitReader::new(nal.get(1..)?);
    let profile = r.bits(8)?;
    r.skip(16)?;
    r.ue_max(31)?;
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
    let frame_rate = timing(&mut r);
    Some(Sps {
        sequence: Sequence {
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

/// Frame rate of the VUI (E.1.1), if it has one.
fn timing(r: &mut BitReader<'_>) -> Option<Rate> {
    if !r.flag()? {
        return None;
    }
    vui_start(r)?;
    if !r.flag()? {
        return None;
    }
    let (units, scale) = (u64::from(r.bits(32)?), u64::from(r.bits(32)?));
    // a tick is a field
    sequence::vui_rate(scale, units * 2)
}

/// VUI fields before the timing (HEVC has the same four).
pub(super) fn vui_start(r: &mut BitReader<'_>) -> Option<()> {
    if r.flag()? && r.bits(8)? == 255 {
        r.skip(32)?;
    }
    if r.flag()? {
        r.skip(1)?;
    }
    if r.flag()? {
        r.skip(4)?;
        if r.flag()? {
            r.skip(24)?;
        }
    }
    if r.flag()? {
        r.ue()?;
        r.ue()?;
    }
    Some(())
}

/// Start of the slice in `nal`, which may be cut off. Without `sps` a field is taken for a frame.
pub(super) fn slice(nal: &[u8], sps: Option<&Sps>) -> Option<Slice> {
    let mut r = BitReader::new(nal.get(1..)?);
    let first = r.ue()? == 0;
    let intra = matches!(r.ue_max(9)? % 5, 2 | 4);
    let field = sps.filter(|sps| !sps.frame_mbs_only).and_then(|sps| {
        r.ue()?;
        r.skip(if sps.separate_colour_plane { 2 } else { 0 })?;
        let frame_num = r.bits(sps.log2_max_frame_num)?;
        if r.flag()? { Some((frame_num, r.flag()?)) } else { None }
    });
    Some(Slice { first, intra, field })
}

/// Whether supplemental information says that decoding can start here (payload type 6).
pub(super) fn has_recovery_point(nal: &[u8]) -> bool {
    let mut at = 1;
    loop {
        let Some((kind, after_kind)) = sei_number(nal, at) else { return false };
        let Some((size, body)) = sei_number(nal, after_kind) else { return false };
        if kind == 6 && size > 0 && body < nal.len() {
            return true;
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
