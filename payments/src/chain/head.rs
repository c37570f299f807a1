//! The newest block, and whether what an endpoint says of it can be believed.
//!
//! A claim is compared with the last believed head and the time since: blocks do not vanish by the
//! hundred, and L1 blocks come every 12 seconds. A claim that fails is *doubted*; what follows from
//! that is the watcher's business.

use std::time::Duration;

use alloy_primitives::{B256, U256};
use serde::Deserialize;
use serde_json::Value;
use tokio::time::Instant;

/// The newest block.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Head {
    /// Its number on the chain itself.
    pub number: u64,
    /// The L1 block it knows; its own number on chains without `l1BlockNumber` (go-livepeer
    /// `eth/blockwatch/client.go:48-109`).
    pub l1_block: u64,
    /// Its hash.
    pub hash: B256,
    /// The hash of the one before.
    pub parent: B256,
    /// Its time, Unix seconds.
    pub timestamp: u64,
    /// Base fee, wei for a unit of gas.
    pub base_fee: Option<U256>,
    /// Whether the block told an L1 block number.
    pub has_l1: bool,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Block {
    number: U256,
    hash: B256,
    parent_hash: B256,
    timestamp: U256,
    #[serde(default)]
    l1_block_number: Option<U256>,
    #[serde(default)]
    base_fee_per_gas: Option<U256>,
}

impl Head {
    /// Reads a block as `eth_getBlockByNumber` or a subscription gives it.
    pub fn read(block: &Value) -> Result<Self, String> {
        let block = Block::deserialize(block).map_err(|error| error.to_string())?;
        let number = u64::try_from(block.number).map_err(|_| "a block number above 2^64")?;
        let l1 = block.l1_block_number.map(u64::try_from).transpose();
        let l1 = l1.map_err(|_| "an L1 block number above 2^64")?;
        Ok(Self {
            number,
            l1_block: l1.unwrap_or(number),
            hash: block.hash,
            parent: block.parent_hash,
            timestamp: block.timestamp.saturating_to(),
            base_fee: block.base_fee_per_gas,
            has_l1: l1.is_some(),
        })
    }
}

/// What of a new head is believed.
#[derive(Debug, Clone, Copy)]
pub struct HeadRules {
    /// Blocks of the chain itself by which a head may go back: a reorganisation, or a node of the
    /// provider's that is a little late.
    pub max_back: u64,
    /// L1 blocks by which a head may be ahead of what the time since the last one allows.
    pub max_ahead: u64,
    /// Time between L1 blocks: 12 s on Ethereum.
    pub block_time: Duration,
    /// L1 blocks by which an endpoint may lag the others.
    pub max_lag: u64,
    /// How long the head may stand still before that is a fault; `None` for chains that make blocks
    /// only when there are transactions.
    pub max_pause: Option<Duration>,
}

impl HeadRules {
    /// Rules for a chain by its id: strict on Arbitrum One and Ethereum, lax on others, where tests
    /// mine hundreds of blocks at a time.
    pub const fn for_chain(chain_id: u64) -> Self {
        let block_time = Duration::from_secs(12);
        match chain_id {
            // Four blocks a second: a minute back; half an hour ahead.
            42_161 => Self {
                max_back: 240,
                max_ahead: 150,
                block_time,
                max_lag: 10,
                max_pause: Some(Duration::from_mins(2)),
            },
            1 => Self {
                max_back: 64,
                max_ahead: 150,
                block_time,
                max_lag: 10,
                max_pause: Some(Duration::from_mins(5)),
            },
            _ => {
                Self { max_back: 64, max_ahead: 100_000, block_time, max_lag: 10, max_pause: None }
            }
        }
    }

    /// L1 blocks that pass in `time`.
    pub fn blocks_in(&self, time: Duration) -> u64 {
        let blocks = time.as_millis() / self.block_time.as_millis().max(1);
        u64::try_from(blocks).unwrap_or(u64::MAX)
    }

