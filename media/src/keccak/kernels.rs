//! The permutation, written once for words of any width, and its portable form.

use super::Block;

/// The sponge of one message: lane x, y at `x + 5 * y` (FIPS 202, 3.1.2).
pub(super) type State = [u64; 25];

/// Absorbs blocks into as many sponges side by side. All messages have the same number of blocks.
pub(super) type Absorb<const N: usize> = fn([&mut State; N], [&[Block]; N]);

/// FIPS 202, 3.2.5.
pub(super) const ROUND_CONSTANTS: [u64; 24] = [
    0x0000_0000_0000_0001,
    0x0000_0000_0000_8082,
    0x8000_0000_0000_808a,
    0x8000_0000_8000_8000,
    0x0000_0000_0000_808b,
    0x0000_0000_8000_0001,
    0x8000_0000_8000_8081,
    0x8000_0000_0000_8009,
    0x0000_0000_0000_008a,
    0x0000_0000_0000_0088,
    0x0000_0000_8000_8009,
    0x0000_0000_8000_000a,
    0x0000_0000_8000_808b,
    0x8000_0000_0000_008b,
    0x8000_0000_0000_8089,
    0x8000_0000_0000_8003,
    0x8000_0000_0000_8002,
    0x8000_0000_0000_0080,
    0x0000_0000_0000_800a,
    0x8000_0000_8000_000a,
    0x8000_0000_8000_8081,
    0x8000_0000_0000_8080,
    0x0000_0000_8000_0001,
    0x8000_0000_8000_8008,
];

/// One round over `$a`, 25 words of any width, with what the calling module says `xor`, `xor3`,
/// `chi` and `rol` are. Everything stays in registers where there are 32 of them.
macro_rules! round {
    ($a:ident, $constant:expr) => {{
        let c0 = xor3(xor3($a[0], $a[5], $a[10]), $a[15], $a[20]);
        let c1 = xor3(xor3($a[1], $a[6], $a[11]), $a[16], $a[21]);
        let c2 = xor3(xor3($a[2], $a[7], $a[12]), $a[17], $a[22]);
        let c3 = xor3(xor3($a[3], $a[8], $a[13]), $a[18], $a[23]);
        let c4 = xor3(xor3($a[4], $a[9], $a[14]), $a[19], $a[24]);
        let (d0, d1, d2, d3, d4) =
            (rol::<1>(c0), rol::<1>(c1), rol::<1>(c2), rol::<1>(c3), rol::<1>(c4));
        let b0 = xor3($a[0], c4, d1);
        let b10 = rol::<1>(xor3($a[1], c0, d2));
        let b20 = rol::<62>(xor3($a[2], c1, d3));
        let b5 = rol::<28>(xor3($a[3], c2, d4));
        let b15 = rol::<27>(xor3($a[4], c3, d0));
        let b16 = rol::<36>(xor3($a[5], c4, d1));
        let b1 = rol::<44>(xor3($a[6], c0, d2));
        let b11 = rol::<6>(xor3($a[7], c1, d3));
        let b21 = rol::<55>(xor3($a[8], c2, d4));
        let b6 = rol::<20>(xor3($a[9], c3, d0));
        let b7 = rol::<3>(xor3($a[10], c4, d1));
        let b17 = rol::<10>(xor3($a[11], c0, d2));
        let b2 = rol::<43>(xor3($a[12], c1, d3));
        let b12 = rol::<25>(xor3($a[13], c2, d4));
        let b22 = rol::<39>(xor3($a[14], c3, d0));
        let b23 = rol::<41>(xor3($a[15], c4, d1));
        let b8 = rol::<45>(xor3($a[16], c0, d2));
        let b18 = rol::<15>(xor3($a[17], c1, d3));
        let b3 = rol::<21>(xor3($a[18], c2, d4));
        let b13 = rol::<8>(xor3($a[19], c3, d0));
        let b14 = rol::<18>(xor3($a[20], c4, d1));
        let b24 = rol::<2>(xor3($a[21], c0, d2));
        let b9 = rol::<61>(xor3($a[22], c1, d3));
        let b19 = rol::<56>(xor3($a[23], c2, d4));
        let b4 = rol::<14>(xor3($a[24], c3, d0));
        $a = [
            xor(chi(b0, b1, b2), $constant),
            chi(b1, b2, b3),
            chi(b2, b3, b4),
            chi(b3, b4, b0),
            chi(b4, b0, b1),
            chi(b5, b6, b7),
            chi(b6, b7, b8),
            chi(b7, b8, b9),
            chi(b8, b9, b5),
            chi(b9, b5, b6),
            chi(b10, b11, b12),
            chi(b11, b12, b13),
            chi(b12, b13, b14),
            chi(b13, b14, b10),
            chi(b14, b10, b11),
            chi(b15, b16, b17),
            chi(b16, b17, b18),
            chi(b17, b18, b19),
            chi(b18, b19, b15),
            chi(b19, b15, b16),
            chi(b20, b21, b22),
            chi(b21, b22, b23),
            chi(b22, b23, b24),
            chi(b23, b24, b20),
            chi(b24, b20, b21),
        ];
    }};
}

/// The body of an [`Absorb`]: `$zero`, and what the calling module says `splat`, `gather` and
/// `scatter` are, between one word of each message and a vector of them.
macro_rules! absorb {
    ($lanes:literal, $states:ident, $data:ident, $zero:expr) => {{
        let mut a = [$zero; 25];
        for (i, lane) in a.iter_mut().enumerate() {
            let mut words = [0; $lanes];
            for (word, state) in words.iter_mut().zip(&$states) {
                *word = state[i];
            }
            *lane = gather(words);
        }
        for block in 0..$data[0].len() {
            let mut now = [&[[0; 8]; 17]; $lanes];
            for (now, data) in now.iter_mut().zip(&$data) {
                *now = &data[block];
            }
            for (i, lane) in a.iter_mut().take(17).enumerate() {
                let mut words = [0; $lanes];
                for (word, now) in words.iter_mut().zip(&now) {
                    *word = u64::from_le_bytes(now[i]);
                }
                *lane = xor(*lane, gather(words));
            }
            for constant in $crate::keccak::kernels::ROUND_CONSTANTS {
                $crate::keccak::kernels::round!(a, splat(constant));
            }
        }
        for (i, lane) in a.into_iter().enumerate() {
            for (word, state) in scatter(lane).into_iter().zip(&mut $states) {
                state[i] = word;
            }
        }
    }};
}

pub(super) use {absorb, round};

/// One message, with plain integers.
pub(super) fn scalar(mut states: [&mut State; 1], data: [&[Block]; 1]) {
    fn xor(a: u64, b: u64) -> u64 {
        a ^ b
    }
    fn xor3(a: u64, b: u64, c: u64) -> u64 {
        a ^ b ^ c
    }
    fn chi(a: u64, b: u64, c: u64) -> u64 {
        a ^ (!b & c)
    }
    fn rol<const N: u32>(a: u64) -> u64 {
        a.rotate_left(N)
    }
    fn splat(a: u64) -> u64 {
        a
    }
    fn gather([a]: [u64; 1]) -> u64 {
        a
    }
    fn scatter(a: u64) -> [u64; 1] {
        [a]
    }
    absorb!(1, states, data, 0);
}
