//! Sending so that a crash at any moment neither sends twice nor forgets: each transaction is written
//! into the ledger's outbox before a node sees it, and as long as the nonce of what stands there is
//! not used up, everything sent has that nonce. So of all attempts at most one can count, whoever
//! made them.

use alloy::{consensus::TxEip1559, eips::eip2930::AccessList};
use alloy_primitives::{TxKind, U256};
use serde_json::json;

use super::{FundError, Funds, Receipt, number, signed};
use crate::{
    chain::rpc::Request,
    fund::{Fees, Obstacle, TransactionPlan},
    ledger::{Ledger, Sent},
    signer::LocalKey,
};

/// Offers rise to so many times what would be offered anew, and then stay.
const MOST_RAISED: u64 = 10;

impl Funds {
    /// Sends a planned transaction through the outbox, waits for its receipt, and offers more for it,
    /// as [`send`](Self::send) does. What is there from before is replaced, whatever it was for: the
    /// caller looks at the chain before it plans, and sends again what is still missing. Where what is
    /// replaced came into a block all the same, this one did not, and the caller is told so.
    pub async fn deliver(
        &self,
        plan: &TransactionPlan,
        key: &LocalKey,
        outbox: &Ledger,
    ) -> Result<Receipt, FundError> {
        if let Some(obstacle) = plan.obstacles.first() {
            return Err(FundError::Obstacle { obstacle: obstacle.clone() });
        }
        let Some(gas) = plan.gas_limit() else {
            return Err(FundError::Obstacle { obstacle: Obstacle::NoEstimate });
        };
        if key.address() != plan.from {
            return Err(FundError::WrongKey { planned: plan.from, key: key.address() });
        }
        let mut next = self.next_nonce.lock().await;
        let mut before = self.unused(outbox).await?;
        let mut hashes: Vec<_> = before.iter().map(|sent| sent.hash).collect();
        // What was for something else may still come first: then this did not happen.
        let other = before.clone().filter(|sent| sent.purpose != plan.transaction.what);
        let begun = tokio::time::Instant::now();
        for _ in 0..=self.settings.replacements {
            let (market, pending) = self.market_and_nonce().await?;
            let max = self.max_gas_price();
            let fresh = Fees::choose(&market, max);
            let fees = match (&before, market.within(max)) {
                (None, Err(error)) => return Err(error.into()),
                (None, Ok(())) => Some(fresh),
                (Some(_), Err(_)) => None,
                (Some(sent), Ok(())) => sent.fees.instead(fresh, max),
            };
            if let Some(fees) = fees {
                let own = next.map_or(pending, |next| next.max(pending));
                let nonce = before.as_ref().map_or(own, |sent| sent.nonce);
                let tx = TxEip1559 {
                    chain_id: plan.chain_id,
                    nonce,
                    gas_limit: gas,
                    max_fee_per_gas: fees.cap.saturating_to(),
                    max_priority_fee_per_gas: fees.tip.saturating_to(),
                    to: plan.transaction.to.map_or(TxKind::Create, TxKind::Call),
                    value: U256::ZERO,
                    access_list: AccessList::default(),
                    input: plan.transaction.data.clone(),
                };
                let (hash, raw) = signed(tx, key)?;
                let first = before.is_none();
                let sent = Sent { nonce, purpose: plan.transaction.what.clone(), hash, fees };
                outbox.put_outbox(&sent)?;
                let taken = self.submit(&raw, first).await;
                if let Err(FundError::NotTaken { .. }) = &taken {
                    outbox.clear_outbox()?;
                }
                taken?;
                *next = Some(next.map_or(nonce + 1, |next| next.max(nonce + 1)));
                if !hashes.contains(&hash) {
                    hashes.push(hash);
                    tracing::info!(%hash, nonce, action = %sent.purpose, "transaction sent");
                }
                before = Some(sent);
            }
            if let Some(receipt) = self.wait(&hashes).await? {
                outbox.clear_outbox()?;
                return match (receipt, other) {
                    (
                        Ok(Receipt { hash, .. }) | Err(FundError::Failed { hash }),
                        Some(Sent { hash: of_other, purpose, .. }),
                    ) if hash == of_other => Err(FundError::Overtaken { hash, purpose }),
                    (receipt, _) => receipt,
                };
            }
        }
        Err(FundError::Unconfirmed { hashes, waited: begun.elapsed() })
    }

    /// What stands in the outbox, if its nonce is not used up. A used one is taken out.
    pub async fn unused(&self, outbox: &Ledger) -> Result<Option<Sent>, FundError> {
        let Some(sent) = outbox.outbox()? else { return Ok(None) };
        let request = Request::new("eth_getTransactionCount", json!([self.sender, "latest"]));
        let replies = self.reader.rpc.batch(vec![request]).await?;
        let host = replies.host().to_owned();
        let answer = replies.answers.into_iter().next().unwrap_or(Ok(serde_json::Value::Null));
        let used: u64 = number(answer, &host, "eth_getTransactionCount")?.saturating_to();
        if sent.nonce < used {
            outbox.clear_outbox()?;
            return Ok(None);
        }
        Ok(Some(sent))
    }
}

impl Fees {
    /// What to offer instead of this: enough for a replacement and for the market; nothing if that is
    /// more than is allowed, or far more than is asked for.
    fn instead(&self, fresh: Self, max: Option<U256>) -> Option<Self> {
        if self.cap > fresh.cap.saturating_mul(U256::from(MOST_RAISED)) {
            return None;
        }
        let raised =
            self.raised(max).inspect_err(|error| tracing::warn!(%error, "no replacement")).ok()?;
        Some(Self { cap: raised.cap.max(fresh.cap), tip: raised.tip.max(fresh.tip) })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn fees(cap: u64, tip: u64) -> Fees {
        Fees { cap: U256::from(cap), tip: U256::from(tip) }
    }

    #[test]
    fn a_replacement_follows_the_market_up_and_rises_by_itself_within_bounds() {
        assert_eq!(fees(100, 10).instead(fees(1_000, 5), None), Some(fees(1_000, 12)));
        assert_eq!(fees(100, 10).instead(fees(90, 5), None), Some(fees(111, 12)));
        assert_eq!(fees(1_000, 10).instead(fees(90, 5), None), None);
        assert_eq!(fees(100, 10).instead(fees(90, 5), Some(U256::from(20))), None);
    }
}
