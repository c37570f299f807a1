//! No value that a parser or a decoder could hand over breaks a check.

use std::time::Duration;

use proptest::collection::vec;
use proptest::prelude::*;
use waymark_media::pixels::{Grid, Grids, Lattice};
use waymark_media::scan::{
    AccessUnit, AudioPacket, AudioTrack, KeyEnds, Scan, UnitKind, VideoTrack,
};
use waymark_media::{AudioCodec, Chroma, Container, Gop, H264Profile, Target, VideoCodec};
use waymark_verification::expect::{Expectation, Wanted};
use waymark_verification::fast::replay::{Memory, Sighting};
use waymark_verification::fast::{Evidence, key, packets};
use waymark_verification::thresholds::Thresholds;

fn time() -> impl Strategy<Value = i64> {
    prop_oneof![any::<i64>(), Just(i64::MIN), Just(i64::MAX), -1_000..1_000_000i64]
}

fn container() -> impl Strategy<Value = Container> {
    prop_oneof![Just(Container::MpegTs), Just(Container::Mp4)]
}

fn video_codec() -> impl Strategy<Value = VideoCodec> {
    prop_oneof![Just(VideoCodec::H264), Just(VideoCodec::Hevc), Just(VideoCodec::Other)]
}

fn unit() -> impl Strategy<Value = AccessUnit> {
    let kind = prop_oneof![Just(UnitKind::Idr), Just(UnitKind::Entry), Just(UnitKind::Other)];
    (time(), time(), any::<Option<u32>>(), any::<u32>(), any::<u32>(), kind).prop_map(
        |(pts, dts, duration, bytes, filler, kind)| AccessUnit {
            pts,
            dts,
            duration,
            bytes,
            filler,
            kind,
        },
    )
}

fn video() -> impl Strategy<Value = VideoTrack> {
    let format = (any::<(u32, u32)>(), any::<(u32, u32)>(), any::<Option<(u8, u8)>>());
    let flags = any::<(bool, bool, bool)>();
    (video_codec(), format, flags, vec(unit(), 0..12), any::<[u8; 32]>()).prop_map(
        |(codec, (coded, cropped, profile), flags, units, hash)| VideoTrack {
            codec,
            profile,
            coded,
            cropped,
            chroma: flags.0.then_some(Chroma::C420),
            bit_depth: profile.map(|(_, bits)| bits),
            full_range: flags.0,
            format_changes: flags.1,
            has_parameter_sets: flags.2,
            gradual: flags.1,
            keys: KeyEnds::whole(usize::MAX),
            units,
            hash,
        },
    )
}

fn audio() -> impl Strategy<Value = AudioTrack> {
    let codec = prop_oneof![Just(AudioCodec::Aac), Just(AudioCodec::Ac3), Just(AudioCodec::Other)];
    let packet = (time(), any::<u32>(), any::<[u8; 16]>())
        .prop_map(|(pts, bytes, hash)| AudioPacket { pts, bytes, hash, bare: hash });
    (codec, vec(packet, 0..6)).prop_map(|(codec, packets)| AudioTrack { codec, packets })
}

fn scan() -> impl Strategy<Value = Scan> {
    (container(), vec(video(), 0..3), vec(audio(), 0..3), any::<u32>(), any::<u64>()).prop_map(
        |(container, video, audio, others, stray_bytes)| Scan {
            container,
            video,
            audio,
            others,
            stray_bytes,
        },
    )
}

fn wanted() -> impl Strategy<Value = Wanted> {
    let gop = prop_oneof![
        Just(Gop::Default),
        Just(Gop::Intra),
        any::<f64>().prop_map(Gop::Seconds),
        Just(Gop::Seconds(f64::NAN)),
    ];
    let profile = prop_oneof![Just(None), Just(Some(H264Profile::Main))];
    let size = any::<(i32, i32, u32)>();
    (size, any::<Option<(u32, u32)>>(), gop, container(), profile, any::<Option<u32>>()).prop_map(
        |((width, height, bitrate), fps, gop, container, h264_profile, quality)| {
            let target = Target::new(width, height, bitrate);
            Wanted::from(&Target { fps, gop, container, h264_profile, quality, ..target })
        },
    )
}

fn grids() -> impl Strategy<Value = Grids> {
    let plane = || prop_oneof![vec(any::<u16>(), 0..4), vec(any::<u16>(), 4)];
    let grid = (time(), any::<(bool, bool)>(), plane(), plane(), plane())
        .prop_map(|(pts, (key, damaged), y, u, v)| Grid { pts, key, damaged, y, u, v });
    (0..3u8, 0..3u8, any::<(u32, u32)>(), any::<bool>(), vec(grid, 0..6)).prop_map(
        |(columns, rows, size, full_range, frames)| Grids {
            lattice: Lattice { columns, rows, shift: (0, 0) },
            size,
            full_range,
            frames,
            decode_errors: 0,
        },
    )
}

proptest! {
    #[test]
    fn no_scan_and_no_profile_breaks_a_check(
        source in scan(),
        rendition in scan(),
        wanted in wanted(),
        bytes in any::<u64>(),
        claimed_pixels in any::<Option<u64>>(),
        usual_bytes in any::<Option<u64>>(),
    ) {
        let bounds = Thresholds::default();
        let expected = Expectation::within(&source, &wanted, &bounds.expected);
        let evidence = Evidence {
            wanted: &wanted,
            expected: &expected,
            source: &source,
            rendition: &rendition,
            bytes,
            claimed_pixels,
            usual_bytes,
        };
        let checks = packets(&evidence, &bounds);
        prop_assert!(checks.len() > 5);
        expected.pixels();
    }

    #[test]
    fn no_picture_breaks_a_check(
        source in scan(),
        wanted in wanted(),
        ours in grids(),
        theirs in grids(),
    ) {
        let bounds = Thresholds::default();
        let expected = Expectation::of(&source, &wanted);
        prop_assert!(!key(&expected, &ours, &theirs, &bounds.key).is_empty());
    }

    #[test]
    fn a_memory_never_grows_beyond_its_capacity(
        seen in vec((any::<[u8; 1]>(), video(), any::<u32>(), grids()), 0..20),
        capacity in 0..4usize,
    ) {
        let mut memory = Memory::new(capacity);
        for (hash, source, at, grids) in seen {
            let rendition = VideoTrack { hash: [hash[0] % 4; 32], ..source.clone() };
            let picture = grids.frames.first();
            let sighting = Sighting { rendition: &rendition, source: &source, picture };
            let now = Duration::from_secs(at.into());
            memory.see(&sighting, now, &Thresholds::default().replay);
            prop_assert!(memory.len() <= capacity);
        }
    }
}
