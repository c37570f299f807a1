use proptest::prelude::*;

use super::*;

fn tag(text: &str) -> Tag {
    text.parse().unwrap()
}

fn refusal(text: &str) -> (usize, TagRule) {
    let error = Tag::parse(text.as_bytes()).unwrap_err();
    (error.position, error.rule)
}

#[test]
fn every_root_is_accepted_with_one_to_four_segments() {
    for text in [
        "transcode/vod",
        "transcode/live/abr",
        "ai/live-video-to-video/streamdiffusion-sdxl",
        "compute/a/b/c/d",
        "x-acme/audio/transcribe-medical",
        "x-0/0",
        "x-abcdefghijklmnopqrstuvwx/v1.2_3-4",
    ] {
        assert_eq!(tag(text).to_string(), text);
    }
}

#[test]
fn a_tag_of_ninety_six_bytes_is_accepted_and_one_more_is_not() {
    let segment = "s".repeat(32);
    let longest = format!("compute/{segment}/{segment}/{}", "s".repeat(22));
    assert_eq!(longest.len(), 96);
    assert!(Tag::parse(longest.as_bytes()).is_ok());
    assert_eq!(refusal(&format!("{longest}s")), (96, TagRule::TooLong { bytes: 97 }));
}

#[test]
fn each_rule_is_named_with_the_byte_that_breaks_it() {
    let cases = [
        ("", 0, TagRule::Empty),
        ("transcode", 9, TagRule::NoSegment),
        ("transcode/", 10, TagRule::SegmentEmpty),
        ("/live", 0, TagRule::UnknownRoot),
        ("Transcode/live", 0, TagRule::UnknownRoot),
        ("transcoder/live", 0, TagRule::UnknownRoot),
        ("x-/live", 2, TagRule::NamespaceEmpty),
        ("x-ac_me/live", 4, TagRule::NamespaceByte),
        ("x-abcdefghijklmnopqrstuvwxy/live", 26, TagRule::NamespaceTooLong),
        ("ai//llm", 3, TagRule::SegmentEmpty),
        ("ai/llm/", 7, TagRule::SegmentEmpty),
        ("ai/.llm", 3, TagRule::SegmentStart),
        ("ai/-llm", 3, TagRule::SegmentStart),
        ("ai/llM", 5, TagRule::SegmentByte),
        ("ai/llm chat", 6, TagRule::SegmentByte),
        ("ai/l\u{e9}m", 4, TagRule::SegmentByte),
        ("ai/abcdefghijklmnopqrstuvwxyz0123456", 35, TagRule::SegmentTooLong),
        ("ai/a/b/c/d/e", 11, TagRule::TooManySegments),
    ];
    for (text, position, rule) in cases {
        assert_eq!(refusal(text), (position, rule), "{text:?}");
    }
}

#[test]
fn the_refusal_tells_a_person_what_to_write_instead() {
    insta::assert_snapshot!(
        ["", "Transcode/live", "transcode", "ai//llm", "ai/llm chat", "x-/a", "ai/a/b/c/d/e"]
            .map(|text| Tag::parse(text.as_bytes()).unwrap_err().to_string())
            .join("\n")
    );
}

#[test]
fn the_quoted_text_is_cut_and_escaped() {
    let error = Tag::parse(&[b"ai/\n\xff\x1b[31m".as_slice(), &[b'a'; 5000]].concat()).unwrap_err();
    let message = error.to_string();
    assert!(message.len() < 400, "{}", message.len());
    assert!(!message.contains(['\n', '\u{1b}']), "{message}");
}

#[test]
fn the_parent_drops_the_last_segment_until_only_the_root_is_left() {
    let lineage: Vec<_> = tag("ai/llm/chat").lineage().map(|t| t.to_string()).collect();
    assert_eq!(lineage, ["ai/llm/chat", "ai/llm"]);
    assert_eq!(tag("ai/llm").parent(), None);
}

