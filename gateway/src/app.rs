//! Builds a gateway, runs it, and stops it.
//!
//! Sockets are bound before anything runs, so that a busy port is an error of the start and the
//! addresses are known when port 0 was asked for.

use std::{net::SocketAddr, sync::Arc, time::Duration};

use tokio::{
    net::TcpListener,
    sync::{Semaphore, watch},
};

use crate::{
    advertise::{AdvertiseError, Advertiser, Draw, Identity},
    authorisation::Authoriser,
    buffers::Buffers,
    clock::Clock,
    config::Config,
    context::{Context, MEMORY_UNIT},
    deliver::store::{SegmentStore, StoreConfig},
    hasher::SegmentHasher,
    http::{admin, media},
    lifecycle::{Phase, Tasks},
    metrics::Metrics,
    orchestrator::{
        directory::{Directory, Source},
        error::chain,
        transport::Transport,
    },
    payments::{self, PaymentsError, Started, books},
    signer::{OffChain, Signer},
    streams::Streams,
    verify::{
        self, Verifier,
        trust::{Trust, TrustError},
    },
    wire,
};
use waymark_opendata::{
    DayKeys, Label, Recorder, RecorderConfig, RecorderError, RecorderTask, Row, VerificationRow,
};
use waymark_payments::signer::Work;
use waymark_tagging::Registry;

/// Between two sweeps of idle connections.
const SWEEP_EVERY: Duration = Duration::from_secs(15);

/// The gateway could not start.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum StartError {
    /// A listener's address is taken or not ours.
    #[error("cannot listen on {address} ({flag}); is another process using the port?")]
    Bind {
        /// Which flag set it.
        flag: &'static str,
        /// The address.
        address: String,
        /// What the operating system said.
        #[source]
        source: std::io::Error,
    },
    /// The data directory cannot be used.
    #[error("cannot use the data directory {path}")]
    DataDir {
        /// The directory.
        path: String,
        /// What the operating system said.
        #[source]
        source: std::io::Error,
    },
    /// Records cannot be written.
    #[error("cannot write records")]
    Recorder {
        /// Why.
        #[source]
        source: RecorderError,
    },
    /// Orchestrators cannot be paid.
    #[error("cannot pay on chain")]
    Payments {
        /// Why.
        #[source]
        source: PaymentsError,
    },
    /// The job classes cannot be used.
    #[error("cannot publish requirements")]
    Requirements {
        /// Why.
        #[source]
        source: AdvertiseError,
    },
    /// What is known of orchestrators cannot be kept.
    #[error("cannot keep what is known of orchestrators")]
    Trust {
        /// Why.
        #[source]
        source: TrustError,
    },
    /// A metric was registered twice, or similar.
    #[error("cannot set up metrics")]
    Metrics {
        /// Why.
        #[source]
        source: prometheus::Error,
    },
    /// The package has no version.
    #[error("this build has no version")]
    Version,
    /// The embedded tag registry, the signer or the webhook client could not be made.
    #[error("cannot set up {what}")]
    Setup {
        /// Which part.
        what: &'static str,
        /// Why.
        #[source]
        source: Box<dyn std::error::Error + Send + Sync>,
    },
}

/// A gateway that runs. Dropping it does not stop it; [`Handle::stop`] does.
#[derive(Debug)]
pub struct Handle {
    /// Where clients push and play.
    pub media: SocketAddr,
    /// Where operators look.
    pub admin: SocketAddr,
    context: Arc<Context>,
    recording: RecorderTask,
    recording_runs: RecorderTask<VerificationRow>,
}

/// Asks a person for a pass-phrase; `None` where there is nobody to ask.
pub type Ask = fn(&str) -> std::io::Result<Option<String>>;

/// Binds the listeners and starts everything. Nobody is asked for a pass-phrase.
pub async fn start(config: Config) -> Result<Handle, StartError> {
    start_asking(config, |_| Ok(None)).await
}

