//! Words, characters and repetition of a text.

use std::collections::HashSet;

use crate::check::{Check, Kind};
use crate::number::many;

/// Words that are compared or counted at most.
pub(super) const WORDS: usize = 5_000;
/// Words from which on repetition says something.
const ENOUGH: usize = 50;
/// Words of a group.
const GROUP: usize = 4;

/// The words of a text in lower case, without punctuation, up to [`WORDS`].
pub(super) fn words(text: &str) -> Vec<String> {
    let bare = |word: &str| {
        let kept = word.chars().filter(|c| c.is_alphanumeric());
        kept.flat_map(char::to_lowercase).take(64).collect::<String>()
    };
    text.split_whitespace().map(bare).filter(|word| !word.is_empty()).take(WORDS).collect()
}

/// Characters that are letters or digits.
pub(super) fn letters(text: &str) -> usize {
    text.chars().filter(|c| c.is_alphanumeric()).count()
}

/// Text that says the same again and again: few different groups of words, or one character without end.
pub(super) fn repetition(id: &'static str, text: &str, bound: f64) -> Check {
    let words = words(text);
    let run = longest_run(text);
    if words.len() < ENOUGH && run < 200 {
        return Check::not_run(id, "too short to repeat itself");
    }
    let groups = words.len().saturating_sub(GROUP - 1);
    let different: HashSet<&[String]> = words.windows(GROUP).collect();
    let share = if groups == 0 || run >= 200 { 0.0 } else { many(different.len()) / many(groups) };
    let check = super::at_least(id, share, bound).kind(Kind::Soft);
    if run >= 200 { check.detail(format!("one character {run} times in a row")) } else { check }
}

fn longest_run(text: &str) -> usize {
    let (mut longest, mut run, mut last) = (0, 0, None);
    for c in text.chars() {
        run = if last == Some(c) { run + 1 } else { 1 };
        last = Some(c);
        // rules and indentation are drawn with these
        if !matches!(c, ' ' | '-' | '=' | '_' | '*' | '#' | '.') {
            longest = longest.max(run);
        }
    }
    longest
}
