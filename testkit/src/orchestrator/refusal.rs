//! Every way `/segment` says no before its early 200, with the status and the text of a stock node
//! (go-livepeer `server/segment_rpc.go:73-238, 287-314, 401-452`; each was provoked on a running one).

use std::borrow::Cow;

use http::StatusCode;

use super::payee::PaymentError;

/// Why a segment was refused. The order of the variants is the order of the checks.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Refusal {
    /// The payment header is no base64; the offset of the first bad byte.
    PaymentBase64(usize),
    PaymentProtobuf,
    SegmentBase64,
    SegmentProtobuf,
    OutputFormat,
    EncoderProfile,
    VideoCodec,
    Duration,
    Signature,
    Capabilities,
    TokenMissing,
    TokenInvalid,
    TokenExpired,
    Capped,
    /// Price or ticket parameters cannot be made.
    Terms,
    /// The payment, or the credit with it.
    Payment(PaymentError),
    /// The body is too large, or ended early.
    Body,
    /// The body was to be fetched from a URL and could not be.
    Fetch,
    Hash,
    /// A switched-on fault answers with this status and its usual phrase.
    Fault(StatusCode),
}

const PROTOBUF: &str = "proto: cannot parse invalid wire-format data";

impl Refusal {
    pub(crate) fn status(&self) -> StatusCode {
        match self {
            Self::PaymentBase64(_) | Self::PaymentProtobuf => StatusCode::PAYMENT_REQUIRED,
            Self::Body | Self::Terms => StatusCode::INTERNAL_SERVER_ERROR,
            Self::Fetch | Self::Payment(_) => StatusCode::BAD_REQUEST,
            Self::Fault(status) => *status,
            Self::SegmentBase64
            | Self::SegmentProtobuf
            | Self::OutputFormat
            | Self::EncoderProfile
            | Self::VideoCodec
            | Self::Duration
            | Self::Signature
            | Self::Capabilities
            | Self::TokenMissing
            | Self::TokenInvalid
            | Self::TokenExpired
            | Self::Capped
            | Self::Hash => StatusCode::FORBIDDEN,
        }
    }

    /// The line in the body, without its line feed.
    pub(crate) fn text(&self) -> Cow<'static, str> {
        Cow::Borrowed(match self {
            Self::PaymentBase64(offset) => {
                return Cow::Owned(format!(
                    "base64 decode error: illegal base64 data at input byte {offset}"
                ));
            }
            Self::PaymentProtobuf => {
                return Cow::Owned(format!("protobuf unmarshal error: {PROTOBUF}"));
            }
            Self::SegmentBase64 => "ErrorSegEncoding",
            Self::SegmentProtobuf => PROTOBUF,
            Self::OutputFormat => "unrecognized profile output format",
            Self::EncoderProfile => "unrecognized encoder profile",
            Self::VideoCodec => "unrecognized video codec",
            Self::Duration => "invalid duration",
            Self::Signature => "ErrSegSig",
            Self::Capabilities => "incompatible capabilities",
            Self::TokenMissing => "missing auth token",
            Self::TokenInvalid => "invalid auth token",
            Self::TokenExpired => "expired auth token",
            Self::Capped => "OrchestratorCapped",
            Self::Body | Self::Terms => "Internal Server Error",
            Self::Payment(error) => return Cow::Owned(error.to_string()),
            Self::Fetch => "BadRequest",
            Self::Hash => "Forbidden",
            Self::Fault(status) => status.canonical_reason().unwrap_or("fault"),
        })
    }

    /// A key for counting: the text without what varies.
    pub(crate) fn key(&self) -> Cow<'static, str> {
        match self {
            Self::PaymentBase64(_) => Cow::Borrowed("base64 decode error"),
            Self::Payment(error) => Cow::Owned(error.key()),
            other => other.text(),
        }
    }
}
