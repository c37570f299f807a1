//! One result through every tier, as a gateway does it, with what a source has in common for all its renditions made
//! once: its grids, its planes, our own encodings.

use std::rc::Rc;

use waymark_media::{
    Scaling, Target,
    pixels::{
        Grids, Lattice, Luma, Pictures, PixelLimits, Pixels, Reference, ReferenceRequest, Request,
        all_grids, key_grids, pixels, reference,
    },
    scan::{Scan, ScanLimits, scan},
};
use waymark_verification::{
    Check, Decision, Kind, Outcome, Tier, Verdict,
    draw::Choice,
    expect::{Expectation, Wanted},
    fast::{self, Evidence},
    full::{
        self, Conditions, Dispute, Features, Next, Quality, Summary, Whole, measure, next, settle,
        sharpen, struck,
    },
    thresholds::Thresholds,
};

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
    planes: Vec<(((u32, u32), Scaling), Rc<Vec<Luma>>)>,
    references: Vec<Ours>,
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
        judged.key = self.key(&shown, bounds)?;
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

    fn key(&mut self, shown: &Shown<'_>, bounds: &Thresholds) -> Result<Vec<Check>, Failed> {
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
            return Ok(vec![none.kind(Kind::Soft)]);
        };
        Ok(match key_grids(shown.bytes, shown.scan.container, lattice, &limits) {
            Ok(theirs) => fast::key(shown.expected, &ours, &theirs, &bounds.key),
            Err(error) => {
                vec![Check::fail("F14.whole", error.to_string()).kind(Kind::Soft)]
            }
        })
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

    /// Beside our own encoding, on another lattice and other pictures.
    fn dispute(
        &mut self,
        shown: &Shown<'_>,
        verdict: &Verdict,
        features: &Features,
        bounds: &Thresholds,
        made: &mut Vec<Check>,
    ) -> Result<Verdict, Failed> {
        let lattice = Lattice { shift: self.choice.shift("dispute"), ..shown.expected.lattice };
        let count = u32::try_from(shown.times().len())?;
        let drawn = shown.choice.frames("dispute", shown.choice.depth(), count);
        let pointed = struck(verdict.checks(), features);
        let found = decoded(shown, lattice, &[drawn.as_slice(), &pointed].concat())?;
        // How it scales is a node's own choice: the method that the rendition resembles more is taken.
        let mut both = Vec::new();
        for scaling in [Scaling::Bicubic, Scaling::Bilinear] {
            let theirs = self.compared(shown, &found.grids, &found.lumas, scaling)?;
            both.push((
                Summary::of(&theirs.quality).map_or(0.0, |mean| mean.psnr),
                scaling,
                theirs,
            ));
        }
        let nearest = both.into_iter().max_by(|a, b| a.0.total_cmp(&b.0));
        let (_, scaling, theirs) = nearest.ok_or("nothing to compare")?;
        let ours = self.our_own(shown, scaling, &found)?;
        let some = |of: &[Quality], frames: &[u32]| -> Vec<Quality> {
            of.iter().filter(|quality| frames.contains(&quality.frame)).cloned().collect()
        };
        let of = |frames: &[u32]| (some(&theirs.quality, frames), some(&ours.quality, frames));
        let (secret, worst) = (of(&drawn), of(&pointed));
        let dispute = Dispute {
            checks: verdict.checks(),
            theirs: &theirs.features,
            ours: &ours.features,
            drawn: (&secret.0, &secret.1),
            struck: (&worst.0, &worst.1),
        };
        *made = full::compare(dispute, &bounds.full);
        let all: Verdict = verdict.checks().iter().chain(made.iter()).cloned().collect();
        Ok(settle(&all, Some(dispute), &bounds.full))
    }

    /// Our own encoding of the pictures of a rendition, on the same lattice and with the same planes.
    fn our_own(
        &mut self,
        shown: &Shown<'_>,
        scaling: Scaling,
        theirs: &Pixels,
    ) -> Result<Measured, Failed> {
        let (pts, shows): (Vec<i64>, Vec<i64>) = shown.pairs().into_iter().unzip();
        let (wanted, size, lattice) = (shown.wanted, theirs.grids.size, theirs.grids.lattice);
        let same = |known: &Ours| {
            known.wanted == *wanted
                && (known.size, known.scaling) == (size, scaling)
                && known.pts == pts
                && known.encoding.grids.lattice == lattice
        };
        let known = self.references.iter().find(|known| same(known));
        let encoding = match known.map(|known| Rc::clone(&known.encoding)) {
            Some(known) => known,
            None => {
                let target = target(wanted);
                let request = ReferenceRequest {
                    target: &target,
                    size,
                    pts: &pts,
                    shows: &shows,
                    lumas: &pts,
                    scaling,
                    lattice,
                };
                let limits = PixelLimits::default();
                let made = reference(&self.bytes, self.scan.container, &request, &limits)?;
                let encoding = Rc::new(made);
                let (wanted, known) = (wanted.clone(), Rc::clone(&encoding));
                self.references.push(Ours { wanted, size, scaling, pts, encoding: known });
                encoding
            }
        };
        let of = |theirs: &Luma| encoding.encoded.iter().find(|luma| luma.pts == theirs.pts);
        let planes: Vec<Luma> = theirs.lumas.iter().filter_map(of).cloned().collect();
        self.compared(shown, &encoding.grids, &planes, scaling)
    }

    /// All pictures against the source's, and some of them in full resolution.
    fn compared(
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
        if let Some((_, planes)) = self.planes.iter().find(|(of, _)| *of == (size, scaling)) {
            return Ok(Rc::clone(planes));
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
        let made = Rc::new(made.lumas);
        self.planes.push(((size, scaling), Rc::clone(&made)));
        Ok(made)
    }
}

/// What a comparison found.
struct Measured {
    features: Features,
    quality: Vec<Quality>,
}

/// All pictures of a rendition as grids, and some of them in full resolution.
fn decoded(shown: &Shown<'_>, lattice: Lattice, drawn: &[u32]) -> Result<Pixels, Failed> {
    let times = shown.times();
    let at = |index: &u32| times.get(usize::try_from(*index).ok()?).copied();
    let lumas: Vec<i64> = drawn.iter().filter_map(at).collect();
    let grids = Pictures::All;
    let request = Request { grids, lumas: &lumas, limited: true, ..Request::new(lattice) };
    Ok(pixels(shown.bytes, shown.scan.container, &request, &PixelLimits::default())?)
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

fn kept(
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

/// What our own encoder is asked for.
fn target(wanted: &Wanted) -> Target {
    Target {
        fps: wanted.fps,
        gop: wanted.gop,
        container: wanted.container,
        h264_profile: wanted.h264_profile,
        quality: wanted.quality,
        ..Target::new(wanted.width, wanted.height, wanted.bitrate)
    }
}
