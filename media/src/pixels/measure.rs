//! From a file to what checks compare.

use std::ops::ControlFlow;

use ffmpeg_next::format::Pixel;
use ffmpeg_next::frame::Video;
use ffmpeg_next::software::scaling;

use super::blocks::Divider;
use super::decode::{Shown, decode};
use super::demux::{Units, units};
use super::limits::{Budget, PixelError, PixelLimits};
use super::planes::{Layout, is_full_range};
use super::{Grid, Grids, Lattice};
use crate::Container;

/// Value of chroma where a picture has none.
const GREY: u16 = 128 << 8;

/// Grids of key frames alone: nothing else is decoded. At most [`PixelLimits::key_frames`], spread over the file.
///
/// Blocks; on one thread.
pub fn key_grids(
    bytes: &[u8],
    container: Container,
    lattice: Lattice,
    limits: &PixelLimits,
) -> Result<Grids, PixelError> {
    let mut budget = Budget::open(limits, bytes)?;
    check_lattice(lattice)?;
    let units = units(bytes, container, &mut budget)?;
    let chosen = key_units(&units, limits.key_frames)?;
    grids(&units, |index| chosen.binary_search(&index).is_ok(), lattice, &mut budget)
}

/// Grids of all pictures, in presentation order.
///
/// Blocks; on one thread.
pub fn all_grids(
    bytes: &[u8],
    container: Container,
    lattice: Lattice,
    limits: &PixelLimits,
) -> Result<Grids, PixelError> {
    let mut budget = Budget::open(limits, bytes)?;
    check_lattice(lattice)?;
    let units = units(bytes, container, &mut budget)?;
    grids(&units, |_| true, lattice, &mut budget)
}

fn check_lattice(lattice: Lattice) -> Result<(), PixelError> {
    let Lattice { columns, rows, .. } = lattice;
    if columns == 0 || rows == 0 { Err(PixelError::Lattice { columns, rows }) } else { Ok(()) }
}

/// Places of at most `most` key frames: the first, the last and what lies evenly between.
fn key_units(units: &Units, most: u32) -> Result<Vec<usize>, PixelError> {
    let all = units.all.iter().enumerate();
    let keys: Vec<usize> = all.filter(|(_, unit)| unit.key).map(|(index, _)| index).collect();
    if keys.is_empty() {
        let units = u32::try_from(units.all.len()).unwrap_or(u32::MAX);
        return Err(PixelError::NoKeyFrame { units });
    }
    let most = (most.max(1) as usize).min(keys.len());
    let steps = (most - 1).max(1);
    Ok((0..most).filter_map(|n| keys.get(n * (keys.len() - 1) / steps)).copied().collect())
}

fn grids(
    units: &Units,
    wanted: impl Fn(usize) -> bool,
    lattice: Lattice,
    budget: &mut Budget<'_>,
) -> Result<Grids, PixelError> {
    let mut grids =
        Grids { lattice, size: (0, 0), full_range: false, frames: Vec::new(), decode_errors: 0 };
    let mut reducer = Reducer::new(lattice);
    let per_grid = 6 * lattice.cells() as u64 + size_of::<Grid>() as u64;
    let count = (0..units.all.len()).filter(|index| wanted(*index)).count() as u64;
    budget.take(count.saturating_mul(per_grid))?;
    let errors = decode(units, wanted, budget, &mut |picture, shown| {
        if grids.frames.is_empty() {
            grids.size = (picture.width(), picture.height());
            grids.full_range = is_full_range(picture);
        }
        grids.frames.push(reducer.grid(picture, shown)?);
        Ok(ControlFlow::Continue(()))
    })?;
    if grids.frames.is_empty() {
        let units = u32::try_from(units.all.len()).unwrap_or(u32::MAX);
        return Err(PixelError::NoPicture { units, errors });
    }
    grids.decode_errors = errors.saturating_add(units.errors);
    grids.frames.sort_by_key(|grid| grid.pts);
    Ok(grids)
}

/// Reduces pictures to grids.
pub(super) struct Reducer {
    lattice: Lattice,
    luma: Option<Divider>,
    chroma: Option<Divider>,
}

impl Reducer {
    pub(super) const fn new(lattice: Lattice) -> Self {
        Self { lattice, luma: None, chroma: None }
    }

    pub(super) fn grid(&mut self, picture: &Video, shown: Shown) -> Result<Grid, PixelError> {
        match Layout::of(picture.format()) {
            Some(layout) => self.reduce(picture, layout, shown),
            None => self.converted(picture, shown),
        }
    }

    fn reduce(
        &mut self,
        picture: &Video,
        layout: Layout,
        shown: Shown,
    ) -> Result<Grid, PixelError> {
        let format =
            || PixelError::Format { format: format!("{:?}", picture.format()).to_lowercase() };
        let Shown { pts, key, damaged } = shown;
        let luma = layout.luma(picture).ok_or_else(format)?;
        let y = divider(&mut self.luma, (luma.width, luma.height), self.lattice).means(&luma);
        let mut chroma = |index| match layout.chroma(picture, index) {
            Some(plane) => {
                divider(&mut self.chroma, (plane.width, plane.height), self.lattice).means(&plane)
            }
            None => vec![GREY; self.lattice.cells()],
        };
        let (u, v) = (chroma(1), chroma(2));
        Ok(Grid { pts, key, damaged, y, u, v })
    }

    /// By way of 8-bit 4:2:0, as a transcoder does it.
    fn converted(&mut self, picture: &Video, shown: Shown) -> Result<Grid, PixelError> {
        let format =
            || PixelError::Format { format: format!("{:?}", picture.format()).to_lowercase() };
        let (width, height) = (picture.width(), picture.height());
        let mut context = scaling::Context::get(
            picture.format(),
            width,
            height,
            Pixel::YUV420P,
            width,
            height,
            scaling::Flags::BICUBIC,
        )
        .map_err(|_| format())?;
        let mut converted = Video::empty();
        context.run(picture, &mut converted).map_err(|_| format())?;
        let layout = Layout::of(Pixel::YUV420P).ok_or_else(format)?;
        self.reduce(&converted, layout, shown)
    }
}

/// The divider for planes of this size, a new one where the last was of another.
fn divider(slot: &mut Option<Divider>, size: (u32, u32), lattice: Lattice) -> &mut Divider {
    if slot.as_ref().is_none_or(|divider| divider.size() != size) {
        *slot = None;
    }
    slot.get_or_insert_with(|| Divider::new(size, lattice))
}
