//! The gateway's money in the TicketBroker: how much there is, adding to it, taking it back.
//!
//! Every change is two steps. [`plan`](Funds::plan) asks the chain what would happen and changes
//! nothing: effect, gas, cost, and whatever stands in the way. [`send`](Funds::send) signs exactly
//! what was planned, and refuses a plan with an obstacle. Nothing is ever sent without a plan.
//!
//! Rules of fees, replacement and nonces are stock's (payments-contracts 4.7), with a shorter wait:
//! on Arbitrum blocks are immediate.

mod call;
mod fees;
mod plan;
mod send;

use std::time::Duration;

use alloy_primitives::{Address, U256};
use serde_json::{Value, json};
use tokio::sync::Mutex;
use waymark_contracts::{Controller, RoundsManager, TicketBroker};

use crate::chain::{
    Call, Chain, Contracts, ReadError, Reader, Reserve, Rpc, RpcError, SenderState, contracts_of,
    head::Head,
    quantity_of, revert_text,
    rpc::{Answer, CallError, Request},
};
pub use call::{Transaction, TransactionPlan};
pub use fees::{FeeError, Fees, gwei};
pub use plan::{Action, Obstacle, Plan};
pub use send::Receipt;

/// Limits and patience.
#[derive(Debug, Clone, Copy)]
pub struct FundSettings {
    /// The most that a unit of gas may cost, wei (`-maxGasPrice`); `None` for no limit.
    pub max_gas_price: Option<U256>,
    /// What is taken for the price of gas when an endpoint says less, wei (`-minGasPrice`).
    pub min_gas_price: U256,
    /// Gas limit of transactions (`-gasLimit`); `None` is a quarter more than estimated.
    pub gas_limit: Option<u64>,
    /// How long a transaction is waited for before it is replaced by a dearer one
    /// (`-transactionTimeout`).
    pub timeout: Duration,
    /// How often it is replaced (`-maxTransactionReplacements`).
    pub replacements: u32,
    /// Between two looks for the receipt.
    pub poll: Duration,
}

impl Default for FundSettings {
    fn default() -> Self {
        Self {
            max_gas_price: None,
            min_gas_price: U256::ZERO,
            gas_limit: None,
            timeout: Duration::from_mins(1),
            replacements: 1,
            poll: Duration::from_secs(1),
        }
    }
}

/// Funds could not be read, planned or moved.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum FundError {
    /// The chain cannot be read.
    #[error(transparent)]
    Read(#[from] ReadError),
    /// Gas is too dear.
    #[error(transparent)]
    Fees(#[from] FeeError),
    /// The plan cannot be carried out.
    #[error("not sent: {obstacle}")]
    Obstacle {
        /// What stands in the way.
        obstacle: Obstacle,
    },
    /// The key belongs to another account than the plan.
    #[error("the plan is for {planned}, the key is of {key}")]
    WrongKey {
        /// Whose plan.
        planned: Address,
        /// Whose key.
        key: Address,
    },
    /// The transaction could not be signed.
    #[error("the transaction cannot be signed")]
    Sign(#[source] alloy::signers::Error),
    /// The outbox cannot be read or written.
    #[error("a transaction must stand in the ledger's outbox before it is sent")]
    Outbox(#[from] crate::ledger::LedgerError),
    /// The node did not take the transaction.
    #[error("the node did not take the transaction: {reason}")]
    NotTaken {
        /// Its words.
        reason: String,
    },
    /// It is not in a block yet. It may still come.
    #[error(
        "no receipt after {} s; the transaction may still come: look for {hashes:?} and do not repeat it before", waited.as_secs()
    )]
    Unconfirmed {
        /// The transaction and its replacements; at most one of them will count.
        hashes: Vec<alloy_primitives::B256>,
        /// How long was waited.
        waited: Duration,
    },
    /// Another one with the same nonce came first: nothing was sent in vain, and this can be sent now.
    #[error(
        "the transaction before it ({purpose}) came into a block first, txHash={hash}; plan again"
    )]
    Overtaken {
        /// The other one.
        hash: alloy_primitives::B256,
        /// What it was for.
        purpose: String,
    },
    /// It is in a block and failed: nothing changed but the gas is paid.
    #[error(
        "transaction failed txHash={hash}: gas was paid and nothing changed; plan again to see why"
    )]
    Failed {
        /// Which.
        hash: alloy_primitives::B256,
    },
}

