//! F13.before: the first key frame shows what the source shows, not what an earlier segment of the stream showed.
//!
//! Where a stream hardly moves, an old picture is within the bounds of the new one. Of two known pictures it is plain all
//! the same which one a third is: how far it lies on the way from the one to the other. Coding noise lies across that way,
//! not along it.

use std::borrow::Cow;

use waymark_media::pixels::{Grids, Lattice};

use super::key::{STEP, limited, pairs};
use crate::check::{Check, Kind};
use crate::expect::Expectation;
use crate::thresholds;

/// The check's name.
pub(crate) const ID: &str = "F13.before";

/// The luma of an earlier segment's first picture, in 8-bit steps of the limited range.
#[derive(Clone, Debug, PartialEq)]
pub struct Earlier {
    lattice: Lattice,
    luma: Vec<f32>,
}

impl Earlier {
    /// Of a source's key pictures. `None` where there is none, or a damaged one.
    pub fn of(source: &Grids) -> Option<Self> {
        let grid = source.frames.first().filter(|grid| !grid.damaged)?;
        let luma = luma(&grid.y, source.full_range).collect();
        Some(Self { lattice: source.lattice, luma })
    }

    /// Divided like this. `None` where those blocks are not made of whole ones of its own.
    fn divided(&self, lattice: Lattice) -> Option<Cow<'_, [f32]>> {
        let own = self.lattice;
        if lattice == own {
            return Some(Cow::Borrowed(&self.luma));
        }
        let whole = |own: u8, other: u8| {
            (own > 0 && own.checked_rem(other)? == 0).then(|| usize::from(own) / usize::from(other))
        };
        let (across, down) = (whole(own.columns, lattice.columns)?, whole(own.rows, lattice.rows)?);
        if (own.shift, lattice.shift) != ((0, 0), (0, 0)) || self.luma.len() != own.cells() {
            return None;
        }
        let mut means = vec![0.0_f32; lattice.cells()];
        let parts = f32::from(own.columns / lattice.columns) * f32::from(own.rows / lattice.rows);
        let rows = self.luma.chunks_exact(usize::from(own.columns));
        for (row, blocks) in rows.enumerate() {
            let means = means.chunks_exact_mut(usize::from(lattice.columns)).nth(row / down)?;
            for (mean, blocks) in means.iter_mut().zip(blocks.chunks_exact(across)) {
                *mean += blocks.iter().sum::<f32>() / parts;
            }
        }
        Some(Cow::Owned(means))
    }
}

/// Compares the rendition's first picture with those of earlier segments, divided as finely or more, that look different
/// from the one that it must show. The value is the largest share of the way to one of them: 0 for the source's picture,
/// 1 for the earlier one's.
///
/// A failure is no fact: the next tier decides.
pub fn before<'a>(
    expected: &Expectation,
    source: &Grids,
    rendition: &Grids,
    earlier: impl IntoIterator<Item = &'a Earlier>,
    bounds: &thresholds::Key,
) -> Check {
    let Some((of, grid)) = pairs(expected, source, rendition).next() else {
        return Check::not_run(ID, "no pictures to compare").kind(Kind::Soft);
    };
    let now: Vec<f32> = luma(&of.y, source.full_range).collect();
    let shown: Vec<f32> = luma(&grid.y, rendition.full_range).collect();
    let divided = earlier.into_iter().filter_map(|earlier| earlier.divided(rendition.lattice));
    let shares = divided.filter_map(|earlier| share(&now, &shown, &earlier, bounds.apart));
    let check = match shares.max_by(f64::total_cmp) {
        Some(share) => Check::at_most(ID, share, bounds.before),
        None => Check::not_run(ID, "no earlier picture that looks different"),
    };
    check.kind(Kind::Soft)
}

/// How far `shown` lies on the way from `now` to `earlier`; `None` where no block of the two is `apart` steps from the other.
fn share(now: &[f32], shown: &[f32], earlier: &[f32], apart: f64) -> Option<f64> {
    let (mut along, mut way, mut most) = (0.0, 0.0, 0.0_f64);
    for ((now, shown), earlier) in now.iter().zip(shown).zip(earlier) {
        let (now, shown, earlier) = (f64::from(*now), f64::from(*shown), f64::from(*earlier));
        let step = earlier - now;
        along += (shown - now) * step;
        way += step * step;
        most = most.max(step.abs());
    }
    (most >= apart && way > 0.0).then_some(along / way)
}

fn luma(plane: &[u16], full_range: bool) -> impl Iterator<Item = f32> {
    plane.iter().map(move |sample| {
        let value = f64::from(*sample);
        let value = if full_range { limited(value) } else { value } / STEP;
        #[expect(clippy::cast_possible_truncation, reason = "16 bits have room in 24")]
        let value = value as f32;
        value
    })
}
