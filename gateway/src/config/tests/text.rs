//! Small texts: sizes, durations, addresses, patterns.

use std::time::Duration;

use proptest::prelude::*;
use waymark_tagging::Tag;

use super::super::{address, nearest, node, units};
use crate::config::{Glob, redact};
use waymark_tagging::TagPattern;

#[test]
fn sizes_have_units() {
    for (text, bytes) in [
        ("0B", 0),
        ("1000B", 1000),
        ("64KiB", 65_536),
        ("64 KiB", 65_536),
        ("300MB", 300_000_000),
        ("5kB", 5000),
        ("5KB", 5000),
        ("2GB", 2_000_000_000),
        ("3GiB", 3 << 30),
    ] {
        assert_eq!(units::size(text), Some(bytes), "{text}");
    }
    for text in
        ["", "300", "MB", "1.5GiB", "-1MB", "1 M B", "1TB", "99999999999999999999GiB", "1mb"]
    {
        assert_eq!(units::size(text), None, "{text}");
    }
}

#[test]
fn durations_have_units() {
    assert_eq!(units::duration("1m 30s"), Some(Duration::from_secs(90)));
    for text in ["", "30", "-1s", "s", "99999999999999999999s", "1fortnight"] {
        assert_eq!(units::duration(text), None, "{text}");
    }
    assert_eq!(units::show_duration(Duration::from_mins(1)), "60s");
    assert_eq!(units::show_duration(Duration::from_millis(500)), "500ms");
    assert_eq!(units::show_duration(Duration::from_hours(2)), "2h");
    assert_eq!(units::show_duration(Duration::ZERO), "0s");
}

#[test]
fn addresses_to_listen_on_are_filled_up() {
    for (text, address) in [
        ("", "127.0.0.1:9935"),
        (":80", "127.0.0.1:80"),
        ("0.0.0.0", "0.0.0.0:9935"),
        ("0.0.0.0:80", "0.0.0.0:80"),
        ("gateway", "gateway:9935"),
        ("gateway.local:0", "gateway.local:0"),
        ("[::]:80", "[::]:80"),
        ("[::1]", "[::1]:9935"),
        (" localhost:1 ", "localhost:1"),
    ] {
        assert_eq!(address::listen(text, 9935).as_deref(), Ok(address), "{text}");
    }
    for text in [
        "80",
        "::1",
        "::",
        "a:b",
        "a:65536",
        "a:+1",
        "http://a:1",
        "a b:1",
        "a/b",
        ":",
        "[::1:80",
        "[zz]:80",
        "a:1:2",
        "é:1",
    ] {
        assert!(address::listen(text, 9935).is_err(), "{text}: {:?}", address::listen(text, 9935));
    }
}

#[test]
fn orchestrator_addresses_are_filled_up() {
    for (text, url) in [
        ("", "https://127.0.0.1:8935/"),
        (":8936", "https://127.0.0.1:8936/"),
        ("o.example.org", "https://o.example.org:8935/"),
        (" o.example.org:443 ", "https://o.example.org/"),
        ("1.2.3.4:8936", "https://1.2.3.4:8936/"),
        ("[::1]", "https://[::1]:8935/"),
        ("[::1]:9", "https://[::1]:9/"),
        ("http://o:1", "http://o:1/"),
        ("http://o", "http://o:8935/"),
        ("http://o:80", "http://o/"),
        ("https://o", "https://o:8935/"),
        ("https://o:443/", "https://o/"),
        ("https://o:8935/path/", "https://o:8935/path"),
        ("httpd.example.org", "https://httpd.example.org:8935/"),
    ] {
        let read = address::orchestrator(text);
        assert_eq!(read.as_ref().map(url::Url::as_str), Ok(url), "{text}");
    }
    for text in [
        "ftp://o",
        "https://",
        "o:port",
        "o:99999",
        "a b",
        "https://u:p@o",
        "https://o?x=1",
        "o#f",
        "::1",
        "https://o:0",
    ] {
        assert!(address::orchestrator(text).is_err(), "{text}: {:?}", address::orchestrator(text));
    }
}

#[test]
fn redacted_urls_keep_what_helps_and_lose_what_is_secret() {
    for (url, shown) in [
        ("https://hook.example.org/list", "https://hook.example.org/list"),
        ("https://me:pw@hook/list?token=t#f", "https://***@hook/list?***"),
        ("https://me@hook/", "https://***@hook/"),
    ] {
        assert_eq!(redact(&url.parse().unwrap()), shown);
    }
}

