use std::fs;

use prometheus::Registry;
use proptest::prelude::*;

use super::file::SpillFile;
use super::shelf::{Found, Work};
use super::*;

/// A store whose disk works only when the test says so.
struct Bench {
    shelf: Arc<Shelf>,
    disk: spill::Disk,
}

impl Bench {
    fn new(budget: u64, backlog: u64) -> Self {
        let dir = tempfile::tempdir().unwrap();
        let metrics = StoreMetrics::register(&Registry::new()).unwrap();
        let shelf = Arc::new(Shelf::new(budget, backlog, metrics));
        Self { shelf, disk: spill::Disk::on(SpillFile::create(dir.path()).unwrap()) }
    }

    fn put(&self, bytes: Vec<u8>) -> SegmentRef {
        let len = bytes.len() as u64;
        let id = self.put_holding(bytes, len);
        SegmentRef(Arc::new(Handle { shelf: Arc::clone(&self.shelf), id, len }))
    }

    fn put_holding(&self, bytes: Vec<u8>, held: u64) -> u64 {
        self.shelf.put_all(std::iter::once((bytes.into(), held))).pop().unwrap()
    }

    /// Lets the writer do everything there is to do.
    fn settle(&mut self) {
        while let Some(work) = self.shelf.next_work() {
            self.disk.carry_out(&self.shelf, work);
        }
    }

    /// Segments in the file.
    fn files(&self) -> i64 {
        self.shelf.metrics().disk_segments.get()
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
async fn what_comes_over_the_budget_goes_to_the_file_and_reads_back_whole() {
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
    let (kept, written) = (bench.put(vec![1; 40]), bench.put(vec![2; 40]));
    bench.settle();
    let again = written.clone();
    drop(written);
    bench.settle();
    assert_eq!(bench.files(), 1, "a clone still needs it");
    drop((again, kept));
    bench.settle();
    assert_eq!((bench.memory(), bench.on_disk(), bench.files()), (0, 0, 0));
}

#[tokio::test]
async fn the_place_of_a_segment_is_used_again_but_never_while_it_is_being_read() {
    let mut bench = Bench::new(0, 1000);
    let first = bench.put(vec![1; 400]);
    bench.settle();
    let Found::File(reader) = bench.shelf.find(first.0.id) else { panic!("it is in the file") };
    drop(first);
    let second = bench.put(vec![2; 400]);
    bench.settle();
    let length = bench.disk.file.len();
    assert_eq!(reader.read().await.unwrap(), vec![1; 400]);
    let third = bench.put(vec![3; 400]);
    bench.settle();
    assert_eq!(bench.disk.file.len(), length, "the third is where the first was");
    assert_eq!(second.read().await.unwrap(), vec![2; 400]);
    assert_eq!(third.read().await.unwrap(), vec![3; 400]);
}

#[tokio::test]
async fn a_slice_is_charged_for_the_buffer_it_pins() {
    let dir = tempfile::tempdir().unwrap();
    let config = StoreConfig::in_dir(dir.path());
    let store = SegmentStore::open(config, &Registry::new()).unwrap();
    let buffer = Bytes::from(vec![0; 4096]);
    let segment = store.put_all([(buffer.slice(..10), 4096)]).pop().unwrap();
    assert_eq!(store.shelf.metrics().memory_bytes.get(), 4096);
    assert_eq!(segment.len(), 10);
}

#[tokio::test]
async fn a_disk_that_does_not_keep_up_costs_segments_not_memory() {
    let bench = Bench::new(100, 60);
    let segments: Vec<_> = (0u8..10).map(|n| bench.put(vec![n; 40])).collect();
    assert_eq!(bench.memory(), 160);
    assert_eq!(bench.shelf.metrics().dropped_slow.get(), 6);
    assert_eq!(segments[0].read().await.unwrap(), vec![0; 40], "there was room for it");
    assert_eq!(segments[2].read().await.unwrap_err().kind(), io::ErrorKind::NotFound);
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
async fn a_failing_disk_drops_what_does_not_fit_and_recovers() {
    let mut bench = Bench::new(50, 1000);
    let full = fs::OpenOptions::new().write(true).open("/dev/full").unwrap();
    let good = std::mem::replace(&mut bench.disk.file, Arc::new(SpillFile::over(full)));
    let (old, new) = (bench.put(vec![1; 40]), bench.put(vec![2; 40]));
    bench.settle();
    assert!(is_dropped(&new));
    assert_eq!(bench.shelf.metrics().dropped_failed.get(), 1);
    assert_eq!(bench.memory(), 40);
    assert_eq!(old.read().await.unwrap(), vec![1; 40]);

    bench.disk.file = good;
    let newest = bench.put(vec![3; 40]);
    bench.settle();
    assert_eq!((bench.files(), bench.memory()), (1, 40));
    assert_eq!(old.read().await.unwrap(), vec![1; 40]);
    assert_eq!(newest.read().await.unwrap(), vec![3; 40]);
}

#[tokio::test]
async fn a_segment_that_goes_while_it_is_written_leaves_nothing() {
    let mut bench = Bench::new(0, 1000);
    let segment = bench.put(vec![1; 40]);
    let work = bench.shelf.next_work().unwrap();
    assert!(matches!(work, Work::Write { .. }));
    drop(segment);
    bench.disk.carry_out(&bench.shelf, work);
    bench.settle();
    assert_eq!((bench.memory(), bench.on_disk(), bench.files()), (0, 0, 0));
    assert_eq!(bench.disk.file.len(), 0);
}

#[tokio::test]
async fn a_file_that_was_cut_is_an_error_and_counted() {
    let mut bench = Bench::new(0, 1000);
    let segment = bench.put(vec![1; 40]);
    bench.settle();
    bench.disk.file.inner().set_len(5).unwrap();
    assert_eq!(segment.read().await.unwrap_err().kind(), io::ErrorKind::UnexpectedEof);
    assert_eq!(bench.shelf.metrics().read_errors.get(), 1);
}

#[tokio::test]
async fn players_that_read_one_file_together_share_one_buffer() {
    let mut bench = Bench::new(0, 1000);
    let segment = bench.put(vec![1; 4000]);
    bench.settle();
    let (one, two) = tokio::join!(segment.read(), segment.read());
    assert_eq!(one.unwrap().as_ptr(), two.unwrap().as_ptr());
}

#[test]
fn a_disk_that_hangs_does_not_make_the_line_grow() {
    let bench = Bench::new(0, 1 << 20);
    (0..1000).for_each(|_| drop(bench.put(vec![1; 10])));
    assert!(bench.shelf.waiting() < 10, "{} in line", bench.shelf.waiting());
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
    let segments = store.put_all((0u8..20).map(|n| (vec![n; 1000].into(), 1000)));
    let metrics = store.shelf.metrics().clone();
    while metrics.disk_segments.get() < 20 {
        tokio::task::yield_now().await;
    }
    for (n, segment) in (0u8..).zip(&segments) {
        assert_eq!(segment.read().await.unwrap(), vec![n; 1000]);
    }
    drop(store);
    assert_eq!(segments[0].read().await.unwrap(), vec![0; 1000], "references outlive the store");
    assert_eq!(fs::read_dir(dir.path()).unwrap().count(), 0, "nothing can be left behind");
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
                    let id = bench.put_holding(vec![0; size], held);
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
        prop_assert_eq!(bench.disk.file.len(), 0);
        prop_assert_eq!((bench.memory(), bench.on_disk(), bench.files()), (0, 0, 0));
    }
}
