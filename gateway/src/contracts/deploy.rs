//! `waymark contracts deploy`: puts a JobTagRegistry on the chain and writes down where it is.

use std::path::PathBuf;

use alloy_primitives::{Address, Bytes, hex, keccak256};
use serde::Deserialize;
use waymark_contracts::artifact;
use waymark_payments::fund::{Receipt, Transaction};

use super::{
    ContractsError, Desk,
    record::{self, Deployment},
};
use crate::{
    cli::Consent,
    clock::Clock,
    config::Config,
    funds::{Console, DONE, FAILED, FundsError, change, wallet},
};

/// The compiled registry.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Artefact {
    compiler: String,
    settings: serde_json::Value,
    bytecode: String,
    deployed_bytecode: String,
}

impl Artefact {
    fn read() -> Result<Self, ContractsError> {
        serde_json::from_str(artifact::JOB_TAG_REGISTRY)
            .map_err(|error| ContractsError::Artefact { what: error.to_string() })
    }

    fn code(text: &str) -> Result<Vec<u8>, ContractsError> {
        hex::decode(text).map_err(|error| ContractsError::Artefact { what: error.to_string() })
    }
}

/// Deploys, as far as there is consent.
pub(super) async fn run(
    config: &Config,
    curator: Option<Address>,
    record: Option<PathBuf>,
    consent: Consent,
    clock: &Clock,
    console: &mut Console<'_>,
) -> Result<u8, FundsError> {
    let artefact = Artefact::read()?;
    let desk = Desk::open(config).await?;
    let curator = curator.unwrap_or(desk.account);
    let arguments = [desk.controller.into_word().0, curator.into_word().0].concat();
    let data = [Artefact::code(&artefact.bytecode)?, arguments.clone()].concat();
    let what = "deploy a JobTagRegistry".to_owned();
    let plan =
        desk.funds.plan_transaction(Transaction { what, to: None, data: data.into() }).await?;
    let path = record.unwrap_or_else(|| record::path(&config.data_dir, plan.chain_id));
    console.say(&format!(
        "{plan}  reads    Livepeer's Controller at {}\n  curator  {curator}, who registers the roots outside x-\n  record   {}\n",
        desk.controller,
        path.display()
    ))?;
    if !plan.obstacles.is_empty() {
        console.say("Nothing was sent.\n")?;
        return Ok(FAILED);
    }
    if path.exists() {
        return Err(ContractsError::RecordExists { path }.into());
    }
    if !change::agreed(consent, console)? {
        return change::not_sent(consent, console);
    }
    let key = wallet::open(config, clock, console.secret).await?;
    console.say("Sending; this takes until the transaction is in a block.\n")?;
    let receipt = desk.funds.send_transaction(&plan, &key).await?;
    console.say(&change::done(&receipt))?;
    let address = made(&receipt)?;
    console.say(&format!("The registry is at {address}\n"))?;
    let code = desk.code(address).await?;
    let deployment = Deployment {
        contract: "JobTagRegistry",
        network: config.network.to_string(),
        chain_id: plan.chain_id,
        address,
        transaction: receipt.hash,
        block: receipt.block,
        deployer: desk.account,
        deployed_at: clock.wall(),
        gas_used: receipt.gas_used,
        cost_wei: receipt.cost.to_string(),
        code_hash: (!code.is_empty()).then(|| keccak256(&code)),
        creation_code_hash: keccak256(&plan.transaction.data),
        compiler: artefact.compiler.clone(),
        settings: artefact.settings.clone(),
        livepeer_controller: desk.controller,
        curator,
        constructor_arguments: arguments.into(),
    };
    // Before anything that may fail: the contract is there.
    deployment.write(&path)?;
    console.say(&format!("Written to {}\n", path.display()))?;
    if code.is_empty() {
        console
            .say("The endpoint does not have its code yet; look again before you rely on it.\n")?;
    } else if !is_ours(&code, &Artefact::code(&artefact.deployed_bytecode)?) {
        return Err(ContractsError::OtherCode { address }.into());
    }
    console.say(&format!(
        "Next, from the curator's account: waymark contracts seed --registry {address}\n"
    ))?;
    Ok(DONE)
}

fn made(receipt: &Receipt) -> Result<Address, ContractsError> {
    receipt.contract.ok_or(ContractsError::NoContract { transaction: receipt.hash })
}

/// Whether code is that of the artefact, in which constructor's values are zeros.
fn is_ours(code: &Bytes, artefact: &[u8]) -> bool {
    code.len() == artefact.len() && code.iter().zip(artefact).all(|(a, b)| a == b || *b == 0)
}
