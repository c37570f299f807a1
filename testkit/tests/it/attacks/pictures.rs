//! What a viewer would see.

use waymark_media::{Reel, inspect};
use waymark_testkit::attack::{Attack as A, Family};

use super::{HONEST, INSPECTED, forge, scene, target};

#[test]
fn every_attack_on_pictures_keeps_size_times_and_sound_unless_it_is_about_them() {
    let scene = scene();
    let honest = scene.honest(&target()).unwrap();
    for attack in A::ALL.iter().copied().filter(|attack| attack.is_on_pictures()) {
        let forged = scene.forge_from(attack, &target(), &honest).unwrap();
        let forged = forged.unwrap_or_else(|| panic!("{attack} cannot be made"));
        assert!(forged.material, "{attack} changed nothing");
        assert_ne!(forged.bytes, *HONEST, "{attack}");
        assert_eq!(forged.pixels, 320 * 180 * 60, "{attack} claims what honest work would");
        let seen = inspect(&forged.bytes).unwrap_or_else(|error| panic!("{attack}: {error}"));
        assert_eq!((seen.width, seen.height), (320, 180), "{attack}");
        assert_eq!(seen.audio_packets, INSPECTED.audio_packets, "{attack}");
        let missing = matches!(attack, A::HalfRate | A::PicturesCut | A::TailMissing);
        if missing {
            assert!(seen.frames < 60, "{attack}");
        } else {
            assert_eq!(seen.pts_us, INSPECTED.pts_us, "{attack}");
        }
    }
}

#[test]
fn attacks_do_to_pictures_what_they_say() {
    let luma = |attack| inspect(&forge(attack).bytes).unwrap().luma;
    let black = |luma: &[u8]| luma.iter().filter(|mean| **mean < 20).count();
    assert_eq!(black(&INSPECTED.luma), 0);
    assert_eq!(black(&luma(A::Black)), 60);
    assert_eq!(black(&luma(A::BlackHalf)), 30);
    assert_eq!(black(&luma(A::BlackShort)), 10);
    let frozen = luma(A::Frozen);
    assert!(frozen.iter().all(|mean| mean.abs_diff(frozen[0]) <= 1), "{frozen:?}");
    let brighter = luma(A::Brighter);
    let risen = brighter.iter().zip(&INSPECTED.luma).map(|(a, b)| i16::from(*a) - i16::from(*b));
    assert!(risen.into_iter().all(|by| (12..26).contains(&by)), "{brighter:?}");
    assert_eq!(luma(A::HalfRate).len(), 30);
    assert_eq!(luma(A::PicturesCut).len(), 54);
    assert_eq!(luma(A::TailMissing).len(), 45);
}

#[test]
fn attacks_on_quality_lose_detail_or_fidelity() {
    let scene = scene();
    let honest = scene.honest(&target()).unwrap();
    let difference = |attack| Reel::decode(&forge(attack).bytes).unwrap().difference(&honest);
    let usual = Reel::decode(&HONEST).unwrap().difference(&honest);
    assert!(usual.luma < 4.0, "{usual:?}");
    for attack in [A::UpscaledQuarter, A::UpscaledHalf, A::Blurred] {
        let lost = difference(attack);
        assert!(lost.detail < usual.detail - 0.4, "{attack}: {lost:?}, honest {usual:?}");
    }
    for attack in [A::Starved, A::Meagre, A::Careless, A::Grain] {
        let lost = difference(attack);
        assert!(lost.mse > 1.2 * usual.mse, "{attack}: {lost:?}, honest {usual:?}");
    }
    let sizes = [A::Starved, A::Meagre].map(|attack| forge(attack).bytes.len());
    assert!(sizes.iter().all(|size| size * 2 < HONEST.len()), "{sizes:?} of {}", HONEST.len());
}

#[test]
fn overlays_change_a_part_and_leave_the_rest() {
    let scene = scene();
    let honest = scene.honest(&target()).unwrap();
    let all = A::ALL.iter().copied().filter(|attack| attack.family() == Family::Overlay);
    for attack in all.filter(|attack| !matches!(attack, A::Blend | A::ZoomedSlightly)) {
        let forged = scene.forge_from(attack, &target(), &honest).unwrap().unwrap();
        let seen = inspect(&forged.bytes).unwrap();
        let moved = seen.luma.iter().zip(&INSPECTED.luma).map(|(a, b)| a.abs_diff(*b));
        assert!(moved.into_iter().all(|by| by < 40), "{attack} is not small");
    }
    let hugging = forge(A::ThresholdHugging);
    let moved = Reel::decode(&hugging.bytes).unwrap().difference(&honest).luma;
    assert!((7.0..14.0).contains(&moved), "one block moves by about eleven: {moved}");
}

#[test]
fn an_attack_that_changes_nothing_says_so() {
    use waymark_testkit::{attack::Scene, corpus};
    let still = corpus::clip("flat").unwrap();
    let scene = Scene::open(&still.segment, &still.previous, Some(&still.previous)).unwrap();
    for attack in [A::Frozen, A::Doubled, A::Reversed, A::Late, A::Mirrored, A::Stale] {
        let forged = scene.forge(attack, &target()).unwrap().unwrap();
        assert!(!forged.material, "{attack} on a flat picture");
    }
    assert!(scene.forge(A::Black, &target()).unwrap().unwrap().material);
}
