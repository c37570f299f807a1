//! `waymark match`: whether an orchestrator qualifies for the classes of a gateway, and what it
//! misses if not.
//!
//! ```text
//!   orchestrator: facts file, or its node ──► facts, price ─┐
//!                                                           ├─► the matcher of selection ─► report
//!   requirements: class file, document, URL, chain ─► classes┘
//! ```
//!
//! A node answers for itself, so what it says is declared; what a class wants measured stays unknown,
//! and its `unknown` rule says what follows. A gateway's documents are read up to 8 MiB; signature,
//! gateway and expiry are checked, and the report says whose word they are.
//!
//! | exit code | meaning |
//! |---|---|
//! | 0 | the report was made, whatever it says |
//! | 64 | `chain` without the address of a node and of the contract |
//! | 65 | facts, classes or a document are malformed, forged, expired or too large |
//! | 66 | a file cannot be read |
//! | 69 | the node, the gateway or the chain cannot be reached |

mod chain;
mod exposition;
mod orchestrator;
mod report;
mod requirements;

use std::{io::Write, net::SocketAddr, path::PathBuf, time::Duration};

use url::Url;
use waymark_tagging::{Problems, UnitPrice, document::VerifyError};

use crate::{
    clock::Clock,
    lifecycle::Tasks,
    orchestrator::{error::AttemptError, node::BadAddress},
    signer::{SignError, Signer},
    tags::{self, TagFileError},
};

pub use self::chain::RegistryAt;
use self::{orchestrator::Orchestrator, report::Report};

/// What the command was asked.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct MatchRequest {
    /// Address of a node, or a file of facts.
    pub orchestrator: String,
    /// Address of a gateway or of a document, a file of classes or a document, or `chain`.
    pub requirements: String,
    /// Where the contract is, for requirements from the chain.
    pub chain: Option<RegistryAt>,
    /// What the orchestrator asks, where its facts do not say: wei for some units.
    pub price: Option<UnitPrice>,
    /// Files that add tags and keys to the built-in ones.
    pub tags: Vec<PathBuf>,
    /// How often to look again; `None` looks once.
    pub every: Option<Duration>,
    /// What to write.
    pub output: Output,
}

/// What the command writes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Output {
    /// Text for people.
    Text,
    /// One JSON object a line.
    Json,
    /// The text format of Prometheus.
    Prometheus,
    /// The same, served at this address for as long as the command runs.
    Serve(SocketAddr),
}

