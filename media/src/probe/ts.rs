//! Probe of a transport stream: program tables first, then one walk over the video's packets.

use super::nal::NalScanner;
use super::packets::{Packets, pes_header};
use super::pictures::{Pictures, Syntax};
use super::psi::{MAX_AUDIO, Program, Section, program, program_map_pids};
use super::rate::{self, Rate};
use super::{AudioCodec, Probe, ProbeError, Until, Video, VideoCodec};
use crate::Container;

/// Ticks per second of presentation times, and where their 33 bits wrap.
const CLOCK: u64 = 90_000;
const WRAP: u64 = 1 << 33;

pub(super) fn probe(packets: Packets<'_>, until: Until) -> Result<Probe, ProbeError> {
    if let Some(program) = find_program(packets.clone()) {
        let (pid, codec) = program.video.ok_or(ProbeError::NoVideo)?;
        return walk(packets, pid, codec, &program, until).into_probe(codec);
    }
    // A stream cut after its tables: libav takes a PID with a video stream id for video and guesses.
    let pid = guess_video_pid(packets.clone()).ok_or(ProbeError::NoVideo)?;
    let walk_as = |codec| walk(packets.clone(), pid, codec, &Program::default(), Until::End);
    let h264 = walk_as(VideoCodec::H264);
    match walk_as(VideoCodec::Hevc).into_probe(VideoCodec::Hevc) {
        Ok(hevc) if !h264.decodable() => Ok(hevc),
        _ => h264.into_probe(VideoCodec::H264),
    }
}

/// The first program with video, or the first at all, whose tables are in the stream.
fn find_program(packets: Packets<'_>) -> Option<Program> {
    let mut association = Section::new();
    let mut maps: Vec<(u16, Section)> = Vec::new();
    let mut without_video = None;
    for packet in packets {
        if packet.pid == 0 {
            if let Some(section) = association.add(packet.payload, packet.starts) {
                for pid in program_map_pids(section) {
                    if maps.len() < 8 && !maps.iter().any(|(known, _)| *known == pid) {
                        maps.push((pid, Section::new()));
                    }
                }
            }
        } else if let Some((_, section)) = maps.iter_mut().find(|(pid, _)| *pid == packet.pid) {
            let found = section.add(packet.payload, packet.starts).and_then(program);
            match found {
                Some(found) if found.video.is_some() => return Some(found),
                Some(found) => without_video = without_video.or(Some(found)),
                None => {}
            }
        }
    }
    without_video
}

fn guess_video_pid(packets: Packets<'_>) -> Option<u16> {
    packets.filter(|packet| packet.starts).find_map(|packet| {
        let header = pes_header(packet.payload)?;
        (0xe0..=0xef).contains(&header.stream_id).then_some(packet.pid)
    })
}

/// What one walk over the packets found.
struct Walk {
    pictures: Option<Pictures>,
    /// PES packets of the video, and those marked as entry points.
    pes: u32,
    entry_points: u32,
    times: Times,
    audio: Option<AudioCodec>,
}

fn walk(
    packets: Packets<'_>,
    pid: u16,
    codec: VideoCodec,
    program: &Program,
    until: Until,
) -> Walk {
    let mut pictures = match codec {
        VideoCodec::H264 => Some(Pictures::new(Syntax::H264)),
        VideoCodec::Hevc => Some(Pictures::new(Syntax::Hevc)),
        _ => None,
    };
    let mut scanner = NalScanner::new(packets.file());
    let (mut pes, mut entry_points, mut times) = (0u32, 0u32, Times::default());
    // Nothing counts before the first PES header; a long one may go on into the next packet.
    let (mut in_pes, mut header_left) = (false, 0usize);
    let mut heard = [false; MAX_AUDIO];
    for packet in packets {
        if packet.pid != pid {
            if packet.starts && !packet.payload.is_empty() {
                for (heard, slot) in heard.iter_mut().zip(&program.audio) {
                    *heard |= slot.is_some_and(|(audio, _)| audio == packet.pid);
                }
            }
            continue;
        }
        if packet.starts {
            let header = pes_header(packet.payload);
            in_pes = header.is_some();
            header_left = header.map_or(0, |header| header.len);
            if let Some(header) = header {
                pes = pes.saturating_add(1);
                entry_points = entry_points.saturating_add(u32::from(packet.random_access));
                times.add(header.pts);
            }
        }
        if !in_pes {
            continue;
        }
        let skip = header_left.min(packet.payload.len());
        header_left -= skip;
        if let (Some(pictures), Some(data)) = (&mut pictures, packet.payload.get(skip..)) {
            scanner.feed(data, packet.at + skip, pictures);
        }
        if until == Until::Decodable && pictures.as_ref().is_none_or(Pictures::settled) {
            break;
        }
    }
    if let Some(pictures) = &mut pictures {
        scanner.finish(pictures);
    }
    let mut audio = heard.iter().zip(&program.audio).filter(|(heard, _)| **heard);
    let audio = audio.find_map(|(_, slot)| slot.map(|(_, codec)| codec));
    Walk { pictures, pes, entry_points, times, audio }
}

impl Walk {
    fn decodable(&self) -> bool {
        self.pictures.as_ref().is_some_and(Pictures::decodable)
    }

    fn into_probe(self, codec: VideoCodec) -> Result<Probe, ProbeError> {
        let (frames, key_frames) = match &self.pictures {
            Some(pictures) => (pictures.frames, pictures.key_frames),
            // Without reading the codec, PES packets and their marks are all there is to go by.
            None => (self.pes, self.entry_points.max(u32::from(self.pes > 0))),
        };
        if frames > 0 && key_frames == 0 {
            return Err(ProbeError::NoKeyFrame);
        }
        if frames == 0 || (self.pictures.is_some() && !self.decodable()) {
            return Err(ProbeError::NoDecodableFrame);
        }
        let sequence = self.pictures.as_ref().and_then(|pictures| pictures.sequence);
        let declared = sequence.and_then(|sequence| sequence.frame_rate);
        let frame_rate = declared.or_else(|| self.times.rate(frames));
        Ok(Probe {
            container: Container::MpegTs,
            video: Video {
                codec,
                width: sequence.map_or(0, |s| s.width),
                height: sequence.map_or(0, |s| s.height),
                chroma: sequence.and_then(|s| s.chroma),
                bit_depth: sequence.map(|s| s.bit_depth),
                frame_rate,
            },
            audio: self.audio,
            frames,
            key_frames,
            duration: self.times.span(frame_rate).and_then(|ticks| rate::span(ticks, CLOCK)),
        })
    }
}

/// Range of presentation times around the first one seen, so that a wrap in between does not matter.
#[derive(Default)]
struct Times {
    first: Option<u64>,
    before: u64,
    after: u64,
}

impl Times {
    fn add(&mut self, pts: Option<u64>) {
        let Some(pts) = pts else { return };
        let first = *self.first.get_or_insert(pts);
        let ahead = pts.wrapping_sub(first) % WRAP;
        if ahead < WRAP / 2 {
            self.after = self.after.max(ahead);
        } else {
            self.before = self.before.max(WRAP - ahead);
        }
    }

    fn rate(&self, frames: u32) -> Option<Rate> {
        rate::measured(u64::from(frames.saturating_sub(1)), self.before + self.after, CLOCK)
    }

    /// Ticks from the first picture to the end of the last; `None` without any time.
    fn span(&self, rate: Option<Rate>) -> Option<u64> {
        self.first?;
        let range = self.before + self.after;
        match rate {
            Some(rate) => Some(range + rate::frame_ticks(rate, CLOCK)),
            None => (range > 0).then_some(range),
        }
    }
}
