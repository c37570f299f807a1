//! Attacks made by editing the bytes of real files.

use waymark_media::Container;
use waymark_media::scan::UnitKind;
use waymark_verification::expect::Wanted;
use waymark_verification::{Check, Outcome};

use crate::corpus::{Rendition, Segment, facts, refused, rendition, renditions, scanned};
use crate::edit::{H264, HEVC, Pes, Stream, Track, nal, sps};

/// A rendition that nothing is special about: 320x180 of a test pattern of 640x360, with audio.
const PLAIN: &str = "pattern_360p30_0.high180.ts";

fn plain() -> (&'static Segment, &'static Rendition, Stream) {
    let (segment, rendition) = rendition(PLAIN);
    (segment, rendition, Stream::read(&rendition.media.bytes))
}

/// What the checks say about an edited rendition.
fn edited(edit: impl FnOnce(&mut Stream)) -> Vec<Check> {
    let (segment, rendition, mut stream) = plain();
    edit(&mut stream);
    segment.judge_bytes(&rendition.wanted, &stream.write()).expect("it can be read")
}

#[test]
fn taking_a_file_apart_and_putting_it_together_changes_nothing() {
    for (segment, rendition) in
        renditions().filter(|(_, r)| r.wanted.container == Container::MpegTs)
    {
        let stream = Stream::read(&rendition.media.bytes);
        let checks = segment.judge_bytes(&rendition.wanted, &stream.write()).expect("readable");
        assert_eq!(facts(&checks), [""; 0], "{}", rendition.media.file);
    }
}

#[test]
fn a_source_cropped_to_the_size_asked_for_is_seen_through() {
    let (segment, rendition, _) = plain();
    let mut stream = Stream::read(&segment.source.bytes);
    for pes in stream.video() {
        let mut units = nal::split(&pes.data);
        for unit in &mut units {
            if nal::kind(unit) == nal::SPS {
                *unit = sps::cropped(unit, 640 - 320, 368 - 180);
            }
        }
        pes.data = nal::join(&units);
    }
    let bytes = stream.write();
    let scan = scanned(&bytes).expect("readable");
    assert_eq!((scan.video[0].coded, scan.video[0].cropped), ((640, 368), (320, 180)));
    let wanted = Wanted { bitrate: 600_000, ..rendition.wanted.clone() };
    let checks = segment.judge_consistent(&wanted, &scan);
    assert_eq!(facts(&checks), ["F06.crop"]);
    assert!(checks.iter().any(|c| c.id == "F06.size" && c.outcome == Outcome::Pass));
}

#[test]
fn another_codec_is_refused() {
    let checks = edited(|stream| {
        for track in &mut stream.tracks {
            track.kind = if track.kind == H264 { HEVC } else { track.kind };
        }
    });
    assert!(refused(&checks), "{checks:?}");
    let (segment, rendition, _) = plain();
    let mut scan = rendition.media.scan.clone();
    scan.video[0].codec = waymark_media::VideoCodec::Hevc;
    let checks = segment.judge_consistent(&rendition.wanted, &scan);
    assert!(facts(&checks).contains(&"F05.codec"), "{checks:?}");
}

#[test]
fn another_size_is_refused() {
    let (segment, rendition, _) = plain();
    let wanted = Wanted { width: 640, height: 360, ..rendition.wanted.clone() };
    let checks = segment.judge_consistent(&wanted, &rendition.media.scan);
    assert_eq!(facts(&checks), ["F06.size"]);
}

#[test]
fn a_file_cut_off_is_refused() {
    let (segment, rendition, _) = plain();
    let bytes = &rendition.media.bytes;
    let checks = segment.judge_bytes(&rendition.wanted, &bytes[..bytes.len() / 2]).expect("half");
    assert!(facts(&checks).contains(&"F07.frames"), "{checks:?}");
    assert!(facts(&checks).contains(&"F11.audio"), "{checks:?}");
}

#[test]
fn a_rendition_without_key_frames_is_refused() {
    let checks = edited(|stream| {
        for pes in stream.video() {
            let mut units = nal::split(&pes.data);
            units.retain(|unit| nal::kind(unit) != nal::IDR);
            pes.data = nal::join(&units);
        }
    });
    assert!(facts(&checks).contains(&"F09.first"), "{checks:?}");
}

#[test]
fn padding_calls_for_a_look() {
    let checks = edited(|stream| {
        for pes in stream.video() {
            let padding = nal::filler(pes.data.len().min(400));
            pes.data.extend(nal::join(&[padding]));
        }
    });
    assert!(!refused(&checks), "{checks:?}");
    let filler = checks.iter().find(|check| check.id == "F10.filler").expect("the check");
    assert_eq!(filler.outcome, Outcome::Fail, "{filler:?}");
}

#[test]
fn times_shifted_by_ten_seconds_are_refused() {
    let checks = edited(|stream| {
        for pes in &mut stream.packets {
            (pes.pts, pes.dts) = (pes.pts + 900_000, pes.dts + 900_000);
        }
    });
    assert_eq!(facts(&checks), ["F08.start"]);
}

