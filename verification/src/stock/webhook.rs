//! The documents of the external verifier, as stock gateways send and read them.
//!
//! Sending them, and for how long to wait, belongs to the gateway. What the verifier says is one opinion: our own checks
//! stand beside it.

use serde::{Deserialize, Serialize};

use crate::check::{Check, Kind, Tier};
use crate::number::many;

/// Most bytes of an answer.
pub const BYTES: usize = 1 << 20;
/// Most renditions of an answer.
const RENDITIONS: usize = 64;

/// What is posted.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Request {
    /// Path or address of the source.
    pub source: String,
    /// The renditions in the order of the profiles.
    pub renditions: Vec<Rendition>,
    /// Hex of the ticket's recipient without `0x`, or the orchestrator's address where there is no ticket.
    #[serde(rename = "orchestratorID")]
    pub orchestrator_id: String,
}

/// One rendition.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Rendition {
    /// Path or address.
    pub uri: String,
    /// Size of the profile.
    pub resolution: Resolution,
    /// Frames per second of the profile; 0 keeps the source's.
    pub frame_rate: u32,
    /// Pixels that the orchestrator says it has encoded.
    pub pixels: i64,
}

/// The size of a profile.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Resolution {
    /// Width in pixels.
    pub width: i32,
    /// Height in pixels.
    pub height: i32,
}

/// What is answered. Absent fields are zero, as stock gateways read them.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct Response {
    /// One for each rendition.
    pub results: Vec<Judged>,
}

/// What the verifier found in a rendition.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct Judged {
    /// Pictures could be read.
    pub video_available: bool,
    /// Sound could be read.
    pub audio_available: bool,
    /// Distance of the sound from the source's: 0 is equal, -1 another length.
    pub audio_dist: f64,
    /// Pixels counted.
    pub pixels: i64,
    /// Above 0: not of this source.
    pub tamper: f64,
    /// Score of the classifier: the higher the better.
    pub ocsvm_dist: f64,
}

/// What follows from an answer.
#[derive(Clone, Debug, PartialEq)]
pub enum Opinion {
    /// Nothing speaks against it.
    Accepted {
        /// Mean score.
        score: f64,
        /// Pixels counted in each rendition.
        pixels: Vec<i64>,
    },
    /// Something does.
    Rejected {
        /// The first fault found.
        fault: Fault,
        /// Mean score: of several rejected results the highest is the best.
        score: f64,
    },
}

/// Why a result is rejected.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Fault {
    /// The sound is not the source's: no other try helps.
    AudioMismatch,
    /// The pictures are not the source's.
    Tampered,
    /// There are no pictures.
    VideoUnavailable,
}

impl Fault {
    /// The word of stock gateways.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::AudioMismatch => "AudioMismatch",
            Self::Tampered => "Tampered",
            Self::VideoUnavailable => "VideoUnavailable",
        }
    }

    /// Another orchestrator is asked.
    pub const fn retryable(self) -> bool {
        matches!(self, Self::Tampered)
    }
}

/// Why there is no opinion. Nobody but the verifier is to blame.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum WebhookError {
    /// The verifier answered with an error.
    #[error("the verifier answered with status {status}, expected one below 400")]
    Status {
        /// Status of HTTP.
        status: u16,
    },
    /// The answer is too long.
    #[error("{bytes} bytes from the verifier, at most {BYTES} are read")]
    TooLarge {
        /// Bytes there are.
        bytes: usize,
    },
    /// The answer is another document.
    #[error("the verifier's answer cannot be read")]
    Document {
        /// What the reader says.
        #[source]
        source: serde_json::Error,
    },
    /// Results of other renditions than were sent.
    #[error("{found} results from the verifier for {expected} renditions")]
    Count {
        /// Results there are.
        found: usize,
        /// Renditions sent.
        expected: usize,
    },
}

impl Opinion {
    /// Reads an answer about so many renditions.
    pub fn read(status: u16, body: &[u8], renditions: usize) -> Result<Self, WebhookError> {
        if status >= 400 {
            return Err(WebhookError::Status { status });
        }
        if body.len() > BYTES {
            return Err(WebhookError::TooLarge { bytes: body.len() });
        }
        let response: Response =
            serde_json::from_slice(body).map_err(|source| WebhookError::Document { source })?;
        let found = response.results.len();
        if found != renditions || found > RENDITIONS {
            return Err(WebhookError::Count { found, expected: renditions });
        }
        Ok(Self::of(&response))
    }

