//! Reads a file from memory: decoded pictures and audio packets in the order of the file.

use std::io::Cursor;

use bytes::Bytes;
use ffmpeg_next as ffmpeg;
use ffmpeg_next::codec::{self, Parameters, threading};
use ffmpeg_next::format::context::{Input, StreamIo};
use ffmpeg_next::frame::Video;
use ffmpeg_next::{Dictionary, Packet, Rational, decoder, format, media};

use crate::av::{self, Fault, failed};
use crate::transcode::TranscodeError;

/// Damaged packets after which the rest of a file is given up.
const MAX_READ_ERRORS: u32 = 100;

/// An open file with its video decoder.
pub(crate) struct Source {
    input: Input,
    decoder: decoder::Video,
    video: usize,
    /// Clock of the pictures' timestamps.
    pub(crate) time_base: Rational,
    /// Mean frame rate as far as libav could tell.
    pub(crate) frame_rate: Option<Rational>,
    /// The audio track that is copied.
    pub(crate) audio: Option<Audio>,
    phase: Phase,
    read_errors: u32,
}

/// An audio track of the file.
pub(crate) struct Audio {
    index: usize,
    pub(crate) time_base: Rational,
    pub(crate) parameters: Parameters,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Phase {
    /// The decoder may have a picture.
    Receive,
    /// The decoder wants a packet.
    Read,
    /// All packets are sent.
    Drain,
    Done,
}

/// What comes next in the file.
pub(crate) enum Event {
    Picture(Video),
    AudioPacket(Packet),
}

impl Source {
    pub(crate) fn open(bytes: Bytes, threads: u32) -> Result<Self, TranscodeError> {
        let input = open_input(bytes)?;
        let stream =
            input.streams().best(media::Type::Video).ok_or(TranscodeError::InvalidVideo)?;
        let (video, time_base) = (stream.index(), stream.time_base());
        let frame_rate = [stream.avg_frame_rate(), stream.rate()].into_iter().find(|rate| {
            rate.numerator() > 0 && rate.denominator() > 0 && f64::from(*rate) <= 300.0
        });
        let decoder = open_decoder(stream.parameters(), time_base, threads)?;
        let audio = input.streams().best(media::Type::Audio).and_then(|stream| {
            let parameters = stream.parameters();
            is_complete(&parameters).then(|| Audio {
                index: stream.index(),
                time_base: stream.time_base(),
                parameters,
            })
        });
        let phase = Phase::Read;
        Ok(Self { input, decoder, video, time_base, frame_rate, audio, phase, read_errors: 0 })
    }

    /// The next picture or audio packet; `None` at the end. Damaged packets are skipped.
    pub(crate) fn next(&mut self) -> Option<Event> {
        loop {
            match self.phase {
                Phase::Receive | Phase::Drain => {
                    let mut picture = Video::empty();
                    if self.decoder.receive_frame(&mut picture).is_ok() {
                        return Some(Event::Picture(picture));
                    }
                    self.phase = if self.phase == Phase::Drain { Phase::Done } else { Phase::Read };
                }
                Phase::Read => {
                    if let Some(packet) = self.read() {
                        return Some(Event::AudioPacket(packet));
                    }
                }
                Phase::Done => return None,
            }
        }
    }

    /// Reads one packet: video goes to the decoder, the copied audio is given back.
    fn read(&mut self) -> Option<Packet> {
        let mut packet = Packet::empty();
        match packet.read(&mut self.input) {
            Ok(()) if packet.stream() == self.video => {
                // A packet the decoder refuses is damaged; what follows may be good.
                if self.decoder.send_packet(&packet).is_ok() {
                    self.phase = Phase::Receive;
                }
            }
            Ok(()) => {
                let copied =
                    self.audio.as_ref().is_some_and(|audio| audio.index == packet.stream());
                return copied.then_some(packet);
            }
            Err(ffmpeg::Error::Eof) => self.drain(),
            Err(_) => {
                self.read_errors += 1;
                if self.read_errors > MAX_READ_ERRORS {
                    self.drain();
                }
            }
        }
        None
    }

    fn drain(&mut self) {
        self.phase = if self.decoder.send_eof().is_ok() { Phase::Drain } else { Phase::Done };
    }
}

/// Opens a file in memory with the demultiplexers segments need, and no others.
pub(crate) fn open_input(bytes: Bytes) -> Result<Input, TranscodeError> {
    av::init()?;
    let io =
        StreamIo::from_read_seek(Cursor::new(bytes)).map_err(failed("open memory for input"))?;
    let mut options = Dictionary::new();
    // Demuxers of playlists and the like would open what an input names.
    options.set("format_whitelist", "mpegts,mov,mp4,m4a,3gp,3g2,mj2");
    options.set("protocol_whitelist", "none");
    format::input_from_stream(io, None, Some(options)).map_err(|_| TranscodeError::InvalidVideo)
}

fn open_decoder(
    parameters: Parameters,
    time_base: Rational,
    threads: u32,
) -> Result<decoder::Video, TranscodeError> {
    let id = parameters.id();
    let unsupported =
        || TranscodeError::UnsupportedCodec { codec: format!("{id:?}").to_lowercase() };
    let codec = decoder::find(id).ok_or_else(unsupported)?;
    let mut context =
        codec::Context::from_parameters(parameters).map_err(failed("set up a decoder"))?;
    context.set_threading(threading_of(threads));
    let mut decoder = context.decoder();
    decoder.set_packet_time_base(time_base);
    let mut options = Dictionary::new();
    // what a parameter set claims is allocated before a picture can be looked at
    options.set("max_pixels", "67108864");
    let opened = decoder.open_as_with(codec, options).map_err(failed("open a decoder"))?;
    Ok(opened.video().map_err(failed("open a video decoder"))?)
}

/// Frame threads: for the encoder they cost no quality, for the decoder no error resilience.
pub(crate) fn threading_of(threads: u32) -> threading::Config {
    let mut config = threading::Config::count(usize::try_from(threads.clamp(1, 64)).unwrap_or(1));
    config.kind = threading::Type::Frame;
    config
}

/// Whether enough is known of an audio track to copy it, and both containers can hold it.
fn is_complete(parameters: &Parameters) -> bool {
    use codec::Id;
    let held =
        matches!(parameters.id(), Id::AAC | Id::MP2 | Id::MP3 | Id::AC3 | Id::EAC3 | Id::OPUS);
    held && codec::Context::from_parameters(parameters.clone())
        .and_then(|context| context.encoder().audio())
        .is_ok_and(|audio| audio.rate() > 0)
}

impl From<Fault> for TranscodeError {
    fn from(fault: Fault) -> Self {
        match fault {
            Fault::Missing(what) => Self::Missing { what },
            Fault::Failed { action, source } => Self::Libav { action, source },
        }
    }
}
