//! The background task that keeps [`Chain`](super::Chain) up to date.
//!
//! One loop, one question at a time: the head first, and the rest only when a head was believed, so
//! that a chain that is down costs one call per interval.

mod beliefs;
mod start;

use futures_util::StreamExt as _;
use serde_json::Value;
use tokio::time::{Instant, MissedTickBehavior, interval_at};
use tokio_util::sync::CancellationToken;

use super::{
    Chain, ChainSettings, ChainState, Health, WallClock,
    contracts::quantity_of,
    facts::Facts,
    head::Head,
    pool::Pool,
    rpc::{Fault, Heads, Malformed, Request, TransportError},
    scan::{Found, Scanner},
};
use beliefs::{Beliefs, Verdict};
pub use start::StartError;

/// Facts that could not be read again for this many times their interval make the state stale.
const MISSED: u32 = 5;

/// Keeps a [`Chain`] up to date for as long as it runs.
#[derive(Debug)]
pub struct Watcher {
    chain: Chain,
    settings: ChainSettings,
    clock: WallClock,
    beliefs: Beliefs,
    scanner: Scanner,
    facts: Facts,
    facts_at: Instant,
    gas_price: Option<alloy_primitives::U256>,
    due: Due,
    /// The newest block was replaced since the last look at the logs.
    replaced: bool,
}

/// When each thing is to be read next.
#[derive(Debug)]
struct Due {
    logs: Instant,
    facts: Instant,
    gas: Instant,
    pool: Instant,
    compare: Instant,
    contracts: bool,
}

impl Watcher {
    /// Runs until told to stop. What is being read then is dropped: only whole readings are recorded.
    pub async fn run(mut self, shutdown: CancellationToken) {
        tokio::select! {
            () = shutdown.cancelled() => {}
            () = self.watch() => {}
        }
    }

    async fn watch(&mut self) {
        let chain = self.chain.clone();
        let mut feed = chain.rpc().heads().await;
        let mut ticks = interval_at(Instant::now() + self.settings.poll, self.settings.poll);
        ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
        let mut pushed_at: Option<Instant> = None;
        loop {
            tokio::select! {
                () = chain.0.nudge.notified() => {
                    let now = Instant::now();
                    (self.due.logs, self.due.facts) = (now, now);
                    self.step(true).await;
                }
                _ = ticks.tick() => {
                    // Without a push for two intervals the subscription is not relied on.
                    let quiet = pushed_at.is_none_or(|at| at.elapsed() >= self.settings.poll * 2);
                    if quiet && feed.is_none() {
                        feed = self.subscribe_again().await;
                    }
                    self.step(quiet).await;
                }
                pushed = next(&mut feed) => {
                    let Some((endpoint, block)) = pushed else {
                        (feed, pushed_at) = (None, None);
                        continue;
                    };
                    if self.pushed(endpoint, &block) {
                        pushed_at = Some(Instant::now());
                    }
                }
            }
        }
    }

    /// One round of readings.
    async fn step(&mut self, ask_head: bool) {
        let heard = if ask_head { self.ask_head().await } else { self.beliefs.is_current() };
        if heard {
            self.read_what_is_due().await;
        }
        self.publish();
    }

    /// A websocket comes back by itself only for a while; heads are asked for meanwhile.
    async fn subscribe_again(&self) -> Option<(usize, Heads)> {
        if self.beliefs.is_current() { self.chain.rpc().heads().await } else { None }
    }

    /// A head that the endpoint pushed. One without an L1 number, on a chain that has them, only
    /// shows that the connection lives, and is not counted as a push.
    fn pushed(&mut self, endpoint: usize, block: &Value) -> bool {
        let head = match Head::read(block) {
            Ok(head) if head.has_l1 == self.beliefs.has_l1() => head,
            Ok(_) => return false,
            Err(error) => {
                tracing::debug!(%error, "a pushed head cannot be read");
                return false;
            }
        };
        let believed = self.weigh(endpoint, head);
        self.publish();
        believed
    }

