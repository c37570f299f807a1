//! The payment step as a segment of a live stream feels it. What it needs was made while nobody
//! waited, after the segment before: credit, nonces, the promise committed to a ledger on disk, three
//! tickets signed, the header written. The segment checks that all of it still holds. The first of a
//! stream, and any that it does not hold for, makes its payment itself. Beside it runs the ledger's
//! upkeep, as in the gateway. What is wanted: under 200 microseconds at the 99th percentile. Beside it
//! stand making a payment ahead, and three bare signatures under the same conditions: what the machine
//! itself adds to anything of that length is in their percentiles, too.
#![expect(clippy::print_stdout, reason = "the percentiles are the result")]

use std::hint::black_box;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use secp256k1::{Message, SECP256K1, SecretKey};
use tokio::time::Instant;
use waymark_payments::fee::{Output, Work};
use waymark_payments::ledger::Ledger;
use waymark_payments::limits::Limits;
use waymark_payments::payer::{Ahead, Job, Payer, Settings};
use waymark_payments::session::{Outcome, Renewed, Source};
use waymark_payments::signer::LocalKey;
use waymark_tagging::TagId;

mod setting;

use self::setting::{KEY, NOW, chain, offer};

/// Payments measured.
const PAYMENTS: u64 = 20_000;
/// Between two payments: 500 streams of 2 s segments.
const PAUSE: Duration = Duration::from_millis(4);
/// Segments of a stream: ten minutes of it.
const STREAM: u64 = 300;
/// Payments with that pause; the others follow each other at once.
const PACED: u64 = 2_000;

fn main() {
    let dir = tempfile::tempdir().expect("a directory");
    let path = dir.path().join("ledger.sqlite3");
    let ledger = Arc::new(Ledger::open(path, Limits::default(), NOW).expect("a ledger"));
    let key = Arc::new(LocalKey::from_slice(&KEY).expect("a key"));
    let payer = Payer::new(key, Arc::<Ledger>::clone(&ledger), Settings::default());
    let done = AtomicBool::new(false);
    std::thread::scope(|scope| {
        scope.spawn(|| {
            while !done.load(Ordering::Relaxed) {
                std::thread::park_timeout(Duration::from_secs(1));
                ledger.maintain(NOW).expect("upkeep");
            }
        });
        measure("at once", &payer, 0, PAYMENTS, Duration::ZERO);
        bare("at once", PAYMENTS, Duration::ZERO);
        // Other parameters than the last payment made ahead has.
        measure("paced", &payer, PAYMENTS + 1, PACED, PAUSE);
        bare("paced", PACED, PAUSE);
        done.store(true, Ordering::Relaxed);
    });
}

fn measure(what: &str, payer: &Payer, from: u64, count: u64, pause: Duration) {
    let outputs = [(426, 240), (640, 360)].map(|(width, height)| Output {
        width,
        height,
        rate: 30,
        rate_denominator: 0,
    });
    let work = Work::Transcode { outputs: &outputs, duration: Duration::from_secs(2) };
    let chain = chain();
    let tag = TagId::try_from(70_000).expect("a tag");
    let session = payer.open(&offer(from), tag, NOW).expect("a session");
    let job = |n: u64| {
        let mut id = [0; 16];
        id[..8].copy_from_slice(&n.to_be_bytes());
        let (tag_name, capability) = ("transcode/live/abr", "transcoding");
        Job { id, attempt: 0, tag_name, capability, work, max_price: None }
    };
    let (mut felt, mut made) = (Vec::new(), Vec::new());
    let mut ahead: Option<Ahead> = None;
    let mut tickets = 0;
    for n in from..from + count {
        if !pause.is_zero() {
            std::thread::park_timeout(pause);
        }
        // A new stream each so many segments: its first one pays itself.
        let ready = ahead.take().filter(|_| !n.is_multiple_of(STREAM));
        let (job, next) = (job(n), job(n + 1));
        let started = Instant::now();
        let claimed = ready.and_then(|ahead| payer.claim(ahead, &session, &job, &chain, NOW));
        let payment =
            claimed.unwrap_or_else(|| payer.pay(&session, &job, &chain, NOW).expect("paid"));
        felt.push(started.elapsed());
        tickets += u64::from(payment.tickets());
        let settled = payment.settle(Outcome::Received { pixels: 19_958_400 }, NOW);
        assert_eq!(settled.ended, None, "the session goes on");
        let renewed = session.renew(&offer(n + 1), Source::Session, NOW);
        assert_eq!(renewed, Ok(Renewed::Adopted), "new terms come with each reply");
        let started = Instant::now();
        ahead = Some(payer.pay_ahead(&session, &next, &chain, NOW).expect("paid ahead"));
        made.push(started.elapsed());
    }
    percentiles(&format!("a segment's payment step, {what}: {count}, {tickets} tickets"), felt);
    percentiles(&format!("making a payment ahead, {what}"), made);
}

/// Three signatures and nothing else.
fn bare(what: &str, count: u64, pause: Duration) {
    let key = SecretKey::from_byte_array(KEY).expect("a key");
    let mut digest = [1; 32];
    let mut taken = Vec::new();
    for n in 0..count {
        if !pause.is_zero() {
            std::thread::park_timeout(pause);
        }
        let started = Instant::now();
        for ticket in 0..3_u8 {
            digest[..8].copy_from_slice(&n.to_be_bytes());
            digest[8] = ticket;
            let message = Message::from_digest(digest);
            black_box(SECP256K1.sign_ecdsa_recoverable(message, &key));
        }
        taken.push(started.elapsed());
    }
    percentiles(&format!("three signatures alone, {what}: {count} times"), taken);
}

fn percentiles(what: &str, mut taken: Vec<Duration>) {
    taken.sort_unstable();
    let at = |part: usize| taken[(taken.len() * part / 1_000).min(taken.len() - 1)];
    println!(
        "{what}; p50 {:?} p90 {:?} p99 {:?} p99.9 {:?} max {:?}",
        at(500),
        at(900),
        at(990),
        at(999),
        at(1_000)
    );
}