#[test]
fn one_frame_of_delay_is_refused() {
    let checks = edited(|stream| {
        for pes in &mut stream.packets {
            (pes.pts, pes.dts) = (pes.pts + 3_000, pes.dts + 3_000);
        }
    });
    assert_eq!(facts(&checks), ["F08.start"]);
}

#[test]
fn audio_that_drifts_from_the_picture_is_refused() {
    let checks = edited(|stream| {
        for pes in stream.others() {
            (pes.pts, pes.dts) = (pes.pts + 27_000, pes.dts + 27_000);
        }
    });
    assert_eq!(facts(&checks), ["F08.sync"], "the packets are right, their times are not");
}

#[test]
fn a_hidden_track_is_refused() {
    for kind in [H264, 0x06] {
        let checks = edited(|stream| {
            stream.tracks.push(Track { pid: 0x1f0, kind });
            let hidden: Vec<Pes> =
                stream.video().map(|pes| Pes { pid: 0x1f0, ..pes.clone() }).collect();
            stream.packets.extend(hidden);
        });
        let found = facts(&checks);
        assert!(found.iter().all(|id| id.starts_with("F04.")), "{checks:?}");
        assert!(!found.is_empty(), "{checks:?}");
    }
    let undeclared = edited(|stream| {
        let hidden: Vec<Pes> =
            stream.video().map(|pes| Pes { pid: 0x1f0, ..pes.clone() }).collect();
        stream.packets.extend(hidden);
    });
    assert_eq!(facts(&undeclared), ["F04.stray"]);
}

#[test]
fn bytes_behind_the_last_packet_are_refused() {
    let (segment, rendition, _) = plain();
    let mut bytes = rendition.media.bytes.clone();
    bytes.extend(std::iter::repeat_n(0xab, 5_000));
    let checks = segment.judge_bytes(&rendition.wanted, &bytes).expect("readable");
    assert_eq!(facts(&checks), ["F04.stray"]);
}

#[test]
fn missing_audio_is_refused_whether_declared_or_not() {
    for declared in [false, true] {
        let checks = edited(|stream| {
            let video = stream.pid(H264);
            stream.packets.retain(|pes| pes.pid == video);
            if !declared {
                stream.tracks.retain(|track| track.pid == video);
            }
        });
        assert_eq!(facts(&checks), ["F04.audio", "F11.audio"]);
    }
}

#[test]
fn audio_of_another_programme_is_refused() {
    let (_, other) = rendition("text_360p30_0.high180.ts");
    let mut foreign = Stream::read(&other.media.bytes);
    let sound: Vec<Pes> = foreign.others().map(|pes| pes.clone()).collect();
    let checks = edited(|stream| {
        let video = stream.pid(H264);
        let pid = stream.tracks.iter().find(|track| track.pid != video).expect("audio").pid;
        stream.packets.retain(|pes| pes.pid == video);
        stream.packets.extend(sound.into_iter().map(|pes| Pes { pid, ..pes }));
    });
    assert!(facts(&checks).contains(&"F11.audio"), "{checks:?}");
}

#[test]
fn one_changed_byte_of_audio_is_refused() {
    let checks = edited(|stream| {
        let pes = stream.others().nth(1).expect("audio");
        let last = pes.data.last_mut().expect("bytes");
        *last ^= 1;
    });
    assert_eq!(facts(&checks), ["F11.audio"]);
}

#[test]
fn renditions_with_their_addresses_swapped_are_refused() {
    let (segment, rendition, _) = plain();
    for other in &segment.renditions {
        if other.profile != rendition.profile {
            let checks = segment.judge(&rendition.wanted, &other.media.scan, other.claimed);
            assert!(facts(&checks).contains(&"F06.size"), "{checks:?}");
        }
    }
}

#[test]
fn the_source_in_another_wrapping_is_noticed() {
    let (segment, rendition, _) = plain();
    let mut stream = Stream::read(&segment.source.bytes);
    for pes in stream.video() {
        let mut units = nal::split(&pes.data);
        // a user data message that says nothing
        units.insert(1, vec![6, 5, 1, 0xaa, 0x80]);
        pes.data = nal::join(&units);
    }
    let wanted = Wanted { width: 640, height: 360, bitrate: 600_000, ..rendition.wanted.clone() };
    let checks = segment.judge_bytes(&wanted, &stream.write()).expect("readable");
    let found: Vec<_> =
        checks.iter().filter(|c| c.outcome == Outcome::Fail).map(|c| c.id).collect();
    assert_eq!(found, ["F12.sizes"], "{checks:?}");
}

#[test]
fn the_pictures_of_an_edited_file_are_those_of_the_recorded_one() {
    let (_, rendition, stream) = plain();
    let scan = scanned(&stream.write()).expect("readable");
    let keys = |units: &[waymark_media::scan::AccessUnit]| {
        units.iter().filter(|unit| unit.kind == UnitKind::Idr).count()
    };
    assert_eq!(keys(&scan.video[0].units), keys(&rendition.media.scan.video[0].units));
    assert_eq!(scan.video[0].hash, rendition.media.scan.video[0].hash);
}
