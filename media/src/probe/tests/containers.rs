//! Program tables, timestamps and sample tables built by hand.

use std::time::Duration;

use super::build::{H264Sps, Ts, VIDEO_PID, annex_b, boxed, full, h264_slice};
use crate::probe::{ProbeError, probe};
use crate::{AudioCodec, Container, VideoCodec};

const AUDIO_PID: u16 = 0x101;

fn key_picture() -> Vec<u8> {
    annex_b(&[
        H264Sps { timing: None, ..H264Sps::default() }.nal(),
        vec![0x68, 0xce],
        h264_slice(0x65, 0, 7, 0, None),
    ])
}

#[test]
fn stream_types_and_registrations_name_the_codec() {
    let video: [(u8, &[u8], VideoCodec); 8] = [
        (0x02, b"", VideoCodec::Mpeg2),
        (0x06, b"\x05\x04AV01", VideoCodec::Av1),
        (0x06, b"\x52\x01\x00\x05\x04VP09", VideoCodec::Vp9),
        (0x06, b"\x05\x04VP08", VideoCodec::Vp8),
        (0xd1, b"", VideoCodec::Other),
        (0x10, b"", VideoCodec::Other),
        (0x80, b"\x05\x04VC-1", VideoCodec::Other),
        (0xea, b"", VideoCodec::Other),
    ];
    for (kind, descriptors, codec) in video {
        let mut ts = Ts::new(&[(kind, VIDEO_PID, descriptors)]);
        ts.pes(VIDEO_PID, 0xe0, 0, &[1; 100]);
        ts.pes(VIDEO_PID, 0xe0, 3_600, &[1; 100]);
        let found = probe(&ts.bytes, Container::MpegTs).unwrap();
        assert_eq!((found.video.codec, found.frames), (codec, 2));
        assert_eq!((found.video.width, found.video.frame_rate), (0, Some((25, 1))));
    }
}

#[test]
fn the_audio_is_the_first_track_with_data() {
    let tracks: [(u8, &[u8], AudioCodec); 8] = [
        (0x0f, b"", AudioCodec::Aac),
        (0x11, b"", AudioCodec::Aac),
        (0x03, b"", AudioCodec::Mp3),
        (0x81, b"", AudioCodec::Ac3),
        (0x06, b"\x6a\x01\x00", AudioCodec::Ac3),
        (0x06, b"\x7a\x01\x00", AudioCodec::Eac3),
        (0x06, b"\x05\x04Opus\x7f\x02\x80\x02", AudioCodec::Opus),
        (0x8a, b"", AudioCodec::Other),
    ];
    for (kind, descriptors, codec) in tracks {
        let silent = (0x04, 0x102, &b""[..]);
        let mut ts = Ts::new(&[(0x1b, VIDEO_PID, b""), silent, (kind, AUDIO_PID, descriptors)]);
        ts.pes(VIDEO_PID, 0xe0, 0, &key_picture());
        assert_eq!(probe(&ts.bytes, Container::MpegTs).unwrap().audio, None);
        ts.pes(AUDIO_PID, 0xc0, 0, &[1; 50]);
        assert_eq!(probe(&ts.bytes, Container::MpegTs).unwrap().audio, Some(codec));
    }
}

#[test]
fn tables_longer_than_a_packet_and_behind_the_video_are_found() {
    let long = [0x09u8, 200].into_iter().chain([0; 200]).collect::<Vec<_>>();
    let tables = Ts::new(&[(0x0f, AUDIO_PID, &long), (0x1b, VIDEO_PID, b"")]).bytes;
    let mut video = Ts { bytes: Vec::new() };
    video.pes(VIDEO_PID, 0xe0, 0, &key_picture());
    let found = probe(&[video.bytes, tables].concat(), Container::MpegTs).unwrap();
    assert_eq!((found.video.codec, found.frames), (VideoCodec::H264, 1));
}

#[test]
fn times_may_wrap_and_come_in_decoding_order() {
    let mut ts = Ts::new(&[(0x1b, VIDEO_PID, b"")]);
    let start = (1 << 33) - 3_600;
    ts.pes(VIDEO_PID, 0xe0, start, &key_picture());
    for n in [3, 1, 2, 4] {
        let picture = annex_b(&[h264_slice(0x41, 0, 5, 1, None)]);
        ts.pes(VIDEO_PID, 0xe0, start + n * 3_600, &picture);
    }
    let found = probe(&ts.bytes, Container::MpegTs).unwrap();
    assert_eq!(found.video.frame_rate, Some((25, 1)));
    assert_eq!(found.duration, Some(Duration::from_millis(200)));
}

