//! What orchestrators send: results of segments, descriptions of themselves, tokens, refusals.
//!
//! Input: any bytes; they are read as each of these messages. A result is also read by somebody who
//! asked for exactly what it says, so that the checks behind the number and the count are reached.
#![no_main]

use bytes::Bytes;
use libfuzzer_sys::fuzz_target;
use prost::Message as _;
use prost::encoding::encoded_len_varint;
use url::Url;
use waymark::capability::{JobNeeds, compatible, job_capabilities};
use waymark::wire::{
    ResultError, SessionInfo, classify_refusal, classify_result, classify_rpc, decode_result,
    end_session_request, header_value, tagged_token,
};
use waymark_fuzz::showable;
use waymark_proto::net::{
    AuthToken, EndTranscodingSessionRequest, JobTag, OrchestratorInfo, TranscodeResult,
    transcode_result::Result as Outcome,
};

fuzz_target!(|data: &[u8]| {
    let bytes = Bytes::copy_from_slice(data);
    result(&bytes);
    if let Ok(info) = OrchestratorInfo::decode(bytes.clone()) {
        session(info);
    }
    if let Ok(token) = AuthToken::decode(bytes) {
        token_comes_back(&token);
        if is_canonical(data) {
            assert_eq!(token.encode_to_vec(), data, "a token that came back as another");
        }
    }
    let text = String::from_utf8_lossy(data);
    for status in [200, 403, 429, 503] {
        classify_refusal(status, &text);
    }
    // The capital spelling is one that only gRPC refusals have.
    if text.trim() != "Invalid auth token" {
        let refusal = format!("Invalid orchestrator request: {text}");
        assert_eq!(classify_rpc(&refusal), classify_result(&text));
    }
});

fn result(bytes: &Bytes) {
    read(bytes, 0, 2);
    let Ok(message) = TranscodeResult::decode(bytes.clone()) else { return };
    let seq = message.seq.cast_unsigned();
    match message.result {
        Some(Outcome::Data(data)) => {
            read(bytes, seq, data.segments.len());
            let fewer = decode_result(bytes.clone(), seq, data.segments.len() + 1);
            assert!(matches!(fewer, Err(ResultError::WrongCount { .. })), "{fewer:?}");
            let other = decode_result(bytes.clone(), seq ^ 1, data.segments.len());
            assert!(matches!(other, Err(ResultError::WrongSegment { .. })), "{other:?}");
        }
        _ => read(bytes, seq, 0),
    }
}

/// What is accepted is what was asked for.
fn read(bytes: &Bytes, seq: u64, profiles: usize) {
    match decode_result(bytes.clone(), seq, profiles) {
        Ok(output) => {
            assert_eq!(output.segments.len(), profiles);
            for rendition in &output.segments {
                address(&rendition.url);
                rendition.perceptual_hash_url.as_ref().inspect(|url| address(url));
                assert_ne!(rendition.named(), Some(""));
            }
        }
        Err(error) => {
            showable(&error);
            error.fault();
        }
    }
}

/// An address that can be asked, and nothing else.
fn address(url: &Url) {
    assert!(matches!(url.scheme(), "http" | "https") && url.has_host(), "{url}");
    assert!(url.username().is_empty() && url.password().is_none(), "{url}");
    assert!(!url.as_str().contains(|c: char| c.is_control() || c == ' '), "{url}");
}

fn session(info: OrchestratorInfo) {
    let issued = info.auth_token.clone();
    let session = match SessionInfo::read(info) {
        Ok(session) => session,
        Err(error) => return showable(&error),
    };
    address(&session.transcoder);
    let base = session.transcoder.as_str();
    assert!(!base.ends_with("//") && !base.contains(['?', '#']), "{base}");
    session.nodes.iter().for_each(address);
    assert!(session.nodes.len() <= 32);
    assert!((1..=64).contains(&session.session_id().len()) && session.session_id().is_ascii());
    assert!(session.version().len() <= 256);
    let signer = session.result_signer();
    assert!(signer.is_none_or(|address| !address.is_zero()), "the zero address signs nothing");
    let needs = job_capabilities(&JobNeeds { min_version: Some("0.9.1"), ..JobNeeds::default() });
    let needs = needs.expect("nothing unusual is asked for");
    if let Err(error) = compatible(&needs, &session.capabilities) {
        showable(&error);
    }
    assert_eq!(Some(&session.token), issued.as_ref(), "the token is kept as it was issued");
    token_comes_back(&session.token);
    assert!(header_value(&session.token).is_ok(), "a token too long for a header is no token");
}

/// Written, read and written again, a token is the same; with a tag in it only the tag is new.
fn token_comes_back(token: &AuthToken) {
    let written = token.encode_to_vec();
    assert_eq!(written.len(), token.encoded_len());
    let read = AuthToken::decode(written.as_slice()).expect("what was written can be read");
    assert_eq!(&read, token);
    let request = end_session_request(token).encode_to_vec();
    let request = EndTranscodingSessionRequest::decode(request.as_slice()).expect("a request");
    assert_eq!(request.auth_token.as_ref(), Some(token));
    assert_eq!(request.auth_token.map(|token| token.encode_to_vec()), Some(written));

    let tag = JobTag { tag_id: 3, tag: "transcode/live".to_owned(), ..JobTag::default() };
    let tagged = AuthToken::decode(tagged_token(token, Some(&tag)).encode_to_vec().as_slice());
    let tagged = tagged.expect("a token with a tag can be read");
    assert_eq!(tagged.job_tag, Some(tag));
    assert_eq!(tagged_token(&tagged, token.job_tag.as_ref()), *token);
}

/// Whether these bytes are a token as protobuf writers write them: the fields we know once each, in
/// order, none empty, then the others; no number longer than it has to be. Tags excluded.
fn is_canonical(data: &[u8]) -> bool {
    let mut rest = data;
    let mut last = 0;
    while !rest.is_empty() {
        let Some(key) = varint(&mut rest) else { return false };
        let (field, kind) = (key >> 3, key & 7);
        let known = field <= 3;
        if known && field <= last || field == 1001 {
            return false;
        }
        last = if known { field } else { u64::MAX };
        let body = match kind {
            0 => varint(&mut rest).map(|value| value != 0),
            1 => skip(&mut rest, 8).map(|()| true),
            2 => varint(&mut rest).and_then(|length| {
                let length = usize::try_from(length).ok()?;
                skip(&mut rest, length).map(|()| length > 0)
            }),
            5 => skip(&mut rest, 4).map(|()| true),
            _ => None,
        };
        if body.is_none() || known && body == Some(false) {
            return false;
        }
    }
    true
}

/// A number in as few bytes as it takes.
fn varint(bytes: &mut &[u8]) -> Option<u64> {
    let before = bytes.len();
    let value = prost::encoding::decode_varint(bytes).ok()?;
    (before - bytes.len() == encoded_len_varint(value)).then_some(value)
}

fn skip(bytes: &mut &[u8], count: usize) -> Option<()> {
    *bytes = bytes.get(count..)?;
    Some(())
}
