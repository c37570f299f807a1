//! The document as it is anchored on chain.
//!
//! The document at the well-known address is signed anew several times a day, so its hash cannot stay.
//! What is anchored is a copy that does not change: it ends when the last of its classes does, and is
//! found under its hash. A new one takes its place when something else is said in it.

use std::sync::Arc;

use alloy_primitives::B256;
use jiff::Timestamp;
use tokio::sync::watch;
use waymark_tagging::{
    JobClass, Problems,
    canonical::{NotCanonical, canonical_json, document_hash},
    class::Moment,
    document::{ClassEntry, GatewayDocument},
};

use super::{Advertiser, Published};

/// A document that cannot be anchored.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Unanchorable {
    /// What is published is not what readers accept.
    #[error("the published document cannot be read back: {0}")]
    Unreadable(Problems),
    /// A value that canonical JSON has no spelling for.
    #[error(transparent)]
    NotCanonical(#[from] NotCanonical),
}

/// A copy of the document that can be anchored.
#[derive(Debug, Clone)]
pub struct Manifest {
    /// What it says.
    pub document: GatewayDocument,
    /// Keccak-256 of its canonical bytes without the signature.
    pub hash: B256,
    /// Its canonical bytes, with the signature.
    pub bytes: Vec<u8>,
}

impl Advertiser {
    /// The published document as it would be anchored. The same state gives the same copy.
    pub fn manifest(&self) -> Result<Manifest, Unanchorable> {
        let published = self.published();
        let label = "the published document";
        let received = GatewayDocument::read(label, &published.gateway.bytes);
        let mut document = received.map_err(Unanchorable::Unreadable)?.document;
        let ends =
            document.classes.iter().filter_map(|entry| Some(&entry.class.as_ref()?.expires_at));
        let last = ends.max_by_key(|end| end.at()).cloned();
        if let Some(last) = last.filter(|last| last.at() > document.head.expires_at.at()) {
            document.head.expires_at = last;
        }
        let hash = document.hash()?;
        document.head.signature = self.frame.identity.sign(&document.digest()?);
        Ok(Manifest { bytes: canonical_json(&document)?, document, hash })
    }

    /// Tells when another state is published.
    pub fn changes(&self) -> watch::Receiver<Arc<Published>> {
        self.published.subscribe()
    }
}

impl Manifest {
    /// Reads a copy that was made before.
    pub fn read(label: &str, bytes: &[u8]) -> Result<Self, Problems> {
        let received = GatewayDocument::read(label, bytes)?;
        Ok(Self { document: received.document, hash: received.hash, bytes: bytes.to_vec() })
    }

    /// A hash over what it says, without what moves by itself: times, numbers of states, figures of
    /// demand, prices in dollars.
    pub fn meaning(&self) -> Result<B256, NotCanonical> {
        let mut document = self.document.clone();
        let head = &mut document.head;
        head.seq = 0;
        (head.issued_at, head.expires_at) = (start(), start());
        head.signature = None;
        for entry in &mut document.classes {
            if let Some(class) = &entry.class {
                *entry = ClassEntry::inline(Arc::new(settled(class)))?;
            }
        }
        document_hash(&document)
    }

    /// Whether `newer` says the same of classes that end later, and this copy comes to its end: half of
    /// the time that is left by then.
    pub fn is_due(&self, newer: &Self, now: Timestamp) -> bool {
        let ends = |manifest: &Self, tag| {
            let mut classes = manifest.document.classes.iter().filter_map(|e| e.class.as_ref());
            classes.find(|class| class.tag == tag).map(|class| class.expires_at.at())
        };
        newer.document.classes.iter().any(|entry| {
            let (old, new) = (ends(self, entry.tag.clone()), ends(newer, entry.tag.clone()));
            old.zip(new).is_some_and(|(old, new)| is_due(old, new, now))
        })
    }
}

/// Whether what ends at `old` should be said anew, when it would then end at `new`.
pub fn is_due(old: Timestamp, new: Timestamp, now: Timestamp) -> bool {
    new > old && old.duration_since(now) < new.duration_since(now) / 2
}

/// A hash over what a class says, without what moves by itself.
pub fn meaning(class: &JobClass) -> Result<B256, NotCanonical> {
    settled(class).hash()
}

fn settled(class: &JobClass) -> JobClass {
    let mut class = class.clone();
    class.rev = 1;
    class.demand = None;
    (class.issued_at, class.expires_at) = (start(), start());
    if let Some(price) = &mut class.price {
        price.usd_hint = None;
    }
    class
}

fn start() -> Moment {
    Moment::from(Timestamp::UNIX_EPOCH)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn class(change: impl Fn(&mut JobClass)) -> B256 {
        let text = r#"{"api":"lp.jobclass/v1","tag":"transcode/vod/hevc","rev":1,
            "gateway":"0x0000000000000000000000000000000000000000",
            "issued_at":"2026-11-22T00:00:00Z","expires_at":"2027-11-22T00:00:00Z",
            "interface":{"mode":"segment","work_unit":"pixel"},"requires":[],
            "price":{"max_wei":"900","per":"1","usd_hint":"0.90"},
            "demand":{"basis":"observed","rate_p50":3}}"#;
        let mut class = JobClass::from_json("class", text.as_bytes()).unwrap();
        change(&mut class);
        meaning(&class).unwrap()
    }

    #[test]
    fn what_moves_by_itself_means_nothing_new() {
        let same = class(|_| ());
        assert_eq!(class(|class| class.rev = 9), same);
        assert_eq!(class(|class| class.demand = None), same);
        assert_eq!(class(|class| class.expires_at = start()), same);
        assert_eq!(class(|class| class.price.as_mut().unwrap().usd_hint = None), same);
        assert_ne!(class(|class| class.price = None), same);
        assert_ne!(class(|class| class.title = Some("HEVC".to_owned())), same);
    }

    #[test]
    fn what_ends_later_is_said_anew_when_half_of_the_time_is_over() {
        let at = |day: i64| Timestamp::from_second(day * 86_400).unwrap();
        assert!(!is_due(at(30), at(30), at(29)), "nothing new");
        assert!(!is_due(at(30), at(40), at(10)));
        assert!(!is_due(at(30), at(31), at(28)), "a day more, every day");
        assert!(is_due(at(30), at(40), at(21)));
        assert!(is_due(at(30), at(40), at(35)), "it is over");
    }
}
