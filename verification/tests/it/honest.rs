//! Everything that a stock orchestrator returned is as expected.

use waymark_verification::expect::Expectation;
use waymark_verification::{Check, Kind, Outcome};

use crate::corpus::{facts, refreshed, renditions, segments};

#[test]
fn every_recorded_rendition_passes_every_hard_check() {
    let refused: Vec<_> = renditions()
        .filter_map(|(segment, rendition)| {
            let media = &rendition.media;
            let checks = segment.judge(&rendition.wanted, &media.scan, rendition.claimed);
            let found: Vec<_> = checks
                .iter()
                .filter(|check| check.kind == Kind::Hard && check.outcome == Outcome::Fail)
                .map(|check| format!("{} {check}", check.id))
                .collect();
            (!found.is_empty()).then(|| format!("{}: {}", media.file, found.join(", ")))
        })
        .collect();
    assert_eq!(renditions().count(), 168);
    assert!(refused.is_empty(), "{} refused:\n{}", refused.len(), refused.join("\n"));
}

/// Of such a segment hardly more is known than where the first refresh ends.
#[test]
fn what_comes_back_of_a_gradual_refresh_passes_every_hard_check() {
    let mut judged = 0;
    for segment in refreshed() {
        for rendition in &segment.renditions {
            let media = &rendition.media;
            let checks = segment.judge(&rendition.wanted, &media.scan, rendition.claimed);
            assert_eq!(facts(&checks), [""; 0], "{}", media.file);
            // Not everything would pass: more than decodes is refused, and so is what lacks more than may be lost.
            let expected = Expectation::of(&segment.source.scan, &rendition.wanted);
            let shown = segment.source.scan.video[0].decodable().len();
            assert!(*expected.frames.end() as usize <= shown + 1, "{}", media.file);
            assert!(shown < 10 || *expected.frames.start() as usize >= shown - 6, "{}", media.file);
            judged += 1;
        }
    }
    assert_eq!(judged, 7);
}

#[test]
fn no_soft_check_of_packets_alarms() {
    for (segment, rendition) in renditions() {
        let checks = segment.judge(&rendition.wanted, &rendition.media.scan, rendition.claimed);
        let soft = checks.iter().filter(|check| check.kind == Kind::Soft);
        assert_eq!(soft.filter(failed).count(), 0, "{}", rendition.media.file);
    }
}

#[test]
fn few_bytes_are_honest_where_the_picture_stands_still() {
    let hinted: Vec<_> = renditions()
        .filter(|(segment, rendition)| {
            let media = &rendition.media;
            let checks = segment.judge(&rendition.wanted, &media.scan, rendition.claimed);
            assert_eq!(facts(&checks), [""; 0]);
            let hints = checks.iter().filter(|check| check.kind == Kind::Hint);
            hints.filter(failed).count() > 0
        })
        .map(|(_, rendition)| rendition.media.file.as_str())
        .collect();
    // still bars, near black, and a single picture
    assert!(hinted.len() <= 12, "{hinted:?}");
}

#[test]
fn counts_times_and_mapping_are_exact() {
    let mut off = Vec::new();
    for (segment, rendition) in renditions() {
        let expected = Expectation::of(&segment.source.scan, &rendition.wanted);
        let units = &rendition.media.scan.video[0].units;
        let mut times: Vec<i64> = units.iter().map(|unit| unit.pts).collect();
        times.sort_unstable();
        let aligned = expected.align(&times);
        let shifted: Vec<i64> = expected.pts.iter().map(|pts| pts + aligned.shift).collect();
        let same = times.len() == shifted.len()
            && times.iter().zip(&shifted).all(|(a, b)| a.abs_diff(*b) <= 90)
            && aligned.sources.iter().zip(&expected.mapping).all(|(a, b)| *a == Some(*b));
        if !same {
            off.push(format!("{}: {} of {}", rendition.media.file, times.len(), shifted.len()));
        }
    }
    assert!(off.is_empty(), "{off:#?}");
}

#[test]
fn coarse_renditions_are_those_the_index_names() {
    for (segment, rendition) in renditions() {
        let expected = Expectation::of(&segment.source.scan, &rendition.wanted);
        let named = rendition.facts["starved"].as_bool().expect("a flag");
        assert_eq!(expected.starved, named, "{}", rendition.media.file);
        let per_pixel = rendition.facts["bits_per_pixel"].as_f64().expect("a number");
        assert!((expected.bits_per_pixel - per_pixel).abs() < 6e-4, "{}", rendition.media.file);
    }
}

#[test]
fn what_decodes_of_a_source_is_what_the_index_counted() {
    for segment in segments() {
        let expected = Expectation::of(&segment.source.scan, &segment.renditions[0].wanted);
        let decoded = segment.facts["video"]["decoded_frames"].as_u64().expect("a count");
        assert_eq!(expected.source_pts.len() as u64, decoded, "{}", segment.source.file);
    }
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "a filter of references")]
fn failed(check: &&Check) -> bool {
    check.outcome == Outcome::Fail
}
