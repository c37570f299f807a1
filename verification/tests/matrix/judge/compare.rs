//! All pictures of a rendition beside those of its source.

use std::rc::Rc;

use waymark_media::{
    Scaling,
    pixels::{Grids, Lattice, Luma, Pictures, PixelLimits, Pixels, Request, all_grids, pixels},
};
use waymark_verification::full::{self, Features, Quality, Whole, measure, sharpen};

use super::{Scaled, Shown, Source};
use crate::Failed;

impl Source {
    /// All pictures against the source's, and some of them in full resolution.
    pub(super) fn compared(
        &mut self,
        shown: &Shown<'_>,
        grids: &Grids,
        planes: &[Luma],
        scaling: Scaling,
    ) -> Result<Measured, Failed> {
        let source = self.grids(grids.lattice)?;
        let mapping = full::mapping(shown.expected, &source, grids);
        let mut features = measure(&source, grids, &mapping);
        let scaled = self.planes(grids.size, scaling)?;
        let pairs: Vec<(u32, &Luma, &Luma)> = planes
            .iter()
            .filter_map(|luma| {
                let frame = grids.frames.iter().position(|grid| grid.pts == luma.pts)?;
                let of = mapping.get(frame).copied().flatten()?;
                let of = source.frames.get(usize::try_from(of).ok()?)?.pts;
                let ours = scaled.iter().find(|plane| plane.pts == of)?;
                Some((u32::try_from(frame).ok()?, ours, luma))
            })
            .collect();
        let whole = |&(frame, source, rendition)| Whole { frame, source, rendition };
        sharpen(&mut features, &pairs.iter().map(whole).collect::<Vec<_>>());
        let quality =
            pairs.iter().filter_map(|(frame, source, shown)| Quality::of(*frame, source, shown));
        Ok(Measured { features, quality: quality.collect() })
    }

    fn grids(&mut self, lattice: Lattice) -> Result<Rc<Grids>, Failed> {
        let (bytes, container) = (&self.bytes, self.scan.container);
        kept(
            &mut self.grids,
            |grids| grids.lattice == lattice,
            || Ok(all_grids(bytes, container, lattice, &PixelLimits::default())?),
        )
    }

    /// All pictures of the source, scaled to a rendition's size.
    fn planes(&mut self, size: (u32, u32), scaling: Scaling) -> Result<Rc<Vec<Luma>>, Failed> {
        if let Some(known) =
            self.planes.iter().find(|known| (known.size, known.scaling) == (size, scaling))
        {
            return Ok(Rc::clone(&known.planes));
        }
        let units = self.scan.video.first().map(|track| track.units.as_slice()).unwrap_or_default();
        let lumas: Vec<i64> = units.iter().map(|unit| unit.pts).collect();
        let request = Request {
            lumas: &lumas,
            size: Some(size),
            scaling,
            limited: true,
            ..Request::new(Lattice::FINE)
        };
        let made = pixels(&self.bytes, self.scan.container, &request, &PixelLimits::default())?;
        let planes = Rc::new(made.lumas);
        self.planes.push(Scaled { size, scaling, planes: Rc::clone(&planes) });
        Ok(planes)
    }
}

/// What a comparison found.
pub(super) struct Measured {
    pub(super) features: Features,
    pub(super) quality: Vec<Quality>,
}

/// All pictures of a rendition as grids, and some of them in full resolution.
pub(super) fn decoded(
    shown: &Shown<'_>,
    lattice: Lattice,
    drawn: &[u32],
) -> Result<Pixels, Failed> {
    let times = shown.times();
    let at = |index: &u32| times.get(usize::try_from(*index).ok()?).copied();
    let lumas: Vec<i64> = drawn.iter().filter_map(at).collect();
    let grids = Pictures::All;
    let request = Request { grids, lumas: &lumas, limited: true, ..Request::new(lattice) };
    Ok(pixels(shown.bytes, shown.scan.container, &request, &PixelLimits::default())?)
}

/// The grids that are known already, or new ones.
pub(super) fn kept(
    known: &mut Vec<Rc<Grids>>,
    is: impl Fn(&Grids) -> bool,
    make: impl FnOnce() -> Result<Grids, Failed>,
) -> Result<Rc<Grids>, Failed> {
    if let Some(grids) = known.iter().find(|grids| is(grids)) {
        return Ok(Rc::clone(grids));
    }
    let grids = Rc::new(make()?);
    known.push(Rc::clone(&grids));
    Ok(grids)
}
