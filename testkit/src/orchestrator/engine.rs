//! What turns a segment into renditions: libav on a bounded number of threads, or bytes made before.
//!
//! This is the only module that knows how media is processed. Errors are the texts a stock node puts
//! into its result.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use alloy_primitives::{B256, keccak256};
use anyhow::ensure;
use bytes::Bytes;
use tokio::sync::Semaphore;
use waymark_media::{
    Container, Gop, H264Profile, Limits, Target, TranscodeError, probe, transcode,
};
use waymark_proto::net::video_profile as wire;

use super::cheat::Ploy;
use super::credentials::{Profile, SegmentJob};
use super::forge;

/// A rendition smaller than this counts as none.
const MIN_RENDITION: usize = 25;
const INVALID_VIDEO: &str = "TranscoderInvalidVideo";
const INVALID_CLIP: &str = "TranscoderInvalidClipConfig";
const ZERO_SEGMENTS: &str = "ZeroSegments";

/// How an orchestrator makes renditions.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub enum Transcoding {
    /// Decodes and encodes with libav.
    Real,
    /// Answers at once: the first entry for the first profile, and so on, from the start again when
    /// there are more profiles. For load runs.
    Fixed(Vec<Bytes>),
}

/// A finished rendition.
#[derive(Clone, Debug)]
pub(crate) struct Rendition {
    pub(crate) bytes: Bytes,
    /// Keccak-256 of the bytes.
    pub(crate) hash: B256,
    /// Pixels encoded, as billed.
    pub(crate) pixels: i64,
}

#[derive(Debug)]
pub(crate) enum Engine {
    Real { permits: Arc<Semaphore> },
    Fixed(Vec<(Bytes, B256)>),
}

/// Tells a transcode to give up when nobody waits for it any more.
struct CancelOnDrop(Arc<AtomicBool>);

impl Engine {
    pub(crate) async fn new(transcoding: Transcoding, threads: usize) -> anyhow::Result<Self> {
        match transcoding {
            Transcoding::Real => {
                ensure!(threads > 0, "an orchestrator needs at least one transcoding thread");
                Ok(Self::Real { permits: Arc::new(Semaphore::new(threads)) })
            }
            Transcoding::Fixed(files) => {
                ensure!(!files.is_empty(), "fixed transcoding needs at least one rendition");
                let hash = |bytes: Bytes| {
                    let hash = keccak256(&bytes);
                    (bytes, hash)
                };
                let hashing = move || files.into_iter().map(hash).collect();
                Ok(Self::Fixed(tokio::task::spawn_blocking(hashing).await?))
            }
        }
    }

    /// The renditions of `body` in profile order, or the text of a stock node's error.
    pub(crate) async fn transcode(
        &self,
        job: &SegmentJob,
        body: Bytes,
        ploy: Option<Ploy>,
    ) -> Result<Vec<Rendition>, String> {
        if let Some(clip) = &job.data.segment_parameters
            && clip.from > 0
            && clip.to > 0
            && clip.to < clip.from
        {
            return Err(INVALID_CLIP.to_owned());
        }
        match self {
            Self::Fixed(files) => Ok(fixed(files, job)),
            Self::Real { permits } => {
                let permit = Arc::clone(permits)
                    .acquire_owned()
                    .await
                    .map_err(|_| "TranscoderStopped".to_owned())?;
                let cancel = Arc::new(AtomicBool::new(false));
                let _guard = CancelOnDrop(Arc::clone(&cancel));
                let job = job.clone();
                tokio::task::spawn_blocking(move || {
                    let _permit = permit;
                    let honest = || real(&job, &body, cancel);
                    match ploy {
                        Some(ploy) => forge::forged(&job, &body, &ploy, honest),
                        None => honest(),
                    }
                })
                .await
                .unwrap_or_else(|_| Err("TranscoderStopped".to_owned()))
            }
        }
    }
}

impl Drop for CancelOnDrop {
    fn drop(&mut self) {
        self.0.store(true, Ordering::Relaxed);
    }
}

fn fixed(files: &[(Bytes, B256)], job: &SegmentJob) -> Vec<Rendition> {
    let files = files.iter().cycle();
    job.profiles
        .iter()
        .zip(files)
        .map(|(profile, (bytes, hash))| Rendition {
            bytes: bytes.clone(),
            hash: *hash,
            pixels: expected_pixels(profile, job.duration),
        })
        .collect()
}