#[test]
fn one_picture_without_a_rate_has_no_duration() {
    let mut ts = Ts::new(&[(0x1b, VIDEO_PID, b"")]);
    ts.pes(VIDEO_PID, 0xe0, 0, &key_picture());
    let found = probe(&ts.bytes, Container::MpegTs).unwrap();
    assert_eq!((found.duration, found.video.frame_rate), (None, None));
}

/// A file of one video track with these tables, an optional `mvex`, and what follows the index.
fn mp4(tables: &[Vec<u8>], mvex: &[u8], after: &[u8]) -> Vec<u8> {
    let sps = H264Sps { timing: None, ..H264Sps::default() }.nal();
    let sps_len = u16::try_from(sps.len()).unwrap().to_be_bytes();
    let avcc = [&[1, 100, 0, 40, 0xff, 0xe1], &sps_len[..], &sps, &[1, 0, 2, 0x68, 0xce]].concat();
    let entry = boxed(*b"avc1", &[&[0; 78][..], &boxed(*b"avcC", &avcc)].concat());
    let stsd = boxed(*b"stsd", &[&[0, 0, 0, 0, 0, 0, 0, 1][..], &entry].concat());
    let stbl = boxed(*b"stbl", &[vec![stsd], tables.to_vec()].concat().concat());
    let hdlr = boxed(*b"hdlr", b"\0\0\0\0\0\0\0\0vide\0\0\0\0\0\0\0\0\0\0\0\0\0");
    let mdhd = full(*b"mdhd", 0, &[0, 0, 1_000, 0, 0]);
    let mdia = boxed(*b"mdia", &[mdhd, hdlr, boxed(*b"minf", &stbl)].concat());
    let trak = boxed(*b"trak", &[full(*b"tkhd", 3, &[0, 0, 7, 0]), mdia].concat());
    let moov = boxed(*b"moov", &[&trak, mvex].concat());
    [&boxed(*b"ftyp", b"isom")[..], &moov, after].concat()
}

fn counts(file: &[u8]) -> Result<(u32, u32, Duration), ProbeError> {
    probe(file, Container::Mp4)
        .map(|found| (found.frames, found.key_frames, found.duration.unwrap_or_default()))
}

fn millis(n: u64) -> Duration {
    Duration::from_millis(n)
}

#[test]
fn samples_are_followed_through_their_chunks() {
    let tables = |sizes: &[u32]| {
        vec![
            full(*b"stts", 0, &[2, 2, 40, 3, 20]),
            full(*b"stss", 0, &[2, 1, 4]),
            full(*b"stsz", 0, sizes),
            full(*b"stsc", 0, &[2, 1, 2, 1, 3, 1, 1]),
            full(*b"stco", 0, &[3, 0, 10, 20]),
        ]
    };
    // sizes of each, or one for all
    for sizes in [&[0, 5, 5, 5, 5, 5, 5][..], &[5, 5]] {
        assert_eq!(counts(&mp4(&tables(sizes), b"", &[])), Ok((5, 2, millis(140))), "{sizes:?}");
    }
    assert_eq!(counts(&mp4(&tables(&[0, 3, 5, 5, 5]), b"", &[])), Ok((3, 1, millis(100))));
    assert_eq!(counts(&mp4(&tables(&[0, 2, 5, 5]), b"", &[])), Ok((2, 1, millis(80))));
}

#[test]
fn claims_of_billions_of_samples_cost_and_count_nothing() {
    let all = u32::MAX;
    let tables = |size, offset| {
        vec![
            full(*b"stts", 0, &[all, all, all]),
            full(*b"stsz", 0, &[size, all]),
            full(*b"stsc", 0, &[all, 1, all, 1]),
            full(*b"stco", 0, &[all, offset]),
        ]
    };
    assert_eq!(counts(&mp4(&tables(0, 0), b"", &[])), Err(ProbeError::NoDecodableFrame));
    assert_eq!(counts(&mp4(&tables(1, all), b"", &[])), Err(ProbeError::NoDecodableFrame));
    let file = mp4(&tables(1, 0), b"", &[]);
    assert_eq!(counts(&file).unwrap().0, u32::try_from(file.len()).unwrap());
}

