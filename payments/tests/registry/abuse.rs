//! The abuse cases of payments-contracts 6.6 that the contract counters.

use alloy_primitives::{B256, U256, uint};
use waymark_contracts::{JobTagRegistry, job_tag_registry};
use waymark_tagging::round::RoundBook;
use waymark_testkit::chain::dev_account;

use crate::draw::sol_leaf;
use crate::life::{book, commitment, nonce_of, proof};
use crate::onchain::{OnChain, one, refusal};

#[tokio::test]
async fn history_cannot_be_rewritten_after_the_window() {
    let s = OnChain::tagged().await;
    let first = book(&s).await;
    let gateway = s.gateway.address();
    s.send(gateway, &commitment(&first)).await.unwrap();
    // A correction in time is seen as one.
    let corrected = RoundBook::new(*first.id(), first.leaves()[..2].to_vec()).unwrap();
    let receipt = s.send(gateway, &commitment(&corrected)).await.unwrap();
    assert_eq!(one::<JobTagRegistry::RoundCommitted>(&receipt).revision, 2);
    for _ in 0..3 {
        s.chain.end_round().await.unwrap();
    }
    let refused = refusal(s.send(gateway, &commitment(&first)).await);
    assert!(refused.contains("while it runs and in the two rounds after it"), "{refused}");
    let call = JobTagRegistry::commitOfCall { gw: gateway, round: first.id().round };
    assert_eq!(s.read(&call).await.root, corrected.root());
    // Both are in the log.
    let log = s.chain.events::<JobTagRegistry::RoundCommitted>(s.registry, 0).await.unwrap();
    let roots: Vec<_> = log.iter().map(|(_, event)| event.root).collect();
    assert_eq!(roots, [first.root(), corrected.root()]);
}

#[tokio::test]
async fn a_round_that_did_not_begin_is_not_committed() {
    let s = OnChain::tagged().await;
    let mut call = commitment(&book(&s).await);
    call.round += 1;
    let refused = refusal(s.send(s.gateway.address(), &call).await);
    assert!(refused.contains("cannot be committed in round"), "{refused}");
}

#[tokio::test]
async fn what_was_paid_is_never_read_anew() {
    let s = OnChain::tagged().await;
    let round = s.round().await;
    let refused = refusal(s.announce(0, round).await);
    assert!(refused.contains("cannot begin in round"), "{refused}");
    s.announce(0, round + 1).await.unwrap();
    s.chain.next_round().await.unwrap();
    let read = |creation_round| JobTagRegistry::decodeNonceCall {
        gw: s.gateway.address(),
        creationRound: creation_round,
        nonce: U256::from(nonce_of(5, 1)),
    };
    assert_eq!(s.read(&read(round)).await.tagId, 5);
    assert_eq!(s.read(&read(round + 1)).await.tagId, 0);
}

#[tokio::test]
async fn a_gateway_that_tells_two_stories_is_convicted_by_anybody() {
    let s = OnChain::tagged().await;
    let paid = s.pay(nonce_of(12, 1), 1).await;
    let book = book(&s).await;
    s.send(s.gateway.address(), &commitment(&book)).await.unwrap();
    let call = JobTagRegistry::reportEquivocationCall {
        ticket: paid.ticket.clone(),
        leaf: sol_leaf(&book.leaves()[0]),
        proof: book.proof(0).unwrap(),
    };
    let receipt = s.send(dev_account(6).address(), &call).await.unwrap();
    let told: JobTagRegistry::Equivocation = one(&receipt);
    assert_eq!((told.nonceTagId, told.leafTagId), (12, 5));
    assert_eq!((told.gateway, told.ticketHash), (s.gateway.address(), paid.hash));
}

#[tokio::test]
async fn an_honest_gateway_cannot_be_framed() {
    let s = OnChain::tagged().await;
    let paid = s.pay(nonce_of(5, 1), 1).await;
    let book = book(&s).await;
    s.send(s.gateway.address(), &commitment(&book)).await.unwrap();
    let mut call = JobTagRegistry::reportEquivocationCall {
        ticket: paid.ticket.clone(),
        leaf: sol_leaf(&book.leaves()[0]),
        proof: book.proof(0).unwrap(),
    };
    let refused = refusal(s.send(s.recipient, &call).await);
    assert!(refused.contains("no contradiction"), "{refused}");
    // A ticket that the gateway never signed.
    call.ticket.senderNonce = U256::from(nonce_of(12, 1));
    let refused = refusal(s.send(s.recipient, &call).await);
    assert!(refused.ends_with("was not redeemed"), "{refused}");
    // A leaf that it never committed.
    call.ticket = paid.ticket;
    call.leaf.tagId = 8;
    let refused = refusal(s.send(s.recipient, &call).await);
    assert!(refused.contains("is not in the book"), "{refused}");
}

