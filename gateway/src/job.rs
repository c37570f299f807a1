//! One segment on its way through the gateway: the spine.
//!
//! ```text
//!  admit ─► plan ─► select ─► send ─► receive ─► check ─► deliver ─► record
//!  (http)          └────────── attempt, at most N times ──────────┘
//! ```
//!
//! A job is a task of its own: a client that goes away cancels nothing that was sent. Each attempt
//! has its own record; nothing here blocks on recording.

mod attempt;
mod audit;
mod compared;
mod hashes;
mod opinion;
mod peers;
mod record;
mod trusted;

pub use self::record::Observation;

use std::{collections::HashSet, sync::Arc, time::Duration};

use alloy_primitives::B256;
use bytes::Bytes;
use tokio::sync::OwnedSemaphorePermit;
use waymark_payments::session::PaymentSession;
use waymark_selection::{Moment, NodeId};

use self::{
    attempt::{Attempt, Attempted},
    peers::Ended,
};
use crate::{
    context::Context,
    deliver::hls::{Admission, Placement},
    errors::{AttemptSummary, Problem, Reason},
    ingest::http_push::Clip,
    orchestrator::{
        error::{AttemptError, Next, chain},
        node::Node,
        session::{FailedOpening, NoPeer, NoPlace, Place},
    },
    profile::Profile,
    stream::Stream,
    verify::{
        Plan, Run,
        peers::{Offered, Way},
        trust::{Trust, kind_of},
        wanted,
    },
};

/// One segment, probed and hashed, ready to be sent.
#[derive(Debug)]
pub struct Job {
    /// Random; the same in the records of all attempts.
    pub id: [u8; 8],
    /// The stream it belongs to.
    pub stream: Arc<Stream>,
    /// Sequence number as the client counts.
    pub seq: u64,
    /// Media duration as the client says.
    pub duration: Duration,
    /// The segment.
    pub source: Bytes,
    /// Keccak-256 of it.
    pub hash: B256,
    /// Part of the segment to transcode.
    pub clip: Option<Clip>,
    /// The input's format changed: hardware encoders must start afresh.
    pub reinit: bool,
    /// The segment's place in the stream, taken when it arrived.
    pub admission: Admission,
    /// When the request arrived.
    pub arrived: Moment,
    /// The job's share of the memory for bodies in flight, given back at its end.
    pub memory: OwnedSemaphorePermit,
}

/// What the client gets.
#[derive(Debug)]
pub struct Delivered {
    /// The stream, for names and URIs.
    pub stream: Arc<Stream>,
    /// Sequence number as the client counts.
    pub seq: u64,
    /// Renditions in the order of the stream's profiles.
    pub renditions: Vec<Bytes>,
    /// Where each can be fetched while it is in the window; empty when the segment is not listed.
    pub uris: Vec<String>,
}

impl Job {
    /// Runs the job to its end: delivered and published, or refused with the attempts made.
    pub async fn run(self, context: &Arc<Context>) -> Result<Delivered, Problem> {
        let job = Arc::new(self);
        let mut log = record::Log::new(&job, context);
        let result = job.transcode(context, &mut log).await;
        let delivered = match result {
            Ok((renditions, paid_in)) => {
                let delivered = job.deliver(context, renditions);
                job.pay_ahead(context, paid_in);
                delivered
            }
            Err(problem) => Err(problem),
        };
        if delivered.is_err() {
            job.stream.window.lock().abandon(&job.admission);
        }
        log.submit(context, delivered.as_ref().err());
        delivered
    }

    /// The next segment's payment is made beside the answer to this one.
    fn pay_ahead(&self, context: &Context, paid_in: Option<PaymentSession>) {
        let Some((paying, session)) = self.stream.sessions.paying().cloned().zip(paid_in) else {
            return;
        };
        let media = self.duration;
        drop(context.tasks.job("pay ahead", async move { paying.pay_ahead(&session, media) }));
    }

