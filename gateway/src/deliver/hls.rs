//! The HLS window of one stream: which segments its playlists list, in which order, and when.
//!
//! A state machine without I/O and without a clock; it is generic over what stands for a segment's
//! bytes. The rules players see:
//!
//! * Segments are listed in the order of their numbers, each with all its renditions at once. At
//!   most `size` are listed; one that left the list can still be fetched for as many again.
//! * A missing number is waited for at most two segment durations (or until `size` later segments
//!   wait behind it); then the playlist goes on with a discontinuity. A later arrival is not listed.
//! * A number that was there before changes nothing. An encoder that starts again from a lower
//!   number goes on after a discontinuity, under URIs with `?e=N` (see `numbering`).
//! * The media sequence counts removed segments and only grows, the target duration never shrinks,
//!   what a URI stands for never changes.
//!
//! In the ordinary case the text is the one of go-livepeer (`core/playlistmanager.go:222-357`).

use std::collections::{BTreeMap, VecDeque};
use std::time::Duration;

use waymark_media::Container;

use crate::ingest::ManifestId;

mod numbering;
pub mod path;
mod playlist;

pub use numbering::Admission;
use numbering::Numbering;
pub use path::{HlsPath, SegmentUri};

/// Segments listed at once, as go-livepeer (`core/playlistmanager.go`, `LIVE_LIST_LENGTH`).
pub const WINDOW_SIZE: usize = 6;

/// Name under which the pushed segments themselves are listed; no profile can have it.
pub const SOURCE: &str = "source";

/// One rendition of the master playlist.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Variant {
    /// Name of the profile; goes into URIs as it is (see [`crate::profile::check_list`]).
    pub name: String,
    /// Bits per second, as the profile says.
    pub bandwidth: u64,
    /// Width and height in pixels, as the profile says.
    pub resolution: (u32, u32),
}

/// What a window is made with.
#[derive(Debug, Clone)]
pub struct WindowConfig {
    /// The stream.
    pub manifest: ManifestId,
    /// Segments listed at once; 0 is taken as 1.
    pub size: usize,
    /// Container of source and renditions: it decides the extension.
    pub container: Container,
    /// Size of the source in pixels, `(0, 0)` when unknown.
    pub source_resolution: (u32, u32),
    /// Renditions in the order of the profiles.
    pub renditions: Vec<Variant>,
}

/// What became of a finished segment.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Placement {
    /// It is in the playlists.
    Listed,
    /// It will be in the playlists when the missing ones before it are, or their time is over. It
    /// can be fetched already.
    Waiting,
    /// The number was there before: the playlists did not change.
    Repeated,
    /// Its place in the playlists has passed, or the stream has ended: not listed.
    Late,
}

/// The answer to [`Window::publish`].
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Published {
    /// What became of the segment.
    pub placement: Placement,
    /// Epoch for its URI, where it can be fetched.
    pub epoch: Option<u64>,
}

impl Published {
    /// True when the segment is in the playlists now.
    pub fn listed(&self) -> bool {
        self.placement == Placement::Listed
    }
}

/// A segment with more or fewer renditions than the stream has.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("the segment has {given} renditions, the stream {expected}")]
pub struct RenditionCountError {
    /// Renditions of the stream.
    pub expected: usize,
    /// Renditions given.
    pub given: usize,
}

/// The window of one stream; `R` stands for the bytes of a segment.
#[derive(Debug)]
pub struct Window<R> {
    config: WindowConfig,
    numbering: Numbering,
    /// Current restart count: `e` of the URIs.
    epoch: u64,
    /// Finished segments that wait for a lower number.
    waiting: BTreeMap<u64, Waiting<R>>,
    /// Finished segments of what may turn out to be a restart.
    suspected: BTreeMap<u64, Waiting<R>>,
    listed: VecDeque<Entry<R>>,
    retired: VecDeque<Entry<R>>,
    media_sequence: u64,
    discontinuity_sequence: u64,
    target_duration: u64,
    /// The next segment listed does not continue the one before it.
    broken: bool,
    ended: bool,
}

