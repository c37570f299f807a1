//! What an orchestrator offers, and taking it over.

use std::sync::Arc;

use jiff::Timestamp;
use waymark_proto::net::OrchestratorInfo;

use super::terms::{Terms, is_worthless};
use super::{PaymentSession, SessionEnd, State};
use crate::credit::Credit;
use crate::price::Price;
use crate::ticket::TicketParams;
use crate::wire::WireError;

/// One set of terms as an orchestrator sent it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Offer {
    /// Name of the session, from the token.
    pub session_id: String,
    /// When the token begins to be refused.
    pub token_expires_at: Timestamp,
    /// The price.
    pub price: Option<Price>,
    /// Ticket parameters for that price.
    pub params: Option<TicketParams>,
}

impl Offer {
    /// Reads it out of what an orchestrator says of itself.
    pub fn read(info: &OrchestratorInfo) -> Result<Self, WireError> {
        let token =
            info.auth_token.as_ref().ok_or(WireError::Missing { field: "the session's token" })?;
        let latest = if token.expiration < 0 { Timestamp::MIN } else { Timestamp::MAX };
        Ok(Self {
            session_id: token.session_id.clone(),
            token_expires_at: Timestamp::from_second(token.expiration).unwrap_or(latest),
            price: info.price_info.as_ref().map(Price::try_from).transpose()?,
            params: info.ticket_params.as_ref().map(TicketParams::try_from).transpose()?,
        })
    }
}

/// Where an offer comes from.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Source {
    /// The reply to a segment or a payment, or `/refresh-payment`: it counts only for the session id
    /// it names.
    Session,
    /// GetOrchestrator: it may begin a new session id, and with it a new account.
    Reopened,
}

/// What became of an offer.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Renewed {
    /// Its terms hold now.
    Adopted,
    /// The ones there were stay: it is older, incomplete, or of an earlier session id.
    Kept,
}

impl PaymentSession {
    /// Takes over what the orchestrator offers, in whatever order replies come in: older parameters
    /// never replace younger ones. An offer to work for nothing ends a session that was agreed as
    /// paid, even if it would not have been taken over.
    pub fn renew(
        &self,
        offer: &Offer,
        source: Source,
        now: Timestamp,
    ) -> Result<Renewed, SessionEnd> {
        let mut state = self.0.state.lock();
        if let Some(end) = &state.ended {
            return Err(end.clone());
        }
        let same_id = *offer.session_id == *state.terms.session_id;
        if !same_id && source == Source::Session {
            return Ok(Renewed::Kept);
        }
        if let Some(end) = self.breach(offer) {
            return Err(state.end(end));
        }
        let paid = !self.0.initial.is_free();
        let (Some(price), true) = (offer.price, offer.params.is_some() || !paid) else {
            return Ok(Renewed::Kept);
        };
        if same_id {
            state.token_expires_at = state.token_expires_at.max(offer.token_expires_at);
            if state.is_older(offer) {
                return Ok(Renewed::Kept);
            }
        } else {
            state.token_expires_at = offer.token_expires_at;
            state.credit = Credit::new(now);
            state.generation = state.generation.wrapping_add(1);
            state.accepted = false;
        }
        let terms = Terms::new(&offer.session_id, price, offer.params);
        state.series.switch(terms.hash());
        state.terms = Arc::new(terms);
        Ok(Renewed::Adopted)
    }

    /// What in an offer breaks the agreement.
    fn breach(&self, offer: &Offer) -> Option<SessionEnd> {
        let initial = self.0.initial;
        if initial.is_free() {
            return None;
        }
        if offer.price.is_some_and(Price::is_free) {
            return Some(SessionEnd::PriceFellToZero { initial });
        }
        let params = offer.params?;
        if is_worthless(&params) {
            let price = offer.price.unwrap_or(initial);
            return Some(SessionEnd::WorthlessTickets { price });
        }
        let (agreed, offered) = (self.0.recipient, params.recipient);
        (agreed != offered).then_some(SessionEnd::RecipientChanged { agreed, offered })
    }
}

impl State {
    /// Whether what is there expires later and still has nonces.
    fn is_older(&self, offer: &Offer) -> bool {
        let (Some(current), Some(offered)) = (self.terms.params, offer.params) else {
            return false;
        };
        offered.expiration_block < current.expiration_block
            && self.series.used() < waymark_tagging::nonce::MAX_COUNTER
    }
}
