//! Ten thousand random inputs of each kind through both sides.

use alloy_primitives::{B256, U256};
use alloy_sol_types::{SolCall as _, SolError as _};
use waymark_contracts::{JobTagRegistry, TicketBroker, multicall3};
use waymark_tagging::{
    Tag, nonce,
    round::{BookId, Leaf, RoundBook},
};

use crate::draw::{Draw, sol_leaf};
use crate::onchain::{OnChain, broker_ticket};

const INPUTS: usize = 10_000;

/// Calls in one, so that all fit into the gas of a block.
const CHEAP: usize = 1_000;

#[tokio::test]
async fn ten_thousand_keys_of_tags_are_the_same() {
    let s = OnChain::new().await;
    let mut draw = Draw::new(1);
    let first = s.read(&JobTagRegistry::tagCountCall {}).await;
    let mut left = INPUTS;
    while left > 0 {
        // Thrown away with the call, so that every part begins with the same number.
        let (mut calls, mut tags) = (Vec::new(), Vec::new());
        let mut id = first;
        let mut register = |parent: u32, label: String| {
            let call = JobTagRegistry::registerTagCall {
                parentId: parent,
                label,
                flags: 0,
                schemaHash: B256::ZERO,
                schemaURI: String::new(),
            };
            calls.push(call.abi_encode());
            id += 1;
            id
        };
        while tags.len() < left.min(120) {
            let namespace = format!("x-{}{}", "n".repeat(1 + draw.below(20)), tags.len());
            let mut parent = register(0, namespace.clone());
            let mut path = namespace;
            for segment in draw.segments() {
                path = format!("{path}/{segment}");
                parent = register(parent, segment);
                tags.push((parent, path.parse::<Tag>().unwrap()));
            }
        }
        let registered = calls.len();
        calls.extend(
            tags.iter().map(|(id, _)| JobTagRegistry::keyOfCall { tagId: *id }.abi_encode()),
        );
        let answers = s.many(calls).await;
        assert!(answers.iter().all(|(done, _)| *done), "a tag was refused");
        for ((_, tag), (_, key)) in tags.iter().zip(&answers[registered..]) {
            assert_eq!(key[..], tag.key()[..], "{tag}");
        }
        left = left.saturating_sub(tags.len());
    }
}

#[tokio::test]
async fn ten_thousand_nonces_are_read_the_same() {
    let s = OnChain::tagged().await;
    let (gw, round) = (s.gateway.address(), s.round().await);
    let mut draw = Draw::new(2);
    let nonces: Vec<u32> = (0..INPUTS).map(|_| draw.nonce()).collect();
    let call = |nonce: u32, creation_round| JobTagRegistry::decodeNonceCall {
        gw,
        creationRound: creation_round,
        nonce: U256::from(nonce),
    };
    let calls: Vec<_> = nonces.iter().map(|&nonce| call(nonce, round)).collect();
    for (nonce, read) in nonces.iter().zip(s.words(&calls, CHEAP).await) {
        let ours = nonce::decode(*nonce).map_or((0, 0), |(tag, counter)| (tag.get(), counter));
        assert_eq!((read.tagId, read.counter), ours, "{nonce}");
    }
    // A round earlier nothing was announced.
    let calls: Vec<_> = nonces[..500].iter().map(|&nonce| call(nonce, round - 1)).collect();
    for read in s.words(&calls, CHEAP).await {
        assert_eq!((read.tagId, read.counter), (0, 0));
    }
}

#[tokio::test]
async fn ten_thousand_tickets_have_the_same_hash() {
    let s = OnChain::new().await;
    let mut draw = Draw::new(3);
    let tickets: Vec<_> = (0..INPUTS).map(|_| draw.ticket()).collect();
    let calls = tickets
        .iter()
        .map(|ticket| JobTagRegistry::ticketHashCall { ticket: broker_ticket(ticket).into() });
    let hashes = s.words(&calls.collect::<Vec<_>>(), CHEAP).await;
    for (ticket, hash) in tickets.iter().zip(hashes) {
        assert_eq!(ticket.hash(), hash, "{ticket:?}");
    }
    // And the broker means the same.
    for ticket in &tickets[..100] {
        let call = TicketBroker::getTicketHashCall { ticket: broker_ticket(ticket) };
        let hash = s.chain.read(s.chain.contracts().ticket_broker, &call).await.unwrap();
        assert_eq!(ticket.hash(), hash, "{ticket:?}");
    }
}

