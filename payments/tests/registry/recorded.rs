//! The registry and the recorded run of stock nodes on the original contracts.

use alloy_primitives::{Address, B256, Bytes, LogData, U256};
use alloy_sol_types::SolEvent as _;
use serde::Deserialize;
use waymark_contracts::{JobTagRegistry, TicketBroker};
use waymark_payments::ticket::{Creation, Ticket};
use waymark_tagging::{nonce, round::RoundBook};

use crate::draw::sol_leaf;
use crate::onchain::{OnChain, broker_ticket, refusal, session};

const BOOK: &str = include_str!("../../../tagging/tests/vectors/round-book.json");
const REDEMPTIONS: &str = include_str!("../data/redemptions.json");
const LIST: &str = include_str!("../data/redemption-list.json");

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Redemption {
    kind: String,
    ticket_hash: B256,
    decoded: Decoded,
    logs: Vec<Log>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Decoded {
    sender_nonce: u32,
    tag_id: u32,
    counter: u16,
    creation_round: u64,
    creation_round_block_hash: B256,
}

#[derive(Deserialize)]
struct Log {
    topics: Vec<B256>,
    data: Bytes,
}

/// A line of facts about a redemption; the ticket's value and chance to win were the same in all of them.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Listed {
    sender: Address,
    sender_nonce: u32,
    tag_id: u32,
    counter: u16,
    recipient_rand_hash: B256,
    creation_round: u64,
    ticket_hash: B256,
}

