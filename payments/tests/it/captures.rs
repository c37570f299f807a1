//! Payments recorded between stock nodes: the same bytes out of the same key and inputs.

use std::sync::Arc;
use std::time::Duration;

use alloy_primitives::U256;
use base64::{Engine as _, engine::general_purpose::STANDARD};
use http::HeaderValue;
use prost::Message as _;
use serde_json::Value;
use waymark_payments::fee::{Output, Work};
use waymark_payments::ledger::Ledger;
use waymark_payments::limits::Limits;
use waymark_payments::money::{self, Wei};
use waymark_payments::payer::{Job, Payer};
use waymark_payments::price::Price;
use waymark_payments::session::{Offer, Outcome, PaymentSession, Refusal, Renewed, Source};
use waymark_payments::ticket::{Creation, TicketParams};
use waymark_payments::wire::PaymentMessage;
use waymark_proto::net;
use waymark_tagging::{TagId, nonce};

use crate::harness::{NOW, bytes, data, generous, hash, key_of, rich, text};

const OUTPUTS: [Output; 2] = [
    Output { width: 426, height: 240, rate: 30, rate_denominator: 0 },
    Output { width: 640, height: 360, rate: 30, rate_denominator: 0 },
];

const JOB: Job<'static> = Job {
    id: [1; 16],
    attempt: 1,
    tag_name: "transcode/live/abr",
    capability: "transcode",
    work: Work::Transcode { outputs: &OUTPUTS, duration: Duration::from_secs(2) },
    max_price: None,
};

struct Gateway {
    payer: Payer,
    _dir: tempfile::TempDir,
}

fn gateway(address: &str) -> Gateway {
    let dir = tempfile::tempdir().unwrap();
    let ledger = Ledger::open(dir.path().join("ledger"), Limits::default(), NOW).unwrap();
    let payer = Payer::new(Arc::new(key_of(address)), Arc::new(ledger), generous());
    Gateway { payer, _dir: dir }
}

fn exact(value: &Value) -> Wei {
    text(value).parse().unwrap()
}

fn number(value: &Value) -> U256 {
    text(value).parse().unwrap()
}

/// An offer with the terms that a recorded payment used.
fn offer_of(record: &Value) -> Offer {
    let (payment, token) = (&record["payment"], &record["segment"]["authToken"]);
    let (params, round) = (&payment["ticketParams"], &payment["expirationParams"]);
    let price = net::PriceInfo {
        price_per_unit: payment["expectedPrice"]["pricePerUnit"].as_i64().unwrap(),
        pixels_per_unit: payment["expectedPrice"]["pixelsPerUnit"].as_i64().unwrap(),
        ..Default::default()
    };
    Offer {
        session_id: text(&token["sessionId"]).to_owned(),
        token_expires_at: jiff::Timestamp::from_second(token["expiration"].as_i64().unwrap())
            .unwrap(),
        price: Some(Price::try_from(&price).unwrap()),
        params: Some(TicketParams {
            recipient: text(&params["recipient"]).parse().unwrap(),
            face_value: number(&params["faceValue"]),
            win_prob: number(&params["winProb"]),
            recipient_rand_hash: hash(text(&params["recipientRandHash"])),
            seed: number(&params["seed"]),
            expiration_block: U256::from(params["expirationBlock"].as_u64().unwrap()),
            creation: Some(Creation {
                round: round["creationRound"].as_u64().unwrap(),
                block_hash: hash(text(&round["creationRoundBlockHash"])),
            }),
        }),
    }
}

fn info_of(frame: &Value) -> net::OrchestratorInfo {
    let frame = STANDARD.decode(text(frame)).unwrap();
    // gRPC: a flag and a length stand before the message.
    net::OrchestratorInfo::decode(&frame[5..]).unwrap()
}

