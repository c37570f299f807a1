//! Encoded packets in memory, track by track: files taken apart, changed, and written again.
//!
//! For test material and forged renditions. A [`Tape`] holds every packet of a file at once; timestamps, audio and
//! tracks can be changed without encoding anything anew.

mod tone;

use bytes::Bytes;
use ffmpeg_next::codec::{self, Parameters};
use ffmpeg_next::{Packet, Rational, Rescale, media};

use crate::Container;
use crate::av::Fault;
use crate::mux::{Muxer, parameters_of};
use crate::source;
use crate::transcode::TranscodeError;

/// Most packets of a file.
const MAX_PACKETS: usize = 100_000;

/// What a track holds.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum TrackKind {
    /// Pictures.
    Video,
    /// Sound.
    Audio,
}

/// Why material cannot be made.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum TapeError {
    /// As when transcoding.
    #[error(transparent)]
    Transcode(#[from] TranscodeError),
}

impl From<Fault> for TapeError {
    fn from(fault: Fault) -> Self {
        Self::Transcode(fault.into())
    }
}

/// A file in pieces.
#[derive(Default)]
pub struct Tape {
    tracks: Vec<Track>,
}

#[derive(Clone)]
struct Track {
    kind: TrackKind,
    parameters: Parameters,
    clock: Rational,
    packets: Vec<Packet>,
}

impl std::fmt::Debug for Tape {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_list().entries(self.tracks.iter().map(|t| (t.kind, t.packets.len()))).finish()
    }
}

impl Tape {
    /// Takes a file apart: all its tracks of pictures and sound.
    pub fn read(bytes: &[u8]) -> Result<Self, TapeError> {
        let mut input = source::open_input(Bytes::copy_from_slice(bytes))?;
        let mut places = Vec::new();
        let mut tracks = Vec::new();
        for stream in input.streams() {
            let kind = match stream.parameters().medium() {
                media::Type::Video => Some(TrackKind::Video),
                media::Type::Audio => Some(TrackKind::Audio),
                _ => None,
            };
            places.push(kind.map(|_| tracks.len()));
            if let Some(kind) = kind {
                let (parameters, clock) = (stream.parameters(), stream.time_base());
                tracks.push(Track { kind, parameters, clock, packets: Vec::new() });
            }
        }
        for _ in 0..MAX_PACKETS {
            let mut packet = Packet::empty();
            match packet.read(&mut input) {
                Ok(()) => {}
                Err(ffmpeg_next::Error::Eof) => break,
                Err(_) => continue,
            }
            let place = places.get(packet.stream()).copied().flatten();
            if let Some(track) = place.and_then(|place| tracks.get_mut(place)) {
                track.packets.push(packet);
            }
        }
        Ok(Self { tracks })
    }

    /// One track of pictures as an encoder made it.
    pub(crate) fn of_encoder(
        encoder: &codec::Context,
        clock: Rational,
        packets: Vec<Packet>,
    ) -> Self {
        let parameters = parameters_of(encoder);
        Self { tracks: vec![Track { kind: TrackKind::Video, parameters, clock, packets }] }
    }

    /// How many tracks of a kind there are.
    pub fn count(&self, kind: TrackKind) -> usize {
        self.tracks.iter().filter(|track| track.kind == kind).count()
    }

    /// Without the tracks of a kind.
    #[must_use]
    pub fn without(mut self, kind: TrackKind) -> Self {
        self.tracks.retain(|track| track.kind != kind);
        self
    }

    /// With the tracks of a kind of another tape added after its own.
    #[must_use]
    pub fn with(mut self, other: &Self, kind: TrackKind) -> Self {
        self.tracks.extend(other.tracks.iter().filter(|track| track.kind == kind).cloned());
        self
    }

    /// With all packets of a kind moved in time by so many microseconds.
    #[must_use]
    pub fn moved(mut self, kind: TrackKind, micros: i64) -> Self {
        for track in self.tracks.iter_mut().filter(|track| track.kind == kind) {
            let by = micros.rescale(Rational::new(1, 1_000_000), track.clock);
            for packet in &mut track.packets {
                packet.set_pts(packet.pts().map(|pts| pts.saturating_add(by)));
                packet.set_dts(packet.dts().map(|dts| dts.saturating_add(by)));
            }
        }
        self
    }

    /// With the bytes of each packet of a kind as `edit` gives them for its number; `None` removes it.
    #[must_use]
    pub fn edited(
        mut self,
        kind: TrackKind,
        mut edit: impl FnMut(usize, Vec<u8>) -> Option<Vec<u8>>,
    ) -> Self {
        for track in self.tracks.iter_mut().filter(|track| track.kind == kind) {
            let packets = std::mem::take(&mut track.packets);
            let edited = packets.into_iter().enumerate().filter_map(|(n, packet)| {
                let bytes = edit(n, packet.data().unwrap_or_default().to_vec())?;
                let mut edited = Packet::copy(&bytes);
                edited.set_pts(packet.pts());
                edited.set_dts(packet.dts());
                edited.set_duration(packet.duration());
                edited.set_flags(packet.flags());
                Some(edited)
            });
            track.packets = edited.collect();
        }
        self
    }

    /// With the last picture repeated so often, each copy a ninety-thousandth of a second after the one before.
    #[must_use]
    pub fn flooded(mut self, copies: usize) -> Self {
        let Some(track) = self.tracks.iter_mut().find(|track| track.kind == TrackKind::Video)
        else {
            return self;
        };
        let latest = track.packets.iter().filter_map(Packet::pts).max().unwrap_or(0);
        let Some(last) = track.packets.last().cloned() else { return self };
        let from = track.clock;
        track.clock = Rational::new(1, 90_000);
        for packet in &mut track.packets {
            packet.rescale_ts(from, track.clock);
        }
        let start = latest.rescale(from, track.clock);
        let copies = i64::try_from(copies.min(MAX_PACKETS)).unwrap_or(0);
        track.packets.extend((1..=copies).map(|n| {
            let mut packet = last.clone();
            packet.set_pts(Some(start.saturating_add(n)));
            packet.set_dts(Some(start.saturating_add(n)));
            packet
        }));
        self
    }

    /// Presentation time of the earliest packet of a kind, in microseconds.
    pub fn starts_at_us(&self, kind: TrackKind) -> Option<i64> {
        let tracks = self.tracks.iter().filter(|track| track.kind == kind);
        let times = tracks.flat_map(|track| {
            let micros = Rational::new(1, 1_000_000);
            track.packets.iter().filter_map(move |p| Some(p.pts()?.rescale(track.clock, micros)))
        });
        times.min()
    }

    /// Writes a file.
    pub fn write(&self, container: Container) -> Result<Bytes, TapeError> {
        let mut muxer = Muxer::new(container)?;
        let mut places = Vec::new();
        for track in &self.tracks {
            places.push(muxer.add_copy(&track.parameters, track.clock)?);
        }
        muxer.begin()?;
        // In the order of decoding times over all tracks, as a file is read.
        let mut packets: Vec<(i64, usize, &Packet)> = Vec::new();
        for (track, place) in self.tracks.iter().zip(&places) {
            let micros = Rational::new(1, 1_000_000);
            packets.extend(track.packets.iter().map(|packet| {
                let at = packet.dts().or(packet.pts()).unwrap_or(0);
                (at.rescale(track.clock, micros), *place, packet)
            }));
        }
        packets.sort_by_key(|(at, place, _)| (*at, *place));
        for (_, place, packet) in packets {
            muxer.write(place, packet.clone())?;
        }
        Ok(muxer.finish()?)
    }
}
