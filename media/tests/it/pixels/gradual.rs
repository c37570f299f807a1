//! Segments without key frames, whose pictures are refreshed bit by bit.

use std::path::PathBuf;

use waymark_media::Container;
use waymark_media::pixels::{Lattice, PixelError, PixelLimits, all_grids};
use waymark_media::scan::{ScanLimits, scan};

/// Times of the pictures that should decode, and of those that did.
fn seen(name: &str) -> (Vec<i64>, Result<Vec<i64>, PixelError>) {
    let folder = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../verification/tests/refresh");
    let bytes = std::fs::read(folder.join(name)).unwrap();
    let scan = scan(&bytes, &ScanLimits::default()).unwrap();
    let track = &scan.video[0];
    let expected = track.decodable().into_iter().map(|at| track.units[at].pts).collect();
    let limits = PixelLimits::default();
    let grids = all_grids(&bytes, Container::MpegTs, Lattice::COARSE, &limits);
    (expected, grids.map(|grids| grids.frames.iter().map(|grid| grid.pts).collect()))
}

#[test]
fn what_should_decode_of_a_gradual_refresh_does() {
    let sources = [("30b0_1", 42), ("30b2_2", 26), ("45b2_0", 56), ("45b2_2", 12)];
    for (source, pictures) in sources {
        let (expected, decoded) = seen(&format!("refresh{source}.ts"));
        assert_eq!(expected.len(), pictures, "{source}");
        assert_eq!(decoded.unwrap(), expected, "{source}");
    }
}

#[test]
fn where_a_refresh_ends_with_the_segment_not_even_its_last_picture_may_decode() {
    let (expected, decoded) = seen("refresh43b2_1.ts");
    assert_eq!(expected.len(), 1);
    assert!(matches!(decoded, Err(PixelError::NoPicture { units: 62, .. })), "{decoded:?}");
}
