//! F03: the pixels billed are those returned, exactly.

use super::{Check, Evidence};
use crate::number::float;

/// Width, height and number of the pictures returned make the claim. Whether they are what was asked for is said by
/// F06 and F07, and what is paid is never more than expected: see [`Debit`](crate::Debit).
pub(super) fn check(evidence: &Evidence<'_>) -> Check {
    const ID: &str = "F03.pixels";
    let Some(claimed) = evidence.claimed_pixels else {
        return Check::not_run(ID, "no pixels are claimed");
    };
    let returned = evidence.video().map_or(0, |track| {
        let (width, height) = track.cropped;
        (u64::from(width) * u64::from(height)).saturating_mul(track.units.len() as u64)
    });
    let check = if claimed == returned {
        Check::pass(ID, "")
    } else {
        Check::fail(ID, format!("claims {claimed} pixels, returned {returned}"))
    };
    check.value(float(claimed)).threshold(float(returned))
}