impl From<RpcError> for FundError {
    fn from(error: RpcError) -> Self {
        Self::Read(error.into())
    }
}

/// What there is at the moment.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct FundStatus {
    /// Deposit, reserve, unlock.
    pub sender: SenderState,
    /// The round by block number.
    pub round: u64,
    /// Rounds between unlocking and withdrawing.
    pub unlock_period: u64,
    /// Ether of the account itself, wei.
    pub balance: U256,
    /// Whether Livepeer's contracts are paused.
    pub paused: bool,
}

impl FundStatus {
    /// Rounds until the funds can be withdrawn: 0 when they can be; nothing without an unlock.
    pub fn rounds_until_withdrawal(&self) -> Option<u64> {
        let at = self.sender.withdraw_round;
        (at != 0).then(|| at.saturating_sub(self.round))
    }

    /// How long the deposit lasts at a spending of `wei` in `during`; nothing when nothing is spent.
    pub fn runway(&self, wei: U256, during: Duration) -> Option<Duration> {
        runway(self.sender.deposit, wei, during)
    }
}

/// How long `deposit` lasts at a spending of `wei` in `during`; nothing when nothing is spent.
pub fn runway(deposit: U256, wei: U256, during: Duration) -> Option<Duration> {
    let seconds = U256::from(during.as_secs());
    let left = deposit.saturating_mul(seconds).checked_div(wei)?;
    Some(Duration::from_secs(left.saturating_to()))
}

/// The funds of one sender.
#[derive(Debug)]
pub struct Funds {
    reader: Reader,
    contracts: Contracts,
    sender: Address,
    settings: FundSettings,
    /// What an operator may change while the gateway runs; at first what the settings say.
    max_gas_price: parking_lot::Mutex<Option<U256>>,
    /// The nonce after the last one used here. Held while a transaction is on its way, so that there
    /// is one at a time.
    next_nonce: Mutex<Option<u64>>,
}

impl Funds {
    /// The funds of the sender that `chain` watches.
    pub fn of(chain: &Chain, settings: FundSettings) -> Self {
        Self {
            reader: chain.reader().clone(),
            contracts: chain.contracts(),
            sender: chain.sender(),
            settings,
            max_gas_price: parking_lot::Mutex::new(settings.max_gas_price),
            next_nonce: Mutex::default(),
        }
    }

    /// The funds of `sender`, without watching the chain: for the command line.
    pub async fn connect(
        rpc: Rpc,
        controller: Address,
        sender: Address,
        settings: FundSettings,
    ) -> Result<Self, ReadError> {
        let reader = Reader::new(rpc);
        let contracts = contracts_of(&reader, controller).await?;
        let max_gas_price = parking_lot::Mutex::new(settings.max_gas_price);
        let next_nonce = Mutex::default();
        Ok(Self { reader, contracts, sender, settings, max_gas_price, next_nonce })
    }

    /// Whose funds they are.
    pub fn sender(&self) -> Address {
        self.sender
    }

    /// The most that a unit of gas may cost, wei; `None` for no limit.
    pub fn max_gas_price(&self) -> Option<U256> {
        *self.max_gas_price.lock()
    }

    /// Changes that, for plans and transactions from now on.
    pub fn set_max_gas_price(&self, wei: Option<U256>) {
        *self.max_gas_price.lock() = wei;
    }

    /// What there is.
    pub async fn status(&self) -> Result<FundStatus, ReadError> {
        let (status, _, _) = self.read(Vec::new()).await?;
        Ok(status)
    }

