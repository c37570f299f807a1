//! Applying a batch. Logs of one block come together, so what is asked of a block is asked once.

use std::collections::HashSet;

use alloy_primitives::B256;
use rusqlite::{OptionalExtension as _, Transaction};
use waymark_contracts::job_tag_registry::JobTagRegistry::JobTagRegistryEvents;

use super::column::{amount, hash, place, read_hash, ticket_key, time};
use super::rollback::{TABLES, forget_block, forget_from};
use super::{Applied, Batch, Block, MAX_BLOCKS, Store, StoreError};
use crate::event::{Fact, registry_event};
use crate::log::{Log, Place};
use crate::redemption::{Redemption, Transfer};

impl Store {
    /// Applies a batch, all of it or nothing.
    pub fn apply(&mut self, batch: &Batch) -> Result<Applied, StoreError> {
        let applied = self.connection.transaction().and_then(|transaction| {
            let mut writer = Writer::new(&transaction)?;
            if let Some(block) = batch.forget_from {
                writer.applied.taken_back = forget_from(&transaction, block)?;
            }
            for fact in &batch.facts {
                writer.fact(fact)?;
            }
            writer.pair_up()?;
            writer.blocks(&batch.blocks)?;
            let applied = writer.applied;
            transaction.commit()?;
            Ok(applied)
        });
        applied.map_err(|source| StoreError::Database { path: self.path.clone(), source })
    }
}

struct Writer<'t> {
    transaction: &'t Transaction<'t>,
    /// Above this place nothing is stored yet, so nothing can contradict it.
    newest: Option<Place>,
    /// The block that was looked at last, and its hash.
    block: Option<(u64, B256)>,
    /// Redemptions and transfers of this batch that have no partner yet.
    unpaid: Vec<Place>,
    waiting: HashSet<Place>,
    applied: Applied,
}

