//! The checks of one job: its source is measured once, while the first orchestrator works, and every
//! attempt is judged by it.

use std::{sync::Arc, time::Duration};

use bytes::Bytes;
use futures_util::future::join_all;
use tokio::sync::OnceCell;
use waymark_media::pixels::Lattice;
use waymark_verification::{
    Check, Debit, Decision, Kind, Outcome, Verdict,
    draw::Choice,
    expect::{Expectation, Wanted},
    fast::before::Earlier,
};

use super::{
    Past, Plan, Verifier,
    judge::{Judge, Judged, Keys, Returned, Shown, Source},
    worker::{Urgency, WorkError},
};

/// The checks of one job. Cloning is cheap.
#[derive(Debug, Clone)]
pub struct Run(Arc<Inner>);

#[derive(Debug)]
struct Inner {
    plan: Plan,
    wanted: Vec<Wanted>,
    bytes: Bytes,
    past: Arc<Past>,
    /// Why the source cannot be judged by, where it cannot.
    source: OnceCell<Result<Known, String>>,
}

/// A source, and what those before it were.
#[derive(Debug)]
struct Known {
    source: Source,
    usual_bytes: Option<u64>,
    earlier: Vec<Arc<Earlier>>,
}

/// What the checks on one attempt found.
#[derive(Debug, Default)]
pub struct Checked {
    /// Checks on the result as a whole.
    pub whole: Verdict,
    /// For each rendition, in the order of the profiles.
    pub renditions: Vec<Judged>,
    /// Billed, expected and verified pixels.
    pub debit: Debit,
    /// Why nothing was judged, if so.
    pub idle: Option<String>,
    /// Name of the evidence that is kept, where something spoke against the result.
    pub evidence: Option<[u8; 32]>,
    /// From the last byte of the last rendition to the verdict.
    pub took: Duration,
    /// Whether all pictures were compared before delivery, and the workers' CPU time for that.
    pub full: Option<Duration>,
}

impl Run {
    /// A job's checks; nothing is measured yet. `part` says that only a part of the source was to be
    /// transcoded, so that its pictures are not those of the renditions.
    pub fn new(
        plan: Plan,
        wanted: Vec<Wanted>,
        source: Bytes,
        past: Arc<Past>,
        part: bool,
    ) -> Self {
        let cell = OnceCell::new();
        if part {
            let why = "only a part of the segment was to be transcoded".to_owned();
            cell.set(Err(why)).ok();
        }
        Self(Arc::new(Inner { plan, wanted, bytes: source, past, source: cell }))
    }

    /// What is to be done.
    pub fn plan(&self) -> &Plan {
        &self.0.plan
    }

    /// Measures the source, so that it is done when results arrive. The segments after it are told what it shows.
    pub async fn prepare(self, verifier: Arc<Verifier>) {
        let judge = verifier.judge();
        let Ok(Known { source, .. }) = self.source(judge).await else { return };
        // Nearly all renditions are compared on this lattice, and its blocks add up to those of the others.
        let keys = judge.keys(source, Lattice::FINE, Keys::likely(&self.0.wanted)).await;
        if let Some(picture) = keys.ok().and_then(|keys| Earlier::of(&keys)) {
            self.0.past.show(picture);
        }
    }

    async fn source(&self, judge: &Judge) -> Result<&Known, &String> {
        let inner = &*self.0;
        let parse = || async {
            let source = judge.source(inner.bytes.clone()).await.map_err(|e| e.to_string())?;
            let track = source.scan().video.first().filter(|track| !track.units.is_empty());
            let track = track.ok_or_else(|| "the source has no pictures".to_owned())?;
            let bytes = track.units.iter().map(|unit| u64::from(unit.bytes)).sum();
            let usual_bytes = inner.past.see(bytes);
            Ok(Known { source, usual_bytes, earlier: inner.past.shown() })
        };
        inner.source.get_or_init(parse).await.as_ref()
    }

    /// Whether more is billed than this job can give: known before anything is fetched.
    pub async fn overcharged(&self, judge: &Judge, claims: &[u64]) -> Option<Check> {
        if self.0.plan.is_off() {
            return None;
        }
        let Known { source, .. } = self.source(judge).await.ok()?;
        let expected =
            self.0.wanted.iter().map(|wanted| {
                Expectation::within(source.scan(), wanted, &judge.thresholds().expected)
            });
        for (expected, claimed) in expected.zip(claims) {
            let most = expected.pixels();
            // A source whose pictures cannot be counted says nothing about what may be billed.
            if !expected.is_empty() && *claimed > most {
                let text = format!("claims {claimed} pixels, at most {most} can be owed");
                return Some(Check::fail("F03.claim", text));
            }
        }
        None
    }

