//! Where the gateway's CPU goes: samples of `perf` while it is saturated, summed by what the code is
//! for. Families say more than the ten hottest symbols.

use std::{collections::BTreeMap, path::Path, process::Stdio, time::Duration};

use anyhow::Context as _;
use serde::Serialize;
use tokio::{process::Command, time::timeout};

use super::{
    contender::Contender,
    measure::{self, Answerers, Scenario},
};
use crate::workspace::shown;

/// Samples a second.
const RATE: &str = "499";
/// The rings of a fresh process are filled by then.
const WARM: Duration = Duration::from_secs(1);
/// perf has written its samples by then.
const STOP: Duration = Duration::from_secs(30);

/// Families, in the order in which they are tried: words of a symbol.
const FAMILIES: &[(&str, &[&str])] = &[
    ("hash (Keccak-256)", &["keccak", "sha3", "Keccak"]),
    ("kernel", &["[k]"]),
    ("AEAD, handshakes", &["aes_", "gcm", "aws_lc", "x25519", "p256", "ecdsa", "sha256", "ghash"]),
    ("copying memory", &["memmove", "memcpy", "memset", "__memmove", "__memset"]),
    ("allocator", &["malloc", "free", "_int_", "calloc", "realloc", "sysmalloc"]),
    ("TLS records", &["rustls"]),
    ("probe", &["waymark_media", "memchr"]),
    ("records", &["waymark_opendata", "parquet", "arrow", "zstd", "serde_json"]),
    ("HTTP, gRPC", &["hyper", "h2::", "httparse", "http_body", "tonic", "prost", "http::"]),
    ("scheduling", &["tokio", "parking_lot", "mio", "futures"]),
    ("the gateway itself", &["waymark"]),
];
const OTHER: &str = "everything else";

/// Share of each family, percent, largest first.
pub(super) type Families = Vec<Share>;

/// One family.
#[derive(Debug, Clone, Serialize)]
pub(super) struct Share {
    pub(super) family: String,
    pub(super) percent: f64,
}

/// Saturates a gateway once more and samples it.
pub(super) async fn record(
    contender: &Contender,
    answerers: &Answerers,
    dir: &Path,
    dry: bool,
) -> anyhow::Result<Families> {
    println!("Sampling a saturated gateway with perf.");
    let running = contender.start("profiled", answerers).await?;
    let data = dir.join("perf.data");
    let mut load = measure::load(answerers, Scenario::Saturated, dry);
    load.args(["--gateway", &running.url]);
    let mut pushing = std::pin::pin!(measure::report(load));
    tokio::select! {
        pushed = pushing.as_mut() => {
            anyhow::bail!("the load run ended before it could be sampled: {:?}", pushed?)
        }
        () = tokio::time::sleep(WARM) => {}
    }
    let mut perf = Command::new("perf")
        .args(["record", "--quiet", "--freq", RATE, "--pid", &running.pid.to_string(), "--output"])
        .arg(&data)
        .stderr(Stdio::null())
        .kill_on_drop(true)
        .spawn()
        .context("perf cannot be started; without --profile the bench does not need it")?;
    pushing.await?;
    // perf writes its file when the process that it watches ends.
    drop(running);
    timeout(STOP, perf.wait()).await.context("perf does not end")??;

    let output = Command::new("perf")
        .args(["report", "--stdio", "--no-children", "--call-graph", "none"])
        .args(["--fields", "overhead,symbol", "--field-separator", "\t", "--input"])
        .arg(&data)
        .stderr(Stdio::null())
        .kill_on_drop(true)
        .output()
        .await?;
    let families = sum(&String::from_utf8_lossy(&output.stdout));
    anyhow::ensure!(!families.is_empty(), "perf's report on {} is empty", shown(&data));
    Ok(families)
}

/// Sums the lines of a report: percent, symbol.
fn sum(report: &str) -> Families {
    let mut sums: BTreeMap<&str, f64> = BTreeMap::new();
    for line in report.lines().filter(|l| !l.starts_with('#')) {
        let Some((percent, symbol)) = line.trim().split_once('\t') else { continue };
        let Ok(percent) = percent.trim().trim_end_matches('%').parse::<f64>() else { continue };
        *sums.entry(family(symbol)).or_default() += percent;
    }
    let mut families: Families = sums
        .into_iter()
        .map(|(family, percent)| Share { family: family.to_owned(), percent })
        .collect();
    families.sort_by(|a, b| b.percent.total_cmp(&a.percent));
    families
}

fn family(symbol: &str) -> &'static str {
    let known = FAMILIES.iter().find(|(_, words)| words.iter().any(|w| symbol.contains(w)));
    known.map_or(OTHER, |(family, _)| family)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn samples_are_summed_by_family() {
        let report = "# comment\n 40.00%\t[.] KeccakF1600\n 2.50%\t[.] __memmove_avx\n\
                      30.00%\t[k] tcp_sendmsg\n 10.0%\t[.] __KeccakF1600\n\
                      1.0%\t[.] waymark::job::run\n 0.5%\t[.] odd\n\n";
        let families = sum(report);
        let named: Vec<_> = families.iter().map(|s| (s.family.as_str(), s.percent)).collect();
        assert_eq!(
            named,
            [
                ("hash (Keccak-256)", 50.0),
                ("kernel", 30.0),
                ("copying memory", 2.5),
                ("the gateway itself", 1.0),
                (OTHER, 0.5),
            ]
        );
    }
}
