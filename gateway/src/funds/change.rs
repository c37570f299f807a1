//! `waymark funds add|unlock|cancel-unlock|withdraw`: shown, agreed to, sent, shown again.

use waymark_payments::{
    fund::{Action, Funds, Plan, Receipt},
    limits::wei_text,
};

use super::{Console, DONE, FAILED, FundsError, status, wallet};
use crate::{
    cli::{Consent, FundsChange},
    clock::Clock,
    config::Config,
};

/// Carries one change out, as far as there is consent.
pub(super) async fn run(
    config: &Config,
    change: FundsChange,
    consent: Consent,
    clock: &Clock,
    console: &mut Console<'_>,
) -> Result<u8, FundsError> {
    wallet::chain_of(config)?;
    let sender = wallet::account(config)?;
    let funds = wallet::funds(config, sender).await?;
    let plan = funds.plan(action(change)).await?;
    console.say(&shown(&plan))?;
    if !plan.obstacles.is_empty() {
        console.say("Nothing was sent.\n")?;
        return Ok(FAILED);
    }
    if !agreed(consent, console)? {
        return not_sent(consent, console);
    }
    let key = wallet::open(config, clock, console.secret).await?;
    console.say("Sending; this takes until the transaction is in a block.\n")?;
    let receipt = funds.send(&plan, &key).await?;
    console.say(&done(&receipt))?;
    after(&funds, console).await
}

/// The change has happened: that its result cannot be read makes it no failure.
async fn after(funds: &Funds, console: &mut Console<'_>) -> Result<u8, FundsError> {
    match funds.status().await {
        Ok(now) => console.say(&status::lines(&now))?,
        Err(error) => {
            let error = crate::orchestrator::error::chain(&error);
            console.say(&format!("The funds cannot be read at the moment: {error}\n"))?;
        }
    }
    Ok(DONE)
}

fn action(change: FundsChange) -> Action {
    match change {
        FundsChange::Add { deposit, reserve } => Action::Fund { deposit, reserve },
        FundsChange::Unlock => Action::Unlock,
        FundsChange::CancelUnlock => Action::CancelUnlock,
        FundsChange::Withdraw => Action::Withdraw,
    }
}

/// The plan, and what else follows from it.
pub(super) fn shown(plan: &Plan) -> String {
    let mut text = plan.to_string();
    if !plan.obstacles.is_empty() {
        return text;
    }
    let also = match plan.action {
        Action::Fund { .. } if plan.before.sender.withdraw_round != 0 => {
            "Funding takes back the unlock that is in progress.\n"
        }
        Action::Unlock => {
            "From the next round on orchestrators take no payments from this gateway; winning tickets \
             can still be redeemed until the funds are withdrawn.\n"
        }
        Action::Withdraw => {
            "Afterwards no job can be paid, and winning tickets that are not redeemed yet are worth \
             nothing.\n"
        }
        Action::Fund { .. } | Action::CancelUnlock => "",
    };
    text.push_str(also);
    text
}

/// Says that nothing was sent: a dry run wants it so, or consent was refused.
pub(crate) fn not_sent(consent: Consent, console: &mut Console<'_>) -> Result<u8, FundsError> {
    let dry = consent == Consent::DryRun;
    console.say(if dry { "A dry run: nothing was sent.\n" } else { "Nothing was sent.\n" })?;
    Ok(if dry { DONE } else { FAILED })
}

/// Whether the transaction that was shown may be sent.
pub(crate) fn agreed(consent: Consent, console: &Console<'_>) -> Result<bool, FundsError> {
    match consent {
        Consent::DryRun => Ok(false),
        Consent::Given => Ok(true),
        Consent::Ask => match (console.confirm)("Type yes to send it: ")? {
            None => Err(FundsError::NoConsent),
            Some(answer) => Ok(answer.trim() == "yes"),
        },
    }
}

/// What became of a transaction.
pub(crate) fn done(receipt: &Receipt) -> String {
    format!(
        "Done: transaction {} in block {}, {} gas for {}\n",
        receipt.hash,
        receipt.block,
        receipt.gas_used,
        wei_text(receipt.cost)
    )
}
