//! Faults an orchestrator can be told to have, while it runs.
//!
//! A fault belongs to a phase: information, segment, download, connection, and where an orchestrator is
//! paid also payment, parameters and their renewal. It strikes once, a number
//! of times, or always; several of one phase queue up. On the command line a fault is written
//! `PHASE:KIND[=VALUE][:TIMES]`, for example `segment:slow=3s:2` or `download:corrupt`.

mod parse;

use std::fmt;
use std::time::Duration;

use crate::attack::Attack;

pub use parse::FaultParseError;

/// How often a fault strikes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Default)]
pub enum Times {
    /// The next time only.
    Once,
    /// This many times; 0 is never.
    N(u32),
    /// Until it is cleared.
    #[default]
    Always,
}

/// A fault of any phase.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Fault {
    /// While a gateway asks for information.
    GetOrchestrator(GetOrchestratorFault),
    /// While a segment is handled.
    Segment(SegmentFault),
    /// While a rendition is fetched.
    Download(DownloadFault),
    /// When a connection is accepted.
    Connection(ConnectionFault),
    /// While a payment is taken.
    Payment(PaymentFault),
    /// While price and ticket parameters are made, wherever they go.
    Params(ParamsFault),
    /// At `/refresh-payment`.
    Refresh(RefreshFault),
}

/// Faults of GetOrchestrator.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum GetOrchestratorFault {
    /// No answer, ever.
    Hang,
    /// The right answer, late.
    Slow(Duration),
    /// An error with this text.
    Error(String),
    /// The error of a node without a free session.
    Capped,
    /// The connection is closed without an answer.
    DropConnection,
    /// An answer without a service address: the node does no work.
    EmptyTranscoder,
    /// An answer without an auth token.
    NoAuthToken,
    /// An answer that says the node can do nothing but MP4.
    IncompatibleCapabilities,
}

/// Faults of a segment that is otherwise in order. All strike after its credentials were checked.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum SegmentFault {
    /// The result comes this much later; the early 200 does not.
    Slow(Duration),
    /// 200, then the result error of a full queue.
    Busy,
    /// 403 of a node without a free session.
    Capped,
    /// The body is read, then nothing.
    HangBeforeHeaders,
    /// 200 and a few bytes, then nothing.
    HangInBody,
    /// The body is read, then the connection is closed.
    DropBeforeHeaders,
    /// 200 and half of the result, then the connection is closed.
    DropMidResponse,
    /// The last rendition is not reported.
    FewerRenditions,
    /// The last rendition is reported twice.
    MoreRenditions,
    /// Renditions are reported in reverse order, with a signature over that order.
    SwappedOrder,
    /// The result is signed by another key.
    WrongSignature,
    /// Renditions are changed after they were signed.
    CorruptData,
    /// Renditions are cut in half after they were signed.
    TruncatedData,
    /// 200, then bytes that are no message.
    GarbageProtobuf,
    /// 200, then nothing, and a proper end.
    EmptyBody,
    /// A message with neither error nor data but with a field nobody knows.
    UnknownResult,
    /// This status with its phrase.
    Status(u16),
    /// The result names the next sequence number.
    WrongSeq,
    /// A result of this many bytes.
    OversizedResult(u64),
    /// 200, then a result error with this text.
    ResultError(String),
    /// The perceptual hashes are those of other pictures.
    OtherHash,
    /// Perceptual hashes were asked for and there are none.
    NoHash,
    /// Perceptual hashes of 300 MB.
    EndlessHash,
    /// Renditions, claims or signatures of a cheater.
    Attack(Attack),
}

/// Faults of a download.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum DownloadFault {
    /// 404, as after eviction.
    NotFound,
    /// No answer, ever.
    Hang,
    /// The right answer, late.
    Slow(Duration),
    /// Half of the announced bytes, then the connection is closed.
    Truncated,
    /// The right length, other bytes.
    Corrupt,
    /// This many bytes, announced as such.
    Oversized(u64),
    /// This status with its phrase.
    Status(u16),
}

