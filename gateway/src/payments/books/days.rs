//! Books of a gateway without a chain. Nothing is paid, so they have no leaves; what they have is the list
//! of data files that were closed, and its root. In the place of a round there is a day, UTC, by the number
//! of days since 1970. The published files are the record: a data file that one lists is in no other.

use std::{
    collections::HashSet,
    fs, io,
    path::{Path, PathBuf},
    time::Duration,
};

use alloy_primitives::{Address, B256};
use jiff::{SignedDuration, Timestamp};
use serde::Deserialize;
use waymark_payments::{
    book::dataset_root,
    ledger::{BookRecord, BookState},
};
use waymark_tagging::round::{BookId, RoundBook};

use super::{BookError, build::Built, files};
use crate::{clock::Clock, orchestrator::error::chain as reason};

/// Between two looks.
const EVERY: Duration = Duration::from_mins(10);
/// After the end of a day, so that its last data files are closed.
const SETTLED: SignedDuration = SignedDuration::from_hours(1);
const DAY_S: i64 = 86_400;

/// Makes the book of each day that is over, for as long as the gateway runs.
pub(crate) async fn keep_days(data_dir: PathBuf, clock: Clock) {
    let mut ticks = tokio::time::interval(EVERY);
    loop {
        ticks.tick().await;
        let (data_dir, now) = (data_dir.clone(), clock.wall());
        match tokio::task::spawn_blocking(move || look(&data_dir, now)).await {
            Ok(Ok(Some(book))) => {
                let BookRecord { round, dataset_root, .. } = book;
                tracing::info!(day = round, %dataset_root, "the book of a day is written");
            }
            Ok(Ok(None)) => {}
            Ok(Err(error)) => {
                tracing::warn!(error = reason(&error), "no book of the day; tried again");
            }
            Err(error) => tracing::error!(%error, "the work on a book was broken off"),
        }
    }
}

/// Makes the book of the newest day that is over; nothing if it is there, or nothing is in it.
fn look(data_dir: &Path, now: Timestamp) -> Result<Option<BookRecord>, BookError> {
    let today = (now - SETTLED).as_second().div_euclid(DAY_S);
    let Ok(round) = u64::try_from(today.saturating_sub(1)) else { return Ok(None) };
    if files::is_published(data_dir, round) {
        return Ok(None);
    }
    let known = listed(&files::folder(data_dir))?;
    let files = files::closed(data_dir, |path| Ok(known.contains(path)))?;
    if files.is_empty() {
        return Ok(None);
    }
    let id = BookId { chain_id: 0, gateway: Address::ZERO, round };
    let book = RoundBook::new(id, Vec::new());
    let book = book.map_err(|source| BookError::Book { round, source })?;
    let record = BookRecord {
        round,
        state: BookState::Kept,
        root: book.root(),
        dataset_root: dataset_root(&files),
        leaves: 0,
        total_ev: 0,
        revision: 0,
        told: (B256::ZERO, B256::ZERO),
        transaction: None,
    };
    files::publish(data_dir, &Built { record, book, files, changed: true })?;
    Ok(Some(record))
}

/// Data files that are in a book.
fn listed(folder: &Path) -> Result<HashSet<String>, BookError> {
    #[derive(Deserialize)]
    struct List {
        files: Vec<Line>,
    }
    #[derive(Deserialize)]
    struct Line {
        path: String,
    }
    let at = |path: &Path| {
        let path = path.to_owned();
        move |source| BookError::File { path, source }
    };
    let entries = match fs::read_dir(folder) {
        Ok(entries) => entries,
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(HashSet::new()),
        Err(error) => return Err(at(folder)(error)),
    };
    let mut known = HashSet::new();
    for entry in entries {
        let path = entry.map_err(at(folder))?.path();
        if !path.to_string_lossy().ends_with(".files.json") {
            continue;
        }
        let bytes = fs::read(&path).map_err(at(&path))?;
        // Written whole or not at all: one that cannot be read is not ours, and lists nothing.
        match serde_json::from_slice::<List>(&bytes) {
            Ok(list) => known.extend(list.files.into_iter().map(|line| line.path)),
            Err(error) => {
                tracing::warn!(%error, path = %path.display(), "is no list of data files");
            }
        }
    }
    Ok(known)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_day_without_data_files_has_no_book() {
        let folder = tempfile::tempdir().unwrap();
        let now = Timestamp::from_second(20_784 * DAY_S).unwrap();
        assert_eq!(look(folder.path(), now).unwrap(), None);
        assert!(!files::is_published(folder.path(), 20_783));
    }

    #[test]
    fn what_a_list_names_is_in_a_book_and_what_is_no_list_names_nothing() {
        let folder = tempfile::tempdir().unwrap();
        assert_eq!(listed(&folder.path().join("none")).unwrap(), HashSet::new());
        let put = |name: &str, text: &str| fs::write(folder.path().join(name), text).unwrap();
        put("1.files.json", r#"{"round":1,"files":[{"path":"jobs/a.parquet","rows":1}]}"#);
        put("2.files.json", "{\"files\":[");
        put("1.json", r#"{"files":[{"path":"jobs/b.parquet"}]}"#);
        let known = listed(folder.path()).unwrap();
        assert_eq!(known, HashSet::from(["jobs/a.parquet".to_owned()]));
    }
}
