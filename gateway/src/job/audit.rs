//! Full audits: all pictures of a result against its source. Who is audited is decided once the bytes
//! are here: by a secret draw, by suspicion, by how long nobody looked, or because the class of the
//! job says so. Behind the delivery, unless the class asks for every result.

use std::sync::Arc;

use waymark_opendata::{JobRow, SelectedBy};
use waymark_verification::{
    Verdict,
    action::{Action, When},
    sampling::Rate,
    trust::{Identity, State},
};

use super::{
    Job,
    attempt::{Found, Proof},
    trusted::{judged, why},
};
use crate::{
    clock::Clock,
    config::VerificationMode,
    context::Context,
    orchestrator::session::Session,
    verify::{
        Checked, Run, Verifier,
        trust::{Trust, kind_of},
        worker::Urgency,
    },
};

/// Share of the results of trusted orchestrators that are audited where there is a hint and nothing
/// more: simple pictures give hints all the time.
const HINTED: f64 = 0.25;

/// An audit to be made.
struct Audit {
    verifier: Arc<Verifier>,
    trust: Arc<Trust>,
    clock: Clock,
    run: Run,
    checked: Arc<Checked>,
    proof: Arc<Proof>,
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
    found: Found,
    row: Option<JobRow>,
    suspected: bool,
) {
    let checked = found.checked.filter(|checked| checked.idle.is_none());
    let (Some(checked), Some(proof), Some(row)) = (checked, found.proof, row) else {
        return;
    };
    let audit = Audit {
        verifier: Arc::clone(&context.verifier),
        trust: Arc::clone(&context.trust),
        clock: context.clock.clone(),
        run: run.clone(),
        checked,
        proof,
        row,
        selected_by: SelectedBy::All,
        identity: Trust::of_result(session, found.signature),
        kind: job.stream.profiles.first().map_or("", kind_of),
    };
    // Made already, before the delivery.
    if let Some(cpu) = audit.checked.full {
        let verdict = audit.checked.verdict();
        audit.verifier.full_done(
            &audit.row,
            (&verdict, None),
            SelectedBy::All,
            cpu,
            audit.clock.wall(),
        );
        return;
    }
    let mode = run.plan().mode;
    if mode != VerificationMode::FastAndFull || context.verifier.judge().pool().is_none() {
        return;
    }
    let selected_by = selected(job, context, session, &audit);
    let suspected = suspected.then_some(SelectedBy::Suspicion);
    if let Some(selected_by) = suspected.or(selected_by) {
        session.audited(context.clock.now());
        let (audit, under_way) =
            (Audit { selected_by, ..audit }, context.verifier.metrics().audit());
        context.tasks.service("audit", async move {
            audit.make().await;
            drop(under_way);
        });
    }
}

/// Whether a result is audited, and why. The secret draw comes last, so that nothing hangs on it
/// alone.
fn selected(job: &Job, context: &Context, session: &Session, audit: &Audit) -> Option<SelectedBy> {
    let Audit { trust, identity, checked, run, .. } = audit;
    let stream = job.stream.manifest.as_str().as_bytes();
    let span = |span| trust.span(identity, stream, span);
    let due = session.due(context.clock.now(), span);
    let kinds = job.stream.profiles.iter().map(kind_of);
    let standing = trust.standing(identity, job.stream.tag.as_str(), kinds);
    let hinted = checked.is_doubtful();
    if checked.is_soft() || hinted && standing.state != State::Trusted {
        return Some(SelectedBy::Suspicion);
    }
    let least = if hinted { HINTED } else { run.plan().sample_rate.unwrap_or(0.0) };
    let rate = Rate::new(standing.rate.get().max(least), 0.0);
    let drawn = || trust.is_drawn(identity, rate, (&job.id, job.seq), &checked.output());
    if hinted {
        return drawn().then_some(SelectedBy::Suspicion);
    }
    (due.is_some() || drawn()).then_some(SelectedBy::Random)
}

impl Audit {
    async fn make(self) {
        let Self { verifier, checked, proof, row, .. } = &self;
        let bodies = proof.bodies.as_slice();
        let choice = verifier.choice((&row.job_id, row.attempt_index), &checked.output());
        // Who is suspected is looked at as a whole.
        let only = (self.selected_by == SelectedBy::Random)
            .then(|| choice.rendition(u32::try_from(bodies.len()).unwrap_or(u32::MAX)))
            .and_then(|index| usize::try_from(index).ok());
        let judge = verifier.judge();
        let found = self.run.full(judge, (&**checked, bodies), only, &choice, Urgency::Background);
        let (verdicts, cpu) = match found.await {
            Ok(found) => found,
            Err(error) => {
                tracing::debug!(%error, "an audit was not made");
                verifier.metrics().not_made();
                return;
            }
        };
        let verdict: Verdict = verdicts.iter().flat_map(Verdict::checks).cloned().collect();
        let now = self.clock.wall();
        let mut evidence = None;
        let judged = judged(&verdict, true);
        if judged.has_failed() {
            verifier.metrics().published_bad();
            evidence =
                proof.keep(verifier, checked, &self.by_rendition(only, &verdicts), now).await;
        }
        verifier.full_done(row, (&verdict, evidence), self.selected_by, cpu, now);
        let Self { trust, identity, run, kind, .. } = &self;
        let action = Action::of(&judged, run.plan().on_fail, When::AfterDelivery);
        if let Some(finding) = action.finding(&why(&verdict)) {
            trust.observe(identity, row.tag.as_str(), kind, &finding);
        }
    }

    /// A verdict for each rendition: of the audit where it looked, of the fast checks elsewhere.
    fn by_rendition<'a>(&'a self, only: Option<usize>, found: &'a [Verdict]) -> Vec<&'a Verdict> {
        let fast = self.checked.renditions.iter().map(|judged| &judged.verdict).enumerate();
        let of = |(index, fast)| match only {
            Some(one) if one == index => found.first().unwrap_or(fast),
            Some(_) => fast,
            None => found.get(index).unwrap_or(fast),
        };
        fast.map(of).collect()
    }
}
