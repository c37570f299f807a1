//! The tag of a job that nobody tagged. The facts (which capability number, pipeline or offering
//! belongs to which tag) are `maps` of the registry; the rules that need more than a look-up
//! (live or not, HEVC, names chosen by strangers) are here. Every shape gets a tag.

use crate::shape::Delivery;
use crate::{JobShape, MapSystem, Registry, Tag, TranscodeShape};

/// go-livepeer's number for live video to video (`core/capabilities.go:90`).
const LIVE_VIDEO_TO_VIDEO: u16 = 35;

/// go-livepeer's number for containers that operators bring (`core/capabilities.go:92`).
const BYOC: u16 = 37;

/// The longest slug: the longest segment of a tag.
const MAX_SLUG_BYTES: usize = 32;

/// The tag of `shape` by the built-in registry.
pub fn default_tag(shape: &JobShape<'_>) -> Tag {
    Registry::builtin().default_tag(shape)
}

impl Registry {
    /// The tag that a job of this shape gets when neither the client nor the operator named one.
    pub fn default_tag(&self, shape: &JobShape<'_>) -> Tag {
        let found = match *shape {
            JobShape::Transcode(job) => Some(transcode_tag(job)),
            JobShape::Capability { id: LIVE_VIDEO_TO_VIDEO, name } => self.live_video_tag(name),
            JobShape::Capability { id: BYOC, name } => self.container_tag(name),
            JobShape::Capability { id, .. } => {
                self.mapped(MapSystem::Capability, &id.to_string()).cloned()
            }
            JobShape::Pipeline(name) => self.mapped(MapSystem::Pipeline, name).cloned(),
            JobShape::App(name) => self.app_tag(name),
            JobShape::Offering(name) => self.mapped(MapSystem::Offering, name).cloned(),
        };
        found.unwrap_or_else(|| known("compute/other"))
    }

    fn live_video_tag(&self, name: &str) -> Option<Tag> {
        self.mapped(MapSystem::App, name).cloned().or_else(|| {
            let pipeline = name.strip_prefix("live-video-to-video/").unwrap_or(name);
            Some(below("ai/live-video-to-video", pipeline))
        })
    }

    fn app_tag(&self, name: &str) -> Option<Tag> {
        self.mapped(MapSystem::App, name).cloned().or_else(|| {
            let pipeline = name.strip_prefix("live-video-to-video/")?;
            Some(below("ai/live-video-to-video", pipeline))
        })
    }

    fn container_tag(&self, name: &str) -> Option<Tag> {
        self.mapped(MapSystem::Byoc, name)
            .cloned()
            .or_else(|| format!("compute/byoc/{}", slug(name)?).parse().ok())
    }
}

fn transcode_tag(job: &TranscodeShape) -> Tag {
    match job.delivery {
        Delivery::Live => known("transcode/live/abr"),
        Delivery::Vod if job.needs_hevc_class() => known("transcode/vod/hevc"),
        Delivery::Vod => known("transcode/vod"),
    }
}

/// `parent/<slug>`, or `parent` itself when the name leaves nothing to write.
fn below(parent: &'static str, name: &str) -> Tag {
    slug(name)
        .and_then(|slug| format!("{parent}/{slug}").parse().ok())
        .unwrap_or_else(|| known(parent))
}

fn known(tag: &'static str) -> Tag {
    tag.parse().expect("the literals of this module follow the grammar; a test maps each shape")
}

/// A name from outside as one segment of a tag: lower case, other characters as single dashes,
/// at most 32 bytes. `None` when nothing is left.
pub fn slug(name: &str) -> Option<String> {
    let mut slug = String::new();
    for character in name.chars().map(|c| c.to_ascii_lowercase()) {
        let kept = match character {
            'a'..='z' | '0'..='9' => character,
            '.' | '_' | '-' if !slug.is_empty() => character,
            _ if slug.is_empty() || slug.ends_with('-') => continue,
            _ => '-',
        };
        if slug.len() == MAX_SLUG_BYTES {
            break;
        }
        slug.push(kept);
    }
    slug.truncate(slug.trim_end_matches(['.', '_', '-']).len());
    (!slug.is_empty()).then_some(slug)
}

#[cfg(test)]
mod tests;
