//! What is wrong, in plain words, and what to do about it: the chain's part of `waymark doctor`.
//!
//! Pure: everything is given. A finding never says that all is well.

use std::fmt;

use alloy_primitives::{Address, U256, utils::format_ether};
use jiff::Timestamp;

use super::{
    ChainState, Health,
    rpc::{EndpointStatus, Fault},
};
use crate::fund::gwei;

/// How bad it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Severity {
    /// Works now, will stop.
    Warning,
    /// Jobs cannot be paid.
    Fatal,
}

/// Something that is wrong.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Finding {
    /// How bad it is.
    pub severity: Severity,
    /// A name that does not change, for scripts.
    pub code: &'static str,
    /// What is wrong.
    pub what: String,
    /// What to do.
    pub advice: String,
}

impl fmt::Display for Finding {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}. {}", self.what, self.advice)
    }
}

/// What is known. `None` means that it was not asked or not answered, which is no finding by itself.
#[derive(Debug, Clone, Default)]
pub struct Inputs {
    /// Whose funds they are.
    pub sender: Address,
    /// The state, if the chain could be read.
    pub state: Option<ChainState>,
    /// Why it could not.
    pub unreadable: Option<String>,
    /// How each endpoint is.
    pub endpoints: Vec<EndpointStatus>,
    /// Time of the newest block, Unix seconds.
    pub block_time: Option<u64>,
    /// The computer's time.
    pub now: Timestamp,
    /// How old the newest block may be before a clock is suspected; the default of a minute suits
    /// chains that make blocks all the time. `None`: the chain makes blocks only now and then.
    pub block_age: Option<u64>,
    /// How many orchestrators are to be worked with.
    pub orchestrators: Option<u64>,
    /// The face value that they ask for.
    pub face_value: Option<U256>,
    /// Times the face value that the deposit must hold (`-depositMultiplier`).
    pub deposit_multiplier: u64,
    /// The most that is paid for a unit, in the unit of `offers`.
    pub max_price: Option<U256>,
    /// Prices asked at the moment.
    pub offers: Vec<U256>,
    /// The most that a unit of gas may cost, wei (`-maxGasPrice`).
    pub max_gas_price: Option<U256>,
    /// Ether of the account itself, for gas.
    pub balance: Option<U256>,
}

/// Everything that is wrong, the worst first.
pub fn diagnose(inputs: &Inputs) -> Vec<Finding> {
    let mut findings = Findings(Vec::new());
    endpoints(inputs, &mut findings);
    clock(inputs, &mut findings);
    if let Some(state) = &inputs.state {
        health(state, &mut findings);
        round(state, &mut findings);
        funds(inputs, state, &mut findings);
        gas(inputs, state, &mut findings);
    }
    prices(inputs, &mut findings);
    let mut findings = findings.0;
    findings.sort_by_key(|finding| std::cmp::Reverse(finding.severity));
    findings
}

struct Findings(Vec<Finding>);

impl Findings {
    fn fatal(&mut self, code: &'static str, what: impl Into<String>, advice: impl Into<String>) {
        let (what, advice) = (what.into(), advice.into());
        self.0.push(Finding { severity: Severity::Fatal, code, what, advice });
    }

    fn warn(&mut self, code: &'static str, what: impl Into<String>, advice: impl Into<String>) {
        let (what, advice) = (what.into(), advice.into());
        self.0.push(Finding { severity: Severity::Warning, code, what, advice });
    }
}

fn endpoints(inputs: &Inputs, findings: &mut Findings) {
    if let Some(why) = &inputs.unreadable {
        findings.fatal(
            "chain-unreadable",
            format!("the chain cannot be read: {why}"),
            "Check -ethUrl, -network and -ethController; a Controller must exist on the chain that the endpoint serves",
        );
    }
    for endpoint in &inputs.endpoints {
        let host = &endpoint.host;
        match &endpoint.fault {
            None => {}
            Some(fault @ Fault::WrongChain { .. }) => findings.fatal(
                "wrong-chain",
                format!("RPC endpoint {host}: {fault}"),
                "Use an endpoint of the network that is configured",
            ),
            Some(fault @ (Fault::Contradicts(_) | Fault::Lags { .. })) => findings.warn(
                "endpoints-disagree",
                format!("RPC endpoint {host}: {fault}"),
                "Endpoints disagree about the newest block; replace the one that is wrong",
            ),
            Some(fault) => findings.warn(
                "endpoint-down",
                format!("RPC endpoint {host}: {fault}"),
                "Check its address, its key and the provider's limits",
            ),
        }
    }
}

fn clock(inputs: &Inputs, findings: &mut Findings) {
    let (Some(block), Ok(now)) = (inputs.block_time, u64::try_from(inputs.now.as_second())) else {
        return;
    };
    let limit = inputs.block_age.unwrap_or(u64::MAX);
    let (what, seconds) =
        if block > now { ("behind", block - now) } else { ("ahead of", now - block) };
    // A block from the future is wrong on any chain.
    if seconds > limit || (block > now && seconds > 60) {
        findings.warn(
            "clock",
            format!("the computer's clock is {seconds} s {what} the newest block's"),
            "Synchronise the clock (NTP): tokens and parameters expire by it; if it is right, the RPC endpoint is late",
        );
    }
}

