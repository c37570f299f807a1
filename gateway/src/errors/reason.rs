//! The closed list of reasons.
//!
//! A reason is a promise to programs: it is never renamed and never changes its status. A new cause
//! gets a new reason.

use std::fmt;

use http::StatusCode;
use serde::{Serialize, Serializer};

/// Why a request was not served. Serialised by its [name](Self::name).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Reason {
    /// The path of a push has no manifest, or one that is not allowed.
    InvalidPath,
    /// Neither `.ts` nor `.mp4`.
    UnsupportedExtension,
    /// `Content-Duration` is negative or too long.
    InvalidDuration,
    /// `Content-Resolution` is not `WxH`.
    InvalidResolution,
    /// `Content-Slice-From` lies behind `Content-Slice-To`.
    InvalidSlice,
    /// The transcode configuration header cannot be read.
    InvalidConfiguration,
    /// A profile cannot be used.
    InvalidProfile,
    /// A preset nobody knows.
    UnknownPreset,
    /// Header and webhook name different profiles.
    ProfileMismatch,
    /// An explicit tag against the grammar.
    InvalidTag,
    /// Header and query name different tags.
    ConflictingTags,
    /// A tag this client may not use.
    TagNotAllowed,
    /// A tag other than the stream's.
    TagChanged,
    /// The state of requirements that a reader says it has is no number.
    InvalidState,
    /// The authorisation webhook said no.
    StreamRefused,
    /// The authorisation webhook could not be asked.
    WebhookUnreachable,
    /// A method the path does not have.
    MethodNotAllowed,
    /// The request's headers are larger than the limit.
    HeadersTooLarge,
    /// The body is larger than the limit.
    BodyTooLarge,
    /// The body ended before its announced length.
    BodyIncomplete,
    /// The body did not arrive in time.
    BodyTimeout,
    /// No bytes.
    EmptyBody,
    /// Bytes that are neither MPEG-TS nor MP4.
    NotMedia,
    /// Media without a video track.
    NoVideo,
    /// Video that does not begin with a picture that can be decoded alone.
    NoKeyFrame,
    /// Video without parameter sets or pictures.
    NoDecodableFrame,
    /// A codec, pixel format or size that no orchestrator takes.
    CodecNotSupported,
    /// Orchestrators looked at the media and cannot process it.
    MediaRejected,
    /// The limit of concurrent streams is reached.
    TooManyStreams,
    /// The memory for bodies in flight is used up.
    MemoryFull,
    /// Too many segments of this stream wait already.
    StreamBusy,
    /// Too many readers follow the requirements already.
    TooManyReaders,
    /// No orchestrator can take the job now.
    NoOrchestrator,
    /// Orchestrators were tried and all failed for reasons of their own.
    OrchestratorsFailed,
    /// A limit of the operator on what is promised to orchestrators is reached.
    SpendLimit,
    /// The gateway's deposit or reserve does not carry a ticket, or is about to be withdrawn.
    NoFunds,
    /// Tickets cannot be issued: the chain, the key or the ledger is not to be relied on now.
    PaymentUnavailable,
    /// The gateway is shutting down.
    Draining,
    /// Nothing is served at this path.
    NotFound,
    /// No such stream, or nothing published yet.
    StreamNotFound,
    /// The stream has no such rendition.
    RenditionNotFound,
    /// The segment is not in the window, or no longer.
    SegmentNotFound,
    /// A defect of the gateway.
    Internal,
}

impl Reason {
    /// Every reason, in the order of the reference.
    pub const ALL: &[Self] = &[
        Self::InvalidPath,
        Self::UnsupportedExtension,
        Self::InvalidDuration,
        Self::InvalidResolution,
        Self::InvalidSlice,
        Self::InvalidConfiguration,
        Self::InvalidProfile,
        Self::UnknownPreset,
        Self::ProfileMismatch,
        Self::InvalidTag,
        Self::ConflictingTags,
        Self::TagNotAllowed,
        Self::TagChanged,
        Self::InvalidState,
        Self::StreamRefused,
        Self::WebhookUnreachable,
        Self::MethodNotAllowed,
        Self::HeadersTooLarge,
        Self::BodyTooLarge,
        Self::BodyIncomplete,
        Self::BodyTimeout,
        Self::EmptyBody,
        Self::NotMedia,
        Self::NoVideo,
        Self::NoKeyFrame,
        Self::NoDecodableFrame,
        Self::CodecNotSupported,
        Self::MediaRejected,
        Self::TooManyStreams,
        Self::MemoryFull,
        Self::StreamBusy,
        Self::TooManyReaders,
        Self::NoOrchestrator,
        Self::OrchestratorsFailed,
        Self::SpendLimit,
        Self::NoFunds,
        Self::PaymentUnavailable,
        Self::Draining,
        Self::NotFound,
        Self::StreamNotFound,
        Self::RenditionNotFound,
        Self::SegmentNotFound,
        Self::Internal,
    ];

    /// The name programs compare: kebab case, never changed.
    pub const fn name(self) -> &'static str {
        self.row().name
    }

    /// HTTP status.
    pub const fn status(self) -> StatusCode {
        self.row().status
    }
}

impl fmt::Display for Reason {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

impl Serialize for Reason {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(self.name())
    }
}

#[cfg(test)]
mod tests {
    use std::collections::HashSet;

    use super::*;
    use crate::errors::Group;

    #[test]
    fn the_list_of_reasons_is_complete_and_in_order() {
        for (position, reason) in Reason::ALL.iter().enumerate() {
            assert_eq!(*reason as usize, position, "{reason}");
        }
        // `Internal` stays the last variant, so that a forgotten one is seen here.
        assert_eq!(Reason::ALL.last(), Some(&Reason::Internal));
    }

    #[test]
    fn names_are_unique_and_kebab_case() {
        let names: HashSet<_> = Reason::ALL.iter().map(|r| r.name()).collect();
        assert_eq!(names.len(), Reason::ALL.len());
        for name in names {
            assert!(name.bytes().all(|b| b.is_ascii_lowercase() || b == b'-'), "{name}");
        }
    }

    #[test]
    fn every_503_says_when_to_come_back() {
        for reason in Reason::ALL {
            let row = reason.row();
            if row.status == StatusCode::SERVICE_UNAVAILABLE {
                assert!(row.retry_after.is_some(), "{reason}");
            }
        }
    }

    #[test]
    fn pain_15_each_unusable_segment_has_a_reason_of_its_own() {
        let media: Vec<_> = Reason::ALL
            .iter()
            .filter(|r| r.row().group == Group::Media)
            .map(|r| r.name())
            .collect();
        assert_eq!(
            media,
            [
                "empty-body",
                "not-media",
                "no-video",
                "no-key-frame",
                "no-decodable-frame",
                "codec-not-supported",
                "media-rejected"
            ]
        );
        assert!(
            Reason::ALL
                .iter()
                .filter(|r| r.row().group == Group::Media)
                .all(|r| r.status() == StatusCode::UNPROCESSABLE_ENTITY)
        );
    }
}
