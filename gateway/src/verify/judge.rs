//! From bytes to checks: the same way for a job's renditions and for files on the command line.
//!
//! Parsing runs on threads of its own, as many at once as there are cores; decoding runs in workers.
//! What could not be looked at is in the verdict as not run, with the reason.

mod full;

use std::{num::NonZero, sync::Arc, thread, time::Duration};

use bytes::Bytes;
use parking_lot::Mutex;
use tokio::{
    sync::{OnceCell, Semaphore},
    time::{Instant, timeout},
};
use waymark_media::{
    pixels::{Grids, Lattice},
    scan::{Scan, ScanError, ScanLimits, scan},
};
use waymark_verification::{
    Check, Kind, Verdict,
    expect::{Expectation, Wanted},
    fast::{
        self, Evidence,
        replay::{Memory, Sighting},
    },
    thresholds::Thresholds,
};

pub use full::Shown;

use super::worker::{
    Pool, Urgency, WorkError,
    protocol::{Measured, Task},
};

/// The first check of key pictures: what could not be compared is recorded under its name.
const KEY: &str = "F14.luma_mean";

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
    fine: OnceCell<Result<Arc<Grids>, WorkError>>,
    coarse: OnceCell<Result<Arc<Grids>, WorkError>>,
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
        Ok(Source { bytes, scan, fine: OnceCell::new(), coarse: OnceCell::new() })
    }

    /// The grids of a source's key pictures, made once for each lattice.
    pub async fn keys(&self, source: &Source, lattice: Lattice) -> Result<Arc<Grids>, WorkError> {
        let once = if lattice == Lattice::FINE { &source.fine } else { &source.coarse };
        let made = once.get_or_init(async || {
            let (grids, _) = self.key_grids(&source.scan, source.bytes.clone(), lattice).await?;
            Ok(Arc::new(grids))
        });
        made.await.clone()
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
        let (pictures, cpu, trouble) =
            self.key_pictures(source, &expected, &scan, returned.body).await;
        for check in pictures.into_iter().chain(self.replayed(source, &scan)) {
            verdict.push(check);
        }
        Judged { expected, scan: Some(scan), verdict, cpu, trouble }
    }

    /// Whether the same came back before, for something else.
    fn replayed(&self, source: &Source, rendition: &Scan) -> Option<Check> {
        let keys = source.fine.get().and_then(|grids| grids.as_ref().ok());
        let sighting = Sighting {
            rendition: rendition.video.first()?,
            source: source.scan.video.first()?,
            picture: keys.and_then(|grids| grids.frames.first()),
        };
        let now = self.since.elapsed();
        Some(self.seen.lock().see(&sighting, now, &self.thresholds.replay))
    }

    async fn key_pictures(
        &self,
        source: &Source,
        expected: &Expectation,
        scan: &Scan,
        body: &Bytes,
    ) -> (Vec<Check>, Duration, Option<WorkError>) {
        if scan.video.first().is_none_or(|track| track.units.is_empty()) || expected.is_empty() {
            let check = Check::not_run(KEY, "no pictures to compare").kind(Kind::Soft);
            return (vec![check], Duration::ZERO, None);
        }
        let lattice = expected.lattice;
        let (theirs, ours) =
            tokio::join!(self.key_grids(scan, body.clone(), lattice), self.keys(source, lattice));
        match (theirs, ours) {
            (Ok((theirs, cpu)), Ok(ours)) => {
                (fast::key(expected, &ours, &theirs, &self.thresholds.key), cpu, None)
            }
            // A source that cannot be measured makes no rendition worse.
            (_, Err(error)) => {
                let why = format!("the source's key pictures: {error}");
                let check = Check::not_run(KEY, why).kind(Kind::Soft);
                (vec![check], Duration::ZERO, Some(error))
            }
            (Err(error), Ok(_)) => (vec![without_picture(&error)], Duration::ZERO, Some(error)),
        }
    }

    async fn key_grids(
        &self,
        scan: &Scan,
        file: Bytes,
        lattice: Lattice,
    ) -> Result<(Grids, Duration), WorkError> {
        let task = Task::KeyGrids { container: scan.container, lattice };
        let mut pending = self.workers()?.ask(Urgency::Stream, task, vec![file])?;
        let after = self.deadline;
        let late = |_| WorkError::NotMeasured { why: format!("not done within {after:?}") };
        let done = timeout(after, pending.done()).await.map_err(late)??;
        match done.measured {
            Measured::Grids(pictures) => match Grids::try_from(pictures) {
                Ok(grids) => Ok((grids, done.cpu)),
                Err(error) => Err(WorkError::NotMeasured { why: error.to_string() }),
            },
            _ => Err(something_else()),
        }
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

/// What it means that a rendition's key pictures could not be measured.
fn without_picture(error: &WorkError) -> Check {
    match error {
        WorkError::Deadly { .. } | WorkError::Endless { .. } => {
            Check::fail("F14.decoder", error.to_string()).kind(Kind::Hard)
        }
        // Decoding everything will tell whether it is damaged.
        WorkError::Unmeasurable { .. } => {
            Check::fail("F14.whole", error.to_string()).kind(Kind::Soft)
        }
        _ => Check::not_run(KEY, error.to_string()).kind(Kind::Soft),
    }
}

/// A worker that answers another question.
fn something_else() -> WorkError {
    WorkError::NotMeasured { why: "the worker measured something else".to_owned() }
}
