//! Parameter sets, slices and recovery points built by hand.

use super::build::{BitWriter, H264Sps, Ts, VIDEO_PID, annex_b, h264_slice};
use crate::probe::nal::Units;
use crate::probe::pictures::{Pictures, Syntax};
use crate::probe::{Chroma, ProbeError, h264, hevc, probe};
use crate::{Container, VideoCodec};

const PPS: [u8; 2] = [0x68, 0xce];
/// Recovery point behind a user data message.
const SEI: [u8; 9] = [0x06, 5, 2, 9, 9, 6, 1, 0xc4, 0x80];

fn sequence(sps: &H264Sps) -> crate::probe::sequence::Sequence {
    h264::sps(&sps.nal()).expect("a parameter set").sequence
}

#[test]
fn cropping_counts_in_the_units_of_the_chroma_format() {
    let size = |chroma_idc, crop, frame_mbs_only| {
        let found = sequence(&H264Sps { chroma_idc, crop, frame_mbs_only, ..H264Sps::default() });
        (found.width, found.height)
    };
    assert_eq!(size(1, None, true), (1920, 1088));
    assert_eq!(size(1, Some([0, 0, 0, 4]), true), (1920, 1080));
    assert_eq!(size(1, Some([1, 2, 3, 4]), true), (1914, 1074));
    assert_eq!(size(2, Some([1, 2, 3, 4]), true), (1914, 1081));
    assert_eq!(size(3, Some([1, 2, 3, 4]), true), (1917, 1081));
    assert_eq!(size(1, Some([0, 0, 0, 2]), false), (1920, 1080), "field rows come in pairs");
}

#[test]
fn format_and_timing_are_read() {
    for (chroma_idc, chroma) in
        [(0, None), (1, Some(Chroma::C420)), (2, Some(Chroma::C422)), (3, Some(Chroma::C444))]
    {
        for bit_depth in [8, 10, 12] {
            for scaling_lists in [false, true] {
                let found = sequence(&H264Sps {
                    chroma_idc,
                    bit_depth,
                    scaling_lists,
                    timing: Some((1001, 60_000)),
                    ..H264Sps::default()
                });
                assert_eq!((found.chroma, u32::from(found.bit_depth)), (chroma, bit_depth));
                assert_eq!(found.frame_rate, Some((30_000, 1001)));
            }
        }
    }
    let clock = H264Sps { timing: Some((1, 180_000)), ..H264Sps::default() };
    assert_eq!(sequence(&clock).frame_rate, None, "a clock is no frame rate");
}

#[test]
fn cropping_everything_away_is_no_picture() {
    let sps = H264Sps { crop: Some([480, 480, 0, 0]), ..H264Sps::default() };
    assert_eq!(h264::sps(&sps.nal()), None);
    let sps = H264Sps { crop: Some([u32::MAX - 1, 5, 0, 0]), ..H264Sps::default() };
    assert_eq!(h264::sps(&sps.nal()), None);
}

#[test]
fn a_set_cut_off_anywhere_is_no_set_or_one_without_timing() {
    let nal = H264Sps::default().nal();
    let whole = h264::sps(&nal).unwrap().sequence;
    for len in 0..nal.len() {
        if let Some(found) = h264::sps(&nal[..len]) {
            assert_eq!((found.sequence.width, found.sequence.height), (whole.width, whole.height));
        }
    }
}

fn count(nals: &[Vec<u8>]) -> (u32, u32) {
    let mut pictures = Pictures::new(Syntax::H264);
    for nal in nals {
        pictures.nal(nal);
    }
    (pictures.frames, pictures.key_frames)
}

#[test]
fn slices_of_one_picture_count_once() {
    let slices = [
        h264_slice(0x65, 0, 7, 0, None),
        h264_slice(0x65, 40, 7, 0, None),
        h264_slice(0x41, 0, 5, 1, None),
        h264_slice(0x41, 40, 5, 1, None),
    ];
    assert_eq!(count(&slices), (2, 1));
}

