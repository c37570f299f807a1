//! `waymark funds status`: what there is, what it carries, how long it lasts.

use std::fmt::{self, Write as _};

use alloy_primitives::{Address, U256};
use waymark_payments::{
    fund::{FundStatus, Funds},
    ledger::{RunRate, Viewer},
    limits::wei_text,
};

use super::{FundsError, wallet};
use crate::{clock::Clock, config::Config, orchestrator::error::chain, payments::ledger_path};

/// Days of spending that the runway is reckoned from.
pub(crate) const RATE_DAYS: u16 = 7;

/// Everything that is shown.
#[derive(Debug)]
pub(super) struct Status {
    pub(super) address: Address,
    pub(super) network: String,
    pub(super) chain_id: u64,
    pub(super) funds: FundStatus,
    pub(super) round_initialized: bool,
    pub(super) pool_size: u64,
    pub(super) deposit_multiplier: u64,
    pub(super) spending: Spending,
}

/// What is known of how fast the deposit goes.
#[derive(Debug)]
pub(super) enum Spending {
    /// Nothing was ever paid from this data directory.
    NoLedger,
    /// As on record.
    Rate(RunRate),
    /// The ledger cannot be read.
    Unreadable(String),
}

pub(super) async fn read(config: &Config, clock: &Clock) -> Result<Status, FundsError> {
    let settings = wallet::fund_settings(wallet::chain_of(config)?);
    let address = wallet::account(config)?;
    let chain = wallet::chain(config, address, clock).await?;
    let state = chain.state();
    Ok(Status {
        address,
        network: config.network.to_string(),
        chain_id: chain.rpc().chain_id().unwrap_or_default(),
        funds: Funds::of(&chain, settings).status().await?,
        round_initialized: state.round.initialized,
        pool_size: state.pool_size,
        deposit_multiplier: config.tickets.deposit_multiplier.get(),
        spending: spending(config, clock),
    })
}

/// Reads the file itself, which also works while a gateway keeps it.
fn spending(config: &Config, clock: &Clock) -> Spending {
    let rate = Viewer::open(ledger_path(config)).and_then(|viewer| {
        viewer.map(|viewer| viewer.run_rate(clock.wall(), RATE_DAYS)).transpose()
    });
    match rate {
        Ok(None) => Spending::NoLedger,
        Ok(Some(rate)) => Spending::Rate(rate),
        Err(error) => Spending::Unreadable(chain(&error)),
    }
}

/// The largest face value that the funds back: what the deposit allows by the gateway's own rule,
/// and what one orchestrator can claim of the reserve in a round (payments-contracts 1.4, 1.5).
pub(super) fn carried(funds: &FundStatus, pool_size: u64, deposit_multiplier: u64) -> U256 {
    let of_deposit = funds.sender.deposit / U256::from(deposit_multiplier.max(1));
    of_deposit.min(share(funds, pool_size))
}

/// What one orchestrator can claim of the reserve in a round.
fn share(funds: &FundStatus, pool_size: u64) -> U256 {
    let reserve = &funds.sender.reserve;
    reserve.remaining.saturating_add(reserve.claimed) / U256::from(pool_size.max(1))
}

/// The part that every command shows.
pub(super) fn lines(funds: &FundStatus) -> String {
    let mut text = String::new();
    let rows = [
        ("account", wei_text(funds.balance)),
        ("deposit", wei_text(funds.sender.deposit)),
        ("reserve", reserve(funds)),
        ("funds", lock(funds)),
    ];
    for (name, value) in rows {
        writeln!(text, "  {name:9} {value}").expect("writing to a String cannot fail");
    }
    if funds.paused {
        text.push_str(
            "  Livepeer's contracts are paused by their owner: nothing can be changed.\n",
        );
    }
    text
}

fn reserve(funds: &FundStatus) -> String {
    let reserve = &funds.sender.reserve;
    let mut text = wei_text(reserve.remaining);
    if !reserve.claimed.is_zero() {
        let claimed = wei_text(reserve.claimed);
        write!(text, ", {claimed} claimed in this round").expect("writing to a String cannot fail");
    }
    text
}

fn lock(funds: &FundStatus) -> String {
    let sender = &funds.sender;
    let empty = sender.deposit.is_zero() && sender.reserve.remaining.is_zero();
    match funds.rounds_until_withdrawal() {
        // After a withdrawal the round stays on record.
        _ if empty => "none".to_owned(),
        None => "locked: they back tickets".to_owned(),
        Some(0) => "unlocked: they can be withdrawn now".to_owned(),
        Some(rounds) => format!(
            "unlocking: they can be withdrawn from round {}, in {rounds} round{}",
            sender.withdraw_round,
            if rounds == 1 { "" } else { "s" }
        ),
    }
}

impl fmt::Display for Status {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { funds, pool_size, .. } = self;
        writeln!(f, "{} on {} (chain {})", self.address, self.network, self.chain_id)?;
        f.write_str(&lines(funds))?;
        let begun = if self.round_initialized { "" } else { ", not initialised yet" };
        writeln!(f, "  round     {}{begun}", funds.round)?;
        let share = wei_text(share(funds, *pool_size));
        writeln!(
            f,
            "  pool      {pool_size} orchestrators; each can claim {share} of the reserve"
        )?;
        let carried = wei_text(carried(funds, *pool_size, self.deposit_multiplier));
        writeln!(f, "  tickets   with a face value of up to {carried} are backed")?;
        writeln!(f, "  runway    {}", self.runway())
    }
}

impl Status {
    fn runway(&self) -> String {
        let rate = match &self.spending {
            Spending::NoLedger => {
                return "not known: nothing was paid from this data directory yet".into();
            }
            Spending::Unreadable(why) => return format!("not known: {why}"),
            Spending::Rate(rate) => rate,
        };
        let Some(days) = rate.runway_days(self.funds.sender.deposit) else {
            return format!("without end: nothing was spent in the last {RATE_DAYS} days");
        };
        format!(
            "{days:.1} days, at {} promised and {} paid out a day (last {RATE_DAYS} days)",
            wei_text(rate.promised),
            wei_text(rate.redeemed)
        )
    }
}
