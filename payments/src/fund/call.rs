//! Transactions that are not about funds: a contract to make, or a call of one. Planned, shown and sent in the
//! same two steps.

use std::fmt;

use alloy_primitives::{Address, Bytes, TxKind, U256, hex, utils::format_ether};
use serde_json::json;

use super::{
    FundError, Funds, Obstacle, Receipt, fees::Market, gwei, number, send::Outgoing, taken,
};
use crate::{
    chain::{
        RpcError,
        head::Head,
        quantity_of, revert_text,
        rpc::{Answer, Request},
    },
    fund::Fees,
    signer::LocalKey,
};

/// What a transaction does. It carries no ether.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Transaction {
    /// In a few words, for people and the log.
    pub what: String,
    /// The contract that is called; `None` makes one.
    pub to: Option<Address>,
    /// The call, or the creation code with its arguments.
    pub data: Bytes,
}

/// What a transaction would do, asked of the chain a moment ago.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TransactionPlan {
    /// The transaction.
    pub transaction: Transaction,
    /// On which chain.
    pub chain_id: u64,
    /// Who pays the gas.
    pub from: Address,
    /// The account's next nonce: with it the address of a contract that it makes is known.
    pub nonce: u64,
    /// Ether of the account, wei.
    pub balance: U256,
    /// Gas, as the node estimates it; nothing when the contract would refuse.
    pub gas: Option<u64>,
    /// What would be offered for a unit of gas.
    pub fees: Fees,
    /// What a unit of gas costs.
    pub gas_price: U256,
    /// What stands in the way; empty when nothing does.
    pub obstacles: Vec<Obstacle>,
}

impl TransactionPlan {
    /// Gas allowed for: a quarter more than estimated. What is not used is not paid. A limit that the operator
    /// set is for funding and does not count here.
    pub fn gas_limit(&self) -> Option<u64> {
        self.gas.map(|gas| gas.saturating_add(gas / 4))
    }

    /// What the gas will cost at the price of the moment, wei.
    pub fn gas_cost(&self) -> U256 {
        U256::from(self.gas.unwrap_or(0)).saturating_mul(self.gas_price)
    }

    /// What it can cost at most, wei.
    pub fn most(&self) -> U256 {
        U256::from(self.gas_limit().unwrap_or(0)).saturating_mul(self.fees.cap)
    }

    /// Where the contract will be, if this makes one and nothing else is sent before it.
    pub fn address(&self) -> Option<Address> {
        self.transaction.to.is_none().then(|| self.from.create(self.nonce))
    }
}

impl fmt::Display for TransactionPlan {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(f, "{} ({} on chain {})", self.transaction.what, self.from, self.chain_id)?;
        if let Some(address) = self.address() {
            writeln!(f, "  address  {address}")?;
        }
        let left = self.balance.saturating_sub(self.gas_cost());
        writeln!(f, "  account  {} -> {} ETH", format_ether(self.balance), format_ether(left))?;
        match self.gas {
            Some(gas) => writeln!(
                f,
                "  gas      {gas} at {} gwei = {} ETH; at most {} ETH",
                gwei(self.gas_price),
                format_ether(self.gas_cost()),
                format_ether(self.most())
            )?,
            None => writeln!(f, "  gas      unknown, at {} gwei", gwei(self.gas_price))?,
        }
        for obstacle in &self.obstacles {
            writeln!(f, "  cannot be done: {obstacle}")?;
        }
        Ok(())
    }
}

impl Funds {
    /// What a transaction would do. Changes nothing.
    pub async fn plan_transaction(
        &self,
        transaction: Transaction,
    ) -> Result<TransactionPlan, FundError> {
        let mut call =
            json!({ "from": self.sender, "data": hex::encode_prefixed(&transaction.data) });
        if let Some(to) = transaction.to {
            call["to"] = json!(to);
        }
        let requests = vec![
            Request::block(None),
            Request::gas_price(),
            Request::new("eth_maxPriorityFeePerGas", json!([])),
            Request::new("eth_getTransactionCount", json!([self.sender, "pending"])),
            Request::new("eth_getBalance", json!([self.sender, "latest"])),
            Request::new("eth_call", json!([call, "latest"])),
            Request::new("eth_estimateGas", json!([call])),
        ];
        let replies = self.reader.rpc.batch(requests).await?;
        let host = replies.host().to_owned();
        let [block, gas_price, tip, nonce, balance, simulated, estimated]: [Answer; 7] =
            replies.answers.try_into().map_err(|_| RpcError::Unexpected {
                host: host.clone(),
                method: "eth_estimateGas",
                what: "not as many answers as questions".to_owned(),
            })?;
        let block = taken(block, &host, "eth_getBlockByNumber")?;
        let market = Market {
            base: Head::read(&block).ok().and_then(|head| head.base_fee),
            gas_price: number(gas_price, &host, "eth_gasPrice")?.max(self.settings.min_gas_price),
            tip: tip.ok().and_then(quantity_of),
        };
        let mut plan = TransactionPlan {
            chain_id: self.reader.rpc.chain_id().unwrap_or_default(),
            from: self.sender,
            nonce: number(nonce, &host, "eth_getTransactionCount")?.saturating_to(),
            balance: number(balance, &host, "eth_getBalance")?,
            gas: estimated.ok().and_then(quantity_of).map(|gas| gas.saturating_to()),
            fees: Fees::choose(&market, None),
            gas_price: market.gas_price,
            obstacles: Vec::new(),
            transaction,
        };
        plan.obstacles = self.obstacles(&plan, &market, simulated);
        Ok(plan)
    }

    fn obstacles(
        &self,
        plan: &TransactionPlan,
        market: &Market,
        simulated: Answer,
    ) -> Vec<Obstacle> {
        let mut obstacles = Vec::new();
        if let Err(error) = market.within(self.max_gas_price()) {
            obstacles.push(Obstacle::GasPrice(error));
        }
        if let Err(error) = simulated {
            let reason = revert_text(&error).unwrap_or_default();
            let words = if reason.is_empty() { error.message } else { reason.clone() };
            obstacles.push(Obstacle::Refused { words, reason });
        } else if plan.gas.is_none() {
            obstacles.push(Obstacle::NoEstimate);
        } else if plan.balance < plan.gas_cost() {
            let needed = plan.gas_cost();
            obstacles.push(Obstacle::Ether { needed, balance: plan.balance });
        }
        obstacles
    }

    /// Signs and sends a planned transaction, as [`send`](Self::send) does a change of funds.
    pub async fn send_transaction(
        &self,
        plan: &TransactionPlan,
        key: &LocalKey,
    ) -> Result<Receipt, FundError> {
        if let Some(obstacle) = plan.obstacles.first() {
            return Err(FundError::Obstacle { obstacle: obstacle.clone() });
        }
        let Some(gas) = plan.gas_limit() else {
            return Err(FundError::Obstacle { obstacle: Obstacle::NoEstimate });
        };
        let outgoing = Outgoing {
            chain_id: plan.chain_id,
            from: plan.from,
            gas,
            to: plan.transaction.to.map_or(TxKind::Create, TxKind::Call),
            value: U256::ZERO,
            data: plan.transaction.data.clone(),
            what: plan.transaction.what.clone(),
        };
        self.send_out(outgoing, key).await
    }
}
