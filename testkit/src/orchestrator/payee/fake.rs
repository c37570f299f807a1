//! A chain in memory: what a test says it is.

use std::collections::{HashMap, HashSet};
use std::sync::Arc;

use alloy_primitives::{Address, B256, U256, keccak256};
use parking_lot::Mutex;
use tokio::sync::watch;

use super::chain::{ChainError, ChainView, Funds, Head, Redeemer};
use super::winners::Winner;

/// Gas price of a new one: 0.02 gwei, as recorded.
const GAS_PRICE: u64 = 20_000_000;

/// A chain in memory. Clones are the same chain.
#[derive(Clone, Debug)]
pub struct FakeChain {
    head: watch::Sender<Head>,
    book: Arc<Mutex<Book>>,
}

#[derive(Debug, Default)]
struct Book {
    funds: HashMap<Address, Funds>,
    inactive: HashSet<Address>,
    only_active: Option<HashSet<Address>>,
    used: HashSet<B256>,
    redeemed: Vec<Winner>,
    redeem_error: Option<String>,
    funds_error: Option<String>,
}

impl FakeChain {
    /// Block 1000, round 10, a pool of one, 0.02 gwei; everybody is active, nobody has money.
    pub fn new() -> Self {
        let head = Head {
            l1_block: 1000,
            round: 10,
            round_hash: keccak256("round 10"),
            previous_round_hash: keccak256("round 9"),
            pool_size: 1,
            gas_price: U256::from(GAS_PRICE),
        };
        Self { head: watch::Sender::new(head), book: Arc::default() }
    }

    /// Changes the chain's head.
    pub fn update(&self, change: impl FnOnce(&mut Head)) {
        self.head.send_modify(change);
    }

    /// Adds blocks.
    pub fn mine(&self, blocks: u64) {
        self.update(|head| head.l1_block += blocks);
    }

    /// The head now.
    pub fn now(&self) -> Head {
        *self.head.borrow()
    }

    /// Gives a sender this money.
    pub fn fund(&self, sender: Address, funds: Funds) {
        self.book.lock().funds.insert(sender, funds);
    }

    /// Money of a sender.
    pub fn funds_of(&self, sender: Address) -> Funds {
        self.book.lock().funds.get(&sender).copied().unwrap_or_default()
    }

    /// Takes an orchestrator out of the pool or back in. Until then each is in it.
    pub fn set_active(&self, orchestrator: Address, active: bool) {
        let mut book = self.book.lock();
        if active {
            book.inactive.remove(&orchestrator);
        } else {
            book.inactive.insert(orchestrator);
        }
    }

    /// The whole active pool.
    pub fn set_pool(&self, pool: impl IntoIterator<Item = Address>) {
        let pool: HashSet<_> = pool.into_iter().collect();
        self.update(|head| head.pool_size = pool.len() as u64);
        self.book.lock().only_active = Some(pool);
    }

    /// Refuses redemptions with this text, or none any more.
    pub fn fail_redemptions(&self, text: Option<&str>) {
        self.book.lock().redeem_error = text.map(str::to_owned);
    }

    /// Does not answer questions for money, or does again.
    pub fn fail_funds(&self, text: Option<&str>) {
        self.book.lock().funds_error = text.map(str::to_owned);
    }

    /// Winners redeemed, oldest first.
    pub fn redeemed(&self) -> Vec<Winner> {
        self.book.lock().redeemed.clone()
    }
}

impl Default for FakeChain {
    fn default() -> Self {
        Self::new()
    }
}

#[tonic::async_trait]
impl ChainView for FakeChain {
    async fn head(&self) -> Result<Head, ChainError> {
        Ok(self.now())
    }

    async fn funds(&self, sender: Address, _orchestrator: Address) -> Result<Funds, ChainError> {
        let book = self.book.lock();
        match &book.funds_error {
            Some(text) => Err(ChainError::new(text.clone())),
            None => Ok(book.funds.get(&sender).copied().unwrap_or_default()),
        }
    }

    async fn is_active(&self, orchestrator: Address) -> Result<bool, ChainError> {
        let book = self.book.lock();
        let in_pool = book.only_active.as_ref().is_none_or(|pool| pool.contains(&orchestrator));
        Ok(in_pool && !book.inactive.contains(&orchestrator))
    }

    async fn block_after(&self, l1_block: u64) {
        let mut head = self.head.subscribe();
        // The sender lives in `self`, so waiting cannot fail.
        drop(head.wait_for(|head| head.l1_block > l1_block).await);
    }
}

#[tonic::async_trait]
impl Redeemer for FakeChain {
    async fn is_used(&self, ticket: B256) -> Result<bool, ChainError> {
        Ok(self.book.lock().used.contains(&ticket))
    }

    async fn redeem(&self, winner: &Winner) -> Result<B256, ChainError> {
        let mut book = self.book.lock();
        if let Some(text) = &book.redeem_error {
            return Err(ChainError::new(text.clone()));
        }
        let ticket = winner.ticket.hash();
        if !book.used.insert(ticket) {
            return Err(ChainError::new("ticket is used"));
        }
        let funds = book.funds.entry(winner.ticket.sender).or_default();
        let paid = funds.deposit.min(winner.ticket.face_value);
        funds.deposit -= paid;
        let claim = (winner.ticket.face_value - paid).min(funds.reserve);
        funds.reserve -= claim;
        funds.claimed += claim;
        funds.claimed_here += claim;
        book.redeemed.push(winner.clone());
        Ok(keccak256(ticket))
    }
}
