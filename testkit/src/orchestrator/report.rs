//! What a node did and earned, as one JSON document, and a port that hands it out.
//!
//! The port is not the node's own: a stock node has no such path.

use std::collections::BTreeMap;
use std::convert::Infallible;

use alloy_primitives::Address;
use bytes::Bytes;
use http::header::{CONTENT_TYPE, HeaderValue};
use http::{Request, Response, StatusCode};
use http_body_util::Full;
use hyper::body::Incoming;
use hyper::service::service_fn;
use hyper_util::rt::{TokioIo, TokioTimer};
use serde::Serialize;
use tokio::net::{TcpListener, TcpStream};
use tokio::task::JoinSet;

use super::Orchestrator;
use super::payee::PaymentStats;

/// Connections held at the same time.
const MAX_CONNECTIONS: usize = 64;

/// Counts of one orchestrator since it was started.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[non_exhaustive]
pub struct Report {
    /// Its name in log lines.
    pub name: String,
    /// The URI it gives out.
    pub uri: String,
    /// Who is paid; zeros off-chain.
    pub address: Address,
    /// Segments that got the early 200.
    pub segments_accepted: u64,
    /// Segments refused before it, by text.
    pub segments_refused: BTreeMap<String, u64>,
    /// Results with renditions sent.
    pub results: u64,
    /// Sessions that hold a slot now.
    pub open_sessions: usize,
    /// Faults that struck, by name.
    pub faults: BTreeMap<String, u64>,
    /// Tickets, winners and wei.
    pub payments: PaymentStats,
}

impl Orchestrator {
    /// Counts so far.
    pub fn report(&self) -> Report {
        let stats = self.stats();
        Report {
            name: self.node.options.name.clone(),
            uri: self.node.uri.clone(),
            address: self.address(),
            segments_accepted: stats.segments_accepted,
            segments_refused: stats.segments_refused,
            results: stats.results,
            open_sessions: stats.open_sessions,
            faults: stats.faults,
            payments: stats.payments,
        }
    }

    /// Answers every GET on this port with the report. Never returns; what is open closes when this is
    /// dropped.
    pub async fn serve_report(&self, listener: TcpListener) -> Infallible {
        let mut open = JoinSet::new();
        loop {
            tokio::select! {
                accepted = listener.accept(), if open.len() < MAX_CONNECTIONS => match accepted {
                    Ok((stream, _)) => {
                        let report = serde_json::to_vec_pretty(&self.report());
                        open.spawn(answer(stream, report.unwrap_or_default().into()));
                    }
                    Err(error) => tracing::warn!(%error, "cannot accept a connection"),
                },
                Some(_) = open.join_next(), if !open.is_empty() => {}
            }
        }
    }
}

async fn answer(stream: TcpStream, report: Bytes) {
    let service = service_fn(move |request: Request<Incoming>| {
        let mut reply = Response::new(Full::new(report.clone()));
        if request.method() == http::Method::GET {
            let json = HeaderValue::from_static("application/json");
            reply.headers_mut().insert(CONTENT_TYPE, json);
        } else {
            reply = Response::new(Full::default());
            *reply.status_mut() = StatusCode::METHOD_NOT_ALLOWED;
        }
        async move { Ok::<_, Infallible>(reply) }
    });
    let mut http = hyper::server::conn::http1::Builder::new();
    // One report for each connection: the next one would be stale.
    let serving = http.timer(TokioTimer::new()).keep_alive(false);
    if let Err(error) = serving.serve_connection(TokioIo::new(stream), service).await {
        tracing::debug!(%error, "connection for a report ended");
    }
}