#[test]
fn globs_match_whole_names() {
    let matches = |glob: &str, text: &str| glob.parse::<Glob>().unwrap().matches(text);
    for (glob, text) in [
        ("*", ""),
        ("*", "anything"),
        ("live-*", "live-"),
        ("live-*", "live-7"),
        ("*-hd", "a-b-hd"),
        ("a*b*c", "aXbXbXc"),
        ("??", "é!"),
        ("**", "x"),
        ("same", "same"),
    ] {
        assert!(matches(glob, text), "{glob} {text}");
    }
    for (glob, text) in
        [("live-*", "alive-7"), ("a*b", "abc"), ("??", "a"), ("?", ""), ("same", "Same"), ("a", "")]
    {
        assert!(!matches(glob, text), "{glob} {text}");
    }
    for glob in ["", "a/b", "a\nb", &"x".repeat(129)] {
        assert!(glob.parse::<Glob>().is_err(), "{glob:?}");
    }
}

#[test]
fn a_hostile_glob_takes_bounded_time() {
    let glob: Glob = "*a*a*a*a*a*a*a*a*a*a*a*a*a*a*b".parse().unwrap();
    assert!(!glob.matches(&"a".repeat(20_000)));
}

#[test]
fn tag_patterns_cover_a_tag_a_subtree_or_everything() {
    let covers = |pattern: &str, tag: &str| {
        pattern.parse::<TagPattern>().unwrap().matches(&tag.parse::<Tag>().unwrap())
    };
    assert!(covers("*", "x-acme/news"));
    assert!(covers("transcode/*", "transcode/live/abr"));
    assert!(covers("transcode/live/*", "transcode/live/abr"));
    assert!(covers("transcode/live", "transcode/live"));
    assert!(!covers("transcode/live", "transcode/live/abr"));
    assert!(!covers("transcode/live/*", "transcode/live"));
    assert!(!covers("transcode/live/*", "transcode/liver/abr"));
    for pattern in ["", "transcode", "transcode*", "trans/*", "*/live", "Transcode/*", "a/b"] {
        assert!(pattern.parse::<TagPattern>().is_err(), "{pattern}");
    }
    assert_eq!("x-a/*".parse::<TagPattern>().unwrap().to_string(), "x-a/*");
}

#[test]
fn the_nearest_name_is_named_only_when_it_is_near() {
    let names = ["orchAddr", "httpAddr", "maxSessions"];
    assert_eq!(nearest::nearest("orchadr", names), Some("orchAddr"));
    assert_eq!(nearest::nearest("max-sessions", names), Some("maxSessions"));
    assert_eq!(nearest::nearest("colour", names), None);
    assert_eq!(nearest::nearest("", names), None);
    assert_eq!(nearest::nearest(&"x".repeat(10_000), names), None);
}

proptest! {
    #[test]
    fn sizes_that_are_shown_read_back(bytes in any::<u64>()) {
        prop_assert_eq!(units::size(&units::show_size(bytes)), Some(bytes));
    }

    #[test]
    fn durations_that_are_shown_read_back(millis in 0..10_000_000_000_u64) {
        let duration = Duration::from_millis(millis);
        prop_assert_eq!(units::duration(&units::show_duration(duration)), Some(duration));
    }

    #[test]
    fn texts_from_outside_never_end_the_process(text in prop_oneof![".{0,60}", "[0-9.a-z:/@\\[\\]_+-]{0,30}"]) {
        let read = (
            units::size(&text),
            units::duration(&text),
            address::web_url(&text).map(|url| redact(&url)),
            text.parse::<Glob>().is_ok_and(|glob| glob.matches(&text)),
            text.parse::<TagPattern>().is_ok(),
            node::parse(&text).is_ok(),
        );
        let shown = format!("{read:?}");
        prop_assert!(!shown.is_empty());
        if let Ok(address) = address::listen(&text, 1) {
            prop_assert!(address.rsplit_once(':').is_some_and(|(_, port)| port.parse::<u16>().is_ok()));
            prop_assert_eq!(address::listen(&address, 2), Ok(address));
        }
        if let Ok(url) = address::orchestrator(&text) {
            prop_assert!(url.host().is_some() && url.port_or_known_default().is_some());
        }
    }

    #[test]
    fn a_glob_without_wildcards_matches_itself_alone(text in "[a-z0-9_-]{1,20}", other in "[a-z0-9_-]{1,20}") {
        let glob: Glob = text.parse().unwrap();
        prop_assert!(glob.matches(&text));
        prop_assert_eq!(glob.matches(&other), text == other);
    }
}
