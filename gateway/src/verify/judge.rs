//! From bytes to checks: the same way for a job's renditions and for files on the command line.
//!
//! Parsing runs on threads of its own, as many at once as there are cores; decoding runs in workers.
//! What could not be looked at is in the verdict as not run, with the reason.

mod full;
mod keys;

use std::{num::NonZero, sync::Arc, thread, time::Duration};

use bytes::Bytes;
use parking_lot::Mutex;
use tokio::{sync::Semaphore, time::Instant};
use waymark_media::scan::{Scan, ScanError, ScanLimits, scan};
use waymark_verification::{
    Check, Verdict,
    expect::{Expectation, Wanted},
    fast::{
        self, Evidence,
        before::Earlier,
        replay::{Memory, Sighting},
    },
    thresholds::Thresholds,
};

pub use full::Shown;
pub use keys::Keys;
use keys::Made;

use super::worker::{Pool, WorkError};

/// Renditions that are remembered, about a kilobyte each, so that none is returned again for another
/// source: six minutes of fifty streams of two renditions, hours of a few.
const REMEMBERED: usize = 16_384;

/// What measuring and judging needs. Cloning is cheap.
#[derive(Debug, Clone)]
pub struct Judge {
    pool: Option<Pool>,
    thresholds: Arc<Thresholds>,
    parsing: Arc<Semaphore>,
    /// What came back in the last hours.
    seen: Arc<Mutex<Memory>>,
    since: Instant,
    /// Longest wait for a worker.
    deadline: Duration,
}

/// A file was not parsed.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum ParseError {
    /// The file's fault.
    #[error(transparent)]
    File(#[from] ScanError),
    /// A defect of ours, or the process is ending.
    #[error("it was not parsed: {why}")]
    Own {
        /// Why.
        why: String,
    },
}

/// A source segment, parsed once, with its key pictures as soon as somebody needs them.
#[derive(Debug)]
pub struct Source {
    bytes: Bytes,
    scan: Scan,
    keys: Made,
}

/// What came back for one profile.
#[derive(Debug, Clone, Copy)]
pub struct Returned<'a> {
    /// What was asked for.
    pub wanted: &'a Wanted,
    /// The rendition.
    pub body: &'a Bytes,
    /// Pixels that are billed for it, where it is said.
    pub claimed: Option<u64>,
    /// Median of the bytes of video in the stream's segments so far.
    pub usual_bytes: Option<u64>,
    /// First pictures of the stream's segments before.
    pub earlier: &'a [Arc<Earlier>],
}

/// What the fast checks found on one rendition.
#[derive(Debug)]
pub struct Judged {
    /// What was expected.
    pub expected: Expectation,
    /// What the rendition holds, if it was media.
    pub scan: Option<Scan>,
    /// Every check.
    pub verdict: Verdict,
    /// CPU time of workers.
    pub cpu: Duration,
    /// What could not be measured, if so.
    pub trouble: Option<WorkError>,
}

impl Source {
    /// What parsing found.
    pub const fn scan(&self) -> &Scan {
        &self.scan
    }

    /// The segment.
    pub const fn bytes(&self) -> &Bytes {
        &self.bytes
    }
}

impl Judge {
    /// With workers, or without decoding.
    pub fn new(pool: Option<Pool>, thresholds: Thresholds, deadline: Duration) -> Self {
        let cores = thread::available_parallelism().map_or(1, NonZero::get);
        let parsing = Arc::new(Semaphore::new(cores));
        let seen = Arc::new(Mutex::new(Memory::new(REMEMBERED)));
        let (thresholds, since) = (Arc::new(thresholds), Instant::now());
        Self { pool, thresholds, parsing, seen, since, deadline }
    }

    /// The workers.
    pub const fn pool(&self) -> Option<&Pool> {
        self.pool.as_ref()
    }

    /// Every bound.
    pub fn thresholds(&self) -> &Thresholds {
        &self.thresholds
    }

    /// Parses a source.
    pub async fn source(&self, bytes: Bytes) -> Result<Source, ParseError> {
        let scan = self.parse(bytes.clone()).await?;
        Ok(Source { bytes, scan, keys: Made::default() })
    }

    /// Puts one rendition through everything that every result is put through.
    pub async fn fast(&self, source: &Source, returned: Returned<'_>) -> Judged {
        let bounds = &*self.thresholds;
        let expected = Expectation::within(&source.scan, returned.wanted, &bounds.expected);
        let scan = match self.parse(returned.body.clone()).await {
            Ok(scan) => scan,
            Err(error) => {
                let check = match &error {
                    ParseError::File(_) => Check::fail("F04.container", error.to_string()),
                    ParseError::Own { .. } => Check::not_run("F04.container", error.to_string()),
                };
                let verdict = Verdict::from_iter([check]);
                return Judged {
                    expected,
                    scan: None,
                    verdict,
                    cpu: Duration::ZERO,
                    trouble: None,
                };
            }
        };
        let evidence = Evidence {
            wanted: returned.wanted,
            expected: &expected,
            source: &source.scan,
            rendition: &scan,
            bytes: returned.body.len() as u64,
            claimed_pixels: returned.claimed,
            usual_bytes: returned.usual_bytes,
        };
        let mut verdict: Verdict = fast::packets(&evidence, bounds).into_iter().collect();
        let (pictures, cpu, trouble) = self.key_pictures(source, &expected, &scan, returned).await;
        for check in pictures.into_iter().chain(self.replayed(source, &scan)) {
            verdict.push(check);
        }
        Judged { expected, scan: Some(scan), verdict, cpu, trouble }
    }

    /// Whether the same came back before, for something else.
    fn replayed(&self, source: &Source, rendition: &Scan) -> Option<Check> {
        let sighting = Sighting {
            rendition: rendition.video.first()?,
            source: source.scan.video.first()?,
            picture: source.keys.first(),
        };
        let now = self.since.elapsed();
        Some(self.seen.lock().see(&sighting, now, &self.thresholds.replay))
    }

    fn workers(&self) -> Result<&Pool, WorkError> {
        let why = "this gateway runs without decoding";
        self.pool.as_ref().ok_or_else(|| WorkError::NoWorker { why: why.to_owned() })
    }

    async fn parse(&self, bytes: Bytes) -> Result<Scan, ParseError> {
        let own = |why: String| ParseError::Own { why };
        let permit = Arc::clone(&self.parsing).acquire_owned().await;
        let permit = permit.map_err(|e| own(e.to_string()))?;
        let parsing = tokio::task::spawn_blocking(move || {
            let scanned = scan(&bytes, &ScanLimits::default());
            drop(permit);
            scanned
        });
        Ok(parsing.await.map_err(|e| own(e.to_string()))??)
    }
}

/// A worker that answers another question.
fn something_else() -> WorkError {
    WorkError::NotMeasured { why: "the worker measured something else".to_owned() }
}
