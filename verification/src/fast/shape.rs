//! F01: a body that is there, and no larger than the profile can explain.

use super::{Check, Evidence};
use crate::number::float;
use crate::thresholds::Packets;

/// Bytes of the body, which the signature covers whatever is in it.
pub(super) fn check(evidence: &Evidence<'_>, bounds: &Packets) -> Check {
    const ID: &str = "F01.bytes";
    if evidence.bytes == 0 {
        return Check::fail(ID, "the body is empty").value(0.0);
    }
    if evidence.wanted.bitrate == 0 {
        return Check::pass(ID, "the profile names no bit rate").value(float(evidence.bytes));
    }
    let audio: u64 = evidence
        .passed_on()
        .map(|track| track.packets.iter().map(|packet| u64::from(packet.bytes)).sum::<u64>())
        .sum();
    let video = f64::from(evidence.wanted.bitrate) / 8.0 * evidence.seconds();
    let most = bounds.body_factor * video + float(bounds.body_extra) + float(audio);
    Check::at_most(ID, float(evidence.bytes), most.floor())
}
