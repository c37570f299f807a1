//! Settings: read from the command line, the environment and files, checked all at once, and
//! handed on as one [`Config`] in which everything is decided.
//!
//! ```text
//!   waymark.yaml ── file ─┐
//!   WAYMARK__…, --set ─ env ─┼─► values (highest layer wins) ─► validated ─► Config
//!   stock flags, LP_* ─ legacy ┘          └─ problems: all of them, each with its origin
//! ```
//!
//! Nothing is bound or created before a `Config` exists. No other module reads files of settings
//! or the environment, and none of the texts made here shows a secret.

use std::collections::BTreeMap;
use std::ffi::OsString;
use std::fmt;
use std::path::{Path, PathBuf};
use std::time::Duration;

use alloy_primitives::Address;
use url::Url;

use waymark_tagging::TagPattern;

use crate::profile::Profile;
use crate::verify::trust::TrustSettings;

mod address;
mod chain;
mod env;
mod file;
mod kind;
mod legacy;
mod money;
mod nearest;
mod node;
mod origin;
mod parsers;
mod problem;
mod read;
mod reference;
mod renditions;
mod schema;
mod setting;
mod show;
mod tags;
#[cfg(test)]
mod tests;
mod units;
mod validated;
mod values;

pub use address::{ORCHESTRATOR_PORT, redact};
pub use chain::{CapabilityPrice, Chain, Prices, Secret, TagNumber, TicketRules};
pub use legacy::{StockRequest, flags_as_json, stock_help};
pub use money::{PriceCap, wei};
pub use origin::{Origin, Origins, Place};
pub use problem::{Problem, Problems};
pub use reference::reference;
pub use schema::schema;
pub use tags::{Glob, GlobError, Route};
pub use waymark_contracts::Network;

use validated::Form;
use values::Values;

/// Every setting, checked.
#[derive(Clone, PartialEq)]
pub struct Config {
    /// Network whose orchestrators are used.
    pub network: Network,
    /// Directory for state, records and spilled segments. It may not exist yet.
    pub data_dir: PathBuf,
    /// `host:port` of segment push and playback.
    pub http_addr: String,
    /// `host:port` of RTMP ingest, which does not listen yet.
    pub rtmp_addr: String,
    /// `host:port` of status, metrics and admin calls.
    pub cli_addr: String,
    /// Token for admin calls that change something, or the path of a file that holds it.
    pub admin_token: Option<Secret>,
    /// Whether segments may be pushed over HTTP.
    pub http_ingest: bool,
    /// What is asked whether a stream may be pushed. May hold secrets: show it through [`redact`].
    pub auth_webhook: Option<Url>,
    /// Whether the most recent stream is also `/stream/current.m3u8`.
    pub current_manifest: bool,
    /// Streams at the same time, at least 1.
    pub max_sessions: usize,
    /// Attempts for one segment, at least 1.
    pub max_attempts: u32,
    /// Renditions of streams that bring none of their own, at least one.
    pub profiles: Vec<Profile>,
    /// Orchestrators listed, each once. The port is `port_or_known_default` of the URL.
    pub orchestrators: Vec<Url>,
    /// Where the list of orchestrators comes from; wins over `orchestrators`. May hold secrets:
    /// show it through [`redact`].
    pub orchestrator_webhook: Option<Url>,
    /// Orchestrators never used.
    pub block_list: Vec<Address>,
    /// Lowest software version of an orchestrator, as `major.minor.patch[-pre][+build]`.
    pub min_orchestrator_version: Option<String>,
    /// Further nodes of an orchestrator that are asked as well.
    pub extra_nodes: usize,
    /// First wait for answers of orchestrators.
    pub discovery_timeout: Duration,
    /// Three-letter metro area of this gateway, `ZZZ` if unknown.
    pub region: String,
    /// The chain that orchestrators are paid on; `None` off-chain.
    pub chain: Option<Chain>,
    /// What an orchestrator may cost.
    pub prices: Prices,
    /// What tickets are accepted and issued.
    pub tickets: TicketRules,
    /// Limits on what is promised.
    pub spending: waymark_payments::limits::Limits,
    /// Bounds of requests.
    pub limits: RequestLimits,
    /// Playback.
    pub hls: Hls,
    /// A stream without a push for this long ends.
    pub stream_idle: Duration,
    /// Tags of jobs.
    pub tags: Tags,
    /// What orchestrators are asked for, and how that is published.
    pub requirements: Requirements,
    /// Checks on results.
    pub verification: Verification,
    /// How orchestrators earn trust and lose it.
    pub trust: TrustSettings,
    /// What is kept of results that failed them.
    pub evidence: Evidence,
    /// Open data.
    pub records: Records,
    /// Log lines.
    pub log: Log,
    /// Whether `/metrics` is served.
    pub monitor: bool,
    /// Whether metrics carry the manifest id.
    pub metrics_per_stream: bool,
    /// How long a stopping gateway finishes what it has begun.
    pub shutdown_grace: Duration,
    /// Where each value comes from.
    pub origins: Origins,
}

