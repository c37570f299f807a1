mod admission;
mod crash;
mod model;
mod opening;
mod records;
mod redemptions;
mod rounds;
mod viewing;

use alloy_primitives::{Address, B256, U256};
use jiff::{Timestamp, ToSpan as _};
use waymark_tagging::TagId;

use super::*;
use crate::fund::Fees;
use crate::limits::Amount;

/// A folder with a ledger in it.
struct Place {
    folder: tempfile::TempDir,
}

impl Place {
    fn new() -> Self {
        Self { folder: tempfile::tempdir().unwrap() }
    }

    fn path(&self) -> PathBuf {
        self.folder.path().join("waymark.sqlite3")
    }

    fn open(&self, limits: Limits) -> Ledger {
        Ledger::open_in(&self.path(), limits, noon(), Some("boot")).unwrap()
    }

    /// What a crash at this instant would leave: the database and its log, without what is only in
    /// the memory of the process.
    fn image(&self) -> Self {
        let copy = Self::new();
        for suffix in ["", "-wal"] {
            let from = file::beside(&self.path(), suffix);
            if from.exists() {
                std::fs::copy(from, file::beside(&copy.path(), suffix)).unwrap();
            }
        }
        copy
    }
}

fn noon() -> Timestamp {
    "2026-11-27T12:00:00Z".parse().unwrap()
}

fn wei(value: u64) -> U256 {
    U256::from(value)
}

#[expect(clippy::unnecessary_wraps, reason = "the shape of a limit that is set")]
fn limit(value: u64) -> Option<Amount> {
    Some(Amount::Wei(wei(value)))
}

fn orchestrator(number: u8) -> Address {
    Address::repeat_byte(number)
}

/// Ticket parameters nobody else has.
fn fresh(number: u64) -> B256 {
    alloy_primitives::keccak256(number.to_be_bytes())
}

/// Ten tickets worth ten wei each.
fn promise(params: u64) -> Promise<'static> {
    Promise {
        at: noon(),
        recipient: orchestrator(1),
        session: "session",
        job: [7; 16],
        attempt: 1,
        tag: TagId::try_from(5).unwrap(),
        tag_name: "transcode/live/abr",
        capability: "transcoding",
        round: 1,
        params: fresh(params),
        first_nonce: (5 << 10) + 1,
        tickets: 10,
        face_value: wei(1_000),
        win_prob: U256::MAX / wei(100),
        value: wei(100),
        fee: wei(95),
        price_per_unit: 1_200,
        pixels_per_unit: 1,
    }
}

fn period() -> Period {
    Period { from: noon(), to: noon() }
}

fn hit(result: Result<PromiseId, PromiseError>) -> crate::limits::LimitHit {
    match result {
        Err(PromiseError::Limit(hit)) => *hit,
        other => panic!("no limit was hit: {other:?}"),
    }
}
