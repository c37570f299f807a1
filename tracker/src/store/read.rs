//! What a report and a source ask of the state.

use alloy_primitives::{Address, B256};
use rusqlite::{OptionalExtension as _, Row};
use waymark_tagging::TagId;

use super::column::{end_of, read_address, read_amount, read_hash, read_place, read_time};
use super::{Block, Store, StoreError};
use crate::log::Log;
use crate::redemption::Redemption;
use crate::registry::Registry;

const COLUMNS: &str =
    "place, block_hash, tx, at, sender, recipient, round, face_value, paid, nonce, session, ticket";

impl Store {
    /// How far the chain was read; nothing when only files were.
    pub fn cursor(&self) -> Result<Option<Block>, StoreError> {
        self.block_at_most(i64::MAX)
    }

    /// The highest remembered block not above this one.
    pub(crate) fn remembered(&self, block: u64) -> Result<Option<Block>, StoreError> {
        self.block_at_most(i64::try_from(block).unwrap_or(i64::MAX))
    }

    fn block_at_most(&self, block: i64) -> Result<Option<Block>, StoreError> {
        let sql = "SELECT block, hash FROM blocks WHERE block <= ?1 ORDER BY block DESC LIMIT 1";
        let read = |row: &Row<'_>| {
            let number = row.get::<_, i64>(0)?.cast_unsigned();
            Ok(Block { number, hash: read_hash(row, 1)? })
        };
        let found = self.connection.query_row(sql, [block], read).optional();
        found.map_err(|source| self.trouble(source))
    }

    /// The highest block not above this one that has a log with a known hash: what is left to compare
    /// with when a reorganisation goes deeper than remembered blocks do.
    pub(crate) fn logged(&self, block: u64) -> Result<Option<Block>, StoreError> {
        let sql = "SELECT place, block_hash FROM redemptions
                   WHERE place <= ?1 AND block_hash <> x'' ORDER BY place DESC LIMIT 1";
        let read = |row: &Row<'_>| {
            Ok(Block { number: read_place(row, 0)?.block(), hash: read_hash(row, 1)? })
        };
        let found = self.connection.query_row(sql, [end_of(block)], read).optional();
        found.map_err(|source| self.trouble(source))
    }

    /// How many redemptions there are.
    pub fn redemptions(&self) -> Result<u64, StoreError> {
        let count = |row: &Row<'_>| Ok(row.get::<_, i64>(0)?.cast_unsigned());
        self.connection
            .query_row("SELECT count(*) FROM redemptions", [], count)
            .map_err(|source| self.trouble(source))
    }

    /// Every redemption, by round, then gateway.
    pub(crate) fn each_redemption(
        &self,
        each: impl FnMut(Redemption) -> rusqlite::Result<()>,
    ) -> Result<(), StoreError> {
        self.each(
            &format!(
                "SELECT {COLUMNS} FROM redemptions INDEXED BY redemptions_by_round
                 ORDER BY round, sender"
            ),
            each,
        )
    }

    /// Every redemption, in the order that is quickest to read: the chain's.
    pub(crate) fn each_in_order(
        &self,
        each: impl FnMut(Redemption) -> rusqlite::Result<()>,
    ) -> Result<(), StoreError> {
        self.each(&format!("SELECT {COLUMNS} FROM redemptions ORDER BY place"), each)
    }

    fn each(
        &self,
        sql: &str,
        mut each: impl FnMut(Redemption) -> rusqlite::Result<()>,
    ) -> Result<(), StoreError> {
        let mut run = || -> rusqlite::Result<()> {
            let mut statement = self.connection.prepare_cached(sql)?;
            let mut rows = statement.query([])?;
            while let Some(row) = rows.next()? {
                each(redemption(row)?)?;
            }
            Ok(())
        };
        run().map_err(|source| self.trouble(source))
    }

    /// What the registry's logs say.
    pub fn registry(&self) -> Result<Registry, StoreError> {
        let Some(address) = self.identity.contracts.registry else { return Ok(Registry::absent()) };
        let mut registry = Registry::empty();
        let mut run = || -> rusqlite::Result<()> {
            let sql = "SELECT place, block_hash, at, topics, data FROM registry ORDER BY place";
            let mut statement = self.connection.prepare_cached(sql)?;
            let mut rows = statement.query([])?;
            while let Some(row) = rows.next()? {
                registry.apply(&log(row, address)?);
            }
            Ok(())
        };
        run().map_err(|source| self.trouble(source))?;
        Ok(registry)
    }

    /// Who delegated to whom.
    pub(crate) fn bonds(&self) -> Result<Vec<(Address, Address)>, StoreError> {
        let run = || -> rusqlite::Result<Vec<_>> {
            let sql = "SELECT DISTINCT delegator, delegate FROM bonds";
            let mut statement = self.connection.prepare_cached(sql)?;
            let pair = |row: &Row<'_>| Ok((read_address(row, 0)?, read_address(row, 1)?));
            statement.query_map([], pair)?.collect()
        };
        run().map_err(|source| self.trouble(source))
    }

    /// Whether there are attestations at all.
    pub(crate) fn has_attestations(&self) -> Result<bool, StoreError> {
        let sql = "SELECT EXISTS (SELECT 1 FROM attestations)";
        let found = self.connection.query_row(sql, [], |row| row.get(0));
        found.map_err(|source| self.trouble(source))
    }

    /// The tag that a gateway attested a ticket first, and whether it attested another later.
    pub(crate) fn attested(
        &self,
        ticket: &B256,
        gateway: Address,
    ) -> rusqlite::Result<(TagId, bool)> {
        let mut statement = self.connection.prepare_cached(
            "SELECT tag FROM attestations WHERE ticket = ?1 AND gateway = ?2 ORDER BY place",
        )?;
        let mut rows = statement.query((ticket.as_slice(), gateway.as_slice()))?;
        let (mut first, mut twice) = (TagId::UNTAGGED, false);
        while let Some(row) = rows.next()? {
            let tag = TagId::try_from(row.get::<_, u32>(0)?).unwrap_or_default();
            twice |= first.is_tagged() && tag != first;
            if !first.is_tagged() {
                first = tag;
            }
        }
        Ok((first, twice))
    }

    /// The newest time of a block with a log, Unix seconds.
    pub(crate) fn newest_time(&self) -> Result<Option<u64>, StoreError> {
        let sql = "SELECT max(at) FROM (SELECT at FROM (SELECT at FROM redemptions
                   ORDER BY place DESC LIMIT 1) UNION ALL
                   SELECT at FROM (SELECT at FROM registry ORDER BY place DESC LIMIT 1))";
        let found = self.connection.query_row(sql, [], |row| read_time(row, 0));
        found.map_err(|source| self.trouble(source))
    }
}