    /// What `action` would do. Changes nothing.
    pub async fn plan(&self, action: Action) -> Result<Plan, FundError> {
        let call = json!({
            "from": self.sender,
            "to": self.contracts.broker,
            "value": action.value(),
            "data": action.data(),
        });
        let requests = vec![
            Request::block(None),
            Request::gas_price(),
            Request::new("eth_maxPriorityFeePerGas", json!([])),
            Request::new("eth_call", json!([call, "latest"])),
            Request::new("eth_estimateGas", json!([call])),
        ];
        let (before, answers, host) = self.read(requests).await?;
        let [block, gas_price, tip, simulated, estimated]: [Answer; 5] =
            answers.try_into().map_err(|_| RpcError::Unexpected {
                host: host.clone(),
                method: "eth_estimateGas",
                what: "not as many answers as questions".to_owned(),
            })?;
        let market = fees::Market {
            base: Head::read(&taken(block, &host, "eth_getBlockByNumber")?)
                .ok()
                .and_then(|h| h.base_fee),
            gas_price: number(gas_price, &host, "eth_gasPrice")?.max(self.settings.min_gas_price),
            tip: tip.ok().and_then(quantity_of),
        };
        let mut obstacles = Vec::new();
        let fees = Fees::choose(&market, None);
        if let Err(error) = market.within(self.max_gas_price()) {
            obstacles.push(Obstacle::GasPrice(error));
        }
        let gas = match estimated {
            Ok(gas) => quantity_of(gas).map(|gas| gas.saturating_to::<u64>()),
            Err(_) => None,
        };
        let cost = U256::from(gas.unwrap_or(0)).saturating_mul(market.gas_price);
        let needed = action.value().saturating_add(cost);
        if before.balance < needed {
            obstacles.push(Obstacle::Ether { needed, balance: before.balance });
        } else if let Err(error) = &simulated {
            obstacles.push(refused(error, &before));
        } else if gas.is_none() {
            obstacles.push(Obstacle::NoEstimate);
        }
        let chain_id = self.reader.rpc.chain_id().unwrap_or_default();
        Ok(Plan {
            action,
            chain_id,
            from: self.sender,
            to: self.contracts.broker,
            gas,
            gas_limit: self.settings.gas_limit,
            fees,
            gas_price: market.gas_price,
            after: action.effect(&before),
            before,
            obstacles,
        })
    }

    /// The status, and the answers to `also` from the same endpoint, with its host.
    async fn read(
        &self,
        mut also: Vec<Request>,
    ) -> Result<(FundStatus, Vec<Answer>, String), ReadError> {
        let Contracts { controller, broker, rounds, .. } = self.contracts;
        let calls = vec![
            Call::new(broker, &TicketBroker::getSenderInfoCall { addr: self.sender }),
            Call::new(broker, &TicketBroker::unlockPeriodCall {}),
            Call::new(rounds, &RoundsManager::currentRoundCall {}),
            Call::new(controller, &Controller::pausedCall {}),
        ];
        also.push(Request::new("eth_getBalance", json!([self.sender, "latest"])));
        let (mut returns, mut answers, endpoint) = self.reader.read_and(calls, also).await?;
        let host = self.reader.rpc.status().swap_remove(endpoint).host;
        let balance = answers.pop().unwrap_or(Ok(Value::Null));
        let info = returns.take::<TicketBroker::getSenderInfoCall>()?;
        let unlock_period = returns.take::<TicketBroker::unlockPeriodCall>()?.saturating_to();
        let round = returns.take::<RoundsManager::currentRoundCall>()?.saturating_to();
        let paused = returns.take::<Controller::pausedCall>()?;
        let status = FundStatus {
            sender: SenderState {
                deposit: info.sender.deposit,
                withdraw_round: info.sender.withdrawRound.saturating_to(),
                reserve: Reserve {
                    remaining: info.reserve.fundsRemaining,
                    claimed: info.reserve.claimedInCurrentRound,
                },
            },
            round,
            unlock_period,
            balance: number(balance, &host, "eth_getBalance")?,
            paused,
        };
        Ok((status, answers, host))
    }
}

/// Why the contract, or the node, would refuse.
fn refused(error: &CallError, before: &FundStatus) -> Obstacle {
    match revert_text(error) {
        Some(reason) => Obstacle::Refused { words: plan::in_words(&reason, before), reason },
        None => Obstacle::Refused { words: error.message.clone(), reason: String::new() },
    }
}

fn taken(answer: Answer, host: &str, method: &'static str) -> Result<Value, RpcError> {
    answer.map_err(|source| RpcError::Refused { host: host.to_owned(), method, source })
}

fn number(answer: Answer, host: &str, method: &'static str) -> Result<U256, RpcError> {
    let value = taken(answer, host, method)?;
    quantity_of(value).ok_or_else(|| RpcError::Unexpected {
        host: host.to_owned(),
        method,
        what: "not a number".to_owned(),
    })
}

#[cfg(test)]
mod tests;
