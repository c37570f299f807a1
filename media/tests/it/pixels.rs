//! Decoded pictures as checks see them, against recorded renditions of which another decoder wrote down the facts.

mod bombs;
mod recorded;

use waymark_media::Container;
use waymark_media::pixels::{Lattice, PixelLimits, all_grids, key_grids};

use self::recorded::{Recorded, WRAP, recorded};

fn limits() -> PixelLimits {
    PixelLimits::default()
}

/// A test pattern of `seconds` with key frames at its start only.
fn pattern(width: u32, height: u32) -> Vec<u8> {
    let pattern =
        waymark_media::TestPattern { width, height, ..waymark_media::TestPattern::default() };
    pattern.segments(1).unwrap().remove(0).bytes.to_vec()
}

#[test]
fn every_recorded_picture_is_seen_once_at_its_time() {
    for file in recorded() {
        let grids = all_grids(&file.bytes, file.container, Lattice::COARSE, &limits()).unwrap();
        let Recorded { name, decoded, cropped, .. } = &file;
        assert_eq!(grids.frames.len(), *decoded, "{name}");
        assert_eq!(grids.size, *cropped, "{name}");
        assert_eq!(grids.decode_errors, 0, "{name}");
        assert!(grids.frames.iter().all(|grid| !grid.damaged), "{name}");
        assert!(grids.frames.windows(2).all(|pair| pair[0].pts < pair[1].pts), "{name}");
        let raw = |at: usize| match file.container {
            Container::MpegTs => grids.frames[at].pts.rem_euclid(WRAP),
            Container::Mp4 => grids.frames[at].pts,
        };
        // where all pictures are decoded, the first and the last are the file's
        if file.decodes_whole() {
            assert_eq!((raw(0), raw(decoded - 1)), file.span, "{name}");
        }
        assert_eq!(grids.full_range, name.starts_with("fullrange") && file.is_source, "{name}");
    }
}

#[test]
fn key_frames_look_the_same_alone_as_among_all() {
    for file in recorded() {
        let keys = key_grids(&file.bytes, file.container, Lattice::FINE, &limits());
        if file.idr.is_empty() {
            assert_eq!(
                keys.unwrap_err().to_string(),
                format!(
                    "none of {} coded pictures is a key frame that decoding can start at",
                    file.units
                )
            );
            continue;
        }
        let keys = keys.unwrap();
        let all = all_grids(&file.bytes, file.container, Lattice::FINE, &limits()).unwrap();
        let among: Vec<_> = all.frames.iter().filter(|grid| grid.key).collect();
        assert_eq!(among.len(), file.idr.len(), "{}", file.name);
        assert_eq!(keys.frames.len(), file.idr.len().min(4), "{}", file.name);
        assert!(keys.frames.iter().all(|key| among.contains(&key)), "{}", file.name);
        assert_eq!(Some(&&keys.frames[0]), among.first(), "{}", file.name);
        assert_eq!(keys.frames.last(), among.last().copied(), "{}", file.name);
    }
}

#[test]
fn a_shifted_lattice_sees_other_means_of_the_same_picture() {
    let bytes = pattern(426, 240);
    let shifted = Lattice { shift: (-37, 64), ..Lattice::FINE };
    let [straight, shifted] = [Lattice::FINE, shifted]
        .map(|lattice| key_grids(&bytes, Container::MpegTs, lattice, &limits()).unwrap());
    assert_ne!(straight.frames[0].y, shifted.frames[0].y);
    let mean =
        |values: &[u16]| values.iter().map(|v| u64::from(*v)).sum::<u64>() / values.len() as u64;
    let [a, b] = [&straight, &shifted].map(|grids| mean(&grids.frames[0].y));
    assert!(a.abs_diff(b) < 3 * 256, "{a} and {b}");
}
