use proptest::prelude::*;

use super::*;

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
    Task::KeyGrids { container: FileKind::MpegTs, lattice: Lattice::FINE.into() }
}

proptest! {
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
        lattice: Blocks { columns: 3, rows: 2, shift: (0, 0) },
        size: (64, 64),
        full_range: false,
        decode_errors: 0,
        frames: vec![frame],
    };
    let error = Grids::try_from(pictures).unwrap_err();
    assert_eq!(error.to_string(), "a message that makes no sense: blocks and means differ");
}
