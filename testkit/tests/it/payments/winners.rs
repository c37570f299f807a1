//! Winners: kept, and redeemed when their time has come.

use alloy_primitives::{B256, U256, keccak256};
use serde_json::Value;
use waymark_testkit::{FakeChain, Funds, Orchestrator, Stats, Ticket};

use super::{
    client, info, next, number, pay, payee, recorded_chain, recorded_settings, said, send_segment,
    start,
};
use crate::harness::recorded;

fn hash(value: &Value) -> B256 {
    value.as_str().unwrap().parse().unwrap()
}

#[test]
fn recorded_winners_win_and_have_the_recorded_hash() {
    let redemptions = recorded("onchain/redemptions");
    for redemption in redemptions.as_array().unwrap() {
        let ticket = &redemption["decoded"];
        let rand = hash(&ticket["recipientRand"]);
        assert_eq!(keccak256(rand), hash(&ticket["recipientRandHash"]));
        let bytes = |name: &str| -> bytes::Bytes {
            hex::decode(&ticket[name].as_str().unwrap()[2..]).unwrap().into()
        };
        let face_value: U256 = ticket["faceValue"].as_str().unwrap().parse().unwrap();
        let params = waymark_proto::net::TicketParams {
            recipient: bytes("recipient"),
            face_value: face_value.to_be_bytes_trimmed_vec().into(),
            win_prob: bytes("winProb"),
            recipient_rand_hash: bytes("recipientRandHash"),
            ..Default::default()
        };
        let expiration = waymark_proto::net::TicketExpirationParams {
            creation_round: ticket["creationRound"].as_i64().unwrap(),
            creation_round_block_hash: bytes("creationRoundBlockHash"),
        };
        let sender = ticket["sender"].as_str().unwrap().parse().unwrap();
        let nonce = u32::try_from(ticket["senderNonce"].as_u64().unwrap()).unwrap();
        let rebuilt = Ticket::new(&params, &expiration, sender, nonce).unwrap();
        assert_eq!(rebuilt.hash(), hash(&redemption["ticketHash"]));
        assert!(rebuilt.is_signed(&bytes("sig")) && rebuilt.wins(&bytes("sig"), &rand));
    }
}

/// Pays 40 tickets under two tags, of which one in five wins.
async fn forty(orchestrator: &Orchestrator) -> Stats {
    let key = client();
    let session = info(orchestrator, &key).await;
    let nonces = [7, 9].into_iter().flat_map(|tag: u32| (1..=20).map(move |n| (tag << 10) | n));
    let nonces: Vec<_> = nonces.collect();
    assert_eq!(pay(orchestrator, &key, &session, "x", &nonces).await.status(), 200);
    orchestrator.stats()
}

/// Pays until something has won.
async fn some_winners(orchestrator: &Orchestrator) -> Stats {
    loop {
        let stats = forty(orchestrator).await;
        if stats.payments.winners > 1 {
            return stats;
        }
    }
}

#[tokio::test]
async fn winners_wait_until_their_parameters_expire_and_go_one_a_block() {
    let chain = recorded_chain();
    let orchestrator = start(&chain).await;
    let stats = some_winners(&orchestrator).await;
    let winners = stats.payments.winners;
    assert_eq!(stats.payments.winners_waiting as u64, winners);
    chain.mine(39);
    assert!(chain.redeemed().is_empty());
    for block in 1..=winners {
        chain.mine(1);
        orchestrator.wait_for(|stats| stats.payments.redeemed == block).await.unwrap();
        assert_eq!(chain.redeemed().len() as u64, block);
    }
    let payments = orchestrator.stats().payments;
    let face_value = U256::from(2_400_000_000_000_000u64);
    assert_eq!(payments.redeemed_wei.floor(), face_value * U256::from(winners));
    let by_tag: u64 = payments.tags.values().map(|tag| tag.redeemed).sum();
    assert_eq!((by_tag, payments.winners_waiting), (winners, 0));
    assert_eq!(payments.tags[&7].winners + payments.tags[&9].winners, winners);
    for winner in chain.redeemed() {
        assert!(winner.ticket.wins(&winner.signature, &winner.recipient_rand));
        assert_eq!(keccak256(winner.recipient_rand), winner.ticket.recipient_rand_hash);
    }
}

