//! A node's signed word about a result: which renditions it made of which source, for whom, and when.
//!
//! Typed data (EIP-712), put together here from the encoding rules themselves.

use std::time::Duration;

use alloy_primitives::{Address, B256, U256, keccak256};
use bytes::Bytes;
use waymark_proto::net;

use super::credentials::SegmentJob;
use crate::crypto::Key;

const DOMAIN: &str = "EIP712Domain(string name,string version,uint256 chainId)";
const RENDITION: &str = "Rendition(bytes32 hash,int64 pixels)";
const PROFILE: &str = "Profile(string name,int32 width,int32 height,int32 bitrate,uint32 fps,uint32 fpsDen,\
                       int32 format,int32 profile,int32 gop,int32 encoder,int32 colorDepth,int32 chromaFormat,\
                       uint32 quality)";
const RECEIPT: &str = "Receipt(address gateway,bytes manifestId,int64 seq,bytes32 source,Profile[] profiles,\
                       Rendition[] renditions,string sessionId,uint64 time)";
/// How statements are put together.
const VERSION: u32 = 1;

/// The receipt for a segment whose renditions, in order, have these hashes and claimed pixels.
pub(crate) fn sign(
    key: &Key,
    chain_id: u64,
    gateway: Address,
    job: &SegmentJob,
    renditions: &[(B256, i64)],
    now: Duration,
) -> net::Receipt {
    let time = u64::try_from(now.as_millis()).unwrap_or(u64::MAX);
    let digest = digest(chain_id, gateway, job, renditions, time);
    let sig = Bytes::copy_from_slice(&key.sign_hash(&digest));
    net::Receipt { version: VERSION, time, chain_id, sig }
}

fn digest(
    chain_id: u64,
    gateway: Address,
    job: &SegmentJob,
    renditions: &[(B256, i64)],
    time: u64,
) -> B256 {
    let profiles = job.profiles.iter().map(|profile| {
        let wire = &profile.wire;
        words(&[
            keccak256(PROFILE),
            keccak256(&wire.name),
            signed(wire.width.into()),
            signed(wire.height.into()),
            signed(wire.bitrate.into()),
            number(wire.fps.into()),
            number(wire.fps_den.into()),
            signed(wire.format.into()),
            signed(wire.profile.into()),
            signed(wire.gop.into()),
            signed(wire.encoder.into()),
            signed(wire.color_depth.into()),
            signed(wire.chroma_format.into()),
            number(wire.quality.into()),
        ])
    });
    let made = renditions
        .iter()
        .map(|(hash, pixels)| words(&[keccak256(RENDITION), *hash, signed(*pixels)]));
    let receipt = words(&[
        keccak256(format!("{RECEIPT}{PROFILE}{RENDITION}")),
        gateway.into_word(),
        keccak256(&job.data.manifest_id),
        signed(job.data.seq),
        job.announced_hash(),
        words(&profiles.collect::<Vec<_>>()),
        words(&made.collect::<Vec<_>>()),
        keccak256(job.session_id()),
        number(time),
    ]);
    let domain =
        words(&[keccak256(DOMAIN), keccak256("LivepeerReceipt"), keccak256("1"), number(chain_id)]);
    keccak256([&[0x19, 1], domain.as_slice(), receipt.as_slice()].concat())
}

/// Hash of words one after the other.
fn words(words: &[B256]) -> B256 {
    keccak256(words.concat())
}

fn number(value: u64) -> B256 {
    U256::from(value).into()
}

/// Two's complement in 32 bytes.
fn signed(value: i64) -> B256 {
    let mut word = if value < 0 { B256::repeat_byte(0xff) } else { B256::ZERO };
    word[24..].copy_from_slice(&value.to_be_bytes());
    word
}

#[cfg(test)]
mod tests {
    use alloy_primitives::{address, keccak256};

    use super::*;
    use crate::orchestrator::credentials::Profile;
    use crate::orchestrator::stats::ProfileList;

    fn profile(wire: net::VideoProfile) -> Profile {
        Profile {
            name: wire.name.clone(),
            container: waymark_media::Container::MpegTs,
            encoder: net::video_profile::VideoCodec::H264,
            h264: net::video_profile::Profile::EncoderDefault,
            wire,
        }
    }

    #[test]
    fn the_digest_is_that_of_other_libraries() {
        let job = SegmentJob {
            data: net::SegData {
                manifest_id: Bytes::from_static(b"movie1"),
                seq: 42,
                hash: Bytes::copy_from_slice(keccak256("foo").as_slice()),
                auth_token: Some(net::AuthToken {
                    session_id: "0a1b2c3d".to_owned(),
                    ..Default::default()
                }),
                ..Default::default()
            },
            list: ProfileList::None,
            profiles: vec![
                profile(net::VideoProfile {
                    name: "240p30fps16x9".to_owned(),
                    width: 426,
                    height: 240,
                    bitrate: 600_000,
                    fps: 30,
                    fps_den: 1,
                    ..Default::default()
                }),
                profile(net::VideoProfile {
                    name: "keys".to_owned(),
                    width: 640,
                    gop: -1,
                    quality: 23,
                    ..Default::default()
                }),
            ],
            duration: Duration::from_secs(2),
        };
        let gateway = address!("9d8A62f656a8d1615C1294fd71e9CFb3E4855A4F");
        let made = [(keccak256("rendition-0"), 6_134_400), (keccak256("rendition-1"), 13_824_000)];
        let digest = digest(42_161, gateway, &job, &made, 1_764_284_400_123);
        assert_eq!(
            digest.to_string(),
            "0x09725c5e6420e3428e7c9d63ab2aa2ccb945c213a67c7eb6e521cbf34f97bf9d"
        );
    }
}
