//! A book, and the file in which it is published.

use std::collections::HashSet;

use alloy_primitives::{B256, U256};

use super::file::{File, Line};
use super::{BookId, Leaf, MerkleTree, RoundBookError, Totals};

/// Most leaves of a book: 2^20, one payment session each. A proof then has 20 hashes.
pub const MAX_LEAVES: usize = 1 << 20;

/// Every payment session of one gateway in one round, winning or not. One that exists is consistent:
/// no session stands in it twice, and its root is that of its leaves.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RoundBook {
    id: BookId,
    leaves: Vec<Leaf>,
    hashes: Vec<B256>,
    tree: Option<MerkleTree>,
}

impl RoundBook {
    /// The book of these sessions. The order of the leaves is kept in the file and has no influence on
    /// the root.
    pub fn new(id: BookId, leaves: Vec<Leaf>) -> Result<Self, RoundBookError> {
        if leaves.len() > MAX_LEAVES {
            return Err(RoundBookError::TooManyLeaves { given: leaves.len() });
        }
        let mut seen = HashSet::with_capacity(leaves.len());
        if let Some(twice) = leaves.iter().find(|leaf| !seen.insert(leaf.recipient_rand_hash)) {
            return Err(RoundBookError::SessionTwice { session: twice.recipient_rand_hash });
        }
        let hashes: Vec<_> = leaves.iter().map(|leaf| leaf.hash(&id)).collect();
        let tree = MerkleTree::new(&hashes);
        Ok(Self { id, leaves, hashes, tree })
    }

    /// Reads a leaf file, and checks the hash of each leaf that has one and the root. The caller bounds
    /// the size. Members that are not known are passed over.
    pub fn read(json: &[u8]) -> Result<Self, RoundBookError> {
        let file: File = serde_json::from_slice(json)
            .map_err(|source| RoundBookError::Json { reason: source.to_string() })?;
        let stated: Vec<_> = file.leaves.iter().map(|line| line.leaf_hash).collect();
        let book = Self::new(file.id(), file.leaves.iter().map(Leaf::from).collect())?;
        for (index, (stated, &computed)) in stated.iter().zip(&book.hashes).enumerate() {
            if let Some(stated) = stated.filter(|&stated| stated != computed) {
                return Err(RoundBookError::LeafHash { index, stated, computed });
            }
        }
        if file.root != book.root() {
            return Err(RoundBookError::Root { stated: file.root, computed: book.root() });
        }
        Ok(book)
    }

    /// The leaf file: `chainId, gateway, round, root, leaves[]`, addresses with their checksum, hashes
    /// in lower case, wei as decimal strings; each leaf with its hash.
    pub fn to_json(&self) -> String {
        let file = File::new(self);
        // Strings, numbers and lists of structs: there is nothing that JSON cannot say.
        serde_json::to_string_pretty(&file).expect("plain data are JSON")
    }

    /// Chain, gateway and round.
    pub fn id(&self) -> &BookId {
        &self.id
    }

    /// The sessions, in the order given.
    pub fn leaves(&self) -> &[Leaf] {
        &self.leaves
    }

    /// Hash of each leaf, in the same order.
    pub fn hashes(&self) -> &[B256] {
        &self.hashes
    }

    /// The Merkle root; zero for a book without leaves, as the contract has it.
    pub fn root(&self) -> B256 {
        self.tree.as_ref().map_or(B256::ZERO, MerkleTree::root)
    }

    /// The proof of the leaf at a position; nothing if there is none.
    pub fn proof(&self, index: usize) -> Option<Vec<B256>> {
        self.tree.as_ref()?.proof(index)
    }

    /// Where the leaf of a payment session stands. Looks through all leaves.
    pub fn position(&self, session: B256) -> Option<usize> {
        self.leaves.iter().position(|leaf| leaf.recipient_rand_hash == session)
    }

    /// Sums of the whole book and of each tag.
    pub fn totals(&self) -> Totals {
        Totals::of(&self.leaves)
    }

    /// Expected value of all tickets in wei, as the commitment states it (`totalEV`, 128 bits).
    pub fn total_ev(&self) -> Result<u128, RoundBookError> {
        let total: U256 = self.totals().all.ev_wei;
        u128::try_from(total).map_err(|_| RoundBookError::TotalTooLarge { total })
    }
}

impl From<&Line> for Leaf {
    fn from(line: &Line) -> Self {
        Self {
            recipient: line.recipient,
            recipient_rand_hash: line.recipient_rand_hash,
            tag_id: line.tag_id,
            job_ref: line.job_ref,
            ev_wei: line.ev_wei,
            ticket_count: line.ticket_count,
        }
    }
}