fn redemption(row: &Row<'_>) -> rusqlite::Result<Redemption> {
    let paid = row.get_ref(8)?.as_blob_or_null()?.is_some();
    Ok(Redemption {
        place: read_place(row, 0)?,
        block_hash: read_hash(row, 1)?,
        transaction: read_hash(row, 2)?,
        time: read_time(row, 3)?,
        sender: read_address(row, 4)?,
        recipient: read_address(row, 5)?,
        round: row.get::<_, i64>(6)?.cast_unsigned(),
        face_value: read_amount(row, 7)?,
        paid: if paid { Some(read_amount(row, 8)?) } else { None },
        nonce: row.get(9)?,
        session: read_hash(row, 10)?,
        ticket: read_hash(row, 11)?,
    })
}

fn log(row: &Row<'_>, address: Address) -> rusqlite::Result<Log> {
    let topics = row.get_ref(3)?.as_blob()?;
    let (words, _) = topics.as_chunks::<32>();
    Ok(Log {
        address,
        topics: words.iter().copied().map(B256::from).collect(),
        data: row.get::<_, Vec<u8>>(4)?.into(),
        place: read_place(row, 0)?,
        block_hash: read_hash(row, 1)?,
        transaction: B256::ZERO,
        time: read_time(row, 2)?,
        removed: false,
    })
}