/// Bounds on requests.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RequestLimits {
    /// Largest body of a pushed segment, in bytes.
    pub segment_bytes: u64,
    /// Bytes of segments being worked on at once; at least `segment_bytes`.
    pub in_flight_bytes: u64,
    /// Largest set of request headers, in bytes.
    pub header_bytes: usize,
}

/// Playback of running streams.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Hls {
    /// Segments a playlist lists, at least 1.
    pub window: usize,
    /// Memory for playable segments of all streams, in bytes.
    pub memory_bytes: u64,
    /// How long playlists outlive their stream.
    pub grace: Duration,
}

/// Tags of jobs.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Tags {
    /// Whether orchestrators are told the tag.
    pub carry: bool,
    /// Orchestrators never told a tag, as in `orchestrators`.
    pub silent_orchestrators: Vec<Url>,
    /// Tags by manifest id, first match counts.
    pub routes: Vec<Route>,
    /// Tags clients may choose; `None` is every tag.
    pub allowed: Option<Vec<TagPattern>>,
    /// Numbers of tags on this chain.
    pub ids: Vec<TagNumber>,
    /// Whether tags that the registry does not have are registered.
    pub register: bool,
    /// Files that add tags and keys to the built-in ones.
    pub files: Vec<PathBuf>,
}

/// What orchestrators are asked for, and how that is published.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Requirements {
    /// Files of classes and directories of them; nothing is asked for without any.
    pub files: Vec<PathBuf>,
    /// Name of the gateway, at most 120 characters.
    pub name: String,
    /// How its operator is reached, at most 200 characters.
    pub contact: Option<String>,
    /// Where programs reach it.
    pub url: Option<Url>,
    /// Where its data is.
    pub data_url: Option<Url>,
    /// How long a published document is valid, at least a minute.
    pub lifetime: Duration,
    /// Whether the registry is told of the classes.
    pub anchor: bool,
    /// Between two changes that the registry is told of.
    pub anchor_every: Duration,
    /// Share of new sessions that begin with orchestrators of whom too little is known, 0 to 100.
    pub probe_percent: u8,
}

/// Checks on results.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Verification {
    /// What results are put through.
    pub mode: VerificationMode,
    /// Longest time a stream waits for a check that decodes.
    pub deadline: Duration,
    /// Processes that decode; 0 is one for each core.
    pub workers: usize,
    /// Address space of each of them, in bytes.
    pub worker_memory_bytes: u64,
    /// Longest time for one measurement.
    pub worker_deadline: Duration,
    /// Measurements that may wait, at least 1.
    pub queue: usize,
    /// An external verifier, if there is one.
    pub webhook: Option<VerifierWebhook>,
    /// The `waymark` program, which such a process runs. No setting: the program itself says where
    /// it is. Without it nothing is decoded.
    pub program: Option<PathBuf>,
}

/// An external verifier, as stock gateways call one.
#[derive(Clone, PartialEq, Eq)]
pub struct VerifierWebhook {
    /// What is posted to; may hold secrets.
    pub url: Url,
    /// Folder that both sides see.
    pub folder: PathBuf,
    /// Longest time for a call, files included.
    pub deadline: Duration,
}

