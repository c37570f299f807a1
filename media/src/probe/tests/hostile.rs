//! No input panics, loops or makes the probe claim more than the bytes can hold.

use proptest::collection::vec;
use proptest::prelude::*;

use super::build::{H264Sps, Ts, VIDEO_PID, annex_b, h264_slice};
use crate::Container;
use crate::probe::{Until, Video, h264, hevc, mp4, outline, packets::Packets, probe, ts};

const TS: &[u8] = include_bytes!("../../../tests/data/late_audio_short_tail_2.ts");
const MP4: &[u8] = include_bytes!("../../../tests/data/mp4_240p30_0.p90_25.mp4");

/// A change to a file: bytes replaced, a part removed, a part repeated.
#[derive(Clone, Debug)]
enum Change {
    Set(prop::sample::Index, u8),
    Word(prop::sample::Index, u32),
    Remove(prop::sample::Index, usize),
    Repeat(prop::sample::Index, usize),
}

fn change() -> impl Strategy<Value = Change> {
    let at = any::<prop::sample::Index>;
    prop_oneof![
        4 => (at(), any::<u8>()).prop_map(|(at, value)| Change::Set(at, value)),
        2 => (at(), prop_oneof![any::<u32>(), 0u32..16, Just(u32::MAX)]).prop_map(|(at, v)| Change::Word(at, v)),
        1 => (at(), 1usize..400).prop_map(|(at, len)| Change::Remove(at, len)),
        1 => (at(), 1usize..400).prop_map(|(at, len)| Change::Repeat(at, len)),
    ]
}

/// Applies changes to the part of a file where its structure is.
fn changed(file: &[u8], structure: std::ops::Range<usize>, changes: &[Change]) -> Vec<u8> {
    let mut file = file.to_vec();
    for change in changes {
        let place = |at: &prop::sample::Index| {
            (structure.start + at.index(structure.len())).min(file.len().saturating_sub(1))
        };
        match change {
            Change::Set(at, value) => {
                let at = place(at);
                file[at] = *value;
            }
            Change::Word(at, value) => {
                let at = place(at) & !3;
                for (to, from) in file.iter_mut().skip(at).zip(value.to_be_bytes()) {
                    *to = from;
                }
            }
            Change::Remove(at, len) => {
                let at = place(at);
                file.drain(at..(at + len).min(file.len() - 1).max(at));
            }
            Change::Repeat(at, len) => {
                let at = place(at);
                let part = file[at..(at + len).min(file.len())].to_vec();
                file.splice(at..at, part);
            }
        }
    }
    file
}

