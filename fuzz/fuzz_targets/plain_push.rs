//! The first bytes of a connection to the media listener: a plain push, or what hyper has to serve.
//!
//! Input: a byte for where the bytes are cut, then what a client sends.
#![no_main]

use libfuzzer_sys::fuzz_target;
use waymark::ingest::plain_push::{Front, LONGEST_HEAD, PlainPush, front};
use waymark_fuzz::library;

fuzz_target!(|data: &[u8]| {
    let [cut, bytes @ ..] = data else { return };
    let whole = front(bytes);
    let cut = usize::from(*cut) * bytes.len() / 255;
    let step = bytes.len() / 512 + 1;
    for part in (0..bytes.len()).step_by(step).chain([cut]).map(|end| &bytes[..end]) {
        match (front(part), &whole) {
            (Front::Incomplete, _) => assert!(part.len() <= LONGEST_HEAD, "a head without end"),
            (Front::Other, Front::Other) => {}
            (Front::Push(early), Front::Push(late)) => same(&early, late),
            (early, late) => panic!("{early:?} of {} bytes became {late:?}", part.len()),
        }
    }
    if let Front::Push(push) = whole {
        compare(&push, bytes);
    }
});

fn same(one: &PlainPush, other: &PlainPush) {
    assert_eq!((one.head, one.body), (other.head, other.body), "another frame");
    assert_eq!(one.parts.uri, other.parts.uri);
    assert_eq!(one.parts.headers, other.parts.headers);
}

/// Who puts hyper in front sees the same request, and the next one begins at the same byte.
fn compare(push: &PlainPush, bytes: &[u8]) {
    assert!(push.head <= bytes.len().min(LONGEST_HEAD), "a head longer than its bytes");
    let (parts, body) = library::request(bytes).expect("hyper sees no request");
    assert_eq!(parts.method, push.parts.method);
    assert_eq!(parts.uri, push.parts.uri);
    assert_eq!(parts.version, push.parts.version);
    assert_eq!(parts.headers, push.parts.headers);
    let rest = &bytes[push.head..];
    match usize::try_from(push.body).ok().and_then(|length| rest.get(..length)) {
        Some(expected) => assert_eq!(body.expect("hyper sees no whole body"), expected),
        None => assert!(body.is_err(), "hyper sees a body that is not there"),
    }
}