#[test]
fn two_fields_are_one_frame() {
    let sps = H264Sps { frame_mbs_only: false, ..H264Sps::default() }.nal();
    let fields = [
        sps,
        h264_slice(0x65, 0, 7, 0, Some(false)),
        h264_slice(0x41, 0, 5, 0, Some(true)),
        h264_slice(0x41, 0, 5, 1, Some(true)),
        h264_slice(0x41, 0, 5, 1, Some(false)),
        h264_slice(0x41, 0, 5, 2, None),
    ];
    assert_eq!(count(&fields), (3, 1));
}

#[test]
fn decoding_can_start_at_recovery_points_and_behind_parameter_sets() {
    let intra = h264_slice(0x41, 0, 7, 3, None);
    let inter = h264_slice(0x41, 0, 5, 4, None);
    let sps = H264Sps::default().nal();
    assert_eq!(
        count(&[inter.clone(), intra.clone()]),
        (2, 0),
        "an intra picture alone is no entry"
    );
    assert_eq!(count(&[SEI.to_vec(), intra.clone(), inter.clone()]), (2, 1));
    assert_eq!(count(&[sps.clone(), PPS.to_vec(), intra, inter.clone()]), (2, 1));
    assert_eq!(count(&[sps, PPS.to_vec(), inter]), (1, 0), "not at a predicted picture");
}

#[test]
fn several_pictures_in_one_pes_packet_are_all_counted() {
    let first = [H264Sps::default().nal(), PPS.to_vec(), h264_slice(0x65, 0, 7, 0, None)];
    let rest = (1..4).map(|n| h264_slice(0x41, 0, 5, n, None));
    let mut ts = Ts::new(&[(0x1b, VIDEO_PID, &[])]);
    ts.pes(VIDEO_PID, 0xe0, 90_000, &annex_b(&first.into_iter().chain(rest).collect::<Vec<_>>()));
    let found = probe(&ts.bytes, Container::MpegTs).unwrap();
    assert_eq!((found.frames, found.key_frames), (4, 1));
}

#[test]
fn pictures_without_their_parameter_sets_cannot_be_decoded() {
    let idr = h264_slice(0x65, 0, 7, 0, None);
    let inter = h264_slice(0x41, 0, 5, 1, None);
    let sps = H264Sps::default().nal();
    let probed = |nals: &[Vec<u8>]| {
        let mut ts = Ts::new(&[(0x1b, VIDEO_PID, &[])]);
        ts.pes(VIDEO_PID, 0xe0, 0, &annex_b(nals));
        probe(&ts.bytes, Container::MpegTs).map(|found| found.frames)
    };
    assert_eq!(probed(&[sps.clone(), PPS.to_vec(), idr.clone()]), Ok(1));
    assert_eq!(probed(&[sps.clone(), idr.clone()]), Err(ProbeError::NoDecodableFrame));
    assert_eq!(probed(&[PPS.to_vec(), idr]), Err(ProbeError::NoDecodableFrame));
    assert_eq!(probed(&[sps, PPS.to_vec()]), Err(ProbeError::NoDecodableFrame));
    assert_eq!(probed(&[inter]), Err(ProbeError::NoKeyFrame));
}

