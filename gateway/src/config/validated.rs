//! From values in force to a [`Config`]: each is read by the parser of its kind, and then what
//! only shows when several are seen together is checked. Defaults end here; nothing in a
//! `Config` is optional because somebody left it out.

use std::collections::BTreeMap;
use std::num::NonZeroU64;
use std::path::PathBuf;
use std::time::Duration;

use alloy_primitives::U256;
use jiff::SignedDuration;

use super::address::is_loopback;
use super::origin::Origin;
use super::parsers as parse;
use super::renditions;
use super::values::Values;
use super::{
    Chain, Config, Evidence, Hls, Log, Network, PriceCap, Prices, Records, RequestLimits,
    Requirements, Tags, TicketRules, Verification, VerifierWebhook,
};
use crate::verify::trust::TrustSettings;
use waymark_payments::limits::Limits;

/// Longest URL in a published document, in characters.
const MAX_PUBLISHED_URL: usize = 512;

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
    let auth_webhook = values.read("ingest.auth_webhook", parse::url);
    let config = Config {
        data_dir: data_dir(values, &network, home),
        network,
        http_ingest: http_ingest
            .unwrap_or_else(|| http_ingest_by_address(values, &http_addr, auth_webhook.is_some())),
        auth_webhook,
        http_addr,
        rtmp_addr: values.read("listen.rtmp", parse::listen),
        cli_addr: values.read("listen.cli", parse::listen),
        admin_token: values.read("listen.admin_token", parse::secret),
        current_manifest: values.read("ingest.current_manifest", parse::truth),
        max_sessions: values.read("ingest.max_sessions", parse::count),
        stream_idle: values.read("ingest.stream_idle", parse::duration),
        limits: RequestLimits {
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
        chain: None,
        prices: prices(values),
        tickets: tickets(values),
        spending: spending(values),
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
            ids: values.read("tags.ids", parse::tag_ids),
            register: values.read("tags.register", parse::truth),
            files: values.read("tags.files", parse::paths),
        },
        requirements: requirements(values),
        verification: Verification {
            mode: values.read("verification.mode", parse::verification_mode),
            deadline: values.read("verification.deadline", parse::duration),
            workers: values.read("verification.workers", parse::count),
            worker_memory_bytes: values.read("verification.worker_memory", parse::size),
            worker_deadline: values.read("verification.worker_deadline", parse::duration),
            queue: values.read("verification.queue", parse::count),
            webhook: verifier_webhook(values),
            program: None,
        },
        trust: TrustSettings {
            floor_percent: values.read("verification.floor_percent", parse::count),
            max_bad_segments: values.read("verification.max_bad_segments", parse::count),
            look_percent: values.read("verification.look_percent", parse::count),
            remembered: values.read("verification.remembered", parse::count),
        },
        evidence: Evidence {
            size_bytes: values.read("evidence.size", parse::size),
            age: values.read("evidence.age", parse::duration),
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
    let config = Config { chain: chain(&config, values), ..config };
    check_listeners(&config, values);
    check_limits(&config, values);
    warn_about(&config, values, form);
    Config { origins: std::mem::take(&mut values.origins), ..config }
}

/// Reads the settings of the chain, so that each is checked, and drops them off-chain.
fn chain(config: &Config, values: &mut Values) -> Option<Chain> {
    let none_if_zero = |wei: U256| Some(wei).filter(|wei| !wei.is_zero());
    let gas_limit: u64 = values.read("chain.gas_limit", parse::count);
    let chain = Chain {
        rpc: values.read("chain.rpc", parse::rpc_urls),
        controller: values.read("chain.controller", parse::eth_address),
        account: values.read("chain.account", parse::eth_address),
        keystore: values.read("chain.keystore", parse::optional_path),
        passphrase: values.read("chain.passphrase", parse::secret),
        poll: values.read("chain.poll", parse::duration),
        transaction_timeout: values.read("chain.transaction_timeout", parse::duration),
        max_replacements: values.read("chain.max_replacements", parse::count),
        gas_limit: Some(gas_limit).filter(|limit| *limit > 0),
        min_gas_price: values.read("chain.min_gas_price", parse::wei),
        max_gas_price: none_if_zero(values.read("chain.max_gas_price", parse::wei)),
        price_feed: values.read("chain.price_feed", parse::eth_address),
        ai_registry: values.read("chain.ai_registry", parse::truth),
        tag_registry: values.read("chain.tag_registry", parse::eth_address),
    };
    if config.network.is_offchain() {
        return None;
    }
    if chain.rpc.is_empty() {
        let text = "a network with a chain needs a JSON-RPC endpoint: give -ethUrl (chain.rpc)";
        values.refuse("chain.rpc", text);
    }
    if chain.controller.is_none() && config.network.controller().is_none() {
        let text = format!(
            "network `{}` is not built in, so its contracts are found by -ethController \
             (chain.controller) alone; give it",
            config.network
        );
        values.refuse("chain.controller", text);
    }
    if let Some(most) = chain.max_gas_price
        && most < chain.min_gas_price
    {
        values.refuse("chain.max_gas_price", "is less than chain.min_gas_price");
    }
    Some(chain)
}

fn requirements(values: &mut Values) -> Requirements {
    let requirements = Requirements {
        files: values.read("requirements.files", parse::paths),
        name: values.read("requirements.name", parse::text).unwrap_or_default(),
        contact: values.read("requirements.contact", parse::text),
        url: values.read("requirements.url", parse::url),
        data_url: values.read("requirements.data_url", parse::url),
        lifetime: values.read("requirements.lifetime", parse::duration),
        anchor: values.read("requirements.anchor", parse::truth),
        anchor_every: values.read("requirements.anchor_every", parse::duration),
        probe_percent: values.read("requirements.probe_percent", parse::count),
    };
    let urls = [
        ("requirements.url", &requirements.url),
        ("requirements.data_url", &requirements.data_url),
    ];
    for (key, url) in urls {
        let Some(url) = url else { continue };
        if url.password().is_some() || !url.username().is_empty() {
            values.refuse(key, "is published, so it must not hold a user or a password");
        } else if url.as_str().len() > MAX_PUBLISHED_URL {
            values
                .refuse(key, format!("is published, with {MAX_PUBLISHED_URL} characters at most"));
        }
    }
    if requirements.name.is_empty() {
        values.refuse("requirements.name", "must not be empty: the published document has a name");
    }
    requirements
}

/// Files go to a verifier through a folder, and no other way is there.
fn verifier_webhook(values: &mut Values) -> Option<VerifierWebhook> {
    let url = values.read("verification.webhook", parse::url);
    let folder = values.read("verification.webhook_folder", parse::optional_path);
    let deadline = values.read("verification.webhook_deadline", parse::duration);
    match (url, folder) {
        (Some(url), Some(folder)) => Some(VerifierWebhook { url, folder, deadline }),
        (Some(_), None) => {
            let text = "needs a folder that the verifier sees as /stream: give -verifierPath \
                        (verification.webhook_folder). Stock gateways can pass addresses of an object \
                        store instead, which is not there yet";
            values.refuse("verification.webhook", text);
            None
        }
        (None, Some(_)) => {
            let name = values.name("verification.webhook_folder");
            let text = format!("{name} has no effect without -verifierUrl (verification.webhook)");
            values.warnings.push(text);
            None
        }
        (None, None) => None,
    }
}

fn prices(values: &mut Values) -> Prices {
    let pixels: u64 = values.read("prices.pixels", parse::count);
    let max = values.read("prices.max", parse::price);
    Prices {
        max: max
            .map(|max: PriceCap| max.for_units(NonZeroU64::new(pixels).unwrap_or(NonZeroU64::MIN))),
        per_capability: values.read("prices.per_capability", parse::capability_prices),
        per_tag: values.read("prices.per_tag", parse::tag_prices),
        ignore_max_if_needed: values.read("prices.ignore_max_if_needed", parse::truth),
    }
}

fn tickets(values: &mut Values) -> TicketRules {
    let multiplier: u64 = values.read("payments.deposit_multiplier", parse::count);
    TicketRules {
        max_ticket_ev: values.read("payments.max_ticket_ev", parse::wei),
        max_total_ev: values.read("payments.max_total_ev", parse::wei),
        deposit_multiplier: NonZeroU64::new(multiplier).unwrap_or(NonZeroU64::MIN),
        header_bytes: values.read("payments.header", parse::size),
        plain_nonces: values.read("payments.plain_nonces", parse::eth_addresses),
    }
}

fn spending(values: &mut Values) -> Limits {
    let max_rate_age: Duration = values.read("payments.rate_max_age", parse::duration);
    Limits {
        ticket_expected_value: values.read("spending.ticket_expected_value", parse::amount),
        ticket_face_value: values.read("spending.ticket_face_value", parse::amount),
        payment: values.read("spending.payment", parse::amount),
        session: values.read("spending.session", parse::amount),
        orchestrator: values.read("spending.orchestrator", parse::amount),
        orchestrators: BTreeMap::new(),
        day: values.read("spending.day", parse::amount),
        tags: values.read("spending.tags", parse::tag_amounts),
        max_rate_age: SignedDuration::try_from(max_rate_age).unwrap_or(SignedDuration::MAX),
    }
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

/// Push is off on a public address unless somebody asked for it, or is asked about it
/// (go-livepeer `starter.go:1748-1758`).
fn http_ingest_by_address(values: &mut Values, http_addr: &str, authorised: bool) -> bool {
    let local = is_loopback(http_addr) || authorised;
    values.origins.record("ingest.http", Origin::Derived { from: "listen.http" });
    if !local {
        values.warnings.push(format!(
            "HTTP ingest is OFF: {http_addr} can be reached from other machines and nobody asked \
             for ingest there. To take pushes on it, give -httpIngest (ingest.http: true), or \
             -authWebhookUrl (ingest.auth_webhook) that says who may."
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
    if config.chain.is_none()
        && config.orchestrator_webhook.is_none()
        && config.orchestrators.is_empty()
    {
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
