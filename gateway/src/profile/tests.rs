//! Presets against their table, JSON against what stock takes, and names against everything.

use alloy_primitives::keccak256;
use proptest::prelude::*;
use serde_json::{Value, json};

use super::*;

/// Name, size, kilobits, frames per second and profile id, as printed in go-livepeer's
/// `common/videoprofile_ids.go:12-27`.
const PRESETS: [(&str, i32, i32, i32, u32, &str); 14] = [
    ("P720p60fps16x9", 1280, 720, 6000, 60, "a7ac137a"),
    ("P720p30fps16x9", 1280, 720, 4000, 30, "49d54ea9"),
    ("P720p25fps16x9", 1280, 720, 3500, 25, "e4a64019"),
    ("P720p30fps4x3", 960, 720, 3500, 30, "79332fe7"),
    ("P576p30fps16x9", 1024, 576, 1500, 30, "5ecf4b52"),
    ("P576p25fps16x9", 1024, 576, 1500, 25, "8b1843d6"),
    ("P360p30fps16x9", 640, 360, 1200, 30, "93c717e7"),
    ("P360p25fps16x9", 640, 360, 1000, 25, "7cd40fc7"),
    ("P360p30fps4x3", 480, 360, 1000, 30, "b60382a0"),
    ("P240p30fps16x9", 426, 240, 600, 30, "c0a6517a"),
    ("P240p25fps16x9", 426, 240, 600, 25, "1301a7d0"),
    ("P240p30fps4x3", 320, 240, 600, 30, "d435c53a"),
    ("P144p30fps16x9", 256, 144, 400, 30, "fca40bf9"),
    ("P144p25fps16x9", 256, 144, 400, 25, "03f01d1f"),
];

fn list(value: &Value) -> Result<Vec<Profile>, String> {
    list_from_value(value).map_err(|errors| errors.to_string())
}

fn one(value: &Value) -> Result<Profile, String> {
    list(&json!([value])).map(|mut profiles| profiles.remove(0))
}

/// A profile object that is fine, with one key more or another value.
fn with(key: &str, value: Value) -> Value {
    let mut profile = json!({"name": "r", "width": 640, "height": 360, "bitrate": 1_000_000});
    profile[key] = value;
    profile
}

#[test]
fn presets_are_those_of_stock() {
    for (name, width, height, kilobits, fps, id) in PRESETS {
        let preset = Profile::preset(name).unwrap();
        assert_eq!((preset.width, preset.height), (width, height), "{name}");
        assert_eq!(
            (preset.bitrate, preset.fps, preset.fps_den),
            (kilobits * 1000, fps, 0),
            "{name}"
        );
        assert_eq!(preset.encoder, Encoder::H264);
        assert_eq!(preset.gop, Gop::Unset);
        assert_eq!(alloy_primitives::hex::encode(&keccak256(name)[..4]), id, "{name}");
        assert_eq!(preset.preset_name(), Some(name));
        preset.check().unwrap();
    }
    assert_eq!(PRESETS.map(|preset| preset.0), PRESET_NAMES);
}

#[test]
fn a_stream_without_profiles_gets_the_stock_default() {
    let names: Vec<String> = default_profiles().into_iter().map(|profile| profile.name).collect();
    assert_eq!(names, ["P240p30fps16x9", "P360p30fps16x9"]);
}

#[test]
fn preset_names_are_trimmed_and_case_counts() {
    assert_eq!(Profile::preset("  P240p30fps16x9 ").unwrap().name, "P240p30fps16x9");
    assert!(Profile::preset("p240p30fps16x9").is_err());
}

#[test]
fn pain_13_unknown_presets_are_refused_with_the_list_of_those_there_are() {
    let error = preset_list(["P720p30fps16x9", "P1080p30fps16x9", "nope"]).unwrap_err().to_string();
    insta::assert_snapshot!(error, @"profile 2: unknown preset `P1080p30fps16x9`; there are P720p60fps16x9, P720p30fps16x9, P720p25fps16x9, P720p30fps4x3, P576p30fps16x9, P576p25fps16x9, P360p30fps16x9, P360p25fps16x9, P360p30fps4x3, P240p30fps16x9, P240p25fps16x9, P240p30fps4x3, P144p30fps16x9, P144p25fps16x9; profile 3: unknown preset `nope`; there are P720p60fps16x9, P720p30fps16x9, P720p25fps16x9, P720p30fps4x3, P576p30fps16x9, P576p25fps16x9, P360p30fps16x9, P360p25fps16x9, P360p30fps4x3, P240p30fps16x9, P240p25fps16x9, P240p30fps4x3, P144p30fps16x9, P144p25fps16x9");
}

