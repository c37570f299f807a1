//! `waymark.yaml`, `--set` and `WAYMARK__…`: what is read, and every problem at its place.

use std::path::Path;
use std::time::Duration;

use proptest::prelude::*;

use super::{DATA, defaults, env, own, without_origins, yaml};
use crate::config::{LogFormat, Problems, load};
use crate::profile::{Chroma, Encoder, EncoderProfile, Gop};

fn set(sets: &[&str], pairs: &[(&str, &str)]) -> Result<crate::config::Loaded, Problems> {
    let sets: Vec<String> = sets.iter().map(|set| (*set).to_owned()).collect();
    load(None, &sets, &env(pairs))
}

#[test]
fn a_file_may_give_every_setting() {
    let config = own("full.yaml").unwrap().config;
    assert_eq!(config.data_dir, Path::new("/srv/waymark"));
    assert_eq!(config.region, "FRA");
    assert_eq!(config.http_addr, "0.0.0.0:80");
    assert_eq!(config.rtmp_addr, "[::1]:1936");
    assert_eq!(config.cli_addr, "127.0.0.1:6000");
    assert!(config.http_ingest && config.current_manifest);
    assert_eq!((config.max_sessions, config.max_attempts), (250, 7));
    assert_eq!(config.stream_idle, Duration::from_mins(2));
    assert_eq!(config.limits.segment_bytes, 64 << 20);
    assert_eq!(config.limits.header_bytes, 32 << 10);
    let orchestrators: Vec<&str> = config.orchestrators.iter().map(url::Url::as_str).collect();
    assert_eq!(
        orchestrators,
        [
            "https://a.example.org:8935/",
            "https://b.example.org/",
            "http://10.0.0.7:8936/",
            "https://c.example.org:8935/x"
        ]
    );
    assert_eq!(config.block_list.len(), 1);
    assert_eq!(config.min_orchestrator_version.as_deref(), Some("0.9.0"));
    assert_eq!((config.extra_nodes, config.hls.window), (2, 12));
    assert_eq!(config.hls.grace, Duration::ZERO);
    assert!(!config.tags.carry && !config.records.jsonl && !config.records.parquet);
    assert!(config.tags.routes[0].manifest.matches("live-7"));
    assert_eq!(config.tags.routes[0].tag.as_str(), "transcode/live/abr");
    assert_eq!(config.tags.allowed.as_ref().map(Vec::len), Some(2));
    assert_eq!((config.records.queue, config.records.parquet_rows), (16, 1000));
    assert_eq!(config.log.format, LogFormat::Json);
    assert!(config.monitor && config.metrics_per_stream);
    assert_eq!(config.shutdown_grace, Duration::from_mins(1));
}

#[test]
fn profiles_are_presets_or_written_out() {
    let config = own("full.yaml").unwrap().config;
    let [preset, tall, hevc] = config.profiles.as_slice() else { panic!("{:?}", config.profiles) };
    assert_eq!(preset.name, "P720p30fps16x9");
    assert_eq!((tall.width, tall.height, tall.bitrate), (720, 1280, 2_500_000));
    assert_eq!((tall.fps, tall.fps_den), (30000, 1001));
    assert_eq!((tall.encoder_profile, tall.gop), (EncoderProfile::H264High, Gop::Millis(1500)));
    assert_eq!(hevc.name, "custom_640x360_1000000");
    assert_eq!((hevc.encoder, hevc.gop, hevc.chroma), (Encoder::Hevc, Gop::Intra, Chroma::C422));
    assert_eq!((hevc.color_depth, hevc.quality), (2, 23));
}

#[test]
fn pain_23_every_problem_of_a_file_is_reported_at_its_place() {
    insta::assert_snapshot!(own("wrong.yaml").unwrap_err());
}

