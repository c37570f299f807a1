//! Requirements of every gateway that anchored its document in the contract: nobody keeps a list of
//! gateways, the logs are one.
//!
//! The newest `ManifestSet` of each gateway says where its document is, the newest `DataKeySet` who
//! may sign it. Addresses are of strangers: only http and https, bounded, one after another, and one
//! that does not answer is a notice and no more.

use std::collections::BTreeMap;

use alloy_primitives::{Address, B256, hex};
use alloy_sol_types::{SolEvent as _, SolEventInterface as _};
use jiff::Timestamp;
use serde::Deserialize;
use serde_json::json;
use url::Url;
use waymark_contracts::job_tag_registry::JobTagRegistry::{
    DataKeySet, JobTagRegistryEvents, ManifestSet,
};
use waymark_payments::chain::rpc::{Request, Rpc, RpcError, RpcSettings};
use waymark_tagging::{
    canonical::SigningDomain,
    document::{AnyDocument, Expectation, SignedBy, WELL_KNOWN_PATH},
};

use super::{
    MatchError, address,
    requirements::{Document, Loaded, at, classes_of, fetch, settled},
};

/// Most gateways that are asked.
const MOST_GATEWAYS: usize = 500;

/// Where the contract is, and how to read it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RegistryAt {
    /// Nodes, asked in this order.
    pub rpc: Vec<Url>,
    /// The JobTagRegistry.
    pub registry: Address,
    /// The first block that is read.
    pub from_block: u64,
}

/// What the contract says of one gateway.
#[derive(Debug, Default, PartialEq, Eq)]
struct Anchored {
    manifest: Option<(String, B256)>,
    data_key: Option<Address>,
}

pub(super) async fn load(
    at: &RegistryAt,
    http: &reqwest::Client,
    now: Timestamp,
) -> Result<Loaded, MatchError> {
    let settings = RpcSettings { option: "--rpc", ..RpcSettings::default() };
    let rpc = Rpc::new(&at.rpc, settings).map_err(|error| MatchError::Chain(error.into()))?;
    let chain_id = rpc.learn_chain_id().await.map_err(|error| MatchError::Chain(error.into()))?;
    let domain = SigningDomain { chain_id, registry: at.registry };
    let anchored = gateways(&rpc, at).await?;
    let source = format!("registry {:#x} on chain {chain_id}", at.registry);
    let mut loaded =
        Loaded { source, classes: Vec::new(), documents: Vec::new(), notices: Vec::new() };
    if anchored.is_empty() {
        loaded.notices.push("no gateway has anchored a document".to_owned());
    }
    if anchored.len() > MOST_GATEWAYS {
        let left = anchored.len().saturating_sub(MOST_GATEWAYS);
        loaded
            .notices
            .push(format!("{left} gateways beyond the first {MOST_GATEWAYS} were not read"));
    }
    for (gateway, anchored) in anchored.into_iter().take(MOST_GATEWAYS) {
        let expect = Expectation {
            gateway: Some(gateway),
            data_key: anchored.data_key,
            domain: Some(domain),
            ..Expectation::at(now)
        };
        if let Err(error) = one(&mut loaded, http, anchored.manifest, &expect).await {
            let why = crate::orchestrator::error::chain(&error);
            loaded.notices.push(format!("gateway {gateway:#x} was left out: {why}"));
        }
    }
    Ok(settled(loaded, now))
}

/// Adds the classes of one gateway.
async fn one(
    loaded: &mut Loaded,
    http: &reqwest::Client,
    manifest: Option<(String, B256)>,
    expect: &Expectation,
) -> Result<(), MatchError> {
    let Some((uri, hash)) = manifest else { return Ok(()) };
    let Some(url) = address(&uri) else {
        let shown: String = uri.chars().take(80).collect();
        return Err(MatchError::AnchoredElsewhere { uri: format!("{shown:?}") });
    };
    let bytes = fetch(http, &url).await?;
    let what = super::shown(&url);
    let document = AnyDocument::read(&what, &bytes).map_err(MatchError::Malformed)?;
    let signed = document
        .verify(expect)
        .map_err(|source| MatchError::Untrusted { what: what.clone(), source })?;
    let head = document.head();
    if document.hash() != hash {
        let gateway = head.gateway;
        loaded.notices.push(format!(
            "the document of gateway {gateway:#x} is newer than the one it anchored on chain"
        ));
    }
    // The anchored one is found for as long as it holds; the gateway goes by its newest.
    let newest = newest(http, &document, &url, expect).await.unwrap_or_else(|error| {
        let gateway = head.gateway;
        let why = crate::orchestrator::error::chain(&error);
        let notice = format!(
            "gateway {gateway:#x} has anchored what is used, its newest document cannot be: {why}"
        );
        loaded.notices.push(notice);
        None
    });
    let (document, url, signed) = newest.unwrap_or((document, url, signed));
    let head = document.head();
    loaded.documents.push(Document {
        gateway: head.gateway,
        seq: head.seq,
        expires_at: head.expires_at.to_string(),
        signed,
    });
    loaded.classes.extend(classes_of(&document, http, &url, expect).await?);
    Ok(())
}

