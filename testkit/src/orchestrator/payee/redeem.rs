//! The task that turns winners into money (go-livepeer `pm/queue.go:115-172`,
//! `pm/sendermonitor.go:356-413`).
//!
//! Each sender has a queue, and its oldest winner holds up the others: with every L1 block one is
//! tried, once its parameters have expired. Only senders that this process has heard from have their
//! turn.

use std::sync::Arc;
use std::time::Duration;

use alloy_primitives::{Address, U256};

use super::super::life::Life;
use super::super::node::Node;
use super::super::stats::count;
use super::chain::{ChainError, Head, Redeemer};
use super::winners::Winner;
use super::{Memory, Payee};

/// Pause after the chain did not answer.
const PAUSE: Duration = Duration::from_secs(1);
/// Rounds after which a ticket is given up (go-livepeer `pm/queue.go:12`).
const MAX_AGE: u64 = 2;

/// Redeems until the node drains.
pub(crate) async fn run(node: Arc<Node>, life: Arc<Life>) {
    let Some(payee) = node.payee.clone() else { return };
    let Some(redeemer) = payee.settings.redeemer.clone() else { return };
    let mut arrivals = payee.winners.arrivals();
    loop {
        arrivals.mark_unchanged();
        let memory = life.memory();
        let head = match payee.settings.head().await {
            Ok(head) => Some(head),
            Err(error) => {
                tracing::warn!(%error, "winners wait for the chain");
                None
            }
        };
        if let Some(head) = head {
            for sender in payee.winners.senders() {
                turn(&node, &payee, redeemer.as_ref(), &memory, sender, &head).await;
            }
            node.stats.update(|stats| stats.payments.winners_waiting = payee.waiting());
        }
        tokio::select! {
            () = life.draining.cancelled() => return,
            () = next(&payee, head) => {}
            arrived = arrivals.changed(), if payee.settings.redeem_at_once => {
                if arrived.is_err() {
                    return;
                }
            }
        }
    }
}

async fn next(payee: &Payee, head: Option<Head>) {
    match head {
        Some(head) => payee.settings.chain.block_after(head.l1_block).await,
        None => tokio::time::sleep(PAUSE).await,
    }
}

/// A sender's turn: one winner, or all of them where nothing has to wait.
async fn turn(
    node: &Node,
    payee: &Payee,
    redeemer: &dyn Redeemer,
    memory: &Memory,
    sender: Address,
    head: &Head,
) {
    if !memory.known.lock().contains(&sender) {
        return;
    }
    while let Some(winner) = payee.winners.oldest(sender) {
        let at_once = payee.settings.redeem_at_once;
        if !at_once && U256::from(head.l1_block) < winner.expiration_block {
            return;
        }
        match redeem(payee, redeemer, &winner, head).await {
            Ok(Outcome::Redeemed) => {
                payee.winners.remove_oldest(sender);
                tracing::info!(
                    node = node.options.name,
                    ticket = %winner.ticket.hash(),
                    tag = winner.ticket.tag(),
                    face_value = %winner.ticket.face_value,
                    "winner redeemed"
                );
                node.stats.update(|stats| stats.payments.paid_out(&winner));
                if !at_once {
                    return;
                }
            }
            Ok(Outcome::Dropped(reason)) => {
                payee.winners.remove_oldest(sender);
                tracing::warn!(node = node.options.name, reason, "winner given up");
                node.stats.update(|stats| count(&mut stats.payments.winners_dropped, reason));
            }
            Err(error) => {
                tracing::warn!(
                    node = node.options.name,
                    %error,
                    cause = std::error::Error::source(&error),
                    "winner not redeemed yet"
                );
                let text = error.to_string();
                node.stats.update(|stats| count(&mut stats.payments.redeem_errors, &text));
                return;
            }
        }
    }
}

enum Outcome {
    Redeemed,
    Dropped(&'static str),
}

async fn redeem(
    payee: &Payee,
    redeemer: &dyn Redeemer,
    winner: &Winner,
    head: &Head,
) -> Result<Outcome, ChainError> {
    let ticket = &winner.ticket;
    let created = u64::try_from(ticket.creation_round).unwrap_or_default();
    if created < head.round.saturating_sub(MAX_AGE) {
        return Ok(Outcome::Dropped("too old"));
    }
    let chain = &payee.settings.chain;
    if !chain.is_active(payee.recipient).await? {
        return Err(ChainError::new("recipient is not active"));
    }
    if redeemer.is_used(ticket.hash()).await? {
        return Ok(Outcome::Dropped("used before"));
    }
    let funds = chain.funds(ticket.sender, payee.recipient).await?;
    let available = funds
        .share(head.pool_size)
        .saturating_add(funds.deposit)
        .saturating_sub(payee.winners.pending(ticket.sender));
    let cost = payee.settings.economy(head).tx_cost();
    if available <= cost {
        return Err(ChainError::new("insufficient sender funds for redeem tx cost"));
    }
    if ticket.face_value <= cost {
        return Err(ChainError::new("insufficient ticket face value for redeem tx cost"));
    }
    let _pending = payee.winners.begin(ticket.sender, ticket.face_value);
    redeemer.redeem(winner).await?;
    Ok(Outcome::Redeemed)
}
