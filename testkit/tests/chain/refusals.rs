//! Every refusal of a redemption, in the order of payments-contracts 5.1.

use alloy_primitives::{Address, B256, Bytes, U256, hex, keccak256};
use waymark_contracts::{TicketBroker, revert};
use waymark_testkit::chain::Account;

use crate::setting::{Drawn, Setting, aux, milliether, reason};

/// A ticket that breaks every rule is mended one rule at a time; each time the next rule refuses it.
#[tokio::test]
async fn the_rules_are_checked_in_their_order() {
    let s = Setting::new().await;
    let chain = &s.chain;
    let first = U256::from(chain.current_round().await.unwrap());
    let old_aux = s.aux(first).await;
    chain.next_round().await.unwrap();
    chain.end_round().await.unwrap();
    chain.set_paused(true).await.unwrap();
    let stranger = Account::random();
    let mut bad = Drawn {
        ticket: TicketBroker::Ticket {
            recipient: Address::ZERO,
            sender: Address::ZERO,
            faceValue: milliether(10),
            winProb: U256::ZERO,
            senderNonce: U256::from(1),
            recipientRandHash: B256::ZERO,
            auxData: Bytes::new(),
        },
        rand: U256::from(5),
    };

    assert_eq!(reason(s.redeem_with(&bad, Bytes::new()).await), revert::PAUSED);
    chain.set_paused(false).await.unwrap();
    assert_eq!(reason(s.redeem_with(&bad, Bytes::new()).await), revert::ROUND_NOT_INITIALIZED);
    chain.initialize_round().await.unwrap();

    assert_eq!(reason(s.redeem_with(&bad, Bytes::new()).await), revert::NULL_RECIPIENT);
    bad.ticket.recipient = stranger.address();
    assert_eq!(reason(s.redeem_with(&bad, Bytes::new()).await), revert::NULL_SENDER);
    bad.ticket.sender = s.sender.address();

    for length in [0, 32, 63, 65, 96, 128] {
        bad.ticket.auxData = vec![1; length].into();
        let text = reason(s.redeem_with(&bad, Bytes::new()).await);
        assert_eq!(text, revert::AUX_DATA_LENGTH, "{length}");
    }
    bad.ticket.auxData = aux(U256::from(1_000_000), B256::repeat_byte(1));
    assert_eq!(reason(s.redeem_with(&bad, Bytes::new()).await), revert::NO_BLOCK_HASH);
    bad.ticket.auxData = aux(first, B256::repeat_byte(1));
    assert_eq!(reason(s.redeem_with(&bad, Bytes::new()).await), revert::WRONG_BLOCK_HASH);
    bad.ticket.auxData = old_aux;
    assert_eq!(reason(s.redeem_with(&bad, Bytes::new()).await), revert::EXPIRED);
    bad.ticket.auxData = s.aux(first + U256::from(1)).await;

    assert_eq!(reason(s.redeem_with(&bad, Bytes::new()).await), revert::WRONG_RAND);
    bad.ticket.recipientRandHash = keccak256(bad.rand.to_be_bytes::<32>());

    for length in [0, 64, 66] {
        let text = reason(s.redeem_with(&bad, vec![0xff; length]).await);
        assert_eq!(text, revert::SIGNATURE_LENGTH, "{length}");
    }
    // The high half, and a wrong v as well.
    let mut sig = hex!(
        "e742ff452d41413616a5bf43fe15dd88294e983d3d36206c2712f39083d638bde0a0fc89be718fbc1033e1d30d78be1c68081562ed2e97af876f286f3453231d1b"
    );
    sig[64] = 1;
    assert_eq!(reason(s.redeem_with(&bad, sig).await), revert::SIGNATURE_S);
    for v in [0, 1, 26, 29] {
        let mut sig = bad.signed(&stranger).to_vec();
        sig[64] = v;
        assert_eq!(reason(s.redeem_with(&bad, sig).await), revert::SIGNATURE_V, "{v}");
    }
    let text = reason(s.redeem_with(&bad, bad.signed(&stranger)).await);
    assert_eq!(text, revert::WRONG_SIGNER);
    assert_eq!(reason(s.redeem_with(&bad, vec![27; 65]).await), revert::WRONG_SIGNER);

    assert_eq!(reason(s.redeem(&bad).await), revert::LOSER);
    bad.ticket.winProb = U256::MAX;

    // A sender that withdrew: unlocked and without money.
    s.fund(milliether(1), U256::ZERO).await;
    chain.unlock(s.sender.address()).await.unwrap();
    chain.next_round().await.unwrap();
    chain.next_round().await.unwrap();
    chain.withdraw(s.sender.address()).await.unwrap();
    bad.ticket.auxData = s.ticket(1, U256::ZERO).await.ticket.auxData;
    assert_eq!(reason(s.redeem(&bad).await), revert::UNLOCKED);
    chain.cancel_unlock(s.sender.address()).await.unwrap();
    assert_eq!(reason(s.redeem(&bad).await), revert::NO_FUNDS);

    s.fund(milliether(100), U256::ZERO).await;
    assert_eq!(reason(s.redeem(&bad).await), revert::NOT_REGISTERED);
    chain.register_orchestrator(stranger.address(), "https://x", U256::from(1)).await.unwrap();
    s.redeem(&bad).await.unwrap();
    assert_eq!(chain.fees(stranger.address()).await.unwrap(), milliether(10));
}

