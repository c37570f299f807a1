//! A local chain with stand-ins for Livepeer's contracts: anvil, started on a free port, killed with
//! its owner.
//!
//! Money on it is worth nothing: accounts are filled at will, and transactions are sent from any
//! address without its key. Blocks are made by each transaction, or one every [`Options::block_time`];
//! in either case the gas price goes back to [`LocalChain::set_gas_price`]'s after whatever is done
//! through this fixture, so that `eth_gasPrice` is steady.
//!
//! Calls wait for anvil without a deadline of their own, so that a test may pause the clock.

mod account;
mod actions;
mod anvil;
mod deploy;
mod error;
mod rounds;
mod rpc;
mod transaction;

use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use alloy_primitives::Address;
use parking_lot::Mutex;
use tokio::task::JoinSet;

pub use self::account::{Account, dev_account};
pub use self::deploy::Contracts;
pub use self::error::LocalChainError;
pub use self::rpc::Rpc;
pub use self::transaction::{Log, Receipt};

/// The chain id of a local chain, unless another is wanted.
pub const CHAIN_ID: u64 = 7337;

/// What a local chain is like.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct Options {
    /// Chain id.
    pub chain_id: u64,
    /// Port; 0 takes any free one.
    pub port: u16,
    /// Blocks in a round.
    pub round_length: u64,
    /// Rounds between `unlock` and `withdraw`.
    pub unlock_period: u64,
    /// Rounds in which a ticket can be redeemed.
    pub ticket_validity_period: u64,
    /// What `eth_gasPrice` answers, in wei.
    pub gas_price: u64,
    /// A block every so often; without it, a block for every transaction.
    pub block_time: Option<Duration>,
    /// The program, where it is not looked for.
    pub anvil: Option<PathBuf>,
}

impl Default for Options {
    fn default() -> Self {
        Self {
            chain_id: CHAIN_ID,
            port: 0,
            round_length: 100,
            unlock_period: 2,
            ticket_validity_period: 2,
            gas_price: 20_000_000,
            block_time: None,
            anvil: None,
        }
    }
}

/// A running chain with the contracts on it, in its first initialised round. Dropping it ends it.
#[derive(Debug)]
pub struct LocalChain {
    rpc: Rpc,
    url: String,
    ws_url: String,
    options: Options,
    contracts: Contracts,
    owner: Address,
    gas_price: Arc<Mutex<u64>>,
    /// Makes blocks if there is a block time.
    miner: JoinSet<()>,
    _anvil: anvil::Anvil,
}

impl LocalChain {
    /// Starts a chain with a block for every transaction.
    pub async fn start() -> Result<Self, LocalChainError> {
        Self::with(Options::default()).await
    }

    /// Starts a chain.
    pub async fn with(options: Options) -> Result<Self, LocalChainError> {
        let anvil = anvil::Anvil::start(&options).await?;
        let rpc = Rpc::new(anvil.addr());
        let owner = dev_account(0).address();
        let contracts = deploy::all(&rpc, owner, &options).await?;
        let mut chain = Self {
            url: format!("http://{}", anvil.addr()),
            ws_url: format!("ws://{}", anvil.addr()),
            gas_price: Arc::new(Mutex::new(options.gas_price)),
            rpc,
            options,
            contracts,
            owner,
            miner: JoinSet::new(),
            _anvil: anvil,
        };
        chain.next_round().await?;
        if let Some(every) = chain.options.block_time {
            chain.rpc.call::<()>("evm_setAutomine", (false,)).await?;
            let (rpc, price) = (chain.rpc.clone(), Arc::clone(&chain.gas_price));
            chain.miner.spawn(rounds::mine_on(rpc, every, price));
        }
        Ok(chain)
    }

    /// Where it answers JSON-RPC over HTTP.
    pub fn url(&self) -> &str {
        &self.url
    }

    /// Where it answers JSON-RPC over a websocket.
    pub fn ws_url(&self) -> &str {
        &self.ws_url
    }

    /// What it was started with.
    pub fn options(&self) -> &Options {
        &self.options
    }

    /// Where the contracts are.
    pub fn contracts(&self) -> &Contracts {
        &self.contracts
    }

    /// Who deployed the contracts and may change their parameters.
    pub fn owner(&self) -> Address {
        self.owner
    }

    /// For calls that have no method here.
    pub fn rpc(&self) -> &Rpc {
        &self.rpc
    }
}
