//! The playlists equal those that a stock gateway served for the same pushes.

use super::*;

const RECORDED: &str = include_str!("../../../../tests/data/playlists.json");

fn recorded(group: &str, index: usize) -> String {
    let all: serde_json::Value = serde_json::from_str(RECORDED).unwrap();
    all[group][index]["body"].as_str().unwrap().to_owned()
}

#[test]
fn a_fresh_stream_has_the_recorded_playlists() {
    let mut stream = Stream::new("golden1", (320, 180));
    stream.push_all(0..3);
    assert_eq!(stream.window.master().unwrap(), recorded("fresh", 0));
    for (index, name) in [(1, SOURCE), (2, "P240p30fps16x9"), (3, "P360p30fps16x9")] {
        assert_eq!(stream.window.media(name).unwrap(), recorded("fresh", index));
    }
}

#[test]
fn a_full_window_has_the_recorded_playlist() {
    let mut stream = Stream::new("golden1w", (0, 0));
    stream.push_all(10..18);
    assert_eq!(stream.window.media(SOURCE).unwrap(), recorded("window_after_seq_10_to_17", 0));
}

#[test]
fn pain_19_where_the_recorded_window_shrinks_and_goes_back_this_one_stays() {
    let mut stream = Stream::new("golden1w", (0, 0));
    stream.push_all(10..18);
    let full = recorded("window_after_seq_10_to_17", 0);
    stream.push(17);
    assert_eq!(stream.window.media(SOURCE).unwrap(), full);
    assert_ne!(recorded("window_after_seq_10_to_17", 1), full);
    stream.push(3);
    assert_eq!(stream.window.media(SOURCE).unwrap(), full);
    assert_ne!(recorded("window_after_seq_10_to_17", 2), full);
}
