//! The probe agrees with an independent decoder's findings and with decoding here.

use std::time::Duration;

use waymark_media::{AudioCodec, Chroma, Container, ProbeError, VideoCodec, inspect, probe};

use crate::data::{file, recorded};

#[test]
fn sizes_frames_and_audio_of_recorded_segments_are_found_without_decoding() {
    for recorded in recorded() {
        let found = probe(&recorded.bytes, recorded.container).unwrap();
        let name = &recorded.file;
        assert_eq!(found.container, recorded.container, "{name}");
        assert_eq!(found.video.codec, VideoCodec::H264, "{name}");
        assert_eq!(
            (found.video.width, found.video.height),
            (recorded.width, recorded.height),
            "{name}"
        );
        assert_eq!(found.video.chroma, Some(Chroma::C420), "{name}");
        assert_eq!(found.video.bit_depth, Some(8), "{name}");
        assert_eq!(found.frames, recorded.frames, "{name}");
        let audio = recorded.audio.as_deref().map(|codec| match codec {
            "aac" => AudioCodec::Aac,
            "mp3" => AudioCodec::Mp3,
            "ac3" => AudioCodec::Ac3,
            other => panic!("unexpected codec {other}"),
        });
        assert_eq!(found.audio, audio, "{name}");
    }
}

#[test]
fn key_frames_are_idr_pictures_and_recovery_points() {
    for recorded in recorded().iter().filter(|recorded| !recorded.file.starts_with("opengop")) {
        let found = probe(&recorded.bytes, recorded.container).unwrap();
        assert_eq!(found.key_frames, recorded.idr, "{}", recorded.file);
    }
    let open_gop = file("opengop_240p30_1.ts");
    assert_eq!(open_gop.idr, 0);
    let (probed, decoded) =
        (probe(&open_gop.bytes, Container::MpegTs).unwrap(), inspect(&open_gop.bytes).unwrap());
    assert_eq!((probed.key_frames, decoded.key_frames), (2, 2));
}

#[test]
fn what_decodes_here_is_what_was_probed() {
    for recorded in recorded() {
        let (probed, decoded) = (
            probe(&recorded.bytes, recorded.container).unwrap(),
            inspect(&recorded.bytes).unwrap(),
        );
        let name = &recorded.file;
        assert_eq!(
            (probed.video.width, probed.video.height),
            (decoded.width, decoded.height),
            "{name}"
        );
        assert_eq!(decoded.frames, recorded.decoded, "{name}");
        assert_eq!(decoded.has_audio, recorded.audio.is_some(), "{name}");
        assert_eq!(decoded.audio_packets, recorded.audio_packets, "{name}");
    }
}

#[test]
fn frame_rates_and_durations_are_those_of_the_recordings() {
    let facts = [
        ("opengop_240p30_1.ts", (30, 1), 2_000),
        ("cuts_240p2997_0.ts", (30_000, 1001), 1_201),
        ("gradient_352p23976_0.ts", (24_000, 1001), 959),
        ("mp4_240p30_0.p90_25.mp4", (25, 1), 2_000),
        ("wrap_240p30_1.ts", (30, 1), 2_000),
        ("late_audio_short_tail_2.ts", (30, 1), 300),
        ("interlaced_sar_288i25_0.ts", (25, 1), 2_000),
    ];
    for (name, rate, millis) in facts {
        let recorded = file(name);
        let found = probe(&recorded.bytes, recorded.container).unwrap();
        assert_eq!(found.video.frame_rate, Some(rate), "{name}");
        let duration = found.duration.expect("a duration");
        assert!(
            duration.abs_diff(Duration::from_millis(millis)) < Duration::from_millis(2),
            "{name}: {duration:?}"
        );
    }
}

#[test]
fn bytes_win_over_the_extension() {
    let ts = file("single_frame_240p_1.ts").bytes;
    let mp4 = file("mp4_240p30_0.p90_25.mp4").bytes;
    assert_eq!(probe(&ts, Container::Mp4), probe(&ts, Container::MpegTs));
    assert_eq!(probe(&mp4, Container::MpegTs), probe(&mp4, Container::Mp4));
    assert_eq!(probe(&mp4, Container::MpegTs).unwrap().container, Container::Mp4);
}

