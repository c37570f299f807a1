//! Nonces seen, by the secret number of their parameters (go-livepeer `pm/recipient.go:369-420`).
//!
//! Order and value are free; a nonce is good once, and a set of parameters takes 600 of them. What was
//! seen is forgotten when the parameters expire.

use std::collections::{HashMap, HashSet};

use alloy_primitives::{B256, U256};
use parking_lot::Mutex;

/// Different nonces of one set of parameters.
const MAX: usize = 600;

#[derive(Debug, Default)]
pub(crate) struct Nonces {
    seen: Mutex<HashMap<B256, Seen>>,
}

#[derive(Debug, Default)]
struct Seen {
    nonces: HashSet<u32>,
    expiration_block: U256,
}

/// Why a nonce is not taken.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum NonceError {
    Seen,
    TooMany,
}

impl Nonces {
    /// Notes a nonce that was not seen yet.
    pub(crate) fn note(&self, rand: B256, nonce: u32, expiration: U256) -> Result<(), NonceError> {
        let mut seen = self.seen.lock();
        let seen = seen.entry(rand).or_default();
        seen.expiration_block = expiration;
        if seen.nonces.contains(&nonce) {
            return Err(NonceError::Seen);
        }
        if seen.nonces.len() >= MAX {
            return Err(NonceError::TooMany);
        }
        seen.nonces.insert(nonce);
        Ok(())
    }

    /// Forgets parameters that have expired at this block.
    pub(crate) fn sweep(&self, l1_block: u64) {
        let block = U256::from(l1_block);
        self.seen.lock().retain(|_, seen| seen.expiration_block > block);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_nonce_is_good_once_and_six_hundred_are_the_limit() {
        let nonces = Nonces::default();
        let (rand, expiration) = (B256::with_last_byte(1), U256::from(50));
        for nonce in (0..600).rev() {
            assert_eq!(nonces.note(rand, nonce, expiration), Ok(()));
        }
        assert_eq!(nonces.note(rand, 7, expiration), Err(NonceError::Seen));
        assert_eq!(nonces.note(rand, u32::MAX, expiration), Err(NonceError::TooMany));
        assert_eq!(nonces.note(B256::ZERO, 7, expiration), Ok(()));
        nonces.sweep(49);
        assert_eq!(nonces.note(rand, 7, expiration), Err(NonceError::Seen));
        nonces.sweep(50);
        assert_eq!(nonces.note(rand, 7, expiration), Ok(()));
    }
}
