//! Renditions have the size, rate, times and audio that a stock transcoder's have.

use std::sync::Arc;
use std::sync::atomic::AtomicBool;
use std::time::Duration;

use waymark_media::{
    AudioCodec, Container, Gop, H264Profile, Limits, Speed, Target, TranscodeError, VideoCodec,
    inspect, probe, transcode,
};

use crate::data::{file, recorded};

fn one(input: &[u8], target: Target) -> waymark_media::Output {
    transcode(input, &[target], &Limits::default()).unwrap().remove(0)
}

#[test]
fn every_recorded_segment_gives_renditions_of_the_right_size_and_length() {
    let targets = [
        Target::new(320, 180, 210_000),
        Target { fps: Some((15, 1)), gop: Gop::Intra, ..Target::new(160, 90, 110_000) },
    ];
    for recorded in recorded() {
        let outputs = transcode(&recorded.bytes, &targets, &Limits::default()).unwrap();
        let name = &recorded.file;
        assert_eq!(outputs.len(), 2);
        assert_eq!(outputs[0].frames, recorded.decoded, "{name}: all pictures pass through");
        for output in &outputs {
            let (probed, decoded) =
                (probe(&output.bytes, Container::MpegTs).unwrap(), inspect(&output.bytes).unwrap());
            assert_eq!(
                (probed.video.width, probed.video.height),
                (output.width, output.height),
                "{name}"
            );
            assert_eq!((probed.frames, decoded.frames), (output.frames, output.frames), "{name}");
            let pixels =
                i64::from(output.width) * i64::from(output.height) * i64::from(output.frames);
            assert_eq!(output.pixels, pixels, "{name}");
            assert_eq!(decoded.audio_packets, recorded.audio_packets, "{name}: audio is copied");
        }
        let intra = probe(&outputs[1].bytes, Container::MpegTs).unwrap();
        assert_eq!(intra.key_frames, intra.frames, "{name}");
    }
}

#[test]
fn pictures_keep_their_presentation_times() {
    for recorded in recorded().iter().filter(|recorded| recorded.container == Container::MpegTs) {
        for speed in [Speed::Ultrafast, Speed::Superfast] {
            let limits = Limits { speed, ..Limits::default() };
            let output = transcode(&recorded.bytes, &[Target::new(320, 180, 210_000)], &limits);
            let output = output.unwrap().remove(0);
            let times = presentation_times(&output.bytes);
            let name = &recorded.file;
            let first = if name.starts_with("opengop") { 342_000 } else { recorded.first_pts };
            assert_eq!(times.first(), Some(&first), "{name} {speed:?}");
            assert!(times.contains(&recorded.last_pts), "{name} {speed:?}");
        }
    }
}

/// Presentation times of the video as they stand in the file, in decoding order.
fn presentation_times(ts: &[u8]) -> Vec<i64> {
    ts.chunks_exact(188)
        .filter(|p| p[1] & 0x40 != 0 && u16::from_be_bytes([p[1] & 0x1f, p[2]]) == 0x100)
        .map(|p| {
            let payload = if p[3] & 0x20 == 0 { &p[4..] } else { &p[5 + usize::from(p[4])..] };
            assert_eq!(payload[..3], [0, 0, 1]);
            let all = payload[9..14].iter().fold(0i64, |all, byte| (all << 8) | i64::from(*byte));
            ((all >> 33 & 0x7) << 30) | ((all >> 17 & 0x7fff) << 15) | (all >> 1 & 0x7fff)
        })
        .collect()
}

#[test]
fn constant_rates_repeat_and_drop_pictures() {
    let source = file("vfr_240p_0.ts");
    let counts = [((30, 1), 60), ((15, 1), 30), ((60, 1), 120)];
    for (fps, frames) in counts {
        let output =
            one(&source.bytes, Target { fps: Some(fps), ..Target::new(256, 144, 140_000) });
        assert_eq!(output.frames, frames, "{fps:?}");
        assert_eq!(probe(&output.bytes, Container::MpegTs).unwrap().video.frame_rate, Some(fps));
    }
    let single = file("single_frame_240p_1.ts");
    let output =
        one(&single.bytes, Target { fps: Some((60, 1)), ..Target::new(256, 144, 140_000) });
    assert_eq!(output.frames, 1, "a single picture stays one");
}

