//! Which of a stream's sessions takes the next segment.
//!
//! A stream stays with the orchestrator that serves it in time. An orchestrator works on one segment
//! of a session and queues four more; a sixth is refused (go-livepeer `core/orchestrator.go:36`), so
//! never more than five are in flight on one session.

use std::time::Duration;

use crate::Moment;

/// Segments an orchestrator holds for one session: one running and four queued.
pub const MAX_IN_FLIGHT: usize = 5;
/// Shortest segment duration that counts when judging whether a session is late.
const SHORTEST: Duration = Duration::from_millis(1500);

/// What matters of one session for the choice.
#[derive(Debug, Clone, Copy)]
pub struct SessionView {
    /// Segments sent and not yet answered.
    pub in_flight: usize,
    /// When the oldest of them was sent, and its media duration.
    pub oldest: Option<(Moment, Duration)>,
    /// Time of the last attempt divided by its media time; `None` before the first result.
    pub ratio: Option<f64>,
}

/// What to do with the next segment.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Choice {
    /// Send it on this session.
    Use(usize),
    /// Open a session on another orchestrator; if there is none, use this one.
    OpenOr(usize),
    /// Open a session; if that is impossible, wait for a free place.
    Open,
}

/// Picks among the sessions of one stream, in the order they were opened.
///
/// A session in time is kept, the one with the fewest segments in flight first. Only when all are
/// late, slower than real time or full does another orchestrator get its turn.
pub fn choose(sessions: &[SessionView], now: Moment) -> Choice {
    let with_room = || sessions.iter().enumerate().filter(|(_, s)| s.in_flight < MAX_IN_FLIGHT);
    let fewest = |(i, s): &(usize, &SessionView)| (s.in_flight, *i);
    if let Some((i, _)) = with_room().filter(|(_, s)| in_time(s, now)).min_by_key(fewest) {
        return Choice::Use(i);
    }
    // All are late: the fastest of those with the shortest queue is the least bad.
    let speed = |s: &SessionView| s.ratio.unwrap_or(1.0);
    let least_bad = with_room()
        .min_by(|(_, a), (_, b)| a.in_flight.cmp(&b.in_flight).then(speed(a).total_cmp(&speed(b))));
    match least_bad {
        Some((i, _)) => Choice::OpenOr(i),
        None => Choice::Open,
    }
}

fn in_time(session: &SessionView, now: Moment) -> bool {
    match session.oldest {
        Some((sent, media)) => now.saturating_sub(sent) < media.max(SHORTEST),
        None => session.ratio.is_none_or(|ratio| ratio <= 1.0),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const IDLE: SessionView = SessionView { in_flight: 0, oldest: None, ratio: Some(0.3) };

    fn busy(in_flight: usize, sent: u64) -> SessionView {
        let oldest = Some((Moment::from_secs(sent), Duration::from_secs(2)));
        SessionView { in_flight, oldest, ratio: Some(0.3) }
    }

    #[test]
    fn the_first_segment_opens_a_session() {
        assert_eq!(choose(&[], Moment::ZERO), Choice::Open);
    }

    #[test]
    fn a_stream_stays_with_the_orchestrator_that_serves_it() {
        assert_eq!(choose(&[IDLE], Moment::from_secs(9)), Choice::Use(0));
    }

    #[test]
    fn parallel_segments_share_a_session_while_it_is_in_time() {
        assert_eq!(choose(&[busy(4, 10)], Moment::from_secs(11)), Choice::Use(0));
    }

    #[test]
    fn a_sixth_segment_never_goes_to_a_full_session() {
        assert_eq!(choose(&[busy(5, 10)], Moment::from_secs(10)), Choice::Open);
        assert_eq!(choose(&[busy(5, 10), IDLE], Moment::from_secs(10)), Choice::Use(1));
    }

    #[test]
    fn a_late_session_is_used_only_when_no_other_can_be_opened() {
        assert_eq!(choose(&[busy(1, 10)], Moment::from_secs(13)), Choice::OpenOr(0));
    }

    #[test]
    fn a_session_slower_than_real_time_makes_room_for_another() {
        let slow = SessionView { ratio: Some(1.4), ..IDLE };
        assert_eq!(choose(&[slow], Moment::ZERO), Choice::OpenOr(0));
        assert_eq!(choose(&[slow, IDLE], Moment::ZERO), Choice::Use(1));
    }

    #[test]
    fn when_all_are_slow_the_fastest_is_kept() {
        let slow = SessionView { ratio: Some(1.4), ..IDLE };
        let slower = SessionView { ratio: Some(1.9), ..IDLE };
        assert_eq!(choose(&[slower, slow], Moment::ZERO), Choice::OpenOr(1));
    }
}
