//! Nothing an orchestrator sends can make the gateway panic or accept nonsense.

use alloy_primitives::B256;
use bytes::Bytes;
use proptest::prelude::*;
use prost::Message;
use waymark_proto::net::{
    AuthToken, Capabilities, OrchestratorInfo, PriceInfo, TicketParams, TranscodeData,
    TranscodeResult, TranscodedSegmentData, transcode_result::Result as Outcome,
};

use super::default_profiles;
use crate::{
    capability::JobCapabilities,
    signer::{Signer as _, tests::TestKey},
    wire::{
        SegmentCredentials, SessionInfo, classify_refusal, classify_result, classify_rpc,
        decode_result, flatten, profile_ids, seg_data,
    },
};

fn url() -> impl Strategy<Value = String> {
    prop_oneof![
        Just("https://o.example:8935/stream/0a1b2c3d/P240p30fps16x9/7.ts".to_owned()),
        Just("http://[::1]:8935/x/y".to_owned()),
        "(https?|ftp|file|data)?:?/{0,3}[a-z0-9.@:\\[\\]%-]{0,20}/?[ -~]{0,30}",
        ".{0,40}",
    ]
}

fn small_bytes() -> impl Strategy<Value = Bytes> {
    proptest::collection::vec(any::<u8>(), 0..70).prop_map(Bytes::from)
}

fn result() -> impl Strategy<Value = TranscodeResult> {
    let segment = (url(), prop_oneof![Just(1_000_i64), any::<i64>()], url()).prop_map(
        |(url, pixels, perceptual_hash_url)| TranscodedSegmentData {
            url,
            pixels,
            perceptual_hash_url,
        },
    );
    let data = (proptest::collection::vec(segment, 0..4), small_bytes())
        .prop_map(|(segments, sig)| Outcome::Data(TranscodeData { segments, sig }));
    let outcome = prop_oneof![
        3 => data.prop_map(Some),
        1 => ".{0,300}".prop_map(|text| Some(Outcome::Error(text))),
        1 => Just(None),
    ];
    (0..3_i64, outcome).prop_map(|(seq, result)| TranscodeResult {
        seq,
        result,
        info: None,
        receipt: None,
    })
}

fn info() -> impl Strategy<Value = OrchestratorInfo> {
    let token = (small_bytes(), "[0-9a-f]{0,9}|.{0,80}", any::<i64>()).prop_map(
        |(token, session_id, expiration)| AuthToken {
            token,
            session_id,
            expiration,
            ..AuthToken::default()
        },
    );
    let words = || proptest::collection::vec(any::<u64>(), 0..80);
    let capabilities =
        (words(), words(), ".{0,12}").prop_map(|(bitstring, mandatories, version)| Capabilities {
            bitstring,
            mandatories,
            version,
            ..Capabilities::default()
        });
    let price = (any::<i64>(), any::<i64>()).prop_map(|(price_per_unit, pixels_per_unit)| {
        PriceInfo { price_per_unit, pixels_per_unit, ..PriceInfo::default() }
    });
    let ticket =
        small_bytes().prop_map(|recipient| TicketParams { recipient, ..TicketParams::default() });
    let option = proptest::option::of::<BoxedStrategy<_>>;
    (
        url(),
        prop_oneof![Just(Bytes::from_static(&[7; 20])), small_bytes()],
        option(token.boxed()),
        proptest::option::of(capabilities),
        proptest::option::of(price),
        proptest::option::of(ticket),
        proptest::collection::vec(url(), 0..50),
    )
        .prop_map(
            |(transcoder, address, auth_token, capabilities, price_info, ticket_params, nodes)| {
                OrchestratorInfo {
                    transcoder,
                    address,
                    auth_token,
                    capabilities,
                    price_info,
                    ticket_params,
                    nodes,
                    ..OrchestratorInfo::default()
                }
            },
        )
}

