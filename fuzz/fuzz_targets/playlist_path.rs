//! What players ask for, and the playlists that tell them what to ask for.
//!
//! Input: a URI up to the first line end, read as a request's. Behind it one byte for the shape of
//! a window (size in the low three bits, renditions in the next two, container), then steps: pushes
//! in any order, failures, time that passes, the end. After each step a player loads everything.
#![no_main]

use std::collections::{HashMap, HashSet};
use std::rc::{Rc, Weak};
use std::time::Duration;

use libfuzzer_sys::arbitrary::{self, Unstructured};
use libfuzzer_sys::fuzz_target;
use m3u8_rs::{MasterPlaylist, MediaPlaylist, Playlist};
use url::Url;
use waymark::deliver::hls::{
    Admission, HlsPath, Placement, Published, SOURCE, SegmentUri, Variant, Window, WindowConfig,
};
use waymark::ingest::ManifestId;
use waymark_fuzz::{rendition_name, stream_name};
use waymark_media::Container;

/// Steps of one run; more only slow it down.
const MOST_STEPS: usize = 250;

/// Names of renditions, with all kinds of characters a name can have.
const NAMES: [&str; 3] = ["P240p30fps16x9", "a.b-c_1", "Source"];

fuzz_target!(|data: &[u8]| {
    let mut parts = data.splitn(2, |byte| *byte == b'\n');
    let path = parts.next().and_then(asked);
    if let Some(steps) = parts.next() {
        let manifest = path.map(|path| path.manifest().clone());
        let manifest = manifest.or_else(|| ManifestId::parse("golden1").ok()).expect("a name");
        run(manifest, &mut Unstructured::new(steps)).ok();
    }
});

/// Reads a URI, and if it means something, writes it again and reads that.
fn asked(uri: &[u8]) -> Option<HlsPath> {
    let path = HlsPath::parse(&http::Uri::try_from(uri).ok()?)?;
    stream_name(path.manifest().as_str());
    let written = match &path {
        HlsPath::Master { manifest } => format!("/stream/{manifest}.m3u8"),
        HlsPath::Media { manifest, rendition } => format!("/stream/{manifest}/{rendition}.m3u8"),
        HlsPath::Segment { manifest, rendition, seq, epoch, container } => {
            let (manifest, seq, epoch) = (manifest.as_str(), *seq, *epoch);
            SegmentUri { manifest, rendition, seq, epoch, container: *container }.to_string()
        }
    };
    if let HlsPath::Media { rendition, .. } | HlsPath::Segment { rendition, .. } = &path
        && rendition != SOURCE
    {
        rendition_name(rendition);
    }
    assert_eq!(HlsPath::parse(&written.parse().expect("a URI")).as_ref(), Some(&path), "{written}");
    Some(path)
}

/// The bytes of one push: told apart by its number, counted by its references.
type Push = Rc<usize>;

/// Where the bytes of a push belong: which push, and which track of it.
type Media = (Push, usize);

/// A stream as the server drives it, and everything that ever happened to it.
struct Stream {
    window: Window<Media>,
    manifest: ManifestId,
    container: Container,
    size: usize,
    renditions: usize,
    now: Duration,
    in_work: Vec<Admission>,
    /// Pushes so far.
    count: usize,
    /// Those whose bytes are still somewhere.
    kept: Vec<Weak<usize>>,
    player: Player,
}

