//! What people read, from made-up facts.

use std::num::NonZeroU64;

use alloy_primitives::{Address, B256, U256, address};
use jiff::SignedDuration;
use waymark_payments::{
    chain::{ChainState, Health, Inputs, Reserve, RoundState, SenderState, diagnose},
    fund::{Action, Fees, FundStatus, Obstacle, Plan, Receipt},
    ledger::RunRate,
    price::{MaxPrice, Price},
};

use super::{
    change,
    doctor::Report,
    market::{self, Asked, Cap, Offered},
    status::{Spending, Status},
};

const ACCOUNT: Address = address!("14dC79964da2C08b23698B3D3cc7Ca32193d9955");
const BROKER: Address = address!("a8bB618B1520E284046F3dFc448851A1Ff26e41B");

fn finney(thousandths: u64) -> U256 {
    U256::from(thousandths) * U256::from(1_000_000_000_000_000_u64)
}

fn gwei(n: u64) -> U256 {
    U256::from(n) * U256::from(1_000_000_000)
}

fn funds(deposit: u64, reserve: u64) -> FundStatus {
    FundStatus {
        sender: SenderState {
            deposit: finney(deposit),
            withdraw_round: 0,
            reserve: Reserve { remaining: finney(reserve), claimed: U256::ZERO },
        },
        round: 4000,
        unlock_period: 2,
        balance: finney(1500),
        paused: false,
    }
}

fn status(funds: FundStatus, spending: Spending) -> Status {
    Status {
        address: ACCOUNT,
        network: "arbitrum-one-mainnet".to_owned(),
        chain_id: 42_161,
        funds,
        round_initialized: true,
        pool_size: 100,
        deposit_multiplier: 1,
        spending,
    }
}

fn rate(promised: u64, redeemed: u64) -> Spending {
    let (promised, redeemed) = (finney(promised), finney(redeemed));
    Spending::Rate(RunRate { promised, redeemed, over: SignedDuration::from_hours(160) })
}

#[test]
fn status_of_funds_at_work() {
    insta::assert_snapshot!(status(funds(640, 4800), rate(20, 8)).to_string());
}

#[test]
fn status_of_funds_on_their_way_out() {
    let mut funds = funds(640, 4800);
    funds.sender.withdraw_round = 4001;
    funds.sender.reserve.claimed = finney(200);
    funds.paused = true;
    let spending = Spending::Unreadable("the spend ledger x is damaged".to_owned());
    let status = Status { round_initialized: false, ..status(funds, spending) };
    insta::assert_snapshot!(status.to_string());
}

#[test]
fn status_of_nothing() {
    let mut funds = funds(0, 0);
    // As a withdrawal leaves it.
    funds.sender.withdraw_round = 3990;
    insta::assert_snapshot!(status(funds, Spending::NoLedger).to_string());
}

#[test]
fn days_without_spending_have_no_end() {
    let status = status(funds(1, 1), rate(0, 0)).to_string();
    assert!(status.ends_with("without end: nothing was spent in the last 7 days\n"), "{status}");
}

fn plan(action: Action, before: FundStatus, after: FundStatus) -> Plan {
    Plan {
        action,
        chain_id: 42_161,
        from: ACCOUNT,
        to: BROKER,
        gas: Some(107_904),
        gas_limit: None,
        fees: Fees { cap: gwei(1) / U256::from(50), tip: U256::ZERO },
        gas_price: gwei(1) / U256::from(100),
        before,
        after,
        obstacles: Vec::new(),
    }
}

#[test]
fn a_plan_and_what_became_of_it() {
    let action = Action::Fund { deposit: finney(100), reserve: finney(200) };
    let mut before = funds(640, 4800);
    before.sender.withdraw_round = 4001;
    let after = FundStatus { balance: finney(1200), ..funds(740, 5000) };
    let mut text = change::shown(&plan(action, before, after));
    text += &change::done(&Receipt {
        hash: B256::repeat_byte(0xab),
        block: 123_456,
        gas_used: 107_904,
        cost: U256::from(1_079_040_000_000_u64),
        contract: None,
    });
    insta::assert_snapshot!(text);
}

