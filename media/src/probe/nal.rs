//! Cuts a byte stream that arrives in pieces into NAL units, keeping only their beginnings.
//!
//! Memory is one fixed buffer, whatever the stream holds.

use memchr::memmem::Finder;

use super::pictures::Pictures;

/// Most bytes of a NAL unit that are kept: ample for any parameter set.
const KEPT: usize = 1024;

/// Finds start codes (`00 00 01`, ITU-T H.264 annex B) across the pieces' borders.
pub(super) struct NalScanner {
    finder: Finder<'static>,
    kept: [u8; KEPT],
    len: usize,
    /// How many bytes of the current unit are still of interest; 0 outside any.
    wanted: usize,
    /// Whether the current unit's first byte is still to come.
    at_header: bool,
    /// Zero bytes at the end of what was fed, at most 2.
    zeros: usize,
}

impl NalScanner {
    pub(super) fn new() -> Self {
        Self {
            finder: Finder::new(&[0, 0, 1]),
            kept: [0; KEPT],
            len: 0,
            wanted: 0,
            at_header: false,
            zeros: 0,
        }
    }

    /// Takes the next piece of the stream.
    pub(super) fn feed(&mut self, piece: &[u8], pictures: &mut Pictures) {
        let mut rest = piece;
        match (self.zeros, piece) {
            (2, [1, after @ ..]) | (1.., [0, 1, after @ ..]) => {
                self.start(pictures);
                rest = after;
            }
            _ => {}
        }
        while let Some(at) = self.finder.find(rest) {
            let (before, from_code) = rest.split_at(at);
            self.keep(before, pictures);
            self.start(pictures);
            rest = from_code.get(3..).unwrap_or_default();
        }
        self.keep(rest, pictures);
        let zeros = rest.iter().rev().take(2).take_while(|byte| **byte == 0).count();
        // A piece of nothing but zeros adds to those before it.
        self.zeros = if zeros == rest.len() && rest.len() == piece.len() {
            (self.zeros + zeros).min(2)
        } else {
            zeros
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
