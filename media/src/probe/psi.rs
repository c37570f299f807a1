//! Program tables of a transport stream: which PID carries what (ISO/IEC 13818-1 2.4.4).

use super::{AudioCodec, VideoCodec};

/// Most programs followed and most elementary streams kept of one.
const MAX_PROGRAMS: usize = 8;
/// Most audio streams kept.
pub(super) const MAX_AUDIO: usize = 8;

/// Collects a table section over packets: at most 1,024 bytes (2.4.4.1).
pub(crate) struct Section {
    buf: [u8; 1024],
    len: usize,
    running: bool,
}

impl Section {
    pub(crate) const fn new() -> Self {
        Self { buf: [0; 1024], len: 0, running: false }
    }

    /// Adds a packet's payload; gives the section once it is whole.
    pub(crate) fn add(&mut self, payload: &[u8], starts: bool) -> Option<&[u8]> {
        let mut data = payload;
        if starts {
            let pointer = usize::from(*payload.first()?);
            data = payload.get(1 + pointer..)?;
            self.len = 0;
            self.running = true;
        } else if !self.running {
            return None;
        }
        let take = data.len().min(self.buf.len() - self.len);
        self.buf.get_mut(self.len..self.len + take)?.copy_from_slice(data.get(..take)?);
        self.len += take;
        let high = usize::from(*self.buf.get(1)? & 0x0f);
        let whole = 3 + ((high << 8) | usize::from(*self.buf.get(2)?));
        if self.len < 3 || self.len < whole {
            return None;
        }
        self.running = false;
        self.buf.get(..whole)
    }
}

/// PIDs of the program map tables an association table names, network information left out.
pub(crate) fn program_map_pids(section: &[u8]) -> impl Iterator<Item = u16> + '_ {
    let entries = match section {
        [0, ..] => table_body(section, 8),
        _ => &[],
    };
    entries
        .chunks_exact(4)
        .filter_map(|entry| match entry {
            [0, 0, ..] => None,
            [_, _, high, low] => Some(pid(*high, *low)),
            _ => None,
        })
        .take(MAX_PROGRAMS)
}

/// The elementary streams of a program that matter here.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Program {
    pub(super) video: Option<(u16, VideoCodec)>,
    pub(super) audio: [Option<(u16, AudioCodec)>; MAX_AUDIO],
}

/// Reads a program map table; `None` if the section is another table.
pub(super) fn program(section: &[u8]) -> Option<Program> {
    let mut found = Program::default();
    let mut audio = found.audio.iter_mut();
    for (pid, track) in streams(section)? {
        match track {
            Some(Track::Video(codec)) => {
                found.video.get_or_insert((pid, codec));
            }
            Some(Track::Audio(codec)) => {
                if let Some(slot) = audio.next() {
                    *slot = Some((pid, codec));
                }
            }
            None => {}
        }
    }
    Some(found)
}

/// PIDs of all elementary streams in a program map table and what is known of each; `None` if the section is
/// another table.
pub(crate) fn streams(section: &[u8]) -> Option<impl Iterator<Item = (u16, Option<Track>)> + '_> {
    if *section.first()? != 2 {
        return None;
    }
    let info_len = length(*section.get(10)?, *section.get(11)?);
    let mut rest = table_body(section, 12).get(info_len..)?;
    Some(std::iter::from_fn(move || {
        let [kind, pid_high, pid_low, len_high, len_low, after @ ..] = rest else { return None };
        let descriptors_len = length(*len_high, *len_low).min(after.len());
        let (descriptors, next) = after.split_at(descriptors_len);
        rest = next;
        Some((pid(*pid_high, *pid_low), classify(*kind, descriptors)))
    }))
}

/// What an elementary stream is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Track {
    Video(VideoCodec),
    Audio(AudioCodec),
}

/// Stream types of ISO/IEC 13818-1 table 2-34, ATSC and the registrations libav knows.
fn classify(kind: u8, descriptors: &[u8]) -> Option<Track> {
    use AudioCodec as A;
    use VideoCodec as V;
    Some(match kind {
        0x01 | 0x02 => Track::Video(V::Mpeg2),
        0x1b | 0x1f | 0x20 => Track::Video(V::H264),
        0x24 | 0x25 => Track::Video(V::Hevc),
        0x10 | 0x21 | 0x33 | 0x42 | 0xd1 | 0xd2 | 0xd4 | 0xea => Track::Video(V::Other),
        0x03 | 0x04 => Track::Audio(A::Mp3),
        0x0f | 0x11 => Track::Audio(A::Aac),
        0x81 => Track::Audio(A::Ac3),
        0x87 => Track::Audio(A::Eac3),
        0x1c | 0x8a => Track::Audio(A::Other),
        0x06 | 0x80 | 0xc0..=0xff => return private(descriptors),
        _ => return None,
    })
}

/// A private stream says what it is in its descriptors.
fn private(mut descriptors: &[u8]) -> Option<Track> {
    use AudioCodec as A;
    use VideoCodec as V;
    while let [tag, len, after @ ..] = descriptors {
        let (body, next) = after.split_at(usize::from(*len).min(after.len()));
        let track = match (*tag, body) {
            (0x05, [b'A', b'V', b'0', b'1', ..]) => Some(Track::Video(V::Av1)),
            (0x05, [b'V', b'P', b'0', b'9', ..]) => Some(Track::Video(V::Vp9)),
            (0x05, [b'V', b'P', b'0', b'8', ..]) => Some(Track::Video(V::Vp8)),
            (0x05, b"HEVC" | b"hvc1" | b"hev1") => Some(Track::Video(V::Hevc)),
            (0x05, b"H264" | b"avc1") => Some(Track::Video(V::H264)),
            (0x05, b"VC-1" | b"drac") => Some(Track::Video(V::Other)),
            (0x05, b"AC-3") | (0x6a, _) => Some(Track::Audio(A::Ac3)),
            (0x05, b"EAC3") | (0x7a, _) => Some(Track::Audio(A::Eac3)),
            (0x05, b"Opus") => Some(Track::Audio(A::Opus)),
            (0x7c, _) => Some(Track::Audio(A::Aac)),
            (0x05, b"BSSD" | b"DTS1" | b"DTS2" | b"DTS3" | b"AC-4") | (0x7b, _) => {
                Some(Track::Audio(A::Other))
            }
            _ => None,
        };
        if track.is_some() {
            return track;
        }
        descriptors = next;
    }
    None
}

/// What follows a section's header of `header` bytes, without its checksum.
fn table_body(section: &[u8], header: usize) -> &[u8] {
    section.get(header..section.len().saturating_sub(4)).unwrap_or_default()
}

fn pid(high: u8, low: u8) -> u16 {
    u16::from_be_bytes([high & 0x1f, low])
}

fn length(high: u8, low: u8) -> usize {
    usize::from(u16::from_be_bytes([high & 0x0f, low]))
}
