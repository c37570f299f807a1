//! Making a book. Blocks: the ledger and data files are read.

use alloy_primitives::B256;
use waymark_payments::{
    book::{dataset_root, leaves},
    ledger::{BookFile, BookRecord, BookState, Ledger, SessionTickets},
};
use waymark_tagging::round::{BookId, RoundBook};

use super::{BookError, files, numbers::Numbers};

/// A book and what is put on record about it.
#[derive(Debug)]
pub(super) struct Built {
    pub(super) record: BookRecord,
    pub(super) book: RoundBook,
    pub(super) files: Vec<BookFile>,
    /// Leaves or files are others than on record.
    pub(super) changed: bool,
}

/// What a book is made from.
pub(super) struct Material<'a> {
    pub(super) ledger: &'a Ledger,
    pub(super) data_dir: &'a std::path::Path,
    pub(super) numbers: &'a Numbers,
    pub(super) secret: &'a B256,
    pub(super) id: BookId,
}

/// The book of a round; nothing if there is nothing in it and there never was. Data files are taken
/// in when it is made first: each stands in one book.
pub(super) fn build(
    material: &Material<'_>,
    sessions: &[SessionTickets],
    before: Option<BookRecord>,
) -> Result<Option<Built>, BookError> {
    let Material { ledger, id, .. } = material;
    let round = id.round;
    let files = match before {
        Some(_) => ledger.book_files(round)?,
        None => files::closed(material.data_dir, |path| ledger.is_in_a_book(path))?,
    };
    if sessions.is_empty() && files.is_empty() && before.is_none() {
        return Ok(None);
    }
    let number =
        |session: &SessionTickets| material.numbers.of_leaf(&session.tag_name, session.tag);
    let leaves = leaves(sessions, round, material.secret, number);
    let failed = |source| BookError::Book { round, source };
    let book = RoundBook::new(*id, leaves).map_err(failed)?;
    let (root, dataset_root) = (book.root(), dataset_root(&files));
    let old = before.unwrap_or(BookRecord {
        round,
        state: BookState::Written,
        root: B256::ZERO,
        dataset_root: B256::ZERO,
        leaves: 0,
        total_ev: 0,
        revision: 0,
        told: (B256::ZERO, B256::ZERO),
        transaction: None,
    });
    let record = BookRecord {
        root,
        dataset_root,
        // At most 2^20.
        leaves: u32::try_from(book.leaves().len()).unwrap_or(u32::MAX),
        total_ev: book.total_ev().map_err(failed)?,
        ..old
    };
    Ok(Some(Built { changed: before != Some(record), record, book, files }))
}
