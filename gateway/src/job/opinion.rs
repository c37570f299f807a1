//! What an external verifier says of a result, before it is delivered.

use std::sync::Arc;

use bytes::Bytes;
use waymark_payments::session::PaymentSession;
use waymark_verification::{action::OnFail, stock::webhook::Opinion};

use super::attempt::{Attempt, Attempted, claims_of};
use crate::{
    orchestrator::error::{AttemptError, chain},
    verify::webhook::Subject,
    wire::TranscodeOutput,
};

impl Attempt<'_> {
    /// Asks the verifier, where there is one. A rejected result is asked of another orchestrator; the
    /// rejection alone costs nobody's trust, as whoever runs the verifier answers for it.
    pub(super) async fn opinion(
        &self,
        output: &TranscodeOutput,
        renditions: &[Bytes],
        so_far: &mut Attempted,
    ) -> Result<(), AttemptError> {
        let Some(webhook) = self.context.verifier.webhook() else { return Ok(()) };
        let claims = claims_of(output);
        let orchestrator = self.orchestrator_id();
        let subject = Subject {
            source: &self.job.source,
            renditions,
            profiles: &self.job.stream.profiles,
            claims: &claims,
            orchestrator: &orchestrator,
        };
        let opinion = webhook.ask(subject).await;
        let check = match &opinion {
            Ok(opinion) => opinion.check(),
            Err(why_not) => {
                let (manifest, why) = (&self.job.stream.manifest, chain(why_not));
                tracing::warn!(%manifest, seq = self.job.seq, why, "the verifier gave no opinion");
                why_not.check()
            }
        };
        let checked = so_far.checked.as_mut().and_then(Arc::get_mut);
        match checked.filter(|checked| checked.idle.is_none()) {
            Some(checked) => checked.whole.push(check),
            // Nothing else was checked, so there is no record that could say so.
            None if opinion.is_err() => self.context.verifier.metrics().no_opinion(),
            None => {}
        }
        let Ok(Opinion::Rejected { fault, score }) = opinion else { return Ok(()) };
        if self.checks.plan().on_fail == OnFail::Record {
            let fault = fault.as_str();
            tracing::warn!(fault, "a rejected result is delivered, as its class says");
            self.context.verifier.metrics().published_bad();
            return Ok(());
        }
        Err(AttemptError::Rejected { fault: fault.as_str(), score })
    }

    /// Hex of the recipient that is paid, or the address where nothing is paid.
    fn orchestrator_id(&self) -> String {
        let session = &self.place.session;
        match session.pay.as_ref().map(PaymentSession::recipient).filter(|one| !one.is_zero()) {
            Some(recipient) => alloy_primitives::hex::encode(recipient),
            None => session.info.transcoder.as_str().trim_end_matches('/').to_owned(),
        }
    }
}
