//! Round books: what was paid in a round, written down, published and committed to on chain.
//!
//! ```text
//!   registry ─► numbers of tags, nonce scheme ─► nonces of new sessions
//!   a round is over ─► sessions of the ledger, closed data files ─► leaf file ─► on record ─► commitRound
//!                                                              late tickets ─► the same again, a revision
//!   the window is over ─► final, or missed: said aloud
//! ```
//!
//! Nothing is sent that is not on record, and nothing twice: whoever starts again looks at the chain
//! first and goes on with the nonce in the outbox. Without a registry everything happens but the
//! transactions. Format and rules: `docs/round-books.md`.

mod build;
mod commit;
mod days;
mod error;
mod files;
mod keep;
mod metrics;
mod numbers;
mod tags;

use std::{path::PathBuf, sync::Arc, time::Duration};

use alloy_primitives::B256;
use parking_lot::Mutex;
use serde::Serialize;
use url::Url;
use waymark_payments::{
    book::TagRegistry, chain::Chain, fund::Funds, ledger::BookRecord, signer::LocalKey,
};
use waymark_tagging::Tag;

pub use self::error::BookError;
pub(in crate::payments) use self::files::{put, slashed};
pub use self::metrics::BookMetrics;
pub use self::numbers::Numbers;
pub(crate) use self::{
    days::keep_days,
    files::{LeafFile, leaf_file},
};
use crate::config::Config;

/// Everything about round books and the numbers of tags. Shared by all streams.
#[derive(Debug)]
pub struct Books {
    /// Numbers of tags, and whether nonces carry them.
    pub numbers: Numbers,
    registry: Option<TagRegistry>,
    settings: Settings,
    funds: Arc<Funds>,
    key: LocalKey,
    secret: B256,
    metrics: BookMetrics,
    report: Mutex<Report>,
}

#[derive(Debug)]
struct Settings {
    /// `<dataDir>`.
    data_dir: PathBuf,
    /// Where `<dataDir>/data` is published.
    public: Option<Url>,
    /// Tags of the operator: those with numbers and those of routes.
    own: Vec<Tag>,
    /// Whether missing ones are registered.
    register: bool,
    poll: Duration,
}

/// What is told under `/status`.
#[derive(Debug, Clone, Default, Serialize)]
#[serde(rename_all = "PascalCase")]
pub struct Report {
    /// The registry, if there is one.
    pub registry: Option<String>,
    /// First round in which nonces carry tags.
    pub tagged_from: Option<u64>,
    /// Tags that are paid with plain nonces, and why.
    pub plain_tags: Vec<String>,
    /// Books that are open, and the newest that are not.
    pub books: Vec<ReportedBook>,
    /// What went wrong last, until it went well.
    pub trouble: Option<String>,
}

/// A book, as it is told.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "PascalCase")]
pub struct ReportedBook {
    /// The round.
    pub round: u64,
    /// `written`, `committed`, `final`, `missed` or `kept`.
    pub state: &'static str,
    /// Root of the leaves.
    pub root: B256,
    /// Root over the data files.
    pub dataset_root: B256,
    /// Payment sessions.
    pub leaves: u32,
    /// Expected value of all tickets, wei.
    #[serde(rename = "TotalEVWei")]
    pub total_ev: String,
    /// Revision on chain; 0 for none.
    pub revision: u32,
}

impl From<BookRecord> for ReportedBook {
    fn from(book: BookRecord) -> Self {
        Self {
            round: book.round,
            state: book.state.name(),
            root: book.root,
            dataset_root: book.dataset_root,
            leaves: book.leaves,
            total_ev: book.total_ev.to_string(),
            revision: book.revision,
        }
    }
}

impl Books {
    /// What the settings say, before anything was asked of the chain.
    pub(super) fn new(
        config: &Config,
        chain: &Chain,
        funds: Arc<Funds>,
        key: LocalKey,
        secret: B256,
        metrics: BookMetrics,
    ) -> Self {
        let address = config.chain.as_ref().and_then(|chain| chain.tag_registry);
        let registry = address.map(|address| TagRegistry::new(chain.clone(), address));
        let mut own: Vec<Tag> = config.tags.ids.iter().map(|(tag, _)| tag.clone()).collect();
        own.extend(config.tags.routes.iter().map(|route| route.tag.clone()));
        own.sort();
        own.dedup();
        let report = Report { registry: address.map(|a| a.to_string()), ..Report::default() };
        Self {
            numbers: Numbers::new(&config.tags.ids, registry.is_some()),
            registry,
            settings: Settings {
                data_dir: config.data_dir.clone(),
                public: files::public(config),
                own,
                register: config.tags.register,
                poll: config.chain.as_ref().map_or(Duration::from_secs(5), |chain| chain.poll),
            },
            funds,
            key,
            secret,
            metrics,
            report: Mutex::new(report),
        }
    }

    /// The registry of tags, if there is one.
    pub(in crate::payments) fn registry(&self) -> Option<&TagRegistry> {
        self.registry.as_ref()
    }

    /// Between two polls of the chain.
    pub(in crate::payments) fn poll(&self) -> Duration {
        self.settings.poll
    }

    /// What is told under `/status`.
    pub fn report(&self) -> Report {
        self.report.lock().clone()
    }

    /// For everything that sends from this account: one transaction at a time.
    pub fn funds(&self) -> &Arc<Funds> {
        &self.funds
    }
}
