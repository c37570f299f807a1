//! The recorder from outside: rows in, files out.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};

use ::parquet::arrow::arrow_reader::ParquetRecordBatchReaderBuilder;
use arrow_array::cast::AsArray as _;
use arrow_array::types::{
    Decimal128Type, Float32Type, Int32Type, Int64Type, TimestampMillisecondType, UInt8Type,
    UInt16Type, UInt32Type, UInt64Type,
};
use arrow_array::{Array, RecordBatch};
use parking_lot::Mutex;
use proptest::prelude::*;
use serde_json::{Map, Value as Json, json};
use tempfile::TempDir;

use super::*;
use crate::fields::JOBS;
use crate::row::tests::verification_row;
use crate::row::tests::{any_row, full_row, least_row};
use crate::{LogicalType, VerificationRow, schema, schema_of};

const DAY: &str = "jobs-2026-11-22.jsonl";

struct Setup {
    directory: TempDir,
    registry: prometheus::Registry,
    config: RecorderConfig,
    now: Arc<Mutex<Timestamp>>,
}

impl Setup {
    fn new() -> Self {
        let directory = tempfile::tempdir().unwrap();
        let now = Arc::new(Mutex::new("2026-11-22T10:41:00Z".parse().unwrap()));
        let shared = Arc::clone(&now);
        let clock = Arc::new(move || *shared.lock());
        let config = RecorderConfig::new(directory.path(), clock);
        Self { directory, registry: prometheus::Registry::new(), config, now }
    }

    fn start(&self) -> (Recorder, RecorderTask) {
        Recorder::<JobRow>::start(self.config.clone(), &self.registry).unwrap()
    }

    fn data(&self, path: &str) -> PathBuf {
        self.directory.path().join("data").join(path)
    }

    fn lines(&self) -> Vec<Json> {
        let text = fs::read_to_string(self.data("jsonl").join(DAY)).unwrap();
        text.lines().map(|line| serde_json::from_str(line).unwrap()).collect()
    }

    /// Every Parquet part, by its path below `data`.
    fn parts(&self) -> Vec<PathBuf> {
        let mut found = files_below(&self.data("v1"));
        found.sort();
        found
    }

    fn counter(&self, name: &str, label: &str) -> u64 {
        let families = self.registry.gather();
        let family = families.iter().find(|family| family.name() == name).unwrap();
        let metric = family
            .get_metric()
            .iter()
            .find(|metric| metric.get_label().iter().any(|pair| pair.value() == label))
            .unwrap();
        #[allow(
            clippy::cast_possible_truncation,
            clippy::cast_sign_loss,
            reason = "counters in tests are small whole numbers"
        )]
        let value = metric.get_counter().get_value() as u64;
        value
    }

    fn dropped(&self, reason: &str) -> u64 {
        self.counter("waymark_records_dropped_total", reason)
    }

    fn written(&self, format: &str) -> u64 {
        self.counter("waymark_records_written_total", format)
    }

    fn failures(&self, format: &str) -> u64 {
        self.counter("waymark_record_write_failures_total", format)
    }
}

fn files_below(directory: &Path) -> Vec<PathBuf> {
    let Ok(entries) = fs::read_dir(directory) else { return Vec::new() };
    entries
        .flat_map(|entry| {
            let path = entry.unwrap().path();
            if path.is_dir() { files_below(&path) } else { vec![path] }
        })
        .collect()
}

fn read_part(path: &Path) -> Vec<Json> {
    let reader = ParquetRecordBatchReaderBuilder::try_new(File::open(path).unwrap()).unwrap();
    assert_eq!(reader.schema(), &schema());
    reader.build().unwrap().flat_map(|batch| rows_of(&batch.unwrap())).collect()
}

/// A batch as the JSON lines would say it, decoded by Arrow's own accessors.
fn rows_of(batch: &RecordBatch) -> Vec<Json> {
    (0..batch.num_rows())
        .map(|row| {
            let cells: Map<String, Json> = JOBS
                .iter()
                .zip(batch.columns())
                .map(|(field, column)| (field.name.to_owned(), cell(field.logical, column, row)))
                .collect();
            Json::Object(cells)
        })
        .collect()
}

