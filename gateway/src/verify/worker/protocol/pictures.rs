//! Block means as they pass: one list for each picture.

use serde::{Deserialize, Serialize};
use waymark_media::pixels::{Grid, Grids, Lattice};

use super::ProtocolError;

/// [`Grids`] as they pass.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Pictures {
    pub(super) lattice: Lattice,
    pub(super) size: (u32, u32),
    pub(super) full_range: bool,
    pub(super) decode_errors: u32,
    pub(super) frames: Vec<Picture>,
}

/// One [`Grid`] as it passes.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Picture {
    pub(super) pts: i64,
    pub(super) key: bool,
    pub(super) damaged: bool,
    /// Luma, then both chroma planes: three times as many as there are blocks.
    pub(super) means: Vec<u16>,
}

impl From<Grids> for Pictures {
    fn from(grids: Grids) -> Self {
        let frames = grids.frames.into_iter().map(|Grid { pts, key, damaged, mut y, u, v }| {
            y.extend(u);
            y.extend(v);
            Picture { pts, key, damaged, means: y }
        });
        Self {
            lattice: grids.lattice,
            size: grids.size,
            full_range: grids.full_range,
            decode_errors: grids.decode_errors,
            frames: frames.collect(),
        }
    }
}

impl TryFrom<Pictures> for Grids {
    type Error = ProtocolError;

    /// Every picture has as many means as its lattice has blocks.
    fn try_from(pictures: Pictures) -> Result<Self, ProtocolError> {
        let cells = pictures.lattice.cells();
        let frames = pictures.frames.into_iter().map(|picture| {
            let mut y = picture.means;
            if y.len() != cells * 3 {
                return Err(ProtocolError::Inconsistent { what: "blocks and means differ" });
            }
            let v = y.split_off(cells * 2);
            let u = y.split_off(cells);
            let Picture { pts, key, damaged, .. } = picture;
            Ok(Grid { pts, key, damaged, y, u, v })
        });
        Ok(Self {
            lattice: pictures.lattice,
            size: pictures.size,
            full_range: pictures.full_range,
            frames: frames.collect::<Result<_, _>>()?,
            decode_errors: pictures.decode_errors,
        })
    }
}
