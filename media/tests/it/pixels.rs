//! Decoded pictures as checks see them, against recorded renditions of which another decoder wrote down the facts.

mod bombs;
mod full_size;
mod gradual;
mod recorded;
mod stream;

use waymark_media::Container;
use waymark_media::pixels::{
    Lattice, Pictures, PixelLimits, Request, all_grids, key_grids, pixels,
};
use waymark_media::scan::{KeyEnds, UnitKind};

use self::recorded::{Seen, WRAP, seen};

fn limits() -> PixelLimits {
    PixelLimits::default()
}

/// A test pattern of two seconds with one key frame.
fn pattern(width: u32, height: u32, container: Container) -> Vec<u8> {
    let pattern = waymark_media::TestPattern {
        width,
        height,
        container,
        ..waymark_media::TestPattern::default()
    };
    pattern.segments(1).unwrap().remove(0).bytes.to_vec()
}

#[test]
fn every_recorded_picture_is_seen_once_at_its_time() {
    for Seen { file, grids, .. } in seen() {
        let name = &file.name;
        assert_eq!(grids.frames.len(), file.decoded, "{name}");
        assert_eq!(grids.size, file.cropped, "{name}");
        assert_eq!(grids.decode_errors, 0, "{name}");
        assert!(grids.frames.iter().all(|grid| !grid.damaged), "{name}");
        assert!(grids.frames.windows(2).all(|pair| pair[0].pts < pair[1].pts), "{name}");
        assert_eq!(grids.full_range, name.starts_with("fullrange") && file.is_source, "{name}");
        let raw = |at: usize| match file.container {
            Container::MpegTs => grids.frames[at].pts.rem_euclid(WRAP),
            Container::Mp4 => grids.frames[at].pts,
        };
        if file.decodes_whole() {
            assert_eq!((raw(0), raw(file.decoded - 1)), file.span, "{name}");
        }
    }
}

#[test]
fn times_and_key_frames_are_those_of_the_scan() {
    for Seen { file, scan, grids } in seen() {
        let units = &scan.video[0].units;
        let times = |kept: fn(UnitKind) -> bool| {
            let kept = units.iter().filter(|unit| kept(unit.kind));
            let mut times: Vec<i64> = kept.map(|unit| unit.pts).collect();
            times.sort_unstable();
            times
        };
        let (all, idr) = (times(|_| true), times(|kind| kind == UnitKind::Idr));
        let decoded: Vec<i64> = grids.frames.iter().map(|grid| grid.pts).collect();
        let keys = grids.frames.iter().filter(|grid| grid.key).map(|grid| grid.pts);
        assert_eq!(keys.collect::<Vec<_>>(), idr, "{}", file.name);
        if file.decodes_whole() {
            assert_eq!(decoded, all, "{}", file.name);
        } else {
            assert!(decoded.iter().all(|pts| all.contains(pts)), "{}", file.name);
        }
    }
}

#[test]
fn key_frames_look_the_same_alone_as_among_all() {
    for Seen { file, grids, .. } in seen() {
        let name = &file.name;
        let keys = key_grids(&file.bytes, file.container, grids.lattice, &limits());
        if file.idr.is_empty() {
            let expected = "none of 60 coded pictures is a key frame that decoding can start at";
            assert_eq!(keys.unwrap_err().to_string(), expected, "{name}");
            continue;
        }
        let keys = keys.unwrap();
        let among: Vec<_> = grids.frames.iter().filter(|grid| grid.key).collect();
        assert_eq!(among.len(), file.idr.len(), "{name}");
        assert_eq!(keys.frames.len(), file.idr.len().min(4), "{name}");
        assert!(keys.frames.iter().all(|key| among.contains(&key)), "{name}");
        assert_eq!(keys.frames.first(), among.first().copied(), "{name}");
        assert_eq!(keys.frames.last(), among.last().copied(), "{name}");
    }
}

#[test]
fn key_frames_need_no_more_of_a_file_than_its_scan_says() {
    let mut spared = 0;
    for Seen { file, scan, grids } in seen() {
        if file.idr.is_empty() {
            continue;
        }
        let (KeyEnds { first, last }, bytes) = (scan.video[0].keys, &file.bytes);
        let keys = |bytes, key_frames| {
            let limits = PixelLimits { key_frames, ..limits() };
            key_grids(bytes, file.container, grids.lattice, &limits).unwrap()
        };
        assert_eq!(keys(&bytes[..last], 4), keys(bytes, 4), "{} up to {last}", file.name);
        assert_eq!(keys(&bytes[..first], 1), keys(bytes, 1), "{} up to {first}", file.name);
        if file.container == Container::MpegTs && bytes.len() > 150_000 {
            assert!(first < bytes.len() / 2, "{}: {first} of {}", file.name, bytes.len());
            spared += 1;
        }
    }
    assert!(spared > 0, "no recorded file is long enough to be worth a cut");
}

#[test]
fn pictures_asked_for_by_time_are_those_among_all_and_absent_ones_are_left_out() {
    let Seen { file, grids, .. } = seen().iter().find(|seen| seen.file.idr.len() == 2).unwrap();
    let times: Vec<i64> = [41, 3, 17].map(|n| grids.frames[n].pts).to_vec();
    let asked = [times.as_slice(), &[grids.frames[0].pts - 1]].concat();
    let request = Request { grids: Pictures::At(&asked), ..Request::new(grids.lattice) };
    let found = pixels(&file.bytes, file.container, &request, &limits()).unwrap();
    let expected = [3, 17, 41].map(|n| grids.frames[n].clone());
    assert_eq!(found.grids.frames, expected);
}

#[test]
fn a_shifted_lattice_sees_other_means_of_the_same_picture() {
    let bytes = pattern(426, 240, Container::MpegTs);
    let shifted = Lattice { shift: (-37, 64), ..Lattice::FINE };
    let [straight, shifted] = [Lattice::FINE, shifted]
        .map(|lattice| key_grids(&bytes, Container::MpegTs, lattice, &limits()).unwrap());
    assert_ne!(straight.frames[0].y, shifted.frames[0].y);
    let mean =
        |values: &[u16]| values.iter().map(|v| u64::from(*v)).sum::<u64>() / values.len() as u64;
    let [a, b] = [&straight, &shifted].map(|grids| mean(&grids.frames[0].y));
    assert!(a.abs_diff(b) < 3 * 256, "{a} and {b}");
}

#[test]
fn one_lattice_has_no_blocks() {
    let none = Lattice { columns: 0, ..Lattice::FINE };
    let refused = all_grids(&[0x47; 188], Container::MpegTs, none, &limits()).unwrap_err();
    assert_eq!(refused.to_string(), "a lattice of 0x18 blocks has none: both must be above 0");
}
