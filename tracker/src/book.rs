//! Round books as reports use them: found in a directory or fetched, and held against what the
//! gateway committed on chain before a single line is believed.

use std::collections::HashMap;

use alloy_primitives::{Address, B256};
use serde::Serialize;
use waymark_tagging::TagId;
use waymark_tagging::round::{RoundBook, Totals};

use crate::registry::Commitment;

mod fetch;
mod library;

pub use fetch::FetchError;
pub(crate) use fetch::Fetcher;
pub use library::{Library, LibraryError, MAX_BOOK_BYTES};

/// How long a leaf file may be missing after its commitment, in seconds of the chain, before it counts
/// as withheld (payments-contracts 6.6).
pub const GRACE_SECONDS: u64 = 24 * 60 * 60;

/// What is known of a gateway's book of a round.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum BookStatus {
    /// The gateway committed to none.
    None,
    /// Committed; nobody looked for the leaf file.
    Unread,
    /// The leaf file is what was committed.
    Verified,
    /// There is no leaf file yet, and the commitment is younger than a day.
    Pending,
    /// There is no leaf file.
    Missing,
    /// The leaf file is not what was committed.
    Refused,
}

impl BookStatus {
    /// As it stands in reports.
    pub const fn name(self) -> &'static str {
        match self {
            Self::None => "none",
            Self::Unread => "unread",
            Self::Verified => "verified",
            Self::Pending => "pending",
            Self::Missing => "missing",
            Self::Refused => "refused",
        }
    }
}

/// A verified book, ready to be asked.
#[derive(Debug, Default)]
pub struct OpenBook {
    /// Recipient and tag of each session.
    sessions: HashMap<B256, (Address, TagId)>,
    /// Sums by tag.
    pub totals: Totals,
}

impl OpenBook {
    /// The tag of a session, if the book has it with this recipient.
    pub fn tag(&self, session: &B256, recipient: Address) -> Option<TagId> {
        let (paid, tag) = self.sessions.get(session)?;
        (*paid == recipient).then_some(*tag)
    }
}

/// What became of looking for a book.
#[derive(Debug)]
pub struct Loaded {
    /// In a word.
    pub status: BookStatus,
    /// The book, if it is verified.
    pub book: Option<OpenBook>,
    /// What is wrong, in a sentence.
    pub problem: Option<String>,
}

impl Loaded {
    pub(crate) const fn without(status: BookStatus, problem: Option<String>) -> Self {
        Self { status, book: None, problem }
    }
}

/// Holds a leaf file against the commitment. `chain_id` is checked where it is known; where it is not,
/// the root still binds the file to the one the gateway committed.
fn verify(
    json: &[u8],
    gateway: Address,
    round: u64,
    committed: &Commitment,
    chain_id: Option<u64>,
) -> Loaded {
    let refused = |problem: String| Loaded::without(BookStatus::Refused, Some(problem));
    let book = match RoundBook::read(json) {
        Ok(book) => book,
        Err(error) => return refused(error.to_string()),
    };
    let id = book.id();
    if (id.gateway, id.round) != (gateway, round) {
        return refused(format!("the file is of {:#x}, round {}", id.gateway, id.round));
    }
    if let Some(chain) = chain_id.filter(|chain| *chain != id.chain_id) {
        return refused(format!("the file is of chain {}, not {chain}", id.chain_id));
    }
    if book.root() != committed.root {
        return refused(format!(
            "its root is {}, committed was {} (revision {})",
            book.root(),
            committed.root,
            committed.revision
        ));
    }
    let totals = book.totals();
    let problem = (totals.all.sessions != u64::from(committed.leaves)
        || u128::try_from(totals.all.ev_wei) != Ok(committed.total_ev))
    .then(|| {
        format!(
            "the book has {} sessions and {} wei, the commitment says {} and {}",
            totals.all.sessions, totals.all.ev_wei, committed.leaves, committed.total_ev
        )
    });
    let session = |leaf: &waymark_tagging::round::Leaf| {
        (leaf.recipient_rand_hash, (leaf.recipient, leaf.tag_id))
    };
    let sessions = book.leaves().iter().map(session).collect();
    Loaded { status: BookStatus::Verified, book: Some(OpenBook { sessions, totals }), problem }
}
