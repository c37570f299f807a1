//! HEVC headers: sequence parameter set up to its timing; ITU-T H.265 7.3.2.2, 7.3.3, 7.3.4, 7.3.7, E.2.1.

use super::bits::BitReader;
use super::h264::vui_start;
use super::rate::Rate;
use super::sequence::{self, MAX_SIDE, Sequence};

/// `nal` with its two header bytes.
pub(crate) fn sps(nal: &[u8]) -> Option<Sequence> {
    let mut r = BitReader::new(nal.get(2..)?);
    r.skip(4)?;
    let sub_layers = r.bits(3)?;
    r.skip(1)?;
    profile_tier_level(&mut r, sub_layers)?;
    r.ue_max(15)?;
    let chroma_idc = r.ue_max(3)?;
    if chroma_idc == 3 {
        r.skip(1)?;
    }
    let (mut width, mut height) = (side(r.ue()?)?, side(r.ue()?)?);
    let coded = (width, height);
    if r.flag()? {
        let (unit_x, unit_y) = match chroma_idc {
            1 => (2, 2),
            2 => (2, 1),
            _ => (1, 1),
        };
        let [left, right, top, bottom] = [r.ue()?, r.ue()?, r.ue()?, r.ue()?];
        width = sequence::cropped(width, left, right, unit_x)?;
        height = sequence::cropped(height, top, bottom, unit_y)?;
    }
    let bit_depth = u8::try_from(8 + r.ue_max(8)?).ok()?;
    r.ue_max(8)?;
    // Timing is far behind and optional: whatever fails on the way only means that there is none.
    let usability = to_usability(&mut r, sub_layers).and_then(|()| vui_start(&mut r));
    let frame_rate = usability.and_then(|_| timing(&mut r));
    Some(Sequence {
        coded,
        width,
        height,
        chroma: sequence::chroma(chroma_idc),
        bit_depth,
        full_range: usability.unwrap_or(false),
        profile: None,
        frame_rate,
    })
}

fn side(value: u32) -> Option<u32> {
    (1..=MAX_SIDE).contains(&value).then_some(value)
}

fn profile_tier_level(r: &mut BitReader<'_>, sub_layers: u32) -> Option<()> {
    r.skip(96)?;
    if sub_layers == 0 {
        return Some(());
    }
    let mut present = [(false, false); 8];
    for layer in &mut present {
        *layer = (r.flag()?, r.flag()?);
    }
    for (profile, level) in present.into_iter().take(usize::try_from(sub_layers).ok()?) {
        r.skip(if profile { 88 } else { 0 })?;
        r.skip(if level { 8 } else { 0 })?;
    }
    Some(())
}

/// Passes over all that is before the usability information; `None` without any.
fn to_usability(r: &mut BitReader<'_>, sub_layers: u32) -> Option<()> {
    let log2_poc_lsb = 4 + r.ue_max(12)?;
    let first_layer = if r.flag()? { 0 } else { sub_layers };
    for _ in first_layer..=sub_layers {
        r.ues(3)?;
    }
    r.ues(6)?;
    if r.flag()? && r.flag()? {
        scaling_lists(r)?;
    }
    r.skip(2)?;
    if r.flag()? {
        r.skip(8)?;
        r.ues(2)?;
        r.skip(1)?;
    }
    reference_sets(r)?;
    if r.flag()? {
        for _ in 0..r.ue_max(32)? {
            r.skip(log2_poc_lsb + 1)?;
        }
    }
    r.skip(2)?;
    r.flag()?.then_some(())
}

/// Frame rate of usability information, behind its first fields.
fn timing(r: &mut BitReader<'_>) -> Option<Rate> {
    r.skip(3)?;
    if r.flag()? {
        r.ues(4)?;
    }
    if !r.flag()? {
        return None;
    }
    let (units, scale) = (u64::from(r.bits(32)?), u64::from(r.bits(32)?));
    sequence::vui_rate(scale, units)
}

fn scaling_lists(r: &mut BitReader<'_>) -> Option<()> {
    for size in 0..4u32 {
        for _ in (0..6).step_by(if size == 3 { 3 } else { 1 }) {
            if !r.flag()? {
                r.ue()?;
                continue;
            }
            if size > 1 {
                r.se()?;
            }
            for _ in 0..(1u32 << (4 + (size << 1))).min(64) {
                r.se()?;
            }
        }
    }
    Some(())
}

/// Short-term reference picture sets; the pictures of each are counted because the next may be coded
/// as a difference to it.
fn reference_sets(r: &mut BitReader<'_>) -> Option<()> {
    let mut previous = 0u32;
    for set in 0..r.ue_max(64)? {
        let predicted = set != 0 && r.flag()?;
        let mut pictures = 0u32;
        if predicted {
            r.skip(1)?;
            r.ue()?;
            for _ in 0..=previous {
                let used = r.flag()?;
                let kept = used || r.flag()?;
                pictures += u32::from(kept);
            }
        } else {
            let (negative, positive) = (r.ue_max(16)?, r.ue_max(16)?);
            pictures = negative + positive;
            for _ in 0..pictures {
                r.ue()?;
                r.skip(1)?;
            }
        }
        previous = pictures.min(32);
    }
    Some(())
}
