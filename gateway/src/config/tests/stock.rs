//! Stock command lines: Go's syntax, the order of sources, and the fate of every flag.

use std::ffi::OsString;
use std::path::Path;
use std::time::Duration;

use alloy_primitives::U256;
use proptest::prelude::*;

use super::super::legacy;
use super::{DATA, config, defaults, env, refused, stock, stock_request};
use crate::config::{Secret, StockRequest, load_stock};

#[test]
fn the_command_line_of_a_stock_gateway_starts_this_one() {
    let config = config(
        "-gateway -network offchain -orchAddr a:1,b:2 -httpIngest -httpAddr 0.0.0.0:9000 \
         -rtmpAddr :1936 -cliAddr :6000 -dataDir /srv/lp -maxSessions 50 \
         -transcodingOptions P720p30fps16x9,P144p25fps16x9 -maxAttempts 5 -v 6",
    );
    let orchestrators: Vec<&str> = config.orchestrators.iter().map(url::Url::as_str).collect();
    assert_eq!(orchestrators, ["https://a:1/", "https://b:2/"]);
    assert_eq!(config.http_addr, "0.0.0.0:9000");
    assert_eq!(config.rtmp_addr, "127.0.0.1:1936");
    assert_eq!(config.cli_addr, "127.0.0.1:6000");
    assert!(config.http_ingest);
    assert_eq!(config.data_dir, Path::new("/srv/lp"));
    assert_eq!((config.max_sessions, config.max_attempts), (50, 5));
    let names: Vec<&str> = config.profiles.iter().map(|profile| profile.name.as_str()).collect();
    assert_eq!(names, ["P720p30fps16x9", "P144p25fps16x9"]);
    assert_eq!(config.log.filter, "info,waymark=trace");
}

#[test]
fn flags_are_written_as_go_reads_them() {
    for (line, sessions, attempts) in [
        ("-gateway -maxSessions 20 -maxAttempts 4", 20, 4),
        ("--gateway --maxSessions=20 --maxAttempts=4", 20, 4),
        ("-gateway=true -maxSessions=20 -maxAttempts=0x4", 20, 4),
        ("-gateway=T -maxSessions 5 -maxSessions 20 -maxAttempts 04", 20, 4),
        ("-gateway=1 -maxSessions +20 -maxAttempts 0b100", 20, 4),
        ("-maxSessions 20 -maxAttempts +4 -gateway --", 20, 4),
    ] {
        let config = config(line);
        assert_eq!((config.max_sessions, config.max_attempts), (sessions, attempts), "{line}");
    }
    let timeout =
        |text: &str| config(&format!("-gateway -discoveryTimeout {text}")).discovery_timeout;
    assert_eq!(timeout("1.5s"), Duration::from_millis(1500));
    assert_eq!(timeout("1s250ms"), Duration::from_millis(1250));
    assert_eq!(timeout("2000us"), Duration::from_millis(2));
}

#[test]
fn a_value_that_looks_like_a_flag_is_still_the_value() {
    let problems = refused("-gateway -orchAddr -monitor");
    assert!(problems.contains("-orchAddr -monitor"), "{problems}");
    let problems = refused("-gateway -orchAddr a,https://me:hunter2@b/");
    assert!(!problems.contains("hunter2"), "{problems}");
}

#[test]
fn the_command_line_comes_before_the_environment_and_that_before_the_file() {
    let file = format!("{DATA}/gateway.conf");
    let pairs = [
        ("LP_CONFIG", file.as_str()),
        ("LP_MAXSESSIONS", "30"),
        ("LP_CLIADDR", "127.0.0.1:8888"),
        ("LP_MONITOR", ""),
    ];
    let config = stock("-maxSessions 40", &pairs).unwrap().config;
    assert_eq!(config.max_sessions, 40);
    assert_eq!(config.cli_addr, "127.0.0.1:8888");
    assert_eq!(config.http_addr, "127.0.0.1:7777");
    assert!(!config.http_ingest);
    assert_eq!(config.orchestrators.len(), 2);
    assert_eq!(config.origins.of("ingest.max_sessions").to_string(), "flag -maxSessions");
    assert_eq!(config.origins.of("listen.cli").to_string(), "environment LP_CLIADDR");
    assert_eq!(config.origins.of("listen.http").to_string(), format!("{file}:4"));
    assert_eq!(config.origins.of("hls.window").to_string(), "default");
}

