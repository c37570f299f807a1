//! What a gateway publishes about itself: the well-known document, and its requirements with what
//! changed since. Types, reading, and the proof that a gateway said so.
//!
//! ```text
//!   ClassSet ──► Revisions ──► Requirements (all, or since a seq) ──┐
//!       └──────────────────► GatewayDocument ───────────────────────┴─► digest ──► signed
//!
//!   bytes ──► GatewayDocument::read ──► Received ──► verify(expectation) ──► SignedBy
//! ```
//!
//! Hash and signature cover the document as it was received, without its key `signature`. Reading
//! checks the form; [`Received::verify`] checks who, for whom and until when. The documents are
//! closed: an unknown key refuses them.

use std::sync::Arc;

use alloy_primitives::{Address, B256};

use crate::canonical::{DocumentSignature, NotCanonical, SigningDomain, document_hash};
use crate::class::{JobClass, Moment};
use crate::problem::Problems;
use crate::tree::{self, Item, Node, Path, Report};

mod entry;
mod feed;
mod gateway;
mod head;
mod requirements;
mod revisions;
#[cfg(test)]
mod tests;
mod verify;

pub use entry::ClassEntry;
pub use feed::FeedEntry;
pub use gateway::{GatewayDocument, PaymentPolicy, Policies, PrivacyLevel, Urls};
pub use head::Head;
pub use requirements::{Change, Requirements};
pub use revisions::Revisions;
pub use verify::{Expectation, SignedBy, VerifyError};

/// The largest document that is read, in bytes. The caller stops reading a body there.
pub const MAX_DOCUMENT_BYTES: usize = 8 << 20;

/// Where a gateway publishes its document.
pub const WELL_KNOWN_PATH: &str = "/.well-known/livepeer-gateway.json";

/// Where a gateway publishes its requirements.
pub const REQUIREMENTS_PATH: &str = "/v1/requirements";

/// A document and the hash of what was received.
#[derive(Debug, Clone, PartialEq)]
pub struct Received<T> {
    /// The document.
    pub document: T,
    /// Keccak-256 of its canonical bytes without the signature.
    pub hash: B256,
}

/// A document of either kind, told apart by its key `api`.
#[derive(Debug, Clone, PartialEq)]
pub enum AnyDocument {
    /// The well-known document.
    Gateway(Box<Received<GatewayDocument>>),
    /// An answer with requirements.
    Requirements(Box<Received<Requirements>>),
}

impl AnyDocument {
    /// Reads a document of either kind. `label` names the text in problems.
    pub fn read(label: &str, text: &[u8]) -> Result<Self, Problems> {
        received(label, text, |report, item| {
            let api = item.get("api").and_then(|api| match &api.node {
                Node::Text(text) => Some(text.as_str()),
                _ => None,
            });
            match api {
                Some(requirements::API) => {
                    let document = requirements::read(report, item)?;
                    Some(Self::Requirements(Box::new(hashed(report, item, document)?)))
                }
                Some(gateway::API) => {
                    let document = gateway::read(report, item)?;
                    Some(Self::Gateway(Box::new(hashed(report, item, document)?)))
                }
                _ => {
                    let rule =
                        format!("key api has to be {} or {}", gateway::API, requirements::API);
                    report.refuse(item.place, &Path::Top, rule);
                    None
                }
            }
        })
    }
}

impl AnyDocument {
    /// Who says it, which state it is, and until when.
    pub fn head(&self) -> &Head {
        match self {
            Self::Gateway(received) => &received.document.head,
            Self::Requirements(received) => &received.document.head,
        }
    }

    /// The hash of what was received, without its signature.
    pub fn hash(&self) -> B256 {
        match self {
            Self::Gateway(received) => received.hash,
            Self::Requirements(received) => received.hash,
        }
    }

    /// Checks who signed it, for whom, and until when.
    pub fn verify(&self, expect: &Expectation) -> Result<SignedBy, VerifyError> {
        match self {
            Self::Gateway(received) => received.verify(expect),
            Self::Requirements(received) => received.verify(expect),
        }
    }

    /// The classes that are written out in it. Of an answer that is not complete: those that changed.
    pub fn classes(&self) -> Vec<Arc<JobClass>> {
        match self {
            Self::Gateway(received) => {
                received.document.classes.iter().filter_map(|entry| entry.class.clone()).collect()
            }
            Self::Requirements(received) => {
                received.document.changes.iter().filter_map(|change| change.class.clone()).collect()
            }
        }
    }
}

impl GatewayDocument {
    /// Reads a well-known document. `label` names the text in problems.
    pub fn read(label: &str, text: &[u8]) -> Result<Received<Self>, Problems> {
        received(label, text, |report, item| {
            let document = gateway::read(report, item)?;
            hashed(report, item, document)
        })
    }

    /// The hash of the document, without its signature.
    pub fn hash(&self) -> Result<B256, NotCanonical> {
        let mut unsigned = self.clone();
        unsigned.head.signature = None;
        document_hash(&unsigned)
    }

    /// What its gateway signs.
    pub fn digest(&self) -> Result<B256, NotCanonical> {
        Ok(self.head.digest(self.hash()?))
    }
}

impl Requirements {
    /// Reads an answer with requirements. `label` names the text in problems.
    pub fn read(label: &str, text: &[u8]) -> Result<Received<Self>, Problems> {
        received(label, text, |report, item| {
            let document = requirements::read(report, item)?;
            hashed(report, item, document)
        })
    }

    /// The hash of the answer, without its signature.
    pub fn hash(&self) -> Result<B256, NotCanonical> {
        let mut unsigned = self.clone();
        unsigned.head.signature = None;
        document_hash(&unsigned)
    }

    /// What its gateway signs.
    pub fn digest(&self) -> Result<B256, NotCanonical> {
        Ok(self.head.digest(self.hash()?))
    }
}

fn received<T>(
    label: &str,
    text: &[u8],
    read: impl FnOnce(&mut Report, &Item) -> Option<T>,
) -> Result<T, Problems> {
    let mut report = Report::new(&Arc::from(label));
    if text.len() > MAX_DOCUMENT_BYTES {
        let bytes = text.len();
        let rule = format!("has {bytes} bytes; accepted: at most {MAX_DOCUMENT_BYTES}");
        report.refuse(None, &Path::Top, rule);
        return Err(report.problems);
    }
    let document = match tree::from_json(text) {
        Ok(item) => read(&mut report, &item),
        Err(error) => {
            report.unreadable(error);
            None
        }
    };
    report.problems.or(document)
}

/// The hash of what was received, not of what was understood.
fn hashed<T>(report: &mut Report, item: &Item, document: T) -> Option<Received<T>> {
    match document_hash(&item.without("signature")) {
        Ok(hash) => Some(Received { document, hash }),
        Err(error) => {
            report.refuse(item.place, &Path::Top, error.to_string());
            None
        }
    }
}
