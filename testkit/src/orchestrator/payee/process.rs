//! A payment, taken or refused with the text of a stock node (go-livepeer
//! `core/orchestrator.go:113-235`, `pm/recipient.go:149-184`, `pm/validator.go`).
//!
//! Fatal refusals end the batch; after any other the rest is looked at but not credited, and the last
//! refusal is the answer. Whatever was credited before stays, and a winner is kept whatever becomes of
//! its credit.

use std::sync::Arc;

use alloy_primitives::{Address, U256, keccak256};
use num_rational::BigRational;
use num_traits::Zero as _;
use tokio::time::Instant;
use waymark_proto::net;

use super::chain::{ChainError, Head};
use super::nonces::NonceError;
use super::params::{Bound, Terms};
use super::price::{self, PriceError};
use super::winners::Winner;
use super::{Memory, Payee};
use crate::fault::PaymentFault;
use crate::ticket::{Ticket, address, number};

/// Batches above this are checked off the runtime.
const INLINE: usize = 8;

/// Why a payment is refused: the text of the answer.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub(crate) enum PaymentError {
    #[error("Could not find Sender for payment: {0}")]
    NoSender(String),
    #[error("orchestrator {recipient} is inactive in round {round}, cannot process payments")]
    Inactive { recipient: Address, round: u64 },
    #[error("invalid expected price sent with payment err=\"{0}\"")]
    Price(PriceError),
    #[error("could not get sender info for {sender}: {text}")]
    SenderUnknown { sender: Address, text: String },
    #[error("deposit and reserve for sender {sender} is set to unlock soon")]
    Unlocking { sender: Address },
    #[error("invalid ticket recipient")]
    Recipient,
    #[error("invalid ticket sender")]
    Sender,
    #[error("invalid recipientRand for ticket recipientRandHash")]
    RecipientRand,
    #[error("invalid ticket signature")]
    Signature,
    #[error("invalid ticket senderNonce: already seen sender={sender} nonce={nonce}")]
    NonceSeen { sender: Address, nonce: u32 },
    #[error("invalid ticket senderNonce: too many values sender={sender} nonce={nonce}")]
    NonceTooMany { sender: Address, nonce: u32 },
    #[error("invalid ticket senderNonce sender={sender} nonce={nonce}")]
    NonceFault { sender: Address, nonce: u32 },
    #[error("TicketParams expired")]
    Expired,
    #[error("Insufficient balance")]
    Balance,
    /// The chain did not answer.
    #[error("{0}")]
    Chain(String),
    /// A switched-on fault.
    #[error("{0}")]
    Fault(String),
    /// A stock node dies over this request and says nothing.
    #[error("payment without expiration parameters")]
    Crash,
}

impl PaymentError {
    /// A key for counting: the text without what varies.
    pub(crate) fn key(&self) -> String {
        match self {
            Self::NoSender(_) => "Could not find Sender for payment".to_owned(),
            Self::Inactive { .. } => "orchestrator is inactive".to_owned(),
            Self::SenderUnknown { .. } => "could not get sender info".to_owned(),
            Self::Unlocking { .. } => {
                "deposit and reserve for sender is set to unlock soon".to_owned()
            }
            Self::NonceSeen { .. } => "invalid ticket senderNonce: already seen".to_owned(),
            Self::NonceTooMany { .. } => "invalid ticket senderNonce: too many values".to_owned(),
            Self::NonceFault { .. } => "invalid ticket senderNonce".to_owned(),
            other => other.to_string(),
        }
    }

    /// Whether the rest of the batch is not looked at.
    fn is_fatal(&self) -> bool {
        !matches!(
            self,
            Self::Signature
                | Self::NonceSeen { .. }
                | Self::NonceTooMany { .. }
                | Self::NonceFault { .. }
                | Self::Expired
        )
    }
}

impl From<ChainError> for PaymentError {
    fn from(error: ChainError) -> Self {
        Self::Chain(error.to_string())
    }
}

/// All that stands fixed for the tickets of one payment.
struct Batch {
    memory: Arc<Memory>,
    head: Head,
    account: String,
    sender: Address,
    params: net::TicketParams,
    expiration: net::TicketExpirationParams,
    price: BigRational,
    tickets: Vec<net::TicketSenderParams>,
    fault: Option<PaymentFault>,
    now: Instant,
}

/// What became of a batch.
#[derive(Default)]
pub(crate) struct Receipt {
    looked_at: u64,
    credited: Vec<(Ticket, BigRational)>,
    winners: Vec<Winner>,
    rejected: Vec<PaymentError>,
    error: Option<PaymentError>,
}

impl Payee {
    /// Takes a payment for `account`, and says what the answer is if it is refused.
    pub(crate) async fn process(
        self: &Arc<Self>,
        memory: &Arc<Memory>,
        payment: &net::Payment,
        account: &str,
        fault: Option<&PaymentFault>,
    ) -> (Receipt, Result<(), PaymentError>) {
        let mut receipt = Receipt::default();
        let result = self.take(memory, payment, account, fault, &mut receipt).await;
        (receipt, result)
    }

