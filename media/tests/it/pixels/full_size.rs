//! Luma planes of chosen pictures, and our own encode of what a rendition shows.

use waymark_media::pixels::{
    Lattice, Luma, Pictures, Reference, ReferenceRequest, Request, all_grids, luma_of, pixels,
    reference,
};
use waymark_media::{Container, H264Profile, Scaling, Target};

use super::recorded::{Seen, seen};
use super::{limits, pattern};

/// Peak signal-to-noise ratio in dB.
fn psnr(a: &Luma, b: &Luma) -> f64 {
    assert_eq!((a.pts, a.width, a.height), (b.pts, b.width, b.height));
    let sum: u64 =
        a.samples.iter().zip(&b.samples).map(|(a, b)| u64::from(a.abs_diff(*b)).pow(2)).sum();
    #[allow(clippy::cast_precision_loss, reason = "sums of small pictures")]
    let error = (sum as f64 / a.samples.len() as f64).max(1e-9);
    10.0 * (255.0f64.powi(2) / error).log10()
}

fn named(name: &str) -> &'static Seen {
    seen().iter().find(|seen| seen.file.name == name).unwrap()
}

#[test]
fn a_source_scaled_to_its_rendition_looks_like_it() {
    // a full-range one too, which transcoders map to the limited range
    for stream in ["pattern_360p30_0", "text_360p30_1", "fullrange_240p30_0", "opengop_240p30_0"] {
        let (source, rendition) =
            (named(&format!("{stream}.ts")), named(&format!("{stream}.high180.ts")));
        let times: Vec<i64> =
            rendition.grids.frames.iter().step_by(13).map(|grid| grid.pts).collect();
        let luma = |seen: &Seen| {
            let size = Some(rendition.grids.size);
            luma_of(&seen.file.bytes, seen.file.container, &times, size, &limits()).unwrap()
        };
        let (from_source, from_rendition) = (luma(source), luma(rendition));
        assert_eq!(from_source.len(), times.len(), "{stream}");
        for (a, b) in from_source.iter().zip(&from_rendition) {
            assert!(psnr(a, b) > 25.0, "{stream} at {}: {} dB", a.pts, psnr(a, b));
        }
    }
}

#[test]
fn grids_and_luma_come_from_one_decode() {
    let bytes = pattern(256, 144, Container::Mp4);
    let grids = all_grids(&bytes, Container::Mp4, Lattice::FINE, &limits()).unwrap();
    let times = [0, 31, 59].map(|n| grids.frames[n].pts);
    let request = Request { grids: Pictures::All, lumas: &times, ..Request::new(Lattice::FINE) };
    let both = pixels(&bytes, Container::Mp4, &request, &limits()).unwrap();
    assert_eq!(both.grids, grids);
    let alone = luma_of(&bytes, Container::Mp4, &times, None, &limits()).unwrap();
    assert_eq!(both.lumas, alone);
    assert_eq!(alone.iter().map(|luma| luma.pts).collect::<Vec<_>>(), times);
    assert!(alone.iter().all(|luma| luma.samples.len() == 256 * 144));
}

#[test]
fn only_sizes_that_pictures_have_are_scaled_to() {
    for (size, says) in [
        ((0, 90), "pictures cannot be scaled to 0x90: both must be 1 to 16384"),
        ((16_000, 16_000), "256000000 coded pixels in a picture, at most 16777216 are accepted"),
    ] {
        let refused = luma_of(&[], Container::MpegTs, &[], Some(size), &limits()).unwrap_err();
        assert_eq!(refused.to_string(), says);
    }
}

/// Our encode of what the rendition of this stream shows, for a profile like this one.
fn encoded(alter: impl FnOnce(&mut Target), reorders: bool) -> Reference {
    let (source, rendition) = (named("pattern_360p30_1.ts"), named("pattern_360p30_1.high180.ts"));
    let pts: Vec<i64> = rendition.grids.frames.iter().map(|grid| grid.pts).collect();
    let chosen: Vec<i64> = pts.iter().copied().skip(5).step_by(20).collect();
    let mut target = Target::new(320, 180, 200_000);
    alter(&mut target);
    let request = ReferenceRequest {
        target: &target,
        size: rendition.grids.size,
        pts: &pts,
        shows: &pts,
        lumas: &chosen,
        scaling: Scaling::Bicubic,
        lattice: Lattice::FINE,
        reorders,
    };
    reference(&source.file.bytes, source.file.container, &request, &limits()).unwrap()
}

#[test]
fn a_reference_is_as_good_as_its_bit_rate() {
    let (plenty, little) = (
        encoded(|target| target.bitrate = 1_000_000, true),
        encoded(|target| target.bitrate = 60_000, true),
    );
    assert_eq!(plenty.source, little.source);
    assert_eq!((plenty.source.len(), plenty.encoded.len(), little.encoded.len()), (3, 3, 3));
    assert!(little.bytes < plenty.bytes);
    for ((source, good), bad) in plenty.source.iter().zip(&plenty.encoded).zip(&little.encoded) {
        assert!(psnr(source, good) > 38.0, "{}", psnr(source, good));
        assert!(psnr(source, bad) < psnr(source, good) - 4.0, "{}", psnr(source, bad));
    }
}

#[test]
fn a_reference_keeps_the_order_of_pictures_where_the_rendition_does() {
    let of = |profile, reorders| encoded(|target| target.h264_profile = Some(profile), reorders);
    // The same tools but for B pictures, which constrained high does without in any case.
    let (high, kept) = (of(H264Profile::High, true), of(H264Profile::High, false));
    assert_ne!(high.encoded, kept.encoded);
    assert_eq!(of(H264Profile::ConstrainedHigh, true).encoded, kept.encoded);
}

#[test]
fn a_reference_repeats_pictures_where_the_rendition_does() {
    let source = pattern(256, 144, Container::MpegTs);
    let times: Vec<i64> = all_grids(&source, Container::MpegTs, Lattice::FINE, &limits())
        .map(|grids| grids.frames.iter().map(|grid| grid.pts).collect())
        .unwrap();
    // 60 per second of 30: every picture twice, and the last asked for is not there to be shown
    let pts: Vec<i64> = (0..40).map(|n| times[0] + n * 1_500).collect();
    let shows: Vec<i64> = (0..40).map(|n| times[n / 2] + i64::from(n == 39)).collect();
    let request = ReferenceRequest {
        target: &Target { fps: Some((60, 1)), ..Target::new(128, 72, 400_000) },
        size: (128, 72),
        pts: &pts,
        shows: &shows,
        lumas: &[pts[10], pts[11], pts[38], pts[39]],
        scaling: Scaling::Bilinear,
        lattice: Lattice::COARSE,
        reorders: true,
    };
    let found = reference(&source, Container::MpegTs, &request, &limits()).unwrap();
    assert_eq!((found.encoded.len(), found.grids.frames.len()), (4, 40));
    assert_eq!(found.grids.frames[17].y.len(), Lattice::COARSE.cells());
    let [a, b, c, d] = found.source.as_slice() else { panic!("{}", found.source.len()) };
    assert!(a.samples == b.samples && c.samples == d.samples && a.samples != c.samples);
}
