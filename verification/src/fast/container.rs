//! F04: the container asked for, with the tracks it must have and nothing else.

use super::{Check, Evidence};
use crate::number::float;
use crate::thresholds::Packets;

/// Container, number of video and audio tracks, and anything hidden beside them.
pub(super) fn checks(evidence: &Evidence<'_>, bounds: &Packets) -> [Check; 4] {
    let rendition = evidence.rendition;
    let container = exactly(
        "F04.container",
        rendition.container == evidence.wanted.container,
        rendition.container.to_string(),
        evidence.wanted.container.to_string(),
    );
    let pictures = rendition.video.first().map_or(0, |track| track.units.len());
    let video = exactly(
        "F04.video",
        rendition.video.len() == 1 && pictures > 0,
        format!("{} tracks, {pictures} pictures in the first", rendition.video.len()),
        "1 track with pictures".to_owned(),
    );
    let expected = usize::from(evidence.passed_on().next().is_some());
    let with_packets = rendition.audio.iter().filter(|track| !track.packets.is_empty()).count();
    let audio = exactly(
        "F04.audio",
        rendition.audio.len() == expected && with_packets == expected,
        format!("{} tracks, {with_packets} with packets", rendition.audio.len()),
        format!("{expected} tracks, {expected} with packets"),
    );
    let hidden =
        Check::at_most("F04.stray", float(rendition.stray_bytes), float(bounds.stray_bytes));
    let hidden = if rendition.others == 0 {
        hidden
    } else {
        Check::fail("F04.stray", format!("{} tracks that are neither", rendition.others))
            .value(f64::from(rendition.others))
            .threshold(0.0)
    };
    [container, video, audio, hidden]
}

fn exactly(id: &'static str, equal: bool, found: String, expected: String) -> Check {
    let check = if equal {
        Check::pass(id, "")
    } else {
        Check::fail(id, format!("{found}, expected {expected}"))
    };
    check.value(found).threshold(expected)
}
