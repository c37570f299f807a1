//! Access units of bit streams built by hand: where they begin, what they are, when they are shown.

use crate::probe::tests::build::{BitWriter, H264Sps, Ts, VIDEO_PID, annex_b, h264_slice};
use crate::scan::{Bounded, Scan, ScanError, ScanLimits, UnitKind, VideoTrack, scan};

const PPS: [u8; 2] = [0x68, 0xce];
const DELIMITER: [u8; 2] = [0x09, 0xf0];
const H264: (u8, u16, &[u8]) = (0x1b, VIDEO_PID, &[]);
const HEVC: (u8, u16, &[u8]) = (0x24, VIDEO_PID, &[]);

/// Scans a stream of these PES packets: time and NAL units.
fn scanned(stream: (u8, u16, &[u8]), packets: &[(u64, &[Vec<u8>])]) -> Scan {
    let mut ts = Ts::new(&[stream]);
    for (pts, nals) in packets {
        ts.pes(VIDEO_PID, 0xe0, *pts, &annex_b(nals));
    }
    scan(&ts.bytes, &ScanLimits::default()).unwrap()
}

fn video(stream: (u8, u16, &[u8]), packets: &[(u64, &[Vec<u8>])]) -> VideoTrack {
    scanned(stream, packets).video.remove(0)
}

fn sets() -> Vec<Vec<u8>> {
    vec![H264Sps::default().nal(), PPS.to_vec()]
}

fn with_sets(nals: &[Vec<u8>]) -> Vec<Vec<u8>> {
    [sets(), nals.to_vec()].concat()
}

/// A slice of a whole frame; kind 7 is intra, 5 predicted.
fn slice(header: u8, kind: u32, number: u32) -> Vec<u8> {
    h264_slice(header, 0, kind, number, None)
}

/// A recovery point after so many frames.
fn recovery(frames: u32) -> Vec<u8> {
    BitWriter::default().u(8, 6).u(8, 1).ue(frames).nal(&[0x06])
}

fn kinds(track: &VideoTrack) -> Vec<UnitKind> {
    track.units.iter().map(|unit| unit.kind).collect()
}

#[test]
fn slices_of_a_picture_are_one_unit_and_what_announces_the_next_is_not() {
    let first = with_sets(&[slice(0x65, 7, 0), h264_slice(0x65, 40, 7, 0, None)]);
    let second = [DELIMITER.to_vec(), slice(0x41, 5, 1), h264_slice(0x41, 40, 5, 1, None)];
    let track = video(H264, &[(9_000, &first), (12_000, &second)]);
    assert_eq!(kinds(&track), [UnitKind::Idr, UnitKind::Other]);
    let bytes = |nals: &[Vec<u8>]| u32::try_from(annex_b(nals).len()).unwrap();
    let found: Vec<u32> = track.units.iter().map(|unit| unit.bytes).collect();
    assert_eq!(found, [bytes(&first), bytes(&second)]);
    assert_eq!((track.coded, track.cropped), ((1920, 1088), (1920, 1080)));
    assert_eq!((track.profile, track.has_parameter_sets), (Some((244, 0)), true));
}

#[test]
fn two_fields_are_one_unit_even_in_packets_of_their_own() {
    let sps = H264Sps { frame_mbs_only: false, ..H264Sps::default() }.nal();
    let field = |header, kind, number, bottom| h264_slice(header, 0, kind, number, Some(bottom));
    let first = [sps, PPS.to_vec(), field(0x65, 7, 0, false)];
    let second = [DELIMITER.to_vec(), field(0x41, 5, 0, true)];
    let third = [DELIMITER.to_vec(), field(0x41, 5, 1, false), field(0x41, 5, 1, true)];
    let track = video(H264, &[(0, &first), (1_800, &second), (3_600, &third)]);
    assert_eq!(kinds(&track), [UnitKind::Idr, UnitKind::Other]);
    assert_eq!(track.units[1].pts, 3_600);
}

#[test]
fn bytes_that_carry_nothing_are_counted_where_they_are() {
    let filler = [vec![0x0c], vec![0xff; 500], vec![0x80]].concat();
    let padded = [slice(0x41, 5, 1), [0, 0, 3].repeat(100)].concat();
    let zeros = [slice(0x41, 5, 2), vec![0; 50]].concat();
    let plain = slice(0x41, 5, 3);
    let packets: [(u64, &[Vec<u8>]); 4] = [
        (0, &with_sets(&[slice(0x65, 7, 0), filler])),
        (3_000, &[padded]),
        (6_000, &[zeros]),
        (9_000, &[plain]),
    ];
    let track = video(H264, &packets);
    let filler: Vec<u32> = track.units.iter().map(|unit| unit.filler).collect();
    assert_eq!(filler, [4 + 502, 300, 50, 0]);
}

#[test]
fn a_recovery_point_counts_from_the_picture_that_is_right() {
    let first = with_sets(&[recovery(2), slice(0x41, 5, 14)]);
    let packets: [(u64, &[Vec<u8>]); 4] = [
        (0, &first),
        (3_000, &[slice(0x41, 5, 15)]),
        // frame numbers of 4 bits begin again
        (6_000, &[slice(0x41, 5, 0)]),
        (9_000, &[slice(0x41, 5, 1)]),
    ];
    let track = video(H264, &packets);
    let other = UnitKind::Other;
    assert_eq!(kinds(&track), [other, other, UnitKind::Entry, other]);
    assert!(track.gradual);
    assert_eq!(track.decodable(), [2, 3]);
}

