//! One payment session as a line of the book, and its hash.

use alloy_primitives::{Address, B256, U256, keccak256};

use crate::TagId;

/// Which book a leaf belongs to: part of each leaf's hash, so that no leaf can be carried to another
/// chain, gateway or round.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct BookId {
    /// EIP-155 chain id.
    pub chain_id: u64,
    /// The sender of the tickets.
    pub gateway: Address,
    /// Round in which the tickets were created.
    pub round: u64,
}

/// One payment session: the tickets paid against one `recipientRandHash`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Leaf {
    /// The orchestrator that was paid.
    pub recipient: Address,
    /// Names the session; `keccak256` of the number that the orchestrator reveals on redemption.
    pub recipient_rand_hash: B256,
    /// What the session paid for; one tag per session.
    pub tag_id: TagId,
    /// Hides the job: see [`job_ref`].
    pub job_ref: B256,
    /// Expected value of **one** ticket of the session in wei: face value times the chance to win. The
    /// tickets of a session share both. (`captures/onchain/round-book.json`: 480000000000000 wei, the
    /// orchestrator's ticket value, beside three tickets.)
    pub ev_wei: u128,
    /// Tickets sent, winning or not; an orchestrator takes at most 600.
    pub ticket_count: u32,
}

impl Leaf {
    /// Expected value of all tickets of the session in wei.
    pub fn total_ev(&self) -> U256 {
        // 128 and 32 bits: the product has at most 160.
        U256::from(self.ev_wei).saturating_mul(U256::from(self.ticket_count))
    }

    /// `keccak256(keccak256(abi.encode(chainId, gateway, round, leaf)))`. Hashed twice so that no inner
    /// node, which is hashed once over 64 bytes, can be shown as a leaf.
    pub fn hash(&self, book: &BookId) -> B256 {
        let words: [B256; 9] = [
            U256::from(book.chain_id).into(),
            book.gateway.into_word(),
            U256::from(book.round).into(),
            self.recipient.into_word(),
            self.recipient_rand_hash,
            U256::from(self.tag_id.get()).into(),
            self.job_ref,
            U256::from(self.ev_wei).into(),
            U256::from(self.ticket_count).into(),
        ];
        keccak256(keccak256(words.map(|word| word.0).as_flattened()))
    }
}

/// `keccak256(job id ‖ salt)`: who knows both can show which job a session paid for, nobody else can
/// guess it. The salt must be random and is kept by the gateway.
pub fn job_ref(job_id: &[u8], salt: &B256) -> B256 {
    keccak256([job_id, salt.as_slice()].concat())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn leaf() -> Leaf {
        Leaf {
            recipient: Address::repeat_byte(1),
            recipient_rand_hash: B256::repeat_byte(2),
            tag_id: TagId::MAX,
            job_ref: B256::repeat_byte(3),
            ev_wei: 4,
            ticket_count: 5,
        }
    }

    #[test]
    fn a_leaf_has_another_hash_on_another_chain_for_another_gateway_and_in_another_round() {
        let book = BookId { chain_id: 1, gateway: Address::repeat_byte(9), round: 7 };
        let hash = leaf().hash(&book);
        assert_ne!(hash, leaf().hash(&BookId { chain_id: 2, ..book }));
        assert_ne!(hash, leaf().hash(&BookId { gateway: Address::ZERO, ..book }));
        assert_ne!(hash, leaf().hash(&BookId { round: 8, ..book }));
    }

    #[test]
    fn every_field_is_in_the_hash() {
        let book = BookId { chain_id: 1, gateway: Address::ZERO, round: 7 };
        let changed = [
            Leaf { recipient: Address::ZERO, ..leaf() },
            Leaf { recipient_rand_hash: B256::ZERO, ..leaf() },
            Leaf { tag_id: TagId::UNTAGGED, ..leaf() },
            Leaf { job_ref: B256::ZERO, ..leaf() },
            Leaf { ev_wei: 0, ..leaf() },
            Leaf { ticket_count: 0, ..leaf() },
        ];
        for other in changed {
            assert_ne!(other.hash(&book), leaf().hash(&book), "{other:?}");
        }
    }

    #[test]
    fn the_largest_values_do_not_overflow() {
        let largest = Leaf { ev_wei: u128::MAX, ticket_count: u32::MAX, ..leaf() };
        let expected = U256::from(u128::MAX) * U256::from(u32::MAX);
        assert_eq!(largest.total_ev(), expected);
    }

    #[test]
    fn a_job_cannot_be_found_by_its_id_alone() {
        let salted = job_ref(b"job", &B256::repeat_byte(1));
        assert_ne!(salted, job_ref(b"job", &B256::repeat_byte(2)));
        assert_ne!(salted, keccak256("job"));
    }
}
