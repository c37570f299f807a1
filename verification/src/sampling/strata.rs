//! Audits that are made whatever the draw says: the first and the last result of a session, and one
//! in each five minutes of a stream.
//!
//! The moment within the five minutes is secret, else a cheat could be honest around it. Whether
//! the draw already made an audit there is no secret that helps: no audit can be seen from outside.

use std::time::Duration;

use super::Draw;

/// Each such span of a stream has an audit, if a result arrives in it after its secret moment.
pub const SPAN: Duration = Duration::from_mins(5);

/// Why an audit is due without a draw.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Stratum {
    /// The first result of a session.
    First,
    /// The span's secret moment is over and nothing of the span was audited.
    Overdue,
    /// The last result of a session.
    Last,
}

impl Stratum {
    /// The word used in records: `first`, `overdue` or `last`.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::First => "first",
            Self::Overdue => "overdue",
            Self::Last => "last",
        }
    }
}

/// The spans of one stream with one orchestrator. Times count from any one origin.
#[derive(Clone, Debug)]
pub struct Strata {
    began: Duration,
    /// Whether something of this span was audited.
    span: Option<u64>,
    arrived: bool,
    /// Whether the newest result was audited.
    newest: bool,
}

impl Strata {
    /// A session that begins now.
    pub const fn new(now: Duration) -> Self {
        Self { began: now, span: None, arrived: false, newest: false }
    }

    /// A result has arrived. `secret` are bits of the span that this orchestrator cannot know, the
    /// same for all results of it: the key's `derive("span", …)` of stream and span number.
    pub fn arrived(&mut self, now: Duration, secret: impl FnOnce(u64) -> Draw) -> Option<Stratum> {
        self.newest = false;
        if !std::mem::replace(&mut self.arrived, true) {
            return Some(Stratum::First);
        }
        let since = now.saturating_sub(self.began);
        let number = since.as_secs() / SPAN.as_secs();
        if self.span == Some(number) {
            return None;
        }
        let within = since.as_secs() % SPAN.as_secs();
        let seconds = usize::try_from(SPAN.as_secs()).unwrap_or(usize::MAX);
        let moment = secret(number).one_of(seconds);
        (within >= moment as u64).then_some(Stratum::Overdue)
    }

    /// The newest result is audited, for whatever reason.
    pub fn audited(&mut self, now: Duration) {
        self.newest = true;
        self.span = Some(now.saturating_sub(self.began).as_secs() / SPAN.as_secs());
    }

    /// The session is over: whether its newest result is still to be audited.
    pub const fn over(&self) -> Option<Stratum> {
        if self.arrived && !self.newest { Some(Stratum::Last) } else { None }
    }
}

#[cfg(test)]
mod tests {
    use jiff::Timestamp;

    use super::*;
    use crate::sampling::{DayKey, Secret, Subject};

    fn secret(key: &DayKey) -> impl Fn(u64) -> Draw {
        move |span| {
            let output = &[0; 32];
            key.derive("span", &Subject { orchestrator: "o", job: b"stream", seq: span, output })
        }
    }

    fn key(seed: u8) -> DayKey {
        Secret::new([seed; 32]).day_key(Timestamp::UNIX_EPOCH)
    }

    #[test]
    fn first_and_last_are_audited() {
        let key = key(1);
        let mut strata = Strata::new(Duration::ZERO);
        assert_eq!(strata.over(), None, "nothing arrived");
        assert_eq!(strata.arrived(Duration::ZERO, secret(&key)), Some(Stratum::First));
        strata.audited(Duration::ZERO);
        assert_eq!(strata.over(), None, "the only one was audited as the first");
        assert_eq!(strata.arrived(Duration::from_secs(2), secret(&key)), None);
        assert_eq!(strata.over(), Some(Stratum::Last));
    }

    #[test]
    fn each_five_minutes_have_an_audit_at_a_moment_of_their_own() {
        let mut moments = Vec::new();
        for seed in 0..8 {
            let key = key(seed);
            let mut strata = Strata::new(Duration::ZERO);
            let mut audits = Vec::new();
            for now in (0..3_600).step_by(2).map(Duration::from_secs) {
                if strata.arrived(now, secret(&key)).is_some() {
                    strata.audited(now);
                    audits.push(now.as_secs());
                }
            }
            // The first result stands for the first five minutes.
            let spans: Vec<_> = audits.iter().map(|at| at / SPAN.as_secs()).collect();
            assert_eq!(spans, (0..12).collect::<Vec<_>>());
            moments.push(audits);
        }
        moments.dedup();
        assert_eq!(moments.len(), 8, "no two keys share their moments");
    }

    #[test]
    fn a_span_in_which_the_draw_hit_needs_no_more() {
        let key = key(1);
        let mut strata = Strata::new(Duration::ZERO);
        strata.arrived(Duration::ZERO, secret(&key));
        strata.audited(Duration::from_secs(301));
        for now in (302..600).step_by(2).map(Duration::from_secs) {
            assert_eq!(strata.arrived(now, secret(&key)), None);
        }
    }
}