fn health(state: &ChainState, findings: &mut Findings) {
    match state.health {
        Health::Fresh => {}
        Health::Stale => findings.warn(
            "chain-stale",
            format!("no RPC endpoint has told a new block since {}", state.read_at),
            "Payments go on until the orchestrators' ticket parameters expire, about 8 minutes; check the endpoints",
        ),
        Health::Suspect => findings.fatal(
            "chain-suspect",
            "RPC endpoints contradict each other or the past",
            "Nothing new is promised until they agree; add another endpoint to -ethUrl, or replace the wrong one",
        ),
    }
}

fn round(state: &ChainState, findings: &mut Findings) {
    if !state.round.initialized {
        findings.warn(
            "round-not-initialized",
            format!("the round after {} has begun and nobody has initialised it", state.round.number),
            "Winning tickets cannot be redeemed meanwhile; orchestrators usually do it within minutes, anybody may call initializeRound",
        );
    }
}

fn funds(inputs: &Inputs, state: &ChainState, findings: &mut Findings) {
    let sender = &state.sender;
    let address = inputs.sender;
    let multiplier = U256::from(inputs.deposit_multiplier.max(1));
    if sender.deposit.is_zero() {
        findings.fatal(
            "no-deposit",
            format!("{address} has no deposit in the TicketBroker"),
            "Fund it: `waymark funds add --deposit AMOUNT`",
        );
    } else if let Some(face) = inputs.face_value
        && sender.deposit / multiplier < face
    {
        findings.fatal(
            "deposit-too-low",
            format!(
                "the deposit of {} ETH is below the face value of {} ETH that tickets have",
                format_ether(sender.deposit),
                format_ether(face)
            ),
            "Fund more: three face values let one winner be redeemed while others are issued",
        );
    }
    reserve(inputs, state, findings);
    // After a withdrawal the round stays on record, until the next funding.
    let empty = sender.deposit.is_zero() && sender.reserve.remaining.is_zero();
    if sender.withdraw_round != 0 && !empty {
        let soon = sender.withdraw_round <= state.round.number.saturating_add(1);
        let what = format!(
            "an unlock is in progress: the funds can be withdrawn from round {}, it is round {}",
            sender.withdraw_round, state.round.number
        );
        let advice = "Cancel it with `waymark funds cancel-unlock` if it was not meant; if you did not start it, the key is known to somebody else";
        if soon {
            findings.fatal("unlocking", what + ", so orchestrators refuse payments", advice);
        } else {
            findings.warn("unlocking", what, advice);
        }
    }
}

fn reserve(inputs: &Inputs, state: &ChainState, findings: &mut Findings) {
    let reserve = &state.sender.reserve;
    if reserve.remaining.is_zero() {
        findings.fatal(
            "no-reserve",
            "there is no reserve; orchestrators give no ticket parameters without one",
            "Fund it: `waymark funds add --reserve AMOUNT`",
        );
        return;
    }
    let Some(face) = inputs.face_value else { return };
    let pool = U256::from(state.pool_size.max(1));
    // What one orchestrator can have of it in a round (payments-contracts 1.4).
    let share = reserve.remaining.saturating_add(reserve.claimed) / pool;
    if share < face {
        let needed = face.saturating_mul(pool);
        let of = inputs.orchestrators.unwrap_or(state.pool_size);
        findings.fatal(
            "reserve-too-low",
            format!(
                "the reserve is split among the {} orchestrators of the pool: {} ETH for each of the {of} you work with, below the face value of {} ETH",
                state.pool_size,
                format_ether(share),
                format_ether(face)
            ),
            format!("Orchestrators lower the face value or refuse; for full face values the reserve must be {} ETH", format_ether(needed)),
        );
    }
}

fn gas(inputs: &Inputs, state: &ChainState, findings: &mut Findings) {
    if let (Some(price), Some(limit)) = (state.gas_price, inputs.max_gas_price)
        && price > limit
    {
        findings.warn(
            "gas-price",
            format!("gas costs {} gwei, the limit is {} gwei", gwei(price), gwei(limit)),
            "Transactions (funding, unlocking) are refused until it falls or -maxGasPrice is raised; payments go on",
        );
    }
    if inputs.balance.is_some_and(|balance| balance.is_zero()) {
        findings.warn(
            "no-ether",
            format!("{} has no ether of its own", inputs.sender),
            "Payments go on; funding, unlocking and withdrawing need ether for gas",
        );
    }
}

fn prices(inputs: &Inputs, findings: &mut Findings) {
    let (Some(cap), Some(cheapest)) = (inputs.max_price, inputs.offers.iter().min()) else {
        return;
    };
    if *cheapest > cap {
        findings.fatal(
            "price-cap",
            format!(
                "the highest price accepted is {cap} wei a unit; the cheapest of {} orchestrators asks {cheapest}",
                inputs.offers.len()
            ),
            "Raise -maxPricePerUnit, or wait for cheaper orchestrators",
        );
    }
}

#[cfg(test)]
mod tests;
