//! Pictures reduced to what checks compare. Plain data; making it from bytes needs libav and a process that may die.

#[cfg(feature = "libav")]
mod blocks;
#[cfg(feature = "libav")]
mod decode;
#[cfg(feature = "libav")]
mod demux;
#[cfg(feature = "libav")]
mod limits;
#[cfg(feature = "libav")]
mod measure;
#[cfg(feature = "libav")]
mod nal;
#[cfg(feature = "libav")]
mod planes;
#[cfg(feature = "libav")]
mod reduce;
#[cfg(feature = "libav")]
mod reference;
#[cfg(feature = "libav")]
mod scale;
#[cfg(all(test, feature = "libav"))]
mod tests;

#[cfg(feature = "libav")]
pub use limits::{Cap, PixelError, PixelLimits};
#[cfg(feature = "libav")]
pub use measure::{Pictures, Pixels, Request, all_grids, key_grids, luma_of, pixels};
#[cfg(feature = "libav")]
pub use reference::{Reference, ReferenceRequest, reference};

/// Block means of one decoded picture: 8-bit samples in fixed point with 8 fractional bits (0 to 65,280).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Grid {
    /// Presentation time in ticks of [`CLOCK`](crate::scan::CLOCK), unwrapped as in a [`Scan`](crate::scan::Scan).
    pub pts: i64,
    /// Key frame (H.264 IDR).
    pub key: bool,
    /// The decoder concealed or reported an error in this picture.
    pub damaged: bool,
    /// Means of luma, row by row: [`Lattice::cells`] values.
    pub y: Vec<u16>,
    /// Means of the first chroma plane.
    pub u: Vec<u16>,
    /// Means of the second chroma plane.
    pub v: Vec<u16>,
}

/// How a picture is divided into blocks. Source and rendition are reduced with the same one.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub struct Lattice {
    /// Blocks across: 32, or 16 for small renditions.
    pub columns: u8,
    /// Blocks down: 18, or 9.
    pub rows: u8,
    /// Secret shift of the inner block borders, in 1/256 of a block's width and height, -64 to 64; (0, 0) for none.
    /// Kept from the orchestrator, so that nobody can aim just below a threshold.
    pub shift: (i8, i8),
}

impl Lattice {
    /// 32x18, for renditions of at least 256x144.
    pub const FINE: Self = Self { columns: 32, rows: 18, shift: (0, 0) };
    /// 16x9, for smaller ones: cells below 8 pixels measure coding noise.
    pub const COARSE: Self = Self { columns: 16, rows: 9, shift: (0, 0) };

    /// Blocks in all.
    pub const fn cells(&self) -> usize {
        self.columns as usize * self.rows as usize
    }
}

/// All pictures of a file, in presentation order.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Grids {
    /// How they were divided.
    pub lattice: Lattice,
    /// Width and height of the pictures, as decoded and cropped.
    pub size: (u32, u32),
    /// Samples use the full range; [`Grid`] values are as decoded, not mapped.
    pub full_range: bool,
    /// One for each decoded picture.
    pub frames: Vec<Grid>,
    /// The decoder reported errors it could not tie to a picture.
    pub decode_errors: u32,
}

/// The luma plane of one picture without padding, for checks at full resolution.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Luma {
    /// Presentation time, as in [`Grid`].
    pub pts: i64,
    /// Width in samples.
    pub width: u32,
    /// Height in samples.
    pub height: u32,
    /// Samples, row by row.
    pub samples: Vec<u8>,
}
