//! Generated streams are real streams: they join, keep time and can be probed.

use std::time::Duration;

use waymark_media::{
    AudioCodec, Container, PatternError, Speed, TestPattern, TestPatternStream, inspect, probe,
};

fn small() -> TestPattern {
    TestPattern {
        width: 320,
        height: 180,
        bitrate: 300_000,
        segment: Duration::from_secs(1),
        ..TestPattern::default()
    }
}

#[test]
fn each_segment_stands_alone_and_starts_with_its_only_key_frame() {
    for container in [Container::MpegTs, Container::Mp4] {
        for speed in [Speed::Ultrafast, Speed::Superfast, Speed::Veryfast] {
            let pattern = TestPattern { container, speed, ..small() };
            for (seq, segment) in (0..).zip(pattern.segments(3).unwrap()) {
                assert_eq!((segment.seq, segment.duration), (seq, Duration::from_secs(1)));
                let (probed, decoded) =
                    (probe(&segment.bytes, container).unwrap(), inspect(&segment.bytes).unwrap());
                assert_eq!((probed.frames, probed.key_frames), (30, 1), "{container} {speed:?}");
                assert_eq!(decoded.frames, 30, "{container} {speed:?} segment {seq}");
                assert_eq!(probed.audio, Some(AudioCodec::Aac));
                assert_eq!(probed.video.frame_rate, Some((30, 1)));
                assert_eq!(probed.duration, Some(Duration::from_secs(1)));
            }
        }
    }
}

#[test]
fn times_go_on_from_segment_to_segment() {
    let pattern = TestPattern { start: Duration::from_secs(10), ..small() };
    let times: Vec<i64> = pattern
        .segments(3)
        .unwrap()
        .iter()
        .flat_map(|segment| inspect(&segment.bytes).unwrap().pts_us)
        .collect();
    assert_eq!(times.len(), 90);
    for (n, time) in (0i64..).zip(&times) {
        let ideal = 10_000_000 + n * 1_000_000 / 30;
        assert!(time.abs_diff(ideal) < 20, "picture {n} at {time}, not {ideal}");
    }
}

#[test]
fn segments_played_as_one_stream_lose_nothing() {
    let pattern = TestPattern { speed: Speed::Superfast, ..small() };
    let segments = pattern.segments(3).unwrap();
    let joined: Vec<u8> = segments.iter().flat_map(|segment| segment.bytes.to_vec()).collect();
    let found = inspect(&joined).unwrap();
    assert_eq!((found.frames, found.key_frames), (90, 3));
    let packets = f64::from(found.audio_packets);
    assert!((packets - 3.0 * 48_000.0 / 1_024.0).abs() < 3.0, "{packets} audio packets");
}

#[test]
fn the_picture_moves() {
    let segment = small().segments(1).unwrap().remove(0);
    let luma = inspect(&segment.bytes).unwrap().luma;
    assert_eq!(luma.len(), 30);
    assert!(luma.iter().all(|mean| (40..=200).contains(mean)), "{luma:?}");
    assert!(segment.bytes.len() > 10_000, "a still picture would take less");
}

#[test]
fn odd_frame_rates_and_inner_key_frames_are_kept() {
    let pattern = TestPattern {
        fps: (30_000, 1001),
        segment: Duration::from_secs(2),
        gop: Some(Duration::from_millis(500)),
        audio: false,
        ..small()
    };
    let segment = pattern.segments(1).unwrap().remove(0);
    let found = probe(&segment.bytes, Container::MpegTs).unwrap();
    assert_eq!(found.video.frame_rate, Some((30_000, 1001)));
    assert_eq!((found.frames, found.key_frames, found.audio), (60, 4, None));
    assert_eq!(segment.duration, Duration::from_millis(2_002));
}

#[test]
fn seeds_give_different_streams_and_the_same_seed_the_same() {
    let first = |seed| TestPattern { seed, ..small() }.segments(1).unwrap().remove(0).bytes;
    assert_eq!(first(1), first(1));
    assert_ne!(first(1), first(2));
}

#[test]
fn patterns_that_cannot_be_are_refused() {
    let refused = |pattern: TestPattern| pattern.stream().map(|_| ()).unwrap_err();
    assert!(matches!(
        refused(TestPattern { width: 33, ..small() }),
        PatternError::InvalidSize { .. }
    ));
    assert!(matches!(
        refused(TestPattern { height: 8_192, ..small() }),
        PatternError::InvalidSize { .. }
    ));
    assert!(matches!(
        refused(TestPattern { fps: (30, 0), ..small() }),
        PatternError::InvalidFrameRate { .. }
    ));
    let long = TestPattern { segment: Duration::from_secs(61), ..small() };
    assert!(matches!(refused(long), PatternError::InvalidDuration { .. }));
    let late = TestPattern { start: Duration::MAX, ..small() };
    assert!(matches!(refused(late), PatternError::InvalidDuration { .. }));
}

#[test]
fn a_running_pattern_can_move_to_another_thread() {
    fn assert_send<T: Send + 'static>() {}
    assert_send::<TestPatternStream>();
}
