//! The cropping of a sequence parameter set (ITU-T H.264 7.3.2.1.1), rewritten.

use super::nal::{escape, unescape};

/// The same parameter set with this much cropped off at the right and at the bottom, in pixels of a 4:2:0 picture.
pub(crate) fn cropped(unit: &[u8], right: u32, bottom: u32) -> Vec<u8> {
    let plain = unescape(unit);
    let bits: Vec<bool> =
        plain.iter().flat_map(|byte| (0..8).rev().map(move |at| byte >> at & 1 == 1)).collect();
    let mut reader = Reader { bits: &bits, at: 0 };
    reader.skip_to_cropping();
    let before = reader.at;
    if reader.flag() {
        for _ in 0..4 {
            reader.number();
        }
    }
    let mut out = bits[..before].to_vec();
    out.push(true);
    for value in [0, right / 2, 0, bottom / 2] {
        number(&mut out, value);
    }
    let last = bits.iter().rposition(|bit| *bit).expect("a stop bit");
    out.extend(&bits[reader.at..last]);
    out.push(true);
    let bytes = out.chunks(8).map(|chunk| {
        chunk.iter().enumerate().fold(0u8, |byte, (at, bit)| byte | u8::from(*bit) << (7 - at))
    });
    escape(&bytes.collect::<Vec<_>>())
}

struct Reader<'a> {
    bits: &'a [bool],
    at: usize,
}

impl Reader<'_> {
    fn flag(&mut self) -> bool {
        self.at += 1;
        self.bits[self.at - 1]
    }

    fn bits(&mut self, count: usize) -> u32 {
        (0..count).fold(0, |value, _| value << 1 | u32::from(self.flag()))
    }

    /// An unsigned Exp-Golomb code.
    fn number(&mut self) -> u32 {
        let mut zeros = 0;
        while !self.flag() {
            zeros += 1;
        }
        (1 << zeros) - 1 + self.bits(zeros)
    }

    fn skip_to_cropping(&mut self) {
        self.bits(8);
        let profile = self.bits(8);
        self.bits(16);
        self.number();
        if [100, 110, 122, 244].contains(&profile) {
            assert_eq!(self.number(), 1, "4:2:0");
            self.number();
            self.number();
            self.flag();
            assert!(!self.flag(), "no scaling matrices");
        }
        self.number();
        match self.number() {
            0 => {
                self.number();
            }
            2 => {}
            other => panic!("picture order count type {other} is not written by libx264"),
        }
        self.number();
        self.flag();
        self.number();
        self.number();
        if !self.flag() {
            self.flag();
        }
        self.flag();
    }
}

fn number(out: &mut Vec<bool>, value: u32) {
    let value = value + 1;
    let len = 32 - value.leading_zeros();
    out.extend(std::iter::repeat_n(false, len as usize - 1));
    out.extend((0..len).rev().map(|at| value >> at & 1 == 1));
}
