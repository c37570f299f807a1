//! What the tables of a transport stream say about its PIDs. All programs and all versions count: a demultiplexer
//! shows each track that any of them declares.

use super::super::limits::{Bounded, ScanError, ScanLimits};
use crate::probe::packets::{Packets, pes_header};
use crate::probe::psi::{Section, Track, program_map_pids, streams};
use crate::{AudioCodec, VideoCodec};

/// PIDs below this one are for tables (ISO/IEC 13818-1 table 2-3, ETSI EN 300 468 table 1).
const FIRST_FREE: u16 = 0x20;
/// PID of packets that only fill.
const NULL: u16 = 0x1fff;
/// Most program map tables followed.
const MOST_MAPS: usize = 64;

/// What a PID is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Role {
    /// Tables, or packets that only fill.
    Table,
    /// Index of a declared track.
    Track(u16),
    /// No table names it.
    Stranger,
}

pub(super) struct Declared {
    /// PID and content of each track, in the order of the tables.
    pub(super) tracks: Vec<(u16, Option<Track>)>,
    roles: Vec<Role>,
}

impl Declared {
    pub(super) fn find(packets: Packets<'_>, limits: &ScanLimits) -> Result<Self, ScanError> {
        let mut found = Self { tracks: Vec::new(), roles: vec![Role::Stranger; 1 << 13] };
        (0..FIRST_FREE).chain([NULL]).for_each(|pid| found.set(pid, Role::Table));
        let mut association = Section::new();
        let mut maps: Vec<(u16, Section)> = Vec::new();
        let mut read = 0usize;
        for packet in packets.clone() {
            if packet.pid == 0 {
                let Some(section) = association.add(packet.payload, packet.starts) else {
                    continue;
                };
                for pid in program_map_pids(section) {
                    if maps.len() < MOST_MAPS && !maps.iter().any(|(known, _)| *known == pid) {
                        maps.push((pid, Section::new()));
                        found.set(pid, Role::Table);
                    }
                }
            } else if found.role(packet.pid) == Role::Table
                && let Some((_, section)) = maps.iter_mut().find(|(pid, _)| *pid == packet.pid)
                && let Some(section) = section.add(packet.payload, packet.starts)
                && let Some(streams) = streams(section)
            {
                read += 1;
                for (pid, track) in streams {
                    found.declare(pid, track, limits)?;
                }
            }
        }
        if read == 0 {
            found.guess(packets, limits)?;
        }
        Ok(found)
    }

    pub(super) fn role(&self, pid: u16) -> Role {
        self.roles.get(usize::from(pid)).copied().unwrap_or(Role::Stranger)
    }

    fn set(&mut self, pid: u16, role: Role) {
        if let Some(slot) = self.roles.get_mut(usize::from(pid)) {
            *slot = role;
        }
    }

    fn declare(
        &mut self,
        pid: u16,
        track: Option<Track>,
        limits: &ScanLimits,
    ) -> Result<(), ScanError> {
        let known = match self.role(pid) {
            Role::Track(_) => true,
            Role::Stranger => false,
            // a table's PID that is declared as a track as well is counted, and stays a table's
            Role::Table => self.tracks.iter().any(|(known, _)| *known == pid),
        };
        if known {
            return Ok(());
        }
        Bounded::Tracks.check(self.tracks.len() as u64 + 1, limits.tracks)?;
        if self.role(pid) == Role::Stranger {
            self.set(pid, Role::Track(u16::try_from(self.tracks.len()).unwrap_or(u16::MAX)));
        }
        self.tracks.push((pid, track));
        Ok(())
    }

    /// A stream cut after its tables: as libav does, tracks are what their PES packets say they are.
    fn guess(&mut self, packets: Packets<'_>, limits: &ScanLimits) -> Result<(), ScanError> {
        for packet in packets.filter(|packet| packet.starts) {
            if self.role(packet.pid) != Role::Stranger {
                continue;
            }
            let Some(header) = pes_header(packet.payload) else { continue };
            let data = packet.payload.get(header.len..).unwrap_or_default();
            let track = match header.stream_id {
                0xe0..=0xef => Track::Video(video(data)),
                0xc0..=0xdf => Track::Audio(audio(data)),
                _ => continue,
            };
            self.declare(packet.pid, Some(track), limits)?;
        }
        Ok(())
    }
}

/// H.264 or HEVC by the first NAL unit: only HEVC begins with these.
fn video(data: &[u8]) -> VideoCodec {
    let code = memchr::memmem::find(data, &[0, 0, 1]);
    match code.and_then(|at| data.get(at + 3..)) {
        Some([0x40 | 0x42 | 0x44 | 0x46 | 0x4e, 1, ..]) => VideoCodec::Hevc,
        Some([0xb3, ..]) => VideoCodec::Mpeg2,
        _ => VideoCodec::H264,
    }
}

fn audio(data: &[u8]) -> AudioCodec {
    match data {
        [0xff, second, ..] if second & 0xf6 == 0xf0 => AudioCodec::Aac,
        [0x0b, 0x77, ..] => AudioCodec::Ac3,
        _ => AudioCodec::Mp3,
    }
}
