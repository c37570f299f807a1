//! CPU time and memory of another process, from `/proc`.

use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use anyhow::Context as _;
use parking_lot::Mutex;
use serde::Serialize;
use tokio::task::JoinSet;

/// Ticks of a second in `/proc/PID/stat`: USER_HZ, 100 on every Linux that this runs on.
const TICKS: f64 = 100.0;
/// Time between two looks at the memory in use.
const SAMPLE: Duration = Duration::from_millis(100);

/// What a process used during a run.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[non_exhaustive]
pub struct ProcessReport {
    /// Process id.
    pub pid: u32,
    /// Name of its program.
    pub name: String,
    /// CPU seconds in its own code.
    pub user_s: f64,
    /// CPU seconds in the kernel on its behalf.
    pub sys_s: f64,
    /// Both.
    pub cpu_s: f64,
    /// Resident memory at the start, KiB.
    pub rss_start_kib: u64,
    /// Largest resident memory seen during the run, KiB.
    pub rss_max_kib: u64,
    /// Resident memory at the end, KiB.
    pub rss_end_kib: u64,
    /// Largest resident memory since the process began, by the kernel's own count, KiB.
    pub peak_kib: u64,
}

#[derive(Clone, Debug, Default, PartialEq)]
struct Sample {
    name: String,
    user_ticks: u64,
    sys_ticks: u64,
    rss_kib: u64,
    peak_kib: u64,
}

/// A process under watch, from its making to [`ProcessWatch::finish`].
#[derive(Debug)]
pub struct ProcessWatch {
    pid: u32,
    start: Sample,
    rss_max_kib: Arc<Mutex<u64>>,
    _sampler: JoinSet<()>,
}

impl ProcessWatch {
    /// Starts to watch a process.
    pub async fn start(pid: u32) -> anyhow::Result<Self> {
        let start = sample(pid).await?;
        let rss_max_kib = Arc::new(Mutex::new(start.rss_kib));
        let highest = Arc::clone(&rss_max_kib);
        let mut sampler = JoinSet::new();
        sampler.spawn(async move {
            let mut ticks = tokio::time::interval(SAMPLE);
            loop {
                ticks.tick().await;
                let Ok(now) = sample(pid).await else { return };
                let mut highest = highest.lock();
                *highest = now.rss_kib.max(*highest);
            }
        });
        Ok(Self { pid, start, rss_max_kib, _sampler: sampler })
    }

    /// Looks a last time and gives what was used meanwhile.
    pub async fn finish(self) -> anyhow::Result<ProcessReport> {
        let end = sample(self.pid).await?;
        let seconds = |start: u64, end: u64| {
            let ticks = u32::try_from(end.saturating_sub(start)).unwrap_or(u32::MAX);
            f64::from(ticks) / TICKS
        };
        let user_s = seconds(self.start.user_ticks, end.user_ticks);
        let sys_s = seconds(self.start.sys_ticks, end.sys_ticks);
        let rss_max_kib = end.rss_kib.max(*self.rss_max_kib.lock());
        Ok(ProcessReport {
            pid: self.pid,
            name: end.name,
            user_s,
            sys_s,
            cpu_s: user_s + sys_s,
            rss_start_kib: self.start.rss_kib,
            rss_max_kib,
            rss_end_kib: end.rss_kib,
            peak_kib: end.peak_kib,
        })
    }
}

async fn sample(pid: u32) -> anyhow::Result<Sample> {
    let read = |file: &str| {
        let path = PathBuf::from(format!("/proc/{pid}/{file}"));
        async move {
            tokio::fs::read_to_string(&path).await.with_context(|| {
                format!("cannot read {}: is there a process {pid}?", path.display())
            })
        }
    };
    parse(&read("stat").await?, &read("status").await?)
        .with_context(|| format!("/proc/{pid} is not what Linux writes"))
}

fn parse(stat: &str, status: &str) -> Option<Sample> {
    // The name stands in parentheses and may hold anything, parentheses and spaces included.
    let (front, fields) = stat.rsplit_once(')')?;
    let (_, name) = front.split_once('(')?;
    // Fields are counted from 1; what is left begins with the third. User time is 14, system time 15.
    let mut fields = fields.split_ascii_whitespace().skip(14 - 3);
    let user_ticks = fields.next()?.parse().ok()?;
    let sys_ticks = fields.next()?.parse().ok()?;
    let kib = |key: &str| {
        status
            .lines()
            .find_map(|line| line.strip_prefix(key)?.strip_prefix(':'))
            .and_then(|value| value.trim().strip_suffix(" kB")?.trim().parse().ok())
    };
    Some(Sample {
        name: name.to_owned(),
        user_ticks,
        sys_ticks,
        rss_kib: kib("VmRSS")?,
        peak_kib: kib("VmHWM")?,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_and_memory_are_found_behind_an_awkward_name() {
        let stat = "42 (way) mark (x) S 1 42 42 0 -1 4194304 100 0 0 0 123 45 0 0 20 0 8 0 99 1 2";
        let status = "Name:\tway\nVmPeak:\t  900000 kB\nVmHWM:\t   20480 kB\nVmRSS:\t   10240 kB\n";
        let sample = parse(stat, status).unwrap();
        assert_eq!(sample.name, "way) mark (x");
        assert_eq!((sample.user_ticks, sample.sys_ticks), (123, 45));
        assert_eq!((sample.rss_kib, sample.peak_kib), (10240, 20480));
    }

    #[test]
    fn other_texts_are_not_understood() {
        assert_eq!(parse("", ""), None);
        assert_eq!(parse("1 (a) S 1", "VmRSS: 1 kB"), None);
    }

    #[tokio::test]
    async fn this_process_can_be_watched_and_a_missing_one_cannot() {
        let watch = ProcessWatch::start(std::process::id()).await.unwrap();
        let report = watch.finish().await.unwrap();
        assert!(report.rss_max_kib > 0 && report.peak_kib >= report.rss_end_kib);
        let error = ProcessWatch::start(u32::MAX).await.unwrap_err();
        assert!(error.to_string().contains("is there a process"), "{error:#}");
    }
}
