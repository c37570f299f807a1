//! The paths under `/stream/`: written into playlists and read from requests, here for both.

use std::fmt;

use waymark_media::Container;

use super::SOURCE;
use crate::ingest::{ManifestId, percent_decode};
use crate::profile::check_name;

/// Name of the playlist of the stream that was started last, where that is switched on.
const CURRENT: &str = "current";

/// The URI of one segment. `e` is only there after a restart, so that the ordinary one is the
/// same as go-livepeer's.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct SegmentUri<'a> {
    /// The stream.
    pub manifest: &'a str,
    /// `source` or the name of a profile.
    pub rendition: &'a str,
    /// Sequence number as pushed.
    pub seq: u64,
    /// Restarts of the encoder before this segment.
    pub epoch: u64,
    /// Decides the extension.
    pub container: Container,
}

impl fmt::Display for SegmentUri<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { manifest, rendition, seq, epoch, container } = self;
        write!(f, "/stream/{manifest}/{rendition}/{seq}.{}", container.ext())?;
        if *epoch > 0 {
            write!(f, "?e={epoch}")?;
        }
        Ok(())
    }
}

/// What a player asks for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum HlsPath {
    /// `/stream/{manifest}.m3u8`
    Master {
        /// The stream.
        manifest: ManifestId,
    },
    /// `/stream/{manifest}/{rendition}.m3u8`
    Media {
        /// The stream.
        manifest: ManifestId,
        /// `source` or the name of a profile.
        rendition: String,
    },
    /// `/stream/{manifest}/{rendition}/{seq}.ts` or `.mp4`, with `?e=N` after a restart.
    Segment {
        /// The stream.
        manifest: ManifestId,
        /// `source` or the name of a profile.
        rendition: String,
        /// Sequence number as pushed.
        seq: u64,
        /// Restarts of the encoder before this segment.
        epoch: u64,
        /// By the extension.
        container: Container,
    },
}

impl HlsPath {
    /// Reads path and query of a request. `None`: nothing can be there.
    pub fn parse(uri: &http::Uri) -> Option<Self> {
        let mut elements = uri.path().strip_prefix("/stream/")?.split('/');
        let (one, two, three) = (elements.next()?, elements.next(), elements.next());
        if elements.next().is_some() {
            return None;
        }
        match (two, three) {
            (None, _) => Some(Self::Master { manifest: manifest(one.strip_suffix(".m3u8")?)? }),
            (Some(two), None) => {
                let rendition = rendition(two.strip_suffix(".m3u8")?)?;
                Some(Self::Media { manifest: manifest(one)?, rendition })
            }
            (Some(two), Some(three)) => {
                let (seq, extension) = three.rsplit_once('.')?;
                Some(Self::Segment {
                    manifest: manifest(one)?,
                    rendition: rendition(two)?,
                    seq: number(seq)?,
                    epoch: epoch(uri.query())?,
                    container: container(extension)?,
                })
            }
        }
    }

    /// The stream.
    pub const fn manifest(&self) -> &ManifestId {
        match self {
            Self::Master { manifest }
            | Self::Media { manifest, .. }
            | Self::Segment { manifest, .. } => manifest,
        }
    }

    /// True for `/stream/current.m3u8` in any case: where `-currentManifest` is on, the master
    /// playlist of the stream started last.
    pub fn is_current(&self) -> bool {
        matches!(self, Self::Master { manifest } if manifest.as_str().eq_ignore_ascii_case(CURRENT))
    }
}

fn manifest(element: &str) -> Option<ManifestId> {
    ManifestId::parse(&percent_decode(element)?).ok()
}

fn rendition(element: &str) -> Option<String> {
    let name = percent_decode(element)?;
    (name == SOURCE || check_name(&name).is_ok()).then(|| name.into_owned())
}

fn container(extension: &str) -> Option<Container> {
    [Container::MpegTs, Container::Mp4].into_iter().find(|c| c.ext() == extension)
}

/// Digits only: `u64::from_str` would take a sign as well.
fn number(text: &str) -> Option<u64> {
    text.bytes().all(|b| b.is_ascii_digit()).then(|| text.parse().ok()).flatten()
}

/// Other parameters (cache busters, tokens of a CDN) are not ours to refuse.
fn epoch(query: Option<&str>) -> Option<u64> {
    let pairs = query.unwrap_or_default().split('&').filter_map(|pair| pair.split_once('='));
    match pairs.filter(|(key, _)| *key == "e").map(|(_, value)| value).next_back() {
        Some(value) => number(value),
        None => Some(0),
    }
}

#[cfg(test)]
mod tests;
