//! F06: the size an honest transcoder makes, really coded and not cropped out of something larger.

use super::{Check, Evidence};
use crate::thresholds::Packets;

/// Size after cropping, what cropping takes off, and whether the size stays.
///
/// Cropping is a number in a header: without a bound on it, a source passed through would show its corner and
/// report any size.
pub(super) fn checks(evidence: &Evidence<'_>, bounds: &Packets) -> Vec<Check> {
    let Some(track) = evidence.video() else {
        return vec![Check::not_run("F06.size", "no video")];
    };
    let changing = evidence.source_video().is_some_and(|source| source.format_changes);
    let (width, height) = track.cropped;
    let size = if evidence.expected.is_empty() || changing {
        Check::not_run("F06.size", "the source has no one size")
    } else if (width, height) == evidence.expected.size {
        Check::pass("F06.size", "")
    } else {
        let (w, h) = evidence.expected.size;
        Check::fail("F06.size", format!("{width}x{height}, expected {w}x{h}"))
    };
    let size = size
        .value(format!("{width}x{height}"))
        .threshold(format!("{}x{}", evidence.expected.size.0, evidence.expected.size.1));
    let cropped = track.coded.0.abs_diff(width).max(track.coded.1.abs_diff(height));
    let crop = Check::at_most("F06.crop", f64::from(cropped), f64::from(bounds.crop));
    let stays = if track.format_changes && !changing {
        Check::fail("F06.stays", "the picture format changes within the rendition")
    } else {
        Check::pass("F06.stays", "")
    };
    vec![size, crop, stays]
}
