//! Orchestrators that answer at once with renditions made before: the far side of a load run.

use std::net::SocketAddr;
use std::path::PathBuf;
use std::time::Duration;

use anyhow::{Context as _, ensure};
use bytes::Bytes;
use waymark_media::TestPattern;

use super::source::draw;
use crate::crypto::Key;
use crate::fault::{SegmentFault, Times};
use crate::orchestrator::{OnChain, Orchestrator, Transcoding};

/// Most ports of one run.
const MAX_PORTS: u16 = 256;
/// Length of the renditions drawn.
const DURATION: Duration = Duration::from_secs(2);
/// Sizes of the renditions drawn, in order: those of a gateway's default profiles first.
const SIZES: [(u32, u32); 4] = [(426, 240), (640, 360), (854, 480), (1280, 720)];

/// What to answer and where.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct AnswererOptions {
    /// First address; with a fixed port the next ones follow it.
    pub listen: SocketAddr,
    /// Ports, each an orchestrator of its own; 1 to 256.
    pub ports: u16,
    /// Clear text instead of TLS.
    pub plain_http: bool,
    /// Sessions each of them takes.
    pub max_sessions: usize,
    /// Files to answer with, in profile order; drawn when there are none.
    pub files: Vec<PathBuf>,
    /// Renditions drawn, 1 to 4.
    pub renditions: usize,
    /// Bytes of each drawn rendition, rounded down to whole packets of 188.
    pub rendition_bytes: usize,
    /// How long each takes for a segment, as if it transcoded.
    pub delay: Duration,
    /// Signs results.
    pub sign: bool,
    /// Hashes every body, which costs as much as a good part of a gateway's work.
    pub check_hashes: bool,
    /// How they are paid, and with which key, all with the same; not at all without.
    pub paid: Option<(Key, OnChain)>,
}

impl Default for AnswererOptions {
    fn default() -> Self {
        Self {
            listen: ([127, 0, 0, 1], 0).into(),
            ports: 1,
            plain_http: false,
            max_sessions: 100_000,
            files: Vec::new(),
            renditions: 2,
            rendition_bytes: 300_048,
            delay: Duration::ZERO,
            sign: false,
            check_hashes: false,
            paid: None,
        }
    }
}

/// Starts them all; they end with the handles.
pub async fn answerer(options: &AnswererOptions) -> anyhow::Result<Vec<Orchestrator>> {
    ensure!((1..=MAX_PORTS).contains(&options.ports), "1 to {MAX_PORTS} ports can be opened");
    let renditions = renditions(options).await?;
    let mut started = Vec::new();
    for index in 0..options.ports {
        let mut listen = options.listen;
        if listen.port() != 0 {
            let port = listen.port().checked_add(index).context("no port above 65535")?;
            listen.set_port(port);
        }
        let mut builder = Orchestrator::builder()
            .name(format!("answerer-{index}"))
            .listen(listen)
            .max_sessions(options.max_sessions)
            .transcoding(Transcoding::Fixed(renditions.clone()));
        if !options.delay.is_zero() {
            builder = builder.fault(SegmentFault::Slow(options.delay), Times::Always);
        }
        if options.plain_http {
            builder = builder.plain_http();
        }
        match &options.paid {
            Some((key, payments)) => {
                builder = builder.key(key.clone()).on_chain(payments.clone());
            }
            None if !options.sign => builder = builder.off_chain(),
            None => {}
        }
        if !options.check_hashes {
            builder = builder.trust_hashes();
        }
        started.push(builder.start().await?);
    }
    Ok(started)
}

async fn renditions(options: &AnswererOptions) -> anyhow::Result<Vec<Bytes>> {
    let mut renditions = Vec::new();
    for path in &options.files {
        let bytes = tokio::fs::read(path).await;
        renditions.push(bytes.with_context(|| format!("cannot read {}", path.display()))?.into());
    }
    if renditions.is_empty() {
        renditions = drawn_renditions(options.renditions, options.rendition_bytes).await?;
    }
    Ok(renditions)
}

/// Renditions drawn for a node that answers at once: `count` of a gateway's default sizes, each of about
/// `size` bytes.
pub async fn drawn_renditions(count: usize, size: usize) -> anyhow::Result<Vec<Bytes>> {
    ensure!((1..=SIZES.len()).contains(&count), "1 to {} renditions can be drawn", SIZES.len());
    tokio::task::spawn_blocking(move || draw_renditions(count, size)).await?
}

fn draw_renditions(count: usize, size: usize) -> anyhow::Result<Vec<Bytes>> {
    let mut renditions = Vec::new();
    for (width, height) in SIZES.into_iter().take(count) {
        let pattern = TestPattern { width, height, segment: DURATION, ..TestPattern::default() };
        renditions.extend(draw(&pattern, 1, size)?);
    }
    Ok(renditions)
}
