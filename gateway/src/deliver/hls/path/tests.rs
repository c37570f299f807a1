use proptest::prelude::*;

use super::*;

fn parse(path: &str) -> Option<HlsPath> {
    HlsPath::parse(&path.parse().unwrap())
}

fn id(text: &str) -> ManifestId {
    ManifestId::parse(text).unwrap()
}

fn segment(seq: u64, epoch: u64, container: Container) -> HlsPath {
    HlsPath::Segment { manifest: id("m"), rendition: "source".into(), seq, epoch, container }
}

#[test]
fn the_four_kinds_of_path_are_read() {
    assert_eq!(parse("/stream/golden1.m3u8"), Some(HlsPath::Master { manifest: id("golden1") }));
    assert_eq!(
        parse("/stream/golden1/P240p30fps16x9.m3u8"),
        Some(HlsPath::Media { manifest: id("golden1"), rendition: "P240p30fps16x9".into() })
    );
    assert_eq!(parse("/stream/m/source/7.ts"), Some(segment(7, 0, Container::MpegTs)));
    assert_eq!(parse("/stream/m/source/7.mp4?e=3"), Some(segment(7, 3, Container::Mp4)));
}

#[test]
fn names_may_contain_dots_and_escapes() {
    assert_eq!(parse("/stream/a.b.m3u8"), Some(HlsPath::Master { manifest: id("a.b") }));
    assert_eq!(parse("/stream/a%40b.m3u8"), Some(HlsPath::Master { manifest: id("a@b") }));
}

#[test]
fn other_parameters_do_not_matter() {
    let expected = Some(segment(7, 2, Container::MpegTs));
    assert_eq!(parse("/stream/m/source/7.ts?t=1&e=2&x"), expected);
    assert_eq!(parse("/stream/m/source/7.ts?token=a"), Some(segment(7, 0, Container::MpegTs)));
}

#[test]
fn current_is_found_in_any_case() {
    assert!(parse("/stream/Current.m3u8").unwrap().is_current());
    assert!(!parse("/stream/currents.m3u8").unwrap().is_current());
    assert!(!parse("/stream/current/source.m3u8").unwrap().is_current());
}

#[test]
fn nothing_else_is_a_path() {
    for path in [
        "/",
        "/stream",
        "/stream/",
        "/stream/m",
        "/stream/.m3u8",
        "/stream/...m3u8",
        "/stream/../m.m3u8",
        "/stream/%2e%2e/source.m3u8",
        "/stream/a%2fb.m3u8",
        "/stream/a%zz.m3u8",
        "/stream/a%.m3u8",
        "/stream/%ff.m3u8",
        "/stream/m/.m3u8",
        "/stream/m/a%0ab.m3u8",
        "/stream/m/source/7",
        "/stream/m/source/7.TS",
        "/stream/m/source/.ts",
        "/stream/m/source/+7.ts",
        "/stream/m/source/-7.ts",
        "/stream/m/source/18446744073709551616.ts",
        "/stream/m/source/7.ts?e=x",
        "/stream/m/source/7.ts?e=-1",
        "/stream/m/source/7.ts/",
        "/stream/m/source/x/7.ts",
        "/stream//m.m3u8",
        "/live/m.m3u8",
    ] {
        assert_eq!(parse(path), None, "{path}");
    }
}

proptest! {
    #[test]
    fn what_playlists_say_is_what_requests_mean(
        manifest in "[A-Za-z0-9_~+=@:-][A-Za-z0-9._~+=@:-]{0,127}",
        rendition in "[A-Za-z0-9_]{1,40}[0-9]",
        seq: u64,
        epoch: u64,
        mp4: bool,
    ) {
        let container = if mp4 { Container::Mp4 } else { Container::MpegTs };
        let written = SegmentUri {
            manifest: &manifest, rendition: &rendition, seq, epoch, container,
        };
        let read = parse(&written.to_string());
        let manifest = id(&manifest);
        prop_assert_eq!(read, Some(HlsPath::Segment { manifest, rendition, seq, epoch, container }));
    }

    #[test]
    fn no_path_is_too_strange(path in "/stream/[ -~&&[^ \"<>`{}\\\\^|#]]{0,60}") {
        if let Ok(uri) = path.parse::<http::Uri>() {
            HlsPath::parse(&uri);
        }
    }
}