#[test]
fn a_sync_table_without_entries_means_no_key_frame() {
    let tables = [
        full(*b"stss", 0, &[0]),
        full(*b"stsz", 0, &[5, 2]),
        full(*b"stsc", 0, &[1, 1, 2, 1]),
        full(*b"stco", 0, &[1, 0]),
    ];
    assert_eq!(counts(&mp4(&tables, b"", &[])), Err(ProbeError::NoKeyFrame));
}

/// Defaults of track 7: 40 ms, 6 bytes, not a sync sample.
fn extends() -> Vec<u8> {
    boxed(*b"mvex", &full(*b"trex", 0, &[7, 1, 40, 6, 0x0101_0000]))
}

fn fragment(tfhd: Vec<u8>, truns: &[Vec<u8>]) -> Vec<u8> {
    let traf = boxed(*b"traf", &[tfhd, truns.concat()].concat());
    boxed(*b"moof", &[full(*b"mfhd", 0, &[1]), traf].concat())
}

#[test]
fn fragments_fall_back_to_the_defaults_of_fragment_and_track() {
    let data = boxed(*b"mdat", &[0; 200]);
    // first sample a key frame by its own flags, sizes and durations from the track
    let plain = fragment(full(*b"tfhd", 0, &[7]), &[full(*b"trun", 5, &[5, 100, 0x0200_0000])]);
    // duration, size and flags of the fragment; two runs behind one another
    let own = fragment(
        full(*b"tfhd", 0x38, &[7, 10, 4, 0x0200_0000]),
        &[full(*b"trun", 1, &[2, 150]), full(*b"trun", 0, &[3])],
    );
    // every field per sample
    let each = fragment(
        full(*b"tfhd", 0, &[7]),
        &[full(*b"trun", 0xf01, &[2, 120, 20, 9, 0x0200_0000, 0, 30, 9, 0x0101_0000, 5])],
    );
    let other = fragment(full(*b"tfhd", 0, &[8]), &[full(*b"trun", 1, &[50, 100])]);
    let file = |fragments: &[&Vec<u8>]| {
        let rest: Vec<u8> = fragments.iter().flat_map(|f| [f.as_slice(), &data].concat()).collect();
        mp4(&[], &extends(), &rest)
    };
    assert_eq!(counts(&file(&[&plain])), Ok((5, 1, millis(200))));
    assert_eq!(counts(&file(&[&own])), Ok((5, 5, millis(50))));
    assert_eq!(counts(&file(&[&each])), Ok((2, 1, millis(50))));
    assert_eq!(counts(&file(&[&plain, &other, &own, &each])), Ok((12, 7, millis(300))));
    assert_eq!(counts(&file(&[&other])), Err(ProbeError::NoDecodableFrame));
}

#[test]
fn a_fragment_that_claims_more_than_the_file_has_counts_what_is_there() {
    let claim =
        fragment(full(*b"tfhd", 0, &[7]), &[full(*b"trun", 5, &[u32::MAX, 0, 0x0200_0000])]);
    let file = mp4(&[], &extends(), &claim);
    assert_eq!(counts(&file).unwrap().0, u32::try_from(claim.len() / 6).unwrap());
    let before = fragment(full(*b"tfhd", 0, &[7]), &[full(*b"trun", 1, &[9, 0x8000_0000])]);
    assert_eq!(counts(&mp4(&[], &extends(), &before)), Err(ProbeError::NoDecodableFrame));
    let no_keys = fragment(full(*b"tfhd", 0, &[7]), &[full(*b"trun", 1, &[3, 0])]);
    assert_eq!(counts(&mp4(&[], &extends(), &no_keys)), Err(ProbeError::NoKeyFrame));
}

#[test]
fn boxes_with_absurd_sizes_end_the_walk() {
    let good = mp4(&[], b"", &[]);
    for size in [0u32, 1, 2, 7, u32::MAX] {
        for at in (0..good.len() - 4).step_by(4) {
            let mut file = good.clone();
            file[at..at + 4].copy_from_slice(&size.to_be_bytes());
            assert!(probe(&file, Container::Mp4).is_err());
        }
    }
    let huge = [&1u32.to_be_bytes()[..], b"ftyp", &u64::MAX.to_be_bytes(), &good].concat();
    assert_eq!(probe(&huge, Container::Mp4), Err(ProbeError::NoDecodableFrame));
}
