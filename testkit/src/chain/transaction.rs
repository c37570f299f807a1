//! Transactions from any address, and what came of them.

use alloy_primitives::{Address, B256, Bytes, LogData, U64, U256};
use alloy_sol_types::{SolCall, SolEvent};
use serde::Deserialize;
use serde_json::json;

use super::{LocalChain, LocalChainError, Rpc};

/// Most that is paid for gas, in wei; what is paid is the price of [`LocalChain::set_gas_price`]. Anvil's
/// own proposal would be a tip above that price.
const MAX_FEE: u64 = 100_000_000_000;
/// Gas of every transaction. An estimate would be too low for a batch, whose failures are swallowed, lack
/// of gas among them.
const GAS: u64 = 12_000_000;
/// The same where many share a block.
const GAS_OF_MANY: u64 = 500_000;
/// How many blocks a transaction is waited for where blocks have a time.
const PATIENCE: u64 = 20;

/// A mined transaction.
#[derive(Clone, Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
#[non_exhaustive]
pub struct Receipt {
    /// Its hash.
    pub transaction_hash: B256,
    /// Its block.
    pub block_number: U64,
    /// Who sent it.
    pub from: Address,
    /// The contract that it made.
    pub contract_address: Option<Address>,
    /// Gas that it used.
    pub gas_used: U64,
    /// 1 if it was carried out.
    pub status: U64,
    /// Its events.
    pub logs: Vec<Log>,
}

/// An event in a block.
#[derive(Clone, Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
#[non_exhaustive]
pub struct Log {
    /// The contract.
    pub address: Address,
    /// Signature hash and indexed values.
    pub topics: Vec<B256>,
    /// The other values.
    pub data: Bytes,
    /// Its block.
    pub block_number: U64,
    /// That block's hash.
    pub block_hash: B256,
    /// Its transaction.
    pub transaction_hash: B256,
    /// Its place in the block.
    pub log_index: U64,
}

impl Log {
    /// The event; nothing if it is another one.
    pub fn decode<E: SolEvent>(&self) -> Option<E> {
        let data = LogData::new(self.topics.clone(), self.data.clone())?;
        E::decode_log_data(&data).ok()
    }
}

impl Receipt {
    /// Events of one kind.
    pub fn events<E: SolEvent>(&self) -> Vec<E> {
        self.logs.iter().filter_map(Log::decode).collect()
    }
}

/// What a transaction does.
#[derive(Debug)]
pub(super) struct Call {
    to: Option<Address>,
    value: U256,
    data: Bytes,
}

impl Call {
    pub(super) fn to(to: Address, data: Vec<u8>) -> Self {
        Self { to: Some(to), value: U256::ZERO, data: data.into() }
    }

    pub(super) fn create(code: Vec<u8>) -> Self {
        Self { to: None, value: U256::ZERO, data: code.into() }
    }
}

/// Sends a transaction without the sender's key and waits until it is mined.
pub(super) async fn send(rpc: &Rpc, from: Address, call: Call) -> Result<Receipt, LocalChainError> {
    let mut request = json!({
        "from": from,
        "value": call.value,
        "data": call.data,
        "gas": U64::from(GAS),
    });
    if let Some(to) = call.to {
        request["to"] = json!(to);
    }
    // Tried first, so that what is refused is not mined.
    rpc.call::<Bytes>("eth_call", (&request, "latest")).await?;
    request["maxFeePerGas"] = json!(U64::from(MAX_FEE));
    request["maxPriorityFeePerGas"] = json!(U64::ZERO);
    let first: U64 = rpc.call("eth_blockNumber", ()).await?;
    let hash: B256 = rpc.call("eth_sendTransaction", (&request,)).await?;
    loop {
        let receipt: Option<Receipt> = rpc.call("eth_getTransactionReceipt", (hash,)).await?;
        let Some(receipt) = receipt else {
            let now: U64 = rpc.call("eth_blockNumber", ()).await?;
            if now > first.saturating_add(U64::from(PATIENCE)) {
                return Err(LocalChainError::NotMined { blocks: PATIENCE });
            }
            tokio::time::sleep(std::time::Duration::from_millis(20)).await;
            continue;
        };
        if receipt.status == U64::from(1) {
            return Ok(receipt);
        }
        // Refused only when mined: called again for the reason.
        rpc.call::<Bytes>("eth_call", (&request, "latest")).await?;
        return Err(LocalChainError::Reverted {
            reason: "when mined, not afterwards".to_owned(),
            data: Bytes::new(),
        });
    }
}