/// Faults of a new connection.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum ConnectionFault {
    /// From this connection on the node has another certificate. Nothing happens on a plain port.
    NewCertificate,
    /// The connection is reset at once.
    Refuse,
}

/// Faults of a payment whose credentials are in order, on `/segment` and `/payment`. Nothing happens
/// off-chain.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum PaymentFault {
    /// Its parameters count as expired.
    ParamsExpired,
    /// Nonces above this one are refused.
    NonceLimit(u32),
    /// The orchestrator is not in the active pool.
    Inactive,
    /// The payment is credited, and the credit is not enough.
    InsufficientBalance,
    /// The node has new secrets, as after a restart: token, parameters and credit are void.
    NewSecret,
    /// 400 with this text, before anything is looked at.
    Refused(String),
}

/// Faults of price and parameters on their way to a sender. The node stands by what it said.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum ParamsFault {
    /// Twice the price.
    PriceDoubled,
    /// So many times the price.
    PriceTimes(u32),
    /// Price and face value are zero.
    PriceZero,
    /// The face value is zero, the price is not.
    FaceValueZero,
    /// They expire with the block they are made in.
    Expired,
    /// There are none: the sender's reserve does not suffice.
    InsufficientReserve,
}

/// Faults of `/refresh-payment`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum RefreshFault {
    /// 404, as of a node that has no such path.
    NotFound,
    /// No answer, ever.
    Hang,
    /// This status with its phrase.
    Status(u16),
}

/// A fault and how often it strikes, as the command line writes it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FaultSpec {
    /// What happens.
    pub fault: Fault,
    /// How often.
    pub times: Times,
}

impl From<GetOrchestratorFault> for Fault {
    fn from(fault: GetOrchestratorFault) -> Self {
        Self::GetOrchestrator(fault)
    }
}

impl From<SegmentFault> for Fault {
    fn from(fault: SegmentFault) -> Self {
        Self::Segment(fault)
    }
}

impl From<DownloadFault> for Fault {
    fn from(fault: DownloadFault) -> Self {
        Self::Download(fault)
    }
}

impl From<ConnectionFault> for Fault {
    fn from(fault: ConnectionFault) -> Self {
        Self::Connection(fault)
    }
}

impl From<PaymentFault> for Fault {
    fn from(fault: PaymentFault) -> Self {
        Self::Payment(fault)
    }
}

impl From<ParamsFault> for Fault {
    fn from(fault: ParamsFault) -> Self {
        Self::Params(fault)
    }
}

impl From<RefreshFault> for Fault {
    fn from(fault: RefreshFault) -> Self {
        Self::Refresh(fault)
    }
}

impl Fault {
    /// Phase and kind as the command line writes them, without a value: the key in
    /// [`Stats::faults`](crate::Stats::faults).
    pub fn name(&self) -> String {
        format!("{}:{}", self.phase(), self.kind().0)
    }

    fn phase(&self) -> &'static str {
        match self {
            Self::GetOrchestrator(_) => "info",
            Self::Segment(_) => "segment",
            Self::Download(_) => "download",
            Self::Connection(_) => "connection",
            Self::Payment(_) => "payment",
            Self::Params(_) => "params",
            Self::Refresh(_) => "refresh",
        }
    }

    fn kind(&self) -> (&'static str, Option<String>) {
        match self {
            Self::GetOrchestrator(fault) => fault.kind(),
            Self::Segment(fault) => fault.kind(),
            Self::Download(fault) => fault.kind(),
            Self::Connection(ConnectionFault::NewCertificate) => ("new-certificate", None),
            Self::Connection(ConnectionFault::Refuse) => ("refuse", None),
            Self::Payment(fault) => fault.kind(),
            Self::Params(fault) => fault.kind(),
            Self::Refresh(fault) => fault.kind(),
        }
    }
}

impl GetOrchestratorFault {
    fn kind(&self) -> (&'static str, Option<String>) {
        match self {
            Self::Hang => ("hang", None),
            Self::Slow(by) => ("slow", Some(millis(*by))),
            Self::Error(text) => ("error", Some(text.clone())),
            Self::Capped => ("capped", None),
            Self::DropConnection => ("drop", None),
            Self::EmptyTranscoder => ("empty-transcoder", None),
            Self::NoAuthToken => ("no-auth-token", None),
            Self::IncompatibleCapabilities => ("incompatible-capabilities", None),
        }
    }
}