#[tokio::test]
async fn strangers_write_nothing_for_a_gateway() {
    let s = OnChain::tagged().await;
    let stranger = dev_account(6).address();
    let refused = refusal(s.send(stranger, &commitment(&book(&s).await)).await);
    assert!(refused.contains("may not write for gateway"), "{refused}");
    let call = JobTagRegistry::attestTicketsCall {
        gw: s.gateway.address(),
        tagId: 5,
        ticketHashes: vec![B256::ZERO],
    };
    assert!(refusal(s.send(stranger, &call).await).contains("may not write for gateway"));
}

#[tokio::test]
async fn a_stolen_operator_key_is_of_no_use_once_it_is_revoked() {
    let s = OnChain::tagged().await;
    let (gateway, thief) = (s.gateway.address(), dev_account(5).address());
    let set = |expiry| JobTagRegistry::setOperatorCall { operator: thief, expiry };
    s.send(gateway, &set(uint!(4_000_000_000_U40))).await.unwrap();
    let call = commitment(&book(&s).await);
    s.send(thief, &call).await.unwrap();
    s.send(gateway, &set(uint!(0_U40))).await.unwrap();
    assert!(refusal(s.send(thief, &call).await).contains("may not write for gateway"));
    // The gateway's correction stands last.
    let receipt = s.send(gateway, &call).await.unwrap();
    assert_eq!(one::<JobTagRegistry::RoundCommitted>(&receipt).revision, 2);
}

#[tokio::test]
async fn roots_are_not_squatted() {
    let s = OnChain::new().await;
    let stranger = dev_account(6).address();
    let register = |parent, label: &str| JobTagRegistry::registerTagCall {
        parentId: parent,
        label: label.to_owned(),
        flags: 0,
        schemaHash: B256::ZERO,
        schemaURI: String::new(),
    };
    let cases = [
        (register(0, "storage"), "accepted: the curator, or x-<namespace>"),
        (register(2, "squat"), "does not own tag 2"),
        (register(0, "x-"), "is not valid at byte 2"),
        (register(0, "X-acme"), "is not valid at byte 0"),
        (register(99, "a"), "there is no tag number 99"),
    ];
    for (call, expected) in cases {
        let refused = refusal(s.send(stranger, &call).await);
        assert!(refused.contains(expected), "{refused}");
    }
    // Below a container's or a pipeline's tag anybody may.
    let open = job_tag_registry::seed().find(|tag| tag.path == "compute/byoc").unwrap();
    s.send(stranger, &register(open.id, "my-container")).await.unwrap();
    let refused = refusal(s.send(stranger, &register(open.id, "my-container")).await);
    assert!(refused.starts_with("the tag exists already, as number"), "{refused}");
}

#[tokio::test]
async fn an_upgrade_that_loses_the_broker_stops_proofs_and_loses_no_log() {
    let s = OnChain::tagged().await;
    let paid = s.pay(nonce_of(5, 1), 1).await;
    let book = book(&s).await;
    s.send(s.gateway.address(), &commitment(&book)).await.unwrap();
    let gone = waymark_contracts::Controller::setContractInfoCall {
        id: waymark_contracts::ContractName::TicketBroker.id(),
        contractAddress: alloy_primitives::Address::ZERO,
        gitCommitHash: alloy_primitives::FixedBytes::ZERO,
    };
    let controller = s.chain.contracts().controller;
    s.chain.send(s.chain.owner(), controller, &gone, U256::ZERO).await.unwrap();
    let refused = refusal(s.send(s.recipient, &proof(&book, &paid, 0)).await);
    assert!(refused.contains("the Controller knows no contract"), "{refused}");
    let log = s.chain.events::<JobTagRegistry::RoundCommitted>(s.registry, 0).await.unwrap();
    assert_eq!(log.len(), 1);
}
