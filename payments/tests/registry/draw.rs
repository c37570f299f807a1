//! Random tags, nonces, tickets and books, the same in every run.

use alloy_primitives::{Address, B256, U256};
use rand::{Rng as _, SeedableRng as _, rngs::StdRng, seq::IndexedRandom as _};
use waymark_contracts::job_tag_registry;
use waymark_payments::ticket::{Creation, Ticket};
use waymark_tagging::{
    TagId,
    round::{BookId, Leaf},
};

pub(crate) struct Draw(StdRng);

impl Draw {
    pub(crate) fn new(seed: u64) -> Self {
        Self(StdRng::seed_from_u64(seed))
    }

    pub(crate) fn below(&mut self, limit: usize) -> usize {
        self.0.random_range(0..limit)
    }

    pub(crate) fn hash(&mut self) -> B256 {
        self.0.random::<[u8; 32]>().into()
    }

    pub(crate) fn address(&mut self) -> Address {
        self.0.random::<[u8; 20]>().into()
    }

    /// Of any size, small and largest ones not rarer than others.
    pub(crate) fn number(&mut self) -> U256 {
        match self.below(8) {
            0 => U256::ZERO,
            1 => U256::MAX,
            _ => U256::from_be_bytes(self.hash().0) >> self.below(256),
        }
    }

    fn small(&mut self) -> u128 {
        (self.number() & U256::from(u128::MAX)).to()
    }

    /// With and without a counter, of scheme 1 and outside it, and at its ends.
    pub(crate) fn nonce(&mut self) -> u32 {
        let ends = [0, 1, 600, 1023, 1024, 1025, (1 << 31) - 1, 1 << 31, u32::MAX];
        match self.below(8) {
            0 => *ends.choose(&mut self.0).unwrap(),
            1 => self.0.random_range(0..1 << 21) << 10,
            2 => self.0.random_range(0..2048),
            _ => self.0.random(),
        }
    }

    pub(crate) fn ticket(&mut self) -> Ticket {
        let creation = match self.below(10) {
            0 => Creation::default(),
            _ => Creation { round: self.0.random(), block_hash: self.hash() },
        };
        Ticket {
            recipient: self.address(),
            sender: self.address(),
            face_value: self.number(),
            win_prob: self.number(),
            nonce: self.nonce(),
            recipient_rand_hash: self.hash(),
            creation,
        }
    }

    pub(crate) fn leaf(&mut self) -> Leaf {
        Leaf {
            recipient: self.address(),
            recipient_rand_hash: self.hash(),
            tag_id: TagId::try_from(self.0.random_range(0..=TagId::MAX.get())).unwrap(),
            job_ref: self.hash(),
            ev_wei: self.small(),
            ticket_count: self.0.random(),
        }
    }

    pub(crate) fn book(&mut self, chain_id: u64) -> BookId {
        BookId { chain_id, gateway: self.address(), round: self.0.random() }
    }

    /// The segments of a tag below a new namespace: one to four.
    pub(crate) fn segments(&mut self) -> Vec<String> {
        const FIRST: &[u8] = b"abcdefghijklmnopqrstuvwxyz0123456789";
        const LATER: &[u8] = b"abcdefghijklmnopqrstuvwxyz0123456789._-";
        let count = 1 + self.below(4);
        // Together with the slashes and the root: at most 96 bytes.
        let longest = if count > 2 { 16 } else { 32 };
        (0..count)
            .map(|_| {
                let length = 1 + self.below(longest);
                (0..length)
                    .map(|at| {
                        let set = if at == 0 { FIRST } else { LATER };
                        char::from(*set.choose(&mut self.0).unwrap())
                    })
                    .collect()
            })
            .collect()
    }
}

/// A leaf as the contract sees it.
pub(crate) fn sol_leaf(leaf: &Leaf) -> job_tag_registry::Leaf {
    job_tag_registry::Leaf {
        recipient: leaf.recipient,
        recipientRandHash: leaf.recipient_rand_hash,
        tagId: leaf.tag_id.get(),
        jobRef: leaf.job_ref,
        evWei: leaf.ev_wei,
        ticketCount: leaf.ticket_count,
    }
}
