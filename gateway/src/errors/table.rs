//! The one table from reasons to statuses, titles and delays.

use std::time::Duration;

use http::StatusCode;

use super::Reason;

/// Where a reason can occur; the sections of the reference.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Group {
    /// What the client asked for cannot be read or is not allowed.
    Request,
    /// The body cannot be processed, wherever it is sent.
    Media,
    /// The gateway or the network cannot take it now.
    Capacity,
    /// Playback.
    Playback,
    /// Everything else.
    Gateway,
}

/// What the table says of one reason.
#[derive(Debug, Clone, Copy)]
pub struct Row {
    /// Name in `reason` and at the end of `type`: kebab case.
    pub name: &'static str,
    /// HTTP status.
    pub status: StatusCode,
    /// `title`: the same for every occurrence.
    pub title: &'static str,
    /// `Retry-After` unless the occurrence knows better; `None`: the header is not sent.
    pub retry_after: Option<Duration>,
    /// Section of the reference.
    pub group: Group,
    /// What the person at the other end can do.
    pub remedy: &'static str,
}

const fn row(
    group: Group,
    name: &'static str,
    status: StatusCode,
    title: &'static str,
    remedy: &'static str,
) -> Row {
    Row { name, status, title, retry_after: None, group, remedy }
}

impl Row {
    const fn retry(self, seconds: u64) -> Self {
        Self { retry_after: Some(Duration::from_secs(seconds)), ..self }
    }
}

