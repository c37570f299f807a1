//! Which segments a node cheats on, and how: the attacks that are switched on, and accomplices to agree with.

use std::collections::{HashMap, HashSet, VecDeque};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use alloy_primitives::B256;
use bytes::Bytes;
use parking_lot::Mutex;
use tokio::sync::Notify;

use crate::attack::{Attack, AttackSpec};

/// How long a node waits for an accomplice to be sent the same segment unless told otherwise.
const PATIENCE: Duration = Duration::from_millis(300);
/// Segments accomplices remember.
const REMEMBERED: usize = 1_024;

/// Nodes of one operator that tell each other what they are sent, so that they know when they are compared.
#[derive(Clone, Debug)]
pub struct Accomplices {
    shared: Arc<Shared>,
    patience: Duration,
}

#[derive(Debug, Default)]
struct Shared {
    seen: Mutex<Seen>,
    news: Notify,
    members: AtomicU64,
}

#[derive(Debug, Default)]
struct Seen {
    by: HashMap<B256, HashSet<u64>>,
    order: VecDeque<B256>,
}

/// What a cheater does with one segment.
#[derive(Clone, Debug)]
pub(crate) struct Ploy {
    pub(crate) attack: Attack,
    /// The segment before in the same session.
    pub(crate) previous: Option<Bytes>,
}

/// The attacks of a node.
#[derive(Debug, Default)]
pub(crate) struct Cheat {
    specs: Mutex<Vec<AttackSpec>>,
    /// Segments accepted so far.
    count: AtomicU64,
    accomplices: Option<(Accomplices, u64)>,
}

impl Default for Accomplices {
    fn default() -> Self {
        Self::new()
    }
}

impl Accomplices {
    /// Nobody yet. They wait 0.3 s for each other.
    pub fn new() -> Self {
        Self::patient(PATIENCE)
    }

    /// Nobody yet, and each waits so long before it thinks that it alone was sent a segment.
    pub fn patient(patience: Duration) -> Self {
        Self { shared: Arc::default(), patience }
    }

    fn join(&self) -> u64 {
        self.shared.members.fetch_add(1, Ordering::Relaxed)
    }

    fn tell(&self, segment: B256, member: u64) {
        let mut seen = self.shared.seen.lock();
        if !seen.by.contains_key(&segment) {
            seen.order.push_back(segment);
            if seen.order.len() > REMEMBERED
                && let Some(oldest) = seen.order.pop_front()
            {
                seen.by.remove(&oldest);
            }
        }
        seen.by.entry(segment).or_default().insert(member);
        drop(seen);
        self.shared.news.notify_waiters();
    }

    /// Whether no other member is sent this segment within a short while.
    async fn alone(&self, segment: B256, member: u64) -> bool {
        let others = || {
            let seen = self.shared.seen.lock();
            seen.by.get(&segment).is_some_and(|by| by.iter().any(|other| *other != member))
        };
        let company = async {
            loop {
                let news = self.shared.news.notified();
                if others() {
                    return;
                }
                news.await;
            }
        };
        tokio::time::timeout(self.patience, company).await.is_err()
    }
}

impl Cheat {
    pub(crate) fn new(specs: Vec<AttackSpec>, accomplices: Option<Accomplices>) -> Self {
        let accomplices = accomplices.map(|all| {
            let member = all.join();
            (all, member)
        });
        Self { specs: Mutex::new(specs), count: AtomicU64::new(0), accomplices }
    }

    pub(crate) fn add(&self, spec: AttackSpec) {
        self.specs.lock().push(spec);
    }

    pub(crate) fn clear(&self) {
        self.specs.lock().clear();
    }

    /// What is done to the next segment: the first attack whose schedule strikes.
    pub(crate) fn next(&self, segment: B256) -> Option<Attack> {
        if let Some((all, member)) = &self.accomplices {
            all.tell(segment, *member);
        }
        let count = self.count.fetch_add(1, Ordering::Relaxed);
        let specs = self.specs.lock();
        specs.iter().find(|spec| spec.schedule.strikes(count)).map(|spec| spec.attack)
    }

    /// Drops an attack that is only made alone where an accomplice has the same segment.
    pub(crate) async fn dared(&self, attack: Attack, segment: B256) -> Option<Attack> {
        match (&self.accomplices, attack) {
            (Some((all, member)), Attack::CheatAlone) => {
                all.alone(segment, *member).await.then_some(attack)
            }
            _ => Some(attack),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::attack::Schedule;

    fn segment(n: u8) -> B256 {
        B256::repeat_byte(n)
    }

    #[test]
    fn the_first_attack_that_strikes_is_made() {
        let rare = AttackSpec { attack: Attack::Black, schedule: Schedule::rate(0.2) };
        let later = AttackSpec { attack: Attack::Blurred, schedule: Schedule::ALWAYS.after(5) };
        let cheat = Cheat::new(vec![rare, later], None);
        let made: Vec<_> = (0..100).map(|_| cheat.next(segment(1))).collect();
        assert!(made[..5].iter().all(|attack| *attack != Some(Attack::Blurred)));
        assert!(made[5..].iter().all(Option::is_some));
        assert!(made.contains(&Some(Attack::Black)));
        cheat.clear();
        assert_eq!(cheat.next(segment(1)), None);
    }

    #[tokio::test(start_paused = true)]
    async fn accomplices_cheat_only_on_what_one_of_them_alone_was_sent() {
        let all = Accomplices::new();
        let spec = vec![AttackSpec::from(Attack::CheatAlone)];
        let (one, two) = (Cheat::new(spec.clone(), Some(all.clone())), Cheat::new(spec, Some(all)));
        let attack = one.next(segment(1)).unwrap();
        assert_eq!(one.dared(attack, segment(1)).await, Some(attack), "nobody else has it");
        let attack = one.next(segment(2)).unwrap();
        let (first, ()) = tokio::join!(one.dared(attack, segment(2)), async {
            assert_eq!(two.next(segment(2)), Some(attack));
        });
        assert_eq!((first, two.dared(attack, segment(2)).await), (None, None), "they compare");
    }
}
