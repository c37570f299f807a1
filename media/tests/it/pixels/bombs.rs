//! Inputs that are made to cost more than they are worth: refused by name, or read to their end within bounds.

use std::time::Duration;

use proptest::prelude::*;
use waymark_media::Container;
use waymark_media::pixels::{Cap, Lattice, PixelError, PixelLimits, all_grids, key_grids};

use super::recorded::data;
use super::stream::{Stream, sps};
use super::{limits, pattern};

/// What was exceeded, by how much, and the limit.
fn exceeded<T>(refused: Result<T, PixelError>) -> (Cap, u64, u64) {
    match refused {
        Err(PixelError::Limit { cap, value, limit }) => (cap, value, limit),
        Err(other) => panic!("{other}"),
        Ok(_) => panic!("accepted"),
    }
}

#[test]
fn a_header_that_claims_a_huge_picture_is_refused_before_it_is_decoded() {
    let mut bomb = Stream::new(1);
    bomb.picture(90_000, &[&sps(16_384, 16_384), &[0x68, 0xce, 0x38, 0x80], &[0x65, 0x88, 0x84]]);
    let refused = key_grids(bomb.bytes(), Container::MpegTs, Lattice::FINE, &limits());
    assert_eq!(exceeded(refused), (Cap::Pixels, 16_384 * 16_384, 4096 * 4096));
}

#[test]
fn a_header_that_hides_behind_good_pictures_is_refused_too() {
    let mut bomb = Stream::new(1);
    for at in 1..20 {
        bomb.picture(at * 3_000, &[&sps(320, 176), &[0x68, 0xce, 0x38, 0x80], &[0x65, 0x88, 0x84]]);
    }
    bomb.picture(60_000, &[&sps(8_192, 8_192), &[0x41, 0x9a]]);
    let refused = all_grids(bomb.bytes(), Container::MpegTs, Lattice::FINE, &limits());
    assert_eq!(exceeded(refused), (Cap::Pixels, 8_192 * 8_192, 4096 * 4096));
}

#[test]
fn memory_for_decoding_is_counted_by_what_headers_declare() {
    let mut large = Stream::new(1);
    large.picture(0, &[&sps(4_096, 2_304), &[0x68, 0xce, 0x38, 0x80], &[0x65, 0x88, 0x84]]);
    let little = PixelLimits { memory: 100_000_000, ..limits() };
    let refused = all_grids(large.bytes(), Container::MpegTs, Lattice::FINE, &little);
    let (cap, value, limit) = exceeded(refused);
    assert_eq!((cap, limit), (Cap::Memory, 100_000_000));
    assert!(value > 4_096 * 2_304 * 17, "{value}");
}

#[test]
fn a_hundred_thousand_tiny_pictures_are_not_counted_to_the_end() {
    let mut bomb = Stream::new(1);
    bomb.picture(0, &[&sps(64, 64), &[0x68, 0xce, 0x38, 0x80], &[0x65, 0x88, 0x84]]);
    for at in 1..100_000 {
        bomb.picture(at * 30, &[&[0x41, 0x9a]]);
    }
    let refused = all_grids(bomb.bytes(), Container::MpegTs, Lattice::FINE, &limits());
    assert_eq!(exceeded(refused), (Cap::Units, 40_001, 40_000));
}

#[test]
fn more_streams_than_a_segment_has_are_refused() {
    let mut bomb = Stream::new(30);
    bomb.picture(0, &[&sps(64, 64), &[0x68, 0xce, 0x38, 0x80], &[0x65, 0x88, 0x84]]);
    let refused = key_grids(bomb.bytes(), Container::MpegTs, Lattice::FINE, &limits());
    assert_eq!(exceeded(refused), (Cap::Streams, 17, 16));
}

#[test]
fn tables_that_point_at_themselves_end() {
    for pid in [0, Stream::TABLE] {
        let mut cyclic = Stream::with_video_at(pid);
        for at in 0..50 {
            cyclic.picture(at * 3_000, &[&sps(64, 64), &[0x68, 0xce, 0x38, 0x80], &[0x65, 0x88]]);
        }
        let refused = all_grids(cyclic.bytes(), Container::MpegTs, Lattice::FINE, &limits());
        assert!(refused.is_err(), "{pid}");
    }
}

