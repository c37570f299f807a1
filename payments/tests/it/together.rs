//! Payments of many threads with a real ledger: limits and nonces hold.

use std::collections::HashSet;
use std::sync::Arc;

use alloy_primitives::U256;
use base64::{Engine as _, engine::general_purpose::STANDARD};
use prost::Message as _;
use waymark_payments::fee::Work;
use waymark_payments::ledger::Ledger;
use waymark_payments::limits::Limits;
use waymark_payments::metrics::Metrics;
use waymark_payments::money::{self, Wei};
use waymark_payments::payer::{Advice, Job, PayError, Payer};
use waymark_payments::session::{Offer, Outcome, Source};
use waymark_payments::wire::PaymentMessage;
use waymark_proto::net;
use waymark_tagging::TagId;

use crate::harness::{NOW, data, generous, key_of, rich, text};

const THREADS: u32 = 4;
const PAYMENTS: u32 = 60;

fn offer() -> Offer {
    let frame = text(&data("orchestrator-info.json")["responseGrpcFrame"]).to_owned();
    let frame = STANDARD.decode(frame).unwrap();
    Offer::read(&net::OrchestratorInfo::decode(&frame[5..]).unwrap()).unwrap()
}

fn job(n: u32) -> Job<'static> {
    Job {
        id: [1; 16],
        attempt: n,
        tag_name: "transcode/live/abr",
        capability: "transcode",
        work: Work::Units(12_000_000),
        max_price: None,
    }
}

/// Every thread pays in one session, under one set of parameters, then under others.
#[test]
fn threads_share_a_session_a_ledger_and_a_limit() {
    let dir = tempfile::tempdir().unwrap();
    let limits = Limits { day: Some("0.1 eth".parse().unwrap()), ..Limits::default() };
    let ledger = Arc::new(Ledger::open(dir.path().join("ledger"), limits, NOW).unwrap());
    let registry = prometheus::Registry::new();
    let key = key_of("0x70997970C51812dc3A010C7d01b50e0d17dc79C8");
    let payer = Payer::new(Arc::new(key), Arc::<Ledger>::clone(&ledger), generous())
        .with_metrics(Metrics::register(&registry).unwrap());
    let offer = offer();
    let session = payer.open(&offer, TagId::try_from(7).unwrap(), NOW).unwrap();
    let chain = rich(1000);

    let results: Vec<Vec<Result<(PaymentMessage, Wei), PayError>>> = std::thread::scope(|scope| {
        let threads: Vec<_> = (0..THREADS)
            .map(|thread| {
                let (payer, session, offer, chain) = (&payer, &session, &offer, &chain);
                scope.spawn(move || {
                    let pay = |n: u32| {
                        let payment = payer.pay(session, &job(n), chain, NOW)?;
                        let message = PaymentMessage::from_header(payment.header()).unwrap();
                        let value = payment.value().clone();
                        let outcome = match n % 3 {
                            0 => Outcome::NotSent,
                            1 => Outcome::Spent,
                            _ => Outcome::Received { pixels: 12_000_000 },
                        };
                        assert_eq!(payment.settle(outcome, NOW).ended, None);
                        Ok((message, value))
                    };
                    let each = |n: u32| {
                        let mut params = offer.params.unwrap();
                        params.recipient_rand_hash.0[0] ^= u8::try_from(n / 10 * THREADS).unwrap();
                        let renewed = Offer { params: Some(params), ..offer.clone() };
                        session.renew(&renewed, Source::Session, NOW).unwrap();
                        pay(n * THREADS + thread)
                    };
                    (0..PAYMENTS).map(each).collect()
                })
            })
            .collect();
        threads.into_iter().map(|thread| thread.join().unwrap()).collect()
    });

    let (mut seen, mut promised, mut refused) = (HashSet::new(), U256::ZERO, 0);
    for result in results.into_iter().flatten() {
        match result {
            Ok((message, value)) => {
                promised += money::round_up(&value);
                if let Some(batch) = message.tickets {
                    for (nonce, _) in batch.signed {
                        assert!(seen.insert((batch.params.recipient_rand_hash, nonce)));
                    }
                }
            }
            Err(error @ PayError::Limit(_)) => {
                assert_eq!(error.advice(), Advice::GiveUp, "another one hits the same limit");
                refused += 1;
            }
            Err(error) => panic!("{error:?}"),
        }
    }
    let limit = U256::from(10).pow(U256::from(17));
    assert!(promised <= limit, "{promised}");
    assert!(promised > limit - U256::from(10).pow(U256::from(15)), "all of it was used");
    assert!(refused > 10 && seen.len() > 100, "{refused} {}", seen.len());

    let text = prometheus::TextEncoder::new().encode_to_string(&registry.gather()).unwrap();
    assert!(text.contains("waymark_payments_total{kind=\"tickets\"}"), "{text}");
    assert!(text.contains(&format!("livepeer_tickets_sent {}", seen.len())), "{text}");
    assert!(text.contains(&format!("waymark_payment_errors_total{{reason=\"limit\"}} {refused}")));
}
