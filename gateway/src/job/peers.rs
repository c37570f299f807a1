//! One segment to several orchestrators, whose results are compared: the fast verification that
//! clients of stock gateways switch on.
//!
//! ```text
//!   trusted ──┐ attempts, at once, each paid, signed and checked like any other
//!   untrusted ┼─► the trusted result is delivered as soon as it is here;
//!   untrusted ┘   without it the first that passed our own checks
//!                  └─ behind the delivery: hashes fetched ─► compared ─► sessions, audits, records
//! ```
//!
//! The client waits for the trusted orchestrator, and never for hashes or for the slowest of three.

use std::{sync::Arc, time::Duration};

use bytes::Bytes;
use futures_util::{
    FutureExt as _, StreamExt as _,
    future::{BoxFuture, pending},
    stream::FuturesUnordered,
};
use tokio::{
    sync::oneshot,
    time::{Instant, sleep_until},
};
use url::Url;
use waymark_opendata::JobRow;
use waymark_payments::session::PaymentSession;
use waymark_verification::stock::{
    hash::{Hash, HashError},
    pools::Pool,
};

use super::{
    Job,
    attempt::{Attempt, Found},
    compared,
    hashes::hashes,
    record::Log,
};
use crate::{
    context::Context,
    orchestrator::{
        error::{AttemptError, Next},
        node::Node,
        session::{FailedOpening, NoPeer, Session},
    },
    verify::Run,
};

/// Shortest time that an untrusted result waits for the trusted one; longer segments wait for as long
/// as they last.
const PATIENCE: Duration = Duration::from_millis(500);

/// One orchestrator that is asked.
struct Peer {
    job: Arc<Job>,
    context: Arc<Context>,
    checks: Run,
    pool: Pool,
    node: Arc<Node>,
    index: u8,
}

/// What came of asking one.
pub(super) struct Answer {
    pub(super) pool: Pool,
    pub(super) node: Arc<Node>,
    /// `None` where it did not come to one.
    pub(super) session: Option<Arc<Session>>,
    /// Renditions; or why there are none, `None` where it takes no more segments now.
    pub(super) outcome: Result<Vec<Bytes>, Option<AttemptError>>,
    /// What our own checks found, and whether the signature was right.
    pub(super) found: Found,
    /// The hash of each rendition, or why there is none.
    pub(super) hashes: Vec<Result<Hash, HashError>>,
    /// Its rows, until somebody else has them.
    pub(super) log: Option<Log>,
    /// The row of the attempt.
    pub(super) row: Option<JobRow>,
    /// Where the hash of each rendition is, if anywhere.
    urls: Vec<Option<Url>>,
}

/// What the job goes on with.
pub(super) enum Ended {
    /// Renditions to deliver, and the session they were paid in.
    Served(Vec<Bytes>, Option<PaymentSession>),
    /// Nobody had any.
    Failed {
        /// Whom to avoid.
        avoid: Vec<Arc<Node>>,
        /// Whether the segment reached anybody.
        sent: bool,
        /// The media cannot be processed, if that is why.
        hopeless: Option<AttemptError>,
    },
}

/// What leaves a comparison for the job, with the rows that belong to it.
struct Handed {
    ended: Ended,
    logs: Vec<Log>,
}

enum Event {
    Answered(Box<Answer>),
    Hashed(usize, Vec<Result<Hash, HashError>>),
    Late,
}

/// Sends the segment to all of them, and returns as soon as there is something to deliver.
pub(super) async fn compare(
    job: &Arc<Job>,
    context: &Arc<Context>,
    checks: &Run,
    team: Vec<(Pool, Arc<Node>)>,
    log: &mut Log,
) -> Ended {
    let first = log.reserve(team.len());
    let nodes: Vec<_> = team.iter().map(|(_, node)| Arc::clone(node)).collect();
    let peers = team.into_iter().zip(first..).map(|((pool, node), index)| Peer {
        job: Arc::clone(job),
        context: Arc::clone(context),
        checks: checks.clone(),
        pool,
        node,
        index,
    });
    let (to_job, from_peers) = oneshot::channel();
    let comparing =
        run(Arc::clone(job), Arc::clone(context), checks.clone(), peers.collect(), to_job);
    drop(context.tasks.job("compare", comparing));
    match from_peers.await {
        Ok(Handed { ended, logs }) => {
            for side in logs {
                log.adopt(side);
            }
            ended
        }
        // A defect of ours: others do the segment.
        Err(_) => Ended::Failed { avoid: nodes, sent: true, hopeless: None },
    }
}

