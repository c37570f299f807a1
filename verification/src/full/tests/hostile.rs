//! What a decoder that was taken over might say.

use proptest::prelude::*;

use super::*;

prop_compose! {
    fn any_grids()(
        columns in 0_u8..5,
        rows in 0_u8..5,
        full_range: bool,
        decode_errors: u32,
        frames in prop::collection::vec(
            (prop::collection::vec(any::<u16>(), 0..20), 0_usize..20, any::<bool>()), 0..9),
    ) -> Grids {
        let frames = frames.into_iter().map(|(y, cut, damaged)| Grid {
            pts: 0, key: false, damaged, u: y.clone(), v: y[..cut.min(y.len())].to_vec(), y,
        });
        Grids {
            lattice: Lattice { columns, rows, shift: (0, 0) },
            size: (1, 1), full_range, decode_errors, frames: frames.collect(),
        }
    }
}

proptest! {
    #[test]
    fn no_measurement_panics(
        source in any_grids(),
        mut shown in any_grids(),
        same: bool,
        mapping in prop::collection::vec(prop::option::of(prop_oneof![0_u32..9, any::<u32>()]), 0..9),
    ) {
        if same { shown.lattice = source.lattice; }
        let features = measure(&source, &shown, &mapping);
        let checks = judge(&features, &Full::default(), Conditions::default());
        prop_assert_eq!(checks.len(), 15);
        prop_assert!(struck(&checks, &features).len() <= MOST_STRUCK);
    }

    #[test]
    fn no_plane_panics(
        width in 0_u32..70, height in 0_u32..70, missing in 0_usize..2, seed: u8,
    ) {
        let samples = (width * height) as usize;
        let samples = vec![seed; samples.saturating_sub(missing)];
        let plane = Luma { pts: 0, width, height, samples };
        let other = plane.clone();
        Quality::of(0, &plane, &other);
        sharpness(&plane, &other);
    }

}

proptest! {
    // Each case measures four segments.
    #![proptest_config(ProptestConfig::with_cases(16))]

    /// Who is compared with whom does not matter to distances, and a constant lift moves nothing else.
    #[test]
    fn distances_are_symmetric_and_lifts_are_offsets(by in 0_u16..40, seed: u64) {
        let source = moving();
        let mut shown = source.clone();
        for (i, frame) in shown.frames.iter_mut().enumerate() {
            let at = usize::try_from(seed.rotate_left(u32::try_from(i).unwrap()) % 576).unwrap();
            frame.y[at] ^= 0x1fff;
        }
        let (there, back) = (measured(&source, &shown), measured(&shown, &source));
        for id in ["A.fy", "A.pbk", "A.fbk"] {
            let value = |features: &Features| features.of(id).unwrap().value;
            prop_assert!((value(&there) - value(&back)).abs() < 1e-9);
        }
        let mut lifted = source.clone();
        lifted.frames.iter_mut().for_each(|frame| lift(&mut frame.y, by));
        let features = measured(&source, &lifted);
        prop_assert!((features.offset.unwrap().value - f64::from(by)).abs() < 0.01);
        prop_assert!(features.gain.unwrap().value < 0.001);
        prop_assert!(features.freeze.unwrap().value.abs() < f64::EPSILON);
    }
}
