//! The two headers of a segment: decoding, and every check that needs no body.
//!
//! Checks run in the order of a stock node and the first failure wins (go-livepeer
//! `server/segment_rpc.go:287-314, 401-452`, `server/rpc.go:768-829`). An absent header counts as an
//! empty one and decodes as an empty message.

use std::time::Duration;

use alloy_primitives::{Address, B256, FixedBytes, keccak256};
use base64::DecodeError;
use base64::alphabet;
use base64::engine::{DecodePaddingMode, Engine as _, GeneralPurpose, GeneralPurposeConfig};
use prost::Message as _;
use waymark_media::Container;
use waymark_proto::net::{self, video_profile as wire};

use super::refusal::Refusal;
use super::stats::ProfileList;
use crate::crypto::verify_lp;

/// Longest segment a node takes, in milliseconds.
const MAX_DURATION_MS: i32 = 300_000;
/// What a duration of 0 stands for.
const DEFAULT_DURATION: Duration = Duration::from_secs(2);

/// The standard alphabet with padding required. Go's decoder does not look at the unused low bits of the
/// last symbol, so neither does this one.
const BASE64: GeneralPurpose = GeneralPurpose::new(
    &alphabet::STANDARD,
    GeneralPurposeConfig::new()
        .with_decode_allow_trailing_bits(true)
        .with_decode_padding_mode(DecodePaddingMode::RequireCanonical),
);

/// A segment's header, understood.
#[derive(Clone, Debug)]
pub(crate) struct SegmentJob {
    /// The message as it came.
    pub(crate) data: net::SegData,
    /// The list that counted.
    pub(crate) list: ProfileList,
    /// The renditions asked for, in order.
    pub(crate) profiles: Vec<Profile>,
    pub(crate) duration: Duration,
}

/// One rendition asked for.
#[derive(Clone, Debug)]
pub(crate) struct Profile {
    /// Never empty.
    pub(crate) name: String,
    pub(crate) container: Container,
    pub(crate) encoder: wire::VideoCodec,
    pub(crate) h264: wire::Profile,
    pub(crate) wire: net::VideoProfile,
}

/// Decodes the payment header.
pub(crate) fn payment(header: &[u8]) -> Result<net::Payment, Refusal> {
    let bytes =
        BASE64.decode(header).map_err(|e| Refusal::PaymentBase64(offset(&e, header.len())))?;
    net::Payment::decode(bytes.as_slice()).map_err(|_| Refusal::PaymentProtobuf)
}

impl SegmentJob {
    /// Decodes the segment header and checks what stands in it alone.
    pub(crate) fn decode(header: &[u8]) -> Result<Self, Refusal> {
        let bytes = BASE64.decode(header).map_err(|_| Refusal::SegmentBase64)?;
        let data = net::SegData::decode(bytes.as_slice()).map_err(|_| Refusal::SegmentProtobuf)?;
        let (list, profiles) = chosen_list(&data);
        let profiles = profiles.iter().map(Profile::read).collect::<Result<_, _>>()?;
        let duration = match data.duration {
            0 => DEFAULT_DURATION,
            1..=MAX_DURATION_MS => Duration::from_millis(u64::from(data.duration.unsigned_abs())),
            _ => return Err(Refusal::Duration),
        };
        Ok(Self { data, list, profiles, duration })
    }

    /// Whether `sender` signed this header.
    pub(crate) fn is_signed_by(&self, sender: Address) -> bool {
        verify_lp(sender, &self.signed_bytes(), &self.data.sig)
    }

    /// Hash of the segment by the header.
    pub(crate) fn announced_hash(&self) -> B256 {
        right_aligned::<32>(&self.data.hash)
    }

    /// Whether `body` is what the header announces.
    pub(crate) fn announces(&self, body: &[u8]) -> bool {
        keccak256(body) == self.announced_hash()
    }