    /// The renditions, and the session they were paid in.
    async fn transcode(
        self: &Arc<Self>,
        context: &Arc<Context>,
        log: &mut record::Log,
    ) -> Result<(Vec<Bytes>, Option<PaymentSession>), Problem> {
        if self.stream.profiles.is_empty() {
            return Ok((Vec::new(), None));
        }
        let checks = self.checks(context);
        // Whoever was suspended by a comparison does nothing while there is anybody else.
        let mut suspended = self.stream.peers.suspended();
        let mut avoid = suspended.clone();
        let mut renewed: HashSet<NodeId> = HashSet::new();
        let mut sent = 0;
        let mut second_round = false;
        let mut first = None;
        match self.way(context) {
            Way::Usual => {}
            Way::Verified(node) => first = Some(node),
            Way::Compare(team) => {
                match peers::compare(self, context, &checks, team, log).await {
                    Ended::Served(renditions, paid_in) => return Ok((renditions, paid_in)),
                    Ended::Failed { hopeless: Some(error), .. } => {
                        return Err(given_up(&error, log.summaries()));
                    }
                    Ended::Failed { avoid: nodes, sent: reached, hopeless: None } => {
                        avoid.extend(nodes.iter().map(|node| node.id().clone()));
                        sent += u32::from(reached);
                    }
                }
                if sent >= context.config.max_attempts {
                    return Err(log.all_failed());
                }
            }
        }
        loop {
            let mut failed = Vec::new();
            let with = match first.take() {
                Some(node) => self.stream.sessions.place_with(&node, self.duration).await,
                None => Err(NoPeer::Busy),
            };
            let place = match with {
                Ok(place) => Ok(place),
                Err(no_peer) => {
                    if let NoPeer::Failed(opening) = no_peer {
                        avoid.insert(opening.node.id().clone());
                        failed.push(opening);
                    }
                    self.stream.sessions.place(self.duration, &avoid, &mut failed).await
                }
            };
            for FailedOpening { node, error, took } in failed {
                avoid.insert(node.id().clone());
                log.opening_failed(&node, &error, took);
            }
            let place = match place {
                Ok(place) => place,
                // Nobody else is left: better somebody whose result differed than nothing at all.
                Err(NoPlace::NoOrchestrator) if !suspended.is_empty() => {
                    for node in suspended.drain() {
                        avoid.remove(&node);
                    }
                    continue;
                }
                // Everybody was tried. Whoever failed in passing gets one more chance.
                Err(NoPlace::NoOrchestrator) if sent > 0 && !second_round => {
                    second_round = true;
                    avoid.clear();
                    continue;
                }
                Err(NoPlace::NoOrchestrator) => return Err(log.nobody_left(context)),
                Err(NoPlace::Full) => {
                    return Err(Problem::new(
                        Reason::StreamBusy,
                        "too many segments of this stream wait for a free place at its orchestrators",
                    ));
                }
            };
            let node = Arc::clone(&place.session.node);
            let session = Arc::clone(&place.session);
            let attempt = Attempt::new(self, context, &place, &checks, log.next_index());
            let result = attempt.run().await;
            let found = result.found();
            let error = match self.conclude(context, &checks, place, result, log) {
                Ok(renditions) => {
                    audit::behind(self, context, (&*session, &checks), found, log.last(), false);
                    return Ok((renditions, session.pay.clone()));
                }
                Err(error) => error,
            };
            sent += u32::from(error.was_sent());
            match error.next() {
                Next::GiveUp => return Err(given_up(&error, log.summaries())),
                // Once: whoever refuses what is new as well is left alone.
                Next::Renew => {
                    if !renewed.insert(node.id().clone()) {
                        avoid.insert(node.id().clone());
                    }
                }
                Next::OtherBusy
                | Next::OtherFull
                | Next::OtherIncapable
                | Next::OtherUnpaid
                | Next::Other => {
                    avoid.insert(node.id().clone());
                }
            }
            if sent >= context.config.max_attempts {
                return Err(log.all_failed());
            }
        }
    }

