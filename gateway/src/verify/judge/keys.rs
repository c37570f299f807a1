//! Key pictures: those of a rendition beside those of its source.
//!
//! A worker is given no more of a file than it takes to decode them. Of a source the first is made while
//! an orchestrator works, for it is the only one that most renditions are compared with.

use std::{sync::Arc, time::Duration};

use bytes::Bytes;
use tokio::{sync::OnceCell, time::timeout};
use waymark_media::{
    pixels::{Grid, Grids, Lattice},
    scan::{KeyEnds, Scan, UnitKind, VideoTrack},
};
use waymark_verification::{
    Check, Kind,
    expect::{Expectation, Wanted},
    fast,
};

use super::{Judge, Returned, Source, something_else};
use crate::verify::worker::{
    Urgency, WorkError,
    protocol::{Measured, Task},
};

/// The first check of key pictures: what could not be compared is recorded under its name.
const CHECK: &str = "F14.luma_mean";
/// Most key pictures of one file that are compared.
const MOST: u32 = 4;

/// Which key pictures of a file.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Keys {
    /// The first.
    First,
    /// Up to four, spread over the file.
    All,
}

impl Keys {
    /// Those of a source that renditions which were asked for like this are likely to be compared with.
    pub fn likely(wanted: &[Wanted]) -> Self {
        let default = |wanted: &Wanted| wanted.gop == waymark_media::Gop::Default;
        if wanted.iter().all(default) { Self::First } else { Self::All }
    }

    /// Those of a source that this rendition's key pictures must show.
    fn shown_by(rendition: &Scan, expected: &Expectation, source: &Scan) -> Self {
        let shown: Vec<i64> = times(rendition).collect();
        let [only] = expected.align(&shown).sources[..] else { return Self::All };
        let at = only.and_then(|index| usize::try_from(index).ok());
        let at = at.and_then(|index| expected.source_pts.get(index)).copied();
        if at == times(source).next() { Self::First } else { Self::All }
    }

    const fn most(self) -> u32 {
        match self {
            Self::First => 1,
            Self::All => MOST,
        }
    }

    fn end(self, ends: KeyEnds) -> usize {
        match self {
            Self::First => ends.first,
            Self::All => ends.last,
        }
    }
}

/// Presentation times of a file's key pictures, in the order of the file.
fn times(scan: &Scan) -> impl Iterator<Item = i64> {
    let units = scan.video.first().map(|track| track.units.as_slice()).unwrap_or_default();
    units.iter().filter(|unit| unit.kind == UnitKind::Idr).map(|unit| unit.pts)
}

/// Time of the picture that a source shows first, where that is none of its key pictures: the first one that is right after a
/// gradual refresh, or of an open group.
fn entry(source: &Scan) -> Option<i64> {
    let track = source.video.first()?;
    let first = track.units.get(*track.decodable().first()?)?;
    (first.kind != UnitKind::Idr).then_some(first.pts)
}

type Once = OnceCell<Result<Arc<Grids>, WorkError>>;

/// A source's key pictures, as far as they were needed.
#[derive(Debug, Default)]
pub(super) struct Made {
    fine: [Once; 2],
    wide: [Once; 2],
    tall: [Once; 2],
    coarse: [Once; 2],
}

impl Made {
    fn of(&self, lattice: Lattice, which: Keys) -> &Once {
        let fine = Lattice::FINE;
        let [first, all] = match (lattice.columns == fine.columns, lattice.rows == fine.rows) {
            (true, true) => &self.fine,
            (true, false) => &self.wide,
            (false, true) => &self.tall,
            (false, false) => &self.coarse,
        };
        if which == Keys::First { first } else { all }
    }

    /// The first picture, divided finely, if it was made.
    pub(super) fn first(&self) -> Option<&Grid> {
        let made = self.fine.iter().find_map(|once| once.get()?.as_ref().ok());
        made?.frames.first()
    }
}

impl Judge {
    /// The grids of a source's key pictures, made once for each lattice. Where it shows another picture first, of that one:
    /// the first key picture of a rendition must show it.
    pub async fn keys(
        &self,
        source: &Source,
        lattice: Lattice,
        which: Keys,
    ) -> Result<Arc<Grids>, WorkError> {
        // What was made for more is good for less, and where there is one key picture, all are the first.
        let entry = entry(&source.scan);
        let few = entry.is_some() || times(&source.scan).nth(1).is_none();
        let which = if few { Keys::First } else { which };
        let all = source.keys.of(lattice, Keys::All).get().and_then(|made| made.as_ref().ok());
        if let Some(all) = all {
            return Ok(Arc::clone(all));
        }
        let made = source.keys.of(lattice, which).get_or_init(async || {
            let (grids, _) = match entry {
                Some(first) => {
                    let (container, at) = (source.scan.container, Some(vec![first]));
                    self.grids(Task::Grids { container, lattice, at }, source.bytes.clone()).await?
                }
                None => self.key_grids(&source.scan, &source.bytes, lattice, which).await?,
            };
            Ok(Arc::new(grids))
        });
        made.await.clone()
    }

    pub(super) async fn key_pictures(
        &self,
        source: &Source,
        expected: &Expectation,
        scan: &Scan,
        returned: Returned<'_>,
    ) -> (Vec<Check>, Duration, Option<WorkError>) {
        let pictures = |track: &VideoTrack| !track.units.is_empty();
        if !scan.video.first().is_some_and(pictures) || expected.is_empty() {
            let check = Check::not_run(CHECK, "no pictures to compare").kind(Kind::Soft);
            return (vec![check], Duration::ZERO, None);
        }
        let lattice = expected.lattice;
        let which = Keys::shown_by(scan, expected, &source.scan);
        let theirs = self.key_grids(scan, returned.body, lattice, Keys::All);
        let (theirs, ours) = tokio::join!(theirs, self.keys(source, lattice, which));
        match (theirs, ours) {
            (Ok((theirs, cpu)), Ok(ours)) => {
                let bounds = &self.thresholds.key;
                let mut checks = fast::key(expected, &ours, &theirs, bounds);
                let earlier = returned.earlier.iter().map(Arc::as_ref);
                checks.push(fast::before(expected, &ours, &theirs, earlier, bounds));
                (checks, cpu, None)
            }
            // A source that cannot be measured makes no rendition worse.
            (_, Err(error)) => {
                let why = format!("the source's key pictures: {error}");
                let check = Check::not_run(CHECK, why).kind(Kind::Soft);
                (vec![check], Duration::ZERO, Some(error))
            }
            (Err(error), Ok(_)) => (vec![without_picture(&error)], Duration::ZERO, Some(error)),
        }
    }

    async fn key_grids(
        &self,
        scan: &Scan,
        file: &Bytes,
        lattice: Lattice,
        which: Keys,
    ) -> Result<(Grids, Duration), WorkError> {
        let end = scan.video.first().map_or(file.len(), |track| which.end(track.keys));
        let part = file.slice(..end.min(file.len()));
        let task = Task::KeyGrids { container: scan.container, lattice, most: which.most() };
        self.grids(task, part).await
    }

    /// What a worker makes of one file.
    async fn grids(&self, task: Task, file: Bytes) -> Result<(Grids, Duration), WorkError> {
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
        _ => Check::not_run(CHECK, error.to_string()).kind(Kind::Soft),
    }
}
