//! Reading the logs: own redemptions, own funds, rounds, the pool, replaced contracts.
//!
//! One `eth_getLogs` per look covers everything, with the contracts' addresses (stock filters by
//! topic alone and is fed by foreign contracts, payments-contracts 9.6). Each look reads the last 64
//! blocks again, so that what a small reorganisation moved is seen. A log that is missing is
//! believed to be gone only when the node has another block in the place of its own: a node that is
//! a little late shows fewer logs, too.
//!
//! After a pause the blocks in between are caught up with in ranges that adapt to what the provider
//! allows, and by own redemptions alone; everything else is read as it is now.

use std::{
    collections::{BTreeMap, BTreeSet, VecDeque},
    sync::Arc,
};

use alloy_primitives::{Address, B256};
use alloy_sol_types::SolEvent as _;
use jiff::Timestamp;
use serde::Deserialize as _;
use serde_json::{Value, json};
use waymark_contracts::{
    BondingManager, Controller, RoundsManager, ServiceRegistry,
    TicketBroker::{
        DepositFunded, ReserveClaimed, ReserveFunded, Unlock, UnlockCancelled,
        WinningTicketRedeemed, WinningTicketTransfer, Withdrawal,
    },
};

use super::{
    contracts::Contracts,
    head::Head,
    redemption::{Log, LogId, redemptions},
    rpc::{Answer, CallError, Request, Rpc, RpcError, quantity},
    sink::{Cursor, RedemptionSink, Scan, SinkError},
};

/// Blocks that are read again at every look.
pub(crate) const WINDOW: u64 = 64;
/// The longest stretch that is read with the wide filter; longer ones are caught up with first.
const LIVE: u64 = 1000;
/// Ranges of catching up in one look; the rest waits for the next one.
const STEPS: u32 = 50;
/// The first and the longest range of catching up, in blocks.
const FIRST_RANGE: u64 = 10_000;
const LONGEST_RANGE: u64 = 100_000;
/// Heads that are remembered, to find where a reorganisation began.
const ANCHORS: usize = 16;

/// Logs could not be read or recorded.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ScanError {
    /// The endpoints.
    #[error(transparent)]
    Rpc(#[from] RpcError),
    /// The ledger.
    #[error("redemptions cannot be recorded; they will be read again")]
    Sink(#[source] SinkError),
}

/// What a look brought besides redemptions.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Found {
    /// A reorganisation: the first block that may be another.
    pub(crate) reorg_from: Option<u64>,
    pub(crate) redeemed: u64,
    pub(crate) removed: u64,
    /// Own funds or the round changed.
    pub(crate) facts: bool,
    pub(crate) pool: bool,
    pub(crate) contracts: bool,
    /// There is more to catch up with.
    pub(crate) behind: bool,
}

#[derive(Debug)]
pub(crate) struct Scanner {
    rpc: Rpc,
    pub(crate) contracts: Contracts,
    sender: Address,
    sink: Arc<dyn RedemptionSink>,
    cursor: Cursor,
    anchors: VecDeque<Cursor>,
    /// Logs already acted on, in the window; true for own redemptions.
    seen: BTreeMap<LogId, bool>,
    range: u64,
}

impl Scanner {
    /// Goes on where the sink says, or begins at `head`.
    pub(crate) fn new(
        rpc: Rpc,
        contracts: Contracts,
        sender: Address,
        sink: Arc<dyn RedemptionSink>,
        head: &Head,
    ) -> Result<Self, SinkError> {
        let here = Cursor { block: head.number, hash: head.hash };
        let cursor = sink.cursor()?.unwrap_or(here);
        let known = sink.since(cursor.block.saturating_sub(WINDOW))?;
        let seen = known.into_iter().map(|id| (id, true)).collect();
        let anchors = Some(cursor).filter(|cursor| !cursor.hash.is_zero()).into_iter().collect();
        Ok(Self { rpc, contracts, sender, sink, cursor, anchors, seen, range: FIRST_RANGE })
    }

