//! Scanning real renditions and their sources, against what an independent demultiplexer and decoder found in them.

mod beside;

use std::path::PathBuf;

use serde_json::Value;
use sha1::Digest;
use waymark_media::AudioCodec;
use waymark_media::scan::{CLOCK, Scan, ScanLimits, UnitKind, VideoTrack, scan, scan_audio};

/// Ticks after which the times of a transport stream begin again.
const WRAP: i64 = 1 << 33;

fn folder() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../verification/tests/renditions")
}

/// What is known of each file: sources and renditions.
fn facts() -> Vec<Value> {
    let text = std::fs::read_to_string(folder().join("index.json")).unwrap();
    let index: Value = serde_json::from_str(&text).unwrap();
    let segments = index["segments"].as_array().unwrap();
    let of_segment = |segment: &Value| {
        let renditions = segment["renditions"].as_array().unwrap().clone();
        std::iter::once(segment["source"].clone()).chain(renditions).collect::<Vec<_>>()
    };
    segments.iter().flat_map(of_segment).collect()
}

fn number(value: &Value) -> i64 {
    value.as_i64().unwrap()
}

/// A recorded time in ticks of the scan: nearest, halves away from zero.
fn ticks(time: &Value, base: &Value) -> i64 {
    let scaled = i128::from(number(time)) * i128::from(number(&base[0])) * i128::from(CLOCK);
    let den = i128::from(number(&base[1]));
    i64::try_from((scaled.abs() + den / 2) / den * scaled.signum()).unwrap()
}

fn pair(value: &Value) -> (u32, u32) {
    let side = |at: usize| u32::try_from(number(&value[at])).unwrap();
    (side(0), side(1))
}

/// Times are equal, in a transport stream but for whole wraps.
fn same_time(found: i64, recorded: i64, container: &Value) -> bool {
    (found - recorded).rem_euclid(if container == "mp4" { i64::MAX } else { WRAP }) == 0
}

fn video(found: &VideoTrack, fact: &Value, file: &str) {
    let recorded = &fact["video"];
    let units = &found.units;
    assert_eq!(units.len(), usize::try_from(number(&recorded["access_units"])).unwrap(), "{file}");
    assert_eq!(found.coded, pair(&recorded["coded"]), "{file}");
    assert_eq!(found.cropped, pair(&recorded["cropped"]), "{file}");
    let (profile, constraints) = found.profile.unwrap();
    assert_eq!(i64::from(profile), number(&recorded["profile_idc"]), "{file}");
    assert_eq!(i64::from(constraints), number(&recorded["constraint_flags"]), "{file}");
    let idr = (0i64..).zip(units).filter(|(_, unit)| unit.kind == UnitKind::Idr);
    let idr: Vec<i64> = idr.map(|(index, _)| index).collect();
    let known: Vec<i64> = recorded["idr"].as_array().unwrap().iter().map(number).collect();
    assert_eq!(idr, known, "{file}");
    let bytes: i64 = units.iter().map(|unit| i64::from(unit.bytes)).sum();
    assert_eq!(bytes, number(&recorded["bytes"]), "{file}");
    assert_eq!(units.iter().map(|unit| unit.filler).max(), Some(0), "{file}");
    assert!(found.has_parameter_sets && !found.format_changes, "{file}");
    let decoded = usize::try_from(number(&recorded["decoded_frames"])).unwrap();
    assert_eq!(found.decodable().len(), decoded, "{file}");

    let order = |pick: fn(&Value) -> &Value| ticks(pick(recorded), &fact["time_base"]);
    let by_pts = |unit: &&waymark_media::scan::AccessUnit| unit.pts;
    let first = units.iter().min_by_key(by_pts).unwrap().pts;
    let last = units.iter().max_by_key(by_pts).unwrap().pts;
    let times = [
        (first, order(|video| &video["first_pts"])),
        (last, order(|video| &video["last_pts"])),
        (units.first().unwrap().dts, order(|video| &video["first_dts"])),
        (units.last().unwrap().dts, order(|video| &video["last_dts"])),
    ];
    for (found, recorded) in times {
        assert!(same_time(found, recorded, &fact["container"]), "{file}: {found}, {recorded}");
    }
}

/// The name of a track's packets in the recorded facts: SHA-256 of the first 12 hex digits of each one's SHA-1.
fn names(bytes: &[u8]) -> (Scan, Vec<String>) {
    let mut names: Vec<sha2::Sha256> = Vec::new();
    let found = scan_audio(bytes, &ScanLimits::default(), &mut |track, packet| {
        names.resize_with(names.len().max(track + 1), sha2::Sha256::default);
        let hex = format!("{:x}", sha1::Sha1::digest(packet));
        names[track].update(&hex[..12]);
    });
    (found.unwrap(), names.into_iter().map(|name| format!("{:x}", name.finalize())).collect())
}

fn audio(found: &Scan, names: &[String], fact: &Value, file: &str) {
    let tracks: Vec<_> = found.audio.iter().filter(|track| !track.packets.is_empty()).collect();
    let recorded = fact["audio"].as_array().unwrap();
    assert_eq!(tracks.len(), recorded.len(), "{file}");
    for ((track, recorded), name) in tracks.into_iter().zip(recorded).zip(names) {
        let codec = match recorded["codec"].as_str().unwrap() {
            "aac" => AudioCodec::Aac,
            "mp3" => AudioCodec::Mp3,
            "ac3" => AudioCodec::Ac3,
            other => panic!("{other}"),
        };
        assert_eq!(track.codec, codec, "{file}");
        let packets = &track.packets;
        assert_eq!(packets.len(), usize::try_from(number(&recorded["packets"])).unwrap(), "{file}");
        let bytes: i64 = packets.iter().map(|packet| i64::from(packet.bytes)).sum();
        assert_eq!(bytes, number(&recorded["bytes"]), "{file}");
        assert_eq!(name, recorded["packets_sha256"].as_str().unwrap(), "{file}");
        for (packet, key) in [(packets.first(), "first_pts"), (packets.last(), "last_pts")] {
            let recorded = ticks(&recorded[key], &recorded["time_base"]);
            let found = packet.unwrap().pts;
            assert!(
                same_time(found, recorded, &fact["container"]),
                "{file} {key}: {found}, {recorded}"
            );
        }
    }
}

#[test]
fn every_recorded_rendition_and_source_is_described_as_it_is() {
    let facts = facts();
    assert_eq!(facts.len(), 210);
    for fact in &facts {
        let file = fact["file"].as_str().unwrap();
        let bytes = std::fs::read(folder().join(file)).unwrap();
        let (found, names) = names(&bytes);
        assert_eq!(found, scan(&bytes, &ScanLimits::default()).unwrap(), "{file}");
        assert_eq!(found.container.ext(), if fact["container"] == "mp4" { "mp4" } else { "ts" });
        assert_eq!((found.video.len(), found.others, found.stray_bytes), (1, 0, 0), "{file}");
        video(&found.video[0], fact, file);
        audio(&found, &names, fact, file);
    }
}
