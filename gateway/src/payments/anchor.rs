//! What this gateway buys, told to the registry: where its signed document is, with its hash, and an
//! advert for each class. Who reads the contract's logs finds it without anybody's list.
//!
//! ```text
//!   Published ─► the copy that is anchored ─► says something new? ─► file ─► setManifest ─┐
//!        └────► terms of each class ─► the advert says them? ─► file ─► postAdvert ───────┼─► record
//!   chain: adverts, logs of the manifest ─► what is missing ◄──────────────────────────────┘
//! ```
//!
//! Nothing is sent that the chain says already, for times and figures of demand that move by
//! themselves, or more often than the settings allow. A transaction is on record before it is sent, and
//! goes through the outbox of round books. Rules: `docs/requirements.md`.

mod advert;
mod files;
mod keep;
mod metrics;
mod steps;

use std::path::PathBuf;

use alloy_primitives::B256;
use jiff::{SignedDuration, Timestamp};
use parking_lot::Mutex;
use serde::Serialize;
use url::Url;
use waymark_payments::signer::PaymentSource;

pub(crate) use self::files::anchored_file;
pub use self::{keep::Planned, metrics::AnchorMetrics};
use crate::config::Config;

/// Everything about anchoring.
#[derive(Debug)]
pub struct Anchor {
    /// Why nothing is anchored, if so.
    off: Option<&'static str>,
    settings: Settings,
    metrics: AnchorMetrics,
    report: Mutex<AnchorReport>,
    /// One look at a time, and what was begun.
    looking: tokio::sync::Mutex<()>,
}

#[derive(Debug)]
struct Settings {
    data_dir: PathBuf,
    /// Where `<dataDir>/data` is found from outside.
    public: Option<Url>,
    /// Between two changes that are anchored.
    every: SignedDuration,
}

/// What is told of anchoring.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
pub struct AnchorReport {
    /// Why nothing is anchored, with what to do; nothing where it is.
    pub off: Option<&'static str>,
    /// Where the document on chain is.
    pub uri: Option<String>,
    /// Its hash.
    pub hash: Option<B256>,
    /// The transaction that said so.
    pub transaction: Option<B256>,
    /// Tags with an advert on chain that says what their class does.
    pub adverts: Vec<String>,
    /// Classes without an advert, and why.
    pub without_advert: Vec<String>,
    /// What the chain does not say yet.
    pub missing: Vec<String>,
    /// Before this nothing of it is sent, because something was a moment ago.
    pub not_before: Option<Timestamp>,
    /// What went wrong last, until it went well.
    pub trouble: Option<String>,
}

impl Anchor {
    /// What the settings say.
    pub(super) fn new(config: &Config, source: &PaymentSource, metrics: AnchorMetrics) -> Self {
        let public = files::public(config);
        let off = why_not(config, Some(source), public.as_ref());
        let every = SignedDuration::try_from(config.requirements.anchor_every);
        Self {
            off,
            settings: Settings {
                data_dir: config.data_dir.clone(),
                public,
                every: every.unwrap_or(SignedDuration::MAX),
            },
            metrics,
            report: Mutex::new(AnchorReport { off, ..AnchorReport::default() }),
            looking: tokio::sync::Mutex::default(),
        }
    }

    /// What is told of it.
    pub fn report(&self) -> AnchorReport {
        self.report.lock().clone()
    }
}

impl AnchorReport {
    /// For a gateway that pays nobody.
    pub fn without_payments(config: &Config) -> Self {
        Self { off: why_not(config, None, None), ..Self::default() }
    }
}

fn why_not(
    config: &Config,
    source: Option<&PaymentSource>,
    public: Option<&Url>,
) -> Option<&'static str> {
    let registry = config.chain.as_ref().map(|chain| chain.tag_registry);
    match (registry, source) {
        _ if !config.requirements.anchor => Some("switched off by requirements.anchor"),
        (None, _) | (_, None | Some(PaymentSource::OffChain)) => Some("there is no chain"),
        (Some(None), _) => Some("there is no registry: set chain.tag_registry"),
        (_, Some(PaymentSource::Remote(_))) => Some(
            "a remote signer signs tickets and no transactions: a key of the gateway's own is needed",
        ),
        _ if public.is_none() => {
            Some("nobody would find the document: set requirements.url, or requirements.data_url")
        }
        (Some(Some(_)), Some(PaymentSource::Key(_))) => None,
    }
}
