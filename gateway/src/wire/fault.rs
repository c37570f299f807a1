//! What an orchestrator's words mean: whose fault a failure is.
//!
//! Stock orchestrators say everything in short fixed texts; gRPC codes and most HTTP statuses carry
//! no information. Texts are compared whole, as stock gateways do (server/broadcast.go:1680-1700).
//! What is not known here is a failure of that one orchestrator: another may do better.

use waymark_payments::session::Refusal;

/// Whose fault a failed attempt is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Fault {
    /// The media, or what was asked to be done with it: nobody will do better.
    Media,
    /// The session's queue is full; that passes within seconds.
    Busy,
    /// The orchestrator has no free session or no free transcoder; that is no failure of it.
    Capped,
    /// The orchestrator cannot do this kind of job; another may.
    Incapable,
    /// The session's token is void or expired: a new session is needed.
    Token,
    /// The payment was refused.
    Payment(Refusal),
    /// Anything else: that orchestrator failed.
    Other,
}

impl Fault {
    /// Whether another try, here or elsewhere, can help.
    pub const fn is_retryable(self) -> bool {
        !matches!(self, Self::Media)
    }
}

/// Errors of the transcoder that stock gateways never retry (lpms ffmpeg/ffmpeg_errors.go:13-76),
/// and two more that stock gateways retry in vain although the input is at fault: its real duration
/// and the clip asked for.
const MEDIA: [&str; 21] = [
    "Unsupported input pixel format",
    "Error initializing filtergraph",
    "Too many outputs",
    "Unsupported input codec",
    "No keyframes in input",
    "Unrecoverable state, restart process",
    "Encoded frames runaway",
    "Decoder not found",
    "Demuxer not found",
    "Encoder not found",
    "Muxer not found",
    "Option not found",
    "Invalid argument",
    "TranscoderInvalidResolution",
    "TranscoderInvalidVideo",
    "TranscoderUnrecognizedFormat",
    "TranscoderUnrecognizedProfile",
    "TranscoderInvalidGOP",
    "TranscoderIncompatibleDevices",
    "TranscoderInvalidDuration",
    "TranscoderInvalidClipConfig",
];

/// Classifies the error text of a transcode result.
pub fn classify_result(text: &str) -> Fault {
    let text = text.trim();
    match text {
        "OrchestratorBusy" | "TranscoderBusy" => Fault::Busy,
        "OrchestratorCapped" | "no transcoders available" => Fault::Capped,
        "no transcoders can provide requested capabilities"
        | "incompatible segment capabilities"
        | "incompatible capabilities"
        | "unrecognized profile output format"
        | "unrecognized encoder profile"
        | "unrecognized video codec" => Fault::Incapable,
        "missing auth token" | "invalid auth token" | "expired auth token" => Fault::Token,
        "invalid duration" => Fault::Media,
        _ if MEDIA.contains(&text) => Fault::Media,
        _ => Fault::Other,
    }
}

/// Classifies an answer to `/segment` whose status is not 200, by its text.
///
/// The status counts only where a proxy in front of the orchestrator speaks a language of its own:
/// 429 is what it calls a full queue.
pub fn classify_refusal(status: u16, text: &str) -> Fault {
    match classify_result(text) {
        Fault::Other if status == 429 => Fault::Busy,
        Fault::Other => Refusal::read(status, text).map_or(Fault::Other, Fault::Payment),
        fault => fault,
    }
}

/// Classifies the message of a failed gRPC call; the code is always UNKNOWN.
pub fn classify_rpc(message: &str) -> Fault {
    let message = message.trim();
    let reason = message.strip_prefix("Invalid orchestrator request: ").unwrap_or(message).trim();
    match reason {
        // EndTranscodingSession spells it with a capital.
        "Invalid auth token" => Fault::Token,
        _ => classify_result(reason),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn media_at_fault_is_not_tried_again() {
        for text in MEDIA {
            assert_eq!(classify_result(text), Fault::Media, "{text}");
        }
        assert!(!Fault::Media.is_retryable());
        assert!(Fault::Other.is_retryable());
    }

    #[test]
    fn texts_are_compared_whole_and_without_the_line_end() {
        assert_eq!(classify_refusal(403, "invalid auth token\n"), Fault::Token);
        assert_eq!(classify_refusal(403, "OrchestratorCapped\n"), Fault::Capped);
        assert_eq!(classify_result("TranscoderInvalidVideo, really"), Fault::Other);
        assert_eq!(classify_result("orchestratorbusy"), Fault::Other);
        assert_eq!(classify_result(""), Fault::Other);
    }

    #[test]
    fn a_full_orchestrator_says_so_in_every_way_it_can() {
        assert_eq!(classify_result("OrchestratorBusy"), Fault::Busy);
        assert_eq!(classify_result("OrchestratorCapped"), Fault::Capped);
        assert_eq!(classify_rpc("Invalid orchestrator request: OrchestratorCapped"), Fault::Capped);
        assert_eq!(classify_result("no transcoders available"), Fault::Capped);
        assert_eq!(classify_refusal(429, "slow down"), Fault::Busy);
    }

    #[test]
    fn an_orchestrator_that_cannot_do_the_job_is_not_the_medias_fault() {
        for text in [
            "incompatible capabilities",
            "no transcoders can provide requested capabilities",
            "unrecognized video codec",
        ] {
            assert_eq!(classify_refusal(403, text), Fault::Incapable, "{text}");
        }
    }

    #[test]
    fn a_refused_payment_says_what_about_it() {
        for (text, refusal) in [
            ("Insufficient balance\n", Refusal::Balance),
            ("TicketParams expired\n", Refusal::ParamsExpired),
            ("invalid recipientRand for ticket recipientRandHash\n", Refusal::Params),
            ("invalid ticket signature\n", Refusal::Signature),
        ] {
            assert_eq!(classify_refusal(400, text), Fault::Payment(refusal), "{text}");
        }
    }

    #[test]
    fn everything_else_is_the_orchestrators_own_failure() {
        for (status, text) in [
            (500, "Internal Server Error\n"),
            (403, "Forbidden\n"),
            (403, "ErrorSegEncoding\n"),
            (403, "ErrSegSig\n"),
            (502, "<html>bad gateway</html>"),
            (200, "MismatchedSegments"),
            (200, "TranscoderStopped"),
            (200, "Remote transcoder took too long"),
        ] {
            assert_eq!(classify_refusal(status, text), Fault::Other, "{text}");
        }
        assert_eq!(
            classify_rpc("Invalid orchestrator request: orchestrator req sig check failed"),
            Fault::Other
        );
        assert_eq!(classify_rpc("Invalid auth token"), Fault::Token);
        assert_eq!(
            classify_rpc("Invalid orchestrator request: \nInvalid auth token"),
            Fault::Token
        );
    }
}
