use alloy_primitives::{Address, B256};
use jiff::Timestamp;

use super::*;
use crate::chain::{Health, Reserve, RoundState, SenderState};

fn params() -> TicketParams {
    TicketParams {
        recipient: Address::repeat_byte(1),
        face_value: U256::from(1000),
        win_prob: U256::MAX / U256::from(100),
        recipient_rand_hash: B256::repeat_byte(2),
        seed: U256::from(3),
        expiration_block: U256::from(142),
        creation: None,
    }
}

fn chain() -> ChainState {
    ChainState {
        head: 9000,
        l1_block: 100,
        round: RoundState { number: 7, initialized: true, ..Default::default() },
        pool_size: 100,
        sender: SenderState {
            deposit: U256::from(5000),
            withdraw_round: 0,
            reserve: Reserve { remaining: U256::from(1), claimed: U256::ZERO },
        },
        gas_price: None,
        read_at: Timestamp::UNIX_EPOCH,
        health: Health::Fresh,
    }
}

fn run(
    params: TicketParams,
    tickets: u64,
    limits: &TicketLimits,
    chain: &ChainState,
) -> Result<(), String> {
    check(&params, &params.expected_value(), tickets, limits, chain).map_err(|e| e.to_string())
}

fn fails(result: Result<(), String>, text: &str) {
    let error = result.unwrap_err();
    assert!(error.starts_with(text), "{error}");
}

#[test]
fn good_parameters_pass() {
    assert_eq!(run(params(), 1, &TicketLimits::default(), &chain()), Ok(()));
}

#[test]
fn two_blocks_must_be_left() {
    let limits = TicketLimits::default();
    let at = |l1_block| run(params(), 1, &limits, &ChainState { l1_block, ..chain() });
    assert_eq!(at(140), Ok(()));
    fails(at(141), "TicketParams expired");
    fails(at(500), "TicketParams expired");
    let never = TicketParams { expiration_block: U256::ZERO, ..params() };
    fails(run(never, 1, &limits, &chain()), "ticketParams expiration block is 0");
}

#[test]
fn worthless_tickets_pass_before_anything_about_money() {
    let broke = ChainState { sender: SenderState::default(), ..chain() };
    let worthless = TicketParams { face_value: U256::ZERO, ..params() };
    assert_eq!(run(worthless, 9, &TicketLimits::default(), &broke), Ok(()));
    let never = TicketParams { win_prob: U256::ZERO, ..params() };
    assert_eq!(run(never, 9, &TicketLimits::default(), &broke), Ok(()));
    let expired = ChainState { l1_block: 141, ..broke };
    fails(run(worthless, 1, &TicketLimits::default(), &expired), "TicketParams expired");
}

#[test]
fn a_ticket_that_always_wins_is_refused() {
    let always = TicketParams { win_prob: U256::MAX, ..params() };
    fails(
        run(always, 1, &TicketLimits::default(), &chain()),
        "ticket faceValue too low faceValue=1000",
    );
    let nearly = TicketParams { win_prob: U256::MAX - U256::from(1), ..params() };
    assert_eq!(run(nearly, 1, &TicketLimits::default(), &chain()), Ok(()));
}

#[test]
fn limits_are_exact() {
    let value = params().expected_value();
    let exact = TicketLimits {
        ticket_value: value.clone(),
        payment_value: money::times(&value, 3),
        ..Default::default()
    };
    assert_eq!(run(params(), 3, &exact, &chain()), Ok(()));
    fails(
        run(params(), 4, &exact, &chain()),
        "total ticket EV 40 for 4 tickets > max total ticket EV 30",
    );
    let more = TicketParams { win_prob: params().win_prob + U256::from(1), ..params() };
    fails(run(more, 1, &exact, &chain()), "ticket EV 10 > max ticket EV 10");
}

#[test]
fn funds_are_looked_at_after_the_ticket_and_before_the_total() {
    let state = |sender| ChainState { sender, ..chain() };
    let good = chain().sender;
    let limits = TicketLimits { payment_value: money::whole(U256::ZERO), ..Default::default() };
    let at = |sender| run(params(), 1, &limits, &state(sender));
    fails(
        at(SenderState { withdraw_round: 8, ..good }),
        "unable to validate sender: deposit and reserve is set to unlock soon",
    );
    fails(at(SenderState { withdraw_round: 9, ..good }), "total ticket EV");
    fails(
        at(SenderState { reserve: Reserve::default(), deposit: U256::ZERO, ..good }),
        "no sender reserve",
    );
    fails(at(SenderState { deposit: U256::ZERO, ..good }), "no sender deposit");
    let both = TicketLimits { ticket_value: money::whole(U256::ZERO), ..limits.clone() };
    fails(run(params(), 1, &both, &state(SenderState::default())), "ticket EV");
}

#[test]
fn the_face_value_fits_the_deposit() {
    let limits = |deposit_multiplier| TicketLimits { deposit_multiplier, ..Default::default() };
    let deposit = |deposit: u64| ChainState {
        sender: SenderState { deposit: U256::from(deposit), ..chain().sender },
        ..chain()
    };
    assert_eq!(run(params(), 1, &limits(1), &deposit(1000)), Ok(()));
    fails(run(params(), 1, &limits(1), &deposit(999)), "ticket faceValue 1000 > max faceValue 999");
    fails(
        run(params(), 1, &limits(5), &deposit(4999)),
        "ticket faceValue 1000 > max faceValue 999",
    );
    assert_eq!(run(params(), 1, &limits(5), &deposit(5000)), Ok(()));
}
