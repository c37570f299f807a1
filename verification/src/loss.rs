//! How often to look: what a rate of audits is worth.
//!
//! Notation: `p` chance that a result is audited, `d` power of one audit (chance that a bad result is
//! found bad when it is looked at), `c` share of bad results, `L` bad results that may pass before
//! the first catch, `g` what a cheat gains on one result, `V` what being out costs the cheat.
//!
//! | question | answer |
//! |---|---|
//! | chance to be caught within `n` results | `1 - (1 - p·c·d)^n` |
//! | bad results that pass before the first catch, whatever `c` is | `(1 - p·d) / (p·d)` |
//! | least `p` that lets `L` pass | `1 / (d·(1 + L))` |
//! | least `p` at which cheating does not pay | `g / (d·(V + g))` |
//! | `p` of least cost | `sqrt(q·ℓ / (N·C·d))` |
//! | `c·d` not excluded by `k` clean audits (95 %) | `1 - 0.05^(1/(k + 1))` |
//!
//! `q` is the chance that somebody cheats at all, `ℓ` the harm of one bad result, `C` the cost of one
//! audit and `N` the results of the time considered; `ℓ` and `C` in the same unit.

/// Chance that a cheat is caught within `results` results.
pub fn caught_within(rate: f64, power: f64, share: f64, results: f64) -> f64 {
    1.0 - (1.0 - unit(rate) * unit(power) * unit(share)).powf(results.max(0.0))
}

/// Results after which a cheat is caught with this confidence (0 to 1). Infinite where it never is.
pub fn results_until(rate: f64, power: f64, share: f64, confidence: f64) -> f64 {
    let each = unit(rate) * unit(power) * unit(share);
    if each <= 0.0 {
        return f64::INFINITY;
    }
    (1.0 - unit(confidence)).ln() / (1.0 - each).ln()
}

/// Bad results that pass, on average, before the first catch. Cheating rarely does not raise it: it
/// takes longer, and that is all.
pub fn passed_before_catch(rate: f64, power: f64) -> f64 {
    let each = unit(rate) * unit(power);
    if each > 0.0 { (1.0 - each) / each } else { f64::INFINITY }
}

/// Least rate that lets at most `max_bad` bad results pass on average.
pub fn bounded(max_bad: f64, power: f64) -> f64 {
    unit(1.0 / (unit(power) * (1.0 + max_bad.max(0.0))))
}

/// Least rate at which cheating does not pay, where being out costs `worth` times the gain of one bad
/// result.
pub fn deterrent(worth: f64, power: f64) -> f64 {
    unit(1.0 / (unit(power) * (1.0 + worth.max(0.0))))
}

/// What harm and looking cost, for [`cheapest`].
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Cost {
    /// Chance that an orchestrator cheats, 0 to 1.
    pub prior: f64,
    /// Harm of one bad result, in prices of a result.
    pub harm: f64,
    /// Cost of one audit, in prices of a result.
    pub audit: f64,
    /// Results of the time considered.
    pub horizon: f64,
}

/// The rate of least expected cost.
pub fn cheapest(cost: &Cost, power: f64) -> f64 {
    let gain = unit(cost.prior) * cost.harm.max(0.0);
    unit((gain / (cost.horizon * cost.audit * unit(power))).sqrt())
}

/// Largest `c·d` that `clean` clean audits do not exclude, at 95 % and without other knowledge.
pub fn not_excluded(clean: f64) -> f64 {
    1.0 - 0.05_f64.powf(1.0 / (clean.max(0.0) + 1.0))
}

/// Into 0 to 1. What is no number looks always: 1.
pub(crate) fn unit(value: f64) -> f64 {
    if value.is_nan() { 1.0 } else { value.clamp(0.0, 1.0) }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn close(found: f64, expected: f64, tolerance: f64) {
        assert!((found - expected).abs() <= tolerance, "{found}, expected {expected}");
    }

    #[test]
    fn a_rare_cheat_takes_longer_to_catch_than_a_total_one() {
        let rows = [
            (0.01, [31_533.0, 6_305.0, 1_575.0, 314.0], 104.0),
            (0.05, [6_305.0, 1_260.0, 314.0, 62.0], 20.0),
            (0.20, [1_575.0, 314.0, 77.0, 14.0], 4.3),
            (1.00, [314.0, 62.0, 14.0, 1.0], 0.05),
        ];
        for (rate, within, passed) in rows {
            for (share, expected) in [0.01, 0.05, 0.2, 1.0].into_iter().zip(within) {
                let n = results_until(rate, 0.95, share, 0.95);
                close(n, expected, 1.0);
                close(caught_within(rate, 0.95, share, n), 0.95, 1e-9);
            }
            close(passed_before_catch(rate, 0.95), passed, 0.5);
        }
    }

    #[test]
    fn twenty_bad_results_in_all_take_an_audit_of_one_in_twenty() {
        close(bounded(20.0, 0.95), 0.050, 0.0005);
        close(passed_before_catch(bounded(20.0, 0.95), 0.95), 20.0, 1e-9);
    }

    #[test]
    fn a_cheat_with_more_to_lose_is_deterred_by_less() {
        // 2 s segments: 15 min at a margin of 10 %, an hour at 20 %, a day at 20 %.
        close(deterrent(45.0, 0.95), 0.023, 0.0005);
        close(deterrent(360.0, 0.95), 0.0029, 0.0001);
        close(deterrent(8_640.0, 0.95), 0.000_12, 0.000_01);
    }

    #[test]
    fn the_cheapest_rate_weighs_harm_against_the_cost_of_looking() {
        let likely = Cost { prior: 0.01, harm: 20.0, audit: 0.02, horizon: 1_800.0 };
        close(cheapest(&likely, 0.95), 0.077, 0.001);
        let unlikely = Cost { prior: 0.001, horizon: 43_200.0, ..likely };
        close(cheapest(&unlikely, 0.95), 0.005, 0.0002);
    }

    #[test]
    fn clean_audits_say_how_little_can_be_wrong() {
        for (clean, left) in [(20.0, 0.13), (60.0, 0.048), (300.0, 0.01), (1_000.0, 0.003)] {
            close(not_excluded(clean), left, 0.003);
        }
    }

    #[test]
    fn nonsense_makes_a_gateway_look_more_and_not_less() {
        close(bounded(f64::NAN, 0.95), 1.0, 0.06);
        close(bounded(20.0, 0.0), 1.0, 0.0);
        close(deterrent(-5.0, 0.5), 1.0, 0.0);
        assert!(passed_before_catch(0.0, 0.95).is_infinite());
        assert!(results_until(0.05, 0.95, 0.0, 0.95).is_infinite());
    }
}
