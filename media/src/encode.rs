//! H.264 encoding by libx264 as renditions and test patterns need it.

use ffmpeg_next as ffmpeg;
use ffmpeg_next::codec;
use ffmpeg_next::format::Pixel;
use ffmpeg_next::{Dictionary, Packet, Rational, encoder, picture};

use crate::av::{Fault, failed};
use crate::source::threading_of;
use crate::transcode::Speed;
use crate::{Container, H264Profile};

/// What an encoder is opened with.
pub(crate) struct Settings {
    pub(crate) width: u32,
    pub(crate) height: u32,
    /// Clock of the pictures' timestamps.
    pub(crate) time_base: Rational,
    /// For rate control; pictures may come at another.
    pub(crate) frame_rate: Rational,
    pub(crate) bitrate: u32,
    pub(crate) quality: Option<u32>,
    /// Most frames between key frames; `None` is the encoder's choice.
    pub(crate) gop: Option<u32>,
    /// Whether a change of scene may get a key frame of its own.
    pub(crate) scene_cuts: bool,
    pub(crate) profile: Option<H264Profile>,
    pub(crate) speed: Speed,
    pub(crate) threads: u32,
    pub(crate) container: Container,
}

/// An open H.264 encoder for 8-bit 4:2:0 pictures.
pub(crate) struct VideoEncoder {
    encoder: encoder::video::Encoder,
    pub(crate) time_base: Rational,
    /// Ticks of one frame at the nominal rate, for packets without a duration.
    frame_ticks: i64,
}

impl VideoEncoder {
    pub(crate) fn open(settings: &Settings) -> Result<Self, Fault> {
        Self::open_with(settings, "libx264", &[])
    }

    /// The same with another encoder, and with further options that win over the usual ones.
    pub(crate) fn open_with(
        settings: &Settings,
        name: &str,
        further: &[(&str, &str)],
    ) -> Result<Self, Fault> {
        let missing = if name == "libx264" { "libx264 encoder" } else { "encoder of this name" };
        let codec = encoder::find_by_name(name).ok_or(Fault::Missing(missing))?;
        let context = codec::Context::new_with_codec(codec);
        let mut video = context.encoder().video().map_err(failed("set up libx264"))?;
        video.set_width(settings.width);
        video.set_height(settings.height);
        video.set_format(Pixel::YUV420P);
        video.set_time_base(settings.time_base);
        video.set_frame_rate(Some(settings.frame_rate));
        video.set_threading(threading_of(settings.threads));
        if let Some(gop) = settings.gop {
            video.set_gop(gop.clamp(1, 1 << 20));
        }
        if settings.container == Container::Mp4 {
            video.set_flags(codec::Flags::GLOBAL_HEADER);
        }
        let rate = usize::try_from(settings.bitrate.clamp(10_000, 1 << 30)).unwrap_or(1 << 30);
        video.set_max_bit_rate(rate);
        if settings.quality.is_none() {
            video.set_bit_rate(rate);
        }
        let mut options = options(settings, rate);
        for (option, value) in further {
            options.set(option, value);
        }
        let encoder = video.open_as_with(codec, options).map_err(failed("open an encoder"))?;
        let ticks = f64::from(settings.time_base.invert()) / f64::from(settings.frame_rate);
        #[allow(clippy::cast_possible_truncation, reason = "a float beyond the range saturates")]
        let frame_ticks = (ticks.round() as i64).max(1);
        Ok(Self { encoder, time_base: settings.time_base, frame_ticks })
    }

    /// The context, for a muxer to read the stream's parameters from.
    pub(crate) fn context(&self) -> &codec::Context {
        &self.encoder
    }

    /// Encodes a picture; `key` makes it an IDR picture, otherwise the encoder decides.
    pub(crate) fn send(
        &mut self,
        picture: &mut ffmpeg::frame::Video,
        pts: i64,
        key: bool,
    ) -> Result<(), Fault> {
        picture.set_pts(Some(pts));
        picture.set_kind(if key { picture::Type::I } else { picture::Type::None });
        self.encoder.send_frame(picture).map_err(failed("encode a picture"))
    }

    /// No more pictures will come.
    pub(crate) fn end(&mut self) -> Result<(), Fault> {
        self.encoder.send_eof().map_err(failed("end encoding"))
    }

    /// The next finished packet, if there is one.
    pub(crate) fn receive(&mut self) -> Option<Packet> {
        let mut packet = Packet::empty();
        self.encoder.receive_packet(&mut packet).ok()?;
        if packet.duration() <= 0 {
            packet.set_duration(self.frame_ticks);
        }
        Some(packet)
    }
}

fn options(settings: &Settings, rate: usize) -> Dictionary<'static> {
    let mut options = Dictionary::new();
    options.set(
        "preset",
        match settings.speed {
            Speed::Ultrafast => "ultrafast",
            Speed::Superfast => "superfast",
            Speed::Veryfast => "veryfast",
        },
    );
    options.set("forced-idr", "1");
    options.set("bufsize", &rate.to_string());
    if let Some(quality) = settings.quality {
        options.set("crf", &quality.min(51).to_string());
    }
    if !settings.scene_cuts {
        options.set("sc_threshold", "0");
    }
    // x264 writes the lowest profile that covers the tools in use, so a profile needs its tools.
    match settings.profile {
        None => {}
        Some(H264Profile::Baseline) => options.set("profile", "baseline"),
        Some(H264Profile::Main) => {
            options.set("profile", "main");
            options.set("coder", "cabac");
        }
        Some(profile @ (H264Profile::High | H264Profile::ConstrainedHigh)) => {
            options.set("profile", "high");
            options.set("coder", "cabac");
            options.set("8x8dct", "1");
            if profile == H264Profile::ConstrainedHigh {
                options.set("bf", "0");
            }
        }
    }
    options
}
