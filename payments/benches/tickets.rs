//! Making tickets beside the raw signing rate, and the whole payment step with a book that keeps
//! nothing.
//!
//! What is wanted: 15,000 tickets a second on one core, within a fifth of what the library signs, and
//! a payment step under 200 microseconds.

use std::hint::black_box;
use std::sync::Arc;
use std::time::Duration;

use criterion::{Criterion, Throughput, criterion_group, criterion_main};
use secp256k1::{Message, SECP256K1, SecretKey};
use waymark_payments::fee::{Output, Work};
use waymark_payments::ledger::{Promise, PromiseError, PromiseId, Settlement};
use waymark_payments::payer::{Book, Job, Payer, Settings};
use waymark_payments::session::{Outcome, Renewed, Source};
use waymark_payments::signer::{LocalKey, Signer as _};
use waymark_payments::ticket::Creation;
use waymark_payments::wire::{PaymentMessage, TicketBatch};
use waymark_tagging::TagId;

mod setting;

use self::setting::{KEY, NOW, chain, offer, params, price};

/// Tickets of one payment in the benchmark of tickets.
const BATCH: u16 = 60;

fn raw(c: &mut Criterion) {
    let key = SecretKey::from_byte_array(KEY).expect("a key");
    let mut group = c.benchmark_group("tickets");
    group.throughput(Throughput::Elements(1));
    let mut digest = [1; 32];
    let mut n = 0_u64;
    group.bench_function("raw_signature", |b| {
        b.iter(|| {
            n += 1;
            digest[..8].copy_from_slice(&n.to_be_bytes());
            black_box(SECP256K1.sign_ecdsa_recoverable(Message::from_digest(digest), &key))
        });
    });
    group.finish();
}

fn tickets(c: &mut Criterion) {
    let key = LocalKey::from_slice(&KEY).expect("a key");
    let mut group = c.benchmark_group("tickets");
    group.throughput(Throughput::Elements(BATCH.into()));
    let mut n = 0;
    group.bench_function("hash_sign_encode", |b| {
        b.iter(|| {
            n += 1;
            let params = params(n);
            let mut ticket = params.ticket(key.address(), 0, Creation::default());
            let signed = (1..=u32::from(BATCH))
                .map(|nonce| {
                    ticket.nonce = nonce;
                    (nonce, key.sign(&ticket.hash()).expect("signed"))
                })
                .collect();
            let tickets = Some(TicketBatch { params, creation: ticket.creation, signed });
            let sender = ticket.sender;
            black_box(PaymentMessage { sender, price: price(), tickets }.to_header())
        });
    });
    group.finish();
}

#[derive(Debug)]
struct NoBook;

impl Book for NoBook {
    fn promise(&self, _: &Promise<'_>) -> Result<PromiseId, PromiseError> {
        Ok(PromiseId::from(1))
    }

    fn settle(&self, _: PromiseId, _: Settlement) {}
}

/// A segment of the default job: reserve, three or four tickets, settle, new terms.
fn payment(c: &mut Criterion) {
    let key = Arc::new(LocalKey::from_slice(&KEY).expect("a key"));
    let payer = Payer::new(key, Arc::new(NoBook), Settings::default());
    let outputs = [(426, 240), (640, 360)].map(|(width, height)| Output {
        width,
        height,
        rate: 30,
        rate_denominator: 0,
    });
    let work = Work::Transcode { outputs: &outputs, duration: Duration::from_secs(2) };
    let (id, chain) = ([1; 16], chain());
    let job = Job {
        id,
        attempt: 1,
        tag_name: "transcode/live/abr",
        capability: "transcode",
        work,
        max_price: None,
    };
    let tag = TagId::try_from(70_000).expect("a tag");
    let mut group = c.benchmark_group("payment");
    group.throughput(Throughput::Elements(1));

    let session = payer.open(&offer(0), tag, NOW).expect("a session");
    let mut n = 0;
    group.bench_function("pay_settle_renew", |b| {
        b.iter(|| {
            n += 1;
            let payment = payer.pay(&session, &job, &chain, NOW).expect("paid");
            let settled = payment.settle(Outcome::Received { pixels: 19_958_400 }, NOW);
            assert_eq!(settled.ended, None);
            assert_eq!(session.renew(&offer(n), Source::Session, NOW), Ok(Renewed::Adopted));
        });
    });
    // Credit covers it: what the step costs without signatures.
    let job = Job { work: Work::Units(1), ..job };
    group.bench_function("pay_from_credit", |b| {
        let session = payer.open(&offer(0), tag, NOW).expect("a session");
        let first = payer.pay(&session, &job, &chain, NOW).expect("paid");
        let settled = first.settle(Outcome::Received { pixels: 0 }, NOW);
        assert_eq!(settled.ended, None);
        b.iter(|| {
            let payment = payer.pay(&session, &job, &chain, NOW).expect("paid");
            black_box(payment.settle(Outcome::Received { pixels: 0 }, NOW))
        });
    });
    group.finish();
}

criterion_group!(benches, raw, tickets, payment);
criterion_main!(benches);
