//! What is counted: our own names under `waymark_`, and go-livepeer's names for dashboards that rely
//! on them. Both are fed from the same events, so they cannot disagree. Every label value comes from
//! a closed set or from the operator's own list of orchestrators.

use std::time::Duration;

use prometheus::{
    Counter, CounterVec, Gauge, GaugeVec, Histogram, HistogramOpts, HistogramVec, IntCounter,
    IntCounterVec, IntGauge, IntGaugeVec, Opts, Registry, Result,
};

use crate::{
    context::Context,
    errors::Reason,
    job::{Job, Observation},
};

/// Seconds of a segment's way; a segment is usually 2 s long, and answers should beat that.
const SECONDS: &[f64] = &[0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.0, 4.0, 8.0, 16.0, 32.0];
/// Bounds of stock histograms of transcoding time (go-livepeer `monitor/census.go`).
const TRANSCODE_SECONDS: &[f64] =
    &[0.25, 0.5, 0.75, 1.0, 1.25, 1.5, 2.0, 2.5, 3.0, 3.5, 4.0, 4.5, 5.0, 10.0];
/// Bounds of upload and download times as the stock names suggest they were meant.
const TRANSFER_SECONDS: &[f64] = &[0.1, 0.2, 0.5, 1.0, 1.5, 2.0, 5.0, 10.0];

/// Bounds of times in milliseconds (go-livepeer `monitor/census.go`).
const MILLISECONDS: &[f64] =
    &[100.0, 250.0, 500.0, 750.0, 1000.0, 1500.0, 2000.0, 2500.0, 3000.0, 5000.0, 10000.0];

/// Refusals that are the service's fault, not the client's.
const SERVICE_FAILURES: [Reason; 8] = [
    Reason::NoOrchestrator,
    Reason::OrchestratorsFailed,
    Reason::StreamBusy,
    Reason::MemoryFull,
    Reason::SpendLimit,
    Reason::NoFunds,
    Reason::PaymentUnavailable,
    Reason::Internal,
];

/// All counters of the gateway.
#[derive(Debug)]
pub struct Metrics {
    pushes: IntCounterVec,
    push_seconds: Histogram,
    attempts: IntCounterVec,
    attempt_seconds: HistogramVec,
    swaps: IntCounter,
    source_bytes: IntCounter,
    rendition_bytes: IntCounter,
    late: IntCounter,
    streams: IntGauge,
    stream_limit: IntGauge,
    orchestrators: IntGaugeVec,
    memory: IntGauge,
    legacy: Legacy,
}

/// go-livepeer's names.
#[derive(Debug)]
struct Legacy {
    uploaded: CounterVec,
    upload_failed: CounterVec,
    upload_seconds: HistogramVec,
    downloaded: Counter,
    download_seconds: Histogram,
    transcoded: Counter,
    transcode_seconds: Histogram,
    failed: CounterVec,
    swaps: Counter,
    discovery_errors: CounterVec,
    sessions: Gauge,
    max_sessions: Gauge,
    success_rate: Gauge,
    versions: GaugeVec,
    compared: CounterVec,
    compared_bad: CounterVec,
    comparing: Gauge,
    comparing_verified: Gauge,
    authorisation: Histogram,
}

impl Metrics {
    /// Makes all metrics known to the registry.
    pub fn register(registry: &Registry) -> Result<Self> {
        let process = prometheus::process_collector::ProcessCollector::for_self();
        registry.register(Box::new(process))?;
        let r = Registrar(registry);
        Ok(Self {
            pushes: r.int_vec("waymark_pushes_total", "Pushes answered, by result", &["result"])?,
            push_seconds: r.histogram(
                "waymark_push_seconds",
                "From the arrival of a push to its answer",
                SECONDS,
            )?,
            attempts: r.int_vec(
                "waymark_attempts_total",
                "Attempts with an orchestrator, by what came of them",
                &["orchestrator", "result"],
            )?,
            attempt_seconds: r.histogram_vec(
                "waymark_attempt_seconds",
                "Duration of an attempt",
                SECONDS,
                &["result"],
            )?,
            swaps: r.int(
                "waymark_swaps_total",
                "Segments served by another orchestrator than the one tried before",
            )?,
            source_bytes: r.int("waymark_source_bytes_total", "Bytes of segments taken in")?,
            rendition_bytes: r.int("waymark_rendition_bytes_total", "Bytes of renditions made")?,
            late: r.int(
                "waymark_segments_unlisted_total",
                "Segments delivered and not listed: duplicates, or later than playlists wait",
            )?,
            streams: r.gauge("waymark_streams", "Live streams")?,
            stream_limit: r.gauge("waymark_streams_limit", "Most live streams")?,
            orchestrators: r.gauge_vec(
                "waymark_orchestrators",
                "Orchestrators known, by how they stand",
                &["standing"],
            )?,
            memory: r.gauge(
                "waymark_in_flight_free_bytes",
                "Room left in the memory for segments in flight",
            )?,
            legacy: Legacy::register(&r)?,
        })
    }

