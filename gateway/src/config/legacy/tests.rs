//! Go's spelling of values, and the lines of a `-config` file.

use std::sync::Arc;
use std::time::Duration;

use proptest::prelude::*;

use super::args;
use super::go;
use crate::config::Problems;

/// Flag, canonical value and line of each argument of a file, and how many problems it has.
fn lines(text: &str) -> (Vec<String>, usize) {
    let mut problems = Problems::default();
    let path: Arc<str> = "stock.conf".into();
    let arguments = args::lines(text, &path, &mut problems)
        .iter()
        .map(|argument| {
            format!("{}={} {}", argument.flag.name, argument.canonical, argument.origin)
        })
        .collect();
    (arguments, problems.len())
}

#[test]
fn a_file_has_a_flag_and_its_value_on_each_line() {
    let text = "# comment\n\n  gateway  \nhttpAddr   127.0.0.1:1 # why\nLP_MAXATTEMPTS 0x5\n\
                orchAddr a,b#c\nmonitor false\r\nv 6";
    let expected = [
        "gateway=true stock.conf:3",
        "httpAddr=127.0.0.1:1 stock.conf:4",
        "maxAttempts=5 stock.conf:5",
        "orchAddr=a,b#c stock.conf:6",
        "monitor=false stock.conf:7",
        "v=6 stock.conf:8",
    ];
    assert_eq!(lines(text), (expected.map(str::to_owned).to_vec(), 0));
}

#[test]
fn lines_that_are_no_flags_are_problems() {
    for text in
        ["-gateway", "gateway=true", "httpaddr x", "httpAddr\tx", "orchAddr", "monitor maybe"]
    {
        assert_eq!(lines(text), (vec![], 1), "{text}");
    }
}

#[test]
fn go_durations_are_those_of_go() {
    for (text, nanoseconds) in [
        ("0", 0),
        ("+0", 0),
        ("1h30m.5s", 5_400_500_000_000),
        ("1.5h", 5_400_000_000_000),
        ("5m0s", 300_000_000_000),
        ("1.000000001s", 1_000_000_001),
        ("7ns", 7),
        ("7us7µs7μs", 21_000),
        ("1.s", 1_000_000_000),
    ] {
        assert_eq!(go::duration(text), Some(Duration::from_nanos(nanoseconds)), "{text}");
    }
    for text in ["", "+", "5", "1", ".s", "s", "1.2.3s", "-1s", "1 s", "1d", "9999999999h", "1h1"] {
        assert_eq!(go::duration(text), None, "{text}");
    }
}

#[test]
fn go_integers_are_those_of_go() {
    for (text, value) in [
        ("0", 0),
        ("-5", -5),
        ("+5", 5),
        ("0x10", 16),
        ("0X1f", 31),
        ("010", 8),
        ("0o17", 15),
        ("0b101", 5),
        ("1_000", 1000),
        ("0x_ff", 255),
        ("9223372036854775807", i64::MAX),
        ("-9223372036854775808", i64::MIN),
    ] {
        assert_eq!(go::integer(text), Some(value), "{text}");
    }
    for text in [
        "",
        "+",
        "-",
        "0x",
        "08",
        "1__0",
        "_1",
        "1_",
        "--1",
        "+-1",
        "1.0",
        "1e3",
        "9223372036854775808",
        "é1",
    ] {
        assert_eq!(go::integer(text), None, "{text}");
    }
}

proptest! {
    #[test]
    fn any_value_is_read_or_refused(text in prop_oneof![".{0,40}", "[-+]?[0-9._xob]{0,24}[a-zµ]{0,4}"]) {
        let read = (go::integer(&text), go::duration(&text), go::number(&text), go::boolean(&text));
        let shown = format!("{read:?}");
        prop_assert!(!shown.is_empty());
    }

    #[test]
    fn numbers_are_read_as_they_are_written(value in any::<i64>()) {
        prop_assert_eq!(go::integer(&value.to_string()), Some(value));
        if value >= 0 {
            prop_assert_eq!(go::integer(&format!("0x{value:x}")), Some(value));
            prop_assert_eq!(go::integer(&format!("0{value:o}")), Some(value));
        }
    }

    #[test]
    fn any_file_is_read_or_refused(text in "([a-zA-Z#]{0,12}[ \t]?.{0,20}\n?){0,8}") {
        let (arguments, problems) = lines(&text);
        prop_assert!(arguments.len() + problems <= text.lines().count());
    }
}