    /// Who does the segment, where the stream asks for comparisons.
    fn way(&self, context: &Context) -> Way {
        let Stream { peers, sessions, profiles, tag, .. } = &*self.stream;
        if !peers.is_on() {
            return Way::Usual;
        }
        let state = |node: &Node| {
            let kinds = profiles.iter().map(kind_of);
            context.trust.standing(&Trust::identity(node, None), tag.as_str(), kinds).state
        };
        peers.way(Offered::of(sessions.offered(), |id| context.directory.score(id), state))
    }

    /// Everybody who has to hear of an attempt does, and its place is given back.
    fn conclude(
        &self,
        context: &Context,
        checks: &Run,
        place: Place,
        result: Attempted,
        log: &mut record::Log,
    ) -> Result<Vec<Bytes>, AttemptError> {
        log.attempted(&place, &result);
        trusted::tell(context, self, &place, checks.plan().on_fail, &result);
        let node = Arc::clone(&place.session.node);
        if let Some(sample) = result.sample(self) {
            context.directory.attempted(node.id(), sample);
        }
        match result.outcome {
            Ok(renditions) => {
                place.served();
                Ok(renditions)
            }
            Err(error) => {
                tracing::info!(
                    manifest = %self.stream.manifest,
                    seq = self.seq,
                    orchestrator = node.host(),
                    error = chain(&error),
                    "attempt failed"
                );
                place.failed(&error);
                self.stream.peers.forget(node.id());
                Err(error)
            }
        }
    }

    /// What results are put through. The source is measured while an orchestrator works on it.
    fn checks(&self, context: &Context) -> Run {
        let advertiser = context.advertiser.as_deref();
        let plan = Plan::of(&self.stream.tag, context.config.verification.mode, advertiser);
        let part = self.clip.is_some();
        let container = self.stream.container;
        let profiles = self.stream.profiles.iter();
        let wanted = profiles.map(|profile| wanted::of_profile(profile, container)).collect();
        let run = Run::new(plan, wanted, self.source.clone(), Arc::clone(&self.stream.past), part);
        if !plan.is_off() {
            let prepared = run.clone().prepare(Arc::clone(&context.verifier));
            drop(context.tasks.job("measure source", prepared));
        }
        run
    }

    /// Publishes source and renditions: the playlist lists them together.
    fn deliver(&self, context: &Context, renditions: Vec<Bytes>) -> Result<Delivered, Problem> {
        let all = std::iter::once(&self.source).chain(&renditions);
        let held = all.map(|bytes| (bytes.clone(), bytes.len() as u64));
        let mut kept = context.store.put_all(held);
        let source = kept.remove(0);
        let now = context.clock.now();
        let (published, uris) = {
            let mut window = self.stream.window.lock();
            let published = window
                .publish(&self.admission, self.duration, source, kept, now)
                .map_err(|e| Problem::new(Reason::Internal, e.to_string()))?;
            let uri = |p: &Profile, epoch| window.uri(&p.name, self.seq, epoch).to_string();
            let uris = published.epoch.map(|epoch| {
                self.stream.profiles.iter().map(|p| uri(p, epoch)).collect::<Vec<_>>()
            });
            (published, uris.unwrap_or_default())
        };
        tracing::debug!(
            manifest = %self.stream.manifest,
            seq = self.seq,
            placement = ?published.placement,
            "segment delivered"
        );
        let unlisted = matches!(published.placement, Placement::Late | Placement::Repeated);
        let took = now.saturating_sub(self.arrived);
        context.metrics.delivered(self, &renditions, unlisted, took);
        Ok(Delivered { stream: Arc::clone(&self.stream), seq: self.seq, renditions, uris })
    }
}

/// No other try can help: what the client is told.
fn given_up(error: &AttemptError, attempts: Vec<AttemptSummary>) -> Problem {
    let text = chain(error);
    let problem = match error {
        AttemptError::Unpaid { source } => Problem::new(source.reason(), text),
        AttemptError::Build { .. } => Problem::new(Reason::Internal, text),
        AttemptError::Source { .. } => Problem::new(Reason::NoDecodableFrame, text),
        _ => {
            let detail = format!("the orchestrator cannot process it: {text}");
            Problem::new(Reason::MediaRejected, detail)
        }
    };
    problem.with_attempts(attempts)
}
