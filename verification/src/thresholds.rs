//! Every bound in one place, with where it comes from.
//!
//! A record states the [`Thresholds::id`] it was judged with, so that a verdict can be made again later. A bound that
//! is not here must not decide anything.
//!
//! Sources of the numbers: *stock* stands for 1,838 renditions that a go-livepeer v0.9.1 orchestrator returned
//! (software encoder, generated pictures), *clips* for 18 clips in 9 honest and 45 altered renditions. Both know
//! software encoders only: fit them anew on hardware before a bound leads to a penalty.

pub mod ai;
pub mod fast;
pub mod full;

use serde::{Deserialize, Serialize};

pub use self::ai::Ai;
pub use self::fast::{Expected, Key, Packets, Replay};
pub use self::full::Full;

/// All bounds.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Thresholds {
    /// What is expected of a rendition, and by how much it may differ.
    pub expected: Expected,
    /// Bounds on containers, times and sizes of packets.
    pub packets: Packets,
    /// Bounds on the pictures of key frames.
    pub key: Key,
    /// What counts as the repetition of an earlier rendition.
    pub replay: Replay,
    /// Bounds on all pictures of a rendition.
    pub full: Full,
    /// Bounds on what models return.
    pub ai: Ai,
}

impl Thresholds {
    /// Name of these very bounds: `blake3:` and the hash of their canonical JSON (RFC 8785), in hex.
    pub fn id(&self) -> String {
        // Plain numbers only: nothing of it can fail to be written.
        let canonical = serde_json_canonicalizer::to_vec(self).unwrap_or_default();
        format!("blake3:{}", blake3::hash(&canonical).to_hex())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn bounds_are_named_by_what_they_are() {
        let (usual, mut other) = (Thresholds::default(), Thresholds::default());
        assert_eq!(usual.id(), other.id());
        other.key.luma_mean += 0.5;
        assert_ne!(usual.id(), other.id());
        assert_eq!(usual.id().len(), "blake3:".len() + 64);
    }

    #[test]
    fn a_document_states_only_what_differs() {
        let read: Thresholds = serde_json::from_str(r#"{"packets":{"byte_factor":2.0}}"#).unwrap();
        assert!((read.packets.byte_factor - 2.0).abs() < f64::EPSILON);
        assert_eq!(read.key, Key::default());
        assert!(serde_json::from_str::<Thresholds>(r#"{"packets":{"bytes":2.0}}"#).is_err());
    }
}
