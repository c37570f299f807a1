//! The checks of one job: its source is measured once, while the first orchestrator works, and every
//! attempt is judged by it.

use std::{sync::Arc, time::Duration};

use bytes::Bytes;
use futures_util::future::join_all;
use tokio::sync::OnceCell;
use waymark_media::pixels::Lattice;
use waymark_verification::{
    Check, Debit, Decision, Kind, Verdict,
    draw::Choice,
    expect::{Expectation, Wanted},
    full::settle,
};

use super::{
    Plan, Verifier,
    judge::{Judge, Judged, Returned, Source},
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
    /// `None` where the source cannot be judged by, with the reason.
    source: OnceCell<Result<Source, String>>,
}

/// What the checks on one attempt found.
#[derive(Debug, Default)]
pub struct Checked {
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
}

impl Run {
    /// A job's checks; nothing is measured yet. `part` says that only a part of the source was to be
    /// transcoded, so that its pictures are not those of the renditions.
    pub fn new(plan: Plan, wanted: Vec<Wanted>, source: Bytes, part: bool) -> Self {
        let cell = OnceCell::new();
        if part {
            let why = "only a part of the segment was to be transcoded".to_owned();
            cell.set(Err(why)).ok();
        }
        Self(Arc::new(Inner { plan, wanted, bytes: source, source: cell }))
    }

    /// What is to be done.
    pub fn plan(&self) -> &Plan {
        &self.0.plan
    }

    /// Measures the source, so that it is done when results arrive.
    pub async fn prepare(self, verifier: Arc<Verifier>) {
        let judge = verifier.judge();
        let Ok(source) = self.source(judge).await else { return };
        // Nearly all renditions are compared on this one.
        judge.keys(source, Lattice::FINE).await.ok();
    }

    async fn source(&self, judge: &Judge) -> Result<&Source, &String> {
        let inner = &*self.0;
        let parse = || async {
            let source = judge.source(inner.bytes.clone()).await.map_err(|e| e.to_string())?;
            let pictures = source.scan().video.first().is_some_and(|track| !track.units.is_empty());
            pictures.then_some(source).ok_or_else(|| "the source has no pictures".to_owned())
        };
        inner.source.get_or_init(parse).await.as_ref()
    }

    /// Whether more is billed than this job can give: known before anything is fetched.
    pub async fn overcharged(&self, judge: &Judge, claims: &[u64]) -> Option<Check> {
        if self.0.plan.is_off() {
            return None;
        }
        let source = self.source(judge).await.ok()?;
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

    /// Puts the renditions of one attempt through the fast checks, all at once.
    pub async fn fast(&self, judge: &Judge, bodies: &[Bytes], claims: &[u64]) -> Checked {
        if self.0.plan.is_off() {
            return Checked::idle("verification is off");
        }
        let source = match self.source(judge).await {
            Ok(source) => source,
            Err(why) => return Checked::idle(why),
        };
        let returned =
            bodies.iter().zip(&self.0.wanted).enumerate().map(|(index, (body, wanted))| {
                let claimed = claims.get(index).copied();
                Returned { wanted, body, claimed, usual_bytes: None }
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

    /// Compares all pictures of the renditions, or of one of them. For each the verdict of both
    /// tiers together.
    pub async fn full(
        &self,
        judge: &Judge,
        (checked, bodies): (&Checked, &[Bytes]),
        only: Option<usize>,
        draw: &Choice,
        urgency: Urgency,
    ) -> Result<(Vec<Verdict>, Duration), WorkError> {
        let source = self.source(judge).await;
        let source = source.map_err(|why| WorkError::NotMeasured { why: why.clone() })?;
        let chosen = bodies.iter().zip(&checked.renditions).enumerate();
        let chosen: Vec<(&Bytes, &Judged)> = chosen
            .filter(|(index, _)| only.is_none_or(|only| only == *index))
            .map(|(_, pair)| pair)
            .collect();
        let (found, cpu) = judge.full(source, &chosen, draw, urgency).await?;
        let bounds = &judge.thresholds().full;
        let verdicts = chosen.iter().zip(found).map(|((_, judged), checks)| {
            let both = judged.verdict.checks().iter().cloned().chain(checks);
            settle(&both.collect(), None, bounds)
        });
        Ok((verdicts.collect(), cpu))
    }
}

impl Checked {
    fn idle(why: impl Into<String>) -> Self {
        Self { idle: Some(why.into()), ..Self::default() }
    }

    /// All checks on all renditions.
    pub fn verdict(&self) -> Verdict {
        self.renditions.iter().flat_map(|judged| judged.verdict.checks()).cloned().collect()
    }

    /// The first fact that speaks against a rendition, and which one it is.
    pub fn fault(&self) -> Option<(usize, &Check)> {
        self.renditions.iter().enumerate().find_map(|(index, judged)| {
            let fact = judged.verdict.failures().find(|check| check.kind == Kind::Hard)?;
            Some((index, fact))
        })
    }

    /// A measurement is outside its bound, or something calls for a look.
    pub fn is_doubtful(&self) -> bool {
        self.renditions.iter().any(|judged| judged.verdict.failures().next().is_some())
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