fn replay(file: &str, tag: u32) {
    let records = data(file);
    let records = records.as_array().unwrap();
    let gateway = gateway(text(&records[0]["payment"]["sender"]));
    let mut offer = offer_of(&records[0]);
    if file == "segments-gold0.json" {
        let info = info_of(&data("orchestrator-info.json")["responseGrpcFrame"]);
        assert_eq!(Offer::read(&info).unwrap(), offer, "the first terms are those of the session");
    }
    let tag = TagId::try_from(tag).unwrap();
    let session = gateway.payer.open(&offer, tag, NOW).unwrap();
    for (n, record) in records.iter().enumerate() {
        assert_eq!(offer, offer_of(record), "{file} {n}: the terms are those of the reply before");
        let accounting = &record["accounting"];
        assert_eq!(session.credit(NOW), exact(&accounting["existingCredit"]), "{file} {n}");
        let expires = offer.params.unwrap().expiration_block.to::<u64>();
        let payment = gateway.payer.pay(&session, &JOB, &rich(expires - 30), NOW).unwrap();
        assert_eq!(*payment.fee(), exact(&accounting["feeEstimate"]), "{file} {n}");
        assert_eq!(u64::from(payment.tickets()), accounting["ticketsSent"].as_u64().unwrap());
        let first = nonce::encode(tag, 1).unwrap();
        assert_eq!(payment.first_nonce(), Some(first));
        assert_eq!(payment.header(), text(&record["LivepeerPayment"]), "{file} {n}");
        check_tickets(record, payment.header());

        let reply = STANDARD.decode(text(&record["responseTranscodeResult"])).unwrap();
        let reply = net::TranscodeResult::decode(reply.as_slice()).unwrap();
        let segments = record["response"]["segments"].as_array().unwrap();
        let pixels = segments.iter().map(|s| s["pixels"].as_u64().unwrap()).sum();
        let settled = payment.settle(Outcome::Received { pixels }, NOW);
        assert_eq!(settled.debit, exact(&accounting["debit"]));
        assert_eq!(session.credit(NOW), exact(&accounting["balanceAfter"]), "{file} {n}");
        offer = Offer::read(&reply.info.unwrap()).unwrap();
        assert_eq!(session.renew(&offer, Source::Session, NOW), Ok(Renewed::Adopted));
    }
}

fn check_tickets(record: &Value, header: &HeaderValue) {
    let message = PaymentMessage::from_header(header).unwrap();
    let batch = message.tickets.unwrap();
    let recorded = record["payment"]["tickets"].as_array().unwrap();
    assert_eq!(batch.signed.len(), recorded.len());
    for ((number, signature), recorded) in batch.signed.iter().zip(recorded) {
        let mut ticket = batch.params.ticket(message.sender, *number, batch.creation);
        assert_eq!(ticket.hash(), hash(text(&recorded["ticketHash"])));
        assert_eq!(signature, &bytes(text(&recorded["sig"])));
        let (tag, counter) = nonce::decode(*number).unwrap();
        assert_eq!(u64::from(tag.get()), recorded["tagId"].as_u64().unwrap());
        assert_eq!(u64::from(counter), recorded["counter"].as_u64().unwrap());
        ticket.nonce += 1;
        assert_ne!(ticket.hash(), hash(text(&recorded["ticketHash"])));
    }
}

#[test]
fn four_payments_of_a_stock_gateway() {
    replay("segments-gold0.json", 0);
}

#[test]
fn four_payments_under_tag_7() {
    replay("segments-gold7.json", 7);
}

#[test]
fn four_payments_under_tag_70000() {
    replay("segments-gold70000.json", 70_000);
}

/// The margin that is kept grows until the 18th segment takes a ticket less.
#[test]
fn twenty_four_segments_in_a_row() {
    let records = data("balance-24-segments.json");
    let info = info_of(&data("orchestrator-info.json")["responseGrpcFrame"]);
    let offer = Offer::read(&info).unwrap();
    let gateway = gateway("0x70997970C51812dc3A010C7d01b50e0d17dc79C8");
    let session = gateway.payer.open(&offer, TagId::UNTAGGED, NOW).unwrap();
    let mut counts = Vec::new();
    for record in records.as_array().unwrap() {
        assert_eq!(session.credit(NOW), exact(&record["existingCredit"]));
        assert_eq!(offer.params.unwrap().expected_value(), exact(&record["ev"]));
        let payment = gateway.payer.pay(&session, &JOB, &rich(1000), NOW).unwrap();
        assert_eq!(*payment.fee(), exact(&record["feeEstimate"]));
        assert_eq!(u64::from(payment.tickets()), record["ticketsSent"].as_u64().unwrap());
        counts.push(payment.tickets());
        let pixels = record["pixels"].as_array().unwrap().iter().map(|p| p.as_u64().unwrap()).sum();
        let settled = payment.settle(Outcome::Received { pixels }, NOW);
        assert_eq!(settled.debit, exact(&record["debit"]));
        assert_eq!(session.credit(NOW), exact(&record["balanceAfter"]));
    }
    assert_eq!(counts.len(), 24);
    assert_eq!(counts.iter().position(|n| *n == 2), Some(17));
}

