//! Stories of the funds: what a plan shows, what is refused, what becomes of a transaction.

use std::time::Duration;

use alloy_primitives::hex;

use super::*;
use crate::{
    chain::fake::{CONTROLLER, Fake, Wrong},
    signer::LocalKey,
};

/// The key of the fake's sender: a public development key.
const KEY: [u8; 32] = hex!("59c6995e998f97a5a0044966f0945389dc9e86dae88c7a8412f4603b6b78690d");
const ETHER: u64 = 1_000_000_000_000_000_000;

fn key() -> LocalKey {
    LocalKey::from_slice(&KEY).unwrap()
}

fn eth(milli: u64) -> U256 {
    U256::from(ETHER / 1000 * milli)
}

async fn funds(fake: &Fake, settings: FundSettings) -> Funds {
    let sender = key().address();
    Funds::connect(fake.rpc.clone(), CONTROLLER, sender, settings).await.unwrap()
}

const FUND: Action = Action::Fund {
    deposit: U256::from_limbs([ETHER / 10, 0, 0, 0]),
    reserve: U256::from_limbs([ETHER / 5, 0, 0, 0]),
};

#[tokio::test(start_paused = true)]
async fn a_plan_shows_effect_and_cost_and_changes_nothing() {
    let fake = Fake::new(1);
    let funds = funds(&fake, FundSettings::default()).await;
    let plan = funds.plan(FUND).await.unwrap();
    assert_eq!(plan.obstacles, []);
    assert_eq!(
        plan.to_string(),
        "fund the deposit with 0.100000000000000000 ETH and the reserve with 0.200000000000000000 ETH \
         (0x70997970C51812dc3A010C7d01b50e0d17dc79C8 on chain 42161)\n  \
         round    4000\n  \
         deposit  0.010000000000000000 -> 0.110000000000000000 ETH\n  \
         reserve  0.240000000000000000 -> 0.440000000000000000 ETH\n  \
         account  1.000000000000000000 -> 0.699998000000000000 ETH\n  \
         funds    locked -> locked\n  \
         gas      100000 at 0.02 gwei = 0.000002000000000000 ETH; at most 0.300005000000000000 ETH with everything\n"
    );
    assert_eq!(fake.world.lock().taken, []);
    assert_eq!(funds.status().await.unwrap().sender.deposit, eth(10));
}

#[tokio::test(start_paused = true)]
async fn what_was_planned_is_sent_and_is_what_happens() {
    let fake = Fake::new(1);
    let funds = funds(&fake, FundSettings::default()).await;
    let plan = funds.plan(FUND).await.unwrap();
    let receipt = funds.send(&plan, &key()).await.unwrap();
    assert_eq!(receipt.gas_used, 100_000);
    assert_eq!(receipt.cost, U256::from(2_000_000_000_000_u64));
    let after = funds.status().await.unwrap();
    assert_eq!(after.sender, plan.after.sender);
    assert_eq!(fake.world.lock().taken.len(), 1);
    // The next one has the next nonce, even if the node's count is late.
    let plan = funds.plan(Action::Unlock).await.unwrap();
    assert_eq!(plan.after.sender.withdraw_round, 4002);
    funds.send(&plan, &key()).await.unwrap();
    let nonces: Vec<u64> = fake.world.lock().taken.iter().map(|(_, nonce, _)| *nonce).collect();
    assert_eq!(nonces, [7, 8]);
    assert_eq!(funds.status().await.unwrap().rounds_until_withdrawal(), Some(2));
    let plan = funds.plan(Action::CancelUnlock).await.unwrap();
    funds.send(&plan, &key()).await.unwrap();
    assert_eq!(funds.status().await.unwrap().rounds_until_withdrawal(), None);
}

#[tokio::test(start_paused = true)]
async fn only_a_deposit_or_only_a_reserve_is_funded_too() {
    let fake = Fake::new(1);
    let funds = funds(&fake, FundSettings::default()).await;
    for (deposit, reserve) in [(eth(1), U256::ZERO), (U256::ZERO, eth(2))] {
        let plan = funds.plan(Action::Fund { deposit, reserve }).await.unwrap();
        funds.send(&plan, &key()).await.unwrap();
        assert_eq!(funds.status().await.unwrap().sender, plan.after.sender);
    }
}

#[tokio::test(start_paused = true)]
async fn what_the_contract_would_refuse_is_told_in_plain_words_and_not_sent() {
    let fake = Fake::new(1);
    let funds = funds(&fake, FundSettings::default()).await;
    let words = async |action| {
        let plan = funds.plan(action).await.unwrap();
        let error = funds.send(&plan, &key()).await.unwrap_err();
        assert!(matches!(error, FundError::Obstacle { .. }));
        plan.obstacles[0].to_string()
    };
    assert_eq!(
        words(Action::Withdraw).await,
        "the contract would refuse: no unlock is in progress; unlock first"
    );
    fake.world.lock().unlock();
    assert_eq!(
        words(Action::Withdraw).await,
        "the contract would refuse: the funds are locked until round 4002, it is round 4000"
    );
    assert_eq!(
        words(Action::Unlock).await,
        "the contract would refuse: an unlock is already in progress; the funds can be withdrawn from round 4002"
    );
    assert_eq!(fake.world.lock().taken, []);
}

