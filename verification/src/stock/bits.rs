//! Numbers of any length in a stream of bits, the highest bit first.

/// What is left of a stream.
#[derive(Clone, Copy, Debug)]
pub(super) struct Bits<'a> {
    bytes: &'a [u8],
    at: u64,
}

impl<'a> Bits<'a> {
    pub(super) const fn new(bytes: &'a [u8]) -> Self {
        Self { bytes, at: 0 }
    }

    /// Bits not read yet.
    pub(super) fn left(&self) -> u64 {
        u64::try_from(self.bytes.len())
            .unwrap_or(u64::MAX)
            .saturating_mul(8)
            .saturating_sub(self.at)
    }

    /// The next `count` bits, at most 32; `None` where there are fewer.
    pub(super) fn take(&mut self, count: u8) -> Option<u32> {
        if u64::from(count) > self.left() || count > 32 {
            return None;
        }
        let first = usize::try_from(self.at / 8).ok()?;
        let five = self.bytes.get(first..)?.iter().copied().chain(std::iter::repeat(0)).take(5);
        let window = five.fold(0_u64, |window, byte| window << 8 | u64::from(byte));
        let skipped = u8::try_from(self.at % 8).unwrap_or_default();
        let value = window >> (40 - skipped - count) & ((1 << count) - 1);
        self.at += u64::from(count);
        u32::try_from(value).ok()
    }

    /// Leaves out `count` bits; `None` where there are fewer.
    pub(super) fn skip(&mut self, count: u64) -> Option<()> {
        if count > self.left() {
            return None;
        }
        self.at += count;
        Some(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_cross_bytes_and_never_go_past_the_end() {
        let mut bits = Bits::new(&[0b1010_1111, 0xff, 0x00, 0x01, 0x80, 0x01]);
        assert_eq!(bits.take(1), Some(1));
        assert_eq!(bits.take(3), Some(0b010));
        assert_eq!(bits.take(32), Some(0xfff0_0018));
        assert_eq!(bits.left(), 12);
        assert_eq!(bits.take(13), None);
        assert_eq!(bits.skip(4), Some(()));
        assert_eq!(bits.take(8), Some(1));
        assert_eq!((bits.take(1), bits.take(0), bits.skip(1)), (None, Some(0), None));
    }
}
