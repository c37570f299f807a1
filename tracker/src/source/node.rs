//! Logs from a node, block range by block range, each range and its cursor in one transaction.
//!
//! A step asks, in one message, for the range's last block, its logs, and that block again. Both
//! must have one hash, and logs of that block must carry it; else the chain moved in between and
//! nothing is taken. Before a step the hash of the last block read is compared with the node's; where
//! it is another, everything above the newest block that still agrees is taken back first.
//!
//! Near the head the last 64 blocks are read again with each step: a node may have a block's logs
//! later than the block.

use std::time::Duration;

use serde_json::json;
use url::Url;
use waymark_payments::chain::head::Head;
use waymark_payments::chain::rpc::{Request, Rpc, RpcSettings};

mod answer;
mod error;
mod reorg;

use self::answer::{LOGS, head_of, host, logs_of};
pub use self::error::NodeError;
use super::Summary;
use super::range::{Range, may_be_too_long};
use crate::event::{Contracts, Decoder};
use crate::log::Log;
use crate::store::{Batch, Block, Store};

/// Blocks that are read again near the head.
const WINDOW: u64 = 64;
/// For one message; a range of logs takes longer than other calls.
const DEADLINE: Duration = Duration::from_secs(60);

/// Where Livepeer's broker begins on Arbitrum One (payments-contracts 4.3).
const ARBITRUM_ONE: (u64, u64) = (42_161, 5_856_357);

/// How a node is read.
#[derive(Debug, Clone, Copy, Default)]
pub struct NodeSettings {
    /// The first block; by default the broker's on Arbitrum One, 0 elsewhere.
    pub from_block: Option<u64>,
    /// Blocks behind the head that are left alone.
    pub confirmations: u64,
}

/// What a step did.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Step {
    /// What was read.
    pub summary: Summary,
    /// The last block read so far.
    pub block: u64,
    /// The block to read up to.
    pub target: u64,
    /// A reorganisation: everything above this block was taken back.
    pub rolled_back_to: Option<u64>,
}

impl Step {
    /// Whether everything is read.
    pub const fn is_done(&self) -> bool {
        self.block >= self.target
    }
}

/// A node that is read.
#[derive(Debug)]
pub struct Node {
    rpc: Rpc,
    chain_id: u64,
    first: u64,
    confirmations: u64,
    range: Range,
}

impl Node {
    /// Connects to the first of several addresses that answers.
    pub async fn connect(urls: &[Url], settings: NodeSettings) -> Result<Self, NodeError> {
        let settings_of_rpc = RpcSettings { deadline: DEADLINE, chain_id: None, option: "--rpc" };
        let rpc = Rpc::new(urls, settings_of_rpc)?;
        Self::with_rpc(rpc, settings).await
    }

    /// Reads through an existing connection.
    pub async fn with_rpc(rpc: Rpc, settings: NodeSettings) -> Result<Self, NodeError> {
        let chain_id = rpc.learn_chain_id().await?;
        let (arbitrum, deployed) = ARBITRUM_ONE;
        let usual = if chain_id == arbitrum { deployed } else { 0 };
        Ok(Self {
            rpc,
            chain_id,
            first: settings.from_block.unwrap_or(usual),
            confirmations: settings.confirmations,
            range: Range::new(),
        })
    }

    /// The chain's id.
    pub const fn chain_id(&self) -> u64 {
        self.chain_id
    }

    /// Fails if one of the contracts is not there.
    pub async fn check(&self, contracts: &Contracts) -> Result<(), NodeError> {
        for address in contracts.addresses() {
            let code =
                self.rpc.call(Request::new("eth_getCode", json!([address, "latest"]))).await?;
            if code.as_str().is_none_or(|code| code.len() <= 2) {
                return Err(NodeError::NoContract { address, chain_id: self.chain_id });
            }
        }
        Ok(())
    }

