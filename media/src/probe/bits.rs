//! Bits of a NAL unit: fixed-length and Exp-Golomb fields with emulation prevention bytes removed.
//!
//! Every read is checked; the end of the data is `None`, never a panic.

/// Reads a NAL unit's payload bit by bit (ITU-T H.264 7.2 and 9.1; H.265 is the same).
pub(super) struct BitReader<'a> {
    bytes: &'a [u8],
    /// Next byte to load.
    next: usize,
    /// Zero bytes seen in a row, to find the emulation prevention byte of `00 00 03`.
    zeros: u8,
    current: u8,
    /// Unread bits of `current`.
    left: u8,
}

impl<'a> BitReader<'a> {
    pub(super) const fn new(bytes: &'a [u8]) -> Self {
        Self { bytes, next: 0, zeros: 0, current: 0, left: 0 }
    }

    fn load(&mut self) -> Option<()> {
        let mut byte = *self.bytes.get(self.next)?;
        self.next += 1;
        if self.zeros >= 2 && byte == 3 {
            byte = *self.bytes.get(self.next)?;
            self.next += 1;
            self.zeros = 0;
        }
        self.zeros = if byte == 0 { self.zeros.saturating_add(1) } else { 0 };
        self.current = byte;
        self.left = 8;
        Some(())
    }

    pub(super) fn flag(&mut self) -> Option<bool> {
        if self.left == 0 {
            self.load()?;
        }
        self.left -= 1;
        Some((self.current >> self.left) & 1 == 1)
    }

    /// `count` bits, at most 32, most significant first.
    pub(super) fn bits(&mut self, count: u32) -> Option<u32> {
        let mut value = 0u32;
        for _ in 0..count {
            value = (value << 1) | u32::from(self.flag()?);
        }
        Some(value)
    }

    pub(super) fn skip(&mut self, count: u32) -> Option<()> {
        for _ in 0..count {
            self.flag()?;
        }
        Some(())
    }

    /// Unsigned Exp-Golomb, `ue(v)`, below 2^32 - 1.
    pub(super) fn ue(&mut self) -> Option<u32> {
        let mut zeros = 0u32;
        while !self.flag()? {
            zeros += 1;
            if zeros > 31 {
                return None;
            }
        }
        let rest = self.bits(zeros)?;
        Some(((1u64 << zeros) - 1 + u64::from(rest)).try_into().unwrap_or(u32::MAX))
    }

    /// `ue(v)` that must not exceed `max`.
    pub(super) fn ue_max(&mut self, max: u32) -> Option<u32> {
        self.ue().filter(|value| *value <= max)
    }

    /// Passes over `count` fields of `ue(v)`.
    pub(super) fn ues(&mut self, count: u32) -> Option<()> {
        for _ in 0..count {
            self.ue()?;
        }
        Some(())
    }

    /// Signed Exp-Golomb, `se(v)`.
    pub(super) fn se(&mut self) -> Option<i64> {
        let code = i64::from(self.ue()?);
        Some(if code % 2 == 0 { -(code / 2) } else { code / 2 + 1 })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn exp_golomb_codes_are_those_of_the_standards_table() {
        // 1 | 010 | 011 | 00100 | 00101, then padding
        let mut r = BitReader::new(&[0b1010_0110, 0b0100_0010, 0b1000_0000]);
        assert_eq!([r.ue(), r.ue(), r.ue(), r.ue(), r.ue()], [0, 1, 2, 3, 4].map(Some));
        let mut r = BitReader::new(&[0b1010_0110, 0b0100_0010, 0b1000_0000]);
        assert_eq!([r.se(), r.se(), r.se(), r.se(), r.se()], [0, 1, -1, 2, -2].map(Some));
    }

    #[test]
    fn emulation_prevention_bytes_are_not_data() {
        let mut r = BitReader::new(&[0, 0, 3, 1, 0, 0, 3, 0]);
        assert_eq!(r.bits(32), Some(0x0000_0100));
        assert_eq!(r.bits(16), Some(0));
        assert_eq!(r.flag(), None);
    }

    #[test]
    fn a_code_longer_than_any_field_is_refused() {
        assert_eq!(BitReader::new(&[0; 64]).ue(), None);
    }
}
