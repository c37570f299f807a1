//! Coded pictures of a file, in decoding order, with times as a [`Scan`](crate::scan::Scan) gives them.
//!
//! The demultiplexer is named by the caller and reads from memory; it opens nothing else, follows no reference out
//! of the file and never decodes. All packets of the video are kept: which of them are needed is known only at the
//! end, and together they are no larger than the file.

use std::io::{self, Cursor, Read, Seek, SeekFrom};

use bytes::Bytes;
use ffmpeg_next as ffmpeg;
use ffmpeg_next::codec::{Id, Parameters};
use ffmpeg_next::format::context::{Input, StreamIo};
use ffmpeg_next::{Dictionary, Packet, Rational, Rescale, media};

use super::limits::{Budget, Clock, PixelError};
use super::nal::{self, Framing, Told};
use crate::Container;
use crate::av::{self, failed};
use crate::scan::CLOCK;

/// Damaged packets after which the rest of a file is given up.
const MAX_READ_ERRORS: u32 = 100;
/// Where time stamps of a transport stream wrap.
const WRAP: i64 = 1 << 33;
/// Memory a decoder takes for each coded pixel: 16 reference pictures and one in the making, 4:2:0 with two bytes a
/// sample.
const DECODER_BYTES: u64 = 17 * 3;
/// Ticks of all times.
pub(super) const TICKS: Rational = Rational(1, CLOCK.cast_signed());

/// One coded picture.
pub(super) struct Unit {
    pub(super) packet: Packet,
    /// Presentation time in [`TICKS`], unwrapped.
    pub(super) pts: i64,
    /// An instantaneous decoder refresh.
    pub(super) key: bool,
}

/// The video of a file.
pub(super) struct Units {
    pub(super) codec: Id,
    pub(super) parameters: Parameters,
    framing: Framing,
    /// The largest coded width times height that its parameter sets declare.
    pixels: u64,
    pub(super) all: Vec<Unit>,
    /// Packets the demultiplexer could not read.
    pub(super) errors: u32,
}

impl Units {
    /// None yet, of a track with these parameters.
    fn of(parameters: Parameters, budget: &Budget<'_>) -> Result<Self, PixelError> {
        let codec = accepted(&parameters)?;
        let record = av::extradata(&parameters);
        let framing = Framing::of(codec, record);
        let told = nal::told_by_record(codec, record, framing);
        let mut units = Self { codec, parameters, framing, pixels: 0, all: Vec::new(), errors: 0 };
        units.grow(told, budget)?;
        Ok(units)
    }

    /// Holds a newly declared size against the limits, with the memory that decoding it takes.
    fn grow(&mut self, told: Told, budget: &Budget<'_>) -> Result<(), PixelError> {
        if told.pixels <= self.pixels {
            return Ok(());
        }
        budget.check_pixels(told.pixels)?;
        budget.take((told.pixels - self.pixels).saturating_mul(DECODER_BYTES))?;
        self.pixels = told.pixels;
        Ok(())
    }
}

/// Reads all of `bytes`.
pub(super) fn units(
    bytes: &[u8],
    container: Container,
    budget: &Budget<'_>,
) -> Result<Units, PixelError> {
    av::init()?;
    budget.take(bytes.len() as u64)?;
    let mut input = open(bytes, container, budget)?;
    budget.check_streams(input.nb_streams())?;
    let mut video = first_video(&input);
    let mut times = Times::new(container);
    let mut found: Option<Units> = None;
    let mut errors = 0;
    loop {
        budget.check_time()?;
        let mut packet = Packet::empty();
        match packet.read(&mut input) {
            Ok(()) => {}
            Err(ffmpeg::Error::Eof) => break,
            Err(_) => {
                errors += 1;
                if errors > MAX_READ_ERRORS {
                    break;
                }
                continue;
            }
        }
        if video.is_none() {
            // a transport stream may declare a stream only when it is under way
            budget.check_streams(input.nb_streams())?;
            video = first_video(&input);
        }
        let Some(stream) = input.stream(packet.stream()) else { continue };
        times.see(&packet, stream.time_base());
        if Some(packet.stream()) != video {
            continue;
        }
        let found = match &mut found {
            Some(found) => found,
            slot => slot.insert(Units::of(stream.parameters(), budget)?),
        };
        budget.take(packet.size() as u64)?;
        budget.check_units(found.all.len() + 1)?;
        let time =
            packet.pts().or(packet.dts()).map(|time| time.rescale(stream.time_base(), TICKS));
        // a picture without a time follows that before it by a tick
        let pts = time.unwrap_or_else(|| found.all.last().map_or(0, |unit| unit.pts + 1));
        let told = nal::told(found.codec, packet.data().unwrap_or_default(), found.framing);
        found.grow(told, budget)?;
        let key = match found.codec {
            Id::H264 | Id::HEVC => told.refresh == Some(true),
            _ => packet.is_key(),
        };
        found.all.push(Unit { packet, pts, key });
    }
    budget.check_streams(input.nb_streams())?;
    let mut found = found.ok_or(PixelError::NoVideo { container })?;
    found.errors = errors;
    times.unwrap(&mut found.all);
    Ok(found)
}