    fn of(response: &Response) -> Self {
        let sum: f64 = response.results.iter().map(|result| result.ocsvm_dist).sum();
        let score = sum / many(response.results.len().max(1));
        match response.results.iter().find_map(Judged::fault) {
            Some(fault) => Self::Rejected { fault, score },
            None => Self::Accepted {
                score,
                pixels: response.results.iter().map(|result| result.pixels).collect(),
            },
        }
    }

    /// For the verdict: soft, as its operator answers for it and not this crate.
    pub fn check(&self) -> Check {
        const ID: &str = "stock.verifier";
        let check = match self {
            Self::Accepted { score, .. } => Check::pass(ID, "").value(*score),
            Self::Rejected { fault, score } => Check::fail(ID, fault.as_str()).value(*score),
        };
        check.kind(Kind::Soft).tier(Tier::Full)
    }
}

impl Judged {
    /// Sound first: it is equal or it is not.
    fn fault(&self) -> Option<Fault> {
        if self.audio_available && self.audio_dist != 0.0 {
            Some(Fault::AudioMismatch)
        } else if self.tamper > 0.0 {
            Some(Fault::Tampered)
        } else if !self.video_available {
            Some(Fault::VideoUnavailable)
        } else {
            None
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use serde_json::json;

    use super::*;

    #[test]
    fn a_request_has_the_names_that_verifiers_read() {
        let request = Request {
            source: "/stream/123/source".to_owned(),
            renditions: vec![Rendition {
                uri: "/stream/123/P240p30fps16x9".to_owned(),
                resolution: Resolution { width: 426, height: 240 },
                frame_rate: 30,
                pixels: 6_134_400,
            }],
            orchestrator_id: "deadbeef".to_owned(),
        };
        let expected = json!({
            "source": "/stream/123/source",
            "renditions": [{
                "uri": "/stream/123/P240p30fps16x9",
                "resolution": {"width": 426, "height": 240},
                "frame_rate": 30,
                "pixels": 6_134_400,
            }],
            "orchestratorID": "deadbeef",
        });
        assert_eq!(serde_json::to_value(&request).unwrap(), expected);
    }

    fn opinion(results: &serde_json::Value) -> Opinion {
        let count = results.as_array().unwrap().len();
        Opinion::read(200, json!({"source": "x", "results": results}).to_string().as_bytes(), count)
            .unwrap()
    }

    fn good(score: f64) -> serde_json::Value {
        json!({"video_available": true, "audio_available": true, "audio_dist": 0.0, "pixels": 100, "tamper": 0,
            "ocsvm_dist": score, "more": [1]})
    }

    #[test]
    fn good_renditions_are_accepted_with_their_mean_score() {
        let found = opinion(&json!([good(1.0), good(2.0)]));
        assert_eq!(found, Opinion::Accepted { score: 1.5, pixels: vec![100, 100] });
        assert_eq!(found.check().outcome, crate::Outcome::Pass);
    }

    #[test]
    fn the_first_fault_counts_and_says_whether_another_try_helps() {
        let with = |name: &str, value: serde_json::Value| {
            let mut result = good(0.5);
            result[name] = value;
            match opinion(&json!([good(0.5), result])) {
                Opinion::Rejected { fault, .. } => (fault.as_str(), fault.retryable()),
                Opinion::Accepted { .. } => ("", false),
            }
        };
        assert_eq!(with("audio_dist", (-1).into()), ("AudioMismatch", false));
        assert_eq!(with("tamper", 1.into()), ("Tampered", true));
        assert_eq!(with("video_available", false.into()), ("VideoUnavailable", false));
        assert_eq!(with("audio_available", false.into()), ("", false));
    }

    #[test]
    fn an_answer_that_is_none_blames_the_verifier() {
        let read = |status, body: &str| {
            Opinion::read(status, body.as_bytes(), 1).map(drop).unwrap_err().to_string()
        };
        assert_eq!(read(503, ""), "the verifier answered with status 503, expected one below 400");
        assert_eq!(read(200, "{}"), "0 results from the verifier for 1 renditions");
        assert_eq!(read(200, "[NaN]"), "the verifier's answer cannot be read");
        assert!(read(200, &" ".repeat(BYTES + 1)).contains("at most"));
    }

    proptest! {
        #[test]
        fn any_answer_is_an_opinion_or_an_error(status: u16, body in "\\PC{0,80}|\\{\"results\":\\[\\{\\}\\]\\}", count in 0_usize..3) {
            drop(Opinion::read(status, body.as_bytes(), count));
        }
    }
}
