//! Where the body of a response ends (RFC 9112 6 and 7).

use std::io;

use httparse::Header;

/// Longest line between chunks; nothing in it is of use but the size.
const LONGEST_LINE: usize = 4 * 1024;

/// The rest of a body.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Framing {
    /// This many bytes more.
    Length(u64),
    /// Chunks.
    Chunked(Chunk),
    /// Everything until the connection ends.
    UntilClose,
}

/// What comes next in a chunked body.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Chunk {
    /// A line: a size, the end of a chunk, or a trailer.
    Line { kind: Line, text: Vec<u8> },
    /// This many bytes of a chunk.
    Data(u64),
    /// Nothing.
    End,
}

/// What a line is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Line {
    Size,
    AfterData,
    Trailer,
}

impl Framing {
    /// As the head of a response to anything but HEAD says.
    pub(super) fn of(status: u16, headers: &[Header<'_>]) -> io::Result<Self> {
        if status < 200 || matches!(status, 204 | 304) {
            return Ok(Self::Length(0));
        }
        let named = |name| headers.iter().filter(move |h| h.name.eq_ignore_ascii_case(name));
        let mut codings = named("transfer-encoding");
        if let Some(coding) = codings.next() {
            let chunked = coding.value.trim_ascii().eq_ignore_ascii_case(b"chunked");
            return match codings.next() {
                None if chunked => Ok(Self::chunked()),
                _ => Err(wrong("a transfer coding that is not understood")),
            };
        }
        let mut length = None;
        for header in named("content-length") {
            let digits = std::str::from_utf8(header.value.trim_ascii())
                .ok()
                .filter(|text| !text.is_empty() && text.bytes().all(|b| b.is_ascii_digit()));
            let this = digits.and_then(|text| text.parse().ok());
            let this: u64 = this.ok_or_else(|| wrong("a length that is no number"))?;
            if length.is_some_and(|other| other != this) {
                return Err(wrong("two lengths"));
            }
            length = Some(this);
        }
        Ok(length.map_or(Self::UntilClose, Self::Length))
    }

    const fn chunked() -> Self {
        Self::Chunked(Chunk::Line { kind: Line::Size, text: Vec::new() })
    }

    /// Length of the body if it is announced.
    pub(super) const fn announced(&self) -> Option<u64> {
        match self {
            Self::Length(length) => Some(*length),
            Self::Chunked(_) | Self::UntilClose => None,
        }
    }

    /// Whether the whole body was there.
    pub(super) const fn is_done(&self) -> bool {
        matches!(self, Self::Length(0) | Self::Chunked(Chunk::End))
    }

    /// Takes bytes of the body from the front of `from` and hands on what is in them. What is left
    /// there when the body is done does not belong to it.
    pub(super) fn take(&mut self, from: &mut &[u8], mut sink: impl FnMut(&[u8])) -> io::Result<()> {
        while !from.is_empty() && !self.is_done() {
            match self {
                Self::UntilClose => sink(std::mem::take(from)),
                Self::Length(left) => *left -= split(from, *left, &mut sink),
                Self::Chunked(chunk) => chunk.take(from, &mut sink)?,
            }
        }
        Ok(())
    }
}

impl Chunk {
    fn take(&mut self, from: &mut &[u8], sink: &mut impl FnMut(&[u8])) -> io::Result<()> {
        match self {
            Self::End => {}
            Self::Data(left) => {
                *left -= split(from, *left, sink);
                if *left == 0 {
                    *self = Self::Line { kind: Line::AfterData, text: Vec::new() };
                }
            }
            Self::Line { kind, text } => {
                let end = from.iter().position(|b| *b == b'\n');
                let (now, later) = from.split_at(end.map_or(from.len(), |end| end + 1));
                *from = later;
                text.extend_from_slice(now);
                if text.len() > LONGEST_LINE {
                    return Err(wrong("a line between chunks is too long"));
                }
                if end.is_some() {
                    *self = after(*kind, text.trim_ascii_end())?;
                }
            }
        }
        Ok(())
    }
}

/// What follows a line.
fn after(kind: Line, line: &[u8]) -> io::Result<Chunk> {
    let next = |kind| Chunk::Line { kind, text: Vec::new() };
    match kind {
        Line::AfterData if line.is_empty() => Ok(next(Line::Size)),
        Line::AfterData => Err(wrong("a chunk is longer than it says")),
        Line::Trailer if line.is_empty() => Ok(Chunk::End),
        Line::Trailer => Ok(next(Line::Trailer)),
        Line::Size => {
            let digits = line.split(|b| *b == b';').next().unwrap_or_default().trim_ascii_end();
            let is_hex = !digits.is_empty() && digits.iter().all(u8::is_ascii_hexdigit);
            let text = std::str::from_utf8(digits).ok().filter(|_| is_hex);
            match text.and_then(|text| u64::from_str_radix(text, 16).ok()) {
                Some(0) => Ok(next(Line::Trailer)),
                Some(size) => Ok(Chunk::Data(size)),
                None => Err(wrong("a chunk's size is no number")),
            }
        }
    }
}

/// Hands on at most `most` bytes from the front; how many.
fn split(from: &mut &[u8], most: u64, sink: &mut impl FnMut(&[u8])) -> u64 {
    let here = usize::try_from(most).unwrap_or(usize::MAX).min(from.len());
    let (now, later) = from.split_at(here);
    *from = later;
    sink(now);
    here as u64
}

pub(super) fn wrong(what: &'static str) -> io::Error {
    io::Error::new(io::ErrorKind::InvalidData, what)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn of(headers: &[(&str, &str)]) -> Option<Framing> {
        let headers: Vec<_> =
            headers.iter().map(|(name, v)| Header { name, value: v.as_bytes() }).collect();
        Framing::of(200, &headers).ok()
    }

    #[test]
    fn the_head_says_where_the_body_ends() {
        assert_eq!(of(&[("Content-Length", "12")]), Some(Framing::Length(12)));
        assert_eq!(
            of(&[("content-length", "1"), ("Content-Length", " 1")]),
            of(&[("content-length", "1")])
        );
        assert_eq!(of(&[("Transfer-Encoding", "Chunked")]), Some(Framing::chunked()));
        let both = [("content-length", "5"), ("transfer-encoding", "chunked")];
        assert_eq!(of(&both), Some(Framing::chunked()));
        assert_eq!(of(&[]), Some(Framing::UntilClose));
        for wrong in ["-1", "+1", "", "1,1", "18446744073709551616"] {
            assert_eq!(of(&[("content-length", wrong)]), None, "{wrong}");
        }
        assert_eq!(of(&[("content-length", "1"), ("content-length", "2")]), None);
        assert_eq!(of(&[("transfer-encoding", "gzip, chunked")]), None);
        assert_eq!(Framing::of(204, &[]).unwrap(), Framing::Length(0));
    }

    fn read(mut framing: Framing, pieces: &[&[u8]]) -> io::Result<(Vec<u8>, bool, usize)> {
        let (mut body, mut left) = (Vec::new(), 0);
        for piece in pieces {
            let mut piece = *piece;
            framing.take(&mut piece, |bytes| body.extend_from_slice(bytes))?;
            left += piece.len();
        }
        Ok((body, framing.is_done(), left))
    }

    #[test]
    fn what_is_behind_the_body_is_left() {
        let got = read(Framing::Length(3), &[b"ab", b"cde"]).unwrap();
        assert_eq!(got, (b"abc".to_vec(), true, 2));
    }

    proptest! {
        #[test]
        fn chunks_read_the_same_however_they_are_cut(cuts in prop::collection::vec(0_usize..60, 0..8)) {
            let text = b"4;a=b\r\nWiki\r\n5\r\npedia\r\nA\r\n0123456789\r\n0\r\nTrailer: x\r\n\r\nnext";
            let mut cuts: Vec<_> = cuts.into_iter().map(|c| c.min(text.len())).collect();
            cuts.sort_unstable();
            let (mut pieces, mut start) = (Vec::new(), 0);
            for cut in cuts.into_iter().chain([text.len()]) {
                pieces.push(&text[start..cut]);
                start = cut;
            }
            let got = read(Framing::chunked(), &pieces).unwrap();
            prop_assert_eq!(got, (b"Wikipedia0123456789".to_vec(), true, 4));
        }
    }

    #[test]
    fn chunks_that_lie_are_refused() {
        let long = [b'1'; LONGEST_LINE + 1];
        for wrong in
            [&b"\r\n"[..], b"x\r\n", b"-1\r\n", b"2\r\nabc\r\n", b"fffffffffffffffff\r\n", &long]
        {
            assert!(read(Framing::chunked(), &[wrong]).is_err());
        }
    }
}
