//! What is to be measured on one rendition.

use serde::{Deserialize, Serialize};
use waymark_media::{
    Container, Target,
    pixels::{Grids, Lattice},
    scan::Scan,
};

use crate::{
    draw::Choice,
    expect::{Expectation, Wanted},
    full::{Features, MOST_STRUCK, struck},
    verdict::Verdict,
};

/// Pictures of a rendition that the full tier looks at in full resolution.
pub const DRAWN: u32 = 3;
/// Pictures of a rendition whose errors a dispute compares, at most ...
const MOST_COMPARED: u32 = 64;
/// ... and the samples of all of them: 36 pictures of 1280x720. Five times as many bytes are held at once.
const MOST_SAMPLES: u64 = 1 << 25;
/// Pictures looked at in full resolution, at most: a dispute also measures the detail of 8 and is pointed at [`MOST_STRUCK`].
pub const MOST_PICTURES: usize = 64 + 8 + MOST_STRUCK;

/// The secrets behind one comparison.
#[derive(Clone, Copy, Debug)]
pub struct Secrets<'a> {
    /// Moves the borders of blocks. The same for all renditions of a job, so that its source is decoded once.
    pub borders: &'a Choice,
    /// Draws pictures.
    pub pictures: &'a Choice,
}

/// How one rendition is compared with its source.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Comparison {
    /// The container it really is in.
    pub container: Container,
    /// How pictures are divided.
    pub lattice: Lattice,
    /// Presentation times of its coded pictures in ticks of [`CLOCK`](waymark_media::scan::CLOCK), ascending.
    pub pts: Vec<i64>,
    /// For each of them the presentation time of the source picture that it must show, in the source's own time.
    pub shows: Vec<Option<i64>>,
    /// Places in `pts` of the pictures looked at in full resolution, ascending.
    pub drawn: Vec<u32>,
}

/// How one rendition is held against an encoding of our own.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Dispute {
    /// How both are compared with the source: other borders and other pictures than those that led here.
    pub comparison: Comparison,
    /// Places of the pictures whose errors are compared with those of our encoding, ascending: all, or as many as memory
    /// allows. Rate control makes single pictures better or worse by several dB.
    pub compared: Vec<u32>,
    /// Places of the pictures that failed checks point at, looked at besides those drawn.
    pub pointed: Vec<u32>,
    /// What our encoder is asked for.
    pub target: Target,
    /// Whether our encoder may code pictures in another order than they are shown in, as whoever made the rendition did.
    /// Encoders in hardware often do not.
    pub reorders: bool,
}

impl<'a> From<&'a Choice> for Secrets<'a> {
    /// The same for both.
    fn from(choice: &'a Choice) -> Self {
        Self { borders: choice, pictures: choice }
    }
}

impl Comparison {
    /// For the full tier.
    pub fn full(expected: &Expectation, rendition: &Scan, secrets: Secrets<'_>) -> Self {
        Self::new(expected, rendition, secrets, ("full", DRAWN))
    }

    /// `purpose` is the word that makes its choices differ from those of others.
    fn new(
        expected: &Expectation,
        rendition: &Scan,
        secrets: Secrets<'_>,
        (purpose, drawn): (&str, u32),
    ) -> Self {
        let units = rendition.video.first().map(|track| track.units.as_slice());
        let mut pts: Vec<i64> = units.unwrap_or_default().iter().map(|unit| unit.pts).collect();
        pts.sort_unstable();
        let time =
            |index: Option<u32>| expected.source_pts.get(usize::try_from(index?).ok()?).copied();
        let count = u32::try_from(pts.len()).unwrap_or(u32::MAX);
        Self {
            container: rendition.container,
            lattice: Lattice { shift: secrets.borders.shift(purpose), ..expected.lattice },
            shows: expected.align(&pts).sources.into_iter().map(time).collect(),
            drawn: secrets.pictures.frames(purpose, drawn, count),
            pts,
        }
    }

    /// Place in `pts` of the picture at this time.
    pub fn place(&self, pts: i64) -> Option<usize> {
        let at = self.pts.partition_point(|known| *known < pts);
        (self.pts.get(at) == Some(&pts)).then_some(at)
    }

    /// Time of the source picture that the picture at this time must show.
    pub fn shown(&self, pts: i64) -> Option<i64> {
        *self.shows.get(self.place(pts)?)?
    }

