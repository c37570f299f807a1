//! What a unit of gas may cost, and what is offered for it.
//!
//! Source: payments-contracts 4.7 (go-livepeer `eth/backend.go:101-115`, `eth/client.go:392-424`,
//! `eth/transactionManager.go:144-184`).

use alloy_primitives::U256;

/// Prices on the chain at the moment, wei for a unit of gas.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Market {
    /// The newest block's base fee; nothing on chains without one.
    pub(crate) base: Option<U256>,
    /// `eth_gasPrice`.
    pub(crate) gas_price: U256,
    /// `eth_maxPriorityFeePerGas`; nothing from nodes that do not know it.
    pub(crate) tip: Option<U256>,
}

/// What is offered, wei for a unit of gas (EIP-1559).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Fees {
    /// In all.
    pub cap: U256,
    /// For the block's maker, inside the cap.
    pub tip: U256,
}

/// Gas costs more than is allowed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum FeeError {
    /// At the moment.
    #[error(
        "current gas price exceeds maximum gas price max={} GWei current={} GWei; wait, or raise -maxGasPrice", gwei(*max), gwei(*current)
    )]
    TooHigh {
        /// The most allowed.
        max: U256,
        /// What it costs.
        current: U256,
    },
    /// A replacement would have to offer more than that.
    #[error(
        "replacement gas price exceeds max gas price max={} GWei needed={} GWei; the transaction waits as it is", gwei(*max), gwei(*needed)
    )]
    ReplacementTooHigh {
        /// The most allowed.
        max: U256,
        /// What it would have to offer.
        needed: U256,
    },
}

impl Market {
    /// Refuses a price above `max`.
    pub(crate) fn within(&self, max: Option<U256>) -> Result<(), FeeError> {
        match max {
            Some(max) if self.gas_price > max => {
                Err(FeeError::TooHigh { max, current: self.gas_price })
            }
            _ => Ok(()),
        }
    }
}

impl Fees {
    /// What to offer: the tip and twice the base fee; with a limit, twice the base fee or the limit.
    pub(crate) fn choose(market: &Market, max: Option<U256>) -> Self {
        let base = market.base.unwrap_or(market.gas_price);
        let tip = market.tip.unwrap_or_else(|| market.gas_price.saturating_sub(base));
        let double = base.saturating_mul(U256::from(2));
        let cap = match max {
            Some(max) => max.min(double),
            None => tip.saturating_add(double),
        };
        // A cap of 0 is no transaction: chains without fees still want a number.
        let cap = cap.max(U256::from(1));
        Self { cap, tip: tip.min(cap) }
    }

    /// For a replacement: both by 11 %, rounded up, because nodes want 10.
    pub(crate) fn raised(&self, max: Option<U256>) -> Result<Self, FeeError> {
        let raise = |fee: U256| fee.saturating_mul(U256::from(111)).div_ceil(U256::from(100));
        let fees = Self { cap: raise(self.cap), tip: raise(self.tip) };
        // What it will cost is somewhere between tip and cap; stock takes the middle.
        let needed = fees.tip + (fees.cap - fees.tip) / U256::from(2);
        match max {
            Some(max) if needed > max => Err(FeeError::ReplacementTooHigh { max, needed }),
            _ => Ok(fees),
        }
    }
}

/// Wei in gwei, for people.
pub fn gwei(wei: U256) -> String {
    let text =
        alloy_primitives::utils::format_units(wei, "gwei").unwrap_or_else(|_| wei.to_string());
    let text = text.trim_end_matches('0').trim_end_matches('.');
    text.to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn wei(n: u64) -> U256 {
        U256::from(n)
    }

    fn market(base: u64, gas_price: u64, tip: Option<u64>) -> Market {
        Market { base: Some(wei(base)), gas_price: wei(gas_price), tip: tip.map(wei) }
    }

    #[test]
    fn the_cap_is_the_tip_and_twice_the_base_fee() {
        let fees = Fees::choose(&market(100, 107, Some(5)), None);
        assert_eq!(fees, Fees { cap: wei(205), tip: wei(5) });
        let fees = Fees::choose(&market(100, 107, None), None);
        assert_eq!(fees, Fees { cap: wei(207), tip: wei(7) });
    }

    #[test]
    fn a_limit_caps_it_and_the_tip() {
        let fees = Fees::choose(&market(100, 107, Some(500)), Some(wei(150)));
        assert_eq!(fees, Fees { cap: wei(150), tip: wei(150) });
        let fees = Fees::choose(&market(100, 107, Some(5)), Some(wei(900)));
        assert_eq!(fees.cap, wei(200));
    }

    #[test]
    fn a_price_times_ten_is_refused_in_words_that_name_both() {
        let limit = Some(wei(50_000_000));
        assert_eq!(market(20_000_000, 20_000_000, None).within(limit), Ok(()));
        let error = market(200_000_000, 200_000_000, None).within(limit).unwrap_err();
        assert_eq!(
            error.to_string(),
            "current gas price exceeds maximum gas price max=0.05 GWei current=0.2 GWei; wait, or raise -maxGasPrice"
        );
    }

    #[test]
    fn a_replacement_offers_eleven_percent_more_rounded_up() {
        let fees = Fees { cap: wei(205), tip: wei(5) };
        assert_eq!(fees.raised(None), Ok(Fees { cap: wei(228), tip: wei(6) }));
        // (6 + 228) / 2 = 117
        assert!(fees.raised(Some(wei(117))).is_ok());
        assert_eq!(
            fees.raised(Some(wei(116))),
            Err(FeeError::ReplacementTooHigh { max: wei(116), needed: wei(117) })
        );
    }
}
