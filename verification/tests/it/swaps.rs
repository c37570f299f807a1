//! Honest renditions in the wrong place: what parsing alone refuses of them.

use waymark_media::Gop;
use waymark_media::scan::Scan;
use waymark_verification::expect::Wanted;

use crate::corpus::{Rendition, Segment, refused, renditions, scanned, segments};

/// How many of the attacks were refused.
#[derive(Debug, Default, PartialEq)]
struct Count {
    refused: usize,
    of: usize,
    missed: Vec<String>,
}

impl Count {
    fn add(&mut self, refused: bool, name: impl FnOnce() -> String) {
        self.of += 1;
        self.refused += usize::from(refused);
        if !refused {
            self.missed.push(name());
        }
    }

    /// At least this share, in per mille.
    fn at_least(&self, what: &str, per_mille: usize) {
        assert!(self.of > 0, "{what}: nothing was tried");
        assert!(self.refused * 1_000 >= self.of * per_mille, "{what}: {self:?}");
    }
}

fn same_profile<'a>(segment: &'a Segment, rendition: &Rendition) -> Option<&'a Rendition> {
    segment.renditions.iter().find(|other| other.profile == rendition.profile)
}

fn swap(count: &mut Count, (segment, rendition): (&Segment, &Rendition), other: &Rendition) {
    let checks = segment.judge(&rendition.wanted, &other.media.scan, other.claimed);
    count.add(refused(&checks), || format!("{} for {}", other.media.file, rendition.media.file));
}

#[test]
fn the_previous_segment_as_it_was() {
    let mut count = Count::default();
    for (segment, rendition) in renditions() {
        let before = segments()
            .iter()
            .find(|other| other.stream == segment.stream && other.number + 1 == segment.number);
        if let Some(other) = before.and_then(|before| same_profile(before, rendition)) {
            swap(&mut count, (segment, rendition), other);
        }
    }
    count.at_least("previous segment", 998);
}

#[test]
fn another_streams_segment_of_the_same_number() {
    let mut count = Count::default();
    for (segment, rendition) in renditions() {
        for other in segments() {
            if other.stream != segment.stream
                && other.number == segment.number
                && let Some(other) = same_profile(other, rendition)
            {
                swap(&mut count, (segment, rendition), other);
            }
        }
    }
    // Many streams here have the same size, times and no audio: their pictures tell, not their packets.
    count.at_least("other stream", 800);
}

#[test]
fn audio_dropped_or_of_the_previous_segment() {
    let (mut dropped, mut replaced) = (Count::default(), Count::default());
    for (segment, rendition) in renditions() {
        let scan = &rendition.media.scan;
        if scan.audio.is_empty() {
            continue;
        }
        let name = || rendition.media.file.clone();
        for without in [
            Scan { audio: Vec::new(), ..scan.clone() },
            Scan { audio: scan.audio.iter().cloned().map(emptied).collect(), ..scan.clone() },
        ] {
            let checks = segment.judge_consistent(&rendition.wanted, &without);
            dropped.add(refused(&checks), name);
        }
        let before = segments()
            .iter()
            .find(|other| other.stream == segment.stream && other.number + 1 == segment.number)
            .and_then(|before| same_profile(before, rendition));
        if let Some(before) = before.filter(|before| !before.media.scan.audio.is_empty()) {
            let audio = before.media.scan.audio.clone();
            let checks =
                segment.judge_consistent(&rendition.wanted, &Scan { audio, ..scan.clone() });
            replaced.add(refused(&checks), name);
        }
    }
    dropped.at_least("audio dropped", 1_000);
    replaced.at_least("audio of the previous segment", 1_000);
}

fn emptied(mut track: waymark_media::scan::AudioTrack) -> waymark_media::scan::AudioTrack {
    track.packets.clear();
    track
}

