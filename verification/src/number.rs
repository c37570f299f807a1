//! Counts and ticks as numbers that ratios are made of.

/// To the nearest `f64`: exact below 2^53, and nothing compared here is that exact above.
#[expect(clippy::cast_precision_loss, reason = "exact below 2^53 bytes, pixels or ticks")]
pub(crate) const fn float(count: u64) -> f64 {
    count as f64
}

/// As [`float`], for the number of things in memory.
#[expect(clippy::cast_precision_loss, reason = "nothing holds 2^53 things")]
pub(crate) const fn many(count: usize) -> f64 {
    count as f64
}