/// The same, with somebody to ask for the pass-phrase of a key that the settings give none for.
pub async fn start_asking(config: Config, ask: Ask) -> Result<Handle, StartError> {
    let clock = Clock::start();
    let tasks = Tasks::default();
    std::fs::create_dir_all(&config.data_dir).map_err(|source| StartError::DataDir {
        path: config.data_dir.display().to_string(),
        source,
    })?;
    let (media_listener, media) = bind("-httpAddr", &config.http_addr).await?;
    let (admin_listener, admin) = bind("-cliAddr", &config.cli_addr).await?;

    let registry = prometheus::Registry::new();
    let metrics_error = |source| StartError::Metrics { source };
    let metrics = Metrics::register(&registry).map_err(metrics_error)?;
    let paying = start_payments(&config, &clock, &registry, ask).await?;
    let (recorder, recording) = start_recorder(&config, &clock, &registry)?;
    let (runs, recording_runs) = start_recorder::<VerificationRow>(&config, &clock, &registry)?;
    let trust = Trust::open(config.trust, &config.data_dir, clock.clone(), &registry);
    let trust = trust.map_err(|source| StartError::Trust { source })?;
    let store = StoreConfig {
        budget: config.hls.memory_bytes,
        ..StoreConfig::in_dir(config.data_dir.join("hls"))
    };
    let store = SegmentStore::open(store, &registry).map_err(|e| setup("the HLS store", e))?;
    let (signer, payments, pool) = match paying {
        None => (Arc::new(OffChain) as Arc<dyn Signer>, None, None),
        Some(Started { payments, watcher }) => {
            let signer = payments.source.signer_for(Work::Transcoding);
            let signer = signer.map_err(|e| setup("the signer", e))?;
            let payments = Arc::new(payments);
            let pool = payments.run(&tasks, watcher);
            (signer, Some(payments), Some(pool))
        }
    };
    let version = Label::from_untrusted(concat!("waymark/", env!("CARGO_PKG_VERSION")))
        .ok_or(StartError::Version)?;
    let gateway = verify::Gateway { signer: Arc::clone(&signer), software: version.clone() };
    let verifier = Verifier::start(&config, &tasks, runs, &registry, gateway)
        .map_err(|e| setup("the checks on results", e))?;
    let registry_of_tags = config.chain.as_ref().and_then(|chain| chain.tag_registry);
    let own =
        payments.as_deref().map_or(Identity::OFF_CHAIN, |p| Identity::of(p, registry_of_tags));
    let source = match (&config.orchestrator_webhook, pool) {
        (Some(url), _) => Source::Webhook(http_client()?, url.clone()),
        (None, Some(pool)) if config.orchestrators.is_empty() => Source::Chain(pool),
        (None, _) => Source::Fixed(config.orchestrators.clone()),
    };
    let directory = Directory::start(clock.clone(), &tasks, source);
    let tags = crate::tags::registry(&config.tags.files);
    // Known for as long as the process lives.
    let tags: &'static Registry = Box::leak(Box::new(tags.map_err(|e| setup("the tags", e))?));
    let random = Draw::random();
    let advertiser = Advertiser::start(
        &config,
        own,
        clock.clone(),
        tags,
        &registry,
        directory.measured(),
        random,
    )
    .map_err(|source| StartError::Requirements { source })?;
    let identity = wire::orchestrator_request(signer.as_ref(), None, false, None)
        .map_err(|e| setup("the identity", e))?;
    let streams = Arc::new(Streams::new(config.max_sessions, config.stream_idle, config.hls.grace));
    let memory_units = usize::try_from(config.limits.in_flight_bytes / MEMORY_UNIT)
        .unwrap_or(Semaphore::MAX_PERMITS)
        .min(Semaphore::MAX_PERMITS);
    let buffers = Buffers::default();
    let authoriser = match &config.auth_webhook {
        Some(webhook) => Some(Authoriser::new(http_client()?, webhook.clone())),
        None => None,
    };
    let context = Arc::new(Context {
        clock,
        tasks: tasks.clone(),
        phase: watch::Sender::new(Phase::Running),
        directory,
        transport: Transport::new(tasks.clone(), buffers.clone()),
        signer,
        payments,
        advertiser,
        trust,
        identity,
        silent: Arc::new(config.tags.silent_orchestrators.iter().map(host_of).collect()),
        blocked: Arc::new(config.block_list.iter().copied().collect()),
        authoriser,
        streams,
        store,
        buffers,
        hasher: SegmentHasher::start().map_err(|e| setup("the hashing thread", e))?,
        memory: Arc::new(Semaphore::new(memory_units)),
        verifier: Arc::new(verifier),
        recorder,
        day_keys: DayKeys::default(),
        version,
        region: config.region.parse().map_err(|e| setup("the region", e))?,
        tags,
        metrics,
        registry,
        config,
    });
    run_services(&context, media_listener);
    admin::spawn(Arc::clone(&context), admin_listener)
        .map_err(|e| setup("the admin listener", e))?;
    tracing::info!(%media, %admin, "gateway is up");
    Ok(Handle { media, admin, context, recording, recording_runs })
}

impl Handle {
    /// What the gateway is made of, for tests and embedding programs.
    pub fn context(&self) -> &Arc<Context> {
        &self.context
    }

