//! A response of an orchestrator to a request, as bytes on a connection that then ends.
//!
//! Input: a byte for the most the body may have, two for where the bytes are cut, then the response.
#![no_main]

use std::sync::LazyLock;

use libfuzzer_sys::fuzz_target;
use waymark::buffers::Buffers;
use waymark::orchestrator::error::TransportError;
use waymark::orchestrator::transport::response::{Collecting, Framing, LONGEST_HEAD, head};
use waymark_fuzz::{library, showable};

/// A body larger than any input.
const ENOUGH: usize = 1 << 20;

/// A region of memory for all runs: one for each would be most of the work.
static BUFFERS: LazyLock<Buffers> = LazyLock::new(Buffers::default);

/// What became of a response.
#[derive(Debug, PartialEq)]
enum Read {
    /// Not even its head.
    Nothing,
    Refused,
    TooLarge,
    /// The connection ended too early.
    Cut,
    Whole {
        status: u16,
        body: Vec<u8>,
        again: bool,
    },
}

fuzz_target!(|data: &[u8]| {
    let [limit, one, other, bytes @ ..] = data else { return };
    let whole = read(&[bytes], ENOUGH);
    let mut cuts = [*one, *other].map(|cut| usize::from(cut) * bytes.len() / 255);
    cuts.sort_unstable();
    let [one, other] = cuts;
    let pieces = [&bytes[..one], &bytes[one..other], &bytes[other..]];
    assert_eq!(read(&pieces, ENOUGH), whole, "it matters how the bytes are cut");
    if bytes.len() <= 512 {
        let single: Vec<_> = bytes.chunks(1).collect();
        assert_eq!(read(&single, ENOUGH), whole, "it matters whether bytes come one by one");
    }
    let limit = usize::from(*limit);
    let bounded = read(&pieces, limit);
    assert_eq!(
        read(&[bytes], limit),
        bounded,
        "it matters how the bytes of a bounded body are cut"
    );
    match (&whole, &bounded) {
        (Read::Whole { body, .. }, _) if body.len() <= limit => assert_eq!(whole, bounded),
        (Read::Whole { .. }, bounded) => assert_eq!(*bounded, Read::TooLarge),
        (_, Read::Whole { .. }) => panic!("the bound made a response of {whole:?}"),
        _ => {}
    }
    compare(&whole, bytes);
});

/// What is taken here is what the HTTP library takes, and no more.
fn compare(ours: &Read, bytes: &[u8]) {
    let theirs = library::response(bytes);
    match ours {
        Read::Whole { status, body, .. } => {
            let (code, theirs) = theirs.expect("hyper sees no response");
            assert_eq!(code, *status);
            assert_eq!(theirs.expect("hyper sees no whole body"), *body);
        }
        Read::Nothing => assert!(theirs.is_none(), "{theirs:?}"),
        Read::Cut => assert!(theirs.is_none_or(|(_, body)| body.is_err()), "not cut"),
        // Refusing more is what this is for.
        Read::Refused | Read::TooLarge => {}
    }
}

fn read(pieces: &[&[u8]], limit: usize) -> Read {
    let (mut heard, mut pieces) = (Vec::new(), pieces.iter());
    let head = loop {
        match head(&heard) {
            Ok(Some(head)) => break head,
            Ok(None) => {}
            Err(error) => {
                showable(&error);
                return Read::Refused;
            }
        }
        assert!(heard.len() <= LONGEST_HEAD, "a head without end");
        let Some(piece) = pieces.next() else { return Read::Nothing };
        heard.extend_from_slice(piece);
    };
    assert!(head.len <= heard.len().min(LONGEST_HEAD), "a head longer than its bytes");
    assert!(!head.status.is_informational(), "{} is no answer", head.status);
    let until_close = head.framing == Framing::UntilClose;
    let mut body = match Collecting::new(head.framing, limit, &BUFFERS) {
        Ok(body) => body,
        Err(error) => return refused(&error),
    };
    let mut done = false;
    for piece in std::iter::once(&&heard[head.len..]).chain(pieces) {
        match body.accept(piece) {
            Ok(now) => assert!(now || !done, "done, and then not"),
            Err(error) => return refused(&error),
        }
        done = body.accept(&[]).expect("nothing is never wrong");
    }
    let again = head.keep && body.is_exact();
    assert!(!(until_close && again), "a connection that ended can be used again");
    let status = head.status.as_u16();
    let body = if done {
        body.whole()
    } else {
        match body.ended(true, std::io::ErrorKind::UnexpectedEof.into()) {
            Ok(body) => body,
            Err(error) => {
                showable(&error);
                return Read::Cut;
            }
        }
    };
    assert!(body.len() <= limit, "{} bytes of at most {limit}", body.len());
    Read::Whole { status, body: body.to_vec(), again }
}

fn refused(error: &TransportError) -> Read {
    showable(error);
    match error {
        TransportError::TooLarge { .. } => Read::TooLarge,
        _ => Read::Refused,
    }
}