/// Sends transactions, in this order, in one block of a chain that makes a block for each.
pub(super) async fn send_in_one_block(
    rpc: &Rpc,
    from: Address,
    calls: Vec<Call>,
) -> Result<(), LocalChainError> {
    rpc.call::<()>("evm_setAutomine", (false,)).await?;
    let mut hashes = Vec::with_capacity(calls.len());
    for call in calls {
        let request = json!({
            "from": from,
            "to": call.to,
            "value": call.value,
            "data": call.data,
            "gas": U64::from(GAS_OF_MANY),
            "maxFeePerGas": U64::from(MAX_FEE),
            "maxPriorityFeePerGas": U64::ZERO,
        });
        hashes.push(rpc.call::<B256>("eth_sendTransaction", (request,)).await?);
    }
    rpc.call::<serde_json::Value>("evm_mine", ()).await?;
    rpc.call::<()>("evm_setAutomine", (true,)).await?;
    for hash in hashes {
        let receipt: Option<Receipt> = rpc.call("eth_getTransactionReceipt", (hash,)).await?;
        if receipt.is_none_or(|receipt| receipt.status != U64::from(1)) {
            return Err(LocalChainError::Reverted {
                reason: format!("transaction {hash} of several in one block"),
                data: Bytes::new(),
            });
        }
    }
    Ok(())
}

impl LocalChain {
    /// Calls a contract from any address, with a value in wei; an account without ether gets some.
    /// Refusals come back as [`LocalChainError::Reverted`] and nothing is mined.
    pub async fn send<C: SolCall>(
        &self,
        from: Address,
        to: Address,
        call: &C,
        value: U256,
    ) -> Result<Receipt, LocalChainError> {
        self.send_data(from, to, call.abi_encode(), value).await
    }

    /// The same with data as they stand.
    pub async fn send_data(
        &self,
        from: Address,
        to: Address,
        data: impl Into<Bytes>,
        value: U256,
    ) -> Result<Receipt, LocalChainError> {
        let gas = U256::from(GAS).saturating_mul(U256::from(MAX_FEE));
        let needed = value.saturating_add(gas);
        if self.balance(from).await? < needed {
            self.set_balance(from, needed.saturating_mul(U256::from(2))).await?;
        }
        let call = Call { to: Some(to), value, data: data.into() };
        let receipt = send(self.rpc(), from, call).await;
        self.steady().await?;
        receipt
    }

    /// Reads from a contract.
    pub async fn read<C: SolCall>(
        &self,
        to: Address,
        call: &C,
    ) -> Result<C::Return, LocalChainError> {
        self.rpc().read(to, call).await
    }

    /// Events of one kind, by one contract, from a block on.
    pub async fn events<E: SolEvent>(
        &self,
        contract: Address,
        from_block: u64,
    ) -> Result<Vec<(Log, E)>, LocalChainError> {
        let filter = json!({
            "address": contract,
            "fromBlock": U64::from(from_block),
            "toBlock": "latest",
            "topics": [E::SIGNATURE_HASH],
        });
        let logs: Vec<Log> = self.rpc().call("eth_getLogs", (filter,)).await?;
        Ok(logs.into_iter().filter_map(|log| Some((log.clone(), log.decode()?))).collect())
    }
}
