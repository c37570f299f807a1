//! Logs of a chain, from a stream of JSON to a report.
//!
//! Input: what a file of logs may hold. The first byte is the size of the pieces in which it is also
//! read; the rest is the stream.
#![no_main]

use std::io::{self, Read};

use alloy_primitives::Address;
use libfuzzer_sys::fuzz_target;
use waymark_fuzz::showable;
use waymark_tracker::book::Library;
use waymark_tracker::event::Contracts;
use waymark_tracker::log::{Log, LogReader};
use waymark_tracker::output::{self, Format};
use waymark_tracker::report::{By, Question, Scope, report};
use waymark_tracker::source::{ReadError, read_logs};
use waymark_tracker::store::{Identity, Store};

/// The contracts of the seeds.
const IDENTITY: Identity = Identity {
    contracts: Contracts {
        broker: Address::repeat_byte(0xb0),
        registry: Some(Address::repeat_byte(0x4e)),
        bonding: Some(Address::repeat_byte(0xbd)),
    },
    chain_id: None,
};

fuzz_target!(|data: &[u8]| {
    let Some((&piece, text)) = data.split_first() else { return };
    let whole = logs(text, usize::MAX);
    assert_eq!(whole, logs(text, usize::from(piece).max(1)), "in pieces it is another stream");
    let mut store = Store::temporary(IDENTITY).expect("a temporary state");
    let read = read_logs(&mut store, text);
    match (&read, &whole.1) {
        (Ok(summary), None) => assert_eq!(summary.logs, whole.0.len() as u64),
        (Err(error @ ReadError::Logs(_)), Some(_)) => showable(error),
        (other, reader) => panic!("{other:?} although the reader says {reader:?}"),
    }
    sums(&store, whole.0.len() as u64);
});

/// All logs of a stream read in pieces, and why it stops.
fn logs(text: &[u8], piece: usize) -> (Vec<Log>, Option<String>) {
    let mut reader = LogReader::new(Pieces { text, piece });
    let mut logs = Vec::new();
    loop {
        match reader.next_log() {
            Ok(Some(log)) => logs.push(log),
            Ok(None) => return (logs, None),
            Err(error) => {
                showable(&error);
                return (logs, Some(error.to_string()));
            }
        }
    }
}

/// Whatever was read: every redemption is in the report once, and each format can be written.
fn sums(store: &Store, logs: u64) {
    let redemptions = store.redemptions().expect("a state");
    assert!(redemptions <= logs);
    for by in [By::Round, By::Day] {
        let question = Question { by, scope: Scope::Tag };
        let report = report(store, &Library::none(), question).expect("a report");
        assert_eq!(report.rows.iter().map(|row| row.winners).sum::<u64>(), redemptions);
        for row in &report.rows {
            assert!((0.0..=1.0).contains(&row.hhi) && (0.0..=1.0).contains(&row.coverage), "{row:?}");
            assert!(row.arms_length_wei <= row.paid_wei && row.recipients <= row.winners, "{row:?}");
        }
        for format in [Format::Table, Format::Json, Format::Csv, Format::Parquet] {
            output::write(&report, format, true, false, &mut io::sink()).expect("a sink takes all");
        }
    }
}

struct Pieces<'a> {
    text: &'a [u8],
    piece: usize,
}

impl Read for Pieces<'_> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let length = self.piece.min(self.text.len()).min(buffer.len());
        let (now, later) = self.text.split_at(length);
        buffer[..length].copy_from_slice(now);
        self.text = later;
        Ok(length)
    }
}