    /// Asks for the head until an endpoint gives one that is believed.
    async fn ask_head(&mut self) -> bool {
        let rpc = self.chain.rpc().clone();
        for _ in 0..rpc.len() {
            let replies = match rpc.batch(vec![Request::block(None)]).await {
                Ok(replies) => replies,
                Err(error) => {
                    self.failed("the head", &error);
                    return false;
                }
            };
            let endpoint = replies.endpoint;
            let block = replies.answers.into_iter().next().and_then(Result::ok);
            match Head::read(&block.unwrap_or(Value::Null)) {
                Ok(head) => {
                    if self.weigh(endpoint, head) {
                        return true;
                    }
                }
                Err(what) => {
                    let fault = Fault::Transport(TransportError::Malformed(Malformed { what }));
                    rpc.set_aside(endpoint, fault);
                }
            }
        }
        false
    }

    /// Believes a head or sets its endpoint aside.
    fn weigh(&mut self, endpoint: usize, head: Head) -> bool {
        let rpc = self.chain.rpc();
        match self.beliefs.hear(endpoint, head, self.clock.now()) {
            Verdict::Believed { replaced } => {
                rpc.vindicate(endpoint);
                if replaced {
                    let now = Instant::now();
                    (self.due.logs, self.due.facts) = (now, now);
                    self.replaced = true;
                }
                true
            }
            Verdict::Accepted => {
                tracing::warn!("a head that contradicts the past is believed after all");
                rpc.vindicate(endpoint);
                let now = Instant::now();
                (self.due.logs, self.due.facts, self.due.pool) = (now, now, now);
                true
            }
            Verdict::Doubted(doubt) => {
                tracing::warn!(endpoint, error = %doubt, "the head is not believed");
                rpc.set_aside(endpoint, Fault::Contradicts(doubt));
                false
            }
        }
    }

    async fn read_what_is_due(&mut self) {
        let now = Instant::now();
        if now >= self.due.logs {
            self.look_at_logs().await;
        }
        if self.due.contracts {
            self.find_contracts().await;
        }
        let before = self.facts.round.number;
        if now >= self.due.facts {
            self.read_facts().await;
        }
        if now >= self.due.pool || self.facts.round.number != before {
            self.read_pool().await;
        }
        if now >= self.due.gas {
            self.read_gas().await;
        }
        if now >= self.due.compare && self.chain.rpc().len() > 1 {
            self.due.compare = now + self.settings.compare_every;
            self.compare().await;
        }
    }

    async fn look_at_logs(&mut self) {
        let head = self.beliefs.head().clone();
        let found = match self.scanner.look(&head, self.clock.now()).await {
            Ok(found) => found,
            Err(error) => {
                self.failed("the logs", &error);
                return;
            }
        };
        let Found { reorg_from, redeemed, removed, facts, pool, contracts, behind } = found;
        let now = Instant::now();
        self.due.logs = if behind { now } else { now + self.settings.logs_every };
        if facts {
            self.due.facts = now;
        }
        if pool {
            self.due.pool = now;
        }
        self.due.contracts |= contracts;
        let reorganised = std::mem::take(&mut self.replaced) || reorg_from.is_some();
        if reorganised {
            tracing::warn!(from = reorg_from, removed, "the chain was reorganised");
        }
        let mut tally = self.chain.0.tally.lock();
        tally.reorgs += u64::from(reorganised);
        tally.redeemed += redeemed;
        tally.removed += removed;
    }

    async fn find_contracts(&mut self) {
        match self.chain.contracts().again(self.chain.reader()).await {
            Ok(contracts) => {
                tracing::info!(?contracts, "the Controller announced a change");
                self.due.contracts = false;
                self.scanner.contracts = contracts;
                self.chain.0.contracts.store(contracts.into());
                let now = Instant::now();
                (self.due.facts, self.due.pool) = (now, now);
            }
            Err(error) => self.failed("the contracts' addresses", &error),
        }
    }

    async fn read_facts(&mut self) {
        let contracts = self.chain.contracts();
        let known = Some(&self.facts.round);
        let sender = self.settings.sender;
        match Facts::read(self.chain.reader(), &contracts, sender, known).await {
            Ok(facts) => {
                let now = Instant::now();
                self.due.facts = now + self.settings.facts_every;
                self.facts_at = now;
                if facts.price.is_some() {
                    self.chain.0.price.store(facts.price.map(Into::into));
                }
                self.facts = facts;
            }
            Err(error) => self.failed("round and funds", &error),
        }
    }

