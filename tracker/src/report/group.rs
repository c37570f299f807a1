//! What comes together in one row.

use std::collections::HashMap;

use alloy_primitives::Address;
use jiff::Timestamp;
use jiff::civil::Date;
use jiff::tz::TimeZone;

use crate::amount::{Variance, Wei};
use crate::grade::{Grade, Verdict};
use crate::redemption::Redemption;
use crate::relations::Reasons;

/// What tells rows apart. Ordered as rows are.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Key {
    pub(super) period: Period,
    pub(super) gateway: Address,
    pub(super) tag: u32,
    pub(super) grade: Option<Grade>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Period {
    Round(u64),
    Day(Option<Date>),
}

/// Sums over tickets.
#[derive(Debug, Default)]
pub(super) struct Group {
    pub(super) winners: u64,
    pub(super) face_value: Wei,
    pub(super) paid: Wei,
    /// Part of it that went to orchestrators that may be the gateway's own.
    pub(super) related: Wei,
    pub(super) variance: Variance,
    pub(super) recipients: HashMap<Address, Share>,
    pub(super) in_book: u64,
    pub(super) conflicts: u64,
    pub(super) reasons: Reasons,
    pub(super) rounds: Option<(u64, u64)>,
    pub(super) days: Option<(Date, Date)>,
}

#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Share {
    winners: u64,
    paid: Wei,
}

impl Group {
    pub(super) fn add(
        &mut self,
        redemption: &Redemption,
        verdict: Verdict,
        in_book: bool,
        reasons: Reasons,
    ) {
        let paid = redemption.paid.unwrap_or_default();
        self.winners = self.winners.saturating_add(1);
        self.face_value.add(redemption.face_value);
        self.paid.add(paid);
        self.variance.add(redemption.face_value);
        let share = self.recipients.entry(redemption.recipient).or_default();
        share.winners = share.winners.saturating_add(1);
        share.paid.add(paid);
        self.in_book = self.in_book.saturating_add(u64::from(in_book));
        self.conflicts = self.conflicts.saturating_add(u64::from(verdict.conflict));
        if !reasons.is_empty() {
            self.related.add(paid);
            self.reasons.add(reasons);
        }
        self.rounds = Some(widen(self.rounds, redemption.round));
        if let Some(day) = day(redemption.time) {
            self.days = Some(widen(self.days, day));
        }
    }

    /// Concentration on recipients, 0 to 1, to six digits: by what was paid, or by winners where
    /// nothing was.
    pub(super) fn concentration(&self) -> f64 {
        let whole = self.paid.to_f64();
        #[expect(clippy::cast_precision_loss, reason = "a share to six digits")]
        let (winners, count) = (self.winners as f64, |share: &Share| share.winners as f64);
        let square = |share: &Share| {
            let part =
                if whole > 0.0 { share.paid.to_f64() / whole } else { count(share) / winners };
            part * part
        };
        // Added in a fixed order, so that the same logs always give the same digits.
        let mut squares: Vec<f64> = self.recipients.values().map(square).collect();
        squares.sort_by(f64::total_cmp);
        rounded(squares.iter().fold(0.0, |sum, square| sum + square))
    }

    /// Share of the tickets that the book has; 1 where there are none.
    pub(super) fn coverage(&self) -> f64 {
        share(self.in_book, self.winners)
    }
}

/// A share of a whole, to six digits; 1 of nothing.
pub(super) fn share(part: u64, whole: u64) -> f64 {
    if whole == 0 {
        return 1.0;
    }
    #[expect(clippy::cast_precision_loss, reason = "a share to six digits")]
    let share = part as f64 / whole as f64;
    rounded(share)
}

fn rounded(share: f64) -> f64 {
    (share.clamp(0.0, 1.0) * 1e6).round() / 1e6
}

fn widen<T: Ord + Copy>(range: Option<(T, T)>, value: T) -> (T, T) {
    range.map_or((value, value), |(first, last)| (first.min(value), last.max(value)))
}

/// The day of a time, UTC; nothing for times that no calendar has.
pub(super) fn day(time: Option<u64>) -> Option<Date> {
    let seconds = i64::try_from(time?).ok()?;
    let timestamp = Timestamp::from_second(seconds).ok()?;
    Some(timestamp.to_zoned(TimeZone::UTC).date())
}
