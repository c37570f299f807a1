//! The measurements themselves. Blocking, on one thread, within the limits of decoding.

use std::rc::Rc;

use waymark_media::{
    Container, Scaling,
    pixels::{Grids, Lattice, Luma, Pictures, PixelError, PixelLimits, Pixels, Request, pixels},
};

use super::{
    Compared, Comparison, Dispute, Disputed,
    store::{Keep, Store},
};
use crate::full::{Features, Quality, Summary, Whole, measure, sharpen};

/// Methods of scaling a dispute tries: which one it uses is a node's own choice.
const SCALINGS: [Scaling; 2] = [Scaling::Bicubic, Scaling::Bilinear];

/// A source, with what its renditions have in common made once.
#[derive(Debug)]
pub struct Source<'a> {
    pub(super) store: Store<'a>,
}

/// Nothing was measured.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum MeasureError {
    /// Because of the rendition.
    #[error(transparent)]
    Rendition(PixelError),
    /// Because of the source.
    #[error("the source")]
    Source(#[source] PixelError),
    /// Because nothing could be encoded to compare it with.
    #[error("our own encoding")]
    Encoding(#[source] PixelError),
}

/// What was decoded of an encoding of the source.
#[derive(Clone, Copy)]
pub(super) struct Shown<'a> {
    pub(super) asked: &'a Comparison,
    pub(super) pixels: &'a Pixels,
}

impl<'a> Source<'a> {
    /// A source in this container. Every decode and every encode has `limits` for itself.
    pub const fn new(
        bytes: &'a [u8],
        container: Container,
        limits: PixelLimits,
        keep: Keep,
    ) -> Self {
        Self { store: Store::new(bytes, container, limits, keep) }
    }

    /// Block means of its key pictures.
    pub fn keys(&mut self, lattice: Lattice) -> Result<Rc<Grids>, MeasureError> {
        self.store.keys(lattice)
    }

    /// All pictures of a rendition beside the source's, and those drawn in full resolution.
    pub fn compare(&mut self, file: &[u8], asked: &Comparison) -> Result<Compared, MeasureError> {
        // Whose fault it is, is the source's first: nobody could do better with it.
        self.store.grids(asked.lattice)?;
        let pixels = self.decode(file, asked, &asked.drawn)?;
        let shown = Shown { asked, pixels: &pixels };
        let features = self.blocks(shown)?;
        let wholes = self.wholes(shown, Scaling::Bicubic)?;
        Ok(wholes.with(features, &asked.drawn))
    }

    /// The same beside our own encoding of the source, with the method of scaling that the rendition resembles more.
    pub fn dispute(&mut self, file: &[u8], asked: &Dispute) -> Result<Disputed, MeasureError> {
        let comparison = &asked.comparison;
        let detailed = [comparison.drawn.as_slice(), &asked.pointed].concat();
        self.store.grids(comparison.lattice)?;
        let pixels = self.decode(file, comparison, &asked.places())?;
        let shown = Shown { asked: comparison, pixels: &pixels };
        let (scaling, wholes) = self.nearest(shown)?;
        let theirs = wholes.with(self.blocks(shown)?, &detailed);
        let encoding = self.encoding(asked, pixels.grids.size, scaling, &shown.times())?;
        let same = |luma: &&Luma| pixels.lumas.iter().any(|shown| shown.pts == luma.pts);
        let ours = Pixels {
            grids: encoding.grids.clone(),
            lumas: encoding.encoded.iter().filter(same).cloned().collect(),
        };
        let shown = Shown { asked: comparison, pixels: &ours };
        let features = self.blocks(shown)?;
        let ours = self.wholes(shown, scaling)?.with(features, &detailed);
        self.store.disputed();
        Ok(Disputed { theirs, ours })
    }

    /// All pictures of a file as grids, and those at these places in full resolution.
    fn decode(
        &self,
        file: &[u8],
        asked: &Comparison,
        places: &[u32],
    ) -> Result<Pixels, MeasureError> {
        let request = Request {
            grids: Pictures::All,
            lumas: &asked.times(places),
            limited: true,
            ..Request::new(asked.lattice)
        };
        pixels(file, asked.container, &request, self.store.limits())
            .map_err(MeasureError::Rendition)
    }

    /// Features of block means.
    fn blocks(&mut self, shown: Shown<'_>) -> Result<Features, MeasureError> {
        let grids = &shown.pixels.grids;
        let source = self.store.grids(grids.lattice)?;
        Ok(measure(&source, grids, &shown.asked.mapping(&source, grids)))
    }

    /// The source's pictures at the size of what was decoded, each beside the one that must show it.
    fn wholes<'s>(
        &mut self,
        shown: Shown<'s>,
        scaling: Scaling,
    ) -> Result<Wholes<'s>, MeasureError> {
        let planes = self.store.planes(shown.pixels.grids.size, scaling, &shown.sources())?;
        let pairs = shown.pixels.lumas.iter().filter_map(|luma| {
            let place = u32::try_from(shown.asked.place(luma.pts)?).ok()?;
            let of = shown.asked.shown(luma.pts)?;
            let at = planes.iter().position(|plane| plane.pts == of)?;
            Some((place, at, luma))
        });
        let pairs = pairs.collect();
        Ok(Wholes { planes, pairs })
    }

    /// The method of scaling whose pictures are nearer, and those pictures.
    fn nearest<'s>(&mut self, shown: Shown<'s>) -> Result<(Scaling, Wholes<'s>), MeasureError> {
        let [first, second] = SCALINGS;
        let one = self.wholes(shown, first)?;
        let other = self.wholes(shown, second)?;
        Ok(if one.psnr() > other.psnr() { (first, one) } else { (second, other) })
    }
}

impl Shown<'_> {
    /// Times of the pictures that there are in full resolution.
    fn times(self) -> Vec<i64> {
        self.pixels.lumas.iter().map(|luma| luma.pts).collect()
    }

    /// Times of the source's pictures that they must show.
    fn sources(self) -> Vec<i64> {
        self.times().into_iter().filter_map(|pts| self.asked.shown(pts)).collect()
    }
}

/// Pictures in full resolution.
struct Wholes<'a> {
    /// The source's.
    planes: Rc<Vec<Luma>>,
    /// Places of the others, which of `planes` each must show, and its samples.
    pairs: Vec<(u32, usize, &'a Luma)>,
}

impl Wholes<'_> {
    fn each(&self) -> impl Iterator<Item = Whole<'_>> {
        self.pairs.iter().filter_map(|&(frame, at, rendition)| {
            Some(Whole { frame, source: self.planes.get(at)?, rendition })
        })
    }

    fn qualities(&self) -> Vec<Quality> {
        self.each().filter_map(|one| Quality::of(one.frame, one.source, one.rendition)).collect()
    }

    /// Mean PSNR in dB; 0 where there is nothing to compare.
    fn psnr(&self) -> f64 {
        Summary::of(&self.qualities()).map_or(0.0, |summary| summary.psnr)
    }

    /// What they show, with the features of block means. Detail is measured, and tiles are kept, of those at `detailed`.
    fn with(&self, mut features: Features, detailed: &[u32]) -> Compared {
        let chosen = self.each().filter(|one| detailed.contains(&one.frame));
        sharpen(&mut features, &chosen.collect::<Vec<_>>());
        let mut pictures = self.qualities();
        for picture in pictures.iter_mut().filter(|picture| !detailed.contains(&picture.frame)) {
            picture.tiles = Vec::new();
        }
        Compared { features, pictures }
    }
}
