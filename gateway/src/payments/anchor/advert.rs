//! A class as an advert of the registry: what is paid for, the most that is paid, what is asked at least.

use alloy_primitives::{B256, U256};
use waymark_contracts::job_tag_registry::{Advert, Floors};
use waymark_tagging::{JobClass, UnitPrice, predicate::Test};

/// Work units that adverts have numbers for.
const UNITS: [(&str, u8); 7] = [
    ("pixel", 0),
    ("pixel-second-720p", 1),
    ("second", 2),
    ("job", 3),
    ("token", 4),
    ("ms-audio", 5),
    ("character", 6),
];
/// So much of a number is lost in a product of doubles; never more.
const NOISE: f64 = 1e-6;

/// What an advert says, but for its document and its end.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Terms {
    /// Number of the work unit.
    pub(super) unit: u8,
    /// Wei of the ceiling, below 2^96.
    pub(super) wei: U256,
    /// Units that it is for.
    pub(super) units: u64,
    /// Packed floors.
    pub(super) floors: B256,
}

/// Why there is no advert of a class.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub(super) enum Unfit {
    /// The contract has no number for it.
    #[error(
        "is paid by {unit:?}; adverts are in pixel, pixel-second-720p, second, job, token, ms-audio or character"
    )]
    Unit {
        /// The unit.
        unit: String,
    },
    /// An advert has a ceiling.
    #[error("names no price; an advert tells the most that is paid")]
    NoPrice,
    /// Nothing is rounded.
    #[error("pays {price} wei, which the contract has no room for: at most 2^96 - 1 for 2^64 - 1")]
    Price {
        /// The ceiling.
        price: UnitPrice,
    },
}

impl Terms {
    /// Those of a class, exactly: what cannot be said exactly is not said.
    pub(super) fn of(class: &JobClass) -> Result<Self, Unfit> {
        let unit = &class.interface.work_unit;
        let number = UNITS.iter().find(|(name, _)| name == unit).map(|(_, number)| *number);
        let unit = number.ok_or_else(|| Unfit::Unit { unit: unit.clone() })?;
        let price = class.price.as_ref().ok_or(Unfit::NoPrice)?.most;
        let common = price.wei().gcd(price.units());
        let (wei, units) = (price.wei() / common, price.units() / common);
        let units = u64::try_from(units).ok().filter(|_| wei.bit_len() <= 96);
        let units = units.ok_or(Unfit::Price { price })?;
        Ok(Self { unit, wei, units, floors: floors(class).word() })
    }

    /// Whether an advert says the same.
    pub(super) fn are(&self, advert: &Advert) -> bool {
        let same = |a: U256, b: u64, c: U256, d: u64| {
            // 96 and 64 bits.
            a.saturating_mul(U256::from(d)) == c.saturating_mul(U256::from(b))
        };
        advert.unit == self.unit
            && advert.floors == self.floors
            && same(self.wei, self.units, U256::from(advert.priceNum), advert.priceDen)
    }
}

/// What a class asks at least, never more than it does: rounded to the easier side.
fn floors(class: &JobClass) -> Floors {
    let at_least = |key: &'static str| {
        class.requires.iter().filter_map(move |predicate| match &predicate.test {
            Test::AtLeast(number) if matches(predicate.key.as_str(), key) => Some(number.to_f64()),
            _ => None,
        })
    };
    let at_most = |key: &'static str| {
        class.requires.iter().filter_map(move |predicate| match &predicate.test {
            Test::AtMost(number) if matches(predicate.key.as_str(), key) => Some(number.to_f64()),
            _ => None,
        })
    };
    // Of one key the strictest counts; of percentiles the easiest, which holds for all of them.
    let strictest = |key| half(at_least(key).fold(0.0, f64::max));
    let easiest = |key, scale: f64| half(at_least(key).reduce(f64::min).unwrap_or(0.0) * scale);
    let share = at_least("slo.success_rate").fold(0.0, f64::max) * 10_000.0;
    let latency = at_most("slo.total_s.p95").reduce(f64::min).unwrap_or(0.0) * 1000.0;
    Floors {
        p95_latency_ms: whole((latency - NOISE).ceil()),
        fps_x100: easiest("slo.output_fps.p*", 100.0),
        success_bps: half(share),
        realtime_bps: easiest("slo.realtime_ratio.p*", 10_000.0),
        gpu_memory_gib: strictest("hw.gpu.memory_mib") / 1024,
        ..Floors::default()
    }
}