fn cell(logical: LogicalType, column: &dyn Array, row: usize) -> Json {
    if column.is_null(row) {
        return Json::Null;
    }
    match logical {
        LogicalType::Fixed(width) => {
            let bytes = column.as_fixed_size_binary().value(row);
            let digits = bytes.iter().fold(String::new(), |text, byte| format!("{text}{byte:02x}"));
            json!(if width == 32 { format!("0x{digits}") } else { digits })
        }
        LogicalType::Bool => json!(column.as_boolean().value(row)),
        LogicalType::U8 => json!(column.as_primitive::<UInt8Type>().value(row)),
        LogicalType::U16 => json!(column.as_primitive::<UInt16Type>().value(row)),
        LogicalType::U32 => json!(column.as_primitive::<UInt32Type>().value(row)),
        LogicalType::U64 => json!(column.as_primitive::<UInt64Type>().value(row)),
        LogicalType::I64 => json!(column.as_primitive::<Int64Type>().value(row)),
        LogicalType::F32 => {
            // Through text, as a line of JSON is.
            let value = column.as_primitive::<Float32Type>().value(row);
            serde_json::from_str(&serde_json::to_string(&value).unwrap()).unwrap()
        }
        LogicalType::Text | LogicalType::Enum(_) => {
            let words = column.as_dictionary::<Int32Type>().downcast_dict();
            let words: arrow_array::TypedDictionaryArray<'_, Int32Type, arrow_array::StringArray> =
                words.unwrap();
            json!(arrow_array::ArrayAccessor::value(&words, row))
        }
        LogicalType::TimestampMs => {
            let millis = column.as_primitive::<TimestampMillisecondType>().value(row);
            let moment = Timestamp::from_millisecond(millis).unwrap();
            json!(moment.strftime("%Y-%m-%dT%H:%M:%S.%3fZ").to_string())
        }
        LogicalType::Map => {
            let entry = column.as_map().value(row);
            let names = entry.column(0).as_string::<i32>();
            let values = entry.column(1).as_string::<i32>();
            let map: BTreeMap<_, _> = names.iter().flatten().zip(values.iter().flatten()).collect();
            json!(map)
        }
        LogicalType::Decimal38 => {
            json!(column.as_primitive::<Decimal128Type>().value(row).to_string())
        }
    }
}

fn as_json(rows: &[JobRow]) -> Vec<Json> {
    rows.iter()
        .map(|row| serde_json::from_str(&serde_json::to_string(row).unwrap()).unwrap())
        .collect()
}

fn with_tag(tag: &str) -> JobRow {
    JobRow { tag: tag.parse().unwrap(), ..least_row() }
}

fn at(moment: &str) -> JobRow {
    JobRow { started_at: moment.parse().unwrap(), ..least_row() }
}

#[tokio::test]
async fn what_is_recorded_is_read_back_from_both_formats() {
    let setup = Setup::new();
    let (recorder, task) = setup.start();
    // One gateway, so one part.
    let rows = [JobRow { gateway: least_row().gateway, ..full_row() }, least_row()];
    rows.iter().cloned().for_each(|row| recorder.record(row));
    let summary = task.shutdown().await.unwrap();

    assert_eq!((summary.jsonl_rows, summary.parquet_rows, summary.dropped_rows), (2, 2, 0));
    assert_eq!(setup.lines(), as_json(&rows));
    assert_eq!(read_part(setup.parts().first().unwrap()), as_json(&rows));
    assert_eq!((setup.written("jsonl"), setup.written("parquet")), (2, 2));
}

#[tokio::test]
async fn a_flush_makes_lines_visible_while_the_recorder_runs() {
    let setup = Setup::new();
    let (recorder, task) = setup.start();
    recorder.record(full_row());
    recorder.flush().await.unwrap();
    assert_eq!(setup.lines().len(), 1);
    recorder.record(full_row());
    recorder.flush().await.unwrap();
    assert_eq!(setup.lines().len(), 2);
    task.shutdown().await.unwrap();
}

#[tokio::test]
async fn shutdown_writes_everything_that_waits() {
    let setup = Setup::new();
    let (recorder, task) = setup.start();
    for _ in 0..1500 {
        recorder.record(least_row());
    }
    let summary = task.shutdown().await.unwrap();
    assert_eq!(summary.jsonl_rows, 1500);
    assert_eq!(setup.lines().len(), 1500);
    assert_eq!(read_part(setup.parts().first().unwrap()).len(), 1500);
}

#[tokio::test]
async fn after_shutdown_rows_are_dropped_and_counted_and_a_flush_says_so() {
    let setup = Setup::new();
    let (recorder, task) = setup.start();
    task.shutdown().await.unwrap();
    recorder.record(least_row());
    assert_eq!(setup.dropped("closed"), 1);
    assert!(matches!(recorder.flush().await, Err(RecorderError::Closed)));
}

