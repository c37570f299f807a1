//! `/status`: streams and orchestrators, under the keys of the stock node.

use std::collections::BTreeMap;

use axum::{Json, extract::State};
use serde::Serialize;
use waymark_selection::Standing;

use super::Shared;
use crate::verify::worker::{Pool, PoolStatus};

/// Keys of the stock node, so that its tools can read them, and a few of our own.
#[derive(Debug, Serialize)]
#[serde(rename_all = "PascalCase")]
pub(super) struct Status {
    manifests: BTreeMap<String, Manifest>,
    internal_manifests: BTreeMap<String, String>,
    stream_info: BTreeMap<String, StreamInfo>,
    orchestrator_pool: Vec<String>,
    orchestrator_pool_infos: Vec<PoolInfo>,
    version: String,
    golang_runtime_version: &'static str,
    #[serde(rename = "GOArch")]
    arch: &'static str,
    #[serde(rename = "GOOS")]
    os: &'static str,
    registered_transcoders_number: u32,
    registered_transcoders: Vec<String>,
    local_transcoding: bool,
    broadcaster_prices: BTreeMap<String, String>,
    #[serde(rename = "Phase")]
    phase: String,
    /// Absent where nothing is decoded.
    #[serde(skip_serializing_if = "Option::is_none")]
    verification_workers: Option<Workers>,
    /// On chain only.
    #[serde(skip_serializing_if = "Option::is_none")]
    round_books: Option<crate::payments::books::Report>,
}

#[derive(Debug, Serialize)]
#[serde(rename_all = "PascalCase")]
struct Manifest {
    variants: Vec<Variant>,
    args: String,
    cypher_version: String,
    tag: String,
    orchestrators: Vec<String>,
}

#[derive(Debug, Serialize)]
#[serde(rename_all = "PascalCase")]
struct Variant {
    #[serde(rename = "URI")]
    uri: String,
    bandwidth: i64,
    resolution: String,
}

#[derive(Debug, Serialize)]
#[serde(rename_all = "PascalCase")]
struct StreamInfo {
    source_bytes: u64,
    transcoded_bytes: u64,
}

/// Processes that decode.
#[derive(Debug, Serialize)]
#[serde(rename_all = "PascalCase")]
struct Workers {
    running: usize,
    waiting: usize,
    served: u64,
    refused: u64,
    lost: u64,
    /// What confines them, in words.
    confinement: Option<String>,
    /// Why the last one did not come up.
    trouble: Option<String>,
}

impl From<PoolStatus> for Workers {
    fn from(status: PoolStatus) -> Self {
        Self {
            running: status.running,
            waiting: status.waiting,
            served: status.served,
            refused: status.refused,
            lost: status.lost,
            confinement: status.confinement.map(|confinement| confinement.to_string()),
            trouble: status.trouble,
        }
    }
}

#[derive(Debug, Serialize)]
#[serde(rename_all = "PascalCase")]
struct PoolInfo {
    url: String,
    score: f64,
    /// Seconds.
    latency: Option<f64>,
    standing: &'static str,
    error: Option<String>,
    /// Worst state of its work, and why.
    trust: &'static str,
    trust_reason: String,
}

pub(super) async fn status(State(admin): State<Shared>) -> Json<Status> {
    let context = &admin.context;
    let mut manifests = BTreeMap::new();
    let mut stream_info = BTreeMap::new();
    for stream in context.streams.all() {
        let (source_bytes, transcoded_bytes) = stream.bytes();
        let name = stream.manifest.to_string();
        let variants = stream.profiles.iter().map(|p| Variant {
            uri: format!("{name}/{}.m3u8", p.name),
            bandwidth: p.bitrate.into(),
            resolution: format!("{}x{}", p.width, p.height),
        });
        let manifest = Manifest {
            variants: variants.collect(),
            args: String::new(),
            cypher_version: String::new(),
            tag: stream.tag.to_string(),
            orchestrators: stream.sessions.hosts(),
        };
        stream_info.insert(name.clone(), StreamInfo { source_bytes, transcoded_bytes });
        manifests.insert(name, manifest);
    }
    let report = context.directory.report();
    let trust = context.trust.of_nodes(&context.directory.nodes());
    Json(Status {
        manifests,
        internal_manifests: BTreeMap::new(),
        stream_info,
        orchestrator_pool: report.iter().map(|n| n.url.clone()).collect(),
        orchestrator_pool_infos: report
            .into_iter()
            .map(|n| PoolInfo {
                trust: trust.get(&n.url).map_or("new", |told| told.state.as_str()),
                trust_reason: trust.get(&n.url).map(|told| told.why.clone()).unwrap_or_default(),
                url: n.url,
                score: 1.0,
                latency: n.latency.map(|l| l.as_secs_f64()),
                standing: match n.standing {
                    Standing::Unknown => "unknown",
                    Standing::Up => "up",
                    Standing::Down => "down",
                },
                error: n.error,
            })
            .collect(),
        version: concat!("waymark-", env!("CARGO_PKG_VERSION")).to_owned(),
        golang_runtime_version: "",
        // The stock node's tools expect the names of its own toolchain.
        arch: match std::env::consts::ARCH {
            "x86_64" => "amd64",
            "aarch64" => "arm64",
            other => other,
        },
        os: std::env::consts::OS,
        registered_transcoders_number: 0,
        registered_transcoders: Vec::new(),
        local_transcoding: false,
        broadcaster_prices: BTreeMap::new(),
        phase: context.phase.borrow().to_string(),
        verification_workers: context.verifier.judge().pool().map(Pool::status).map(Workers::from),
        round_books: context.payments.as_ref().map(|payments| payments.books.report()),
    })
}
