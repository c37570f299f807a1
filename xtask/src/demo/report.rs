//! What the demo says at its end: the table of segments, the summary, and what was lost.

use std::{path::Path, time::Duration};

use serde::Serialize;

use super::{
    RENDITIONS,
    earnings::{Earned, Earnings},
    probe::Probed,
    records::{Attempt, Records},
    stage::Orchestrator,
    stream::{Push, Pushes},
};
use crate::workspace::shown;

/// `target/demo/summary.json`.
#[derive(Debug, Serialize)]
pub(super) struct Summary {
    /// Segments pushed.
    segments_pushed: u64,
    /// Renditions that should have come back.
    renditions_expected: u64,
    /// Renditions that were played and have no fault.
    renditions_ok: u64,
    /// Attempts with an orchestrator, from the record files.
    attempts: usize,
    /// Jobs going on from one orchestrator to another, from the record files.
    swaps: usize,
    /// Rows in the record files.
    records: usize,
    /// Tickets sent, from the record files.
    tickets: u64,
    /// Their expected value, from the record files.
    promised_wei: u128,
    /// Tickets that won, by what orchestrators say.
    winners: u64,
    /// What was paid for winners, from the chain's log.
    redeemed_wei: u128,
}

impl Summary {
    pub(super) fn new(
        segments: u64,
        probed: &[Probed],
        records: &Records,
        earned: &Earned,
    ) -> Self {
        let renditions = probed.iter().filter(|p| RENDITIONS.iter().any(|r| r.name == p.rendition));
        Self {
            segments_pushed: segments,
            renditions_expected: segments * RENDITIONS.len() as u64,
            renditions_ok: renditions.map(|p| p.good).sum(),
            attempts: records.attempts(),
            swaps: records.swaps(),
            records: records.rows(),
            tickets: earned.tickets,
            promised_wei: earned.promised,
            winners: earned.winners,
            redeemed_wei: earned.redeemed_wei,
        }
    }
}

/// Everything that is not as it should be, in words.
#[derive(Debug)]
pub(super) struct Lost(Vec<String>);

impl Lost {
    pub(super) fn find(
        summary: &Summary,
        pushes: &[Pushes],
        probed: &[Probed],
        records: &Records,
        earnings: &Earnings,
    ) -> Self {
        let mut lost: Vec<_> = pushes.iter().flat_map(|p| p.faults.iter().cloned()).collect();
        lost.extend(earnings.faults().iter().cloned());
        lost.extend(probed.iter().flat_map(|p| p.faults.iter().cloned()));
        let jobs = records.jobs();
        if jobs.len() as u64 != summary.segments_pushed {
            let (found, pushed) = (jobs.len(), summary.segments_pushed);
            lost.push(format!("the records tell of {found} jobs; {pushed} segments were pushed"));
        }
        let unserved = jobs.iter().filter(|j| !j.last().is_some_and(Attempt::served)).count();
        if unserved > 0 {
            lost.push(format!("by the records, {unserved} jobs did not end well"));
        }
        if summary.swaps == 0 {
            lost.push("the records show no swap, although an orchestrator was killed".to_owned());
        }
        Self(lost)
    }

    /// With more of them.
    pub(super) fn and(mut self, more: Vec<String>) -> Self {
        self.0.extend(more);
        self
    }

    pub(super) fn is_empty(&self) -> bool {
        self.0.is_empty()
    }
}

/// Each segment and where it ran.
pub(super) fn table(
    pushes: &[Pushes],
    records: &Records,
    orchestrators: &[Orchestrator],
    killed: usize,
) {
    println!("\n   segment  answered after  ran on");
    let mut jobs = records.jobs().iter();
    let all = pushes.iter().flat_map(|p| p.all.iter().map(move |push| (p.manifest, push)));
    for (manifest, Push { seq, millis, outcome }) in all {
        let seconds = Duration::from_millis(*millis).as_secs_f64();
        let ran = jobs.next().map_or_else(|| "no record".to_owned(), |job| way(job, orchestrators));
        let lost = if outcome.is_err() { "  LOST" } else { "" };
        let segment = format!("{manifest} {seq}");
        println!("  {segment:>9}  {seconds:>12.2} s  {ran}{lost}");
    }
    println!();
    for (index, orchestrator) in orchestrators.iter().enumerate() {
        let fate = if index == killed { ", killed half-way" } else { "" };
        let served = records
            .jobs()
            .iter()
            .filter_map(|j| j.last())
            .filter(|a| a.served())
            .filter(|a| a.orchestrator_instance.as_ref() == Some(&orchestrator.instance));
        println!(
            "  orchestrator {}: {} segments ({}, {} in the records){fate}",
            index + 1,
            served.count(),
            orchestrator.host,
            orchestrator.instance,
        );
    }
}

