//! What was decoded of a source so far.

use std::rc::Rc;

use waymark_media::{
    Container, Scaling,
    pixels::{
        Grids, Lattice, Luma, PixelError, PixelLimits, Request, all_grids, key_grids, pixels,
    },
};

use super::{encoding::Encoded, source::MeasureError};

/// How much of a source is decoded at once.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Keep {
    /// What one request needs.
    Needed,
    /// Everything, in full resolution as well, for many renditions of the same size: the memory of all its pictures.
    All,
}

/// A source and what was made of it.
#[derive(Debug)]
pub(super) struct Store<'a> {
    pub(super) bytes: &'a [u8],
    pub(super) container: Container,
    pub(super) limits: PixelLimits,
    pub(super) keep: Keep,
    keys: Vec<Rc<Grids>>,
    grids: Vec<Rc<Grids>>,
    planes: Vec<Scaled>,
    pub(super) encodings: Vec<Encoded>,
}

/// Pictures of a source at another size.
#[derive(Debug)]
struct Scaled {
    size: (u32, u32),
    scaling: Scaling,
    /// Those that were looked for: not all of them may decode.
    times: Vec<i64>,
    planes: Rc<Vec<Luma>>,
}

impl<'a> Store<'a> {
    pub(super) const fn new(
        bytes: &'a [u8],
        container: Container,
        limits: PixelLimits,
        keep: Keep,
    ) -> Self {
        Self {
            bytes,
            container,
            limits,
            keep,
            keys: Vec::new(),
            grids: Vec::new(),
            planes: Vec::new(),
            encodings: Vec::new(),
        }
    }

    pub(super) const fn limits(&self) -> &PixelLimits {
        &self.limits
    }

    /// Its key pictures, divided like this.
    pub(super) fn keys(&mut self, lattice: Lattice) -> Result<Rc<Grids>, MeasureError> {
        let Self { bytes, container, limits, keys, .. } = self;
        kept(keys, lattice, || key_grids(bytes, *container, lattice, limits))
    }

    /// All its pictures, divided like this.
    pub(super) fn grids(&mut self, lattice: Lattice) -> Result<Rc<Grids>, MeasureError> {
        let Self { bytes, container, limits, grids, .. } = self;
        kept(grids, lattice, || all_grids(bytes, *container, lattice, limits))
    }

    /// Its pictures at these times, and maybe others, scaled and mapped to the limited range.
    pub(super) fn planes(
        &mut self,
        size: (u32, u32),
        scaling: Scaling,
        times: &[i64],
    ) -> Result<Rc<Vec<Luma>>, MeasureError> {
        let same = |known: &Scaled| (known.size, known.scaling) == (size, scaling);
        let all = self.keep == Keep::All;
        let has = |known: &Scaled| all || times.iter().all(|at| known.times.contains(at));
        if let Some(known) = self.planes.iter().find(|known| same(known) && has(known)) {
            return Ok(Rc::clone(&known.planes));
        }
        let times = match self.keep {
            Keep::Needed => times.to_vec(),
            Keep::All => self.times()?,
        };
        let request = Request {
            lumas: &times,
            size: Some(size),
            scaling,
            limited: true,
            ..Request::new(Lattice::FINE)
        };
        let made = pixels(self.bytes, self.container, &request, &self.limits);
        let planes = Rc::new(made.map_err(MeasureError::Source)?.lumas);
        self.planes.retain(|known| !same(known));
        self.planes.push(Scaled { size, scaling, times, planes: Rc::clone(&planes) });
        Ok(planes)
    }

    /// Lets go of what only one dispute needed: pictures in full resolution.
    pub(super) fn disputed(&mut self) {
        if self.keep == Keep::Needed {
            self.planes.clear();
            self.encodings.clear();
        }
    }

    /// Times of all its pictures that decode.
    fn times(&mut self) -> Result<Vec<i64>, MeasureError> {
        let known = self.grids.first().cloned();
        let grids = known.map_or_else(|| self.grids(Lattice::FINE), Ok)?;
        Ok(grids.frames.iter().map(|grid| grid.pts).collect())
    }
}

/// The grids of this lattice that are known already, or new ones.
fn kept(
    known: &mut Vec<Rc<Grids>>,
    lattice: Lattice,
    make: impl FnOnce() -> Result<Grids, PixelError>,
) -> Result<Rc<Grids>, MeasureError> {
    if let Some(grids) = known.iter().find(|grids| grids.lattice == lattice) {
        return Ok(Rc::clone(grids));
    }
    let grids = Rc::new(make().map_err(MeasureError::Source)?);
    known.push(Rc::clone(&grids));
    Ok(grids)
}
