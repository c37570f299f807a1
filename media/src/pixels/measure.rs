//! From a file to what checks compare, in one decode.

use super::decode::decode;
use super::demux::{Unit, Units, units};
use super::limits::{Budget, PixelError, PixelLimits};
use super::reduce::Reducer;
use super::scale::Scaler;
use super::{Grid, Grids, Lattice, Luma};
use crate::Container;
use crate::reel::Scaling;

/// Largest side a plane is scaled to.
const MAX_SIDE: u32 = 16_384;

/// Which pictures are reduced to grids.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Default)]
pub enum Pictures<'a> {
    /// None.
    #[default]
    None,
    /// Key frames, at most [`PixelLimits::key_frames`], spread over the file with the first and the last among them.
    Keys,
    /// Those at these presentation times.
    At(&'a [i64]),
    /// All.
    All,
}

/// What is wanted of a file.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Request<'a> {
    /// How pictures are divided.
    pub lattice: Lattice,
    /// Pictures to reduce to grids.
    pub grids: Pictures<'a>,
    /// Presentation times of the pictures whose luma planes are wanted.
    pub lumas: &'a [i64],
    /// Width and height the luma planes are scaled to; `None` leaves them as they are.
    pub size: Option<(u32, u32)>,
    /// How they are scaled: bicubically, as stock nodes do, unless told otherwise.
    pub scaling: Scaling,
    /// Map luma planes of full-range pictures to the limited range, as transcoders do. Grids are never mapped.
    pub limited: bool,
}

impl Request<'_> {
    /// Nothing yet, with this lattice.
    pub const fn new(lattice: Lattice) -> Self {
        Self {
            lattice,
            grids: Pictures::None,
            lumas: &[],
            size: None,
            scaling: Scaling::Bicubic,
            limited: false,
        }
    }
}

/// What was found.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Pixels {
    /// Grids of the pictures asked for, as far as they could be decoded.
    pub grids: Grids,
    /// Luma planes of the pictures asked for, as far as they could be decoded, in presentation order.
    pub lumas: Vec<Luma>,
}

/// Decodes once, and no more of the file than `request` needs: from the last key frame before each wanted picture
/// to that picture. Blocks; on one thread.
pub fn pixels(
    bytes: &[u8],
    container: Container,
    request: &Request<'_>,
    limits: &PixelLimits,
) -> Result<Pixels, PixelError> {
    let budget = Budget::open(limits, bytes)?;
    check(request, &budget)?;
    let units = units(bytes, container, &budget)?;
    let chosen = Chosen::of(&units, request, limits)?;
    let Request { lattice, size, .. } = *request;
    let mut reducer = Reducer::new(lattice);
    let mut scaler = Scaler::new(size, request.limited).by(request.scaling);
    let mut first = None;
    let (mut frames, mut lumas) = (Vec::new(), Vec::new());
    let errors = decode(&units, &chosen.units, &budget, &mut |picture, shown| {
        first.get_or_insert(((picture.width(), picture.height()), shown.full_range));
        if chosen.grids.has(shown.pts) {
            budget.take(6 * lattice.cells() as u64 + size_of::<Grid>() as u64)?;
            frames.push(reducer.grid(picture, shown)?);
        }
        if chosen.lumas.has(shown.pts) {
            let (width, height) = size.unwrap_or((picture.width(), picture.height()));
            budget.take(u64::from(width) * u64::from(height) + size_of::<Luma>() as u64)?;
            lumas.push(scaler.luma(picture, shown)?);
        }
        Ok(())
    })?;
    let Some((size, full_range)) = first.or_else(|| chosen.is_empty().then_some(((0, 0), false)))
    else {
        return Err(PixelError::NoPicture { units: count(&units), errors });
    };
    frames.sort_by_key(|grid: &Grid| grid.pts);
    lumas.sort_by_key(|luma: &Luma| luma.pts);
    let decode_errors = errors.saturating_add(units.errors);
    Ok(Pixels { grids: Grids { lattice, size, full_range, frames, decode_errors }, lumas })
}

/// Grids of key frames alone, see [`Pictures::Keys`]: nothing else is decoded. A file without any is an error.
pub fn key_grids(
    bytes: &[u8],
    container: Container,
    lattice: Lattice,
    limits: &PixelLimits,
) -> Result<Grids, PixelError> {
    let request = Request { grids: Pictures::Keys, ..Request::new(lattice) };
    pixels(bytes, container, &request, limits).map(|pixels| pixels.grids)
}

