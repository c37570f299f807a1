//! Keccak-256 of a segment: as chosen for this machine, beside the rate of `keccak-asm` alone.

use std::hint::black_box;

use alloy_primitives::keccak256;
use criterion::{Criterion, Throughput, criterion_group, criterion_main};
use waymark_media::keccak::Keccak;

/// A segment of the load run.
const SEGMENT: usize = 800_000;

fn hashing(criterion: &mut Criterion) {
    let segment = vec![0x47_u8; SEGMENT];
    let keccak = Keccak::fastest();
    let mut group = criterion.benchmark_group("keccak");
    group.throughput(Throughput::Bytes(SEGMENT as u64));
    group.bench_function("keccak-asm", |b| b.iter(|| keccak256(black_box(&segment))));
    for lanes in [1, 2, 4, 8] {
        let segments = vec![segment.as_slice(); lanes];
        group.throughput(Throughput::Bytes((lanes * SEGMENT) as u64));
        group.bench_function(format!("{lanes} together"), |b| {
            b.iter(|| keccak.hash_all(black_box(&segments)));
        });
    }
    group.finish();
}

criterion_group!(benches, hashing);
criterion_main!(benches);
