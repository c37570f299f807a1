//! The results as Markdown, and their place in docs/performance.md.

use std::{fs, path::Path};

use anyhow::Context as _;

use super::{
    measure::{Floor, Load, Measured, Scenario},
    profile::Families,
};
use crate::workspace::shown;

const BEGIN: &str = "<!-- results: written by `make bench` -->";
const END: &str = "<!-- end of results -->";

/// Smallest and largest of a figure over all rounds.
#[derive(Debug, Clone, Copy, PartialEq)]
struct Range {
    least: f64,
    most: f64,
}

impl Range {
    fn of(values: impl Iterator<Item = f64>) -> Option<Self> {
        values.fold(None, |range, value| {
            let range = range.unwrap_or(Self { least: value, most: value });
            Some(Self { least: range.least.min(value), most: range.most.max(value) })
        })
    }

    fn middle(self) -> f64 {
        f64::midpoint(self.least, self.most)
    }

    fn text(self, decimals: usize) -> String {
        let (least, most) =
            (format!("{:.decimals$}", self.least), format!("{:.decimals$}", self.most));
        if least == most { least } else { format!("{least} – {most}") }
    }
}

/// One row of the table.
struct Row {
    what: &'static str,
    scenario: Scenario,
    decimals: usize,
    /// Ours divided by stock's must not be more than this.
    required: Option<(&'static str, f64)>,
    figure: fn(&Load, &Baseline) -> Option<f64>,
}

/// The direct push of the same round, milliseconds.
#[derive(Debug, Clone, Copy)]
struct Baseline {
    p50: f64,
    p99: f64,
}

const ROWS: &[Row] = &[
    Row {
        what: "CPU seconds for 1,000 segments, 50 live streams",
        scenario: Scenario::Live,
        decimals: 2,
        required: Some(("1/5", 0.2)),
        figure: |load, _| load.cpu_s_per_1000,
    },
    Row {
        what: "CPU seconds for 1,000 segments, saturated",
        scenario: Scenario::Saturated,
        decimals: 2,
        required: None,
        figure: |load, _| load.cpu_s_per_1000,
    },
    Row {
        what: "CPU seconds for 1,000 paid segments, 50 live streams",
        scenario: Scenario::Paid,
        decimals: 2,
        required: Some(("1/4", 0.25)),
        figure: |load, _| load.cpu_s_per_1000,
    },
    Row {
        what: "peak memory at 50 streams, MB",
        scenario: Scenario::Live,
        decimals: 0,
        required: Some(("1/5", 0.2)),
        figure: |load, _| peak(load),
    },
    Row {
        what: "peak memory at 500 streams, MB",
        scenario: Scenario::Many,
        decimals: 0,
        required: None,
        figure: |load, _| peak(load),
    },
    Row {
        what: "added latency p50, ms",
        scenario: Scenario::Live,
        decimals: 1,
        required: Some(("1/3", 1.0 / 3.0)),
        figure: |load, direct| Some(load.latency_without_first.p50_ms - direct.p50),
    },
    Row {
        what: "added latency p99, ms",
        scenario: Scenario::Live,
        decimals: 1,
        required: None,
        figure: |load, direct| Some(load.latency_without_first.p99_ms - direct.p99),
    },
    Row {
        what: "segments per second, saturated",
        scenario: Scenario::Saturated,
        decimals: 1,
        required: None,
        figure: |load, _| Some(load.segments_per_s),
    },
    Row {
        what: "segments lost",
        scenario: Scenario::Live,
        decimals: 0,
        required: None,
        figure: |load, _| u32::try_from(load.failed).ok().map(f64::from),
    },
];

#[allow(clippy::cast_precision_loss, reason = "memory of a process")]
fn peak(load: &Load) -> Option<f64> {
    load.processes.first().map(|p| p.peak_kib as f64 / 1024.0)
}

/// All results as Markdown.
pub(super) fn section(floor: &Floor, runs: &[Measured], families: Option<&Families>) -> String {
    let rounds = runs.iter().map(|r| r.round).max().unwrap_or(0);
    let mut parts = vec![
        format!("{}; {rounds} rounds, least and most of each figure.", machine()),
        format!("Of this machine: {}.", floor.line().trim()),
    ];
    let direct = runs.iter().filter(|r| r.scenario == Scenario::Direct);
    let p50 = Range::of(direct.clone().map(|r| r.report.latency_without_first.p50_ms));
    let p99 = Range::of(direct.map(|r| r.report.latency_without_first.p99_ms));
    if let (Some(p50), Some(p99)) = (p50, p99) {
        parts.push(format!(
            "Without a gateway, the same segments straight to the same orchestrators: p50 {} ms, \
             p99 {} ms.",
            p50.text(1),
            p99.text(1)
        ));
    }
    parts.push(table(runs));
    parts.extend(moved(runs));
    if let Some(families) = families {
        let shares = families.iter().filter(|s| s.percent >= 0.5);
        let lines = shares.map(|s| format!("\n| {} | {:.1} |", s.family, s.percent));
        parts.push("Where the CPU of the saturated gateway goes:".to_owned());
        parts.push("| | percent |\n|---|---|".to_owned() + &lines.collect::<String>());
    }
    parts.join("\n\n")
}

fn table(runs: &[Measured]) -> String {
    const HEAD: &str = "| | Waymark | stock | ratio | required |\n|---|---|---|---|---|";
    let lines = ROWS.iter().filter_map(|row| {
        let ours = row.range(runs, "waymark")?;
        let stock = row.range(runs, "stock");
        let ratio = stock.map(|s| ours.middle() / s.middle()).filter(|r| r.is_finite());
        let required = row.required.map_or_else(String::new, |(name, most)| {
            let met = ratio.map_or("", |r| if r <= most { ", met" } else { ", NOT met" });
            format!("at most {name}{met}")
        });
        Some(format!(
            "\n| {} | {} | {} | {} | {required} |",
            row.what,
            ours.text(row.decimals),
            stock.map_or_else(|| "–".to_owned(), |s| s.text(row.decimals)),
            ratio.map_or_else(|| "–".to_owned(), share),
        ))
    });
    HEAD.to_owned() + &lines.collect::<String>()
}

impl Row {
    fn range(&self, runs: &[Measured], contender: &str) -> Option<Range> {
        let these = runs.iter().filter(|r| r.scenario == self.scenario && r.contender == contender);
        Range::of(these.filter_map(|run| {
            let direct = runs
                .iter()
                .find(|r| r.scenario == Scenario::Direct && r.round == run.round)
                .map(|r| &r.report.latency_without_first)?;
            (self.figure)(&run.report, &Baseline { p50: direct.p50_ms, p99: direct.p99_ms })
        }))
    }
}

/// A ratio as people say it: `1/7.2`, or `8.4 times`.
fn share(ratio: f64) -> String {
    if ratio <= 0.0 {
        "0".to_owned()
    } else if ratio < 1.0 {
        format!("1/{:.1}", 1.0 / ratio)
    } else {
        format!("{ratio:.1} times")
    }
}

/// A stock gateway is the yardstick: when it moved, the machine was busy with something else.
fn moved(runs: &[Measured]) -> Option<String> {
    let cpu = ROWS.first()?.range(runs, "stock")?;
    (cpu.most > cpu.least * 1.15).then(|| {
        "The stock gateway's own CPU moved by more than 15 % between rounds: the machine was not \
         quiet, and this run should be done again."
            .to_owned()
    })
}

/// Processor, cores and kernel.
fn machine() -> String {
    let cpus = fs::read_to_string("/proc/cpuinfo").unwrap_or_default();
    let model = cpus.lines().find_map(|l| l.strip_prefix("model name")?.split_once(": "));
    let model = model.map_or("unknown processor", |(_, name)| name);
    let cores = std::thread::available_parallelism().map_or(0, std::num::NonZero::get);
    let kernel = fs::read_to_string("/proc/sys/kernel/osrelease").unwrap_or_default();
    format!("{cores} cores of {model}, Linux {}", kernel.trim())
}

/// Puts the section between its marks.
pub(super) fn write(path: &Path, section: &str) -> anyhow::Result<()> {
    let text = fs::read_to_string(path).with_context(|| format!("cannot read {}", shown(path)))?;
    let text = replaced(&text, section)
        .with_context(|| format!("{} has no place for results ({BEGIN} … {END})", shown(path)))?;
    fs::write(path, text)?;
    println!("Written to {}.", shown(path));
    Ok(())
}

fn replaced(text: &str, section: &str) -> Option<String> {
    let (before, rest) = text.split_once(BEGIN)?;
    let (_, after) = rest.split_once(END)?;
    Some(format!("{before}{BEGIN}\n\n{}\n\n{END}{after}", section.trim()))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::bench::measure::{Latency, Process};

    fn run(round: u32, contender: &'static str, scenario: Scenario, ms: f64, cpu: f64) -> Measured {
        let latency = || Latency { p50_ms: ms, p99_ms: 2.0 * ms };
        let report = Load {
            streams: 50,
            ok: 700,
            failed: 0,
            late: 0,
            segments_per_s: 25.0,
            latency: latency(),
            latency_without_first: latency(),
            processes: vec![Process { peak_kib: 1024 * 100 }],
            cpu_s_per_1000: Some(cpu),
        };
        Measured { round, contender, scenario, report }
    }

    #[test]
    fn figures_are_ranges_over_rounds_and_latency_is_what_is_added_in_the_same_round() {
        let runs = [
            run(1, "direct", Scenario::Direct, 2.0, 0.0),
            run(1, "waymark", Scenario::Live, 6.0, 4.0),
            run(1, "stock", Scenario::Live, 22.0, 28.0),
            run(2, "direct", Scenario::Direct, 3.0, 0.0),
            run(2, "waymark", Scenario::Live, 8.0, 3.0),
            run(2, "stock", Scenario::Live, 23.0, 28.0),
        ];
        let table = table(&runs);
        assert!(table.contains(
            "segments, 50 live streams | 3.00 – 4.00 | 28.00 | 1/8.0 | at most 1/5, met |"
        ));
        assert!(
            table.contains("added latency p50, ms | 4.0 – 5.0 | 20.0 | 1/4.4 | at most 1/3, met |")
        );
        assert!(
            table.contains("50 streams, MB | 100 | 100 | 1.0 times | at most 1/5, NOT met |"),
            "{table}"
        );
        assert_eq!(moved(&runs), None);
    }

    #[test]
    fn without_stock_ours_stand_alone() {
        let runs = [
            run(1, "direct", Scenario::Direct, 2.0, 0.0),
            run(1, "waymark", Scenario::Live, 6.0, 4.0),
        ];
        assert!(table(&runs).contains("50 live streams | 4.00 | – | – | at most 1/5 |"));
    }

    #[test]
    fn a_yardstick_that_moved_is_told() {
        let runs = [
            run(1, "direct", Scenario::Direct, 2.0, 0.0),
            run(1, "stock", Scenario::Live, 22.0, 20.0),
            run(2, "direct", Scenario::Direct, 2.0, 0.0),
            run(2, "stock", Scenario::Live, 22.0, 28.0),
        ];
        assert!(moved(&runs).is_some());
    }

    #[test]
    fn results_go_between_the_marks_and_nothing_else_changes() {
        let text = format!("a\n{BEGIN}\nold\n{END}\nb\n");
        assert_eq!(replaced(&text, "new\n").unwrap(), format!("a\n{BEGIN}\n\nnew\n\n{END}\nb\n"));
        assert_eq!(replaced("no marks", "new"), None);
    }
}
