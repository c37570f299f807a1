//! What was measured.

use serde::{Deserialize, Serialize};

use crate::full::{Features, Quality, Summary};

/// A rendition beside its source.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Compared {
    /// On block means, and the detail of the pictures below.
    pub features: Features,
    /// Pictures in full resolution, each named by its place among the rendition's coded pictures.
    pub pictures: Vec<Quality>,
}

/// A rendition and our own encoding, both beside the source.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Disputed {
    /// The rendition.
    pub theirs: Compared,
    /// Our own encoding, on the same pictures.
    pub ours: Compared,
}

impl Compared {
    /// Means over the pictures; `None` where there are none.
    pub fn summary(&self) -> Option<Summary> {
        Summary::of(&self.pictures)
    }

    /// The pictures at these places.
    pub fn at(&self, places: &[u32]) -> Vec<Quality> {
        let named = |quality: &&Quality| places.contains(&quality.frame);
        self.pictures.iter().filter(named).cloned().collect()
    }
}
