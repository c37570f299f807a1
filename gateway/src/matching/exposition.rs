//! The same answers as metrics, so that an alert fires when a requirement moves out of reach.

use std::{net::SocketAddr, sync::Arc};

use axum::{Router, http::header::CONTENT_TYPE, routing::get};
use parking_lot::Mutex;
use tokio::net::TcpListener;
use waymark_tagging::{Verdict, predicate::Admission};

use super::{MatchError, report::Report};
use crate::lifecycle::Tasks;

/// Metrics that are served while the command runs.
#[derive(Debug, Clone)]
pub(super) struct Metrics(Arc<Mutex<String>>);

impl Metrics {
    /// From now on these are the answers.
    pub(super) fn show(&self, report: &Report) {
        *self.0.lock() = text(report);
    }
}

/// Serves `/metrics` until the process ends.
pub(super) async fn serve(
    address: SocketAddr,
    report: &Report,
    tasks: &Tasks,
) -> Result<Metrics, MatchError> {
    let failed = |source| MatchError::Listen { address, source };
    let listener = TcpListener::bind(address).await.map_err(failed)?;
    let metrics = Metrics(Arc::new(Mutex::new(text(report))));
    let shown = metrics.clone();
    let answer = move || async move {
        let kind = "text/plain; version=0.0.4";
        ([(CONTENT_TYPE, kind)], shown.0.lock().clone())
    };
    let router = Router::new().route("/metrics", get(answer));
    tasks.service("match metrics", async move {
        if let Err(error) = axum::serve(listener, router).await {
            tracing::error!(%error, "metrics are no longer served");
        }
    });
    Ok(metrics)
}

/// The text format of Prometheus.
pub(super) fn text(report: &Report) -> String {
    let mut lines = vec![
        "# HELP waymark_match_status Requirements of the class: 1 pass, 0 unknown, -1 fail."
            .to_owned(),
        "# TYPE waymark_match_status gauge".to_owned(),
    ];
    lines.extend(report.outcomes.iter().map(|outcome| {
        let value = match outcome.decision.verdict {
            Verdict::Pass => 1,
            Verdict::Unknown => 0,
            Verdict::Fail => -1,
        };
        line("waymark_match_status", &outcome.gateway, &outcome.tag, value)
    }));
    lines.push(
        "# HELP waymark_match_admission Work of the class: 1 yes, 0 a small share, -1 none."
            .to_owned(),
    );
    lines.push("# TYPE waymark_match_admission gauge".to_owned());
    lines.extend(report.outcomes.iter().map(|outcome| {
        let value = match outcome.decision.admission {
            Admission::Yes => 1,
            Admission::Probe => 0,
            Admission::No => -1,
        };
        line("waymark_match_admission", &outcome.gateway, &outcome.tag, value)
    }));
    lines.push(String::new());
    lines.join("\n")
}

/// Addresses and tags hold nothing that would need escaping.
fn line(name: &str, gateway: &str, tag: &str, value: i8) -> String {
    format!("{name}{{gateway=\"{gateway}\",tag=\"{tag}\"}} {value}")
}