    /// Reads the next range into the state.
    pub async fn step(&mut self, store: &mut Store) -> Result<Step, NodeError> {
        let head = self.block(None).await?;
        let Some(head) = head else {
            return Err(self.unexpected("eth_getBlockByNumber", "no newest block"));
        };
        let target = head.number.saturating_sub(self.confirmations);
        let rolled_back_to = self.reorganised(store, &head).await?;
        let cursor = store.cursor()?;
        let next = cursor.map_or(self.first, |cursor| cursor.number.saturating_add(1));
        let mut step = Step {
            block: next.saturating_sub(1),
            target,
            rolled_back_to: rolled_back_to.map(|(block, _)| block),
            ..Step::default()
        };
        step.summary.applied.taken_back = rolled_back_to.map_or(0, |(_, taken_back)| taken_back);
        if next > target {
            step.block = step.block.max(target);
            return Ok(step);
        }
        loop {
            let to = target.min(next.saturating_add(self.range.blocks().saturating_sub(1)));
            // Not where the node only just allows what is new.
            let near = to == target && self.range.blocks() >= WINDOW;
            let again = if near { next.saturating_sub(WINDOW) } else { next };
            match self.read(store, again.max(self.first), to).await {
                Ok(Some(read)) => {
                    self.range.grow(usize::try_from(read.logs).unwrap_or(usize::MAX));
                    step.summary.add(read);
                    step.block = to;
                }
                // The chain moved meanwhile; the next step looks again.
                Ok(None) => {}
                Err(NodeError::Rpc(error)) if may_be_too_long(&error) => {
                    if self.range.blocks() > to.saturating_sub(next).saturating_add(1) {
                        self.range = Range::of(to.saturating_sub(next).saturating_add(1));
                    }
                    if self.range.halve() {
                        tracing::debug!(blocks = self.range.blocks(), "a shorter range of logs");
                        continue;
                    }
                    return Err(NodeError::Block { block: next, source: error });
                }
                Err(error) => return Err(error),
            }
            return Ok(step);
        }
    }

    /// Reads a range and stores it; nothing if the chain moved while it was read.
    async fn read(
        &self,
        store: &mut Store,
        from: u64,
        to: u64,
    ) -> Result<Option<Summary>, NodeError> {
        let contracts = store.identity().contracts;
        let filter = json!([{
            "address": contracts.addresses(),
            "topics": [Contracts::topics()],
            "fromBlock": format!("{from:#x}"),
            "toBlock": format!("{to:#x}"),
        }]);
        let requests = vec![
            Request::block(Some(to)),
            Request::new("eth_getLogs", filter),
            Request::block(Some(to)),
        ];
        let mut replies = self.rpc.batch(requests).await?;
        let after = replies.answers.pop();
        let logs = replies.answers.pop();
        let before = replies.answers.pop();
        let (before, after) = (head_of(before, &replies)?, head_of(after, &replies)?);
        let (Some(before), Some(after)) = (before, after) else { return Ok(None) };
        let mut logs = logs_of(logs, &replies)?;
        if before.hash != after.hash {
            return Ok(None);
        }
        for log in &logs {
            let block = log.place.block();
            if !(from..=to).contains(&block) {
                let what = format!("a log of block {block}, asked were {from} to {to}");
                return Err(NodeError::Unexpected { host: host(&replies), method: LOGS, what });
            }
            if block == to && !log.block_hash.is_zero() && log.block_hash != after.hash {
                return Ok(None);
            }
        }
        logs.sort_by_key(|log| log.place);
        let count = logs.len() as u64;
        let mut blocks = newest_blocks(&logs, to);
        blocks.push(Block { number: to, hash: after.hash });
        let mut decoder = Decoder::new(contracts);
        for log in logs {
            decoder.push(log);
        }
        let (facts, passed) = decoder.take();
        let applied = store.apply(&Batch { forget_from: None, facts, blocks })?;
        Ok(Some(Summary { logs: count, applied, passed }))
    }

    async fn block(&self, number: Option<u64>) -> Result<Option<Head>, NodeError> {
        let mut replies = self.rpc.batch(vec![Request::block(number)]).await?;
        let answer = replies.answers.pop();
        head_of(answer, &replies)
    }

    fn unexpected(&self, method: &'static str, what: &str) -> NodeError {
        let host = self.rpc.status().first().map_or_else(String::new, |first| first.host.clone());
        NodeError::Unexpected { host, method, what: what.to_owned() }
    }
}

/// Blocks near the end of a range whose hashes the logs tell: where a reorganisation may begin.
fn newest_blocks(logs: &[Log], to: u64) -> Vec<Block> {
    let near = logs.iter().filter(|log| {
        log.place.block() < to
            && log.place.block() >= to.saturating_sub(WINDOW)
            && !log.block_hash.is_zero()
    });
    let mut blocks: Vec<Block> =
        near.map(|log| Block { number: log.place.block(), hash: log.block_hash }).collect();
    blocks.dedup();
    blocks
}