proptest! {
    #[test]
    fn any_bytes_are_a_result_or_an_error(
        bytes in proptest::collection::vec(any::<u8>(), 0..400),
        seq in any::<u64>(),
        profiles in 0..5_usize,
    ) {
        if let Ok(output) = decode_result(bytes.into(), seq, profiles) {
            prop_assert_eq!(output.segments.len(), profiles);
        }
    }

    #[test]
    fn what_is_accepted_is_what_was_asked_for(
        message in result(),
        seq in 0..3_u64,
        profiles in 0..4_usize,
    ) {
        match decode_result(message.encode_to_vec().into(), seq, profiles) {
            Ok(output) => {
                prop_assert_eq!(message.seq.cast_unsigned(), seq);
                prop_assert_eq!(output.segments.len(), profiles);
                for rendition in &output.segments {
                    prop_assert!(["http", "https"].contains(&rendition.url.scheme()));
                    prop_assert!(rendition.url.has_host());
                    prop_assert!(rendition.url.username().is_empty());
                }
            }
            Err(error) => {
                let text = error.to_string();
                prop_assert!(text.chars().count() < 320 && !text.contains(char::is_control));
            }
        }
    }

    #[test]
    fn a_result_cut_anywhere_or_with_one_wrong_byte_never_panics(
        message in result(),
        at in any::<prop::sample::Index>(),
        byte in any::<u8>(),
        cut in any::<bool>(),
    ) {
        let mut bytes = message.encode_to_vec();
        if !bytes.is_empty() {
            let at = at.index(bytes.len());
            if cut { bytes.truncate(at) } else { bytes[at] = byte }
        }
        if let Ok(output) = decode_result(bytes.into(), 1, 2) {
            prop_assert_eq!(output.segments.len(), 2);
        }
    }

    #[test]
    fn any_text_has_a_class(status in any::<u16>(), text in ".{0,200}") {
        let by_text = classify_result(&text);
        let expected_busy = status == 429 && by_text == crate::wire::Fault::Other;
        prop_assert!(expected_busy || classify_refusal(status, &text) == by_text);
        prop_assert_eq!(classify_rpc(&format!("Invalid orchestrator request: {text}")), by_text);
    }

    #[test]
    fn a_session_that_is_accepted_is_usable(message in info()) {
        match SessionInfo::read(message) {
            Ok(session) => {
                prop_assert!(["http", "https"].contains(&session.transcoder.scheme()));
                prop_assert!(session.transcoder.as_str().trim_end_matches('/').len() + 1
                    >= session.transcoder.as_str().len());
                prop_assert!((1..=64).contains(&session.session_id().len()));
                prop_assert!(session.capabilities.bitstring.len() <= 64);
                prop_assert!(session.nodes.len() <= 32);
                prop_assert_ne!(session.result_signer(), Some(alloy_primitives::Address::ZERO));
            }
            Err(error) => {
                let text = error.to_string();
                prop_assert!(text.chars().count() < 320 && !text.contains(char::is_control));
            }
        }
    }

    #[test]
    fn any_bytes_are_a_session_or_an_error(bytes in proptest::collection::vec(any::<u8>(), 0..400)) {
        if let Ok(message) = OrchestratorInfo::decode(bytes.as_slice())
            && let Ok(session) = SessionInfo::read(message)
        {
            prop_assert!(session.transcoder.has_host());
        }
    }

    #[test]
    fn the_orchestrator_rebuilds_what_was_signed_from_what_was_sent(
        manifest_id in ".{0,40}",
        seq in any::<u64>(),
        hash in any::<[u8; 32]>(),
        names in proptest::collection::vec("[a-z0-9_]{0,12}", 0..5),
    ) {
        let mut profiles = default_profiles();
        let template = profiles.remove(0);
        let profiles: Vec<_> = names
            .into_iter()
            .map(|name| crate::profile::Profile { name, ..template.clone() })
            .collect();
        let key = TestKey::of(0x46);
        let credentials = SegmentCredentials {
            manifest_id: &manifest_id,
            seq,
            hash: B256::from(hash),
            duration: std::time::Duration::from_secs(2),
            profiles: &profiles,
            capabilities: &JobCapabilities::default(),
            clip: None,
            force_session_reinit: false,
            perceptual_hash: false,
            token: &AuthToken::default(),
            tag: None,
            storage: None,
        };
        let sent = seg_data(&credentials, &key).unwrap();
        // As the orchestrator does: from the message alone.
        let received: Vec<_> = sent
            .full_profiles
            .iter()
            .map(|p| crate::profile::Profile { name: p.name.clone(), ..template.clone() })
            .collect();
        let text = flatten(
            std::str::from_utf8(&sent.manifest_id).unwrap(),
            sent.seq,
            &B256::from_slice(&sent.hash),
            &profile_ids(&received),
        );
        let signed = alloy_primitives::keccak256(text);
        prop_assert_eq!(
            waymark_verification::signature::recover(&signed, &sent.sig),
            Ok(key.address())
        );
    }
}
