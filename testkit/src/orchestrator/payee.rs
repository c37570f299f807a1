//! The side of an orchestrator that is paid: prices, ticket parameters, credit, winners.
//!
//! It does what a stock node of go-livepeer v0.9.1 does, with its rules in their order and its texts.
//! What a restart forgets (the secret behind parameters, credit, pinned prices, nonces seen) is in
//! [`Memory`]; winners outlive it. Nothing here is shared with the gateway's own payments.

mod accounts;
mod chain;
mod context;
mod fake;
mod http;
mod nonces;
mod params;
mod price;
mod process;
mod redeem;
mod rpc;
mod stats;
mod winners;

use std::collections::HashSet;
use std::fmt;
use std::sync::Arc;

use alloy_primitives::{Address, U256};
use aws_lc_rs::hmac;
use num_rational::BigRational;
use num_traits::{Signed as _, Zero as _};
use parking_lot::Mutex;
use tokio::time::Instant;
use waymark_proto::net;

use self::accounts::Accounts;
use self::nonces::Nonces;
use self::params::{Economy, InsufficientReserve, Terms};
use self::price::PriceTooLarge;
use self::winners::Winners;
use crate::fault::ParamsFault;
use crate::ticket::big;

pub use self::chain::{ChainError, ChainView, Funds, Head, Redeemer};
pub use self::fake::FakeChain;
pub use self::price::Price;
pub use self::rpc::RpcChain;
pub use self::stats::{PaymentStats, TagEarnings, Wei};
pub use self::winners::Winner;

pub(crate) use self::http::{payment, refresh};
pub(crate) use self::process::PaymentError;
pub(crate) use self::redeem::run as redeem;

/// Wei a ticket of a stock node is worth (go-livepeer `cmd/livepeer/starter/starter.go:279`).
const TICKET_EV: u64 = 8_000_000_000;
/// Gas of a redemption on Arbitrum (go-livepeer `cmd/livepeer/starter/starter.go:56-61`).
const REDEEM_GAS: u64 = 1_200_000;

/// How an orchestrator is paid. Defaults are those of a stock node on Arbitrum; the price is free.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct OnChain {
    /// Where the chain is read.
    pub chain: Arc<dyn ChainView>,
    /// What redeems winners; without one they wait for ever.
    pub redeemer: Option<Arc<dyn Redeemer>>,
    /// Base price.
    pub price: Price,
    /// Adds what redeeming costs to the price.
    pub auto_adjust: bool,
    /// Wei a ticket must be worth on average; also the least credit of a session.
    pub ticket_ev: U256,
    /// Gas reckoned for a redemption.
    pub redeem_gas: u64,
    /// Wei for a unit of gas, in place of what the chain says.
    pub gas_price: Option<U256>,
    /// Most a winner may be worth; zero is no limit.
    pub max_face_value: U256,
    /// Redeems winners as they come, before their parameters expire. A stock node never does that, as
    /// it gives the secret number away while it still counts; for demos that cannot wait.
    pub redeem_at_once: bool,
}

impl OnChain {
    /// The defaults on this chain.
    pub fn new(chain: Arc<dyn ChainView>) -> Self {
        Self {
            chain,
            redeemer: None,
            price: Price::per_pixel(0),
            auto_adjust: true,
            ticket_ev: U256::from(TICKET_EV),
            redeem_gas: REDEEM_GAS,
            gas_price: None,
            max_face_value: U256::ZERO,
            redeem_at_once: false,
        }
    }

    async fn head(&self) -> Result<Head, ChainError> {
        let mut head = self.chain.head().await?;
        head.gas_price = self.gas_price.unwrap_or(head.gas_price);
        Ok(head)
    }

    fn economy(&self, head: &Head) -> Economy {
        Economy {
            ticket_ev: self.ticket_ev,
            redeem_gas: self.redeem_gas,
            gas_price: head.gas_price,
            max_face_value: self.max_face_value,
        }
    }
}

/// The payee of a node, through all its lives.
#[derive(Debug)]
pub(crate) struct Payee {
    settings: OnChain,
    recipient: Address,
    winners: Winners,
}

/// What one process of a payee knows.
pub(crate) struct Memory {
    secret: hmac::Key,
    accounts: Accounts,
    nonces: Nonces,
    /// Senders heard from; only their winners are redeemed.
    known: Mutex<HashSet<Address>>,
}

