//! The probe of segments: transport streams and MP4 files, damaged in every way.
//!
//! Input: a segment. It is probed under both names.
#![no_main]

use std::time::{Duration, Instant};

use libfuzzer_sys::fuzz_target;
use waymark::capability::{Input, JobNeeds, job_capabilities};
use waymark_fuzz::showable;
use waymark_media::{Container, Probe, Video, VideoCodec, probe};

/// Far more than any input a fuzzer makes takes, even with sanitizers on a busy machine.
const LONGEST: Duration = Duration::from_secs(5);

fuzz_target!(|data: &[u8]| {
    let start = Instant::now();
    for container in [Container::MpegTs, Container::Mp4] {
        let found = probe(data, container);
        assert_eq!(found, probe(data, container), "the same bytes, another answer");
        match found {
            Ok(found) => plausible(&found, data.len()),
            Err(error) => showable(&error),
        }
    }
    assert!(start.elapsed() < LONGEST, "{:?} for {} bytes", start.elapsed(), data.len());
});

/// No more than the bytes can hold, and nothing that cannot be.
fn plausible(found: &Probe, bytes: usize) {
    assert!(found.frames > 0 && found.key_frames > 0, "{found:?}");
    assert!(found.key_frames <= found.frames, "{found:?}");
    assert!(found.frames as usize <= bytes, "a picture takes at least a byte: {found:?}");
    assert!(found.duration != Some(Duration::ZERO), "{found:?}");
    video(&found.video);
    let needs = JobNeeds { input: Input::from(&found.video), ..JobNeeds::default() };
    if let Err(error) = job_capabilities(&needs) {
        showable(&error);
    }
}

fn video(video: &Video) {
    assert!(video.width <= 65_535 && video.height <= 65_535, "{video:?}");
    if matches!(video.codec, VideoCodec::H264 | VideoCodec::Hevc) {
        assert!(video.width > 0 && video.height > 0, "{video:?}");
    }
    assert!(video.bit_depth.is_none_or(|bits| (1..=16).contains(&bits)), "{video:?}");
    if let Some((num, den)) = video.frame_rate {
        assert!(num > 0 && den > 0 && num / den <= 300, "{video:?}");
    }
}
