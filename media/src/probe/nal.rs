//! Cuts a byte stream that arrives in pieces into NAL units, keeping only their beginnings.
//!
//! Start codes are searched once over the whole file, not per piece: that runs at the speed of memory.
//! Memory is one fixed buffer, whatever the stream holds.

use memchr::memmem::Finder;

use super::pictures::Pictures;

/// Most bytes of a NAL unit that are kept: ample for any parameter set.
const KEPT: usize = 1024;

/// Places of `00 00 01` in a file, in order.
pub(super) struct StartCodes<'a> {
    finder: Finder<'static>,
    file: &'a [u8],
    next: Option<usize>,
}

impl<'a> StartCodes<'a> {
    pub(super) fn new(file: &'a [u8]) -> Self {
        let finder = Finder::new(&[0, 0, 1]);
        let next = finder.find(file);
        Self { finder, file, next }
    }

    /// The first place at or behind `from` that ends by `end`; ranges must come in order.
    #[inline]
    fn within(&mut self, from: usize, end: usize) -> Option<usize> {
        loop {
            let at = self.next?;
            if at + 3 > end {
                return None;
            }
            self.advance(at + 3);
            if at >= from {
                return Some(at);
            }
        }
    }

    fn advance(&mut self, from: usize) {
        let rest = self.file.get(from..).unwrap_or_default();
        self.next = self.finder.find(rest).map(|at| from + at);
    }
}

/// Follows the NAL units of one stream (ITU-T H.264 annex B) across the pieces it comes in.
pub(super) struct NalScanner<'a> {
    codes: StartCodes<'a>,
    kept: [u8; KEPT],
    len: usize,
    /// How many bytes of the current unit are still of interest; 0 outside any.
    wanted: usize,
    /// Whether the current unit's first byte is still to come.
    at_header: bool,
    /// Zero bytes at the end of what was fed, at most 2.
    zeros: u8,
}

impl<'a> NalScanner<'a> {
    /// `file` is what all pieces are parts of.
    pub(super) fn new(file: &'a [u8]) -> Self {
        let codes = StartCodes::new(file);
        Self { codes, kept: [0; KEPT], len: 0, wanted: 0, at_header: false, zeros: 0 }
    }

    /// Takes the next piece of the stream, which lies at `at` in the file.
    #[inline]
    pub(super) fn feed(&mut self, piece: &[u8], at: usize, pictures: &mut Pictures) {
        let mut done = match (self.zeros, piece) {
            (2, [1, ..]) => 1,
            (1.., [0, 1, ..]) => 2,
            _ => 0,
        };
        if done > 0 {
            self.start(pictures);
        }
        while let Some(code) = self.codes.within(at + done, at + piece.len()) {
            self.keep(piece.get(done..code - at).unwrap_or_default(), pictures);
            self.start(pictures);
            done = code - at + 3;
        }
        if self.at_header || self.wanted > 0 {
            self.keep(piece.get(done..).unwrap_or_default(), pictures);
        }
        self.zeros = match piece {
            [] => self.zeros,
            [0] => (self.zeros + 1).min(2),
            [.., 0, 0] => 2,
            [.., 0] => 1,
            _ => 0,
        };
    }

    /// Ends the unit that is being kept; also called at the end of the stream.
    pub(super) fn finish(&mut self, pictures: &mut Pictures) {
        if self.len > 0 {
            pictures.nal(self.kept.get(..self.len).unwrap_or_default());
        }
        self.len = 0;
        self.wanted = 0;
        self.at_header = false;
    }

    fn start(&mut self, pictures: &mut Pictures) {
        self.finish(pictures);
        self.at_header = true;
    }

    fn keep(&mut self, bytes: &[u8], pictures: &mut Pictures) {
        if self.at_header {
            let Some(&header) = bytes.first() else { return };
            self.at_header = false;
            self.wanted = pictures.wanted(header).min(KEPT);
        }
        if self.wanted == 0 {
            return;
        }
        let take = bytes.len().min(self.wanted);
        if let (Some(to), Some(from)) =
            (self.kept.get_mut(self.len..self.len + take), bytes.get(..take))
        {
            to.copy_from_slice(from);
        }
        self.len += take;
        self.wanted -= take;
        if self.wanted == 0 {
            self.finish(pictures);
        }
    }
}
