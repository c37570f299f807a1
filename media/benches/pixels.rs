//! Cost of looking at a 2 s rendition in 720p beside plainly decoding it: a packet scan with its key frame, and all
//! of its pictures. `cargo bench -p waymark-verification --bench shares` has whole tiers beside it, in one run.

use std::hint::black_box;
use std::time::Duration;

use criterion::{Criterion, criterion_group, criterion_main};
use waymark_media::pixels::{Lattice, PixelLimits, Request, all_grids, key_grids, pixels};
use waymark_media::{Container, Limits, Speed, Target, TestPattern, inspect, transcode};

/// As a node returns it: 2.5 Mbit/s, B pictures, sound.
fn rendition() -> Vec<u8> {
    let pattern = TestPattern { width: 1280, height: 720, ..TestPattern::default() };
    let source = pattern.segments(1).expect("libav can encode").remove(0);
    let limits = Limits { speed: Speed::Veryfast, ..Limits::default() };
    let target = Target::new(1280, 720, 2_500_000);
    transcode(&source.bytes, &[target], &limits).expect("transcodes").remove(0).bytes.to_vec()
}

fn looking(criterion: &mut Criterion) {
    let bytes = rendition();
    let (ts, limits) = (Container::MpegTs, PixelLimits::default());
    let mut group = criterion.benchmark_group("pixels");
    group.sample_size(20).measurement_time(Duration::from_secs(8));
    group.bench_function("plain decode", |bencher| bencher.iter(|| inspect(black_box(&bytes))));
    group.bench_function("key grids", |bencher| {
        bencher.iter(|| key_grids(black_box(&bytes), ts, Lattice::FINE, &limits));
    });
    group.bench_function("all grids", |bencher| {
        bencher.iter(|| all_grids(black_box(&bytes), ts, Lattice::FINE, &limits));
    });
    let times: Vec<i64> = all_grids(&bytes, ts, Lattice::FINE, &limits)
        .map(|grids| grids.frames.iter().step_by(9).map(|grid| grid.pts).collect())
        .expect("decodes");
    let request = Request {
        grids: waymark_media::pixels::Pictures::All,
        lumas: &times,
        ..Request::new(Lattice::FINE)
    };
    group.bench_function("all grids and 7 lumas", |bencher| {
        bencher.iter(|| pixels(black_box(&bytes), ts, &request, &limits));
    });
    group.finish();
}

criterion_group!(benches, looking);
criterion_main!(benches);
