//! Admin calls that move money or change how it is moved. POST only; with `dryRun=true` they say what
//! would happen as JSON, and nothing does.

use alloy_primitives::U256;
use axum::{
    Json,
    extract::State,
    http::StatusCode,
    response::{IntoResponse as _, Response},
};
use serde::Serialize;
use waymark_payments::{
    fund::{Action, FundStatus, Plan},
    signer::{KeyNeeded, PaymentSource, Work},
};

use super::{
    Shared,
    guard::Allowed,
    reply::{Params, Refusal},
};
use crate::orchestrator::error::chain as reason;

type Answer = Result<Response, Refusal>;

pub(super) async fn fund_deposit_and_reserve(
    State(admin): State<Shared>,
    _: Allowed,
    params: Params,
) -> Answer {
    params.require(&["depositAmount", "reserveAmount"])?;
    admin.money()?;
    let deposit = amount(&params, "depositAmount")?;
    let reserve = amount(&params, "reserveAmount")?;
    let action = Action::Fund { deposit, reserve };
    carry_out(&admin, "fundDepositAndReserve", action, &params).await
}

pub(super) async fn fund_deposit(
    State(admin): State<Shared>,
    _: Allowed,
    params: Params,
) -> Answer {
    params.require(&["amount"])?;
    admin.money()?;
    let action = Action::Fund { deposit: amount(&params, "amount")?, reserve: U256::ZERO };
    carry_out(&admin, "fundDeposit", action, &params).await
}

pub(super) async fn unlock(State(admin): State<Shared>, _: Allowed, params: Params) -> Answer {
    carry_out(&admin, "unlock", Action::Unlock, &params).await
}

pub(super) async fn cancel_unlock(
    State(admin): State<Shared>,
    _: Allowed,
    params: Params,
) -> Answer {
    carry_out(&admin, "cancelUnlock", Action::CancelUnlock, &params).await
}

pub(super) async fn withdraw(State(admin): State<Shared>, _: Allowed, params: Params) -> Answer {
    carry_out(&admin, "withdraw", Action::Withdraw, &params).await
}

/// In memory only, like stock's; 0 is no limit. The answer is empty.
pub(super) async fn set_max_gas_price(
    State(admin): State<Shared>,
    _: Allowed,
    params: Params,
) -> Answer {
    params.require(&["amount"])?;
    let money = admin.money()?;
    let wei = params.wei("amount").map_err(|why| {
        Refusal::new(StatusCode::BAD_REQUEST, format!("Parsing failed for price: {why}"))
    })?;
    if params.dry_run()? {
        let was = money.funds.max_gas_price().unwrap_or_default().to_string();
        let plan = serde_json::json!({"dry_run": true, "action": "set the highest gas price", "before": was, "after": wei.to_string()});
        return Ok(Json(plan).into_response());
    }
    money.funds.set_max_gas_price(Some(wei).filter(|wei| !wei.is_zero()));
    tracing::info!(%wei, "the highest gas price was set over the admin API");
    Ok(StatusCode::OK.into_response())
}

fn amount(params: &Params, name: &str) -> Result<U256, Refusal> {
    let wrong = |why| Refusal::new(StatusCode::BAD_REQUEST, format!("invalid {name}: {why}"));
    params.wei(name).map_err(wrong)
}

/// Plans, and unless it is a dry run sends and waits until the transaction is in a block. A caller
/// that leaves does not stop what was begun.
async fn carry_out(admin: &Shared, name: &str, action: Action, params: &Params) -> Answer {
    let dry_run = params.dry_run()?;
    let money = admin.money()?;
    let failed = |error: &dyn std::error::Error| {
        Refusal::internal(format!("could not execute {name}: {}", reason(error)))
    };
    let plan = money.funds.plan(action).await.map_err(|error| failed(&error))?;
    if dry_run {
        return Ok(Json(Shown::from(&plan)).into_response());
    }
    let key = match &money.payments.source {
        PaymentSource::Key(key) => key.clone(),
        PaymentSource::OffChain | PaymentSource::Remote(_) => {
            return Err(failed(&KeyNeeded { work: Work::Transactions }));
        }
    };
    let (funds, chain) = (std::sync::Arc::clone(&money.funds), money.payments.chain.clone());
    let sent = admin.context.tasks.job("funds", async move {
        let sent = funds.send(&plan, &key).await;
        // Whatever came of it, the gateway's own picture is old now.
        chain.refresh();
        match &sent {
            Ok(receipt) => tracing::info!(action = %plan.action, transaction = %receipt.hash, "funds were changed over the admin API"),
            Err(error) => tracing::warn!(action = %plan.action, error = reason(error), "funds were not changed"),
        }
        sent
    });
    match sent.await {
        Ok(Ok(_)) => Ok(format!("{name} success").into_response()),
        Ok(Err(error)) => Err(failed(&error)),
        Err(error) => Err(failed(&error)),
    }
}

/// A plan as JSON; wei as decimal text.
#[derive(Debug, Serialize)]
struct Shown {
    dry_run: bool,
    action: String,
    chain_id: u64,
    from: String,
    to: String,
    value: String,
    gas: Option<u64>,
    gas_limit: Option<u64>,
    gas_price: String,
    gas_cost: String,
    at_most: String,
    before: Moment,
    after: Moment,
    /// What stands in the way; empty when nothing does.
    obstacles: Vec<String>,
}

#[derive(Debug, Serialize)]
struct Moment {
    round: u64,
    balance: String,
    deposit: String,
    reserve: String,
    withdraw_round: u64,
}

impl From<&Plan> for Shown {
    fn from(plan: &Plan) -> Self {
        Self {
            dry_run: true,
            action: plan.action.to_string(),
            chain_id: plan.chain_id,
            from: plan.from.to_string(),
            to: plan.to.to_string(),
            value: plan.action.value().to_string(),
            gas: plan.gas,
            gas_limit: plan.gas_limit(),
            gas_price: plan.gas_price.to_string(),
            gas_cost: plan.gas_cost().to_string(),
            at_most: plan.most().to_string(),
            before: Moment::from(&plan.before),
            after: Moment::from(&plan.after),
            obstacles: plan.obstacles.iter().map(ToString::to_string).collect(),
        }
    }
}

impl From<&FundStatus> for Moment {
    fn from(status: &FundStatus) -> Self {
        Self {
            round: status.round,
            balance: status.balance.to_string(),
            deposit: status.sender.deposit.to_string(),
            reserve: status.sender.reserve.remaining.to_string(),
            withdraw_round: status.sender.withdraw_round,
        }
    }
}
