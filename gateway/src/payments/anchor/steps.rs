//! What the chain does not say yet: pure, from what is published and what was read.

use alloy_primitives::{
    Address, B256,
    aliases::{U40, U96},
};
use alloy_sol_types::SolCall as _;
use jiff::{SignedDuration, Timestamp};
use url::Url;
use waymark_contracts::{
    JobTagRegistry::{cancelAdvertCall, postAdvertCall, setManifestCall},
    job_tag_registry::Advert,
};
use waymark_tagging::{JobClass, canonical::canonical_json};

use super::{
    advert::Terms,
    files::{Document, Record},
};
use crate::advertise::{Manifest, Unanchorable, is_due, meaning};

/// The contract takes 30 days; clocks differ.
const LONGEST: SignedDuration = SignedDuration::from_hours(24 * 29);

/// One transaction.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Step {
    pub(super) kind: Kind,
    /// In a few words. Names the document, so that no two steps have the same.
    pub(super) what: String,
    /// The call.
    pub(super) data: Vec<u8>,
    /// What has to be found under its hash before the chain says so.
    pub(super) file: Option<(Document, Vec<u8>)>,
}

/// What a step is for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Kind {
    /// The gateway's document.
    Manifest { hash: B256, uri: String },
    /// An advert, by its tag and the tag's number.
    Post { tag: String, number: u32 },
    /// The same, taken back.
    Cancel { tag: String },
}

/// A class and what the chain has of it.
#[derive(Debug, Clone)]
pub(super) struct Known<'a> {
    pub(super) class: &'a JobClass,
    /// Number of its tag.
    pub(super) number: u32,
    /// The newest advert, and whether it holds.
    pub(super) advert: (Advert, bool),
    /// The class of that advert, if it is at hand.
    pub(super) before: Option<JobClass>,
}

/// The document, if it has to be anchored. `before` is the one on chain.
pub(super) fn manifest(
    manifest: &Manifest,
    before: Option<(&Manifest, &str)>,
    public: &Url,
    now: Timestamp,
) -> Result<Option<Step>, Unanchorable> {
    let document = Document::Manifest(manifest.hash);
    let uri = document.uri(public);
    if let Some((before, at)) = before
        && at == Document::Manifest(before.hash).uri(public)
        && before.meaning()? == manifest.meaning()?
        && !before.is_due(manifest, now)
    {
        return Ok(None);
    }
    let call = setManifestCall { uri: uri.clone(), hash: manifest.hash };
    Ok(Some(Step {
        what: format!("anchoring the document {}", manifest.hash),
        data: call.abi_encode(),
        file: Some((document, manifest.bytes.clone())),
        kind: Kind::Manifest { hash: manifest.hash, uri },
    }))
}

/// The advert of a class, if it has to be posted.
pub(super) fn advert(
    known: &Known<'_>,
    terms: &Terms,
    gateway: Address,
    public: &Url,
    now: Timestamp,
) -> Result<Option<Step>, Unanchorable> {
    let Known { class, number, advert: (advert, active), before } = known;
    let longest = now.checked_add(LONGEST).unwrap_or(Timestamp::MAX);
    let ends = class.expires_at.at().min(longest);
    let on_chain = i64::try_from(advert.expiry.to::<u64>()).unwrap_or(i64::MAX);
    let on_chain = Timestamp::from_second(on_chain).unwrap_or(Timestamp::MAX);
    let hash = class.hash()?;
    let same_class = || match before {
        _ if advert.contentHash == hash => Ok(true),
        Some(before) => Ok::<_, Unanchorable>(meaning(before)? == meaning(class)?),
        None => Ok(false),
    };
    if *active && terms.are(advert) && !is_due(on_chain, ends, now) && same_class()? {
        return Ok(None);
    }
    let document = Document::Class(hash);
    let call = postAdvertCall {
        gw: gateway,
        tagId: *number,
        expiry: U40::saturating_from(u64::try_from(ends.as_second()).unwrap_or(0)),
        unit: terms.unit,
        priceNum: U96::saturating_from(terms.wei),
        priceDen: terms.units,
        floors: terms.floors,
        contentHash: hash,
        uri: document.uri(public),
    };
    Ok(Some(Step {
        what: format!("posting the advert of {} with the class {hash}", class.tag),
        data: call.abi_encode(),
        file: Some((document, canonical_json(class)?)),
        kind: Kind::Post { tag: class.tag.to_string(), number: *number },
    }))
}

/// Adverts that hold and that no class stands for any more.
pub(super) fn cancel(
    record: &Record,
    is_wanted: impl Fn(&str) -> bool,
    holds: impl Fn(u32) -> bool,
    gateway: Address,
) -> Vec<Step> {
    let gone = record.adverts.iter().filter(|(tag, number)| !is_wanted(tag) && holds(**number));
    gone.map(|(tag, number)| Step {
        kind: Kind::Cancel { tag: tag.clone() },
        what: format!("taking back the advert of {tag}"),
        data: cancelAdvertCall { gw: gateway, tagId: *number }.abi_encode(),
        file: None,
    })
    .collect()
}
