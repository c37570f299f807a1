//! The text of the playlists.

use std::fmt::Write as _;
use std::time::Duration;

use super::{Entry, SOURCE, Window, WindowConfig};

/// Bandwidth in the master playlist for the source, whatever it really is
/// (go-livepeer `core/playlistmanager.go:222-357`).
const SOURCE_BANDWIDTH: u64 = 4_000_000;

impl<R: Clone> Window<R> {
    /// The master playlist; `None` before the first segment is listed.
    pub fn master(&self) -> Option<String> {
        if self.listed.is_empty() {
            return None;
        }
        let WindowConfig { manifest, source_resolution, renditions, .. } = &self.config;
        let manifest = manifest.as_str();
        // A relative reference cannot have a colon in its first element (RFC 3986 4.2).
        let prefix = if manifest.contains(':') { "./" } else { "" };
        let mut text = String::from("#EXTM3U\n#EXT-X-VERSION:3\n");
        let source = (SOURCE, SOURCE_BANDWIDTH, *source_resolution);
        let others = renditions.iter().map(|v| (v.name.as_str(), v.bandwidth, v.resolution));
        for (name, bandwidth, (width, height)) in std::iter::once(source).chain(others) {
            write!(
                text,
                "#EXT-X-STREAM-INF:PROGRAM-ID=0,BANDWIDTH={bandwidth},RESOLUTION={width}x{height}\n\
                 {prefix}{manifest}/{name}.m3u8\n"
            )
            .expect("writing to a String cannot fail");
        }
        Some(text)
    }

    /// The media playlist of `source` or a profile; `None` for another name, and before the first
    /// segment is listed.
    pub fn media(&self, rendition: &str) -> Option<String> {
        if self.listed.is_empty() || !self.has_rendition(rendition) {
            return None;
        }
        let mut text = format!(
            "#EXTM3U\n#EXT-X-VERSION:3\n#EXT-X-MEDIA-SEQUENCE:{}\n#EXT-X-TARGETDURATION:{}\n",
            self.media_sequence, self.target_duration
        );
        if self.discontinuity_sequence > 0 {
            writeln!(text, "#EXT-X-DISCONTINUITY-SEQUENCE:{}", self.discontinuity_sequence)
                .expect("writing to a String cannot fail");
        }
        for Entry { seq, epoch, discontinuity, media } in &self.listed {
            if *discontinuity {
                text.push_str("#EXT-X-DISCONTINUITY\n");
            }
            let millis = rounded_millis(media.duration);
            let uri = self.uri(rendition, *seq, *epoch);
            writeln!(text, "#EXTINF:{}.{:03},\n{uri}", millis / 1000, millis % 1000)
                .expect("writing to a String cannot fail");
        }
        if self.ended {
            text.push_str("#EXT-X-ENDLIST\n");
        }
        Some(text)
    }
}

/// Seconds, rounded up, for the target duration. At least 1: with 0 a player would never pause.
pub(super) fn target_duration(duration: Duration) -> u64 {
    rounded_millis(duration).div_ceil(1000).max(1)
}

fn rounded_millis(duration: Duration) -> u64 {
    let millis = duration.as_nanos().saturating_add(500_000) / 1_000_000;
    u64::try_from(millis).unwrap_or(u64::MAX)
}
