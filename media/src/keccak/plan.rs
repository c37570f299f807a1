//! Which kernel for how many messages, from how long each takes here.

use std::{cmp::Reverse, time::Duration};

use super::{Absorb, Hashing, Keccak, LANES, One, RATE};

/// Bytes of each message of a trial.
const TRIAL: usize = 128 * RATE;
/// Trials of each kernel; the quickest counts, since whatever disturbs one only makes it slower.
const TRIALS: usize = 8;
/// Rounds of trials of the kernels for one message. They take turns: what disturbs one of them for a
/// while disturbs all, and a chance of the first moment does not decide for the life of the process.
const ROUNDS: usize = 4;

/// For each number of waiting messages, how many of them to hash together.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Plan([usize; LANES + 1]);

impl Plan {
    /// From what a permutation costs by kernel width. A kernel that is not there costs `None`.
    pub(super) fn new(one: Duration, four: Option<Duration>, eight: Option<Duration>) -> Self {
        let kernels = [(1, Some(one)), (4, four), (LANES, eight)];
        let (mut widths, mut costs) = ([1; LANES + 1], [Duration::ZERO; LANES + 1]);
        for waiting in 1..=LANES {
            let best = kernels
                .iter()
                .filter_map(|(width, cost)| {
                    let taken = waiting.min(*width);
                    let rest = costs.get(waiting - taken)?;
                    Some(((*cost)? + *rest, Reverse(taken)))
                })
                .min();
            if let (Some((cost, Reverse(taken))), Some(width), Some(slot)) =
                (best, widths.get_mut(waiting), costs.get_mut(waiting))
            {
                (*slot, *width) = (cost, taken);
            }
        }
        Self(widths)
    }

    /// How many of the waiting messages to take next.
    pub(super) fn width(&self, waiting: usize) -> usize {
        self.0.get(waiting.min(LANES)).copied().unwrap_or(1)
    }
}

/// Times every kernel the processor can run and keeps those that are worth it.
pub(super) fn fastest() -> Keccak {
    let (own, four, eight) = candidates();
    let message = vec![0x5a; TRIAL];
    let one = |one: One| (time(&message, 1, one, None, None), one);
    let singles = [One::Asm, One::Plain].into_iter().chain(own.map(One::Vector));
    let rounds = std::iter::repeat_n(singles, ROUNDS).flatten();
    let best = rounds.map(one).min_by_key(|(time, _)| *time);
    let (best, single) = best.unwrap_or((Duration::MAX, One::Asm));
    let wide = |n: usize, four, eight| time(&message, n, single, four, eight);
    let cost_of_four = four.map(|_| wide(4, four, None));
    let cost_of_eight = eight.map(|_| wide(LANES, None, eight));
    let plan = Plan::new(best, cost_of_four, cost_of_eight);
    Keccak { one: single, four, eight, plan }
}

#[cfg(target_arch = "x86_64")]
fn candidates() -> (Option<Absorb<1>>, Option<Absorb<4>>, Option<Absorb<8>>) {
    super::x86::kernels()
}

#[cfg(not(target_arch = "x86_64"))]
fn candidates() -> (Option<Absorb<1>>, Option<Absorb<4>>, Option<Absorb<8>>) {
    (None, None, None)
}

/// The shortest time in which `messages` equal messages are absorbed with the kernels given.
fn time(
    message: &[u8],
    messages: usize,
    one: One,
    four: Option<Absorb<4>>,
    eight: Option<Absorb<8>>,
) -> Duration {
    let keccak = Keccak { one, four, eight, plan: Plan([messages; LANES + 1]) };
    let trial = |_| {
        let mut lanes: Vec<_> = (0..messages).map(|_| Hashing::new(message)).collect();
        let start = now();
        keccak.advance(&mut lanes, usize::MAX);
        start.elapsed()
    };
    (0..TRIALS).map(trial).min().unwrap_or(Duration::MAX)
}

#[allow(
    clippy::disallowed_types,
    clippy::disallowed_methods,
    reason = "what is measured is real time"
)]
fn now() -> std::time::Instant {
    std::time::Instant::now()
}
