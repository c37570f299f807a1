//! Vectors: flatten, ids, hashes, signatures, messages, lists, results.

use std::time::Duration;

use alloy_primitives::{B256, keccak256};
use prost::Message;
use serde_json::Value;
use waymark_media::Container;
use waymark_proto::net::{AuthToken, SegData};
use waymark_verification::signature::{recover, text_hash};

use super::{bytes, default_profiles, presets, push_capabilities, tag, vectors};
use crate::{
    capability::JobCapabilities,
    profile::{Chroma, Encoder, EncoderProfile, Gop, Profile},
    signer::{OffChain, Signer as _, tests::TestKey},
    wire::{
        Fault, ResultError, SegmentCredentials, decode_result, end_session_request, flatten,
        header_value, orchestrator_request, profile_id, profile_ids, seg_data, video_profile,
        wire_millis,
    },
};

/// The gateway's key of the vectors.
fn gateway() -> TestKey {
    TestKey::of(0x46)
}

fn token() -> AuthToken {
    let vectors = vectors();
    let token = &vectors["seg_data"]["token"];
    AuthToken {
        token: bytes(&token["token"]).into(),
        session_id: token["session_id"].as_str().unwrap().to_owned(),
        expiration: token["expiration"].as_i64().unwrap(),
        ..AuthToken::default()
    }
}

fn custom() -> Profile {
    let base = Profile::preset("P720p30fps16x9").unwrap();
    Profile { name: "custom_1280x720_3000000".to_owned(), bitrate: 3_000_000, ..base }
}

