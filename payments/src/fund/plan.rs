//! What a change of funds would do.

use std::fmt;

use alloy_primitives::{Address, Bytes, U256, utils::format_ether};
use alloy_sol_types::SolCall as _;
use waymark_contracts::{TicketBroker, revert};

use super::{FeeError, Fees, FundStatus, gwei};
use crate::chain::Reserve;

/// A change of funds.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Action {
    /// Adds to the deposit, the reserve, or both; takes back an unlock.
    Fund {
        /// Wei for the deposit.
        deposit: U256,
        /// Wei for the reserve.
        reserve: U256,
    },
    /// Begins to unlock both.
    Unlock,
    /// Takes that back.
    CancelUnlock,
    /// Pays both back to the account.
    Withdraw,
}

impl Action {
    /// Ether that goes with it, wei.
    pub fn value(&self) -> U256 {
        match *self {
            Self::Fund { deposit, reserve } => deposit.saturating_add(reserve),
            Self::Unlock | Self::CancelUnlock | Self::Withdraw => U256::ZERO,
        }
    }

    /// The call.
    pub(crate) fn data(&self) -> Bytes {
        let data = match *self {
            Self::Fund { reserve: U256::ZERO, .. } => TicketBroker::fundDepositCall {}.abi_encode(),
            Self::Fund { deposit: U256::ZERO, .. } => TicketBroker::fundReserveCall {}.abi_encode(),
            Self::Fund { deposit, reserve } => TicketBroker::fundDepositAndReserveCall {
                depositAmount: deposit,
                reserveAmount: reserve,
            }
            .abi_encode(),
            Self::Unlock => TicketBroker::unlockCall {}.abi_encode(),
            Self::CancelUnlock => TicketBroker::cancelUnlockCall {}.abi_encode(),
            Self::Withdraw => TicketBroker::withdrawCall {}.abi_encode(),
        };
        data.into()
    }

    /// What there is afterwards, gas left out (payments-contracts 2.2).
    pub(crate) fn effect(&self, before: &FundStatus) -> FundStatus {
        let mut after = *before;
        let sender = &mut after.sender;
        match *self {
            Self::Fund { deposit, reserve } => {
                sender.deposit = sender.deposit.saturating_add(deposit);
                sender.reserve.remaining = sender.reserve.remaining.saturating_add(reserve);
                sender.withdraw_round = 0;
                after.balance = before.balance.saturating_sub(self.value());
            }
            Self::Unlock => {
                sender.withdraw_round = before.round.saturating_add(before.unlock_period);
            }
            Self::CancelUnlock => sender.withdraw_round = 0,
            Self::Withdraw => {
                let paid = sender.deposit.saturating_add(sender.reserve.remaining);
                after.balance = before.balance.saturating_add(paid);
                sender.deposit = U256::ZERO;
                // The contract leaves the round; the next funding clears it.
                sender.reserve = Reserve::default();
            }
        }
        after
    }
}

impl fmt::Display for Action {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Fund { deposit, reserve } => write!(
                f,
                "fund the deposit with {} ETH and the reserve with {} ETH",
                format_ether(*deposit),
                format_ether(*reserve)
            ),
            Self::Unlock => f.write_str("unlock deposit and reserve"),
            Self::CancelUnlock => f.write_str("cancel the unlock"),
            Self::Withdraw => f.write_str("withdraw deposit and reserve"),
        }
    }
}

/// Why a plan cannot be carried out.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum Obstacle {
    /// The contract would refuse.
    #[error("the contract would refuse: {words}")]
    Refused {
        /// In plain words.
        words: String,
        /// The contract's own; empty if it gave none.
        reason: String,
    },
    /// Gas is too dear.
    #[error(transparent)]
    GasPrice(FeeError),
    /// The account's own ether does not suffice.
    #[error("the account has {} ETH, it takes {} ETH with gas", format_ether(*balance), format_ether(*needed))]
    Ether {
        /// Wei that it takes.
        needed: U256,
        /// Wei that there is.
        balance: U256,
    },
    /// The node does not tell the gas.
    #[error("the RPC endpoint does not tell how much gas it takes")]
    NoEstimate,
}

