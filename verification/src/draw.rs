//! What is looked at, chosen by a secret after the bytes have arrived.
//!
//! An orchestrator must not be able to tell which pictures, which rendition and which block borders
//! a check will use, or it could be honest there and nowhere else. Everything follows from an HMAC
//! over the job, the sequence number and the hash of what was returned: the same evidence is always
//! judged alike, and nobody can know how before it exists.

use hmac::{Hmac, Mac};
use sha2::Sha256;

/// HMAC-SHA256 over a label and parts, each with its length, so that no two lists of parts collide.
pub fn mac(secret: &[u8; 32], label: &str, parts: &[&[u8]]) -> [u8; 32] {
    // HMAC fills a key up to the hash's block with zeros; doing so here leaves nothing that can fail.
    let mut key = [0; 64];
    key[..32].copy_from_slice(secret);
    let mut mac = Hmac::<Sha256>::new(&key.into());
    for part in std::iter::once(&label.as_bytes()).chain(parts) {
        mac.update(&u64::try_from(part.len()).unwrap_or(u64::MAX).to_be_bytes());
        mac.update(part);
    }
    mac.finalize().into_bytes().into()
}

/// Choices for one result.
#[derive(Clone)]
pub struct Choice {
    seed: [u8; 32],
}

impl Choice {
    /// For the result of this job and segment with this hash. `secret` must never leave the gateway
    /// while results it chose for may still arrive.
    pub fn new(secret: &[u8; 32], job: &str, seq: u64, output: &[u8]) -> Self {
        Self { seed: mac(secret, "choice", &[job.as_bytes(), &seq.to_be_bytes(), output]) }
    }

    /// Shift of a lattice in 1/256 of a block, -64 to 64 both ways. Different `use_of` (a word for
    /// the purpose) give independent shifts.
    pub fn shift(&self, use_of: &str) -> (i8, i8) {
        let bytes = mac(&self.seed, "shift", &[use_of.as_bytes()]);
        let of = |at: usize| {
            let wide =
                bytes[at..at + 8].iter().fold(0_u64, |sum, byte| sum << 8 | u64::from(*byte));
            let steps = u8::try_from(wide % 129).unwrap_or_default();
            i8::try_from(i16::from(steps) - 64).unwrap_or_default()
        };
        (of(0), of(8))
    }

    /// One of `count` renditions; 0 of none.
    pub fn rendition(&self, count: u32) -> u32 {
        self.below("rendition", 0, count)
    }

    /// `wanted` different pictures of `count`, ascending; all of them where there are no more.
    pub fn frames(&self, use_of: &str, wanted: u32, count: u32) -> Vec<u32> {
        // One in each of `wanted` equal parts: no long stretch goes unseen.
        let wanted = wanted.min(count);
        (0..wanted)
            .map(|part| {
                let edge = |part: u32| {
                    let scaled = u64::from(part) * u64::from(count) / u64::from(wanted.max(1));
                    u32::try_from(scaled).unwrap_or(count)
                };
                let (from, to) = (edge(part), edge(part + 1));
                from + self.below(use_of, part, to - from)
            })
            .collect()
    }

    /// Of how many pictures a dispute measures the detail: 5 to 8.
    pub fn depth(&self) -> u32 {
        5 + self.below("depth", 0, 4)
    }

    fn below(&self, label: &str, index: u32, bound: u32) -> u32 {
        let bytes = mac(&self.seed, label, &[&index.to_be_bytes()]);
        let wide = bytes.iter().take(8).fold(0_u64, |sum, byte| sum << 8 | u64::from(*byte));
        u32::try_from(wide % u64::from(bound.max(1))).unwrap_or_default()
    }
}

/// Says nothing: the choices are a secret.
impl std::fmt::Debug for Choice {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Choice").finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn parts_are_told_apart_by_their_lengths() {
        let secret = [7; 32];
        assert_ne!(mac(&secret, "a", &[b"bc"]), mac(&secret, "ab", &[b"c"]));
        assert_ne!(mac(&secret, "a", &[b"b", b"c"]), mac(&secret, "a", &[b"bc"]));
    }

    #[test]
    fn the_same_evidence_is_judged_alike_and_other_evidence_is_not() {
        let choice = |output: &[u8]| Choice::new(&[7; 32], "job", 3, output);
        let pick = |choice: &Choice| (choice.shift("grid"), choice.frames("sharp", 3, 60));
        assert_eq!(pick(&choice(b"x")), pick(&choice(b"x")));
        assert_ne!(pick(&choice(b"x")), pick(&choice(b"y")));
        assert_ne!(choice(b"x").shift("grid"), choice(b"x").shift("dispute"));
        assert_eq!(format!("{:?}", choice(b"x")), "Choice { .. }");
    }

    proptest! {
        #[test]
        fn choices_are_in_range(secret: [u8; 32], seq: u64, wanted in 0_u32..20, count in 0_u32..100) {
            let choice = Choice::new(&secret, "job", seq, b"hash");
            let frames = choice.frames("ssim", wanted, count);
            prop_assert_eq!(frames.len(), wanted.min(count) as usize);
            prop_assert!(frames.windows(2).all(|pair| pair[0] < pair[1]));
            prop_assert!(frames.iter().all(|frame| *frame < count));
            let (x, y) = choice.shift("grid");
            prop_assert!((-64..=64).contains(&x) && (-64..=64).contains(&y));
            prop_assert!((5..=8).contains(&choice.depth()));
            prop_assert!(choice.rendition(count) < count.max(1));
        }
    }
}
