//! F11: audio is passed on untouched, so it equals the source's packet by packet.

use waymark_media::scan::AudioTrack;

use super::{Check, Evidence, ms};
use crate::number::many;
use crate::thresholds::Packets;

/// Packets, and their times but for one shift of all of them.
pub(super) fn checks(evidence: &Evidence<'_>, bounds: &Packets) -> Vec<Check> {
    let expected = evidence.passed_on().count();
    let rendition = evidence.rendition.audio.iter().find(|track| !track.packets.is_empty());
    let (check, found) = match (expected, rendition) {
        (0, None) => {
            return vec![Check::not_run("F11.audio", "the source has no audio to pass on")];
        }
        (0, Some(_)) => (Check::fail("F11.audio", "audio that the source does not have"), None),
        (_, None) => (Check::fail("F11.audio", "the source's audio is missing"), None),
        (_, Some(rendition)) => {
            match evidence.passed_on().find(|one| evidence.same(one, rendition)) {
                Some(source) => (Check::pass("F11.audio", ""), Some((source, rendition))),
                None => (Check::fail("F11.audio", differs(evidence, rendition)), None),
            }
        }
    };
    let packets = rendition.map_or(0, |track| track.packets.len());
    let mut checks = vec![check.value(many(packets))];
    checks.extend(found.map(|(source, rendition)| times(source, rendition, bounds)));
    checks
}

impl Evidence<'_> {
    /// The same packets in the same order.
    pub(super) fn same(&self, source: &AudioTrack, rendition: &AudioTrack) -> bool {
        source.codec == rendition.codec
            && source.packets.len() == rendition.packets.len()
            && self.common(source, rendition) == source.packets.len()
    }

    /// How many packets are equal in place. From one container to another AAC loses or gains its headers.
    fn common(&self, source: &AudioTrack, rendition: &AudioTrack) -> usize {
        let across = self.source.container != self.rendition.container;
        let pairs = source.packets.iter().zip(&rendition.packets);
        pairs.filter(|(a, b)| a.hash == b.hash || (across && a.bare == b.bare)).count()
    }
}

fn differs(evidence: &Evidence<'_>, rendition: &AudioTrack) -> String {
    let common = |source: &AudioTrack| evidence.common(source, rendition);
    let (equal, of) = evidence
        .passed_on()
        .map(|source| (common(source), source.packets.len()))
        .max()
        .unwrap_or_default();
    format!("{} packets, {equal} of the source's {of} in place", rendition.packets.len())
}

/// How much the distance to the source's times varies, in ms.
fn times(source: &AudioTrack, rendition: &AudioTrack, bounds: &Packets) -> Check {
    let pairs = source.packets.iter().zip(&rendition.packets);
    let moved = pairs.map(|(a, b)| i128::from(b.pts) - i128::from(a.pts));
    let (least, most) =
        moved.fold((i128::MAX, i128::MIN), |(least, most), by| (least.min(by), most.max(by)));
    let varies = u64::try_from(most.saturating_sub(least)).unwrap_or(0);
    Check::at_most("F11.times", ms(varies), 2.0 * bounds.same_ms)
}
