//! What can go wrong on the way to an orchestrator, and what that says about the next step.
//!
//! An error knows three things: what happened, who is to blame, and whether another try can help.
//! The decision is taken here once and nowhere else.

use std::time::Duration;

use waymark_opendata::{Blame, ErrorType, Outcome};
use waymark_payments::{payer::Advice, session::Refusal};
use waymark_selection::Failure;
use waymark_verification::check::signature;

use crate::{
    payments::Unpaid,
    wire::{Fault, InfoError, ResultError},
};

/// A connection or a message did not come through.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum TransportError {
    /// Nobody answered at the address.
    #[error("cannot connect")]
    Dial {
        /// What the operating system or TLS said.
        #[source]
        source: std::io::Error,
    },
    /// The address did not answer in time.
    #[error("no connection within {after:?}")]
    DialTimeout {
        /// The deadline.
        after: Duration,
    },
    /// The connection ended before the message did.
    #[error("the connection was dropped")]
    Dropped {
        /// What the operating system, TLS or HTTP said.
        #[source]
        source: std::io::Error,
    },
    /// More bytes than an honest answer has.
    #[error("the answer is larger than {limit} bytes")]
    TooLarge {
        /// The bound.
        limit: usize,
    },
    /// Fewer bytes than announced.
    #[error("the answer ended after {got} of {announced} bytes")]
    Truncated {
        /// Bytes received.
        got: u64,
        /// Bytes in Content-Length.
        announced: u64,
    },
}

/// One attempt with one orchestrator failed.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum AttemptError {
    /// GetOrchestrator was refused or did not come through.
    #[error("no session: {message}")]
    NoSession {
        /// What the orchestrator or the connection said.
        message: String,
        /// Whether the orchestrator itself spoke.
        reached: bool,
        /// Its class.
        fault: Fault,
    },
    /// GetOrchestrator took too long.
    #[error("no session within {after:?}")]
    SessionTimeout {
        /// The deadline.
        after: Duration,
    },
    /// The orchestrator describes itself in a way no session can be made of.
    #[error("unusable session")]
    Info {
        /// What is wrong with it.
        #[source]
        source: InfoError,
    },
    /// The connection failed.
    #[error(transparent)]
    Transport(#[from] TransportError),
    /// `/segment` was answered with a status that is not 200.
    #[error("refused with {status}: {text}")]
    Refused {
        /// HTTP status.
        status: u16,
        /// The text of the answer, cut to a line.
        text: String,
        /// Its class.
        fault: Fault,
    },
    /// No response head: go-livepeer calls it the upload timer.
    #[error("no answer within {after:?} of the upload")]
    HeaderTimeout {
        /// The deadline.
        after: Duration,
    },
    /// A head, but no result.
    #[error("no result within {after:?}")]
    ResultTimeout {
        /// The deadline.
        after: Duration,
    },
    /// The result is unusable, or says that transcoding failed.
    #[error("bad result")]
    Result {
        /// What is wrong with it.
        #[source]
        source: ResultError,
    },
    /// A rendition could not be fetched.
    #[error("rendition {rendition} could not be fetched")]
    Download {
        /// Its name.
        rendition: String,
        /// What happened.
        #[source]
        source: DownloadError,
    },
    /// A check on the renditions failed.
    #[error("the result failed the check {check}: {detail}")]
    Check {
        /// Name of the check.
        check: &'static str,
        /// The measurement.
        detail: String,
    },
    /// The result holds no pictures, and the segment has none, or hardly any, that decode on their own.
    #[error("hardly a picture of the segment decodes on its own, and none came back: {detail}")]
    Source {
        /// What is wrong with the result.
        detail: String,
    },
    /// The operator's external verifier rejected the renditions.
    #[error("the external verifier rejected the result: {fault} (score {score})")]
    Rejected {
        /// Its word.
        fault: &'static str,
        /// Its score.
        score: f64,
    },
    /// Nothing is paid, so nothing was sent.
    #[error("not paid")]
    Unpaid {
        /// Why.
        #[source]
        source: Unpaid,
    },
    /// Another segment found that the orchestrator is gone.
    #[error("the session was lost while this segment waited in it")]
    SessionLost,
    /// The gateway could not build or sign the message.
    #[error("cannot build the request: {message}")]
    Build {
        /// Why.
        message: String,
    },
}

