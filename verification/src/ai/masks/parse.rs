//! Nested lists of numbers as Python prints them, read in one pass without keeping the numbers.
//!
//! A mask of a megapixel is 5 MB of text. A general reader would make 24 bytes of each number; one bit is needed.

/// Lists inside of lists: prompts, masks, rows, columns.
const DEPTH: usize = 4;
/// Numbers of one text: three masks of 16 megapixels and more.
const MOST: usize = 1 << 26;

/// Masks of one size, one bit a pixel.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Masks {
    /// Width and height.
    pub size: (u32, u32),
    count: usize,
    bits: Vec<u64>,
}

/// Why a text is no masks.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum MaskError {
    /// Something that is no list of numbers.
    #[error("byte {at} of a list of numbers is {found:?}")]
    Syntax {
        /// Place in the text.
        at: usize,
        /// What is there; `None` at the end.
        found: Option<char>,
    },
    /// Rows of different lengths, or lists of different depths.
    #[error("lists of different lengths: {found} where {expected} are expected")]
    Ragged {
        /// Entries of one list.
        found: usize,
        /// Entries of the others at this depth.
        expected: usize,
    },
    /// More numbers or lists than are read.
    #[error("more than {limit} {what}")]
    TooMany {
        /// Of what.
        what: &'static str,
        /// The limit.
        limit: usize,
    },
    /// Fewer than two dimensions.
    #[error("{found} dimensions of a mask, at least 2 are expected")]
    Flat {
        /// Dimensions found.
        found: usize,
    },
}

impl Masks {
    /// Reads lists of rows of numbers: a pixel belongs to a mask where it is above 0.
    pub fn parse(text: &str) -> Result<Self, MaskError> {
        let mut bits = Vec::new();
        let mut total = 0_usize;
        let shape = read(text, &mut |number| {
            if total.is_multiple_of(64) {
                bits.push(0);
            }
            if let Some(word) = bits.last_mut() {
                *word |= u64::from(number > 0.0) << (total % 64);
            }
            total += 1;
        })?;
        let [before @ .., rows, columns] = shape.as_slice() else {
            return Err(MaskError::Flat { found: shape.len() });
        };
        let side = |length: usize| u32::try_from(length).unwrap_or(u32::MAX);
        let size = (side(*columns), side(*rows));
        Ok(Self { size, count: before.iter().product(), bits })
    }

    /// Number of masks.
    pub const fn len(&self) -> usize {
        self.count
    }

    /// There are none.
    pub const fn is_empty(&self) -> bool {
        self.count == 0
    }

    /// Pixels of a mask; 0 of one that does not exist.
    pub fn area(&self, mask: usize) -> usize {
        self.pixels(mask).filter(|pixel| *pixel).count()
    }

    /// Pixels in both, divided by pixels in either; `None` where sizes differ, a mask is missing or both are empty.
    pub fn overlap(&self, mask: usize, other: &Self, of_other: usize) -> Option<f64> {
        if self.size != other.size || mask >= self.count || of_other >= other.count {
            return None;
        }
        let (mut both, mut either) = (0_usize, 0_usize);
        for (a, b) in self.pixels(mask).zip(other.pixels(of_other)) {
            both += usize::from(a && b);
            either += usize::from(a || b);
        }
        (either > 0).then(|| crate::number::many(both) / crate::number::many(either))
    }

    fn pixels(&self, mask: usize) -> impl Iterator<Item = bool> {
        let pixels = u64::from(self.size.0) * u64::from(self.size.1);
        let pixels = usize::try_from(pixels).unwrap_or(usize::MAX);
        let exists = if mask < self.count { pixels } else { 0 };
        let from = mask.saturating_mul(pixels);
        (0..exists).map(move |pixel| {
            let at = from.saturating_add(pixel);
            self.bits.get(at / 64).is_some_and(|word| word >> (at % 64) & 1 == 1)
        })
    }
}

/// All numbers of a text, whatever lists they are in: scores.
pub(super) fn numbers(text: &str) -> Result<Vec<f64>, MaskError> {
    const SCORES: usize = 4_096;
    let mut numbers = Vec::new();
    let mut total = 0_usize;
    read(text, &mut |number| {
        total += 1;
        if numbers.len() < SCORES {
            numbers.push(number);
        }
    })?;
    if total > SCORES {
        return Err(MaskError::TooMany { what: "scores", limit: SCORES });
    }
    Ok(numbers)
}

