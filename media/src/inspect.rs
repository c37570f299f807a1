//! The truth about a file, by decoding all of it: for tests and the demo, never for the hot path.

use std::time::Duration;

use bytes::Bytes;
use ffmpeg_next::format::Pixel;
use ffmpeg_next::frame::Video;
use ffmpeg_next::{Rational, Rescale};

use crate::source::{Event, Source};
use crate::transcode::TranscodeError;

/// Most pictures decoded.
const MAX_FRAMES: u32 = 100_000;
/// Clock of reported times.
const MICROSECONDS: (i32, i32) = (1, 1_000_000);

/// What decoding a whole file showed.
#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
pub struct Inspection {
    /// Width of the first picture.
    pub width: u32,
    /// Height of the first picture.
    pub height: u32,
    /// Pictures decoded.
    pub frames: u32,
    /// Decoded pictures that are key frames.
    pub key_frames: u32,
    /// From the first picture to the end of the last.
    pub duration: Duration,
    /// Whether there is an audio track with packets.
    pub has_audio: bool,
    /// Audio packets.
    pub audio_packets: u32,
    /// Presentation time of each picture in microseconds, in presentation order.
    pub pts_us: Vec<i64>,
    /// Mean luma of each picture, 0 to 255, in presentation order; empty for other than 8-bit planar pictures.
    pub luma: Vec<u8>,
}

/// Decodes the whole of `bytes`. Blocks; at most 100,000 pictures.
pub fn inspect(bytes: &[u8]) -> Result<Inspection, TranscodeError> {
    if bytes.is_empty() {
        return Err(TranscodeError::InvalidVideo);
    }
    let mut source = Source::open(Bytes::copy_from_slice(bytes), 1)?;
    let clock = Rational::new(MICROSECONDS.0, MICROSECONDS.1);
    let mut found = Inspection {
        width: 0,
        height: 0,
        frames: 0,
        key_frames: 0,
        duration: Duration::ZERO,
        has_audio: false,
        audio_packets: 0,
        pts_us: Vec::new(),
        luma: Vec::new(),
    };
    let mut last_length = 0;
    while let Some(event) = source.next() {
        match event {
            Event::AudioPacket(_) => found.audio_packets = found.audio_packets.saturating_add(1),
            Event::Picture(picture) => {
                if found.frames == MAX_FRAMES {
                    let max = u64::from(MAX_FRAMES);
                    return Err(TranscodeError::TooLarge { what: "pictures", max });
                }
                if found.frames == 0 {
                    (found.width, found.height) = (picture.width(), picture.height());
                }
                found.frames += 1;
                found.key_frames += u32::from(picture.is_key());
                found
                    .pts_us
                    .extend(picture.timestamp().map(|at| at.rescale(source.time_base, clock)));
                found.luma.extend(mean_luma(&picture));
                last_length = picture.packet().duration.rescale(source.time_base, clock);
            }
        }
    }
    if found.frames == 0 {
        return Err(TranscodeError::InvalidVideo);
    }
    found.has_audio = found.audio_packets > 0;
    if let (Some(first), Some(last)) = (found.pts_us.first(), found.pts_us.last()) {
        let span = last.saturating_sub(*first).saturating_add(last_length);
        found.duration = Duration::from_micros(u64::try_from(span).unwrap_or(0));
    }
    Ok(found)
}

/// Mean over a grid of every fourth sample of every eighth row.
fn mean_luma(picture: &Video) -> Option<u8> {
    use Pixel as P;
    if !matches!(
        picture.format(),
        P::YUV420P | P::YUVJ420P | P::YUV422P | P::YUVJ422P | P::YUV444P | P::YUVJ444P | P::NV12
    ) {
        return None;
    }
    let width = usize::try_from(picture.width()).ok()?;
    let (mut sum, mut count) = (0u64, 0u64);
    for row in picture.data(0).chunks_exact(picture.stride(0)).step_by(8) {
        let samples = row.get(..width)?.iter().step_by(4);
        count += u64::try_from(samples.len()).ok()?;
        sum += samples.map(|sample| u64::from(*sample)).sum::<u64>();
    }
    u8::try_from(sum.checked_div(count)?).ok()
}
