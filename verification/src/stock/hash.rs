//! A perceptual hash as stock orchestrators return it: the binary form of an MPEG-7 video signature.
//!
//! Bits without alignment: 274 of header, 1,344 for each coarse segment, 1, and 689 for each picture. All counts are
//! the orchestrator's, so they are compared with the length of the file before anything is allocated.

use super::bits::Bits;

/// Bytes of a picture: 380 values of three, five to a byte.
pub const WORDS: usize = 76;
/// Largest byte of five values of three.
pub const LARGEST: u8 = 242;
/// Bits before the number of segments, with it: header.
const HEADER: u64 = 274;
/// Bits of a coarse segment, which nothing here needs: its comparison never refuses anything.
const SEGMENT: u64 = 1_344;
/// Bits of a picture.
const FRAME: u64 = 689;
/// Most bytes of a file: ten minutes at 60 pictures a second are 3 MB.
const BYTES: usize = 4 << 20;

/// The hash of a rendition.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Hash {
    /// Width and height of the pictures as stated.
    pub size: (u32, u32),
    /// Ticks of a second, modulo 65,536: 90,000 is written as 24,464.
    pub ticks: u16,
    /// Its pictures, in the order of the file.
    pub frames: Vec<Frame>,
}

/// The hash of a picture.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Frame {
    /// Presentation time, the lower 32 bits.
    pub pts: u32,
    /// How much there is to see: 0 to 255.
    pub confidence: u8,
    /// The values, five to a byte, each at most [`LARGEST`].
    pub words: [u8; WORDS],
}

/// Why bytes are no hash.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum HashError {
    /// Nothing at all.
    #[error("no bytes of a perceptual hash")]
    Empty,
    /// More than is read.
    #[error("{bytes} bytes of a perceptual hash, at most {BYTES} are read")]
    TooLarge {
        /// Bytes there are.
        bytes: usize,
    },
    /// Fewer bits than the counts call for.
    #[error(
        "a perceptual hash of {segments} segments and {frames} pictures has more than {bytes} bytes"
    )]
    Short {
        /// Segments as stated.
        segments: u32,
        /// Pictures as stated.
        frames: u32,
        /// Bytes there are.
        bytes: usize,
    },
    /// More bytes than the counts call for.
    #[error("{bits} bits after the last picture of a perceptual hash")]
    Long {
        /// Bits left.
        bits: u64,
    },
    /// A form that stock orchestrators do not write.
    #[error("{field} of a perceptual hash is {value}, expected {expected}")]
    Unknown {
        /// Which field.
        field: &'static str,
        /// Its value.
        value: u32,
        /// The only value that is read.
        expected: u32,
    },
    /// A byte that is no five values of three.
    #[error("byte {value} in picture {frame} of a perceptual hash, at most {LARGEST} are possible")]
    Word {
        /// Which picture, from 0 on.
        frame: u32,
        /// The byte.
        value: u8,
    },
}

impl Hash {
    /// Reads a file.
    pub fn parse(bytes: &[u8]) -> Result<Self, HashError> {
        match bytes.len() {
            0 => return Err(HashError::Empty),
            bytes if bytes > BYTES => return Err(HashError::TooLarge { bytes }),
            _ => {}
        }
        let mut counts = Counts::default();
        Self::read(&mut Bits::new(bytes), &mut counts).map_err(|stop| match stop {
            Stop::Short => {
                let Counts { segments, frames } = counts;
                HashError::Short { segments, frames, bytes: bytes.len() }
            }
            Stop::Error(error) => error,
        })
    }

    fn read(bits: &mut Bits<'_>, counts: &mut Counts) -> Result<Self, Stop> {
        known(bits, "number of regions", 32, 1)?;
        known(bits, "flag of the region", 1, 1)?;
        bits.skip(32).ok_or(Stop::Short)?;
        let size = (take(bits, 16)? + 1, take(bits, 16)? + 1);
        bits.skip(32).ok_or(Stop::Short)?;
        counts.frames = take(bits, 32)?;
        let ticks = u16::try_from(take(bits, 16)?).map_err(|_| Stop::Short)?;
        known(bits, "flag of the time", 1, 1)?;
        bits.skip(64).ok_or(Stop::Short)?;
        counts.segments = take(bits, 32)?;
        let segments = u64::from(counts.segments) * SEGMENT;
        let wanted = segments + 1 + u64::from(counts.frames) * FRAME;
        let over = bits.left().checked_sub(wanted).ok_or(Stop::Short)?;
        if over >= 8 {
            return Err(Stop::Error(HashError::Long { bits: over }));
        }
        bits.skip(segments).ok_or(Stop::Short)?;
        known(bits, "flag of the compression", 1, 0)?;
        let frames = (0..counts.frames).map(|frame| Frame::read(bits, frame));
        Ok(Self { size, ticks, frames: frames.collect::<Result<_, _>>()? })
    }

    /// Bytes of a file with these counts.
    pub const fn bytes(segments: u32, frames: u32) -> u64 {
        (HEADER + segments as u64 * SEGMENT + 1 + frames as u64 * FRAME).div_ceil(8)
    }
}

impl Frame {
    fn read(bits: &mut Bits<'_>, frame: u32) -> Result<Self, Stop> {
        bits.skip(1).ok_or(Stop::Short)?;
        let pts = take(bits, 32)?;
        let confidence = byte(bits)?;
        bits.skip(40).ok_or(Stop::Short)?;
        let mut words = [0; WORDS];
        for word in &mut words {
            *word = byte(bits)?;
            if *word > LARGEST {
                return Err(Stop::Error(HashError::Word { frame, value: *word }));
            }
        }
        Ok(Self { pts, confidence, words })
    }
}

