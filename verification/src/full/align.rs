//! Pictures of a rendition beside the pictures of the source that they must show, in one range.
//!
//! Everything here comes from decoders that may have been subverted: a picture of the wrong number of
//! blocks, or a mapping that points nowhere, is left out and never indexed.

use std::borrow::Cow;

use waymark_media::pixels::{Grid, Grids};

use crate::expect::Expectation;

/// Black and the middle of chroma in limited range, in the fixed point of a grid.
const BLACK: u32 = 16 << 8;
const MIDDLE: i32 = 128 << 8;

/// Which decoded picture of the source each decoded picture of the rendition must show: `None` where
/// the source has none for its time.
pub fn mapping(expected: &Expectation, source: &Grids, rendition: &Grids) -> Vec<Option<u32>> {
    let times: Vec<i64> = rendition.frames.iter().map(|frame| frame.pts).collect();
    let aligned = expected.align(&times);
    let decoded = |index: Option<u32>| {
        let pts = *expected.source_pts.get(usize::try_from(index?).ok()?)?;
        let at = source.frames.binary_search_by_key(&pts, |frame| frame.pts).ok()?;
        u32::try_from(at).ok()
    };
    aligned.sources.into_iter().map(decoded).collect()
}

/// Block means of one picture, limited range.
#[derive(Clone, Debug)]
pub(super) struct Picture<'a> {
    pub(super) y: Cow<'a, [u16]>,
    pub(super) u: Cow<'a, [u16]>,
    pub(super) v: Cow<'a, [u16]>,
}

/// A picture of the rendition and the one of the source it must show.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Pair {
    /// Index in the rendition, presentation order.
    pub(super) shown: usize,
    /// Index in the source.
    pub(super) of: usize,
}

/// Both sequences, and which belongs to which.
#[derive(Debug)]
pub(super) struct Aligned<'a> {
    /// `None` where a picture has the wrong number of blocks.
    source: Vec<Option<Picture<'a>>>,
    rendition: Vec<Option<Picture<'a>>>,
    /// In presentation order; every index is that of a usable picture.
    pub(super) pairs: Vec<Pair>,
}

impl<'a> Aligned<'a> {
    /// `mapping[k]` is the picture of the source that picture `k` of the rendition must show.
    pub(super) fn new(source: &'a Grids, rendition: &'a Grids, mapping: &[Option<u32>]) -> Self {
        let left = pictures(source);
        let right =
            if source.lattice == rendition.lattice { pictures(rendition) } else { Vec::new() };
        let usable =
            |list: &[Option<Picture<'_>>], i: usize| list.get(i).is_some_and(Option::is_some);
        let pairs = mapping
            .iter()
            .enumerate()
            .filter_map(|(shown, of)| Some(Pair { shown, of: usize::try_from((*of)?).ok()? }))
            .filter(|pair| usable(&right, pair.shown) && usable(&left, pair.of))
            .collect();
        Self { source: left, rendition: right, pairs }
    }

    /// A picture of the source; `None` where there is none.
    pub(super) fn source(&self, index: usize) -> Option<&Picture<'a>> {
        self.source.get(index)?.as_ref()
    }

    /// A picture of the rendition; `None` where there is none.
    pub(super) fn rendition(&self, index: usize) -> Option<&Picture<'a>> {
        self.rendition.get(index)?.as_ref()
    }

    /// For what lasts: the picture in the middle of the rendition, the first and the last.
    pub(super) fn span(&self) -> Vec<usize> {
        let shown = |pair: &Pair| pair.shown;
        let middle = self.pairs.get(self.pairs.len() / 2).map(shown);
        let ends = [self.pairs.first(), self.pairs.last()].into_iter().flatten().map(shown);
        middle.into_iter().chain(ends).collect()
    }

    /// Mean difference of luma of two pictures of the source; 0 where one is missing, which reads as
    /// "nothing moves".
    pub(super) fn motion(&self, a: usize, b: usize) -> f64 {
        match (self.source(a), self.source(b)) {
            (Some(a), Some(b)) => mean_difference(&a.y, &b.y),
            _ => 0.0,
        }
    }
}

/// Mean of the absolute differences, in units of an 8-bit sample.
pub(super) fn mean_difference(a: &[u16], b: &[u16]) -> f64 {
    let cells = a.len().min(b.len()).max(1);
    // At most 65,025 blocks of at most 65,535: below 2^32.
    let sum: u32 = a.iter().zip(b).map(|(a, b)| u32::from(a.abs_diff(*b))).sum();
    f64::from(sum) / 256.0 / super::stats::count(cells)
}

fn pictures(grids: &Grids) -> Vec<Option<Picture<'_>>> {
    let cells = grids.lattice.cells();
    let whole = |grid: &Grid| [&grid.y, &grid.u, &grid.v].iter().all(|plane| plane.len() == cells);
    grids
        .frames
        .iter()
        .map(|grid| (cells > 0 && whole(grid)).then(|| picture(grid, grids.full_range)))
        .collect()
}

/// Encoders of the network convert a full-range source to limited range, and drop its flag.
fn picture(grid: &Grid, full_range: bool) -> Picture<'_> {
    if !full_range {
        return Picture { y: (&grid.y).into(), u: (&grid.u).into(), v: (&grid.v).into() };
    }
    let luma =
        |y: &u16| u16::try_from(BLACK + (u32::from(*y) * 219 + 127) / 255).unwrap_or(u16::MAX);
    let chroma =
        |c: &u16| u16::try_from(MIDDLE + (i32::from(*c) - MIDDLE) * 224 / 255).unwrap_or_default();
    Picture {
        y: grid.y.iter().map(luma).collect(),
        u: grid.u.iter().map(chroma).collect(),
        v: grid.v.iter().map(chroma).collect(),
    }
}
