//! The multipart reply of a push: what is written is what two independent readers find.
//!
//! Input: boundary bits (10 bytes), sequence number (8), container (1), then renditions: length of
//! the name (1), of the media (2), kind of name (1), name, media.
#![no_main]

use std::convert::Infallible;

use bytes::Bytes;
use futures_util::FutureExt as _;
use http_body_util::BodyExt as _;
use libfuzzer_sys::arbitrary::{self, Unstructured};
use libfuzzer_sys::fuzz_target;
use waymark::deliver::multipart::{Boundary, Part, response};
use waymark_fuzz::rendition_name;
use waymark_media::Container;

/// Parts of one reply; jobs have at most this many renditions.
const MOST_PARTS: usize = 16;

/// A part as a reader finds it.
#[derive(Debug, PartialEq, Eq)]
struct Found<'a> {
    file: String,
    mime: &'a str,
    name: String,
    media: &'a [u8],
}

fuzz_target!(|data: &[u8]| {
    check(&mut Unstructured::new(data)).ok();
});

fn check(input: &mut Unstructured<'_>) -> arbitrary::Result<()> {
    let boundary = Boundary::from_bits(input.arbitrary()?);
    let seq: u64 = input.arbitrary()?;
    let container = if input.arbitrary()? { Container::Mp4 } else { Container::MpegTs };
    let mut parts = Vec::new();
    let mut usual = true;
    while !input.is_empty() && parts.len() < MOST_PARTS {
        let (name_len, media_len): (u8, u16) = (input.arbitrary()?, input.arbitrary()?);
        let odd: bool = input.arbitrary()?;
        let name = input.bytes(usize::from(name_len).min(input.len()))?;
        let name = if odd { String::from_utf8_lossy(name).into_owned() } else { plain(name) };
        let media = input.bytes(usize::from(media_len).min(input.len()))?;
        usual &= !odd;
        parts.push(Part { name, bytes: Bytes::copy_from_slice(media) });
    }
    written_and_read(&boundary, seq, container, &parts, usual);
    Ok(())
}

/// Any bytes as a name that profiles can have.
fn plain(bytes: &[u8]) -> String {
    let letters = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789_.-";
    let letter = |b: &u8| char::from(letters[usize::from(*b) % letters.len()]);
    let name: String = bytes.iter().take(62).map(letter).collect();
    let name = format!("{name}_0");
    rendition_name(&name);
    name
}

fn written_and_read(
    boundary: &Boundary,
    seq: u64,
    container: Container,
    parts: &[Part],
    usual: bool,
) {
    let response = response(boundary, seq, container, parts.iter().cloned());
    let length = response.headers()["content-length"].to_str().expect("a number").to_owned();
    let content_type = response.headers().get("content-type").cloned();
    let announced = response.body().len();
    let body = response.into_body().collect().now_or_never().expect("it never waits");
    let Ok(body) = body.map(http_body_util::Collected::to_bytes);
    assert_eq!((body.len() as u64, body.len().to_string()), (announced, length));
    if parts.is_empty() {
        assert!(body.is_empty() && content_type.is_none());
        return;
    }
    let content_type = content_type.expect("a body with parts says what it is");
    let content_type = content_type.to_str().expect("boundaries are ASCII");
    assert_eq!(content_type, format!("multipart/mixed; boundary={}", boundary.as_str()));

    let expected: Vec<_> = parts.iter().map(|part| expected(part, seq, container)).collect();
    assert_eq!(read(&body, boundary), expected);
    // That reader goes by lengths. One that searches for the boundary finds the same, unless the
    // media holds it, which 80 random bits exclude.
    let hidden = boundary.as_str().as_bytes();
    let clear = parts.iter().all(|p| !p.bytes.windows(hidden.len()).any(|w| w == hidden));
    if usual && clear {
        assert_eq!(read_with_library(&body, content_type), owned(&expected));
    }
}