    /// Looks at everything up to `head`.
    pub(crate) async fn look(&mut self, head: &Head, at: Timestamp) -> Result<Found, ScanError> {
        if self.cursor.block.saturating_add(LIVE) < head.number
            && !self.catch_up(head.number.saturating_sub(WINDOW), at).await?
        {
            return Ok(Found { behind: true, ..Found::default() });
        }
        let mut found = Found::default();
        let window = head.number.saturating_sub(WINDOW - 1);
        let mut from = window.min(self.cursor.block + 1);
        let anchor = self.anchors.iter().rev().find(|anchor| anchor.block <= head.number).copied();
        let mut requests: Vec<Request> =
            anchor.iter().map(|anchor| Request::block(Some(anchor.block))).collect();
        requests.push(self.filter(from, head.number));
        let mut replies = self.rpc.batch(requests).await?;
        let mut logs = parse(replies.answers.pop(), replies.host())?;
        if let (Some(anchor), Some(answer)) = (anchor, replies.answers.pop())
            && replaced(&answer, &anchor.hash)
        {
            from = from.min(self.fork(head.number).await?);
            found.reorg_from = Some(from);
            (found.facts, found.pool) = (true, true);
            let known = self.sink.since(from).map_err(ScanError::Sink)?;
            self.seen.extend(known.into_iter().map(|id| (id, true)));
            let mut again = self.rpc.batch(vec![self.filter(from, head.number)]).await?;
            logs = parse(again.answers.pop(), again.host())?;
        }
        let vanished = self.vanished(&logs, from, head.number).await?;
        self.settle(head, at, &logs, &vanished, &mut found)?;
        Ok(found)
    }

    /// Records what is new and what is gone, then remembers it.
    fn settle(
        &mut self,
        head: &Head,
        at: Timestamp,
        logs: &[Log],
        vanished: &BTreeSet<LogId>,
        found: &mut Found,
    ) -> Result<(), ScanError> {
        let mut redeemed = redemptions(logs, self.contracts.broker, self.sender);
        redeemed.retain(|redemption| !self.seen.contains_key(&redemption.log));
        let removed: Vec<LogId> =
            vanished.iter().filter(|id| self.seen.get(id) == Some(&true)).copied().collect();
        let cursor = Cursor { block: head.number, hash: head.hash };
        found.redeemed = redeemed.len() as u64;
        found.removed = removed.len() as u64;
        self.sink.record(&Scan { redeemed, removed, cursor, at }).map_err(ScanError::Sink)?;

        found.facts |= !vanished.is_empty();
        for id in vanished {
            self.seen.remove(id);
        }
        for log in logs {
            let own_redemption = self.is_redemption(log);
            if self.seen.insert(log.id(), own_redemption).is_none() {
                self.note(log, found);
            }
        }
        let oldest = head.number.saturating_sub(WINDOW);
        self.seen.retain(|id, _| id.block >= oldest);
        self.anchors.retain(|anchor| anchor.block != cursor.block);
        self.anchors.push_back(cursor);
        if self.anchors.len() > ANCHORS {
            self.anchors.pop_front();
        }
        self.cursor = cursor;
        Ok(())
    }

    fn is_redemption(&self, log: &Log) -> bool {
        log.address == self.contracts.broker
            && log.kind() == Some(WinningTicketRedeemed::SIGNATURE_HASH)
            && log.subject() == Some(self.sender)
    }

    fn note(&self, log: &Log, found: &mut Found) {
        let Contracts { controller, broker, rounds, bonding, registry, ai_registry, .. } =
            self.contracts;
        let from = log.address;
        if from == broker {
            found.facts |= log.subject() == Some(self.sender);
        } else if from == rounds {
            (found.facts, found.pool) = (true, true);
        } else if from == bonding || from == registry || Some(from) == ai_registry {
            found.pool = true;
        } else if from == controller {
            found.contracts = true;
        }
    }

    /// Own redemptions up to `to`, in as many ranges as it takes; false when there is more to do.
    async fn catch_up(&mut self, to: u64, at: Timestamp) -> Result<bool, ScanError> {
        for _ in 0..STEPS {
            if self.cursor.block >= to {
                return Ok(true);
            }
            let from = self.cursor.block + 1;
            let end = to.min(from.saturating_add(self.range - 1));
            let topics = json!([
                [WinningTicketRedeemed::SIGNATURE_HASH, WinningTicketTransfer::SIGNATURE_HASH],
                self.sender.into_word(),
            ]);
            let request = get_logs(&json!(self.contracts.broker), &topics, from, end);
            let mut replies = self.rpc.batch(vec![request]).await?;
            let answer = replies.answers.pop();
            if let Some(Err(error)) = &answer
                && self.range > 1
            {
                self.range = (self.range / 2).max(1);
                tracing::debug!(%error, range = self.range, "a shorter range of logs");
                continue;
            }
            let logs = parse(answer, replies.host())?;
            let redeemed = redemptions(&logs, self.contracts.broker, self.sender);
            let cursor = Cursor { block: end, hash: B256::ZERO };
            self.sink
                .record(&Scan { redeemed, removed: Vec::new(), cursor, at })
                .map_err(ScanError::Sink)?;
            self.cursor = cursor;
            self.range = (self.range * 2).min(LONGEST_RANGE);
        }
        Ok(self.cursor.block >= to)
    }