#[test]
fn both_spellings_of_the_data_directory_are_one_flag() {
    let loaded = stock("-gateway -datadir /a", &[("LP_DATADIR", "/b")]).unwrap();
    assert_eq!(loaded.config.data_dir, Path::new("/a"));
    assert!(
        loaded.warnings.iter().any(|warning| warning == "-datadir is deprecated: write -dataDir")
    );
    assert_eq!(config("-gateway -datadir /a -dataDir /c").data_dir, Path::new("/c"));
}

#[test]
fn our_own_variables_reach_what_stock_has_no_flag_for() {
    let config = stock("-gateway", &[("WAYMARK__HLS__WINDOW", "9")]).unwrap().config;
    assert_eq!(config.hls.window, 9);
    assert_eq!(config.origins.of("hls.window").to_string(), "environment WAYMARK__HLS__WINDOW");
    let both = [("WAYMARK__LISTEN__HTTP", ":1"), ("LP_HTTPADDR", ":2")];
    let problems = stock("-gateway", &both).unwrap_err().to_string();
    assert!(problems.contains("LP_HTTPADDR gives the same setting"), "{problems}");
    assert_eq!(stock("-gateway -httpAddr :3", &both[..1]).unwrap().config.http_addr, "127.0.0.1:3");
}

#[test]
fn an_empty_value_is_no_value() {
    let config = config(
        "-gateway -httpAddr= -orchAddr= -dataDir= -orchWebhookUrl= -region= -orchBlocklist=",
    );
    assert_eq!(config, defaults());
}

#[test]
fn empty_transcoding_options_are_stocks_other_default() {
    let config = config("-gateway -transcodingOptions=");
    let names: Vec<&str> = config.profiles.iter().map(|profile| profile.name.as_str()).collect();
    assert_eq!(names, ["P240p30fps4x3", "P360p30fps16x9"]);
}

#[test]
fn transcoding_options_may_be_a_file() {
    let config = config(&format!("-gateway -transcodingOptions {DATA}/profiles.json"));
    let names: Vec<&str> = config.profiles.iter().map(|profile| profile.name.as_str()).collect();
    assert_eq!(names, ["low", "custom_640x360_1200000"]);
}

#[test]
fn ingest_is_off_on_a_public_address_unless_asked_for() {
    for (flags, on) in [
        ("", true),
        ("-httpAddr 127.0.0.1:80", true),
        ("-httpAddr 127.9.9.9", true),
        ("-httpAddr localhost:80", true),
        ("-httpAddr [::1]:80", true),
        ("-httpAddr :80", true),
        ("-httpAddr 0.0.0.0:80", false),
        ("-httpAddr 10.0.0.1:80", false),
        ("-httpAddr gateway:80", false),
        ("-httpAddr [::]:80", false),
        ("-httpAddr 0.0.0.0:80 -httpIngest", true),
        ("-httpAddr 0.0.0.0:80 -httpIngest=true", true),
        ("-httpAddr 0.0.0.0:80 -authWebhookUrl http://hook/", true),
        ("-httpAddr 0.0.0.0:80 -authWebhookUrl http://hook/ -httpIngest=false", false),
        ("-httpIngest=false", false),
    ] {
        let loaded = stock(&format!("-gateway {flags}"), &[]).unwrap();
        assert_eq!(loaded.config.http_ingest, on, "{flags}");
        let warned =
            loaded.warnings.iter().any(|warning| warning.starts_with("HTTP ingest is OFF"));
        assert_eq!(warned, !on && !flags.contains("Ingest"), "{flags}");
    }
}

