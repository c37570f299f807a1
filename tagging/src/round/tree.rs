//! The Merkle tree of a book, exactly as OpenZeppelin's `StandardMerkleTree` builds it: for sizes that
//! are no power of two other shapes give other roots.
//!
//! ```text
//!            0          2n - 1 nodes in one array; children of i are 2i+1 and 2i+2
//!          /   \        leaves, sorted by hash, fill it from the end backwards
//!        1       2      a node is keccak256(smaller child ‖ larger child)
//!       / \     / \
//!      3   4   5   6
//! ```

use alloy_primitives::{B256, keccak256};

/// A tree over at least one leaf.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct MerkleTree {
    nodes: Vec<B256>,
    /// Where in `nodes` the leaf of each position of the input is.
    places: Vec<usize>,
}

impl MerkleTree {
    /// The tree over leaf hashes in any order; nothing for none, because an empty tree has no root.
    pub fn new(leaves: &[B256]) -> Option<Self> {
        let last = leaves.len().checked_mul(2)?.checked_sub(2)?;
        let mut sorted: Vec<usize> = (0..leaves.len()).collect();
        sorted.sort_by_key(|&index| leaves[index]);
        let mut nodes = vec![B256::ZERO; last + 1];
        let mut places = vec![0; leaves.len()];
        for (rank, &index) in sorted.iter().enumerate() {
            nodes[last - rank] = leaves[index];
            places[index] = last - rank;
        }
        for node in (0..leaves.len() - 1).rev() {
            nodes[node] = pair(nodes[2 * node + 1], nodes[2 * node + 2]);
        }
        Some(Self { nodes, places })
    }

    /// The hash that stands for all leaves.
    pub fn root(&self) -> B256 {
        self.nodes[0]
    }

    /// How many leaves there are.
    #[allow(clippy::len_without_is_empty, reason = "a tree is never empty")]
    pub fn len(&self) -> usize {
        self.places.len()
    }

    /// What [`verify`] needs to see that the leaf at this position of the input is in the tree; nothing
    /// if there is no such leaf. At most ⌈log2(leaves)⌉ hashes.
    pub fn proof(&self, index: usize) -> Option<Vec<B256>> {
        let mut node = *self.places.get(index)?;
        let mut proof = Vec::new();
        while node > 0 {
            let sibling = if node % 2 == 0 { node - 1 } else { node + 1 };
            proof.push(self.nodes[sibling]);
            node = (node - 1) / 2;
        }
        Some(proof)
    }
}

/// Whether a leaf is under a root. `leaf` must be a hash that no inner node can have, as
/// [`Leaf::hash`](super::Leaf::hash) makes it.
pub fn verify(root: B256, leaf: B256, proof: &[B256]) -> bool {
    proof.iter().fold(leaf, |node, &sibling| pair(node, sibling)) == root
}

fn pair(a: B256, b: B256) -> B256 {
    let (first, second) = if a <= b { (a, b) } else { (b, a) };
    keccak256([first.0, second.0].as_flattened())
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn leaves(n: u64) -> Vec<B256> {
        (0..n).map(|i| keccak256(i.to_be_bytes())).collect()
    }

    #[test]
    fn nothing_has_no_tree_and_one_leaf_is_its_own_root() {
        assert_eq!(MerkleTree::new(&[]), None);
        let one = leaves(1);
        let tree = MerkleTree::new(&one).unwrap();
        assert_eq!((tree.root(), tree.len()), (one[0], 1));
        assert_eq!(tree.proof(0), Some(Vec::new()));
        assert!(verify(one[0], one[0], &[]));
    }

    #[test]
    fn a_position_that_is_not_there_has_no_proof() {
        assert_eq!(MerkleTree::new(&leaves(3)).unwrap().proof(3), None);
    }

    #[test]
    fn equal_leaves_each_have_a_proof() {
        let twice = [leaves(1)[0]; 2];
        let tree = MerkleTree::new(&twice).unwrap();
        for (index, &leaf) in twice.iter().enumerate() {
            assert!(verify(tree.root(), leaf, &tree.proof(index).unwrap()));
        }
    }

    proptest! {
        #[test]
        fn every_leaf_is_proved_and_nothing_else(n in 1_u64..200, stranger in 1_000_u64..) {
            let leaves = leaves(n);
            let tree = MerkleTree::new(&leaves).unwrap();
            let stranger = keccak256(stranger.to_be_bytes());
            for (index, &leaf) in leaves.iter().enumerate() {
                let proof = tree.proof(index).unwrap();
                prop_assert!(verify(tree.root(), leaf, &proof));
                prop_assert!(!verify(tree.root(), stranger, &proof));
                prop_assert!(proof.len() <= leaves.len().next_power_of_two().ilog2() as usize);
            }
        }

        #[test]
        fn the_order_of_the_leaves_does_not_matter(n in 1_u64..50, turn in 0_usize..50) {
            let mut turned = leaves(n);
            let by = turn % turned.len();
            turned.rotate_left(by);
            let root = MerkleTree::new(&leaves(n)).unwrap().root();
            prop_assert_eq!(MerkleTree::new(&turned).unwrap().root(), root);
        }
    }
}