#[derive(Default)]
struct Counts {
    segments: u32,
    frames: u32,
}

/// Why reading stops.
enum Stop {
    Short,
    Error(HashError),
}

fn take(bits: &mut Bits<'_>, count: u8) -> Result<u32, Stop> {
    bits.take(count).ok_or(Stop::Short)
}

fn byte(bits: &mut Bits<'_>) -> Result<u8, Stop> {
    u8::try_from(take(bits, 8)?).map_err(|_| Stop::Short)
}

fn known(bits: &mut Bits<'_>, field: &'static str, count: u8, expected: u32) -> Result<(), Stop> {
    let value = take(bits, count)?;
    if value == expected {
        return Ok(());
    }
    Err(Stop::Error(HashError::Unknown { field, value, expected }))
}

#[cfg(test)]
pub(super) mod tests {
    use proptest::prelude::*;

    use super::*;

    /// Writes numbers of any length.
    #[derive(Default)]
    struct Writer {
        bits: Vec<bool>,
    }

    impl Writer {
        fn put(&mut self, value: u64, count: u32) {
            self.bits.extend((0..count).rev().map(|bit| value >> bit & 1 == 1));
        }

        fn bytes(&self) -> Vec<u8> {
            let byte = |bits: &[bool]| {
                bits.iter().zip((0..8).rev()).fold(0, |byte, (bit, at)| byte | u8::from(*bit) << at)
            };
            self.bits.chunks(8).map(byte).collect()
        }
    }

    /// A file in the form of a stock orchestrator.
    pub(in crate::stock) fn file(segments: u32, frames: &[Frame]) -> Vec<u8> {
        let mut w = Writer::default();
        for (value, bits) in [(1, 32), (1, 1), (0, 16), (0, 16), (639, 16), (359, 16), (0, 32)] {
            w.put(value, bits);
        }
        for (value, bits) in
            [(frames.len() as u64, 32), (24_464, 16), (1, 1), (0, 64), (segments.into(), 32)]
        {
            w.put(value, bits);
        }
        for _ in 0..segments {
            (0..21).for_each(|_| w.put(u64::MAX, 64));
        }
        w.put(0, 1);
        for frame in frames {
            w.put(1, 1);
            w.put(frame.pts.into(), 32);
            w.put(frame.confidence.into(), 8);
            w.put(0, 40);
            frame.words.iter().for_each(|word| w.put((*word).into(), 8));
        }
        w.bytes()
    }

    fn frames(count: u8) -> Vec<Frame> {
        let frame = |n: u8| Frame { pts: u32::from(n) * 3_000, confidence: 90, words: [n; WORDS] };
        (0..count).map(frame).collect()
    }

    #[test]
    fn a_file_has_the_length_that_recorded_ones_have_and_is_read_back() {
        assert_eq!(Hash::bytes(2, 60), 5_538);
        assert_eq!(Hash::bytes(1, 37), 3_389);
        let bytes = file(2, &frames(60));
        assert_eq!(bytes.len(), 5_538);
        let hash = Hash::parse(&bytes).unwrap();
        assert_eq!((hash.size, hash.ticks), ((640, 360), 24_464));
        assert_eq!(hash.frames, frames(60));
    }

    #[test]
    fn counts_beyond_the_file_are_refused_before_anything_is_allocated() {
        let mut bytes = file(1, &frames(3));
        // number of segments: bits 242 to 273
        bytes[31..34].fill(0xff);
        assert!(matches!(Hash::parse(&bytes), Err(HashError::Short { .. })));
        // number of pictures: bits 129 to 160
        let mut bytes = file(1, &frames(3));
        bytes[17] = 0xff;
        assert!(matches!(Hash::parse(&bytes), Err(HashError::Short { .. })));
    }

    #[test]
    fn empty_cut_padded_and_impossible_files_say_what_is_wrong() {
        let whole = file(1, &frames(3));
        assert_eq!(Hash::parse(&[]), Err(HashError::Empty));
        assert!(matches!(Hash::parse(&vec![0; BYTES + 1]), Err(HashError::TooLarge { .. })));
        assert!(matches!(Hash::parse(&whole[..whole.len() - 1]), Err(HashError::Short { .. })));
        assert!(matches!(
            Hash::parse(&[&whole[..], &[0; 9]].concat()),
            Err(HashError::Long { .. })
        ));
        let wrong = Frame { words: [243; WORDS], ..frames(1)[0] };
        let error = Hash::parse(&file(0, &[wrong])).unwrap_err();
        assert_eq!(
            error.to_string(),
            "byte 243 in picture 0 of a perceptual hash, at most 242 are possible"
        );
    }

    proptest! {
        #[test]
        fn any_bytes_are_a_hash_or_an_error(
            at in prop::collection::vec((any::<prop::sample::Index>(), any::<u8>()), 0..6),
            random in prop::collection::vec(any::<u8>(), 0..400),
        ) {
            let mut bytes = file(1, &frames(4));
            for (index, byte) in at {
                let index = index.index(bytes.len());
                bytes[index] = byte;
            }
            drop(Hash::parse(&random));
            if let Ok(hash) = Hash::parse(&bytes) {
                prop_assert!(hash.frames.iter().all(|frame| frame.words.iter().all(|word| *word <= LARGEST)));
            }
        }
    }
}