#[tokio::test]
async fn a_ticket_is_paid_once_whatever_comes_with_it_again() {
    let s = Setting::funded(milliether(100), milliether(10)).await;
    let ticket = s.ticket(1, milliether(10)).await;
    assert!(!s.chain.is_used(ticket.hash()).await.unwrap());
    s.redeem(&ticket).await.unwrap();
    assert!(s.chain.is_used(ticket.hash()).await.unwrap());
    assert_eq!(reason(s.redeem(&ticket).await), revert::USED);
    assert_eq!(reason(s.redeem_with(&ticket, Bytes::new()).await), revert::USED);
    s.redeem(&s.ticket(2, milliether(10)).await).await.unwrap();
    assert_eq!(s.chain.fees(s.recipient).await.unwrap(), milliether(20));
}

#[tokio::test]
async fn a_ticket_is_valid_in_its_round_and_the_next() {
    let s = Setting::funded(milliether(100), milliether(10)).await;
    let (one, two) = (s.ticket(1, milliether(1)).await, s.ticket(2, milliether(1)).await);
    s.chain.next_round().await.unwrap();
    s.redeem(&one).await.unwrap();
    s.chain.next_round().await.unwrap();
    assert_eq!(reason(s.redeem(&two).await), revert::EXPIRED);
}

#[tokio::test]
async fn a_round_without_a_hash_pays_nothing() {
    let s = Setting::funded(milliether(100), milliether(10)).await;
    let round = s.chain.current_round().await.unwrap();
    s.chain.set_round_hash(round, B256::ZERO).await.unwrap();
    let ticket = s.ticket(1, milliether(1)).await;
    assert_eq!(reason(s.redeem(&ticket).await), revert::NO_BLOCK_HASH);
}

#[tokio::test]
async fn an_unlocking_sender_pays_until_the_round_of_withdrawal() {
    let s = Setting::funded(milliether(100), milliether(10)).await;
    s.chain.unlock(s.sender.address()).await.unwrap();
    s.redeem(&s.ticket(1, milliether(1)).await).await.unwrap();
    s.chain.next_round().await.unwrap();
    s.redeem(&s.ticket(2, milliether(1)).await).await.unwrap();
    s.chain.next_round().await.unwrap();
    let late = s.ticket(3, milliether(1)).await;
    assert_eq!(reason(s.redeem(&late).await), revert::UNLOCKED);
}
