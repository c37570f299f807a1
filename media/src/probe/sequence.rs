//! What a sequence parameter set tells about pictures, for H.264 and HEVC alike.

use super::Chroma;
use super::rate::{Rate, plausible};

/// Largest side of a picture any level of either codec allows, rounded up.
pub(super) const MAX_SIDE: u32 = 32_768;

/// Picture properties of one sequence parameter set.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Sequence {
    /// Width and height as coded, before cropping.
    pub(crate) coded: (u32, u32),
    pub(crate) width: u32,
    pub(crate) height: u32,
    pub(crate) chroma: Option<Chroma>,
    pub(crate) bit_depth: u8,
    /// `video_full_range_flag`.
    pub(crate) full_range: bool,
    /// H.264's `profile_idc` and constraint flags.
    pub(crate) profile: Option<(u8, u8)>,
    pub(crate) frame_rate: Option<Rate>,
}

/// `chroma_format_idc`; 0 is monochrome.
pub(super) const fn chroma(idc: u32) -> Option<Chroma> {
    match idc {
        1 => Some(Chroma::C420),
        2 => Some(Chroma::C422),
        3 => Some(Chroma::C444),
        _ => None,
    }
}

/// `size` less the cropped `before` and `after`, each in `unit` pixels; `None` if nothing would be left.
pub(super) fn cropped(size: u32, before: u32, after: u32, unit: u32) -> Option<u32> {
    let cut = before.checked_add(after)?.checked_mul(unit)?;
    size.checked_sub(cut).filter(|left| *left > 0)
}

/// Frame rate of a VUI's timing fields, if it is one a video can have. Encoders with variable timing
/// write their clock there instead of a rate.
pub(super) fn vui_rate(ticks_per_second: u64, ticks_per_frame: u64) -> Option<Rate> {
    plausible(ticks_per_second, ticks_per_frame)
}
