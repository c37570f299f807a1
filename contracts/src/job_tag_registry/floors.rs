//! What an advert asks of orchestrators at least, packed into one word as the contract takes it.

use alloy_primitives::{B256, U256};

/// The version of the word that is written.
const VERSION: u8 = 1;
/// The largest share, in basis points.
const ALL: u16 = 10_000;
/// Bits below the last field; they are 0.
const RESERVED: usize = 88;

/// The floors of an advert. 0 is no floor.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Hash)]
pub struct Floors {
    /// 95th percentile of a job's time at most, milliseconds; below 2^24.
    pub p95_latency_ms: u32,
    /// Frames each second times 100.
    pub fps_x100: u16,
    /// Share of jobs that succeed, basis points; at most 10,000.
    pub success_bps: u16,
    /// Time of the media by the time that the work takes, times 10,000.
    pub realtime_bps: u16,
    /// Memory of one GPU, GiB.
    pub gpu_memory_gib: u16,
    /// Share of the time that an orchestrator is there, basis points; at most 10,000.
    pub uptime_bps: u16,
    /// Seconds that a job lasts; below 2^24.
    pub duration_s: u32,
    /// Thousands of work units a day.
    pub daily_units_k: u32,
}

impl Floors {
    /// The word: zero without any floor. What is too large for its field is the largest that fits.
    pub fn word(&self) -> B256 {
        if *self == Self::default() {
            return B256::ZERO;
        }
        let small = |value: u32| U256::from(value.min((1 << 24) - 1));
        let share = |value: u16| U256::from(value.min(ALL));
        let fields = [
            (8, U256::from(VERSION)),
            (24, small(self.p95_latency_ms)),
            (16, U256::from(self.fps_x100)),
            (16, share(self.success_bps)),
            (16, U256::from(self.realtime_bps)),
            (16, U256::from(self.gpu_memory_gib)),
            (16, share(self.uptime_bps)),
            (24, small(self.duration_s)),
            (32, U256::from(self.daily_units_k)),
        ];
        let word =
            fields.into_iter().fold(U256::ZERO, |word, (bits, field)| (word << bits) | field);
        (word << RESERVED).into()
    }

    /// Reads a word; nothing for another version than this one's.
    pub fn read(word: B256) -> Option<Self> {
        if word.is_zero() {
            return Some(Self::default());
        }
        let word = U256::from_be_bytes(word.0);
        // No field has more than 32 bits.
        let field = |shift: usize, bits: usize| -> u32 {
            ((word >> shift) & ((U256::from(1) << bits) - U256::from(1))).saturating_to()
        };
        let half = |shift| u16::try_from(field(shift, 16)).unwrap_or(u16::MAX);
        (field(248, 8) == u32::from(VERSION)).then(|| Self {
            p95_latency_ms: field(224, 24),
            fps_x100: half(208),
            success_bps: half(192),
            realtime_bps: half(176),
            gpu_memory_gib: half(160),
            uptime_bps: half(144),
            duration_s: field(120, 24),
            daily_units_k: field(88, 32),
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn fields_lie_where_the_contract_looks_for_them() {
        let floors = Floors { success_bps: 9_900, uptime_bps: 5, ..Floors::default() };
        let word = U256::from_be_bytes(floors.word().0);
        assert_eq!(word >> 248, U256::from(1));
        assert_eq!((word >> 192) & U256::from(u16::MAX), U256::from(9_900));
        assert_eq!((word >> 144) & U256::from(u16::MAX), U256::from(5));
        assert_eq!(word & ((U256::from(1) << 88) - U256::from(1)), U256::ZERO);
        assert_eq!(Floors::default().word(), B256::ZERO);
        assert_eq!(Floors::read(B256::repeat_byte(9)), None, "another version");
    }

    #[test]
    fn a_word_is_read_as_it_was_written() {
        let share = [0, 1, ALL];
        let (small, half, whole) = ([0, 1, (1 << 24) - 1], [0, 1, u16::MAX], [0, 1, u32::MAX]);
        // Each field takes each of its values beside all others at one of theirs.
        for at in 0..3_usize.pow(8) {
            let pick = |field: u32| at / 3_usize.pow(field) % 3;
            let floors = Floors {
                p95_latency_ms: small[pick(0)],
                fps_x100: half[pick(1)],
                success_bps: share[pick(2)],
                realtime_bps: half[pick(3)],
                gpu_memory_gib: half[pick(4)],
                uptime_bps: share[pick(5)],
                duration_s: small[pick(6)],
                daily_units_k: whole[pick(7)],
            };
            assert_eq!(Floors::read(floors.word()), Some(floors));
        }
    }

    #[test]
    fn what_is_too_large_is_the_largest_that_the_contract_takes() {
        let most = Floors { p95_latency_ms: u32::MAX, success_bps: u16::MAX, ..Floors::default() };
        let read = Floors::read(most.word()).unwrap();
        assert_eq!((read.p95_latency_ms, read.success_bps), ((1 << 24) - 1, ALL));
    }
}
