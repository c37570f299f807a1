//! A sine tone in AAC, encoded as far as asked.

use std::collections::VecDeque;
use std::f64::consts::TAU;
use std::time::Duration;

use ffmpeg_next::format::{Sample, sample};
use ffmpeg_next::{ChannelLayout, Dictionary, Packet, Rational, codec, encoder, frame};

use crate::Container;
use crate::av::{Fault, failed};

/// Samples per second and the tone's frequency.
const RATE: i32 = 48_000;
const HERTZ: f64 = 440.0;
/// Samples after which the wave repeats exactly: 11 periods.
const TABLE: usize = 1_200;

/// An endless tone.
pub(super) struct Tone {
    encoder: encoder::audio::Encoder,
    wave: Vec<f32>,
    /// Samples of one AAC frame.
    frame: usize,
    /// Samples encoded so far, and the time of the first in samples.
    done: i64,
    start: i64,
    packets: VecDeque<Packet>,
}

impl Tone {
    pub(super) fn open(start: Duration, container: Container) -> Result<Self, Fault> {
        let codec = encoder::find_by_name("aac").ok_or(Fault::Missing("aac encoder"))?;
        let context = codec::Context::new_with_codec(codec);
        let mut audio = context.encoder().audio().map_err(failed("set up the AAC encoder"))?;
        audio.set_rate(RATE);
        audio.set_format(Sample::F32(sample::Type::Planar));
        audio.set_channel_layout(ChannelLayout::STEREO);
        audio.set_bit_rate(96_000);
        audio.set_time_base(Rational::new(1, RATE));
        if container == Container::Mp4 {
            audio.set_flags(codec::Flags::GLOBAL_HEADER);
        }
        let mut options = Dictionary::new();
        // the fast search: quality hardly matters for a tone, time does in load runs
        options.set("aac_coder", "fast");
        let encoder = audio.open_as_with(codec, options).map_err(failed("open the AAC encoder"))?;
        let wave = (0..TABLE).map(|n| {
            #[allow(
                clippy::cast_precision_loss,
                clippy::cast_possible_truncation,
                reason = "a wave"
            )]
            let value = (0.25 * (TAU * HERTZ * n as f64 / f64::from(RATE)).sin()) as f32;
            value
        });
        let frame = usize::try_from(encoder.frame_size()).unwrap_or(0).clamp(64, 4_096);
        let start = i64::try_from(start.as_micros() * 48 / 1_000).unwrap_or(0);
        Ok(Self { wave: wave.collect(), frame, done: 0, start, packets: VecDeque::new(), encoder })
    }

    pub(super) fn context(&self) -> &codec::Context {
        &self.encoder
    }

    pub(super) const fn time_base() -> Rational {
        Rational(1, RATE)
    }

    /// Packets that begin before `end`, in samples of the stream's clock.
    pub(super) fn packets_until(&mut self, end: i64) -> Result<Vec<Packet>, Fault> {
        // the encoder is a frame behind
        while self.start + self.done < end + 2 * i64::try_from(self.frame).unwrap_or(0) {
            self.encode()?;
        }
        let mut ready = Vec::new();
        while let Some(packet) =
            self.packets.pop_front_if(|packet| packet.pts().is_none_or(|pts| pts < end))
        {
            ready.push(packet);
        }
        Ok(ready)
    }

    fn encode(&mut self) -> Result<(), Fault> {
        let format = Sample::F32(sample::Type::Planar);
        let mut samples = frame::Audio::new(format, self.frame, ChannelLayout::STEREO);
        samples.set_rate(RATE.unsigned_abs());
        samples.set_pts(Some(self.start + self.done));
        let offset = usize::try_from(self.done).unwrap_or(0) % TABLE;
        for channel in 0..samples.planes() {
            let plane = samples.plane_mut::<f32>(channel);
            for (to, from) in plane.iter_mut().zip(self.wave.iter().cycle().skip(offset)) {
                *to = *from;
            }
        }
        self.done += i64::try_from(self.frame).unwrap_or(0);
        self.encoder.send_frame(&samples).map_err(failed("encode audio"))?;
        let mut packet = Packet::empty();
        while self.encoder.receive_packet(&mut packet).is_ok() {
            self.packets.push_back(std::mem::replace(&mut packet, Packet::empty()));
        }
        Ok(())
    }
}
