//! What a stock gateway tells of its chain, its account and its funds, and nothing that changes any
//! of it (gateway-surface.md 5.1, 5.2). Where stock answers with bytes of a number or closes the
//! connection, here is a number.

use axum::{extract::State, response::Response};
use waymark_payments::{chain::ChainState, fund::FundStatus};

use super::{
    Shared,
    reply::{Refusal, json},
};
use crate::{orchestrator::error::chain as reason, payments::general_max};

type Text = Result<String, Refusal>;

/// The chain's id; 0 off-chain.
pub(super) async fn chain_id(State(admin): State<Shared>) -> String {
    let id = admin.money.as_ref().and_then(|money| money.payments.chain.rpc().chain_id());
    id.unwrap_or(0).to_string()
}

pub(super) async fn current_block(State(admin): State<Shared>) -> Text {
    Ok(admin.money()?.payments.chain.state().head.to_string())
}

pub(super) async fn current_round(State(admin): State<Shared>) -> Text {
    Ok(round(&admin.money()?.payments.chain.state()).to_string())
}

/// The round by block number, which is later than the last initialised one until somebody
/// initialises it.
fn round(state: &ChainState) -> u64 {
    let last = &state.round;
    if last.initialized {
        return last.number;
    }
    let passed = state.l1_block.saturating_sub(last.start_block).checked_div(last.length);
    last.number.saturating_add(passed.unwrap_or(0).max(1))
}

pub(super) async fn round_initialized(State(admin): State<Shared>) -> Text {
    Ok(admin.money()?.payments.chain.state().round.initialized.to_string())
}

pub(super) async fn eth_addr(State(admin): State<Shared>) -> Text {
    Ok(admin.money()?.funds.sender().to_string())
}

pub(super) async fn eth_balance(State(admin): State<Shared>) -> Text {
    Ok(status(&admin, "could not query eth balance").await?.balance.to_string())
}

pub(super) async fn max_gas_price(State(admin): State<Shared>) -> Text {
    Ok(admin.money()?.funds.max_gas_price().map(|wei| wei.to_string()).unwrap_or_default())
}

pub(super) async fn sender_info(State(admin): State<Shared>) -> Result<Response, Refusal> {
    let sender = status(&admin, "could not query sender info").await?.sender;
    Ok(json(format!(
        r#"{{"Deposit":{},"WithdrawRound":{},"Reserve":{{"FundsRemaining":{},"ClaimedInCurrentRound":{}}}}}"#,
        sender.deposit, sender.withdraw_round, sender.reserve.remaining, sender.reserve.claimed
    )))
}

pub(super) async fn ticket_broker_params(State(admin): State<Shared>) -> Result<Response, Refusal> {
    let status = status(&admin, "could not query TicketBroker unlockPeriod").await?;
    Ok(json(format!(r#"{{"UnlockPeriod":{}}}"#, status.unlock_period)))
}

pub(super) async fn contract_addresses(State(admin): State<Shared>) -> Result<Response, Refusal> {
    let contracts = admin.money()?.payments.chain.contracts();
    let known = [
        ("BondingManager", contracts.bonding),
        ("Controller", contracts.controller),
        ("RoundsManager", contracts.rounds),
        ("ServiceRegistry", contracts.registry),
        ("TicketBroker", contracts.broker),
    ];
    let known = known.map(|(name, address)| format!(r#""{name}":"{address:#x}""#));
    Ok(json(format!("{{{}}}", known.join(","))))
}

/// Works off-chain, too.
pub(super) async fn broadcast_config(State(admin): State<Shared>) -> Response {
    let config = &admin.context.config;
    let rates = admin.money.as_ref().map(|money| money.payments.ledger.rates());
    let max = general_max(config, &rates.unwrap_or_default(), admin.context.clock.wall());
    // Stock shows its price in wei or nothing; a currency without a rate is nothing for the moment.
    let max = max.ok().flatten().map(|max| max.to_string());
    let names: Vec<&str> = config.profiles.iter().map(|p| p.name.as_str()).collect();
    json(serde_json::json!({"MaxPrice": max, "TranscodingOptions": names.join(",")}).to_string())
}

/// Asked of the chain at this moment: after a transaction the gateway's own picture is a little old.
async fn status(admin: &Shared, what: &str) -> Result<FundStatus, Refusal> {
    let status = admin.money()?.funds.status().await;
    status.map_err(|error| Refusal::internal(format!("{what}: {}", reason(&error))))
}

#[cfg(test)]
mod tests {
    use jiff::Timestamp;
    use waymark_payments::chain::{Health, RoundState, SenderState};

    use super::*;

    #[test]
    fn the_current_round_is_later_than_the_last_initialised_one() {
        let mut state = ChainState {
            head: 9_000,
            l1_block: 1_250,
            round: RoundState { number: 7, start_block: 1_000, length: 100, ..Default::default() },
            pool_size: 1,
            sender: SenderState::default(),
            gas_price: None,
            read_at: Timestamp::UNIX_EPOCH,
            health: Health::Fresh,
        };
        assert_eq!(round(&state), 9);
        state.l1_block = 1_050;
        assert_eq!(round(&state), 8, "the contract says that it has begun");
        state.round.initialized = true;
        assert_eq!(round(&state), 7);
    }
}