/// `p*` at the end is any percentile.
fn matches(key: &str, pattern: &str) -> bool {
    pattern.strip_suffix('*').map_or(key == pattern, |prefix| key.starts_with(prefix))
}

#[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "clamped")]
fn whole(value: f64) -> u32 {
    value.clamp(0.0, f64::from(u32::MAX)) as u32
}

fn half(value: f64) -> u16 {
    u16::try_from(whole((value + NOISE).floor())).unwrap_or(u16::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn class(unit: &str, price: &str, requires: &str) -> JobClass {
        let text = format!(
            r#"{{"api":"lp.jobclass/v1","tag":"transcode/vod/hevc","rev":1,
            "gateway":"0x0000000000000000000000000000000000000000",
            "issued_at":"2026-11-22T00:00:00Z","expires_at":"2027-11-22T00:00:00Z",
            "interface":{{"mode":"segment","work_unit":"{unit}"}},"requires":[{requires}]{price}}}"#
        );
        JobClass::from_json("class", text.as_bytes()).unwrap()
    }

    fn price(wei: &str, per: &str) -> String {
        format!(r#","price":{{"max_wei":"{wei}","per":"{per}"}}"#)
    }

    #[test]
    fn a_class_is_said_as_the_contract_takes_it() {
        let requires = r#"
            {"key":"slo.success_rate","op":"ge","values":[0.99],"evidence":"observed","window":"7d"},
            {"key":"slo.total_s.p95","op":"le","values":[8.0001],"evidence":"observed","window":"7d"},
            {"key":"slo.output_fps.p10","op":"ge","values":[20],"evidence":"observed","window":"7d"},
            {"key":"slo.output_fps.p50","op":"ge","values":[29.97],"evidence":"observed","window":"7d"},
            {"key":"slo.realtime_ratio.p5","op":"ge","values":[1.5],"evidence":"observed","window":"7d"},
            {"key":"hw.gpu.memory_mib","op":"ge","values":[24000]},
            {"key":"codec.encode","op":"in","values":["hevc"]}"#;
        let terms = Terms::of(&class("pixel", &price("3600", "300"), requires)).unwrap();
        assert_eq!((terms.unit, terms.wei, terms.units), (0, U256::from(12), 1));
        let floors = Floors {
            p95_latency_ms: 8_001,
            fps_x100: 2_000,
            success_bps: 9_900,
            realtime_bps: 15_000,
            gpu_memory_gib: 23,
            ..Floors::default()
        };
        assert_eq!(Floors::read(terms.floors), Some(floors));
    }

    #[test]
    fn equal_fractions_are_the_same_price() {
        let terms = Terms::of(&class("token", &price("7", "2"), "")).unwrap();
        let mut advert = Advert {
            expiry: alloy_primitives::aliases::U40::ZERO,
            revision: 1,
            unit: 4,
            priceDen: 4,
            priceNum: alloy_primitives::aliases::U96::from(14),
            floors: B256::ZERO,
            contentHash: B256::ZERO,
        };
        assert!(terms.are(&advert));
        advert.priceDen = 5;
        assert!(!terms.are(&advert));
    }

    #[test]
    fn what_the_contract_has_no_room_for_is_not_said() {
        let of = |unit: &str, price: &str| Terms::of(&class(unit, price, "")).unwrap_err();
        assert_eq!(of("pixel", ""), Unfit::NoPrice);
        assert!(of("page", &price("1", "1")).to_string().contains("is paid by \"page\""));
        let huge = format!("1{}", "0".repeat(77));
        assert!(matches!(of("pixel", &price(&huge, "1")), Unfit::Price { .. }));
        assert!(matches!(of("pixel", &price("1", &huge)), Unfit::Price { .. }));
        // The fraction counts, not how it is written.
        assert!(Terms::of(&class("pixel", &price(&huge, &huge), "")).is_ok());
    }
}
