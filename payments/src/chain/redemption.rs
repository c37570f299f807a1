//! Redemptions of the gateway's own tickets, as the chain's log tells them.
//!
//! The log alone gives the ticket's hash: it has every field but `recipientRandHash`, and that is
//! the hash of the revealed `recipientRand`. What was really paid is in the transfer's log just
//! before (payments-contracts 5.2): a ticket on an empty deposit is burned and has none.

use std::fmt;

use alloy_primitives::{Address, B256, Bytes, U256, keccak256};
use alloy_sol_types::SolEvent as _;
use serde::Deserialize;
use waymark_contracts::TicketBroker::{WinningTicketRedeemed, WinningTicketTransfer};
use waymark_tagging::{TagId, nonce};

/// Which log: one that vanished and came back in another block is another. In the order of the chain.
#[derive(Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct LogId {
    /// Number of its block.
    pub block: u64,
    /// Its place in the block.
    pub index: u64,
    /// Hash of its block.
    pub block_hash: B256,
    /// Its transaction.
    pub transaction: B256,
}

impl fmt::Debug for LogId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { block, block_hash, transaction, index } = self;
        write!(f, "LogId({index} of {transaction} in {block} {block_hash})")
    }
}

/// A winning ticket of ours that somebody redeemed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Redemption {
    /// Where it is recorded.
    pub log: LogId,
    /// Who paid: the gateway.
    pub sender: Address,
    /// Who was paid.
    pub recipient: Address,
    /// What the ticket promised a winner, wei.
    pub face_value: U256,
    /// What was really paid, wei; less than the face value when the funds did not suffice.
    pub paid: U256,
    /// The probability, of 2^256 - 1.
    pub win_prob: U256,
    /// The nonce.
    pub nonce: U256,
    /// What the orchestrator revealed.
    pub recipient_rand: B256,
    /// Its hash: names the ticket parameters.
    pub params: B256,
    /// Round of the ticket's creation.
    pub creation_round: u64,
    /// The ticket's hash: what the chain knows it by.
    pub ticket_hash: B256,
    /// The tag and the counter in the nonce, by [`nonce::decode`].
    pub tag: Option<(TagId, u16)>,
}

/// A log as `eth_getLogs` gives it.
#[derive(Debug, Clone, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Log {
    pub(crate) address: Address,
    pub(crate) topics: Vec<B256>,
    pub(crate) data: Bytes,
    block_number: U256,
    block_hash: B256,
    transaction_hash: B256,
    #[serde(rename = "logIndex")]
    index: U256,
    #[serde(default)]
    pub(crate) removed: bool,
}

impl Log {
    pub(crate) fn id(&self) -> LogId {
        LogId {
            block: self.block_number.saturating_to(),
            block_hash: self.block_hash,
            transaction: self.transaction_hash,
            index: self.index.saturating_to(),
        }
    }

    pub(crate) fn kind(&self) -> Option<B256> {
        self.topics.first().copied()
    }

    /// The address in the first indexed parameter.
    pub(crate) fn subject(&self) -> Option<Address> {
        self.topics.get(1).map(|topic| Address::from_word(*topic))
    }
}

/// The redemptions by the broker in `logs`, which are in the order of the chain.
pub(crate) fn redemptions(logs: &[Log], broker: Address, sender: Address) -> Vec<Redemption> {
    let ours = |log: &Log| log.address == broker && log.subject() == Some(sender);
    let mut found = Vec::new();
    let mut before: Option<&Log> = None;
    for log in logs.iter().filter(|log| ours(log)) {
        if log.kind() == Some(WinningTicketRedeemed::SIGNATURE_HASH) {
            match redemption(log, before) {
                Ok(redemption) => found.push(redemption),
                Err(error) => tracing::error!(
                    log = ?log.id(), %error,
                    "a redemption cannot be read; is the contract a newer one?"
                ),
            }
        }
        before = Some(log);
    }
    found
}

fn redemption(log: &Log, before: Option<&Log>) -> Result<Redemption, alloy_sol_types::Error> {
    let event = WinningTicketRedeemed::decode_raw_log(log.topics.iter().copied(), &log.data)?;
    let id = log.id();
    let recipient_rand = B256::from(event.recipientRand);
    let params = keccak256(recipient_rand);
    let nonce = event.senderNonce;
    Ok(Redemption {
        log: id,
        sender: event.sender,
        recipient: event.recipient,
        face_value: event.faceValue,
        paid: before.and_then(|before| transfer(before, &id, &event)).unwrap_or_default(),
        win_prob: event.winProb,
        nonce,
        recipient_rand,
        params,
        creation_round: event
            .auxData
            .first_chunk::<32>()
            .map_or(0, |word| U256::from_be_bytes(*word).saturating_to()),
        ticket_hash: ticket_hash(&event, &params),
        tag: u32::try_from(nonce).ok().and_then(nonce::decode),
    })
}

