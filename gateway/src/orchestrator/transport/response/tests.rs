use httparse::Header;
use proptest::prelude::*;

use super::*;
use crate::{buffers::Buffers, orchestrator::error::TransportError};

/// A response as it is read: status, body, whether it was whole, and whether it can be followed.
type Read = (u16, Vec<u8>, bool, bool);

/// Reads a response the way a connection does, from pieces.
fn read(pieces: &[&[u8]], limit: usize) -> Result<Option<Read>, ()> {
    let (mut heard, mut pieces) = (Vec::new(), pieces.iter());
    let head = loop {
        if let Some(head) = head(&heard).map_err(drop)? {
            break head;
        }
        let Some(piece) = pieces.next() else { return Ok(None) };
        heard.extend_from_slice(piece);
    };
    let mut body = Collecting::new(head.framing, limit, &Buffers::default()).map_err(drop)?;
    let mut done = body.accept(&heard[head.len..]).map_err(drop)?;
    for piece in pieces {
        done = body.accept(piece).map_err(drop)?;
    }
    let again = head.keep && body.is_exact();
    Ok(Some((head.status.as_u16(), body.whole().to_vec(), done, again)))
}

fn answer(text: &str) -> Result<Option<Read>, ()> {
    read(&[text.as_bytes()], 100)
}

fn whole(body: &str, again: bool) -> Read {
    (200, body.as_bytes().to_vec(), true, again)
}

#[test]
fn the_head_says_where_the_body_ends() {
    let of = |status, headers: &[(&str, &str)]| {
        let headers: Vec<_> =
            headers.iter().map(|(name, v)| Header { name, value: v.as_bytes() }).collect();
        Framing::of(StatusCode::from_u16(status).unwrap(), true, &headers).ok()
    };
    assert_eq!(of(200, &[("Content-Length", "12")]), Some(Framing::Length(12)));
    assert!(matches!(of(200, &[("Transfer-Encoding", "Chunked")]), Some(Framing::Chunked(_))));
    assert_eq!(of(200, &[]), Some(Framing::UntilClose));
    for bodiless in [204, 304] {
        assert_eq!(of(bodiless, &[("Content-Length", "12")]), Some(Framing::Length(0)));
    }
}

#[test]
fn a_length_that_can_be_read_in_two_ways_is_refused() {
    for headers in [
        "Content-Length: -1",
        "Content-Length: +1",
        "Content-Length:",
        "Content-Length: 1,1",
        "Content-Length: 0x1",
        "Content-Length: 18446744073709551616",
        "Content-Length: 1\r\nContent-Length: 1",
        "Content-Length: 1\r\ncontent-length: 2",
        "Content-Length: 1\r\nTransfer-Encoding: chunked",
        "Transfer-Encoding: chunked\r\nContent-Length: 1",
        "Transfer-Encoding: gzip, chunked",
        "Transfer-Encoding: chunked\r\nTransfer-Encoding: chunked",
        "Transfer-Encoding: identity",
        "Transfer-Encoding:",
        "Content-Length : 1",
        "Content-Length: 1\r\n 2",
        "Content-Length: 1\r2",
    ] {
        let text = format!("HTTP/1.1 200 OK\r\n{headers}\r\n\r\n0\r\n\r\n");
        assert_eq!(answer(&text), Err(()), "{headers}");
    }
}

#[test]
fn a_head_that_is_none_is_refused() {
    for text in [
        "nonsense\r\n\r\n",
        "HTTP/2.0 200 OK\r\n\r\n",
        "HTTP/1.1 099 What\r\n\r\n",
        "HTTP/1.1 2000 OK\r\n\r\n",
        "HTTP/1.1 101 Switching Protocols\r\nContent-Length: 0\r\n\r\n",
        "HTTP/1.0 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
    ] {
        assert_eq!(answer(text), Err(()), "{text}");
    }
}

#[test]
fn heads_are_bounded_with_all_that_comes_before_them() {
    let endless = "HTTP/1.1 100 Continue\r\n\r\n".repeat(LONGEST_HEAD);
    assert_eq!(answer(&endless), Err(()));
    let some = "HTTP/1.1 103 Early Hints\r\nLink: x\r\n\r\n".repeat(9);
    let text = format!("{some}HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok");
    assert_eq!(answer(&text), Ok(Some(whole("ok", true))));
    let long = format!("HTTP/1.1 200 OK\r\nX: {}", "x".repeat(LONGEST_HEAD));
    assert_eq!(answer(&long), Err(()));
    assert_eq!(answer(&long[..LONGEST_HEAD]), Ok(None));
    let many = format!("HTTP/1.1 200 OK\r\n{}\r\n", "X: y\r\n".repeat(MOST_HEADERS + 1));
    assert_eq!(answer(&many), Err(()));
}

