//! The segments of a load run.

use std::path::Path;
use std::time::Duration;

use anyhow::{Context as _, bail, ensure};
use bytes::{Bytes, BytesMut};
use waymark_media::{Container, TestPattern};

/// Bytes of an MPEG-TS packet.
const PACKET: usize = 188;
/// Most segments of one source.
const MAX_SEGMENTS: usize = 64;
/// Share of the size that the video is asked to fill; padding does the rest.
const FILL_PERCENT: u64 = 90;
/// Rates tried, each half of the one before.
const ATTEMPTS: usize = 5;

/// Segments that every stream pushes in turn.
#[derive(Clone, Debug)]
pub struct Source {
    segments: Vec<Bytes>,
    duration: Duration,
    container: Container,
}

impl Source {
    /// Draws `count` segments of 2 s, 1280x720 with sound, about `size` bytes each. Blocks.
    pub fn pattern(count: usize, size: usize) -> anyhow::Result<Self> {
        ensure!((1..=MAX_SEGMENTS).contains(&count), "1 to {MAX_SEGMENTS} segments can be drawn");
        let duration = Duration::from_secs(2);
        let pattern =
            TestPattern { width: 1280, height: 720, segment: duration, ..TestPattern::default() };
        let segments = draw(&pattern, count, size)?;
        Ok(Self { segments, duration, container: Container::MpegTs })
    }

    /// Reads files; each is one segment of `duration`. The first one's extension gives the container.
    pub async fn files(paths: &[impl AsRef<Path>], duration: Duration) -> anyhow::Result<Self> {
        ensure!(
            (1..=MAX_SEGMENTS).contains(&paths.len()),
            "1 to {MAX_SEGMENTS} files can be pushed"
        );
        let mut segments = Vec::new();
        for path in paths {
            let path = path.as_ref();
            let bytes = tokio::fs::read(path).await;
            segments.push(bytes.with_context(|| format!("cannot read {}", path.display()))?.into());
        }
        let extension = paths.first().and_then(|path| path.as_ref().extension()?.to_str());
        let container = extension
            .and_then(Container::from_ext)
            .context("a segment's file must end in .ts or .mp4")?;
        Ok(Self { segments, duration, container })
    }

    /// Bytes at hand: the same segments for every run.
    pub fn bytes(segments: Vec<Bytes>, duration: Duration) -> anyhow::Result<Self> {
        ensure!(!segments.is_empty(), "a source needs a segment");
        Ok(Self { segments, duration, container: Container::MpegTs })
    }

    /// The segment pushed as number `seq`.
    pub fn segment(&self, seq: usize) -> Bytes {
        self.segments.get(seq % self.segments.len().max(1)).cloned().unwrap_or_default()
    }

    /// Different segments there are.
    pub fn all(&self) -> &[Bytes] {
        &self.segments
    }

    /// Length of each segment.
    pub fn duration(&self) -> Duration {
        self.duration
    }

    /// Container of all segments.
    pub fn container(&self) -> Container {
        self.container
    }
}

/// Fills a transport stream up to `size` bytes, rounded down to whole packets, with packets that every
/// reader skips. A longer stream stays as it is.
pub fn pad_ts(stream: &[u8], size: usize) -> Bytes {
    let mut null = [0xff; PACKET];
    null[..4].copy_from_slice(&[0x47, 0x1f, 0xff, 0x10]);
    let mut padded = BytesMut::with_capacity(size.max(stream.len()));
    padded.extend_from_slice(stream);
    while padded.len() + PACKET <= size {
        padded.extend_from_slice(&null);
    }
    padded.freeze()
}

/// Segments of a pattern, each filled up to `size` bytes. The rate is lowered until all of them fit.
pub(super) fn draw(pattern: &TestPattern, count: usize, size: usize) -> anyhow::Result<Vec<Bytes>> {
    let mut rate = bitrate(size, pattern.segment);
    for _ in 0..ATTEMPTS {
        let drawn = TestPattern { bitrate: rate, ..pattern.clone() }
            .segments(count)
            .context("cannot draw test video")?;
        if drawn.iter().all(|segment| segment.bytes.len() <= size) {
            return Ok(drawn.iter().map(|segment| pad_ts(&segment.bytes, size)).collect());
        }
        rate = (rate / 2).max(1);
    }
    let (width, height) = (pattern.width, pattern.height);
    bail!(
        "{width}x{height} cannot be drawn in {size} bytes for {:?}: ask for more",
        pattern.segment
    )
}

/// Bits per second that fill most of `size` bytes in `duration`.
fn bitrate(size: usize, duration: Duration) -> u32 {
    let millis = u64::try_from(duration.as_millis()).unwrap_or(u64::MAX).max(1);
    let bits = (size as u64).saturating_mul(8 * 10 * FILL_PERCENT);
    u32::try_from(bits / millis).unwrap_or(u32::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn padding_fills_whole_packets_and_never_cuts() {
        let packet = [0x47; PACKET];
        assert_eq!(pad_ts(&packet, 1000).len(), 5 * PACKET);
        assert_eq!(pad_ts(&packet, 10), packet[..]);
        let padded = pad_ts(&packet, 2 * PACKET);
        assert_eq!(padded[PACKET..PACKET + 4], [0x47, 0x1f, 0xff, 0x10]);
    }

    #[test]
    fn the_rate_fills_nine_tenths() {
        assert_eq!(bitrate(800_000, Duration::from_secs(2)), 2_880_000);
        assert_eq!(bitrate(usize::MAX, Duration::ZERO), u32::MAX);
    }
}
