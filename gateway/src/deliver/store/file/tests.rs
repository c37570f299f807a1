use proptest::prelude::*;

use super::*;
use crate::buffers::Buffers;

fn segment(n: usize, len: usize) -> Bytes {
    let bytes: Vec<_> =
        (0..len).map(|i| u8::try_from((i * 7 + n * 31 + i / BLOCK) % 251).unwrap()).collect();
    let mut buffer = Buffers::default().take(len);
    buffer.extend(&bytes);
    buffer.freeze()
}

#[test]
fn bytes_of_a_buffer_are_where_the_disk_can_take_them() {
    assert!(is_aligned(&segment(1, 300_000)));
}

/// Stores one segment.
fn alone(file: &Arc<SpillFile>, n: usize, len: usize) -> SpilledSegment {
    file.store(&[segment(n, len)], false).unwrap().pop().unwrap()
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(32))]

    #[test]
    fn whatever_comes_and_goes_each_segment_reads_back(
        steps in prop::collection::vec((
            prop::collection::vec(0..4 * BLOCK, 1..=MOST_AT_ONCE),
            any::<prop::sample::Index>(),
            any::<bool>(),
            any::<bool>(),
        ), 1..20),
    ) {
        let dir = tempfile::tempdir().unwrap();
        let file = Arc::new(SpillFile::create(dir.path()).unwrap());
        let mut kept = Vec::new();
        for (n, (lens, victim, trim, hurry)) in steps.into_iter().enumerate() {
            let segments: Vec<_> = lens.into_iter().map(|len| segment(n, len)).collect();
            kept.extend(file.store(&segments, hurry).unwrap().into_iter().zip(segments));
            for _ in 0..victim.index(3 * MOST_AT_ONCE / 2).min(kept.len()) {
                kept.swap_remove(victim.index(kept.len()));
            }
            if trim {
                file.trim().unwrap();
            }
            for (stored, bytes) in &kept {
                prop_assert_eq!(&stored.read_blocking().unwrap(), bytes);
            }
        }
        kept.clear();
        file.trim().unwrap();
        prop_assert_eq!(file.len(), 0);
    }
}

#[test]
fn blocks_are_used_again_from_the_front() {
    let dir = tempfile::tempdir().unwrap();
    let file = Arc::new(SpillFile::create(dir.path()).unwrap());
    let mut four: Vec<_> = (0..4).map(|n| alone(&file, n, BLOCK)).collect();
    assert!((0..4).zip(&four).all(|(n, segment)| segment.blocks == [n]));
    drop(four.remove(2));
    drop(four.remove(0));
    let scattered = alone(&file, 4, 2 * BLOCK);
    assert_eq!(scattered.blocks, [0, 2]);
    assert_eq!(scattered.read_blocking().unwrap(), segment(4, 2 * BLOCK));
    drop(scattered);
    file.trim().unwrap();
    assert_eq!(file.len(), 4 * BLOCK as u64, "the last is in the way");
    drop(four.remove(1));
    file.trim().unwrap();
    assert_eq!(file.len(), 2 * BLOCK as u64);
}

#[test]
fn what_comes_together_lies_together_where_there_is_room() {
    let dir = tempfile::tempdir().unwrap();
    let file = Arc::new(SpillFile::create(dir.path()).unwrap());
    let (first, between) = (alone(&file, 1, 8 * BLOCK), alone(&file, 2, BLOCK));
    drop(first);
    let lens = [BLOCK + 5, 0, 2 * BLOCK, 3 * BLOCK - 1];
    let segments = lens.map(|len| segment(len, len));
    let mut kept = Vec::new();
    for expected in [0..7, 9..16] {
        let stored = file.store(&segments, false).unwrap();
        let blocks = stored.iter().flat_map(|segment| &segment.blocks).copied();
        assert_eq!(blocks.collect::<Vec<_>>(), expected.collect::<Vec<_>>());
        kept.extend(stored.into_iter().zip(&segments));
    }
    for (stored, bytes) in &kept {
        assert_eq!(&&stored.read_blocking().unwrap(), bytes);
    }
    drop(between);
    assert_eq!(alone(&file, 3, 2 * BLOCK).blocks, [7, 8], "what was left over is used again");
}
