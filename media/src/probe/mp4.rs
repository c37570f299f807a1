//! Probe of an ISO base media file, whole or fragmented.
//!
//! A sample counts only if its bytes are in the file: tables can claim anything.

use std::ops::ControlFlow;

use super::boxes::{Boxes, Kind, be32};
use super::entry::{self, Entry};
use super::fragments::{self, Defaults};
use super::rate;
use super::tables;
use super::{AudioCodec, Probe, ProbeError, Video};
use crate::Container;

/// Boxes a file or segment can begin with.
const OPENING: [&Kind; 14] = [
    b"ftyp", b"styp", b"moov", b"moof", b"mdat", b"free", b"skip", b"sidx", b"wide", b"emsg",
    b"prft", b"pnot", b"uuid", b"mfra",
];

/// Samples of a track that are in the file.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Samples {
    pub(super) count: u32,
    pub(super) sync: u32,
    /// Their durations together, in ticks of the track's clock.
    pub(super) ticks: u64,
}

impl Samples {
    pub(super) fn add(self, other: Self) -> Self {
        Self {
            count: self.count.saturating_add(other.count),
            sync: self.sync.saturating_add(other.sync),
            ticks: self.ticks.saturating_add(other.ticks),
        }
    }
}

/// One sample whose bytes are in the file.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Sample {
    /// Where its bytes are in the file.
    pub(crate) offset: u64,
    pub(crate) size: u32,
    /// Decoding time, in ticks of the track's clock.
    pub(crate) dts: i64,
    /// From decoding to presentation.
    pub(crate) delay: i64,
    pub(crate) duration: u32,
    /// Decoding can start at it.
    pub(crate) sync: bool,
    /// It is in a movie fragment.
    pub(crate) fragment: bool,
}

/// What takes samples; it can end the walk over them.
pub(crate) type Take<'a> = dyn FnMut(Sample) -> ControlFlow<()> + 'a;

/// What is read of a `trak` box.
pub(crate) struct Track<'a> {
    pub(crate) id: u32,
    pub(crate) clock: u64,
    /// Four letters that say what it is.
    pub(crate) handler: &'a [u8],
    pub(crate) table: &'a [u8],
    /// Sample entries: what the samples are like.
    pub(crate) entries: Boxes<'a>,
}

/// Whether the bytes begin like an ISO base media file.
pub(crate) fn looks_like(bytes: &[u8]) -> bool {
    Boxes::new(bytes).next().is_some_and(|first| OPENING.contains(&&first.kind))
}

pub(super) fn probe(file: &[u8]) -> Result<Probe, ProbeError> {
    // A media segment without its initialisation describes no track at all.
    let moov = Boxes::new(file).body(*b"moov").ok_or(ProbeError::NoDecodableFrame)?;
    let mut video: Option<(Track<'_>, entry::VideoEntry)> = None;
    let mut audio: Option<AudioCodec> = None;
    let fragmented = Boxes::new(moov).any(|b| b.kind == *b"mvex");
    for trak in Boxes::new(moov).filter(|b| b.kind == *b"trak") {
        match track(trak.body).and_then(|track| track.entry().map(|entry| (track, entry))) {
            Some((track, Entry::Video(found))) if video.is_none() => video = Some((track, found)),
            Some((track, Entry::Audio(codec)))
                if fragmented || tables::has_samples(track.table) =>
            {
                audio.get_or_insert(codec);
            }
            _ => {}
        }
    }
    let (track, entry) = video.ok_or(ProbeError::NoVideo)?;
    let defaults = Boxes::new(moov)
        .body(*b"mvex")
        .and_then(|mvex| Defaults::of_track(mvex, track.id))
        .unwrap_or_default();
    let samples =
        tables::samples(track.table, file.len()).add(fragments::samples(file, track.id, defaults));
    // Chunks and runs can name the same bytes again; a sample takes at least one.
    let most = u32::try_from(file.len()).unwrap_or(u32::MAX);
    let samples =
        Samples { count: samples.count.min(most), sync: samples.sync.min(most), ..samples };
    if samples.count == 0 || !entry.decodable {
        return Err(ProbeError::NoDecodableFrame);
    }
    if samples.sync == 0 {
        return Err(ProbeError::NoKeyFrame);
    }
    let measured = || rate::measured(u64::from(samples.count), samples.ticks, track.clock);
    Ok(Probe {
        container: Container::Mp4,
        video: Video {
            frame_rate: entry.frame_rate.or_else(measured),
            codec: entry.codec,
            width: entry.width,
            height: entry.height,
            chroma: entry.chroma,
            bit_depth: entry.bit_depth,
        },
        audio,
        frames: samples.count,
        key_frames: samples.sync,
        duration: rate::span(samples.ticks, track.clock).filter(|duration| !duration.is_zero()),
    })
}

pub(crate) fn track(trak: &[u8]) -> Option<Track<'_>> {
    let id = {
        let tkhd = Boxes::new(trak).body(*b"tkhd")?;
        be32(tkhd, if *tkhd.first()? == 1 { 20 } else { 12 })?
    };
    let mdia = Boxes::new(trak).body(*b"mdia")?;
    let mdhd = Boxes::new(mdia).body(*b"mdhd")?;
    let clock = be32(mdhd, if *mdhd.first()? == 1 { 20 } else { 12 })?;
    let handler = Boxes::new(mdia).body(*b"hdlr")?.get(8..12)?;
    let table = Boxes::new(mdia).body(*b"minf").and_then(|minf| Boxes::new(minf).body(*b"stbl"))?;
    let stsd = Boxes::new(table).body(*b"stsd")?;
    let entries = Boxes::new(stsd.get(8..)?);
    Some(Track { id, clock: u64::from(clock), handler, table, entries })
}

impl Track<'_> {
    /// What the first sample entry says, of a track with pictures or sound.
    pub(crate) fn entry(&self) -> Option<Entry> {
        let first = self.entries.clone().next()?;
        match self.handler {
            b"vide" => Some(Entry::Video(entry::video(first.kind, first.body)?)),
            b"soun" => Some(Entry::Audio(entry::audio(first.kind, first.body))),
            _ => None,
        }
    }
}
