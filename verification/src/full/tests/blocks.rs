//! All pictures of a rendition on block means.

use super::*;

#[test]
fn what_is_shown_as_it_is_passes_every_check() {
    let source = moving();
    let features = measured(&source, &source);
    assert_eq!(hits(&features), Vec::<&str>::new());
    assert_eq!(features.compared, 60);
    assert!(features.order.is_some() && features.freeze.is_some() && features.gain.is_some());
}

#[test]
fn coding_noise_passes_every_check() {
    let source = moving();
    let mut shown = source.clone();
    for (k, frame) in shown.frames.iter_mut().enumerate() {
        for (i, value) in frame.y.iter_mut().enumerate() {
            *value = value.saturating_add(u16::try_from((i * 7 + k * 13) % 5).unwrap() * 128);
        }
    }
    assert_eq!(hits(&measured(&source, &shown)), Vec::<&str>::new());
}

#[test]
fn a_logo_stays_in_its_block_and_is_named_there() {
    let source = moving();
    let mut shown = source.clone();
    shown.frames.iter_mut().for_each(|frame| lift(&mut frame.y[2 * 32 + 28..][..1], 60));
    let features = measured(&source, &shown);
    assert_eq!(hits(&features), ["A.pbk", "A.fbk"]);
    assert_eq!(features.pbk.unwrap().block, Some((28, 2)));
}

#[test]
fn a_few_foreign_pictures_are_found_and_named() {
    let source = moving();
    let mut shown = source.clone();
    for frame in &mut shown.frames[30..35] {
        frame.y.fill(16 << 8);
    }
    let features = measured(&source, &shown);
    assert!(hits(&features).contains(&"A.fbk"));
    let fbk = features.fbk.as_ref().unwrap();
    assert!(fbk.worst.iter().all(|frame| (30..35).contains(frame)), "{fbk:?}");
    let named = struck(&judge(&features, &Full::default(), Conditions::default()), &features);
    assert!(!named.is_empty() && named.iter().all(|frame| (30..35).contains(frame)), "{named:?}");
}

#[test]
fn pictures_that_are_late_are_in_another_order() {
    let source = moving();
    let mut shown = source.clone();
    shown.frames.insert(0, source.frames[0].clone());
    shown.frames.pop();
    assert_eq!(hits(&measured(&source, &shown)), ["A.order", "A.late"]);
}

#[test]
fn standing_still_is_seen_and_repeats_of_a_higher_rate_are_not() {
    let source = moving();
    let mut shown = source.clone();
    for k in 1..60 {
        if k % 2 == 1 {
            shown.frames[k] = source.frames[k - 1].clone();
        }
    }
    let features = measured(&source, &shown);
    assert!(hits(&features).contains(&"A.freeze"));

    // The same pictures at twice the source's rate, each twice: what was asked for.
    let doubled =
        grids(source.frames.iter().flat_map(|frame| [frame.clone(), frame.clone()]).collect());
    let mapping: Vec<Option<u32>> = (0..120).map(|k| Some(k / 2)).collect();
    assert_eq!(hits(&measure(&source, &doubled, &mapping)), Vec::<&str>::new());
}

#[test]
fn a_short_freeze_is_a_run() {
    let source = moving();
    let mut shown = source.clone();
    for k in 21..26 {
        shown.frames[k] = source.frames[20].clone();
    }
    let features = measured(&source, &shown);
    assert!(hits(&features).contains(&"A.freeze_run"));
    assert_eq!(features.freeze_run.unwrap().frames, (21, 25));
}

#[test]
fn eight_pictures_frozen_show_even_where_hardly_anything_moves() {
    // A speaker in a still room: a twentieth of the pictures changes, by a step or two each time.
    let speaks = |k: u32| {
        let t = f64::from(k);
        picture(k, move |x, y| {
            let (dx, dy) = (x - 0.5 - t / 900.0, y - 0.4);
            120.0 + 90.0 * (-(dx * dx + dy * dy) * 120.0).exp()
        })
    };
    let source = grids((0..60).map(speaks).collect());
    let mut shown = source.clone();
    for (k, frame) in shown.frames.iter_mut().enumerate() {
        if (21..29).contains(&k) {
            frame.y.clone_from(&source.frames[20].y);
        }
        // Coding noise of a step, in other places each time.
        let noise = frame.y.iter_mut().enumerate();
        noise.for_each(|(i, y)| *y += u16::try_from((i * 7 + k * 13) % 5).unwrap() * 64);
    }
    let features = measured(&source, &shown);
    assert_eq!(hits(&features), ["A.late"]);
    assert_eq!(features.late.unwrap().frames.1, 28);
}