impl SegmentFault {
    fn kind(&self) -> (&'static str, Option<String>) {
        match self {
            Self::Slow(by) => ("slow", Some(millis(*by))),
            Self::Busy => ("busy", None),
            Self::Capped => ("capped", None),
            Self::HangBeforeHeaders => ("hang-before-headers", None),
            Self::HangInBody => ("hang-in-body", None),
            Self::DropBeforeHeaders => ("drop-before-headers", None),
            Self::DropMidResponse => ("drop-mid-response", None),
            Self::FewerRenditions => ("fewer-renditions", None),
            Self::MoreRenditions => ("more-renditions", None),
            Self::SwappedOrder => ("swapped-order", None),
            Self::WrongSignature => ("wrong-signature", None),
            Self::CorruptData => ("corrupt-data", None),
            Self::TruncatedData => ("truncated-data", None),
            Self::GarbageProtobuf => ("garbage-protobuf", None),
            Self::EmptyBody => ("empty-body", None),
            Self::UnknownResult => ("unknown-result", None),
            Self::Status(status) => ("status", Some(status.to_string())),
            Self::WrongSeq => ("wrong-seq", None),
            Self::OversizedResult(bytes) => ("oversized-result", Some(bytes.to_string())),
            Self::ResultError(text) => ("result-error", Some(text.clone())),
            Self::OtherHash => ("other-hash", None),
            Self::NoHash => ("no-hash", None),
            Self::EndlessHash => ("endless-hash", None),
            Self::Attack(attack) => ("attack", Some(attack.to_string())),
        }
    }
}

impl DownloadFault {
    fn kind(&self) -> (&'static str, Option<String>) {
        match self {
            Self::NotFound => ("not-found", None),
            Self::Hang => ("hang", None),
            Self::Slow(by) => ("slow", Some(millis(*by))),
            Self::Truncated => ("truncated", None),
            Self::Corrupt => ("corrupt", None),
            Self::Oversized(bytes) => ("oversized", Some(bytes.to_string())),
            Self::Status(status) => ("status", Some(status.to_string())),
        }
    }
}

impl PaymentFault {
    fn kind(&self) -> (&'static str, Option<String>) {
        match self {
            Self::ParamsExpired => ("params-expired", None),
            Self::NonceLimit(limit) => ("nonce-limit", Some(limit.to_string())),
            Self::Inactive => ("inactive", None),
            Self::InsufficientBalance => ("insufficient-balance", None),
            Self::NewSecret => ("new-secret", None),
            Self::Refused(text) => ("refused", Some(text.clone())),
        }
    }
}

impl ParamsFault {
    fn kind(self) -> (&'static str, Option<String>) {
        match self {
            Self::PriceDoubled => ("price-doubled", None),
            Self::PriceTimes(factor) => ("price-times", Some(factor.to_string())),
            Self::PriceZero => ("price-zero", None),
            Self::FaceValueZero => ("face-value-zero", None),
            Self::Expired => ("expired", None),
            Self::InsufficientReserve => ("insufficient-reserve", None),
        }
    }
}

impl RefreshFault {
    fn kind(self) -> (&'static str, Option<String>) {
        match self {
            Self::NotFound => ("not-found", None),
            Self::Hang => ("hang", None),
            Self::Status(status) => ("status", Some(status.to_string())),
        }
    }
}

impl fmt::Display for Fault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (kind, value) = self.kind();
        write!(f, "{}:{kind}", self.phase())?;
        value.map_or(Ok(()), |value| write!(f, "={value}"))
    }
}

impl fmt::Display for Times {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Once => f.write_str("once"),
            Self::N(n) => write!(f, "{n}"),
            Self::Always => f.write_str("always"),
        }
    }
}

impl fmt::Display for FaultSpec {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}:{}", self.fault, self.times)
    }
}

fn millis(duration: Duration) -> String {
    format!("{}ms", duration.as_millis())
}
