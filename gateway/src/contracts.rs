//! The project's own contract from the command line: `waymark contracts …`.
//!
//! ```text
//!   deploy   artefact + Controller + curator ─► plan ─► shown ─► "yes" ─► key ─► sent ─► code looked at ─► record
//!   seed     the list of first tags − those that are there ─► plan ─► shown ─► "yes" ─► one transaction each
//! ```
//!
//! As with funds, nothing is sent that was not shown first, and nothing without consent. A registry cannot be
//! changed once it is there, so the record of a deployment is never overwritten.

mod deploy;
mod record;
mod seed;

use std::path::PathBuf;

use alloy_primitives::{Address, B256, Bytes};
use alloy_sol_types::SolCall;
use serde_json::json;
use waymark_payments::{
    chain::{Rpc, rpc::Request},
    fund::{FundError, Funds},
};

use crate::{
    cli::{Consent, ContractsTask},
    clock::Clock,
    config::Config,
    funds::{Console, FundsError, wallet},
    payments,
};

/// A contract could not be deployed or used.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ContractsError {
    /// The compiled contract inside this program is damaged.
    #[error("the compiled contract inside this program cannot be read: {what}")]
    Artefact {
        /// What is wrong with it.
        what: String,
    },
    /// There is a record already.
    #[error(
        "{} exists: a registry was deployed before and others may rely on it; give another file with --record to deploy one more",
        path.display()
    )]
    RecordExists {
        /// The file.
        path: PathBuf,
    },
    /// The record cannot be written. The contract is there all the same.
    #[error("the record cannot be written to {}; keep what stands above", path.display())]
    Record {
        /// The file.
        path: PathBuf,
        /// Why.
        #[source]
        source: std::io::Error,
    },
    /// The transaction was carried out and left no contract.
    #[error("transaction {transaction} was carried out and its receipt names no contract")]
    NoContract {
        /// Which.
        transaction: B256,
    },
    /// The code at the address is another than was sent.
    #[error("the code at {address} is not the registry that this program carries")]
    OtherCode {
        /// Where.
        address: Address,
    },
    /// A number stands for another tag.
    #[error(
        "tag number {id} of {registry} is another tag than {expected}; accepted: a registry whose first tags are those of this program, in their order"
    )]
    OtherTag {
        /// The registry.
        registry: Address,
        /// The number.
        id: u32,
        /// What it should stand for.
        expected: &'static str,
    },
    /// An answer that is no answer to what was asked.
    #[error("{address} does not answer {what} as a registry does")]
    NoRegistry {
        /// Who was asked.
        address: Address,
        /// What was asked.
        what: &'static str,
    },
}

/// The account, the chain and the transactions of one command.
struct Desk {
    funds: Funds,
    rpc: Rpc,
    account: Address,
    controller: Address,
}

impl Desk {
    async fn open(config: &Config) -> Result<Self, FundsError> {
        wallet::chain_of(config)?;
        let account = wallet::account(config)?;
        let (rpc, settings) = payments::connect(config, account)?;
        let funds = wallet::funds(config, account).await?;
        Ok(Self { funds, rpc, account, controller: settings.controller })
    }

    /// What a registry answers.
    async fn read<C: SolCall>(&self, to: Address, call: &C) -> Result<C::Return, FundsError> {
        let answer = self.bytes(Request::eth_call(Some(to), &call.abi_encode())).await?;
        let none = |_| ContractsError::NoRegistry { address: to, what: C::SIGNATURE };
        Ok(C::abi_decode_returns(&answer).map_err(none)?)
    }

    /// The code of a contract; empty where there is none.
    async fn code(&self, of: Address) -> Result<Bytes, FundsError> {
        self.bytes(Request::new("eth_getCode", json!([of, "latest"]))).await
    }

    async fn bytes(&self, request: Request) -> Result<Bytes, FundsError> {
        let answer = self.rpc.call(request).await.map_err(FundError::from)?;
        Ok(serde_json::from_value(answer).unwrap_or_default())
    }
}

/// Carries a command out; returns the exit code.
pub(crate) async fn run(
    config: &Config,
    task: ContractsTask,
    consent: Consent,
    clock: &Clock,
    console: &mut Console<'_>,
) -> Result<u8, FundsError> {
    match task {
        ContractsTask::Deploy { curator, record } => {
            Box::pin(deploy::run(config, curator, record, consent, clock, console)).await
        }
        ContractsTask::Seed { registry } => {
            Box::pin(seed::run(config, registry, consent, clock, console)).await
        }
    }
}
