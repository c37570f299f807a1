//! Generated live video: a moving test picture with a frame counter and, on request, a sine tone.
//!
//! For tests, demos and load runs. The encoder lives across segments, so joins, timestamps and rate
//! control are those of a real stream cut at key frames.

mod picture;
mod tone;

use std::collections::VecDeque;
use std::fmt;
use std::time::Duration;

use bytes::Bytes;
use ffmpeg_next::{Packet, Rational, Rescale};

use self::picture::Painter;
use self::tone::Tone;
use crate::Container;
use crate::av::{self, Fault};
use crate::encode::{Settings, VideoEncoder};
use crate::mux::Muxer;
use crate::transcode::{Speed, checked_rate};

/// Description of a generated stream.
#[derive(Clone, Debug, PartialEq)]
pub struct TestPattern {
    /// Width in pixels, even, 64 to 4096.
    pub width: u32,
    /// Height in pixels, even, 64 to 4096.
    pub height: u32,
    /// Frames per second as numerator and denominator, at most 240.
    pub fps: (u32, u32),
    /// Mean bits per second of the video.
    pub bitrate: u32,
    /// Length of a segment, rounded to whole frames, at least one. Each starts with an IDR picture.
    pub segment: Duration,
    /// Distance of key frames inside a segment; `None` leaves the one at its start.
    pub gop: Option<Duration>,
    /// Whether there is a 440 Hz tone in AAC, stereo, 48 kHz.
    pub audio: bool,
    /// Container of the segments.
    pub container: Container,
    /// Presentation time of the first picture, within a day.
    pub start: Duration,
    /// Threads of the video encoder, at least 1.
    pub threads: u32,
    /// Encoder effort.
    pub speed: Speed,
    /// Shifts picture and colours, so that streams of a load run differ.
    pub seed: u32,
}

impl Default for TestPattern {
    /// 1280x720, 30 frames per second, 3 Mb/s, 2 s MPEG-TS segments with a tone.
    fn default() -> Self {
        Self {
            width: 1280,
            height: 720,
            fps: (30, 1),
            bitrate: 3_000_000,
            segment: Duration::from_secs(2),
            gop: None,
            audio: true,
            container: Container::MpegTs,
            start: Duration::from_secs(2),
            threads: 1,
            speed: Speed::Ultrafast,
            seed: 0,
        }
    }
}

impl TestPattern {
    /// Opens the encoders. The stream has no end; take as many segments as needed.
    pub fn stream(&self) -> Result<TestPatternStream, PatternError> {
        TestPatternStream::open(self)
    }

    /// The first `count` segments.
    pub fn segments(&self, count: usize) -> Result<Vec<Segment>, PatternError> {
        self.stream()?.take(count).collect()
    }

    /// The frame rate, if everything can be generated.
    fn check(&self) -> Result<Rational, PatternError> {
        let Self { width, height, fps: (num, den), segment, start, .. } = *self;
        if [width, height].iter().any(|side| side % 2 != 0 || !(64..=4096).contains(side)) {
            return Err(PatternError::InvalidSize { width, height });
        }
        for (asked, max) in [(segment, 60), (start, 24 * 60 * 60)] {
            if asked > Duration::from_secs(max) {
                return Err(PatternError::InvalidDuration { asked });
            }
        }
        checked_rate((num, den)).map_err(|_| PatternError::InvalidFrameRate { num, den })
    }
}

/// One generated segment.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Segment {
    /// Sequence number, from 0.
    pub seq: u64,
    /// The whole file.
    pub bytes: Bytes,
    /// Presentation time it covers.
    pub duration: Duration,
}

/// Why a pattern cannot be generated.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum PatternError {
    /// A size that is odd or out of range.
    #[error("size {width}x{height} is not accepted: both sides must be even and 64 to 4096")]
    InvalidSize {
        /// Width.
        width: u32,
        /// Height.
        height: u32,
    },
    /// A frame rate that is zero or above 240.
    #[error("frame rate {num}/{den} is not accepted: it must be above 0 and at most 240")]
    InvalidFrameRate {
        /// Numerator.
        num: u32,
        /// Denominator.
        den: u32,
    },
    /// A segment longer than a minute, or a start later than a day.
    #[error("{asked:?} is not accepted: a segment lasts at most 60 s, a stream starts within 24 h")]
    InvalidDuration {
        /// What was asked.
        asked: Duration,
    },
    /// This build of libav lacks a part.
    #[error("libav has no {what}")]
    Missing {
        /// The encoder or muxer that is missing.
        what: &'static str,
    },
    /// libav refused.
    #[error("libav could not {action}")]
    Libav {
        /// What it was asked to do.
        action: &'static str,
        /// Its answer.
        #[source]
        source: ffmpeg_next::Error,
    },
}

/// A running test pattern: an endless iterator over its segments. Blocks while it encodes. After an
/// error it ends.
pub struct TestPatternStream {
    painter: Painter,
    encoder: VideoEncoder,
    tone: Option<Tone>,
    container: Container,
    /// One over the frame rate, and the first picture's time in it.
    clock: Rational,
    start: i64,
    frames_per_segment: i64,
    frames_per_key: Option<i64>,
    /// Pictures drawn and segments made.
    drawn: i64,
    seq: u64,
    /// Packets that came out of the encoder ahead of their segment.
    ahead: VecDeque<Packet>,
    failed: bool,
}