/// The command could not be carried out.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum MatchError {
    /// A file cannot be read.
    #[error("cannot read {}; give a file or a URL that begins with http:// or https://", path.display())]
    File {
        /// The file.
        path: PathBuf,
        /// Why.
        #[source]
        source: std::io::Error,
    },
    /// What was given is larger than anything that is read.
    #[error("{what} has more than {limit} bytes; nothing of it was used")]
    TooLarge {
        /// Where it came from.
        what: String,
        /// The most that is read.
        limit: usize,
    },
    /// A file of tags cannot be used.
    #[error(transparent)]
    Tags(#[from] TagFileError),
    /// A gateway cannot be reached.
    #[error("cannot reach {url}")]
    Unreachable {
        /// Its address.
        url: String,
        /// Why.
        #[source]
        source: reqwest::Error,
    },
    /// A gateway answered with something else.
    #[error(
        "{url} answered with status {status}; a gateway publishes its document at {}",
        waymark_tagging::document::WELL_KNOWN_PATH
    )]
    Status {
        /// What was asked for.
        url: String,
        /// The status.
        status: u16,
    },
    /// It cannot be understood.
    #[error("{0}")]
    Malformed(Problems),
    /// It must not be used.
    #[error("{what} must not be used")]
    Untrusted {
        /// Where it came from.
        what: String,
        /// Why.
        #[source]
        source: VerifyError,
    },
    /// The document has hashes of classes, and their text is nowhere.
    #[error(
        "{what} has {missing} classes by their hash alone, and the gateway's requirements do not have them"
    )]
    MissingClasses {
        /// Where it came from.
        what: String,
        /// How many.
        missing: usize,
    },
    /// No orchestrator's address.
    #[error(transparent)]
    Address(#[from] BadAddress),
    /// The node does not answer, or refuses.
    #[error(
        "the orchestrator {host} does not describe itself; one on chain does so for a gateway with funds: \
         give its settings (--config), or write down what it offers in a file of facts"
    )]
    Node {
        /// `host:port`.
        host: String,
        /// Why.
        #[source]
        source: AttemptError,
    },
    /// Who asks cannot be proved.
    #[error("the request to the orchestrator cannot be signed")]
    Sign(#[from] SignError),
    /// The chain is not known.
    #[error("requirements from the chain need --rpc URL and --registry ADDRESS")]
    NoChain,
    /// The chain cannot be read.
    #[error("the chain cannot be read")]
    Chain(#[source] Box<dyn std::error::Error + Send + Sync>),
    /// A node answered with something else.
    #[error("the node's answer is not {what}")]
    OddNode {
        /// What was asked for.
        what: &'static str,
    },
    /// A gateway's document is nowhere that can be read.
    #[error("its document is at {uri}; accepted: http and https")]
    AnchoredElsewhere {
        /// What the contract says, quoted.
        uri: String,
    },
    /// The HTTP client cannot be built.
    #[error("cannot set up the HTTP client")]
    Client(#[source] reqwest::Error),
    /// The address for metrics cannot be used.
    #[error("cannot serve metrics at {address}")]
    Listen {
        /// The address.
        address: SocketAddr,
        /// Why.
        #[source]
        source: std::io::Error,
    },
    /// Standard output is closed.
    #[error("cannot write to standard output")]
    Output(#[from] std::io::Error),
}

impl MatchError {
    /// The process's exit code.
    pub fn exit_code(&self) -> u8 {
        match self {
            Self::Malformed(_)
            | Self::Tags(_)
            | Self::Untrusted { .. }
            | Self::TooLarge { .. }
            | Self::MissingClasses { .. } => 65,
            Self::File { .. } | Self::Address(_) => 66,
            Self::NoChain => 64,
            Self::Unreachable { .. }
            | Self::Status { .. }
            | Self::Node { .. }
            | Self::Chain(_)
            | Self::OddNode { .. }
            | Self::AnchoredElsewhere { .. } => 69,
            Self::Client(_) | Self::Output(_) | Self::Listen { .. } | Self::Sign(_) => 70,
        }
    }
}

/// Carries the command out. With `every` it returns only when it cannot go on. A node that pays out
/// on chain asks for a signature of a gateway with funds: `signer` makes it.
pub async fn run(
    request: &MatchRequest,
    signer: &dyn Signer,
    clock: &Clock,
    out: &mut (dyn Write + Send),
) -> Result<(), MatchError> {
    let http = reqwest::Client::builder()
        .user_agent(concat!("waymark/", env!("CARGO_PKG_VERSION")))
        .redirect(reqwest::redirect::Policy::limited(3))
        .timeout(Duration::from_secs(15))
        .build()
        .map_err(MatchError::Client)?;
    let tasks = Tasks::default();
    let mut seen = requirements::Seen::default();
    let mut report = look(request, signer, &http, clock, &mut seen).await?;
    let metrics = match request.output {
        Output::Serve(address) => Some(exposition::serve(address, &report, &tasks).await?),
        Output::Text | Output::Json | Output::Prometheus => None,
    };
    out.write_all(report.written(request.output).as_bytes())?;
    out.flush()?;
    let Some(every) = request.every else { return Ok(()) };
    loop {
        tokio::time::sleep(every).await;
        match look(request, signer, &http, clock, &mut seen).await {
            Ok(next) => {
                out.write_all(next.changes(&report, request.output).as_bytes())?;
                report = next;
            }
            // What is not there for a while may come back; the last report stands until then.
            Err(error) => {
                let why = crate::orchestrator::error::chain(&error);
                out.write_all(report::missed(clock.wall(), &why, request.output).as_bytes())?;
            }
        }
        if let Some(metrics) = &metrics {
            metrics.show(&report);
        }
        out.flush()?;
    }
}

/// Looks at both sides once.
async fn look(
    request: &MatchRequest,
    signer: &dyn Signer,
    http: &reqwest::Client,
    clock: &Clock,
    seen: &mut requirements::Seen,
) -> Result<Report, MatchError> {
    let tags = tags::registry(&request.tags)?;
    let requirements = requirements::load(request, http, &tags, clock.wall(), seen).await?;
    let orchestrator = Orchestrator::load(&request.orchestrator, signer).await?;
    let mut notices = orchestrator.notices(&tags);
    notices.extend(requirements.notices.iter().cloned());
    Ok(Report::new(&orchestrator, requirements, notices, request.price, clock.wall()))
}

/// The address in an argument, or `None` of a file's name.
fn address(argument: &str) -> Option<Url> {
    let url = Url::parse(argument).ok()?;
    (matches!(url.scheme(), "http" | "https") && url.host().is_some()).then_some(url)
}

/// An address without what may be secret in it.
fn shown(url: &Url) -> String {
    url[..url::Position::AfterPath].replace(url.password().unwrap_or("\0"), "…")
}

/// A file's text, if it is no larger than `limit`.
fn read(path: &str, limit: usize) -> Result<Vec<u8>, MatchError> {
    use std::io::Read as _;
    let failed = |source| MatchError::File { path: path.into(), source };
    let mut bytes = Vec::new();
    let most = u64::try_from(limit).unwrap_or(u64::MAX).saturating_add(1);
    std::fs::File::open(path)
        .map_err(failed)?
        .take(most)
        .read_to_end(&mut bytes)
        .map_err(failed)?;
    if bytes.len() > limit {
        return Err(MatchError::TooLarge { what: path.to_owned(), limit });
    }
    Ok(bytes)
}
