//! What paying does while nobody waits: the ledger's upkeep, rates, and the list of orchestrators.

use std::{sync::Arc, time::Duration};

use tokio::sync::watch;
use tokio_util::sync::CancellationToken;
use url::Url;
use waymark_payments::{chain::Watcher, limits::Currency};

use super::{Payments, addresses};
use crate::lifecycle::Tasks;

/// Between two rounds of upkeep.
const EVERY: Duration = Duration::from_secs(1);
/// Promises older than this are deleted; totals stay.
const KEEP: jiff::SignedDuration = jiff::SignedDuration::from_hours(24 * 30);
/// Between two deletions.
const PRUNE_EVERY: Duration = Duration::from_hours(6);

impl Payments {
    /// Starts the background work. Returns where orchestrators are reached, as the chain says.
    pub fn run(self: &Arc<Self>, tasks: &Tasks, watcher: Watcher) -> watch::Receiver<Vec<Url>> {
        // Services are dropped when the process stops, so the watcher needs no signal of its own.
        tasks.service("chain", watcher.run(CancellationToken::new()));
        tasks.service("ledger", Arc::clone(self).keep_up());
        tasks.service("round books", Arc::clone(self).keep_books());
        let (urls, receiver) = watch::channel(addresses(&self.chain.pool(), self.ai_registry));
        let payments = Arc::clone(self);
        tasks.service("pool on chain", async move {
            let mut pools = payments.chain.pools();
            while pools.changed().await.is_ok() {
                let found = addresses(&pools.borrow_and_update(), payments.ai_registry);
                urls.send_if_modified(|old| {
                    let differs = *old != found;
                    if differs {
                        *old = found;
                    }
                    differs
                });
            }
        });
        receiver
    }

    async fn keep_up(self: Arc<Self>) {
        let mut every = tokio::time::interval(EVERY);
        every.set_missed_tick_behavior(tokio::time::MissedTickBehavior::Delay);
        let mut prune_at = tokio::time::Instant::now() + PRUNE_EVERY;
        loop {
            every.tick().await;
            self.take_rate();
            let prune = tokio::time::Instant::now() >= prune_at;
            if prune {
                prune_at += PRUNE_EVERY;
            }
            let payments = Arc::clone(&self);
            let done = tokio::task::spawn_blocking(move || {
                let now = payments.clock.wall();
                if prune {
                    payments.ledger.prune(now - KEEP, now)?;
                }
                payments.ledger.maintain(now)
            });
            match done.await {
                Ok(Ok(_)) => {}
                Ok(Err(error)) => {
                    let error = crate::orchestrator::error::chain(&error);
                    tracing::error!(
                        error,
                        "the spend ledger could not be kept up; look at the disk"
                    );
                }
                Err(error) => tracing::error!(%error, "the upkeep of the spend ledger ended"),
            }
        }
    }

    /// The newest price of ether, for limits and prices in dollars. It was read by the watcher
    /// within its interval, so it counts from then and not from when the feed was last fed, which
    /// may be a day ago.
    fn take_rate(&self) {
        let Some(price) = self.chain.price() else { return };
        let read_at = self.chain.state().read_at;
        let day = jiff::SignedDuration::from_hours(25);
        if price.is_stale(read_at, day) {
            return;
        }
        let price = waymark_payments::chain::EtherPrice { at: read_at, ..price };
        match price.rate(Currency::USD) {
            Ok(rate) => self.ledger.set_rate(rate),
            Err(error) => tracing::warn!(%error, "the price feed cannot be used"),
        }
    }
}