/// What the log right before says was paid for the same ticket.
fn transfer(before: &Log, id: &LogId, event: &WinningTicketRedeemed) -> Option<U256> {
    let there = before.id();
    if there.transaction != id.transaction || there.index.checked_add(1)? != id.index {
        return None;
    }
    let paid = WinningTicketTransfer::decode_raw_log(before.topics.iter().copied(), &before.data);
    let paid = paid.ok().filter(|paid| paid.sender == event.sender)?;
    (paid.recipient == event.recipient).then_some(paid.amount)
}

/// The hash of the ticket (payments-contracts 1.2).
fn ticket_hash(event: &WinningTicketRedeemed, params: &B256) -> B256 {
    let mut text = Vec::with_capacity(232);
    text.extend_from_slice(event.recipient.as_slice());
    text.extend_from_slice(event.sender.as_slice());
    for number in [event.faceValue, event.winProb, event.senderNonce] {
        text.extend_from_slice(&number.to_be_bytes::<32>());
    }
    text.extend_from_slice(params.as_slice());
    text.extend_from_slice(&event.auxData);
    keccak256(text)
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::*;

    /// Logs of the eight recorded redemptions, in the shape of `eth_getLogs`.
    fn recorded() -> Vec<(Value, Vec<Log>)> {
        let text = include_str!("../../tests/data/redemptions.json");
        let all: Vec<Value> = serde_json::from_str(text).unwrap();
        let logs = |one: &Value| {
            let log = |log: &Value| {
                let json = json!({
                    "address": log["address"], "topics": log["topics"], "data": log["data"],
                    "blockNumber": format!("{:#x}", one["blockNumber"].as_u64().unwrap()),
                    "blockHash": B256::ZERO, "transactionHash": one["transactionHash"],
                    "logIndex": format!("{:#x}", log["logIndex"].as_u64().unwrap()),
                });
                serde_json::from_value(json).unwrap()
            };
            one["logs"].as_array().unwrap().iter().map(log).collect()
        };
        all.into_iter().map(|one| (one.clone(), logs(&one))).collect()
    }

    #[test]
    fn every_recorded_log_gives_back_its_ticket() {
        let all = recorded();
        assert_eq!(all.len(), 8);
        for (one, logs) in all {
            let decoded = &one["decoded"];
            let broker = logs.last().unwrap().address;
            let sender: Address = decoded["sender"].as_str().unwrap().parse().unwrap();
            let found = redemptions(&logs, broker, sender);
            assert_eq!(found.len(), 1, "{}", one["kind"]);
            let got = &found[0];
            assert_eq!(json!(got.ticket_hash), one["ticketHash"], "{}", one["kind"]);
            assert_eq!(json!(got.params), decoded["recipientRandHash"]);
            assert_eq!(json!(got.creation_round), decoded["creationRound"]);
            let (tag, counter) = got.tag.map_or((0, 0), |(tag, n)| (tag.get(), n));
            assert_eq!(
                (json!(tag), json!(counter)),
                (decoded["tagId"].clone(), decoded["counter"].clone())
            );
            assert_eq!(got.paid, got.face_value, "{}", one["kind"]);
        }
    }

    #[test]
    fn a_ticket_without_a_transfer_was_burned() {
        let (one, mut logs) = recorded().remove(0);
        let broker = logs[0].address;
        let sender = one["decoded"]["sender"].as_str().unwrap().parse().unwrap();
        logs.remove(0);
        assert_eq!(redemptions(&logs, broker, sender)[0].paid, U256::ZERO);
    }

    #[test]
    fn logs_of_another_contract_or_sender_are_not_ours() {
        let (one, logs) = recorded().remove(0);
        let sender = one["decoded"]["sender"].as_str().unwrap().parse().unwrap();
        assert_eq!(redemptions(&logs, Address::ZERO, sender), []);
        assert_eq!(redemptions(&logs, logs[0].address, Address::ZERO), []);
    }
}
