use http::Request;
use proptest::prelude::*;

use super::*;
use crate::errors::{Problem, Reason};

fn head(method: &str, uri: &str, headers: &[(&str, &str)]) -> Parts {
    let mut request = Request::builder().method(method).uri(uri);
    for (name, value) in headers {
        request = request.header(*name, *value);
    }
    request.body(()).unwrap().into_parts().0
}

fn push(uri: &str, headers: &[(&str, &str)]) -> Result<PushRequest, PushError> {
    match LiveRequest::parse(&head("POST", uri, headers))? {
        LiveRequest::Push(push) => Ok(*push),
        LiveRequest::End(_) => panic!("a POST is a push"),
    }
}

fn reason(uri: &str, headers: &[(&str, &str)]) -> Reason {
    push(uri, headers).unwrap_err().reason()
}

#[test]
fn a_bare_push_has_the_defaults_of_go_livepeer() {
    let push = push("/live/golden1/0.ts", &[]).unwrap();
    assert_eq!(
        push,
        PushRequest {
            manifest: ManifestId::parse("golden1").unwrap(),
            stream_key: None,
            seq: 0,
            container: Container::MpegTs,
            duration: Duration::from_secs(2),
            resolution: None,
            clip: None,
            transcode_config: None,
            explicit_tag: None,
            accept: ReplyForm::Summary,
        }
    );
}