impl Reason {
    /// The table.
    pub const fn row(self) -> Row {
        use Group::{Capacity, Gateway, Media, Playback, Request};
        use StatusCode as S;
        match self {
            Self::InvalidPath => row(
                Request,
                "invalid-path",
                S::BAD_REQUEST,
                "The path is not a push path",
                "push to /live/{manifest}/{sequence}.ts or .mp4; a manifest has 1 to 128 of the characters A-Z a-z 0-9 . _ ~ + = @ : -",
            ),
            Self::UnsupportedExtension => row(
                Request,
                "unsupported-extension",
                S::BAD_REQUEST,
                "The extension is not a segment's",
                "push segments as .ts (MPEG-TS) or .mp4, in lower case; playlists are made by the gateway",
            ),
            Self::InvalidDuration => row(
                Request,
                "invalid-duration",
                S::BAD_REQUEST,
                "The duration is out of range",
                "send Content-Duration in milliseconds, 0 to 300000, or leave it out (2000)",
            ),
            Self::InvalidResolution => row(
                Request,
                "invalid-resolution",
                S::BAD_REQUEST,
                "The resolution cannot be read",
                "send Content-Resolution as WIDTHxHEIGHT in pixels, each at most 65535, or leave it out",
            ),
            Self::InvalidSlice => row(
                Request,
                "invalid-slice",
                S::BAD_REQUEST,
                "The slice ends before it begins",
                "send Content-Slice-From not greater than Content-Slice-To, both in milliseconds",
            ),
            Self::InvalidConfiguration => row(
                Request,
                "invalid-configuration",
                S::BAD_REQUEST,
                "The transcode configuration cannot be read",
                "correct the JSON object in Livepeer-Transcode-Configuration at the key the detail names",
            ),
            Self::InvalidProfile => row(
                Request,
                "invalid-profile",
                S::BAD_REQUEST,
                "A profile cannot be used",
                "correct the field of the profile the detail names",
            ),
            Self::UnknownPreset => row(
                Request,
                "unknown-preset",
                S::BAD_REQUEST,
                "A preset is not known",
                "use one of the presets the detail lists, or describe the rendition under profiles",
            ),
            Self::ProfileMismatch => row(
                Request,
                "profile-mismatch",
                S::BAD_REQUEST,
                "Header and webhook name different profiles",
                "let the header name the same profiles as the webhook, or leave them out in one of the two",
            ),
            Self::InvalidTag => row(
                Request,
                "invalid-tag",
                S::BAD_REQUEST,
                "The tag is against the grammar",
                "write the tag as root/segment with up to four segments in lower case, at most 96 bytes",
            ),
            Self::ConflictingTags => row(
                Request,
                "conflicting-tags",
                S::BAD_REQUEST,
                "The request names two tags",
                "name the tag once: in Livepeer-Job-Tag or as tag= in the query",
            ),
            Self::TagNotAllowed => row(
                Request,
                "tag-not-allowed",
                S::FORBIDDEN,
                "The tag is not allowed for this client",
                "use a tag this client may use, or ask the operator of the gateway",
            ),
            Self::TagChanged => row(
                Request,
                "tag-changed",
                S::CONFLICT,
                "The stream has another tag",
                "keep the tag of the stream's first segment, or end the stream with DELETE and begin anew",
            ),
            Self::InvalidState => row(
                Request,
                "invalid-state",
                S::BAD_REQUEST,
                "The state is no number",
                "give the seq of a document as since_seq or Last-Event-ID, or leave it out for everything",
            ),
            Self::StreamRefused => row(
                Request,
                "stream-refused",
                S::FORBIDDEN,
                "The stream was refused",
                "ask whoever runs the authorisation webhook of this gateway",
            ),
            Self::WebhookUnreachable => row(
                Gateway,
                "webhook-unreachable",
                S::BAD_GATEWAY,
                "The authorisation webhook could not be asked",
                "push again later; the operator should look at the webhook",
            )
            .retry(5),
            Self::MethodNotAllowed => row(
                Request,
                "method-not-allowed",
                S::METHOD_NOT_ALLOWED,
                "The path does not have this method",
                "use one of the methods in the Allow header",
            ),
            Self::HeadersTooLarge => row(
                Request,
                "headers-too-large",
                S::REQUEST_HEADER_FIELDS_TOO_LARGE,
                "The headers are over the limit",
                "send fewer or shorter headers; the detail names the limit",
            ),
            Self::BodyTooLarge => row(
                Request,
                "body-too-large",
                S::PAYLOAD_TOO_LARGE,
                "The body is over the limit",
                "push shorter segments; the detail names the limit",
            ),
            Self::BodyIncomplete => row(
                Request,
                "body-incomplete",
                S::BAD_REQUEST,
                "The body ended too early",
                "push the segment again, whole",
            ),
            Self::BodyTimeout => row(
                Request,
                "body-timeout",
                S::REQUEST_TIMEOUT,
                "The body did not arrive in time",
                "push the segment again over a connection that carries it faster than it plays",
            ),
            Self::EmptyBody => row(
                Media,
                "empty-body",
                S::UNPROCESSABLE_ENTITY,
                "The segment is empty",
                "push a segment with media in it",
            ),
            Self::NotMedia => row(
                Media,
                "not-media",
                S::UNPROCESSABLE_ENTITY,
                "The segment is not media",
                "push MPEG-TS as .ts and MP4 as .mp4",
            ),
            Self::NoVideo => row(
                Media,
                "no-video",
                S::UNPROCESSABLE_ENTITY,
                "The segment has no video",
                "push segments with a video track; sound alone is not transcoded",
            ),
            Self::NoKeyFrame => row(
                Media,
                "no-key-frame",
                S::UNPROCESSABLE_ENTITY,
                "The segment does not begin with a key frame",
                "cut segments at key frames: each one is transcoded alone",
            ),
            Self::NoDecodableFrame => row(
                Media,
                "no-decodable-frame",
                S::UNPROCESSABLE_ENTITY,
                "The segment has no frame that can be decoded",
                "cut segments at key frames and repeat the parameter sets in each",
            ),
            Self::CodecNotSupported => row(
                Media,
                "codec-not-supported",
                S::UNPROCESSABLE_ENTITY,
                "Nobody takes this codec",
                "push H.264, 8 bit 4:2:0; the detail names what was found",
            ),
            Self::MediaRejected => row(
                Media,
                "media-rejected",
                S::UNPROCESSABLE_ENTITY,
                "The segment cannot be transcoded",
                "check the segment with a player; the detail says what the orchestrator met",
            ),
            Self::TooManyStreams => row(
                Capacity,
                "too-many-streams",
                S::SERVICE_UNAVAILABLE,
                "The limit of streams is reached",
                "end a stream with DELETE /live/{manifest}, wait, or raise -maxSessions",
            )
            .retry(10),
            Self::MemoryFull => row(
                Capacity,
                "memory-full",
                S::SERVICE_UNAVAILABLE,
                "Too many bytes are in flight",
                "push again after the delay; the operator can raise the memory budget",
            )
            .retry(1),
            Self::StreamBusy => row(
                Capacity,
                "stream-busy",
                S::SERVICE_UNAVAILABLE,
                "Too many segments of this stream are waiting",
                "push segments at the speed they play, and fewer at once",
            )
            .retry(2),
            Self::TooManyReaders => row(
                Capacity,
                "too-many-readers",
                S::SERVICE_UNAVAILABLE,
                "Too many readers follow the requirements",
                "ask /v1/requirements?since_seq= from time to time instead, or come back later",
            )
            .retry(30),
            Self::NoOrchestrator => row(
                Capacity,
                "no-orchestrator",
                S::SERVICE_UNAVAILABLE,
                "No orchestrator can take the job",
                "push again after the delay; `refusals` counts why each known orchestrator was left out",
            )
            .retry(2),
            Self::OrchestratorsFailed => row(
                Capacity,
                "orchestrators-failed",
                S::SERVICE_UNAVAILABLE,
                "Every orchestrator tried has failed",
                "push the segment again; `attempts` lists what each orchestrator did",
            )
            .retry(1),
            Self::SpendLimit => row(
                Capacity,
                "spend-limit",
                S::SERVICE_UNAVAILABLE,
                "A spending limit is reached",
                "wait until the limit resets, or ask the operator to raise it; the detail names the limit",
            )
            .retry(60),
            Self::NoFunds => row(
                Capacity,
                "no-funds",
                S::SERVICE_UNAVAILABLE,
                "The gateway has no funds to pay with",
                "the operator should look at `waymark doctor` and fund the deposit or the reserve",
            )
            .retry(60),
            Self::PaymentUnavailable => row(
                Capacity,
                "payment-unavailable",
                S::SERVICE_UNAVAILABLE,
                "The gateway cannot pay now",
                "push again after the delay; the operator should look at `waymark doctor`",
            )
            .retry(5),
            Self::Draining => row(
                Capacity,
                "draining",
                S::SERVICE_UNAVAILABLE,
                "The gateway is shutting down",
                "push to another gateway, or again after the restart",
            )
            .retry(5),
            Self::NotFound => row(
                Gateway,
                "not-found",
                S::NOT_FOUND,
                "Nothing is served here",
                "push to /live/, play from /stream/",
            ),
            Self::StreamNotFound => row(
                Playback,
                "stream-not-found",
                S::NOT_FOUND,
                "There is no such stream",
                "check the manifest; a stream appears with its first finished segment and goes a while after its end",
            ),
            Self::RenditionNotFound => row(
                Playback,
                "rendition-not-found",
                S::NOT_FOUND,
                "The stream has no such rendition",
                "take the name from the master playlist /stream/{manifest}.m3u8",
            ),
            Self::SegmentNotFound => row(
                Playback,
                "segment-not-found",
                S::NOT_FOUND,
                "The segment is not there, or no longer",
                "take the URI from the media playlist, and load it before the window has passed twice",
            ),
            Self::Internal => row(
                Gateway,
                "internal",
                S::INTERNAL_SERVER_ERROR,
                "The gateway failed",
                "this is a defect: report it with the log line of the same time",
            ),
        }
    }
}
