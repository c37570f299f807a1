//! The token comes back exactly as it was issued.

use bytes::{Buf, Bytes};
use proptest::prelude::*;
use prost::{Message, encoding};
use serde_json::Value;
use waymark_proto::net::{AuthToken, EndTranscodingSessionRequest, JobTag, OrchestratorInfo};

fn vector(key: &str) -> Vec<u8> {
    let vectors: Value = serde_json::from_str(include_str!("../../vectors/wire.json")).unwrap();
    hex::decode(vectors[key].as_str().unwrap()).unwrap()
}

#[test]
fn a_field_of_a_later_version_is_sent_back() {
    let issued = vector("token_with_foreign_field");
    let token = AuthToken::decode(issued.as_slice()).unwrap();
    assert_eq!(token.token, Bytes::from_static(&[0xaa]));
    assert_eq!(token.session_id, "b");
    assert_eq!(token.expiration, 5);
    assert_eq!(token.unknown_fields, Bytes::from_static(&[0xc2, 0x3e, 3, b'f', b'o', b'o']));
    assert_eq!(token.encode_to_vec(), issued);
    assert_eq!(token.encoded_len(), issued.len());
}

#[test]
fn it_survives_inside_other_messages() {
    let issued = vector("token_with_foreign_field");
    let mut info = vec![0x32, u8::try_from(issued.len()).unwrap()];
    info.extend_from_slice(&issued);
    let token = OrchestratorInfo::decode(info.as_slice()).unwrap().auth_token.unwrap();
    let end = EndTranscodingSessionRequest { auth_token: Some(token) };
    info[0] = 0x0a;
    assert_eq!(end.encode_to_vec(), info);
}

#[test]
fn the_request_that_ends_a_session_has_the_known_bytes() {
    let expected = vector("end_session");
    let token = AuthToken {
        token: hex::decode("00112233445566778899aabbccddeeff".repeat(2)).unwrap().into(),
        session_id: "0a1b2c3d".to_owned(),
        expiration: 1_767_225_600,
        ..AuthToken::default()
    };
    let end = EndTranscodingSessionRequest { auth_token: Some(token) };
    assert_eq!(end.encode_to_vec(), expected);
}

#[test]
fn a_tag_is_written_between_what_is_known_and_what_is_not() {
    let mut token = AuthToken::decode(vector("token_with_foreign_field").as_slice()).unwrap();
    token.job_tag = Some(JobTag { tag_id: 7, ..JobTag::default() });
    let bytes = token.encode_to_vec();
    assert_eq!(hex::encode(&bytes), "0a01aa120162 1805 ca3e020807 c23e03666f6f".replace(' ', ""));
    assert_eq!(AuthToken::decode(bytes.as_slice()), Ok(token));
}

#[test]
fn known_fields_are_read_in_any_order_and_the_last_one_counts() {
    let bytes = hex::decode("1807 120178 c23e0161 0a0101 1808 0a0102".replace(' ', "")).unwrap();
    let token = AuthToken::decode(bytes.as_slice()).unwrap();
    assert_eq!(token.expiration, 8);
    assert_eq!(token.token, Bytes::from_static(&[2]));
    assert_eq!(hex::encode(token.encode_to_vec()), "0a0102 120178 1808 c23e0161".replace(' ', ""));
}

#[test]
fn clearing_leaves_nothing() {
    let mut token = AuthToken::decode(vector("token_with_foreign_field").as_slice()).unwrap();
    token.clear();
    assert_eq!(token, AuthToken::default());
    assert_eq!(token.encoded_len(), 0);
}

#[test]
fn a_log_never_shows_the_token() {
    let token = AuthToken::decode(vector("end_session")[2..].as_ref()).unwrap();
    let text = format!("{token:?}");
    assert!(text.contains("<32 bytes>") && text.contains("0a1b2c3d"), "{text}");
    assert!(!text.contains("\\x11") && !text.contains("001122"), "{text}");
}

/// Unknown fields of every wire type, nested groups among them.
fn unknown_field() -> impl Strategy<Value = Vec<u8>> {
    let number = prop_oneof![4..1000u32, 1002..20_000u32];
    (number, 0..5u8, any::<u64>(), proptest::collection::vec(any::<u8>(), 0..20)).prop_map(
        |(tag, kind, value, bytes)| {
            use encoding::WireType::{
                EndGroup, LengthDelimited, SixtyFourBit, StartGroup, ThirtyTwoBit, Varint,
            };
            let mut out = Vec::new();
            match kind {
                0 => {
                    encoding::encode_key(tag, Varint, &mut out);
                    encoding::encode_varint(value, &mut out);
                }
                1 => {
                    encoding::encode_key(tag, LengthDelimited, &mut out);
                    encoding::encode_varint(bytes.len() as u64, &mut out);
                    out.extend_from_slice(&bytes);
                }
                2 => {
                    encoding::encode_key(tag, SixtyFourBit, &mut out);
                    out.extend_from_slice(&value.to_le_bytes());
                }
                3 => {
                    encoding::encode_key(tag, ThirtyTwoBit, &mut out);
                    out.extend_from_slice(&value.to_le_bytes()[..4]);
                }
                _ => {
                    encoding::encode_key(tag, StartGroup, &mut out);
                    encoding::encode_key(1, Varint, &mut out);
                    encoding::encode_varint(value, &mut out);
                    encoding::encode_key(tag, EndGroup, &mut out);
                }
            }
            out
        },
    )
}

proptest! {
    #[test]
    fn unknown_fields_of_any_kind_are_kept_byte_for_byte(
        token in proptest::collection::vec(any::<u8>(), 0..40),
        session_id in "[0-9a-f]{0,8}",
        expiration in any::<i64>(),
        fields in proptest::collection::vec(unknown_field(), 0..6),
        cut in any::<prop::sample::Index>(),
    ) {
        let known = AuthToken { token: token.into(), session_id, expiration, ..AuthToken::default() };
        let mut issued = known.encode_to_vec();
        issued.extend(fields.concat());
        // Received in two pieces, as a network may deliver it.
        let (head, tail) = issued.split_at(cut.index(issued.len() + 1));
        let read = AuthToken::decode(head.chain(tail)).unwrap();
        prop_assert_eq!(read.encoded_len(), issued.len());
        prop_assert_eq!(read.encode_to_vec(), issued);
    }

    #[test]
    fn no_bytes_make_it_panic(bytes in proptest::collection::vec(any::<u8>(), 0..200)) {
        if let Ok(token) = AuthToken::decode(bytes.as_slice()) {
            let again = AuthToken::decode(token.encode_to_vec().as_slice());
            prop_assert_eq!(again, Ok(token));
        }
    }
}
