//! Where the contracts are at the moment.
//!
//! Only the Controller's address is configured; governance can replace the others, so they are
//! looked up when the gateway starts and again when the Controller says that one changed.

use alloy_primitives::{Address, U256};
use serde_json::Value;
use waymark_contracts::{ContractName, Controller};

use super::{
    head::Head,
    read::{Call, ReadError, Reader, Returns},
    rpc::{Answer, Request, RpcError},
};

/// Addresses of everything that is read.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Contracts {
    /// Knows the others.
    pub controller: Address,
    /// Deposits, reserves, redemptions.
    pub broker: Address,
    /// Rounds.
    pub rounds: Address,
    /// The pool of orchestrators.
    pub bonding: Address,
    /// Service URIs for transcoding.
    pub registry: Address,
    /// Service URIs for AI jobs, which the Controller does not know.
    pub ai_registry: Option<Address>,
    /// The price of ether.
    pub price_feed: Option<Address>,
}

/// In the order of the fields above.
const NAMES: [ContractName; 4] = [
    ContractName::TicketBroker,
    ContractName::RoundsManager,
    ContractName::BondingManager,
    ContractName::ServiceRegistry,
];

fn calls(controller: Address) -> Vec<Call> {
    NAMES.map(|name| Call::new(controller, &Controller::getContractCall { id: name.id() })).into()
}

fn take(
    returns: &mut Returns,
    controller: Address,
    ai_registry: Option<Address>,
    price_feed: Option<Address>,
) -> Result<Contracts, ReadError> {
    let mut found = [Address::ZERO; NAMES.len()];
    for (address, name) in found.iter_mut().zip(NAMES) {
        *address = returns.take::<Controller::getContractCall>()?;
        if address.is_zero() {
            return Err(ReadError::NotRegistered { controller, name: name.as_str() });
        }
    }
    let [broker, rounds, bonding, registry] = found;
    Ok(Contracts { controller, broker, rounds, bonding, registry, ai_registry, price_feed })
}

impl Contracts {
    /// Looks all of them up, with the newest block and the gas price in the same message.
    pub(crate) async fn find(
        reader: &Reader,
        controller: Address,
        ai_registry: Option<Address>,
        price_feed: Option<Address>,
    ) -> Result<Arrival, ReadError> {
        let also = vec![Request::gas_price(), Request::block(None)];
        let (mut returns, mut others, endpoint) = reader.read_and(calls(controller), also).await?;
        let head = head_of(others.pop(), reader, endpoint)?;
        let gas_price = others.pop().and_then(|answer| quantity_of(answer.ok()?));
        let contracts = take(&mut returns, controller, ai_registry, price_feed)?;
        Ok(Arrival { contracts, head, gas_price, endpoint })
    }

    /// Looks them up again.
    pub(crate) async fn again(&self, reader: &Reader) -> Result<Self, ReadError> {
        let mut returns = reader.read(calls(self.controller)).await?;
        take(&mut returns, self.controller, self.ai_registry, self.price_feed)
    }
}

/// The contracts that a Controller knows, without anything else.
pub(crate) async fn contracts_of(
    reader: &Reader,
    controller: Address,
) -> Result<Contracts, ReadError> {
    let mut returns = reader.read(calls(controller)).await?;
    take(&mut returns, controller, None, None)
}

/// What is learnt first.
#[derive(Debug)]
pub(crate) struct Arrival {
    pub(crate) contracts: Contracts,
    pub(crate) head: Head,
    pub(crate) gas_price: Option<U256>,
    pub(crate) endpoint: usize,
}

/// A number as JSON-RPC writes it.
pub(crate) fn quantity_of(value: Value) -> Option<U256> {
    serde_json::from_value(value).ok()
}

/// The head in an answer to [`Request::block`].
pub(crate) fn head_of(
    answer: Option<Answer>,
    reader: &Reader,
    endpoint: usize,
) -> Result<Head, RpcError> {
    let host = reader.rpc.status().swap_remove(endpoint).host;
    let method = "eth_getBlockByNumber";
    match answer {
        Some(Err(source)) => Err(RpcError::Refused { host, method, source }),
        other => {
            let block = other.and_then(Result::ok).unwrap_or(Value::Null);
            Head::read(&block).map_err(|what| RpcError::Unexpected { host, method, what })
        }
    }
}
