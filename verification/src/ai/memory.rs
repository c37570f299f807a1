//! What each orchestrator returned lately, as hashes of pictures.

use std::collections::{HashMap, VecDeque};
use std::time::Duration;

use super::perceptual::distance;

/// Outputs of the last hours. It takes a fixed amount of memory, 60 bytes for each picture, and forgets the oldest of
/// an orchestrator first, and the orchestrator that was not seen for longest.
#[derive(Debug)]
pub struct Memory {
    orchestrators: usize,
    pictures: usize,
    seen: HashMap<String, VecDeque<Output>>,
}

#[derive(Clone, Copy, Debug)]
struct Output {
    at: Duration,
    hash: u64,
    request: [u8; 32],
}

/// Whether a picture was seen before.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Earlier {
    /// Not in the time that is remembered.
    New,
    /// For the very same request: that is honest.
    SameRequest,
    /// For another request, and how many bits of the hash differ.
    OtherRequest(u32),
}

impl Memory {
    /// A memory of `pictures` outputs of each of `orchestrators`.
    pub fn new(orchestrators: usize, pictures: usize) -> Self {
        Self { orchestrators, pictures, seen: HashMap::new() }
    }

    /// Pictures remembered.
    pub fn len(&self) -> usize {
        self.seen.values().map(VecDeque::len).sum()
    }

    /// Nothing is remembered.
    pub fn is_empty(&self) -> bool {
        self.seen.values().all(VecDeque::is_empty)
    }

    /// Looks for a picture within `bits`, and remembers it. `request` names the request with everything in it.
    pub fn see(
        &mut self,
        orchestrator: &str,
        (hash, request): (u64, [u8; 32]),
        now: Duration,
        (bits, horizon): (u32, Duration),
    ) -> Earlier {
        if self.pictures == 0 || self.orchestrators == 0 {
            return Earlier::New;
        }
        self.make_room(orchestrator);
        let outputs = self.seen.entry(orchestrator.to_owned()).or_default();
        while outputs.front().is_some_and(|first| now.saturating_sub(first.at) > horizon) {
            outputs.pop_front();
        }
        let near = outputs.iter().filter(|output| distance(output.hash, hash) <= bits);
        // the request that was first is what a replay is compared with, not the last one that got it
        let found = near.clone().find(|output| output.request == request).map_or_else(
            || {
                let nearest = near.map(|output| distance(output.hash, hash)).min();
                nearest.map_or(Earlier::New, Earlier::OtherRequest)
            },
            |_| Earlier::SameRequest,
        );
        if found == Earlier::New {
            while outputs.len() >= self.pictures {
                outputs.pop_front();
            }
            outputs.push_back(Output { at: now, hash, request });
        }
        found
    }

    fn make_room(&mut self, orchestrator: &str) {
        while self.seen.len() >= self.orchestrators && !self.seen.contains_key(orchestrator) {
            let last = |outputs: &VecDeque<Output>| outputs.back().map(|output| output.at);
            let oldest = self.seen.iter().min_by_key(|(_, outputs)| last(outputs));
            let Some(oldest) = oldest.map(|(name, _)| name.clone()) else { return };
            self.seen.remove(&oldest);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const DAY: (u32, Duration) = (4, Duration::from_hours(24));

    #[test]
    fn a_picture_sold_twice_is_remembered_for_a_day() {
        let mut memory = Memory::new(4, 8);
        let hour = |hour| Duration::from_hours(hour);
        assert_eq!(memory.see("a", (0xff, [1; 32]), hour(0), DAY), Earlier::New);
        assert_eq!(memory.see("a", (0xff, [1; 32]), hour(1), DAY), Earlier::SameRequest);
        assert_eq!(memory.see("a", (0xfe, [2; 32]), hour(2), DAY), Earlier::OtherRequest(1));
        assert_eq!(memory.see("b", (0xff, [2; 32]), hour(2), DAY), Earlier::New);
        assert_eq!(memory.see("a", (0xff, [2; 32]), hour(30), DAY), Earlier::New);
    }

    #[test]
    fn memory_is_bounded_by_orchestrators_and_pictures() {
        let mut memory = Memory::new(2, 3);
        for n in 0..50_u64 {
            let name = format!("o{}", n % 5);
            memory.see(
                &name,
                (n.wrapping_mul(0x9e37_79b9_7f4a_7c15), [0; 32]),
                Duration::from_secs(n),
                DAY,
            );
        }
        assert!(memory.len() <= 6, "{} pictures", memory.len());
        assert_eq!(Memory::new(0, 9).see("a", (1, [0; 32]), Duration::ZERO, DAY), Earlier::New);
    }
}
