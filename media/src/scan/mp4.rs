//! Scan of an ISO base media file, whole or fragmented. A sample counts only if its bytes are in the file.

mod times;
mod video;

use std::ops::ControlFlow;

use super::audio::Each;
use super::digest;
use super::limits::{Bounded, ScanError, ScanLimits};
use super::{AudioPacket, AudioTrack, CLOCK, Scan};
use crate::Container;
use crate::probe::boxes::Boxes;
use crate::probe::entry::Entry;
use crate::probe::fragments::{self, Defaults};
use crate::probe::mp4::{Sample, Track, track};
use crate::probe::tables;
use times::Times;
use video::Pictures;

/// Boxes at the top of a file that describe or hold tracks, or fill.
const KNOWN: [&[u8; 4]; 12] = [
    b"ftyp", b"styp", b"moov", b"moof", b"mdat", b"free", b"skip", b"wide", b"sidx", b"ssix",
    b"mfra", b"prft",
];

pub(super) fn scan(
    file: &[u8],
    limits: &ScanLimits,
    each: &mut Each<'_>,
) -> Result<Scan, ScanError> {
    let mut scan = Scan { container: Container::Mp4, ..Scan::default() };
    let mut budget = Budget { limits, bytes: 0, file: file.len() as u64, units: 0, packets: 0 };
    let moov = Boxes::new(file).body(*b"moov").unwrap_or_default();
    let mut tracks = 0u32;
    for trak in Boxes::new(moov).filter(|b| b.kind == *b"trak") {
        tracks += 1;
        Bounded::Tracks.check(tracks, limits.tracks)?;
        let Some(track) = track(trak.body) else {
            scan.others += 1;
            continue;
        };
        let walk = Walk { file, moov, times: Times::new(moov, trak.body, track.clock), track };
        match walk.track.entry() {
            Some(Entry::Video(entry)) => {
                let mut pictures = Pictures::new(&walk.track, entry, limits);
                Bounded::Side.check(pictures.side(), limits.side)?;
                walk.samples(&mut budget, &mut |sample, bytes, budget| {
                    pictures.take(sample, bytes);
                    Bounded::Side.check(pictures.side(), limits.side)?;
                    budget.units(pictures.units())
                })?;
                budget.units += pictures.units();
                scan.video.push(pictures.into_track(&walk.times, file.len()));
            }
            Some(Entry::Audio(codec)) => {
                let packets = walk.sound(&mut budget, scan.audio.len(), each)?;
                scan.audio.push(AudioTrack { codec, packets });
            }
            None => {
                scan.others += 1;
                walk.samples(&mut budget, &mut |_, _, budget| budget.packet())?;
            }
        }
    }
    scan.stray_bytes = stray(file, budget.bytes);
    Ok(scan)
}

/// What may still be read.
struct Budget<'a> {
    limits: &'a ScanLimits,
    /// Bytes of all samples.
    bytes: u64,
    /// Bytes of the file.
    file: u64,
    /// Units of the tracks that are done.
    units: u64,
    packets: u64,
}

impl Budget<'_> {
    fn bytes(&mut self, size: u32) -> Result<(), ScanError> {
        self.bytes += u64::from(size);
        // samples that overlap would make time grow faster than the file
        Bounded::SampleBytes.check(self.bytes, self.file)
    }

    fn units(&self, of_track: u64) -> Result<(), ScanError> {
        Bounded::AccessUnits.check(self.units + of_track, self.limits.access_units)
    }

    fn packet(&mut self) -> Result<(), ScanError> {
        self.packets += 1;
        Bounded::AudioPackets.check(self.packets, self.limits.audio_packets)
    }
}

type OnSample<'a, 'b> = dyn FnMut(Sample, &[u8], &mut Budget<'b>) -> Result<(), ScanError> + 'a;

struct Walk<'a> {
    file: &'a [u8],
    moov: &'a [u8],
    times: Times,
    track: Track<'a>,
}

impl Walk<'_> {
    /// Hands on all samples with their bytes: those of the table, then those of fragments.
    fn samples<'b>(
        &self,
        budget: &mut Budget<'b>,
        take: &mut OnSample<'_, 'b>,
    ) -> Result<(), ScanError> {
        let mut failed = None;
        let mut one = |sample: Sample| {
            let start = usize::try_from(sample.offset).unwrap_or(usize::MAX);
            let rest = self.file.get(start..).unwrap_or_default();
            let size = usize::try_from(sample.size).unwrap_or(usize::MAX);
            let bytes = rest.get(..size).unwrap_or_default();
            let done = budget.bytes(sample.size).and_then(|()| take(sample, bytes, budget));
            match done {
                Ok(()) => ControlFlow::Continue(()),
                Err(error) => {
                    failed = Some(error);
                    ControlFlow::Break(())
                }
            }
        };
        let whole = tables::each(self.track.table, self.file.len(), &mut one);
        if whole.is_continue() {
            let mvex = Boxes::new(self.moov).body(*b"mvex");
            let defaults = mvex.and_then(|mvex| Defaults::of_track(mvex, self.track.id));
            let defaults = defaults.unwrap_or_default();
            let _stopped = fragments::each(self.file, self.track.id, defaults, &mut one);
        }
        failed.map_or(Ok(()), Err)
    }

    fn sound(
        &self,
        budget: &mut Budget<'_>,
        index: usize,
        each: &mut Each<'_>,
    ) -> Result<Vec<AudioPacket>, ScanError> {
        let mut packets = Vec::new();
        self.samples(budget, &mut |sample, bytes, budget| {
            budget.packet()?;
            each(index, bytes);
            let hash = digest::short(bytes);
            packets.push(AudioPacket {
                pts: self.times.of(sample.dts.saturating_add(sample.delay)),
                bytes: sample.size,
                hash,
                bare: hash,
            });
            Ok(())
        })?;
        Ok(packets)
    }
}

/// Bytes that no sample and no structure accounts for; samples take `used` bytes.
fn stray(file: &[u8], used: u64) -> u64 {
    let (mut end, mut data, mut strange, mut movies) = (0, 0u64, 0u64, 0);
    for found in Boxes::new(file) {
        let all = (found.body_at - found.at + found.body.len()) as u64;
        end = found.body_at + found.body.len();
        movies += u32::from(found.kind == *b"moov");
        match &found.kind {
            b"mdat" => data += found.body.len() as u64,
            b"moov" if movies > 1 => strange += all,
            kind if KNOWN.contains(&kind) => {}
            _ => strange += all,
        }
    }
    data.saturating_sub(used) + strange + file.len().saturating_sub(end) as u64
}