#[test]
fn what_an_honest_file_needs_is_refused_where_less_is_allowed() {
    let bytes = pattern(128, 72, Container::MpegTs);
    let refused = |limits: PixelLimits| {
        exceeded(all_grids(&bytes, Container::MpegTs, Lattice::FINE, &limits))
    };
    let size = bytes.len() as u64;
    assert_eq!(refused(PixelLimits { bytes: 1_000, ..limits() }), (Cap::Bytes, size, 1_000));
    assert_eq!(refused(PixelLimits { streams: 1, ..limits() }), (Cap::Streams, 2, 1));
    assert_eq!(refused(PixelLimits { pixels: 5_000, ..limits() }), (Cap::Pixels, 128 * 80, 5_000));
    assert_eq!(refused(PixelLimits { units: 59, ..limits() }), (Cap::Units, 60, 59));
    assert_eq!(refused(PixelLimits { frames: 9, ..limits() }), (Cap::Frames, 10, 9));
    let (cap, value, limit) = refused(PixelLimits { memory: 400_000, ..limits() });
    assert_eq!((cap, limit), (Cap::Memory, 400_000));
    assert!(value > limit);
    let (cap, _, limit) = refused(PixelLimits { time: Duration::ZERO, ..limits() });
    assert_eq!((cap, limit), (Cap::Time, 0));
}

#[test]
fn the_error_says_what_there_is_too_much_of() {
    let bytes = pattern(128, 72, Container::MpegTs);
    let few = PixelLimits { units: 59, ..limits() };
    let refused = all_grids(&bytes, Container::MpegTs, Lattice::FINE, &few).unwrap_err();
    assert_eq!(refused.to_string(), "60 coded pictures, at most 59 are accepted");
}

#[test]
fn samples_that_share_bytes_cost_no_more_than_the_limit() {
    let little = PixelLimits { memory: 20_000_000, time: Duration::from_secs(5), ..limits() };
    for name in ["overlapping_chunks.mp4", "overlapping_runs.mp4", "in_band_without_size.mp4"] {
        let bytes = data(&format!("hostile/{name}"));
        let seen = all_grids(&bytes, Container::Mp4, Lattice::FINE, &little);
        assert!(seen.is_err(), "{name}");
    }
}

#[test]
fn one_container_is_not_read_as_the_other() {
    let ts = pattern(128, 72, Container::MpegTs);
    let mp4 = pattern(128, 72, Container::Mp4);
    assert!(all_grids(&ts, Container::Mp4, Lattice::FINE, &limits()).is_err());
    assert!(all_grids(&mp4, Container::MpegTs, Lattice::FINE, &limits()).is_err());
    for container in [Container::MpegTs, Container::Mp4] {
        assert!(key_grids(&[], container, Lattice::FINE, &limits()).is_err());
    }
}

#[test]
fn damage_is_seen_where_it_is() {
    let whole = pattern(256, 144, Container::MpegTs);
    let honest = all_grids(&whole, Container::MpegTs, Lattice::COARSE, &limits()).unwrap();
    assert!(honest.decode_errors == 0 && honest.frames.iter().all(|grid| !grid.damaged));
    let mut spoilt = whole;
    let middle = spoilt.len() / 2;
    for byte in &mut spoilt[middle..middle + 4_000] {
        *byte ^= if *byte == 0x47 { 0 } else { 0x5a };
    }
    let seen = all_grids(&spoilt, Container::MpegTs, Lattice::COARSE, &limits()).unwrap();
    let damaged = seen.frames.iter().filter(|grid| grid.damaged).count();
    assert!(damaged > 0 || seen.decode_errors > 0);
    assert!(!seen.frames[0].damaged, "nothing before the damage is");
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn random_bytes_are_refused(
        bytes in prop::collection::vec(any::<u8>(), 0..4_000),
        mp4 in any::<bool>(),
    ) {
        let container = if mp4 { Container::Mp4 } else { Container::MpegTs };
        prop_assert!(all_grids(&bytes, container, Lattice::COARSE, &limits()).is_err());
    }

    #[test]
    fn a_file_that_is_cut_or_spoilt_gives_what_is_left_or_an_error(
        keep in 0.0..1.0f64,
        spoilt in prop::collection::vec((any::<prop::sample::Index>(), any::<u8>()), 0..20),
        mp4 in any::<bool>(),
    ) {
        let (name, container) = if mp4 {
            ("mp4_240p30_0.p90_25.mp4", Container::Mp4)
        } else {
            ("late_audio_short_tail_2.ts", Container::MpegTs)
        };
        let mut bytes = data(name);
        #[allow(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "a share")]
        #[allow(clippy::cast_precision_loss, reason = "of a small file")]
        bytes.truncate((bytes.len() as f64 * keep) as usize);
        if bytes.is_empty() {
            return Ok(());
        }
        for (at, byte) in spoilt {
            let at = at.index(bytes.len());
            bytes[at] = byte;
        }
        if let Ok(grids) = all_grids(&bytes, container, Lattice::COARSE, &limits()) {
            prop_assert!(grids.frames.len() <= 200);
            prop_assert!(grids.frames.is_sorted_by_key(|grid| grid.pts));
        }
    }
}
