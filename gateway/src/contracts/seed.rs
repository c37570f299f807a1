//! `waymark contracts seed`: registers the first tags, those that are missing, in the order of their numbers.
//! Can be repeated: it goes on where it stopped.

use alloy_primitives::{Address, U256, utils::format_ether};
use alloy_sol_types::SolCall as _;
use waymark_contracts::{
    JobTagRegistry,
    job_tag_registry::{self, SeedTag},
};
use waymark_payments::fund::{Transaction, TransactionPlan};

use super::{ContractsError, Desk};
use crate::{
    cli::Consent,
    clock::Clock,
    config::Config,
    funds::{Console, DONE, FAILED, FundsError, change, wallet},
};

/// Registers, as far as there is consent.
pub(super) async fn run(
    config: &Config,
    registry: Address,
    consent: Consent,
    clock: &Clock,
    console: &mut Console<'_>,
) -> Result<u8, FundsError> {
    let desk = Desk::open(config).await?;
    let missing = missing(&desk, registry).await?;
    let Some(first) = missing.first() else {
        console.say(&format!("{registry} has all first tags.\n"))?;
        return Ok(DONE);
    };
    let plan = desk.funds.plan_transaction(transaction(registry, first)).await?;
    let together = plan.gas_cost().saturating_mul(U256::from(missing.len()));
    console.say(&format!(
        "{plan}  in all   {} tags from number {} on, about {} ETH together\n",
        missing.len(),
        first.id,
        format_ether(together)
    ))?;
    if !plan.obstacles.is_empty() {
        console.say("Nothing was sent.\n")?;
        return Ok(FAILED);
    }
    if !change::agreed(consent, console)? {
        return change::not_sent(consent, console);
    }
    let key = wallet::open(config, clock, console.secret).await?;
    let mut plan: Option<TransactionPlan> = Some(plan);
    for tag in &missing {
        let plan = match plan.take() {
            Some(plan) => plan,
            None => desk.funds.plan_transaction(transaction(registry, tag)).await?,
        };
        let receipt = desk.funds.send_transaction(&plan, &key).await?;
        console.say(&format!(
            "{:>4} {}: transaction {} in block {}\n",
            tag.id, tag.path, receipt.hash, receipt.block
        ))?;
    }
    Ok(DONE)
}

fn transaction(registry: Address, tag: &SeedTag) -> Transaction {
    Transaction {
        what: format!("register the tag {} as number {}", tag.path, tag.id),
        to: Some(registry),
        data: tag.call().abi_encode().into(),
    }
}

/// The tags that are not there. Those that are must have their numbers.
async fn missing(desk: &Desk, registry: Address) -> Result<Vec<SeedTag>, FundsError> {
    let count = desk.read(registry, &JobTagRegistry::tagCountCall {}).await?;
    let count = usize::try_from(count).unwrap_or(usize::MAX);
    for tag in job_tag_registry::seed().take(count) {
        let key = desk.read(registry, &JobTagRegistry::keyOfCall { tagId: tag.id }).await?;
        if key != tag.key() {
            let (id, expected) = (tag.id, tag.path);
            return Err(ContractsError::OtherTag { registry, id, expected }.into());
        }
    }
    Ok(job_tag_registry::seed().skip(count).collect())
}
