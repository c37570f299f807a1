//! The pool of orchestrators: who is in it, with how much stake, and where they are reached.
//!
//! Stock walks the linked list on chain with one call per orchestrator and asks five more about
//! each (go-livepeer `eth/client.go:826-870`). Here the list is walked inside one `eth_call`
//! ([`walk`](super::walk)), and what there is to know of fifty orchestrators is one multicall.

use std::collections::HashSet;

use alloy_primitives::{Address, U256};
use waymark_contracts::{BondingManager, ServiceRegistry};

use super::{
    contracts::Contracts,
    read::{Call, ReadError, Reader, bytes_of},
    rpc::Request,
    walk,
};

/// Orchestrators asked about in one multicall: far below the gas that nodes allow a call.
const CHUNK: usize = 50;
/// The longest service URI that is kept; anybody may put any text there.
const MAX_URI: usize = 2048;

/// An orchestrator of the pool.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PoolEntry {
    /// Its address: the recipient of tickets.
    pub address: Address,
    /// Its stake, 10^-18 LPT.
    pub stake: U256,
    /// First round in which it is active.
    pub activation_round: u64,
    /// First round in which it is not.
    pub deactivation_round: u64,
    /// Whether it is active in the round of the reading (BondingManager.sol:1167-1171).
    pub active: bool,
    /// Where it is reached for transcoding, as it wrote it; not checked.
    pub service_uri: Option<String>,
    /// Where it is reached for AI jobs.
    pub ai_service_uri: Option<String>,
}

/// The pool at one moment, in the order of stake.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Pool {
    /// The orchestrators.
    pub entries: Vec<PoolEntry>,
    /// The round of the reading.
    pub round: u64,
}

impl Pool {
    /// Reads the pool. `size` is what the contract says its size is.
    pub(crate) async fn read(
        reader: &Reader,
        contracts: &Contracts,
        round: u64,
        size: u64,
    ) -> Result<Self, ReadError> {
        let members = members(reader, contracts.bonding, size).await?;
        let mut entries = Vec::with_capacity(members.len());
        for chunk in members.chunks(CHUNK) {
            entries.extend(describe(reader, contracts, round, chunk).await?);
        }
        Ok(Self { entries, round })
    }
}

async fn members(reader: &Reader, bonding: Address, size: u64) -> Result<Vec<Address>, ReadError> {
    if size == 0 {
        return Ok(Vec::new());
    }
    let walker = Request::eth_call(None, &walk::code(bonding));
    let answer = reader.rpc.batch(vec![walker]).await?.answers.pop();
    let walked = answer.and_then(|answer| bytes_of(answer).ok());
    let walked = walked.and_then(|bytes| walk::addresses(&bytes)).unwrap_or_default();
    if u64::try_from(walked.len()) == Ok(size) {
        return Ok(walked);
    }
    tracing::debug!(walked = walked.len(), size, "the node does not walk the pool; step by step");
    step_by_step(reader, bonding).await
}

/// For nodes that run no creation code in `eth_call`: one call per orchestrator.
async fn step_by_step(reader: &Reader, bonding: Address) -> Result<Vec<Address>, ReadError> {
    let first = Call::new(bonding, &BondingManager::getFirstTranscoderInPoolCall {});
    let mut next =
        reader.read(vec![first]).await?.take::<BondingManager::getFirstTranscoderInPoolCall>()?;
    let mut members = Vec::new();
    let mut seen = HashSet::new();
    // A list that bites its own tail ends, too.
    while !next.is_zero() && seen.insert(next) && members.len() < walk::MAX {
        members.push(next);
        let call = BondingManager::getNextTranscoderInPoolCall { transcoder: next };
        let mut returns = reader.read(vec![Call::new(bonding, &call)]).await?;
        next = returns.take::<BondingManager::getNextTranscoderInPoolCall>()?;
    }
    Ok(members)
}

async fn describe(
    reader: &Reader,
    contracts: &Contracts,
    round: u64,
    members: &[Address],
) -> Result<Vec<PoolEntry>, ReadError> {
    let Contracts { bonding, registry, ai_registry, .. } = *contracts;
    let mut calls = Vec::with_capacity(members.len() * 4);
    for &transcoder in members {
        calls.push(Call::new(bonding, &BondingManager::getTranscoderCall { transcoder }));
        calls.push(Call::new(bonding, &BondingManager::transcoderTotalStakeCall { transcoder }));
        let uri = ServiceRegistry::getServiceURICall { addr: transcoder };
        calls.push(Call::new(registry, &uri));
        calls.extend(ai_registry.map(|registry| Call::new(registry, &uri)));
    }
    let mut returns = reader.read(calls).await?;
    let mut entries = Vec::with_capacity(members.len());
    for &address in members {
        let record = returns.take::<BondingManager::getTranscoderCall>()?;
        let stake = returns.take::<BondingManager::transcoderTotalStakeCall>()?;
        let service_uri = uri(returns.take::<ServiceRegistry::getServiceURICall>());
        let ai_service_uri = match ai_registry {
            Some(_) => uri(returns.take::<ServiceRegistry::getServiceURICall>()),
            None => None,
        };
        let activation_round = record.activationRound.saturating_to();
        let deactivation_round = record.deactivationRound.saturating_to();
        entries.push(PoolEntry {
            address,
            stake,
            activation_round,
            deactivation_round,
            active: activation_round <= round && round < deactivation_round,
            service_uri,
            ai_service_uri,
        });
    }
    Ok(entries)
}

/// One orchestrator's text must not hide the others: one that cannot be used is as good as none.
fn uri(text: Result<String, ReadError>) -> Option<String> {
    let text = text.inspect_err(|error| tracing::debug!(%error, "no service URI")).ok()?;
    let text = text.trim();
    let usable = !text.is_empty() && text.len() <= MAX_URI && !text.contains(char::is_control);
    usable.then(|| text.to_owned())
}
