//! `waymark demand`: the arguments, and what is done with them.
//!
//! A report goes to standard output or a file; what was passed over on the way, and what a reader
//! should know of it, to standard error.

use std::io::{self, Write};
use std::path::{Path, PathBuf};
use std::time::Duration;

use alloy_primitives::Address;
use clap::{Args, ValueEnum};
use url::Url;

use crate::event::Contracts;
use crate::output::Format;
use crate::report::{By, Question, Scope};
use crate::source::NodeSettings;
use crate::store::Identity;

mod error;
mod notes;
mod run;

pub use error::DemandError;
pub use run::run;

/// Report demand by tag from the logs of a chain.
///
/// Every redeemed ticket is decoded from its log alone: who paid whom, how much, in which round, for
/// which tag. Logs come from a file (an array of JSON-RPC log objects, or one object a line) or from a
/// node.
#[derive(Debug, Clone, PartialEq, Eq, Args)]
#[command(group = clap::ArgGroup::new("source").required(true).args(["logs", "rpc"]))]
pub struct Demand {
    /// A file of logs; - is standard input. May be given several times.
    #[arg(long, value_name = "FILE")]
    pub logs: Vec<PathBuf>,
    /// A node's address; several, separated by commas, are asked in this order.
    #[arg(long, value_name = "URL", value_delimiter = ',', value_parser = url)]
    pub rpc: Vec<Url>,
    /// The TicketBroker.
    #[arg(long, value_name = "ADDRESS")]
    pub broker: Address,
    /// The JobTagRegistry; without it, scheme 1 is assumed for every nonce, and tags have no names.
    #[arg(long, value_name = "ADDRESS")]
    pub registry: Option<Address>,
    /// The BondingManager, to find gateways that delegate to whom they pay.
    #[arg(long, value_name = "ADDRESS")]
    pub bonding: Option<Address>,
    /// Leaf files of round books: a directory, or a web address.
    #[arg(
        long,
        value_name = "DIR|URL",
        requires = "registry",
        help = "Leaf files of round books: a directory, or a web address that has <gateway>/<round>.json"
    )]
    pub books: Option<String>,
    /// How to write the report.
    #[arg(long, value_enum, default_value_t)]
    pub format: Format,
    /// A row for each round in which tickets were created, or for each day on which they were redeemed.
    #[arg(long, value_enum, default_value = "round")]
    pub by: Period,
    /// Count everything below a tag with it; rows overlap then.
    #[arg(long)]
    pub subtrees: bool,
    /// JSON: an object with round books, adverts and manifests beside the rows.
    #[arg(long)]
    pub full: bool,
    /// Write the report to a file, whole or not at all.
    #[arg(long, value_name = "FILE")]
    pub out: Option<PathBuf>,
    /// Keep what was read in this file and go on from there the next time; without it, everything is
    /// read each time.
    #[arg(long, value_name = "FILE")]
    pub state: Option<PathBuf>,
    /// Chain id of the books; a node tells its own.
    #[arg(long, value_name = "ID", conflicts_with = "rpc")]
    pub chain_id: Option<u64>,
    /// First block to read; by default the broker's on Arbitrum One, 0 elsewhere.
    #[arg(long, value_name = "BLOCK", conflicts_with = "logs")]
    pub from_block: Option<u64>,
    /// Blocks behind the newest one that are left alone.
    #[arg(long, value_name = "BLOCKS", conflicts_with = "logs", default_value_t = 0)]
    pub confirmations: u64,
    /// Go on as blocks come, with a report whenever something changed.
    #[arg(long, conflicts_with = "logs")]
    pub follow: bool,
    /// How often to look for new blocks.
    #[arg(long, value_name = "TIME", default_value = "5s", value_parser = humantime::parse_duration)]
    pub poll: Duration,
}

/// What a row covers in time.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, ValueEnum)]
pub enum Period {
    /// Tickets created in one round.
    Round,
    /// Tickets redeemed on one day, UTC.
    Day,
}

/// Where the command reads and writes.
pub struct Streams<'a> {
    /// For `--logs -`.
    pub input: &'a mut dyn io::Read,
    /// For the report.
    pub out: &'a mut dyn Write,
    /// For everything else.
    pub notes: &'a mut dyn Write,
    /// Whether `out` is a person's terminal, where no Parquet goes.
    pub terminal: bool,
}

impl std::fmt::Debug for Streams<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Streams").field("terminal", &self.terminal).finish_non_exhaustive()
    }
}

impl Demand {
    const fn question(&self) -> Question {
        let by = match self.by {
            Period::Round => By::Round,
            Period::Day => By::Day,
        };
        Question { by, scope: if self.subtrees { Scope::Subtree } else { Scope::Tag } }
    }

    const fn identity(&self, chain_id: Option<u64>) -> Identity {
        let Self { broker, registry, bonding, .. } = *self;
        Identity { contracts: Contracts { broker, registry, bonding }, chain_id }
    }

    const fn node(&self) -> NodeSettings {
        NodeSettings { from_block: self.from_block, confirmations: self.confirmations }
    }

    /// The web address of leaf files, if they are not in a directory.
    fn books_url(&self) -> Option<Url> {
        let url = Url::parse(self.books.as_deref()?).ok()?;
        matches!(url.scheme(), "http" | "https").then_some(url)
    }

    fn books_directory(&self) -> Option<&Path> {
        self.books.as_deref().filter(|_| self.books_url().is_none()).map(Path::new)
    }
}

fn url(text: &str) -> Result<Url, String> {
    Url::parse(text)
        .map_err(|error| format!("{error}; accepted: http, https, ws and wss addresses"))
}
