//! The scan of whole files: transport streams and MP4 files, damaged in every way.
//!
//! Input: a file. It is scanned twice with limits that an input of a fuzzer can reach, then with those of use.
#![no_main]

use std::time::{Duration, Instant};

use libfuzzer_sys::fuzz_target;
use waymark_fuzz::showable;
use waymark_media::scan::{Scan, ScanError, ScanLimits, VideoTrack, scan, scan_audio};

/// Far more than any input a fuzzer makes takes, even with sanitizers and while others keep the machine busy for seconds.
const LONGEST: Duration = Duration::from_secs(30);
/// Limits that the inputs of a fuzzer reach.
const TIGHT: ScanLimits =
    ScanLimits { bytes: 1 << 20, access_units: 40, audio_packets: 60, tracks: 4, side: 2_048 };

fuzz_target!(|data: &[u8]| {
    let start = Instant::now();
    let (mut packets, mut bytes) = (0, 0);
    let found = scan_audio(data, &TIGHT, &mut |_, packet| {
        packets += 1;
        bytes += packet.len();
    });
    assert_eq!(found, scan(data, &TIGHT), "the same bytes, another answer");
    if let Ok(found) = &found {
        let frames: usize = found.audio.iter().map(|track| track.packets.len()).sum();
        assert!(frames <= packets && bytes <= data.len(), "{frames} of {packets} packets, {bytes} bytes");
    }
    check(found, data.len(), &TIGHT);
    let limits = ScanLimits::default();
    check(scan(data, &limits), data.len(), &limits);
    assert!(start.elapsed() < LONGEST, "{:?} for {} bytes", start.elapsed(), data.len());
});

fn check(found: Result<Scan, ScanError>, len: usize, limits: &ScanLimits) {
    match found {
        Ok(found) => plausible(&found, len, limits),
        Err(ScanError::Exceeded { value, limit, .. }) => assert!(value > limit, "{value} of {limit}"),
        Err(error) => showable(&error),
    }
}

/// No more than the bytes can hold, and nothing beyond the limits.
fn plausible(found: &Scan, len: usize, limits: &ScanLimits) {
    let len = len as u64;
    let units: usize = found.video.iter().map(|track| track.units.len()).sum();
    let packets: usize = found.audio.iter().map(|track| track.packets.len()).sum();
    let tracks = found.video.len() + found.audio.len() + found.others as usize;
    assert!(units <= limits.access_units as usize, "{units} units");
    assert!(packets <= limits.audio_packets as usize, "{packets} packets");
    assert!(tracks <= limits.tracks as usize, "{tracks} tracks");
    assert!(found.stray_bytes <= len, "{} stray bytes of {len}", found.stray_bytes);
    let sound = found.audio.iter().flat_map(|track| &track.packets).map(|p| u64::from(p.bytes));
    let pictures = found.video.iter().flat_map(|track| &track.units).map(|u| u64::from(u.bytes));
    assert!(sound.sum::<u64>() + pictures.sum::<u64>() <= len, "more bytes than the file has");
    found.video.iter().for_each(|track| video(track, limits));
}

fn video(track: &VideoTrack, limits: &ScanLimits) {
    let ((width, height), (shown_width, shown_height)) = (track.coded, track.cropped);
    assert!(shown_width <= width && shown_height <= height, "cropped to more than is coded");
    assert!(width <= limits.side && height <= limits.side, "{width}x{height}");
    for unit in &track.units {
        assert!(unit.filler <= unit.bytes, "{unit:?}");
    }
    let shown = track.decodable();
    assert!(shown.len() <= track.units.len() && shown.iter().all(|at| *at < track.units.len()));
    let times = shown.iter().map(|at| track.units[*at].pts);
    assert!(times.is_sorted(), "not in presentation order");
}
