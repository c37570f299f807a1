//! From values in force to a [`Config`]: each is read by the parser of its kind, and then what
//! only shows when several are seen together is checked. Defaults end here; nothing in a
//! `Config` is optional because somebody left it out.

use std::path::PathBuf;

use super::address::is_loopback;
use super::origin::Origin;
use super::parsers as parse;
use super::renditions;
use super::values::Values;
use super::{Config, Hls, Limits, Log, Network, Records, Tags};

/// What the settings are read for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Form {
    /// `waymark.yaml`.
    Own,
    /// A stock command line.
    Stock,
}

/// Reads every setting. Problems and warnings are left in `values`; the result is worth
/// something only if there is no problem.
pub(super) fn build(values: &mut Values, form: Form, home: Option<&str>) -> Config {
    let network = values.read("network", parse::network);
    let http_addr = values.read("listen.http", parse::listen);
    let http_ingest = values.read("ingest.http", parse::switch);
    let config = Config {
        data_dir: data_dir(values, &network, home),
        network,
        http_ingest: http_ingest.unwrap_or_else(|| http_ingest_by_address(values, &http_addr)),
        http_addr,
        rtmp_addr: values.read("listen.rtmp", parse::listen),
        cli_addr: values.read("listen.cli", parse::listen),
        current_manifest: values.read("ingest.current_manifest", parse::truth),
        max_sessions: values.read("ingest.max_sessions", parse::count),
        stream_idle: values.read("ingest.stream_idle", parse::duration),
        limits: Limits {
            segment_bytes: values.read("limits.segment", parse::size),
            in_flight_bytes: values.read("limits.in_flight", parse::size),
            header_bytes: values.read("limits.header", parse::size),
        },
        profiles: values.read("transcoding.profiles", renditions::profiles),
        max_attempts: values.read("transcoding.max_attempts", parse::count),
        orchestrators: values.read("orchestrators.addresses", parse::orchestrators),
        orchestrator_webhook: values.read("orchestrators.webhook", parse::url),
        block_list: values.read("orchestrators.block_list", parse::eth_addresses),
        min_orchestrator_version: values.read("orchestrators.min_version", parse::version),
        extra_nodes: values.read("orchestrators.extra_nodes", parse::count),
        discovery_timeout: values.read("orchestrators.discovery_timeout", parse::duration),
        region: values.read("region", parse::region),
        hls: Hls {
            window: values.read("hls.window", parse::count),
            memory_bytes: values.read("hls.memory", parse::size),
            grace: values.read("hls.grace", parse::duration),
        },
        tags: Tags {
            carry: values.read("tags.carry", parse::truth),
            silent_orchestrators: values.read("tags.silent_orchestrators", parse::orchestrators),
            routes: values.read("tags.routes", parse::routes),
            allowed: values.read("tags.allowed", parse::tag_patterns),
        },
        records: Records {
            jsonl: values.read("records.jsonl", parse::truth),
            parquet: values.read("records.parquet", parse::truth),
            queue: values.read("records.queue", parse::count),
            parquet_rows: values.read("records.parquet_rows", parse::count),
            parquet_age: values.read("records.parquet_age", parse::duration),
        },
        log: Log {
            filter: values.read("log.filter", parse::log_filter),
            format: values.read("log.format", parse::log_format),
        },
        monitor: values.read("metrics.enabled", parse::truth),
        metrics_per_stream: values.read("metrics.per_stream", parse::truth),
        shutdown_grace: values.read("shutdown_grace", parse::duration),
        origins: super::Origins::default(),
    };
    let config = once_each(config, values);
    check_listeners(&config, values);
    check_limits(&config, values);
    warn_about(&config, values, form);
    Config { origins: std::mem::take(&mut values.origins), ..config }
}

fn data_dir(values: &mut Values, network: &Network, home: Option<&str>) -> PathBuf {
    if values.given("data_dir").is_some() {
        return values.read("data_dir", parse::directory);
    }
    if let Some(home) = home.filter(|home| !home.is_empty()) {
        values.origins.record("data_dir", Origin::Derived { from: "HOME and network" });
        PathBuf::from(home).join(".lpData").join(network.name())
    } else {
        let text = "no home directory is known (HOME is not set); give -dataDir (data_dir)";
        values.refuse("data_dir", text);
        PathBuf::new()
    }
}

/// Push is off on a public address unless somebody asked for it
/// (go-livepeer `starter.go:1748-1758`).
fn http_ingest_by_address(values: &mut Values, http_addr: &str) -> bool {
    let local = is_loopback(http_addr);
    values.origins.record("ingest.http", Origin::Derived { from: "listen.http" });
    if !local {
        values.warnings.push(format!(
            "HTTP ingest is OFF: {http_addr} can be reached from other machines and nobody asked \
             for ingest there. To take pushes on it, give -httpIngest (ingest.http: true)."
        ));
    }
    local
}

/// Drops what is listed twice, and says so.
fn once_each(mut config: Config, values: &mut Values) -> Config {
    let before = config.orchestrators.len();
    let mut seen = std::collections::BTreeSet::new();
    config.orchestrators.retain(|url| seen.insert(url.clone()));
    if config.orchestrators.len() < before {
        let name = values.name("orchestrators.addresses");
        values.warnings.push(format!("{name} lists an orchestrator twice; it is used once"));
    }
    config
}

fn check_listeners(config: &Config, values: &mut Values) {
    let listeners = [("listen.http", &config.http_addr), ("listen.cli", &config.cli_addr)];
    let [(_, http), (key, cli)] = listeners;
    // Port 0 is a different port each time.
    if http == cli && !http.ends_with(":0") {
        let other = values.name("listen.http");
        values.refuse(key, format!("{other} listens on {http} too; give each its own port"));
    }
}

fn check_limits(config: &Config, values: &mut Values) {
    let limits = &config.limits;
    if limits.in_flight_bytes < limits.segment_bytes {
        let text = "is less than limits.segment: a segment of that size could never be taken";
        values.refuse("limits.in_flight", text);
    }
}

fn warn_about(config: &Config, values: &mut Values, form: Form) {
    if form == Form::Stock || values.given("listen.rtmp").is_some() {
        values.warnings.push(format!(
            "RTMP does not listen yet: nothing is served on {}; push segments over HTTP",
            config.rtmp_addr
        ));
    }
    if config.orchestrator_webhook.is_some() && !config.orchestrators.is_empty() {
        let (used, unused) =
            (values.name("orchestrators.webhook"), values.name("orchestrators.addresses"));
        values.warnings.push(format!("{unused} is not used: {used} decides who works"));
    }
    if config.orchestrator_webhook.is_none() && config.orchestrators.is_empty() {
        values.warnings.push(
            "no orchestrator is known: every push will be refused. Give -orchAddr \
             (orchestrators.addresses) or -orchWebhookUrl (orchestrators.webhook)"
                .to_owned(),
        );
    }
    if config.metrics_per_stream && !config.monitor {
        let name = values.name("metrics.per_stream");
        values.warnings.push(format!("{name} has no effect without -monitor (metrics.enabled)"));
    }
}