    /// The first block that may be another than it was, by asking for all remembered ones.
    async fn fork(&mut self, head: u64) -> Result<u64, RpcError> {
        let known: Vec<Cursor> =
            self.anchors.iter().filter(|anchor| anchor.block <= head).copied().collect();
        let requests = known.iter().map(|anchor| Request::block(Some(anchor.block))).collect();
        let answers = self.rpc.batch(requests).await?.answers;
        let stays = known
            .iter()
            .zip(&answers)
            .filter(|(anchor, answer)| !replaced(answer, &anchor.hash))
            .map(|(anchor, _)| anchor.block)
            .max();
        let lowest = known.iter().map(|anchor| anchor.block).min().unwrap_or(head);
        let from = stays.map_or_else(|| lowest.saturating_sub(WINDOW), |block| block + 1);
        self.anchors.retain(|anchor| anchor.block < from);
        Ok(from)
    }

    /// Logs seen before between `from` and `to` that are gone because their blocks are.
    async fn vanished(
        &self,
        logs: &[Log],
        from: u64,
        to: u64,
    ) -> Result<BTreeSet<LogId>, RpcError> {
        let there: BTreeSet<LogId> = logs.iter().map(Log::id).collect();
        let missing: Vec<LogId> = self
            .seen
            .keys()
            .filter(|id| (from..=to).contains(&id.block) && !there.contains(id))
            .copied()
            .collect();
        let blocks: BTreeSet<u64> = missing.iter().map(|id| id.block).collect();
        if blocks.is_empty() {
            return Ok(BTreeSet::new());
        }
        let requests = blocks.iter().map(|block| Request::block(Some(*block))).collect();
        let answers = self.rpc.batch(requests).await?.answers;
        let now: BTreeMap<u64, Answer> = blocks.into_iter().zip(answers).collect();
        let gone = |id: &LogId| now.get(&id.block).is_some_and(|a| replaced(a, &id.block_hash));
        Ok(missing.into_iter().filter(gone).collect())
    }

    fn filter(&self, from: u64, to: u64) -> Request {
        let Contracts { controller, broker, rounds, bonding, registry, ai_registry, .. } =
            self.contracts;
        let mut addresses = vec![controller, broker, rounds, bonding, registry];
        addresses.extend(ai_registry);
        let kinds = [
            WinningTicketRedeemed::SIGNATURE_HASH,
            WinningTicketTransfer::SIGNATURE_HASH,
            ReserveClaimed::SIGNATURE_HASH,
            DepositFunded::SIGNATURE_HASH,
            ReserveFunded::SIGNATURE_HASH,
            Unlock::SIGNATURE_HASH,
            UnlockCancelled::SIGNATURE_HASH,
            Withdrawal::SIGNATURE_HASH,
            RoundsManager::NewRound::SIGNATURE_HASH,
            BondingManager::TranscoderActivated::SIGNATURE_HASH,
            BondingManager::TranscoderDeactivated::SIGNATURE_HASH,
            ServiceRegistry::ServiceURIUpdate::SIGNATURE_HASH,
            Controller::SetContractInfo::SIGNATURE_HASH,
        ];
        get_logs(&json!(addresses), &json!([kinds]), from, to)
    }
}

fn get_logs(addresses: &Value, topics: &Value, from: u64, to: u64) -> Request {
    let filter = json!({
        "address": addresses,
        "fromBlock": quantity(from),
        "toBlock": quantity(to),
        "topics": topics,
    });
    Request::new("eth_getLogs", json!([filter]))
}

/// Whether an answer to [`Request::block`] shows another block than the one with `hash`. No block at
/// all shows nothing: the node may be late.
fn replaced(answer: &Answer, hash: &B256) -> bool {
    let block = answer.as_ref().ok().and_then(|block| Head::read(block).ok());
    block.is_some_and(|block| block.hash != *hash)
}

fn parse(answer: Option<Answer>, host: &str) -> Result<Vec<Log>, RpcError> {
    let method = "eth_getLogs";
    let host = || host.to_owned();
    let value = answer
        .unwrap_or_else(|| {
            let message = "no answer".to_owned();
            Err(CallError { code: 0, message, data: None })
        })
        .map_err(|source| RpcError::Refused { host: host(), method, source })?;
    let mut logs = Vec::<Log>::deserialize(value).map_err(|error| RpcError::Unexpected {
        host: host(),
        method,
        what: error.to_string(),
    })?;
    logs.retain(|log| !log.removed);
    logs.sort_by_key(|log| (log.id().block, log.id().index));
    Ok(logs)
}