/// Grids of all pictures, in presentation order.
pub fn all_grids(
    bytes: &[u8],
    container: Container,
    lattice: Lattice,
    limits: &PixelLimits,
) -> Result<Grids, PixelError> {
    let request = Request { grids: Pictures::All, ..Request::new(lattice) };
    pixels(bytes, container, &request, limits).map(|pixels| pixels.grids)
}

/// Luma planes of the pictures at these presentation times, scaled to `size` and mapped to the limited range.
pub fn luma_of(
    bytes: &[u8],
    container: Container,
    pts: &[i64],
    size: Option<(u32, u32)>,
    limits: &PixelLimits,
) -> Result<Vec<Luma>, PixelError> {
    let request = Request { lumas: pts, size, limited: true, ..Request::new(Lattice::FINE) };
    pixels(bytes, container, &request, limits).map(|pixels| pixels.lumas)
}

fn check(request: &Request<'_>, budget: &Budget<'_>) -> Result<(), PixelError> {
    check_lattice(request.lattice)?;
    request.size.map_or(Ok(()), |size| check_size(size, budget))
}

/// Whether pictures can be divided like this.
pub(super) const fn check_lattice(lattice: Lattice) -> Result<(), PixelError> {
    let Lattice { columns, rows, .. } = lattice;
    if columns == 0 || rows == 0 { Err(PixelError::Lattice { columns, rows }) } else { Ok(()) }
}

/// Whether planes can be scaled to this size.
pub(super) fn check_size(
    (width, height): (u32, u32),
    budget: &Budget<'_>,
) -> Result<(), PixelError> {
    if [width, height].into_iter().all(|side| (1..=MAX_SIDE).contains(&side)) {
        budget.check_size(width, height)
    } else {
        Err(PixelError::Size { width, height })
    }
}

pub(super) fn count(units: &Units) -> u32 {
    u32::try_from(units.all.len()).unwrap_or(u32::MAX)
}

/// Presentation times, or all there are.
enum Times {
    All,
    /// In order.
    Some(Vec<i64>),
}

impl Times {
    fn some(times: &[i64]) -> Self {
        let mut times = times.to_vec();
        times.sort_unstable();
        times.dedup();
        Self::Some(times)
    }

    fn has(&self, pts: i64) -> bool {
        match self {
            Self::All => true,
            Self::Some(times) => times.binary_search(&pts).is_ok(),
        }
    }
}

/// Which pictures are wanted, and what has to be decoded for them.
struct Chosen {
    units: Vec<bool>,
    grids: Times,
    lumas: Times,
}

impl Chosen {
    fn of(units: &Units, request: &Request<'_>, limits: &PixelLimits) -> Result<Self, PixelError> {
        let grids = match request.grids {
            Pictures::None => Times::some(&[]),
            Pictures::Keys => Times::some(&keys(units, limits.key_frames)?),
            Pictures::At(times) => Times::some(times),
            Pictures::All => Times::All,
        };
        let lumas = Times::some(request.lumas);
        let mut chosen = vec![matches!(grids, Times::All); units.all.len()];
        let closed = |unit: &Unit| unit.key;
        let mut start = 0;
        while start < units.all.len() {
            let rest = units.all.get(start + 1..).unwrap_or_default();
            let end = rest.iter().position(closed).map_or(units.all.len(), |n| start + 1 + n);
            let group = units.all.get(start..end).unwrap_or_default();
            let needed = group.iter().rposition(|unit| grids.has(unit.pts) || lumas.has(unit.pts));
            if let Some(last) = needed
                && let Some(group) = chosen.get_mut(start..=start + last)
            {
                group.fill(true);
            }
            start = end;
        }
        Ok(Self { units: chosen, grids, lumas })
    }

    fn is_empty(&self) -> bool {
        !self.units.contains(&true)
    }
}

/// Times of at most `most` key frames: the first, the last and what lies evenly between.
fn keys(units: &Units, most: u32) -> Result<Vec<i64>, PixelError> {
    let keys: Vec<i64> = units.all.iter().filter(|unit| unit.key).map(|unit| unit.pts).collect();
    if keys.is_empty() {
        return Err(PixelError::NoKeyFrame { units: count(units) });
    }
    let most = (most.max(1) as usize).min(keys.len());
    let steps = (most - 1).max(1);
    Ok((0..most).filter_map(|n| keys.get(n * (keys.len() - 1) / steps)).copied().collect())
}
