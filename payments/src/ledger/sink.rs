//! The ledger as the place where the chain's watcher puts redemptions.

use std::sync::Arc;

use alloy_primitives::B256;
use rusqlite::params;

use super::column::{count, int};
use super::redemption::{self, Cursor, Redemption};
use super::{Ledger, LedgerError};
use crate::chain::{self, LogId, RedemptionSink, Scan, SinkError};

/// Keeps the redemptions of one chain in the ledger.
#[derive(Debug, Clone)]
pub struct ChainSink {
    ledger: Arc<Ledger>,
    chain: u64,
}

impl ChainSink {
    /// Redemptions on the chain with this id.
    pub fn new(ledger: Arc<Ledger>, chain: u64) -> Self {
        Self { ledger, chain }
    }
}

impl RedemptionSink for ChainSink {
    fn cursor(&self) -> Result<Option<chain::Cursor>, SinkError> {
        let cursor = self.ledger.cursor(self.chain)?;
        Ok(cursor.map(|Cursor { block, block_hash }| chain::Cursor { block, hash: block_hash }))
    }

    fn since(&self, block: u64) -> Result<Vec<LogId>, SinkError> {
        Ok(self.ledger.redemptions_since(self.chain, block)?)
    }

    fn record(&self, scan: &Scan) -> Result<(), SinkError> {
        Ok(self.ledger.record_scan(self.chain, scan)?)
    }
}

impl Ledger {
    /// Logs on record in `block` and later.
    fn redemptions_since(&self, chain: u64, block: u64) -> Result<Vec<LogId>, LedgerError> {
        let upkeep = self.upkeep.lock();
        let read = || -> rusqlite::Result<Vec<LogId>> {
            let mut statement = upkeep.prepare_cached(
                "SELECT block, block_hash, tx_hash, log_index FROM redemptions
                 WHERE chain = ? AND block >= ? AND removed = 0 ORDER BY block, log_index",
            )?;
            let rows = statement.query_map([int(chain), int(block)], |row| {
                let (block, index): (i64, i64) = (row.get(0)?, row.get(3)?);
                let (hash, transaction): ([u8; 32], [u8; 32]) = (row.get(1)?, row.get(2)?);
                Ok(LogId {
                    block: count(block),
                    block_hash: B256::new(hash),
                    transaction: B256::new(transaction),
                    index: count(index),
                })
            })?;
            rows.collect()
        };
        read().map_err(LedgerError::at("read redemptions"))
    }

    /// All of a scan or nothing of it: what vanished is taken back before what came is recorded, so
    /// that a log which came back in another block stays.
    fn record_scan(&self, chain: u64, scan: &Scan) -> Result<(), LedgerError> {
        let mut core = self.core.lock();
        let written = core.writer.unchecked_transaction().and_then(|transaction| {
            for log in &scan.removed {
                transaction
                    .prepare_cached(
                        "UPDATE redemptions SET removed = 1
                         WHERE chain = ? AND tx_hash = ? AND log_index = ? AND block_hash = ?",
                    )?
                    .execute(params![
                        int(chain),
                        log.transaction.as_slice(),
                        int(log.index),
                        log.block_hash.as_slice(),
                    ])?;
            }
            for redeemed in &scan.redeemed {
                redemption::record(&transaction, chain, &row(redeemed, scan))?;
            }
            let cursor = Cursor { block: scan.cursor.block, block_hash: scan.cursor.hash };
            redemption::put_cursor(&transaction, chain, cursor)?;
            transaction.commit()
        });
        core.wrote(written, "write redemptions")
    }
}

fn row(redeemed: &chain::Redemption, scan: &Scan) -> Redemption {
    Redemption {
        tx_hash: redeemed.log.transaction,
        log_index: redeemed.log.index,
        block: redeemed.log.block,
        block_hash: redeemed.log.block_hash,
        at: scan.at,
        ticket: redeemed.ticket_hash,
        recipient: redeemed.recipient,
        params: redeemed.params,
        // A nonce that does not fit never was one of ours.
        nonce: redeemed.nonce.saturating_to(),
        face_value: redeemed.face_value,
        paid: redeemed.paid,
    }
}

#[cfg(test)]
mod tests {
    use alloy_primitives::{Address, U256};
    use jiff::Timestamp;

    use super::*;
    use crate::limits::Limits;

    fn redeemed(block: u64, hash: u8, transaction: u8) -> chain::Redemption {
        chain::Redemption {
            log: LogId {
                block,
                block_hash: B256::repeat_byte(hash),
                transaction: B256::repeat_byte(transaction),
                index: 3,
            },
            sender: Address::repeat_byte(1),
            recipient: Address::repeat_byte(2),
            face_value: U256::from(100),
            paid: U256::from(100),
            win_prob: U256::MAX,
            nonce: U256::from(7169),
            recipient_rand: B256::repeat_byte(4),
            params: B256::repeat_byte(5),
            creation_round: 1,
            ticket_hash: B256::repeat_byte(transaction),
            tag: None,
        }
    }

    fn scan(redeemed: Vec<chain::Redemption>, removed: Vec<LogId>, block: u64) -> Scan {
        let cursor = chain::Cursor { block, hash: B256::repeat_byte(9) };
        Scan { redeemed, removed, cursor, at: Timestamp::UNIX_EPOCH }
    }

    #[test]
    fn a_redemption_that_moves_to_another_block_stays_and_one_that_vanishes_goes() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("ledger.sqlite3");
        let ledger = Ledger::open(path, Limits::default(), Timestamp::UNIX_EPOCH).unwrap();
        let sink = ChainSink::new(Arc::new(ledger), 7337);
        assert_eq!(sink.cursor().unwrap(), None);
        let (moves, vanishes) = (redeemed(10, 0xa, 1), redeemed(11, 0xb, 2));
        sink.record(&scan(vec![moves.clone(), vanishes.clone()], vec![], 12)).unwrap();
        assert_eq!(sink.since(10).unwrap(), [moves.log, vanishes.log]);
        assert_eq!(sink.since(11).unwrap(), [vanishes.log]);

        let moved = redeemed(12, 0xc, 1);
        sink.record(&scan(vec![moved.clone()], vec![moves.log, vanishes.log], 13)).unwrap();
        assert_eq!(sink.since(0).unwrap(), [moved.log]);
        assert_eq!(sink.cursor().unwrap().map(|cursor| cursor.block), Some(13));
    }
}
