//! The chain behind a JSON-RPC endpoint: read for a payee, and written to when it redeems.
//!
//! For local chains and demos: one endpoint, no retries, answers kept for a moment. What a sender has
//! is read again after each redemption.

mod client;
mod transaction;

use std::collections::HashMap;
use std::time::Duration;

use alloy_primitives::{Address, B256, Bytes, U256};
use alloy_sol_types::SolCall;
use parking_lot::Mutex;
use serde::Deserialize as _;
use serde_json::{Value, json};
use tokio::time::Instant;
use waymark_contracts::{BondingManager, ContractName, Controller, RoundsManager, TicketBroker};

use self::client::{JsonRpc, quantity};
use self::transaction::Transaction;
use super::chain::{ChainError, ChainView, Funds, Head, Redeemer};
use super::winners::Winner;
use crate::crypto::Key;

/// How long an answer is good, and how often a new block is looked for.
const POLL: Duration = Duration::from_millis(500);
/// Longest wait for a transaction to be in a block.
const MINED: Duration = Duration::from_secs(60);
/// Room above an estimate of gas, in per cent.
const GAS_MARGIN: u64 = 20;

/// A chain behind an endpoint.
#[derive(Debug)]
pub struct RpcChain {
    rpc: JsonRpc,
    chain_id: u64,
    broker: Address,
    bonding: Address,
    rounds: Address,
    /// Who sends redemptions; `None` reads only.
    key: Option<Key>,
    /// One transaction at a time, so that their nonces follow each other.
    sending: tokio::sync::Mutex<()>,
    head: Mutex<Option<Known>>,
    funds: Mutex<HashMap<Address, (Instant, Funds)>>,
    active: Mutex<HashMap<Address, (Instant, bool)>>,
}

/// The newest block, when it was last seen to be that, and what the chain was in it.
#[derive(Clone, Copy, Debug)]
struct Known {
    at: Instant,
    block: B256,
    head: Head,
}

impl RpcChain {
    /// Asks an endpoint where the contracts behind this Controller are. With a key it can redeem.
    pub async fn connect(
        url: &str,
        controller: Address,
        key: Option<Key>,
    ) -> Result<Self, ChainError> {
        let rpc = JsonRpc::new(url)?;
        let chain_id = rpc.number("eth_chainId", json!([])).await?;
        let mut found = [Address::ZERO; 3];
        let names =
            [ContractName::TicketBroker, ContractName::BondingManager, ContractName::RoundsManager];
        for (slot, name) in found.iter_mut().zip(names) {
            *slot = call(&rpc, controller, Controller::getContractCall { id: name.id() }).await?;
            if slot.is_zero() {
                return Err(ChainError::new(format!(
                    "the Controller {controller} knows no {name}: is it that of this chain?"
                )));
            }
        }
        let [broker, bonding, rounds] = found;
        Ok(Self {
            rpc,
            chain_id,
            broker,
            bonding,
            rounds,
            key,
            sending: tokio::sync::Mutex::default(),
            head: Mutex::default(),
            funds: Mutex::default(),
            active: Mutex::default(),
        })
    }

    async fn read_head(&self, known: Option<Known>) -> Result<Known, ChainError> {
        let at = Instant::now();
        let block = self.rpc.call("eth_getBlockByNumber", json!(["latest", false])).await?;
        // Arbitrum's own member; other chains count their own blocks.
        let number = block.get("l1BlockNumber").or_else(|| block.get("number"));
        let l1_block = number.and_then(quantity).ok_or_else(|| {
            ChainError::new("the newest block has no number: the endpoint may be syncing")
        })?;
        let hash = block.get("hash").and_then(|hash| B256::deserialize(hash).ok());
        let hash = hash.ok_or_else(|| ChainError::new("the newest block has no hash"))?;
        if let Some(known) = known.filter(|known| known.block == hash) {
            return Ok(Known { at, ..known });
        }
        let rounds = self.rounds;
        let round = call(&self.rpc, rounds, RoundsManager::lastInitializedRoundCall {}).await?;
        let hash_of = |round| RoundsManager::blockHashForRoundCall { round };
        let before = round.saturating_sub(U256::from(1));
        let head = Head {
            l1_block,
            round: round.saturating_to(),
            round_hash: call(&self.rpc, rounds, hash_of(round)).await?,
            previous_round_hash: call(&self.rpc, rounds, hash_of(before)).await?,
            pool_size: call(&self.rpc, self.bonding, BondingManager::getTranscoderPoolSizeCall {})
                .await?
                .saturating_to(),
            gas_price: U256::from(self.rpc.number("eth_gasPrice", json!([])).await?),
        };
        Ok(Known { at, block: hash, head })
    }

    async fn send(&self, key: &Key, data: Bytes) -> Result<B256, ChainError> {
        let _turn = self.sending.lock().await;
        let from = key.address();
        let request = json!([{ "from": from, "to": self.broker, "data": data }]);
        let gas = self.rpc.number("eth_estimateGas", request).await?;
        let nonce = json!([from, "pending"]);
        let nonce = self.rpc.number("eth_getTransactionCount", nonce).await?;
        let block = self.rpc.call("eth_getBlockByNumber", json!(["latest", false])).await?;
        let base_fee = block.get("baseFeePerGas").and_then(quantity).unwrap_or_default();
        // An endpoint without this method gets no tip.
        let tip = self.rpc.number("eth_maxPriorityFeePerGas", json!([])).await.unwrap_or_default();
        let transaction = Transaction {
            chain_id: self.chain_id,
            nonce,
            tip,
            max_fee: base_fee.saturating_mul(2).saturating_add(tip),
            gas: gas.saturating_add(gas.saturating_mul(GAS_MARGIN) / 100),
            to: self.broker,
            data,
        };
        let raw = transaction.signed(key);
        let hash = self.rpc.call("eth_sendRawTransaction", json!([Bytes::from(raw)])).await?;
        let hash: B256 = serde_json::from_value(hash)
            .map_err(|error| ChainError::because("the transaction has no hash", error))?;
        let mined = tokio::time::timeout(MINED, self.receipt(hash)).await;
        mined
            .map_err(|_| ChainError::new(format!("transaction {hash} was not mined in time")))??;
        Ok(hash)
    }

