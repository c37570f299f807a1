//! Running `waymark demand` on logs made up here.

use std::path::Path;

use clap::Parser as _;
use serde_json::Value;
use waymark_tracker::command::{Demand, DemandError, Streams, run};

use crate::synth::{BROKER, Spot, Ticket};

#[derive(Debug, clap::Parser)]
struct Cli {
    #[command(flatten)]
    demand: Demand,
}

/// What a run left behind.
#[derive(Debug)]
pub(crate) struct Ran {
    pub(crate) out: Vec<u8>,
    pub(crate) notes: String,
}

/// The arguments as the command sees them.
pub(crate) fn parsed(arguments: &[&str]) -> Demand {
    let arguments = std::iter::once(&"demand").chain(arguments);
    Cli::try_parse_from(arguments).unwrap().demand
}

/// Runs the command; logs of `-` come from `input`.
pub(crate) async fn demand(arguments: &[&str], input: &str) -> Result<Ran, DemandError> {
    let demand = parsed(arguments);
    let (mut out, mut notes) = (Vec::new(), Vec::new());
    let mut streams =
        Streams { input: &mut input.as_bytes(), out: &mut out, notes: &mut notes, terminal: false };
    run(&demand, &mut streams).await?;
    Ok(Ran { out, notes: String::from_utf8(notes).unwrap() })
}

/// The rows of a run on these logs, checked against the schema.
pub(crate) async fn rows(logs: &[Value], more: &[&str]) -> Vec<Value> {
    let broker = BROKER.to_string();
    let mut arguments = vec!["--logs", "-", "--broker", &broker, "--format", "json"];
    arguments.extend(more);
    let ran = demand(&arguments, &lines(logs)).await.unwrap();
    let found: Value = serde_json::from_slice(&ran.out).unwrap();
    fits_schema(&found);
    match found {
        Value::Array(rows) => rows,
        full => full["rows"].as_array().unwrap().clone(),
    }
}

/// One log a line.
pub(crate) fn lines(logs: &[Value]) -> String {
    logs.iter().fold(String::new(), |text, log| text + &log.to_string() + "\n")
}

#[track_caller]
pub(crate) fn fits_schema(report: &Value) {
    let schema: Value = serde_json::from_str(include_str!("../../schemas/demand.json")).unwrap();
    let validator = jsonschema::draft202012::new(&schema).unwrap();
    let wrong: Vec<String> =
        validator.iter_errors(report).map(|e| format!("{}: {e}", e.instance_path())).collect();
    assert_eq!(wrong, [""; 0], "{report:#}");
}

fn few() -> Vec<Value> {
    let ticket = |nonce: u64, recipient: u8| Ticket {
        sender: alloy_primitives::Address::repeat_byte(0xaa),
        recipient: alloy_primitives::Address::repeat_byte(recipient),
        face_value: alloy_primitives::U256::from(2_400_000_000_000_000_u64),
        nonce: alloy_primitives::U256::from(nonce),
        rand: alloy_primitives::U256::from(nonce) << 8,
        round: 13,
    };
    let mut logs = Vec::new();
    for (block, (nonce, recipient)) in
        [((7 << 10) | 1, 1), ((7 << 10) | 2, 2), (5, 1), ((9 << 10) | 0x258, 1)]
            .into_iter()
            .enumerate()
    {
        let spot = |index| Spot { block: block as u64, fork: 0, index, tx: 0 };
        let (ticket, time) =
            (ticket(nonce, recipient), Some(1_710_277_328 + block as u64 * 80_000));
        logs.push(ticket.transfer(spot(0), ticket.face_value, time));
        logs.push(ticket.redeemed(spot(1), time));
    }
    logs
}

#[tokio::test]
async fn the_table_is_for_people() {
    let broker = BROKER.to_string();
    let ran = demand(&["--logs", "-", "--broker", &broker], &lines(&few())).await.unwrap();
    insta::assert_snapshot!(String::from_utf8(ran.out).unwrap());
}

#[tokio::test]
async fn csv_has_the_same_columns_as_json() {
    let broker = BROKER.to_string();
    let arguments = ["--logs", "-", "--broker", &broker, "--format", "csv"];
    let ran = demand(&arguments, &lines(&few())).await.unwrap();
    let text = String::from_utf8(ran.out).unwrap();
    let mut csv = text.lines();
    let head: Vec<&str> = csv.next().unwrap().split(',').collect();
    let rows = rows(&few(), &[]).await;
    let mut names: Vec<&str> = rows[0].as_object().unwrap().keys().map(String::as_str).collect();
    let mut sorted = head.clone();
    names.sort_unstable();
    sorted.sort_unstable();
    assert_eq!(sorted, names);
    for (line, row) in csv.zip(&rows) {
        for (name, cell) in head.iter().zip(line.split(',')) {
            let expected = match &row[name] {
                Value::Null => String::new(),
                Value::String(text) => text.clone(),
                Value::Array(words) => {
                    words.iter().map(|w| w.as_str().unwrap()).collect::<Vec<_>>().join(" ")
                }
                Value::Number(number) => number.as_f64().unwrap().to_string(),
                other => other.to_string(),
            };
            assert_eq!(cell, expected, "{name}");
        }
    }
}