fn run(manifest: ManifestId, input: &mut Unstructured<'_>) -> arbitrary::Result<()> {
    let mut stream = Stream::new(manifest, input.arbitrary()?);
    let (mut steps, mut next) = (0, 0u64);
    while !input.is_empty() && steps < MOST_STEPS {
        steps += 1;
        let (step, operand): (u8, u8) = (input.arbitrary()?, input.arbitrary()?);
        let low = u64::from(operand);
        match step % 16 {
            0..=3 => {
                stream.push(next, 2000);
                next = next.saturating_add(1);
            }
            4 => {
                next = low;
                stream.push(next, 2000);
            }
            5 => next = next.saturating_add(low % 16),
            6 => next = next.saturating_sub(low % 32),
            7 => stream.push(low, input.arbitrary()?),
            8 => stream.push(input.arbitrary()?, 2000),
            9 => next = u64::MAX - low,
            10 => stream.in_work.push(stream.window.admit(low % 64)),
            11 => {
                let admission = stream.window.admit(next);
                stream.in_work.push(admission);
                next = next.saturating_add(1);
            }
            12 => stream.finish(usize::from(operand)),
            13 => stream.fail(usize::from(operand)),
            14 => stream.pass(Duration::from_millis(low * 100)),
            _ if operand == 0xff => stream.window.end(),
            _ => stream.push_with_too_much(next),
        }
        stream.look();
    }
    stream.window.end();
    stream.look();
    assert_eq!(stream.window.next_deadline(), None, "an ended stream waits for something");
    Ok(())
}

impl Stream {
    fn new(manifest: ManifestId, shape: u8) -> Self {
        let (size, renditions) = (usize::from(shape & 7), usize::from(shape >> 3 & 3));
        let container = if shape & 0x20 == 0 { Container::MpegTs } else { Container::Mp4 };
        let variants = NAMES.iter().take(renditions).map(|name| Variant {
            name: (*name).to_owned(),
            bandwidth: 600_000,
            resolution: (426, 240),
        });
        let window = Window::new(WindowConfig {
            manifest: manifest.clone(),
            size,
            container,
            source_resolution: (0, 0),
            renditions: variants.collect(),
        });
        Self {
            window,
            manifest,
            container,
            size: size.max(1),
            renditions,
            now: Duration::ZERO,
            in_work: Vec::new(),
            count: 0,
            kept: Vec::new(),
            player: Player::default(),
        }
    }

    fn push(&mut self, seq: u64, millis: u64) {
        let admission = self.window.admit(seq);
        assert_eq!(admission.seq(), seq);
        self.publish(&admission, Duration::from_millis(millis));
    }

    fn publish(&mut self, admission: &Admission, duration: Duration) {
        let ended = self.window.has_ended();
        let push = Rc::new(self.count);
        self.count += 1;
        self.kept.push(Rc::downgrade(&push));
        let renditions = (1..=self.renditions).map(|track| (Rc::clone(&push), track)).collect();
        let source = (Rc::clone(&push), 0);
        let published = self.window.publish(admission, duration, source, renditions, self.now);
        let published = published.expect("there are as many renditions as the stream has");
        assert!(!ended || published.placement == Placement::Late, "listed after the end");
        self.promised(admission.seq(), &published, *push);
    }

    /// What the client is told of its segment is so.
    fn promised(&self, seq: u64, published: &Published, push: usize) {
        assert_eq!(published.listed(), published.placement == Placement::Listed);
        let Some(epoch) = published.epoch else {
            assert!(!published.listed(), "listed without an address");
            return;
        };
        let found = self.window.segment(SOURCE, seq, epoch);
        let (found, _) = found.expect("what the client was told can be fetched");
        match published.placement {
            Placement::Listed | Placement::Waiting => assert_eq!(*found, push, "not its own bytes"),
            _ => assert_ne!(*found, push, "a repetition took the place of the first"),
        }
    }

    fn finish(&mut self, index: usize) {
        if !self.in_work.is_empty() {
            let admission = self.in_work.swap_remove(index % self.in_work.len());
            self.publish(&admission, Duration::from_millis(1900 + index as u64));
        }
    }

    fn fail(&mut self, index: usize) {
        if !self.in_work.is_empty() {
            let admission = self.in_work.swap_remove(index % self.in_work.len());
            self.window.abandon(&admission);
        }
    }

    fn push_with_too_much(&mut self, seq: u64) {
        let admission = self.window.admit(seq);
        let media = (Rc::new(usize::MAX), 0);
        let renditions = vec![media.clone(); self.renditions + 1];
        let refused =
            self.window.publish(&admission, Duration::ZERO, media.clone(), renditions, self.now);
        assert!(refused.is_err() && Rc::strong_count(&media.0) == 1, "it was taken");
        self.window.abandon(&admission);
    }

