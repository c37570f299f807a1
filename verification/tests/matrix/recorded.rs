//! Everything that a stock orchestrator returned, through every tier.

use std::{sync::LazyLock, thread};

use waymark_verification::{Decision, Kind, thresholds::Thresholds};

use crate::{
    corpus::{Segment, refreshed, segments},
    judge::{Judged, Returned, Source},
};

static ALL: LazyLock<Vec<(&'static str, Judged)>> = LazyLock::new(|| {
    let judge = |part: &'static [Segment]| part.iter().flat_map(judged).collect::<Vec<_>>();
    let (left, right) = segments().split_at(segments().len() / 2);
    thread::scope(|scope| {
        let other = scope.spawn(|| judge(right));
        let mut all = judge(left);
        all.extend(other.join().unwrap());
        all
    })
});

fn judged(segment: &'static Segment) -> Vec<(&'static str, Judged)> {
    let bounds = Thresholds::default();
    let (file, bytes) = (&segment.source.file, &segment.source.bytes);
    let mut source = Source::new(file, bytes, before(file).unwrap_or(bytes)).unwrap();
    let judge = |rendition: &'static crate::corpus::Rendition| {
        let returned = Returned {
            wanted: &rendition.wanted,
            bytes: &rendition.media.bytes,
            claimed: Some(rendition.claimed),
            beside: false,
        };
        let file = rendition.media.file.as_str();
        let judged = source.judge(returned, &bounds);
        (file, judged.unwrap_or_else(|error| panic!("{file}: {error}")))
    };
    segment.renditions.iter().map(judge).collect()
}

/// The segment before in the same stream: files are named `STREAM_NUMBER.ts`.
fn before(file: &str) -> Option<&'static [u8]> {
    let (stream, number) = file.strip_suffix(".ts")?.rsplit_once('_')?;
    let before = format!("{stream}_{}.ts", number.parse::<u32>().ok()?.checked_sub(1)?);
    let segment = segments().iter().find(|segment| segment.source.file == before)?;
    Some(&segment.source.bytes)
}

#[test]
fn every_recorded_rendition_is_accepted() {
    assert_eq!(ALL.len(), 168);
    for (file, judged) in &*ALL {
        for checks in [&judged.packets, &judged.key, &judged.full, &judged.dispute] {
            assert!(!Judged::any(checks, Kind::Hard), "{file}: {:?}", Judged::failed(checks));
        }
        assert_eq!(Judged::failed(&judged.key), [""; 0], "{file}");
        assert_eq!(judged.decision, Decision::Accepted, "{file}: {:?}", judged.full);
    }
}

/// Their first pictures are in the middle of the source's. Of one source nothing decodes here: the only picture that is right is
/// its last.
#[test]
fn what_comes_back_of_a_gradual_refresh_is_accepted() {
    let decodes = |segment: &&Segment| segment.stream != "refresh43b2";
    let all: Vec<_> = refreshed().iter().filter(decodes).flat_map(judged).collect();
    for (file, judged) in &all {
        assert_eq!(judged.decision, Decision::Accepted, "{file}: {:?}", judged.full);
    }
    assert_eq!(all.len(), 6);
}

#[test]
fn no_normal_profile_raises_an_alarm_and_starved_ones_pass_the_dispute() {
    let starved = ALL.iter().filter(|(_, judged)| judged.starved);
    let disputed = starved.clone().filter(|(_, judged)| !judged.dispute.is_empty()).count();
    println!("{} starved, {disputed} of them disputed", starved.count());
    for (file, judged) in &*ALL {
        assert!(!Judged::any(&judged.full, Kind::Soft), "{file}: {:?}", judged.full);
        assert!(
            judged.starved || judged.noise || Judged::failed(&judged.full).is_empty(),
            "{file}"
        );
    }
}
