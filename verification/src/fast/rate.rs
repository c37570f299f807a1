//! F10: bytes within what a rate control can produce, and hints at bytes that carry nothing.

use waymark_media::scan::VideoTrack;

use super::{Check, Evidence, video_bytes};
use crate::check::Kind;
use crate::number::{float, many};
use crate::thresholds::Packets;

/// Too many bytes is a fact; few, tiny or empty ones are honest for still pictures and only call for a look.
pub(super) fn checks(evidence: &Evidence<'_>, bounds: &Packets) -> Vec<Check> {
    let Some(track) = evidence.video() else {
        return vec![Check::not_run("F10.bytes", "no video")];
    };
    vec![
        bytes(evidence, track, bounds),
        few(evidence, track, bounds).kind(Kind::Hint),
        tiny(evidence, track, bounds).kind(Kind::Hint),
        filler(track, bounds).kind(Kind::Hint),
    ]
}

fn bytes(evidence: &Evidence<'_>, track: &VideoTrack, bounds: &Packets) -> Check {
    if evidence.wanted.bitrate == 0 {
        return Check::not_run("F10.bytes", "the profile names no bit rate");
    }
    let second = f64::from(evidence.wanted.bitrate) / 8.0;
    let most = bounds.byte_factor * second * (evidence.seconds() + 1.0);
    Check::at_most("F10.bytes", float(video_bytes(track)), most.floor())
}

/// Share of the bytes that the bit rate stands for.
fn few(evidence: &Evidence<'_>, track: &VideoTrack, bounds: &Packets) -> Check {
    const ID: &str = "F10.few";
    let target = f64::from(evidence.wanted.bitrate) / 8.0 * evidence.seconds();
    if target <= 0.0 || evidence.wanted.quality.is_some() {
        return Check::not_run(ID, "the profile names no bit rate to reach");
    }
    let source = float(evidence.source_video().map_or(0, video_bytes));
    let quiet =
        evidence.usual_bytes.is_some_and(|usual| source <= bounds.quiet_source * float(usual));
    let share = float(video_bytes(track)) / target;
    let check = if share >= bounds.few_bytes || quiet {
        Check::pass(ID, "")
    } else {
        Check::fail(ID, format!("{:.0} % of the bit rate", share * 100.0))
    };
    check.value(share).threshold(bounds.few_bytes)
}

/// Share of pictures that only repeat what was there, beside the source's own and those a higher rate repeats.
fn tiny(evidence: &Evidence<'_>, track: &VideoTrack, bounds: &Packets) -> Check {
    let share = |track: &VideoTrack| {
        let tiny = track.units.iter().filter(|unit| unit.bytes < bounds.tiny_unit).count();
        many(tiny) / many(track.units.len().max(1))
    };
    let source = evidence.source_video();
    let pictures = many(source.map_or(0, |track| track.units.len()));
    let repeated = (1.0 - pictures / many(track.units.len().max(1))).max(0.0);
    let expected = source.map_or(0.0, share) + repeated;
    Check::at_most("F10.tiny", share(track), expected + bounds.tiny_share)
}

fn filler(track: &VideoTrack, bounds: &Packets) -> Check {
    let empty: u64 = track.units.iter().map(|unit| u64::from(unit.filler)).sum();
    let share = float(empty) / float(video_bytes(track).max(1));
    Check::at_most("F10.filler", share, bounds.filler_share)
}