/// Reads a text, hands on each number, and returns the lengths of the lists from the outside to the inside.
fn read(text: &str, each: &mut dyn FnMut(f64)) -> Result<Vec<usize>, MaskError> {
    let bytes = text.as_bytes();
    let mut shape: Vec<Option<usize>> = Vec::new();
    let mut open: Vec<usize> = Vec::new();
    let (mut at, mut total, mut deepest) = (0, 0_usize, None);
    // a value is expected, or what follows one
    let mut value_next = true;
    loop {
        while bytes.get(at).is_some_and(u8::is_ascii_whitespace) {
            at += 1;
        }
        let found = text.get(at..).and_then(|rest| rest.chars().next());
        let syntax = MaskError::Syntax { at, found };
        match found {
            Some('[') if value_next && (open.is_empty() == shape.is_empty()) => {
                if open.len() >= DEPTH {
                    return Err(MaskError::TooMany { what: "lists inside of lists", limit: DEPTH });
                }
                open.push(0);
                if shape.len() < open.len() {
                    shape.push(None);
                }
                at += 1;
            }
            Some(']') => {
                let Some(length) = open.pop().filter(|length| !value_next || *length == 0) else {
                    return Err(syntax);
                };
                let expected = shape.get_mut(open.len()).map(|known| *known.get_or_insert(length));
                if let Some(expected) = expected.filter(|expected| *expected != length) {
                    return Err(MaskError::Ragged { found: length, expected });
                }
                count(&mut open)?;
                value_next = false;
                at += 1;
            }
            Some(',') if !value_next && !open.is_empty() => {
                value_next = true;
                at += 1;
            }
            None if open.is_empty() && !shape.is_empty() => break,
            Some(c)
                if value_next
                    && !open.is_empty()
                    && (c.is_ascii_alphanumeric() || "+-.".contains(c)) =>
            {
                let length = bytes[at..]
                    .iter()
                    .take(40)
                    .take_while(|b| b.is_ascii_alphanumeric() || b"+-.".contains(b));
                let length = length.count();
                let number = text.get(at..at + length).and_then(number).ok_or(syntax)?;
                let depth = *deepest.get_or_insert(open.len());
                if depth != open.len() {
                    return Err(MaskError::Ragged { found: open.len(), expected: depth });
                }
                total += 1;
                if total > MOST {
                    return Err(MaskError::TooMany { what: "numbers", limit: MOST });
                }
                each(number);
                count(&mut open)?;
                value_next = false;
                at += length;
            }
            _ => return Err(syntax),
        }
    }
    Ok(shape.into_iter().map(Option::unwrap_or_default).collect())
}

/// One more entry of the innermost list.
fn count(open: &mut [usize]) -> Result<(), MaskError> {
    if let Some(length) = open.last_mut() {
        *length += 1;
        // empty lists cost nothing but time: they are bounded as numbers are
        if *length > MOST {
            return Err(MaskError::TooMany { what: "entries", limit: MOST });
        }
    }
    Ok(())
}

fn number(word: &str) -> Option<f64> {
    match word {
        "True" | "true" => Some(1.0),
        "False" | "false" => Some(0.0),
        _ => word.parse().ok(),
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn what_python_prints_is_read_as_it_is_meant() {
        let masks = Masks::parse(
            "[[[0.0, 1.5, -3e-2], [1.0, 1.0, 0.0]], [[True, False, False], [0, 0, 0]]]",
        );
        let masks = masks.unwrap();
        assert_eq!((masks.size, masks.len()), ((3, 2), 2));
        assert_eq!((masks.area(0), masks.area(1), masks.area(2)), (3, 1, 0));
        assert_eq!(masks.overlap(0, &masks, 0), Some(1.0));
        assert_eq!(masks.overlap(0, &masks, 1), Some(0.0));
        assert_eq!(numbers("[0.9, 0.5]").unwrap(), [0.9, 0.5]);
    }

    #[test]
    fn lists_that_are_no_masks_say_why() {
        for text in [
            "",
            "[",
            "[[1, 2], [3]]",
            "[[1, [2]]]",
            "1",
            "[[1 2]]",
            "[1]",
            "[[[[[1]]]]]",
            "[1,]x",
            "[[1],2]",
            "[][]",
        ] {
            assert!(Masks::parse(text).is_err(), "{text}");
        }
        assert_eq!(
            Masks::parse("[[1], 2]").unwrap_err().to_string(),
            "lists of different lengths: 1 where 2 are expected"
        );
    }

    proptest! {
        #[test]
        fn any_text_is_masks_or_an_error(text in "[\\[\\],0-9. eT-]{0,60}|\\PC{0,40}") {
            if let Ok(masks) = Masks::parse(&text) {
                for mask in 0..masks.len().min(100) {
                    let pixels = u64::from(masks.size.0) * u64::from(masks.size.1);
                    prop_assert!(u64::try_from(masks.area(mask)).unwrap() <= pixels);
                }
            }
        }
    }
}
