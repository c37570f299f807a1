//! The same request done twice, by orchestrators of different operators: how far the answers agree.
//!
//! Graphics cards, their drivers and their random numbers differ, so even equal seeds give results that are only
//! alike. A disagreement is soft: it asks for a third opinion, of which two must agree, and never convicts by itself.

use waymark_media::pixels::Grids;

use super::masks::Masks;
use super::picture::Picture;
use super::{at_least, grid, text};
use crate::check::{Check, Kind, Tier};
use crate::number::many;
use crate::thresholds::Ai;

/// Tokens that are compared.
const TOKENS: usize = 20_000;

const fn soft(check: Check) -> Check {
    check.kind(Kind::Soft).tier(Tier::Full)
}

/// Two pictures of the same seed.
pub fn pictures(a: &Picture, b: &Picture, bounds: &Ai) -> [Check; 2] {
    let hash =
        Check::at_most("second.hash", f64::from(a.distance(b)), f64::from(bounds.second_bits));
    let ssim = a.ssim(b).map_or_else(
        || Check::not_run("second.ssim", "the pictures cannot be compared"),
        |ssim| at_least("second.ssim", ssim, bounds.second_ssim),
    );
    [soft(hash), soft(ssim)]
}

/// Two videos of the same seed, over the first `pictures` of both.
pub fn videos(a: &Grids, b: &Grids, pictures: usize, bounds: &Ai) -> Check {
    const ID: &str = "second.pictures";
    let pairs = a.frames.iter().zip(&b.frames).take(pictures);
    let found = pairs.filter_map(|(a, b)| grid::difference(a, b)).max_by(f64::total_cmp);
    let check = found.filter(|_| a.lattice == b.lattice).map_or_else(
        || Check::not_run(ID, "no pictures in common"),
        |worst| Check::at_most(ID, worst, bounds.first_mean),
    );
    soft(check)
}

/// Two sets of masks of one picture, each with the one of the same place; the worst counts.
pub fn masks(a: &Masks, b: &Masks, bounds: &Ai) -> Check {
    const ID: &str = "second.masks";
    if a.size != b.size || a.len() != b.len() {
        return soft(Check::fail(ID, "masks of different sizes or numbers"));
    }
    let overlaps = (0..a.len()).filter_map(|mask| a.overlap(mask, b, mask));
    let check = overlaps.min_by(f64::total_cmp).map_or_else(
        || Check::not_run(ID, "all masks are empty"),
        |least| at_least(ID, least, bounds.second_overlap),
    );
    soft(check)
}

/// Two transcripts of one sound.
pub fn transcripts(a: &str, b: &str, bounds: &Ai) -> Check {
    soft(words_differ("second.words", a, b, bounds.second_words))
}

/// A text, and the transcript of the voice that read it.
pub fn read_aloud(text: &str, transcript: &str, bounds: &Ai) -> Check {
    soft(words_differ("second.read", text, transcript, bounds.second_read))
}

/// Words to change, leave out or put in, by the words of the longer text. Up to 5,000 words.
fn words_differ(id: &'static str, a: &str, b: &str, bound: f64) -> Check {
    let (a, b) = (text::words(a), text::words(b));
    let longer = a.len().max(b.len());
    if longer == 0 {
        return Check::not_run(id, "no words");
    }
    let changes = strsim::generic_levenshtein(&a, &b);
    Check::at_most(id, many(changes) / many(longer), bound)
}

/// Two replies to one question with greedy or seeded sampling: share of words at the same place. Small differences of
/// arithmetic make texts part ways at some word, so this is only for texts that one model was made to repeat.
pub fn replies(a: &str, b: &str, bounds: &Ai) -> Check {
    let split = |text: &str| text.split_whitespace().take(TOKENS).map(str::to_owned).collect();
    let (a, b): (Vec<String>, Vec<String>) = (split(a), split(b));
    soft(tokens(&a, &b, bounds))
}

/// Two lists of tokens, where runners say which they were: share at the same place.
pub fn tokens<T: PartialEq>(a: &[T], b: &[T], bounds: &Ai) -> Check {
    const ID: &str = "second.tokens";
    let longer = a.len().max(b.len());
    if longer == 0 {
        return soft(Check::not_run(ID, "no tokens"));
    }
    let same = a.iter().zip(b).filter(|(a, b)| a == b).count();
    soft(at_least(ID, many(same) / many(longer), bounds.second_tokens))
}
