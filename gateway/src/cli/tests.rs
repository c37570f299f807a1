//! Command lines from the first word to the exit code and the texts that people see.

use std::collections::BTreeMap;
use std::ffi::OsString;

use proptest::prelude::*;

use super::{BAD_CONFIG, Command, Consent, ContractsTask, Exit, FundsChange, parse};
use crate::matching::Output;

fn env(pairs: &[(&str, &str)]) -> BTreeMap<String, String> {
    std::iter::once(&("HOME", "/home/op"))
        .chain(pairs)
        .map(|(name, value)| ((*name).to_owned(), (*value).to_owned()))
        .collect()
}

fn run(line: &str) -> Result<Command, Exit> {
    run_with(line, &[])
}

fn run_with(line: &str, pairs: &[(&str, &str)]) -> Result<Command, Exit> {
    let args = std::iter::once("waymark").chain(line.split_whitespace()).map(OsString::from);
    parse(args, &env(pairs))
}

fn exit(line: &str) -> Exit {
    run(line).expect_err("the command line should not start anything")
}

fn serve(line: &str) -> (crate::config::Config, Vec<String>) {
    match run(line) {
        Ok(Command::Serve { config, warnings }) => (*config, warnings),
        Err(exit) => panic!("{line}: {}", exit.stderr),
        Ok(other) => panic!("{line}: {other:?}"),
    }
}

#[test]
fn a_hyphen_in_front_makes_it_a_stock_command_line() {
    let (config, _) = serve("-gateway -orchAddr a:8935 -httpAddr :7000");
    assert_eq!(config.http_addr, "127.0.0.1:7000");
}

#[test]
fn contracts_are_deployed_only_with_consent() {
    let of = |line: &str| match run(line) {
        Ok(Command::Contracts { task, consent, .. }) => (task, consent),
        other => panic!("{line}: {other:?}"),
    };
    let (account, text) = (alloy_primitives::Address::repeat_byte(7), "07".repeat(20));
    assert_eq!(
        of("contracts deploy"),
        (ContractsTask::Deploy { curator: None, record: None }, Consent::Ask)
    );
    assert_eq!(
        of(&format!("contracts deploy --curator 0x{text} --record a.json --dry-run")),
        (
            ContractsTask::Deploy { curator: Some(account), record: Some("a.json".into()) },
            Consent::DryRun
        )
    );
    assert_eq!(
        of(&format!("contracts seed --registry 0x{text} --yes -- -gateway -orchAddr a")),
        (ContractsTask::Seed { registry: account }, Consent::Given)
    );
    for bad in ["contracts seed", "contracts seed --registry 0x07", "contracts deploy --curator me"]
    {
        assert_eq!(exit(bad).code, BAD_CONFIG, "{bad}");
    }
}

#[test]
fn funds_are_changed_only_with_consent() {
    let of = |line: &str| match run(line) {
        Ok(Command::ChangeFunds { change, consent, .. }) => (change, consent),
        other => panic!("{line}: {other:?}"),
    };
    let wei = |n: u64| alloy_primitives::U256::from(n);
    assert_eq!(
        of("funds add --deposit 5gwei --reserve 7wei"),
        (FundsChange::Add { deposit: wei(5_000_000_000), reserve: wei(7) }, Consent::Ask)
    );
    assert_eq!(of("funds unlock --dry-run"), (FundsChange::Unlock, Consent::DryRun));
    assert_eq!(of("funds cancel-unlock --yes"), (FundsChange::CancelUnlock, Consent::Given));
    assert_eq!(
        of("funds withdraw --yes -- -gateway -orchAddr a"),
        (FundsChange::Withdraw, Consent::Given)
    );
    assert_eq!(exit("funds add").code, BAD_CONFIG, "nothing to add");
    assert_eq!(exit("funds add --deposit 1.5").code, BAD_CONFIG, "half a wei");
    assert_eq!(exit("funds unlock --dry-run --yes").code, BAD_CONFIG);
}

#[test]
fn serve_reads_a_file_and_assignments() {
    let (config, warnings) =
        serve("serve --config tests/data/config/full.yaml --set hls.window=8 --set region=nyc");
    assert_eq!((config.hls.window, config.region.as_str()), (8, "NYC"));
    assert_eq!(config.max_sessions, 250);
    assert_eq!(warnings.len(), 2, "{warnings:?}");
}