/// What a change of funds would do, asked of the chain a moment ago.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Plan {
    /// The change.
    pub action: Action,
    /// On which chain.
    pub chain_id: u64,
    /// Whose funds, and who pays the gas.
    pub from: Address,
    /// The TicketBroker.
    pub to: Address,
    /// Gas, as the node estimates it; nothing when the contract would refuse.
    pub gas: Option<u64>,
    /// Gas limit that the operator set.
    pub gas_limit: Option<u64>,
    /// What would be offered for a unit of gas.
    pub fees: Fees,
    /// What a unit of gas costs.
    pub gas_price: U256,
    /// What there is.
    pub before: FundStatus,
    /// What there would be, gas left out.
    pub after: FundStatus,
    /// What stands in the way; empty when nothing does.
    pub obstacles: Vec<Obstacle>,
}

impl Plan {
    /// Gas allowed for: what the operator set, or a quarter more than estimated, because the part
    /// for data moves with Ethereum's price. What is not used is not paid.
    pub fn gas_limit(&self) -> Option<u64> {
        self.gas_limit.or_else(|| self.gas.map(|gas| gas.saturating_add(gas / 4)))
    }

    /// What the gas will cost at the price of the moment, wei.
    pub fn gas_cost(&self) -> U256 {
        U256::from(self.gas.unwrap_or(0)).saturating_mul(self.gas_price)
    }

    /// What it can cost at most, ether that goes with it included, wei.
    pub fn most(&self) -> U256 {
        let gas = U256::from(self.gas_limit().unwrap_or(0)).saturating_mul(self.fees.cap);
        gas.saturating_add(self.action.value())
    }
}

impl fmt::Display for Plan {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let eth = |wei: U256| format_ether(wei);
        let lock = |status: &FundStatus| match status.sender.withdraw_round {
            0 => "locked".to_owned(),
            round => format!("withdrawable from round {round}"),
        };
        let (before, after) = (&self.before, &self.after);
        writeln!(f, "{} ({} on chain {})", self.action, self.from, self.chain_id)?;
        writeln!(f, "  round    {}", before.round)?;
        let rows = [
            ("deposit", before.sender.deposit, after.sender.deposit),
            ("reserve", before.sender.reserve.remaining, after.sender.reserve.remaining),
            ("account", before.balance, after.balance.saturating_sub(self.gas_cost())),
        ];
        for (name, from, to) in rows {
            writeln!(f, "  {name}  {} -> {} ETH", eth(from), eth(to))?;
        }
        writeln!(f, "  funds    {} -> {}", lock(before), lock(after))?;
        match self.gas {
            Some(gas) => writeln!(
                f,
                "  gas      {gas} at {} gwei = {} ETH; at most {} ETH with everything",
                gwei(self.gas_price),
                eth(self.gas_cost()),
                eth(self.most())
            )?,
            None => writeln!(f, "  gas      unknown, at {} gwei", gwei(self.gas_price))?,
        }
        for obstacle in &self.obstacles {
            writeln!(f, "  cannot be done: {obstacle}")?;
        }
        Ok(())
    }
}

/// A refusal of the TicketBroker for people.
pub(super) fn in_words(reason: &str, before: &FundStatus) -> String {
    match reason {
        revert::PAUSED => {
            "Livepeer's contracts are paused by their owner; try again later".to_owned()
        }
        revert::ROUND_NOT_INITIALIZED => {
            "the current round is not initialised yet; try again in some minutes".to_owned()
        }
        revert::UNLOCK_IN_PROGRESS => format!(
            "an unlock is already in progress; the funds can be withdrawn from round {}",
            before.sender.withdraw_round
        ),
        revert::NO_UNLOCK => "no unlock is in progress; unlock first".to_owned(),
        revert::LOCKED => format!(
            "the funds are locked until round {}, it is round {}",
            before.sender.withdraw_round, before.round
        ),
        revert::NO_FUNDS => "there is neither a deposit nor a reserve".to_owned(),
        other => format!("{other:?}"),
    }
}