fn open(bytes: &[u8], container: Container, budget: &Budget<'_>) -> Result<Input, PixelError> {
    let file = File { file: Cursor::new(Bytes::copy_from_slice(bytes)), clock: budget.clock() };
    let io = StreamIo::from_read_seek(file).map_err(failed("open memory for input"))?;
    let mut options = Dictionary::new();
    options.set("protocol_whitelist", "none");
    options.set("max_streams", &budget.limits.streams.saturating_add(1).to_string());
    // wraps are undone here, by a rule that does not depend on where in the file they are
    options.set("correct_ts_overflow", "0");
    let demuxer = match container {
        Container::MpegTs => c"mpegts",
        Container::Mp4 => c"mov",
    };
    let opened = av::open_input(io, demuxer, options);
    budget.check_time()?;
    opened.map_err(|source| PixelError::Unreadable { container, source })
}

fn first_video(input: &Input) -> Option<usize> {
    let mut streams = input.streams();
    streams.find(|stream| stream.parameters().medium() == media::Type::Video).map(|s| s.index())
}

/// The codec, if it is one that is decoded here.
fn accepted(parameters: &Parameters) -> Result<Id, PixelError> {
    match parameters.id() {
        id @ (Id::H264 | Id::HEVC | Id::AV1 | Id::VP9) => Ok(id),
        id => Err(PixelError::Codec { codec: format!("{id:?}").to_lowercase() }),
    }
}

/// Turns time stamps into unwrapped [`TICKS`]: all are taken to be near the first one in the file, of any stream.
struct Times {
    wraps: bool,
    /// Where in the file the first one is, and its value.
    first: Option<(isize, i64)>,
}

impl Times {
    const fn new(container: Container) -> Self {
        Self { wraps: matches!(container, Container::MpegTs), first: None }
    }

    /// Looks at a packet of any stream, since packets do not come out quite in the order of the file.
    fn see(&mut self, packet: &Packet, time_base: Rational) {
        let (at, Some(time)) = (packet.position(), packet.pts().or(packet.dts())) else { return };
        if self.wraps && at >= 0 && self.first.is_none_or(|(first, _)| at < first) {
            self.first = Some((at, time.rescale(time_base, TICKS).rem_euclid(WRAP)));
        }
    }

    /// Puts times near the first one.
    fn unwrap(&self, units: &mut [Unit]) {
        let Some((_, first)) = self.first else { return };
        for unit in units {
            let ahead = unit.pts.saturating_sub(first).saturating_add(WRAP / 2).rem_euclid(WRAP);
            unit.pts = first.saturating_add(ahead).saturating_sub(WRAP / 2);
        }
    }
}

/// A file in memory that cannot be read any more when time is up.
struct File {
    file: Cursor<Bytes>,
    clock: Clock,
}

impl Read for File {
    fn read(&mut self, to: &mut [u8]) -> io::Result<usize> {
        if self.clock.is_over() {
            return Err(io::ErrorKind::TimedOut.into());
        }
        self.file.read(to)
    }
}

impl Seek for File {
    fn seek(&mut self, to: SeekFrom) -> io::Result<u64> {
        self.file.seek(to)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_wrap_inside_a_file_does_not_show() {
        let mut times = Times::new(Container::MpegTs);
        let audio = |at, pts| {
            let mut packet = Packet::empty();
            packet.set_position(at);
            packet.set_pts(Some(pts));
            packet
        };
        times.see(&audio(1_880, 500), TICKS);
        times.see(&audio(564, WRAP - 7_000), TICKS);
        let raw = [WRAP - 6_000, WRAP - 3_000, 0, -1_500, 3_000, WRAP + 6_000];
        let unit = |pts| Unit { packet: Packet::empty(), pts, key: false };
        let mut units = raw.map(unit);
        times.unwrap(&mut units);
        let placed = units.map(|unit| unit.pts - WRAP);
        assert_eq!(placed, [-6_000, -3_000, 0, -1_500, 3_000, 6_000]);
    }
}
