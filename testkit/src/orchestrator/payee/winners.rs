//! Winning tickets on their way to the chain: one queue for each sender, oldest first.
//!
//! A winner comes in once, by its signature (go-livepeer `pm/queue.go`, `common/db.go:107-124`). What is
//! here outlives a restart, as the database of a stock node does.

use std::collections::{HashMap, HashSet, VecDeque};

use alloy_primitives::{Address, B256, U256};
use bytes::Bytes;
use parking_lot::Mutex;
use tokio::sync::watch;

use crate::ticket::Ticket;

/// Winners kept, and signatures remembered.
const MAX: usize = 65_536;

/// A winning ticket with all that redeeming it takes.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Winner {
    /// The ticket.
    pub ticket: Ticket,
    /// The sender's signature.
    pub signature: Bytes,
    /// The number that made it win.
    pub recipient_rand: B256,
    /// L1 block at which its parameters expire; before it the number must stay secret.
    pub expiration_block: U256,
}

#[derive(Debug)]
pub(crate) struct Winners {
    book: Mutex<Book>,
    /// How many ever came in.
    stored: watch::Sender<u64>,
}

#[derive(Debug, Default)]
struct Book {
    queues: HashMap<Address, VecDeque<Winner>>,
    waiting: usize,
    signatures: HashSet<Bytes>,
    oldest: VecDeque<Bytes>,
    /// Face values being redeemed now.
    pending: HashMap<Address, U256>,
}

/// Counts a face value as pending until dropped.
#[derive(Debug)]
pub(crate) struct Pending<'a> {
    winners: &'a Winners,
    sender: Address,
    face_value: U256,
}

impl Winners {
    pub(crate) fn new() -> Self {
        Self { book: Mutex::default(), stored: watch::Sender::new(0) }
    }

    /// Keeps a winner. False if it was here before, or if there is no more room.
    pub(crate) fn store(&self, winner: Winner) -> bool {
        let mut book = self.book.lock();
        if book.waiting >= MAX || !book.signatures.insert(winner.signature.clone()) {
            return false;
        }
        book.oldest.push_back(winner.signature.clone());
        if book.oldest.len() > MAX
            && let Some(oldest) = book.oldest.pop_front()
        {
            book.signatures.remove(&oldest);
        }
        book.waiting += 1;
        book.queues.entry(winner.ticket.sender).or_default().push_back(winner);
        drop(book);
        self.stored.send_modify(|stored| *stored += 1);
        true
    }

    /// Tells when more come in.
    pub(crate) fn arrivals(&self) -> watch::Receiver<u64> {
        self.stored.subscribe()
    }

    /// Senders with winners waiting.
    pub(crate) fn senders(&self) -> Vec<Address> {
        self.book.lock().queues.keys().copied().collect()
    }

    /// A sender's oldest winner.
    pub(crate) fn oldest(&self, sender: Address) -> Option<Winner> {
        self.book.lock().queues.get(&sender)?.front().cloned()
    }

    /// Takes a sender's oldest winner away.
    pub(crate) fn remove_oldest(&self, sender: Address) {
        let mut book = self.book.lock();
        let Some(queue) = book.queues.get_mut(&sender) else { return };
        let removed = queue.pop_front().is_some();
        if queue.is_empty() {
            book.queues.remove(&sender);
        }
        book.waiting -= usize::from(removed);
    }

    /// Winners waiting, of all senders.
    pub(crate) fn waiting(&self) -> usize {
        self.book.lock().waiting
    }

    /// Face values of a sender that are being redeemed now.
    pub(crate) fn pending(&self, sender: Address) -> U256 {
        self.book.lock().pending.get(&sender).copied().unwrap_or_default()
    }

    /// Counts a face value as being redeemed.
    pub(crate) fn begin(&self, sender: Address, face_value: U256) -> Pending<'_> {
        *self.book.lock().pending.entry(sender).or_default() += face_value;
        Pending { winners: self, sender, face_value }
    }
}

impl Drop for Pending<'_> {
    fn drop(&mut self) {
        let mut book = self.winners.book.lock();
        let pending = book.pending.entry(self.sender).or_default();
        *pending = pending.saturating_sub(self.face_value);
        if pending.is_zero() {
            book.pending.remove(&self.sender);
        }
    }
}
