//! What a payment is made of, decided in one critical section: price, fee, credit, tickets, nonces.

use std::sync::Arc;

use alloy_primitives::Address;
use jiff::Timestamp;
use num_traits::Zero as _;
use waymark_tagging::nonce::MAX_COUNTER;

use super::nonces::{Nonces, highest};
use super::{PaymentSession, Scheme, State, Terms};
use crate::chain::{ChainState, Health};
use crate::check::{self, ParamsError, TicketLimits};
use crate::credit::Staged;
use crate::fee::Work;
use crate::money::{self, Wei};
use crate::payer::{PayError, TicketBound};
use crate::price::MaxPrice;
use crate::ticket::Creation;
use crate::wire::tickets_in_header;

/// What is asked of a session.
#[derive(Debug)]
pub(crate) struct Ask<'a> {
    pub(crate) work: Work<'a>,
    pub(crate) max_price: Option<&'a MaxPrice>,
    pub(crate) limits: &'a TicketLimits,
    pub(crate) header_bytes: usize,
    pub(crate) chain: &'a ChainState,
    pub(crate) now: Timestamp,
}

/// Credit and nonces that belong to one payment from here on.
#[derive(Debug)]
pub(crate) struct Reserved {
    pub(crate) terms: Arc<Terms>,
    pub(crate) fee: Wei,
    pub(crate) staged: Staged,
    pub(crate) nonces: Option<Nonces>,
    /// The round that tickets name.
    pub(crate) round: u64,
    pub(super) scheme: Scheme,
    pub(super) generation: u32,
    /// No payment of this session had brought work when it was made.
    pub(super) first: bool,
}

impl Reserved {
    pub(crate) fn tickets(&self) -> u16 {
        self.nonces.map_or(0, |nonces| nonces.count)
    }

    pub(crate) fn recipient(&self) -> Address {
        self.terms.params.map(|params| params.recipient).unwrap_or_default()
    }
}

impl PaymentSession {
    /// Takes credit and nonces for a payment, or nothing at all.
    pub(crate) fn reserve(&self, ask: &Ask<'_>) -> Result<Reserved, PayError> {
        let mut state = self.0.state.lock();
        if let Some(end) = &state.ended {
            return Err(end.clone().into());
        }
        let terms = Arc::clone(&state.terms);
        self.check_price(&terms, ask)?;
        let fee = ask.work.fee(terms.price);
        let staged = if terms.price.is_free() {
            Staged { existing: Wei::zero(), new: Wei::zero(), tickets: 0 }
        } else {
            state.credit.quote(&fee, &terms.value, ask.now)
        };
        let nonces = match staged.tickets {
            0 => None,
            tickets => Some(self.take_nonces(&mut state, &terms, tickets, ask)?),
        };
        if !terms.price.is_free() {
            state.credit.take();
        }
        Ok(Reserved {
            fee,
            staged,
            nonces,
            round: terms_round(&terms, ask.chain),
            terms,
            scheme: state.scheme,
            generation: state.generation,
            first: !state.accepted,
        })
    }

    /// Whether what was reserved earlier could be reserved now, and is enough for what is asked.
    pub(crate) fn still_covers(&self, reserved: &Reserved, ask: &Ask<'_>) -> bool {
        let state = self.0.state.lock();
        let terms = &reserved.terms;
        let same_terms = state.ended.is_none()
            && Arc::ptr_eq(&state.terms, terms)
            && (state.scheme, state.generation) == (reserved.scheme, reserved.generation);
        drop(state);
        if !same_terms || self.check_price(terms, ask).is_err() {
            return false;
        }
        if terms.price.is_free() {
            return true;
        }
        let paid = money::sum(&reserved.staged.existing, &reserved.staged.new);
        let fee = ask.work.fee(terms.price);
        if money::compare(&paid, money::larger(&fee, &terms.value)).is_lt() {
            return false;
        }
        match (reserved.tickets(), terms.params) {
            (0, _) => true,
            (tickets, Some(params)) => {
                ask.chain.health != Health::Suspect
                    && check::check(&params, &terms.value, tickets.into(), ask.limits, ask.chain)
                        .is_ok()
            }
            (_, None) => false,
        }
    }

    fn check_price(&self, terms: &Terms, ask: &Ask<'_>) -> Result<(), PayError> {
        let (price, initial) = (terms.price, self.0.initial);
        if price.more_than_doubled(initial) {
            return Err(PayError::PriceDoubled { price, initial });
        }
        match ask.max_price {
            Some(max) if !max.allows(price) => {
                Err(PayError::PriceAboveMax { price, max: Box::new(max.clone()) })
            }
            _ => Ok(()),
        }
    }

    fn take_nonces(
        &self,
        state: &mut State,
        terms: &Terms,
        tickets: u64,
        ask: &Ask<'_>,
    ) -> Result<Nonces, PayError> {
        if ask.chain.health == Health::Suspect {
            return Err(PayError::ChainSuspect);
        }
        let params = terms.params.ok_or(ParamsError::Missing)?;
        check::check(&params, &terms.value, tickets, ask.limits, ask.chain)?;
        let (tag, scheme) = (self.0.tag, state.scheme);
        let fitting = tickets_in_header(ask.header_bytes, highest(tag, scheme));
        if usize::try_from(tickets).map_or(true, |tickets| tickets > fitting) {
            let (bound, limit) = (TicketBound::Header { bytes: ask.header_bytes }, fitting);
            return Err(PayError::TooManyTickets { tickets, limit, bound });
        }
        let count = u16::try_from(tickets).ok().filter(|count| *count <= MAX_COUNTER);
        let Some(count) = count else {
            let (bound, limit) = (TicketBound::Nonces, usize::from(MAX_COUNTER));
            return Err(PayError::TooManyTickets { tickets, limit, bound });
        };
        let used = state.series.used();
        state.series.take(tag, scheme, count).ok_or(PayError::NoncesUsedUp { count, used })
    }
}

fn terms_round(terms: &Terms, chain: &ChainState) -> u64 {
    let own = Creation { round: chain.round.number, block_hash: chain.round.block_hash };
    terms.params.map_or(own, |params| params.creation_or(own)).round
}
