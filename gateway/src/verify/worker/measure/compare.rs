//! All pictures of renditions against those of their source.

use bytes::Bytes;
use waymark_media::{
    Container,
    pixels::{
        Grids, Lattice, Luma, Pictures, PixelError, PixelLimits, Request, all_grids, luma_of,
        pixels,
    },
};
use waymark_verification::full::{Quality, Whole, measure, sharpen};

use crate::{
    orchestrator::error::chain,
    verify::worker::protocol::{Compared, Comparison},
};

/// Pictures at full resolution of one rendition: more are not looked at.
const MOST_DRAWN: usize = 16;

/// A source; decoded once for each lattice that is asked for.
pub(super) struct Source<'a> {
    bytes: &'a Bytes,
    container: Container,
    grids: Vec<Grids>,
}

impl<'a> Source<'a> {
    pub(super) const fn new(bytes: &'a Bytes, container: Container) -> Self {
        Self { bytes, container, grids: Vec::new() }
    }

    fn grids(&mut self, lattice: Lattice) -> Result<&Grids, PixelError> {
        let known = self.grids.iter().position(|grids| grids.lattice == lattice);
        let index = match known {
            Some(index) => index,
            None => {
                let limits = PixelLimits::default();
                let made = all_grids(self.bytes, self.container, lattice, &limits)?;
                self.grids.push(made);
                self.grids.len() - 1
            }
        };
        self.grids.get(index).ok_or(PixelError::Lattice { columns: 0, rows: 0 })
    }
}

/// Compares each; an error is the source's fault.
pub(super) fn all(
    mut source: Source<'_>,
    renditions: &[Comparison],
    files: &[Bytes],
) -> Result<Vec<Result<Compared, String>>, String> {
    let pairs = renditions.iter().zip(files);
    pairs.map(|(comparison, file)| one(&mut source, comparison, file)).collect()
}

/// The outer error is the source's fault, the inner one the rendition's.
fn one(
    source: &mut Source<'_>,
    comparison: &Comparison,
    file: &Bytes,
) -> Result<Result<Compared, String>, String> {
    let (bytes, container) = (source.bytes, source.container);
    let at_source = |error: PixelError| format!("the source: {}", chain(&error));
    let lattice = comparison.lattice.into();
    let ours = source.grids(lattice).map_err(at_source)?;
    let drawn: Vec<(u32, i64, i64)> = comparison
        .drawn
        .iter()
        .take(MOST_DRAWN)
        .filter_map(|index| {
            let at = usize::try_from(*index).ok()?;
            let shown = comparison.shows.get(at).filter(|shown| **shown != i64::MIN)?;
            Some((*index, *comparison.pts.get(at)?, *shown))
        })
        .collect();
    let times: Vec<i64> = drawn.iter().map(|(_, pts, _)| *pts).collect();
    let request =
        Request { grids: Pictures::All, lumas: &times, limited: true, ..Request::new(lattice) };
    let limits = PixelLimits::default();
    let theirs = match pixels(file, comparison.container.into(), &request, &limits) {
        Ok(theirs) => theirs,
        Err(error) => return Ok(Err(chain(&error))),
    };
    let mapping = mapping(comparison, ours, &theirs.grids);
    let mut features = measure(ours, &theirs.grids, &mapping);
    let mut shown: Vec<i64> = drawn.iter().map(|(_, _, shown)| *shown).collect();
    shown.sort_unstable();
    shown.dedup();
    let planes = if shown.is_empty() {
        Vec::new()
    } else {
        luma_of(bytes, container, &shown, Some(theirs.grids.size), &limits).map_err(at_source)?
    };
    let plane = |of: &'_ [Luma], pts: i64| of.iter().position(|luma| luma.pts == pts);
    let pairs: Vec<(u32, &Luma, &Luma)> = drawn
        .iter()
        .filter_map(|(index, pts, shown)| {
            let source = planes.get(plane(&planes, *shown)?)?;
            let rendition = theirs.lumas.get(plane(&theirs.lumas, *pts)?)?;
            Some((*index, source, rendition))
        })
        .collect();
    let wholes: Vec<Whole<'_>> = pairs
        .iter()
        .map(|&(frame, source, rendition)| Whole { frame, source, rendition })
        .collect();
    sharpen(&mut features, &wholes);
    let drawn =
        pairs.iter().filter_map(|(frame, source, shown)| Quality::of(*frame, source, shown));
    Ok(Ok(Compared { features, drawn: drawn.collect() }))
}

/// For each picture that was decoded the source's picture, as a place among those decoded.
fn mapping(comparison: &Comparison, source: &Grids, rendition: &Grids) -> Vec<Option<u32>> {
    let place = |pts: i64| {
        let at = comparison.pts.binary_search(&pts).ok()?;
        let shown = comparison.shows.get(at)?;
        let at = source.frames.binary_search_by_key(shown, |grid| grid.pts).ok()?;
        u32::try_from(at).ok()
    };
    rendition.frames.iter().map(|grid| place(grid.pts)).collect()
}
