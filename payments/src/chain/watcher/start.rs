//! The first readings: without them there is nothing to watch.

use std::sync::Arc;

use arc_swap::{ArcSwap, ArcSwapOption};
use parking_lot::Mutex;
use serde_json::Value;
use tokio::{
    sync::{Notify, watch},
    time::Instant,
};

use super::{Beliefs, Due, Watcher};
use crate::chain::{
    Chain, ChainSettings, ChainState, Health, Pool, ReadError, RedemptionSink, Rpc, Shared,
    SinkError, WallClock,
    contracts::{Arrival, Contracts},
    facts::Facts,
    head::{Doubt, Head, HeadRules},
    read::Reader,
    rpc::{Fault, Request},
    scan::Scanner,
};

/// The chain cannot be watched.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum StartError {
    /// It cannot be read.
    #[error("the chain cannot be read")]
    Read(#[from] ReadError),
    /// The ledger does not tell where to go on.
    #[error("the ledger does not tell up to which block redemptions were read")]
    Sink(#[source] SinkError),
}

impl Chain {
    /// Reads everything once. The [`Watcher`] keeps it up to date when it is [run](Watcher::run).
    pub async fn start(
        rpc: Rpc,
        settings: ChainSettings,
        sink: Arc<dyn RedemptionSink>,
        clock: WallClock,
    ) -> Result<(Self, Watcher), StartError> {
        let reader = Reader::new(rpc.clone());
        let arrival = arrive(&reader, &settings, &clock).await?;
        let Arrival { contracts, head, gas_price, endpoint } = arrival;
        let rules = rules(&settings, &rpc);
        let facts = Facts::read(&reader, &contracts, settings.sender, None).await?;
        let pool = Pool::read(&reader, &contracts, facts.round.number, facts.pool_size).await?;
        let read_at = clock.now();
        let scanner =
            Scanner::new(rpc, contracts, settings.sender, sink, &head).map_err(StartError::Sink)?;
        let state = Arc::new(ChainState {
            head: head.number,
            l1_block: head.l1_block,
            round: facts.round,
            pool_size: facts.pool_size,
            sender: facts.sender,
            gas_price,
            read_at,
            health: Health::Fresh,
        });
        let chain = Self(Arc::new(Shared {
            reader,
            sender: settings.sender,
            state: ArcSwap::new(Arc::clone(&state)),
            states: watch::Sender::new(state),
            pool: watch::Sender::new(Arc::new(pool)),
            price: ArcSwapOption::new(facts.price.map(Into::into)),
            contracts: ArcSwap::new(contracts.into()),
            tally: Mutex::default(),
            nudge: Notify::new(),
        }));
        let now = Instant::now();
        let watcher = Watcher {
            beliefs: Beliefs::new(rules, settings.accept_after, head, endpoint, read_at),
            // What happened since the last run is caught up with at once.
            due: Due {
                logs: now,
                facts: now + settings.facts_every,
                gas: now + settings.gas_every,
                pool: now + settings.pool_every,
                compare: now + settings.compare_every,
                contracts: false,
            },
            chain: chain.clone(),
            settings,
            clock,
            scanner,
            facts,
            facts_at: now,
            gas_price,
            replaced: false,
        };
        Ok((chain, watcher))
    }
}

fn rules(settings: &ChainSettings, rpc: &Rpc) -> HeadRules {
    settings.rules.unwrap_or_else(|| HeadRules::for_chain(rpc.chain_id().unwrap_or_default()))
}

/// Finds the contracts. With several endpoints their heads are compared first: there is no past to
/// compare with yet, so where they differ the one whose newest block is nearest to the clock is
/// believed.
async fn arrive(
    reader: &Reader,
    settings: &ChainSettings,
    clock: &WallClock,
) -> Result<Arrival, ReadError> {
    let find =
        || Contracts::find(reader, settings.controller, settings.ai_registry, settings.price_feed);
    let first = find().await?;
    let rpc = &reader.rpc;
    if rpc.len() == 1 {
        rpc.vindicate(first.endpoint);
        return Ok(first);
    }
    let mut heads = vec![(first.endpoint, first.head.clone())];
    for index in (0..rpc.len()).filter(|index| *index != first.endpoint) {
        match rpc.ask(index, &[Request::block(None)]).await {
            Ok(mut answers) => {
                let block = answers.pop().and_then(Result::ok).unwrap_or(Value::Null);
                heads.extend(Head::read(&block).ok().map(|head| (index, head)));
            }
            Err(fault) => rpc.set_aside(index, fault),
        }
    }
    let now = u64::try_from(clock.now().as_second()).unwrap_or(0);
    let (best, other) = heads
        .iter()
        .min_by_key(|(_, head)| head.timestamp.abs_diff(now))
        .map(|(index, head)| (*index, head.l1_block))
        .expect("the first endpoint's head is among them");
    let lag = rules(settings, rpc).max_lag;
    for (index, head) in &heads {
        if head.l1_block.abs_diff(other) > lag {
            let fault = Fault::Contradicts(Doubt::Differs { claimed: head.l1_block, other });
            tracing::warn!(endpoint = index, error = %fault, "RPC endpoint set aside");
            rpc.set_aside(*index, fault);
        } else {
            rpc.vindicate(*index);
        }
    }
    if !rpc.status()[first.endpoint].aside || best == first.endpoint {
        return Ok(first);
    }
    find().await
}