    async fn take(
        self: &Arc<Self>,
        memory: &Arc<Memory>,
        payment: &net::Payment,
        account: &str,
        fault: Option<&PaymentFault>,
        receipt: &mut Receipt,
    ) -> Result<(), PaymentError> {
        let now = Instant::now();
        let sender = address(&payment.sender);
        if let Some(PaymentFault::Refused(text)) = fault {
            return Err(PaymentError::Fault(text.clone()));
        }
        let Some(params) = &payment.ticket_params else {
            memory.accounts.pin(sender, account, &BigRational::zero(), now);
            return Ok(());
        };
        if payment.sender.is_empty() {
            return Err(PaymentError::NoSender(format!("{payment:?}")));
        }
        let head = self.settings.head().await?;
        let recipient = address(&params.recipient);
        let inactive = fault == Some(&PaymentFault::Inactive);
        if inactive || !self.settings.chain.is_active(recipient).await? {
            return Err(PaymentError::Inactive { recipient, round: head.round });
        }
        let price = price::read(payment.expected_price.as_ref()).map_err(PaymentError::Price)?;
        memory.accounts.pin(sender, account, &price, now);
        let expiration = payment.expiration_params.clone().ok_or(PaymentError::Crash)?;
        if payment.ticket_sender_params.is_empty() {
            return Ok(());
        }
        self.check_sender(sender, &head).await?;
        let batch = Batch {
            memory: Arc::clone(memory),
            head,
            account: account.to_owned(),
            sender,
            params: params.clone(),
            expiration,
            price,
            tickets: payment.ticket_sender_params.clone(),
            fault: fault.cloned(),
            now,
        };
        *receipt = if batch.tickets.len() > INLINE {
            let payee = Arc::clone(self);
            let checking = tokio::task::spawn_blocking(move || batch.receive(payee.recipient));
            checking.await.map_err(|error| PaymentError::Chain(error.to_string()))?
        } else {
            batch.receive(self.recipient)
        };
        receipt.winners.retain(|winner| self.winners.store(winner.clone()));
        receipt.error.take().map_or(Ok(()), Err)
    }

    async fn check_sender(&self, sender: Address, head: &Head) -> Result<(), PaymentError> {
        let funds = self
            .settings
            .chain
            .funds(sender, self.recipient)
            .await
            .map_err(|error| PaymentError::SenderUnknown { sender, text: error.to_string() })?;
        if funds.withdraw_round != 0 && funds.withdraw_round <= head.round + 1 {
            return Err(PaymentError::Unlocking { sender });
        }
        Ok(())
    }
}

impl Batch {
    fn receive(&self, recipient: Address) -> Receipt {
        self.memory.nonces.sweep(self.head.l1_block);
        let mut receipt = Receipt::default();
        for signed in &self.tickets {
            receipt.looked_at += 1;
            match self.ticket(recipient, signed, &mut receipt.winners) {
                Ok(ticket) if receipt.error.is_none() => {
                    let value = ticket.expected_value();
                    self.memory.accounts.add(self.sender, &self.account, &value, self.now);
                    receipt.credited.push((ticket, value));
                }
                // In order, but behind one that was not.
                Ok(_) => receipt.rejected.extend(receipt.error.clone()),
                Err(error) => {
                    let fatal = error.is_fatal();
                    receipt.rejected.push(error.clone());
                    receipt.error = Some(error);
                    if fatal {
                        break;
                    }
                }
            }
        }
        receipt
    }

    /// One ticket: ours, signed, drawn, new, in time.
    fn ticket(
        &self,
        recipient: Address,
        signed: &net::TicketSenderParams,
        winners: &mut Vec<Winner>,
    ) -> Result<Ticket, PaymentError> {
        if address(&self.params.recipient) != recipient {
            return Err(PaymentError::Recipient);
        }
        if self.sender.is_zero() {
            return Err(PaymentError::Sender);
        }
        let (nonce, sender) = (signed.sender_nonce, self.sender);
        let ticket = Ticket::new(&self.params, &self.expiration, sender, nonce)
            .ok_or(PaymentError::RecipientRand)?;
        let seed = number(&self.params.seed).ok_or(PaymentError::RecipientRand)?;
        let expiration_block =
            number(&self.params.expiration_block).ok_or(PaymentError::RecipientRand)?;
        let recipient_rand = Bound {
            seed: &seed,
            sender,
            terms: Terms { face_value: ticket.face_value, win_prob: ticket.win_prob },
            expiration_block: &expiration_block,
            price: &self.price,
            aux_data: &ticket.aux_data(),
        }
        .recipient_rand(&self.memory.secret);
        if keccak256(recipient_rand) != ticket.recipient_rand_hash {
            return Err(PaymentError::RecipientRand);
        }
        if !ticket.is_signed(&signed.sig) {
            return Err(PaymentError::Signature);
        }
        if ticket.wins(&signed.sig, &recipient_rand) {
            winners.push(Winner {
                ticket: ticket.clone(),
                signature: signed.sig.clone(),
                recipient_rand,
                expiration_block,
            });
        }
        if let Some(PaymentFault::NonceLimit(limit)) = self.fault
            && nonce > limit
        {
            return Err(PaymentError::NonceFault { sender, nonce });
        }
        self.memory.nonces.note(recipient_rand, nonce, expiration_block).map_err(|error| {
            match error {
                NonceError::Seen => PaymentError::NonceSeen { sender, nonce },
                NonceError::TooMany => PaymentError::NonceTooMany { sender, nonce },
            }
        })?;
        let expired = self.fault == Some(PaymentFault::ParamsExpired);
        if expired || expiration_block <= U256::from(self.head.l1_block) {
            return Err(PaymentError::Expired);
        }
        Ok(ticket)
    }
}

impl Receipt {
    /// Writes down what became of the payment.
    pub(crate) fn count(&self, stats: &mut super::stats::PaymentStats) {
        use super::super::stats::count;
        stats.tickets += self.looked_at;
        for (ticket, value) in &self.credited {
            stats.credited(ticket, value);
        }
        for error in &self.rejected {
            count(&mut stats.tickets_rejected, &error.key());
        }
        for winner in &self.winners {
            stats.won(winner);
        }
    }
}
