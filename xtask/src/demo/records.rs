//! Reads the gateway's records back: what ran where, counted from the files alone.

use std::{collections::BTreeMap, fs, path::Path};

use anyhow::Context as _;
use serde::{Deserialize, Deserializer, de::Error as _};

use crate::workspace::shown;

/// The columns that the demo needs, of one attempt.
#[derive(Debug, Clone, Deserialize)]
pub(super) struct Attempt {
    #[serde(rename = "job_id")]
    job: String,
    #[serde(rename = "attempt_index")]
    index: u32,
    started_at: String,
    /// Who it was tried with; none when nobody was selected.
    pub(super) orchestrator_instance: Option<String>,
    /// `ok`, or what came instead.
    pub(super) outcome: String,
    /// The kind of failure.
    pub(super) error_type: Option<String>,
    /// What kind of demand it was.
    pub(super) tag: String,
    /// Tickets sent with it.
    pub(super) tickets: u64,
    /// Their expected value together; a text, as long numbers are in records.
    #[serde(rename = "fee_wei", deserialize_with = "wei")]
    pub(super) promised: u128,
}

fn wei<'de, D: Deserializer<'de>>(deserializer: D) -> Result<u128, D::Error> {
    String::deserialize(deserializer)?.parse().map_err(D::Error::custom)
}

impl Attempt {
    /// Whether renditions came of it.
    pub(super) fn served(&self) -> bool {
        self.outcome == "ok"
    }
}

/// All records of a data directory.
#[derive(Debug, Default)]
pub(super) struct Records {
    /// Rows in the files.
    rows: usize,
    /// Attempts of each job, jobs in the order in which they began.
    jobs: Vec<Vec<Attempt>>,
}

impl Records {
    /// Reads `<data>/data/jsonl/jobs-*.jsonl`. No file is no record.
    pub(super) fn read(data: &Path) -> anyhow::Result<Self> {
        let dir = data.join("data/jsonl");
        let mut lines = String::new();
        if dir.is_dir() {
            for entry in fs::read_dir(&dir)? {
                let path = entry?.path();
                let name = path.file_name().unwrap_or_default().to_string_lossy();
                if name.starts_with("jobs-") && name.ends_with(".jsonl") {
                    lines += &fs::read_to_string(&path)?;
                }
            }
        }
        Self::parse(&lines).with_context(|| format!("a record in {} cannot be read", shown(&dir)))
    }

    /// Reads lines of JSON.
    pub(super) fn parse(lines: &str) -> anyhow::Result<Self> {
        let mut rows = 0;
        let mut jobs: BTreeMap<String, Vec<Attempt>> = BTreeMap::new();
        // The last line may be half written while the gateway runs.
        for line in lines.split_inclusive('\n').filter_map(|l| l.strip_suffix('\n')) {
            let attempt: Attempt = serde_json::from_str(line)?;
            rows += 1;
            jobs.entry(attempt.job.clone()).or_default().push(attempt);
        }
        let mut jobs: Vec<_> = jobs.into_values().collect();
        for attempts in &mut jobs {
            attempts.sort_by_key(|a| a.index);
        }
        jobs.sort_by(|a, b| began(a).cmp(began(b)));
        Ok(Self { rows, jobs })
    }

    /// Rows in the files.
    pub(super) fn rows(&self) -> usize {
        self.rows
    }

    /// Attempts of each job, jobs in the order in which they began.
    pub(super) fn jobs(&self) -> &[Vec<Attempt>] {
        &self.jobs
    }

    /// Attempts that reached for an orchestrator.
    pub(super) fn attempts(&self) -> usize {
        self.tried().count()
    }

    /// How often a job went on from one orchestrator to another.
    pub(super) fn swaps(&self) -> usize {
        let swapped = |pair: &&[Attempt]| match pair {
            [one, next] => one.orchestrator_instance != next.orchestrator_instance,
            _ => false,
        };
        self.jobs.iter().map(|attempts| attempts.windows(2).filter(swapped).count()).sum()
    }

    /// The orchestrator whose work came back last.
    pub(super) fn last_served(&self) -> Option<&str> {
        let served = self.tried().filter(|a| a.served());
        served.last().and_then(|a| a.orchestrator_instance.as_deref())
    }

    /// Attempts that reached for an orchestrator, jobs in the order in which they began.
    pub(super) fn tried(&self) -> impl Iterator<Item = &Attempt> {
        self.jobs.iter().flatten().filter(|a| a.orchestrator_instance.is_some())
    }
}

fn began(attempts: &[Attempt]) -> &str {
    attempts.first().map_or("", |a| &a.started_at)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn row(job: &str, index: u32, second: u32, instance: Option<&str>, outcome: &str) -> String {
        let row = serde_json::json!({
            "job_id": job, "attempt_index": index, "is_final": true,
            "started_at": format!("2026-01-01T00:00:{second:02}.000Z"),
            "orchestrator_instance": instance, "outcome": outcome,
            "error_type": (outcome != "ok").then_some("transport"),
            "tag": "transcode/live/abr", "tickets": 9, "fee_wei": "72000000000",
        });
        format!("{row}\n")
    }

    #[test]
    fn attempts_and_swaps_are_counted_and_jobs_stand_in_the_order_of_the_stream() {
        let lines = [
            // A job that failed first is written after the one that began later.
            row("c0", 0, 6, Some("bbb"), "ok"),
            row("ff", 0, 2, Some("aaa"), "ok"),
            row("aa", 0, 4, Some("aaa"), "failed"),
            row("aa", 1, 5, Some("bbb"), "ok"),
        ];
        // The next job stays with bbb, and ff was with aaa before: only aa was swapped.
        let records = Records::parse(&lines.concat()).unwrap();
        assert_eq!((records.rows(), records.attempts(), records.swaps()), (4, 4, 1));
        assert_eq!(records.jobs().iter().map(Vec::len).collect::<Vec<_>>(), [1, 2, 1]);
        assert_eq!(records.last_served(), Some("bbb"));
        assert_eq!(records.tried().map(|a| a.promised).sum::<u128>(), 288_000_000_000);
    }

    #[test]
    fn a_row_without_orchestrator_is_a_record_and_not_an_attempt() {
        let records = Records::parse(&row("aa", 0, 1, None, "no_orchestrator")).unwrap();
        assert_eq!((records.rows(), records.attempts(), records.swaps()), (1, 0, 0));
        assert_eq!(records.last_served(), None);
    }

    #[test]
    fn a_half_written_last_line_is_left_for_later() {
        let whole = row("aa", 0, 1, Some("aaa"), "ok");
        let half = format!("{whole}{}", &whole[..20]);
        assert_eq!(Records::parse(&half).unwrap().rows(), 1);
    }
}
