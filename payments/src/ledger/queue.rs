//! What became of promises, waiting to be written. Bounded: when full, the oldest is dropped and
//! counted. Its promise then stays without an outcome, which claims nothing.

use std::collections::VecDeque;

use super::{PromiseId, Settlement};

/// More than a minute of the busiest gateway.
const CAPACITY: usize = 65_536;

#[derive(Debug, Default)]
pub(super) struct Queue {
    waiting: VecDeque<(PromiseId, Settlement)>,
    dropped: u64,
}

impl Queue {
    pub(super) fn push(&mut self, id: PromiseId, settlement: Settlement) {
        if self.waiting.len() >= CAPACITY {
            self.waiting.pop_front();
            self.dropped += 1;
        }
        self.waiting.push_back((id, settlement));
    }

    /// The oldest, up to `most`.
    pub(super) fn take(&mut self, most: usize) -> Vec<(PromiseId, Settlement)> {
        let most = most.min(self.waiting.len());
        self.waiting.drain(..most).collect()
    }

    /// Puts back what could not be written, as far as there is room.
    pub(super) fn give_back(&mut self, settlements: Vec<(PromiseId, Settlement)>) {
        for settlement in settlements.into_iter().rev() {
            if self.waiting.len() >= CAPACITY {
                self.dropped += 1;
            } else {
                self.waiting.push_front(settlement);
            }
        }
    }

    pub(super) fn len(&self) -> usize {
        self.waiting.len()
    }

    pub(super) fn dropped(&self) -> u64 {
        self.dropped
    }
}

#[cfg(test)]
mod tests {
    use alloy_primitives::U256;
    use jiff::Timestamp;

    use super::*;
    use crate::ledger::Outcome;

    fn settlement() -> Settlement {
        Settlement {
            at: Timestamp::UNIX_EPOCH,
            outcome: Outcome::Accepted,
            units: 1,
            debit: U256::ZERO,
        }
    }

    #[test]
    fn a_full_queue_drops_the_oldest_and_counts() {
        let mut queue = Queue::default();
        for id in 0..=65_536 {
            queue.push(PromiseId(id), settlement());
        }
        assert_eq!((queue.len(), queue.dropped()), (65_536, 1));
        let taken = queue.take(2);
        assert_eq!(taken.iter().map(|(id, _)| id.0).collect::<Vec<_>>(), [1, 2]);
        queue.push(PromiseId(70_000), settlement());
        queue.give_back(taken);
        assert_eq!((queue.len(), queue.dropped()), (65_536, 2));
        assert_eq!(queue.take(1)[0].0, PromiseId(2), "what had no room is the oldest");
    }
}
