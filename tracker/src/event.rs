//! From logs to facts: what a log of broker or registry says, and nothing of any other contract.

use alloy_primitives::{Address, B256};
use alloy_sol_types::{SolEvent, SolEventInterface as _};
use waymark_contracts::TicketBroker::{WinningTicketRedeemed, WinningTicketTransfer};
use waymark_contracts::job_tag_registry::JobTagRegistry::JobTagRegistryEvents;
use waymark_contracts::{BondingManager, TicketBroker};

use crate::log::{Log, Place};
use crate::redemption::{Redemption, Transfer};

/// Whose logs are read.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Contracts {
    /// The TicketBroker.
    pub broker: Address,
    /// The JobTagRegistry; without it scheme 1 is assumed for every gateway and round.
    pub registry: Option<Address>,
    /// The BondingManager; with it, gateways that delegate to whom they pay are found.
    pub bonding: Option<Address>,
}

impl Contracts {
    /// Their addresses, for a node's filter.
    pub fn addresses(&self) -> Vec<Address> {
        let optional = [self.registry, self.bonding];
        std::iter::once(self.broker).chain(optional.into_iter().flatten()).collect()
    }

    /// The events that are read, for a node's filter.
    pub fn topics() -> Vec<B256> {
        let mut topics = vec![
            WinningTicketRedeemed::SIGNATURE_HASH,
            WinningTicketTransfer::SIGNATURE_HASH,
            TicketBroker::ReserveClaimed::SIGNATURE_HASH,
            BondingManager::Bond::SIGNATURE_HASH,
        ];
        topics.extend(JobTagRegistryEvents::SELECTORS.iter().copied().map(B256::from));
        topics
    }
}

/// What a log says.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum Fact {
    /// A ticket was redeemed.
    Redeemed(Redemption),
    /// A payment whose redemption was not the next log.
    Paid(Transfer),
    /// The registry recorded something: the log is kept as it is and read when a report is made.
    Registry(Log),
    /// An account delegated to another.
    Bonded {
        /// Where the log is.
        place: Place,
        /// Hash of its block.
        block_hash: B256,
        /// Who delegated.
        delegator: Address,
        /// To whom.
        delegate: Address,
    },
    /// A reorganisation took a log back.
    Removed {
        /// Where it was.
        place: Place,
        /// Hash of the block it was in.
        block_hash: B256,
    },
}

/// What was passed over.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Passed {
    /// Logs of other contracts.
    pub foreign: u64,
    /// Logs of these contracts that say nothing of interest.
    pub other: u64,
    /// Logs of these contracts that should say something and cannot be read: the contract is another
    /// than this program knows.
    pub unreadable: u64,
    /// Where the first of them is, and what is wrong with it.
    pub first_unreadable: Option<(Place, String)>,
}

impl Passed {
    /// Adds what another part of the logs had.
    pub fn add(&mut self, other: Self) {
        self.foreign = self.foreign.saturating_add(other.foreign);
        self.other = self.other.saturating_add(other.other);
        self.unreadable = self.unreadable.saturating_add(other.unreadable);
        if self.first_unreadable.is_none() {
            self.first_unreadable = other.first_unreadable;
        }
    }
}

/// Turns logs, one after the other, into facts. It remembers the last transfer until it is known
/// whether the next log is the redemption it belongs to.
#[derive(Debug)]
pub struct Decoder {
    contracts: Contracts,
    last: Option<Transfer>,
    facts: Vec<Fact>,
    passed: Passed,
}

impl Decoder {
    /// A decoder that has seen nothing.
    pub fn new(contracts: Contracts) -> Self {
        Self { contracts, last: None, facts: Vec::new(), passed: Passed::default() }
    }

    /// Reads a log.
    pub fn push(&mut self, log: Log) {
        let Contracts { broker, registry, bonding } = self.contracts;
        let read = if log.address == broker {
            self.broker(&log)
        } else if Some(log.address) == registry {
            self.registry(log)
        } else if Some(log.address) == bonding {
            self.bonding(&log)
        } else {
            self.passed.foreign = self.passed.foreign.saturating_add(1);
            return;
        };
        if let Err((place, error)) = read {
            self.passed.unreadable = self.passed.unreadable.saturating_add(1);
            self.passed.first_unreadable.get_or_insert_with(|| (place, error.to_string()));
        }
    }

    /// Facts so far that were not taken yet.
    pub fn len(&self) -> usize {
        self.facts.len()
    }

    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.facts.is_empty()
    }

    /// Takes the facts of all logs so far, and what was passed over.
    pub fn take(&mut self) -> (Vec<Fact>, Passed) {
        self.settle();
        (std::mem::take(&mut self.facts), std::mem::take(&mut self.passed))
    }

    fn settle(&mut self) {
        self.facts.extend(self.last.take().map(Fact::Paid));
    }

    fn broker(&mut self, log: &Log) -> Result<(), (Place, alloy_sol_types::Error)> {
        let kind = log.kind();
        if log.removed {
            self.settle();
            self.remove(log);
        } else if kind == Some(WinningTicketRedeemed::SIGNATURE_HASH) {
            let event = read(log).inspect_err(|_| self.settle())?;
            let mut redemption = Redemption::new(log, &event);
            match self.last.take() {
                Some(transfer) if transfer.pays(&redemption) => {
                    redemption.paid = Some(transfer.amount);
                }
                other => self.facts.extend(other.map(Fact::Paid)),
            }
            self.facts.push(Fact::Redeemed(redemption));
        } else if kind == Some(WinningTicketTransfer::SIGNATURE_HASH) {
            self.settle();
            let event: WinningTicketTransfer = read(log)?;
            self.last = Some(Transfer {
                place: log.place,
                block_hash: log.block_hash,
                transaction: log.transaction,
                sender: event.sender,
                recipient: event.recipient,
                amount: event.amount,
            });
        } else {
            self.settle();
            self.pass();
        }
        Ok(())
    }

    fn registry(&mut self, log: Log) -> Result<(), (Place, alloy_sol_types::Error)> {
        let known =
            log.kind().is_some_and(|kind| JobTagRegistryEvents::SELECTORS.contains(&kind.0));
        if log.removed {
            self.remove(&log);
        } else if known {
            registry_event(&log).map_err(|error| (log.place, error))?;
            self.facts.push(Fact::Registry(log));
        } else {
            self.pass();
        }
        Ok(())
    }

    fn bonding(&mut self, log: &Log) -> Result<(), (Place, alloy_sol_types::Error)> {
        if log.removed {
            self.remove(log);
        } else if log.kind() == Some(BondingManager::Bond::SIGNATURE_HASH) {
            let event: BondingManager::Bond = read(log)?;
            self.facts.push(Fact::Bonded {
                place: log.place,
                block_hash: log.block_hash,
                delegator: event.delegator,
                delegate: event.newDelegate,
            });
        } else {
            self.pass();
        }
        Ok(())
    }

    fn remove(&mut self, log: &Log) {
        self.facts.push(Fact::Removed { place: log.place, block_hash: log.block_hash });
    }

    fn pass(&mut self) {
        self.passed.other = self.passed.other.saturating_add(1);
    }
}

/// What a log of the registry says.
pub(crate) fn registry_event(log: &Log) -> Result<JobTagRegistryEvents, alloy_sol_types::Error> {
    JobTagRegistryEvents::decode_raw_log(&log.topics, &log.data)
}

fn read<E: SolEvent>(log: &Log) -> Result<E, (Place, alloy_sol_types::Error)> {
    E::decode_raw_log(log.topics.iter().copied(), &log.data).map_err(|error| (log.place, error))
}
