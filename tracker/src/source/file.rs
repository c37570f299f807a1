//! Logs from a stream of JSON, in batches of one transaction each.

use std::io::Read;

use super::Summary;
use crate::event::Decoder;
use crate::log::{LogFileError, LogReader};
use crate::store::{Batch, Store, StoreError};

/// Logs of one transaction.
const BATCH: u64 = 20_000;

/// A stream could not be read to its end. What came before the mistake is in the state; reading the
/// stream again counts nothing twice.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ReadError {
    /// The stream.
    #[error(transparent)]
    Logs(#[from] LogFileError),
    /// The state.
    #[error(transparent)]
    Store(#[from] StoreError),
}

/// Reads a stream of logs into the state: an array of log objects, one object a line, or one after the
/// other. The order of the chain is quickest; any other gives the same.
pub fn read_logs(store: &mut Store, input: impl Read) -> Result<Summary, ReadError> {
    let mut reader = LogReader::new(input);
    let mut decoder = Decoder::new(store.identity().contracts);
    let mut summary = Summary::default();
    let mut in_batch = 0_u64;
    loop {
        let log = match reader.next_log() {
            Ok(log) => log,
            Err(error) => {
                flush(store, &mut decoder, &mut summary)?;
                return Err(error.into());
            }
        };
        let Some(log) = log else { break };
        summary.logs = summary.logs.saturating_add(1);
        decoder.push(log);
        in_batch = in_batch.saturating_add(1);
        if in_batch >= BATCH {
            flush(store, &mut decoder, &mut summary)?;
            in_batch = 0;
        }
    }
    flush(store, &mut decoder, &mut summary)?;
    Ok(summary)
}

fn flush(
    store: &mut Store,
    decoder: &mut Decoder,
    summary: &mut Summary,
) -> Result<(), StoreError> {
    let (facts, passed) = decoder.take();
    summary.passed.add(passed);
    summary.applied.add(store.apply(&Batch { facts, ..Batch::default() })?);
    Ok(())
}