    /// Whether `claim` can follow `trusted`, which was believed at `since`.
    pub fn judge(&self, trusted: &Head, since: Instant, claim: &Head) -> Result<(), Doubt> {
        if claim.number.saturating_add(self.max_back) < trusted.number {
            return Err(Doubt::WentBack { from: trusted.number, to: claim.number });
        }
        // L1 numbers do not follow small reorganisations of the chain itself.
        let back = if claim.has_l1 { self.max_lag } else { self.max_back };
        if claim.l1_block.saturating_add(back) < trusted.l1_block {
            return Err(Doubt::WentBack { from: trusted.l1_block, to: claim.l1_block });
        }
        let passed = self.blocks_in(since.elapsed());
        let most = trusted.l1_block.saturating_add(passed).saturating_add(self.max_ahead);
        if claim.l1_block > most {
            return Err(Doubt::TooFarAhead { claimed: claim.l1_block, most });
        }
        Ok(())
    }
}

/// Why a head is not believed.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum Doubt {
    /// More blocks vanished than a reorganisation takes.
    #[error("it went from block {from} back to {to}")]
    WentBack {
        /// The block believed before.
        from: u64,
        /// The block claimed.
        to: u64,
    },
    /// More L1 blocks than can have been made.
    #[error("it claims L1 block {claimed}, there can be {most} at most")]
    TooFarAhead {
        /// The L1 block claimed.
        claimed: u64,
        /// The most there can be.
        most: u64,
    },
    /// It does not move.
    #[error("it stands at block {number} since {} s", since.as_secs())]
    StandsStill {
        /// At which.
        number: u64,
        /// For how long.
        since: Duration,
    },
    /// Endpoints differ at the start, when there is nothing yet to compare with, and this one's
    /// block time is farther from the clock.
    #[error("it claims L1 block {claimed}, another endpoint, nearer to the clock, {other}")]
    Differs {
        /// The L1 block claimed.
        claimed: u64,
        /// What the other says.
        other: u64,
    },
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn head(number: u64, l1_block: u64) -> Head {
        Head {
            number,
            l1_block,
            hash: B256::ZERO,
            parent: B256::ZERO,
            timestamp: 0,
            base_fee: None,
            has_l1: true,
        }
    }

    #[test]
    fn the_l1_number_is_read_where_there_is_one() {
        let hash = B256::repeat_byte(1);
        let mut block = json!({"number":"0x64","hash":hash,"parentHash":hash,"timestamp":"0x5","l1BlockNumber":"0xc8"});
        assert_eq!(Head::read(&block).unwrap().l1_block, 200);
        block.as_object_mut().unwrap().remove("l1BlockNumber");
        let plain = Head::read(&block).unwrap();
        assert_eq!((plain.l1_block, plain.has_l1), (100, false));
        assert!(Head::read(&json!(null)).is_err());
    }

    #[tokio::test(start_paused = true)]
    async fn time_decides_how_far_ahead_a_head_can_be() {
        let rules = HeadRules::for_chain(42_161);
        let trusted = (head(1_000_000, 20_000_000), Instant::now());
        let claim = head(1_000_100, 20_000_200);
        let doubt = rules.judge(&trusted.0, trusted.1, &claim).unwrap_err();
        assert_eq!(doubt, Doubt::TooFarAhead { claimed: 20_000_200, most: 20_000_150 });
        tokio::time::advance(Duration::from_mins(10)).await;
        assert_eq!(rules.judge(&trusted.0, trusted.1, &claim), Ok(()));
    }

    #[tokio::test(start_paused = true)]
    async fn a_reorganisation_may_go_back_and_a_rollback_may_not() {
        let rules = HeadRules::for_chain(7337);
        let plain = |number| Head { has_l1: false, ..head(number, number) };
        let trusted = plain(1000);
        assert_eq!(rules.judge(&trusted, Instant::now(), &plain(988)), Ok(()));
        assert_eq!(
            rules.judge(&trusted, Instant::now(), &plain(900)),
            Err(Doubt::WentBack { from: 1000, to: 900 })
        );
    }
}
