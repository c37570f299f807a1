//! Sound in WAV files, reduced to its length and loudness.

use std::io::Cursor;

use hound::{SampleFormat, WavReader};
use serde::{Deserialize, Serialize};

use crate::number::{float, many};

/// Most bytes of a file that is read: an hour of speech in 16 bits at 24 kHz is 173 MB.
const BYTES: usize = 192 << 20;

/// What is known about a sound.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct Sound {
    /// Length in seconds, of the samples that are really there.
    pub seconds: f64,
    /// Largest sample, of 1.
    pub peak: f64,
    /// Root mean square of all samples, of 1.
    pub loudness: f64,
}

/// Why bytes are no sound that can be measured.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum SoundError {
    /// More bytes than are read.
    #[error("{bytes} bytes of sound, at most {BYTES} are read")]
    TooLarge {
        /// Bytes of the file.
        bytes: usize,
    },
    /// Another format of sound, which is not decoded here.
    #[error("sound in {format}, only WAV is measured")]
    Other {
        /// Its name.
        format: &'static str,
    },
    /// The file is none of the formats, is damaged, or ends early.
    #[error("the sound cannot be decoded")]
    Damaged {
        /// What the decoder says.
        #[source]
        source: hound::Error,
    },
    /// A sample is not a number.
    #[error("the sound has samples that are no numbers")]
    NotANumber,
}

impl Sound {
    /// Decodes a WAV file.
    pub fn measure(bytes: &[u8]) -> Result<Self, SoundError> {
        if bytes.len() > BYTES {
            return Err(SoundError::TooLarge { bytes: bytes.len() });
        }
        if let Some(format) = other(bytes) {
            return Err(SoundError::Other { format });
        }
        let damaged = |source| SoundError::Damaged { source };
        let mut reader = WavReader::new(Cursor::new(bytes)).map_err(damaged)?;
        let spec = reader.spec();
        let mut sums = Sums::default();
        match spec.sample_format {
            SampleFormat::Float => {
                for sample in reader.samples::<f32>() {
                    sums.take(f64::from(sample.map_err(damaged)?))?;
                }
            }
            SampleFormat::Int => {
                let full = float(1_u64 << spec.bits_per_sample.clamp(1, 32).saturating_sub(1));
                for sample in reader.samples::<i32>() {
                    sums.take(f64::from(sample.map_err(damaged)?) / full)?;
                }
            }
        }
        let rate = f64::from(spec.sample_rate.max(1)) * f64::from(spec.channels.max(1));
        Ok(Self {
            seconds: many(sums.count) / rate,
            peak: sums.peak,
            loudness: (sums.squares / many(sums.count.max(1))).sqrt(),
        })
    }
}

#[derive(Default)]
struct Sums {
    count: usize,
    peak: f64,
    squares: f64,
}

impl Sums {
    fn take(&mut self, sample: f64) -> Result<(), SoundError> {
        if !sample.is_finite() {
            return Err(SoundError::NotANumber);
        }
        self.count += 1;
        self.peak = self.peak.max(sample.abs());
        self.squares += sample * sample;
        Ok(())
    }
}

/// A format that may be honest but is not decoded here.
fn other(bytes: &[u8]) -> Option<&'static str> {
    match bytes {
        [b'I', b'D', b'3', ..] | [0xff, 0xe2..=0xff, ..] => Some("MP3"),
        [b'O', b'g', b'g', b'S', ..] => Some("Ogg"),
        [b'f', b'L', b'a', b'C', ..] => Some("FLAC"),
        [_, _, _, _, b'f', b't', b'y', b'p', ..] => Some("MP4"),
        _ => None,
    }
}