    /// Manifest id as text; it need not be UTF-8 on the wire.
    pub(crate) fn manifest(&self) -> String {
        String::from_utf8_lossy(&self.data.manifest_id).into_owned()
    }

    /// The session this segment belongs to; empty without a token.
    pub(crate) fn session_id(&self) -> &str {
        self.data.auth_token.as_ref().map_or("", |token| token.session_id.as_str())
    }

    /// What the signature covers: manifest id, sequence number in 32 bytes, hash, and eight hexadecimal
    /// digits for each profile's name (go-livepeer `core/streamdata.go:73-83`).
    fn signed_bytes(&self) -> Vec<u8> {
        let mut out = self.data.manifest_id.to_vec();
        out.extend_from_slice(&[0; 24]);
        out.extend_from_slice(&self.data.seq.unsigned_abs().to_be_bytes());
        out.extend_from_slice(self.announced_hash().as_slice());
        for profile in &self.profiles {
            let hash = keccak256(&profile.name);
            let id = hash.first_chunk::<4>().copied().unwrap_or_default();
            out.extend_from_slice(hex::encode(id).as_bytes());
        }
        out
    }
}

impl Profile {
    fn read(profile: &net::VideoProfile) -> Result<Self, Refusal> {
        let format = wire::Format::try_from(profile.format).map_err(|_| Refusal::OutputFormat)?;
        let h264 = wire::Profile::try_from(profile.profile).map_err(|_| Refusal::EncoderProfile)?;
        let encoder =
            wire::VideoCodec::try_from(profile.encoder).map_err(|_| Refusal::VideoCodec)?;
        let container = match format {
            wire::Format::Mpegts => Container::MpegTs,
            wire::Format::Mp4 => Container::Mp4,
        };
        let name = if profile.name.is_empty() {
            format!("net_{}x{}_{}", profile.width, profile.height, profile.bitrate)
        } else {
            profile.name.clone()
        };
        Ok(Self { name, container, encoder, h264, wire: profile.clone() })
    }
}

/// The first list of 3, 2, 1 with anything in it.
fn chosen_list(data: &net::SegData) -> (ProfileList, &[net::VideoProfile]) {
    [
        (ProfileList::Full3, &data.full_profiles3),
        (ProfileList::Full2, &data.full_profiles2),
        (ProfileList::Full1, &data.full_profiles),
    ]
    .into_iter()
    .find(|(_, profiles)| !profiles.is_empty())
    .map_or((ProfileList::None, &[]), |(list, profiles)| (list, profiles.as_slice()))
}

fn right_aligned<const N: usize>(bytes: &[u8]) -> FixedBytes<N> {
    let tail = &bytes[bytes.len().saturating_sub(N)..];
    FixedBytes::left_padding_from(tail)
}

/// The offset Go's decoder would name: the first bad byte, or the start of an unfinished group.
fn offset(error: &DecodeError, len: usize) -> usize {
    match error {
        DecodeError::InvalidByte(at, _) | DecodeError::InvalidLastSymbol(at, _) => *at,
        DecodeError::InvalidLength(_) | DecodeError::InvalidPadding => len - len % 4,
    }
}

#[cfg(test)]
mod tests {
    use alloy_primitives::hex;
    use proptest::prelude::*;

    use super::*;
    use crate::crypto::Key;
    use crate::ticket::address;

    const VECTOR: &str = "CgZtb3ZpZTEQKhogQbGgZJdSrxsos9wpoVVu7ngeSkw6H39T+Q+oNN4JjE0iB2ludmFsaWQqQRZbCLkUbCRbvfdFXEa2FuSu1MJ6YmobrEM2swNV2EJZLwDZty8zZ6v6KFefH+YJcjB4x6YIyqygbkayY180VasbMNAPOggKBIOggCAqAEIyCiAAESIzRFVmd4iZqrvM3e7/ABEiM0RVZneImaq7zN3u/xIIMGExYjJjM2QYgPLWygaKAiGCAQ5QMjQwcDMwZnBzMTZ4OYgBqgOQAfABmAHAzySgAR6KAiGCAQ5QMzYwcDMwZnBzMTZ4OYgBgAWQAegCmAGAn0mgAR4=";

