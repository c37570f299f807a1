//! The message that answers a segment, its signature, and the lies it can be told to hold.

use alloy_primitives::B256;
use bytes::Bytes;
use waymark_proto::net::{self, transcode_result::Result as Outcome};

use super::credentials::{Profile, SegmentJob};
use super::engine::Rendition;
use super::node::Node;
use crate::crypto::{Key, result_digest};
use crate::fault::SegmentFault;

/// The answer to a segment. The token in its information comes back as it was sent, its tag included.
pub(crate) fn message(
    node: &Node,
    job: &SegmentJob,
    info: net::OrchestratorInfo,
    outcome: Result<Vec<Rendition>, String>,
    fault: Option<&SegmentFault>,
) -> net::TranscodeResult {
    let result = match outcome {
        _ if fault == Some(&SegmentFault::UnknownResult) => None,
        Ok(renditions) => Some(Outcome::Data(data(node, job, &renditions, fault))),
        Err(text) => Some(Outcome::Error(text)),
    };
    let ahead = i64::from(fault == Some(&SegmentFault::WrongSeq));
    net::TranscodeResult { seq: job.data.seq.wrapping_add(ahead), info: Some(info), result }
}

fn data(
    node: &Node,
    job: &SegmentJob,
    renditions: &[Rendition],
    fault: Option<&SegmentFault>,
) -> net::TranscodeData {
    let mut segments: Vec<_> = job
        .profiles
        .iter()
        .zip(renditions)
        .map(|(profile, rendition)| net::TranscodedSegmentData {
            url: url(node, job, profile),
            pixels: rendition.pixels,
            perceptual_hash_url: String::new(),
        })
        .collect();
    let mut hashes: Vec<_> = renditions.iter().map(|rendition| rendition.hash).collect();
    match fault {
        Some(SegmentFault::FewerRenditions) => {
            segments.pop();
        }
        Some(SegmentFault::MoreRenditions) => segments.extend(segments.last().cloned()),
        Some(SegmentFault::SwappedOrder) => {
            segments.reverse();
            hashes.reverse();
        }
        _ => {}
    }
    let sig = if fault == Some(&SegmentFault::WrongSignature) {
        sign(&Key::random(), &hashes)
    } else {
        node.options.key.as_ref().map(|key| sign(key, &hashes)).unwrap_or_default()
    };
    net::TranscodeData { segments, sig }
}

fn sign(key: &Key, hashes: &[B256]) -> Bytes {
    Bytes::copy_from_slice(&key.sign_eth(result_digest(hashes).as_slice()))
}

/// Name of a rendition's file in its profile's directory.
pub(crate) fn file_name(job: &SegmentJob, profile: &Profile) -> String {
    format!("{}.{}", job.data.seq, profile.container.ext())
}

/// Where a rendition can be fetched. Nothing is escaped, as a stock node does.
fn url(node: &Node, job: &SegmentJob, profile: &Profile) -> String {
    let (session, file) = (job.session_id(), file_name(job, profile));
    format!("{}/stream/{session}/{}/{file}", node.uri, profile.name)
}

/// The same length with every 97th byte, from the middle of the first half on, turned over.
pub(crate) fn corrupted(bytes: &Bytes) -> Bytes {
    let mut bytes = bytes.to_vec();
    let start = bytes.len() / 4;
    for byte in bytes.iter_mut().skip(start).step_by(97) {
        *byte = !*byte;
    }
    bytes.into()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn corruption_changes_bytes_and_keeps_the_length() {
        let good = Bytes::from(vec![0x47; 1000]);
        let bad = corrupted(&good);
        assert_eq!(bad.len(), good.len());
        assert_ne!(bad, good);
        assert_eq!(corrupted(&Bytes::new()), Bytes::new());
        assert_ne!(corrupted(&Bytes::from_static(b"a")), Bytes::from_static(b"a"));
    }
}
