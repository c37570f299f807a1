//! Cost of probing an ordinary segment: 0.8 MB, 720p, two seconds with sound; whole, and no further
//! than its format.

use criterion::{Criterion, Throughput, criterion_group, criterion_main};
use waymark_media::{Container, TestPattern, outline, probe};

fn segment(container: Container) -> Vec<u8> {
    let pattern = TestPattern { bitrate: 3_100_000, container, ..TestPattern::default() };
    let segment = pattern.segments(1).expect("libav can encode").remove(0);
    segment.bytes.to_vec()
}

fn probing(criterion: &mut Criterion) {
    let mut group = criterion.benchmark_group("probe");
    for container in [Container::MpegTs, Container::Mp4] {
        let bytes = segment(container);
        group.throughput(Throughput::Bytes(bytes.len() as u64));
        group.bench_function(container.ext(), |bencher| {
            bencher.iter(|| probe(std::hint::black_box(&bytes), container));
        });
        group.bench_function(format!("{} outline", container.ext()), |bencher| {
            bencher.iter(|| outline(std::hint::black_box(&bytes), container));
        });
    }
    group.finish();
}

criterion_group!(benches, probing);
criterion_main!(benches);
