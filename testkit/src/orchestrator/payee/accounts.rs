//! Credit of senders and the prices pinned for their sessions.
//!
//! Exact, in wei, by sender and session. An account that nothing happened to for ten minutes is
//! forgotten, its pinned price with it (go-livepeer `core/accounting.go:119-264`). A price is pinned
//! only for a sender that has had any account since the process started.

use std::collections::HashMap;
use std::time::Duration;

use alloy_primitives::Address;
use num_rational::BigRational;
use num_traits::Zero as _;
use parking_lot::Mutex;
use tokio::time::Instant;

/// Life of an account after it was last touched.
const LIFETIME: Duration = Duration::from_mins(10);

#[derive(Debug, Default)]
pub(crate) struct Accounts {
    senders: Mutex<HashMap<Address, HashMap<String, Account>>>,
}

#[derive(Debug)]
struct Account {
    credit: BigRational,
    price: Option<BigRational>,
    touched: Instant,
}

impl Account {
    fn new(now: Instant) -> Self {
        Self { credit: BigRational::zero(), price: None, touched: now }
    }

    fn lives(&self, now: Instant) -> bool {
        now.saturating_duration_since(self.touched) <= LIFETIME
    }
}

impl Accounts {
    /// Adds to an account; a debit is a negative amount. The new balance.
    pub(crate) fn add(
        &self,
        sender: Address,
        session: &str,
        amount: &BigRational,
        now: Instant,
    ) -> BigRational {
        let mut senders = self.senders.lock();
        let accounts = senders.entry(sender).or_default();
        accounts.retain(|_, account| account.lives(now));
        let account = accounts.entry(session.to_owned()).or_insert_with(|| Account::new(now));
        account.credit += amount;
        account.touched = now;
        account.credit.clone()
    }

    /// The balance. Asking is enough to make the sender known.
    pub(crate) fn balance(&self, sender: Address, session: &str, now: Instant) -> BigRational {
        let mut senders = self.senders.lock();
        let account = senders.entry(sender).or_default().get(session);
        account
            .filter(|account| account.lives(now))
            .map_or_else(BigRational::zero, |account| account.credit.clone())
    }

    /// The price pinned for a session.
    pub(crate) fn price(
        &self,
        sender: Address,
        session: &str,
        now: Instant,
    ) -> Option<BigRational> {
        let senders = self.senders.lock();
        let account = senders.get(&sender)?.get(session)?;
        account.price.clone().filter(|_| account.lives(now))
    }

    /// Pins a price, if none is pinned and the sender is known at all.
    pub(crate) fn pin(&self, sender: Address, session: &str, price: &BigRational, now: Instant) {
        let mut senders = self.senders.lock();
        let Some(accounts) = senders.get_mut(&sender) else { return };
        accounts.retain(|_, account| account.lives(now));
        let account = accounts.entry(session.to_owned()).or_insert_with(|| Account::new(now));
        if account.price.is_none() {
            account.price = Some(price.clone());
            account.touched = now;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const SENDER: Address = Address::repeat_byte(1);

    fn wei(amount: i64) -> BigRational {
        BigRational::from_integer(amount.into())
    }

    #[tokio::test(start_paused = true)]
    async fn sessions_have_accounts_of_their_own_and_may_go_below_zero() {
        let (accounts, now) = (Accounts::default(), Instant::now());
        assert_eq!(accounts.add(SENDER, "a", &wei(5), now), wei(5));
        assert_eq!(accounts.add(SENDER, "a", &wei(-7), now), wei(-2));
        assert_eq!(accounts.balance(SENDER, "a", now), wei(-2));
        assert_eq!(accounts.balance(SENDER, "b", now), wei(0));
        assert_eq!(accounts.balance(Address::ZERO, "a", now), wei(0));
    }

    #[tokio::test(start_paused = true)]
    async fn a_price_is_pinned_once_and_only_for_a_known_sender() {
        let (accounts, now) = (Accounts::default(), Instant::now());
        accounts.pin(SENDER, "a", &wei(1), now);
        assert_eq!(accounts.price(SENDER, "a", now), None, "nobody heard of that sender");
        accounts.balance(SENDER, "x", now);
        accounts.pin(SENDER, "a", &wei(2), now);
        accounts.pin(SENDER, "a", &wei(3), now);
        assert_eq!(accounts.price(SENDER, "a", now), Some(wei(2)));
        assert_eq!(accounts.price(SENDER, "b", now), None);
    }

    #[tokio::test(start_paused = true)]
    async fn an_idle_account_is_forgotten_after_ten_minutes() {
        let (accounts, start) = (Accounts::default(), Instant::now());
        accounts.add(SENDER, "a", &wei(5), start);
        accounts.pin(SENDER, "a", &wei(2), start);
        let late = start + LIFETIME + Duration::from_secs(1);
        assert_eq!(accounts.balance(SENDER, "a", start + LIFETIME), wei(5));
        assert_eq!(accounts.balance(SENDER, "a", late), wei(0));
        assert_eq!(accounts.price(SENDER, "a", late), None);
        assert_eq!(accounts.add(SENDER, "a", &wei(1), late), wei(1));
    }
}
