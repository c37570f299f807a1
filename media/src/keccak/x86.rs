//! Kernels for x86-64 with vectors.
//!
//! With AVX-512 a three-operand function is one instruction, a rotation is one, and there are 32
//! registers, so that a round needs 90 instructions and no memory for four or eight messages alike,
//! and 79 for one (`pairs`). Vectors of 256 bits run on three ports of an Intel core, those of 512 on two.
#![allow(unsafe_code, reason = "calls of functions for instructions that were detected before")]
#![allow(clippy::wildcard_imports, reason = "an instruction set has hundreds of names")]

use std::arch::x86_64::*;

use super::{
    Block,
    kernels::{Absorb, State, absorb},
    pairs,
};

/// For one, four and eight messages, where the processor has what they need.
pub(super) fn kernels() -> (Option<Absorb<1>>, Option<Absorb<4>>, Option<Absorb<8>>) {
    let has_512 = is_x86_feature_detected!("avx512f") && is_x86_feature_detected!("avx512vl");
    let has_2 = is_x86_feature_detected!("avx2");
    let one: Absorb<1> = |states, data| {
        // SAFETY: this closure is handed out below only where avx512f and avx512vl were detected.
        unsafe { pairs::run(states, data) }
    };
    let four: Absorb<4> = |states, data| {
        // SAFETY: this closure is handed out below only where avx512f and avx512vl were detected.
        unsafe { ymm::run(states, data) }
    };
    let eight: Absorb<8> = |states, data| {
        // SAFETY: this closure is handed out below only where avx512f and avx512vl were detected.
        unsafe { zmm::run(states, data) }
    };
    let four_avx2: Absorb<4> = |states, data| {
        // SAFETY: this closure is handed out below only where avx2 was detected.
        unsafe { avx2::run(states, data) }
    };
    if has_512 {
        (Some(one), Some(four), Some(eight))
    } else {
        (None, has_2.then_some(four_avx2), None)
    }
}

/// A kernel whose vectors AVX-512 handles, with its operations by name.
macro_rules! avx512 {
    ($lanes:literal, $vector:ty, $zero:ident, $ternary:ident, $rol:ident, $xor:ident, $splat:ident) => {
        #[target_feature(enable = "avx512f,avx512vl")]
        pub(super) fn run(mut states: [&mut State; $lanes], data: [&[Block]; $lanes]) {
            absorb!($lanes, states, data, $zero());
        }
        #[target_feature(enable = "avx512f,avx512vl")]
        fn xor(a: $vector, b: $vector) -> $vector {
            $xor(a, b)
        }
        #[target_feature(enable = "avx512f,avx512vl")]
        fn xor3(a: $vector, b: $vector, c: $vector) -> $vector {
            $ternary::<0x96>(a, b, c)
        }
        #[target_feature(enable = "avx512f,avx512vl")]
        fn chi(a: $vector, b: $vector, c: $vector) -> $vector {
            $ternary::<0xd2>(a, b, c)
        }
        #[target_feature(enable = "avx512f,avx512vl")]
        fn rol<const N: i32>(a: $vector) -> $vector {
            $rol::<N>(a)
        }
        #[target_feature(enable = "avx512f,avx512vl")]
        fn splat(a: u64) -> $vector {
            $splat(a.cast_signed())
        }
    };
}

mod ymm {
    use super::*;

    avx512!(
        4,
        __m256i,
        _mm256_setzero_si256,
        _mm256_ternarylogic_epi64,
        _mm256_rol_epi64,
        _mm256_xor_si256,
        _mm256_set1_epi64x
    );

    #[target_feature(enable = "avx512f,avx512vl")]
    fn gather(words: [u64; 4]) -> __m256i {
        super::gather(words)
    }

    #[target_feature(enable = "avx512f,avx512vl")]
    fn scatter(a: __m256i) -> [u64; 4] {
        super::scatter(a)
    }
}

mod zmm {
    use super::*;

    avx512!(
        8,
        __m512i,
        _mm512_setzero_si512,
        _mm512_ternarylogic_epi64,
        _mm512_rol_epi64,
        _mm512_xor_si512,
        _mm512_set1_epi64
    );

    #[target_feature(enable = "avx512f,avx512vl")]
    fn gather([a0, a1, a2, a3, b0, b1, b2, b3]: [u64; 8]) -> __m512i {
        let (low, high) = (super::gather([a0, a1, a2, a3]), super::gather([b0, b1, b2, b3]));
        _mm512_inserti64x4::<1>(_mm512_castsi256_si512(low), high)
    }

    #[target_feature(enable = "avx512f,avx512vl")]
    fn scatter(v: __m512i) -> [u64; 8] {
        let [a0, a1, a2, a3] = super::scatter(_mm512_castsi512_si256(v));
        let [b0, b1, b2, b3] = super::scatter(_mm512_extracti64x4_epi64::<1>(v));
        [a0, a1, a2, a3, b0, b1, b2, b3]
    }
}

/// Without AVX-512: more instructions and too few registers, yet four messages at once.
mod avx2 {
    use super::*;

    #[target_feature(enable = "avx2")]
    pub(super) fn run(mut states: [&mut State; 4], data: [&[Block]; 4]) {
        absorb!(4, states, data, _mm256_setzero_si256());
    }
    #[target_feature(enable = "avx2")]
    fn xor(a: __m256i, b: __m256i) -> __m256i {
        _mm256_xor_si256(a, b)
    }
    #[target_feature(enable = "avx2")]
    fn xor3(a: __m256i, b: __m256i, c: __m256i) -> __m256i {
        xor(xor(a, b), c)
    }
    #[target_feature(enable = "avx2")]
    fn chi(a: __m256i, b: __m256i, c: __m256i) -> __m256i {
        xor(a, _mm256_andnot_si256(b, c))
    }
    #[target_feature(enable = "avx2")]
    fn rol<const N: i32>(a: __m256i) -> __m256i {
        let (left, right) = (_mm_cvtsi32_si128(N), _mm_cvtsi32_si128(64 - N));
        _mm256_or_si256(_mm256_sll_epi64(a, left), _mm256_srl_epi64(a, right))
    }
    #[target_feature(enable = "avx2")]
    fn splat(a: u64) -> __m256i {
        _mm256_set1_epi64x(a.cast_signed())
    }
    #[target_feature(enable = "avx2")]
    fn gather(words: [u64; 4]) -> __m256i {
        super::gather(words)
    }
    #[target_feature(enable = "avx2")]
    fn scatter(a: __m256i) -> [u64; 4] {
        super::scatter(a)
    }
}

#[target_feature(enable = "avx2")]
fn gather([a, b, c, d]: [u64; 4]) -> __m256i {
    let [a, b, c, d] = [a, b, c, d].map(u64::cast_signed);
    _mm256_set_epi64x(d, c, b, a)
}

#[target_feature(enable = "avx2")]
fn scatter(a: __m256i) -> [u64; 4] {
    let words = [
        _mm256_extract_epi64::<0>(a),
        _mm256_extract_epi64::<1>(a),
        _mm256_extract_epi64::<2>(a),
        _mm256_extract_epi64::<3>(a),
    ];
    words.map(i64::cast_unsigned)
}

#[cfg(test)]
pub(super) fn all_four() -> Vec<Absorb<4>> {
    let avx2: Absorb<4> = |states, data| {
        // SAFETY: this closure is handed out below only where avx2 was detected.
        unsafe { avx2::run(states, data) }
    };
    let (_, four, _) = kernels();
    four.into_iter().chain(is_x86_feature_detected!("avx2").then_some(avx2)).collect()
}
