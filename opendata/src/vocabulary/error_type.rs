//! What went wrong, in our words and in go-livepeer's. Each of its codes is exactly one of our
//! types, and each type has the party that is to blame unless the caller knows better.

use super::Blame;

/// What went wrong, closed vocabulary.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum ErrorType {
    /// It had too much to do.
    Busy,
    /// It had no session left, or nobody had.
    Capacity,
    /// No connection, or one that broke.
    Connect,
    /// The TLS handshake failed.
    Tls,
    /// The name did not resolve.
    Dns,
    /// No first answer in time.
    TimeoutFirst,
    /// Not finished in time.
    TimeoutTotal,
    /// An answer that cannot be read or breaks the protocol.
    BadResponse,
    /// A signature that does not fit.
    BadSignature,
    /// Tickets were refused.
    PaymentRejected,
    /// The balance did not cover the work.
    InsufficientBalance,
    /// The ticket parameters were too old.
    TicketParamsExpired,
    /// The price rose past what was agreed.
    PriceChanged,
    /// It cannot do this kind of work.
    Unsupported,
    /// The model was not loaded.
    ModelNotLoaded,
    /// The input cannot be processed.
    SourceInvalid,
    /// A result is missing.
    OutputMissing,
    /// A result cannot be decoded.
    OutputUndecodable,
    /// A result is not what was asked for.
    Verification,
    /// The client called it off.
    CancelledByClient,
    /// A fault of this gateway.
    Internal,
    /// Anything else.
    Other,
}

impl ErrorType {
    /// Every value, in the order of the dictionary.
    pub const ALL: [Self; 22] = [
        Self::Busy,
        Self::Capacity,
        Self::Connect,
        Self::Tls,
        Self::Dns,
        Self::TimeoutFirst,
        Self::TimeoutTotal,
        Self::BadResponse,
        Self::BadSignature,
        Self::PaymentRejected,
        Self::InsufficientBalance,
        Self::TicketParamsExpired,
        Self::PriceChanged,
        Self::Unsupported,
        Self::ModelNotLoaded,
        Self::SourceInvalid,
        Self::OutputMissing,
        Self::OutputUndecodable,
        Self::Verification,
        Self::CancelledByClient,
        Self::Internal,
        Self::Other,
    ];

    /// The spelling in records.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Busy => "busy",
            Self::Capacity => "capacity",
            Self::Connect => "connect",
            Self::Tls => "tls",
            Self::Dns => "dns",
            Self::TimeoutFirst => "timeout_first",
            Self::TimeoutTotal => "timeout_total",
            Self::BadResponse => "bad_response",
            Self::BadSignature => "bad_signature",
            Self::PaymentRejected => "payment_rejected",
            Self::InsufficientBalance => "insufficient_balance",
            Self::TicketParamsExpired => "ticket_params_expired",
            Self::PriceChanged => "price_changed",
            Self::Unsupported => "unsupported",
            Self::ModelNotLoaded => "model_not_loaded",
            Self::SourceInvalid => "source_invalid",
            Self::OutputMissing => "output_missing",
            Self::OutputUndecodable => "output_undecodable",
            Self::Verification => "verification",
            Self::CancelledByClient => "cancelled_by_client",
            Self::Internal => "internal",
            Self::Other => "other",
        }
    }
}

impl ErrorType {
    /// Who is to blame when nothing else is known.
    pub const fn default_blame(self) -> Blame {
        match self {
            Self::Busy
            | Self::Capacity
            | Self::TimeoutFirst
            | Self::TimeoutTotal
            | Self::BadResponse
            | Self::BadSignature
            | Self::PriceChanged
            | Self::Unsupported
            | Self::ModelNotLoaded
            | Self::OutputMissing
            | Self::OutputUndecodable
            | Self::Verification => Blame::Orchestrator,
            Self::Connect | Self::Tls | Self::Dns => Blame::Network,
            Self::PaymentRejected | Self::Other => Blame::Unknown,
            Self::InsufficientBalance | Self::TicketParamsExpired | Self::Internal => {
                Blame::Gateway
            }
            Self::SourceInvalid | Self::CancelledByClient => Blame::Client,
        }
    }
}