#[tokio::test(start_paused = true)]
async fn more_ether_than_there_is_is_refused_before_the_contract_is_asked() {
    let fake = Fake::new(1);
    let funds = funds(&fake, FundSettings::default()).await;
    let plan = funds.plan(Action::Fund { deposit: eth(1000), reserve: U256::ZERO }).await.unwrap();
    assert_eq!(
        plan.obstacles[0].to_string(),
        "the account has 1.000000000000000000 ETH, it takes 1.000002000000000000 ETH with gas"
    );
}

#[tokio::test(start_paused = true)]
async fn gas_at_ten_times_the_price_is_refused_in_the_plan_and_again_when_sent() {
    let fake = Fake::new(1);
    let settings =
        FundSettings { max_gas_price: Some(U256::from(50_000_000)), ..FundSettings::default() };
    let funds = funds(&fake, settings).await;
    let cheap = funds.plan(FUND).await.unwrap();
    assert_eq!(cheap.obstacles, []);
    fake.world.lock().gas_price = 200_000_000;
    let dear = funds.plan(FUND).await.unwrap();
    assert!(matches!(dear.obstacles[..], [Obstacle::GasPrice(FeeError::TooHigh { .. })]));
    let error = funds.send(&cheap, &key()).await.unwrap_err();
    assert_eq!(
        error.to_string(),
        "current gas price exceeds maximum gas price max=0.05 GWei current=0.2 GWei; wait, or raise -maxGasPrice"
    );
    assert_eq!(fake.world.lock().taken, []);
}

#[tokio::test(start_paused = true)]
async fn a_transaction_that_nobody_takes_is_replaced_by_a_dearer_one() {
    let fake = Fake::new(1);
    let funds = funds(&fake, FundSettings::default()).await;
    // Twice the base fee is offered first: 40,000,000.
    fake.world.lock().least_cap = 44_000_000;
    let plan = funds.plan(FUND).await.unwrap();
    let begun = tokio::time::Instant::now();
    funds.send(&plan, &key()).await.unwrap();
    assert!(begun.elapsed() >= Duration::from_mins(1));
    let taken = fake.world.lock().taken.clone();
    let offers: Vec<(u64, u128)> = taken.iter().map(|(_, nonce, cap)| (*nonce, *cap)).collect();
    assert_eq!(offers, [(7, 40_000_000), (7, 44_400_000)]);
    assert_eq!(funds.status().await.unwrap().sender.deposit, eth(110), "paid once");
}

#[tokio::test(start_paused = true)]
async fn one_that_is_never_taken_is_told_with_its_hashes_and_may_still_come() {
    let fake = Fake::new(1);
    let funds = funds(&fake, FundSettings::default()).await;
    fake.world.lock().least_cap = u128::MAX;
    let plan = funds.plan(FUND).await.unwrap();
    let error = funds.send(&plan, &key()).await.unwrap_err();
    let FundError::Unconfirmed { hashes, .. } = error else { panic!("{error:?}") };
    let taken: Vec<_> = fake.world.lock().taken.iter().map(|(hash, ..)| *hash).collect();
    assert_eq!(hashes, taken);
}

#[tokio::test(start_paused = true)]
async fn a_replacement_above_the_limit_is_not_made() {
    let fake = Fake::new(1);
    let settings =
        FundSettings { max_gas_price: Some(U256::from(22_000_000)), ..FundSettings::default() };
    let funds = funds(&fake, settings).await;
    fake.world.lock().least_cap = u128::MAX;
    let plan = funds.plan(FUND).await.unwrap();
    let error = funds.send(&plan, &key()).await.unwrap_err();
    // The limit was offered at once; half of 1.11 times that is below it, so it is replaced once.
    assert!(
        matches!(error, FundError::Unconfirmed { ref hashes, .. } if hashes.len() == 2),
        "{error:?}"
    );
}

#[tokio::test(start_paused = true)]
async fn the_endpoint_goes_away_while_the_receipt_is_waited_for() {
    let fake = Fake::new(2);
    let funds = funds(&fake, FundSettings::default()).await;
    let plan = funds.plan(FUND).await.unwrap();
    fake.set(0, Wrong::Down);
    let receipt = funds.send(&plan, &key()).await.unwrap();
    assert_eq!(receipt.gas_used, 100_000);
}

#[tokio::test(start_paused = true)]
async fn a_plan_is_not_sent_with_somebody_elses_key() {
    let fake = Fake::new(1);
    let funds = funds(&fake, FundSettings::default()).await;
    let plan = funds.plan(FUND).await.unwrap();
    let other = LocalKey::from_slice(&[1; 32]).unwrap();
    let error = funds.send(&plan, &other).await.unwrap_err();
    assert!(matches!(error, FundError::WrongKey { .. }));
    assert_eq!(fake.world.lock().taken, []);
}

#[test]
fn the_deposit_lasts_as_long_as_it_does() {
    let day = Duration::from_hours(24);
    assert_eq!(runway(eth(10), eth(1), day), Some(day * 10));
    assert_eq!(runway(eth(10), U256::ZERO, day), None);
    assert_eq!(runway(U256::ZERO, eth(1), day), Some(Duration::ZERO));
}
