//! What the registry has of a gateway's demand: its adverts, and where its document is.

use alloy_primitives::{B256, hex};
use alloy_sol_types::SolEvent as _;
use serde::Deserialize;
use serde_json::json;
use waymark_contracts::{
    JobTagRegistry::{self, ManifestSet},
    job_tag_registry::Advert,
};

use super::TagRegistry;
use crate::chain::{
    Call, ReadError, RpcError, quantity_of,
    rpc::{Request, quantity},
};

/// Most requests for one search of the logs: nodes bound the length of a range.
const MOST_REQUESTS: usize = 256;

/// A document that the registry knows, by its log.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AnchoredManifest {
    /// Where it is.
    pub uri: String,
    /// Its hash.
    pub hash: B256,
    /// The transaction.
    pub transaction: B256,
}

/// A log as JSON-RPC has it.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
struct Log {
    topics: Vec<B256>,
    data: String,
    transaction_hash: B256,
}

impl TagRegistry {
    /// The gateway's newest advert for each of these tags, in their order, and whether it holds now.
    pub async fn adverts(&self, tags: &[u32]) -> Result<Vec<(Advert, bool)>, ReadError> {
        let ask = |tag: &u32| JobTagRegistry::advertOfCall { gw: self.sender(), tagId: *tag };
        let calls = tags.iter().map(|tag| Call::new(self.address(), &ask(tag)));
        let mut returns = self.reader().read(calls.collect()).await?;
        let take = |_| {
            let said = returns.take::<JobTagRegistry::advertOfCall>()?;
            Ok((said.advert, said.active))
        };
        tags.iter().map(take).collect()
    }

    /// The number of the newest block.
    pub async fn head(&self) -> Result<u64, ReadError> {
        let rpc = &self.reader().rpc;
        let answer = rpc.call(Request::new("eth_blockNumber", json!([]))).await?;
        let number = quantity_of(answer).map(|number| number.saturating_to());
        Ok(number.ok_or_else(|| unexpected("eth_blockNumber", "no number"))?)
    }

    /// Whether a transaction is in a block and succeeded.
    pub async fn is_carried_out(&self, transaction: B256) -> Result<bool, ReadError> {
        let request = Request::new("eth_getTransactionReceipt", json!([transaction]));
        let receipt = self.reader().rpc.call(request).await?;
        Ok(receipt.get("status").and_then(|status| status.as_str()) == Some("0x1"))
    }

    /// The document that the gateway anchored last, if it did since this block.
    pub async fn manifest_since(&self, block: u64) -> Result<Option<AnchoredManifest>, ReadError> {
        let mut ranges = vec![(block, self.head().await?)];
        let mut asked = 0_usize;
        // The newest range comes last, and is taken first: what it has is the answer.
        while let Some((from, to)) = ranges.pop() {
            if from > to {
                continue;
            }
            asked = asked.saturating_add(1);
            match self.manifest_logs(from, to).await {
                Ok(logs) => {
                    if let Some(found) = logs.iter().rev().find_map(manifest) {
                        return Ok(Some(found));
                    }
                }
                Err(ReadError::Rpc(RpcError::Refused { .. }))
                    if from < to && asked < MOST_REQUESTS =>
                {
                    let middle = from.midpoint(to);
                    ranges.push((from, middle));
                    ranges.push((middle.saturating_add(1), to));
                }
                Err(error) => return Err(error),
            }
        }
        Ok(None)
    }

    async fn manifest_logs(&self, from: u64, to: u64) -> Result<Vec<Log>, ReadError> {
        let filter = json!([{
            "address": self.address(),
            "topics": [ManifestSet::SIGNATURE_HASH, self.sender().into_word()],
            "fromBlock": quantity(from),
            "toBlock": quantity(to),
        }]);
        let answer = self.reader().rpc.call(Request::new("eth_getLogs", filter)).await?;
        let logs = serde_json::from_value(answer);
        Ok(logs.map_err(|_| unexpected("eth_getLogs", "no list of logs"))?)
    }
}

fn manifest(log: &Log) -> Option<AnchoredManifest> {
    let data = hex::decode(&log.data).ok()?;
    let said = ManifestSet::decode_raw_log(log.topics.iter().copied(), &data).ok()?;
    Some(AnchoredManifest { uri: said.uri, hash: said.hash, transaction: log.transaction_hash })
}

fn unexpected(method: &'static str, what: &str) -> RpcError {
    let host = "the RPC endpoint".to_owned();
    RpcError::Unexpected { host, method, what: what.to_owned() }
}
