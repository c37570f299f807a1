//! Taking back what a reorganisation replaced.

use alloy_primitives::B256;
use rusqlite::Transaction;

use super::column::{end_of, hash, start_of};

/// Everything that has a place.
pub(super) const TABLES: &[&str] =
    &["redemptions", "transfers", "registry", "attestations", "bonds"];

/// Forgets everything from a block on; says how many redemptions went.
pub(super) fn forget_from(transaction: &Transaction<'_>, block: u64) -> rusqlite::Result<u64> {
    let mut redemptions = 0;
    for table in TABLES {
        let gone = transaction
            .execute(&format!("DELETE FROM {table} WHERE place >= ?1"), [start_of(block)])?;
        if *table == "redemptions" {
            redemptions = gone as u64;
        }
    }
    transaction.execute("DELETE FROM blocks WHERE block >= ?1", [block.cast_signed()])?;
    Ok(redemptions)
}

/// Forgets what was stored of a block under another hash than this one; says how many redemptions went,
/// and how many other logs.
pub(super) fn forget_block(
    transaction: &Transaction<'_>,
    block: u64,
    block_hash: &B256,
) -> rusqlite::Result<(u64, u64)> {
    let (mut redemptions, mut others) = (0, 0);
    for table in TABLES {
        let gone = transaction
            .prepare_cached(&format!(
                "DELETE FROM {table} WHERE place BETWEEN ?1 AND ?2
                 AND block_hash <> x'' AND block_hash <> ?3"
            ))?
            .execute((start_of(block), end_of(block), hash(block_hash)))?;
        if *table == "redemptions" {
            redemptions = gone as u64;
        } else {
            others = others.max(gone as u64);
        }
    }
    Ok((redemptions, others))
}
