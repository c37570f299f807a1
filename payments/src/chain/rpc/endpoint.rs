//! One endpoint: the way to it, and whether it is asked at the moment.

use std::{sync::Arc, time::Duration};

use parking_lot::Mutex;
use tokio::time::Instant;

use super::{
    message::CallError,
    transport::{Transport, TransportError},
};
use crate::chain::head::Doubt;

/// The first back-off; doubled with every further fault.
const FIRST: Duration = Duration::from_secs(2);
/// The longest back-off.
const LONGEST: Duration = Duration::from_mins(5);

/// Why an endpoint is set aside.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum Fault {
    /// It did not answer, or not readably.
    #[error(transparent)]
    Transport(#[from] TransportError),
    /// It answered that it will not serve.
    #[error("it does not serve: {0}")]
    Refuses(CallError),
    /// It did not tell its chain.
    #[error("it does not tell the id of its chain")]
    NoChainId,
    /// It is on another chain.
    #[error("it is on chain {found}, not {expected}; check -ethUrl and -network")]
    WrongChain {
        /// Which chain it should be on.
        expected: u64,
        /// Which it is on.
        found: u64,
    },
    /// What it says of the newest block cannot be.
    #[error("its newest block is not believed: {0}")]
    Contradicts(Doubt),
    /// Others know newer blocks.
    #[error("it is {blocks} L1 blocks behind the others")]
    Lags {
        /// By how many.
        blocks: u64,
    },
}

/// How an endpoint is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct EndpointStatus {
    /// Its host, all of its address that may be shown.
    pub host: String,
    /// Its last fault, until it is believed again.
    pub fault: Option<Fault>,
    /// Whether it is not asked at the moment.
    pub aside: bool,
}

#[derive(Debug)]
pub(super) struct Endpoint {
    host: String,
    transport: Arc<dyn Transport>,
    state: Mutex<State>,
}

#[derive(Debug, Default)]
struct State {
    /// Whether its chain's id was checked since its last fault.
    known: bool,
    /// Faults since it was last believed.
    faults: u32,
    aside: Option<(Instant, Fault)>,
}

impl Endpoint {
    pub(super) fn new(host: String, transport: Arc<dyn Transport>) -> Self {
        Self { host, transport, state: Mutex::default() }
    }

    pub(super) fn host(&self) -> &str {
        &self.host
    }

    pub(super) fn transport(&self) -> &dyn Transport {
        &*self.transport
    }

    pub(super) fn is_known(&self) -> bool {
        self.state.lock().known
    }

    pub(super) fn introduced(&self) {
        self.state.lock().known = true;
    }

    pub(super) fn is_well(&self, now: Instant) -> bool {
        self.until().is_none_or(|until| until <= now)
    }

    /// Until when it is set aside.
    pub(super) fn until(&self) -> Option<Instant> {
        self.state.lock().aside.as_ref().map(|(until, _)| *until)
    }

    pub(super) fn set_aside(&self, fault: Fault) {
        let mut state = self.state.lock();
        let wait = match fault {
            Fault::WrongChain { .. } => LONGEST,
            _ => FIRST.saturating_mul(1 << state.faults.min(16)).min(LONGEST),
        };
        state.faults += 1;
        // What it is connected to may be another node by the time it is asked again.
        state.known = false;
        let now = Instant::now();
        state.aside = Some((now.checked_add(wait).unwrap_or(now), fault));
    }

    pub(super) fn vindicate(&self) {
        let mut state = self.state.lock();
        state.faults = 0;
        state.aside = None;
    }

    pub(super) fn status(&self) -> EndpointStatus {
        let state = self.state.lock();
        let (fault, aside) = match &state.aside {
            Some((until, fault)) => (Some(fault.clone()), *until > Instant::now()),
            None => (None, false),
        };
        EndpointStatus { host: self.host.clone(), fault, aside }
    }
}
