//! Whether a promise fits every limit. Pure: it reads sums and rates and changes nothing. The
//! caller holds the lock over checking, writing and counting, so no two promises share the same
//! room.

use alloy_primitives::U256;
use jiff::Timestamp;

use super::Promise;
use super::books::DayBook;
use crate::limits::{Amount, LimitCause, LimitHit, LimitKind, Limits, Rates};

/// Everything a decision needs.
#[derive(Debug)]
pub(super) struct Admission<'a> {
    pub(super) limits: &'a Limits,
    pub(super) rates: &'a Rates,
    pub(super) day: &'a DayBook,
    pub(super) session: U256,
}

impl Admission<'_> {
    pub(super) fn check(&self, promise: &Promise<'_>) -> Result<(), Box<LimitHit>> {
        if promise.tickets == 0 {
            return Ok(()); // Promises nothing.
        }
        let limits = self.limits;
        let ticket_value = promise.value.div_ceil(U256::from(promise.tickets));
        let single = [
            (LimitKind::TicketFaceValue, &limits.ticket_face_value, promise.face_value),
            (LimitKind::TicketExpectedValue, &limits.ticket_expected_value, ticket_value),
            (LimitKind::Payment, &limits.payment, promise.value),
        ];
        for (kind, limit, asked) in single {
            let Some(limit) = limit else { continue };
            self.fits(kind, limit, U256::ZERO, asked, promise.at)
                .map_err(|hit| Box::new(LimitHit { resets: None, ..hit }))?;
        }

        let asked = promise.value;
        if let Some(limit) = &limits.session {
            let subject = || Some(format!("{} of {}", promise.session, promise.recipient));
            self.fits(LimitKind::Session, limit, self.session, asked, promise.at)
                .map_err(|hit| Box::new(LimitHit { subject: subject(), resets: None, ..hit }))?;
        }
        // What a crash of the machine may have swallowed could have been for anyone.
        let lost = self.day.lost;
        for ((pattern, limit), used) in limits.tags.iter().zip(&self.day.rules) {
            if pattern.covers(promise.tag_name) {
                let used = used.saturating_add(lost);
                self.fits(LimitKind::Tag, limit, used, asked, promise.at).map_err(|hit| {
                    Box::new(LimitHit { subject: Some(pattern.to_string()), ..hit })
                })?;
            }
        }
        if let Some(limit) = limits.of_orchestrator(&promise.recipient) {
            let used = self.day.orchestrators.get(&promise.recipient).copied().unwrap_or_default();
            let subject = || Some(promise.recipient.to_string());
            self.fits(LimitKind::Orchestrator, limit, used.saturating_add(lost), asked, promise.at)
                .map_err(|hit| Box::new(LimitHit { subject: subject(), ..hit }))?;
        }
        if let Some(limit) = &limits.day {
            self.fits(LimitKind::Day, limit, self.day.used(), asked, promise.at)
                .map_err(Box::new)?;
        }
        Ok(())
    }

    #[expect(clippy::result_large_err, reason = "every caller boxes it after naming the subject")]
    fn fits(
        &self,
        kind: LimitKind,
        limit: &Amount,
        used: U256,
        asked: U256,
        now: Timestamp,
    ) -> Result<(), LimitHit> {
        let (limit_wei, cause) = match self.rates.wei(limit, now, self.limits.max_rate_age) {
            Ok(wei) => {
                if used.checked_add(asked).is_some_and(|sum| sum <= wei) {
                    return Ok(());
                }
                (Some(wei), LimitCause::Exceeded)
            }
            Err(problem) => (None, LimitCause::Rate(problem)),
        };
        let (resets, limit) = (Some(self.day.day.end()), *limit);
        Err(LimitHit { kind, subject: None, limit, limit_wei, used, asked, resets, cause })
    }
}
