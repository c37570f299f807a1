//! From samples to statements.

use std::{collections::VecDeque, time::Duration};

use waymark_tagging::{
    Facts, Number, Statement, Value,
    predicate::{PredicateKey, Window},
};

use super::{Node, Sample};
use crate::Moment;

/// Windows a statement is made for, in hours.
const WINDOWS: [u32; 3] = [1, 24, 7 * 24];
/// Percentiles that are told of everything that has any.
const PERCENTILES: [u32; 9] = [1, 5, 10, 25, 50, 75, 90, 95, 99];
/// Uploads shorter than this say nothing about a line's speed: they fit into buffers on the way.
const MIN_UPLOAD: Duration = Duration::from_millis(20);
/// Shares and times are told in thousandths.
const SCALE: f64 = 1000.0;

pub(super) fn of(node: &Node, now: Moment) -> Facts {
    let mut facts = Facts::new();
    for hours in WINDOWS {
        let since = now.saturating_sub(Duration::from_secs(u64::from(hours) * 3600));
        let mut window = Statements { facts: &mut facts, window: Window::hours(hours) };
        let attempts: Vec<&Sample> = within(&node.attempts, since).collect();
        window.share("slo.success_rate", attempts.iter().map(|s| s.ok));
        window.share("slo.swap_rate", attempts.iter().map(|s| s.swapped));
        window.share("verify.pass_rate", attempts.iter().filter_map(|s| s.verified));
        let good = || attempts.iter().filter(|sample| sample.ok);
        window.percentiles("slo.total_s", good().map(|s| s.total.as_secs_f64()));
        let first = good().filter_map(|s| s.first_output).map(|took| took.as_secs_f64());
        window.percentiles("slo.first_output_s", first);
        let timed = good().filter(|s| !s.media.is_zero() && !s.total.is_zero());
        let ratio = timed.map(|s| s.media.as_secs_f64() / s.total.as_secs_f64());
        window.percentiles("slo.realtime_ratio", ratio);
        let uploads = attempts.iter().filter_map(|s| s.upload);
        let speeds = uploads.filter(|(_, took)| *took >= MIN_UPLOAD).map(megabits_per_second);
        window.median("net.up_mbps", speeds);
        let round_trips = within(&node.pings, since).map(|took| took.as_secs_f64() * 1000.0);
        window.percentiles("net.rtt_ms", round_trips);
    }
    facts
}

fn within<T>(list: &VecDeque<(Moment, T)>, since: Moment) -> impl Iterator<Item = &T> {
    list.iter().filter(move |(at, _)| *at >= since).map(|(_, item)| item)
}

#[expect(clippy::cast_precision_loss, reason = "a segment is far below 2^52 bytes")]
fn megabits_per_second((bytes, took): (u64, Duration)) -> f64 {
    bytes as f64 * 8.0 / 1e6 / took.as_secs_f64()
}

struct Statements<'a> {
    facts: &'a mut Facts,
    window: Window,
}

impl Statements<'_> {
    fn share(&mut self, key: &str, outcomes: impl Iterator<Item = bool>) {
        let (mut yes, mut all) = (0_u32, 0_u32);
        for outcome in outcomes {
            yes += u32::from(outcome);
            all += 1;
        }
        if all > 0 {
            self.say(key, f64::from(yes) / f64::from(all), all as usize);
        }
    }

    fn percentiles(&mut self, stem: &str, values: impl Iterator<Item = f64>) {
        let values = sorted(values);
        for percentile in PERCENTILES {
            if let Some(value) = at_percentile(&values, percentile) {
                self.say(&format!("{stem}.p{percentile}"), value, values.len());
            }
        }
    }

    fn median(&mut self, key: &str, values: impl Iterator<Item = f64>) {
        let values = sorted(values);
        if let Some(value) = at_percentile(&values, 50) {
            self.say(key, value, values.len());
        }
    }

    fn say(&mut self, key: &str, value: f64, samples: usize) {
        let (Ok(key), Some(value)) = (key.parse::<PredicateKey>(), rounded(value)) else { return };
        let samples = u64::try_from(samples).unwrap_or(u64::MAX);
        self.facts.add(key, Statement::observed(value, samples, self.window));
    }
}

fn sorted(values: impl Iterator<Item = f64>) -> Vec<f64> {
    let mut values: Vec<f64> = values.filter(|value| value.is_finite()).collect();
    values.sort_by(f64::total_cmp);
    values
}

/// The smallest value that at least `percentile` percent of the values do not exceed (nearest rank).
fn at_percentile(values: &[f64], percentile: u32) -> Option<f64> {
    let rank = (values.len() * percentile as usize).div_ceil(100).max(1);
    values.get(rank - 1).copied()
}

/// In thousandths, which is what people write bounds in.
fn rounded(value: f64) -> Option<Value> {
    Number::from_f64((value * SCALE).round() / SCALE).map(Value::Number)
}
