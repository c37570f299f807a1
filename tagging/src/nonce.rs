//! The tag inside a ticket nonce, scheme 1: `nonce = tag id << 10 | counter`.
//!
//! The sender nonce is covered by the ticket's signature and appears in the redemption log, and
//! orchestrators only ask that it be unique per ticket session (go-livepeer `pm/recipient.go:369`).
//! So 21 of its 31 usable bits carry the tag. A stock gateway counts 1, 2, 3, …, which decodes as
//! untagged. This module must never map two (tag, counter) pairs to one nonce.

use crate::TagId;

/// Bits of a nonce that hold the counter.
pub const COUNTER_BITS: u32 = 10;

/// The highest counter that is ever issued: an orchestrator refuses the 601st nonce of a ticket
/// session (go-livepeer `pm/recipient.go:369-393`).
pub const MAX_COUNTER: u16 = 600;

/// Nonces from here on are untagged: stock nodes read them into a signed 32-bit number on some
/// builds, so scheme 1 stays below.
pub const NONCE_LIMIT: u32 = 1 << 31;

const COUNTER_MASK: u32 = (1 << COUNTER_BITS) - 1;

/// A counter outside 1 to 600.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error(
    "nonce counter {given} is out of range; accepted: 1 to {MAX_COUNTER}; refresh the ticket parameters and start again at 1"
)]
pub struct CounterError {
    /// What was given.
    pub given: u16,
}

/// The nonce of the `counter`-th ticket of a session that pays for `tag`.
///
/// [`TagId::UNTAGGED`] gives the plain counter of a stock gateway (scheme 0).
pub fn encode(tag: TagId, counter: u16) -> Result<u32, CounterError> {
    if (1..=MAX_COUNTER).contains(&counter) {
        Ok((tag.get() << COUNTER_BITS) | u32::from(counter))
    } else {
        Err(CounterError { given: counter })
    }
}

/// The tag and the counter of a nonce, or `None` when it carries neither: 2^31 and above, or
/// counter 0.
///
/// Counters up to 1023 decode, although this software never issues one above [`MAX_COUNTER`]:
/// other signers may. Tag id 0 means the ticket is untagged.
pub fn decode(nonce: u32) -> Option<(TagId, u16)> {
    if nonce >= NONCE_LIMIT {
        return None;
    }
    let counter = u16::try_from(nonce & COUNTER_MASK).ok().filter(|&counter| counter != 0)?;
    let tag = TagId::try_from(nonce >> COUNTER_BITS).ok()?;
    Some((tag, counter))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn id(value: u32) -> TagId {
        TagId::try_from(value).unwrap()
    }

    #[test]
    fn a_stock_gateways_counters_decode_as_untagged() {
        for nonce in 1..=600 {
            let (tag, counter) = decode(nonce).unwrap();
            assert_eq!((tag, u32::from(counter)), (TagId::UNTAGGED, nonce));
        }
    }

    #[test]
    fn the_highest_tag_stays_below_two_to_the_thirty_first() {
        assert_eq!(encode(TagId::MAX, 600), Ok(2_147_483_224));
        assert_eq!(decode(NONCE_LIMIT - 1), Some((TagId::MAX, 1023)));
    }

    #[test]
    fn tag_three_counter_one_is_3073() {
        assert_eq!(encode(id(3), 1), Ok(3073));
    }

    #[test]
    fn nonces_without_a_counter_or_from_two_to_the_thirty_first_carry_no_tag() {
        for nonce in [0, 1024, 70_000 << 10, NONCE_LIMIT, NONCE_LIMIT | 1, u32::MAX] {
            assert_eq!(decode(nonce), None, "{nonce}");
        }
    }

    #[test]
    fn counters_outside_one_to_six_hundred_are_refused() {
        for counter in [0, 601, 1023, 1024, u16::MAX] {
            assert_eq!(encode(id(7), counter), Err(CounterError { given: counter }));
        }
    }

    proptest! {
        #[test]
        fn what_is_encoded_is_decoded(tag in 0_u32..=TagId::MAX.get(), counter in 1_u16..=600) {
            let nonce = encode(id(tag), counter).unwrap();
            prop_assert!(nonce < NONCE_LIMIT);
            prop_assert_eq!(decode(nonce), Some((id(tag), counter)));
        }

        #[test]
        fn what_decodes_has_only_that_nonce(nonce in any::<u32>()) {
            match decode(nonce) {
                Some((tag, counter)) => {
                    prop_assert_eq!((tag.get() << 10) + u32::from(counter), nonce);
                }
                None => prop_assert!(nonce >= NONCE_LIMIT || nonce.is_multiple_of(1024)),
            }
        }
    }
}
