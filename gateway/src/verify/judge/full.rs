//! All pictures of renditions, and disputes beside our own encoding: measured by workers, judged here.

use std::time::Duration;

use bytes::Bytes;
use tokio::time::timeout;
use waymark_media::pixels::Lattice;
use waymark_verification::{
    Check, Tier, Verdict,
    draw::Choice,
    expect::Wanted,
    full::{self, Conditions, Features, Next, next, settle, undisputed},
    measure::{self, Compared, Comparison, Disputed},
};

use super::{Judge, Judged, Source, something_else};
use crate::verify::worker::{
    Urgency, WorkError,
    protocol::{Measured, Task},
};

/// A rendition that has been through the fast checks.
#[derive(Debug, Clone, Copy)]
pub struct Shown<'a> {
    /// What was asked for.
    pub wanted: &'a Wanted,
    /// The rendition.
    pub body: &'a Bytes,
    /// What the fast checks found.
    pub judged: &'a Judged,
}

/// A rendition whose pictures were compared.
#[derive(Debug)]
struct Found {
    /// Of the fast checks and these.
    verdict: Verdict,
    /// What it was judged by; `None` where nothing was measured.
    features: Option<Features>,
}

/// A dispute that a verdict calls for.
struct Called<'a> {
    /// Which rendition it is about.
    index: usize,
    body: &'a Bytes,
    asked: measure::Dispute,
}