#[test]
fn half_the_way_to_the_picture_before_is_not_late() {
    // What an encoder without bits makes of a fade.
    let source = moving();
    let mut shown = source.clone();
    for k in 1..60 {
        let (now, old) = (&source.frames[k].y, &source.frames[k - 1].y);
        shown.frames[k].y = now.iter().zip(old).map(|(a, b)| a.midpoint(*b)).collect();
    }
    assert!(measured(&source, &shown).late.unwrap().value <= Full::default().late);
}

#[test]
fn turned_hues_show_in_one_coloured_block_of_a_grey_scene() {
    let mut source = moving();
    for frame in &mut source.frames {
        frame.u.fill(128 << 8);
        frame.v.fill(128 << 8);
        frame.u[40] = 188 << 8;
    }
    let mut turned = source.clone();
    for frame in &mut turned.frames {
        (frame.u[40], frame.v[40]) = (158 << 8, 180 << 8);
    }
    let features = measured(&source, &turned);
    assert!((features.hue.unwrap().value - 60.0).abs() < 0.2);
    assert!(features.saturation.unwrap().value < 0.01);
    for frame in &mut source.frames {
        frame.u[40] = 128 << 8;
    }
    let grey = measured(&source, &turned);
    assert_eq!((grey.hue, grey.saturation), (None, None));
}

#[test]
fn tone_and_colour_are_measured_apart() {
    let source = moving();
    let mut bright = source.clone();
    bright.frames.iter_mut().for_each(|frame| lift(&mut frame.y, 13));
    assert_eq!(hits(&measured(&source, &bright)), ["A.fy", "A.pbk", "A.offset"]);
    let mut grey = source.clone();
    for frame in &mut grey.frames {
        frame.u.fill(128 << 8);
        frame.v.fill(128 << 8);
    }
    assert_eq!(hits(&measured(&source, &grey)), ["A.fc", "A.pck", "A.saturation"]);
}

#[test]
fn a_full_range_source_is_compared_in_limited_range() {
    let limited = moving();
    let mut full = limited.clone();
    full.full_range = true;
    for frame in &mut full.frames {
        for y in &mut frame.y {
            *y = u16::try_from((u32::from(*y).saturating_sub(4096)) * 255 / 219).unwrap();
        }
        for c in frame.u.iter_mut().chain(&mut frame.v) {
            *c = u16::try_from((i32::from(*c) - 32768) * 255 / 224 + 32768).unwrap();
        }
    }
    let features = measured(&full, &limited);
    assert_eq!(hits(&features), Vec::<&str>::new());
    assert!(features.fy.unwrap().value < 0.1);
}

#[test]
fn misses_of_starved_renditions_are_hints() {
    let source = moving();
    let mut shown = source.clone();
    shown.frames.iter_mut().for_each(|frame| lift(&mut frame.y, 13));
    let features = measured(&source, &shown);
    let conditions = Conditions { starved: true, ..Conditions::default() };
    let checks = judge(&features, &Full::default(), conditions);
    let fy = checks.iter().find(|check| check.id == "A.fy").unwrap();
    assert_eq!((fy.outcome, fy.kind, fy.tier), (Outcome::Fail, Kind::Hint, Tier::Full));
    assert!(fy.ratio.unwrap() > 2.0);
}

#[test]
fn decode_errors_are_a_fact_unless_the_source_has_them_too() {
    let source = moving();
    let mut broken = source.clone();
    broken.frames[7].damaged = true;
    assert_eq!(hits(&measured(&source, &broken)), ["A.decode"]);
    let mut same = source.clone();
    same.decode_errors = 1;
    assert_eq!(hits(&measured(&same, &broken)), Vec::<&str>::new());

    let conditions = Conditions { coded: Some(60), ..Conditions::default() };
    let mut fewer = source.clone();
    fewer.frames.pop();
    let check = &judge(&measured(&source, &fewer), &Full::default(), conditions)[0];
    assert_eq!((check.outcome, check.kind), (Outcome::Fail, Kind::Hard));
    assert_eq!(check.detail, "59 of 60 pictures can be decoded");
}

#[test]
fn nothing_in_common_is_not_a_pass() {
    let source = moving();
    let features = measure(&source, &source, &[]);
    let checks = judge(&features, &Full::default(), Conditions::default());
    assert!(checks[1..].iter().all(|check| check.outcome == Outcome::NotRun));
}
