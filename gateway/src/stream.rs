//! One stream: what its first segment fixed, and what its segments share.

use std::{
    sync::{
        Arc,
        atomic::{AtomicU64, AtomicUsize, Ordering},
    },
    time::Duration,
};

use parking_lot::Mutex;
use waymark_media::{Container, Video};
use waymark_selection::Moment;
use waymark_tagging::{PublicAttributes, Tag, TagSource};

use crate::{
    deliver::{hls::Window, store::SegmentRef},
    ingest::http_push::ManifestId,
    orchestrator::session::Sessions,
    profile::Profile,
    verify::{Past, peers::Peers},
};

/// What hardware encoders must not see change without being told.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct InputFormat {
    codec: waymark_media::VideoCodec,
    width: u32,
    height: u32,
    chroma: Option<waymark_media::Chroma>,
    bit_depth: Option<u8>,
}

/// A stream that takes segments, or that ended and can still be played for a while.
#[derive(Debug)]
pub struct Stream {
    /// Its name.
    pub manifest: ManifestId,
    /// Renditions asked for, each with its container.
    pub profiles: Arc<[Profile]>,
    /// Container of the source and of every rendition.
    pub container: Container,
    /// Kind of demand, fixed by the first segment.
    pub tag: Tag,
    /// Who chose the tag.
    pub tag_source: TagSource,
    /// What may be published of the job's shape.
    pub attributes: PublicAttributes,
    /// Stretches the clocks towards orchestrators.
    pub timeout_multiplier: u32,
    /// Every segment starts hardware encoders afresh.
    pub always_reinit: bool,
    /// Comparing orchestrators with each other, where the client asks for it.
    pub peers: Peers,
    /// Authorisations of orchestrators.
    pub sessions: Arc<Sessions>,
    /// What players see.
    pub window: Mutex<Window<SegmentRef>>,
    /// Distinguishes streams of the same name one after another, for records.
    pub serial: u64,
    /// What its segments were so far.
    pub past: Arc<Past>,
    input: Mutex<Option<InputFormat>>,
    running: AtomicUsize,
    last_used_ms: AtomicU64,
    source_bytes: AtomicU64,
    transcoded_bytes: AtomicU64,
}

/// What a new stream is made of.
#[derive(Debug)]
pub struct Parts {
    /// See [`Stream::manifest`].
    pub manifest: ManifestId,
    /// See [`Stream::profiles`].
    pub profiles: Arc<[Profile]>,
    /// See [`Stream::container`].
    pub container: Container,
    /// See [`Stream::tag`].
    pub tag: Tag,
    /// See [`Stream::tag_source`].
    pub tag_source: TagSource,
    /// See [`Stream::attributes`].
    pub attributes: PublicAttributes,
    /// See [`Stream::timeout_multiplier`].
    pub timeout_multiplier: u32,
    /// See [`Stream::always_reinit`].
    pub always_reinit: bool,
    /// `verificationFreq`: 0, or compares one segment in so many.
    pub verification_freq: u32,
    /// See [`Stream::sessions`].
    pub sessions: Arc<Sessions>,
    /// See [`Stream::window`].
    pub window: Window<SegmentRef>,
    /// See [`Stream::serial`].
    pub serial: u64,
}

/// Keeps a stream from being taken for idle. Dropped when the segment is done.
#[derive(Debug)]
pub struct InUse {
    stream: Arc<Stream>,
    clock: crate::clock::Clock,
}

impl Stream {
    /// A stream without segments.
    pub fn new(parts: Parts, now: Moment) -> Self {
        Self {
            manifest: parts.manifest,
            profiles: parts.profiles,
            container: parts.container,
            tag: parts.tag,
            tag_source: parts.tag_source,
            attributes: parts.attributes,
            timeout_multiplier: parts.timeout_multiplier,
            always_reinit: parts.always_reinit,
            peers: Peers::new(parts.verification_freq),
            sessions: parts.sessions,
            window: Mutex::new(parts.window),
            serial: parts.serial,
            past: Arc::default(),
            input: Mutex::default(),
            running: AtomicUsize::new(0),
            last_used_ms: AtomicU64::new(millis(now)),
            source_bytes: AtomicU64::new(0),
            transcoded_bytes: AtomicU64::new(0),
        }
    }

    /// Marks the stream as used until the returned guard is dropped.
    pub fn in_use(self: &Arc<Self>, clock: crate::clock::Clock) -> InUse {
        self.running.fetch_add(1, Ordering::AcqRel);
        self.last_used_ms.fetch_max(millis(clock.now()), Ordering::AcqRel);
        InUse { stream: Arc::clone(self), clock }
    }

    /// How long nothing happened; zero while a segment is being worked on.
    pub fn idle(&self, now: Moment) -> Duration {
        if self.running.load(Ordering::Acquire) > 0 {
            return Duration::ZERO;
        }
        now.saturating_sub(Duration::from_millis(self.last_used_ms.load(Ordering::Acquire)))
    }

    /// Notes the format of a segment; tells whether it differs from the one before.
    pub fn format_changed(&self, video: &Video) -> bool {
        let format = InputFormat {
            codec: video.codec,
            width: video.width,
            height: video.height,
            chroma: video.chroma,
            bit_depth: video.bit_depth,
        };
        self.input.lock().replace(format).is_some_and(|before| before != format)
    }

    /// Counts what went in and what came out.
    pub fn count(&self, source: usize, transcoded: usize) {
        self.source_bytes.fetch_add(source as u64, Ordering::Relaxed);
        self.transcoded_bytes.fetch_add(transcoded as u64, Ordering::Relaxed);
    }

    /// Bytes in and out so far.
    pub fn bytes(&self) -> (u64, u64) {
        (self.source_bytes.load(Ordering::Relaxed), self.transcoded_bytes.load(Ordering::Relaxed))
    }
}

impl Drop for InUse {
    fn drop(&mut self) {
        self.stream.last_used_ms.fetch_max(millis(self.clock.now()), Ordering::AcqRel);
        self.stream.running.fetch_sub(1, Ordering::AcqRel);
    }
}

fn millis(moment: Moment) -> u64 {
    u64::try_from(moment.as_millis()).unwrap_or(u64::MAX)
}