    #[test]
    fn the_vector_decodes_and_its_signature_is_the_gateways() {
        let job = SegmentJob::decode(VECTOR.as_bytes()).unwrap();
        assert_eq!((job.manifest().as_str(), job.data.seq), ("movie1", 42));
        assert_eq!(job.session_id(), "0a1b2c3d");
        assert_eq!(job.list, ProfileList::Full1);
        assert_eq!(job.duration, Duration::from_secs(2));
        assert!(job.announces(b"foo"));
        assert!(!job.announces(b"fo"));
        assert_eq!(
            hex::encode(job.signed_bytes()),
            "6d6f76696531000000000000000000000000000000000000000000000000000000000000002a41b1a0649752af1b28b3dc29a1556eee781e4a4c3a1f7f53f90fa834de098c4d63306136353137613933633731376537"
        );
        let gateway = Key::from_bytes(&[0x46; 32]).unwrap().address();
        assert!(job.is_signed_by(gateway));
        assert!(!job.is_signed_by(Address::ZERO));
    }

    #[test]
    fn a_negative_sequence_number_is_signed_by_its_magnitude() {
        let data = net::SegData { seq: -5, ..Default::default() };
        let job = SegmentJob {
            data,
            list: ProfileList::None,
            profiles: Vec::new(),
            duration: DEFAULT_DURATION,
        };
        let mut expected = [0; 64];
        expected[31] = 5;
        assert_eq!(job.signed_bytes(), expected);
    }

    #[test]
    fn the_last_list_with_profiles_wins_and_a_nameless_profile_gets_a_name() {
        let profile = |name: &str| net::VideoProfile {
            name: name.to_owned(),
            width: 640,
            height: 360,
            bitrate: 900_000,
            ..Default::default()
        };
        let data = net::SegData {
            full_profiles: vec![profile("one")],
            full_profiles2: vec![profile("")],
            ..Default::default()
        };
        let header = base64::engine::general_purpose::STANDARD.encode(data.encode_to_vec());
        let job = SegmentJob::decode(header.as_bytes()).unwrap();
        assert_eq!(job.list, ProfileList::Full2);
        assert_eq!(job.profiles[0].name, "net_640x360_900000");
    }

    #[test]
    fn payment_errors_name_the_offset_of_the_bad_byte() {
        let payment_sender = |header: &[u8]| payment(header).map(|p| address(&p.sender));
        assert_eq!(payment_sender(b""), Ok(Address::ZERO));
        assert_eq!(payment_sender(b"!!!"), Err(Refusal::PaymentBase64(0)));
        assert_eq!(payment_sender(b"AAAA!"), Err(Refusal::PaymentBase64(4)));
        assert_eq!(payment_sender(b"AAAAAA"), Err(Refusal::PaymentBase64(4)));
        assert_eq!(payment_sender(b"//8="), Err(Refusal::PaymentProtobuf));
        let sender = payment_sender(b"EhSdimL2VqjRYVwSlP1x6c+z5IVaTyoFCLAJEAE=").unwrap();
        assert_eq!(sender, Key::from_bytes(&[0x46; 32]).unwrap().address());
    }

    proptest! {
        #[test]
        fn no_header_makes_the_decoders_panic(header in proptest::collection::vec(any::<u8>(), 0..200)) {
            let encoded = BASE64.encode(&header);
            for bytes in [header.as_slice(), encoded.as_bytes()] {
                drop(payment(bytes));
                if let Ok(job) = SegmentJob::decode(bytes) {
                    prop_assert!(job.duration <= Duration::from_mins(5));
                    job.is_signed_by(Address::ZERO);
                }
            }
        }
    }
}