#[test]
fn a_full_push_is_read_whole() {
    let push = push(
        "/live/golden1/key/part/12.mp4?x=1&tag=transcode%2Flive",
        &[
            ("Accept", "multipart/mixed"),
            ("Content-Duration", "1500"),
            ("Content-Resolution", "1280x720"),
            ("Content-Slice-From", "100"),
            ("Content-Slice-To", "900"),
            ("Livepeer-Job-Tag", "transcode/live"),
            ("Livepeer-Transcode-Configuration", r#"{"presets":["P144p30fps16x9"]}"#),
        ],
    )
    .unwrap();
    assert_eq!(push.stream_key.as_deref(), Some("key/part"));
    assert_eq!((push.seq, push.container), (12, Container::Mp4));
    assert_eq!(push.duration, Duration::from_millis(1500));
    assert_eq!(push.resolution, Some((1280, 720)));
    assert_eq!(push.clip, Some(Clip { from_ms: 100, to_ms: 900 }));
    assert_eq!(push.explicit_tag.as_deref(), Some("transcode/live"));
    assert_eq!(push.accept, ReplyForm::Multipart);
    assert_eq!(push.transcode_config.unwrap().presets, ["P144p30fps16x9"]);
}

#[test]
fn paths_name_manifest_and_sequence() {
    for (path, manifest, seq) in [
        ("/live/0.ts", "0", 0),
        ("/live/17.ts", "17", 17),
        ("/live/m/0007.ts", "m", 7),
        ("/live/m/18446744073709551615.ts", "m", u64::MAX),
        ("/live/m/18446744073709551616.ts", "m", 0),
        ("/live/m/x.ts", "m", 0),
        ("/live/m/-1.ts", "m", 0),
        ("/live/m/+1.ts", "m", 0),
        ("/live/m/.ts", "m", 0),
        ("/live//golden1/3.ts", "golden1", 3),
        ("/live/alive/1.ts", "alive", 1),
        ("/live/live/1.ts", "live", 1),
        ("/live/stream/1.ts", "stream", 1),
        ("/live/a%40b/1.ts", "a@b", 1),
        ("/live/a.b/1.2.ts", "a.b", 0),
    ] {
        let push = push(path, &[]).unwrap_or_else(|e| panic!("{path}: {e}"));
        assert_eq!((push.manifest.as_str(), push.seq), (manifest, seq), "{path}");
    }
}

#[test]
fn a_path_that_could_lead_elsewhere_is_refused() {
    for path in [
        "/live/../m/1.ts",
        "/live/m/../1.ts",
        "/live/./m/1.ts",
        "/live/%2e%2e/1.ts",
        "/live/m/%2E/1.ts",
        "/live/m%2f..%2f/1.ts",
        "/live/m%5c1/1.ts",
        "/live/m%00/1.ts",
        "/live/m/%0d%0aX/1.ts",
        "/live/%zz/1.ts",
        "/live/%ff/1.ts",
        "/live/a%20b/1.ts",
        "/live/.ts",
        "/live/...ts",
        "/live//.ts",
    ] {
        assert_eq!(reason(path, &[]), Reason::InvalidPath, "{path}");
    }
    let long = format!("/live/m/{}/1.ts", "k".repeat(600));
    assert_eq!(reason(&long, &[]), Reason::InvalidPath);
}

#[test]
fn only_segments_are_taken_and_the_answer_names_their_extensions() {
    for path in ["/live/m/0.m3u8", "/live/m/0.TS", "/live/m/0", "/live/m/", "/live/m/0.ts/"] {
        let problem = Problem::from(push(path, &[]).unwrap_err());
        assert_eq!(problem.reason(), Reason::UnsupportedExtension, "{path}");
        assert!(problem.detail().contains(r#""ts", "mp4""#), "{}", problem.detail());
    }
}

#[test]
fn durations_are_milliseconds_up_to_five_minutes() {
    for (text, millis) in [
        ("0", 0),
        ("300000", 300_000),
        ("+7", 7),
        (" 40 ", 40),
        ("abc", 2000),
        ("2.5", 2000),
        ("", 2000),
        ("-", 2000),
    ] {
        let push = push("/live/m/0.ts", &[("Content-Duration", text)]).unwrap();
        assert_eq!(push.duration, Duration::from_millis(millis), "{text}");
    }
    for text in ["-1", "300001", "99999999999999999999", "-99999999999999999999"] {
        let given = [("Content-Duration", text)];
        assert_eq!(reason("/live/m/0.ts", &given), Reason::InvalidDuration, "{text}");
    }
}

#[test]
fn resolutions_are_two_numbers() {
    for (text, size) in [
        ("320x180", Some((320, 180))),
        ("320X180", Some((320, 180))),
        ("0x0", Some((0, 0))),
        ("65535x1", Some((65535, 1))),
        ("", None),
    ] {
        let push = push("/live/m/0.ts", &[("Content-Resolution", text)]).unwrap();
        assert_eq!(push.resolution, size, "{text}");
    }
    for text in ["320", "x", "320x", "-1x2", "+1x2", "1x2x3", "65536x1", "a\u{e4}x1"] {
        let given = [("Content-Resolution", text)];
        assert_eq!(reason("/live/m/0.ts", &given), Reason::InvalidResolution, "{text}");
    }
}

#[test]
fn a_slice_ends_after_it_begins() {
    let clip = |from, to| {
        let given = [("Content-Slice-From", from), ("Content-Slice-To", to)];
        push("/live/m/0.ts", &given).map(|push| push.clip)
    };
    assert_eq!(clip("0", "0").unwrap(), None);
    assert_eq!(clip("x", "-5").unwrap(), None);
    assert_eq!(clip("500", "x").unwrap(), Some(Clip { from_ms: 500, to_ms: 0 }));
    assert_eq!(clip("500", "500").unwrap(), Some(Clip { from_ms: 500, to_ms: 500 }));
    assert_eq!(clip("1000", "500").unwrap_err().reason(), Reason::InvalidSlice);
}

#[test]
fn a_tag_is_named_once_or_twice_the_same() {
    let tag = |uri, headers: &[_]| push(uri, headers).map(|push| push.explicit_tag);
    let header = [("livepeer-job-tag", "ai/x")];
    assert_eq!(tag("/live/m/0.ts?tag=ai/x", &[]).unwrap().as_deref(), Some("ai/x"));
    assert_eq!(tag("/live/m/0.ts", &header).unwrap().as_deref(), Some("ai/x"));
    assert_eq!(tag("/live/m/0.ts?tag=ai%2Fx", &header).unwrap().as_deref(), Some("ai/x"));
    assert_eq!(tag("/live/m/0.ts?tag=", &[]).unwrap().as_deref(), Some(""));
    for (uri, headers) in [
        ("/live/m/0.ts?tag=ai/y", &header[..]),
        ("/live/m/0.ts?tag=ai/x&tag=ai/y", &[]),
        ("/live/m/0.ts", &[header[0], ("livepeer-job-tag", "ai/y")]),
    ] {
        assert_eq!(tag(uri, headers).unwrap_err().reason(), Reason::ConflictingTags, "{uri}");
    }
}

#[test]
fn a_stream_is_ended_by_its_manifest() {
    let end = |path| LiveRequest::parse(&head("DELETE", path, &[]));
    for path in ["/live/golden1", "/live/golden1/", "/live//golden1"] {
        let expected = LiveRequest::End(ManifestId::parse("golden1").unwrap());
        assert_eq!(end(path).unwrap(), expected, "{path}");
    }
    for path in ["/live/", "/live/golden1/0.ts", "/live/..", "/live/%2e%2e", "/live/a%2fb"] {
        assert_eq!(end(path).unwrap_err().reason(), Reason::InvalidPath, "{path}");
    }
}

#[test]
fn other_methods_are_answered_with_those_that_exist() {
    for method in ["GET", "HEAD", "OPTIONS", "PATCH"] {
        let error = LiveRequest::parse(&head(method, "/live/m/0.ts", &[])).unwrap_err();
        let response = Problem::from(error).response();
        assert_eq!(response.status(), 405, "{method}");
        assert_eq!(response.headers()["allow"], METHODS);
    }
    let put = LiveRequest::parse(&head("PUT", "/live/m/0.ts", &[])).unwrap();
    assert!(matches!(put, LiveRequest::Push(_)));
}

#[test]
fn problems_say_which_value_and_what_is_accepted() {
    let details: Vec<_> = [
        push("/live/../0.ts", &[]),
        push("/live/a b/0.ts".replace(' ', "%20").as_str(), &[]),
        push("/live/m/0.m3u8", &[]),
        push("/live/m/0.ts", &[("Content-Duration", "-1")]),
        push("/live/m/0.ts", &[("Content-Resolution", "big")]),
        push("/live/m/0.ts", &[("Content-Slice-From", "2"), ("Content-Slice-To", "1")]),
        push("/live/m/0.ts?tag=ai/y", &[("Livepeer-Job-Tag", "ai/x")]),
        push("/live/m/0.ts", &[("Livepeer-Transcode-Configuration", "{bad")]),
        push("/live/m/0.ts", &[("Livepeer-Transcode-Configuration", r#"{"presets":3}"#)]),
    ]
    .into_iter()
    .map(|result| Problem::from(result.unwrap_err()).to_string())
    .collect();
    insta::assert_json_snapshot!(details);
}

proptest! {
    #[test]
    fn no_head_is_too_strange(
        path in "/live/[ -~&&[^ \"<>`{}\\\\^|#]]{0,80}",
        names in prop::collection::vec(
            prop::sample::select(vec![
                "accept", "content-duration", "content-resolution", "content-slice-from",
                "content-slice-to", "livepeer-job-tag", "livepeer-transcode-configuration",
            ]),
            0..8,
        ),
        values in prop::collection::vec(prop::collection::vec(any::<u8>(), 0..60), 8),
    ) {
        let Ok(uri) = path.parse::<Uri>() else { return Ok(()) };
        let mut head = head("POST", "/", &[]);
        head.uri = uri;
        for (name, value) in names.into_iter().zip(values) {
            if let Ok(value) = http::HeaderValue::from_bytes(&value) {
                head.headers.append(name, value);
            }
        }
        if let Ok(push) = PushRequest::parse(&head) {
            prop_assert!(push.duration <= MAX_DURATION);
            prop_assert!(ManifestId::parse(push.manifest.as_str()).is_ok());
        }
    }
}
