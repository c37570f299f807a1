//! What an attempt pays, and what became of it.

use waymark_payments::{
    payer::Payment,
    session::{Outcome as Paid, Refusal, Renewal},
};

use super::{Attempt, Attempted, pixels_of};
use crate::{
    orchestrator::error::{AttemptError, TransportError, chain},
    payments::Paying,
    wire::{Fault, TranscodeOutput},
};

impl Attempt<'_> {
    /// Makes the payment, with fresh parameters where the old ones ran out.
    pub(super) async fn pay(
        &self,
        so_far: &mut Attempted,
    ) -> Result<Option<Payment>, AttemptError> {
        let Self { job, place, .. } = self;
        let (sessions, session) = (&job.stream.sessions, &place.session);
        let (Some(paying), Some(pay)) = (sessions.paying(), &session.pay) else { return Ok(None) };
        let unpaid = |source| AttemptError::Unpaid { source };
        let mut renewed = paying.renewal(pay) == Renewal::Needed;
        if renewed {
            sessions.refresh(session).await.map_err(unpaid)?;
        }
        loop {
            match paying.pay(pay, &job.id, u32::from(self.index), job.duration) {
                Ok(payment) => {
                    so_far.paid = Some(Paying::facts(pay, &payment));
                    return Ok(Some(payment));
                }
                Err(error) if !renewed && Paying::may_renew(&error) => {
                    renewed = true;
                    sessions.refresh(session).await.map_err(unpaid)?;
                }
                Err(error) => return Err(unpaid(error)),
            }
        }
    }

    /// Says what came of a payment (go-livepeer `server/segment_rpc.go:488-497, 565-567, 645-655`),
    /// and takes over the terms that came with a result.
    pub(super) fn settle(
        &self,
        payment: Payment,
        received: Result<&TranscodeOutput, &AttemptError>,
    ) {
        let now = self.context.clock.wall();
        let outcome = match received {
            Ok(output) => Paid::Received { pixels: pixels_of(output) },
            Err(AttemptError::Refused { fault: Fault::Payment(refusal), .. }) => {
                Paid::Refused(*refusal)
            }
            Err(AttemptError::Refused { fault: Fault::Token, .. }) => Paid::Refused(Refusal::Token),
            Err(AttemptError::Transport(
                TransportError::Dial { .. } | TransportError::DialTimeout { .. },
            )) => Paid::NotSent,
            // No answer began.
            Err(AttemptError::Transport(_) | AttemptError::HeaderTimeout { .. }) => {
                Paid::Unanswered
            }
            Err(_) => Paid::Spent,
        };
        let orchestrator = self.place.session.node.host();
        let settled = payment.settle(outcome, now);
        if let Some(end) = settled.ended {
            tracing::info!(orchestrator, reason = %end, "payment session over");
        }
        let Self { job, place, .. } = self;
        let terms = received.ok().and_then(|output| output.info.as_ref());
        if let (Some(info), Some(pay), Some(paying)) =
            (terms, &place.session.pay, job.stream.sessions.paying())
            && let Err(error) = paying.renew(pay, info)
        {
            // This segment is paid and done; the session takes no further one if it is over.
            let error = chain(&error);
            tracing::info!(orchestrator, error, "the orchestrator's new terms are not accepted");
        }
    }
}
