use std::fs;

use prometheus::Registry;
use proptest::prelude::*;

use super::shelf::{Found, Work};
use super::*;

/// A store whose disk works only when the test says so.
struct Bench {
    _dir: tempfile::TempDir,
    path: PathBuf,
    shelf: Arc<Shelf>,
    disk: spill::Disk,
}

impl Bench {
    fn new(budget: u64, backlog: u64) -> Self {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("hls");
        spill::clear(&path).unwrap();
        let metrics = StoreMetrics::register(&Registry::new()).unwrap();
        let config = StoreConfig { budget, backlog, dir: path.clone() };
        let shelf = Arc::new(Shelf::new(config, metrics));
        Self { _dir: dir, path, shelf, disk: spill::Disk::default() }
    }

    fn put(&self, bytes: Vec<u8>) -> SegmentRef {
        let len = bytes.len() as u64;
        let id = self.shelf.put(bytes.into(), len);
        SegmentRef(Arc::new(Handle { shelf: Arc::clone(&self.shelf), id, len }))
    }

    /// Lets the writer do everything there is to do.
    fn settle(&mut self) {
        while let Some(work) = self.shelf.next_work() {
            self.disk.carry_out(&self.shelf, work);
        }
    }

    /// Files with something in them; empty ones wait for the next segment.
    fn files(&self) -> usize {
        let full = |entry: &fs::DirEntry| entry.metadata().is_ok_and(|m| m.len() > 0);
        fs::read_dir(&self.path).map_or(0, |files| files.flatten().filter(full).count())
    }

    fn memory(&self) -> i64 {
        self.shelf.metrics().memory_bytes.get()
    }

    fn on_disk(&self) -> i64 {
        self.shelf.metrics().disk_bytes.get()
    }
}

fn is_dropped(segment: &SegmentRef) -> bool {
    matches!(segment.0.shelf.find(segment.0.id), Found::Dropped)
}

#[tokio::test]
async fn within_the_budget_nothing_touches_the_disk() {
    let mut bench = Bench::new(100, 0);
    let segment = bench.put(vec![1; 100]);
    bench.settle();
    assert_eq!((bench.memory(), bench.on_disk(), bench.files()), (100, 0, 0));
    assert_eq!(segment.read().await.unwrap(), vec![1; 100]);
}

#[tokio::test]
async fn over_the_budget_the_oldest_go_to_files_and_read_back_whole() {
    let mut bench = Bench::new(100, 1000);
    let segments: Vec<_> = (0u8..5).map(|n| bench.put(vec![n; 40])).collect();
    assert_eq!(bench.memory(), 200, "putting does not wait for the disk");
    bench.settle();
    assert_eq!((bench.memory(), bench.on_disk(), bench.files()), (80, 120, 3));
    for (n, segment) in (0u8..).zip(&segments) {
        assert_eq!(segment.read().await.unwrap(), vec![n; 40]);
    }
}

#[tokio::test]
async fn the_last_reference_takes_memory_and_file_along() {
    let mut bench = Bench::new(50, 1000);
    let (old, new) = (bench.put(vec![1; 40]), bench.put(vec![2; 40]));
    bench.settle();
    let again = old.clone();
    drop(old);
    bench.settle();
    assert_eq!(bench.files(), 1, "a clone still needs the file");
    drop((again, new));
    bench.settle();
    assert_eq!((bench.memory(), bench.on_disk(), bench.files()), (0, 0, 0));
}

#[tokio::test]
async fn files_are_used_again_but_never_one_that_is_being_read() {
    let mut bench = Bench::new(0, 1000);
    let names = |bench: &Bench| {
        let files = fs::read_dir(&bench.path).unwrap().map(|e| e.unwrap().file_name());
        files.collect::<std::collections::BTreeSet<_>>()
    };
    let first = bench.put(vec![1; 400]);
    bench.settle();
    let before = names(&bench);
    let reader = bench.shelf.find(first.0.id);
    drop(first);
    bench.settle();
    let second = bench.put(vec![2; 40]);
    bench.settle();
    let Found::File(file) = reader else { panic!("the segment is in a file") };
    assert_eq!(file.read(400).await.unwrap(), vec![1; 400]);
    let with_both = names(&bench);
    drop(second);
    bench.settle();
    let third = bench.put(vec![3; 4]);
    bench.settle();
    assert_eq!(third.read().await.unwrap(), vec![3; 4]);
    assert!(names(&bench).is_subset(&with_both) && names(&bench).is_disjoint(&before));
}

