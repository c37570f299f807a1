//! Cuts a byte stream that arrives in pieces into NAL units, keeping only their beginnings.
//!
//! Start codes are searched once over the whole file, not per piece: that runs at the speed of memory.
//! Memory is one fixed buffer, whatever the stream holds.

use memchr::memmem::Finder;

/// Most bytes of a NAL unit that are kept: ample for any parameter set.
const KEPT: usize = 1024;

/// Takes the NAL units of a stream.
pub(crate) trait Units {
    /// Whether [`starts`](Self::starts) is of interest.
    const MEASURES: bool = false;

    /// How many bytes of a unit that starts with `header` are worth having.
    fn wanted(&self, header: u8) -> usize;

    /// Takes the next unit, header included, perhaps cut off after what was [`wanted`](Self::wanted).
    fn nal(&mut self, nal: &[u8]);

    /// A start code, with its leading zero byte if it has one, is `at` bytes into the stream, and the `padding` bytes
    /// before it are 0 or 3 only: zero bytes, or words of zeros with their emulation prevention.
    fn starts(&mut self, _at: u64, _padding: u64) {}
}

/// Places of `00 00 01` in a file, in order.
pub(crate) struct StartCodes<'a> {
    finder: Finder<'static>,
    file: &'a [u8],
    next: Option<usize>,
}

impl<'a> StartCodes<'a> {
    pub(crate) fn new(file: &'a [u8]) -> Self {
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
pub(crate) struct NalScanner<'a> {
    codes: StartCodes<'a>,
    kept: [u8; KEPT],
    len: usize,
    /// How many bytes of the current unit are still of interest; 0 outside any.
    wanted: usize,
    /// Whether the current unit's first byte is still to come.
    at_header: bool,
    /// Zero bytes at the end of what was fed, at most 2.
    zeros: u8,
    /// Bytes of the stream before the next piece.
    fed: u64,
    /// How many bytes at the end of what was fed of this unit are 0 or 3.
    padding: u64,
    /// Whether the last of them is 0.
    zero: bool,
}

impl<'a> NalScanner<'a> {
    /// `file` is what all pieces are parts of.
    pub(crate) fn new(file: &'a [u8]) -> Self {
        let codes = StartCodes::new(file);
        Self {
            codes,
            kept: [0; KEPT],
            len: 0,
            wanted: 0,
            at_header: false,
            zeros: 0,
            fed: 0,
            padding: 0,
            zero: false,
        }
    }

    /// Takes the next piece of the stream, which lies at `at` in the file.
    #[inline]
    pub(crate) fn feed<U: Units>(&mut self, piece: &[u8], at: usize, units: &mut U) {
        let mut done = match (self.zeros, piece) {
            (2, [1, ..]) => 1,
            (1.., [0, 1, ..]) => 2,
            _ => 0,
        };
        if done > 0 {
            let split = 3 - done as u64;
            self.padding = self.padding.saturating_sub(split);
            self.zero = self.padding > 0;
            self.start(self.fed - split, units);
        }
        while let Some(code) = self.codes.within(at + done, at + piece.len()) {
            let rest = piece.get(done..code - at).unwrap_or_default();
            self.keep(rest, units);
            self.pad::<U>(rest);
            self.start(self.fed + (code - at) as u64, units);
            done = code - at + 3;
        }
        let rest = piece.get(done..).unwrap_or_default();
        if self.at_header || self.wanted > 0 {
            self.keep(rest, units);
        }
        self.pad::<U>(rest);
        self.fed += piece.len() as u64;
        self.zeros = match piece {
            [] => self.zeros,
            [0] => (self.zeros + 1).min(2),
            [.., 0, 0] => 2,
            [.., 0] => 1,
            _ => 0,
        };
    }

    /// Ends the unit that is being kept; also called at the end of the stream.
    pub(crate) fn finish<U: Units>(&mut self, units: &mut U) {
        if self.len > 0 {
            units.nal(self.kept.get(..self.len).unwrap_or_default());
        }
        self.len = 0;
        self.wanted = 0;
        self.at_header = false;
    }

    /// Bytes fed, and how many of those at the end of the current unit are padding.
    pub(crate) const fn end(&self) -> (u64, u64) {
        (self.fed, self.padding)
    }

    /// Counts padding at the end of `bytes`, the next of the current unit.
    #[inline]
    fn pad<U: Units>(&mut self, bytes: &[u8]) {
        if !U::MEASURES || bytes.is_empty() {
            return;
        }
        let tail = bytes.iter().rev().take_while(|byte| matches!(byte, 0 | 3)).count();
        let before = if tail == bytes.len() { self.padding } else { 0 };
        self.padding = before + tail as u64;
        self.zero = bytes.last() == Some(&0);
    }

    fn start<U: Units>(&mut self, at: u64, units: &mut U) {
        self.finish(units);
        if U::MEASURES {
            let zero = u64::from(self.zero && self.padding > 0);
            units.starts(at - zero, self.padding - zero);
        }
        self.padding = 0;
        self.at_header = true;
    }

    fn keep<U: Units>(&mut self, bytes: &[u8], units: &mut U) {
        if self.at_header {
            let Some(&header) = bytes.first() else { return };
            self.at_header = false;
            self.wanted = units.wanted(header).min(KEPT);
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
            self.finish(units);
        }
    }
}
