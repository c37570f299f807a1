//! Sound for a tape: a source graph of libavfilter, encoded.

use ffmpeg_next::format::{Sample, sample};
use ffmpeg_next::{ChannelLayout, Packet, Rational, codec, encoder};

use super::{Tape, TapeError, Track, TrackKind};
use crate::Container;
use crate::av::{Fault, failed};
use crate::mux::parameters_of;
use crate::reel::graph;

/// Samples per second.
const RATE: i32 = 48_000;
/// Samples of a frame where an encoder does not care.
const FRAME: usize = 1_024;

impl Tape {
    /// A track of sound from a source graph such as `sine=frequency=440`, in mono of 48 kHz, from `start` for `length`
    /// microseconds. `codec` is libav's name of an encoder: `aac`, `libmp3lame`, `ac3`, `libopus`.
    pub fn sound(
        graph: &str,
        codec: &str,
        start: i64,
        length: i64,
        container: Container,
    ) -> Result<Self, TapeError> {
        crate::av::init()?;
        let found = encoder::find_by_name(codec).ok_or(Fault::Missing("this audio encoder"))?;
        let context = codec::Context::new_with_codec(found);
        let mut audio = context.encoder().audio().map_err(failed("set up an audio encoder"))?;
        audio.set_rate(RATE);
        let packed = codec == "libopus";
        let form = if packed { sample::Type::Packed } else { sample::Type::Planar };
        audio.set_format(Sample::F32(form));
        audio.set_channel_layout(ChannelLayout::MONO);
        audio.set_bit_rate(64_000);
        let clock = Rational::new(1, RATE);
        audio.set_time_base(clock);
        if container == Container::Mp4 {
            audio.set_flags(codec::Flags::GLOBAL_HEADER);
        }
        let mut encoder = audio.open_as(found).map_err(failed("open an audio encoder"))?;
        let size = match usize::try_from(encoder.frame_size()).unwrap_or(0) {
            0 => FRAME,
            size => size,
        };
        let samples = |micros: i64| micros.saturating_mul(48) / 1_000;
        let (start, end) = (samples(start), samples(start.saturating_add(length)));
        let count = usize::try_from(end - start).unwrap_or(0).div_ceil(size);
        let mut packets = Vec::new();
        let mut at = start;
        // One more than asked: encoders are a frame behind.
        for mut frame in graph::tones(graph, size, count + 1, packed)? {
            frame.set_pts(Some(at));
            at += i64::try_from(frame.samples()).unwrap_or(0);
            encoder.send_frame(&frame).map_err(failed("encode audio"))?;
            receive(&mut encoder, &mut packets);
        }
        encoder.send_eof().map_err(failed("end encoding audio"))?;
        receive(&mut encoder, &mut packets);
        packets.retain(|packet| packet.pts().is_some_and(|pts| (start..end).contains(&pts)));
        let parameters = parameters_of(&encoder);
        Ok(Self { tracks: vec![Track { kind: TrackKind::Audio, parameters, clock, packets }] })
    }
}

fn receive(encoder: &mut encoder::audio::Encoder, packets: &mut Vec<Packet>) {
    let mut packet = Packet::empty();
    while encoder.receive_packet(&mut packet).is_ok() {
        packets.push(std::mem::replace(&mut packet, Packet::empty()));
    }
}
