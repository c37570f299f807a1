//! Full audits: all pictures of a result against its source. Who is audited is decided once the bytes
//! are here: by a secret draw, by suspicion, or because the class of the job says so. Behind the
//! delivery, unless the class asks for every result.

use std::sync::Arc;

use bytes::Bytes;
use waymark_opendata::{JobRow, SelectedBy};
use waymark_verification::{
    Verdict,
    action::{Action, Judged, OnFail, When},
    sampling::Rate,
    trust::Identity,
};

use super::Job;
use crate::{
    clock::Clock,
    config::VerificationMode,
    context::Context,
    orchestrator::session::Session,
    verify::{
        Checked, Run, Verifier, score_of,
        trust::{Trust, kind_of},
        worker::Urgency,
    },
};

/// An audit to be made.
struct Audit {
    verifier: Arc<Verifier>,
    trust: Arc<Trust>,
    clock: Clock,
    run: Run,
    checked: Arc<Checked>,
    bodies: Vec<Bytes>,
    row: JobRow,
    selected_by: SelectedBy,
    identity: Identity,
    kind: &'static str,
}

/// Audits what is about to be delivered, if it is to be: in any case where something else than its own
/// checks speaks against it (`suspected`). Nobody waits for it.
pub(super) fn behind(
    job: &Job,
    context: &Context,
    (session, run): (&Session, &Run),
    (checked, signed): (Option<Arc<Checked>>, Option<bool>),
    bodies: &[Bytes],
    row: Option<JobRow>,
    suspected: bool,
) {
    let (Some(checked), Some(row)) = (checked.filter(|c| c.idle.is_none()), row) else { return };
    let plan = run.plan();
    if plan.mode != VerificationMode::FastAndFull || context.verifier.judge().pool().is_none() {
        return;
    }
    let recipient = session.info.result_signer().filter(|_| signed == Some(true));
    let identity = Trust::identity(&session.node, recipient);
    let kinds = job.stream.profiles.iter().map(kind_of);
    let standing = context.trust.standing(&identity, job.stream.tag.as_str(), kinds);
    let wanted = plan.sample_rate.unwrap_or(0.0);
    let rate = Rate::new(standing.rate.get().max(wanted), 0.0);
    let drawn = || context.trust.is_drawn(&identity, rate, (&job.id, job.seq), &checked.output());
    let selected_by = if suspected || checked.is_doubtful() {
        SelectedBy::Suspicion
    } else if drawn() {
        SelectedBy::Random
    } else {
        return;
    };
    let audit = Audit {
        verifier: Arc::clone(&context.verifier),
        trust: Arc::clone(&context.trust),
        clock: context.clock.clone(),
        run: run.clone(),
        checked,
        bodies: bodies.to_vec(),
        row,
        selected_by,
        identity,
        kind: job.stream.profiles.first().map_or("", kind_of),
    };
    context.tasks.service("audit", audit.make());
}

impl Audit {
    async fn make(self) {
        let Self { verifier, checked, bodies, row, .. } = &self;
        let choice = verifier.choice((&row.job_id, row.attempt_index), &checked.output());
        // Who is suspected is looked at as a whole.
        let only = (self.selected_by == SelectedBy::Random)
            .then(|| choice.rendition(u32::try_from(bodies.len()).unwrap_or(u32::MAX)))
            .and_then(|index| usize::try_from(index).ok());
        let judge = verifier.judge();
        let found = self.run.full(
            judge,
            (&**checked, bodies.as_slice()),
            only,
            &choice,
            Urgency::Background,
        );
        let (verdicts, cpu) = match found.await {
            Ok(found) => found,
            Err(error) => {
                tracing::debug!(%error, "an audit was not made");
                verifier.metrics().not_made();
                return;
            }
        };
        let verdict: Verdict = verdicts.iter().flat_map(Verdict::checks).cloned().collect();
        verifier.full_done(row, &verdict, self.selected_by, cpu, self.clock.wall());
        let judged = judged(&verdict);
        if judged.has_failed() {
            verifier.metrics().published_bad();
        }
        let why = verdict
            .failures()
            .next()
            .map_or_else(|| "audit".to_owned(), |check| format!("{}: {check}", check.id));
        let action = Action::of(&judged, self.on_fail(), When::AfterDelivery);
        if let Some(finding) = action.finding(&why) {
            self.trust.observe(&self.identity, row.tag.as_str(), self.kind, &finding);
        }
    }

    fn on_fail(&self) -> OnFail {
        self.run.plan().on_fail
    }
}

/// A verdict of a full audit. Our own encoding has not been asked, so nothing is confirmed.
fn judged(verdict: &Verdict) -> Judged {
    Judged {
        decision: verdict.decision(),
        confirmed: false,
        full: true,
        score: score_of(verdict).map_or(0.0, |(score, _)| f64::from(score)),
    }
}
