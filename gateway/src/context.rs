//! What every job and every request shares. Built once in [`crate::app`], never changed.

use std::{collections::HashSet, sync::Arc};

use tokio::sync::{Semaphore, watch};
use waymark_opendata::{DayKeys, Label, Recorder, Region};
use waymark_proto::net::OrchestratorRequest;
use waymark_tagging::Registry;

use crate::{
    advertise::Advertiser,
    authorisation::Authoriser,
    buffers::Buffers,
    clock::Clock,
    config::Config,
    deliver::store::SegmentStore,
    hasher::SegmentHasher,
    lifecycle::{Phase, Tasks},
    metrics::Metrics,
    orchestrator::{directory::Directory, transport::Transport},
    payments::Payments,
    signer::Signer,
    streams::Streams,
    verify::Verifier,
    verify::trust::Trust,
};

/// The parts of a running gateway.
#[derive(Debug)]
pub struct Context {
    /// Settings, validated.
    pub config: Config,
    /// Time.
    pub clock: Clock,
    /// Spawning.
    pub tasks: Tasks,
    /// Where the process is in its life.
    pub phase: watch::Sender<Phase>,
    /// Orchestrators.
    pub directory: Directory,
    /// Media connections to them.
    pub transport: Transport,
    /// Signs requests; off-chain with an empty signature.
    pub signer: Arc<dyn Signer>,
    /// Paying; `None` off-chain.
    pub payments: Option<Arc<Payments>>,
    /// What is asked of orchestrators; `None` where no classes are configured.
    pub advertiser: Option<Arc<Advertiser>>,
    /// How far orchestrators are trusted.
    pub trust: Arc<Trust>,
    /// The signed identity part of GetOrchestrator.
    pub identity: OrchestratorRequest,
    /// Orchestrators that are told no tag, as `host:port`.
    pub silent: Arc<HashSet<String>>,
    /// Orchestrator addresses never used.
    pub blocked: Arc<HashSet<alloy_primitives::Address>>,
    /// Who may push; `None`: everybody.
    pub authoriser: Option<Authoriser>,
    /// Live and ended streams.
    pub streams: Arc<Streams>,
    /// HLS segments.
    pub store: SegmentStore,
    /// Memory for segments and renditions.
    pub buffers: Buffers,
    /// Keccak-256.
    pub hasher: SegmentHasher,
    /// Bodies in flight, in units of [`MEMORY_UNIT`].
    pub memory: Arc<Semaphore>,
    /// Whether results are what was asked for.
    pub verifier: Arc<Verifier>,
    /// Open data.
    pub recorder: Recorder,
    /// Keys of the day for pseudonyms in records.
    pub day_keys: DayKeys,
    /// This software in records.
    pub version: Label,
    /// Where this gateway stands, in records.
    pub region: Region,
    /// Known tags.
    pub tags: &'static Registry,
    /// What is counted.
    pub metrics: Metrics,
    /// Everything that `/metrics` shows.
    pub registry: prometheus::Registry,
}

/// Granularity of the memory budget for bodies in flight, bytes.
pub const MEMORY_UNIT: u64 = 64 * 1024;