    async fn receipt(&self, hash: B256) -> Result<(), ChainError> {
        loop {
            let receipt = self.rpc.call("eth_getTransactionReceipt", json!([hash])).await?;
            match receipt.get("status").and_then(quantity) {
                Some(1) => return Ok(()),
                Some(_) => return Err(ChainError::new(format!("transaction {hash} failed"))),
                None => tokio::time::sleep(POLL / 4).await,
            }
        }
    }
}

#[tonic::async_trait]
impl ChainView for RpcChain {
    async fn head(&self) -> Result<Head, ChainError> {
        let known = *self.head.lock();
        if let Some(known) = known.filter(|known| known.at.elapsed() < POLL) {
            return Ok(known.head);
        }
        let known = self.read_head(known).await?;
        *self.head.lock() = Some(known);
        Ok(known.head)
    }

    async fn funds(&self, sender: Address, orchestrator: Address) -> Result<Funds, ChainError> {
        if let Some(funds) = kept(&self.funds, sender) {
            return Ok(funds);
        }
        let info = TicketBroker::getSenderInfoCall { addr: sender };
        let info = call(&self.rpc, self.broker, info).await?;
        let claimed =
            TicketBroker::claimedReserveCall { reserveHolder: sender, claimant: orchestrator };
        let funds = Funds {
            deposit: info.sender.deposit,
            withdraw_round: info.sender.withdrawRound.saturating_to(),
            reserve: info.reserve.fundsRemaining,
            claimed: info.reserve.claimedInCurrentRound,
            claimed_here: call(&self.rpc, self.broker, claimed).await?,
        };
        keep(&self.funds, sender, funds);
        Ok(funds)
    }

    async fn is_active(&self, orchestrator: Address) -> Result<bool, ChainError> {
        if let Some(active) = kept(&self.active, orchestrator) {
            return Ok(active);
        }
        let active = BondingManager::isActiveTranscoderCall { transcoder: orchestrator };
        let active = call(&self.rpc, self.bonding, active).await?;
        keep(&self.active, orchestrator, active);
        Ok(active)
    }

    async fn block_after(&self, l1_block: u64) {
        loop {
            tokio::time::sleep(POLL).await;
            match self.head().await {
                Ok(head) if head.l1_block > l1_block => return,
                Ok(_) => {}
                Err(error) => tracing::debug!(%error, "no newer block"),
            }
        }
    }
}

#[tonic::async_trait]
impl Redeemer for RpcChain {
    async fn is_used(&self, ticket: B256) -> Result<bool, ChainError> {
        call(&self.rpc, self.broker, TicketBroker::usedTicketsCall { ticketHash: ticket }).await
    }

    async fn redeem(&self, winner: &Winner) -> Result<B256, ChainError> {
        let key = self.key.as_ref().ok_or_else(|| ChainError::new("no key to redeem with"))?;
        let ticket = &winner.ticket;
        let call = TicketBroker::redeemWinningTicketCall {
            ticket: TicketBroker::Ticket {
                recipient: ticket.recipient,
                sender: ticket.sender,
                faceValue: ticket.face_value,
                winProb: ticket.win_prob,
                senderNonce: U256::from(ticket.sender_nonce),
                recipientRandHash: ticket.recipient_rand_hash,
                auxData: ticket.aux_data().into(),
            },
            sig: winner.signature.clone().into(),
            recipientRand: winner.recipient_rand.into(),
        };
        let sent = self.send(key, call.abi_encode().into()).await;
        self.funds.lock().remove(&ticket.sender);
        sent
    }
}

/// Reads a contract.
async fn call<C: SolCall>(rpc: &JsonRpc, to: Address, call: C) -> Result<C::Return, ChainError> {
    let request = json!([{ "to": to, "data": Bytes::from(call.abi_encode()) }, "latest"]);
    let answer = rpc.call("eth_call", request).await?;
    let what = || format!("{to} did not answer {} as it should", C::SIGNATURE);
    let bytes: Bytes =
        serde_json::from_value(answer).map_err(|error| ChainError::because(what(), error))?;
    C::abi_decode_returns(&bytes).map_err(|error| ChainError::because(what(), error))
}

type Kept<T> = Mutex<HashMap<Address, (Instant, T)>>;

fn kept<T: Copy>(answers: &Kept<T>, key: Address) -> Option<T> {
    answers.lock().get(&key).filter(|(at, _)| at.elapsed() < POLL).map(|(_, answer)| *answer)
}

fn keep<T>(answers: &Kept<T>, key: Address, answer: T) {
    let mut answers = answers.lock();
    answers.retain(|_, (at, _)| at.elapsed() < POLL);
    drop(answers.insert(key, (Instant::now(), answer)));
}

/// A member as text, for errors.
fn text<'a>(value: &'a Value, member: &str) -> &'a str {
    value.get(member).and_then(Value::as_str).unwrap_or_default()
}
