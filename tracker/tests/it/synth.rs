//! Logs as a node writes them, made from what happened.

use alloy_primitives::{Address, B256, Bytes, LogData, U256, keccak256};
use alloy_sol_types::SolEvent;
use serde_json::{Value, json};
use waymark_contracts::TicketBroker::{WinningTicketRedeemed, WinningTicketTransfer};

/// The broker of made-up logs.
pub(crate) const BROKER: Address = Address::repeat_byte(0xb0);
/// The registry of made-up logs.
#[allow(dead_code, reason = "the benchmark has no registry")]
pub(crate) const REGISTRY: Address = Address::repeat_byte(0x4e);

/// Where a log stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Spot {
    /// Number of the block.
    pub(crate) block: u64,
    /// Which fork the block is of; its hash depends on it.
    pub(crate) fork: u64,
    /// Index in the block.
    pub(crate) index: u64,
    /// Which transaction of the block.
    pub(crate) tx: u64,
}

impl Spot {
    /// Hash of the block.
    pub(crate) fn block_hash(&self) -> B256 {
        keccak256([self.block.to_be_bytes(), self.fork.to_be_bytes()].concat())
    }

    fn transaction(&self) -> B256 {
        keccak256([self.block.to_be_bytes(), self.tx.to_be_bytes()].concat())
    }
}

/// A winning ticket.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Ticket {
    /// The gateway.
    pub(crate) sender: Address,
    /// The orchestrator.
    pub(crate) recipient: Address,
    /// Nominal value, wei.
    pub(crate) face_value: U256,
    /// The nonce.
    pub(crate) nonce: U256,
    /// What the orchestrator revealed: its hash names the session.
    pub(crate) rand: U256,
    /// Round of creation.
    pub(crate) round: u64,
}

impl Ticket {
    /// The session's name.
    #[allow(dead_code, reason = "the benchmark has no books")]
    pub(crate) fn session(&self) -> B256 {
        keccak256(self.rand.to_be_bytes::<32>())
    }

    fn aux_data(&self) -> Bytes {
        let round = U256::from(self.round).to_be_bytes::<32>();
        [round, keccak256(round).0].concat().into()
    }

    /// The ticket's hash (payments-contracts 1.2), written once more from the specification.
    #[allow(dead_code, reason = "the benchmark does not look")]
    pub(crate) fn hash(&self) -> B256 {
        let mut bytes = Vec::new();
        bytes.extend_from_slice(self.recipient.as_slice());
        bytes.extend_from_slice(self.sender.as_slice());
        for word in [self.face_value, U256::MAX >> 2, self.nonce] {
            bytes.extend_from_slice(&word.to_be_bytes::<32>());
        }
        bytes.extend_from_slice(self.session().as_slice());
        bytes.extend_from_slice(&self.aux_data());
        keccak256(bytes)
    }

    /// Its redemption.
    pub(crate) fn redeemed(&self, spot: Spot, time: Option<u64>) -> Value {
        let event = WinningTicketRedeemed {
            sender: self.sender,
            recipient: self.recipient,
            faceValue: self.face_value,
            winProb: U256::MAX >> 2,
            senderNonce: self.nonce,
            recipientRand: self.rand,
            auxData: self.aux_data(),
        };
        log(BROKER, &event, spot, time)
    }

    /// The payment for it.
    pub(crate) fn transfer(&self, spot: Spot, amount: U256, time: Option<u64>) -> Value {
        let event =
            WinningTicketTransfer { sender: self.sender, recipient: self.recipient, amount };
        log(BROKER, &event, spot, time)
    }
}

/// Any event as a log object.
pub(crate) fn log(address: Address, event: &impl SolEvent, spot: Spot, time: Option<u64>) -> Value {
    let data: LogData = event.encode_log_data();
    let mut object = json!({
        "address": address,
        "topics": data.topics(),
        "data": data.data,
        "blockNumber": format!("{:#x}", spot.block),
        "blockHash": spot.block_hash(),
        "transactionHash": spot.transaction(),
        "transactionIndex": format!("{:#x}", spot.tx),
        "logIndex": format!("{:#x}", spot.index),
        "removed": false,
    });
    if let Some(time) = time {
        object["blockTimestamp"] = json!(format!("{time:#x}"));
    }
    object
}