impl TestPatternStream {
    fn open(pattern: &TestPattern) -> Result<Self, PatternError> {
        let rate = pattern.check()?;
        av::init()?;
        let clock = rate.invert();
        let frames = |time: Duration| {
            let frames = (time.as_secs_f64() * f64::from(rate)).round();
            #[allow(
                clippy::cast_possible_truncation,
                reason = "a float beyond the range saturates"
            )]
            let frames = frames as i64;
            frames
        };
        let encoder = VideoEncoder::open(&Settings {
            width: pattern.width,
            height: pattern.height,
            time_base: clock,
            frame_rate: rate,
            bitrate: pattern.bitrate,
            quality: None,
            gop: Some(1 << 20),
            scene_cuts: false,
            profile: None,
            speed: pattern.speed,
            threads: pattern.threads,
            container: pattern.container,
        })?;
        let start = frames(pattern.start);
        let tone = if pattern.audio {
            let at = start.rescale(clock, Rational::new(1, 1_000_000));
            let at = Duration::from_micros(u64::try_from(at).unwrap_or(0));
            Some(Tone::open(at, pattern.container)?)
        } else {
            None
        };
        Ok(Self {
            painter: Painter::new(pattern.width, pattern.height, pattern.seed),
            encoder,
            tone,
            container: pattern.container,
            clock,
            start,
            frames_per_segment: frames(pattern.segment).max(1),
            frames_per_key: pattern.gop.map(|gop| frames(gop).max(1)),
            drawn: 0,
            seq: 0,
            ahead: VecDeque::new(),
            failed: false,
        })
    }

    fn segment(&mut self) -> Result<Segment, Fault> {
        let seq = i64::try_from(self.seq).unwrap_or(i64::MAX);
        let end = self.start + seq.saturating_add(1).saturating_mul(self.frames_per_segment);
        let video_packets = self.video_until(end)?;
        let mut muxer = Muxer::new(self.container)?;
        let video = muxer.add_encoder(self.encoder.context(), self.clock)?;
        let mut audio = None;
        if let Some(tone) = &mut self.tone {
            let stream = muxer.add_encoder(tone.context(), Tone::time_base())?;
            audio = Some((stream, tone.packets_until(end.rescale(self.clock, Tone::time_base()))?));
        }
        muxer.begin()?;
        for packet in video_packets {
            muxer.write(video, packet)?;
        }
        if let Some((stream, packets)) = audio {
            for packet in packets {
                muxer.write(stream, packet)?;
            }
        }
        let micros = self.frames_per_segment.rescale(self.clock, Rational::new(1, 1_000_000));
        let duration = Duration::from_micros(u64::try_from(micros).unwrap_or(0));
        let segment = Segment { seq: self.seq, bytes: muxer.finish()?, duration };
        self.seq += 1;
        Ok(segment)
    }

    /// Packets of the pictures before `end`, drawing as many as the encoder's delay takes.
    fn video_until(&mut self, end: i64) -> Result<Vec<Packet>, Fault> {
        let count = usize::try_from(self.frames_per_segment).unwrap_or(usize::MAX);
        let mut ready = Vec::new();
        loop {
            // Segments start at IDR pictures, so every packet of a segment comes before all of the next.
            while ready.len() < count
                && let Some(packet) =
                    self.ahead.pop_front_if(|packet| packet.pts().is_some_and(|pts| pts < end))
            {
                ready.push(packet);
            }
            if ready.len() >= count {
                return Ok(ready);
            }
            self.draw()?;
        }
    }

    fn draw(&mut self) -> Result<(), Fault> {
        let within = self.drawn % self.frames_per_segment;
        let key = self.frames_per_key.map_or(within == 0, |distance| within % distance == 0);
        let mut picture = self.painter.draw(u64::try_from(self.drawn).unwrap_or(0));
        self.encoder.send(&mut picture, self.start + self.drawn, key)?;
        self.drawn += 1;
        while let Some(packet) = self.encoder.receive() {
            self.ahead.push_back(packet);
        }
        Ok(())
    }
}

impl Iterator for TestPatternStream {
    type Item = Result<Segment, PatternError>;

    fn next(&mut self) -> Option<Self::Item> {
        if self.failed {
            return None;
        }
        let segment = self.segment();
        self.failed = segment.is_err();
        Some(segment.map_err(PatternError::from))
    }
}

impl fmt::Debug for TestPatternStream {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("TestPatternStream")
            .field("container", &self.container)
            .field("seq", &self.seq)
            .field("drawn", &self.drawn)
            .finish_non_exhaustive()
    }
}

impl From<Fault> for PatternError {
    fn from(fault: Fault) -> Self {
        match fault {
            Fault::Missing(what) => Self::Missing { what },
            Fault::Failed { action, source } => Self::Libav { action, source },
        }
    }
}