    /// A push was answered with renditions.
    pub fn delivered(
        &self,
        job: &Job,
        renditions: &[bytes::Bytes],
        unlisted: bool,
        took: Duration,
    ) {
        let out: usize = renditions.iter().map(bytes::Bytes::len).sum();
        self.pushes.with_label_values(&["ok"]).inc();
        self.push_seconds.observe(took.as_secs_f64());
        self.source_bytes.inc_by(job.source.len() as u64);
        self.rendition_bytes.inc_by(out as u64);
        self.late.inc_by(u64::from(unlisted));
        job.stream.count(job.source.len(), out);
    }

    /// A push was answered with a problem.
    pub fn refused(&self, reason: Reason) {
        self.pushes.with_label_values(&[reason.name()]).inc();
        self.legacy.failed.with_label_values(&[reason.name()]).inc();
    }

    /// A client left before its segment was complete.
    pub fn client_gone(&self) {
        self.pushes.with_label_values(&["client_gone"]).inc();
    }

    /// An attempt ended.
    pub fn attempted(&self, seen: &Observation<'_>) {
        self.attempts.with_label_values(&[seen.orchestrator, seen.result]).inc();
        self.attempt_seconds.with_label_values(&[seen.result]).observe(seen.total.as_secs_f64());
        let legacy = &self.legacy;
        if let Some(accepted) = seen.accepted {
            legacy.uploaded.with_label_values(&[seen.orchestrator]).inc();
            let upload = legacy.upload_seconds.with_label_values(&[seen.orchestrator]);
            upload.observe(accepted.as_secs_f64());
        } else if seen.opened {
            legacy.upload_failed.with_label_values(&[seen.result, seen.orchestrator]).inc();
        } else {
            legacy.discovery_errors.with_label_values(&[seen.result, seen.orchestrator]).inc();
        }
        if let Some(compute) = seen.compute {
            legacy.transcode_seconds.observe(compute.as_secs_f64());
        }
        if let Some(download) = seen.download {
            legacy.downloaded.inc();
            legacy.download_seconds.observe(download.as_secs_f64());
        }
        if seen.result == "ok" {
            legacy.transcoded.inc();
        }
        if seen.swapped {
            self.swaps.inc();
            legacy.swaps.inc();
        }
    }

    /// The authorisation webhook allowed a stream.
    pub fn authorised(&self, took: Duration) {
        self.legacy.authorisation.observe(took.as_secs_f64() * 1000.0);
    }

    /// A result was compared with a trusted orchestrator's; `fault` is the stock word for what was
    /// wrong with it.
    pub fn compared(&self, orchestrator: &str, fault: Option<&str>) {
        self.legacy.compared.with_label_values(&[orchestrator]).inc();
        if let Some(fault) = fault {
            self.legacy.compared_bad.with_label_values(&[orchestrator, fault]).inc();
        }
    }

    /// Brings gauges up to date; called when somebody looks.
    pub fn refresh(&self, context: &Context) {
        let count = |n: usize| i64::try_from(n).unwrap_or(i64::MAX);
        let (streams, most) = (context.streams.count(), context.streams.most());
        self.streams.set(count(streams));
        self.stream_limit.set(count(most));
        context.verifier.metrics().refresh();
        let census = context.directory.census();
        for (standing, n) in [
            ("ready", census.ready),
            ("down", census.down),
            ("set_aside", census.set_aside),
            ("full", census.full),
            ("unknown", census.unknown),
        ] {
            self.orchestrators.with_label_values(&[standing]).set(count(n));
        }
        let free = context.memory.available_permits() as u64 * crate::context::MEMORY_UNIT;
        self.memory.set(i64::try_from(free).unwrap_or(i64::MAX));
        #[expect(clippy::cast_precision_loss, reason = "gauges are floats")]
        {
            self.legacy.sessions.set(streams as f64);
            self.legacy.max_sessions.set(most as f64);
            let comparing = context.streams.all();
            let comparing = || comparing.iter().filter(|stream| stream.peers.is_on());
            self.legacy.comparing.set(comparing().count() as f64);
            let verified = comparing().filter(|stream| stream.peers.has_verified());
            self.legacy.comparing_verified.set(verified.count() as f64);
            self.legacy.success_rate.set(self.success_rate());
        }
    }

    /// Pushes that were answered with renditions, of all whose outcome orchestrators decided.
    #[expect(clippy::cast_precision_loss, reason = "a ratio")]
    fn success_rate(&self) -> f64 {
        let count = |result: &str| self.pushes.with_label_values(&[result]).get();
        let ok = count("ok");
        let failed: u64 = SERVICE_FAILURES.iter().map(|r| count(r.name())).sum();
        if ok + failed == 0 { 1.0 } else { ok as f64 / (ok + failed) as f64 }
    }
}

