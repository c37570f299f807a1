//! Putting the stand-ins on a new chain.

use alloy_primitives::{Address, B256, Bytes, FixedBytes, U256, hex};
use alloy_sol_types::{SolCall as _, SolValue};
use serde::{Deserialize, Serialize};
use waymark_contracts::{ContractName, Controller, artifact, job_tag_registry, multicall3};

use super::transaction::{self, Call};
use super::{LocalChainError, Options, Rpc};

/// The first price of the feed: 2000 dollars, with 8 digits.
const ETH_USD: i64 = 2_000 * 100_000_000;

/// Where the contracts are.
#[derive(Clone, Debug, Serialize)]
#[serde(rename_all = "camelCase")]
#[non_exhaustive]
pub struct Contracts {
    /// The only address that a node must be given.
    pub controller: Address,
    /// Deposits and tickets.
    pub ticket_broker: Address,
    /// Rounds.
    pub rounds_manager: Address,
    /// Orchestrators.
    pub bonding_manager: Address,
    /// Service URIs.
    pub service_registry: Address,
    /// Service URIs for AI jobs; the Controller does not know it.
    pub ai_service_registry: Address,
    /// Ether in dollars.
    pub price_feed: Address,
    /// At its usual address.
    pub multicall3: Address,
    /// Tags, round books; the owner of the other contracts is its curator. The Controller does not know it.
    pub job_tag_registry: Address,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Artifact {
    bytecode: String,
    deployed_bytecode: String,
}

impl Artifact {
    fn read(json: &str) -> Result<Self, LocalChainError> {
        serde_json::from_str(json)
            .map_err(|error| LocalChainError::Artifact { what: error.to_string() })
    }
}

fn code(text: &str) -> Result<Vec<u8>, LocalChainError> {
    hex::decode(text).map_err(|error| LocalChainError::Artifact { what: error.to_string() })
}

/// Deploys everything in an order that gives the same addresses on every chain.
pub(super) async fn all(
    rpc: &Rpc,
    owner: Address,
    options: &Options,
) -> Result<Contracts, LocalChainError> {
    let new = async |json: &str, arguments: Vec<u8>| create(rpc, owner, json, arguments).await;
    let number = |n: u64| U256::from(n);
    let controller = new(artifact::CONTROLLER, Vec::new()).await?;
    let rounds_manager = new(
        artifact::ROUNDS_MANAGER,
        (controller, number(options.round_length)).abi_encode_params(),
    )
    .await?;
    let bonding_manager = new(artifact::BONDING_MANAGER, controller.abi_encode()).await?;
    let periods = (number(options.unlock_period), number(options.ticket_validity_period));
    let ticket_broker =
        new(artifact::TICKET_BROKER, (controller, periods.0, periods.1).abi_encode_params())
            .await?;
    let service_registry = new(artifact::SERVICE_REGISTRY, Vec::new()).await?;
    let ai_service_registry = new(artifact::SERVICE_REGISTRY, Vec::new()).await?;
    let price = alloy_primitives::I256::try_from(ETH_USD).expect("64 bits fit into 256");
    let price_feed = new(
        artifact::PRICE_FEED,
        (U256::from(8), "ETH / USD".to_owned(), price).abi_encode_params(),
    )
    .await?;
    let multicall = Artifact::read(artifact::MULTICALL3)?;
    let multicall = Bytes::from(code(&multicall.deployed_bytecode)?);
    rpc.call::<()>("anvil_setCode", (multicall3::ADDRESS, multicall)).await?;

    let known = [
        (ContractName::TicketBroker, ticket_broker),
        (ContractName::JobsManager, ticket_broker),
        (ContractName::RoundsManager, rounds_manager),
        (ContractName::BondingManager, bonding_manager),
        (ContractName::ServiceRegistry, service_registry),
    ];
    for (name, address) in known {
        let call = Controller::setContractInfoCall {
            id: name.id(),
            contractAddress: address,
            gitCommitHash: FixedBytes::ZERO,
        };
        let call = Call::to(controller, call.abi_encode());
        transaction::send(rpc, owner, call).await?;
    }
    let job_tag_registry =
        new(artifact::JOB_TAG_REGISTRY, (controller, owner).abi_encode_params()).await?;
    let seed = job_tag_registry::seed().map(|tag| tag.call().abi_encode());
    let seed = seed.map(|data| Call::to(job_tag_registry, data)).collect();
    transaction::send_in_one_block(rpc, owner, seed).await?;
    Ok(Contracts {
        controller,
        ticket_broker,
        rounds_manager,
        bonding_manager,
        service_registry,
        ai_service_registry,
        price_feed,
        multicall3: multicall3::ADDRESS,
        job_tag_registry,
    })
}

async fn create(
    rpc: &Rpc,
    owner: Address,
    json: &str,
    arguments: Vec<u8>,
) -> Result<Address, LocalChainError> {
    let mut code = code(&Artifact::read(json)?.bytecode)?;
    code.extend_from_slice(&arguments);
    let receipt = transaction::send(rpc, owner, Call::create(code)).await?;
    receipt.contract_address.ok_or_else(|| LocalChainError::Artifact {
        what: format!("transaction {} made no contract", B256::from(receipt.transaction_hash)),
    })
}
