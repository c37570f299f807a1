//! Latencies of a run in a few numbers.

use std::time::Duration;

use serde::Serialize;

/// Percentiles by nearest rank, in milliseconds; zeros when there is nothing.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize)]
#[non_exhaustive]
pub struct Summary {
    /// How many there are.
    pub count: usize,
    /// Smallest.
    pub min_ms: f64,
    /// Arithmetic mean.
    pub mean_ms: f64,
    /// Median.
    pub p50_ms: f64,
    /// 90th percentile.
    pub p90_ms: f64,
    /// 95th percentile.
    pub p95_ms: f64,
    /// 99th percentile.
    pub p99_ms: f64,
    /// Largest.
    pub max_ms: f64,
}

impl Summary {
    /// The summary of these latencies, in any order.
    pub fn of(latencies: impl IntoIterator<Item = Duration>) -> Self {
        let mut sorted: Vec<_> = latencies.into_iter().collect();
        sorted.sort_unstable();
        let total: Duration = sorted.iter().sum();
        let count = sorted.len();
        let mean = u32::try_from(count).ok().and_then(|n| total.checked_div(n));
        Self {
            count,
            min_ms: millis(sorted.first()),
            mean_ms: millis(mean.as_ref()),
            p50_ms: millis(rank(&sorted, 50)),
            p90_ms: millis(rank(&sorted, 90)),
            p95_ms: millis(rank(&sorted, 95)),
            p99_ms: millis(rank(&sorted, 99)),
            max_ms: millis(sorted.last()),
        }
    }
}

fn rank(sorted: &[Duration], percent: usize) -> Option<&Duration> {
    sorted.get((sorted.len() * percent).div_ceil(100).checked_sub(1)?)
}

/// To a hundredth of a millisecond.
fn millis(duration: Option<&Duration>) -> f64 {
    duration.map_or(0.0, |duration| (duration.as_secs_f64() * 100_000.0).round() / 100.0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn percentiles_are_nearest_ranks() {
        let summary = Summary::of((1..=200).rev().map(Duration::from_millis));
        assert_eq!(
            (summary.count, summary.min_ms, summary.p50_ms, summary.p90_ms, summary.p99_ms),
            (200, 1.0, 100.0, 180.0, 198.0)
        );
        assert_eq!((summary.p95_ms, summary.max_ms, summary.mean_ms), (190.0, 200.0, 100.5));
    }

    #[test]
    fn nothing_is_all_zeros_and_one_is_itself_everywhere() {
        assert_eq!(Summary::of([]), Summary::default());
        let one = Summary::of([Duration::from_micros(1234)]);
        assert_eq!((one.min_ms, one.p50_ms, one.p99_ms, one.max_ms), (1.23, 1.23, 1.23, 1.23));
    }
}