/// Why there is no information for a sender.
#[derive(Debug, thiserror::Error)]
pub(crate) enum TermsError {
    #[error(transparent)]
    Reserve(#[from] InsufficientReserve),
    #[error(transparent)]
    Price(#[from] PriceTooLarge),
    #[error(transparent)]
    Chain(#[from] ChainError),
    /// Nobody pays here.
    #[error("this orchestrator is off-chain")]
    Unpaid,
}

/// What a sender is asked for.
#[derive(Clone, Debug)]
pub(crate) struct Offer {
    pub(crate) price: net::PriceInfo,
    pub(crate) params: net::TicketParams,
}

/// Who pays for a segment, from which account, and at what price.
#[derive(Clone, Debug)]
pub(crate) struct Paid {
    pub(crate) memory: Arc<Memory>,
    pub(crate) sender: Address,
    pub(crate) account: String,
    /// `None` where the price cannot be used: a stock node dies over it after the early 200.
    pub(crate) price: Option<BigRational>,
}

impl Memory {
    pub(crate) fn new() -> Self {
        let secret: [u8; 32] = rand::random();
        Self {
            secret: hmac::Key::new(hmac::HMAC_SHA256, &secret),
            accounts: Accounts::default(),
            nonces: Nonces::default(),
            known: Mutex::default(),
        }
    }
}

impl fmt::Debug for Memory {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Memory").field("accounts", &self.accounts).finish_non_exhaustive()
    }
}

impl Payee {
    pub(crate) fn new(settings: OnChain, recipient: Address) -> Self {
        Self { settings, recipient, winners: Winners::new() }
    }

    /// Winners not redeemed yet.
    pub(crate) fn waiting(&self) -> usize {
        self.winners.waiting()
    }

    /// Price and new parameters for a sender; at the pinned price of `session`, if it has one.
    pub(crate) async fn offer(
        &self,
        memory: &Memory,
        sender: Address,
        session: Option<&str>,
        fault: Option<ParamsFault>,
    ) -> Result<Offer, TermsError> {
        if fault == Some(ParamsFault::InsufficientReserve) {
            return Err(InsufficientReserve.into());
        }
        let settings = &self.settings;
        let head = settings.head().await?;
        let funds = settings.chain.funds(sender, self.recipient).await?;
        memory.known.lock().insert(sender);
        let economy = settings.economy(&head);
        let pending = self.winners.pending(sender);
        let max_float = params::max_float(&funds, head.pool_size, pending);
        let pinned =
            session.and_then(|session| memory.accounts.price(sender, session, Instant::now()));
        let base = settings.price.exact();
        let mut price = match pinned {
            Some(pinned) => pinned,
            None if settings.auto_adjust && base.is_positive() => {
                let face_value = economy.face_value(max_float)?;
                price::adjusted(&base, &big(&economy.tx_cost()), &big(&face_value))
            }
            None => base,
        };
        match fault {
            Some(ParamsFault::PriceDoubled) => price *= BigRational::from_integer(2.into()),
            Some(ParamsFault::PriceTimes(factor)) => {
                price *= BigRational::from_integer(factor.into());
            }
            Some(ParamsFault::PriceZero) => price = BigRational::zero(),
            _ => {}
        }
        let free = !price.is_positive() || fault == Some(ParamsFault::FaceValueZero);
        let terms = if free {
            Terms { face_value: U256::ZERO, win_prob: U256::ZERO }
        } else {
            let face_value = economy.face_value(max_float)?;
            Terms { face_value, win_prob: economy.win_prob(face_value) }
        };
        let lifetime = (fault == Some(ParamsFault::Expired)).then_some(0);
        let params =
            params::issue(&memory.secret, &head, self.recipient, sender, terms, &price, lifetime);
        Ok(Offer { price: price::write(&price)?, params })
    }

    /// Whether a session's credit is enough to work on (go-livepeer `core/orchestrator.go:468-478`).
    pub(crate) fn covers(
        &self,
        memory: &Memory,
        sender: Address,
        account: &str,
        price: Option<&net::PriceInfo>,
    ) -> bool {
        let balance = memory.accounts.balance(sender, account, Instant::now());
        let costs = price.is_some_and(|price| price.price_per_unit > 0);
        !costs || balance >= BigRational::from_integer(big(&self.settings.ticket_ev))
    }
}

impl Paid {
    pub(crate) fn new(
        memory: Arc<Memory>,
        sender: Address,
        account: &str,
        price: Option<&net::PriceInfo>,
    ) -> Self {
        Self { memory, sender, account: account.to_owned(), price: price::read(price).ok() }
    }

    /// Takes what so many pixels cost off the account; how much that was.
    pub(crate) fn debit(&self, pixels: i64) -> BigRational {
        let Some(price) = &self.price else { return BigRational::zero() };
        let fee = price * BigRational::from_integer(pixels.into());
        self.memory.accounts.add(self.sender, &self.account, &-fee.clone(), Instant::now());
        fee
    }
}
