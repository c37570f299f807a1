//! Bounds of the full checks: all pictures of a rendition against the source, and against an
//! encoding of our own.

use serde::{Deserialize, Serialize};

/// Bounds of the full checks. A value equal to its bound passes.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Full {
    /// Largest mean difference of luma of a picture, in 8-bit samples.
    pub fy: f64,
    /// Difference of luma of a block that lasts. Renditions of stock orchestrators reach 6.0; those of cellular automata and
    /// of snow more, which the dispute clears.
    pub pbk: f64,
    /// Difference of luma of a block that does not. Renditions of stock orchestrators reach 24.5.
    pub fbk: f64,
    /// Mean difference of chroma of a picture.
    pub fc: f64,
    /// Difference of chroma of a block that lasts.
    pub pck: f64,
    /// The same on the lattice for small renditions, whose blocks of chroma are 4 samples high.
    pub pck_coarse: f64,
    /// Contrast: distance of its factor from 1.
    pub gain: f64,
    /// Brightness, in samples.
    pub offset: f64,
    /// Hue: degrees it is turned by. Honest renditions of training clips reach 2.6.
    pub hue: f64,
    /// Saturation: distance of its factor from 1. Honest renditions of training clips reach 0.14, starved ones 0.32.
    pub saturation: f64,
    /// Share of moving pictures that show another one.
    pub order: f64,
    /// Pictures in a row that show older ones. Honest renditions of training clips reach 2, eight frozen pictures 7.
    pub late: f64,
    /// Share of pictures that stand still while the source moves.
    pub freeze: f64,
    /// Such pictures in a row.
    pub freeze_run: f64,
    /// Least detail against the source, in octaves of energy.
    pub sharp: f64,
    /// SSIM from which on a rendition of suspiciously few bytes is clearly good.
    pub clear_ssim: f64,
    /// Comparison with our own encoding.
    pub reference: Reference,
}

/// How much worse than our own encoding of the same segment with the same profile a rendition may be.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Reference {
    /// Mean SSIM lower by so much ...
    pub ssim: f64,
    /// ... and mean PSNR lower by so many dB: too bad to be the profile that was asked for. Encoders of the least effort
    /// reach 3.4 on training clips.
    pub psnr: f64,
    /// PSNR lower by so many dB, and SSIM by ever so little: it hardly sees anything between hard contrasts. Errors below
    /// 1 count as 1. Recorded renditions reach 2.7, honest ones of training clips 4.6, where an encoder does not look ahead.
    pub error: f64,
    /// On the pictures that a check of the whole segment points at, which are the rendition's worst and
    /// not ours, so that twice as much is allowed: SSIM lower by so much ...
    pub struck_ssim: f64,
    /// ... and PSNR lower by so many dB: not the picture that must be there.
    pub struck_psnr: f64,
    /// In one tile: SSIM lower by so much ...
    pub tile_ssim: f64,
    /// ... and PSNR lower by so many dB: something else is there.
    pub tile_psnr: f64,
    /// Where contrast or brightness are off: PSNR lower by so many dB (SSIM hardly sees those).
    pub tone_psnr: f64,
    /// Where detail is missing: PSNR lower by so many dB.
    pub sharp_psnr: f64,
    /// A feature of block means counts only beyond so many times that of our own encoding: some
    /// sources no encoder can keep.
    pub times: f64,
}

impl Default for Full {
    fn default() -> Self {
        Self {
            fy: 6.0,
            pbk: 7.0,
            fbk: 25.0,
            fc: 5.0,
            pck: 10.0,
            pck_coarse: 12.0,
            gain: 0.08,
            offset: 6.0,
            hue: 10.0,
            saturation: 0.3,
            order: 0.2,
            late: 3.0,
            freeze: 0.35,
            freeze_run: 3.0,
            sharp: -1.2,
            clear_ssim: 0.96,
            reference: Reference::default(),
        }
    }
}

impl Default for Reference {
    fn default() -> Self {
        Self {
            ssim: 0.02,
            psnr: 3.5,
            error: 4.75,
            struck_ssim: 0.04,
            struck_psnr: 5.0,
            tile_ssim: 0.5,
            tile_psnr: 12.0,
            tone_psnr: 5.0,
            sharp_psnr: 2.5,
            times: 2.0,
        }
    }
}