#[test]
fn serve_needs_no_file() {
    assert_eq!(serve("serve").0.max_sessions, 10);
}

#[test]
fn variables_alone_start_a_stock_gateway() {
    let pairs = [("LP_GATEWAY", "true"), ("LP_ORCHADDR", "a")];
    let Ok(Command::Serve { config, .. }) = run_with("", &pairs) else { panic!("refused") };
    assert_eq!(config.orchestrators.len(), 1);
}

#[test]
fn nothing_at_all_is_answered_with_help() {
    let exit = exit("");
    assert_eq!(exit.code, 2);
    assert!(exit.stderr.contains("Usage: waymark"), "{}", exit.stderr);
}

#[test]
fn pain_21_exit_codes_tell_the_cause() {
    for (line, code) in [
        ("-h", 0),
        ("--help", 0),
        ("-version", 0),
        ("-j", 0),
        ("help", 0),
        ("help serve", 0),
        ("version", 0),
        ("serve --help", 0),
        ("config show", 0),
        ("config check", 0),
        ("config check -- -gateway", 0),
        ("config schema", 0),
        ("config reference", 0),
        ("-gateway -nonsense", 2),
        ("-orchAddr a", 2),
        ("-gateway -maxSessions 0", 2),
        ("-gateway -objectStore s3://x", 2),
        ("-gateway -network mainnet", 2), // without an endpoint
        ("-gateway -config missing.conf", 2),
        ("config check -- -gateway -nonsense", 2),
        ("serve --config missing.yaml", 64),
        ("serve --config tests/data/config/wrong.yaml", 64),
        ("serve --set hls.window=none", 64),
        ("config check --config tests/data/config/broken.yaml", 64),
        ("config show --config a.yaml -- -gateway", 64),
        ("serve --nonsense", 64),
        ("sevre", 64),
        ("config", 64),
    ] {
        let exit = exit(line);
        assert_eq!(exit.code, code, "{line}: {}", exit.stderr);
        if code == 0 {
            assert!(!exit.stdout.is_empty(), "{line}");
        } else {
            assert!(exit.stdout.is_empty() && !exit.stderr.is_empty(), "{line}");
        }
    }
}

#[test]
fn a_bad_stock_command_line_is_answered_with_all_its_problems() {
    insta::assert_snapshot!(
        exit("-gateway -orchadr a -maxSessions auto -maxPricePerUnit abc").stderr
    );
}

#[test]
fn a_bad_file_is_answered_with_all_its_problems() {
    insta::assert_snapshot!(exit("serve --config tests/data/config/wrong.yaml").stderr);
}

#[test]
fn a_misspelt_command_names_the_nearest() {
    insta::assert_snapshot!(exit("sevre").stderr);
}

#[test]
fn stock_help_is_grouped_and_readable() {
    let help = exit("-h").stdout;
    assert!(help.lines().all(|line| line.chars().count() <= 100), "{help}");
    insta::assert_snapshot!(help);
}

#[test]
fn demand_needs_no_settings_and_one_source() {
    let broker = "0xa8bB618B1520E284046F3dFc448851A1Ff26e41B";
    let of = |line: &str| match run(&format!("demand --broker {broker} {line}")) {
        Ok(Command::Demand(demand)) => *demand,
        other => panic!("{line}: {other:?}"),
    };
    assert_eq!(of("--logs a.json --logs -").logs.len(), 2);
    let demand = of("--rpc http://a,http://b --follow --poll 2s --state s.sqlite3");
    assert_eq!((demand.rpc.len(), demand.follow), (2, true));
    for (line, part) in [
        ("", "<--logs <FILE>|--rpc <URL>>"),
        ("--logs a --rpc http://a", "cannot be used with"),
        ("--logs a --follow", "cannot be used with"),
        ("--logs a --books b", "--registry <ADDRESS>"),
        ("--logs a --format xml", "table, json, csv, parquet"),
        ("--rpc nowhere", "accepted: http, https, ws and wss"),
    ] {
        let exit = exit(&format!("demand --broker {broker} {line}"));
        assert_eq!(exit.code, BAD_CONFIG);
        assert!(exit.stderr.contains(part), "{line}: {}", exit.stderr);
    }
}

