//! The admin listener: `/status`, `/metrics`, `/healthz`, `/readyz`. It changes nothing.

use std::{collections::BTreeMap, io, sync::Arc, thread};

use axum::{Json, Router, extract::State, http::StatusCode, response::IntoResponse, routing::get};
use prometheus::{Encoder as _, TextEncoder};
use serde::Serialize;
use tokio::net::TcpListener;
use waymark_selection::Standing;

use crate::{context::Context, lifecycle::Phase};

/// Serves on a thread with a runtime of its own, so that health and metrics answer even when the
/// media runtime is saturated or draining. The thread ends when the gateway has stopped.
pub fn spawn(context: Arc<Context>, listener: TcpListener) -> io::Result<()> {
    let listener = listener.into_std()?;
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    let serve = move || {
        runtime.block_on(async {
            let mut phase = context.phase.subscribe();
            tokio::select! {
                served = serve(context, listener) => {
                    if let Err(error) = served {
                        tracing::error!(%error, "the admin listener ended");
                    }
                }
                _ = phase.wait_for(|p| *p == Phase::Stopped) => {}
            }
        });
    };
    thread::Builder::new().name("admin".to_owned()).spawn(serve).map(drop)
}

async fn serve(context: Arc<Context>, listener: std::net::TcpListener) -> io::Result<()> {
    axum::serve(TcpListener::from_std(listener)?, router(context)).await
}

fn router(context: Arc<Context>) -> Router {
    Router::new()
        .route("/status", get(status))
        .route("/metrics", get(metrics))
        .route("/healthz", get(|| async { StatusCode::OK }))
        .route("/readyz", get(ready))
        .with_state(context)
}

async fn metrics(State(context): State<Arc<Context>>) -> axum::response::Response {
    context.metrics.refresh(&context);
    let mut text = Vec::new();
    match TextEncoder::new().encode(&context.registry.gather(), &mut text) {
        Ok(()) => ([("content-type", prometheus::TEXT_FORMAT)], text).into_response(),
        Err(error) => {
            tracing::error!(%error, "metrics cannot be written");
            StatusCode::INTERNAL_SERVER_ERROR.into_response()
        }
    }
}

/// Readiness with a reason for each part that is not ready.
#[derive(Debug, Serialize)]
struct Readiness {
    ready: bool,
    reasons: Vec<String>,
}

async fn ready(State(context): State<Arc<Context>>) -> impl IntoResponse {
    let mut reasons = Vec::new();
    let phase = *context.phase.borrow();
    if phase != Phase::Running {
        reasons.push(format!("the gateway is {phase}"));
    }
    let census = context.directory.census();
    if census.ready == 0 {
        reasons.push(match (census.known, context.directory.source_error()) {
            (_, Some(error)) => error,
            (0, None) => {
                "no orchestrator is configured; set -orchAddr or -orchWebhookUrl".to_owned()
            }
            (known, None) => format!(
                "none of {known} orchestrators is ready: {} down, {} set aside, {} full, {} not \
                 probed yet",
                census.down, census.set_aside, census.full, census.unknown
            ),
        });
    }
    let ready = reasons.is_empty();
    let status = if ready { StatusCode::OK } else { StatusCode::SERVICE_UNAVAILABLE };
    (status, Json(Readiness { ready, reasons }))
}

/// Keys of the stock node, so that its tools can read them, and a few of our own.
#[derive(Debug, Serialize)]
#[serde(rename_all = "PascalCase")]
struct Status {
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

#[derive(Debug, Serialize)]
#[serde(rename_all = "PascalCase")]
struct PoolInfo {
    url: String,
    score: f64,
    /// Seconds.
    latency: Option<f64>,
    standing: &'static str,
    error: Option<String>,
}

async fn status(State(context): State<Arc<Context>>) -> Json<Status> {
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
    Json(Status {
        manifests,
        internal_manifests: BTreeMap::new(),
        stream_info,
        orchestrator_pool: report.iter().map(|n| n.url.clone()).collect(),
        orchestrator_pool_infos: report
            .into_iter()
            .map(|n| PoolInfo {
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
    })
}
