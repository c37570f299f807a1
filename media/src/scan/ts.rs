//! Scan of a transport stream: all tables first, then one walk that hands every packet to its track.

mod keys;
mod pids;
mod video;

use super::audio::{Each, Sound};
use super::clock::Unwrap;
use super::limits::{Bounded, ScanError, ScanLimits};
use super::stamps::Stamp;
use super::{AudioTrack, Scan};
use crate::Container;
use crate::probe::packets::{Packet, Packets, PesHeader, pes_header};
use crate::probe::psi::Track;
use pids::{Declared, Role};
use video::Pictures;

/// Bytes of a packet.
const PACKET: u64 = 188;
/// Longest PES header.
const LONGEST_HEADER: usize = 9 + 255;

pub(super) fn scan(
    packets: Packets<'_>,
    limits: &ScanLimits,
    each: &mut Each<'_>,
) -> Result<Scan, ScanError> {
    let declared = Declared::find(packets.clone(), limits)?;
    Walk::new(&packets, &declared, limits).run(packets, &declared, limits, each)
}

/// One elementary stream.
struct Stream<'a> {
    content: Content<'a>,
    /// Beginning of a PES packet whose header is not whole yet.
    head: Option<Vec<u8>>,
    /// Inside a PES packet.
    running: bool,
    /// Bytes of its data that are still to come, where its header said.
    left: Option<usize>,
    /// Bytes of the elementary stream up to now.
    at: u64,
}

enum Content<'a> {
    Video(Box<Pictures<'a>>),
    Audio(Sound),
    Other,
}

struct Walk<'a> {
    streams: Vec<Stream<'a>>,
    unwrap: Unwrap,
    stray: u64,
    /// Undeclared PIDs that carry PES packets.
    strangers: Vec<u16>,
}

impl<'a> Walk<'a> {
    fn new(packets: &Packets<'a>, declared: &Declared, limits: &ScanLimits) -> Self {
        let mut sounds = 0;
        let streams = declared.tracks.iter().map(|(_, track)| {
            let content = match track {
                Some(Track::Video(codec)) => {
                    let pictures = Pictures::new(*codec, packets.file(), limits);
                    Content::Video(Box::new(pictures))
                }
                Some(Track::Audio(codec)) => {
                    sounds += 1;
                    Content::Audio(Sound::new(*codec, sounds - 1))
                }
                None => Content::Other,
            };
            Stream { content, head: None, running: false, left: None, at: 0 }
        });
        Self {
            streams: streams.collect(),
            unwrap: Unwrap::default(),
            stray: 0,
            strangers: Vec::new(),
        }
    }

    fn run(
        mut self,
        mut packets: Packets<'a>,
        declared: &Declared,
        limits: &ScanLimits,
        each: &mut Each<'_>,
    ) -> Result<Scan, ScanError> {
        for packet in packets.by_ref() {
            match declared.role(packet.pid) {
                Role::Table => {}
                Role::Stranger => self.stranger(&packet, limits)?,
                Role::Track(index) => {
                    if let Some(stream) = self.streams.get_mut(usize::from(index)) {
                        self.stray += stream.packet(&packet, &mut self.unwrap, each);
                        self.check(usize::from(index), limits)?;
                    }
                }
            }
        }
        self.stray += packets.skipped();
        self.end(limits, each)
    }

    fn stranger(&mut self, packet: &Packet<'_>, limits: &ScanLimits) -> Result<(), ScanError> {
        self.stray += PACKET;
        let starts = packet.starts && packet.payload.starts_with(&[0, 0, 1]);
        if starts && !self.strangers.contains(&packet.pid) {
            self.strangers.push(packet.pid);
            let tracks = (self.streams.len() + self.strangers.len()) as u64;
            Bounded::Tracks.check(tracks, limits.tracks)?;
        }
        Ok(())
    }

