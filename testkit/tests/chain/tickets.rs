//! Hashes, events and batches of tickets.

use alloy_primitives::{Address, B256, Bytes, U256, address, b256, hex, uint};
use waymark_contracts::{TicketBroker, revert};
use waymark_testkit::chain::{Log, dev_account};

use crate::setting::{Drawn, Setting, aux, milliether, reason};

const BLOCK_HASH: B256 = b256!("7624778dedc75f8b322b9fa1632a610d40b85e106c7d9bf0e743a9ce291b9c6f");

/// Vector V1: wins always.
fn v1() -> Drawn {
    Drawn {
        ticket: TicketBroker::Ticket {
            recipient: address!("3C44CdDdB6a900fa2b585dd299e03d12FA4293BC"),
            sender: address!("70997970C51812dc3A010C7d01b50e0d17dc79C8"),
            faceValue: milliether(10),
            winProb: U256::MAX,
            senderNonce: U256::from(1),
            recipientRandHash: b256!(
                "036b6384b5eca791c62761152d0c79bb0604c104a5fb6f4eb0703f3154bb3db0"
            ),
            auxData: aux(U256::from(5), BLOCK_HASH),
        },
        rand: U256::from(5),
    }
}

/// Vector V2: a tag in its nonce, and a loser.
fn v2() -> Drawn {
    let mut drawn = v1();
    drawn.rand = U256::from(0x1234_5678_90ab_cdef_u64);
    drawn.ticket.faceValue = U256::from(2_400_000_000_000_000_u64);
    drawn.ticket.winProb =
        uint!(385973630791053984745236616695626359510899948885468546798191952000000000_U256);
    drawn.ticket.senderNonce = U256::from(76_354_577);
    drawn.ticket.recipientRandHash =
        b256!("c411987fd535716e3e176cc3b56093915be8a7fee59b34399d97ec5b57ab6450");
    drawn.ticket.auxData = aux(U256::from(4242), BLOCK_HASH);
    drawn
}

const V1_SIG: [u8; 65] = hex!(
    "7a969fe778a349148558f49beb8d22d2a306905d88da8708552f9da429a8b9873bbdd32ad57242db6ffe63d22154e7d9571cf51c84992241583d1b6b3bfc8e7c1b"
);
const V2_SIG: [u8; 65] = hex!(
    "a183cfbb6f50888bcfd8497d0baa4bb72ca4d40edc2ed0dd0aa9283da16f172b2d2ebfa404655e55cb4b52edee7a8bd352e4ef8df2dad3cc6874922980b0c1ad1b"
);

async fn hash(s: &Setting, ticket: TicketBroker::Ticket) -> B256 {
    let call = TicketBroker::getTicketHashCall { ticket };
    s.chain.read(s.chain.contracts().ticket_broker, &call).await.unwrap()
}

#[tokio::test]
async fn hashes_equal_the_vectors() {
    let s = Setting::new().await;
    let zero = |nonce: u64| TicketBroker::Ticket {
        recipient: Address::ZERO,
        sender: Address::ZERO,
        faceValue: U256::ZERO,
        winProb: U256::ZERO,
        senderNonce: U256::from(nonce),
        recipientRandHash: B256::ZERO,
        auxData: Bytes::new(),
    };
    let other = b256!("41b1a0649752af1b28b3dc29a1556eee781e4a4c3a1f7f53f90fa834de098c4d");
    let values = |face: u64, prob: u64| TicketBroker::Ticket {
        faceValue: U256::from(face),
        winProb: U256::from(prob),
        ..zero(0)
    };
    let recipient = address!("73AEd7b5dEb30222fa896f399d46cC99c7BEe57F");
    let vectors = [
        (zero(4_294_967_295), "e1393fc7f6de093780674022f96cb8e3872235167d037c04d554e58c0e63d280"),
        (zero(1), "ce0918ba94518293e9712effbe5fca4f1f431089833a5b8c257cb1e024595f68"),
        (values(1, 500), "87ef13f2d37e4d5352a01d3c77b8179d80e0887f1953bfabfd0bfd7b0f689ddd"),
        (values(500, 1), "aa4b35071043587992ac8b9dd1b2cf1d8311130e6458cf0b2342484e21af5f5b"),
        (
            TicketBroker::Ticket { recipient, ..zero(0) },
            "81e353ae39046e2b77b9f996abbaeed527fda559b61ef90f299c4499dd508ccc",
        ),
        (
            TicketBroker::Ticket { recipientRandHash: other, ..zero(0) },
            "be5eaf9a49a39540b9bb02f1a21904f61324a29819e2c032824bfaa10c100b17",
        ),
        (
            TicketBroker::Ticket { auxData: aux(U256::from(10), other), ..zero(0) },
            "e502907c16036ab3d11b78c5a2e93c20f3d6415c67f91de4ed01348182b3b2e2",
        ),
    ];
    for (ticket, expected) in vectors {
        assert_eq!(hex::encode(hash(&s, ticket).await), expected);
    }
}