/// What the gateway publishes at its well-known address, if that is newer than what it anchored.
async fn newest(
    http: &reqwest::Client,
    anchored: &AnyDocument,
    found_at: &Url,
    expect: &Expectation,
) -> Result<Option<(AnyDocument, Url, SignedBy)>, MatchError> {
    let AnyDocument::Gateway(received) = anchored else { return Ok(None) };
    let Some(base) = received.document.urls.api.as_deref().and_then(address) else {
        return Ok(None);
    };
    let url = at(&base, WELL_KNOWN_PATH);
    if url == *found_at {
        return Ok(None);
    }
    let bytes = fetch(http, &url).await?;
    let what = super::shown(&url);
    let document = AnyDocument::read(&what, &bytes).map_err(MatchError::Malformed)?;
    let seq = anchored.head().seq;
    let expect = Expectation { min_seq: seq, ..*expect };
    let signed =
        document.verify(&expect).map_err(|source| MatchError::Untrusted { what, source })?;
    Ok((document.head().seq > seq).then_some((document, url, signed)))
}

/// What the contract's logs say of each gateway.
async fn gateways(rpc: &Rpc, at: &RegistryAt) -> Result<BTreeMap<Address, Anchored>, MatchError> {
    let failed = |error: RpcError| MatchError::Chain(error.into());
    let head = rpc.call(Request::new("eth_blockNumber", json!([]))).await.map_err(failed)?;
    let head =
        head.as_str().and_then(|text| u64::from_str_radix(text.strip_prefix("0x")?, 16).ok());
    let head = head.ok_or(MatchError::OddNode { what: "the number of the newest block" })?;
    let mut found = BTreeMap::new();
    let mut ranges = vec![(at.from_block, head)];
    while let Some((from, to)) = ranges.pop() {
        if from > to {
            continue;
        }
        match logs(rpc, at.registry, from, to).await {
            Ok(logs) => logs.iter().for_each(|log| read(log, at.registry, &mut found)),
            // Nodes bound the length of a range; the older half comes first.
            Err(MatchError::Chain(error)) if from < to && is_refusal(&*error) => {
                let middle = from.midpoint(to);
                ranges.push((middle.saturating_add(1), to));
                ranges.push((from, middle));
            }
            Err(error) => return Err(error),
        }
    }
    Ok(found)
}

fn is_refusal(error: &(dyn std::error::Error + 'static)) -> bool {
    matches!(error.downcast_ref(), Some(RpcError::Refused { .. }))
}

/// A log as JSON-RPC has it.
#[derive(Debug, Deserialize)]
struct Log {
    address: Address,
    topics: Vec<B256>,
    data: String,
}

async fn logs(rpc: &Rpc, registry: Address, from: u64, to: u64) -> Result<Vec<Log>, MatchError> {
    let topics = [ManifestSet::SIGNATURE_HASH, DataKeySet::SIGNATURE_HASH];
    let filter = json!([{
        "address": registry,
        "topics": [topics],
        "fromBlock": format!("{from:#x}"),
        "toBlock": format!("{to:#x}"),
    }]);
    let answer = rpc.call(Request::new("eth_getLogs", filter)).await;
    let answer = answer.map_err(|error| MatchError::Chain(error.into()))?;
    serde_json::from_value(answer).map_err(|_| MatchError::OddNode { what: "logs" })
}

/// Takes over what a log says; a log of something else says nothing.
fn read(log: &Log, registry: Address, found: &mut BTreeMap<Address, Anchored>) {
    if log.address != registry {
        return;
    }
    let Ok(data) = hex::decode(&log.data) else { return };
    match JobTagRegistryEvents::decode_raw_log(&log.topics, &data) {
        Ok(JobTagRegistryEvents::ManifestSet(event)) => {
            found.entry(event.gateway).or_default().manifest = Some((event.uri, event.hash));
        }
        Ok(JobTagRegistryEvents::DataKeySet(event)) => {
            let key = Some(event.key).filter(|key| !key.is_zero());
            found.entry(event.gateway).or_default().data_key = key;
        }
        Ok(_) | Err(_) => {}
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn log(event: &impl alloy_sol_types::SolEvent) -> Log {
        let data = event.encode_log_data();
        Log {
            address: Address::repeat_byte(9),
            topics: data.topics().to_vec(),
            data: hex::encode_prefixed(&data.data),
        }
    }

    #[test]
    fn the_newest_log_of_a_gateway_counts_and_foreign_ones_do_not() {
        let registry = Address::repeat_byte(9);
        let gateway = Address::repeat_byte(1);
        let manifest =
            |uri: &str| ManifestSet { gateway, uri: uri.to_owned(), hash: B256::repeat_byte(2) };
        let key = |byte| DataKeySet { gateway, key: Address::repeat_byte(byte) };
        let mut found = BTreeMap::new();
        let foreign = Log { address: Address::repeat_byte(8), ..log(&manifest("https://evil")) };
        let odd = Log { data: "0xzz".to_owned(), ..log(&manifest("https://odd")) };
        let cut = Log { topics: Vec::new(), ..log(&manifest("https://cut")) };
        for log in [
            log(&manifest("https://a")),
            log(&manifest("https://b")),
            log(&key(3)),
            foreign,
            odd,
            cut,
        ] {
            read(&log, registry, &mut found);
        }
        let expected = Anchored {
            manifest: Some(("https://b".to_owned(), B256::repeat_byte(2))),
            data_key: Some(Address::repeat_byte(3)),
        };
        assert_eq!(found, BTreeMap::from([(gateway, expected)]));
        read(&log(&key(0)), registry, &mut found);
        assert_eq!(found[&gateway].data_key, None, "a key can be taken back");
    }
}
