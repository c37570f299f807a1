//! Values as they stand in columns.

use alloy_primitives::{Address, B256, U256};
use rusqlite::Row;
use rusqlite::types::Type;

use crate::log::Place;

/// A place as a signed number: it has 63 bits.
pub(super) fn place(place: Place) -> i64 {
    place.number().cast_signed()
}

pub(super) fn start_of(block: u64) -> i64 {
    place(Place::start_of(block))
}

/// The last place of a block.
pub(super) fn end_of(block: u64) -> i64 {
    start_of(block) | crate::log::MAX_INDEX.cast_signed()
}

pub(super) fn read_place(row: &Row<'_>, index: usize) -> rusqlite::Result<Place> {
    Ok(Place::from_number(row.get::<_, i64>(index)?.cast_unsigned()))
}

/// A hash, or nothing for the zero hash.
pub(super) fn hash(hash: &B256) -> &[u8] {
    if hash.is_zero() { &[] } else { hash.as_slice() }
}

pub(super) fn read_hash(row: &Row<'_>, index: usize) -> rusqlite::Result<B256> {
    let bytes = row.get_ref(index)?.as_blob()?;
    if bytes.is_empty() {
        return Ok(B256::ZERO);
    }
    B256::try_from(bytes).map_err(|error| wrong(index, error))
}

pub(super) fn read_address(row: &Row<'_>, index: usize) -> rusqlite::Result<Address> {
    Address::try_from(row.get_ref(index)?.as_blob()?).map_err(|error| wrong(index, error))
}

pub(super) fn amount(amount: U256) -> Vec<u8> {
    amount.to_be_bytes_trimmed_vec()
}

pub(super) fn read_amount(row: &Row<'_>, index: usize) -> rusqlite::Result<U256> {
    Ok(U256::try_from_be_slice(row.get_ref(index)?.as_blob()?).unwrap_or_default())
}

/// Times beyond 63 bits are no times.
pub(super) fn time(time: Option<u64>) -> Option<i64> {
    time.and_then(|time| i64::try_from(time).ok())
}

pub(super) fn read_time(row: &Row<'_>, index: usize) -> rusqlite::Result<Option<u64>> {
    Ok(row.get::<_, Option<i64>>(index)?.and_then(|time| u64::try_from(time).ok()))
}

/// The first 63 bits of a ticket's hash.
pub(super) fn ticket_key(ticket: &B256) -> i64 {
    let first = ticket.first_chunk::<8>().copied().unwrap_or_default();
    (u64::from_be_bytes(first) >> 1).cast_signed()
}

fn wrong(index: usize, error: impl std::error::Error + Send + Sync + 'static) -> rusqlite::Error {
    rusqlite::Error::FromSqlConversionFailure(index, Type::Blob, Box::new(error))
}