#[test]
fn a_profile_with_every_key_is_read() {
    let profile = one(&json!({
        "name": "hd_1.a-b", "width": 1280, "height": 720, "bitrate": 4_000_000, "fps": 30000,
        "fpsDen": 1001, "profile": "h264ConstrainedHIGH", "gop": "2.5", "encoder": "HEVC",
        "colorDepth": 2, "chromaFormat": 2, "quality": 23, "whatever": [1],
    }))
    .unwrap();
    let expected = Profile {
        name: "hd_1.a-b".into(),
        width: 1280,
        height: 720,
        bitrate: 4_000_000,
        fps: 30000,
        fps_den: 1001,
        container: None,
        encoder_profile: EncoderProfile::H264ConstrainedHigh,
        gop: Gop::Millis(2500),
        encoder: Encoder::Hevc,
        color_depth: 2,
        chroma: Chroma::C444,
        quality: 23,
    };
    assert_eq!(profile, expected);
}

#[test]
fn what_is_left_out_is_null_or_empty_is_the_default() {
    for profile in [
        json!({"width": 640, "height": 360}),
        json!({"name": "", "width": 640, "height": 360, "profile": "", "gop": "", "encoder": ""}),
        json!({"name": null, "width": 640, "height": 360, "fps": null, "gop": null, "quality": null}),
    ] {
        let read = one(&profile).unwrap();
        assert_eq!(read.name, "custom_640x360_0");
        assert_eq!((read.bitrate, read.fps, read.fps_den), (0, 0, 0));
        assert_eq!((read.encoder_profile, read.gop), (EncoderProfile::None, Gop::Unset));
    }
}

#[test]
fn keys_match_in_any_case_and_the_exact_spelling_wins() {
    let read =
        one(&json!({"WIDTH": 1, "width": 640, "Height": 360, "FPSDEN": 1, "fps": 30})).unwrap();
    assert_eq!((read.width, read.height, read.fps_den), (640, 360, 1));
}

#[test]
fn key_frame_distance_is_seconds_as_text() {
    for (text, gop) in [
        ("intra", Gop::Intra),
        ("0", Gop::Unset),
        ("0.0", Gop::Unset),
        ("2", Gop::Millis(2000)),
        ("2.5", Gop::Millis(2500)),
        ("0.001", Gop::Millis(1)),
        ("1e1", Gop::Millis(10_000)),
        ("3600", Gop::Millis(3_600_000)),
    ] {
        assert_eq!(one(&with("gop", json!(text))).unwrap().gop, gop, "{text}");
    }
    for text in ["-1", "Intra", "two", "NaN", "inf", "-inf", "1e300", "3601", "0.0001", " 2"] {
        let error = one(&with("gop", json!(text))).unwrap_err();
        assert!(error.contains("gop"), "{text}: {error}");
    }
}

#[test]
fn types_are_strict() {
    for (key, value) in [
        ("name", json!(1)),
        ("width", json!("640")),
        ("width", json!(640.0)),
        ("width", json!(true)),
        ("height", json!([360])),
        ("bitrate", json!("100k")),
        ("fps", json!("30")),
        ("fpsDen", json!(1.5)),
        ("profile", json!(1)),
        ("gop", json!(2)),
        ("encoder", json!({})),
        ("colorDepth", json!("0")),
        ("chromaFormat", json!("420")),
        ("quality", json!("1")),
    ] {
        let error = one(&with(key, value.clone())).unwrap_err();
        assert!(error.contains(&format!("{key} must be")), "{key} {value}: {error}");
    }
}

#[test]
fn values_outside_what_is_encoded_are_refused() {
    for (key, value) in [
        ("width", json!(-1)),
        ("width", json!(4097)),
        ("height", json!(100_000)),
        ("width", json!(5_000_000_000_i64)),
        ("width", json!(u64::MAX)),
        ("bitrate", json!(-1)),
        ("bitrate", json!(600_000_000)),
        ("fps", json!(-1)),
        ("fps", json!(241)),
        ("fpsDen", json!(-1)),
        ("fpsDen", json!(5_000_000_000_i64)),
        ("profile", json!("H265Main")),
        ("encoder", json!("hevc")),
        ("encoder", json!("AV1")),
        ("colorDepth", json!(1)),
        ("colorDepth", json!(-2)),
        ("chromaFormat", json!(3)),
        ("quality", json!(64)),
        ("quality", json!(-1)),
    ] {
        assert!(one(&with(key, value.clone())).is_err(), "{key} {value}");
    }
}

#[test]
fn one_side_may_be_left_to_the_aspect_ratio_but_not_both() {
    assert_eq!(one(&json!({"width": 426, "height": 0})).unwrap().height, 0);
    assert_eq!(one(&json!({"height": 240})).unwrap().width, 0);
    assert!(one(&json!({"name": "x"})).unwrap_err().contains("both 0"));
}

#[test]
fn hevc_may_be_larger_than_the_others() {
    let hevc = json!({"width": 8192, "height": 4320, "encoder": "HEVC"});
    assert_eq!(one(&hevc).unwrap().width, 8192);
    assert!(one(&json!({"width": 8192, "height": 4320})).is_err());
}

#[test]
fn fractional_frame_rates_are_bounded_by_their_quotient() {
    assert!(one(&json!({"width": 2, "fps": 240_000, "fpsDen": 1001})).is_ok());
    assert!(one(&json!({"width": 2, "fps": 240_001, "fpsDen": 1000})).is_err());
    assert!(one(&json!({"width": 2, "fps": 240})).is_ok());
}