impl<'t> Writer<'t> {
    fn new(transaction: &'t Transaction<'t>) -> rusqlite::Result<Self> {
        let newest: Option<i64> = transaction.query_row(
            "SELECT max(place) FROM (SELECT max(place) AS place FROM redemptions UNION ALL
             SELECT max(place) FROM transfers UNION ALL SELECT max(place) FROM registry UNION ALL
             SELECT max(place) FROM bonds)",
            [],
            |row| row.get(0),
        )?;
        let newest = newest.map(|number| Place::from_number(number.cast_unsigned()));
        let (block, unpaid, waiting) = (None, Vec::new(), HashSet::new());
        Ok(Self { transaction, newest, block, unpaid, waiting, applied: Applied::default() })
    }

    fn fact(&mut self, fact: &Fact) -> rusqlite::Result<()> {
        match fact {
            Fact::Redeemed(redemption) => self.redeemed(redemption),
            Fact::Paid(transfer) => self.paid(transfer),
            Fact::Registry(log) => self.registry(log),
            Fact::Bonded { place: at, block_hash, delegator, delegate } => {
                self.agree(*at, block_hash)?;
                let new = self
                    .transaction
                    .prepare_cached("INSERT OR IGNORE INTO bonds VALUES (?1, ?2, ?3, ?4)")?
                    .execute((
                        place(*at),
                        hash(block_hash),
                        delegator.as_slice(),
                        delegate.as_slice(),
                    ))?;
                self.applied.registry = self.applied.registry.saturating_add(new as u64);
                self.stored(*at);
                Ok(())
            }
            Fact::Removed { place, block_hash } => self.removed(*place, block_hash),
        }
    }

    fn redeemed(&mut self, redemption: &Redemption) -> rusqlite::Result<()> {
        self.agree(redemption.place, &redemption.block_hash)?;
        if self.known(redemption)? {
            return Ok(());
        }
        self.transaction
            .prepare_cached(
                "INSERT OR REPLACE INTO redemptions
                 VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?13)",
            )?
            .execute((
                place(redemption.place),
                hash(&redemption.block_hash),
                redemption.transaction.as_slice(),
                time(redemption.time),
                redemption.sender.as_slice(),
                redemption.recipient.as_slice(),
                redemption.round.cast_signed(),
                amount(redemption.face_value),
                redemption.paid.map(amount),
                redemption.nonce,
                redemption.session.as_slice(),
                redemption.ticket.as_slice(),
                ticket_key(&redemption.ticket),
            ))?;
        self.applied.redeemed = self.applied.redeemed.saturating_add(1);
        if redemption.paid.is_none() {
            self.unpaid.push(redemption.place);
        }
        self.stored(redemption.place);
        Ok(())
    }

    /// Whether this very redemption is stored. One of the same ticket elsewhere is of a fork, and goes.
    fn known(&mut self, redemption: &Redemption) -> rusqlite::Result<bool> {
        let mut statement = self.transaction.prepare_cached(
            "SELECT place, ticket, paid IS NULL FROM redemptions WHERE ticket_key = ?1",
        )?;
        let same = statement
            .query_map([ticket_key(&redemption.ticket)], |row| {
                Ok((row.get::<_, i64>(0)?, read_hash(row, 1)?, row.get::<_, bool>(2)?))
            })?
            .collect::<rusqlite::Result<Vec<_>>>()?;
        let same = same.into_iter().find(|(_, ticket, _)| *ticket == redemption.ticket);
        let Some((stored, _, unpaid)) = same else { return Ok(false) };
        if stored == place(redemption.place) {
            if let Some(paid) = redemption.paid.filter(|_| unpaid) {
                self.transaction
                    .prepare_cached("UPDATE redemptions SET paid = ?2 WHERE place = ?1")?
                    .execute((stored, amount(paid)))?;
            }
            return Ok(true);
        }
        self.transaction
            .prepare_cached("DELETE FROM redemptions WHERE place = ?1")?
            .execute([stored])?;
        self.applied.taken_back = self.applied.taken_back.saturating_add(1);
        Ok(false)
    }

    fn paid(&mut self, transfer: &Transfer) -> rusqlite::Result<()> {
        self.agree(transfer.place, &transfer.block_hash)?;
        self.transaction
            .prepare_cached("INSERT OR REPLACE INTO transfers VALUES (?1, ?2, ?3, ?4, ?5, ?6)")?
            .execute((
                place(transfer.place),
                hash(&transfer.block_hash),
                transfer.transaction.as_slice(),
                transfer.sender.as_slice(),
                transfer.recipient.as_slice(),
                amount(transfer.amount),
            ))?;
        self.waiting.insert(transfer.place);
        self.stored(transfer.place);
        Ok(())
    }

    fn registry(&mut self, log: &Log) -> rusqlite::Result<()> {
        self.agree(log.place, &log.block_hash)?;
        if let Ok(JobTagRegistryEvents::TicketsAttested(event)) = registry_event(log) {
            for ticket in &event.ticketHashes {
                let new = self
                    .transaction
                    .prepare_cached(
                        "INSERT OR IGNORE INTO attestations VALUES (?1, ?2, ?3, ?4, ?5)",
                    )?
                    .execute((
                        ticket.as_slice(),
                        place(log.place),
                        hash(&log.block_hash),
                        event.gateway.as_slice(),
                        event.tagId,
                    ))?;
                self.applied.registry = self.applied.registry.saturating_add(new as u64);
            }
            self.stored(log.place);
            return Ok(());
        }
        let topics: Vec<u8> = log.topics.iter().flat_map(|topic| topic.0).collect();
        let new = self
            .transaction
            .prepare_cached("INSERT OR IGNORE INTO registry VALUES (?1, ?2, ?3, ?4, ?5)")?
            .execute((
                place(log.place),
                hash(&log.block_hash),
                time(log.time),
                topics,
                log.data.as_ref(),
            ))?;
        self.applied.registry = self.applied.registry.saturating_add(new as u64);
        self.stored(log.place);
        Ok(())
    }

    fn removed(&mut self, at: Place, block_hash: &B256) -> rusqlite::Result<()> {
        for table in TABLES {
            let gone = self
                .transaction
                .prepare_cached(&format!(
                    "DELETE FROM {table} WHERE place = ?1
                     AND (block_hash = ?2 OR ?2 = x'' OR block_hash = x'')"
                ))?
                .execute((place(at), hash(block_hash)))?;
            if gone > 0 && *table == "redemptions" {
                self.applied.taken_back = self.applied.taken_back.saturating_add(1);
            } else if gone > 0 {
                self.applied.registry = self.applied.registry.saturating_add(1);
            }
        }
        self.waiting.remove(&at);
        Ok(())
    }

    /// Logs of a block under another hash than this one are of a fork, and go.
    fn agree(&mut self, at: Place, block_hash: &B256) -> rusqlite::Result<()> {
        let new = self.newest.is_none_or(|newest| newest.block() < at.block());
        let seen = self.block == Some((at.block(), *block_hash));
        self.block = Some((at.block(), *block_hash));
        if new || seen || block_hash.is_zero() {
            return Ok(());
        }
        let (gone, others) = forget_block(self.transaction, at.block(), block_hash)?;
        if gone > 0 || others > 0 {
            self.applied.taken_back = self.applied.taken_back.saturating_add(gone);
            self.applied.contradictions = self.applied.contradictions.saturating_add(1);
        }
        Ok(())
    }

    fn stored(&mut self, at: Place) {
        self.newest = self.newest.max(Some(at));
    }

    /// Transfers and redemptions that came apart: in other batches, or in another order.
    fn pair_up(&mut self) -> rusqlite::Result<()> {
        let mut statement = self.transaction.prepare_cached("SELECT 1 FROM transfers LIMIT 1")?;
        if !statement.exists([])? {
            return Ok(());
        }
        for redemption in std::mem::take(&mut self.unpaid) {
            self.pair(place(redemption).saturating_sub(1))?;
        }
        for transfer in std::mem::take(&mut self.waiting) {
            self.pair(place(transfer))?;
        }
        Ok(())
    }

    /// Makes a transfer the payment of the redemption right behind it: of the same block, transaction,
    /// sender and recipient.
    fn pair(&self, transfer: i64) -> rusqlite::Result<()> {
        let amount: Option<Vec<u8>> = self
            .transaction
            .prepare_cached(
                "SELECT t.amount FROM transfers t JOIN redemptions r ON r.place = t.place + 1
                 WHERE t.place = ?1 AND t.place >> 20 = r.place >> 20 AND t.tx = r.tx
                   AND t.sender = r.sender AND t.recipient = r.recipient AND r.paid IS NULL",
            )?
            .query_row([transfer], |row| row.get(0))
            .optional()?;
        if let Some(amount) = amount {
            self.transaction
                .prepare_cached("UPDATE redemptions SET paid = ?2 WHERE place = ?1 + 1")?
                .execute((transfer, amount))?;
            self.transaction
                .prepare_cached("DELETE FROM transfers WHERE place = ?1")?
                .execute([transfer])?;
        }
        Ok(())
    }

    fn blocks(&self, blocks: &[Block]) -> rusqlite::Result<()> {
        for block in blocks {
            self.transaction
                .prepare_cached("INSERT OR REPLACE INTO blocks VALUES (?1, ?2)")?
                .execute((block.number.cast_signed(), hash(&block.hash)))?;
        }
        if !blocks.is_empty() {
            self.transaction.execute(
                "DELETE FROM blocks WHERE block NOT IN
                 (SELECT block FROM blocks ORDER BY block DESC LIMIT ?1)",
                [MAX_BLOCKS],
            )?;
        }
        Ok(())
    }
}
