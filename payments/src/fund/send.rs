//! Sending what was planned, and waiting for what becomes of it.

mod outbox;

use alloy::{
    consensus::{SignableTransaction as _, TxEip1559, TxEnvelope},
    eips::{eip2718::Encodable2718 as _, eip2930::AccessList},
    network::TxSignerSync as _,
};
use alloy_primitives::{Address, B256, Bytes, TxKind, U256};
use serde::Deserialize;
use serde_json::{Value, json};
use tokio::time::Instant;

use super::{FundError, Funds, Plan, fees::Market, number, taken};
use crate::{
    chain::{head::Head, quantity_of, rpc::Request},
    fund::Fees,
    signer::LocalKey,
};

/// A transaction that is in a block and succeeded.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Receipt {
    /// Its hash.
    pub hash: B256,
    /// Its block.
    pub block: u64,
    /// Gas used.
    pub gas_used: u64,
    /// What it cost, wei, ether that went with it left out.
    pub cost: U256,
    /// The contract that it made.
    pub contract: Option<Address>,
}

/// A transaction but for its nonce and its fees.
#[derive(Debug)]
pub(super) struct Outgoing {
    pub(super) chain_id: u64,
    pub(super) from: Address,
    pub(super) gas: u64,
    pub(super) to: TxKind,
    pub(super) value: U256,
    pub(super) data: Bytes,
    pub(super) what: String,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct RawReceipt {
    transaction_hash: B256,
    block_number: Option<U256>,
    #[serde(default)]
    status: Option<U256>,
    #[serde(default)]
    gas_used: U256,
    #[serde(default)]
    effective_gas_price: U256,
    #[serde(default)]
    contract_address: Option<Address>,
}

impl Funds {
    /// Signs and sends a plan, waits for its receipt, and offers more for it when it is not taken
    /// into a block in time. One at a time.
    pub async fn send(&self, plan: &Plan, key: &LocalKey) -> Result<Receipt, FundError> {
        if let Some(obstacle) = plan.obstacles.first() {
            return Err(FundError::Obstacle { obstacle: obstacle.clone() });
        }
        let Some(gas) = plan.gas_limit() else {
            return Err(FundError::Obstacle { obstacle: super::Obstacle::NoEstimate });
        };
        let outgoing = Outgoing {
            chain_id: plan.chain_id,
            from: plan.from,
            gas,
            to: TxKind::Call(plan.to),
            value: plan.action.value(),
            data: plan.action.data(),
            what: plan.action.to_string(),
        };
        self.send_out(outgoing, key).await
    }

    /// Signs, sends, waits and replaces.
    pub(super) async fn send_out(
        &self,
        outgoing: Outgoing,
        key: &LocalKey,
    ) -> Result<Receipt, FundError> {
        if key.address() != outgoing.from {
            return Err(FundError::WrongKey { planned: outgoing.from, key: key.address() });
        }
        let mut next = self.next_nonce.lock().await;
        let max = self.max_gas_price();
        let (market, pending) = self.market_and_nonce().await?;
        market.within(max)?;
        let nonce = next.map_or(pending, |next| next.max(pending));
        let mut fees = Fees::choose(&market, max);
        let mut hashes = Vec::new();
        let begun = Instant::now();
        for round in 0..=self.settings.replacements {
            if round > 0 {
                match fees.raised(max) {
                    Ok(raised) => fees = raised,
                    // It still can come as it is: it is not given up.
                    Err(error) => tracing::warn!(%error, "no replacement"),
                }
            }
            let tx = TxEip1559 {
                chain_id: outgoing.chain_id,
                nonce,
                gas_limit: outgoing.gas,
                max_fee_per_gas: fees.cap.saturating_to(),
                max_priority_fee_per_gas: fees.tip.saturating_to(),
                to: outgoing.to,
                value: outgoing.value,
                access_list: AccessList::default(),
                input: outgoing.data.clone(),
            };
            let (hash, raw) = signed(tx, key)?;
            if !hashes.contains(&hash) {
                self.submit(&raw, hashes.is_empty()).await?;
                hashes.push(hash);
                *next = Some(nonce + 1);
                tracing::info!(%hash, nonce, action = %outgoing.what, "transaction sent");
            }
            if let Some(receipt) = self.wait(&hashes).await? {
                return receipt;
            }
        }
        Err(FundError::Unconfirmed { hashes, waited: begun.elapsed() })
    }

