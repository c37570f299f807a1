//! F07: as many pictures as the source and the frame rate give.

use super::{Check, Evidence};
use crate::number::many;

/// Number of pictures.
pub(super) fn check(evidence: &Evidence<'_>) -> Check {
    const ID: &str = "F07.frames";
    if evidence.expected.is_empty() {
        return Check::not_run(ID, "nothing of the source decodes");
    }
    let found = evidence.video().map_or(0, |track| track.units.len());
    let (low, high) = (*evidence.expected.frames.start(), *evidence.expected.frames.end());
    let check = if u32::try_from(found).is_ok_and(|n| (low..=high).contains(&n)) {
        Check::pass(ID, "")
    } else {
        Check::fail(ID, format!("{found} pictures, expected {low} to {high}"))
    };
    check.value(many(found)).threshold(format!("{low} to {high}"))
}
