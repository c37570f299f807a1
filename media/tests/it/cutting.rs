//! Pieces cut inside a group of pictures are refused with a reason, never taken for a segment.

use waymark_media::{
    Container, Limits, ProbeError, Speed, Target, TestPattern, TranscodeError, inspect, probe,
    transcode,
};

/// A segment with one key frame, at its start.
fn segment(speed: Speed) -> Vec<u8> {
    let pattern =
        TestPattern { width: 320, height: 180, bitrate: 400_000, speed, ..TestPattern::default() };
    pattern.segments(1).unwrap().remove(0).bytes.to_vec()
}

/// The packets behind the first picture, with the program tables put before them again.
fn cut_inside(ts: &[u8]) -> Vec<u8> {
    let pid = |packet: &[u8]| u16::from_be_bytes([packet[1] & 0x1f, packet[2]]);
    let packets: Vec<&[u8]> = ts.chunks_exact(188).collect();
    let tables = packets.iter().filter(|p| matches!(pid(p), 0 | 0x1000)).take(2);
    let mut pictures = 0;
    let rest = packets.iter().skip_while(|p| {
        pictures += u32::from(pid(p) == 0x100 && p[1] & 0x40 != 0);
        pictures < 20
    });
    tables.chain(rest).flat_map(|p| p.to_vec()).collect()
}

#[test]
fn a_piece_cut_inside_a_group_of_pictures_has_no_key_frame() {
    for speed in [Speed::Ultrafast, Speed::Superfast] {
        let piece = cut_inside(&segment(speed));
        assert_eq!(probe(&piece, Container::MpegTs), Err(ProbeError::NoKeyFrame), "{speed:?}");
    }
}

#[test]
fn what_the_probe_refuses_does_not_decode_either() {
    let piece = cut_inside(&segment(Speed::Superfast));
    assert!(matches!(inspect(&piece), Err(TranscodeError::InvalidVideo)));
    let refused = transcode(&piece, &[Target::new(256, 144, 200_000)], &Limits::default());
    assert_eq!(refused.unwrap_err().stock_text(), "TranscoderInvalidVideo");
}

#[test]
fn a_piece_that_begins_inside_a_picture_but_holds_a_key_frame_is_taken() {
    let pattern =
        TestPattern { width: 320, height: 180, bitrate: 400_000, ..TestPattern::default() };
    let two = pattern.segments(2).unwrap();
    let piece = [&cut_inside(&two[0].bytes)[..], &two[1].bytes].concat();
    let found = probe(&piece, Container::MpegTs).unwrap();
    assert_eq!(found.key_frames, 1);
    assert!(found.frames > 60);
}
