//! Each thing that can be wrong, in the words an operator reads.

use super::*;
use crate::chain::{Reserve, RoundState, SenderState, head::Doubt};

fn milli(eth: u64) -> U256 {
    U256::from(eth) * U256::from(1_000_000_000_000_000_u64)
}

fn well() -> Inputs {
    let state = ChainState {
        head: 1_000_000,
        l1_block: 20_000_000,
        round: RoundState {
            number: 4000,
            initialized: true,
            length: 5760,
            ..RoundState::default()
        },
        pool_size: 100,
        sender: SenderState {
            deposit: milli(100),
            withdraw_round: 0,
            reserve: Reserve { remaining: milli(240), claimed: U256::ZERO },
        },
        gas_price: Some(U256::from(20_000_000)),
        read_at: Timestamp::from_second(1_800_000_000).unwrap(),
        health: Health::Fresh,
    };
    Inputs {
        sender: Address::repeat_byte(0x11),
        state: Some(state),
        block_time: Some(1_800_000_000),
        now: Timestamp::from_second(1_800_000_001).unwrap(),
        block_age: Some(60),
        orchestrators: Some(10),
        face_value: Some(milli(2)),
        deposit_multiplier: 1,
        max_price: Some(U256::from(1200)),
        offers: vec![U256::from(1000), U256::from(2000)],
        max_gas_price: Some(U256::from(50_000_000)),
        balance: Some(milli(1)),
        ..Inputs::default()
    }
}

fn codes(change: impl FnOnce(&mut Inputs, &mut ChainState)) -> Vec<&'static str> {
    findings(change).into_iter().map(|finding| finding.code).collect()
}

fn findings(change: impl FnOnce(&mut Inputs, &mut ChainState)) -> Vec<Finding> {
    let mut inputs = well();
    let mut state = inputs.state.take().unwrap();
    change(&mut inputs, &mut state);
    inputs.state = Some(state);
    diagnose(&inputs)
}

#[test]
fn nothing_is_said_when_all_is_well() {
    assert_eq!(diagnose(&well()), []);
}

#[test]
fn each_thing_that_is_wrong_has_its_own_finding() {
    assert_eq!(codes(|_, s| s.sender.deposit = U256::ZERO), ["no-deposit"]);
    assert_eq!(codes(|_, s| s.sender.deposit = milli(1)), ["deposit-too-low"]);
    assert_eq!(codes(|_, s| s.sender.reserve.remaining = U256::ZERO), ["no-reserve"]);
    assert_eq!(codes(|_, s| s.round.initialized = false), ["round-not-initialized"]);
    assert_eq!(codes(|_, s| s.health = Health::Stale), ["chain-stale"]);
    assert_eq!(codes(|_, s| s.health = Health::Suspect), ["chain-suspect"]);
    assert_eq!(codes(|_, s| s.gas_price = Some(U256::from(200_000_000))), ["gas-price"]);
    assert_eq!(codes(|i, _| i.block_time = Some(1_799_999_000)), ["clock"]);
    assert_eq!(codes(|i, _| i.block_time = Some(1_800_001_000)), ["clock"]);
    assert_eq!(codes(|i, _| i.max_price = Some(U256::from(999))), ["price-cap"]);
    assert_eq!(codes(|i, _| i.balance = Some(U256::ZERO)), ["no-ether"]);
}

#[test]
fn a_reserve_that_is_too_low_is_told_with_what_it_should_be() {
    let found = findings(|i, _| i.face_value = Some(milli(3)));
    assert_eq!(
        found[0].to_string(),
        "the reserve is split among the 100 orchestrators of the pool: 0.002400000000000000 ETH for each of the 10 you work with, below the face value of 0.003000000000000000 ETH. \
         Orchestrators lower the face value or refuse; for full face values the reserve must be 0.300000000000000000 ETH"
    );
}

#[test]
fn an_unlock_is_fatal_from_the_round_before_the_funds_are_free() {
    let unlock = |round| findings(move |_, s| s.sender.withdraw_round = round).remove(0);
    assert_eq!(unlock(4002).severity, Severity::Warning);
    assert_eq!(unlock(4001).severity, Severity::Fatal);
    assert!(unlock(4001).what.ends_with("so orchestrators refuse payments"));
}

#[test]
fn endpoints_are_told_by_host_and_reason() {
    let status =
        |fault| vec![EndpointStatus { host: "rpc.example".to_owned(), fault, aside: true }];
    assert_eq!(codes(|i, _| i.endpoints = status(None)), [""; 0]);
    let wrong = Fault::WrongChain { expected: 42_161, found: 1 };
    let found = findings(|i, _| i.endpoints = status(Some(wrong)));
    assert_eq!(found[0].code, "wrong-chain");
    assert!(found[0].what.contains("rpc.example: it is on chain 1, not 42161"));
    let lag = Fault::Lags { blocks: 30 };
    assert_eq!(codes(|i, _| i.endpoints = status(Some(lag))), ["endpoints-disagree"]);
    let doubt = Fault::Contradicts(Doubt::WentBack { from: 9, to: 1 });
    assert_eq!(codes(|i, _| i.endpoints = status(Some(doubt))), ["endpoints-disagree"]);
}

#[test]
fn the_worst_comes_first_and_a_chain_that_cannot_be_read_is_said() {
    let mut inputs = well();
    inputs.state = None;
    inputs.unreadable = Some("no such contract at that address".to_owned());
    inputs.block_time = Some(1_799_999_000);
    let codes: Vec<_> = diagnose(&inputs).into_iter().map(|finding| finding.code).collect();
    assert_eq!(codes, ["chain-unreadable", "clock"]);
}
