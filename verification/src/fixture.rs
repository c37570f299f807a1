//! Scans made by hand, for unit tests.

use waymark_media::scan::{
    AccessUnit, AudioPacket, AudioTrack, KeyEnds, Scan, UnitKind, VideoTrack,
};
use waymark_media::{AudioCodec, Chroma, Container, Target, VideoCodec};

use crate::expect::Wanted;

/// A picture of 1,000 bytes that is decoded when it is shown.
pub(crate) fn unit(pts: i64, kind: UnitKind) -> AccessUnit {
    AccessUnit { pts, dts: pts, duration: None, bytes: 1_000, filler: 0, kind }
}

/// An H.264 track of 640x360.
pub(crate) fn track(units: Vec<AccessUnit>) -> VideoTrack {
    VideoTrack {
        codec: VideoCodec::H264,
        profile: Some((100, 0)),
        coded: (640, 368),
        cropped: (640, 360),
        chroma: Some(Chroma::C420),
        bit_depth: Some(8),
        full_range: false,
        format_changes: false,
        has_parameter_sets: true,
        gradual: false,
        keys: KeyEnds::whole(0),
        units,
        hash: [7; 32],
    }
}

/// `count` pictures from `start` on, every `step` ticks, the first an IDR picture.
pub(crate) fn steady(start: i64, step: i64, count: i64) -> VideoTrack {
    let kind = |n| if n == 0 { UnitKind::Idr } else { UnitKind::Other };
    track((0..count).map(|n| unit(start + n * step, kind(n))).collect())
}

/// A transport stream of one video track.
pub(crate) fn scan(video: VideoTrack) -> Scan {
    Scan { container: Container::MpegTs, video: vec![video], ..Scan::default() }
}

/// AAC packets of 1,024 samples at 48 kHz, with the hashes `0, 1, 2…`.
pub(crate) fn aac(start: i64, count: u8) -> AudioTrack {
    let packet = |n: u8| AudioPacket {
        pts: start + 1_920 * i64::from(n),
        bytes: 100,
        hash: [n; 16],
        bare: [n; 16],
    };
    AudioTrack { codec: AudioCodec::Aac, packets: (0..count).map(packet).collect() }
}

/// A profile of this size in MPEG-TS at 1 Mbit/s, with the source's frame rate.
pub(crate) fn wanted(width: i32, height: i32) -> Wanted {
    Wanted::from(&Target::new(width, height, 1_000_000))
}