#[test]
fn flags_of_orchestrators_get_one_warning_that_names_them() {
    let line = "-gateway -orchAddr a -serviceAddr x:1 -pricePerUnit 1 -ticketEV 8 -nvidia 0";
    let loaded = stock(line, &[("LP_ORCHSECRET", "hidden")]).unwrap();
    let named: Vec<&String> =
        loaded.warnings.iter().filter(|warning| warning.contains("serviceAddr")).collect();
    assert_eq!(
        named,
        ["ignored, they do not configure a gateway: -serviceAddr, -pricePerUnit, -ticketEV, \
          -nvidia, LP_ORCHSECRET"]
    );
}

#[test]
fn rtmp_says_once_that_it_does_not_listen() {
    let loaded = stock("-gateway -orchAddr a -rtmpAddr 0.0.0.0:1935", &[]).unwrap();
    assert_eq!(
        loaded.warnings,
        ["RTMP does not listen yet: nothing is served on 0.0.0.0:1935; push segments over HTTP"]
    );
}

#[test]
fn flags_of_payment_are_checked_and_without_effect_off_chain() {
    let loaded = stock(
        "-gateway -orchAddr a -maxPricePerUnit 0.50USD -pixelsPerUnit 1000000 \
         -selectRandFreq 0.5 -selectStakeWeight 0.2 -selectPriceWeight 0.3 \
         -ethUrl https://rpc.example.org/key -maxTicketEV 99999999999999999999999999",
        &[],
    )
    .unwrap();
    assert!(
        loaded.warnings.contains(
            &"without effect off-chain, as in stock: -maxPricePerUnit, -pixelsPerUnit, \
          -selectRandFreq, -selectStakeWeight, -selectPriceWeight, -ethUrl, -maxTicketEV"
                .to_owned()
        )
    );
}

#[test]
fn the_command_line_of_an_on_chain_gateway_starts_one() {
    let config = config(
        "-gateway -network arbitrum-one-mainnet -ethUrl https://rpc.example.org/key \
         -ethController 0xD8E8328501E9645d16Cf49539efC04f734606ee4 -ethKeystorePath /keys \
         -ethPassword /run/pass -ethAcctAddr 0x70997970C51812dc3A010C7d01b50e0d17dc79C8 \
         -maxPricePerUnit 1200 -pixelsPerUnit 1000 -maxTicketEV 5000 -maxTotalEV 7000 \
         -depositMultiplier 2 -blockPollingInterval 2 -maxGasPrice 1000000000 \
         -selectRandFreq 0.3 -selectStakeWeight 0.7 -initializeRound=false",
    );
    let chain = config.chain.as_ref().unwrap();
    assert_eq!(chain.rpc[0].as_str(), "https://rpc.example.org/key");
    assert_eq!(chain.keystore.as_deref(), Some(Path::new("/keys")));
    assert_eq!(chain.passphrase.as_ref().map(Secret::expose), Some("/run/pass"));
    assert_eq!(chain.poll, Duration::from_secs(2));
    assert_eq!(chain.max_gas_price, Some(U256::from(1_000_000_000)));
    let max = config.prices.max.as_ref().unwrap();
    assert_eq!(max.wei_per_unit(None).unwrap().to_string(), "6/5");
    assert_eq!(config.tickets.max_ticket_ev, U256::from(5000));
    assert_eq!(config.tickets.deposit_multiplier.get(), 2);
}

#[test]
fn on_chain_an_endpoint_and_an_unknown_networks_controller_are_needed() {
    insta::assert_snapshot!(refused("-gateway -network my-chain"));
    insta::assert_snapshot!(refused("-gateway -network rinkeby -ethUrl https://rpc.example.org"));
}

