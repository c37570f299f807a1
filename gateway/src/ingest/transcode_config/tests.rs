use proptest::prelude::*;

use super::*;

fn read(json: &str) -> Result<Option<TranscodeConfig>, ConfigError> {
    TranscodeConfig::from_json(json.as_bytes())
}

fn config(json: &str) -> TranscodeConfig {
    read(json).unwrap().unwrap()
}

fn names(json: &str) -> Result<Vec<String>, ProfileErrors> {
    let profiles = config(json).profiles(&profile::default_profiles())?;
    Ok(profiles.into_iter().map(|profile| profile.name).collect())
}

#[test]
fn absent_empty_and_null_are_the_same() {
    assert_eq!(TranscodeConfig::from_headers(&HeaderMap::new()).unwrap(), None);
    for json in ["", "  ", "null"] {
        assert_eq!(read(json).unwrap(), None);
    }
    assert_eq!(config("{}"), TranscodeConfig::default());
    assert_eq!(config("{}").timeout_multiplier, 1);
}

#[test]
fn every_key_is_read() {
    let config = config(
        r#"{"manifestID":"m","streamID":"s","sessionID":"i","streamKey":"k","presets":["P144p30fps16x9"],
            "objectStore":"s3://a","recordObjectStore":"s3://b","recordObjectStoreUrl":"http://c",
            "profiles":[{"name":"small","width":160,"height":90,"bitrate":100000}],
            "previousSessions":["one","two"],"verificationFreq":3,"timeoutMultiplier":4,
            "forceSessionReinit":true,"somethingElse":{"a":[1]}}"#,
    );
    assert_eq!(config.manifest_id.as_ref().map(ManifestId::as_str), Some("m"));
    assert_eq!(config.stream_id.as_deref(), Some("s"));
    assert_eq!(config.session_id.as_deref(), Some("i"));
    assert_eq!(config.stream_key.as_deref(), Some("k"));
    assert_eq!(config.presets, ["P144p30fps16x9"]);
    assert_eq!(config.object_store.as_deref(), Some("s3://a"));
    assert_eq!(config.record_object_store.as_deref(), Some("s3://b"));
    assert_eq!(config.record_object_store_url.as_deref(), Some("http://c"));
    assert_eq!(config.profiles.as_ref().map(Vec::len), Some(1));
    assert_eq!(config.previous_sessions, ["one", "two"]);
    assert_eq!((config.verification_freq, config.timeout_multiplier), (3, 4));
    assert!(config.force_session_reinit);
}

#[test]
fn keys_are_found_in_any_case_and_null_is_absent() {
    let config = config(r#"{"ManifestId":"m","PRESETS":null,"profiles":null,"streamKey":null}"#);
    assert_eq!(config.manifest_id.as_ref().map(ManifestId::as_str), Some("m"));
    assert_eq!((config.presets.len(), config.profiles, config.stream_key), (0, None, None));
}

#[test]
fn presets_come_first_and_defaults_only_without_both() {
    let small = r#"{"name":"small","width":160,"height":90,"bitrate":100000}"#;
    assert_eq!(names("{}").unwrap(), ["P240p30fps16x9", "P360p30fps16x9"]);
    assert_eq!(names(r#"{"presets":["P144p30fps16x9"]}"#).unwrap(), ["P144p30fps16x9"]);
    assert_eq!(
        names(&format!(r#"{{"profiles":[{small}],"presets":[" P144p30fps16x9 "]}}"#)).unwrap(),
        ["P144p30fps16x9", "small"]
    );
    assert_eq!(
        names(r#"{"profiles":[],"presets":["P144p30fps16x9"]}"#).unwrap(),
        ["P144p30fps16x9"]
    );
    assert!(names(r#"{"profiles":[]}"#).unwrap().is_empty(), "nothing is transcoded");
}

#[test]
fn pain_13_an_unknown_preset_is_named_together_with_those_there_are() {
    let problem = Problem::from(names(r#"{"presets":["P1080p60"]}"#).unwrap_err());
    assert_eq!(problem.reason(), Reason::UnknownPreset);
    assert!(problem.detail().contains("P1080p60"), "{}", problem.detail());
    assert!(problem.detail().contains("P720p60fps16x9"), "{}", problem.detail());
}

#[test]
fn a_name_used_twice_is_refused() {
    let twice = r#"{"presets":["P144p30fps16x9","P144p30fps16x9"]}"#;
    let problem = Problem::from(names(twice).unwrap_err());
    assert_eq!(problem.reason(), Reason::InvalidProfile);
}

#[test]
fn multipliers_below_one_do_nothing() {
    for (json, expected) in [("0", 1), ("-3", 1), ("1", 1), ("100", 100)] {
        let json = format!(r#"{{"timeoutMultiplier":{json}}}"#);
        assert_eq!(config(&json).timeout_multiplier, expected, "{json}");
    }
}

#[test]
fn mistakes_name_the_key() {
    let long = format!(r#"{{"streamID":"{}"}}"#, "x".repeat(MAX_CONFIG_BYTES));
    let texts: Vec<_> = [
        "{bad",
        "[]",
        "3",
        r#"{"manifestID":"../m"}"#,
        r#"{"manifestID":7}"#,
        r#"{"presets":"P144p30fps16x9"}"#,
        r#"{"presets":[1]}"#,
        r#"{"profiles":{}}"#,
        r#"{"profiles":[{"width":160,"height":90,"bitrate":100000,"gop":"x"}]}"#,
        r#"{"verificationFreq":-1}"#,
        r#"{"verificationFreq":1.5}"#,
        r#"{"timeoutMultiplier":101}"#,
        r#"{"timeoutMultiplier":"3"}"#,
        r#"{"forceSessionReinit":1}"#,
        &long,
    ]
    .into_iter()
    .map(|json| {
        let error = read(json).unwrap_err();
        format!("{}: {}", error.reason(), error.whole_text())
    })
    .collect();
    insta::assert_json_snapshot!(texts);
}

proptest! {
    #[test]
    fn no_document_is_too_strange(document in prop::collection::vec(any::<u8>(), 0..200)) {
        if let Ok(Some(config)) = TranscodeConfig::from_json(&document) {
            prop_assert!((1..=MAX_TIMEOUT_MULTIPLIER).contains(&config.timeout_multiplier));
        }
    }

    #[test]
    fn no_value_is_too_strange(
        key in prop::sample::select(vec![
            "manifestID", "presets", "profiles", "verificationFreq", "timeoutMultiplier",
            "forceSessionReinit", "previousSessions",
        ]),
        value in "(null|true|-?[0-9]{1,20}(\\.5|e9)?|\"[ -!#-\\[\\]-~]{0,8}\"|\\[[0-9]\\]|\\[\"a\"\\]|\\{\\}|\\[\\{\\}\\])",
    ) {
        let outcome = read(&format!(r#"{{"{key}":{value}}}"#));
        if let Err(error) = outcome {
            prop_assert!(error.whole_text().len() < 1000);
        }
    }
}