fn expected(part: &Part, seq: u64, container: Container) -> Found<'_> {
    let name: String = part.name.chars().filter(|c| !c.is_control()).collect();
    Found {
        file: format!("{name}_{seq}.{}", container.ext()),
        mime: container.mime(),
        name,
        media: &part.bytes,
    }
}

/// A strict reader: exactly these headers in this order, nothing before, between or behind.
fn read<'a>(body: &'a [u8], boundary: &Boundary) -> Vec<Found<'a>> {
    let mut rest = body;
    let mut found = Vec::new();
    let opening = format!("--{}\r\n", boundary.as_str());
    let closing = format!("\r\n--{}--\r\n", boundary.as_str());
    let mut before = "";
    while rest != closing.as_bytes() {
        rest = after(rest, before);
        rest = after(rest, &opening);
        before = "\r\n";
        let disposition = header(&mut rest, "Content-Disposition: attachment; filename=");
        let length = header(&mut rest, "Content-Length: ");
        let kind = header(&mut rest, "Content-Type: ");
        let name = header(&mut rest, "Rendition-Name: ").to_owned();
        rest = after(rest, "\r\n");
        let length: usize = length.parse().expect("a length");
        let (media, behind) = rest.split_at_checked(length).expect("as much as was announced");
        rest = behind;
        let (mime, file) = kind.split_once("; name=").expect("a name behind the type");
        assert_eq!(file, disposition, "both headers name the same file");
        found.push(Found { file: unquoted(file), mime, name, media });
    }
    found
}

fn after<'a>(bytes: &'a [u8], start: &str) -> &'a [u8] {
    bytes.strip_prefix(start.as_bytes()).unwrap_or_else(|| panic!("{start:?} is not there"))
}

/// The value of the next line, which has to be this header.
fn header<'a>(bytes: &mut &'a [u8], name: &str) -> &'a str {
    let line = after(bytes, name);
    let end = line.windows(2).position(|pair| pair == b"\r\n").expect("a line that ends");
    let (value, rest) = line.split_at(end);
    *bytes = &rest[2..];
    let value = str::from_utf8(value).expect("names are text");
    assert!(!value.contains(char::is_control), "a header with control characters: {value:?}");
    value
}

/// The inside of a quoted string.
fn unquoted(text: &str) -> String {
    let inside = text.strip_prefix('"').and_then(|text| text.strip_suffix('"'));
    let mut characters = inside.expect("a quoted string").chars();
    let mut plain = String::new();
    while let Some(c) = characters.next() {
        assert_ne!(c, '"', "the string ends before its end: {text}");
        plain.push(if c == '\\' { characters.next().expect("an escaped character") } else { c });
    }
    plain
}

type Owned = (String, String, String, Vec<u8>);

fn owned(found: &[Found<'_>]) -> Vec<Owned> {
    let own = |f: &Found<'_>| (f.file.clone(), f.mime.to_owned(), f.name.clone(), f.media.to_vec());
    found.iter().map(own).collect()
}

fn read_with_library(body: &Bytes, content_type: &str) -> Vec<Owned> {
    let boundary = content_type.split_once("boundary=").expect("it was just compared").1;
    let chunks = futures_util::stream::iter(
        body.chunks(97)
            .map(|chunk| Ok::<_, Infallible>(Bytes::copy_from_slice(chunk)))
            .collect::<Vec<_>>(),
    );
    let mut reader = multer::Multipart::new(chunks, boundary);
    let reading = async {
        let mut found = Vec::new();
        while let Some(field) = reader.next_field().await.expect("a part") {
            let text = |name: &str| field.headers()[name].to_str().expect("ASCII").to_owned();
            let name = text("rendition-name");
            let file = field.file_name().expect("a file name").to_owned();
            let mime = field.content_type().expect("a type").essence_str().to_owned();
            let media = field.bytes().await.expect("the media").to_vec();
            found.push((file, mime, name, media));
        }
        found
    };
    reading.now_or_never().expect("everything is there already")
}
