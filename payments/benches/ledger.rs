//! What putting a promise on record costs: on average, and at the 99th percentile, which the job
//! feels. Beside it runs `maintain`, as in the gateway.
#![expect(clippy::print_stdout, reason = "the percentiles are the result")]

use std::io::{Seek as _, SeekFrom, Write as _};
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use alloy_primitives::{Address, U256, keccak256};
use criterion::{Criterion, criterion_group, criterion_main};
use jiff::Timestamp;
use tokio::time::Instant;
use waymark_payments::ledger::{Ledger, Outcome, Promise, Settlement};
use waymark_payments::limits::{Amount, Limits};
use waymark_tagging::TagId;

fn limits() -> Limits {
    let ether = |text: &str| -> Amount { text.parse().expect("an amount") };
    Limits {
        ticket_face_value: Some(ether("1 eth")),
        payment: Some(ether("0.1 eth")),
        session: Some(ether("1000 eth")),
        tags: vec![
            ("transcode/**".parse().expect("a pattern"), ether("10000 eth")),
            ("*".parse().expect("a pattern"), ether("10000 eth")),
        ],
        orchestrator: Some(ether("10000 eth")),
        day: Some(ether("10000 eth")),
        ..Limits::default()
    }
}

/// The `n`-th payment of 200 streams to 20 orchestrators.
fn promise(n: u64, session: &str) -> Promise<'_> {
    Promise {
        at: Timestamp::UNIX_EPOCH,
        recipient: Address::repeat_byte(u8::try_from(n % 20).unwrap_or(0)),
        session,
        job: [7; 16],
        attempt: 1,
        tag: TagId::UNTAGGED,
        tag_name: "transcode/live/abr",
        capability: "transcoding",
        round: 1,
        params: keccak256(n.to_be_bytes()),
        first_nonce: 1,
        tickets: 3,
        face_value: U256::from(2_400_000_000_000_000_u64),
        win_prob: U256::MAX / U256::from(300_000),
        value: U256::from(24_000_000_000_u64),
        fee: U256::from(23_000_000_000_u64),
        price_per_unit: 1_200,
        pixels_per_unit: 1,
    }
}

fn percentiles(what: &str, mut taken: Vec<Duration>) {
    taken.sort_unstable();
    let at = |part: usize| taken[(taken.len() * part / 1_000).min(taken.len() - 1)];
    println!(
        "{what}: n {} p50 {:?} p90 {:?} p99 {:?} p99.9 {:?} max {:?}",
        taken.len(),
        at(500),
        at(900),
        at(990),
        at(999),
        at(1_000),
    );
}

fn pace(rate: u64) -> String {
    if rate == 0 { "without pause".to_owned() } else { format!("{rate} a second") }
}

/// How long each of `times` calls takes, `rate` of them a second.
fn paced(rate: u64, times: u64, mut call: impl FnMut(u64)) -> Vec<Duration> {
    let begin = Instant::now();
    let mut taken = Vec::new();
    for n in 0..times {
        if let Some(due) = (n * 1_000_000).checked_div(rate) {
            std::thread::park_timeout(Duration::from_micros(due).saturating_sub(begin.elapsed()));
        }
        let start = Instant::now();
        call(n);
        taken.push(start.elapsed());
    }
    taken
}

fn bench(criterion: &mut Criterion) {
    let folder = tempfile::tempdir_in(env!("CARGO_TARGET_TMPDIR")).expect("a folder");
    let open = |name: &str| {
        Ledger::open(folder.path().join(name), limits(), Timestamp::UNIX_EPOCH).expect("a ledger")
    };
    let sessions: Vec<String> = (0..200).map(|stream| format!("{stream:08x}")).collect();
    let pay = |ledger: &Ledger, n: u64| {
        let stream = usize::try_from(n % 200).unwrap_or(0);
        let id = ledger.promise(&promise(n, &sessions[stream])).expect("there is room");
        let (at, outcome, debit) = (Timestamp::UNIX_EPOCH, Outcome::Accepted, U256::from(1));
        ledger.settle(id, Settlement { at, outcome, units: 1_000, debit });
    };

    // As the gateway does it: payments at a steady pace, upkeep once a second on another thread.
    for (rate, payments) in [(50_u64, 500_u64), (500, 5_000), (0, 60_000)] {
        let ledger = open(&format!("paced-{rate}.sqlite3"));
        // The log has started over once, as it has in a gateway that runs for some minutes.
        for n in 0..2_000 {
            pay(&ledger, u64::MAX - n);
        }
        ledger.maintain(Timestamp::UNIX_EPOCH).expect("upkeep");
        let over = AtomicBool::new(false);
        let mut taken = Vec::new();
        let mut file = std::fs::File::create(folder.path().join("pages")).expect("a file");
        let pages = [0x55_u8; 8_192];
        file.write_all(&vec![0x55; 8 << 20]).expect("to write");
        let floor = paced(rate, payments.min(5_000), |n| {
            file.seek(SeekFrom::Start(n % 1_000 * 8_192)).expect("to seek");
            file.write_all(&pages).expect("to write");
        });
        percentiles(&format!("two pages written over old ones, {}", pace(rate)), floor);
        std::thread::scope(|scope| {
            scope.spawn(|| {
                let mut last = Instant::now();
                while !over.load(Ordering::Relaxed) {
                    if last.elapsed() >= Duration::from_secs(1) {
                        last = Instant::now();
                        ledger.maintain(Timestamp::UNIX_EPOCH).expect("upkeep");
                    }
                    std::thread::park_timeout(Duration::from_millis(50));
                }
            });
            taken = paced(rate, payments, |n| pay(&ledger, n));
            over.store(true, Ordering::Relaxed);
        });
        percentiles(&format!("promise, {}", pace(rate)), taken);
    }

    let ledger = open("flat.sqlite3");
    let mut n = 0;
    criterion.bench_function("ledger/promise", |bencher| {
        bencher.iter(|| {
            pay(&ledger, n);
            n += 1;
            if n % 10_000 == 0 {
                ledger.maintain(Timestamp::UNIX_EPOCH).expect("upkeep");
            }
        });
    });
}

criterion_group!(benches, bench);
criterion_main!(benches);
