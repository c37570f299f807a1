//! Cost of scanning an ordinary rendition: 640 kB, 720p, two seconds with sound, with every hash that checks need.

use criterion::{Criterion, Throughput, criterion_group, criterion_main};
use waymark_media::scan::{ScanLimits, scan};
use waymark_media::{Container, TestPattern};

fn scanning(criterion: &mut Criterion) {
    let mut group = criterion.benchmark_group("scan");
    for container in [Container::MpegTs, Container::Mp4] {
        let pattern = TestPattern { bitrate: 2_500_000, container, ..TestPattern::default() };
        let bytes = pattern.segments(1).expect("libav can encode").remove(0).bytes;
        let limits = ScanLimits::default();
        group.throughput(Throughput::Bytes(bytes.len() as u64));
        group.bench_function(container.ext(), |bencher| {
            bencher.iter(|| scan(std::hint::black_box(&bytes), &limits));
        });
    }
    group.finish();
}

criterion_group!(benches, scanning);
criterion_main!(benches);