#[test]
fn pain_23_bad_settings_are_refused_at_the_start_and_all_at_once() {
    insta::assert_snapshot!(refused(
        "-gateway -maxPricePerUnit abc -selectStakeWeight 0.5 -maxSessions auto -maxAttempts 0 \
         -v loud -orchadr a:8935 -transcodingOptions P1080p30fps16x9,P240p30fps16x9 \
         -orchAddr good:8935,ftp://bad -orchBlocklist 0x12 -httpAddr 8080 -pixelsPerUnit 0 \
         -priceFeedAddr nope -httpIngest=maybe -discoveryTimeout 5 -orchMinLivepeerVersion latest"
    ));
}

#[test]
fn pain_23_prices_are_a_number_and_perhaps_a_currency() {
    for price in ["0", "1200", "0.50USD", "1wei", "3.25eth", "7A1"] {
        config(&format!("-gateway -maxPricePerUnit {price}"));
    }
    for price in ["abc", "-1", "1.", ".5", "1.2.3", "1 USD", "1e3-", "USD5", "0x10!", "1,5"] {
        let line = [OsString::from("-gateway"), "-maxPricePerUnit".into(), price.into()];
        assert!(load_stock(&line, &env(&[])).is_err(), "{price}");
    }
}

#[test]
fn pain_23_weights_sum_to_one_with_the_defaults_of_those_not_given() {
    for line in [
        "-selectRandFreq 0.3",
        "-selectRandFreq 0.2 -selectStakeWeight 0.8",
        "-selectRandFreq 0 -selectStakeWeight 0 -selectPriceWeight 1",
        "-selectRandFreq 0.30005",
    ] {
        config(&format!("-gateway {line}"));
    }
    for line in [
        "-selectRandFreq 0.2",
        "-selectPriceWeight 0.5",
        "-selectRandFreq -0.3 -selectStakeWeight 1.3",
        "-selectRandFreq NaN",
        "-selectStakeWeight 0.7002",
    ] {
        assert!(stock(&format!("-gateway {line}"), &[]).is_err(), "{line}");
    }
}

#[test]
fn pain_23_a_missing_or_bad_json_file_is_refused() {
    insta::assert_snapshot!(refused(&format!(
        "-gateway -transcodingOptions {DATA}/missing.json -maxPricePerCapability prices.json"
    )));
    insta::assert_snapshot!(refused(&format!(
        "-gateway -transcodingOptions {DATA}/bad-profiles.json"
    )));
}

#[test]
fn a_stock_file_is_checked_line_by_line() {
    insta::assert_snapshot!(refused(&format!("-config {DATA}/wrong.conf")));
}

#[test]
fn a_missing_stock_file_and_a_yaml_file_are_refused() {
    insta::assert_snapshot!(refused(&format!("-gateway -config {DATA}/missing.conf")));
    insta::assert_snapshot!(refused("-gateway -config waymark.yaml"));
}

#[test]
fn what_is_not_there_yet_is_refused_by_name_and_secrets_stay_hidden() {
    let problems = refused(
        "-gateway -objectStore s3://key:hunter2@store/ \
         -recordStore s3://key:hunter2@store/ \
         -kafkaBootstrapServers k:1 -metadataQueueUri amqp://u:hunter2@q -remoteSignerUrl s \
         -orchPerfStatsUrl https://s -liveAIAuthWebhookUrl https://hunter2 -metricsClientIP \
         -network arbitrum-one-mainnet -ethUrl https://u:hunter2@rpc/ -ethPassword hunter2 \
         -initializeRound -reward -selectStakeWeight 0.2 -selectPriceWeight 0.5",
    );
    assert!(!problems.contains("hunter2"), "{problems}");
    insta::assert_snapshot!(problems);
}

#[test]
fn what_is_not_there_yet_may_be_given_stocks_default() {
    config("-gateway -objectStore= -minPerfScore 0.0 -metricsClientIP=false -orchestrator=false");
}

#[test]
fn local_verification_is_taken_and_cannot_be_turned_off() {
    let warnings = |line: &str| stock(line, &[]).unwrap().warnings;
    let off = warnings("-gateway -orchAddr a -localVerify=false");
    let on = warnings("-gateway -orchAddr a -localVerify");
    let more: Vec<_> = off.into_iter().filter(|warning| !on.contains(warning)).collect();
    assert_eq!(
        more,
        [
            "-localVerify=false turns nothing off: signatures are always checked, and pixel counts unless \
          verification.mode is none"
        ]
    );
}