#[test]
fn files_cut_short() {
    for percent in [60, 95] {
        let mut count = Count::default();
        for (segment, rendition) in renditions() {
            let bytes = &rendition.media.bytes;
            if segment.source.scan.video[0].units.len() == 1 {
                continue;
            }
            let cut = scanned(&bytes[..bytes.len() * percent / 100]);
            let refused = cut.is_none_or(|scan| {
                refused(&segment.judge(&rendition.wanted, &scan, rendition.claimed))
            });
            count.add(refused, || rendition.media.file.clone());
        }
        count.at_least(&format!("cut at {percent} %"), 1_000);
    }
}

#[test]
fn another_profile_of_the_same_segment() {
    let mut count = Count::default();
    for (segment, rendition) in renditions() {
        for other in &segment.renditions {
            if other.profile != rendition.profile {
                swap(&mut count, (segment, rendition), other);
            }
        }
    }
    count.at_least("other profile", 1_000);
}

#[test]
fn every_picture_a_key_frame_and_sixty_a_second_swapped() {
    let (mut not_intra, mut not_sixty) = (Count::default(), Count::default());
    for (segment, rendition) in renditions() {
        let scan = &rendition.media.scan;
        let name = || rendition.media.file.clone();
        if scan.video[0].units.len() == 1 {
            continue;
        }
        if rendition.wanted.gop == Gop::Intra {
            let wanted =
                Wanted { fps: Some((60, 1)), gop: Gop::Default, ..rendition.wanted.clone() };
            not_sixty.add(refused(&segment.judge_consistent(&wanted, scan)), name);
        } else {
            let wanted = Wanted { gop: Gop::Intra, ..rendition.wanted.clone() };
            not_intra.add(refused(&segment.judge_consistent(&wanted, scan)), name);
        }
    }
    not_intra.at_least("not every picture a key frame", 1_000);
    not_sixty.at_least("15 instead of 60 a second", 1_000);
}

#[test]
fn half_the_frame_rate() {
    let mut count = Count::default();
    for (segment, rendition) in renditions() {
        let mut scan = rendition.media.scan.clone();
        if scan.video[0].units.len() == 1 {
            continue;
        }
        let mut keep = false;
        scan.video[0].units.retain(|_| {
            keep = !keep;
            keep
        });
        let checks = segment.judge_consistent(&rendition.wanted, &scan);
        count.add(refused(&checks), || rendition.media.file.clone());
    }
    count.at_least("half the frame rate", 1_000);
}

#[test]
fn twice_the_pixels_claimed() {
    let mut count = Count::default();
    for (segment, rendition) in renditions() {
        let checks = segment.judge(&rendition.wanted, &rendition.media.scan, 2 * rendition.claimed);
        count.add(refused(&checks), || rendition.media.file.clone());
    }
    assert_eq!(count.of, 168);
    count.at_least("claim doubled", 1_000);
}

#[test]
fn twice_the_pictures_returned_and_claimed() {
    let mut count = Count::default();
    for (segment, rendition) in renditions() {
        let mut scan = rendition.media.scan.clone();
        let units = &mut scan.video[0].units;
        let doubled = units.iter().flat_map(|unit| {
            let (mut first, mut second) = (*unit, *unit);
            (first.pts, first.dts) = (2 * first.pts, 2 * first.dts);
            (second.pts, second.dts) = (2 * second.pts + 1, 2 * second.dts + 1);
            [first, second]
        });
        *units = doubled.collect();
        let checks = segment.judge_consistent(&rendition.wanted, &scan);
        count.add(refused(&checks), || rendition.media.file.clone());
    }
    count.at_least("pictures doubled", 1_000);
}

#[test]
fn the_source_itself() {
    let mut count = Count::default();
    for (segment, rendition) in renditions() {
        let scan = &segment.source.scan;
        for (width, height) in [(rendition.wanted.width, rendition.wanted.height), of(scan)] {
            let wanted = Wanted { width, height, ..rendition.wanted.clone() };
            let checks = segment.judge_consistent(&wanted, scan);
            count.add(refused(&checks), || rendition.media.file.clone());
        }
    }
    count.at_least("source returned", 1_000);
}

/// The size of a file's video.
fn of(scan: &Scan) -> (i32, i32) {
    let (width, height) = scan.video[0].cropped;
    (i32::try_from(width).expect("small"), i32::try_from(height).expect("small"))
}
