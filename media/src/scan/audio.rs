//! Audio frames of one elementary stream in a transport stream, with their times.
//!
//! Frames are those of libav's parsers, and so is time: the first frame that starts in a PES packet has its time, those
//! behind it follow without a gap. A frame that the file cuts off at its end counts; bytes between frames do not.

use super::clock::Length;
use super::framing::{self, Found};
use super::stamps::Stamps;
use super::{AudioPacket, digest};
use crate::AudioCodec;

/// Takes each packet's bytes.
pub(super) type Each<'a> = dyn FnMut(usize, &[u8]) + 'a;

pub(super) struct Sound {
    pub(super) codec: AudioCodec,
    /// Which of the file's audio tracks this is.
    index: usize,
    pub(super) stamps: Stamps,
    /// Bytes that are in no frame.
    pub(super) junk: u64,
    packets: Vec<Raw>,
    /// Bytes of frames that are not whole yet.
    open: Vec<u8>,
    /// Where they start in the stream.
    from: u64,
}

struct Raw {
    pts: Option<i64>,
    length: Option<Length>,
    bytes: u32,
    hash: [u8; 16],
    bare: [u8; 16],
}

impl Sound {
    pub(super) fn new(codec: AudioCodec, index: usize) -> Self {
        Self {
            codec,
            index,
            stamps: Stamps::default(),
            junk: 0,
            packets: Vec::new(),
            open: Vec::new(),
            from: 0,
        }
    }

    pub(super) fn packets(&self) -> usize {
        self.packets.len()
    }

    /// Takes the next piece of the stream.
    pub(super) fn feed(&mut self, piece: &[u8], each: &mut Each<'_>) {
        self.open.extend_from_slice(piece);
        let done = match self.codec {
            // no framing is known: a PES packet, or as much of it as is kept
            AudioCodec::Other if self.open.len() < framing::LONGEST => 0,
            AudioCodec::Other => {
                self.packet(0, 0, self.open.len(), None, each);
                self.open.len()
            }
            _ => self.frames(each),
        };
        self.advance(done);
    }

    /// A PES packet ends.
    pub(super) fn boundary(&mut self, each: &mut Each<'_>) {
        if self.codec == AudioCodec::Other && !self.open.is_empty() {
            self.packet(0, 0, self.open.len(), None, each);
            self.advance(self.open.len());
        }
    }

    fn advance(&mut self, done: usize) {
        if done > 0 {
            self.open.drain(..done.min(self.open.len()));
            self.from += done as u64;
        }
    }

    /// Takes all whole frames; how many bytes are done with.
    fn frames(&mut self, each: &mut Each<'_>) -> usize {
        let mut at = 0;
        loop {
            let rest = self.open.get(at..).unwrap_or_default();
            match framing::frame(self.codec, rest) {
                Found::Frame { len, .. } if len > rest.len() => return at,
                Found::Frame { header, len, length, joins } => {
                    self.take(at, header, len, length, joins, each);
                    at += len.max(1);
                }
                Found::Short => return at,
                Found::Junk => {
                    let skip = framing::next(self.codec, rest.get(1..).unwrap_or_default()) + 1;
                    at += skip;
                    self.junk += skip as u64;
                }
            }
        }
    }

    fn take(
        &mut self,
        at: usize,
        header: usize,
        len: usize,
        length: Option<Length>,
        joins: bool,
        each: &mut Each<'_>,
    ) {
        if joins && let Some(last) = self.packets.last_mut() {
            // what is hashed is a chain, as the packet is not kept
            let bytes = self.open.get(at..at + len).unwrap_or_default();
            let chain = [last.hash.as_slice(), bytes].concat();
            last.hash = digest::short(&chain);
            last.bare = last.hash;
            last.bytes = last.bytes.saturating_add(u32::try_from(len).unwrap_or(u32::MAX));
            return;
        }
        self.packet(at, header, len, length, each);
    }

    fn packet(
        &mut self,
        at: usize,
        header: usize,
        len: usize,
        length: Option<Length>,
        each: &mut Each<'_>,
    ) {
        let payload = self.open.get(at + header..at + len).unwrap_or_default();
        each(self.index, payload);
        let hash = digest::short(payload);
        let bare = match framing::without_header(self.codec, payload) {
            Some(bare) => digest::short(bare),
            None => hash,
        };
        self.packets.push(Raw {
            pts: self.stamps.take(self.from + at as u64).pts,
            length,
            bytes: u32::try_from(payload.len()).unwrap_or(u32::MAX),
            hash,
            bare,
        });
    }

    /// Ends the stream: what is left of a frame that was cut off is a packet too.
    pub(super) fn finish(&mut self, each: &mut Each<'_>) {
        self.boundary(each);
        let len = self.open.len();
        match framing::frame(self.codec, &self.open) {
            Found::Frame { header, length, joins, .. } if len > header => {
                self.take(0, header, len, length, joins, each);
            }
            _ => self.junk += len as u64,
        }
        self.open = Vec::new();
    }

    /// The packets with their times; frames lie on a grid from `zero`.
    pub(super) fn into_packets(self, zero: i64) -> Vec<AudioPacket> {
        let first = self.packets.iter().position(|packet| packet.pts.is_some()).unwrap_or(0);
        // frames before the first time lead up to it
        let known = self.packets.get(first).and_then(|packet| packet.pts).unwrap_or(0);
        let ahead = self.packets.iter().take(first).rev();
        let mut time = ahead
            .fold(known, |time, packet| packet.length.map_or(time, |length| length.before(time)));
        let exact = self.codec == AudioCodec::Aac;
        let steps = even_steps(&self.packets);
        let packets = self.packets.into_iter().zip(steps).map(|(packet, step)| {
            let pts = packet.pts.unwrap_or(time);
            time = match packet.length {
                Some(length) if exact => length.after(pts - zero) + zero,
                Some(length) => pts.saturating_add(length.ticks()),
                None => pts.saturating_add(step),
            };
            AudioPacket { pts, bytes: packet.bytes, hash: packet.hash, bare: packet.bare }
        });
        packets.collect()
    }
}

/// What to add from packet to packet where frames do not say how long they are: the time from one known to the next in
/// equal parts; behind the last known, as before it.
fn even_steps(packets: &[Raw]) -> Vec<i64> {
    let mut steps = Vec::with_capacity(packets.len());
    let mut known = packets.iter().enumerate().filter_map(|(at, packet)| Some((at, packet.pts?)));
    let mut last = known.next();
    let mut step = 0;
    for (at, pts) in known {
        if let Some((before, from)) = last {
            let frames = i64::try_from(at - before).unwrap_or(i64::MAX).max(1);
            step = pts.saturating_sub(from) / frames;
        }
        steps.resize(at, step);
        last = Some((at, pts));
    }
    steps.resize(packets.len(), step);
    steps
}
