//! Reading the chain: rounds, the gateway's own funds, the pool of orchestrators, redemptions.
//!
//! The rest of the gateway sees one [`ChainState`] that a background task, the [`Watcher`], replaces
//! as blocks come; paying reads memory only.
//!
//! ```text
//!  endpoints ─► Rpc (failover, deadlines, counts) ─► Reader (multicall) ─┬─► Facts ┐
//!                    │                                                   └─► Pool  ├─► Chain: state, pool, price
//!                    └─► heads (believed or not) ─► Scanner (logs, reorgs) ────────┘
//!                                                       └─► RedemptionSink (the ledger)
//! ```
//!
//! # What it costs
//!
//! With one endpoint, its default settings and Multicall3 on the chain: at the start 8 calls in 5
//! messages for a pool of up to 50, one call more for every further 50 (stock: 25, and 6 for each
//! orchestrator); then 17.5 calls a minute (stock: 36): 12 heads, 2 looks at the logs with one check
//! of an earlier block each, 1 multicall of facts, and every other minute the gas price. Over a
//! websocket that pushes heads, 5.5. Tests count them.
//!
//! # What can be relied on
//!
//! | what happens | what the state says |
//! |---|---|
//! | an endpoint fails, is late, on another chain, contradicts the past, lags | it is set aside; the next one is asked |
//! | none answers for [`stale_after`](ChainSettings::stale_after) (60 s) | [`Stale`](Health::Stale): `l1_block` is reckoned on from the last one, a block every 12 s, so tickets are issued until their parameters expire, and no longer |
//! | the head stands still for longer than the chain's blocks can take | the same |
//! | every answer contradicts the past | [`Suspect`](Health::Suspect): nothing new is promised, `l1_block` as above |
//! | two endpoints agree on what was not believed, or the only one keeps to it for [`accept_after`](ChainSettings::accept_after) (10 min) | it is believed after all, with a warning |
//! | a reorganisation | noticed at the next look at the logs (30 s), or at once if the newest block itself was replaced; redemptions that vanished are told as removed; funds, round and pool are read again |
//!
//! `l1_block` never goes back while the state is believed: parameters may be taken for expired a few
//! blocks early, never late.
//!
//! Nothing here holds a key or sends a transaction; see [`fund`](crate::fund).

mod clock;
mod contracts;
mod diagnose;
mod facts;
#[cfg(test)]
pub(crate) mod fake;
pub mod head;
mod pool;
mod read;
mod redemption;
pub mod rpc;
mod scan;
mod settings;
mod sink;
mod state;
mod walk;
mod watcher;

use std::{fmt, sync::Arc};

use alloy_primitives::Address;
use arc_swap::{ArcSwap, ArcSwapOption};
use parking_lot::Mutex;
use tokio::sync::{Notify, watch};

pub use clock::WallClock;
pub use contracts::Contracts;
pub(crate) use contracts::{contracts_of, quantity_of};
pub use diagnose::{Finding, Inputs, Severity, diagnose};
pub use facts::EtherPrice;
pub use pool::{Pool, PoolEntry};
pub use read::ReadError;
pub(crate) use read::{Call, Reader, revert_text};
pub use redemption::{LogId, Redemption};
pub use rpc::{Rpc, RpcError, RpcSettings};
pub use scan::ScanError;
pub use settings::ChainSettings;
pub use sink::{Cursor, RedemptionSink, Scan, SinkError};
pub use state::{ChainState, Health, Reserve, RoundState, SenderState};
pub use watcher::{StartError, Watcher};

/// What has happened since the start.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Tally {
    /// Reorganisations noticed.
    pub reorgs: u64,
    /// Redemptions of own tickets told to the sink.
    pub redeemed: u64,
    /// Redemptions taken back.
    pub removed: u64,
    /// Readings that failed.
    pub failures: u64,
}

/// What is known of the chain. A clone is the same; everything but [`Rpc`] reads memory only.
#[derive(Clone)]
pub struct Chain(Arc<Shared>);

struct Shared {
    reader: Reader,
    sender: Address,
    state: ArcSwap<ChainState>,
    states: watch::Sender<Arc<ChainState>>,
    pool: watch::Sender<Arc<Pool>>,
    price: ArcSwapOption<EtherPrice>,
    contracts: ArcSwap<Contracts>,
    tally: Mutex<Tally>,
    nudge: Notify,
}

impl Chain {
    /// The newest state.
    pub fn state(&self) -> Arc<ChainState> {
        self.0.state.load_full()
    }

    /// Wakes up whenever the state is another.
    pub fn states(&self) -> watch::Receiver<Arc<ChainState>> {
        self.0.states.subscribe()
    }

    /// The pool of orchestrators, as of the last new round or the last hour.
    pub fn pool(&self) -> Arc<Pool> {
        Arc::clone(&self.0.pool.borrow())
    }

    /// Wakes up whenever the pool was read and is another.
    pub fn pools(&self) -> watch::Receiver<Arc<Pool>> {
        self.0.pool.subscribe()
    }

    /// What one ether costs, if a price feed is configured and answers.
    pub fn price(&self) -> Option<EtherPrice> {
        self.0.price.load().as_deref().copied()
    }

    /// Where the contracts are.
    pub fn contracts(&self) -> Contracts {
        **self.0.contracts.load()
    }

    /// Whose funds and redemptions are watched.
    pub fn sender(&self) -> Address {
        self.0.sender
    }

    /// The endpoints.
    pub fn rpc(&self) -> &Rpc {
        &self.0.reader.rpc
    }

    /// What has happened since the start.
    pub fn tally(&self) -> Tally {
        *self.0.tally.lock()
    }

    /// Has funds, round and logs read soon, for example after a transaction of one's own.
    pub fn refresh(&self) {
        self.0.nudge.notify_one();
    }

    pub(crate) fn reader(&self) -> &Reader {
        &self.0.reader
    }
}

impl fmt::Debug for Chain {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Chain")
            .field("sender", &self.0.sender)
            .field("state", &self.0.state.load())
            .finish_non_exhaustive()
    }
}
