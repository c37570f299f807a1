//! Perceptual hashes in the form in which stock nodes return them.
//!
//! What is in them is made up: values that follow from the segment and the profile, so that nodes which
//! were sent the same answer the same, as stock nodes do that hash pictures before they encode them.
//! With the feature `legacy-phash` honest ones are those of the pictures, where there are pictures.

use std::time::Duration;

use alloy_primitives::{B256, keccak256};
use bytes::Bytes;

use super::credentials::{Profile, SegmentJob};
use super::engine::Rendition;
use super::result::HashLie;

/// Bytes of a hash that is meant to fill memory.
const ENDLESS: usize = 300_000_000;
/// Values of a picture, five of three to a byte.
const WORDS: usize = 76;
/// Bytes from 0 on that five values of three make.
const BYTES: u8 = 243;
/// Pictures from one coarse segment to the next, each of which takes so many bits.
const COARSE: (usize, usize) = (45, 1_344);
/// Ticks of a second, of which the file keeps the lower 16 bits.
const TICKS: u64 = 90_000;

/// The hash of a rendition, or what stands in its place.
pub(crate) async fn file(
    job: &SegmentJob,
    profile: &Profile,
    rendition: &Rendition,
    lie: HashLie,
) -> Option<Bytes> {
    let segment = job.announced_hash();
    match lie {
        HashLie::Missing => None,
        HashLie::Empty => Some(Bytes::new()),
        HashLie::Endless => Some(Bytes::from(vec![0; ENDLESS])),
        HashLie::Honest => {
            let extracted = extracted(rendition).await;
            Some(extracted.unwrap_or_else(|| made(segment, profile, job.duration)))
        }
        HashLie::Other => Some(made(keccak256(segment), profile, job.duration)),
    }
}

/// The hash of a rendition's pictures, where this build can make it and they are pictures.
async fn extracted(rendition: &Rendition) -> Option<Bytes> {
    let bytes = rendition.bytes.clone();
    tokio::task::spawn_blocking(move || signature(&bytes)).await.ok()?
}

#[cfg(feature = "legacy-phash")]
fn signature(bytes: &[u8]) -> Option<Bytes> {
    let reel = waymark_media::Reel::decode(bytes).ok()?;
    reel.signature().ok().map(Bytes::from)
}

#[cfg(not(feature = "legacy-phash"))]
const fn signature(_: &[u8]) -> Option<Bytes> {
    None
}

fn made(segment: B256, profile: &Profile, duration: Duration) -> Bytes {
    let wire = &profile.wire;
    let rate = u64::from(if wire.fps == 0 { 30 } else { wire.fps });
    let rate = rate.div_ceil(u64::from(wire.fps_den.max(1))).max(1);
    let millis = u64::try_from(duration.as_millis()).unwrap_or(u64::MAX);
    let pictures = rate.saturating_mul(millis).div_ceil(1_000).min(100_000);
    let side = |side: i32| u64::try_from(side).unwrap_or(1).max(1) - 1;
    let coarse = usize::try_from(pictures).unwrap_or(usize::MAX).div_ceil(COARSE.0);
    let mut bits = Bits::default();
    let header =
        [(1, 32), (1, 1), (0, 16), (0, 16), (side(wire.width), 16), (side(wire.height), 16)];
    let times = [(0, 32), (pictures, 32), (TICKS, 16), (1, 1), (0, 64), (coarse as u64, 32)];
    header.into_iter().chain(times).for_each(|(value, count)| bits.put(value, count));
    (0..coarse * COARSE.1).for_each(|_| bits.put(0, 1));
    bits.put(0, 1);
    for picture in 0..pictures {
        bits.put(1, 1);
        bits.put(picture * TICKS / rate, 32);
        bits.put(90, 8);
        bits.put(0, 40);
        for word in words(segment, &profile.name, picture) {
            bits.put(word.into(), 8);
        }
    }
    bits.bytes()
}

/// The values of one picture.
fn words(segment: B256, profile: &str, picture: u64) -> impl Iterator<Item = u8> {
    let seed = [segment.as_slice(), profile.as_bytes(), &picture.to_be_bytes()].concat();
    let hashes = std::iter::successors(Some(keccak256(seed)), |hash| Some(keccak256(hash)));
    hashes.flat_map(|hash| hash.0).map(|byte| byte % BYTES).take(WORDS)
}

/// Numbers of any length, the highest bit first.
#[derive(Default)]
struct Bits {
    bytes: Vec<u8>,
    count: usize,
}

impl Bits {
    fn put(&mut self, value: u64, count: u32) {
        for bit in (0..count).rev() {
            if self.count.is_multiple_of(8) {
                self.bytes.push(0);
            }
            let one = value.checked_shr(bit).is_some_and(|rest| rest & 1 == 1);
            if let Some(last) = self.bytes.last_mut().filter(|_| one) {
                *last |= 0x80 >> (self.count % 8);
            }
            self.count += 1;
        }
    }

    fn bytes(self) -> Bytes {
        self.bytes.into()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_are_written_from_the_highest_bit_on() {
        let mut bits = Bits::default();
        for (value, count) in [(0b101, 3), (1, 1), (0xff0, 12), (TICKS, 16)] {
            bits.put(value, count);
        }
        assert_eq!(bits.bytes(), &[0b1011_1111, 0b1111_0000, 0x5f, 0x90][..]);
    }

    #[test]
    fn the_same_segment_has_the_same_values_and_another_one_has_others() {
        let of = |segment: u8, picture| {
            words(B256::repeat_byte(segment), "P240", picture).collect::<Vec<_>>()
        };
        assert_eq!(of(1, 0), of(1, 0));
        assert_ne!(of(1, 0), of(2, 0));
        assert_ne!(of(1, 0), of(1, 1));
        assert!(of(1, 0).len() == WORDS && of(1, 0).iter().all(|byte| *byte < BYTES));
    }
}