    async fn read_pool(&mut self) {
        let contracts = self.chain.contracts();
        let (round, size) = (self.facts.round.number, self.facts.pool_size);
        match Pool::read(self.chain.reader(), &contracts, round, size).await {
            Ok(pool) => {
                self.due.pool = Instant::now() + self.settings.pool_every;
                self.chain.0.pool.send_if_modified(|old| {
                    let differs = **old != pool;
                    if differs {
                        *old = pool.into();
                    }
                    differs
                });
            }
            Err(error) => {
                // The old one serves; once per interval is enough for a pool that cannot be read.
                self.due.pool = Instant::now() + self.settings.facts_every;
                self.failed("the pool", &error);
            }
        }
    }

    async fn read_gas(&mut self) {
        self.due.gas = Instant::now() + self.settings.gas_every;
        match self.chain.rpc().call(Request::gas_price()).await {
            Ok(value) => self.gas_price = quantity_of(value).or(self.gas_price),
            Err(error) => self.failed("the gas price", &error),
        }
    }

    /// Looks what the endpoints that are not asked otherwise know.
    async fn compare(&mut self) {
        let rpc = self.chain.rpc().clone();
        for index in 0..rpc.len() {
            if index == self.beliefs.endpoint() || rpc.status()[index].aside {
                continue;
            }
            let answer = match rpc.ask(index, &[Request::block(None)]).await {
                Ok(mut answers) => answers.pop().and_then(Result::ok),
                Err(fault) => {
                    rpc.set_aside(index, fault);
                    continue;
                }
            };
            let Ok(other) = Head::read(&answer.unwrap_or(Value::Null)) else { continue };
            match self.beliefs.compare(index, &other, self.clock.now()) {
                Some((lagging, fault)) => {
                    tracing::warn!(endpoint = lagging, error = %fault, "RPC endpoint set aside");
                    rpc.set_aside(lagging, fault);
                }
                None => rpc.vindicate(index),
            }
        }
    }

    fn failed(&self, what: &'static str, error: &(dyn std::error::Error + 'static)) {
        self.chain.0.tally.lock().failures += 1;
        let cause = error.source().map(ToString::to_string);
        // Once per change of health there is a warning; each failure in between is a detail.
        tracing::debug!(%error, cause, "{what} could not be read");
    }

    fn health(&self) -> Health {
        if self.beliefs.is_suspect() {
            return Health::Suspect;
        }
        let heard = self.beliefs.heard_at().elapsed() <= self.settings.stale_after;
        let facts = self.facts_at.elapsed() <= self.settings.facts_every * MISSED;
        if heard && facts { Health::Fresh } else { Health::Stale }
    }

    fn publish(&self) {
        let shared = &self.chain.0;
        let state = self.state();
        let old = shared.state.load_full();
        if *old == state {
            return;
        }
        match (old.health, state.health) {
            (old, new) if old == new => {}
            (_, Health::Fresh) => {
                tracing::info!(l1_block = state.l1_block, "the chain is heard again");
            }
            (_, Health::Stale) => {
                tracing::warn!(
                    l1_block = state.l1_block,
                    "no RPC endpoint is heard; blocks are reckoned"
                );
            }
            (_, Health::Suspect) => {
                tracing::error!("RPC endpoints contradict the past; nothing new is promised");
            }
        }
        let state = std::sync::Arc::new(state);
        shared.state.store(std::sync::Arc::clone(&state));
        shared.states.send_replace(state);
    }

    fn state(&self) -> ChainState {
        let health = self.health();
        let head = self.beliefs.head();
        let fresh = health == Health::Fresh;
        ChainState {
            head: head.number,
            l1_block: if fresh { head.l1_block } else { self.beliefs.reckoned_l1() },
            round: self.facts.round,
            pool_size: self.facts.pool_size,
            sender: self.facts.sender,
            gas_price: self.gas_price,
            read_at: self.beliefs.read_at(),
            health,
        }
    }
}

/// The next pushed head; never, when there is no feed; nothing, when the feed has ended.
async fn next(feed: &mut Option<(usize, Heads)>) -> Option<(usize, Value)> {
    match feed {
        Some((endpoint, heads)) => {
            let endpoint = *endpoint;
            heads.next().await.map(|head| (endpoint, head))
        }
        None => std::future::pending().await,
    }
}

#[cfg(test)]
mod tests;