#[test]
fn a_plan_that_cannot_be_carried_out() {
    let before = funds(640, 4800);
    let mut plan =
        plan(Action::Withdraw, before, FundStatus { balance: finney(6940), ..funds(0, 0) });
    plan.gas = None;
    plan.obstacles = vec![Obstacle::Refused {
        words: "no unlock is in progress; unlock first".to_owned(),
        reason: "no unlock request in progress".to_owned(),
    }];
    insta::assert_snapshot!(change::shown(&plan));
}

fn offered(host: &str, price: u64, face_value: U256) -> Asked {
    let price = Some(Price { wei: price, pixels: NonZeroU64::MIN });
    let answer = Ok(Offered { price, face_value: Some(face_value) });
    Asked { host: host.to_owned(), answer }
}

fn refusing(host: &str, why: &str) -> Asked {
    Asked { host: host.to_owned(), answer: Err(why.to_owned()) }
}

fn cap(wei: u64) -> Cap {
    Cap::Max(MaxPrice::parse(&wei.to_string(), "1").unwrap().unwrap())
}

fn codes(asked: &[Asked], cap: &Cap, carried: U256) -> Vec<(&'static str, bool)> {
    let fatal = waymark_payments::chain::Severity::Fatal;
    market::judge(asked, cap, carried).iter().map(|f| (f.code, f.severity == fatal)).collect()
}

#[test]
fn one_orchestrator_that_can_be_paid_is_enough() {
    let asked = [
        offered("a:1", 100, finney(1)),
        offered("b:1", 900, finney(9)),
        refusing("c:1", "no answer"),
    ];
    assert_eq!(market::answered(&asked), 2);
    assert_eq!(market::lowest_face_value(&asked), Some(finney(1)));
    let warnings = [
        ("orchestrators-refuse", false),
        ("price-cap-for-some", false),
        ("funds-too-low-for-some", false),
    ];
    assert_eq!(codes(&asked, &cap(500), finney(2)), warnings);
    let fatal = codes(&asked, &cap(99), finney(10));
    assert_eq!(fatal, [("orchestrators-refuse", false), ("price-cap", true)]);
    assert_eq!(codes(&asked[..2], &Cap::None, finney(10)), []);
    assert_eq!(codes(&asked[2..], &Cap::None, finney(10)), [("orchestrators-refuse", true)]);
    assert_eq!(codes(&[], &cap(1), U256::ZERO), [], "nobody was asked");
}

#[test]
fn prices_are_compared_as_fractions() {
    let price = |wei, pixels| Asked {
        host: "a:1".to_owned(),
        answer: Ok(Offered {
            price: Some(Price { wei, pixels: NonZeroU64::new(pixels).unwrap() }),
            face_value: None,
        }),
    };
    let findings = market::judge(&[price(7, 2), price(10, 3)], &cap(3), U256::MAX);
    assert!(findings[0].what.ends_with("the cheapest asks 10/3"), "{}", findings[0].what);
}

#[test]
fn the_doctor_with_much_to_say() {
    let state = ChainState {
        head: 1,
        l1_block: 1,
        round: RoundState { number: 4000, initialized: false, ..RoundState::default() },
        pool_size: 100,
        sender: SenderState { deposit: finney(10), ..SenderState::default() },
        gas_price: None,
        read_at: jiff::Timestamp::UNIX_EPOCH,
        health: Health::Fresh,
    };
    let asked = [
        offered("orch-1.example:8935", 1200, finney(20)),
        refusing("orch-2.example:8935", "no answer within 2.5s"),
    ];
    let inputs = Inputs {
        sender: ACCOUNT,
        state: Some(state),
        face_value: market::lowest_face_value(&asked),
        deposit_multiplier: 1,
        balance: Some(U256::ZERO),
        ..Inputs::default()
    };
    let mut findings = diagnose(&inputs);
    findings.extend(market::judge(&asked, &cap(1000), finney(10)));
    findings.sort_by_key(|finding| std::cmp::Reverse(finding.severity));
    let remarks = vec!["orchestrators were asked once".to_owned()];
    let report = Report { account: Some(ACCOUNT), findings, remarks };
    assert!(report.is_fatal());
    insta::assert_snapshot!(report.to_string());
}

#[test]
fn the_doctor_with_nothing_to_say() {
    let report = Report { account: Some(ACCOUNT), ..Report::default() };
    assert!(!report.is_fatal());
    insta::assert_snapshot!(report.to_string());
}
