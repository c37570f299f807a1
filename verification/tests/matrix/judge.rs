//! One result through every tier, as a gateway does it, with what a source has in common for all its renditions made
//! once: its grids, its planes, our own encodings.

mod compare;
mod dispute;

use std::rc::Rc;

use waymark_media::{
    Scaling,
    pixels::{Grids, Lattice, Luma, PixelLimits, Reference, key_grids},
    scan::{Scan, ScanLimits, scan},
};
use waymark_verification::{
    Check, Decision, Kind, Outcome, Tier, Verdict,
    draw::Choice,
    expect::{Expectation, Wanted},
    fast::{self, Evidence},
    full::{self, Conditions, Features, Next, Summary, next, settle},
    thresholds::Thresholds,
};

use compare::{decoded, kept};

use crate::Failed;

/// Pictures of a rendition that the full tier looks at in full resolution.
const DRAWN: u32 = 3;
const SECRET: [u8; 32] = [7; 32];

/// A source segment and what was made of it so far.
pub(crate) struct Source {
    bytes: Vec<u8>,
    pub(crate) scan: Scan,
    /// Chooses lattices: one for all renditions of a job, so that the source is decoded once.
    choice: Choice,
    keys: Vec<Rc<Grids>>,
    grids: Vec<Rc<Grids>>,
    planes: Vec<Scaled>,
    references: Vec<Ours>,
}

/// All pictures of a source at another size.
struct Scaled {
    size: (u32, u32),
    scaling: Scaling,
    planes: Rc<Vec<Luma>>,
}

/// Our own encoding of a source, of all the pictures that a rendition has.
struct Ours {
    wanted: Wanted,
    size: (u32, u32),
    scaling: Scaling,
    pts: Vec<i64>,
    encoding: Rc<Reference>,
}

/// What came back.
#[derive(Clone, Copy)]
pub(crate) struct Returned<'a> {
    pub(crate) wanted: &'a Wanted,
    pub(crate) bytes: &'a [u8],
    pub(crate) claimed: Option<u64>,
    /// Compare it with our own encoding even without a doubt.
    pub(crate) beside: bool,
}

/// Every check that was made.
pub(crate) struct Judged {
    pub(crate) starved: bool,
    pub(crate) noise: bool,
    pub(crate) packets: Vec<Check>,
    pub(crate) key: Vec<Check>,
    pub(crate) full: Vec<Check>,
    /// Empty where there was nothing to dispute.
    pub(crate) dispute: Vec<Check>,
    /// Beside our own encoding, where that was asked for although there was nothing to dispute.
    pub(crate) reference: Vec<Check>,
    /// What the gateway does in the end.
    pub(crate) decision: Decision,
}

/// A rendition that could be parsed.
struct Shown<'a> {
    wanted: &'a Wanted,
    bytes: &'a [u8],
    scan: &'a Scan,
    expected: &'a Expectation,
    choice: Choice,
}

impl Source {
    pub(crate) fn new(name: &str, bytes: &[u8]) -> Result<Self, Failed> {
        Ok(Self {
            scan: scan(bytes, &ScanLimits::default())?,
            bytes: bytes.to_vec(),
            choice: Choice::new(&SECRET, name, 0, b""),
            keys: Vec::new(),
            grids: Vec::new(),
            planes: Vec::new(),
            references: Vec::new(),
        })
    }

    /// Every tier, whatever the cheaper ones said.
    pub(crate) fn judge(
        &mut self,
        result: Returned<'_>,
        bounds: &Thresholds,
    ) -> Result<Judged, Failed> {
        let Returned { wanted, bytes, claimed, beside } = result;
        let expected = Expectation::within(&self.scan, wanted, &bounds.expected);
        let mut judged = Judged {
            starved: expected.starved,
            noise: false,
            packets: Vec::new(),
            key: Vec::new(),
            full: Vec::new(),
            dispute: Vec::new(),
            reference: Vec::new(),
            decision: Decision::NotJudged,
        };
        let found = match scan(bytes, &ScanLimits::default()) {
            Ok(found) => found,
            Err(error) => {
                judged.packets.push(Check::fail("F04.container", error.to_string()));
                judged.decision = Decision::Refused;
                return Ok(judged);
            }
        };
        let evidence = Evidence {
            wanted,
            expected: &expected,
            source: &self.scan,
            rendition: &found,
            bytes: bytes.len() as u64,
            claimed_pixels: claimed,
            usual_bytes: None,
        };
        judged.packets = fast::packets(&evidence, bounds);
        let output = found.video.first().map_or([0; 32], |track| track.hash);
        let choice = Choice::new(&SECRET, "job", 0, &output);
        let shown = Shown { wanted, bytes, scan: &found, expected: &expected, choice };
        judged.key = self.key(&shown, bounds);
        let (full, features) = self.full(&shown, bounds)?;
        judged.noise = features.as_ref().is_some_and(|features| features.noise);
        judged.full = full;
        let all = [&judged.packets, &judged.key, &judged.full].into_iter().flatten();
        let verdict: Verdict = all.cloned().collect();
        let next = next(&verdict, Tier::Full, &bounds.full);
        judged.decision = settle(&verdict, None, &bounds.full).decision();
        if let Some(features) = &features {
            if next == Next::Reference {
                let made = &mut judged.dispute;
                let settled = self.dispute(&shown, &verdict, features, bounds, made)?;
                judged.decision = settled.decision();
                judged.reference.clone_from(made);
            } else if beside && next != Next::Refuse {
                self.dispute(&shown, &verdict, features, bounds, &mut judged.reference)?;
            }
        }
        Ok(judged)
    }

