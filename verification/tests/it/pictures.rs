//! The pictures of key frames, decoded: F14 on every recorded rendition.

use waymark_media::pixels::{Grids, Pictures, PixelLimits, Request, key_grids, pixels};
use waymark_verification::expect::Expectation;
use waymark_verification::fast::key;
use waymark_verification::thresholds::Thresholds;
use waymark_verification::{Check, Outcome, Value};

use crate::corpus::{Rendition, Segment, renditions};

/// What F14 says of a rendition, from the pictures the gateway's worker would decode.
fn judge(segment: &Segment, rendition: &Rendition) -> Vec<Check> {
    let expected = Expectation::of(&segment.source.scan, &rendition.wanted);
    let theirs = keys(rendition, &expected);
    let times: Vec<i64> = theirs.frames.iter().map(|grid| grid.pts).collect();
    let sources = expected.align(&times).sources.into_iter().flatten();
    let wanted: Vec<i64> = sources.map(|index| expected.source_pts[index as usize]).collect();
    let request = Request { grids: Pictures::At(&wanted), ..Request::new(expected.lattice) };
    let scan = &segment.source.scan;
    let ours = pixels(&segment.source.bytes, scan.container, &request, &PixelLimits::default())
        .expect("a source that decodes")
        .grids;
    key(&expected, &ours, &theirs, &Thresholds::default().key)
}

fn keys(rendition: &Rendition, expected: &Expectation) -> Grids {
    let media = &rendition.media;
    key_grids(&media.bytes, media.scan.container, expected.lattice, &PixelLimits::default())
        .expect("a rendition that decodes")
}

#[test]
fn no_key_frame_of_a_recorded_rendition_alarms() {
    let (mut alarms, mut most) = (Vec::new(), [0.0_f64; 4]);
    for (segment, rendition) in renditions() {
        let checks = judge(segment, rendition);
        assert_eq!(checks.len(), 5, "{}: {checks:?}", rendition.media.file);
        for check in checks.iter().filter(|check| check.outcome != Outcome::Pass) {
            alarms.push(format!("{}: {} {check}", rendition.media.file, check.id));
        }
        if Expectation::of(&segment.source.scan, &rendition.wanted).starved {
            continue;
        }
        for (most, check) in most.iter_mut().zip(&checks) {
            if let Some(Value::Number(value)) = check.value {
                *most = most.max(value);
            }
        }
    }
    assert!(alarms.is_empty(), "{alarms:#?}");
    // Half of the bounds, but for single blocks of chroma. Coarse renditions come nearer: 5.8, 22.9, 3.4 and 17.6.
    let half = [3.0, 15.0, 2.5, 14.0];
    assert!(most.iter().zip(half).all(|(most, half)| *most <= half), "{most:?}");
}
