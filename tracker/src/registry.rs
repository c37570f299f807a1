//! What the registry's logs say at the end: names of tags, nonce schemes, committed round books, who
//! writes for whom, and which gateways contradicted themselves.
//!
//! Logs are applied in the order of the chain. Nothing is taken on trust beyond what the contract
//! enforces; a name that breaks the grammar is not shown.

use std::collections::{BTreeMap, HashMap, HashSet};

use alloy_primitives::{Address, B256};
use waymark_contracts::job_tag_registry::{
    JobTagRegistry::JobTagRegistryEvents as Event, SCHEME_PLAIN, SCHEME_TAGGED,
};
use waymark_tagging::{Tag, TagId, nonce};

use crate::event::registry_event;
use crate::log::{Log, Place};

/// The longest chain of parents that is followed; the contract allows a root and four segments.
const MAX_DEPTH: usize = 5;

/// A commitment to a round book, as it stands.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Commitment {
    /// Where it was first made with this root.
    pub since: Place,
    /// When, Unix seconds, where the source told it.
    pub time: Option<u64>,
    /// Which revision stands; earlier ones had other roots or addresses.
    pub revision: u32,
    /// Root of the leaves; zero for an empty book.
    pub root: B256,
    /// Root over the published data files.
    pub dataset_root: B256,
    /// How many payment sessions.
    pub leaves: u32,
    /// Expected value of all tickets, wei.
    pub total_ev: u128,
    /// Where the gateway says the leaf file is.
    pub uri: String,
}

/// What a gateway says it buys.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Advert {
    /// Until when, Unix seconds.
    pub expiry: u64,
    /// Unit of work, as numbered in payments-contracts 6.4.
    pub unit: u8,
    /// Price ceiling for one unit: numerator, wei.
    pub price_num: u128,
    /// Its denominator.
    pub price_den: u64,
}

#[derive(Debug)]
struct Named {
    parent: u32,
    label: String,
}

/// The registry, or that there is none.
#[derive(Debug, Default)]
pub struct Registry {
    present: bool,
    tags: HashMap<u32, Named>,
    schemes: HashMap<Address, BTreeMap<u64, u8>>,
    commitments: BTreeMap<(u64, Address), Commitment>,
    equivocations: HashSet<B256>,
    operators: HashSet<(Address, Address)>,
    manifests: BTreeMap<Address, (String, B256)>,
    adverts: BTreeMap<(Address, u32), Advert>,
}

impl Registry {
    /// No registry is read: scheme 1 is assumed, and tags have numbers but no names.
    pub fn absent() -> Self {
        Self::default()
    }

    /// A registry without entries.
    pub fn empty() -> Self {
        Self { present: true, ..Self::default() }
    }

    /// Applies a log of the registry's. Unreadable ones change nothing.
    pub fn apply(&mut self, log: &Log) {
        if let Ok(event) = registry_event(log) {
            self.apply_event(event, log.place, log.time);
        }
    }

    fn apply_event(&mut self, event: Event, place: Place, time: Option<u64>) {
        match event {
            Event::TagRegistered(e) => {
                self.tags.insert(e.tagId, Named { parent: e.parentId, label: e.label });
            }
            Event::NonceSchemeSet(e) => {
                self.schemes.entry(e.gateway).or_default().insert(e.fromRound, e.scheme);
            }
            Event::RoundCommitted(e) => {
                let key = (e.round, e.gateway);
                let before = self.commitments.get(&key);
                // The same root again, perhaps under another address, was committed since the first time.
                let (since, time) = match before {
                    Some(before) if before.root == e.root => (before.since, before.time),
                    _ => (place, time),
                };
                self.commitments.insert(
                    key,
                    Commitment {
                        since,
                        time,
                        revision: e.revision,
                        root: e.root,
                        dataset_root: e.datasetRoot,
                        leaves: e.leaves,
                        total_ev: e.totalEV,
                        uri: e.uri,
                    },
                );
            }
            Event::Equivocation(e) => {
                self.equivocations.insert(e.ticketHash);
            }
            // One that was revoked was related all the same.
            Event::OperatorSet(e) if !e.expiry.is_zero() => {
                self.operators.insert((e.gateway, e.operator));
            }
            Event::ManifestSet(e) => {
                self.manifests.insert(e.gateway, (e.uri, e.hash));
            }
            Event::AdvertPosted(e) => {
                let advert = Advert {
                    expiry: e.expiry.to(),
                    unit: e.unit,
                    price_num: e.priceNum.to(),
                    price_den: e.priceDen,
                };
                self.adverts.insert((e.gateway, e.tagId), advert);
            }
            Event::AdvertCancelled(e) => {
                self.adverts.remove(&(e.gateway, e.tagId));
            }
            _ => {}
        }
    }