#[tokio::test]
async fn a_slice_is_charged_for_the_buffer_it_pins() {
    let dir = tempfile::tempdir().unwrap();
    let config = StoreConfig::in_dir(dir.path());
    let store = SegmentStore::open(config, &Registry::new()).unwrap();
    let buffer = Bytes::from(vec![0; 4096]);
    let segment = store.put(buffer.slice(..10), 4096);
    assert_eq!(store.shelf.metrics().memory_bytes.get(), 4096);
    assert_eq!(segment.len(), 10);
}

#[tokio::test]
async fn a_disk_that_does_not_keep_up_costs_the_oldest_segments_not_memory() {
    let bench = Bench::new(100, 60);
    let segments: Vec<_> = (0u8..10).map(|n| bench.put(vec![n; 40])).collect();
    assert_eq!(bench.memory(), 160);
    assert_eq!(bench.shelf.metrics().dropped_slow.get(), 6);
    assert_eq!(segments[0].read().await.unwrap_err().kind(), io::ErrorKind::NotFound);
    assert_eq!(segments[9].read().await.unwrap(), vec![9; 40]);
}

#[tokio::test]
async fn one_segment_larger_than_everything_is_written_not_dropped() {
    let mut bench = Bench::new(10, 10);
    let segment = bench.put(vec![3; 1000]);
    bench.settle();
    assert_eq!((bench.memory(), bench.on_disk()), (0, 1000));
    assert_eq!(segment.read().await.unwrap(), vec![3; 1000]);
}

#[tokio::test]
async fn a_failing_disk_drops_the_oldest_and_recovers() {
    let mut bench = Bench::new(50, 1000);
    fs::remove_dir(&bench.path).unwrap();
    let (old, new) = (bench.put(vec![1; 40]), bench.put(vec![2; 40]));
    bench.settle();
    assert!(is_dropped(&old));
    assert_eq!(bench.shelf.metrics().dropped_failed.get(), 1);
    assert_eq!(bench.memory(), 40);
    assert_eq!(new.read().await.unwrap(), vec![2; 40]);

    fs::create_dir(&bench.path).unwrap();
    let newest = bench.put(vec![3; 40]);
    bench.settle();
    assert_eq!((bench.files(), bench.memory()), (1, 40));
    assert_eq!(new.read().await.unwrap(), vec![2; 40]);
    assert_eq!(newest.read().await.unwrap(), vec![3; 40]);
}

#[tokio::test]
async fn a_segment_that_goes_while_it_is_written_leaves_no_file() {
    let mut bench = Bench::new(0, 1000);
    let segment = bench.put(vec![1; 40]);
    let work = bench.shelf.next_work().unwrap();
    assert!(matches!(work, Work::Write { .. }));
    drop(segment);
    bench.disk.carry_out(&bench.shelf, work);
    bench.settle();
    assert_eq!((bench.memory(), bench.on_disk(), bench.files()), (0, 0, 0));
}

#[tokio::test]
async fn a_file_that_was_tampered_with_is_an_error_and_counted() {
    let mut bench = Bench::new(0, 1000);
    let segment = bench.put(vec![1; 40]);
    bench.settle();
    let file = fs::read_dir(&bench.path).unwrap().next().unwrap().unwrap().path();
    fs::write(&file, b"short").unwrap();
    assert_eq!(segment.read().await.unwrap_err().kind(), io::ErrorKind::InvalidData);
    fs::remove_file(&file).unwrap();
    assert_eq!(segment.read().await.unwrap_err().kind(), io::ErrorKind::NotFound);
    assert_eq!(bench.shelf.metrics().read_errors.get(), 2);
}

#[tokio::test]
async fn players_that_read_one_file_together_share_one_buffer() {
    let mut bench = Bench::new(0, 1000);
    let segment = bench.put(vec![1; 4000]);
    bench.settle();
    let (one, two) = tokio::join!(segment.read(), segment.read());
    assert_eq!(one.unwrap().as_ptr(), two.unwrap().as_ptr());
}