#[test]
fn a_connection_is_used_again_only_behind_a_whole_response_and_nothing_else() {
    let response =
        |headers: &str, body: &str| format!("HTTP/1.1 200 OK\r\n{headers}\r\n\r\n{body}");
    assert_eq!(answer(&response("Content-Length: 2", "ok")), Ok(Some(whole("ok", true))));
    assert_eq!(answer(&response("Content-Length: 2", "ok\n")), Ok(Some(whole("ok", false))));
    assert_eq!(
        answer(&response("Content-Length: 2", "okHTTP/1.1 200 OK")),
        Ok(Some(whole("ok", false)))
    );
    for options in ["close", "Close", "keep-alive, close", "x\r\nConnection: close"] {
        let headers = format!("Content-Length: 2\r\nConnection: {options}");
        assert_eq!(answer(&response(&headers, "ok")), Ok(Some(whole("ok", false))), "{options}");
    }
    let old = "HTTP/1.0 200 OK\r\nConnection: keep-alive\r\nContent-Length: 2\r\n\r\nok";
    assert_eq!(answer(old), Ok(Some(whole("ok", false))));
    let bodiless = "HTTP/1.1 204 No Content\r\nContent-Length: 2\r\n\r\nok";
    assert_eq!(answer(bodiless), Ok(Some((204, Vec::new(), true, false))));
    let half = Ok(Some((200, b"ok".to_vec(), false, false)));
    assert_eq!(answer(&response("Content-Length: 3", "ok")), half);
    assert_eq!(answer("HTTP/1.1 200 OK\r\n\r\nok"), half);
}

fn chunked(body: &str) -> Result<Option<Read>, ()> {
    answer(&format!("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n{body}"))
}

#[test]
fn chunks_are_read_with_what_may_stand_beside_them() {
    assert_eq!(chunked("0\r\n\r\n"), Ok(Some(whole("", true))));
    assert_eq!(chunked("2\r\nok\r\n0\r\n\r\n"), Ok(Some(whole("ok", true))));
    assert_eq!(
        chunked("00A;a=b;c\r\n0123456789\r\n0;x\r\nT: x\r\n\r\n"),
        Ok(Some(whole("0123456789", true)))
    );
    assert_eq!(chunked("0\r\n\r\n\r\n"), Ok(Some(whole("", false))));
    assert_eq!(chunked("2\r\nok\r\n0\r\n"), Ok(Some((200, b"ok".to_vec(), false, false))));
}

#[test]
fn chunks_that_lie_are_refused() {
    let long = format!("1;{}", "x".repeat(300));
    let trailers = format!("0\r\n{}", "T: x\r\n".repeat(1000));
    let trailer = format!("0\r\nT: {}", "x".repeat(5000));
    for body in [
        "\r\n",
        ";a\r\n",
        " 1\r\nx\r\n",
        "x\r\n",
        "-1\r\n",
        "+1\r\n",
        "0x1\r\n",
        "1 1\r\n",
        "1\nx\r\n",
        "1;a\nx\r\n",
        "1;a\rb\r\n",
        "2\r\nabc\r\n",
        "2\r\nok\n0\r\n\r\n",
        "2\r\nok \r\n",
        "10000000000000000\r\n",
        "fffffffffffffffff\r\n",
        "0\r\nbad trailer\r\n\r\n",
        "0\r\n folded: x\r\n\r\n",
        "0\r\nT: x\n\r\n",
        &long,
        &trailers,
        &trailer,
    ] {
        assert_eq!(chunked(body), Err(()), "{body}");
    }
    // As large as a number gets, and still no more than the limit is kept of it.
    assert!(chunked(&format!("ffffffffffffffff\r\n{}", "x".repeat(100))).is_ok());
    assert_eq!(chunked(&format!("ffffffffffffffff\r\n{}", "x".repeat(101))), Err(()));
}

#[test]
fn what_is_missing_at_the_end_is_told_apart() {
    let ended = |headers: &str, told| {
        let text = format!("HTTP/1.1 200 OK\r\n{headers}\r\nok");
        let head = head(text.as_bytes()).unwrap().unwrap();
        let mut body = Collecting::new(head.framing, 100, &Buffers::default()).unwrap();
        assert!(!body.accept(&text.as_bytes()[head.len..]).unwrap());
        body.ended(told, std::io::ErrorKind::UnexpectedEof.into())
    };
    assert_eq!(ended("", true).unwrap(), "ok");
    assert!(matches!(ended("", false), Err(TransportError::Dropped { .. })));
    let (got, announced) = (2, 3);
    for told in [true, false] {
        assert!(matches!(
            ended("Content-Length: 3\r\n", told),
            Err(TransportError::Truncated { got: g, announced: a }) if (g, a) == (got, announced)
        ));
    }
}

proptest! {
    #[test]
    fn a_response_reads_the_same_however_it_is_cut(
        interim in prop_oneof![Just(""), Just("HTTP/1.1 100 Continue\r\n\r\n")],
        framing in prop_oneof![
            Just("Content-Length: 9\r\n\r\n123456789"),
            Just("Content-Length: 9\r\n\r\n123456789more"),
            Just("Transfer-Encoding: chunked\r\n\r\n4;a=b\r\nWiki\r\n5\r\npedia\r\n0\r\nT: x\r\n\r\n"),
            Just("Transfer-Encoding: chunked\r\n\r\n4\r\nWikix\r\n"),
            Just("\r\nuntil the end"),
        ],
        cuts in prop::collection::vec(0_usize..140, 0..8),
        limit in 0_usize..20,
    ) {
        let text = format!("{interim}HTTP/1.1 200 OK\r\n{framing}");
        let mut cuts: Vec<_> = cuts.into_iter().map(|cut| cut.min(text.len())).collect();
        cuts.sort_unstable();
        let (mut pieces, mut start) = (Vec::new(), 0);
        for cut in cuts.into_iter().chain([text.len()]) {
            pieces.push(&text.as_bytes()[start..cut]);
            start = cut;
        }
        prop_assert_eq!(read(&pieces, limit), read(&[text.as_bytes()], limit));
    }
}