    fn key(&mut self, shown: &Shown<'_>, bounds: &Thresholds) -> Vec<Check> {
        let limits = PixelLimits::default();
        let lattice = shown.expected.lattice;
        let container = self.scan.container;
        let bytes = &self.bytes;
        let ours = kept(
            &mut self.keys,
            |grids| grids.lattice == lattice,
            || Ok(key_grids(bytes, container, lattice, &limits)?),
        );
        // A source that cannot be measured makes no rendition worse.
        let Ok(ours) = ours else {
            let none = Check::not_run("F14.luma_mean", "the source has no key pictures");
            return vec![none.kind(Kind::Soft)];
        };
        match key_grids(shown.bytes, shown.scan.container, lattice, &limits) {
            Ok(theirs) => fast::key(shown.expected, &ours, &theirs, &bounds.key),
            Err(error) => vec![Check::fail("F14.whole", error.to_string()).kind(Kind::Soft)],
        }
    }

    fn full(
        &mut self,
        shown: &Shown<'_>,
        bounds: &Thresholds,
    ) -> Result<(Vec<Check>, Option<Features>), Failed> {
        let lattice = Lattice { shift: self.choice.shift("full"), ..shown.expected.lattice };
        let times = shown.times();
        let drawn = shown.choice.frames("full", DRAWN, u32::try_from(times.len())?);
        let found = match decoded(shown, lattice, &drawn) {
            Ok(found) => self.compared(shown, &found.grids, &found.lumas, Scaling::Bicubic)?,
            Err(error) => {
                let check = Check::fail("A.decode", error.to_string());
                return Ok((vec![check.tier(Tier::Full)], None));
            }
        };
        let coded = u32::try_from(times.len()).ok();
        let conditions = Conditions { starved: shown.expected.starved, coded };
        let mut checks = full::judge(&found.features, &bounds.full, conditions);
        if let Some(summary) = Summary::of(&found.quality) {
            let seen =
                |id, value| Check::pass(id, "").value(value).tier(Tier::Full).kind(Kind::Hint);
            checks.push(seen("B.ssim", summary.ssim));
            checks.push(seen("B.psnr", summary.psnr));
            checks.push(seen("B.tile", summary.tile));
        }
        Ok((checks, Some(found.features)))
    }
}

impl Shown<'_> {
    /// Presentation times of all coded pictures, ascending.
    fn times(&self) -> Vec<i64> {
        let units = self.scan.video.first().map(|track| track.units.as_slice());
        let mut times: Vec<i64> = units.unwrap_or_default().iter().map(|unit| unit.pts).collect();
        times.sort_unstable();
        times
    }

    /// The same with the time of the source's picture that each must show; without those that show none.
    fn pairs(&self) -> Vec<(i64, i64)> {
        let times = self.times();
        let sources = self.expected.align(&times).sources;
        let of = |index: Option<u32>| {
            self.expected.source_pts.get(usize::try_from(index?).ok()?).copied()
        };
        let pairs = times.iter().zip(sources).filter_map(|(pts, of_)| Some((*pts, of(of_)?)));
        let mut pairs: Vec<(i64, i64)> = pairs.collect();
        pairs.dedup_by_key(|(pts, _)| *pts);
        pairs
    }
}

impl Judged {
    /// Names of the checks of a tier that failed.
    pub(crate) fn failed(checks: &[Check]) -> Vec<&'static str> {
        let failed = checks.iter().filter(|check| check.outcome == Outcome::Fail);
        failed.map(|check| check.id).collect()
    }

    /// Whether one of them failed as this kind.
    pub(crate) fn any(checks: &[Check], kind: Kind) -> bool {
        checks.iter().any(|check| check.outcome == Outcome::Fail && check.kind == kind)
    }

    /// How far the worst is beyond its bound: above 1 where one failed.
    pub(crate) fn ratio(checks: &[Check]) -> f64 {
        let of = |check: &Check| match (check.outcome, check.ratio) {
            (Outcome::Fail, None) => f64::INFINITY,
            (_, ratio) => ratio.unwrap_or(0.0),
        };
        checks.iter().map(of).fold(0.0, f64::max)
    }
}
