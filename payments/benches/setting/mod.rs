//! What both benchmarks of payments start from: a key, an offer, a chain.

use std::num::NonZeroU64;

use alloy_primitives::{Address, B256, U256};
use jiff::{SignedDuration, Timestamp};
use waymark_payments::chain::{ChainState, Health, Reserve, RoundState, SenderState};
use waymark_payments::price::Price;
use waymark_payments::session::Offer;
use waymark_payments::ticket::{Creation, TicketParams};

pub(crate) const NOW: Timestamp = Timestamp::UNIX_EPOCH;
pub(crate) const KEY: [u8; 32] = [7; 32];

/// What a stock orchestrator offers by default: tickets worth 8 gwei.
pub(crate) fn params(seed: u64) -> TicketParams {
    TicketParams {
        recipient: Address::repeat_byte(7),
        face_value: U256::from(2_400_000_000_000_000_u64),
        win_prob: U256::from(385_973_630_791_053_984_745_236_616_695_626_359_u128)
            * U256::from(10).pow(U256::from(36)),
        recipient_rand_hash: U256::from(seed).to_be_bytes::<32>().into(),
        seed: U256::from(seed),
        expiration_block: U256::from(20_000_040),
        creation: Some(Creation { round: 4242, block_hash: B256::repeat_byte(9) }),
    }
}

pub(crate) fn price() -> Price {
    Price { wei: 1200, pixels: NonZeroU64::MIN }
}

pub(crate) fn offer(seed: u64) -> Offer {
    Offer {
        session_id: "0a1b2c3d".into(),
        token_expires_at: NOW + SignedDuration::from_mins(30),
        price: Some(price()),
        params: Some(params(seed)),
    }
}

pub(crate) fn chain() -> ChainState {
    let funds = U256::from(10).pow(U256::from(18));
    ChainState {
        head: 1,
        l1_block: 20_000_000,
        round: RoundState { number: 4242, initialized: true, ..Default::default() },
        pool_size: 100,
        sender: SenderState {
            deposit: funds,
            withdraw_round: 0,
            reserve: Reserve { remaining: funds, claimed: U256::ZERO },
        },
        gas_price: None,
        read_at: NOW,
        health: Health::Fresh,
    }
}