/// HEVC sequence parameter set with everything a frame rate can hide behind.
fn hevc_sps(sub_layers: u32, chroma_idc: u32, bit_depth: u32, timing: (u32, u32)) -> Vec<u8> {
    let mut w = BitWriter::default().u(4, 0).u(3, sub_layers).u(1, 1);
    w = w.u(8, 1).u(32, 0x6000_0000).u(32, 0x9000_0000).u(16, 0).u(8, 93);
    if sub_layers > 0 {
        for layer in 0..8 {
            w = w.u(2, if layer < sub_layers { 3 } else { 0 });
        }
        for _ in 0..sub_layers {
            w = w.u(32, 0).u(32, 0).u(24, 0).u(8, 90);
        }
    }
    w = w.ue(0).ue(chroma_idc);
    if chroma_idc == 3 {
        w = w.u(1, 0);
    }
    w = w.ues(&[1920, 1088]).u(1, 1).ues(&[0, 0, 0, if chroma_idc == 1 { 4 } else { 8 }]);
    w = w.ues(&[bit_depth - 8, bit_depth - 8, 4]).u(1, 1);
    for _ in 0..=sub_layers {
        w = w.ues(&[4, 2, 4]);
    }
    w = w.ues(&[0, 3, 0, 3, 0, 0]);
    // a scaling list given in full, the rest copied
    w = w.u(1, 1).u(1, 1).u(1, 1).ues(&[0; 16]);
    for _ in 0..5 + 6 + 6 + 2 {
        w = w.u(1, 0).ue(0);
    }
    // tools, pulse code, two reference sets of which the second builds on the first
    w = w.u(2, 3).u(1, 1).u(8, 0x77).ues(&[0, 0]).u(1, 0);
    w = w
        .ue(2)
        .ues(&[1, 1])
        .ue(0)
        .u(1, 1)
        .ue(0)
        .u(1, 1)
        .u(1, 1)
        .u(1, 0)
        .ue(0)
        .u(2, 2)
        .u(1, 1)
        .u(2, 1);
    // a long-term picture, then the video usability information
    w = w.u(1, 1).ue(1).u(9, 5).u(2, 3).u(1, 1);
    w = w.u(1, 1).u(8, 1).u(1, 0).u(1, 1).u(4, 5).u(1, 0).u(1, 1).ues(&[0, 0]).u(3, 0);
    w = w.u(1, 1).ues(&[0, 0, 0, 0]).u(1, 1).u(32, timing.0).u(32, timing.1).u(1, 0).u(1, 0);
    w.u(1, 0).nal(&[0x42, 0x01])
}

#[test]
fn hevc_sets_are_read_through_to_their_timing() {
    for sub_layers in [0, 2, 6] {
        for (chroma_idc, chroma) in [(1, Chroma::C420), (2, Chroma::C422), (3, Chroma::C444)] {
            for bit_depth in [8, 10, 12] {
                let nal = hevc_sps(sub_layers, chroma_idc, bit_depth, (1001, 30_000));
                let found = hevc::sps(&nal).expect("a parameter set");
                assert_eq!((found.width, found.height), (1920, 1080), "{chroma:?}");
                assert_eq!((found.chroma, u32::from(found.bit_depth)), (Some(chroma), bit_depth));
                assert_eq!(found.frame_rate, Some((30_000, 1001)), "{sub_layers} {chroma:?}");
            }
        }
    }
}

#[test]
fn hevc_in_a_private_stream_is_counted_by_its_first_segments() {
    let first = |kind: u8| vec![kind << 1, 1, 0x80, 0x55];
    let nals = [
        vec![0x40, 1, 0x0c],
        hevc_sps(0, 1, 8, (1, 25)),
        vec![0x44, 1, 0xc0],
        first(21),
        vec![21 << 1, 1, 0x20, 0x55],
        first(1),
        first(8),
        vec![8 << 1, 2 << 3 | 1, 0x80, 0x55],
    ];
    for streams in [(0x24, &b""[..]), (0x06, b"\x05\x04HEVC")] {
        let mut ts = Ts::new(&[(streams.0, VIDEO_PID, streams.1)]);
        ts.pes(VIDEO_PID, 0xe0, 0, &annex_b(&nals));
        let found = probe(&ts.bytes, Container::MpegTs).unwrap();
        assert_eq!(found.video.codec, VideoCodec::Hevc);
        // the last belongs to layer 16, which base decoders leave out
        assert_eq!((found.frames, found.key_frames), (3, 1));
        assert_eq!(found.video.frame_rate, Some((25, 1)));
    }
}
