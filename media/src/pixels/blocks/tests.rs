//! Against the plainest way to do it: every sample's share of every block.

use proptest::prelude::*;

use super::*;

/// Mean of the part of a plane inside a rectangle of real borders, as a sum over all samples.
fn naive(plane: &Plane<'_>, lattice: Lattice) -> Vec<f64> {
    let borders = |samples: u32, blocks: u8, shift: i8| -> Vec<f64> {
        let block = f64::from(samples) / f64::from(blocks);
        let inner = (1..blocks).map(|n| block * (f64::from(n) + f64::from(shift) / 256.0));
        std::iter::once(0.0).chain(inner).chain([f64::from(samples)]).collect()
    };
    let across = borders(plane.width, lattice.columns, lattice.shift.0);
    let down = borders(plane.height, lattice.rows, lattice.shift.1);
    let share = |at: u32, from: f64, to: f64| {
        let at = f64::from(at);
        (to.min(at + 1.0) - from.max(at)).max(0.0)
    };
    let mut means = Vec::new();
    for rows in down.windows(2) {
        for columns in across.windows(2) {
            let (mut sum, mut area) = (0.0, 0.0);
            for y in 0..plane.height {
                let high = share(y, rows[0], rows[1]);
                for x in 0..plane.width {
                    let part = high * share(x, columns[0], columns[1]);
                    sum += part * sample(plane, x as usize, y as usize);
                    area += part;
                }
            }
            means.push(sum / area * f64::from(1 << (16 - plane.depth)));
        }
    }
    means
}

fn sample(plane: &Plane<'_>, x: usize, y: usize) -> f64 {
    let row = plane.row(y);
    if plane.depth == 8 {
        f64::from(row[x])
    } else {
        f64::from(u16::from_le_bytes([row[2 * x], row[2 * x + 1]]))
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(200))]

    #[test]
    fn means_are_area_averages_to_half_a_step(
        (width, height) in (1u32..70, 1u32..40),
        (columns, rows) in (1u8..34, 1u8..20),
        shift in (-64i8..=64, -64i8..=64),
        depth in prop::sample::select(vec![8u32, 10, 16]),
        padding in 0usize..9,
        seed in any::<u64>(),
    ) {
        let stride = width as usize * if depth > 8 { 2 } else { 1 } + padding;
        let mask = (1u64 << depth) - 1;
        let mut state = seed | 1;
        let mut data = vec![0u8; stride * height as usize];
        for pair in data.chunks_mut(2) {
            state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1);
            let value = if depth > 8 { (state >> 40) & mask } else { state >> 40 };
            pair.copy_from_slice(&value.to_le_bytes()[..pair.len()]);
        }
        let plane = Plane { data: &data, stride: stride & !usize::from(depth > 8), width, height, depth };
        let lattice = Lattice { columns, rows, shift };
        let means = Divider::new((width, height), lattice).means(&plane);
        let expected = naive(&plane, lattice);
        prop_assert_eq!(means.len(), lattice.cells());
        for (mean, expected) in means.iter().zip(&expected) {
            prop_assert!((f64::from(*mean) - expected).abs() <= 0.5 + 1e-6, "{mean} for {expected}");
        }
    }
}

#[test]
fn borders_between_samples_cut_nothing() {
    // 8x4 samples in 4x2 blocks: whole samples, and a shift of a quarter block makes it fractions
    let data: Vec<u8> = (0..32).map(|n| n * 8).collect();
    let plane = Plane { data: &data, stride: 8, width: 8, height: 4, depth: 8 };
    let straight = Lattice { columns: 4, rows: 2, shift: (0, 0) };
    let means = Divider::new((8, 4), straight).means(&plane);
    assert_eq!(means[..2], [(8 + 64 + 72) * 64, (16 + 24 + 80 + 88) * 64]);
    let moved = Lattice { shift: (64, 0), ..straight };
    let means = Divider::new((8, 4), moved).means(&plane);
    // the first block is 2.5 samples wide: 0, 8 and half of 16 above 64, 72 and half of 80
    assert_eq!(means[0], (8 + 8 + 64 + 72 + 40) * 256 / 5);
}

#[test]
fn a_divider_starts_over_for_each_picture() {
    let (white, black) = ([255u8; 64 * 36], [0u8; 64 * 36]);
    let mut divider = Divider::new((64, 36), Lattice::FINE);
    for data in [&white, &black, &white] {
        let plane = Plane { data, stride: 64, width: 64, height: 36, depth: 8 };
        let expected = u16::from(data[0]) << 8;
        assert!(divider.means(&plane).iter().all(|mean| *mean == expected));
    }
}