impl Legacy {
    fn register(r: &Registrar<'_>) -> Result<Self> {
        let legacy = Self {
            uploaded: r.vec(
                "livepeer_segment_source_uploaded_total",
                "Segments an orchestrator accepted",
                &["orchestrator_uri"],
            )?,
            upload_failed: r.vec(
                "livepeer_segment_source_upload_failed_total",
                "Segments no orchestrator accepted",
                &["error_code", "orchestrator_uri"],
            )?,
            upload_seconds: r.histogram_vec(
                "livepeer_upload_time_seconds",
                "Upload of a segment",
                TRANSFER_SECONDS,
                &["orchestrator_uri"],
            )?,
            downloaded: r.counter(
                "livepeer_segment_transcoded_downloaded_total",
                "Segments with all renditions fetched",
            )?,
            download_seconds: r.histogram(
                "livepeer_download_time_seconds",
                "Fetching the renditions of a segment",
                TRANSFER_SECONDS,
            )?,
            transcoded: r.counter("livepeer_segment_transcoded_total", "Segments transcoded")?,
            transcode_seconds: r.histogram(
                "livepeer_transcode_time_seconds",
                "From the accepted upload to the result",
                TRANSCODE_SECONDS,
            )?,
            failed: r.vec(
                "livepeer_segment_transcode_failed_total",
                "Segments that were not transcoded",
                &["error_code"],
            )?,
            swaps: r.counter("livepeer_orchestrator_swaps", "Changes of orchestrator")?,
            discovery_errors: r.vec(
                "livepeer_discovery_errors_total",
                "Sessions that could not be opened",
                &["error_code", "orchestrator_uri"],
            )?,
            sessions: r.float("livepeer_current_sessions_total", "Live streams")?,
            max_sessions: r.float("livepeer_max_sessions_total", "Most live streams")?,
            success_rate: r
                .float("livepeer_success_rate", "Pushes answered with renditions, 0 to 1")?,
            compared: r.vec(
                "livepeer_fast_verification_done",
                "Results compared with a trusted orchestrator's",
                &["orchestrator_uri"],
            )?,
            compared_bad: r.vec(
                "livepeer_fast_verification_failed",
                "Of those, results that differ (1: hash, 2: video)",
                &["orchestrator_uri", "fverror_type"],
            )?,
            comparing: r.float(
                "livepeer_fast_verification_enabled_current_sessions_total",
                "Live streams that ask for comparisons",
            )?,
            comparing_verified: r.float(
                "livepeer_fast_verification_using_current_sessions_total",
                "Of those, streams with a verified orchestrator",
            )?,
            authorisation: r.histogram(
                "livepeer_auth_webhook_time_milliseconds",
                "Until the authorisation webhook allowed a stream",
                MILLISECONDS,
            )?,
            versions: {
                let opts = Opts::new("livepeer_versions", "Version of this gateway");
                let versions = GaugeVec::new(opts, &["livepeerversion", "node_type"])?;
                r.0.register(Box::new(versions.clone()))?;
                versions
            },
        };
        let version = concat!("waymark-", env!("CARGO_PKG_VERSION"));
        legacy.versions.with_label_values(&[version, "bctr"]).set(1.0);
        Ok(legacy)
    }
}

struct Registrar<'a>(&'a Registry);

impl Registrar<'_> {
    fn add<C: prometheus::core::Collector + Clone + 'static>(&self, collector: C) -> Result<C> {
        self.0.register(Box::new(collector.clone()))?;
        Ok(collector)
    }

    fn int(&self, name: &str, help: &str) -> Result<IntCounter> {
        self.add(IntCounter::new(name, help)?)
    }

    fn int_vec(&self, name: &str, help: &str, labels: &[&str]) -> Result<IntCounterVec> {
        self.add(IntCounterVec::new(Opts::new(name, help), labels)?)
    }

    fn counter(&self, name: &str, help: &str) -> Result<Counter> {
        self.add(Counter::new(name, help)?)
    }

    fn vec(&self, name: &str, help: &str, labels: &[&str]) -> Result<CounterVec> {
        self.add(CounterVec::new(Opts::new(name, help), labels)?)
    }

    fn gauge(&self, name: &str, help: &str) -> Result<IntGauge> {
        self.add(IntGauge::new(name, help)?)
    }

    fn gauge_vec(&self, name: &str, help: &str, labels: &[&str]) -> Result<IntGaugeVec> {
        self.add(IntGaugeVec::new(Opts::new(name, help), labels)?)
    }

    fn float(&self, name: &str, help: &str) -> Result<Gauge> {
        self.add(Gauge::new(name, help)?)
    }

    fn histogram(&self, name: &str, help: &str, bounds: &[f64]) -> Result<Histogram> {
        self.add(Histogram::with_opts(HistogramOpts::new(name, help).buckets(bounds.to_vec()))?)
    }

    fn histogram_vec(
        &self,
        name: &str,
        help: &str,
        bounds: &[f64],
        labels: &[&str],
    ) -> Result<HistogramVec> {
        let opts = HistogramOpts::new(name, help).buckets(bounds.to_vec());
        self.add(HistogramVec::new(opts, labels)?)
    }
}
