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
use super::nal::{Framing, is_refresh};
use crate::Container;
use crate::av::{self, failed};
use crate::scan::CLOCK;

/// Damaged packets after which the rest of a file is given up.
const MAX_READ_ERRORS: u32 = 100;
/// Where time stamps of a transport stream wrap.
const WRAP: i64 = 1 << 33;
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
    pub(super) all: Vec<Unit>,
    /// Packets the demultiplexer could not read.
    pub(super) errors: u32,
}

/// Reads all of `bytes`.
pub(super) fn units(
    bytes: &[u8],
    container: Container,
    budget: &mut Budget<'_>,
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
        if Some(packet.stream()) != video {
            continue;
        }
        let Some(stream) = input.stream(packet.stream()) else { continue };
        let found = match &mut found {
            Some(found) => found,
            slot => {
                let parameters = stream.parameters();
                slot.insert(Units {
                    codec: accepted(&parameters)?,
                    parameters,
                    all: Vec::new(),
                    errors,
                })
            }
        };
        budget.take(packet.size() as u64)?;
        budget.check_units(found.all.len() + 1)?;
        let pts = times.place(packet.pts().or(packet.dts()), stream.time_base());
        let data = packet.data().unwrap_or_default();
        let framing = Framing::of(found.codec, av::extradata(&found.parameters));
        let key = is_refresh(found.codec, data, framing).unwrap_or_else(|| packet.is_key());
        found.all.push(Unit { packet, pts, key });
    }
    budget.check_streams(input.nb_streams())?;
    let mut found = found.ok_or(PixelError::NoVideo { container })?;
    found.errors = errors;
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

/// Turns time stamps into unwrapped [`TICKS`].
struct Times {
    wraps: bool,
    last: Option<i64>,
}

impl Times {
    const fn new(container: Container) -> Self {
        Self { wraps: matches!(container, Container::MpegTs), last: None }
    }

    /// The first time is taken as it is, each further one as near to that before it as wrapping allows. A picture
    /// without a time follows that before it by a tick.
    fn place(&mut self, time: Option<i64>, time_base: Rational) -> i64 {
        let next = self.last.map_or(0, |last| last.saturating_add(1));
        let Some(time) = time else {
            self.last = Some(next);
            return next;
        };
        let mut pts = time.rescale(time_base, TICKS);
        if self.wraps {
            pts = pts.rem_euclid(WRAP);
            if let Some(last) = self.last {
                let ahead = pts.saturating_sub(last).saturating_add(WRAP / 2).rem_euclid(WRAP);
                pts = last.saturating_add(ahead).saturating_sub(WRAP / 2);
            }
        }
        self.last = Some(pts);
        pts
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
        let raw = [WRAP - 6_000, WRAP - 3_000, WRAP - 4_500, 0, -1_500, 3_000];
        let placed: Vec<i64> =
            raw.into_iter().map(|raw| times.place(Some(raw), TICKS) - WRAP).collect();
        assert_eq!(placed, [-6_000, -3_000, -4_500, 0, -1_500, 3_000]);
    }

    #[test]
    fn other_clocks_are_converted_to_the_nearest_tick() {
        let mut times = Times::new(Container::Mp4);
        let third = Rational(1, 15_360);
        assert_eq!([512, 1, 2].map(|t| times.place(Some(t), third)), [3_000, 6, 12]);
        assert_eq!(times.place(None, third), 13);
    }
}
