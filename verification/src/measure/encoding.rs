//! Our own encodings of a source.

use std::rc::Rc;

use waymark_media::{
    Scaling, Target,
    pixels::{Lattice, Reference, ReferenceRequest, reference},
};

use super::{Dispute, Source, source::MeasureError, store::Keep};

/// One of them, and what it was made for.
#[derive(Debug)]
pub(super) struct Encoded {
    target: Target,
    size: (u32, u32),
    scaling: Scaling,
    lattice: Lattice,
    reorders: bool,
    pts: Vec<i64>,
    shows: Vec<i64>,
    /// Pictures kept in full resolution.
    lumas: Vec<i64>,
    encoding: Rc<Reference>,
}

impl Source<'_> {
    /// Our own encoding of the pictures that a rendition must have, with those at `lumas` in full resolution.
    pub(super) fn encoding(
        &mut self,
        asked: &Dispute,
        size: (u32, u32),
        scaling: Scaling,
        lumas: &[i64],
    ) -> Result<Rc<Reference>, MeasureError> {
        let store = &mut self.store;
        let (pts, shows) = asked.comparison.pairs();
        let (target, lattice) = (&asked.target, asked.comparison.lattice);
        let reorders = asked.reorders;
        let same = |known: &&Encoded| {
            known.target == *target
                && (known.size, known.scaling) == (size, scaling)
                && (known.lattice, known.reorders) == (lattice, reorders)
                && (&known.pts, &known.shows) == (&pts, &shows)
                && lumas.iter().all(|at| known.lumas.contains(at) || !pts.contains(at))
        };
        if let Some(known) = store.encodings.iter().find(same) {
            return Ok(Rc::clone(&known.encoding));
        }
        let lumas = match store.keep {
            Keep::Needed => lumas.to_vec(),
            Keep::All => pts.clone(),
        };
        let request = ReferenceRequest {
            target,
            size,
            pts: &pts,
            shows: &shows,
            lumas: &lumas,
            scaling,
            lattice,
            reorders,
        };
        let made = reference(store.bytes, store.container, &request, &store.limits);
        let encoding = Rc::new(made.map_err(MeasureError::Encoding)?);
        let (target, kept) = (target.clone(), Rc::clone(&encoding));
        store.encodings.push(Encoded {
            target,
            size,
            scaling,
            lattice,
            reorders,
            pts,
            shows,
            lumas,
            encoding: kept,
        });
        Ok(encoding)
    }
}