impl fmt::Debug for VerifierWebhook {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { url, folder, deadline } = self;
        let url = redact(url);
        f.debug_struct("VerifierWebhook")
            .field("url", &url)
            .field("folder", folder)
            .field("deadline", deadline)
            .finish()
    }
}

/// What results are put through.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Hash)]
pub enum VerificationMode {
    /// Number, order, signature and container only.
    None,
    /// Parsing, and key pictures.
    Fast,
    /// All pictures.
    Full,
    /// Fast for all, full for a sample.
    #[default]
    FastAndFull,
}

impl VerificationMode {
    /// Every value.
    pub const ALL: [Self; 4] = [Self::None, Self::Fast, Self::Full, Self::FastAndFull];

    /// The word in settings and records.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::None => "none",
            Self::Fast => "fast",
            Self::Full => "full",
            Self::FastAndFull => "fast+full",
        }
    }
}

/// What is kept of results that failed checks.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Evidence {
    /// Bytes kept, 0 for none.
    pub size_bytes: u64,
    /// How long it is kept.
    pub age: Duration,
}

/// Open data.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Records {
    /// Whether JSON lines are written.
    pub jsonl: bool,
    /// Whether Parquet files are written.
    pub parquet: bool,
    /// Records waiting to be written, at least 1.
    pub queue: usize,
    /// Rows after which a Parquet file is closed, at least 1.
    pub parquet_rows: usize,
    /// Age at which a Parquet file is closed.
    pub parquet_age: Duration,
}

/// Log lines.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Log {
    /// Directives that `tracing_subscriber::EnvFilter` reads; it was parsed once already.
    pub filter: String,
    /// How a line looks.
    pub format: LogFormat,
}

/// How a log line looks.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum LogFormat {
    /// For people.
    #[default]
    Text,
    /// One JSON object a line.
    Json,
}

/// A configuration to start with, and what the operator should know about it.
#[derive(Debug, Clone, PartialEq)]
pub struct Loaded {
    /// The settings.
    pub config: Config,
    /// One sentence each, without secrets.
    pub warnings: Vec<String>,
}

/// Reads `waymark.yaml` (where one is named), `WAYMARK__…` variables over it, and `--set`
/// assignments over those.
pub fn load(
    path: Option<&Path>,
    sets: &[String],
    env: &BTreeMap<String, String>,
) -> Result<Loaded, Problems> {
    let mut values = Values::default();
    let mut problems = Problems::default();
    if let Some(path) = path {
        values.add(file::load(path, &mut problems));
    }
    values.add(env::variables(env, &mut problems));
    values.add(env::assignments(sets, &mut problems));
    values.problems = problems;
    let stock: Vec<&str> = legacy::variables_in(env).collect();
    if !stock.is_empty() {
        values.warnings.push(format!(
            "ignored, as they belong to a stock command line (waymark -gateway …): {}",
            stock.join(", ")
        ));
    }
    finish(values, Form::Own, env)
}

/// Reads a stock command line with the `LP_…` variables and the `-config` file behind it.
pub fn load_stock(
    args: &[OsString],
    env: &BTreeMap<String, String>,
) -> Result<StockRequest, Problems> {
    legacy::load(args, env)
}

/// The address of an orchestrator as a URL, or why it is none: `host`, `host:port` or a URL.
pub fn orchestrator_address(text: &str) -> Result<Url, String> {
    address::orchestrator(text)
}

fn finish(
    mut values: Values,
    form: Form,
    env: &BTreeMap<String, String>,
) -> Result<Loaded, Problems> {
    let config = validated::build(&mut values, form, env.get("HOME").map(String::as_str));
    let warnings = values.warnings;
    values.problems.or(Loaded { config, warnings })
}

impl Config {
    /// The settings as a `waymark.yaml` that gives the same configuration, each value with its
    /// origin in a comment if `origins` is set. Secrets are replaced by `***`.
    pub fn to_yaml(&self, origins: bool) -> String {
        show::yaml(self, origins)
    }
}

impl fmt::Debug for Config {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        // Through the same path as `config show`, so that no secret gets out.
        f.debug_map().entries(show::values(self)).finish()
    }
}
