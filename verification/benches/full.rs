//! What comparing all pictures of a 2 s segment costs beside decoding it: block means of 60 pictures,
//! detail of 3 and quality of 8 at 1280x720.
#![allow(missing_docs, reason = "criterion makes the entry point")]

use criterion::{Criterion, criterion_group, criterion_main};
use std::hint::black_box;
use waymark_media::pixels::{Grid, Grids, Lattice, Luma};
use waymark_verification::full::{Features, Quality, Whole, measure, sharpen};

fn grids() -> Grids {
    let frame = |k: u16| {
        let plane: Vec<u16> = (0..576).map(|cell| (cell * 97 + k * 331) % 60_000).collect();
        let pts = i64::from(k) * 3000;
        Grid { pts, key: k == 0, damaged: false, u: plane.clone(), v: plane.clone(), y: plane }
    };
    Grids {
        lattice: Lattice::FINE,
        size: (1280, 720),
        full_range: false,
        frames: (0..60).map(frame).collect(),
        decode_errors: 0,
    }
}

fn plane() -> Luma {
    let sample = |i: u32| (((i % 1280) * 7) ^ ((i / 1280) * 13)).to_le_bytes()[0];
    Luma { pts: 0, width: 1280, height: 720, samples: (0..1280 * 720).map(sample).collect() }
}

fn full(c: &mut Criterion) {
    let (grids, mapping) = (grids(), (0..60).map(Some).collect::<Vec<_>>());
    c.bench_function("block means of 60 pictures", |b| {
        b.iter(|| measure(black_box(&grids), black_box(&grids), &mapping));
    });
    let plane = plane();
    let whole = [0, 1, 2].map(|frame| Whole { frame, source: &plane, rendition: &plane });
    c.bench_function("detail of 3 pictures, 1280x720", |b| {
        b.iter(|| sharpen(&mut Features::default(), black_box(&whole)));
    });
    c.bench_function("quality of 8 pictures, 1280x720", |b| {
        b.iter(|| (0..8).map(|k| Quality::of(k, black_box(&plane), &plane)).collect::<Vec<_>>());
    });
}

criterion_group!(benches, full);
criterion_main!(benches);
