//! Features against their bounds.

use super::features::{Features, Spot};
use crate::{
    check::{Check, Kind, Tier},
    thresholds::Full,
    verdict::Outcome,
};

/// What else is known about a rendition when its features are judged.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Conditions {
    /// The profile has too few bits for its pictures, or the segment too few pictures: misses of
    /// the features prove nothing, and only send the rendition on to the comparison with our own.
    pub starved: bool,
    /// Coded pictures in the rendition, where they were counted without decoding: a decoder that
    /// returns fewer has met an error.
    pub coded: Option<u32>,
}

/// Turns features into checks, each with value, bound and place.
pub fn judge(features: &Features, bounds: &Full, conditions: Conditions) -> Vec<Check> {
    let kind = if conditions.starved || features.noise { Kind::Hint } else { Kind::Soft };
    let mut checks = vec![decode(features, conditions)];
    for (id, spot) in features.named() {
        checks.push(one(id, spot, bound(id, features, bounds)).tier(Tier::Full).kind(kind));
    }
    checks
}

/// The bound of a feature by the name of its check.
pub(super) fn bound(id: &str, features: &Features, bounds: &Full) -> f64 {
    match id {
        "A.fy" => bounds.fy,
        "A.pbk" => bounds.pbk,
        "A.fbk" => bounds.fbk,
        "A.fc" => bounds.fc,
        "A.pck" if features.coarse => bounds.pck_coarse,
        "A.pck" => bounds.pck,
        "A.gain" => bounds.gain,
        "A.offset" => bounds.offset,
        "A.hue" => bounds.hue,
        "A.saturation" => bounds.saturation,
        "A.order" => bounds.order,
        "A.late" => bounds.late,
        "A.freeze" => bounds.freeze,
        "A.freeze_run" => bounds.freeze_run,
        _ => bounds.sharp,
    }
}

fn one(id: &'static str, spot: Option<&Spot>, bound: f64) -> Check {
    let Some(spot) = spot else {
        return Check::not_run(id, "nothing in these pictures to measure it on");
    };
    // A negative bound is a least value; the ratio is above 1 beyond it all the same.
    let mut check = if bound < 0.0 {
        let check = Check::at_most(id, -spot.value, -bound);
        let ratio = check.ratio.map(|ratio| ratio.max(0.0));
        Check { ratio, ..check.value(spot.value).threshold(bound) }
    } else {
        Check::at_most(id, spot.value, bound)
    };
    if check.outcome == Outcome::Fail {
        check = check.detail(place(spot, bound));
    }
    check
}

fn place(spot: &Spot, bound: f64) -> String {
    let (first, last) = spot.frames;
    let block = spot.block.map(|(column, row)| format!(", block {column},{row}"));
    let block = block.unwrap_or_default();
    format!("{:.2}, bound {bound}{block}, pictures {first} to {last}", spot.value)
}

/// A rendition that does not decode cleanly is refused, if the source does.
fn decode(features: &Features, conditions: Conditions) -> Check {
    const ID: &str = "A.decode";
    let hard = |check: Check| check.tier(Tier::Full).kind(Kind::Hard);
    if features.source_damage > 0 {
        let detail = format!("the source itself has {} decode errors", features.source_damage);
        return hard(Check::not_run(ID, detail));
    }
    if let Some(coded) = conditions.coded.filter(|coded| features.decoded < *coded) {
        let detail = format!("{} of {coded} pictures can be decoded", features.decoded);
        return hard(Check::fail(ID, detail));
    }
    hard(Check::at_most(ID, f64::from(features.damage), 0.0).detail(match features.damage {
        0 => String::new(),
        errors => format!("{errors} damaged pictures or decode errors, none in the source"),
    }))
}
