//! The corpus: as many and as different clips as it says, the same each time, and honest ways to transcode them.

use waymark_media::{
    Container, Limits, Reel, Scaling, Tape, Target, TrackKind, inspect, transcode,
};
use waymark_testkit::corpus::{self, Half};

#[test]
fn both_halves_have_more_than_twenty_clips_and_share_none() {
    let (training, unseen) = (corpus::names(Half::Training), corpus::names(Half::Unseen));
    assert!(training.len() > 20 && unseen.len() > 20, "{} and {}", training.len(), unseen.len());
    assert!(training.iter().all(|name| !unseen.contains(name)));
}

#[test]
fn every_clip_decodes_with_the_size_and_sound_it_names() {
    for half in [Half::Training, Half::Unseen] {
        for clip in corpus::clips(half).unwrap() {
            let name = clip.name;
            for segment in [&clip.segment, &clip.previous] {
                let seen = inspect(segment).unwrap_or_else(|error| panic!("{name}: {error}"));
                assert_eq!((seen.width, seen.height), clip.size, "{name}");
                assert_eq!(seen.has_audio, clip.sound, "{name}");
                assert_eq!(seen.luma.len(), seen.pts_us.len(), "{name}");
                let single = name.starts_with("one-picture");
                assert!(single || (29..=120).contains(&seen.frames), "{name}: {}", seen.frames);
            }
            let start = |bytes: &[u8]| Tape::read(bytes).unwrap().starts_at_us(TrackKind::Video);
            let moved = start(&clip.segment).unwrap() - start(&clip.previous).unwrap();
            assert!((1_950_000..=2_001_000).contains(&moved), "{name} follows its past by {moved}");
        }
    }
}

#[test]
fn honest_variants_have_the_frames_and_times_of_a_node() {
    let clip = corpus::clip("old-screen").unwrap();
    for variant in corpus::variants(&clip) {
        let made = variant.make(&clip.segment).unwrap();
        let seen = inspect(&made.bytes).unwrap();
        let name = variant.name;
        assert_eq!((seen.width, seen.height), made.size, "{name}");
        assert_eq!(seen.frames as usize, made.frames, "{name}");
        assert_eq!(seen.audio_packets, inspect(&clip.segment).unwrap().audio_packets, "{name}");
        let nodes =
            transcode(&clip.segment, std::slice::from_ref(&variant.target), &Limits::default())
                .unwrap();
        let node = inspect(&nodes[0].bytes).unwrap();
        assert_eq!((node.pts_us, node.width), (seen.pts_us, seen.width), "{name}");
    }
}

#[test]
fn a_reel_is_fitted_as_a_node_fits_it() {
    for (name, fps) in [("gaps", Some((24, 1))), ("jitter", None), ("one-picture", Some((60, 1)))] {
        let clip = corpus::clip(name).unwrap();
        let target = Target { fps, ..Target::new(320, 180, 300_000) };
        let fitted = Reel::decode(&clip.segment).unwrap().fit(&target, Scaling::Bicubic).unwrap();
        let nodes = transcode(&clip.segment, &[target], &Limits::default()).unwrap();
        let node = inspect(&nodes[0].bytes).unwrap();
        assert_eq!(fitted.len(), node.frames as usize, "{name}");
        let apart = fitted.times_us().iter().zip(&node.pts_us).map(|(a, b)| (a - b).abs()).max();
        assert!(apart.unwrap_or(0) <= 12, "{name}: {apart:?} microseconds apart");
    }
}

#[test]
fn sound_alone_is_a_segment_that_nobody_can_transcode() {
    let sound = corpus::without_video().unwrap();
    assert_eq!(Tape::read(&sound).unwrap().count(TrackKind::Audio), 1);
    assert!(transcode(&sound, &[Target::new(320, 180, 300_000)], &Limits::default()).is_err());
    assert_eq!(corpus::clip("mp4").unwrap().container, Container::Mp4);
}