#[test]
fn an_external_verifier_needs_a_folder_and_its_secrets_stay_hidden() {
    let config = config(
        "-gateway -verifierUrl https://u:hunter2@v/verify?key=hunter2 -verifierPath /shared",
    );
    let webhook = config.verification.webhook.as_ref().unwrap();
    assert_eq!(webhook.url.as_str(), "https://u:hunter2@v/verify?key=hunter2");
    assert_eq!(webhook.folder, Path::new("/shared"));
    assert_eq!(webhook.deadline, Duration::from_secs(2));
    let shown = format!("{webhook:?}");
    assert!(!shown.contains("hunter2"), "{shown}");
    insta::assert_snapshot!(refused("-gateway -verifierUrl https://u:hunter2@v/?key=hunter2"));
    let loaded = stock("-gateway -orchAddr a -verifierPath /shared", &[]).unwrap();
    assert!(
        loaded.warnings.contains(
            &"-verifierPath has no effect without -verifierUrl (verification.webhook)".to_owned()
        ),
        "{:?}",
        loaded.warnings
    );
}

#[test]
fn refinements_of_what_is_not_there_get_a_warning_for_each_feature() {
    let line = "-gateway -orchAddr a -gatewayHost gw -aiProcessingRetryTimeout 5s -kafkaUser me \
                -liveAISaveNSegments 10 -liveAICapRefreshModels x";
    let loaded = stock(line, &[]).unwrap();
    insta::assert_debug_snapshot!(loaded.warnings);
}

#[test]
fn roles_of_other_programs_are_refused() {
    insta::assert_snapshot!(refused("-orchestrator -transcoder -gateway"));
    insta::assert_snapshot!(refused("-orchAddr a:8935"));
    insta::assert_snapshot!(refused("-gateway=false"));
}

#[test]
fn the_old_name_of_the_role_is_taken_with_a_warning() {
    let loaded = stock("-broadcaster -orchAddr a", &[]).unwrap();
    assert!(loaded.warnings.contains(&"-broadcaster is deprecated: write -gateway".to_owned()));
}

#[test]
fn unknown_flags_name_the_nearest() {
    insta::assert_snapshot!(refused(
        "-gateway -orchaddr a -httpAdr b -maxSession 3 --data-dir /x -foo -qqqqqqqqqq zzz"
    ));
}

#[test]
fn a_word_that_is_no_flag_is_not_passed_over() {
    insta::assert_snapshot!(refused("-gateway true -orchAddr a"));
    insta::assert_snapshot!(refused("-gateway -monitor orchAddr a"));
    insta::assert_snapshot!(refused("-gateway ---x -= - -v"));
}

#[test]
fn text_that_is_not_utf8_is_refused() {
    use std::os::unix::ffi::OsStringExt as _;
    let line = [OsString::from("-gateway"), OsString::from_vec(vec![b'-', 0xff])];
    let problems = load_stock(&line, &env(&[])).unwrap_err().to_string();
    assert!(problems.contains("is not UTF-8"), "{problems}");
}

#[test]
fn misspelt_variables_get_a_warning() {
    let pairs = [("LP_HTTPADR", ":1"), ("LP_SOMETHING_ELSE", "x"), ("LPX", "y")];
    let loaded = stock("-gateway -orchAddr a", &pairs).unwrap();
    assert_eq!(
        loaded.warnings.iter().filter(|warning| warning.contains("LP_")).collect::<Vec<_>>(),
        [
            "LP_HTTPADR belongs to no flag and is ignored; did you mean LP_HTTPADDR?",
            "LP_SOMETHING_ELSE belongs to no flag and is ignored"
        ]
    );
}

