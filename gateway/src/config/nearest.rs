//! The name somebody probably meant.

/// The candidate closest to `word`, if one is close enough to be worth naming.
pub(super) fn nearest<'a>(
    word: &str,
    candidates: impl IntoIterator<Item = &'a str>,
) -> Option<&'a str> {
    // Longer words are not typing errors, and comparing costs the product of the lengths.
    const LONGEST: usize = 64;
    if word.len() > LONGEST {
        return None;
    }
    let lower = word.to_ascii_lowercase();
    let score = |candidate: &str| {
        let candidate = candidate.to_ascii_lowercase();
        strsim::normalized_damerau_levenshtein(&lower, &candidate)
            .max(strsim::jaro_winkler(&lower, &candidate) - 0.2)
    };
    candidates
        .into_iter()
        .map(|candidate| (score(candidate), candidate))
        .filter(|(score, _)| *score >= 0.6)
        .max_by(|a, b| a.0.total_cmp(&b.0))
        .map(|(_, candidate)| candidate)
}

/// `; did you mean X?`, or nothing. `prefix` is what all names begin with, hyphens for example,
/// and takes no part in the comparison.
pub(super) fn suggestion<'a>(
    word: &str,
    prefix: &str,
    candidates: impl IntoIterator<Item = &'a str>,
) -> String {
    let near = nearest(word, candidates);
    near.map_or_else(String::new, |near| format!("; did you mean {prefix}{near}?"))
}
