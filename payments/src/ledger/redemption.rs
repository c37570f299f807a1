//! Which of our tickets won and were redeemed, as the chain's logs tell.
//!
//! A row is a log, by transaction and index. The same log may be told any number of times; one that
//! a reorganisation took back is marked, and comes back to life when it is told again. A ticket is
//! redeemed once: if another log of the same ticket is told, the earlier one is taken back.

use std::collections::HashSet;

use alloy_primitives::{Address, B256, U256};
use jiff::Timestamp;
use rusqlite::{Connection, OptionalExtension as _, params};
use waymark_tagging::{TagId, nonce};

use super::column::{Wide, count, int, moment};
use super::{Ledger, LedgerError, PromiseId};

/// A ticket of ours that was redeemed, from the broker's `WinningTicketRedeemed` and the
/// `WinningTicketTransfer` before it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Redemption {
    /// The transaction.
    pub tx_hash: B256,
    /// The index of the log in its block.
    pub log_index: u64,
    /// The block's number.
    pub block: u64,
    /// The block's hash.
    pub block_hash: B256,
    /// The block's time.
    pub at: Timestamp,
    /// The ticket's hash.
    pub ticket: B256,
    /// Who was paid.
    pub recipient: Address,
    /// The hash of the recipient's random number.
    pub params: B256,
    /// The ticket's nonce.
    pub nonce: u32,
    /// Its face value.
    pub face_value: U256,
    /// What was paid, which is less when deposit and reserve were short.
    pub paid: U256,
}

/// How far the logs of a chain were read.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Cursor {
    /// The last block whose logs are on record.
    pub block: u64,
    /// Its hash, to notice when it is no longer part of the chain.
    pub block_hash: B256,
}

/// What a redeemed ticket was promised for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Paid {
    /// Whether this log was not on record before.
    pub new: bool,
    /// The promise; `None` where this ledger never made it, or has pruned it.
    pub promise: Option<PromiseId>,
    /// When it was made.
    pub promised_at: Option<Timestamp>,
    /// The job.
    pub job: Option<[u8; 16]>,
    /// The tag's number: the promise's, or else the nonce's.
    pub tag: TagId,
    /// The tag's name, where the promise is known.
    pub tag_name: Option<String>,
    /// The kind of work, where the promise is known.
    pub capability: Option<String>,
}

impl Ledger {
    /// Puts redemptions on record, together with how far the chain's logs were read. Telling a log
    /// again changes nothing. Returns what each was for, in the order given.
    pub fn record_redemptions(
        &self,
        chain: u64,
        redemptions: &[Redemption],
        cursor: Cursor,
    ) -> Result<Vec<Paid>, LedgerError> {
        let mut core = self.core.lock();
        let mut paid = Vec::with_capacity(redemptions.len());
        let written = core.writer.unchecked_transaction().and_then(|transaction| {
            for redemption in redemptions {
                paid.push(record(&transaction, chain, redemption)?);
            }
            put_cursor(&transaction, chain, cursor)?;
            transaction.commit()
        });
        core.wrote(written, "write redemptions")?;
        Ok(paid)
    }

    /// Takes back every redemption in blocks after `kept`, which a reorganisation replaced, and
    /// reads logs from there again. Returns how many there were.
    pub fn forget_after(&self, chain: u64, kept: Cursor) -> Result<usize, LedgerError> {
        let mut core = self.core.lock();
        let mut forgotten = 0;
        let written = core.writer.unchecked_transaction().and_then(|transaction| {
            forgotten = transaction
                .prepare_cached(
                    "UPDATE redemptions SET removed = 1
                     WHERE chain = ? AND block > ? AND removed = 0",
                )?
                .execute([int(chain), int(kept.block)])?;
            put_cursor(&transaction, chain, kept)?;
            transaction.commit()
        });
        core.wrote(written, "take redemptions back")?;
        Ok(forgotten)
    }