#[test]
fn a_full_queue_refuses_the_new_row_and_keeps_the_old_ones() {
    let queue = Queue::new(2);
    let (first, second, third) = (with_tag("ai/a"), with_tag("ai/b"), with_tag("ai/c"));
    assert_eq!(queue.push(first.clone()), Ok(()));
    assert_eq!(queue.push(second.clone()), Ok(()));
    assert_eq!(queue.push(third), Err(Refused::Full));
    let mut rows = queue.buffer();
    queue.take(&mut rows, None, Duration::ZERO);
    assert_eq!(rows, [first, second]);
}

#[test]
fn rows_dropped_at_a_full_queue_are_counted() {
    let registry = prometheus::Registry::new();
    // A recorder whose writer never comes.
    let metrics = Metrics::register::<JobRow>(&registry).unwrap();
    let recorder = Recorder { queue: Arc::new(Queue::new(3)), metrics };
    for _ in 0..10 {
        recorder.record(least_row());
    }
    let setup = Setup { registry, ..Setup::new() };
    assert_eq!(setup.dropped("queue_full"), 7);
}

#[tokio::test]
async fn files_are_laid_out_by_day_gateway_and_root_of_the_tag() {
    let setup = Setup::new();
    let (recorder, task) = setup.start();
    for row in [
        with_tag("transcode/live/abr"),
        with_tag("x-acme/audio"),
        at("2026-11-22T23:59:59.999Z"),
        at("2026-11-23T00:00:00Z"),
    ] {
        recorder.record(row);
    }
    task.shutdown().await.unwrap();

    let mut files = files_below(&setup.data(""));
    files.sort();
    let names: Vec<_> = files
        .iter()
        .map(|path| {
            let path = path.strip_prefix(setup.directory.path()).unwrap().to_str().unwrap();
            // The random part of a name, 16 hex digits, is not for a snapshot.
            match path.rsplit_once('-') {
                Some((head, tail)) if tail.ends_with(".parquet") => {
                    assert_eq!(tail.len(), 24);
                    format!("{head}-<random>.parquet")
                }
                _ => path.to_owned(),
            }
        })
        .collect();
    insta::assert_snapshot!(names.join("\n"));
}

#[tokio::test]
async fn a_parquet_part_is_closed_when_it_is_full() {
    let mut setup = Setup::new();
    setup.config.parquet_max_rows = 2;
    let (recorder, task) = setup.start();
    for _ in 0..5 {
        recorder.record(least_row());
    }
    recorder.flush().await.unwrap();
    assert_eq!(setup.parts().len(), 2);
    task.shutdown().await.unwrap();
    let mut sizes: Vec<_> = setup.parts().iter().map(|path| read_part(path).len()).collect();
    sizes.sort_unstable();
    assert_eq!(sizes, [1, 2, 2]);
}

#[tokio::test]
async fn a_parquet_part_is_closed_when_it_is_old() {
    let setup = Setup::new();
    let (recorder, task) = setup.start();
    recorder.record(least_row());
    recorder.flush().await.unwrap();
    assert_eq!(setup.parts().len(), 0);

    *setup.now.lock() = "2026-11-22T10:51:00Z".parse().unwrap();
    recorder.flush().await.unwrap();
    assert_eq!(setup.parts().len(), 1);
    task.shutdown().await.unwrap();
}

#[tokio::test]
async fn roots_that_clients_make_up_do_not_fill_the_disk_with_directories() {
    let setup = Setup::new();
    let (recorder, task) = setup.start();
    for number in 0..100 {
        recorder.record(with_tag(&format!("x-{number}/a")));
    }
    let summary = task.shutdown().await.unwrap();
    assert_eq!(summary.parquet_rows, 100);
    let day = setup.data(&format!("v1/jobs/date=2026-11-22/gateway={}", least_row().gateway));
    assert_eq!(fs::read_dir(&day).unwrap().count(), 33);
    assert_eq!(files_below(&day.join("tagroot=other")).len(), 1);
}

#[tokio::test]
async fn only_the_formats_that_are_switched_on_are_written() {
    let mut setup = Setup::new();
    setup.config.parquet = false;
    let (recorder, task) = setup.start();
    recorder.record(least_row());
    let summary = task.shutdown().await.unwrap();
    assert_eq!((summary.jsonl_rows, summary.parquet_rows), (1, 0));
    assert!(setup.parts().is_empty());
}