/// The attempts of one job: `orchestrator 1 failed (reason), orchestrator 2`.
fn way(job: &[Attempt], orchestrators: &[Orchestrator]) -> String {
    let steps = job.iter().map(|attempt| {
        let who = attempt.orchestrator_instance.as_ref().map_or_else(
            || "nobody".to_owned(),
            |instance| match orchestrators.iter().position(|o| &o.instance == instance) {
                Some(index) => format!("orchestrator {}", index + 1),
                None => instance.clone(),
            },
        );
        if attempt.served() {
            return who;
        }
        let why = attempt.error_type.as_deref().unwrap_or(&attempt.outcome);
        format!("{who} failed ({why})")
    });
    steps.collect::<Vec<_>>().join(", then ")
}

/// The last words.
pub(super) fn end(summary: &Summary, lost: &Lost, dir: &Path) {
    let Summary {
        segments_pushed,
        renditions_expected,
        renditions_ok,
        attempts,
        swaps,
        records,
        ..
    } = summary;
    println!(
        "\n{segments_pushed} segments pushed, {renditions_ok} of {renditions_expected} renditions \
         came back whole; {attempts} attempts, {swaps} {}, {records} records.",
        if *swaps == 1 { "swap" } else { "swaps" }
    );
    for fault in &lost.0 {
        println!("  fault: {fault}");
    }
    if lost.is_empty() {
        println!("Nothing was lost.");
    }
    println!("\nWhat is left in {}:", shown(dir));
    println!("  summary.json               the figures above");
    println!(
        "  data/data/jsonl            one record for each attempt; data/data/v1 has them as Parquet"
    );
    println!(
        "  data/waymark.sqlite3       the gateway's ledger: what it promised to whom under which tag"
    );
    println!(
        "  played/STREAM/RENDITION    every segment as it was played; try ffplay or mpv on one"
    );
    println!("  data/data/v1/rounds        the round book: every payment session, won or not");
    println!("  logs                       what each process said");
}

#[cfg(test)]
mod tests {
    use super::*;

    fn records(rows: &[(&str, u32, &str, &str)]) -> Records {
        let lines = rows.iter().map(|(job, index, instance, outcome)| {
            let row = serde_json::json!({
                "job_id": job, "attempt_index": index, "started_at": format!("{job}{index}"),
                "orchestrator_instance": instance, "outcome": outcome, "error_type": null,
                "tag": "transcode/live/abr", "tickets": 0, "fee_wei": "0",
            });
            format!("{row}\n")
        });
        Records::parse(&lines.collect::<String>()).unwrap()
    }

    fn lost(segments: u64, rows: &[(&str, u32, &str, &str)], faults: &[&str]) -> Vec<String> {
        let records = records(rows);
        let pushes = Pushes {
            manifest: "demo",
            all: Vec::new(),
            faults: faults.iter().map(|f| (*f).to_owned()).collect(),
            late: Duration::ZERO,
        };
        let earnings = Earnings::none();
        let summary = Summary::new(segments, &[], &records, &earnings.total());
        Lost::find(&summary, &[pushes], &[], &records, &earnings).0
    }

    const SWAPPED: [(&str, u32, &str, &str); 3] =
        [("a", 0, "one", "ok"), ("b", 0, "one", "failed"), ("b", 1, "two", "ok")];

    #[test]
    fn a_swap_that_ended_well_loses_nothing() {
        assert_eq!(lost(2, &SWAPPED, &[]), [""; 0]);
    }

    #[test]
    fn what_the_client_missed_is_lost() {
        assert_eq!(lost(2, &SWAPPED, &["P240p30fps16x9 1 differs"]).len(), 1);
    }

    #[test]
    fn a_segment_without_record_is_told() {
        let found = lost(3, &SWAPPED, &[]);
        assert_eq!(found, ["the records tell of 2 jobs; 3 segments were pushed"]);
    }

    #[test]
    fn a_job_that_nobody_finished_is_told() {
        let rows = [("a", 0, "one", "failed"), ("a", 1, "two", "timeout")];
        assert_eq!(lost(1, &rows, &[]), ["by the records, 1 jobs did not end well"]);
    }

    #[test]
    fn a_kill_that_nobody_noticed_shows_nothing() {
        assert_eq!(lost(1, &[("a", 0, "one", "ok")], &[]).len(), 1);
    }
}