#[test]
fn secrets_of_a_bad_value_are_not_repeated() {
    let problems = own("wrong.yaml").unwrap_err().to_string();
    assert!(!problems.contains("token") && !problems.contains("secret"), "{problems}");
    let problems = set(
        &["orchestrators.webhook=ftp://u:secret@h/"],
        &[("WAYMARK__ORCHESTRATORS__WEBHOOK", "ftp://u:secret@h/")],
    )
    .unwrap_err()
    .to_string();
    assert!(!problems.contains("secret"), "{problems}");
}

#[test]
fn text_that_is_not_yaml_says_where_it_stops() {
    insta::assert_snapshot!(own("broken.yaml").unwrap_err());
    insta::assert_snapshot!(own("missing.yaml").unwrap_err());
}

#[test]
fn documents_of_the_wrong_shape_are_refused() {
    for text in
        ["[1, 2]", "just text", "a: 1\n---\nb: 2\n", "1: {2: 3}", "listen: [a]", "<<: {a: 1}"]
    {
        assert!(yaml(text).is_err(), "{text}");
    }
}

#[test]
fn an_empty_document_is_the_defaults() {
    for text in ["", "# nothing\n", "listen:\n", "hls: {}\nlisten: {http: null}\n", "---\n"] {
        assert_eq!(without_origins(yaml(text).unwrap().config), defaults(), "{text:?}");
    }
}

#[test]
fn scalars_are_the_text_that_was_written() {
    // Readers that guess types make a number of the first and a truth value of the second.
    let text = "orchestrators:\n  block_list:\n    - 0x0000000000000000000000000000000000000012\n\
                region: nOn\n";
    let config = yaml(text).unwrap().config;
    assert_eq!(config.block_list[0].as_slice()[19], 0x12);
    assert_eq!(config.region, "NON");
}

#[test]
fn aliases_are_read_and_bombs_are_not() {
    let text = "orchestrators: {addresses: &us [a, b]}\ntags: {silent_orchestrators: *us}\n";
    let config = yaml(text).unwrap().config;
    assert_eq!(config.tags.silent_orchestrators, config.orchestrators);
    let mut bomb = "a0: &a0 [x, x, x, x, x, x, x, x, x]\n".to_owned();
    for level in 1..9 {
        let last = level - 1;
        let aliases = vec![format!("*a{last}"); 5].join(", ");
        bomb.extend([format!("a{level}: &a{level} ["), aliases, "]\n".to_owned()]);
    }
    assert!(yaml(&bomb).is_err());
    assert!(yaml(&"[".repeat(100_000)).is_err());
    assert!(yaml(&"a: {".repeat(50)).is_err());
}

#[test]
fn a_huge_file_is_not_read() {
    let problems = yaml(&"#".repeat(2 << 20)).unwrap_err().to_string();
    assert!(problems.contains("larger than"), "{problems}");
}

#[test]
fn the_command_line_comes_before_the_environment_and_that_before_the_file() {
    let file = Path::new(DATA).join("full.yaml");
    let pairs = [("WAYMARK__HLS__WINDOW", "20"), ("WAYMARK__REGION", "nyc")];
    let config = load(Some(&file), &["hls.window=30".to_owned()], &env(&pairs)).unwrap().config;
    assert_eq!((config.hls.window, config.region.as_str()), (30, "NYC"));
    assert_eq!(config.extra_nodes, 2);
    assert_eq!(config.origins.of("hls.window").to_string(), "--set hls.window");
    assert_eq!(config.origins.of("region").to_string(), "environment WAYMARK__REGION");
    assert_eq!(
        config.origins.of("orchestrators.extra_nodes").to_string(),
        format!("{DATA}/full.yaml:20:16")
    );
}