/// Why one rendition did not arrive.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum DownloadError {
    /// The URL leads somewhere no rendition can be.
    #[error("the address {url} is neither http nor https")]
    Address {
        /// The URL given.
        url: String,
    },
    /// Not 200.
    #[error("status {status}")]
    Status {
        /// HTTP status.
        status: u16,
    },
    /// Too slow.
    #[error("not complete within {after:?}")]
    Timeout {
        /// The deadline.
        after: Duration,
    },
    /// The connection failed.
    #[error(transparent)]
    Transport(#[from] TransportError),
    /// Nothing in it.
    #[error("the rendition is empty")]
    Empty,
}

/// What the job does after a failed attempt.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Next {
    /// The media itself cannot be processed: nobody else will do better.
    GiveUp,
    /// The token is void: a new session with the same orchestrator.
    Renew,
    /// Another orchestrator; this one has no free session, which is no fault.
    OtherFull,
    /// Another orchestrator; the queue of this session is full, which passes.
    OtherBusy,
    /// Another orchestrator; this one cannot do this job.
    OtherIncapable,
    /// Another orchestrator; this one cannot be paid now, which is no fault of it.
    OtherUnpaid,
    /// Another orchestrator; this one failed.
    Other,
}

impl AttemptError {
    /// Whether and where to try again.
    pub fn next(&self) -> Next {
        let fault = match self {
            Self::NoSession { fault, .. } | Self::Refused { fault, .. } => *fault,
            Self::Result { source } => source.fault(),
            Self::Info {
                source: InfoError::Incompatible { .. } | InfoError::Unqualified { .. },
            } => return Next::OtherIncapable,
            Self::Build { .. } | Self::Source { .. } => return Next::GiveUp,
            Self::Unpaid { source } => {
                return match source.advice() {
                    Advice::GiveUp => Next::GiveUp,
                    Advice::Renew | Advice::Reopen => Next::Renew,
                    Advice::OtherOrchestrator if source.is_fault() => Next::Other,
                    Advice::OtherOrchestrator => Next::OtherUnpaid,
                };
            }
            _ => Fault::Other,
        };
        match fault {
            Fault::Media => Next::GiveUp,
            // What new parameters or a new session mend; other refusals of a payment another
            // orchestrator may see differently.
            Fault::Token
            | Fault::Payment(
                Refusal::Nonce | Refusal::ParamsExpired | Refusal::Params | Refusal::Balance,
            ) => Next::Renew,
            Fault::Busy => Next::OtherBusy,
            Fault::Capped => Next::OtherFull,
            Fault::Incapable => Next::OtherIncapable,
            Fault::Payment(_) | Fault::Other => Next::Other,
        }
    }

    /// What the orchestrator is set aside for, if for anything.
    pub fn failure(&self) -> Option<Failure> {
        match (self, self.next()) {
            (Self::SessionLost, _) | (_, Next::GiveUp) => None,
            (_, Next::OtherFull | Next::OtherUnpaid) => Some(Failure::Full),
            (_, Next::OtherIncapable) => Some(Failure::Incapable),
            (_, Next::OtherBusy | Next::Renew | Next::Other) => Some(Failure::Fault),
        }
    }

    /// The orchestrator asks more than the operator pays.
    pub fn is_too_expensive(&self) -> bool {
        matches!(self, Self::Unpaid { source } if source.is_too_expensive())
    }

    /// The orchestrator could do the job and does not meet the class of its tag.
    pub fn is_unqualified(&self) -> bool {
        matches!(self, Self::Info { source: InfoError::Unqualified { .. } })
    }

    /// Whether renewing the session's terms does not help or could not be done, so that only a new
    /// session with the same orchestrator does.
    pub fn needs_new_session(&self) -> bool {
        matches!(self, Self::Unpaid { source } if source.advice() == Advice::Reopen)
    }

    /// Whether other segments in the same session should stop waiting: the peer is gone.
    pub fn loses_session(&self) -> bool {
        matches!(
            self,
            Self::HeaderTimeout { .. }
                | Self::ResultTimeout { .. }
                | Self::Transport(TransportError::Dial { .. } | TransportError::DialTimeout { .. })
        )
    }