#[derive(Deserialize)]
struct Book {
    redeemed: Vec<Proved>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Proved {
    leaf_index: usize,
    proof: Vec<B256>,
    ticket: RecordedTicket,
    decode_nonce: (u32, u16),
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct RecordedTicket {
    recipient: Address,
    sender: Address,
    face_value: U256,
    win_prob: U256,
    sender_nonce: u32,
    recipient_rand_hash: B256,
    aux_data: Bytes,
}

impl RecordedTicket {
    fn read(&self) -> Ticket {
        Ticket {
            recipient: self.recipient,
            sender: self.sender,
            face_value: self.face_value,
            win_prob: self.win_prob,
            nonce: self.sender_nonce,
            recipient_rand_hash: self.recipient_rand_hash,
            creation: creation(&self.aux_data),
        }
    }
}

fn creation(aux: &[u8]) -> Creation {
    let round = U256::from_be_slice(&aux[..32]).to();
    Creation { round, block_hash: B256::from_slice(&aux[32..]) }
}

/// Everything a tracker has: the log.
fn from_log(log: &Log) -> Option<Ticket> {
    let data = LogData::new(log.topics.clone(), log.data.clone())?;
    let event = TicketBroker::WinningTicketRedeemed::decode_log_data(&data).ok()?;
    Some(Ticket {
        recipient: event.recipient,
        sender: event.sender,
        face_value: event.faceValue,
        win_prob: event.winProb,
        nonce: event.senderNonce.to(),
        recipient_rand_hash: session(event.recipientRand),
        creation: creation(&event.auxData),
    })
}

fn redemptions() -> Vec<(Redemption, Ticket)> {
    let recorded: Vec<Redemption> = serde_json::from_str(REDEMPTIONS).unwrap();
    recorded
        .into_iter()
        .map(|r| {
            let ticket = r.logs.iter().find_map(from_log).unwrap();
            (r, ticket)
        })
        .collect()
}

fn tag_of(nonce: u32) -> (u32, u16) {
    nonce::decode(nonce).map_or((0, 0), |(tag, counter)| (tag.get(), counter))
}

#[tokio::test]
async fn tag_and_hash_of_every_redemption_come_from_its_log_alone() {
    let s = OnChain::new().await;
    let recorded = redemptions();
    assert_eq!(recorded.len(), 8);
    for (r, ticket) in recorded {
        assert_eq!(ticket.hash(), r.ticket_hash, "{}", r.kind);
        let hash = JobTagRegistry::ticketHashCall { ticket: broker_ticket(&ticket).into() };
        assert_eq!(s.read(&hash).await, r.ticket_hash, "{}", r.kind);
        assert_eq!(ticket.nonce, r.decoded.sender_nonce, "{}", r.kind);
        // 2^31 and above carry nothing; the record has what a plain division gives.
        if ticket.nonce < nonce::NONCE_LIMIT {
            assert_eq!(tag_of(ticket.nonce), (r.decoded.tag_id, r.decoded.counter), "{}", r.kind);
        } else {
            assert_eq!(nonce::decode(ticket.nonce), None, "{}", r.kind);
        }
        let round = r.decoded.creation_round;
        let expected = Creation { round, block_hash: r.decoded.creation_round_block_hash };
        assert_eq!(ticket.creation, expected, "{}", r.kind);
    }
}

#[test]
fn the_listed_redemptions_have_their_tags_and_hashes() {
    let listed: Vec<Listed> = serde_json::from_str(LIST).unwrap();
    assert_eq!(listed.len(), 60);
    let book: Book = serde_json::from_str(BOOK).unwrap();
    let tickets = redemptions().into_iter().map(|(_, ticket)| ticket);
    let known: Vec<Ticket> =
        tickets.chain(book.redeemed.iter().map(|proved| proved.ticket.read())).collect();
    let mut rebuilt = 0;
    for line in &listed {
        assert_eq!(tag_of(line.sender_nonce), (line.tag_id, line.counter), "{}", line.ticket_hash);
        // Where another record has the hash of the round, the ticket can be made again.
        let Some(like) = known.iter().find(|t| t.creation.round == line.creation_round) else {
            continue;
        };
        let ticket = Ticket {
            sender: line.sender,
            nonce: line.sender_nonce,
            recipient_rand_hash: line.recipient_rand_hash,
            ..*like
        };
        assert_eq!(ticket.hash(), line.ticket_hash);
        rebuilt += 1;
    }
    assert_eq!(rebuilt, 29);
}

#[tokio::test]
async fn the_recorded_book_is_committed_and_its_tickets_are_in_it() {
    let s = OnChain::new().await;
    let book = RoundBook::read(BOOK.as_bytes()).unwrap();
    let recorded: Book = serde_json::from_str(BOOK).unwrap();
    let (gw, round) = (book.id().gateway, book.id().round);
    assert_eq!(book.id().chain_id, s.chain.options().chain_id);
    // As it was then: announced in round 12 for 13.
    s.chain.set_round(round - 1).await.unwrap();
    let scheme =
        JobTagRegistry::setNonceSchemeCall { gw, scheme: 1, fromRound: round, param: B256::ZERO };
    s.send(gw, &scheme).await.unwrap();
    s.chain.set_round(round).await.unwrap();
    let commit = JobTagRegistry::commitRoundCall {
        gw,
        round,
        root: book.root(),
        datasetRoot: B256::ZERO,
        leaves: 8,
        totalEV: book.total_ev().unwrap(),
        uri: String::new(),
    };
    s.send(gw, &commit).await.unwrap();
    assert_eq!(recorded.redeemed.len(), 3);
    for proved in recorded.redeemed {
        let ticket = proved.ticket.read();
        let call = JobTagRegistry::decodeNonceCall {
            gw,
            creationRound: round,
            nonce: U256::from(ticket.nonce),
        };
        let read = s.read(&call).await;
        assert_eq!((read.tagId, read.counter), proved.decode_nonce);
        assert_eq!(tag_of(ticket.nonce), proved.decode_nonce);
        let call = JobTagRegistry::proveTicketTagCall {
            ticket: broker_ticket(&ticket).into(),
            leaf: sol_leaf(&book.leaves()[proved.leaf_index]),
            proof: proved.proof,
        };
        // The leaf is accepted; the ticket was redeemed on another chain.
        let refused = refusal(s.send(gw, &call).await);
        assert_eq!(refused, format!("ticket {} was not redeemed", ticket.hash()));
    }
}
