//! When something is to be done about a book.

use alloy_primitives::B256;

use crate::ledger::BookRecord;

/// Rounds after its own in which the registry takes a book (JobTagRegistry, `commitRound`).
pub const WINDOW: u64 = 2;

/// What is to be done.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Next {
    /// Nothing now; late tickets may come.
    Wait,
    /// Tell the registry what the book is now.
    Commit,
    /// The registry has it as it is, and the window is over.
    Close,
    /// The window is over, and the registry does not have it as it is.
    Missed,
}

/// Whether a book is to be made: its round brings no new tickets. They name the last initialised round,
/// so a round that nobody follows goes on; what can wait no longer for that is made when one round of
/// the window is left, and revised.
pub fn is_due(round: u64, initialized: u64, current: u64) -> bool {
    round < initialized || current.saturating_sub(round) >= WINDOW
}

/// What is to be done about a book that has these roots now. `current` is the round that the
/// registry goes by.
pub fn next(book: &BookRecord, (root, dataset): (B256, B256), current: u64) -> Next {
    let told = book.revision > 0 && book.told == (root, dataset);
    let over = current.saturating_sub(book.round) > WINDOW;
    match (told, over) {
        (true, false) => Next::Wait,
        (true, true) => Next::Close,
        (false, false) => Next::Commit,
        (false, true) => Next::Missed,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ledger::BookState;

    #[test]
    fn a_book_is_made_when_its_round_is_over_or_time_is_short() {
        assert!(!is_due(13, 13, 13));
        assert!(is_due(13, 14, 14));
        assert!(!is_due(13, 13, 14), "nobody has initialised 14: tickets still name 13");
        assert!(is_due(13, 13, 15), "but the window ends with 15");
        assert!(is_due(13, 13, 99));
        assert!(!is_due(14, 13, 13), "a node that is behind");
    }

    #[test]
    fn a_book_is_told_once_revised_inside_its_window_and_reported_after_it() {
        let (root, none) = (B256::repeat_byte(1), B256::ZERO);
        let book = BookRecord {
            round: 13,
            state: BookState::Written,
            root,
            dataset_root: none,
            leaves: 1,
            total_ev: 1,
            revision: 0,
            told: (none, none),
            transaction: None,
        };
        let told = BookRecord { revision: 1, told: (root, none), ..book };
        let at = |book: &BookRecord, root, current| next(book, (root, none), current);
        assert_eq!(
            [14, 15, 16].map(|c| at(&book, root, c)),
            [Next::Commit, Next::Commit, Next::Missed]
        );
        assert_eq!([14, 15, 16].map(|c| at(&told, root, c)), [Next::Wait, Next::Wait, Next::Close]);
        let late = B256::repeat_byte(2);
        assert_eq!([15, 16].map(|c| at(&told, late, c)), [Next::Commit, Next::Missed]);
        let files = next(&told, (root, B256::repeat_byte(3)), 14);
        assert_eq!(files, Next::Commit, "the root over data files counts as well");
        // Zero is what an untold book has: told or not is the revision's to say.
        assert_eq!(at(&book, none, 14), Next::Commit);
    }
}
