use proptest::prelude::*;
use waymark_media::{
    Gop, H264Profile, Target,
    pixels::{Grid, Grids},
};
use waymark_verification::full::{Features, Quality, Spot, Tile};

use super::{pictures::Picture, *};

fn grids() -> impl Strategy<Value = Grids> {
    let means = || prop::collection::vec(any::<u16>(), 6);
    let frame = (any::<i64>(), any::<bool>(), any::<bool>(), means(), means(), means())
        .prop_map(|(pts, key, damaged, y, u, v)| Grid { pts, key, damaged, y, u, v });
    let frames = prop::collection::vec(frame, 0..5);
    (any::<(i8, i8)>(), any::<(u32, u32)>(), any::<bool>(), frames, any::<u32>()).prop_map(
        |(shift, size, full_range, frames, decode_errors)| Grids {
            lattice: Lattice { columns: 3, rows: 2, shift },
            size,
            full_range,
            frames,
            decode_errors,
        },
    )
}

fn keys() -> Task {
    Task::KeyGrids { container: Container::MpegTs, lattice: Lattice::FINE, most: 4 }
}

fn comparison() -> impl Strategy<Value = Comparison> {
    let shows = prop::collection::vec(any::<(i64, Option<i64>)>(), 0..9);
    let drawn = prop::collection::vec(any::<u32>(), 0..9);
    (any::<bool>(), any::<(u8, u8, (i8, i8))>(), shows, drawn).prop_map(
        |(mp4, (columns, rows, shift), shows, drawn)| {
            let (pts, shows) = shows.into_iter().unzip();
            let container = if mp4 { Container::Mp4 } else { Container::MpegTs };
            Comparison { container, lattice: Lattice { columns, rows, shift }, pts, shows, drawn }
        },
    )
}

fn dispute() -> impl Strategy<Value = Dispute> {
    let gop =
        prop_oneof![Just(Gop::Default), Just(Gop::Intra), (0.01_f64..1e6).prop_map(Gop::Seconds),];
    let target = (any::<(i32, i32, u32, Option<(u32, u32)>, Option<u32>)>(), gop).prop_map(
        |((width, height, bitrate, fps, quality), gop)| {
            let h264_profile = Some(H264Profile::ConstrainedHigh);
            Target { fps, gop, quality, h264_profile, ..Target::new(width, height, bitrate) }
        },
    );
    let places = || prop::collection::vec(any::<u32>(), 0..9);
    (comparison(), places(), places(), target, any::<bool>()).prop_map(
        |(comparison, compared, pointed, target, reorders)| Dispute {
            comparison,
            compared,
            pointed,
            target,
            reorders,
        },
    )
}

/// Any numbers but those that equal nothing.
fn compared() -> impl Strategy<Value = Compared> {
    let number = || prop::num::f64::ANY.prop_filter("a number", |number| !number.is_nan());
    let worst = prop::collection::vec(any::<u32>(), 0..5);
    let spot = (number(), any::<(Option<(u8, u8)>, (u32, u32))>(), worst)
        .prop_map(|(value, (block, frames), worst)| Spot { value, block, frames, worst });
    let quality = (any::<u32>(), number(), number()).prop_map(|(frame, ssim, psnr)| Quality {
        frame,
        ssim,
        psnr,
        tiles: vec![Tile { ssim: 0.5, error: 7.0 }; 3],
    });
    (prop::option::of(spot), prop::collection::vec(quality, 0..4)).prop_map(|(fbk, pictures)| {
        Compared { features: Features { fbk, decoded: 7, ..Features::default() }, pictures }
    })
}

proptest! {
    #[test]
    fn disputes_come_out_as_they_went_in(renditions in prop::collection::vec(dispute(), 0..4)) {
        let task = Task::Dispute { source: Container::Mp4, renditions };
        let bytes = frame(&Request { task: task.clone(), files: Vec::new() }).unwrap();
        prop_assert_eq!(read_request(&mut bytes.as_slice(), 0).unwrap().unwrap().0, task);
    }

    #[test]
    fn what_a_dispute_found_comes_out_as_it_went_in(theirs in compared(), ours in compared()) {
        let found = vec![Err("our own encoding: none".to_owned()), Ok(Disputed { theirs, ours })];
        let answer = Answer { cpu_us: 1, outcome: Ok(Measured::Disputed(found)) };
        let bytes = frame(&answer).unwrap();
        prop_assert_eq!(parse_answer(&bytes[4..]).unwrap(), answer);
    }

    #[test]
    fn pictures_come_out_as_they_went_in(grids in grids(), cpu_us in any::<u64>()) {
        let answer = Answer { cpu_us, outcome: Ok(Measured::Grids(grids.clone().into())) };
        let bytes = frame(&answer).unwrap();
        let (head, body) = bytes.split_first_chunk().unwrap();
        prop_assert_eq!(length(*head, MAX_ANSWER).unwrap(), body.len());
        let read = parse_answer(body).unwrap();
        prop_assert_eq!(&read, &answer);
        let Ok(Measured::Grids(pictures)) = read.outcome else { return Ok(()) };
        prop_assert_eq!(Grids::try_from(pictures).unwrap(), grids);
    }

    #[test]
    fn bytes_that_are_no_answer_are_an_error_and_nothing_worse(bytes in any::<Vec<u8>>()) {
        if let Ok(Answer { outcome: Ok(Measured::Grids(pictures)), .. }) = parse_answer(&bytes) {
            Grids::try_from(pictures).ok();
        }
        read_request(&mut bytes.as_slice(), 1000).ok();
    }

    #[test]
    fn files_arrive_whole_and_in_order(files in prop::collection::vec(any::<Vec<u8>>(), 0..4)) {
        let task = keys();
        let lengths = files.iter().map(|f| u32::try_from(f.len()).unwrap()).collect();
        let mut bytes = frame(&Request { task: task.clone(), files: lengths }).unwrap();
        bytes.extend(files.concat());
        let mut rest = bytes.as_slice();
        let (read, received) = read_request(&mut rest, 1 << 16).unwrap().unwrap();
        prop_assert_eq!(read, task);
        prop_assert_eq!(received, files);
        prop_assert!(read_request(&mut rest, 1 << 16).unwrap().is_none(), "the end of the pipe");
    }
}

#[test]
fn a_length_above_the_bound_is_refused_before_anything_is_read() {
    let error = read_request(&mut [0xff_u8; 4].as_slice(), 10).unwrap_err();
    assert_eq!(error.to_string(), "a message of 4294967295 bytes, and 1048576 is the most");
    let request = Request { task: keys(), files: vec![11] };
    let mut bytes = frame(&request).unwrap();
    bytes.extend([0; 11]);
    let error = read_request(&mut bytes.as_slice(), 10).unwrap_err();
    assert_eq!(error.to_string(), "a message of 11 bytes, and 10 is the most");
}

#[test]
fn a_picture_with_too_few_means_is_no_picture() {
    let frame = Picture { pts: 0, key: true, damaged: false, means: vec![0; 17] };
    let pictures = Pictures {
        lattice: Lattice { columns: 3, rows: 2, shift: (0, 0) },
        size: (64, 64),
        full_range: false,
        decode_errors: 0,
        frames: vec![frame],
    };
    let error = Grids::try_from(pictures).unwrap_err();
    assert_eq!(error.to_string(), "a message that makes no sense: blocks and means differ");
}