#[test]
fn garbage_around_and_between_packets_is_passed_over() {
    let clean = file("late_audio_short_tail_2.ts").bytes;
    let (head, tail) = clean.split_at(188 * 40);
    let dirty = [b"\x47 noise".as_slice(), head, &[0xff; 77], tail, &[0x47; 30]].concat();
    let (clean, dirty) =
        (probe(&clean, Container::MpegTs).unwrap(), probe(&dirty, Container::MpegTs));
    assert_eq!(dirty.unwrap(), clean);
}

#[test]
fn packets_with_time_stamps_or_parity_around_them_are_read() {
    let clean = file("late_audio_short_tail_2.ts").bytes;
    let stamped: Vec<u8> = clean.chunks(188).flat_map(|p| [&[1, 2, 3, 4], p].concat()).collect();
    let parity: Vec<u8> = clean.chunks(188).flat_map(|p| [p, &[9; 16]].concat()).collect();
    let expected = probe(&clean, Container::MpegTs).unwrap();
    assert_eq!(probe(&stamped, Container::MpegTs), Ok(expected.clone()));
    assert_eq!(probe(&parity, Container::MpegTs), Ok(expected));
}

#[test]
fn a_stream_that_lost_its_tables_is_still_recognised() {
    let whole = file("late_audio_short_tail_2.ts").bytes;
    let pid = |packet: &[u8]| u16::from_be_bytes([packet[1] & 0x1f, packet[2]]);
    let without: Vec<u8> =
        whole.chunks(188).filter(|p| !matches!(pid(p), 0 | 0x1000)).flatten().copied().collect();
    assert!(without.len() < whole.len());
    let (found, expected) =
        (probe(&without, Container::MpegTs).unwrap(), probe(&whole, Container::MpegTs).unwrap());
    assert_eq!((found.video, found.frames), (expected.video, expected.frames));
    assert_eq!(found.audio, None, "nothing says what the other packets are");
}

#[test]
fn bodies_without_video_have_an_error_each() {
    let both = [Container::MpegTs, Container::Mp4];
    for container in both {
        assert_eq!(probe(&[], container), Err(ProbeError::Empty));
        assert_eq!(probe(&[0; 4_000], container), Err(ProbeError::NotMedia));
        assert_eq!(probe(b"<html><body>404</body></html>", container), Err(ProbeError::NotMedia));
    }
    let whole = file("late_audio_short_tail_2.ts").bytes;
    let video = |packet: &&[u8]| u16::from_be_bytes([packet[1] & 0x1f, packet[2]]) == 0x100;
    let declared: Vec<u8> = whole.chunks(188).filter(|p| !video(p)).flatten().copied().collect();
    assert_eq!(probe(&declared, Container::MpegTs), Err(ProbeError::NoDecodableFrame));
    let mut audio_only = declared;
    drop_video_from_map(&mut audio_only);
    assert_eq!(probe(&audio_only, Container::MpegTs), Err(ProbeError::NoVideo));
}

/// Turns the video entry of the program map into one of a data stream.
fn drop_video_from_map(ts: &mut [u8]) {
    for packet in ts.chunks_mut(188).filter(|p| p[1] & 0x1f == 0x10 && p[2] == 0) {
        let at =
            packet.windows(3).position(|w| w == [0x1b, 0xe1, 0x00]).expect("the video's entry");
        packet[at] = 0x05;
    }
}

#[test]
fn an_mp4_whose_data_is_cut_off_counts_only_what_is_there() {
    let whole = file("mp4_240p30_0.p90_25.mp4").bytes;
    let half = probe(&whole[..whole.len() / 2], Container::Mp4).unwrap();
    assert!(half.frames > 0 && half.frames < 50, "{} frames", half.frames);
    let data = whole.windows(4).position(|w| w == b"mdat").unwrap();
    assert_eq!(probe(&whole[..data + 4], Container::Mp4), Err(ProbeError::NoDecodableFrame));
    assert_eq!(probe(&whole[data - 4..], Container::Mp4), Err(ProbeError::NoDecodableFrame));
}

#[test]
fn messages_tell_a_person_what_to_do() {
    let all = [
        ProbeError::Empty,
        ProbeError::NotMedia,
        ProbeError::NoVideo,
        ProbeError::NoKeyFrame,
        ProbeError::NoDecodableFrame,
    ];
    insta::assert_snapshot!(all.map(|error| error.to_string()).join("\n"));
}