#[test]
fn a_match_is_asked_with_two_sides() {
    let of = |line: &str| match run(&format!("match --orchestrator node.yaml {line}")) {
        Ok(Command::Match { request, .. }) => *request,
        other => panic!("{line}: {other:?}"),
    };
    let request = of("--requirements https://g.example --price 1200/3 --watch --every 5m");
    assert_eq!(request.price, waymark_tagging::UnitPrice::of(1200, 3));
    assert_eq!(request.every, Some(std::time::Duration::from_secs(300)));
    let request = of("--requirements classes.yaml --prom");
    assert_eq!((request.output, request.every), (Output::Prometheus, None));
    let served = of("--requirements classes.yaml --prom 127.0.0.1:9109");
    assert!(matches!(served.output, Output::Serve(_)) && served.every.is_some());
    let registry = "0xa8bB618B1520E284046F3dFc448851A1Ff26e41B";
    let chain = of(&format!("--requirements chain --rpc http://a,http://b --registry {registry}"));
    assert_eq!(chain.chain.map(|at| at.rpc.len()), Some(2));
    for (line, part) in [
        ("", "--requirements <URL|FILE|chain>"),
        ("--requirements c --price 0.5", "1200/720"),
        ("--requirements c --price 1/0", "1200/720"),
        ("--requirements c --json --prom", "cannot be used with"),
        ("--requirements c --prom here", "127.0.0.1:9109"),
        ("--requirements c --watch --every 1ms", "a second or more"),
        ("--requirements chain --rpc http://a", "--registry <ADDRESS>"),
    ] {
        let exit = exit(&format!("match --orchestrator node.yaml {line}"));
        assert_eq!(exit.code, BAD_CONFIG);
        assert!(exit.stderr.contains(part), "{line}: {}", exit.stderr);
    }
}

#[test]
fn help_lists_the_commands() {
    insta::assert_snapshot!(exit("help").stdout);
    insta::assert_snapshot!(exit("serve --help").stdout);
    insta::assert_snapshot!(exit("config --help").stdout);
    insta::assert_snapshot!(exit("config show --help").stdout);
    insta::assert_snapshot!(exit("demand --help").stdout);
}

#[test]
fn a_stock_command_line_can_be_shown_as_a_file() {
    let line =
        "config show --origins -- -gateway -orchAddr a:1,b -httpAddr 0.0.0.0:80 -serviceAddr x";
    let exit = exit(line);
    insta::assert_snapshot!(exit.stdout);
    insta::assert_snapshot!(exit.stderr);
}

#[test]
fn showing_hides_secrets() {
    let shown = exit("config show --config tests/data/config/full.yaml").stdout;
    assert!(shown.contains("webhook: \"https://***@hook.example.org/list?***\""), "{shown}");
    assert!(!shown.contains("secret"), "{shown}");
}

#[test]
fn the_version_is_said_in_four_lines() {
    for line in ["-version", "version"] {
        let lines = exit(line).stdout;
        assert_eq!(lines.lines().count(), 4, "{lines}");
        assert!(lines.starts_with("Waymark Version: "), "{lines}");
    }
}

#[test]
fn flags_can_be_asked_for_as_json() {
    let flags: serde_json::Value = serde_json::from_str(&exit("-j").stdout).unwrap();
    assert_eq!(flags["optional"]["maxAttempts"]["default"], "3");
    assert_eq!(flags["optional"]["maxAttempts"]["type"], "str");
    assert_eq!(flags["optional"]["gateway"]["option"], "-gateway");
    assert_eq!(flags["optional"].as_object().map(serde_json::Map::len), Some(124));
}

proptest! {
    #[test]
    fn any_command_line_starts_something_or_says_why_not(
        words in prop::collection::vec(
            prop_oneof![
                ".{0,12}",
                prop::sample::select(vec![
                    "serve", "config", "show", "check", "--set", "--config", "--", "-gateway",
                    "--origins", "hls.window=8", "help", "version", "-h",
                ]).prop_map(str::to_owned),
            ],
            0..8,
        ),
    ) {
        let args = std::iter::once("waymark".to_owned()).chain(words).map(OsString::from);
        if let Err(exit) = parse(args, &env(&[])) {
            prop_assert!([0, 2, 64].contains(&exit.code));
            prop_assert!(exit.code == 0 || !exit.stderr.is_empty());
        }
    }
}
