//! A body in chunks (RFC 9112 7.1).

use super::{MOST_HEADERS, Wrong, framing::hand_on};

/// Longest line with a chunk's size; nothing else in it is of use.
const LONGEST_SIZE: usize = 256;
/// Longest trailer section; nothing in it is of use.
const LONGEST_TRAILER: usize = 4 * 1024;

/// The rest of a chunked body.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Chunks {
    next: Next,
    /// The beginning of a line whose end did not come yet, or the trailer section so far.
    text: Vec<u8>,
}

/// What comes next.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
enum Next {
    #[default]
    Size,
    /// This many bytes of a chunk.
    Data(u64),
    AfterData,
    Trailer,
    Nothing,
}

impl Chunks {
    pub(super) const fn is_done(&self) -> bool {
        matches!(self.next, Next::Nothing)
    }

    pub(super) fn take(
        &mut self,
        from: &mut &[u8],
        sink: &mut impl FnMut(&[u8]),
    ) -> Result<(), Wrong> {
        while !from.is_empty() && !self.is_done() {
            if let Next::Data(left) = &mut self.next {
                hand_on(from, left, sink);
                if *left == 0 {
                    self.next = Next::AfterData;
                }
            } else if self.line(from)? {
                self.next = self.read()?;
            }
        }
        Ok(())
    }

    /// Adds to the text from the front; whether a line is whole.
    fn line(&mut self, from: &mut &[u8]) -> Result<bool, Wrong> {
        let longest = if self.next == Next::Trailer { LONGEST_TRAILER } else { LONGEST_SIZE };
        let end = from.iter().position(|b| *b == b'\n');
        let (now, later) = from.split_at(end.map_or(from.len(), |end| end + 1));
        *from = later;
        if self.text.len() + now.len() > longest {
            return Err(Wrong::Meaning("a line between chunks is too long"));
        }
        self.text.extend_from_slice(now);
        // Some take a bare line feed for the end of a line, some for a part of it.
        if end.is_some() && !self.text.ends_with(b"\r\n") {
            return Err(Wrong::Meaning("a line feed alone between chunks"));
        }
        Ok(end.is_some())
    }

    /// What follows the line.
    fn read(&mut self) -> Result<Next, Wrong> {
        let next = match self.next {
            Next::Size => size(&self.text)?,
            Next::AfterData if self.text == b"\r\n" => Next::Size,
            Next::AfterData => return Err(Wrong::Meaning("a chunk is longer than it says")),
            Next::Trailer => {
                let mut headers = [httparse::EMPTY_HEADER; MOST_HEADERS];
                match httparse::parse_headers(&self.text, &mut headers)? {
                    httparse::Status::Complete(_) => Next::Nothing,
                    // The section is read again from its start with each line.
                    httparse::Status::Partial => return Ok(Next::Trailer),
                }
            }
            done @ (Next::Data(_) | Next::Nothing) => done,
        };
        self.text.clear();
        Ok(next)
    }
}

fn size(line: &[u8]) -> Result<Next, Wrong> {
    let has_digit = line.first().is_some_and(u8::is_ascii_hexdigit);
    match httparse::parse_chunk_size(line) {
        Ok(httparse::Status::Complete((len, size))) if has_digit && len == line.len() => {
            Ok(if size == 0 { Next::Trailer } else { Next::Data(size) })
        }
        _ => Err(Wrong::Meaning("a chunk's size is no number")),
    }
}