    /// Whether there is a registry.
    pub const fn is_present(&self) -> bool {
        self.present
    }

    /// The tag in a nonce by the scheme its gateway announced for the round of the ticket's creation;
    /// untagged where none was. Without a registry scheme 1 is assumed.
    pub fn decode(&self, gateway: Address, round: u64, nonce: Option<u32>) -> TagId {
        if self.present && self.scheme(gateway, round) != SCHEME_TAGGED {
            return TagId::UNTAGGED;
        }
        nonce.and_then(nonce::decode).map_or(TagId::UNTAGGED, |(tag, _)| tag)
    }

    /// The scheme a gateway announced for a round; plain nonces where it announced none.
    pub fn scheme(&self, gateway: Address, round: u64) -> u8 {
        let announced = self.schemes.get(&gateway);
        let newest = announced.and_then(|schemes| schemes.range(..=round).next_back());
        newest.map_or(SCHEME_PLAIN, |(_, scheme)| *scheme)
    }

    /// The path of a tag; nothing for one that is not registered, for a root alone, and for one whose
    /// labels break the grammar.
    pub fn name(&self, id: TagId) -> Option<Tag> {
        let mut labels: Vec<&str> = Vec::new();
        let mut at = id.get();
        while at != 0 {
            let named = self.tags.get(&at)?;
            if labels.len() >= MAX_DEPTH {
                return None;
            }
            labels.push(&named.label);
            at = named.parent;
        }
        labels.reverse();
        labels.join("/").parse().ok()
    }

    /// The path of a tag, or the name of a root alone.
    pub(crate) fn label(&self, id: TagId) -> Option<String> {
        let named = self.tags.get(&id.get())?;
        if named.parent != 0 {
            return self.name(id).map(|tag| tag.to_string());
        }
        // A root alone is no tag; it is valid if a tag below it would be.
        let below: Tag = format!("{}/x", named.label).parse().ok()?;
        Some(below.root().to_owned())
    }

    /// A tag and all above it; only itself where nothing is known of it.
    pub fn lineage(&self, id: TagId) -> Vec<TagId> {
        let mut lineage = vec![id];
        let mut at = id.get();
        while let Some(parent) = self.tags.get(&at).map(|named| named.parent)
            && parent != 0
            && lineage.len() < MAX_DEPTH
            && let Ok(parent_id) = TagId::try_from(parent)
        {
            lineage.push(parent_id);
            at = parent;
        }
        lineage
    }

    /// A gateway's commitment to a round.
    pub fn commitment(&self, gateway: Address, round: u64) -> Option<&Commitment> {
        self.commitments.get(&(round, gateway))
    }

    /// All commitments, by round, then gateway.
    pub fn commitments(&self) -> impl Iterator<Item = (u64, Address, &Commitment)> {
        self.commitments.iter().map(|((round, gateway), book)| (*round, *gateway, book))
    }

    /// Whether somebody proved on chain that nonce and book of a ticket name different tags.
    pub fn is_equivocation(&self, ticket: &B256) -> bool {
        self.equivocations.contains(ticket)
    }

    /// Gateways, and accounts that write, or once wrote, for them.
    pub fn operators(&self) -> impl Iterator<Item = (Address, Address)> {
        self.operators.iter().copied()
    }

    /// Gateways that published a manifest: who, where, its hash.
    pub fn manifests(&self) -> impl Iterator<Item = (Address, &str, B256)> {
        self.manifests.iter().map(|(gateway, (uri, hash))| (*gateway, uri.as_str(), *hash))
    }

    /// Adverts that were not cancelled, by gateway and tag.
    pub fn adverts(&self) -> impl Iterator<Item = (Address, u32, &Advert)> {
        self.adverts.iter().map(|((gateway, tag), advert)| (*gateway, *tag, advert))
    }
}

#[cfg(test)]
mod tests;