#[tokio::test]
async fn parquet_has_the_same_columns_as_json() {
    use parquet::file::reader::{FileReader as _, SerializedFileReader};
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("demand.parquet");
    let broker = BROKER.to_string();
    let arguments = [
        "--logs",
        "-",
        "--broker",
        &broker,
        "--format",
        "parquet",
        "--out",
        path.to_str().unwrap(),
    ];
    let ran = demand(&arguments, &lines(&few())).await.unwrap();
    assert_eq!(ran.out, b"");
    let reader = SerializedFileReader::new(std::fs::File::open(&path).unwrap()).unwrap();
    let rows = rows(&few(), &[]).await;
    let mut found = 0;
    for (row, json) in reader.get_row_iter(None).unwrap().zip(&rows) {
        for (name, field) in row.unwrap().get_column_iter() {
            let expected = match (name.as_str(), json.get(name)) {
                ("self_dealing_reasons", _) => "\"\"".to_owned(),
                ("day" | "last_day", Some(Value::String(day))) => day.clone(),
                ("coverage" | "hhi", Some(share)) => {
                    let found: f64 = field.to_string().parse().unwrap();
                    assert_eq!(Some(found), share.as_f64(), "{name}");
                    continue;
                }
                (_, value) => value.unwrap().to_string(),
            };
            assert_eq!(field.to_string(), expected, "{name}");
        }
        found += 1;
    }
    assert_eq!(found, rows.len());
}

#[tokio::test]
async fn rows_are_of_rounds_or_of_days() {
    let by_round = rows(&few(), &[]).await;
    let tags: Vec<_> = by_round.iter().map(|row| row["tag_id"].as_u64().unwrap()).collect();
    assert_eq!(tags, [0, 7, 9]);
    assert_eq!(by_round[1]["winners"], 2);
    assert_eq!(
        (&by_round[1]["day"], &by_round[1]["last_day"]),
        (&"2024-03-12".into(), &"2024-03-13".into())
    );
    let by_day = rows(&few(), &["--by", "day"]).await;
    let days: Vec<_> = by_day
        .iter()
        .map(|row| (row["day"].as_str().unwrap(), row["tag_id"].as_u64().unwrap()))
        .collect();
    assert_eq!(days, [("2024-03-12", 7), ("2024-03-13", 7), ("2024-03-14", 0), ("2024-03-15", 9)]);
}

#[tokio::test]
async fn days_are_told_only_where_logs_carry_a_time() {
    let mut logs = few();
    for log in &mut logs {
        log.as_object_mut().unwrap().remove("blockTimestamp");
    }
    for more in [&[][..], &["--by", "day"]] {
        for row in rows(&logs, more).await {
            assert!(row.get("day").is_none() && row.get("last_day").is_none(), "{row}");
        }
    }
}

#[tokio::test]
async fn a_state_is_gone_on_with_and_belongs_to_its_contracts() {
    let directory = tempfile::tempdir().unwrap();
    let state = directory.path().join("demand.sqlite3");
    let state = state.to_str().unwrap();
    let logs = few();
    let whole = rows(&logs, &[]).await;
    rows(&logs[..3], &["--state", state]).await;
    assert_eq!(rows(&logs[3..], &["--state", state]).await, whole);
    assert_eq!(rows(&logs, &["--state", state]).await, whole, "read again, nothing counts twice");

    let other =
        ["--logs", "-", "--broker", "0x0000000000000000000000000000000000000001", "--state", state];
    let error = demand(&other, "").await.unwrap_err();
    assert!(error.to_string().contains("is the state of broker 0xb0b0"), "{error}");
    assert_eq!(error.exit_code(), 73);
}

#[tokio::test]
async fn a_report_in_a_file_is_whole_or_not_there() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("demand.json");
    let (broker, out) = (BROKER.to_string(), path.to_str().unwrap());
    let arguments = ["--logs", "-", "--broker", &broker, "--format", "json", "--out", out];
    demand(&arguments, "{\"half\":").await.unwrap_err();
    assert!(!Path::new(out).exists());
    demand(&arguments, &lines(&few())).await.unwrap();
    let rows: Value = serde_json::from_slice(&std::fs::read(out).unwrap()).unwrap();
    assert_eq!(rows.as_array().unwrap().len(), 3);
}