    /// How far the logs of a chain were read.
    pub fn cursor(&self, chain: u64) -> Result<Option<Cursor>, LedgerError> {
        let upkeep = self.upkeep.lock();
        upkeep
            .prepare_cached("SELECT block, block_hash FROM cursors WHERE chain = ?")
            .and_then(|mut statement| {
                let row = |row: &rusqlite::Row<'_>| {
                    let (block, hash): (i64, [u8; 32]) = (row.get(0)?, row.get(1)?);
                    Ok(Cursor { block: count(block), block_hash: hash.into() })
                };
                statement.query_row([int(chain)], row).optional()
            })
            .map_err(LedgerError::at("read how far logs were read"))
    }

    /// Which of these tickets nobody has redeemed, as far as the logs on record tell.
    pub fn unredeemed(&self, tickets: &[B256]) -> Result<Vec<B256>, LedgerError> {
        let upkeep = self.upkeep.lock();
        let redeemed = || -> rusqlite::Result<HashSet<B256>> {
            let mut statement = upkeep
                .prepare_cached("SELECT 1 FROM redemptions WHERE ticket = ? AND removed = 0")?;
            let mut found = HashSet::new();
            for ticket in tickets {
                if statement.exists([ticket.as_slice()])? {
                    found.insert(*ticket);
                }
            }
            Ok(found)
        };
        let redeemed = redeemed().map_err(LedgerError::at("look for redeemed tickets"))?;
        Ok(tickets.iter().copied().filter(|ticket| !redeemed.contains(ticket)).collect())
    }
}

pub(super) fn put_cursor(
    connection: &Connection,
    chain: u64,
    cursor: Cursor,
) -> rusqlite::Result<()> {
    connection
        .prepare_cached(
            "INSERT OR REPLACE INTO cursors (chain, block, block_hash) VALUES (?, ?, ?)",
        )?
        .execute(params![int(chain), int(cursor.block), cursor.block_hash.as_slice()])
        .map(drop)
}

pub(super) fn record(
    connection: &Connection,
    chain: u64,
    redemption: &Redemption,
) -> rusqlite::Result<Paid> {
    let identity = params![int(chain), redemption.tx_hash.as_slice(), int(redemption.log_index)];
    let known: bool = connection
        .prepare_cached(
            "SELECT 1 FROM redemptions
             WHERE chain = ? AND tx_hash = ? AND log_index = ? AND removed = 0",
        )?
        .exists(identity)?;
    // Mined again elsewhere: the earlier log is of a block that is gone.
    connection
        .prepare_cached(
            "UPDATE redemptions SET removed = 1
             WHERE ticket = ? AND chain = ? AND (tx_hash <> ? OR log_index <> ?)",
        )?
        .execute(params![
            redemption.ticket.as_slice(),
            int(chain),
            redemption.tx_hash.as_slice(),
            int(redemption.log_index),
        ])?;
    let mut paid = promised(connection, redemption)?;
    paid.new = !known;
    connection
        .prepare_cached(
            "INSERT INTO redemptions
               (chain, tx_hash, log_index, block, block_hash, at, ticket, recipient, params, nonce,
                face_value, paid, promise, promised_at, job, tag, tag_name, capability)
             VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)
             ON CONFLICT (chain, tx_hash, log_index) DO UPDATE SET
               block = excluded.block, block_hash = excluded.block_hash, at = excluded.at,
               removed = 0",
        )?
        .execute(params![
            int(chain),
            redemption.tx_hash.as_slice(),
            int(redemption.log_index),
            int(redemption.block),
            redemption.block_hash.as_slice(),
            redemption.at.as_millisecond(),
            redemption.ticket.as_slice(),
            redemption.recipient.as_slice(),
            redemption.params.as_slice(),
            redemption.nonce,
            Wide::new(redemption.face_value),
            Wide::new(redemption.paid),
            paid.promise.map(PromiseId::get),
            paid.promised_at.map(Timestamp::as_millisecond),
            paid.job,
            paid.tag.get(),
            paid.tag_name,
            paid.capability,
        ])?;
    Ok(paid)
}

/// The promise that holds the ticket's nonce.
fn promised(connection: &Connection, redemption: &Redemption) -> rusqlite::Result<Paid> {
    let found = connection
        .prepare_cached(
            "SELECT id, at, job, tag, tag_name, capability FROM promises
             WHERE params = ?1 AND first_nonce <= ?2 AND first_nonce + tickets > ?2
               AND recipient = ?3
             ORDER BY first_nonce DESC LIMIT 1",
        )?
        .query_row(
            params![
                redemption.params.as_slice(),
                redemption.nonce,
                redemption.recipient.as_slice()
            ],
            |row| {
                Ok(Paid {
                    new: false,
                    promise: Some(PromiseId(row.get(0)?)),
                    promised_at: Some(moment(row.get(1)?)?),
                    job: Some(row.get(2)?),
                    tag: TagId::try_from(row.get::<_, u32>(3)?).unwrap_or_default(),
                    tag_name: Some(row.get(4)?),
                    capability: Some(row.get(5)?),
                })
            },
        )
        .optional()?;
    Ok(found.unwrap_or_else(|| Paid {
        new: false,
        promise: None,
        promised_at: None,
        job: None,
        tag: nonce::decode(redemption.nonce).map(|(tag, _)| tag).unwrap_or_default(),
        tag_name: None,
        capability: None,
    }))
}
