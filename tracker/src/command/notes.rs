//! What a reader of the report should know of how it came about.

use crate::source::Summary;

/// Sentences on what was passed over, each a line.
pub(super) fn notes(summary: &Summary) -> String {
    let mut text = String::new();
    let mut say = |line: String| {
        text.push_str("note: ");
        text.push_str(&line);
        text.push('\n');
    };
    let passed = &summary.passed;
    if passed.foreign > 0 {
        say(format!("{} logs of other contracts were passed over", passed.foreign));
    }
    if passed.unreadable > 0 {
        let first = passed.first_unreadable.as_ref().map_or_else(String::new, |(place, error)| {
            format!("; the first is log {} of block {}: {error}", place.index(), place.block())
        });
        say(format!(
            "{} logs of the contracts cannot be read; are they newer than this program?{first}",
            passed.unreadable
        ));
    }
    let applied = &summary.applied;
    if applied.contradictions > 0 {
        say(format!(
            "{} blocks came with two hashes: a reorganisation; the later logs stand",
            applied.contradictions
        ));
    }
    if applied.taken_back > 0 {
        say(format!("{} redemptions were taken back by reorganisations", applied.taken_back));
    }
    text
}