#[tokio::test]
async fn a_disk_that_refuses_is_counted_and_the_rows_come_later() {
    let setup = Setup::new();
    let (recorder, task) = setup.start();
    // A directory where the file should be.
    let obstacle = setup.data("jsonl").join(DAY);
    fs::create_dir_all(&obstacle).unwrap();

    recorder.record(least_row());
    assert!(matches!(recorder.flush().await, Err(RecorderError::Unwritten { rows: 1 })));
    assert!(setup.failures("jsonl") >= 1);
    assert_eq!(setup.written("jsonl"), 0);

    fs::remove_dir(&obstacle).unwrap();
    recorder.record(full_row());
    recorder.flush().await.unwrap();
    assert_eq!(setup.lines(), as_json(&[least_row(), full_row()]));
    let summary = task.shutdown().await.unwrap();
    assert_eq!((summary.jsonl_rows, summary.dropped_rows), (2, 0));
}

#[tokio::test]
async fn lines_that_wait_for_the_disk_are_bounded_and_the_oldest_go_first() {
    let mut setup = Setup::new();
    setup.config.capacity = 2;
    let (recorder, task) = setup.start();
    let obstacle = setup.data("jsonl").join(DAY);
    fs::create_dir_all(&obstacle).unwrap();
    for tag in ["ai/a", "ai/b", "ai/c", "ai/d"] {
        recorder.record(with_tag(tag));
        recorder.flush().await.unwrap_err();
    }
    assert_eq!(setup.dropped("jsonl"), 2);
    fs::remove_dir(&obstacle).unwrap();
    recorder.flush().await.unwrap();
    assert_eq!(setup.lines(), as_json(&[with_tag("ai/c"), with_tag("ai/d")]));
    task.shutdown().await.unwrap();
}

#[tokio::test]
async fn rows_that_never_reach_the_disk_are_counted_at_the_end() {
    let setup = Setup::new();
    let (recorder, task) = setup.start();
    fs::create_dir_all(setup.data("jsonl").join(DAY)).unwrap();
    fs::write(setup.data("v1"), "a file where a directory should be").unwrap();
    recorder.record(least_row());
    let summary = task.shutdown().await.unwrap();
    assert_eq!((summary.jsonl_rows, summary.parquet_rows, summary.dropped_rows), (0, 0, 2));
    assert_eq!((setup.dropped("jsonl"), setup.dropped("parquet")), (1, 1));
}

#[tokio::test]
async fn a_parquet_part_that_the_disk_refused_is_written_later() {
    let mut setup = Setup::new();
    setup.config.parquet_max_rows = 1;
    let (recorder, task) = setup.start();
    let obstacle = setup.data("v1");
    fs::write(&obstacle, "a file where a directory should be").unwrap();
    recorder.record(full_row());
    recorder.flush().await.unwrap();
    assert_eq!((setup.failures("parquet"), setup.written("parquet")), (1, 0));

    fs::remove_file(&obstacle).unwrap();
    recorder.flush().await.unwrap();
    assert_eq!(read_part(setup.parts().first().unwrap()), as_json(&[full_row()]));
    task.shutdown().await.unwrap();
}

#[tokio::test]
async fn a_file_that_somebody_moved_away_is_begun_anew() {
    let setup = Setup::new();
    let (recorder, task) = setup.start();
    recorder.record(least_row());
    recorder.flush().await.unwrap();
    fs::rename(setup.data("jsonl").join(DAY), setup.data("taken")).unwrap();
    recorder.record(full_row());
    recorder.flush().await.unwrap();
    assert_eq!(setup.lines(), as_json(&[full_row()]));
    task.shutdown().await.unwrap();
}

/// What a file holds after a restart that finds `before` in it and records one row.
async fn after_restart(before: &str) -> String {
    let setup = Setup::new();
    let path = setup.data("jsonl").join(DAY);
    fs::create_dir_all(setup.data("jsonl")).unwrap();
    fs::write(&path, before).unwrap();
    let (recorder, task) = setup.start();
    recorder.record(least_row());
    task.shutdown().await.unwrap();
    fs::read_to_string(&path).unwrap()
}

#[tokio::test]
async fn what_a_crash_left_of_a_line_is_cut_off() {
    let row = serde_json::to_string(&least_row()).unwrap();
    assert_eq!(after_restart("{\"a\":1}\n{\"b\":").await, format!("{{\"a\":1}}\n{row}\n"));
    assert_eq!(after_restart("{\"b\":").await, format!("{row}\n"));
}

#[tokio::test]
async fn a_whole_line_that_lost_only_its_break_is_kept() {
    let row = serde_json::to_string(&least_row()).unwrap();
    assert_eq!(
        after_restart("{\"a\":1}\n{\"b\":2}").await,
        format!("{{\"a\":1}}\n{{\"b\":2}}\n{row}\n")
    );
}

#[tokio::test]
async fn a_file_that_is_no_json_lines_is_not_destroyed() {
    let foreign = "x".repeat(100_000);
    let row = serde_json::to_string(&least_row()).unwrap();
    assert_eq!(after_restart(&foreign).await, format!("{foreign}\n{row}\n"));
}

