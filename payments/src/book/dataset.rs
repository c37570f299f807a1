//! The root over the data files of a round.

use alloy_primitives::{B256, keccak256};
use alloy_sol_types::SolValue as _;
use waymark_tagging::round::MerkleTree;

use crate::ledger::BookFile;

/// Root of the tree that OpenZeppelin's `StandardMerkleTree` builds over `(string path, bytes32 sha256,
/// uint64 bytes, uint64 rows)` (open-data 4.5); zero for no file.
pub fn dataset_root(files: &[BookFile]) -> B256 {
    let leaf = |file: &BookFile| {
        let fields = (file.path.as_str(), file.sha256, file.bytes, file.rows);
        keccak256(keccak256(fields.abi_encode_params()))
    };
    let leaves: Vec<B256> = files.iter().map(leaf).collect();
    MerkleTree::new(&leaves).map_or(B256::ZERO, |tree| tree.root())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn file(path: &str) -> BookFile {
        BookFile { path: path.to_owned(), sha256: B256::repeat_byte(1), bytes: 2, rows: 3 }
    }

    #[test]
    fn the_root_binds_every_field_and_not_the_order() {
        assert_eq!(dataset_root(&[]), B256::ZERO);
        let (a, b) = (file("jobs/a.parquet"), file("jobs/b.parquet"));
        let root = dataset_root(&[a.clone(), b.clone()]);
        assert_eq!(root, dataset_root(&[b.clone(), a.clone()]));
        for other in [
            BookFile { sha256: B256::ZERO, ..a.clone() },
            BookFile { bytes: 3, ..a.clone() },
            BookFile { rows: 2, ..a },
            file("jobs/c.parquet"),
        ] {
            assert_ne!(root, dataset_root(&[other, b.clone()]));
        }
    }

    #[test]
    fn a_leaf_is_encoded_as_solidity_does() {
        // offset of the string, hash, bytes, rows, length, the string itself.
        let fields = ("ab", B256::repeat_byte(1), 2_u64, 3_u64).abi_encode_params();
        assert_eq!(fields.len(), 6 * 32);
        assert_eq!((fields[31], fields[95], fields[127], fields[159]), (128, 2, 3, 2));
        assert_eq!(&fields[160..162], b"ab");
    }
}
