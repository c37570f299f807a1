//! The tiers, one by one.

use waymark_media::{
    pixels::{PixelLimits, key_grids},
    scan::Scan,
};
use waymark_verification::{
    Check, Kind, Verdict,
    draw::Choice,
    expect::Expectation,
    fast::{self, Evidence},
    full::{self, Conditions, Features},
    measure::{Comparison, Dispute, MeasureError, Secrets},
    thresholds::Thresholds,
};

use super::{Returned, SECRET, Source};
use crate::Failed;

/// A rendition that could be parsed.
pub(super) struct Shown<'a> {
    result: Returned<'a>,
    scan: &'a Scan,
    expected: &'a Expectation,
    /// Draws pictures.
    pictures: Choice,
}

impl<'a> Shown<'a> {
    pub(super) fn new(result: Returned<'a>, scan: &'a Scan, expected: &'a Expectation) -> Self {
        let output = scan.video.first().map_or([0; 32], |track| track.hash);
        Self { result, scan, expected, pictures: Choice::new(&SECRET, "job", 0, &output) }
    }
}

impl Source<'_> {
    pub(super) fn packets(&self, shown: &Shown<'_>, bounds: &Thresholds) -> Vec<Check> {
        let evidence = Evidence {
            wanted: shown.result.wanted,
            expected: shown.expected,
            source: &self.scan,
            rendition: shown.scan,
            bytes: shown.result.bytes.len() as u64,
            claimed_pixels: shown.result.claimed,
            usual_bytes: None,
        };
        fast::packets(&evidence, bounds)
    }

    pub(super) fn key(&mut self, shown: &Shown<'_>, bounds: &Thresholds) -> Vec<Check> {
        let lattice = shown.expected.lattice;
        // A source that cannot be measured makes no rendition worse.
        let Ok(ours) = self.measured.keys(lattice) else {
            let none = Check::not_run("F14.luma_mean", "the source has no key pictures");
            return vec![none.kind(Kind::Soft)];
        };
        let limits = PixelLimits::default();
        match key_grids(shown.result.bytes, shown.scan.container, lattice, &limits) {
            Ok(theirs) => {
                let mut checks = fast::key(shown.expected, &ours, &theirs, &bounds.key);
                let earlier = &self.earlier;
                checks.push(fast::before(shown.expected, &ours, &theirs, earlier, &bounds.key));
                checks
            }
            Err(error) => vec![Check::fail("F14.whole", error.to_string()).kind(Kind::Soft)],
        }
    }

    /// The checks, and the features they were made of unless nothing decodes.
    pub(super) fn full(
        &mut self,
        shown: &Shown<'_>,
        bounds: &Thresholds,
    ) -> Result<(Vec<Check>, Option<Features>), Failed> {
        let secrets = Secrets { borders: &self.borders, pictures: &shown.pictures };
        let asked = Comparison::full(shown.expected, shown.scan, secrets);
        let found = match self.measured.compare(shown.result.bytes, &asked) {
            Ok(found) => found,
            Err(MeasureError::Rendition(error)) => {
                return Ok((vec![full::undecodable(error.to_string())], None));
            }
            Err(error) => return Err(error.into()),
        };
        let coded = u32::try_from(asked.pts.len()).ok();
        let conditions = Conditions { starved: shown.expected.starved, coded };
        Ok((full::checks(&found, &bounds.full, conditions), Some(found.features)))
    }

    /// What all checks add up to beside our own encoding.
    pub(super) fn dispute(
        &mut self,
        shown: &Shown<'_>,
        doubt: (&Verdict, &Features),
        bounds: &Thresholds,
    ) -> Result<Verdict, Failed> {
        let Shown { result, scan, expected, pictures } = shown;
        let secrets = Secrets { borders: &self.borders, pictures };
        let asked = Dispute::of((expected, scan), result.wanted, secrets, doubt);
        let asked = asked.ok_or("nothing says how good the rendition must be")?;
        let found = self.measured.dispute(result.bytes, &asked)?;
        Ok(full::rule(doubt.0, &asked, &found, &bounds.full))
    }
}
