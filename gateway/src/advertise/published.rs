//! One state of what is asked for, and its documents as they are served.

use std::{
    collections::{BTreeMap, HashMap},
    fmt::Write as _,
    sync::Arc,
};

use alloy_primitives::{B256, keccak256};
use bytes::Bytes;
use jiff::{SignedDuration, Timestamp};
use parking_lot::Mutex;
use waymark_tagging::{
    JobClass, Matcher, Tag,
    canonical::{NotCanonical, canonical_json},
    class::{Moment, OnFail, VerificationMode, VerificationPolicy},
    document::{
        Change, ClassEntry, GatewayDocument, Head, MAX_DOCUMENT_BYTES, Policies, PrivacyLevel,
        Requirements, Revisions, Urls,
    },
};

use super::{atom, identity::Identity};
use crate::config;

/// Answers with changes that are kept ready; readers that keep up ask for few different ones.
const MOST_DELTAS: usize = 32;

/// A document as it is served.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Served {
    /// Its text.
    pub bytes: Bytes,
    /// A strong entity tag, with its quotation marks.
    pub etag: String,
    /// Until when it is valid.
    pub expires_at: Timestamp,
}

/// A document that cannot be published.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Unpublishable {
    /// A value that canonical JSON has no spelling for.
    #[error(transparent)]
    NotCanonical(#[from] NotCanonical),
    /// Readers refuse what is larger.
    #[error(
        "the published document would have {bytes} bytes; readers accept {MAX_DOCUMENT_BYTES}: take out classes"
    )]
    TooLarge {
        /// Its size.
        bytes: usize,
    },
}

/// What the settings say about the document.
#[derive(Debug)]
pub(super) struct Frame {
    pub(super) identity: Identity,
    pub(super) settings: config::Requirements,
}

/// One state.
#[derive(Debug)]
pub struct Published {
    /// The classes and what changed.
    pub revisions: Revisions,
    /// The classes, ready to be compared with orchestrators.
    pub matcher: Matcher,
    /// The document at the well-known address.
    pub gateway: Served,
    /// All requirements.
    pub requirements: Served,
    /// The same as a feed.
    pub atom: Served,
    /// When it was made.
    pub issued_at: Timestamp,
    carried: HashMap<Tag, Carried>,
    head: Head,
    identity: Identity,
    deltas: Mutex<BTreeMap<u64, Served>>,
}

/// What the tag message says of a class.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Carried {
    /// Keccak-256 of the class.
    pub hash: B256,
    /// The state that it came with.
    pub seq: u64,
}

/// What orchestrators can rely on whatever the class: every result is checked, what fails is done
/// again elsewhere, and records stay with the gateway.
fn policies() -> Policies {
    let verification = VerificationPolicy {
        mode: VerificationMode::Fast,
        sample_rate: None,
        method: None,
        on_fail: Some(OnFail::Retry),
    };
    let privacy = Some(PrivacyLevel::Off);
    Policies { verification: Some(verification), privacy, payment: None }
}

impl Published {
    pub(super) fn new(
        frame: &Frame,
        revisions: Revisions,
        now: Timestamp,
    ) -> Result<Self, Unpublishable> {
        let identity = &frame.identity;
        let head = head(frame, revisions.seq(), now);
        let classes: Vec<Arc<JobClass>> =
            revisions.current().filter_map(|change| change.class.clone()).collect();
        let mut carried = HashMap::new();
        let mut entries = Vec::with_capacity(classes.len());
        for change in revisions.current() {
            let Some(class) = &change.class else { continue };
            let mut entry = ClassEntry::inline(Arc::clone(class))?;
            entry.signature = identity.sign(&identity.domain.class_digest(class)?);
            carried.insert(entry.tag.clone(), Carried { hash: entry.hash, seq: change.seq });
            entries.push(entry);
        }
        let url = |url: &Option<url::Url>| url.as_ref().map(ToString::to_string);
        let settings = &frame.settings;
        let mut document = GatewayDocument {
            head: head.clone(),
            name: settings.name.clone(),
            contact: settings.contact.clone(),
            urls: Urls { api: url(&settings.url), data: url(&settings.data_url) },
            policies: policies(),
            classes: entries,
        };
        document.head.signature = identity.sign(&document.digest()?);
        let gateway = served(canonical_json(&document)?, &head)?;
        let requirements = signed(identity, revisions.since(0, head.clone()))?;
        let atom = served(atom::feed(settings, identity.gateway, &revisions, now).into(), &head)?;
        Ok(Self {
            matcher: Matcher::new(classes),
            gateway,
            requirements,
            atom,
            issued_at: now,
            carried,
            head,
            identity: identity.clone(),
            deltas: Mutex::default(),
            revisions,
        })
    }

    /// The answer for a reader that has this state. One that is too old, or that there never was, is
    /// answered as if the reader had none.
    pub fn since(&self, seq: u64) -> Result<Served, Unpublishable> {
        let known = seq >= self.revisions.floor() && seq <= self.revisions.seq();
        if seq == 0 || !known {
            return Ok(self.requirements.clone());
        }
        if let Some(ready) = self.deltas.lock().get(&seq) {
            return Ok(ready.clone());
        }
        let answer = signed(&self.identity, self.revisions.since(seq, self.head.clone()))?;
        let mut deltas = self.deltas.lock();
        if deltas.len() >= MOST_DELTAS {
            // The oldest state: whoever keeps up asks for the newest ones.
            deltas.pop_first();
        }
        deltas.insert(seq, answer.clone());
        Ok(answer)
    }

    /// The number of the state.
    pub fn seq(&self) -> u64 {
        self.revisions.seq()
    }

    /// Until when its documents are valid.
    pub fn expires_at(&self) -> Timestamp {
        self.head.expires_at.at()
    }

    /// What the tag message says of the class of a tag.
    pub fn carried(&self, tag: &Tag) -> Option<Carried> {
        self.carried.get(tag).copied()
    }

    /// The changes that led to the classes of today.
    pub fn classes(&self) -> impl Iterator<Item = &Change> {
        self.revisions.current()
    }
}

/// Whole seconds, as the signature covers them.
pub(super) fn head(frame: &Frame, seq: u64, now: Timestamp) -> Head {
    let issued = Timestamp::from_second(now.as_second()).unwrap_or(now);
    let lifetime = SignedDuration::try_from(frame.settings.lifetime).unwrap_or(SignedDuration::MAX);
    Head {
        gateway: frame.identity.gateway,
        seq,
        issued_at: Moment::from(issued),
        expires_at: issued.checked_add(lifetime).unwrap_or(Timestamp::MAX).into(),
        domain: frame.identity.domain,
        signer: None,
        signature: None,
    }
}

fn signed(identity: &Identity, mut answer: Requirements) -> Result<Served, Unpublishable> {
    answer.head.signature = identity.sign(&answer.digest()?);
    let head = answer.head.clone();
    served(canonical_json(&answer)?, &head)
}

fn served(text: Vec<u8>, head: &Head) -> Result<Served, Unpublishable> {
    if text.len() > MAX_DOCUMENT_BYTES {
        return Err(Unpublishable::TooLarge { bytes: text.len() });
    }
    let mut etag = String::from("\"");
    for byte in keccak256(&text).iter().take(16) {
        write!(etag, "{byte:02x}").expect("writing to a String cannot fail");
    }
    etag.push('"');
    Ok(Served { bytes: text.into(), etag, expires_at: head.expires_at.at() })
}
