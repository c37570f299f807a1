//! A set of capabilities as the wire carries it: words of 64 bits, as many as the highest member
//! needs.
//!
//! Sets of a peer are only ever read as slices of words and compared with a set of ours, so that no
//! work grows with what a peer sends.

use std::fmt;

use super::Capability;

const WORD_BITS: u32 = u64::BITS;

/// A set of capability numbers. Never has a zero word at its end.
#[derive(Clone, Default, PartialEq, Eq, Hash)]
pub struct Bitstring(Vec<u64>);

impl Bitstring {
    /// The empty set.
    pub const fn new() -> Self {
        Self(Vec::new())
    }

    /// Adds a capability.
    pub fn insert(&mut self, capability: Capability) {
        let (word, bit) = place(capability.id());
        if self.0.len() <= word {
            self.0.resize(word + 1, 0);
        }
        if let Some(word) = self.0.get_mut(word) {
            *word |= bit;
        }
    }

    /// The words as they go on the wire.
    pub fn words(&self) -> &[u64] {
        &self.0
    }

    /// Whether the capability is in the set.
    pub fn contains(&self, capability: Capability) -> bool {
        has(&self.0, capability.id())
    }

    /// Whether `words`, another set, has everything that is in this one; counted in words first, as
    /// peers do (core/capabilities.go:263-274).
    pub fn is_subset_of(&self, words: &[u64]) -> bool {
        is_subset(&self.0, words)
    }

    /// Numbers in this set that `words` lacks.
    pub fn missing_from<'a>(&'a self, words: &'a [u64]) -> impl Iterator<Item = u32> + 'a {
        ids(&self.0).filter(move |id| !has(words, *id))
    }
}

impl FromIterator<Capability> for Bitstring {
    fn from_iter<I: IntoIterator<Item = Capability>>(capabilities: I) -> Self {
        let mut set = Self::new();
        for capability in capabilities {
            set.insert(capability);
        }
        set
    }
}

impl fmt::Debug for Bitstring {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_set().entries(ids(&self.0)).finish()
    }
}

/// Whether all of `small` is in `large`. More words than `large` has are too many, even empty ones.
pub(super) fn is_subset(small: &[u64], large: &[u64]) -> bool {
    small.len() <= large.len() && small.iter().zip(large).all(|(s, l)| s & l == *s)
}

/// The numbers in a set, ascending.
pub(super) fn ids(words: &[u64]) -> impl Iterator<Item = u32> + '_ {
    // A set whose numbers do not fit into 32 bits does not fit into any message either.
    (0..u32::MAX / WORD_BITS).zip(words).flat_map(|(index, word)| {
        (0..WORD_BITS)
            .filter(move |bit| word >> bit & 1 == 1)
            .map(move |bit| index * WORD_BITS + bit)
    })
}

/// Whether a number is in a set.
pub(super) fn has(words: &[u64], id: u32) -> bool {
    let (word, bit) = place(id);
    words.get(word).is_some_and(|word| word & bit != 0)
}

/// Index of the word and the bit in it. The index is below 2^26, so it fits everywhere.
fn place(id: u32) -> (usize, u64) {
    ((id / WORD_BITS) as usize, 1 << (id % WORD_BITS))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn a_set_has_as_many_words_as_its_highest_member_needs() {
        assert_eq!(Bitstring::new().words(), &[0u64; 0]);
        let low = [0, 1, 2, 3, 4, 5].map(|i| Capability::ALL[i].0);
        assert_eq!(low.into_iter().collect::<Bitstring>().words(), &[63]);
        let high: Bitstring = [Capability::Byoc].into_iter().collect();
        assert_eq!(high.words(), &[1 << 37]);
    }

    #[test]
    fn numbers_past_64_are_found_in_later_words() {
        // {193, 54, 192, 79} of core/capabilities_test.go:81.
        let words = [1 << 54, 1 << 15, 0, 3];
        assert_eq!(ids(&words).collect::<Vec<_>>(), [54, 79, 192, 193]);
        assert!(has(&words, 193));
        assert!(!has(&words, 194));
        assert!(!has(&words, u32::MAX));
    }

    #[test]
    fn a_longer_set_is_no_subset_even_if_its_last_words_are_empty() {
        assert!(is_subset(&[3], &[7]));
        assert!(is_subset(&[3], &[7, 1]));
        assert!(!is_subset(&[3, 0], &[7]));
        assert!(!is_subset(&[8], &[7]));
        assert!(is_subset(&[], &[]));
    }

    #[test]
    fn the_stock_sets_have_the_known_words() {
        let set =
            |ids: &[usize]| -> Bitstring { ids.iter().map(|&id| Capability::ALL[id].0).collect() };
        let default = [0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 14, 26];
        assert_eq!(set(&default).words(), &[0x0400_5fff]);
        assert_eq!(set(&default[..12]).words(), &[0xfff]);
        assert_eq!(set(&[0, 1, 2, 3, 5, 8, 9, 11, 12]).words(), &[0x1b2f]);
    }

    proptest! {
        #[test]
        fn a_subset_of_any_words_lacks_nothing(
            chosen in proptest::collection::vec(0..38usize, 0..12),
            words in proptest::collection::vec(any::<u64>(), 0..4),
        ) {
            let set: Bitstring = chosen.iter().map(|&i| Capability::ALL[i].0).collect();
            prop_assert_ne!(set.words().last(), Some(&0));
            prop_assert_eq!(set.is_subset_of(&words), set.missing_from(&words).next().is_none());
        }
    }
}