    async fn market_and_nonce(&self) -> Result<(Market, u64), FundError> {
        let requests = vec![
            Request::new("eth_getTransactionCount", json!([self.sender, "pending"])),
            Request::new("eth_maxPriorityFeePerGas", json!([])),
            Request::gas_price(),
            Request::block(None),
        ];
        let mut replies = self.reader.rpc.batch(requests).await?;
        let host = replies.host().to_owned();
        let mut pop = || replies.answers.pop().unwrap_or(Ok(Value::Null));
        let block = taken(pop(), &host, "eth_getBlockByNumber")?;
        let gas_price = number(pop(), &host, "eth_gasPrice")?.max(self.settings.min_gas_price);
        let tip = pop().ok().and_then(quantity_of);
        let nonce = number(pop(), &host, "eth_getTransactionCount")?;
        let base = Head::read(&block).ok().and_then(|head| head.base_fee);
        Ok((Market { base, gas_price, tip }, nonce.saturating_to()))
    }

    /// Hands a transaction to a node. Another endpoint, asked after the first did not answer, may
    /// have it already; a replacement may come too late. Both are told by the receipt.
    async fn submit(&self, raw: &Bytes, first: bool) -> Result<(), FundError> {
        let request = Request::new("eth_sendRawTransaction", json!([raw]));
        let replies = self.reader.rpc.batch(vec![request]).await?;
        let Some(Err(error)) = replies.answers.into_iter().next() else { return Ok(()) };
        let text = error.message.to_ascii_lowercase();
        let known = ["already known", "already imported", "known transaction", "already exists"];
        if known.iter().any(|known| text.contains(known)) {
            return Ok(());
        }
        if !first {
            tracing::warn!(%error, "the replacement was not taken; waiting for the original");
            return Ok(());
        }
        Err(FundError::NotTaken { reason: error.message })
    }

    /// Waits for one of the transactions to be in a block.
    async fn wait(&self, hashes: &[B256]) -> Result<Option<Result<Receipt, FundError>>, FundError> {
        let deadline = Instant::now() + self.settings.timeout;
        loop {
            match self.receipt(hashes).await {
                Ok(Some(found)) => return Ok(Some(found)),
                Ok(None) => {}
                // The transaction is on its way, whether or not a node can be asked just now.
                Err(error) => tracing::debug!(%error, "the receipt cannot be asked for"),
            }
            if Instant::now() >= deadline {
                return Ok(None);
            }
            tokio::time::sleep(self.settings.poll).await;
        }
    }

    async fn receipt(
        &self,
        hashes: &[B256],
    ) -> Result<Option<Result<Receipt, FundError>>, FundError> {
        let ask = |hash| Request::new("eth_getTransactionReceipt", json!([hash]));
        let replies = self.reader.rpc.batch(hashes.iter().map(ask).collect()).await?;
        for answer in replies.answers.into_iter().flatten() {
            let Ok(raw) = RawReceipt::deserialize(answer) else { continue };
            let Some(block) = raw.block_number else { continue };
            let hash = raw.transaction_hash;
            if raw.status != Some(U256::from(1)) {
                return Ok(Some(Err(FundError::Failed { hash })));
            }
            return Ok(Some(Ok(Receipt {
                hash,
                block: block.saturating_to(),
                gas_used: raw.gas_used.saturating_to(),
                cost: raw.gas_used.saturating_mul(raw.effective_gas_price),
                contract: raw.contract_address,
            })));
        }
        Ok(None)
    }
}

fn signed(mut tx: TxEip1559, key: &LocalKey) -> Result<(B256, Bytes), FundError> {
    let signer = key.transactions(tx.chain_id);
    let signature = signer.sign_transaction_sync(&mut tx).map_err(FundError::Sign)?;
    let envelope = TxEnvelope::from(tx.into_signed(signature));
    Ok((*envelope.tx_hash(), envelope.encoded_2718().into()))
}
