//! What came of a payment: the account, and whether the session can go on.

use std::fmt;

use jiff::Timestamp;
use num_traits::Zero as _;

use super::{PaymentSession, Reserved, Scheme, SessionEnd, State};
use crate::credit::Change;
use crate::money::Wei;

/// What came of a payment.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Outcome {
    /// It never left.
    NotSent,
    /// It was sent, or part of it, and no answer began: for the account as if it had not been, but
    /// its tickets may have arrived.
    Unanswered,
    /// An answer began and had no usable result.
    Spent,
    /// The payment itself was refused.
    Refused(Refusal),
    /// Work was done.
    Received {
        /// Pixels (units) that the orchestrator reports, all renditions together.
        pixels: u64,
    },
}

/// Why a payment was refused: what go-livepeer's texts mean (specification of payments, 1.8).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Refusal {
    /// A nonce that is used, or one too many.
    Nonce,
    /// Parameters that expired.
    ParamsExpired,
    /// Parameters the orchestrator does not recognise: other price, changed, or issued before it was
    /// restarted.
    Params,
    /// A signature that is not the sender's.
    Signature,
    /// The sender's funds: unlocking, or unknown to the orchestrator.
    Funds,
    /// The orchestrator is not active in this round.
    Inactive,
    /// A token of an earlier life of the orchestrator, or an old one.
    Token,
    /// The orchestrator counts less credit than the gateway.
    Balance,
    /// Something else about the payment.
    Other,
}

impl Refusal {
    /// Reads an answer of 4xx. `None` if it is not about the payment or the session.
    pub fn read(status: u16, text: &str) -> Option<Self> {
        let text = text.trim().to_ascii_lowercase();
        let known = [
            ("invalid ticket sendernonce", Self::Nonce),
            ("ticketparams expired", Self::ParamsExpired),
            ("invalid recipientrand", Self::Params),
            ("invalid ticket signature", Self::Signature),
            ("set to unlock soon", Self::Funds),
            ("could not get sender info", Self::Funds),
            ("cannot process payments", Self::Inactive),
            ("invalid auth token", Self::Token),
            ("expired auth token", Self::Token),
            ("missing auth token", Self::Token),
            ("insufficient balance", Self::Balance),
            ("invalid ticket", Self::Other),
            ("invalid expected price", Self::Other),
            ("could not find sender for payment", Self::Other),
        ];
        let refusal = known.iter().find(|(words, _)| text.contains(words));
        match refusal {
            Some((_, refusal)) if matches!(status, 400..=499) => Some(*refusal),
            // Payment Required: the header was not understood.
            _ => (status == 402).then_some(Self::Other),
        }
    }

    /// Label of a metric.
    pub const fn label(self) -> &'static str {
        match self {
            Self::Nonce => "refused_nonce",
            Self::ParamsExpired => "refused_params_expired",
            Self::Params => "refused_params",
            Self::Signature => "refused_signature",
            Self::Funds => "refused_funds",
            Self::Inactive => "refused_inactive",
            Self::Token => "refused_token",
            Self::Balance => "refused_balance",
            Self::Other => "refused_other",
        }
    }
}

impl fmt::Display for Refusal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Nonce => "a nonce was refused",
            Self::ParamsExpired => "the ticket parameters had expired",
            Self::Params => "the ticket parameters were not recognised",
            Self::Signature => "a signature was refused",
            Self::Funds => "the sender's funds were refused",
            Self::Inactive => "the orchestrator is not active",
            Self::Token => "the session's token was refused",
            Self::Balance => "the balance was insufficient",
            Self::Other => "the orchestrator gave another reason",
        })
    }
}

/// What a settled payment leaves.
#[derive(Debug, Clone, PartialEq, Eq)]
#[must_use = "a session that ended must not be used again"]
pub struct Settled {
    /// What the work cost.
    pub debit: Wei,
    /// Why the session is over, if it is.
    pub ended: Option<SessionEnd>,
    /// The orchestrator refuses nonces with a tag in them: from here on it gets plain ones.
    pub plain_nonces: bool,
}

impl PaymentSession {
    /// Settles a payment, in whatever order outcomes come in.
    pub(crate) fn settle(&self, paid: &Reserved, outcome: Outcome, now: Timestamp) -> Settled {
        let mut state = self.0.state.lock();
        let debit = match outcome {
            Outcome::Received { pixels } => paid.terms.price.of(pixels),
            _ => Wei::zero(),
        };
        let change = match outcome {
            Outcome::NotSent | Outcome::Unanswered => Change::NotSent,
            Outcome::Spent | Outcome::Refused(_) => Change::Spent,
            Outcome::Received { .. } => Change::Received { debit: debit.clone() },
        };
        // Credit of an earlier session id is of no use under this one, and so are refusals.
        let current = paid.generation == state.generation;
        if current && !paid.terms.price.is_free() {
            state.credit.settle(&paid.staged, &change, now);
        }
        let mut plain_nonces = false;
        match outcome {
            Outcome::Received { .. } if current => state.accepted = true,
            Outcome::Refused(refusal) => {
                plain_nonces = self.falls_back(&mut state, paid, refusal);
                if current {
                    state.refused(paid, refusal);
                }
            }
            _ => {}
        }
        Settled { debit, ended: state.ended.clone(), plain_nonces }
    }

    /// Undoes a reservation that came to nothing before anything was sent. Nonces stay used.
    pub(crate) fn undo(&self, reserved: &Reserved, now: Timestamp) {
        let mut state = self.0.state.lock();
        if reserved.generation == state.generation && !reserved.terms.price.is_free() {
            state.credit.settle(&reserved.staged, &Change::NotSent, now);
        }
    }

    /// The parameters of a payment are not to be used any more.
    pub(crate) fn burn(&self, reserved: &Reserved) {
        self.0.state.lock().series.burn(reserved.terms.hash());
    }

    /// A nonce of parameters that never were used before cannot have been seen before: what is
    /// refused is the tag in it.
    fn falls_back(&self, state: &mut State, paid: &Reserved, refusal: Refusal) -> bool {
        let fresh = paid.nonces.is_some_and(|nonces| nonces.fresh);
        let tagged = paid.scheme == Scheme::Tagged && self.0.tag.is_tagged();
        let falls_back = refusal == Refusal::Nonce && fresh && tagged;
        if falls_back {
            state.scheme = Scheme::Plain;
        }
        falls_back
    }
}

impl State {
    fn refused(&mut self, paid: &Reserved, refusal: Refusal) {
        let tickets = paid.tickets();
        if refusal == Refusal::Token {
            self.end(SessionEnd::Forgotten);
        } else if paid.first {
            self.end(SessionEnd::FirstPaymentRefused { refusal });
        } else if tickets > 1 {
            self.end(SessionEnd::PaymentRefused { tickets, refusal });
        } else if matches!(refusal, Refusal::Nonce | Refusal::ParamsExpired | Refusal::Params) {
            self.series.burn(paid.terms.hash());
        }
    }
}