    /// Whether the limits hold after a packet of this track.
    fn check(&self, index: usize, limits: &ScanLimits) -> Result<(), ScanError> {
        let Some(stream) = self.streams.get(index) else { return Ok(()) };
        match &stream.content {
            Content::Video(pictures) => {
                Bounded::Side.check(pictures.side(), limits.side)?;
                let units = self.streams.iter().map(|stream| match &stream.content {
                    Content::Video(pictures) => pictures.units() as u64,
                    _ => 0,
                });
                Bounded::AccessUnits.check(units.sum::<u64>(), limits.access_units)
            }
            Content::Audio(_) => {
                let packets = self.streams.iter().map(|stream| match &stream.content {
                    Content::Audio(sound) => sound.packets() as u64,
                    _ => 0,
                });
                Bounded::AudioPackets.check(packets.sum::<u64>(), limits.audio_packets)
            }
            Content::Other => Ok(()),
        }
    }

    fn end(mut self, limits: &ScanLimits, each: &mut Each<'_>) -> Result<Scan, ScanError> {
        let strangers = u32::try_from(self.strangers.len()).unwrap_or(u32::MAX);
        let mut scan = Scan { container: Container::MpegTs, others: strangers, ..Scan::default() };
        for index in 0..self.streams.len() {
            if let Some(stream) = self.streams.get_mut(index) {
                match &mut stream.content {
                    Content::Video(pictures) => pictures.finish(),
                    Content::Audio(sound) => sound.finish(each),
                    Content::Other => {}
                }
            }
            self.check(index, limits)?;
        }
        for stream in self.streams {
            match stream.content {
                Content::Video(pictures) => scan.video.push(pictures.into_track()),
                Content::Audio(sound) => {
                    self.stray += sound.junk;
                    let codec = sound.codec;
                    scan.audio.push(AudioTrack {
                        codec,
                        packets: sound.into_packets(self.unwrap.zero()),
                    });
                }
                Content::Other => scan.others = scan.others.saturating_add(1),
            }
        }
        scan.stray_bytes = self.stray;
        Ok(scan)
    }
}

impl Stream<'_> {
    /// Takes a packet; how many bytes of it belong nowhere.
    fn packet(&mut self, packet: &Packet<'_>, unwrap: &mut Unwrap, each: &mut Each<'_>) -> u64 {
        let mut skip = 0;
        if packet.starts && !packet.payload.is_empty() {
            if let Content::Audio(sound) = &mut self.content {
                sound.boundary(each);
            }
            self.running = false;
            self.head = Some(Vec::new());
        }
        if let Some(mut head) = self.head.take() {
            let before = head.len();
            head.extend_from_slice(
                packet.payload.get(..packet.payload.len().min(LONGEST_HEADER)).unwrap_or_default(),
            );
            if !head.starts_with(&[0, 0, 1]) && head.len() >= 3 {
                return packet.payload.len() as u64;
            }
            let Some(header) = pes_header(&head).filter(|header| header.len <= head.len()) else {
                self.head = Some(head);
                return 0;
            };
            skip = header.len.saturating_sub(before);
            self.begin(&header, packet, unwrap);
        }
        let data = packet.payload.get(skip..).unwrap_or_default();
        if !self.running {
            return data.len() as u64;
        }
        let taken = self.left.map_or(data.len(), |left| left.min(data.len()));
        if let Some(left) = &mut self.left {
            *left -= taken;
        }
        let (data, beyond) = data.split_at(taken);
        self.at += data.len() as u64;
        match &mut self.content {
            Content::Video(pictures) => pictures.feed(data, packet.at + skip),
            Content::Audio(sound) => sound.feed(data, each),
            Content::Other => {}
        }
        beyond.len() as u64
    }

    fn begin(&mut self, header: &PesHeader, packet: &Packet<'_>, unwrap: &mut Unwrap) {
        self.running = true;
        self.left = header.body;
        let pts = header.pts.map(|raw| unwrap.time(raw));
        let dts = header.dts.map(|raw| unwrap.time(raw)).or(pts);
        let stamp = Stamp { from: self.at, pts, dts, entry: packet.random_access };
        match &mut self.content {
            Content::Video(pictures) => pictures.begin(stamp, packet.start()),
            Content::Audio(sound) => sound.stamps.add(stamp),
            Content::Other => {}
        }
    }
}
