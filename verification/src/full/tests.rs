mod blocks;
mod detail;
mod dispute;
mod hostile;

use std::f64::consts::TAU;

use waymark_media::pixels::{Grid, Grids, Lattice, Luma};

use super::*;
use crate::{
    check::{Check, Kind, Tier},
    thresholds::Full,
    verdict::{Outcome, Verdict},
};

/// A bright spot that wanders over slopes, in 60 pictures.
fn moving() -> Grids {
    let frame = |k: u32| {
        let t = f64::from(k);
        picture(k, move |x, y| {
            let wave = 40.0 * (TAU * (x * 2.0 + y + t / 60.0)).sin();
            let (dx, dy) = (x - (0.2 + t / 100.0), y - 0.5);
            90.0 + wave + 80.0 * (-(dx * dx + dy * dy) * 30.0).exp()
        })
    };
    grids((0..60).map(frame).collect())
}

fn grids(frames: Vec<Grid>) -> Grids {
    Grids { lattice: Lattice::FINE, size: (640, 360), full_range: false, frames, decode_errors: 0 }
}

#[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "samples of a test")]
fn picture(k: u32, luma: impl Fn(f64, f64) -> f64) -> Grid {
    let cells = (0..18).flat_map(|row| (0..32).map(move |column| (column, row)));
    let at = |value: f64| (value.clamp(0.0, 255.0) * 256.0) as u16;
    let place = |(column, row): (i32, i32)| (f64::from(column) / 32.0, f64::from(row) / 18.0);
    Grid {
        pts: i64::from(k) * 3000,
        key: k == 0,
        damaged: false,
        y: cells.clone().map(place).map(|(x, y)| at(luma(x, y))).collect(),
        u: cells.clone().map(place).map(|(x, _)| at(100.0 + 60.0 * x)).collect(),
        v: cells.map(place).map(|(_, y)| at(170.0 - 60.0 * y)).collect(),
    }
}

fn in_order(n: usize) -> Vec<Option<u32>> {
    (0..u32::try_from(n).unwrap()).map(Some).collect()
}

fn measured(source: &Grids, shown: &Grids) -> Features {
    measure(source, shown, &in_order(shown.frames.len()))
}

/// Names of the checks that fail.
fn hits(features: &Features) -> Vec<&'static str> {
    let checks = judge(features, &Full::default(), Conditions::default());
    checks.iter().filter(|check| check.outcome == Outcome::Fail).map(|check| check.id).collect()
}

fn lift(plane: &mut [u16], by: u16) {
    for value in plane {
        *value += by * 256;
    }
}

fn sharpness(source: &Luma, rendition: &Luma) -> Features {
    let mut features = Features::default();
    sharpen(&mut features, &[Whole { frame: 3, source, rendition }]);
    features
}