/// Twenty results in any order leave the account that they leave in order.
#[test]
fn the_order_of_results_does_not_matter() {
    let info = info_of(&data("orchestrator-info.json")["responseGrpcFrame"]);
    let offer = Offer::read(&info).unwrap();
    let run = |order: [usize; 5]| {
        let gateway = gateway("0x70997970C51812dc3A010C7d01b50e0d17dc79C8");
        let session = gateway.payer.open(&offer, TagId::UNTAGGED, NOW).unwrap();
        let mut payments: Vec<_> = (0..5)
            .map(|_| Some(gateway.payer.pay(&session, &JOB, &rich(1000), NOW).unwrap()))
            .collect();
        for index in order {
            let outcome = match index {
                3 => Outcome::NotSent,
                4 => Outcome::Spent,
                _ => Outcome::Received { pixels: 19_000_000 + index as u64 },
            };
            let settled = payments[index].take().unwrap().settle(outcome, NOW);
            assert_eq!(settled.ended, None);
        }
        session.credit(NOW)
    };
    let in_order = run([0, 1, 2, 3, 4]);
    assert_eq!(run([4, 3, 2, 1, 0]), in_order);
    assert_eq!(run([2, 0, 4, 1, 3]), in_order);
}

#[test]
fn default_terms_are_worth_eight_gwei() {
    let info = info_of(&data("orchestrator-info-default-ev.json")["responseGrpcFrame"]);
    let offer = Offer::read(&info).unwrap();
    let params = offer.params.unwrap();
    assert_eq!(money::show(&params.expected_value()), "8000000000");
    assert_eq!(money::round_up(&params.expected_value()), U256::from(8_000_000_001_u64));
    assert_eq!(offer.price.unwrap().to_string(), "1010");
    // Well inside the limits of a stock gateway.
    let chain = rich(1000);
    let settings = waymark_payments::payer::Settings::default();
    let session = PaymentSession::open(
        &offer,
        TagId::UNTAGGED,
        waymark_payments::session::Scheme::Tagged,
        NOW,
    );
    assert!(session.is_ok());
    let checked = waymark_payments::check::check(
        &params,
        &params.expected_value(),
        3,
        &settings.limits,
        &chain,
    );
    assert_eq!(checked, Ok(()));
}

/// Terms out of `/refresh-payment` keep the session's name.
#[test]
fn a_refresh_keeps_the_session() {
    let steps = data("refresh-payment.json");
    let body = &steps[1]["body"];
    let info = STANDARD.decode(text(&body["payment_params"])).unwrap();
    let info = net::OrchestratorInfo::decode(info.as_slice()).unwrap();
    let offer = Offer::read(&info).unwrap();
    assert_eq!(offer.session_id, text(&body["manifest_id"]));
    assert_eq!(offer.params.unwrap().expiration_block, U256::from(1896));
    let recorded = HeaderValue::from_str(text(&steps[3]["LivepeerPayment"])).unwrap();
    let message = PaymentMessage::from_header(&recorded).unwrap();
    assert_eq!(message.tickets, None);
    assert_eq!(message.to_header(), recorded);
}

/// Every recorded payment is read and written back the same; every recorded refusal is understood.
#[test]
fn recorded_payments_and_refusals_are_understood() {
    let cases = data("errors.json");
    let (mut payments, mut refusals) = (0, Vec::new());
    for case in cases.as_array().unwrap() {
        let name = text(&case["case"]);
        if let Some(header) = case["LivepeerPayment"].as_str() {
            let header = HeaderValue::from_str(header).unwrap();
            if let Ok(message) = PaymentMessage::from_header(&header) {
                // One case spells its price in other than lowest terms; it is kept as it is.
                assert_eq!(message.to_header(), header, "{name}");
                payments += 1;
            }
        }
        let (Some(status), Some(body)) = (case["status"].as_u64(), case["body"].as_str()) else {
            continue;
        };
        let refusal = Refusal::read(u16::try_from(status).unwrap(), body);
        refusals.push((name.to_owned(), refusal));
    }
    assert!(payments > 20, "{payments}");
    let of = |name: &str| refusals.iter().find(|(case, _)| case == name).unwrap().1;
    for (name, wanted) in [
        ("nonce-reused", Some(Refusal::Nonce)),
        ("601st-nonce", Some(Refusal::Nonce)),
        ("signature-corrupt", Some(Refusal::Signature)),
        ("price-plus-one", Some(Refusal::Params)),
        ("price-missing", Some(Refusal::Other)),
        ("recipient-not-this-orchestrator", Some(Refusal::Inactive)),
        ("payment-not-base64", Some(Refusal::Other)),
        ("payment-not-protobuf", Some(Refusal::Other)),
        ("auth-token-wrong", Some(Refusal::Token)),
        ("auth-token-missing", Some(Refusal::Token)),
        ("balance-insufficient", Some(Refusal::Balance)),
        ("params-expired", Some(Refusal::ParamsExpired)),
        ("sender-unlocking", Some(Refusal::Funds)),
        ("segment-body-hash", None),
        ("segment-creds-empty", None),
    ] {
        assert_eq!(of(name), wanted, "{name}");
    }
}
