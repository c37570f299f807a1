//! Parameter sets of a stream: which are there, what the first says, and whether a later one says otherwise.

use crate::probe::sequence::Sequence;
use crate::probe::{h264, hevc};

/// Highest number of an H.264 sequence parameter set, plus 1.
const SEQUENCES: usize = 32;
/// As `SEQUENCES`, of picture parameter sets.
const PICTURES: usize = 256;

#[derive(Debug)]
pub(in crate::scan) struct Sets {
    /// Properties told by the first sequence parameter set.
    pub(in crate::scan) first: Option<Sequence>,
    /// A later one describes another picture format.
    pub(in crate::scan) changes: bool,
    /// Largest side of all of them, as coded.
    pub(in crate::scan) side: u32,
    has_pps: bool,
    h264: [Option<h264::Sps>; SEQUENCES],
    /// Number of the sequence parameter set of each picture parameter set.
    of_pps: [Option<u8>; PICTURES],
    last: usize,
}

impl Default for Sets {
    fn default() -> Self {
        Self {
            first: None,
            changes: false,
            side: 0,
            has_pps: false,
            h264: [None; SEQUENCES],
            of_pps: [None; PICTURES],
            last: 0,
        }
    }
}

impl Sets {
    /// Whether all is there that decoding a picture needs.
    pub(in crate::scan) const fn complete(&self) -> bool {
        self.first.is_some() && self.has_pps
    }

    /// Takes a sequence parameter set; whether it is one.
    pub(in crate::scan) fn h264_sps(&mut self, nal: &[u8]) -> bool {
        let Some(sps) = h264::sps(nal) else { return false };
        self.sequence(&sps.sequence);
        self.last = usize::try_from(sps.id).unwrap_or(0);
        if let Some(slot) = self.h264.get_mut(self.last) {
            *slot = Some(sps);
        }
        true
    }

    pub(in crate::scan) fn h264_pps(&mut self, nal: &[u8]) {
        self.has_pps = true;
        let Some((id, sps)) = h264::pps(nal) else { return };
        let slot = usize::try_from(id).ok().and_then(|id| self.of_pps.get_mut(id));
        if let Some(slot) = slot {
            *slot = u8::try_from(sps).ok();
        }
    }

    pub(in crate::scan) fn hevc_sps(&mut self, nal: &[u8]) {
        if let Some(sequence) = hevc::sps(nal) {
            self.sequence(&sequence);
        }
    }

    pub(in crate::scan) const fn hevc_pps(&mut self) {
        self.has_pps = true;
    }

    /// The sequence parameter set that a slice uses; the last one where its picture parameter set is missing.
    pub(in crate::scan) fn h264_of_slice(&mut self, nal: &[u8]) -> Option<&h264::Sps> {
        let id = h264::slice_pps(nal).and_then(|id| usize::try_from(id).ok());
        let named = id.and_then(|id| self.of_pps.get(id).copied().flatten()).map(usize::from);
        if let Some(id) = named.filter(|id| self.h264.get(*id).is_some_and(Option::is_some)) {
            self.last = id;
        }
        self.h264.get(self.last)?.as_ref()
    }

    /// How many frame numbers there are before they begin again.
    pub(in crate::scan) fn frame_numbers(&self) -> u32 {
        let sps = self.h264.get(self.last).and_then(Option::as_ref);
        sps.map_or(1 << 16, h264::Sps::frame_numbers)
    }

    fn sequence(&mut self, sequence: &Sequence) {
        let format =
            |s: &Sequence| (s.coded, s.width, s.height, s.chroma, s.bit_depth, s.full_range);
        let first = self.first.get_or_insert(*sequence);
        self.changes |= format(first) != format(sequence);
        self.side = self.side.max(sequence.coded.0).max(sequence.coded.1);
    }
}
