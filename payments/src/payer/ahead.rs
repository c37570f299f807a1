//! A payment made before the job that takes it: so that the promise on record and the signatures cost
//! the segments of a live stream no time.
//!
//! All rules of payments hold: it is promised on record under the number of the job that will take it,
//! and nothing leaves the process before that. One that no job took is on record as not sent. Its
//! nonces are used all the same, and what it promised goes on counting against the limits: at most one
//! payment for each session that ends.

use alloy_primitives::B256;
use jiff::{SignedDuration, Timestamp};

use super::{Job, PayError, Payer, Payment};
use crate::chain::ChainState;
use crate::session::{Outcome, PaymentSession};

/// Older ones are not sent: an orchestrator forgets an account that rests, and prices change.
const LIFE: SignedDuration = SignedDuration::from_mins(2);

/// A payment that waits for its job. Dropping it is saying that it was not sent.
#[derive(Debug)]
#[must_use = "a payment made ahead is for the next job"]
pub struct Ahead {
    payment: Option<Payment>,
    job: [u8; 16],
    attempt: u32,
    /// Its tickets name the round by both: a reorganisation may change the hash alone.
    round: (u64, B256),
    made_at: Timestamp,
}

impl Payer {
    /// Makes the payment for a job to come. Failing is no event: the job itself will pay, or say why
    /// it cannot.
    pub fn pay_ahead(
        &self,
        session: &PaymentSession,
        job: &Job<'_>,
        chain: &ChainState,
        now: Timestamp,
    ) -> Result<Ahead, PayError> {
        let payment = self.pay_uncounted(session, job, chain, now)?;
        let (id, attempt) = (job.id, job.attempt);
        Ok(Ahead { payment: Some(payment), job: id, attempt, round: named(chain), made_at: now })
    }

    /// The payment for a job, out of what was made ahead: if it is for this job in this session, is
    /// enough, and could be made in the same way now.
    pub fn claim(
        &self,
        mut ahead: Ahead,
        session: &PaymentSession,
        job: &Job<'_>,
        chain: &ChainState,
        now: Timestamp,
    ) -> Option<Payment> {
        let age = now.duration_since(ahead.made_at);
        let same_job = (ahead.job, ahead.attempt) == (job.id, job.attempt);
        let in_time = age <= LIFE && ahead.round == named(chain);
        let ask = self.ask(job, chain, now);
        let payment = ahead.payment.take()?;
        if same_job && in_time && payment.is_good_for(session, &ask) {
            return Some(payment);
        }
        ahead.payment = Some(payment);
        None
    }
}

/// The round as tickets made now name it.
fn named(chain: &ChainState) -> (u64, B256) {
    (chain.round.number, chain.round.block_hash)
}

impl Ahead {
    /// The job it is for.
    pub fn job(&self) -> [u8; 16] {
        self.job
    }
}

impl Drop for Ahead {
    fn drop(&mut self) {
        if let Some(payment) = self.payment.take() {
            // Whatever it says of the session is no news: nothing was sent.
            let _settled = payment.settle(Outcome::NotSent, self.made_at);
        }
    }
}