#[test]
fn the_webhook_wins_over_the_list_and_says_so() {
    let loaded =
        stock("-gateway -orchAddr a -orchWebhookUrl https://hook.example.org/o", &[]).unwrap();
    assert!(loaded.config.orchestrator_webhook.is_some());
    assert!(
        loaded
            .warnings
            .contains(&"-orchAddr is not used: -orchWebhookUrl decides who works".to_owned())
    );
}

#[test]
fn a_gateway_without_orchestrators_starts_with_a_warning() {
    let loaded = stock("-gateway", &[]).unwrap();
    assert!(loaded.warnings.iter().any(|warning| warning.starts_with("no orchestrator is known")));
}

#[test]
fn help_version_and_json_are_answered_before_anything_else() {
    for (line, request) in [
        ("-h", StockRequest::Help),
        ("--help", StockRequest::Help),
        ("-gateway -nonsense -help", StockRequest::Help),
        ("-version", StockRequest::Version),
        ("-gateway -version=true", StockRequest::Version),
        ("-j", StockRequest::Json),
    ] {
        assert_eq!(stock_request(line, &[]), Ok(request), "{line}");
    }
}

#[test]
fn two_listeners_cannot_share_an_address() {
    let problems = refused("-gateway -httpAddr :7000 -cliAddr :7000");
    assert!(problems.contains("-httpAddr listens on 127.0.0.1:7000 too"), "{problems}");
    config("-gateway -httpAddr :0 -cliAddr :0");
}

#[test]
fn without_a_home_the_data_directory_must_be_given() {
    let mut env = env(&[]);
    env.remove("HOME");
    let line = [OsString::from("-gateway")];
    let problems = load_stock(&line, &env).unwrap_err().to_string();
    assert!(problems.contains("give -dataDir"), "{problems}");
    let line = ["-gateway", "-dataDir", "/d"].map(OsString::from);
    assert!(load_stock(&line, &env).is_ok());
}

/// Every flag that `-h` of go-livepeer v0.9.1 lists, in its order.
const STOCK_FLAGS: &str = include_str!("../../../tests/data/config/stock-flags.txt");

#[test]
fn every_stock_flag_is_known_and_no_other() {
    let mut known: Vec<String> = legacy::rows().map(|row| row[0].replace('`', "")).collect();
    known.sort();
    let mut listed: Vec<&str> =
        STOCK_FLAGS.lines().filter_map(|line| line.split(' ').next()).collect();
    listed.sort_unstable();
    assert_eq!(known, listed);
}

#[test]
fn every_stock_flag_takes_its_stock_default() {
    for line in STOCK_FLAGS.lines() {
        let (flag, rest) = line.split_once(' ').unwrap_or((line, ""));
        let (form, default) = rest.split_once(' ').unwrap_or((rest, ""));
        let role = ["-gateway", "-h", "-version", "-j", "-config"].contains(&flag);
        if role || default.is_empty() {
            continue;
        }
        let args = ["-gateway".to_owned(), format!("{flag}={default}")].map(OsString::from);
        let loaded = load_stock(&args, &env(&[]));
        assert!(loaded.is_ok(), "{flag} {form} {default}: {:?}", loaded.err());
    }
}

proptest! {
    #[test]
    fn any_command_line_is_read_or_refused(
        words in prop::collection::vec(
            prop_oneof![
                ".{0,20}",
                "-{0,3}[a-zA-Z]{0,20}=?.{0,10}",
                prop::sample::select(STOCK_FLAGS.lines().map(|line| line.split(' ').next().unwrap_or("").to_owned()).collect::<Vec<_>>()),
            ],
            0..12,
        ),
        variable in "LP_[A-Z]{0,12}",
        value in ".{0,20}",
    ) {
        let args: Vec<OsString> = words.iter().map(OsString::from).collect();
        let result = load_stock(&args, &env(&[(&variable, &value)]));
        if let Err(problems) = result {
            prop_assert!(!problems.is_empty());
            prop_assert!(!problems.to_string().is_empty());
        }
    }
}
