//! Streams that libav encoded: other codecs, pixel formats and fragmented files.

use bytes::Bytes;
use ffmpeg_next::format::Pixel;
use ffmpeg_next::frame::Video;
use ffmpeg_next::{Dictionary, Packet, Rational, codec, encoder};

use crate::mux::Muxer;
use crate::probe::{Chroma, VideoCodec, probe};
use crate::{Container, av};

const FRAMES: i64 = 12;

/// A dozen grey pictures of 200x120 at 25 frames per second, a key frame every five.
fn encode(name: &str, format: Pixel, container: Container, muxing: &[(&str, &str)]) -> Bytes {
    av::init().unwrap();
    let codec = encoder::find_by_name(name).expect("an encoder of the system's libav");
    let mut video = codec::Context::new_with_codec(codec).encoder().video().unwrap();
    video.set_width(200);
    video.set_height(120);
    video.set_format(format);
    video.set_time_base(Rational::new(1, 25));
    video.set_frame_rate(Some(Rational::new(25, 1)));
    video.set_gop(5);
    if container == Container::Mp4 {
        video.set_flags(codec::Flags::GLOBAL_HEADER);
    }
    let mut options = Dictionary::new();
    options.set("preset", "ultrafast");
    options.set("x265-params", "log-level=none:pools=none:frame-threads=1:open-gop=0:scenecut=0");
    let mut encoder = video.open_as_with(codec, options).unwrap();
    let mut muxer = Muxer::new(container).unwrap();
    let stream = muxer.add_encoder(&encoder, Rational::new(1, 25)).unwrap();
    muxer.begin_with(muxing).unwrap();
    for n in 0..=FRAMES {
        if n < FRAMES {
            let mut picture = Video::new(format, 200, 120);
            for plane in 0..picture.planes() {
                picture.data_mut(plane).fill(u8::try_from(1 + n % 3).unwrap());
            }
            picture.set_pts(Some(n));
            encoder.send_frame(&picture).unwrap();
        } else {
            encoder.send_eof().unwrap();
        }
        let mut packet = Packet::empty();
        while encoder.receive_packet(&mut packet).is_ok() {
            packet.set_duration(1);
            muxer.write(stream, std::mem::replace(&mut packet, Packet::empty())).unwrap();
        }
    }
    muxer.finish().unwrap()
}

const BOTH: [Container; 2] = [Container::MpegTs, Container::Mp4];

#[test]
fn pixel_formats_are_read_from_the_parameter_sets() {
    let formats = [
        (Pixel::YUV420P, Chroma::C420, 8),
        (Pixel::YUV422P, Chroma::C422, 8),
        (Pixel::YUV444P, Chroma::C444, 8),
        (Pixel::YUV420P10LE, Chroma::C420, 10),
        (Pixel::YUV422P10LE, Chroma::C422, 10),
        (Pixel::YUV444P10LE, Chroma::C444, 10),
    ];
    for container in BOTH {
        for (format, chroma, depth) in formats {
            for (name, codec) in [("libx264", VideoCodec::H264), ("libx265", VideoCodec::Hevc)] {
                let file = encode(name, format, container, &[]);
                let found = probe(&file, container).unwrap();
                let context = format!("{name} {format:?} {container}");
                assert_eq!(found.video.codec, codec, "{context}");
                assert_eq!((found.video.width, found.video.height), (200, 120), "{context}");
                assert_eq!(
                    (found.video.chroma, found.video.bit_depth),
                    (Some(chroma), Some(depth)),
                    "{context}"
                );
                assert_eq!((found.frames, found.key_frames), (12, 3), "{context}");
                assert_eq!(found.video.frame_rate, Some((25, 1)), "{context}");
                assert_eq!(found.duration.unwrap().as_millis(), 480, "{context}");
            }
        }
    }
}

#[test]
fn fragmented_files_are_counted_like_whole_ones() {
    let ways = [
        "frag_keyframe+empty_moov+default_base_moof",
        "frag_keyframe+empty_moov+default_base_moof+omit_tfhd_offset",
        "frag_keyframe+empty_moov",
        "frag_every_frame+empty_moov+default_base_moof+cmaf",
        "frag_keyframe",
        "negative_cts_offsets",
    ];
    for way in ways {
        for name in ["libx264", "libx265"] {
            let file = encode(name, Pixel::YUV420P, Container::Mp4, &[("movflags", way)]);
            let found = probe(&file, Container::Mp4).unwrap();
            assert_eq!((found.frames, found.key_frames), (12, 3), "{name} {way}");
            assert_eq!(found.duration.unwrap().as_millis(), 480, "{name} {way}");
            assert_eq!((found.video.width, found.video.height), (200, 120), "{name} {way}");
        }
    }
}

#[test]
fn other_codecs_are_named_and_counted() {
    let wanted = [
        ("mpeg2video", Container::MpegTs, VideoCodec::Mpeg2),
        ("mpeg2video", Container::Mp4, VideoCodec::Mpeg2),
        ("mpeg4", Container::Mp4, VideoCodec::Other),
        ("libvpx-vp9", Container::Mp4, VideoCodec::Vp9),
    ];
    for (name, container, codec) in wanted {
        let found = probe(&encode(name, Pixel::YUV420P, container, &[]), container).unwrap();
        assert_eq!((found.video.codec, found.frames), (codec, 12), "{name} {container}");
        if container == Container::Mp4 {
            assert_eq!((found.video.width, found.video.height), (200, 120), "{name}");
        }
        if codec == VideoCodec::Vp9 {
            assert_eq!((found.video.chroma, found.video.bit_depth), (Some(Chroma::C420), Some(8)));
            assert!(found.key_frames < found.frames, "{name}");
        }
    }
}
