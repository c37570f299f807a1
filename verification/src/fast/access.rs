//! F09: decoding starts with the first picture, at key frames that are no further apart than asked.

use waymark_media::Gop;
use waymark_media::scan::{AccessUnit, CLOCK, UnitKind};

use super::{Check, Evidence, ms};
use crate::number::{float, many};

/// The first picture, leading pictures, and the distance of key frames.
pub(super) fn checks(evidence: &Evidence<'_>) -> Vec<Check> {
    let Some(track) = evidence.video() else {
        return vec![Check::not_run("F09.first", "no video")];
    };
    let idr = track.units.first().is_some_and(|unit| unit.kind == UnitKind::Idr);
    let first = match (idr, track.has_parameter_sets) {
        (false, _) => Check::fail("F09.first", "the first picture is no key frame"),
        (_, false) => Check::fail("F09.first", "the first picture has no parameter sets"),
        _ => Check::pass("F09.first", ""),
    };
    vec![first, leading(&track.units), distance(evidence, &track.units)]
}

/// A picture that is stored after a key frame and shown before it depends on what another segment holds.
fn leading(units: &[AccessUnit]) -> Check {
    let mut key = i64::MIN;
    for unit in units {
        if unit.kind != UnitKind::Other {
            key = key.max(unit.pts);
        } else if unit.pts < key {
            return Check::fail("F09.closed", "a picture is shown before the key frame it follows");
        }
    }
    Check::pass("F09.closed", "")
}

/// Largest distance between key frames in ms, the end counted as one. It is an upper bound: encoders add key frames
/// where the picture changes.
fn distance(evidence: &Evidence<'_>, units: &[AccessUnit]) -> Check {
    const ID: &str = "F09.distance";
    let (wanted, expected) = (evidence.wanted, evidence.expected);
    let seconds = match wanted.gop {
        Gop::Default => return Check::not_run(ID, "no distance asked for"),
        Gop::Intra => return intra(units),
        Gop::Seconds(seconds) => seconds,
    };
    // Stock transcoders keep no distance at fractional rates and where times start over.
    if wanted.rate().is_some_and(|(_, den)| den > 1) || (expected.wraps && expected.clock.is_none())
    {
        return Check::not_run(ID, "transcoders keep none at such a rate or time");
    }
    let ends = units.iter().map(|unit| unit.pts).max();
    let mut keys: Vec<i64> =
        units.iter().filter(|unit| unit.kind == UnitKind::Idr).map(|unit| unit.pts).collect();
    keys.sort_unstable();
    keys.extend(ends);
    let most = keys.windows(2).map(|pair| pair[1].abs_diff(pair[0])).max().unwrap_or(0);
    let frame = expected.frame.unsigned_abs();
    let slack = (frame.saturating_add(frame / 2)).max(expected.source_gap.unsigned_abs());
    let allowed = seconds * f64::from(CLOCK) + float(slack);
    Check::at_most(ID, ms(most), allowed * 1_000.0 / f64::from(CLOCK))
}

fn intra(units: &[AccessUnit]) -> Check {
    let others = units.iter().filter(|unit| unit.kind != UnitKind::Idr).count();
    Check::at_most("F09.distance", many(others), 0.0).detail(if others == 0 {
        ""
    } else {
        "pictures that are no key frames"
    })
}
