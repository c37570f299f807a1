//! Scans beside libav's demultiplexer and parsers: every packet has the same bytes and times, in codecs and containers
//! that no recorded rendition has.

use std::path::{Path, PathBuf};

use ffmpeg_next::media::Type;
use waymark_media::Container;
use waymark_media::scan::{CLOCK, ScanLimits, scan_audio};

use super::WRAP;

/// Files of the fuzzer's seeds that libav reads as what they are. Not among them: LATM, whose frames do not say how
/// long they are without reading the codec, so that times inside of a PES packet differ.
const SEEDS: [&str; 14] = [
    "av1.mp4",
    "eac3.ts",
    "fragmented.mp4",
    "hevc.mp4",
    "hevc.ts",
    "interlaced.ts",
    "intra_refresh.ts",
    "mpeg2.ts",
    "no_tables.ts",
    "one_frame.ts",
    "opus.ts",
    "sound_only.ts",
    "vp9.mp4",
    "whole.mp4",
];

/// One packet: presentation and decoding time in ticks of the scan, and bytes.
type Packet = (i64, i64, usize);

/// Packets of the first video track and of the first audio track, the latter with their bytes.
#[derive(Debug, Default, PartialEq)]
struct Packets {
    video: Vec<Packet>,
    audio: Vec<(i64, Vec<u8>)>,
}

fn by_libav(path: &Path) -> Packets {
    ffmpeg_next::init().unwrap();
    let mut input = ffmpeg_next::format::input(path).unwrap();
    let first = |kind| {
        input.streams().find(|stream| stream.parameters().medium() == kind).map(|s| s.index())
    };
    let (video, audio) = (first(Type::Video), first(Type::Audio));
    let mut found = Packets::default();
    for (stream, packet) in input.packets() {
        let base = stream.time_base();
        let ticks = |time: Option<i64>| {
            let scaled = i128::from(time.unwrap()) * i128::from(base.0) * i128::from(CLOCK);
            let den = i128::from(base.1);
            i64::try_from((scaled.abs() + den / 2) / den * scaled.signum()).unwrap()
        };
        if Some(stream.index()) == video {
            found.video.push((ticks(packet.pts()), ticks(packet.dts()), packet.size()));
        } else if Some(stream.index()) == audio {
            found.audio.push((ticks(packet.pts()), packet.data().unwrap_or_default().to_vec()));
        }
    }
    found
}

/// The scan's packets, and its container.
fn by_scan(path: &Path) -> (Packets, Container) {
    let bytes = std::fs::read(path).unwrap();
    let mut payloads = Vec::new();
    let scan = scan_audio(&bytes, &ScanLimits::default(), &mut |track, payload| {
        if track == 0 {
            payloads.push(payload.to_vec());
        }
    });
    let scan = scan.unwrap();
    let units = scan.video.first().map(|track| track.units.as_slice()).unwrap_or_default();
    let packets = scan.audio.first().map(|track| track.packets.as_slice()).unwrap_or_default();
    let found = Packets {
        video: units.iter().map(|unit| (unit.pts, unit.dts, unit.bytes as usize)).collect(),
        audio: packets.iter().map(|packet| packet.pts).zip(payloads).collect(),
    };
    (found, scan.container)
}

fn compare(path: &Path) {
    let (mut scanned, container) = by_scan(path);
    let mut libav = by_libav(path);
    if container == Container::MpegTs {
        // which wrap times are in is each one's own choice
        for packets in [&mut scanned, &mut libav] {
            let times = packets.video.iter_mut().flat_map(|(pts, dts, _)| [pts, dts]);
            let times = times.chain(packets.audio.iter_mut().map(|(pts, _)| pts));
            times.for_each(|time| *time = time.rem_euclid(WRAP));
        }
    }
    assert_eq!(scanned.video, libav.video, "{}", path.display());
    assert_eq!(scanned.audio, libav.audio, "{}", path.display());
}

fn crate_folder() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR"))
}

#[test]
fn packets_of_recorded_files_are_those_of_libav() {
    for recorded in crate::data::recorded() {
        compare(&crate_folder().join("tests/data").join(&recorded.file));
    }
}

#[test]
fn packets_of_other_codecs_are_those_of_libav() {
    for seed in SEEDS {
        compare(&crate_folder().join("../fuzz/seeds/probe").join(seed));
    }
}
