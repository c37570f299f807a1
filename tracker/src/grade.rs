//! How far a ticket's tag can be trusted, and which tag it is when statements differ.
//!
//! | grade | the tag was said | so that |
//! |---|---|---|
//! | A | in the nonce, under the ticket's signature | it was fixed before anybody knew whether the ticket wins |
//! | B | in a round book committed before the redemption's block | the redemption cannot have influenced it |
//! | C | in a round book committed in that block or later | it covers losers as well, and may have been chosen with hindsight |
//! | D | in an attestation of the ticket's hash | only winners are covered: not used to estimate anything |
//!
//! The higher grade wins. A gateway whose statements differ is flagged (payments-contracts 6.3).

use std::fmt;

use serde::Serialize;
use waymark_tagging::TagId;

use crate::log::Place;

/// How far a tag can be trusted.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize)]
pub enum Grade {
    /// In the nonce.
    A,
    /// Committed before the redemption.
    B,
    /// Committed afterwards.
    C,
    /// Attested.
    D,
}

impl Grade {
    /// Whether face values of this grade are an unbiased sample of what was spent: only where the tag
    /// was fixed before the ticket was seen to win.
    pub const fn estimates(self) -> bool {
        matches!(self, Self::A | Self::B)
    }

    /// Its letter.
    pub const fn letter(self) -> &'static str {
        match self {
            Self::A => "A",
            Self::B => "B",
            Self::C => "C",
            Self::D => "D",
        }
    }
}

impl fmt::Display for Grade {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.letter())
    }
}

/// What a round book says of a ticket's session.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Leafed {
    /// The tag; untagged is a statement, too.
    pub tag: TagId,
    /// Where the book's root was first committed.
    pub committed: Place,
}

/// Everything that was said of one ticket's tag.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Statements {
    /// By the nonce.
    pub nonce: TagId,
    /// By the round book.
    pub leaf: Option<Leafed>,
    /// By the first attestation.
    pub attested: TagId,
    /// Whether attestations differ among themselves.
    pub attested_twice: bool,
}

/// A ticket's tag, and how far it can be trusted.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Verdict {
    /// The tag; untagged where nobody said one.
    pub tag: TagId,
    /// The grade; nothing for an untagged ticket.
    pub grade: Option<Grade>,
    /// Whether statements differ.
    pub conflict: bool,
}

impl Statements {
    /// Weighs the statements on a ticket that was redeemed at `redeemed`.
    pub fn verdict(&self, redeemed: Place) -> Verdict {
        let leaf = self.leaf.map(|leaf| {
            let before = leaf.committed.block() < redeemed.block();
            (leaf.tag, if before { Grade::B } else { Grade::C })
        });
        let said = [
            Some((self.nonce, Grade::A)).filter(|(tag, _)| tag.is_tagged()),
            leaf,
            Some((self.attested, Grade::D)).filter(|(tag, _)| tag.is_tagged()),
        ];
        let mut best: Option<(TagId, Grade)> = None;
        let mut conflict = self.attested_twice;
        for (tag, grade) in said.into_iter().flatten() {
            match best {
                Some((winner, _)) => conflict |= winner != tag,
                None => best = Some((tag, grade)),
            }
        }
        // A book that says "untagged" contradicts others, and gives no tag.
        let best = best
            .filter(|(tag, _)| tag.is_tagged())
            .or_else(|| said.into_iter().flatten().find(|(tag, _)| tag.is_tagged()));
        let (tag, grade) = best.map_or((TagId::UNTAGGED, None), |(tag, grade)| (tag, Some(grade)));
        Verdict { tag, grade, conflict }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn tag(id: u32) -> TagId {
        TagId::try_from(id).unwrap()
    }

    fn at(block: u64) -> Place {
        Place::new(block, 3).unwrap()
    }

    fn leaf(id: u32, block: u64) -> Leafed {
        Leafed { tag: tag(id), committed: at(block) }
    }

    fn verdict(said: Statements) -> (u32, Option<Grade>, bool) {
        let Verdict { tag, grade, conflict } = said.verdict(at(100));
        (tag.get(), grade, conflict)
    }

    #[test]
    fn nobody_said_anything() {
        assert_eq!(verdict(Statements::default()), (0, None, false));
    }

    #[test]
    fn a_nonce_wins_over_a_book_and_a_book_over_an_attestation() {
        let all = Statements {
            nonce: tag(7),
            leaf: Some(leaf(7, 90)),
            attested: tag(7),
            ..Default::default()
        };
        assert_eq!(verdict(all), (7, Some(Grade::A), false));
        let book = Statements { nonce: TagId::UNTAGGED, ..all };
        assert_eq!(verdict(book), (7, Some(Grade::B), false));
        assert_eq!(verdict(Statements { leaf: None, ..book }), (7, Some(Grade::D), false));
    }

    #[test]
    fn a_book_counts_as_earlier_only_from_an_earlier_block() {
        let said = |block| Statements { leaf: Some(leaf(9, block)), ..Default::default() };
        assert_eq!(verdict(said(99)), (9, Some(Grade::B), false));
        assert_eq!(verdict(said(100)), (9, Some(Grade::C), false));
        assert_eq!(verdict(said(200)), (9, Some(Grade::C), false));
    }

    #[test]
    fn statements_that_differ_are_told_and_the_higher_grade_stands() {
        let said = Statements { nonce: tag(7), leaf: Some(leaf(8, 90)), ..Default::default() };
        assert_eq!(verdict(said), (7, Some(Grade::A), true));
        let said = Statements { leaf: Some(leaf(8, 200)), attested: tag(9), ..Default::default() };
        assert_eq!(verdict(said), (8, Some(Grade::C), true));
        let twice = Statements { attested: tag(9), attested_twice: true, ..Default::default() };
        assert_eq!(verdict(twice), (9, Some(Grade::D), true));
    }

    #[test]
    fn a_book_that_says_untagged_contradicts_and_gives_no_tag() {
        let said = Statements { nonce: tag(7), leaf: Some(leaf(0, 90)), ..Default::default() };
        assert_eq!(verdict(said), (7, Some(Grade::A), true));
        let said = Statements { leaf: Some(leaf(0, 90)), attested: tag(9), ..Default::default() };
        assert_eq!(verdict(said), (9, Some(Grade::D), true));
        let said = Statements { leaf: Some(leaf(0, 90)), ..Default::default() };
        assert_eq!(verdict(said), (0, None, false));
    }
}
