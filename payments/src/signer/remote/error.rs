//! Why there is no payment from a remote signer.

use alloy_primitives::{Address, U256};

/// A remote signer gave no payment.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum RemoteError {
    /// No connection, no answer in time, or it broke off. Asking again with the same session is safe.
    #[error("the remote signer at {origin} did not answer")]
    Unreachable {
        /// Scheme, host and port.
        origin: String,
        /// What happened.
        #[source]
        source: reqwest::Error,
    },
    /// More than any honest answer has.
    #[error("the remote signer at {origin} sent more than {limit} bytes")]
    TooLarge {
        /// Scheme, host and port.
        origin: String,
        /// Most that is read.
        limit: usize,
    },
    /// 481: the orchestrator's price is above a limit of the session, of the signer or of its operator.
    #[error("the remote signer refuses the orchestrator's price: {message}")]
    PriceExceeded {
        /// What it said.
        message: String,
    },
    /// 483: whoever pays behind the signer has no more credit there.
    #[error("the remote signer's account is out of funds: {message}")]
    InsufficientFunds {
        /// What it said.
        message: String,
    },
    /// 503.
    #[error("the remote signer is unavailable at the moment: {message}")]
    Unavailable {
        /// What it said.
        message: String,
    },
    /// 480, again and again: fresh ticket parameters were too old for the signer each time.
    #[error(
        "the remote signer asked for a fresh session {tries} times in a row; does it see the same \
         chain as the orchestrator?"
    )]
    StaleSession {
        /// How often the session was renewed.
        tries: u32,
    },
    /// The session could not be renewed at the orchestrator.
    #[error("the session could not be renewed for the remote signer")]
    Refresh {
        /// What happened.
        #[source]
        source: Box<dyn std::error::Error + Send + Sync>,
    },
    /// Any other status below 500: the request or the caller is refused.
    #[error("the remote signer refused with status {status}: {message}")]
    Refused {
        /// HTTP status, possibly one chosen by the signer's own webhook.
        status: u16,
        /// What it said.
        message: String,
    },
    /// Any other status from 500.
    #[error("the remote signer failed with status {status}: {message}")]
    Failed {
        /// HTTP status.
        status: u16,
        /// What it said.
        message: String,
    },
    /// It answered something that must not be used. The session is over: its credit is unknown.
    #[error("the remote signer's answer cannot be used")]
    Answer(#[source] AnswerError),
    /// An earlier answer of this session could not be used.
    #[error("this remote payment session is over, begin a new one with the orchestrator")]
    Ended,
    /// The session has no manifest id yet, which is needed from the second payment on.
    #[error("the session's manifest id is not known; set it from the orchestrator's first answer")]
    NoManifest,
    /// What the orchestrator sent cannot be paid through a remote signer.
    #[error("the orchestrator's {what}; it cannot be paid through the remote signer")]
    Unpayable {
        /// What is missing or wrong.
        what: &'static str,
    },
}

/// What is wrong with a remote signer's answer.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum AnswerError {
    /// Not the documented JSON.
    #[error("it is not the documented JSON (line {line}, column {column})")]
    Json {
        /// Where reading stopped.
        line: usize,
        /// Where in the line.
        column: usize,
    },
    /// A field that cannot be decoded.
    #[error("its field {field} is not {expected}")]
    Field {
        /// Name in the JSON document.
        field: &'static str,
        /// What it has to be.
        expected: &'static str,
    },
    /// The address is not that of the key that signed.
    #[error("its signature is not by {address}, the address it gave")]
    Identity {
        /// What it claims to be.
        address: Address,
    },
    /// Payment or credentials are for something else than was asked for.
    #[error("{what} is not that of the session it was asked for")]
    Mismatch {
        /// Which part.
        what: &'static str,
    },
    /// The payment names another payer.
    #[error("the payment's sender is {sender}, the signer is {expected}")]
    Sender {
        /// Whom it names.
        sender: Address,
        /// Who it has to be.
        expected: Address,
    },
    /// Too many tickets, or none.
    #[error("the payment has {count} tickets; accepted are 1 to {limit}")]
    Tickets {
        /// How many it has.
        count: usize,
        /// Most that are taken.
        limit: u16,
    },
    /// More money than is allowed.
    #[error("the payment's {what} of {value} wei is above the limit of {limit} wei")]
    Value {
        /// Which value.
        what: &'static str,
        /// What it is.
        value: U256,
        /// Most that is taken.
        limit: U256,
    },
    /// A ticket with no signature an orchestrator would read.
    #[error("ticket {index} has no signature of 65 bytes with V 27 or 28")]
    Signature {
        /// Counted from 0.
        index: usize,
    },
    /// Nonces that leave gaps, repeat each other or those of an earlier payment.
    #[error("the tickets' nonces are not consecutive and above {used}, the last one used")]
    Nonces {
        /// Highest nonce used with these parameters; 0 when none was.
        used: u32,
    },
}