    fn pass(&mut self, time: Duration) {
        self.now += time;
        let before = self.window.media(SOURCE);
        let changed = self.window.tick(self.now);
        assert_eq!(changed, before != self.window.media(SOURCE), "tick tells what it did");
        let next = self.window.next_deadline();
        assert!(next.is_none_or(|deadline| deadline > self.now), "a time that is over is left");
    }

    /// Loads every playlist, as players do.
    fn look(&mut self) {
        self.kept.retain(|push| push.strong_count() > 0);
        // Listed, retired, waiting, suspected: never more than a window of each.
        assert!(self.kept.len() <= self.size * 4, "{} segments are kept", self.kept.len());
        let Some(source) = self.window.media(SOURCE) else {
            assert_eq!(self.window.master(), None, "a master without playlists");
            return;
        };
        if source == self.player.text {
            for (seq, epoch, push) in &self.player.listed {
                assert_eq!(self.fetched(*seq, *epoch), *push, "other bytes than before");
            }
            return;
        }
        let master = self.window.master().expect("a playlist comes with a master");
        if master != self.player.master {
            self.look_at_master(&master);
            self.player.master = master;
        }
        for name in NAMES.iter().take(self.renditions) {
            let text = self.window.media(name).expect("every rendition has a playlist");
            let folder = |name: &str| format!("\n/stream/{}/{name}/", self.manifest);
            let same = text.replace(&folder(name), &folder(SOURCE));
            assert_eq!(same, source, "{name} differs from the source");
        }
        let playlist = media_playlist(&source);
        self.player.load(&playlist, &Exact::read(&source), &source, self.size);
        self.look_at_segments(&playlist);
        self.player.text = source;
    }

    fn look_at_master(&self, text: &str) {
        let base = format!("http://gateway/stream/{}.m3u8", self.manifest);
        let base = Url::parse(&base).expect("the address of a master playlist");
        let names: Vec<_> = master_playlist(text)
            .variants
            .iter()
            .map(|variant| {
                let url = base.join(&variant.uri).expect("a relative address");
                match HlsPath::parse(&url.path().parse().expect("a path is a URI")) {
                    Some(HlsPath::Media { manifest, rendition }) if manifest == self.manifest => {
                        rendition
                    }
                    other => panic!("{} leads to {other:?}", variant.uri),
                }
            })
            .collect();
        let known: Vec<_> = [SOURCE].into_iter().chain(NAMES).take(self.renditions + 1).collect();
        assert_eq!(names, known);
    }

    fn look_at_segments(&mut self, playlist: &MediaPlaylist) {
        let mut discontinuities = playlist.discontinuity_sequence;
        let mut before: Option<(u64, u64)> = None;
        let mut uris = HashSet::new();
        self.player.listed.clear();
        for (position, segment) in (playlist.media_sequence..).zip(&playlist.segments) {
            let uri = &segment.uri;
            assert!(uris.insert(uri), "{uri} is listed twice");
            discontinuities += u64::from(segment.discontinuity);
            let path = HlsPath::parse(&uri.parse().expect("what playlists list is a URI"));
            let Some(HlsPath::Segment { manifest, rendition, seq, epoch, container }) = path else {
                panic!("{uri} leads nowhere");
            };
            assert_eq!((&manifest, &*rendition), (&self.manifest, SOURCE));
            assert_eq!(container, self.container);
            if let Some((last_seq, last_epoch)) = before {
                let ascends = (epoch, seq) > (last_epoch, last_seq);
                assert!(ascends, "{uri} stands behind number {last_seq} of {last_epoch}");
                let follows = epoch == last_epoch && last_seq.checked_add(1) == Some(seq);
                assert_eq!(segment.discontinuity, !follows, "{uri}, behind {last_seq}");
            }
            before = Some((seq, epoch));
            let push = self.fetched(seq, epoch);
            self.player.listed.push((seq, epoch, push));
            self.player.saw(uri, &Fact { push, position, discontinuities });
        }
    }

