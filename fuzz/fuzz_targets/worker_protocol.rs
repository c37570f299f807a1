//! What passes between the gateway and the processes that decode: each side may have been taken over.
//!
//! Input: any bytes; they are read as an answer, and as a request with its files.
#![no_main]

use libfuzzer_sys::fuzz_target;
use waymark::verify::worker::protocol::{
    Answer, MAX_FILES, Measured, Request, Task, frame, parse_answer, read_request,
};
use waymark_fuzz::showable;
use waymark_media::{Container, Target, pixels::{Grids, Lattice}};
use waymark_verification::full::{Conditions, checks, rule};
use waymark_verification::measure::{Compared, Comparison, Dispute};
use waymark_verification::thresholds::Full;
use waymark_verification::{Verdict, full};

/// Largest file that is read, bytes.
const FILE: usize = 1 << 16;

fuzz_target!(|data: &[u8]| {
    match parse_answer(data) {
        Ok(answer) => {
            let again = frame(&answer).expect("what was read can be written");
            // Not a number equals nothing, so bytes are compared.
            let read: Answer = parse_answer(&again[4..]).expect("what was written can be read");
            assert_eq!(frame(&read).expect("written before"), again, "another answer");
            if let Ok(measured) = answer.outcome {
                judge(measured);
            }
        }
        Err(error) => showable(&error),
    }
    let mut rest = data;
    match read_request(&mut rest, FILE) {
        Ok(Some((task, files))) => {
            assert!(files.len() <= MAX_FILES, "{} files", files.len());
            assert!(files.iter().all(|file| file.len() <= FILE), "too large a file");
            let lengths = files.iter().map(|file| file.len() as u32).collect();
            let mut again = frame(&Request { task: task.clone(), files: lengths }).expect("it was read");
            files.iter().for_each(|file| again.extend_from_slice(file));
            let (_, same) = read_request(&mut again.as_slice(), FILE).expect("it was written").expect("it is there");
            assert_eq!(same, files, "other files");
            if let Task::Dispute { renditions, .. } = task {
                renditions.iter().for_each(places);
            }
        }
        Ok(None) => assert!(data.len() < 4, "a request was overlooked"),
        Err(error) => showable(&error),
    }
});

/// Whatever a worker says it measured, judging it is no more than wrong.
fn judge(measured: Measured) {
    match measured {
        Measured::Grids(pictures) => match Grids::try_from(pictures) {
            Ok(grids) => {
                let cells = grids.lattice.cells();
                for grid in &grids.frames {
                    assert!([&grid.y, &grid.u, &grid.v].iter().all(|plane| plane.len() == cells));
                }
            }
            Err(error) => showable(&error),
        },
        Measured::Compared(found) => {
            found.iter().flatten().for_each(|found| drop(judged(found)));
        }
        Measured::Disputed(found) => {
            for found in found.iter().flatten() {
                let verdict = judged(&found.theirs);
                let asked = Dispute {
                    comparison: Comparison {
                        container: Container::MpegTs,
                        lattice: Lattice::FINE,
                        pts: Vec::new(),
                        shows: Vec::new(),
                        drawn: Vec::new(),
                    },
                    compared: found.theirs.pictures.iter().map(|picture| picture.frame).collect(),
                    pointed: full::struck(verdict.checks(), &found.theirs.features),
                    target: Target::new(320, 180, 200_000),
                    reorders: true,
                };
                let ruled = rule(&verdict, &asked, found, &Full::default());
                assert!(ruled.checks().len() > verdict.checks().len(), "a dispute without a check");
            }
        }
        _ => {}
    }
}

fn judged(found: &Compared) -> Verdict {
    checks(found, &Full::default(), Conditions::default()).into_iter().collect()
}

/// A request says where to look; places that are nowhere are nothing.
fn places(asked: &Dispute) {
    let times = asked.comparison.times(&asked.places());
    for time in times {
        let place = asked.comparison.place(time);
        assert!(place.is_none_or(|place| asked.comparison.pts[place] == time), "another picture");
    }
    let (pts, shows) = asked.comparison.pairs();
    assert_eq!(pts.len(), shows.len());
}
