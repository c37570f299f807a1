//! What a reserve pays, to whom, and what is logged (payments-contracts 5.2, 5.4).

use alloy_primitives::{Address, U256};
use alloy_sol_types::SolEvent as _;
use waymark_contracts::TicketBroker;
use waymark_testkit::chain::Receipt;

use crate::setting::{Setting, milliether};

async fn claimable(s: &Setting, claimant: Address) -> U256 {
    let call = TicketBroker::claimableReserveCall { reserveHolder: s.sender.address(), claimant };
    s.chain.read(s.chain.contracts().ticket_broker, &call).await.unwrap()
}

async fn claimed(s: &Setting, claimant: Address) -> U256 {
    let call = TicketBroker::claimedReserveCall { reserveHolder: s.sender.address(), claimant };
    s.chain.read(s.chain.contracts().ticket_broker, &call).await.unwrap()
}

fn names(receipt: &Receipt) -> Vec<&'static str> {
    let name = |topic| match topic {
        t if t == TicketBroker::ReserveClaimed::SIGNATURE_HASH => "claimed",
        t if t == TicketBroker::WinningTicketTransfer::SIGNATURE_HASH => "transfer",
        t if t == TicketBroker::WinningTicketRedeemed::SIGNATURE_HASH => "redeemed",
        _ => "other",
    };
    receipt.logs.iter().map(|log| name(log.topics[0])).collect()
}

#[tokio::test]
async fn the_deposit_goes_first_and_the_reserve_fills_up() {
    let s = Setting::funded(milliether(300), milliether(2_000)).await;
    assert_eq!(claimable(&s, s.recipient).await, milliether(2_000));
    let receipt = s.redeem(&s.ticket(1, milliether(800)).await).await.unwrap();
    assert_eq!(names(&receipt), ["claimed", "transfer", "redeemed"]);
    let claims: Vec<TicketBroker::ReserveClaimed> = receipt.events();
    assert_eq!((claims[0].claimant, claims[0].amount), (s.recipient, milliether(500)));
    let transfers: Vec<TicketBroker::WinningTicketTransfer> = receipt.events();
    assert_eq!(transfers[0].amount, milliether(800));

    assert_eq!(claimable(&s, s.recipient).await, milliether(1_500));
    assert_eq!(claimed(&s, s.recipient).await, milliether(500));
    let info = s.chain.sender_info(s.sender.address()).await.unwrap();
    assert_eq!(info.sender.deposit, U256::ZERO);
    assert_eq!(info.reserve.fundsRemaining, milliether(1_500));
    assert_eq!(info.reserve.claimedInCurrentRound, milliether(500));

    s.chain.next_round().await.unwrap();
    let info = s.chain.sender_info(s.sender.address()).await.unwrap();
    assert_eq!(info.reserve.claimedInCurrentRound, U256::ZERO);
    assert_eq!(claimed(&s, s.recipient).await, U256::ZERO);
    assert_eq!(claimable(&s, s.recipient).await, milliether(1_500));
}

#[tokio::test]
async fn a_reserve_is_shared_evenly_by_the_pool() {
    let s = Setting::funded(U256::ZERO, milliether(900)).await;
    let other = Address::repeat_byte(0x22);
    for (address, stake) in [(other, 5), (Address::repeat_byte(0x33), 4)] {
        s.chain.register_orchestrator(address, "https://x", U256::from(stake)).await.unwrap();
    }
    assert_eq!(claimable(&s, s.recipient).await, milliether(300));
    // More than its share: it gets its share, and then nothing in this round.
    let receipt = s.redeem(&s.ticket(1, milliether(800)).await).await.unwrap();
    let transfers: Vec<TicketBroker::WinningTicketTransfer> = receipt.events();
    assert_eq!(transfers[0].amount, milliether(300));
    assert_eq!(claimable(&s, s.recipient).await, U256::ZERO);
    assert_eq!(claimable(&s, other).await, milliether(300));

    let receipt = s.redeem(&s.ticket(2, milliether(1)).await).await.unwrap();
    assert_eq!(names(&receipt), ["redeemed"]);
    assert_eq!(s.chain.fees(s.recipient).await.unwrap(), milliether(300));
    s.chain.next_round().await.unwrap();
    assert_eq!(claimable(&s, s.recipient).await, milliether(200));
}

#[tokio::test]
async fn only_active_orchestrators_draw_on_a_reserve() {
    let s = Setting::funded(milliether(1), milliether(900)).await;
    let round = s.chain.current_round().await.unwrap();
    s.chain
        .register_orchestrator(Address::repeat_byte(9), "https://x", U256::from(1))
        .await
        .unwrap();
    s.chain.deactivate_orchestrator(s.recipient, round).await.unwrap();
    assert_eq!(claimable(&s, s.recipient).await, U256::ZERO);
    // Registered still: it gets what is in the deposit, and a second ticket burns.
    let receipt = s.redeem(&s.ticket(1, milliether(5)).await).await.unwrap();
    assert_eq!(names(&receipt), ["transfer", "redeemed"]);
    let transfers: Vec<TicketBroker::WinningTicketTransfer> = receipt.events();
    assert_eq!(transfers[0].amount, milliether(1));
    let receipt = s.redeem(&s.ticket(2, milliether(5)).await).await.unwrap();
    assert_eq!(names(&receipt), ["redeemed"]);
}

#[tokio::test]
async fn an_empty_pool_has_no_share() {
    let s = Setting::funded(U256::ZERO, milliether(900)).await;
    let round = s.chain.current_round().await.unwrap();
    s.chain.deactivate_orchestrator(s.recipient, round + 1).await.unwrap();
    assert_eq!(claimable(&s, s.recipient).await, U256::ZERO);
}