/// Calls `check` with the credentials of the first segment of the vectors.
fn with_movie<R>(check: impl FnOnce(SegmentCredentials<'_>) -> R) -> R {
    let profiles = default_profiles();
    check(SegmentCredentials {
        manifest_id: "movie1",
        seq: 42,
        hash: keccak256("foo"),
        duration: Duration::from_secs(2),
        profiles: &profiles,
        capabilities: &push_capabilities(),
        clip: None,
        force_session_reinit: false,
        perceptual_hash: false,
        token: &token(),
        tag: None,
        storage: None,
    })
}

fn encoded(credentials: &SegmentCredentials<'_>) -> Vec<u8> {
    seg_data(credentials, &gateway()).unwrap().encode_to_vec()
}

#[test]
fn the_test_keys_have_the_known_addresses() {
    let keys = &vectors()["keys"];
    assert_eq!(gateway().address().to_checksum(None), keys["gateway"]["address"]);
    assert_eq!(TestKey::of(0x11).address().to_checksum(None), keys["orchestrator"]["address"]);
}

#[test]
fn flattened_credentials_have_the_known_bytes() {
    for vector in vectors()["flatten"].as_array().unwrap() {
        let names: Vec<&str> =
            vector["profiles"].as_array().unwrap().iter().map(|n| n.as_str().unwrap()).collect();
        let profiles: Vec<Profile> =
            names.iter().map(|name| Profile { name: (*name).to_owned(), ..custom() }).collect();
        let flat = flatten(
            vector["manifest_id"].as_str().unwrap(),
            vector["seq"].as_i64().unwrap(),
            &B256::from_slice(&bytes(&vector["hash"])),
            &profile_ids(&profiles),
        );
        assert_eq!(hex::encode(&flat), vector["bytes"], "{names:?}");
        assert_eq!(hex::encode(keccak256(&flat)), vector["keccak"], "{names:?}");
    }
    assert_eq!(flatten("", 0, &B256::ZERO, ""), [0; 64]);
}

#[test]
fn the_number_is_signed_by_its_magnitude_in_32_bytes() {
    for vector in vectors()["flatten_seq"].as_array().unwrap() {
        let flat = flatten("", vector[0].as_i64().unwrap(), &B256::ZERO, "");
        assert_eq!(hex::encode(&flat[..32]), vector[1], "{}", vector[0]);
    }
    assert_eq!(hex::encode(&flatten("", i64::MIN, &B256::ZERO, "")[24..32]), "8000000000000000");
}

#[test]
fn profile_ids_are_the_first_bytes_of_the_names_hash() {
    let vectors = vectors();
    let ids = vectors["profile_ids"].as_object().unwrap();
    assert_eq!(ids.len(), 21);
    for (name, id) in ids {
        assert_eq!(hex::encode(profile_id(name)), *id, "{name}");
    }
    assert_eq!(profile_ids(&default_profiles()), "c0a6517a93c717e7");
}

#[test]
fn segment_hashes_are_keccak_256() {
    for vector in vectors()["keccak"].as_array().unwrap() {
        assert_eq!(hex::encode(keccak256(bytes(&vector[0]))), vector[1]);
    }
}

#[test]
fn a_signed_request_has_the_known_bytes() {
    let expected = &vectors()["orchestrator_request"];
    let text = gateway().address().to_checksum(None);
    assert_eq!(hex::encode(&text), expected["message"]);
    assert_eq!(hex::encode(keccak256(&text)), expected["keccak"]);
    assert_eq!(hex::encode(text_hash(keccak256(&text).as_slice())), expected["text_hash"]);

    let push = push_capabilities();
    let request = orchestrator_request(&gateway(), Some(&push), false, None).unwrap();
    assert_eq!(hex::encode(&request.sig), expected["sig"]);
    assert_eq!(recover(&keccak256(&text), &request.sig), Ok(gateway().address()));
    assert_eq!(hex::encode(request.encode_to_vec()), expected["on_chain"]);

    let minimum = JobCapabilities { min_version: Some("0.9.0".to_owned()), ..push };
    let request = orchestrator_request(&gateway(), Some(&minimum), true, None).unwrap();
    assert_eq!(
        hex::encode(request.encode_to_vec()),
        expected["minimum_version_and_ignore_capacity"]
    );
}

#[test]
fn off_chain_the_address_is_zero_and_nothing_is_signed() {
    let expected = &vectors()["orchestrator_request"];
    let request = orchestrator_request(&OffChain, Some(&push_capabilities()), false, None).unwrap();
    assert_eq!(hex::encode(request.encode_to_vec()), expected["off_chain"]);
}

#[test]
fn a_poll_for_everything_names_no_capabilities() {
    let request = orchestrator_request(&OffChain, None, false, None).unwrap();
    let expected = format!("0a14{}", "00".repeat(20));
    assert_eq!(hex::encode(request.encode_to_vec()), expected);
}

#[test]
fn a_tag_is_appended_to_a_request_and_changes_nothing_before_it() {
    let push = push_capabilities();
    let plain = orchestrator_request(&gateway(), Some(&push), false, None).unwrap();
    let tagged = orchestrator_request(&gateway(), Some(&push), false, Some(&tag())).unwrap();
    let appended = tagged.encode_to_vec().split_off(plain.encoded_len());
    assert!(tagged.encode_to_vec().starts_with(&plain.encode_to_vec()));
    assert_eq!(hex::encode(&appended), "ca3e120803120e7472616e73636f64652f6c697665");
}

#[test]
fn signed_credentials_have_the_known_bytes() {
    let expected = &vectors()["seg_data"];
    with_movie(|movie| {
        let message = seg_data(&movie, &gateway()).unwrap();
        let flat = flatten("movie1", 42, &movie.hash, &profile_ids(movie.profiles));
        let hash = keccak256(flat);
        assert_eq!(hex::encode(text_hash(hash.as_slice())), expected["text_hash"]);
        assert_eq!(hex::encode(&message.sig), expected["sig"]);
        assert_eq!(recover(&hash, &message.sig), Ok(gateway().address()));
        assert_eq!(hex::encode(message.encode_to_vec()), expected["bytes"]);
        assert_eq!(header_value(&message).unwrap(), expected["header"].as_str().unwrap());
    });
}

#[test]
fn a_clip_and_a_fresh_start_come_after_the_profiles() {
    let expected = &vectors()["seg_data"];
    with_movie(|movie| {
        let plain = encoded(&movie);
        let clipped =
            SegmentCredentials { clip: Some((0, 1500)), force_session_reinit: true, ..movie };
        let tail = encoded(&clipped).split_off(plain.len());
        assert_eq!(hex::encode(tail), expected["clip_and_reinit_tail"]);
    });
}

#[test]
fn asking_for_hashes_adds_one_field_after_the_token() {
    let expected = &vectors()["seg_data"];
    with_movie(|movie| {
        let plain = hex::encode(encoded(&movie));
        let asked = SegmentCredentials { perceptual_hash: true, ..movie };
        let field = expected["perceptual_hash_field"].as_str().unwrap();
        // The profiles follow at once: field 33.
        let expected = plain.replacen("8a0221", &format!("{field}8a0221"), 1);
        assert_eq!(hex::encode(encoded(&asked)), expected);
    });
}

#[test]
fn a_segment_of_another_stream_has_the_known_signature() {
    let expected = &vectors()["seg_data"];
    with_movie(|movie| {
        let profiles = [custom()];
        let hash = keccak256([0x47; 188]);
        let segment = SegmentCredentials {
            manifest_id: "ManifestID",
            seq: 7,
            hash,
            profiles: &profiles,
            ..movie
        };
        let message = seg_data(&segment, &gateway()).unwrap();
        assert_eq!(hex::encode(&message.sig), expected["second_sig"]);
    });
}

#[test]
fn a_field_that_the_peer_does_not_know_keeps_the_rest_readable() {
    let expected = &vectors()["seg_data"];
    let mut message = bytes(&expected["bytes"]);
    let known = SegData::decode(message.as_slice()).unwrap();
    message.extend(bytes(&expected["foreign_field"]));
    assert_eq!(SegData::decode(message.as_slice()).unwrap(), known);
}

#[test]
fn a_tag_rides_in_the_credentials_and_in_their_token_and_changes_no_other_byte() {
    with_movie(|movie| {
        let tag = tag();
        let plain = seg_data(&movie, &gateway()).unwrap();
        let mut tagged =
            seg_data(&SegmentCredentials { tag: Some(&tag), ..movie }, &gateway()).unwrap();
        assert_eq!(tagged.job_tag.take(), Some(tag.clone()));
        assert_eq!(tagged.auth_token.as_mut().unwrap().job_tag.take(), Some(tag));
        assert_eq!(tagged.encode_to_vec(), plain.encode_to_vec());
    });
}

#[test]
fn a_tag_that_is_switched_off_is_removed_from_an_echoed_token_too() {
    with_movie(|movie| {
        let token = AuthToken { job_tag: Some(tag()), ..token() };
        let untagged = SegmentCredentials { token: &token, ..movie };
        assert_eq!(encoded(&untagged), encoded(&movie));
    });
}

#[test]
fn fields_that_a_later_orchestrator_puts_into_its_token_are_sent_back() {
    with_movie(|movie| {
        let issued = bytes(&vectors()["token_with_foreign_field"]);
        let token = AuthToken::decode(issued.as_slice()).unwrap();
        let message = encoded(&SegmentCredentials { token: &token, ..movie });
        assert!(message.windows(issued.len()).any(|window| window == issued));
        let end = end_session_request(&token).encode_to_vec();
        assert_eq!(&end[2..], issued);
    });
}

#[test]
fn ending_a_session_sends_its_token() {
    assert_eq!(
        hex::encode(end_session_request(&token()).encode_to_vec()),
        vectors()["end_session"]
    );
}

#[test]
fn numbers_from_2_to_the_63_are_negative_on_the_wire() {
    with_movie(|movie| {
        let last = SegmentCredentials { seq: u64::MAX, ..movie };
        assert_eq!(seg_data(&last, &gateway()).unwrap().seq, -1);
    });
}

#[test]
fn profiles_have_the_known_bytes() {
    let expected = &vectors()["video_profiles"];
    let check = |name: &str, profile: &Profile| {
        assert_eq!(hex::encode(video_profile(profile).encode_to_vec()), expected[name], "{name}");
    };
    check("preset", &Profile::preset("P240p30fps16x9").unwrap());
    let base = Profile {
        name: "custom_640x360_900000".to_owned(),
        bitrate: 900_000,
        fps: 0,
        ..Profile::preset("P360p30fps16x9").unwrap()
    };
    check("passthrough_rate", &base);
    check(
        "intra_hevc_mp4",
        &Profile {
            fps: 30000,
            fps_den: 1001,
            container: Some(Container::Mp4),
            encoder_profile: EncoderProfile::H264Main,
            gop: Gop::Intra,
            encoder: Encoder::Hevc,
            ..custom()
        },
    );
    check(
        "all_fields",
        &Profile {
            name: "x".to_owned(),
            fps: 30,
            gop: Gop::Millis(2000),
            color_depth: 2,
            chroma: Chroma::C444,
            quality: 23,
            ..base
        },
    );
}

/// server/segment_rpc_test.go:226-341.
#[test]
fn one_demanding_profile_moves_the_whole_job_to_a_later_list() {
    let lists = |profiles: &[Profile]| {
        with_movie(|movie| {
            let message = seg_data(&SegmentCredentials { profiles, ..movie }, &OffChain).unwrap();
            assert_eq!(message.profiles.as_ref(), b"invalid");
            [
                message.full_profiles.len(),
                message.full_profiles2.len(),
                message.full_profiles3.len(),
            ]
        })
    };
    let with = |change: &dyn Fn(&mut Profile)| {
        let mut profiles = presets(&["P240p30fps16x9", "P360p30fps16x9", "P144p30fps16x9"]);
        profiles[0].container = Some(Container::MpegTs);
        change(&mut profiles[1]);
        profiles
    };
    assert_eq!(lists(&[]), [0, 0, 0]);
    assert_eq!(lists(&with(&|p| p.container = Some(Container::MpegTs))), [3, 0, 0]);
    assert_eq!(lists(&with(&|p| p.container = Some(Container::Mp4))), [0, 3, 0]);
    assert_eq!(lists(&with(&|p| p.fps_den = 12)), [0, 0, 3]);
    assert_eq!(lists(&with(&|p| p.fps_den = 1)), [0, 0, 3]);
    assert_eq!(lists(&with(&|p| p.encoder_profile = EncoderProfile::H264High)), [0, 0, 3]);
    assert_eq!(lists(&with(&|p| p.gop = Gop::Millis(123))), [0, 0, 3]);
    let neutral = |p: &mut Profile| {
        (p.encoder, p.color_depth, p.chroma, p.quality) = (Encoder::Hevc, 2, Chroma::C422, 20);
    };
    assert_eq!(lists(&with(&neutral)), [3, 0, 0]);
}

/// common/util_test.go:21-119.
#[test]
fn a_profile_without_a_name_is_signed_under_the_name_that_is_sent() {
    let nameless = Profile {
        name: String::new(),
        width: 123,
        height: 456,
        bitrate: 432_000,
        gop: Gop::Millis(123),
        ..custom()
    };
    let message = video_profile(&nameless);
    assert_eq!((message.name.as_str(), message.gop), ("ffmpeg_123x456_432000", 123));
    assert_eq!(profile_ids(&[nameless]), hex::encode(profile_id("ffmpeg_123x456_432000")));
}

#[test]
fn durations_lose_the_millisecond_that_stock_nodes_lose() {
    for vector in vectors()["duration_ms"].as_array().unwrap() {
        let millis = vector[0].as_u64().unwrap();
        assert_eq!(i64::from(wire_millis(Duration::from_millis(millis))), vector[1]);
    }
    let short = (1..=300_000_u64)
        .filter(|&ms| i64::from(wire_millis(Duration::from_millis(ms))) + 1 == ms.cast_signed())
        .count();
    assert_eq!(short, 8_757);
    assert_eq!(wire_millis(Duration::ZERO), 0);
    assert_eq!(wire_millis(Duration::MAX), i32::MAX);
}

#[test]
fn results_read_as_known() {
    let vectors = vectors();
    let expected: &Value = &vectors["result"];
    let busy = decode_result(bytes(&expected["busy"]).into(), 7, 1).unwrap_err();
    assert!(matches!(&busy, ResultError::Reported { text, .. } if text == "OrchestratorBusy"));
    assert_eq!(busy.fault(), Fault::Busy);

    let output = decode_result(bytes(&expected["one_rendition"]).into(), 7, 1).unwrap();
    assert_eq!(hex::encode(&output.signature), expected["sig"]);
    assert_eq!(output.info, None);
    let [rendition] = output.segments.as_slice() else { panic!("one rendition") };
    assert_eq!(rendition.url.as_str(), expected["url"]);
    assert_eq!(rendition.pixels, expected["pixels"].as_u64().unwrap());
    assert_eq!(rendition.perceptual_hash_url, None);
    assert_eq!(rendition.named(), Some("P240p30fps16x9"));
}