async fn run(
    job: Arc<Job>,
    context: Arc<Context>,
    checks: Run,
    peers: Vec<Peer>,
    to_job: oneshot::Sender<Handed>,
) {
    let asked = peers.len();
    let mut to_job = Some(to_job);
    let asking = peers
        .into_iter()
        .map(|peer| peer.ask().map(|answer| Event::Answered(Box::new(answer))).boxed());
    let mut work: FuturesUnordered<BoxFuture<'static, Event>> = asking.collect();
    let mut answers: Vec<Answer> = Vec::with_capacity(asked);
    let (mut give_up, mut late) = (None, false);
    loop {
        let waiting = give_up.filter(|_| to_job.is_some() && !late);
        let event = tokio::select! {
            event = work.next() => event,
            () = until(waiting) => Some(Event::Late),
        };
        match event {
            None => break,
            Some(Event::Answered(answer)) => {
                if answer.outcome.is_ok() {
                    let patience = job.duration.max(PATIENCE);
                    give_up.get_or_insert_with(|| Instant::now() + patience);
                    let (job, context) = (Arc::clone(&job), Arc::clone(&context));
                    let (session, urls) = (answer.session.clone(), answer.urls.clone());
                    let place = answers.len();
                    let fetching = async move {
                        Event::Hashed(
                            place,
                            hashes(&job, &context, session.as_deref(), &urls).await,
                        )
                    };
                    work.push(fetching.boxed());
                }
                answers.push(*answer);
            }
            Some(Event::Hashed(place, hashes)) => {
                if let Some(answer) = answers.get_mut(place) {
                    answer.hashes = hashes;
                }
            }
            Some(Event::Late) => late = true,
        }
        if let Some(waiting) = to_job.take() {
            match hand_over(&mut answers, asked, late) {
                Some(handed) => drop(waiting.send(handed)),
                None => to_job = Some(waiting),
            }
        }
    }
    compared::settle(&job, &context, &checks, answers);
}

async fn until(moment: Option<Instant>) {
    match moment {
        Some(moment) => sleep_until(moment).await,
        None => pending().await,
    }
}

/// What the job can go on with, as soon as there is something.
fn hand_over(answers: &mut [Answer], asked: usize, late: bool) -> Option<Handed> {
    let here = |answer: &Answer| answer.outcome.is_ok();
    let trusted = |answer: &Answer| answer.pool == Pool::Trusted;
    let no_trusted = late || answers.iter().any(|a| trusted(a) && !here(a));
    let chosen = answers
        .iter()
        .position(|a| trusted(a) && here(a))
        .or_else(|| answers.iter().position(here).filter(|_| no_trusted));
    if chosen.is_none() && answers.len() < asked {
        return None;
    }
    // Rows of those that failed come first: the last one decides the job.
    let failed = answers.iter_mut().filter(|answer| !here(answer));
    let mut logs: Vec<Log> = failed.filter_map(|answer| answer.log.take()).collect();
    if let Some(answer) = chosen.and_then(|chosen| answers.get_mut(chosen)) {
        logs.extend(answer.log.take());
        let paid_in = answer.session.as_ref().and_then(|session| session.pay.clone());
        let renditions = answer.outcome.as_ref().map(Clone::clone).unwrap_or_default();
        return Some(Handed { ended: Ended::Served(renditions, paid_in), logs });
    }
    let errors = || answers.iter().filter_map(|answer| answer.outcome.as_ref().err()?.as_ref());
    let sent = errors().any(AttemptError::was_sent);
    // Who only takes no more segments now may do this one in its turn.
    let busy = |answer: &&Answer| matches!(answer.outcome, Err(None));
    let failed = answers.iter().filter(|answer| !busy(answer));
    let avoid = failed.map(|answer| Arc::clone(&answer.node)).collect();
    let hopeless = answers.iter_mut().find_map(|answer| match &mut answer.outcome {
        Err(error) => error.take_if(|error| error.next() == Next::GiveUp),
        Ok(_) => None,
    });
    Some(Handed { ended: Ended::Failed { avoid, sent, hopeless }, logs })
}

impl Peer {
    async fn ask(self) -> Answer {
        let Self { job, context, checks, pool, node, index } = self;
        let mut log = Log::beside(&job, &context, index);
        let mut answer = Answer {
            pool,
            node: Arc::clone(&node),
            session: None,
            outcome: Err(None),
            found: Found::default(),
            hashes: Vec::new(),
            log: None,
            row: None,
            urls: Vec::new(),
        };
        match job.stream.sessions.place_with(&node, job.duration).await {
            Ok(place) => {
                answer.session = Some(Arc::clone(&place.session));
                let mut result = Attempt::new(&job, &context, &place, &checks, index).run().await;
                answer.urls = std::mem::take(&mut result.hash_urls);
                answer.found = result.found();
                answer.outcome =
                    job.conclude(&context, &checks, place, result, &mut log).map_err(Some);
            }
            Err(NoPeer::Failed(FailedOpening { node, error, took })) => {
                log.opening_failed(&node, &error, took);
                answer.outcome = Err(Some(error));
            }
            Err(NoPeer::Busy) => {}
        }
        answer.row = log.last();
        answer.log = Some(log);
        answer
    }
}