#[tokio::test]
async fn ten_thousand_leaves_have_the_same_hash() {
    let s = OnChain::new().await;
    let mut draw = Draw::new(4);
    let chain_id = s.chain.options().chain_id;
    let leaves: Vec<_> = (0..INPUTS).map(|_| (draw.book(chain_id), draw.leaf())).collect();
    let calls = leaves.iter().map(|(book, leaf)| JobTagRegistry::leafHashCall {
        gw: book.gateway,
        round: book.round,
        leaf: sol_leaf(leaf),
    });
    let hashes = s.words(&calls.collect::<Vec<_>>(), CHEAP).await;
    for ((book, leaf), hash) in leaves.iter().zip(hashes) {
        assert_eq!(leaf.hash(book), hash, "{leaf:?}");
    }
}

/// Books of every size up to 64 and of some larger ones. That a proof is taken is seen from the refusal that
/// comes after it: the ticket, whose hash is checked along, was never redeemed.
#[tokio::test]
async fn ten_thousand_leaves_are_proved_under_the_same_roots() {
    let s = OnChain::new().await;
    let mut draw = Draw::new(5);
    let round = s.round().await;
    let id = BookId { chain_id: s.chain.options().chain_id, gateway: multicall3::ADDRESS, round };
    let mut left = INPUTS;
    for size in (1..=64).chain([100, 127, 128, 129, 500, 1_000]).cycle() {
        let leaves: Vec<Leaf> = (0..size).map(|_| draw.leaf()).collect();
        let book = RoundBook::new(id, leaves).unwrap();
        let all: Vec<usize> = (0..size).collect();
        for part in all.chunks(300) {
            prove(&s, &mut draw, &book, part).await;
        }
        left = left.saturating_sub(size);
        if left == 0 {
            break;
        }
    }
}

/// Commits a book and proves some of its leaves, each also with one hash of its proof changed.
async fn prove(s: &OnChain, draw: &mut Draw, book: &RoundBook, which: &[usize]) {
    let commit = JobTagRegistry::commitRoundCall {
        gw: book.id().gateway,
        round: book.id().round,
        root: book.root(),
        datasetRoot: B256::ZERO,
        leaves: u32::try_from(book.leaves().len()).unwrap(),
        totalEV: 0,
        uri: String::new(),
    };
    let mut calls = vec![commit.abi_encode()];
    let mut expected = Vec::new();
    for &index in which {
        let leaf = &book.leaves()[index];
        let mut ticket = draw.ticket();
        (ticket.recipient, ticket.sender) = (leaf.recipient, book.id().gateway);
        ticket.recipient_rand_hash = leaf.recipient_rand_hash;
        ticket.creation.round = book.id().round;
        ticket.creation.block_hash = draw.hash();
        let mut call = JobTagRegistry::proveTicketTagCall {
            ticket: broker_ticket(&ticket).into(),
            leaf: sol_leaf(leaf),
            proof: book.proof(index).unwrap(),
        };
        calls.push(call.abi_encode());
        expected.push(JobTagRegistry::TicketNotUsed { ticketHash: ticket.hash() }.abi_encode());
        if call.proof.is_empty() {
            call.proof.push(draw.hash());
        } else {
            let at = draw.below(call.proof.len());
            call.proof[at] = draw.hash();
        }
        calls.push(call.abi_encode());
        let refused = JobTagRegistry::NotInBook { root: book.root(), leaf: book.hashes()[index] };
        expected.push(refused.abi_encode());
    }
    let answers = s.many(calls).await;
    assert!(answers[0].0, "the commitment was refused");
    for (answer, expected) in answers[1..].iter().zip(expected) {
        assert!(!answer.0 && answer.1[..] == expected[..], "{:?}", book.leaves().len());
    }
}