#[tokio::test]
async fn a_demo_redeems_at_once() {
    let chain = recorded_chain();
    let mut settings = recorded_settings(&chain);
    settings.redeem_at_once = true;
    let orchestrator = payee(settings).start().await.unwrap();
    let winners = some_winners(&orchestrator).await.payments.winners;
    orchestrator.wait_for(|stats| stats.payments.redeemed == winners).await.unwrap();
    assert_eq!(chain.now().l1_block, 1000);
    let report = serde_json::to_value(orchestrator.report()).unwrap();
    assert_eq!(report["payments"]["redeemed"], winners);
    let face_value = U256::from(2_400_000_000_000_000u64) * U256::from(winners);
    assert_eq!(report["payments"]["redeemed_wei"], face_value.to_string());
    assert!(report["payments"]["tags"]["7"]["credited_wei"].is_string());
    assert_eq!(report["address"], format!("{:#x}", orchestrator.address()));
}

#[tokio::test]
async fn a_winner_that_cannot_be_redeemed_holds_up_the_others() {
    let chain = recorded_chain();
    let orchestrator = start(&chain).await;
    let winners = some_winners(&orchestrator).await.payments.winners;
    chain.fail_redemptions(Some("current round is not initialized"));
    chain.mine(40);
    let tried = |times: u64| {
        move |stats: &Stats| {
            let errors = &stats.payments.redeem_errors;
            errors.get("current round is not initialized") == Some(&times)
        }
    };
    orchestrator.wait_for(tried(1)).await.unwrap();
    chain.mine(1);
    orchestrator.wait_for(tried(2)).await.unwrap();
    chain.fail_redemptions(None);
    for block in 1..=winners {
        chain.mine(1);
        orchestrator.wait_for(|stats| stats.payments.redeemed == block).await.unwrap();
    }
}

#[tokio::test]
async fn winners_outlive_a_restart_and_wait_for_their_sender_to_come_back() {
    let chain = recorded_chain();
    let orchestrator = start(&chain).await;
    let winners = some_winners(&orchestrator).await.payments.winners;
    orchestrator.restart().await.unwrap();
    chain.mine(50);
    info(&orchestrator, &client()).await;
    for block in 1..=winners {
        chain.mine(1);
        orchestrator.wait_for(|stats| stats.payments.redeemed >= block).await.unwrap();
    }
}

#[tokio::test]
async fn old_tickets_are_given_up_and_poor_senders_wait() {
    let chain = recorded_chain();
    let orchestrator = start(&chain).await;
    let winners = some_winners(&orchestrator).await.payments.winners;
    let sender = client().address();
    let funds = chain.funds_of(sender);
    chain.fund(sender, Funds::new(U256::from(5), U256::from(5)));
    chain.mine(40);
    let text = "insufficient sender funds for redeem tx cost";
    let poor = |stats: &Stats| stats.payments.redeem_errors.contains_key(text);
    orchestrator.wait_for(poor).await.unwrap();
    chain.fund(sender, funds);
    chain.update(|head| {
        head.round += 3;
        head.l1_block += 1;
    });
    let stats = orchestrator.wait_for(|stats| stats.payments.winners_waiting == 0).await.unwrap();
    assert_eq!(stats.payments.winners_dropped["too old"], winners);
    assert_eq!(stats.payments.redeemed, 0);
}

#[tokio::test]
async fn a_winner_counts_though_its_nonce_was_refused() {
    let chain: FakeChain = recorded_chain();
    let orchestrator = start(&chain).await;
    let key = client();
    loop {
        let session = info(&orchestrator, &key).await;
        chain.mine(41);
        let expired = send_segment(&orchestrator, &key, &session, &[1, 2, 3]).await;
        assert_eq!(said(&expired), (400, "TicketParams expired".to_owned()));
        if orchestrator.stats().payments.winners > 0 {
            break;
        }
    }
    let payments = orchestrator.stats().payments;
    assert_eq!(payments.tickets_credited, 0);
    assert_eq!(payments.tags[&0].credited_wei.floor(), U256::ZERO);
    let session = info(&orchestrator, &key).await;
    assert_eq!(
        number(&session.ticket_params.clone().unwrap().face_value),
        U256::from(2_400_000_000_000_000u64)
    );
    next(&send_segment(&orchestrator, &key, &session, &[1]).await);
}
