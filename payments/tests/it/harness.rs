//! Recorded data, keys and chain states for the tests.

use std::path::Path;

use alloy_primitives::{Address, B256, U256};
use jiff::Timestamp;
use serde_json::Value;
use waymark_payments::chain::{ChainState, Health, Reserve, RoundState, SenderState};
use waymark_payments::check::TicketLimits;
use waymark_payments::money;
use waymark_payments::payer::{HEADER_BYTES, Settings};
use waymark_payments::signer::LocalKey;

pub(crate) const NOW: Timestamp = Timestamp::UNIX_EPOCH;

/// A recorded file.
pub(crate) fn data(name: &str) -> Value {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/data").join(name);
    serde_json::from_slice(&std::fs::read(path).unwrap()).unwrap()
}

/// The key of a recorded address.
pub(crate) fn key_of(address: &str) -> LocalKey {
    let file = data("keys-and-chain.json");
    let accounts = file["accounts"].as_array().unwrap();
    let account =
        accounts.iter().find(|a| text(&a["address"]).eq_ignore_ascii_case(address)).unwrap();
    key(text(&account["privateKey"]))
}

pub(crate) fn key(hex: &str) -> LocalKey {
    LocalKey::from_slice(&bytes(hex)).unwrap()
}

pub(crate) fn text(value: &Value) -> &str {
    value.as_str().unwrap()
}

pub(crate) fn bytes(hex: &str) -> Vec<u8> {
    hex::decode(hex.trim_start_matches("0x")).unwrap()
}

pub(crate) fn hash(hex: &str) -> B256 {
    B256::from_slice(&bytes(hex))
}

pub(crate) fn address(hex: &str) -> Address {
    Address::from_slice(&bytes(hex))
}

/// Funds for anything.
pub(crate) fn rich(l1_block: u64) -> ChainState {
    let much = U256::from(10).pow(U256::from(21));
    ChainState {
        head: 1,
        l1_block,
        round: RoundState { number: 9, initialized: true, ..Default::default() },
        pool_size: 1,
        sender: SenderState {
            deposit: much,
            withdraw_round: 0,
            reserve: Reserve { remaining: much, claimed: U256::ZERO },
        },
        gas_price: None,
        read_at: NOW,
        health: Health::Fresh,
    }
}

/// The limits the recorded gateways ran with.
pub(crate) fn generous() -> Settings {
    Settings {
        limits: TicketLimits {
            ticket_value: money::parse("10000000000000000").unwrap(),
            payment_value: money::parse("100000000000000000").unwrap(),
            deposit_multiplier: 1,
        },
        header_bytes: HEADER_BYTES,
    }
}