#[test]
fn lists_can_be_set_with_commas_or_as_yaml() {
    for addresses in ["a,b:1", "[a, b:1]", "[\"a\", \"b:1\"]"] {
        let config = set(&[&format!("orchestrators.addresses={addresses}")], &[]).unwrap().config;
        assert_eq!(config.orchestrators.len(), 2, "{addresses}");
    }
    let sets = [
        "tags.routes=[{manifest: a*, tag: transcode/live}]",
        "transcoding.profiles=[P720p30fps16x9, {width: 64, height: 64}]",
        "orchestrators.addresses=[::1]:8935,b",
        "listen.http=[::1]:80",
        "tags.allowed=[]",
    ];
    let config = set(&sets, &[]).unwrap().config;
    assert_eq!((config.tags.routes.len(), config.profiles.len()), (1, 2));
    assert_eq!(config.orchestrators[0].as_str(), "https://[::1]:8935/");
    assert_eq!(config.http_addr, "[::1]:80");
    assert_eq!(config.tags.allowed, Some(vec![]));
}

#[test]
fn assignments_and_variables_that_are_no_settings_are_refused() {
    let sets = ["hls.windw=8", "nonsense", "hls.window=0", "hls.memory=128", "log.format=["];
    let pairs =
        [("WAYMARK__HLS__GRACEE", "1s"), ("WAYMARK__HLS__GRACE", "soon"), ("WAYMARK__REGION", "")];
    insta::assert_snapshot!(set(&sets, &pairs).unwrap_err());
}

#[test]
fn stock_variables_do_not_reach_our_own_form_and_are_named() {
    let loaded =
        set(&["orchestrators.addresses=a"], &[("LP_HTTPADDR", ":1"), ("LP_OTHER", "x")]).unwrap();
    assert_eq!(loaded.config.http_addr, "127.0.0.1:9935");
    assert_eq!(
        loaded.warnings,
        ["ignored, as they belong to a stock command line (waymark -gateway …): LP_HTTPADDR"]
    );
}

#[test]
fn limits_that_contradict_each_other_are_refused() {
    let problems = yaml("limits: {segment: 1GiB}\n").unwrap_err().to_string();
    assert!(problems.contains("limits.in_flight"), "{problems}");
    let problems = yaml("listen: {http: ':1', cli: '127.0.0.1:1'}\n").unwrap_err().to_string();
    assert!(problems.contains("give each its own port"), "{problems}");
}

#[test]
fn an_orchestrator_listed_twice_is_used_once() {
    let loaded = yaml("orchestrators: {addresses: [a, 'https://a:8935/']}\n").unwrap();
    assert_eq!(loaded.config.orchestrators.len(), 1);
    assert_eq!(
        loaded.warnings,
        ["orchestrators.addresses lists an orchestrator twice; it is used once"]
    );
}

#[test]
fn debug_output_shows_no_secret() {
    let config = own("full.yaml").unwrap().config;
    let shown = format!("{config:?}");
    assert!(shown.contains("hook.example.org") && !shown.contains("secret"), "{shown}");
}

proptest! {
    #[test]
    fn any_document_is_read_or_refused(text in "(([a-z_]{1,12}: ?)?[ \\-\\[\\]{}&*a-z0-9:\"'|>%#]{0,20}\n?){0,12}") {
        let mut problems = Problems::default();
        let origin = crate::config::Origin::CommandLine;
        let given = crate::config::file::parse(&text, &origin, &mut problems);
        prop_assert!(given.len() <= crate::config::setting::SETTINGS.len());
    }

    #[test]
    fn any_value_of_any_setting_is_read_or_refused(
        index in 0..crate::config::setting::SETTINGS.len(),
        value in prop_oneof![".{0,40}", "[0-9]{0,20}[a-zA-Z]{0,3}", "\\[.{0,30}\\]", "[a-z/*:.,\\[\\]]{0,30}"],
    ) {
        let setting = &crate::config::setting::SETTINGS[index];
        let result = set(&[&format!("{}={value}", setting.key)], &[]);
        if let Ok(loaded) = result {
            prop_assert!(!loaded.config.to_yaml(true).is_empty());
        }
    }
}
