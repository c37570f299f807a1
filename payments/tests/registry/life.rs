//! What a gateway, a tracker and an orchestrator do with the registry, on a chain with redeemed tickets.

use alloy_primitives::{B256, Bytes, U256};
use alloy_sol_types::SolStruct as _;
use waymark_contracts::{JobTagRegistry, job_tag_registry};
use waymark_tagging::{
    TagId, nonce,
    round::{BookId, Leaf, RoundBook, job_ref},
};
use waymark_testkit::chain::dev_account;

use crate::draw::sol_leaf;
use crate::onchain::{OnChain, Paid, one, refusal, session};

pub(crate) fn tag(id: u32) -> TagId {
    TagId::try_from(id).unwrap()
}

pub(crate) fn nonce_of(id: u32, counter: u16) -> u32 {
    nonce::encode(tag(id), counter).unwrap()
}

/// A book of the current round: session 1 under tag 5, session 2 under tag 8, session 3 without a tag.
pub(crate) async fn book(s: &OnChain) -> RoundBook {
    let id = BookId {
        chain_id: s.chain.options().chain_id,
        gateway: s.gateway.address(),
        round: s.round().await,
    };
    let leaf = |rand: u64, tag_id: u32| Leaf {
        recipient: s.recipient,
        recipient_rand_hash: session(U256::from(rand)),
        tag_id: tag(tag_id),
        job_ref: job_ref(b"job", &B256::repeat_byte(7)),
        ev_wei: 480_000_000_000_000,
        ticket_count: 3,
    };
    RoundBook::new(id, vec![leaf(1, 5), leaf(2, 8), leaf(3, 0)]).unwrap()
}

pub(crate) fn commitment(book: &RoundBook) -> JobTagRegistry::commitRoundCall {
    JobTagRegistry::commitRoundCall {
        gw: book.id().gateway,
        round: book.id().round,
        root: book.root(),
        datasetRoot: B256::repeat_byte(9),
        leaves: u32::try_from(book.leaves().len()).unwrap(),
        totalEV: book.total_ev().unwrap(),
        uri: "https://gw.example/rounds/1.json".to_owned(),
    }
}

pub(crate) fn proof(
    book: &RoundBook,
    paid: &Paid,
    at: usize,
) -> JobTagRegistry::proveTicketTagCall {
    JobTagRegistry::proveTicketTagCall {
        ticket: paid.ticket.clone(),
        leaf: sol_leaf(&book.leaves()[at]),
        proof: book.proof(at).unwrap(),
    }
}

#[tokio::test]
async fn a_tagged_ticket_is_redeemed_committed_and_proved() {
    let s = OnChain::tagged().await;
    let paid = s.pay(nonce_of(5, 1), 1).await;
    let book = book(&s).await;
    let receipt = s.send(s.gateway.address(), &commitment(&book)).await.unwrap();
    let committed: JobTagRegistry::RoundCommitted = one(&receipt);
    assert_eq!((committed.root, committed.leaves, committed.revision), (book.root(), 3, 1));
    assert_eq!(committed.datasetRoot, B256::repeat_byte(9));
    assert_eq!(committed.totalEV, 9 * 480_000_000_000_000);

    let anybody = dev_account(6).address();
    let receipt = s.send(anybody, &proof(&book, &paid, 0)).await.unwrap();
    let proven: JobTagRegistry::TicketTagProven = one(&receipt);
    assert_eq!((proven.ticketHash, proven.tagId), (paid.hash, 5));
    assert_eq!((proven.gateway, proven.round), (s.gateway.address(), book.id().round));
}

#[tokio::test]
async fn a_proof_is_taken_long_after_the_ticket_expired() {
    let s = OnChain::tagged().await;
    let paid = s.pay(nonce_of(8, 1), 2).await;
    let book = book(&s).await;
    s.chain.end_round().await.unwrap();
    s.chain.end_round().await.unwrap();
    // The last round of the window.
    s.send(s.gateway.address(), &commitment(&book)).await.unwrap();
    for _ in 0..3 {
        s.chain.end_round().await.unwrap();
    }
    s.send(s.recipient, &proof(&book, &paid, 1)).await.unwrap();
}