    /// For each decoded picture of a rendition the one of the source it must show, as a place among those decoded.
    pub fn mapping(&self, source: &Grids, rendition: &Grids) -> Vec<Option<u32>> {
        let of = |pts: i64| {
            let shown = self.shown(pts)?;
            let at = source.frames.binary_search_by_key(&shown, |grid| grid.pts).ok()?;
            u32::try_from(at).ok()
        };
        rendition.frames.iter().map(|grid| of(grid.pts)).collect()
    }

    /// Times of the pictures at these places, as far as there are any.
    pub fn times(&self, places: &[u32]) -> Vec<i64> {
        let time = |place: &u32| self.pts.get(usize::try_from(*place).ok()?).copied();
        places.iter().filter_map(time).take(MOST_PICTURES).collect()
    }

    /// Each time once, with that of the source's picture; without those that show none.
    pub fn pairs(&self) -> (Vec<i64>, Vec<i64>) {
        let pairs = self.pts.iter().zip(&self.shows);
        let mut pairs: Vec<(i64, i64)> =
            pairs.filter_map(|(pts, shown)| Some((*pts, (*shown)?))).collect();
        pairs.dedup_by_key(|(pts, _)| *pts);
        pairs.into_iter().unzip()
    }
}

impl Dispute {
    /// About the rendition on which these checks failed, with the features they were made of. `None` where the
    /// job names neither bit rate nor quality: any encoding is what was asked for then.
    pub fn of(
        (expected, rendition): (&Expectation, &Scan),
        wanted: &Wanted,
        secrets: Secrets<'_>,
        (verdict, features): (&Verdict, &Features),
    ) -> Option<Self> {
        if wanted.bitrate == 0 && wanted.quality.is_none() {
            return None;
        }
        let depth = secrets.pictures.depth();
        let comparison = Comparison::new(expected, rendition, secrets, ("dispute", depth));
        let track = rendition.video.first();
        let samples =
            track.map_or(0, |track| u64::from(track.cropped.0) * u64::from(track.cropped.1));
        let fit = u32::try_from(MOST_SAMPLES / samples.max(1)).unwrap_or(u32::MAX);
        let count = u32::try_from(comparison.pts.len()).unwrap_or(u32::MAX);
        // Of the largest pictures those whose detail is measured are as many as fit.
        let compared = match fit.min(MOST_COMPARED) {
            fit if fit <= depth => comparison.drawn.clone(),
            fit => secrets.pictures.frames("compared", fit, count),
        };
        let pointed = struck(verdict.checks(), features);
        let units = track.map(|track| track.units.as_slice()).unwrap_or_default();
        let reorders = !units.is_sorted_by_key(|unit| unit.pts);
        Some(Self { comparison, compared, pointed, target: wanted.into(), reorders })
    }

    /// Places of all pictures looked at in full resolution, ascending, each once.
    pub fn places(&self) -> Vec<u32> {
        let mut all = [self.comparison.drawn.as_slice(), &self.compared, &self.pointed].concat();
        all.sort_unstable();
        all.dedup();
        all
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{
        fixture::{scan, steady, wanted},
        thresholds::Thresholds,
    };

    /// About a rendition of 60 pictures like this one.
    fn about(alter: impl FnOnce(&mut waymark_media::scan::VideoTrack)) -> Dispute {
        let mut track = steady(0, 3_000, 60);
        alter(&mut track);
        let (source, rendition) = (scan(steady(0, 3_000, 60)), scan(track));
        let wanted = wanted(640, 360);
        let expected = Expectation::within(&source, &wanted, &Thresholds::default().expected);
        let choice = Choice::new(&[3; 32], "job", 0, b"");
        let doubt = (&Verdict::default(), &Features::default());
        Dispute::of((&expected, &rendition), &wanted, (&choice).into(), doubt).unwrap()
    }

    #[test]
    fn errors_are_compared_on_all_pictures_or_as_many_as_fit_into_memory() {
        let small = about(|_| {});
        assert_eq!(small.compared, (0..60).collect::<Vec<_>>());
        assert_eq!(small.places(), small.compared);
        let large = about(|track| track.cropped = (1920, 1080));
        assert_eq!(large.compared.len(), 16);
        let huge = about(|track| track.cropped = (16_384, 16_384));
        assert_eq!(huge.places(), huge.comparison.drawn);
        let long = about(|track| track.units = steady(0, 3_000, 900).units);
        assert_eq!(long.compared.len(), 64);
        assert!(long.places().len() <= MOST_PICTURES);
    }

    #[test]
    fn our_own_encoding_reorders_pictures_where_the_rendition_does() {
        assert!(!about(|_| {}).reorders);
        assert!(about(|track| track.units.swap(1, 2)).reorders);
    }
}
