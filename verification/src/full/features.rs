//! What a comparison of all pictures measured: numbers, and where they struck.

use serde::{Deserialize, Serialize};

/// Features of one rendition against its source. A feature is `None` where nothing could be
/// measured: no picture in common, nothing moves, no detail in the source.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Features {
    /// Pictures that the rendition must have.
    pub expected: u32,
    /// Pictures that came out of the decoder.
    pub decoded: u32,
    /// Pictures compared with one of the source.
    pub compared: u32,
    /// Pictures of the rendition that the decoder reported as damaged, and its other errors.
    pub damage: u32,
    /// The same of the source. Where it is above 0, damage of the rendition is no fault.
    pub source_damage: u32,
    /// The lattice was the one for small renditions.
    pub coarse: bool,
    /// Largest mean difference of luma of a picture.
    pub fy: Option<Spot>,
    /// Largest difference of luma of a block that lasts: median over time.
    pub pbk: Option<Spot>,
    /// Largest difference of luma of a block that does not last: 97th percentile over pictures.
    pub fbk: Option<Spot>,
    /// Mean difference of chroma of a picture: 97th percentile over pictures.
    pub fc: Option<Spot>,
    /// Largest difference of chroma of a block that lasts.
    pub pck: Option<Spot>,
    /// Contrast against the source: median distance from 1 of the slope of a regression.
    pub gain: Option<Spot>,
    /// Brightness against the source: median distance from 0 of its intercept, in samples.
    pub offset: Option<Spot>,
    /// Degrees by which hues are turned.
    pub hue: Option<Spot>,
    /// Distance from 1 of the factor of saturation.
    pub saturation: Option<Spot>,
    /// Share of moving pictures that show another picture of the source than they must.
    pub order: Option<Spot>,
    /// Most pictures in a row that show one of the pictures before rather than the one they must show.
    pub late: Option<Spot>,
    /// Share of pictures that stand still while the source moves on.
    pub freeze: Option<Spot>,
    /// Most such pictures in a row.
    pub freeze_run: Option<Spot>,
    /// Detail against the source, in octaves of energy: 0 for all of it, -2 for a quarter.
    pub sharp: Option<Spot>,
    /// The source's own pictures are noise, which no encoder can keep.
    pub noise: bool,
}

/// A value and where it struck.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Spot {
    /// The value, in the unit of its feature.
    pub value: f64,
    /// Column and row of the block, for features of blocks.
    pub block: Option<(u8, u8)>,
    /// First and last picture of the rendition.
    pub frames: (u32, u32),
    /// The pictures that show it most, worst first: at most [`WORST`].
    pub worst: Vec<u32>,
}

/// Pictures that a [`Spot`] names.
pub const WORST: usize = 4;

impl Features {
    /// Each feature with the name of its check, in the order of records.
    pub const fn named(&self) -> [(&'static str, Option<&Spot>); 14] {
        [
            ("A.fy", self.fy.as_ref()),
            ("A.pbk", self.pbk.as_ref()),
            ("A.fbk", self.fbk.as_ref()),
            ("A.fc", self.fc.as_ref()),
            ("A.pck", self.pck.as_ref()),
            ("A.gain", self.gain.as_ref()),
            ("A.offset", self.offset.as_ref()),
            ("A.hue", self.hue.as_ref()),
            ("A.saturation", self.saturation.as_ref()),
            ("A.order", self.order.as_ref()),
            ("A.late", self.late.as_ref()),
            ("A.freeze", self.freeze.as_ref()),
            ("A.freeze_run", self.freeze_run.as_ref()),
            ("A.sharp", self.sharp.as_ref()),
        ]
    }

    /// The feature behind the check of this name.
    pub fn of(&self, id: &str) -> Option<&Spot> {
        self.named().into_iter().find(|(name, _)| *name == id)?.1
    }
}

impl Spot {
    /// A value of some pictures, worst first.
    pub(super) fn of(value: f64, worst: &[usize]) -> Self {
        let index = |i: &usize| u32::try_from(*i).unwrap_or(u32::MAX);
        let first = worst.iter().min().map_or(0, index);
        let last = worst.iter().max().map_or(0, index);
        let worst = worst.iter().take(WORST).map(index).collect();
        Self { value, block: None, frames: (first, last), worst }
    }

    /// The same, in this block of a lattice so many columns wide.
    pub(super) fn in_block(mut self, cell: usize, columns: u8) -> Self {
        let columns = usize::from(columns.max(1));
        let place = u8::try_from(cell % columns).ok().zip(u8::try_from(cell / columns).ok());
        self.block = place;
        self
    }
}