fn real(job: &SegmentJob, body: &[u8], cancel: Arc<AtomicBool>) -> Result<Vec<Rendition>, String> {
    check_clip(job, body)?;
    if job.profiles.is_empty() {
        return Ok(Vec::new());
    }
    let targets = job.profiles.iter().map(target).collect::<Result<Vec<_>, _>>()?;
    let limits = Limits { cancel: Some(cancel), ..Limits::default() };
    let outputs = transcode(body, &targets, &limits).map_err(|error| error_text(&error))?;
    if outputs.len() != targets.len() {
        return Err("MismatchedSegments".to_owned());
    }
    outputs
        .into_iter()
        .map(|output| {
            if output.bytes.len() < MIN_RENDITION {
                return Err(ZERO_SEGMENTS.to_owned());
            }
            let hash = keccak256(&output.bytes);
            Ok(Rendition { bytes: output.bytes, hash, pixels: output.pixels })
        })
        .collect()
}

/// A clip is taken only where it leaves the whole segment; one beyond the end leaves nothing.
fn check_clip(job: &SegmentJob, body: &[u8]) -> Result<(), String> {
    let Some(clip) = &job.data.segment_parameters else { return Ok(()) };
    if clip.from == 0 && clip.to == 0 {
        return Ok(());
    }
    let probed = probe(body, Container::MpegTs).map_err(|_| INVALID_VIDEO.to_owned())?;
    let length = probed.duration.unwrap_or(job.duration);
    if Duration::from_millis(clip.from) >= length {
        return Err(ZERO_SEGMENTS.to_owned());
    }
    if clip.from > 0 || (clip.to > 0 && Duration::from_millis(clip.to) < length) {
        return Err("clipping is not built into this orchestrator".to_owned());
    }
    Ok(())
}

pub(crate) fn target(profile: &Profile) -> Result<Target, String> {
    if profile.encoder != wire::VideoCodec::H264 {
        return Err("Encoder not found".to_owned());
    }
    let wire = &profile.wire;
    let den = wire.fps_den.max(1);
    Ok(Target {
        width: wire.width,
        height: wire.height,
        bitrate: u32::try_from(wire.bitrate).unwrap_or(0),
        fps: (wire.fps > 0).then_some((wire.fps, den)),
        gop: match wire.gop {
            0 => Gop::Default,
            i32::MIN..0 => Gop::Intra,
            // A node counts the distance in pictures of the numerator's rate, so that a denominator
            // stretches it (lpms ffmpeg/ffmpeg.go:731-747).
            millis => Gop::Seconds(f64::from(millis) / 1000.0 * f64::from(den)),
        },
        container: profile.container,
        h264_profile: match profile.h264 {
            // What libx264 makes at the effort of a real node.
            wire::Profile::EncoderDefault | wire::Profile::H264High => Some(H264Profile::High),
            wire::Profile::H264Baseline => Some(H264Profile::Baseline),
            wire::Profile::H264Main => Some(H264Profile::Main),
            wire::Profile::H264ConstrainedHigh => Some(H264Profile::ConstrainedHigh),
        },
        quality: (wire.quality > 0).then_some(wire.quality.min(51)),
    })
}

fn error_text(error: &TranscodeError) -> String {
    tracing::debug!(%error, "segment not transcoded");
    match error {
        // A codec without decoder was answered like no video at all by a running node.
        TranscodeError::UnsupportedCodec { .. } => INVALID_VIDEO.to_owned(),
        other => other.stock_text().to_owned(),
    }
}

/// Size by pictures: what a rendition of exactly this profile and duration holds.
fn expected_pixels(profile: &Profile, duration: Duration) -> i64 {
    let wire = &profile.wire;
    let rate = if wire.fps == 0 { 30 } else { i64::from(wire.fps) };
    let millis = i64::try_from(duration.as_millis()).unwrap_or(i64::MAX);
    let pictures = rate.saturating_mul(millis) / 1000 / i64::from(wire.fps_den.max(1));
    i64::from(wire.width.max(0))
        .saturating_mul(i64::from(wire.height.max(0)))
        .saturating_mul(pictures)
}