impl Judge {
    /// Compares all pictures of renditions with the source, and where only our own encoding can decide
    /// holds the dispute. For each the verdict of all tiers together. `draw` chooses what an orchestrator
    /// must not know.
    ///
    /// A stream waits for each of the two no longer than for one measurement.
    pub async fn full(
        &self,
        source: &Source,
        renditions: &[Shown<'_>],
        draw: &Choice,
        urgency: Urgency,
    ) -> Result<(Vec<Verdict>, Duration), WorkError> {
        let (found, cpu) = self.compare(source, renditions, draw, urgency).await?;
        let (verdicts, more) = self.dispute(source, (renditions, found), draw, urgency).await;
        Ok((verdicts, cpu.saturating_add(more)))
    }

    /// Whether a decoder that is given this source alone shows a picture. `None` where nobody could decode it.
    ///
    /// A few cannot be told by their headers: of a refresh spread over many pictures hardly any may be left, and pictures
    /// may be damaged.
    pub async fn shows(&self, source: &Source) -> Option<bool> {
        let lattice = Lattice { columns: 1, rows: 1, shift: (0, 0) };
        let task = Task::Grids { container: source.scan.container, lattice, at: None };
        match self.measure(Urgency::Stream, task, vec![source.bytes.clone()]).await {
            Ok(_) => Some(true),
            Err(
                WorkError::Unmeasurable { .. }
                | WorkError::Deadly { .. }
                | WorkError::Endless { .. },
            ) => Some(false),
            Err(_) => None,
        }
    }

    /// All renditions in one request, so that the source is decoded once.
    async fn compare(
        &self,
        source: &Source,
        renditions: &[Shown<'_>],
        draw: &Choice,
        urgency: Urgency,
    ) -> Result<(Vec<Found>, Duration), WorkError> {
        let mut files = vec![source.bytes.clone()];
        let mut asked = Vec::with_capacity(renditions.len());
        for Shown { body, judged, .. } in renditions {
            let Some(scan) = &judged.scan else { continue };
            asked.push(Comparison::full(&judged.expected, scan, draw.into()));
            files.push((*body).clone());
        }
        let task = Task::Compare { source: source.scan.container, renditions: asked };
        let (measured, cpu) = self.measure(urgency, task, files).await?;
        let Measured::Compared(compared) = measured else { return Err(something_else()) };
        let mut compared = compared.into_iter();
        let found = renditions.iter().map(|shown| {
            let measured = shown.judged.scan.is_some().then(|| compared.next()).flatten();
            self.judge_full(shown.judged, measured)
        });
        Ok((found.collect(), cpu))
    }

    fn judge_full(&self, judged: &Judged, measured: Option<Result<Compared, String>>) -> Found {
        let bounds = &self.thresholds.full;
        let video = judged.scan.as_ref().and_then(|scan| scan.video.first());
        let coded = video.and_then(|track| u32::try_from(track.units.len()).ok());
        let conditions = Conditions { starved: judged.expected.starved, coded };
        let (checks, features) = match measured {
            Some(Ok(found)) => (full::checks(&found, bounds, conditions), Some(found.features)),
            Some(Err(what)) => (vec![full::undecodable(what)], None),
            // It is no media, and refused for that.
            None if judged.scan.is_none() => (Vec::new(), None),
            None => {
                let none = Check::not_run("A.decode", "nothing was measured");
                (vec![none.tier(Tier::Full)], None)
            }
        };
        let both = judged.verdict.checks().iter().cloned().chain(checks);
        Found { verdict: settle(&both.collect(), None, bounds), features }
    }

    /// The verdicts after the disputes that they call for, and the CPU time of workers. What cannot be
    /// disputed is neither confirmed nor cleared, and says why.
    async fn dispute(
        &self,
        source: &Source,
        (renditions, found): (&[Shown<'_>], Vec<Found>),
        draw: &Choice,
        urgency: Urgency,
    ) -> (Vec<Verdict>, Duration) {
        let mut called = Vec::new();
        let mut verdicts = Vec::with_capacity(found.len());
        for (index, (shown, found)) in renditions.iter().zip(found).enumerate() {
            let verdict =
                if next(&found.verdict, Tier::Full, &self.thresholds.full) != Next::Reference {
                    found.verdict
                } else if let Some(asked) = ask(shown, &found, draw) {
                    called.push(Called { index, body: shown.body, asked });
                    found.verdict
                } else {
                    undisputed(&found.verdict, "no bit rate and no quality was asked for")
                };
            verdicts.push(verdict);
        }
        if called.is_empty() {
            return (verdicts, Duration::ZERO);
        }
        let (mut measured, cpu) = match self.encode(source, &called, urgency).await {
            Ok((measured, cpu)) => (Ok(measured.into_iter()), cpu),
            Err(error) => (Err(error.to_string()), Duration::ZERO),
        };
        for Called { index, asked, .. } in &called {
            let Some(verdict) = verdicts.get_mut(*index) else { continue };
            let found = match &mut measured {
                Ok(measured) => {
                    measured.next().unwrap_or_else(|| Err("nothing was measured".into()))
                }
                Err(why) => Err(why.clone()),
            };
            *verdict = match found {
                Ok(found) => full::rule(verdict, asked, &found, &self.thresholds.full),
                Err(why) => undisputed(verdict, why),
            };
        }
        (verdicts, cpu)
    }

    /// All disputes of a source in one request.
    async fn encode(
        &self,
        source: &Source,
        called: &[Called<'_>],
        urgency: Urgency,
    ) -> Result<(Vec<Result<Disputed, String>>, Duration), WorkError> {
        let bodies = called.iter().map(|called| called.body.clone());
        let files = std::iter::once(source.bytes.clone()).chain(bodies).collect();
        let renditions = called.iter().map(|called| called.asked.clone()).collect();
        let task = Task::Dispute { source: source.scan.container, renditions };
        match self.measure(urgency, task, files).await? {
            (Measured::Disputed(disputed), cpu) => Ok((disputed, cpu)),
            _ => Err(something_else()),
        }
    }

    /// Waits for a worker; where a stream waits, no longer than one measurement may take.
    async fn measure(
        &self,
        urgency: Urgency,
        task: Task,
        files: Vec<Bytes>,
    ) -> Result<(Measured, Duration), WorkError> {
        let pool = self.workers()?;
        let mut pending = pool.ask(urgency, task, files)?;
        let done = match urgency {
            Urgency::Background => pending.done().await?,
            Urgency::Stream => {
                let after = pool.deadline();
                let late = |_| WorkError::NotMeasured { why: format!("not done within {after:?}") };
                timeout(after, pending.done()).await.map_err(late)??
            }
        };
        Ok((done.measured, done.cpu))
    }
}

/// The dispute about a rendition; `None` where there is nothing to hold it against.
fn ask(shown: &Shown<'_>, found: &Found, draw: &Choice) -> Option<measure::Dispute> {
    let (scan, features) = (shown.judged.scan.as_ref()?, found.features.as_ref()?);
    let expected = &shown.judged.expected;
    let doubt = (&found.verdict, features);
    measure::Dispute::of((expected, scan), shown.wanted, draw.into(), doubt)
}