fn plausible(bytes: &[u8]) {
    let format = |video: Video| Video { frame_rate: None, ..video };
    for container in [Container::MpegTs, Container::Mp4] {
        let found = probe(bytes, container);
        let outlined = outline(bytes, container).map(format);
        assert_eq!(outlined, found.clone().map(|found| format(found.video)));
        if let Ok(found) = found {
            assert!(found.frames > 0 && found.key_frames > 0);
            assert!(found.key_frames <= found.frames);
            assert!(found.frames as usize <= bytes.len(), "a picture takes at least a byte");
            assert!(found.video.width <= 65_535 && found.video.height <= 65_535);
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 512, ..ProptestConfig::default() })]

    #[test]
    fn any_bytes_are_probed(bytes in vec(any::<u8>(), 0..3_000)) {
        plausible(&bytes);
    }

    #[test]
    fn any_bytes_in_packets_are_probed(packets in vec((0u8..3, vec(any::<u8>(), 186)), 3..12)) {
        let mut ts = Ts::new(&[(0x1b, VIDEO_PID, b"")]);
        for (low, packet) in &packets {
            ts.bytes.extend([0x47, 0x41, *low]);
            ts.bytes.extend(&packet[1..]);
        }
        plausible(&ts.bytes);
    }

    #[test]
    fn any_bytes_in_boxes_are_probed(body in vec(any::<u8>(), 0..400), cut in 0usize..3_000) {
        let kinds = MP4.windows(4).enumerate().filter(|(_, w)| w.iter().all(u8::is_ascii_lowercase));
        let at = kinds.map(|(at, _)| at + 4).nth(cut % 40).unwrap_or(8);
        let mut file = MP4[..4_000].to_vec();
        for (to, from) in file.iter_mut().skip(at).zip(&body) {
            *to = *from;
        }
        plausible(&file);
    }

    #[test]
    fn a_damaged_transport_stream_is_probed(changes in vec(change(), 1..30)) {
        plausible(&changed(TS, 0..TS.len(), &changes));
    }

    #[test]
    fn a_damaged_mp4_is_probed(changes in vec(change(), 1..20)) {
        plausible(&changed(MP4, 0..3_000, &changes));
    }

    #[test]
    fn a_cut_file_is_probed(from in 0..TS.len(), to in 0..TS.len()) {
        plausible(&TS[from.min(to)..from.max(to)]);
    }

    #[test]
    fn any_parameter_set_is_read(bytes in vec(any::<u8>(), 0..200), sps in any::<bool>()) {
        let start: &[u8] = if sps { &[0x67, 100, 0, 40] } else { &[0x42, 1] };
        let nal = [start, &bytes].concat();
        for sequence in [h264::sps(&nal).map(|sps| sps.sequence), hevc::sps(&nal)].into_iter().flatten() {
            prop_assert!(sequence.width > 0 && sequence.height > 0);
        }
        h264::recovery_point(&nal);
        h264::pps(&nal);
        h264::slice_pps(&nal);
        h264::slice(&nal, h264::sps(&H264Sps::default().nal()).as_ref());
    }

    /// However a stream is cut into packets, the same pictures are found.
    #[test]
    fn start_codes_are_found_across_packets(sizes in vec(1usize..40, 1..60)) {
        let mut nals = vec![H264Sps::default().nal(), vec![0x68, 0xce], h264_slice(0x65, 0, 7, 0, None)];
        nals.extend((1..8).map(|n| h264_slice(0x41, 0, 5, n, None)));
        let stream = annex_b(&nals);
        let mut ts = Ts::new(&[(0x1b, VIDEO_PID, b"")]);
        ts.pes(VIDEO_PID, 0xe0, 0, b"");
        let mut rest = stream.as_slice();
        for size in sizes.iter().cycle() {
            let (part, after) = rest.split_at((*size).min(rest.len()));
            if part.is_empty() {
                break;
            }
            ts.packet(VIDEO_PID, false, part);
            rest = after;
        }
        let found = probe(&ts.bytes, Container::MpegTs).unwrap();
        prop_assert_eq!((found.frames, found.key_frames), (8, 1));
        prop_assert_eq!((found.video.width, found.video.height), (1920, 1080));
    }
}

#[test]
fn streams_made_to_be_slow_are_finished() {
    let len = 2_000_000;
    // every byte a synchronisation byte; every four bytes a start code; nothing but tiny boxes
    let sync = vec![0x47; len];
    plausible(&sync);
    let mut codes = Ts::new(&[(0x1b, VIDEO_PID, b"")]);
    let sets: Vec<u8> = [0, 0, 1, 0x67].into_iter().cycle().take(len / 2).collect();
    codes.pes(VIDEO_PID, 0xe0, 0, &sets);
    plausible(&codes.bytes);
    let boxes: Vec<u8> = [0, 0, 0, 8].into_iter().chain(*b"moof").cycle().take(len).collect();
    plausible(&boxes);
    let nested: Vec<u8> = [0, 0, 0, 0].into_iter().chain(*b"moov").cycle().take(len).collect();
    plausible(&nested);
    let lost: Vec<u8> = TS.iter().copied().chain([0x47, 0].into_iter().cycle().take(len)).collect();
    plausible(&lost);
}

#[test]
fn the_parsers_take_each_others_files() {
    assert!(mp4::probe(TS).is_err());
    assert!(Packets::find(MP4).is_none_or(|packets| ts::probe(packets, Until::End).is_err()));
}

#[test]
fn bytes_named_twice_by_runs_or_chunks_never_make_more_samples_than_bytes() {
    let files: [&[u8]; 2] = [
        include_bytes!("../../../tests/data/hostile/overlapping_runs.mp4"),
        include_bytes!("../../../tests/data/hostile/overlapping_chunks.mp4"),
    ];
    for file in files {
        if let Ok(found) = probe(file, Container::Mp4) {
            assert!(found.frames as usize <= file.len(), "{found:?}");
            assert!(found.key_frames <= found.frames, "{found:?}");
        }
    }
}

#[test]
fn a_field_coded_picture_taller_than_any_is_refused() {
    let file = include_bytes!("../../../tests/data/hostile/tall_interlaced.ts");
    let found = probe(file, Container::MpegTs);
    assert!(found.as_ref().is_err(), "{found:?}");
}

#[test]
fn an_entry_without_parameter_sets_and_without_a_size_cannot_be_decoded() {
    let file = include_bytes!("../../../tests/data/hostile/in_band_without_size.mp4");
    assert_eq!(probe(file, Container::Mp4), Err(crate::ProbeError::NoDecodableFrame));
}
