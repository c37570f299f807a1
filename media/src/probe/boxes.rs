//! Boxes of an ISO base media file, walked without recursion and without trusting any size (ISO/IEC 14496-12 4.2).

/// Four letters that name a box.
pub(crate) type Kind = [u8; 4];

/// One box inside its parent's bytes.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Box4<'a> {
    pub(crate) kind: Kind,
    /// What follows the header, cut off where the parent ends.
    pub(crate) body: &'a [u8],
    /// Where the box starts in the parent.
    pub(crate) at: usize,
    /// Where its body does.
    #[cfg_attr(not(feature = "libav"), allow(dead_code, reason = "for writing files only"))]
    pub(crate) body_at: usize,
}

/// Iterates over the boxes in `bytes`; ends at the first one whose size makes no sense.
#[derive(Clone, Debug)]
pub(crate) struct Boxes<'a> {
    bytes: &'a [u8],
    at: usize,
}

impl<'a> Boxes<'a> {
    pub(crate) const fn new(bytes: &'a [u8]) -> Self {
        Self { bytes, at: 0 }
    }

    /// Body of the first box of this kind.
    pub(crate) fn body(mut self, kind: Kind) -> Option<&'a [u8]> {
        self.find(|b| b.kind == kind).map(|b| b.body)
    }
}

impl<'a> Iterator for Boxes<'a> {
    type Item = Box4<'a>;

    fn next(&mut self) -> Option<Box4<'a>> {
        let rest = self.bytes.get(self.at..)?;
        let kind = *rest.get(4..)?.first_chunk::<4>()?;
        let (header, size) = match be32(rest, 0)? {
            0 => (8, rest.len()),
            1 => (16, usize::try_from(be64(rest, 8)?).unwrap_or(usize::MAX)),
            size => (8, usize::try_from(size).ok()?),
        };
        if size < header {
            return None;
        }
        let at = self.at;
        let body = rest.get(header..size.min(rest.len()))?;
        self.at = at + size.min(rest.len());
        Some(Box4 { kind, body, at, body_at: at + header })
    }
}

/// Big-endian numbers at a byte offset.
pub(crate) fn be16(bytes: &[u8], at: usize) -> Option<u16> {
    Some(u16::from_be_bytes(*bytes.get(at..)?.first_chunk()?))
}

/// As [`be16`], 32 bits.
pub(crate) fn be32(bytes: &[u8], at: usize) -> Option<u32> {
    Some(u32::from_be_bytes(*bytes.get(at..)?.first_chunk()?))
}

/// As [`be16`], 64 bits.
pub(crate) fn be64(bytes: &[u8], at: usize) -> Option<u64> {
    Some(u64::from_be_bytes(*bytes.get(at..)?.first_chunk()?))
}