#[test]
fn key_frames_come_as_often_as_asked() {
    let source = file("wrap_240p30_1.ts");
    let keys = |gop, fps| {
        let output = one(&source.bytes, Target { gop, fps, ..Target::new(256, 144, 140_000) });
        probe(&output.bytes, Container::MpegTs).unwrap().key_frames
    };
    assert_eq!(keys(Gop::Default, None), 1);
    assert_eq!(keys(Gop::Seconds(1.0), None), 2);
    assert_eq!(keys(Gop::Seconds(0.5), Some((30, 1))), 4);
    assert_eq!(keys(Gop::Seconds(1.0), Some((30_000, 1001))), 2);
    assert_eq!(keys(Gop::Intra, Some((30, 1))), 60);
}

#[test]
fn profiles_are_written_into_the_stream() {
    let source = file("late_audio_short_tail_2.ts");
    let wanted = [
        (H264Profile::Baseline, 66),
        (H264Profile::Main, 77),
        (H264Profile::High, 100),
        (H264Profile::ConstrainedHigh, 100),
    ];
    for (profile, idc) in wanted {
        let target = Target { h264_profile: Some(profile), ..Target::new(320, 180, 200_000) };
        let output = one(&source.bytes, target);
        let sps =
            output.bytes.windows(5).find(|w| w[..4] == [0, 0, 1, 0x67]).expect("a parameter set");
        assert_eq!(sps[4], idc, "{profile:?}");
    }
}

#[test]
fn mp4_renditions_have_their_index_first_and_the_sources_times() {
    for name in ["cuts_240p2997_0.ts", "mp4_240p30_0.p90_25.mp4", "bars_mp3_360p30_0.ts"] {
        let source = file(name);
        for speed in [Speed::Ultrafast, Speed::Superfast] {
            let target = Target { container: Container::Mp4, ..Target::new(320, 180, 210_000) };
            let limits = Limits { speed, ..Limits::default() };
            let output = transcode(&source.bytes, &[target], &limits).unwrap().remove(0);
            let at = |kind: &[u8]| output.bytes.windows(4).position(|w| w == kind).unwrap();
            assert!(at(b"moov") < at(b"mdat"), "{name}");
            let found = probe(&output.bytes, Container::Mp4).unwrap();
            assert_eq!(found.container, Container::Mp4);
            assert_eq!((found.frames, found.key_frames), (source.decoded, 1), "{name}");
            assert_eq!(found.audio.is_some(), source.audio.is_some(), "{name}");
            assert_eq!(found.video.codec, VideoCodec::H264);
            let (before, after) =
                (inspect(&source.bytes).unwrap(), inspect(&output.bytes).unwrap());
            let shifts: Vec<u64> =
                before.pts_us.iter().zip(&after.pts_us).map(|(a, b)| a.abs_diff(*b)).collect();
            assert!(shifts.iter().all(|shift| *shift <= 150), "{name} {speed:?}: {shifts:?}");
        }
    }
}

#[test]
fn an_mp4_source_becomes_a_transport_stream_with_its_audio() {
    let source = file("mp4_240p30_0.p90_25.mp4");
    let output = one(&source.bytes, Target::new(160, 90, 110_000));
    let found = probe(&output.bytes, Container::Mp4).unwrap();
    assert_eq!((found.container, found.audio), (Container::MpegTs, Some(AudioCodec::Aac)));
    assert_eq!(inspect(&output.bytes).unwrap().audio_packets, source.audio_packets);
}

