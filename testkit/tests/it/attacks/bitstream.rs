//! What a parser or a decoder would notice.

use waymark_media::scan::{ScanLimits, scan};
use waymark_media::{Container, VideoCodec, inspect, probe};
use waymark_testkit::attack::{Attack as A, Bomb, Scene};
use waymark_testkit::corpus;

use super::{HONEST, INSPECTED, forge, scene, target};

#[test]
fn codec_size_and_tracks_are_what_the_attack_made_them() {
    let video = |attack| {
        let probed = probe(&forge(attack).bytes, Container::MpegTs);
        probed.unwrap_or_else(|error| panic!("{attack}: {error}")).video
    };
    assert_eq!(video(A::WrongCodec).codec, VideoCodec::Hevc);
    let size = |attack| {
        let seen = inspect(&forge(attack).bytes).unwrap();
        (seen.width, seen.height)
    };
    assert_eq!(size(A::WrongSize), (160, 90));
    assert_eq!(size(A::SourcePassthrough), (640, 360));
    assert_eq!(size(A::CropTrick), (320, 180), "it pretends");
    let scanned = scan(&forge(A::CropTrick).bytes, &ScanLimits::default()).unwrap();
    assert_eq!((scanned.video[0].cropped, scanned.video[0].coded.0), ((320, 180), 640));
    assert!(forge(A::HiddenStream).bytes.len() > HONEST.len() + 100_000);
    assert!(!inspect(&forge(A::NoSound).bytes).unwrap().has_audio);
    assert!(inspect(&forge(A::OtherSound).bytes).unwrap().has_audio);
    assert_eq!(forge(A::InflatedClaim).pixels, 2 * 320 * 180 * 60);
}

#[test]
fn damage_is_noticed_by_a_decoder() {
    let corrupted = inspect(&forge(A::Corrupted).bytes).unwrap();
    assert_ne!(corrupted.luma, INSPECTED.luma);
    let truncated = inspect(&forge(A::Truncated).bytes).unwrap();
    assert!((10..50).contains(&truncated.frames), "{}", truncated.frames);
    assert!(truncated.audio_packets < INSPECTED.audio_packets);
    let without = forge(A::NoKeyFrame).bytes;
    assert!(inspect(&without).map_or(0, |seen| seen.key_frames) == 0);
    let padded = forge(A::Padded).bytes;
    assert!(inspect(&padded).unwrap().luma.iter().all(|mean| *mean < 20));
    assert!(padded.len() * 2 > HONEST.len(), "{} of {}", padded.len(), HONEST.len());
}

#[test]
fn times_are_moved_all_together_or_apart() {
    let shifted = inspect(&forge(A::TimeShifted).bytes).unwrap();
    let moved = shifted.pts_us.iter().zip(&INSPECTED.pts_us).map(|(a, b)| a - b);
    assert!(moved.into_iter().all(|by| by == 10_000_000));
    let apart = inspect(&forge(A::OutOfSync).bytes).unwrap();
    assert_eq!(apart.pts_us, INSPECTED.pts_us, "only the sound is late");
    let sound = |bytes: &[u8]| {
        use waymark_media::{Tape, TrackKind};
        Tape::read(bytes).unwrap().starts_at_us(TrackKind::Audio).unwrap()
    };
    assert_eq!(sound(&forge(A::OutOfSync).bytes) - sound(&HONEST), 300_000);
}

#[test]
fn bombs_are_small_and_claim_much() {
    let scene = scene();
    let bomb = |bomb| scene.bomb(bomb, &target()).unwrap().expect("a bomb").bytes;
    let huge = bomb(Bomb::HugePicture);
    assert!(huge.len() < 2 * HONEST.len());
    if let Ok(probed) = probe(&huge, Container::MpegTs) {
        assert_eq!((probed.video.width, probed.video.height), (16_384, 16_384));
    }
    assert!(bomb(Bomb::TinyPictures).len() > 100_000 * 188);
    assert_ne!(bomb(Bomb::CyclicTables), *HONEST);
}

#[test]
fn what_cannot_be_done_to_a_clip_is_not_done() {
    let clip = corpus::clip("flat-gray").unwrap();
    let scene = Scene::open(&clip.segment, &clip.segment, None).unwrap();
    for attack in [A::Stale, A::NoSound, A::OtherSound, A::OutOfSync] {
        assert!(scene.forge(attack, &target()).unwrap().is_none(), "{attack}");
    }
    let whole = waymark_media::Target::new(640, 360, 400_000);
    assert!(scene.forge(A::CropTrick, &whole).unwrap().is_none(), "nothing to crop");
}

#[test]
fn every_attack_can_be_made_on_a_clip_with_sound_and_a_past() {
    let scene = scene();
    let honest = scene.honest(&target()).unwrap();
    for attack in A::ALL {
        let forged = scene.forge_from(*attack, &target(), &honest).unwrap();
        assert!(forged.is_some_and(|forged| !forged.bytes.is_empty()), "{attack}");
    }
}
