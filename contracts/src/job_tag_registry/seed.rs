//! The tags that a new registry begins with, in the order of their numbers.
//!
//! A number means the same tag for ever, so this list may only grow at its end. Roots first, then the tags of
//! the default mapping (open-data 5.3) with the parents they need; who deploys a registry registers them in this
//! order as its first 22 tags. A test compares the list with the registry that the gateway carries.

use alloy_primitives::{B256, keccak256};

use super::JobTagRegistry::registerTagCall;
use super::OPEN;

/// Path, and whether anybody may register children: where the next segment is the name of an operator's own
/// container or pipeline.
const SEED: [(&str, bool); 22] = [
    ("transcode", false),
    ("ai", false),
    ("compute", false),
    ("transcode/live", false),
    ("transcode/live/abr", false),
    ("transcode/vod", false),
    ("transcode/vod/hevc", false),
    ("ai/text-to-image", false),
    ("ai/image-to-image", false),
    ("ai/image-to-video", false),
    ("ai/upscale", false),
    ("ai/audio-to-text", false),
    ("ai/segment-anything-2", false),
    ("ai/llm", false),
    ("ai/llm/chat", false),
    ("ai/llm/embed", false),
    ("ai/llm/rerank", false),
    ("ai/image-to-text", false),
    ("ai/live-video-to-video", true),
    ("ai/text-to-speech", false),
    ("compute/byoc", true),
    ("compute/other", false),
];

/// A tag of the seed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct SeedTag {
    /// Its number.
    pub id: u32,
    /// Its parent's; 0 for a root.
    pub parent_id: u32,
    /// The whole path.
    pub path: &'static str,
    /// Whether anybody may register children.
    pub open: bool,
}

impl SeedTag {
    /// The last segment.
    pub fn label(&self) -> &'static str {
        self.path.rsplit_once('/').map_or(self.path, |(_, label)| label)
    }

    /// Its namehash.
    pub fn key(&self) -> B256 {
        self.path.split('/').fold(B256::ZERO, |parent, label| {
            keccak256([parent.0, keccak256(label).0].as_flattened())
        })
    }

    /// The call that registers it, without a document that describes it.
    pub fn call(&self) -> registerTagCall {
        registerTagCall {
            parentId: self.parent_id,
            label: self.label().to_owned(),
            flags: if self.open { OPEN } else { 0 },
            schemaHash: B256::ZERO,
            schemaURI: String::new(),
        }
    }
}

/// The tags, from number 1 on.
pub fn seed() -> impl Iterator<Item = SeedTag> {
    (1..).zip(SEED).map(|(id, (path, open))| {
        let parent = path.rsplit_once('/').map(|(parent, _)| parent);
        let place = parent.and_then(|parent| SEED.iter().position(|(path, _)| *path == parent));
        // 22 tags: the place fits. A test finds every parent.
        let parent_id = place.and_then(|at| u32::try_from(at + 1).ok()).unwrap_or(0);
        SeedTag { id, parent_id, path, open }
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_parent_comes_before_its_children() {
        for tag in seed() {
            assert!(tag.parent_id < tag.id, "{tag:?}");
            let path = match seed().find(|parent| parent.id == tag.parent_id) {
                Some(parent) => format!("{}/{}", parent.path, tag.label()),
                None => tag.label().to_owned(),
            };
            assert_eq!(path, tag.path);
        }
    }

    #[test]
    fn numbers_are_for_ever() {
        let of = |path| seed().find(|tag| tag.path == path).map(|tag| tag.id);
        assert_eq!(seed().count(), 22);
        assert_eq!((of("transcode"), of("ai"), of("compute")), (Some(1), Some(2), Some(3)));
        assert_eq!((of("transcode/live/abr"), of("ai/llm/chat")), (Some(5), Some(15)));
        assert_eq!(of("compute/other"), Some(22));
    }
}