    /// Drains and stops: new work is refused, what was begun is finished within `grace`, sessions
    /// are ended, records are flushed. Tells whether everything was finished.
    pub async fn stop(self, grace: Duration) -> bool {
        let context = self.context;
        context.phase.send_replace(Phase::Draining);
        tracing::info!(unfinished = context.tasks.unfinished(), "draining");
        let jobs_done = context.tasks.finish_jobs(grace).await;
        if !jobs_done {
            tracing::warn!(unfinished = context.tasks.unfinished(), "grace is over; work is lost");
        }
        context.streams.end_all(context.clock.now());
        // Ending a session is one short call with a deadline of its own.
        let ended = context.tasks.finish_jobs(Duration::from_secs(3)).await;
        context.tasks.stop_services().await;
        let promised = context.payments.as_ref().is_none_or(|payments| {
            let closed = payments.ledger.close(context.clock.wall());
            closed
                .inspect_err(|e| {
                    tracing::error!(error = chain(e), "the spend ledger was not closed");
                })
                .is_ok()
        });
        if let Err(error) = self.recording_runs.shutdown().await {
            tracing::error!(%error, "records of verification were lost");
        }
        context.trust.write();
        match self.recording.shutdown().await {
            Ok(summary) => tracing::info!(?summary, "records are written"),
            Err(error) => tracing::error!(%error, "records were lost"),
        }
        context.phase.send_replace(Phase::Stopped);
        jobs_done && ended && promised
    }
}

fn run_services(context: &Arc<Context>, media: TcpListener) {
    let tasks = &context.tasks;
    tasks.service("media", media::serve(Arc::clone(context), media));
    tasks.service("trust", Arc::clone(&context.trust).keep());
    tasks.service("streams", Arc::clone(&context.streams).watch(context.clock.clone()));
    if let Some(advertiser) = &context.advertiser {
        tasks.service("job classes", Arc::clone(advertiser).watch());
        let (directory, request) = (context.directory.clone(), context.identity.clone());
        let describing = Arc::clone(advertiser).describe_all(directory, request);
        tasks.service("descriptions", describing);
        if let Some(payments) = &context.payments {
            let anchoring = Arc::clone(payments).keep_anchored(Arc::clone(advertiser));
            tasks.service("anchor", anchoring);
        }
    }
    if context.payments.is_none() && context.config.records.parquet {
        let data_dir = context.config.data_dir.clone();
        tasks.service("books of days", books::keep_days(data_dir, context.clock.clone()));
    }
    let transport = context.transport.clone();
    tasks.service("sweep", async move {
        let mut interval = tokio::time::interval(SWEEP_EVERY);
        loop {
            interval.tick().await;
            transport.sweep();
        }
    });
}

/// Opens the key and reads the chain, where there is one. A key takes seconds to open, so that
/// happens on a thread of its own.
async fn start_payments(
    config: &Config,
    clock: &Clock,
    registry: &prometheus::Registry,
    ask: Ask,
) -> Result<Option<Started>, StartError> {
    if config.chain.is_none() {
        return Ok(None);
    }
    let payments = |source| StartError::Payments { source };
    let (settings, now) = (config.clone(), clock.wall());
    let opened = tokio::task::spawn_blocking(move || payments::open_key(&settings, now, ask));
    let key = opened.await.map_err(|e| setup("the key", e))?;
    let key = key.map_err(|source| payments(source.into()))?;
    let address = key.address();
    let started = payments::start(config, key, clock, registry).await.map_err(payments)?;
    let state = started.payments.chain.state();
    tracing::info!(
        %address,
        round = state.round.number,
        deposit = %state.sender.deposit,
        reserve = %state.sender.reserve.remaining,
        orchestrators = started.payments.chain.pool().entries.len(),
        "on chain"
    );
    Ok(Some(started))
}

fn start_recorder<R: Row>(
    config: &Config,
    clock: &Clock,
    registry: &prometheus::Registry,
) -> Result<(Recorder<R>, RecorderTask<R>), StartError> {
    let clock = clock.clone();
    let settings = RecorderConfig {
        capacity: config.records.queue,
        jsonl: config.records.jsonl,
        parquet: config.records.parquet,
        parquet_max_rows: config.records.parquet_rows,
        parquet_max_age: config.records.parquet_age,
        ..RecorderConfig::new(&config.data_dir, Arc::new(move || clock.wall()))
    };
    Recorder::start(settings, registry).map_err(|source| StartError::Recorder { source })
}

async fn bind(flag: &'static str, address: &str) -> Result<(TcpListener, SocketAddr), StartError> {
    let error = |source| StartError::Bind { flag, address: address.to_owned(), source };
    let listener = TcpListener::bind(address).await.map_err(error)?;
    let bound = listener.local_addr().map_err(error)?;
    Ok((listener, bound))
}

/// `host:port`, as nodes name themselves.
fn host_of(url: &url::Url) -> String {
    url[url::Position::BeforeHost..url::Position::AfterPort].to_owned()
}

fn http_client() -> Result<reqwest::Client, StartError> {
    reqwest::Client::builder()
        .user_agent(concat!("waymark/", env!("CARGO_PKG_VERSION")))
        .redirect(reqwest::redirect::Policy::limited(3))
        .build()
        .map_err(|e| setup("the webhook client", e))
}

fn setup(what: &'static str, source: impl std::error::Error + Send + Sync + 'static) -> StartError {
    StartError::Setup { what, source: Box::new(source) }
}