#[test]
fn names_that_cannot_be_a_path_element_are_refused() {
    for name in [
        "a/b",
        "..",
        ".",
        "...",
        "x y",
        "a\\b",
        "a\"b",
        "a\r\nb",
        "é",
        "a%2fb",
        "a?b",
        "a#b",
        "\u{0}",
        &"x".repeat(65),
        "source",
        "xlive",
        "live",
    ] {
        assert!(one(&with("name", json!(name))).is_err(), "{name:?}");
    }
    for name in ["a", "240p", "P240p30fps16x9", "a.b", "-", "_", "live1", "Source", &"x".repeat(64)]
    {
        assert_eq!(one(&with("name", json!(name))).unwrap().name, name);
    }
}

#[test]
fn two_renditions_cannot_share_a_name() {
    let twice = json!([{"width": 640, "height": 360}, {"width": 640, "height": 360, "fps": 30}]);
    let error = list(&twice).unwrap_err();
    insta::assert_snapshot!(error, @"profile 2: name `custom_640x360_0` is used twice; renditions of a job need names of their own");
}

#[test]
fn every_bad_profile_of_a_list_is_reported() {
    let error = list(&json!([
        {"name": "a", "width": "640"},
        {"name": "b", "width": 640, "height": 360},
        {"name": "c", "width": 640, "gop": "-1"},
        7,
    ]))
    .unwrap_err();
    insta::assert_snapshot!(error, @r#"profile 1 (`a`): width must be a whole number, not a string; profile 3 (`c`): gop `-1` must be "intra", "0", or seconds from 0.001 to 3600; profile 4: a profile must be an object, not a number"#);
}

#[test]
fn a_list_is_a_list_and_has_sixteen_at_most() {
    assert_eq!(list(&json!([])), Ok(vec![]));
    for other in [json!({}), json!(null), json!("P240p30fps16x9"), json!(1)] {
        assert!(list(&other).unwrap_err().contains("must be a list"), "{other}");
    }
    let many = |count: usize| {
        let profiles = (0..count).map(|n| json!({"name": format!("p{n}"), "width": 640}));
        list(&profiles.collect::<Value>())
    };
    assert_eq!(many(16).unwrap().len(), 16);
    assert!(many(17).unwrap_err().contains("17 profiles are more than the 16"));
}

#[test]
fn hostile_values_are_shortened_and_escaped_in_messages() {
    let name = format!("\u{1b}[31m\n{}", "A".repeat(1_000_000));
    let error = one(&with("name", json!(name))).unwrap_err();
    assert!(error.len() < 300, "{}", error.len());
    assert!(!error.contains('\n') && !error.contains('\u{1b}'), "{error:?}");
}

#[test]
fn text_that_is_not_json_says_where_it_stops() {
    let error = list_from_str("[{\"width\": 640,}]").unwrap_err().to_string();
    insta::assert_snapshot!(error, @"not JSON: trailing comma at line 1 column 16");
}

fn any_json() -> impl Strategy<Value = Value> {
    let keys = prop::sample::select(vec![
        "name",
        "Name",
        "width",
        "height",
        "bitrate",
        "fps",
        "fpsDen",
        "fps_den",
        "profile",
        "gop",
        "encoder",
        "colorDepth",
        "chromaFormat",
        "quality",
        "x",
    ]);
    let leaf = prop_oneof![
        Just(Value::Null),
        any::<bool>().prop_map(Value::from),
        any::<i64>().prop_map(Value::from),
        any::<u64>().prop_map(Value::from),
        any::<f64>().prop_map(Value::from),
        (-5..5000_i64).prop_map(Value::from),
        ".{0,70}".prop_map(Value::from),
        prop::sample::select(vec!["intra", "2", "-1", "HEVC", "H264High", "ok", "live"])
            .prop_map(Value::from),
    ];
    let object = prop::collection::vec((keys, leaf), 0..12).prop_map(|entries| {
        entries.into_iter().map(|(key, value)| (key.to_owned(), value)).collect()
    });
    prop::collection::vec(object, 0..20).prop_map(Value::Array)
}

proptest! {
    #[test]
    fn any_text_is_read_or_refused(text in ".{0,200}") {
        prop_assert!(list_from_str(&text).map_err(|errors| errors.to_string()).map_or_else(|e| !e.is_empty(), |_| true));
    }

    #[test]
    fn whatever_is_read_can_be_served(value in any_json()) {
        if let Ok(profiles) = list_from_value(&value) {
            prop_assert!(profiles.len() <= MAX_PROFILES);
            for (index, profile) in profiles.iter().enumerate() {
                prop_assert!(check_name(&profile.name).is_ok());
                prop_assert!(profile.width >= 0 && profile.height >= 0);
                prop_assert!(profile.width + profile.height > 0);
                prop_assert!(profiles[..index].iter().all(|other| other.name != profile.name));
            }
        }
        let _yaml = from_value(&value[0], KeyStyle::Yaml).map_err(|error| error.to_string());
    }
}