#[tokio::test]
async fn incomplete_parts_of_a_crash_are_removed_at_the_start() {
    let setup = Setup::new();
    fs::create_dir_all(setup.data(".incomplete-jobs")).unwrap();
    fs::write(setup.data(".incomplete-jobs/part-1.parquet"), "half").unwrap();
    let (_recorder, task) = setup.start();
    assert!(!setup.data(".incomplete-jobs").exists());
    task.shutdown().await.unwrap();
}

#[tokio::test]
async fn another_table_has_files_and_counters_of_its_own() {
    let setup = Setup::new();
    let (jobs, task_of_jobs) = setup.start();
    let (runs, task_of_runs) =
        Recorder::<VerificationRow>::start(setup.config.clone(), &setup.registry).unwrap();
    let job = full_row();
    let run = verification_row();
    jobs.record(job.clone());
    runs.record(run.clone());
    assert_eq!(task_of_jobs.shutdown().await.unwrap().parquet_rows, 1);
    assert_eq!(task_of_runs.shutdown().await.unwrap().parquet_rows, 1);
    let path = setup.data("jsonl").join("verification-2026-11-22.jsonl");
    let text = fs::read_to_string(path).unwrap();
    insta::assert_snapshot!(text);
    assert_eq!(setup.lines().len(), 1, "the jobs are where they were");
    let parts = files_below(&setup.data("v1/verification"));
    let [part] = parts.as_slice() else { panic!("{parts:?}") };
    let reader = ParquetRecordBatchReaderBuilder::try_new(File::open(part).unwrap()).unwrap();
    assert_eq!(reader.schema(), &schema_of::<VerificationRow>());
    assert_eq!(setup.counter("waymark_verification_records_written_total", "jsonl"), 1);
}

#[tokio::test]
async fn one_data_directory_has_one_recorder_at_a_time() {
    let setup = Setup::new();
    let (_recorder, task) = setup.start();
    let second = Recorder::<JobRow>::start(setup.config.clone(), &prometheus::Registry::new());
    assert!(matches!(second, Err(RecorderError::InUse { .. })));
    task.shutdown().await.unwrap();
    let third = Recorder::<JobRow>::start(setup.config.clone(), &prometheus::Registry::new());
    third.unwrap().1.shutdown().await.unwrap();
}

#[test]
fn a_data_directory_that_is_a_file_is_refused_by_name() {
    let setup = Setup::new();
    fs::write(setup.data(""), "not a directory").unwrap_err();
    fs::write(setup.directory.path().join("data"), "not a directory").unwrap();
    let error = Recorder::<JobRow>::start(setup.config.clone(), &setup.registry).unwrap_err();
    let path = setup.directory.path().join("data");
    assert_eq!(
        error.to_string(),
        format!(
            "cannot use {} for records; it must be a directory this process may write to",
            path.display()
        )
    );
}

#[test]
fn two_recorders_cannot_share_a_registry() {
    let registry = prometheus::Registry::new();
    Metrics::register::<JobRow>(&registry).unwrap();
    assert!(matches!(Metrics::register::<JobRow>(&registry), Err(RecorderError::Metrics { .. })));
}

#[test]
fn only_the_documented_metrics_are_shown() {
    let registry = prometheus::Registry::new();
    Metrics::register::<JobRow>(&registry).unwrap();
    let text = prometheus::TextEncoder::new().encode_to_string(&registry.gather()).unwrap();
    insta::assert_snapshot!(text);
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(16))]

    #[test]
    fn any_rows_survive_json_lines_and_parquet(rows in prop::collection::vec(any_row(), 1..12)) {
        let setup = Setup::new();
        let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
        runtime.block_on(async {
            let (recorder, task) = setup.start();
            rows.iter().cloned().for_each(|row| recorder.record(row));
            task.shutdown().await.unwrap();
        });
        let sorted = |mut rows: Vec<Json>| {
            rows.sort_by_cached_key(Json::to_string);
            rows
        };
        let expected = sorted(as_json(&rows));
        let lines: Vec<Json> = files_below(&setup.data("jsonl"))
            .iter()
            .flat_map(|path| fs::read_to_string(path).unwrap().lines().map(|line| serde_json::from_str(line).unwrap()).collect::<Vec<_>>())
            .collect();
        prop_assert_eq!(&sorted(lines), &expected);
        let parts: Vec<Json> = setup.parts().iter().flat_map(|path| read_part(path)).collect();
        prop_assert_eq!(&sorted(parts), &expected);
    }
}