#[derive(Debug)]
struct Waiting<R> {
    media: Media<R>,
    deadline: Duration,
}

#[derive(Debug)]
struct Media<R> {
    duration: Duration,
    source: R,
    renditions: Vec<R>,
}

/// What a name in a URI stands for.
#[derive(Debug, Clone, Copy)]
enum Track {
    Source,
    Rendition(usize),
}

#[derive(Debug)]
struct Entry<R> {
    seq: u64,
    epoch: u64,
    discontinuity: bool,
    media: Media<R>,
}

impl<R: Clone> Window<R> {
    /// An empty window.
    pub fn new(config: WindowConfig) -> Self {
        let config = WindowConfig { size: config.size.max(1), ..config };
        Self {
            numbering: Numbering::new(config.size),
            config,
            epoch: 0,
            waiting: BTreeMap::new(),
            suspected: BTreeMap::new(),
            listed: VecDeque::new(),
            retired: VecDeque::new(),
            media_sequence: 0,
            discontinuity_sequence: 0,
            target_duration: 0,
            broken: false,
            ended: false,
        }
    }

    /// A segment has arrived and will be worked on. The order of these calls, not the order in
    /// which work ends, tells a late segment from a restart. Hand the result to
    /// [`publish`](Self::publish), or to [`abandon`](Self::abandon) when the work failed.
    pub fn admit(&mut self, seq: u64) -> Admission {
        let (admission, verdict) = self.numbering.admit(seq);
        if verdict.forget {
            self.suspected.clear();
        }
        if verdict.restart {
            self.restart();
        }
        admission
    }

    /// The work on an admitted segment failed; the client may push the same number again.
    pub fn abandon(&mut self, admission: &Admission) {
        self.numbering.abandon(admission);
    }

    /// Takes a finished segment: its duration, source and renditions in the order of the profiles.
    /// `now` is the time since any fixed moment.
    pub fn publish(
        &mut self,
        admission: &Admission,
        duration: Duration,
        source: R,
        renditions: Vec<R>,
        now: Duration,
    ) -> Result<Published, RenditionCountError> {
        let (expected, given) = (self.config.renditions.len(), renditions.len());
        if expected != given {
            return Err(RenditionCountError { expected, given });
        }
        let seq = admission.seq();
        let deadline = now.saturating_add(duration.saturating_mul(2));
        let media = Media { duration, source, renditions };
        let waiting = Waiting { media, deadline };
        self.numbering.finished(admission);
        Ok(if self.ended {
            Published { placement: Placement::Late, epoch: None }
        } else if !self.numbering.is_current(admission) {
            if self.numbering.is_suspected(admission) {
                self.suspected.entry(seq).or_insert(waiting);
            }
            self.unlisted(admission)
        } else if self.numbering.has_passed(seq) || self.waiting.contains_key(&seq) {
            self.unlisted(admission)
        } else {
            self.waiting.insert(seq, waiting);
            self.advance();
            self.tick(now);
            let placement =
                if self.numbering.has_passed(seq) { Placement::Listed } else { Placement::Waiting };
            Published { placement, epoch: Some(self.epoch) }
        })
    }

    /// When [`tick`](Self::tick) has something to do, on the clock of `publish`.
    pub fn next_deadline(&self) -> Option<Duration> {
        self.waiting.values().map(|waiting| waiting.deadline).min()
    }

    /// Gives up the numbers whose time is over. True when the playlists changed.
    pub fn tick(&mut self, now: Duration) -> bool {
        let mut changed = false;
        while self.next_deadline().is_some_and(|deadline| deadline <= now) {
            self.skip_gap();
            changed = true;
        }
        changed
    }

    /// The stream is over: what waits is listed, the playlists get their end. Nothing is listed
    /// after this.
    pub fn end(&mut self) {
        self.flush();
        self.suspected.clear();
        self.ended = true;
    }

    /// True after [`end`](Self::end).
    pub fn has_ended(&self) -> bool {
        self.ended
    }