#[tokio::test]
async fn a_stock_nonce_is_redeemed_and_says_nothing() {
    let s = OnChain::tagged().await;
    let round = s.round().await;
    for counter in [1, 600] {
        s.pay(counter, 1).await;
        let call = JobTagRegistry::decodeNonceCall {
            gw: s.gateway.address(),
            creationRound: round,
            nonce: U256::from(counter),
        };
        assert_eq!(s.read(&call).await.tagId, 0);
    }
}

#[tokio::test]
async fn a_key_of_the_gateway_lets_an_operator_in_without_a_transaction_of_its_own() {
    let s = OnChain::tagged().await;
    let (operator, gateway) = (dev_account(5).address(), s.gateway.address());
    let permission = job_tag_registry::SetOperator {
        gateway,
        operator,
        expiry: alloy_primitives::Uint::from(u32::MAX),
        nonce: U256::ZERO,
    };
    let domain = job_tag_registry::operator_domain(s.chain.options().chain_id, s.registry);
    assert_eq!(s.read(&JobTagRegistry::domainSeparatorCall {}).await, domain.hash_struct());
    let digest = permission.eip712_signing_hash(&domain);
    let sig = s.gateway.key().sign_hash(&digest);
    let call = JobTagRegistry::setOperatorBySigCall {
        gw: gateway,
        op: operator,
        expiry: permission.expiry,
        sig: Bytes::from(sig),
    };
    s.send(dev_account(6).address(), &call).await.unwrap();
    let book = book(&s).await;
    s.send(operator, &commitment(&book)).await.unwrap();
    // Once.
    let again = refusal(s.send(operator, &call).await);
    assert!(again.contains("not signed by the gateway"), "{again}");
}

#[tokio::test]
async fn a_namespace_of_its_own_is_registered_and_bought() {
    let s = OnChain::new().await;
    let acme = dev_account(4).address();
    let register = |parent, label: &str| JobTagRegistry::registerTagCall {
        parentId: parent,
        label: label.to_owned(),
        flags: 0,
        schemaHash: B256::repeat_byte(1),
        schemaURI: "ipfs://schema".to_owned(),
    };
    let root =
        one::<JobTagRegistry::TagRegistered>(&s.send(acme, &register(0, "x-acme")).await.unwrap());
    let medical = s.send(acme, &register(root.tagId, "transcribe-medical")).await.unwrap();
    let medical: JobTagRegistry::TagRegistered = one(&medical);
    let tag: waymark_tagging::Tag = "x-acme/transcribe-medical".parse().unwrap();
    assert_eq!(medical.key, tag.key());
    let late = alloy_primitives::Uint::from(u64::from(u32::MAX));
    let mut advert = JobTagRegistry::postAdvertCall {
        gw: acme,
        tagId: medical.tagId,
        expiry: late,
        unit: 5,
        priceNum: alloy_primitives::Uint::from(7),
        priceDen: 3,
        floors: B256::ZERO,
        contentHash: B256::ZERO,
        uri: String::new(),
    };
    let refused = refusal(s.send(acme, &advert).await);
    assert!(refused.starts_with("expiry 4294967295 is out of range"), "{refused}");
    let now: serde_json::Value =
        s.chain.rpc().call("eth_getBlockByNumber", ("latest", false)).await.unwrap();
    let now = u64::from_str_radix(now["timestamp"].as_str().unwrap().trim_start_matches("0x"), 16);
    advert.expiry = alloy_primitives::Uint::from(now.unwrap() + 3_600);
    s.send(acme, &advert).await.unwrap();
    let call = JobTagRegistry::advertOfCall { gw: acme, tagId: medical.tagId };
    let found = s.read(&call).await;
    assert!(found.active);
    assert_eq!((found.advert.priceDen, found.advert.unit), (3, 5));
}