    /// The push behind a number: the same for all renditions, each with its own bytes.
    fn fetched(&self, seq: u64, epoch: u64) -> usize {
        let names = [SOURCE].into_iter().chain(NAMES).take(self.renditions + 1);
        let media: Vec<_> = names
            .map(|name| self.window.segment(name, seq, epoch).expect("what is listed is there"))
            .collect();
        for (track, (push, found)) in media.iter().enumerate() {
            assert_eq!((**push, *found), (*media[0].0, track), "the bytes of something else");
        }
        *media[0].0
    }
}

/// What a player knows of a segment.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Fact {
    push: usize,
    position: u64,
    discontinuities: u64,
}

/// What a player remembers between two loads.
#[derive(Default)]
struct Player {
    /// The playlists as they were last.
    master: String,
    text: String,
    /// Number, epoch and push of what is listed.
    listed: Vec<(u64, u64, usize)>,
    media_sequence: u64,
    discontinuity_sequence: u64,
    target_duration: u64,
    end: Option<String>,
    seen: HashMap<String, Fact>,
    pushes: HashMap<usize, String>,
}

impl Player {
    fn load(&mut self, playlist: &MediaPlaylist, exact: &Exact, text: &str, size: usize) {
        assert!((1..=size).contains(&playlist.segments.len()), "{text}");
        assert!(playlist.media_sequence >= self.media_sequence, "{text}");
        assert!(playlist.discontinuity_sequence >= self.discontinuity_sequence, "{text}");
        assert!(exact.target_duration >= self.target_duration, "{text}");
        self.media_sequence = playlist.media_sequence;
        self.discontinuity_sequence = playlist.discontinuity_sequence;
        self.target_duration = exact.target_duration;
        for millis in &exact.millis {
            // RFC 8216 4.3.3.1: rounded to the nearest whole second.
            assert!(millis.saturating_add(500) / 1000 <= exact.target_duration, "{text}");
        }
        if let Some(end) = &self.end {
            assert_eq!(end, text, "the playlist goes on after its end");
        } else if playlist.end_list {
            self.end = Some(text.to_owned());
        }
    }

    fn saw(&mut self, uri: &str, fact: &Fact) {
        let known = self.seen.entry(uri.to_owned()).or_insert_with(|| fact.clone());
        assert_eq!(known, fact, "{uri} stands for something else than before");
        let place = self.pushes.entry(fact.push).or_insert_with(|| uri.to_owned());
        assert_eq!(place, uri, "one push under two addresses");
    }
}

/// Numbers of a media playlist that the library rounds.
struct Exact {
    target_duration: u64,
    millis: Vec<u64>,
}

impl Exact {
    fn read(text: &str) -> Self {
        let after = |tag: &'static str| text.lines().filter_map(move |line| line.strip_prefix(tag));
        let target = after("#EXT-X-TARGETDURATION:").next().and_then(|text| text.parse().ok());
        let millis = after("#EXTINF:").map(|duration| {
            let (whole, part) = duration.strip_suffix(',')?.split_once('.')?;
            let (whole, part): (u64, u64) = (whole.parse().ok()?, part.parse().ok()?);
            whole.checked_mul(1000)?.checked_add(part)
        });
        Self {
            target_duration: target.expect("a target duration"),
            millis: millis.map(|millis| millis.expect("seconds with three digits")).collect(),
        }
    }
}

fn media_playlist(text: &str) -> MediaPlaylist {
    match m3u8_rs::parse_playlist_res(text.as_bytes()) {
        Ok(Playlist::MediaPlaylist(playlist)) => playlist,
        other => panic!("{other:?}\n{text}"),
    }
}

fn master_playlist(text: &str) -> MasterPlaylist {
    match m3u8_rs::parse_playlist_res(text.as_bytes()) {
        Ok(Playlist::MasterPlaylist(playlist)) => playlist,
        other => panic!("{other:?}\n{text}"),
    }
}
