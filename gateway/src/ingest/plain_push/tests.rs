use proptest::prelude::*;

use super::*;

const PLAIN: &str = "POST /live/a/1.ts?tag=x HTTP/1.1\r\nHost: g\r\nContent-Length: 3\r\n\
                     Connection: Keep-Alive\r\nContent-Duration: 2000\r\n\r\n";

fn kind(text: &str) -> &'static str {
    match front(text.as_bytes()) {
        Front::Push(_) => "push",
        Front::Other => "other",
        Front::Incomplete => "incomplete",
    }
}

#[test]
fn a_plain_push_is_recognized_and_its_body_left() {
    let Front::Push(push) = front(format!("{PLAIN}abc").as_bytes()) else { panic!("not a push") };
    assert_eq!((push.head, push.body), (PLAIN.len(), 3));
    assert_eq!(push.parts.uri, "/live/a/1.ts?tag=x");
    assert_eq!(push.parts.headers["content-duration"], "2000");
}

#[test]
fn what_is_no_push_is_left_to_the_library() {
    for line in [
        "GET /live/a/1.ts HTTP/1.1",
        "DELETE /live/a HTTP/1.1",
        "post /live/a/1.ts HTTP/1.1",
        "POST /stream/a.m3u8 HTTP/1.1",
        "POST /live HTTP/1.1",
        "POST http://g/live/a/1.ts HTTP/1.1",
        "POST * HTTP/1.1",
        "POST /live/a/1.ts HTTP/1.0",
        "POST /live/a/1.ts HTTP/2.0",
        "POST /live/a/1.ts",
        "PRI * HTTP/2.0",
    ] {
        assert_eq!(kind(&format!("{line}\r\nContent-Length: 3\r\n\r\n")), "other", "{line}");
    }
    assert_eq!(kind("\u{1}"), "other");
    assert_eq!(kind("\u{16}\u{3}\u{1}"), "other");
}

#[test]
fn whatever_may_be_framed_in_two_ways_is_left_to_the_library() {
    for headers in [
        "",
        "Content-Length:",
        "Content-Length: +3",
        "Content-Length: -3",
        "Content-Length: 0x3",
        "Content-Length: 3, 3",
        "Content-Length: 3 3",
        "Content-Length: 1234567890123456789",
        "Content-Length: 99999999999999999999999",
        "Content-Length: 3\r\nContent-Length: 3",
        "Content-Length: 3\r\ncontent-length: 4",
        "Content-Length : 3",
        "Content-Length: 3\r\n 4",
        "Content-Length: 3\r\n\t4",
        " Content-Length: 3",
        "Content-Length: 3\r4",
        "Content-Length: 3\r\nX: a\rb",
        "Transfer-Encoding: chunked",
        "Content-Length: 3\r\nTransfer-Encoding: chunked",
        "Transfer-Encoding: identity\r\nContent-Length: 3",
        "Content-Length: 3\r\nTrailer: X",
    ] {
        let head = format!("POST /live/a/1.ts HTTP/1.1\r\n{headers}\r\n\r\n");
        assert_eq!(kind(&head), "other", "{headers}");
    }
}

#[test]
fn whatever_asks_for_more_than_an_answer_is_left_to_the_library() {
    for headers in [
        "Expect: 100-continue",
        "Upgrade: h2c",
        "Connection: close",
        "Connection: keep-alive, upgrade",
        "Connection: keep-alive\r\nConnection: close",
    ] {
        let head = format!("POST /live/a/1.ts HTTP/1.1\r\nContent-Length: 3\r\n{headers}\r\n\r\n");
        assert_eq!(kind(&head), "other", "{headers}");
    }
}

#[test]
fn heads_without_end_are_left_to_the_library() {
    let start = "POST /live/a/1.ts HTTP/1.1\r\nContent-Length: 3\r\n";
    let long = format!("{start}X: {}\r\n\r\n", "x".repeat(LONGEST_HEAD));
    assert_eq!(kind(&long), "other");
    assert_eq!(kind(&long[..LONGEST_HEAD]), "incomplete");
    assert_eq!(kind(&long[..=LONGEST_HEAD]), "other");
    let exact = format!("{start}X: {}\r\n\r\n", "x".repeat(LONGEST_HEAD - start.len() - 7));
    assert_eq!((exact.len(), kind(&exact)), (LONGEST_HEAD, "push"));
    let many = format!("{start}{}\r\n", "X: y\r\n".repeat(MOST_HEADERS));
    assert_eq!(kind(&many), "other");
    assert_eq!(kind(&"\r\n".repeat(LONGEST_HEAD)), "other");
}

proptest! {
    #[test]
    fn it_does_not_matter_how_the_bytes_are_cut(
        head in prop_oneof![
            Just(format!("{PLAIN}abcPOST")),
            Just(PLAIN.replace(": 3", ": +3")),
            Just(PLAIN.replace("Host: g", "Expect: 100-continue")),
            Just(PLAIN.replace("POST", "GET")),
            "(POST|PUT|GET) (/live/)?[a-z/.]{0,9} HTTP/1.[01]\r\n(Content-Length: [0-9]{0,20}\r\n){0,2}\r\n.{0,9}",
        ],
        cut in 0_usize..200,
    ) {
        let (whole, part) = (head.as_bytes(), head.as_bytes().get(..cut).unwrap_or(head.as_bytes()));
        match (front(part), front(whole)) {
            (Front::Incomplete, _) | (Front::Other, Front::Other) => {}
            (Front::Push(one), Front::Push(other)) => {
                prop_assert_eq!((one.head, one.body), (other.head, other.body));
                prop_assert_eq!(&one.parts.headers, &other.parts.headers);
            }
            (part, whole) => prop_assert!(false, "{:?} became {:?}", part, whole),
        }
    }
}
