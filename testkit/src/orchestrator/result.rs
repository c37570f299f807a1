//! The message that answers a segment, its signature, and the lies it can be told to hold.

use alloy_primitives::{Address, B256};
use bytes::Bytes;
use waymark_proto::net::{self, transcode_result::Result as Outcome};

use super::credentials::{Profile, SegmentJob};
use super::engine::Rendition;
use super::node::Node;
use super::receipt;
use crate::attack::Attack;
use crate::crypto::{Key, result_digest};
use crate::fault::SegmentFault;

/// What the name of a rendition's perceptual hash ends with.
const HASH_EXTENSION: &str = ".phash";

/// What is wrong with an answer on purpose.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Lies<'a> {
    pub(crate) fault: Option<&'a SegmentFault>,
    pub(crate) attack: Option<Attack>,
}

/// What is wrong with perceptual hashes, if anything.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum HashLie {
    Honest,
    Other,
    Missing,
    Empty,
    Endless,
}

/// What perceptual hashes there are: an attack's, one after the other where there are several ways; a
/// fault's; or honest ones where they are asked for. `None` where nobody asks.
pub(crate) fn hash_lie(job: &SegmentJob, lies: Lies<'_>) -> Option<HashLie> {
    match (lies.attack, job.data.seq.rem_euclid(3)) {
        (Some(Attack::HonestHash), _) => return Some(HashLie::Honest),
        (Some(Attack::HugeHash), 0) => return Some(HashLie::Missing),
        (Some(Attack::HugeHash), 1) => return Some(HashLie::Empty),
        (Some(Attack::HugeHash), _) => return Some(HashLie::Endless),
        _ => {}
    }
    job.data.calc_perceptual_hash.then_some(match lies.fault {
        Some(SegmentFault::OtherHash) => HashLie::Other,
        Some(SegmentFault::NoHash) => HashLie::Missing,
        Some(SegmentFault::EndlessHash) => HashLie::Endless,
        _ => HashLie::Honest,
    })
}

/// The answer to a segment. The token in its information comes back as it was sent, its tag included.
pub(crate) fn message(
    node: &Node,
    job: &SegmentJob,
    gateway: Address,
    info: net::OrchestratorInfo,
    outcome: Result<Vec<Rendition>, String>,
    lies: Lies<'_>,
) -> net::TranscodeResult {
    let fault = lies.fault;
    let (result, receipt) = match outcome {
        _ if fault == Some(&SegmentFault::UnknownResult) => (None, None),
        Ok(renditions) => {
            let (data, hashes) = data(node, job, &renditions, lies);
            let receipt = receipt(node, job, gateway, &data, &hashes);
            (Some(Outcome::Data(data)), receipt)
        }
        Err(text) => (Some(Outcome::Error(text)), None),
    };
    let seq = job.data.seq.wrapping_add(i64::from(fault == Some(&SegmentFault::WrongSeq)));
    net::TranscodeResult { seq, info: Some(info), result, receipt }
}

/// The node's word about what it returns, if it has a key and gives receipts.
fn receipt(
    node: &Node,
    job: &SegmentJob,
    gateway: Address,
    data: &net::TranscodeData,
    hashes: &[B256],
) -> Option<net::Receipt> {
    let (key, chain) = (node.options.key.as_ref()?, node.options.receipts?);
    let claims = data.segments.iter().map(|segment| segment.pixels);
    let made: Vec<_> = hashes.iter().copied().zip(claims).collect();
    let now = node.options.clock.since_epoch();
    Some(receipt::sign(key, chain, gateway, job, &made, now))
}

fn data(
    node: &Node,
    job: &SegmentJob,
    renditions: &[Rendition],
    lies: Lies<'_>,
) -> (net::TranscodeData, Vec<B256>) {
    let Lies { fault, attack } = lies;
    let hash_lie = hash_lie(job, lies);
    let mut segments: Vec<_> = job
        .profiles
        .iter()
        .zip(renditions)
        .map(|(profile, rendition)| net::TranscodedSegmentData {
            url: url(node, job, profile),
            pixels: rendition.pixels,
            perceptual_hash_url: match hash_lie {
                None | Some(HashLie::Missing) => String::new(),
                Some(_) => url(node, job, profile) + HASH_EXTENSION,
            },
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
        _ if attack == Some(Attack::LateOrPartial) => {
            segments.pop();
            hashes.pop();
        }
        _ => {}
    }
    let own = || node.options.key.as_ref().map(|key| sign(key, &hashes)).unwrap_or_default();
    let sig = match (fault, attack, job.data.seq.rem_euclid(3)) {
        (Some(SegmentFault::WrongSignature), ..) | (_, Some(Attack::BadSignature), 2) => {
            sign(&Key::random(), &hashes)
        }
        (_, Some(Attack::BadSignature), 1) => Bytes::new(),
        (_, Some(Attack::BadSignature), _) => {
            own().iter().enumerate().map(|(n, byte)| byte ^ u8::from(n == 9)).collect()
        }
        _ => own(),
    };
    (net::TranscodeData { segments, sig }, hashes)
}

fn sign(key: &Key, hashes: &[B256]) -> Bytes {
    Bytes::copy_from_slice(&key.sign_eth(result_digest(hashes).as_slice()))
}

/// Name of a rendition's file in its profile's directory.
pub(crate) fn file_name(job: &SegmentJob, profile: &Profile) -> String {
    format!("{}.{}", job.data.seq, profile.container.ext())
}

/// Name of the file with its perceptual hash.
pub(crate) fn hash_file_name(job: &SegmentJob, profile: &Profile) -> String {
    file_name(job, profile) + HASH_EXTENSION
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