    /// The segment behind a URI, while it is listed, waits to be, or has not left the list for
    /// longer than the window is.
    pub fn segment(&self, rendition: &str, seq: u64, epoch: u64) -> Option<R> {
        let track = self.track(rendition)?;
        let listed = self.listed.iter().chain(&self.retired);
        let mut entries = listed.filter(|entry| entry.seq == seq && entry.epoch == epoch);
        let media = entries.next().map(|entry| &entry.media).or_else(|| {
            let waiting = self.waiting.get(&seq).filter(|_| epoch == self.epoch);
            waiting.map(|waiting| &waiting.media)
        })?;
        match track {
            Track::Source => Some(media.source.clone()),
            Track::Rendition(index) => media.renditions.get(index).cloned(),
        }
    }

    /// True for `source` and the names of the profiles.
    pub fn has_rendition(&self, name: &str) -> bool {
        self.track(name).is_some()
    }

    /// The URI of a segment of this stream, as the playlists write it.
    pub fn uri<'a>(&'a self, rendition: &'a str, seq: u64, epoch: u64) -> SegmentUri<'a> {
        let WindowConfig { manifest, container, .. } = &self.config;
        SegmentUri { manifest: manifest.as_str(), rendition, seq, epoch, container: *container }
    }

    fn track(&self, name: &str) -> Option<Track> {
        if name == SOURCE {
            return Some(Track::Source);
        }
        let index = self.config.renditions.iter().position(|variant| variant.name == name);
        index.map(Track::Rendition)
    }

    fn unlisted(&self, admission: &Admission) -> Published {
        // The client gets the URI of the first one with this number, if it is still there.
        let epoch = self.segment(SOURCE, admission.seq(), self.epoch).map(|_| self.epoch);
        let repeated = admission.is_repeat() || epoch.is_some();
        let placement = if repeated { Placement::Repeated } else { Placement::Late };
        Published { placement, epoch }
    }

    /// The suspicion is confirmed: the old numbers are over, the suspected ones are the stream.
    fn restart(&mut self) {
        self.flush();
        self.epoch = self.epoch.saturating_add(1);
        self.broken = true;
        self.waiting = std::mem::take(&mut self.suspected);
        self.advance();
    }

    /// Lists everything that waits; the run it belongs to is over.
    fn flush(&mut self) {
        let mut expected = None;
        for (seq, waiting) in std::mem::take(&mut self.waiting) {
            self.broken |= expected != Some(seq);
            self.list(seq, waiting.media);
            expected = seq.checked_add(1);
        }
    }

    /// Lists what can be listed without a gap, and does not let more wait than the window holds.
    fn advance(&mut self) {
        while let Some(seq) = self.numbering.next()
            && let Some(waiting) = self.waiting.remove(&seq)
        {
            self.numbering.listed(seq);
            self.list(seq, waiting.media);
        }
        while self.waiting.len() > self.config.size {
            self.skip_gap();
        }
    }

    /// Gives up the missing numbers before the lowest that waits.
    fn skip_gap(&mut self) {
        if let Some((seq, waiting)) = self.waiting.pop_first() {
            self.broken = true;
            self.numbering.listed(seq);
            self.list(seq, waiting.media);
            self.advance();
        }
    }

    fn list(&mut self, seq: u64, media: Media<R>) {
        self.target_duration = self.target_duration.max(playlist::target_duration(media.duration));
        // What comes first continues nothing, so it breaks nothing either.
        let discontinuity = std::mem::take(&mut self.broken) && !self.listed.is_empty();
        self.listed.push_back(Entry { seq, epoch: self.epoch, discontinuity, media });
        if self.listed.len() > self.config.size
            && let Some(entry) = self.listed.pop_front()
        {
            self.media_sequence = self.media_sequence.saturating_add(1);
            let broken = u64::from(entry.discontinuity);
            self.discontinuity_sequence = self.discontinuity_sequence.saturating_add(broken);
            self.retired.push_back(entry);
            if self.retired.len() > self.config.size {
                self.retired.pop_front();
            }
        }
    }
}

#[cfg(test)]
mod tests;
