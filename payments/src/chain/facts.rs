//! What changes with rounds and payments: the round, the gateway's funds, the size of the pool, the
//! price of ether. All of it is one multicall.

use alloy_primitives::{Address, B256, U256};
use jiff::{SignedDuration, Timestamp};
use waymark_contracts::{BondingManager, PriceFeed, RoundsManager, TicketBroker};

use super::{
    Reserve, RoundState, SenderState,
    contracts::Contracts,
    read::{Call, ReadError, Reader},
};

/// One reading.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Facts {
    pub(crate) round: RoundState,
    pub(crate) sender: SenderState,
    pub(crate) pool_size: u64,
    pub(crate) price: Option<EtherPrice>,
}

/// What one ether costs, as a Chainlink feed tells it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct EtherPrice {
    /// The price times 10^`decimals`.
    pub answer: U256,
    /// Digits after the point.
    pub decimals: u8,
    /// When the feed was last fed.
    pub at: Timestamp,
}

impl EtherPrice {
    /// Whether it is too old to rely on. Feeds are fed once a day at the least, whatever the price
    /// does, so a day and an hour is a sensible `max_age`.
    pub fn is_stale(&self, now: Timestamp, max_age: SignedDuration) -> bool {
        now.duration_since(self.at) > max_age
    }

    /// As a rate that limits can be reckoned with.
    pub fn rate(
        &self,
        currency: crate::limits::Currency,
    ) -> Result<crate::limits::Rate, crate::limits::RateError> {
        let source = "price feed on chain";
        crate::limits::Rate::from_price(currency, self.answer, self.decimals, self.at, source)
    }
}

impl Facts {
    /// Reads everything. `known` is the round known so far: its hash does not change, so it is asked
    /// for again only when the round is another.
    pub(crate) async fn read(
        reader: &Reader,
        contracts: &Contracts,
        sender: Address,
        known: Option<&RoundState>,
    ) -> Result<Self, ReadError> {
        let Contracts { broker, rounds, bonding, .. } = *contracts;
        let mut calls = vec![
            Call::new(broker, &TicketBroker::getSenderInfoCall { addr: sender }),
            Call::new(rounds, &RoundsManager::currentRoundCall {}),
            Call::new(rounds, &RoundsManager::lastInitializedRoundCall {}),
            Call::new(rounds, &RoundsManager::currentRoundStartBlockCall {}),
            Call::new(rounds, &RoundsManager::roundLengthCall {}),
            Call::new(bonding, &BondingManager::getTranscoderPoolSizeCall {}),
        ];
        if let Some(feed) = contracts.price_feed {
            calls.push(Call::new(feed, &PriceFeed::latestRoundDataCall {}));
            calls.push(Call::new(feed, &PriceFeed::decimalsCall {}));
        }
        let mut returns = reader.read(calls).await?;
        let info = returns.take::<TicketBroker::getSenderInfoCall>()?;
        let current = returns.take::<RoundsManager::currentRoundCall>()?.saturating_to::<u64>();
        let last =
            returns.take::<RoundsManager::lastInitializedRoundCall>()?.saturating_to::<u64>();
        let start = returns.take::<RoundsManager::currentRoundStartBlockCall>()?;
        let length = returns.take::<RoundsManager::roundLengthCall>()?.saturating_to::<u64>();
        let pool_size = returns.take::<BondingManager::getTranscoderPoolSizeCall>()?;
        let price = match contracts.price_feed {
            Some(_) => price(
                &returns.take::<PriceFeed::latestRoundDataCall>(),
                returns.take::<PriceFeed::decimalsCall>(),
            ),
            None => None,
        };
        let block_hash = match known.filter(|known| known.number == last) {
            Some(known) => known.block_hash,
            None => hash_of(reader, rounds, last).await?,
        };
        // The contract tells where the current round starts; the last initialised one may be older.
        let behind = current.saturating_sub(last).saturating_mul(length);
        Ok(Self {
            round: RoundState {
                number: last,
                block_hash,
                start_block: start.saturating_to::<u64>().saturating_sub(behind),
                length,
                initialized: current == last,
            },
            sender: SenderState {
                deposit: info.sender.deposit,
                withdraw_round: info.sender.withdrawRound.saturating_to(),
                reserve: Reserve {
                    remaining: info.reserve.fundsRemaining,
                    claimed: info.reserve.claimedInCurrentRound,
                },
            },
            pool_size: pool_size.saturating_to(),
            price,
        })
    }
}

async fn hash_of(reader: &Reader, rounds: Address, round: u64) -> Result<B256, ReadError> {
    let call = RoundsManager::blockHashForRoundCall { round: U256::from(round) };
    reader
        .read(vec![Call::new(rounds, &call)])
        .await?
        .take::<RoundsManager::blockHashForRoundCall>()
}

/// A broken feed is no reason not to know the rest: it is told in the log and nothing is known of
/// the price.
fn price(
    data: &Result<PriceFeed::latestRoundDataReturn, ReadError>,
    decimals: Result<u8, ReadError>,
) -> Option<EtherPrice> {
    let (data, decimals) = match (data, decimals) {
        (Ok(data), Ok(decimals)) => (data, decimals),
        (Err(error), _) => {
            tracing::warn!(%error, "the price feed cannot be read");
            return None;
        }
        (_, Err(error)) => {
            tracing::warn!(%error, "the price feed cannot be read");
            return None;
        }
    };
    let at = i64::try_from(data.updatedAt).ok().and_then(|s| Timestamp::from_second(s).ok());
    let answer = U256::try_from(data.answer).ok().filter(|answer| !answer.is_zero());
    if answer.is_none() || at.is_none() {
        tracing::warn!("the price feed tells no price above zero, or no time");
    }
    Some(EtherPrice { answer: answer?, decimals, at: at? })
}