#[tokio::test]
async fn the_winning_vector_is_paid_and_logged() {
    let s = Setting::funded(milliether(100), milliether(10)).await;
    let v1 = v1();
    assert_eq!(
        hash(&s, v1.ticket.clone()).await,
        b256!("adccf572577f6748bd2dbec3d5df75367562fe0ccf893d775be225a67d746a68")
    );
    assert_eq!(v1.signed(&s.sender)[..], V1_SIG);
    s.chain.set_round(5).await.unwrap();
    s.chain.initialize_round().await.unwrap();
    s.chain.set_round_hash(5, BLOCK_HASH).await.unwrap();
    let receipt = s.redeem_with(&v1, V1_SIG).await.unwrap();
    let transfers: Vec<TicketBroker::WinningTicketTransfer> = receipt.events();
    assert_eq!(transfers.len(), 1);
    assert_eq!(transfers[0].amount, milliether(10));
    let redeemed: Vec<TicketBroker::WinningTicketRedeemed> = receipt.events();
    let expected = TicketBroker::WinningTicketRedeemed {
        sender: v1.ticket.sender,
        recipient: v1.ticket.recipient,
        faceValue: v1.ticket.faceValue,
        winProb: U256::MAX,
        senderNonce: U256::from(1),
        recipientRand: U256::from(5),
        auxData: v1.ticket.auxData,
    };
    assert_eq!(redeemed, [expected]);
}

#[tokio::test]
async fn the_losing_vector_is_refused() {
    let s = Setting::funded(milliether(100), milliether(10)).await;
    let v2 = v2();
    assert_eq!(
        hash(&s, v2.ticket.clone()).await,
        b256!("f6c1ee0ee46bb6ed951b0ad77f470cdcf6bcbad9419c83afb1b95a7be3baaed5")
    );
    assert_eq!(v2.signed(&s.sender)[..], V2_SIG);
    s.chain.set_round(4242).await.unwrap();
    s.chain.initialize_round().await.unwrap();
    s.chain.set_round_hash(4242, BLOCK_HASH).await.unwrap();
    assert_eq!(reason(s.redeem_with(&v2, V2_SIG).await), revert::LOSER);
}

#[tokio::test]
async fn a_nonce_of_any_size_is_paid() {
    let s = Setting::funded(milliether(100), milliether(10)).await;
    let mut ticket = s.ticket(0, milliether(1)).await;
    ticket.ticket.senderNonce = U256::from(1) << 200;
    s.redeem(&ticket).await.unwrap();
}

#[tokio::test]
async fn a_batch_passes_over_what_cannot_be_redeemed() {
    let s = Setting::funded(milliether(100), milliether(10)).await;
    let mut tickets = Vec::new();
    for nonce in 1..=3 {
        tickets.push(s.ticket(nonce, milliether(1)).await);
    }
    tickets[1].ticket.winProb = U256::ZERO;
    let call = TicketBroker::batchRedeemWinningTicketsCall {
        tickets: tickets.iter().map(|t| t.ticket.clone()).collect(),
        sigs: tickets.iter().map(|t| t.signed(&s.sender)).collect(),
        recipientRands: tickets.iter().map(|t| t.rand).collect(),
    };
    let broker = s.chain.contracts().ticket_broker;
    let anybody = dev_account(7).address();
    let receipt = s.chain.send(anybody, broker, &call, U256::ZERO).await.unwrap();
    let redeemed: Vec<_> = receipt.events::<TicketBroker::WinningTicketRedeemed>();
    let nonces: Vec<u64> = redeemed.iter().map(|e| e.senderNonce.to()).collect();
    assert_eq!(nonces, [1, 3]);
    assert_eq!(s.chain.fees(s.recipient).await.unwrap(), milliether(2));

    s.chain.end_round().await.unwrap();
    let refused = s.chain.send(anybody, broker, &call, U256::ZERO).await;
    assert_eq!(reason(refused), revert::ROUND_NOT_INITIALIZED);
}

#[tokio::test]
async fn redemptions_are_found_again_by_their_logs() {
    let s = Setting::funded(milliether(100), milliether(10)).await;
    s.redeem(&s.ticket((7 << 10) | 1, milliether(1)).await).await.unwrap();
    let broker = s.chain.contracts().ticket_broker;
    let found: Vec<(Log, TicketBroker::WinningTicketRedeemed)> =
        s.chain.events(broker, 0).await.unwrap();
    assert_eq!(found.len(), 1);
    assert_eq!(found[0].1.senderNonce.to::<u64>() >> 10, 7);
    assert_eq!(found[0].0.topics.len(), 3);
}