#[tokio::test]
async fn the_store_clears_what_an_earlier_process_left_and_nothing_else() {
    let dir = tempfile::tempdir().unwrap();
    fs::write(dir.path().join("segment-abc.part"), b"old").unwrap();
    fs::write(dir.path().join("notes.txt"), b"mine").unwrap();
    let _store = SegmentStore::open(StoreConfig::in_dir(dir.path()), &Registry::new()).unwrap();
    let left: Vec<_> = fs::read_dir(dir.path()).unwrap().map(|e| e.unwrap().file_name()).collect();
    assert_eq!(left, ["notes.txt"]);
}

#[test]
fn a_directory_that_cannot_be_used_is_an_error_at_start() {
    let file = tempfile::NamedTempFile::new().unwrap();
    let error = SegmentStore::open(StoreConfig::in_dir(file.path()), &Registry::new()).unwrap_err();
    assert!(matches!(error, StoreError::Directory { .. }), "{error}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_thread_writes_and_ends_with_the_store() {
    let dir = tempfile::tempdir().unwrap();
    let config = StoreConfig { budget: 0, ..StoreConfig::in_dir(dir.path()) };
    let store = SegmentStore::open(config, &Registry::new()).unwrap();
    let segments: Vec<_> = (0u8..20).map(|n| store.put(vec![n; 1000].into(), 1000)).collect();
    let metrics = store.shelf.metrics().clone();
    while metrics.disk_segments.get() < 20 {
        tokio::task::yield_now().await;
    }
    for (n, segment) in (0u8..).zip(&segments) {
        assert_eq!(segment.read().await.unwrap(), vec![n; 1000]);
    }
    drop(store);
    assert_eq!(segments[0].read().await.unwrap(), vec![0; 1000], "references outlive the store");
    drop(segments);
    assert_eq!(fs::read_dir(dir.path()).unwrap().count(), 0);
}

#[derive(Debug, Clone)]
enum Step {
    Put { size: usize, pinned: u64 },
    Drop(prop::sample::Index),
    WriterRuns,
}

fn steps() -> impl Strategy<Value = Vec<Step>> {
    let step = prop_oneof![
        4 => (0usize..300, 0u64..100).prop_map(|(size, pinned)| Step::Put { size, pinned }),
        2 => any::<prop::sample::Index>().prop_map(Step::Drop),
        1 => Just(Step::WriterRuns),
    ];
    prop::collection::vec(step, 0..60)
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn the_account_is_exact_after_any_history(steps in steps()) {
        let (budget, backlog) = (500, 300);
        let mut bench = Bench::new(budget, backlog);
        let mut alive: Vec<(SegmentRef, u64)> = Vec::new();
        for step in steps {
            match step {
                Step::Put { size, pinned } => {
                    let held = size as u64 + pinned;
                    let id = bench.shelf.put(vec![0; size].into(), held);
                    let handle = Handle { shelf: Arc::clone(&bench.shelf), id, len: size as u64 };
                    alive.push((SegmentRef(Arc::new(handle)), held));
                }
                Step::Drop(index) if !alive.is_empty() => {
                    alive.swap_remove(index.index(alive.len()));
                }
                Step::Drop(_) => {}
                Step::WriterRuns => bench.settle(),
            }
            let (mut memory, mut disk) = (0, 0);
            for (segment, held) in &alive {
                match bench.shelf.find(segment.0.id) {
                    Found::Memory(_) => memory += held,
                    Found::File(file) => disk += file.len(),
                    Found::Dropped => {}
                }
            }
            prop_assert_eq!(u64::try_from(bench.memory()).unwrap(), memory);
            prop_assert_eq!(u64::try_from(bench.on_disk()).unwrap(), disk);
            prop_assert!(memory <= budget + backlog + 400);
        }
        bench.settle();
        prop_assert!(u64::try_from(bench.memory()).unwrap() <= budget);
        alive.clear();
        bench.settle();
        prop_assert_eq!((bench.memory(), bench.on_disk(), bench.files()), (0, 0, 0));
    }
}