    /// Whether any byte of the segment may have reached the orchestrator.
    pub fn was_sent(&self) -> bool {
        !matches!(
            self,
            Self::NoSession { .. }
                | Self::SessionTimeout { .. }
                | Self::Info { .. }
                | Self::Build { .. }
                | Self::Unpaid { .. }
                | Self::SessionLost
                | Self::Transport(TransportError::Dial { .. } | TransportError::DialTimeout { .. })
        )
    }

    /// `error_type` of the attempt's record.
    pub fn kind(&self) -> ErrorType {
        let by_fault = |fault: Fault, other: ErrorType| match fault {
            Fault::Capped => ErrorType::Capacity,
            Fault::Busy => ErrorType::Busy,
            Fault::Media => ErrorType::SourceInvalid,
            Fault::Incapable => ErrorType::Unsupported,
            Fault::Payment(Refusal::Balance) => ErrorType::InsufficientBalance,
            Fault::Payment(Refusal::ParamsExpired) => ErrorType::TicketParamsExpired,
            Fault::Payment(_) => ErrorType::PaymentRejected,
            Fault::Token | Fault::Other => other,
        };
        match self {
            Self::NoSession { fault, reached, .. } => {
                by_fault(*fault, if *reached { ErrorType::Other } else { ErrorType::Connect })
            }
            Self::Info {
                source: InfoError::Incompatible { .. } | InfoError::Unqualified { .. },
            } => ErrorType::Unsupported,
            Self::Info { .. } | Self::Transport(TransportError::TooLarge { .. }) => {
                ErrorType::BadResponse
            }
            Self::Transport(_) | Self::SessionLost => ErrorType::Connect,
            Self::Refused { fault, .. } => by_fault(*fault, ErrorType::Other),
            Self::SessionTimeout { .. } | Self::HeaderTimeout { .. } => ErrorType::TimeoutFirst,
            Self::ResultTimeout { .. }
            | Self::Download { source: DownloadError::Timeout { .. }, .. } => {
                ErrorType::TimeoutTotal
            }
            Self::Result { source } => by_fault(source.fault(), ErrorType::BadResponse),
            Self::Download { .. } => ErrorType::OutputMissing,
            Self::Check { check: signature::NAME, .. } => ErrorType::BadSignature,
            Self::Check { check: "container" | "F04.container" | "F14.decoder", .. } => {
                ErrorType::OutputUndecodable
            }
            Self::Check { .. } | Self::Rejected { .. } => ErrorType::Verification,
            Self::Source { .. } => ErrorType::SourceInvalid,
            Self::Unpaid { source } => source.kind(),
            Self::Build { .. } => ErrorType::Internal,
        }
    }

    /// `outcome` of the attempt's record.
    pub fn outcome(&self) -> Outcome {
        match self {
            Self::SessionTimeout { .. }
            | Self::HeaderTimeout { .. }
            | Self::ResultTimeout { .. }
            | Self::Transport(TransportError::DialTimeout { .. })
            | Self::Download { source: DownloadError::Timeout { .. }, .. } => Outcome::Timeout,
            Self::NoSession { .. } | Self::Info { .. } | Self::Refused { .. } => Outcome::Rejected,
            Self::Check { .. } | Self::Rejected { .. } => Outcome::VerificationFailed,
            Self::Unpaid { source } if source.is_too_expensive() => Outcome::PriceExceeded,
            Self::SessionLost => Outcome::Cancelled,
            _ => Outcome::Failed,
        }
    }

    /// `blame` of the attempt's record.
    pub fn blame(&self) -> Blame {
        self.kind().default_blame()
    }

    /// HTTP status the orchestrator answered with, if it did.
    pub fn status(&self) -> Option<u16> {
        match self {
            Self::Refused { status, .. }
            | Self::Download { source: DownloadError::Status { status }, .. } => Some(*status),
            _ => None,
        }
    }
}

/// An error with everything behind it, for one line of a log or an answer.
pub fn chain(error: &dyn std::error::Error) -> String {
    let mut text = error.to_string();
    let mut cause = error.source();
    while let Some(e) = cause {
        let next = e.to_string();
        // Wrappers that repeat their cause would say everything twice.
        if !text.ends_with(&next) {
            text.push_str(": ");
            text.push_str(&next);
        }
        cause = e.source();
    }
    text
}