/// An error code of go-livepeer's segment metrics (`monitor/census.go`).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum ErrorNative {
    /// Not one of the others.
    Unknown,
    /// The credentials could not be made.
    GenCreds,
    /// The source could not be stored.
    ObjectStorage,
    /// The stream had ended.
    SessionEnded,
    /// The balance did not cover the segment.
    InsufficientBalance,
    /// The upload took too long.
    Timeout,
    /// The segment had been sent before.
    DuplicateSegment,
    /// The orchestrator had no session left.
    OrchestratorCapped,
    /// An answer without a known kind.
    UnknownResponse,
    /// The orchestrator said that transcoding failed.
    Transcode,
    /// The orchestrator was busy.
    OrchestratorBusy,
    /// The answer could not be parsed.
    ParseResponse,
    /// The answer broke off.
    ReadBody,
    /// No orchestrator was left.
    NoOrchestrators,
    /// A rendition could not be downloaded.
    Download,
    /// A rendition could not be stored.
    SaveData,
    /// Every attempt was used up.
    MaxAttempts,
    /// No other orchestrator would do better.
    NonRetryable,
    /// The job was called off.
    CtxCancelled,
    /// The segment was lost.
    LostSegment,
}

impl ErrorNative {
    /// Every value, in the order of the dictionary.
    pub const ALL: [Self; 20] = [
        Self::Unknown,
        Self::GenCreds,
        Self::ObjectStorage,
        Self::SessionEnded,
        Self::InsufficientBalance,
        Self::Timeout,
        Self::DuplicateSegment,
        Self::OrchestratorCapped,
        Self::UnknownResponse,
        Self::Transcode,
        Self::OrchestratorBusy,
        Self::ParseResponse,
        Self::ReadBody,
        Self::NoOrchestrators,
        Self::Download,
        Self::SaveData,
        Self::MaxAttempts,
        Self::NonRetryable,
        Self::CtxCancelled,
        Self::LostSegment,
    ];

    /// The spelling in records.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Unknown => "Unknown",
            Self::GenCreds => "GenCreds",
            Self::ObjectStorage => "ObjectStorage",
            Self::SessionEnded => "SessionEnded",
            Self::InsufficientBalance => "InsufficientBalance",
            Self::Timeout => "Timeout",
            Self::DuplicateSegment => "DuplicateSegment",
            Self::OrchestratorCapped => "OrchestratorCapped",
            Self::UnknownResponse => "UnknownResponse",
            Self::Transcode => "Transcode",
            Self::OrchestratorBusy => "OrchestratorBusy",
            Self::ParseResponse => "ParseResponse",
            Self::ReadBody => "ReadBody",
            Self::NoOrchestrators => "NoOrchestrators",
            Self::Download => "Download",
            Self::SaveData => "SaveData",
            Self::MaxAttempts => "MaxAttempts",
            Self::NonRetryable => "NonRetryable",
            Self::CtxCancelled => "CtxCancelled",
            Self::LostSegment => "LostSegment",
        }
    }
}

impl ErrorNative {
    /// The one type this code stands for.
    pub const fn error_type(self) -> ErrorType {
        match self {
            Self::Unknown | Self::MaxAttempts => ErrorType::Other,
            Self::GenCreds | Self::ObjectStorage | Self::SaveData => ErrorType::Internal,
            Self::SessionEnded | Self::CtxCancelled => ErrorType::CancelledByClient,
            Self::InsufficientBalance => ErrorType::InsufficientBalance,
            Self::Timeout => ErrorType::TimeoutFirst,
            Self::DuplicateSegment | Self::NonRetryable => ErrorType::SourceInvalid,
            Self::OrchestratorCapped | Self::NoOrchestrators => ErrorType::Capacity,
            Self::UnknownResponse | Self::ParseResponse => ErrorType::BadResponse,
            Self::Transcode | Self::Download | Self::LostSegment => ErrorType::OutputMissing,
            Self::OrchestratorBusy => ErrorType::Busy,
            Self::ReadBody => ErrorType::Connect,
        }
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;

    #[test]
    fn no_two_error_types_share_a_spelling() {
        let names: BTreeSet<_> = ErrorType::ALL.iter().map(|kind| kind.as_str()).collect();
        assert_eq!(names.len(), ErrorType::ALL.len());
    }

    #[test]
    fn every_native_code_has_a_type_and_every_type_somebody_to_blame() {
        let table: Vec<_> = ErrorNative::ALL
            .iter()
            .map(|code| {
                let kind = code.error_type();
                format!("{} = {} ({})", code.as_str(), kind.as_str(), kind.default_blame().as_str())
            })
            .collect();
        insta::assert_snapshot!(table.join("\n"));
    }
}