#[test]
fn renditions_show_the_sources_pictures() {
    let source = file("cuts_240p2997_0.ts");
    let output = one(&source.bytes, Target::new(320, 180, 400_000));
    let (before, after) = (inspect(&source.bytes).unwrap(), inspect(&output.bytes).unwrap());
    let worst = before.luma.iter().zip(&after.luma).map(|(a, b)| a.abs_diff(*b)).max().unwrap();
    assert!(worst <= 6, "mean luma differs by {worst}");
}

#[test]
fn a_higher_bit_rate_or_quality_gives_more_bytes() {
    let source = file("cuts_240p2997_0.ts");
    let size = |target| one(&source.bytes, target).bytes.len();
    let low = size(Target::new(320, 180, 100_000));
    assert!(size(Target::new(320, 180, 600_000)) > low);
    let quality = |crf| size(Target { quality: Some(crf), ..Target::new(320, 180, 2_000_000) });
    assert!(quality(18) > quality(40));
}

#[test]
fn inputs_without_decodable_video_have_the_stock_text() {
    let target = [Target::new(320, 180, 100_000)];
    for input in [&b""[..], &[0; 5_000], b"#EXTM3U\n#EXTINF:2,\nfile:///etc/hostname\n"] {
        let error = transcode(input, &target, &Limits::default()).unwrap_err();
        assert_eq!(error.stock_text(), "TranscoderInvalidVideo");
    }
}

#[test]
fn targets_that_cannot_be_are_refused_before_any_work() {
    let input = file("single_frame_240p_1.ts").bytes;
    let good = Target::new(320, 180, 100_000);
    let refused =
        |target: Target| transcode(&input, &[target], &Limits::default()).unwrap_err().stock_text();
    assert_eq!(refused(Target { fps: Some((0, 1)), ..good }), "Invalid argument");
    assert_eq!(refused(Target { fps: Some((u32::MAX, 1)), ..good }), "Invalid argument");
    assert_eq!(refused(Target { gop: Gop::Seconds(f64::NAN), ..good }), "TranscoderInvalidGOP");
    let many = vec![good; 33];
    let error = transcode(&input, &many, &Limits::default()).unwrap_err();
    assert!(matches!(error, TranscodeError::TooManyTargets { count: 33, max: 32 }));
}

#[test]
fn limits_end_the_work() {
    let input = file("cuts_240p2997_0.ts").bytes;
    let target = [Target::new(320, 180, 100_000)];
    let with = |limits: Limits| transcode(&input, &target, &limits).unwrap_err();
    let default = Limits::default;
    let error = with(Limits { max_frames: 10, ..default() });
    assert_eq!(error.stock_text(), "Encoded frames runaway");
    let error = with(Limits { max_duration: Duration::from_millis(500), ..default() });
    assert_eq!(error.stock_text(), "TranscoderInvalidDuration");
    let error = with(Limits { max_bytes: 1_000, ..default() });
    assert!(matches!(error, TranscodeError::TooLarge { what: "bytes", max: 1_000 }));
    let error = with(Limits { max_pixels: 1_000, ..default() });
    assert!(matches!(error, TranscodeError::TooLarge { what: "pixels", .. }));
    let cancel = Some(Arc::new(AtomicBool::new(true)));
    assert!(matches!(with(Limits { cancel, ..default() }), TranscodeError::Cancelled));
}

#[test]
fn damaged_segments_end_in_renditions_or_a_clean_error() {
    let clean = file("cuts_240p2997_0.ts").bytes;
    let target = [Target { fps: Some((30, 1)), ..Target::new(160, 90, 100_000) }];
    for step in [3, 7, 31, 191, 997] {
        let mut damaged = clean.clone();
        for byte in damaged.iter_mut().skip(1_000).step_by(step * 40) {
            *byte ^= 0x5a;
        }
        if let Ok(outputs) = transcode(&damaged, &target, &Limits::default()) {
            assert!(inspect(&outputs[0].bytes).unwrap().frames > 0);
        }
    }
}
