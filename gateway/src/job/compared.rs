//! What follows when several orchestrators did one segment.
//!
//! A hash is a hint about pictures, made by the orchestrator before it encodes. Whoever's hash differs
//! gets no more segments of this stream, and its pictures are audited against the source; trust hears
//! what the audit finds, not what the hash says.

use std::sync::Arc;

use waymark_verification::{
    Decision, Verdict,
    stock::pools::{self, Fault, Pool, Returned},
};

use super::{Job, audit, peers::Answer};
use crate::{context::Context, orchestrator::error::AttemptError, verify::Run};

/// Ticks by which the times of two hashes of one picture may differ: 1 ms of MPEG-TS.
const SLACK: u32 = 90;

/// Compares the results, and does what follows.
pub(super) fn settle(job: &Arc<Job>, context: &Context, checks: &Run, mut answers: Vec<Answer>) {
    let judged: Vec<(&Answer, Decision)> =
        answers.iter().filter_map(|answer| Some((answer, decision(answer, checks)?))).collect();
    let results: Vec<_> = judged
        .iter()
        .map(|(answer, decision)| Returned {
            pool: answer.pool,
            hashes: &answer.hashes,
            decision: *decision,
        })
        .collect();
    let settled = pools::settle(&results, SLACK);
    let of = |place: usize| judged.get(place).map(|(answer, _)| *answer);
    let fault_of = |answer: &Answer| {
        let found = settled.suspended.iter().find(|(place, _)| {
            of(*place).is_some_and(|other| Arc::ptr_eq(&other.node, &answer.node))
        });
        found.map(|(_, fault)| *fault)
    };
    for (place, (answer, _)) in judged.iter().enumerate() {
        let checks = settled.checks.iter().filter(|(of, _)| *of == place);
        let verdict: Verdict = checks.map(|(_, check)| check.clone()).collect();
        if verdict.checks().is_empty() && fault_of(answer).is_none() {
            continue;
        }
        context.metrics.compared(answer.node.host(), fault_of(answer).map(Fault::fverror_type));
        if let Some(row) = answer.row.as_ref().filter(|_| !verdict.checks().is_empty()) {
            context.verifier.compared(row, &verdict, context.clock.wall());
        }
        if fault_of(answer).is_some() {
            tracing::warn!(
                manifest = %job.stream.manifest,
                seq = job.seq,
                orchestrator = answer.node.host(),
                verdict = %verdict,
                "a result differs from the trusted one, or failed; the stream goes on without its orchestrator"
            );
            if let Some(session) = &answer.session {
                job.stream.sessions.leave(session);
            }
        }
    }
    let suspended = settled.suspended.iter().filter_map(|(place, _)| of(*place));
    // Somebody who is vouched for and failed is asked again: nobody could be compared without it.
    let suspended = suspended.filter(|answer| answer.pool == Pool::Untrusted);
    let verified = settled.verified.and_then(of).map(|answer| answer.node.id().clone());
    job.stream.peers.learn(verified, suspended.map(|answer| answer.node.id().clone()));
    for answer in &answers {
        let (Ok(_), Some(session)) = (&answer.outcome, &answer.session) else { continue };
        let suspected = fault_of(answer) == Some(Fault::Hash);
        let (found, row) = (answer.found.clone(), answer.row.clone());
        audit::behind(job, context, (session, checks), found, row, suspected);
    }
    for log in answers.iter_mut().filter_map(|answer| answer.log.take()) {
        log.submit_beside(context);
    }
}

/// What our own checks say of a result; `None` where there is none to say anything of, as somebody who
/// could not be reached returned nothing wrong.
fn decision(answer: &Answer, checks: &Run) -> Option<Decision> {
    match &answer.outcome {
        Ok(_) => Some(match &answer.found.checked {
            Some(checked) if checked.idle.is_none() => checked.verdict().decision(),
            // The operator asks for no more than signature and container, which it passed.
            _ if checks.plan().is_off() => Decision::Accepted,
            _ => Decision::NotJudged,
        }),
        Err(Some(AttemptError::Check { .. })) => Some(Decision::Refused),
        Err(_) => None,
    }
}