#[test]
fn a_tag_is_within_itself_and_its_ancestors_only() {
    let chat = tag("ai/llm/chat");
    assert!(chat.is_within(&chat) && chat.is_within(&tag("ai/llm")));
    assert!(!tag("ai/llm-other").is_within(&tag("ai/llm")));
    assert!(!tag("ai/llm").is_within(&chat));
}

/// Computed with an independent Keccak-256 from the definition in the module's documentation.
#[test]
fn keys_are_the_namehash_of_the_components() {
    for (text, key) in [
        ("transcode/live", KEY_TRANSCODE_LIVE),
        ("transcode/live/abr", KEY_TRANSCODE_LIVE_ABR),
        ("ai/llm/chat", KEY_AI_LLM_CHAT),
        ("x-acme/audio/transcribe-medical", KEY_X_ACME),
    ] {
        assert_eq!(tag(text).key().to_string(), key, "{text}");
    }
}

const KEY_TRANSCODE_LIVE: &str =
    "0xa5dfe6a64115e8f93292d2520ad22fcafc5c1c01bb20f3dd79701674c91611e4";
const KEY_TRANSCODE_LIVE_ABR: &str =
    "0x565b898d25f9ff5fcae8422410696e91c618cae6c68410ca1c67dd32b6b90ddf";
const KEY_AI_LLM_CHAT: &str = "0xc2e8272273d95172c17b74c1475ee49d25aa280056bcb2dc5553d6750da88672";
const KEY_X_ACME: &str = "0x60d583305db00e40bb45b6ee77e4f7ea348ea14b564efbbdb5a67fede0a42de7";

#[test]
fn a_tag_is_a_plain_string_in_documents() {
    let read: Tag = serde_saphyr::from_str("ai/llm").unwrap();
    assert_eq!(read, tag("ai/llm"));
    assert!(serde_saphyr::from_str::<Tag>("AI/llm").is_err());
}

fn any_segment() -> impl Strategy<Value = String> {
    proptest::string::string_regex("[a-z0-9][a-z0-9._-]{0,17}").unwrap()
}

fn any_tag() -> impl Strategy<Value = String> {
    let namespace = proptest::string::string_regex("x-[a-z0-9]{1,15}").unwrap();
    let root = prop_oneof![
        Just("transcode".to_owned()),
        Just("ai".to_owned()),
        Just("compute".to_owned()),
        namespace
    ];
    (root, proptest::collection::vec(any_segment(), 1..=4))
        .prop_map(|(root, segments)| format!("{root}/{}", segments.join("/")))
}

proptest! {
    #[test]
    fn whatever_follows_the_grammar_is_a_tag(text in any_tag()) {
        let parsed = Tag::parse(text.as_bytes()).unwrap();
        prop_assert_eq!(parsed.as_str(), text.as_str());
        let parts: Vec<_> = std::iter::once(parsed.root()).chain(parsed.segments()).collect();
        prop_assert_eq!(parts.join("/"), text);
    }

    #[test]
    fn every_ancestor_of_a_tag_is_a_tag(text in any_tag()) {
        for ancestor in tag(&text).lineage() {
            prop_assert_eq!(Tag::parse(ancestor.as_str().as_bytes()), Ok(ancestor.clone()));
        }
    }

    #[test]
    fn no_bytes_make_the_parser_panic(bytes in proptest::collection::vec(any::<u8>(), 0..200)) {
        if let Err(error) = Tag::parse(&bytes) {
            prop_assert!(error.position <= bytes.len());
        }
    }

    #[test]
    fn one_changed_byte_changes_the_key_or_is_refused(text in any_tag(), at in any::<prop::sample::Index>(), byte in any::<u8>()) {
        let mut bytes = text.clone().into_bytes();
        let at = at.index(bytes.len());
        if let Some(target) = bytes.get_mut(at) {
            *target = byte;
        }
        if let Ok(other) = Tag::parse(&bytes) {
            prop_assert_eq!(other.as_str() == text, other.key() == tag(&text).key());
        }
    }
}