#[test]
fn leading_pictures_of_an_open_group_are_lost_at_the_start_only() {
    let group = |number| with_sets(&[recovery(0), slice(0x61, 7, number)]);
    let packets: [(u64, &[Vec<u8>]); 6] = [
        (9_000, &group(0)),
        (3_000, &[slice(0x01, 6, 1)]),
        (6_000, &[slice(0x01, 6, 1)]),
        (18_000, &group(1)),
        (12_000, &[slice(0x01, 6, 2)]),
        (15_000, &[slice(0x01, 6, 2)]),
    ];
    let track = video(H264, &packets);
    assert_eq!(track.decodable(), [0, 4, 5, 3]);
    assert_eq!(track.units.iter().filter(|unit| unit.kind == UnitKind::Entry).count(), 2);
    assert!(!track.gradual);
}

#[test]
fn a_second_format_shows_and_the_same_again_does_not() {
    let again = with_sets(&[slice(0x65, 7, 0)]);
    assert!(!video(H264, &[(0, &again), (3_000, &again)]).format_changes);
    let smaller = H264Sps { crop: Some([0, 100, 0, 4]), ..H264Sps::default() }.nal();
    let other = [smaller, PPS.to_vec(), slice(0x65, 7, 0)];
    assert!(video(H264, &[(0, &again), (3_000, &other)]).format_changes);
}

#[test]
fn units_that_share_a_packet_are_spread_up_to_the_next_time() {
    let first = with_sets(&[slice(0x65, 7, 0), slice(0x41, 5, 1), slice(0x41, 5, 2)]);
    let track = video(H264, &[(9_000, &first), (18_000, &[slice(0x41, 5, 3)])]);
    let times: Vec<i64> = track.units.iter().map(|unit| unit.pts).collect();
    assert_eq!(times, [9_000, 12_000, 15_000, 18_000]);
    // without a next time they follow the rate that the stream declares, 30 frames per second
    let track = video(H264, &[(9_000, &first)]);
    let times: Vec<i64> = track.units.iter().map(|unit| unit.pts).collect();
    assert_eq!(times, [9_000, 12_000, 15_000]);
}

#[test]
fn times_run_on_where_their_33_bits_begin_again() {
    let wrap = 1u64 << 33;
    let first = with_sets(&[slice(0x65, 7, 0)]);
    let track = video(H264, &[(wrap - 3_000, &first), (wrap, &[slice(0x41, 5, 1)])]);
    assert_eq!(track.units[1].pts - track.units[0].pts, 3_000);
    assert_eq!(track.units[0].pts, i64::try_from(wrap).unwrap() - 3_000);
}

#[test]
fn an_hevc_stream_has_units_and_entry_points_too() {
    // delimiter, message, then slices with and without the mark of a picture's first
    let delimiter = vec![0x46, 1, 0x50];
    let message = vec![0x4e, 1, 5, 1, 0, 0x80];
    let cra = |first: u8| vec![0x2a, 1, first, 0xaf];
    let leading = vec![0x10, 1, 0x80, 0xaf];
    let first = [delimiter.clone(), message, cra(0x80), cra(0)];
    let packets: [(u64, &[Vec<u8>]); 3] = [
        (9_000, &first),
        (6_000, &[delimiter.clone(), leading]),
        (12_000, &[delimiter, vec![0x26, 1, 0x80, 0xaf]]),
    ];
    let track = video(HEVC, &packets);
    assert_eq!(kinds(&track), [UnitKind::Entry, UnitKind::Other, UnitKind::Idr]);
    assert_eq!(track.decodable(), [0, 2]);
    assert!(!track.has_parameter_sets);
}

#[test]
fn what_no_table_declares_is_stray_and_a_track_without_packets_is_one() {
    let mut ts = Ts::new(&[H264, (0x0f, 0x101, &[]), (0x06, 0x102, &[])]);
    ts.pes(VIDEO_PID, 0xe0, 0, &annex_b(&with_sets(&[slice(0x65, 7, 0)])));
    (1..4).for_each(|time| ts.pes(VIDEO_PID, 0xe0, time, &annex_b(&[slice(0x41, 5, 1)])));
    ts.pes(0x333, 0xc0, 0, b"hidden");
    ts.bytes.extend([0xee; 300]);
    let found = scan(&ts.bytes, &ScanLimits::default()).unwrap();
    assert_eq!((found.video.len(), found.audio.len()), (1, 1));
    assert!(found.audio[0].packets.is_empty());
    assert_eq!(found.others, 2, "declared private data, and the hidden track");
    assert_eq!(found.stray_bytes, 188 + 300);
}

#[test]
fn a_picture_larger_than_allowed_is_named() {
    let mut ts = Ts::new(&[H264]);
    ts.pes(VIDEO_PID, 0xe0, 0, &annex_b(&with_sets(&[slice(0x65, 7, 0)])));
    let limits = ScanLimits { side: 1_280, ..ScanLimits::default() };
    let error = ScanError::Exceeded { what: Bounded::Side, value: 1_920, limit: 1_280 };
    assert_eq!(scan(&ts.bytes, &limits), Err(error));
}

#[test]
fn a_size_that_a_sample_entry_only_claims_is_limited_too() {
    let file = include_bytes!("../../../tests/data/hostile/wide_without_samples.mp4");
    let found = scan(file, &ScanLimits { side: 2_048, ..ScanLimits::default() });
    assert!(matches!(found, Err(ScanError::Exceeded { what: Bounded::Side, .. })), "{found:?}");
}