    /// Whether a transcoder may well find nothing to decode in the source: no picture of it decodes on its own, or so few at
    /// the end of a refresh that it may lose them all.
    pub async fn may_be_empty(&self, judge: &Judge) -> bool {
        let Ok(Known { source, .. }) = self.source(judge).await else { return false };
        let bounds = &judge.thresholds().expected;
        let expected = |wanted| Expectation::within(source.scan(), wanted, bounds);
        let few =
            self.0.wanted.first().map(expected).is_some_and(|expected| expected.may_be_empty());
        few || judge.shows(source).await == Some(false)
    }

    /// Puts the renditions of one attempt through the fast checks, all at once.
    pub async fn fast(&self, judge: &Judge, bodies: &[Bytes], claims: &[u64]) -> Checked {
        if self.0.plan.is_off() {
            return Checked::idle("verification is off");
        }
        let Known { source, usual_bytes, earlier } = match self.source(judge).await {
            Ok(known) => known,
            Err(why) => return Checked::idle(why),
        };
        let returned =
            bodies.iter().zip(&self.0.wanted).enumerate().map(|(index, (body, wanted))| {
                let claimed = claims.get(index).copied();
                Returned { wanted, body, claimed, usual_bytes: *usual_bytes, earlier }
            });
        let renditions = join_all(returned.map(|returned| judge.fast(source, returned))).await;
        let debits = renditions.iter().zip(claims).map(|(judged, claimed)| {
            let refused = judged.verdict.decision() == Decision::Refused;
            let verified = if refused { 0 } else { *claimed };
            Debit::new(*claimed, judged.expected.pixels(), verified)
        });
        let debit = debits.sum();
        Checked { renditions, debit, ..Checked::default() }
    }

    /// Compares all pictures of the renditions, or of one of them, and holds the disputes that follow.
    /// For each the verdict of all tiers together.
    pub async fn full(
        &self,
        judge: &Judge,
        (checked, bodies): (&Checked, &[Bytes]),
        only: Option<usize>,
        draw: &Choice,
        urgency: Urgency,
    ) -> Result<(Vec<Verdict>, Duration), WorkError> {
        let known = self.source(judge).await;
        let Known { source, .. } =
            known.map_err(|why| WorkError::NotMeasured { why: why.clone() })?;
        let shown = self.0.wanted.iter().zip(bodies).zip(&checked.renditions);
        let chosen: Vec<Shown<'_>> = shown
            .enumerate()
            .filter(|(index, _)| only.is_none_or(|only| only == *index))
            .map(|(_, ((wanted, body), judged))| Shown { wanted, body, judged })
            .collect();
        judge.full(source, &chosen, draw, urgency).await
    }
}

impl Checked {
    fn idle(why: impl Into<String>) -> Self {
        Self { idle: Some(why.into()), ..Self::default() }
    }

    /// All checks on the result and on all renditions.
    pub fn verdict(&self) -> Verdict {
        self.checks().cloned().collect()
    }

    fn checks(&self) -> impl Iterator<Item = &Check> {
        let renditions = self.renditions.iter().map(|judged| &judged.verdict);
        [&self.whole].into_iter().chain(renditions).flat_map(Verdict::checks)
    }

    /// The first fact that speaks against the result, and which rendition it is about, if about one.
    pub fn fault(&self) -> Option<(Option<usize>, &Check)> {
        let renditions = self.renditions.iter().enumerate();
        let renditions = renditions.map(|(index, judged)| (Some(index), &judged.verdict));
        let mut verdicts = [(None, &self.whole)].into_iter().chain(renditions);
        verdicts.find_map(|(rendition, verdict)| {
            let fact = verdict.checks().iter().find(|check| is(check, Kind::Hard))?;
            Some((rendition, fact))
        })
    }

    /// A measurement is outside its bound.
    pub fn is_soft(&self) -> bool {
        self.checks().any(|check| is(check, Kind::Soft))
    }

    /// A measurement is outside its bound, or something calls for a look.
    pub fn is_doubtful(&self) -> bool {
        self.checks().any(|check| check.outcome == Outcome::Fail)
    }

    /// What stands for all that came back: the hash of the renditions' video.
    pub fn output(&self) -> [u8; 32] {
        let tracks =
            self.renditions.iter().filter_map(|judged| judged.scan.as_ref()?.video.first());
        let hashes: Vec<u8> = tracks.flat_map(|track| track.hash).collect();
        alloy_primitives::keccak256(hashes).0
    }

    /// CPU time of workers.
    pub fn cpu(&self) -> Duration {
        self.renditions.iter().map(|judged| judged.cpu).sum()
    }
}

/// Whether a check failed, and as this kind.
fn is(check: &Check, kind: Kind) -> bool {
    check.outcome == Outcome::Fail && check.kind == kind
}
