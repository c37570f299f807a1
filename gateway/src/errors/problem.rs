//! One occurrence of a reason, and the HTTP answer made of it.
//!
//! Texts that come from the network are cut and bounded here, so that an answer stays small
//! whatever an orchestrator sent.

use std::borrow::Cow;
use std::collections::BTreeMap;
use std::fmt;
use std::time::Duration;

use bytes::Bytes;
use http::header::{
    ALLOW, CACHE_CONTROL, CONTENT_LENGTH, CONTENT_TYPE as CONTENT_TYPE_HEADER, RETRY_AFTER,
    X_CONTENT_TYPE_OPTIONS,
};
use http::{HeaderValue, Response, StatusCode};
use serde::Serialize;

use super::Reason;

/// Media type of the body (RFC 9457).
pub const CONTENT_TYPE: &str = "application/problem+json";

/// What `type` begins with; the name of the reason follows.
const TYPE_PREFIX: &str = "urn:waymark:problem:";

/// Attempts listed; more are only counted by their absence.
const MAX_ATTEMPTS: usize = 16;

/// Bytes of `detail` and of each attempt's error.
const MAX_TEXT: usize = 512;

/// What became of one try with one orchestrator, as the client may know it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct AttemptSummary {
    /// Host and port of the orchestrator.
    pub orchestrator: String,
    /// Outcome from a closed vocabulary, the one of the job records.
    pub outcome: Cow<'static, str>,
    /// What the orchestrator or the connection said, cut to 512 bytes.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub error: Option<String>,
}

/// Why a request was not served, with everything the answer carries.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Problem {
    reason: Reason,
    detail: String,
    retry_after: Option<Duration>,
    allow: Option<&'static str>,
    attempts: Vec<AttemptSummary>,
    refusals: BTreeMap<Cow<'static, str>, u64>,
}

#[derive(Serialize)]
struct Body<'a> {
    r#type: String,
    title: &'a str,
    status: u16,
    detail: &'a str,
    reason: Reason,
    #[serde(skip_serializing_if = "<[_]>::is_empty")]
    attempts: &'a [AttemptSummary],
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    refusals: &'a BTreeMap<Cow<'static, str>, u64>,
}

impl Problem {
    /// A problem with the table's status, title and delay. `detail` says what failed, which value
    /// it was and what is accepted; it is cut to 512 bytes.
    pub fn new(reason: Reason, detail: impl Into<String>) -> Self {
        Self {
            reason,
            detail: cut(detail.into()),
            retry_after: reason.row().retry_after,
            allow: None,
            attempts: Vec::new(),
            refusals: BTreeMap::new(),
        }
    }

    /// 405 with `Allow`; `allow` is the list for that header, such as `POST, PUT, DELETE`.
    pub fn method_not_allowed(method: &http::Method, allow: &'static str) -> Self {
        let detail = format!("{method} is not possible here; accepted: {allow}");
        Self { allow: Some(allow), ..Self::new(Reason::MethodNotAllowed, detail) }
    }

    /// Another delay than the table's, rounded up to whole seconds, at least one.
    #[must_use]
    pub fn retry_after(mut self, delay: Duration) -> Self {
        self.retry_after = Some(delay);
        self
    }

    /// What each orchestrator did, in the order they were tried; the last 16 are kept.
    #[must_use]
    pub fn with_attempts(mut self, attempts: impl IntoIterator<Item = AttemptSummary>) -> Self {
        self.attempts = attempts
            .into_iter()
            .map(|attempt| AttemptSummary { error: attempt.error.map(cut), ..attempt })
            .collect();
        let surplus = self.attempts.len().saturating_sub(MAX_ATTEMPTS);
        self.attempts.drain(..surplus);
        self
    }

    /// How many known orchestrators were left out for which reason. The keys are names of a closed
    /// vocabulary; zeros are left out.
    #[must_use]
    pub fn with_refusals<K: Into<Cow<'static, str>>>(
        mut self,
        refusals: impl IntoIterator<Item = (K, u64)>,
    ) -> Self {
        self.refusals =
            refusals.into_iter().filter(|(_, n)| *n > 0).map(|(k, n)| (k.into(), n)).collect();
        self
    }

    /// The reason.
    pub const fn reason(&self) -> Reason {
        self.reason
    }

    /// HTTP status of the answer.
    pub const fn status(&self) -> StatusCode {
        self.reason.status()
    }

    /// What happened this time.
    pub fn detail(&self) -> &str {
        &self.detail
    }

    /// The body, one JSON object.
    pub fn body(&self) -> Bytes {
        let row = self.reason.row();
        let body = Body {
            r#type: format!("{TYPE_PREFIX}{}", row.name),
            title: row.title,
            status: row.status.as_u16(),
            detail: &self.detail,
            reason: self.reason,
            attempts: &self.attempts,
            refusals: &self.refusals,
        };
        let mut json =
            serde_json::to_vec(&body).expect("strings and numbers always serialise to JSON");
        json.push(b'\n');
        json.into()
    }

    /// The whole answer, `Content-Length`, `Retry-After` and `Allow` included.
    pub fn response(&self) -> Response<Bytes> {
        let body = self.body();
        let length = body.len();
        let mut response = Response::new(body);
        *response.status_mut() = self.status();
        let headers = response.headers_mut();
        headers.insert(CONTENT_TYPE_HEADER, HeaderValue::from_static(CONTENT_TYPE));
        headers.insert(CONTENT_LENGTH, HeaderValue::from(length));
        headers.insert(CACHE_CONTROL, HeaderValue::from_static("no-store"));
        headers.insert(X_CONTENT_TYPE_OPTIONS, HeaderValue::from_static("nosniff"));
        if let Some(delay) = self.retry_after {
            headers.insert(RETRY_AFTER, HeaderValue::from(whole_seconds(delay)));
        }
        if let Some(allow) = self.allow {
            headers.insert(ALLOW, HeaderValue::from_static(allow));
        }
        response
    }
}

impl fmt::Display for Problem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}", self.reason, self.detail)
    }
}

impl std::error::Error for Problem {}

/// `Retry-After` counts whole seconds; rounding up keeps the promise.
fn whole_seconds(delay: Duration) -> u64 {
    let surplus = u64::from(delay.subsec_nanos() > 0);
    delay.as_secs().saturating_add(surplus).max(1)
}

/// At most [`MAX_TEXT`] bytes, cut between characters.
fn cut(mut text: String) -> String {
    if text.len() > MAX_TEXT {
        let end = text.floor_char_boundary(MAX_TEXT - '…'.len_utf8());
        text.truncate(end);
        text.push('…');
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    fn json(problem: &Problem) -> serde_json::Value {
        serde_json::from_slice(&problem.body()).unwrap()
    }

    #[test]
    fn a_problem_has_the_members_clients_rely_on() {
        let problem = Problem::new(Reason::EmptyBody, "the body of golden1/0.ts has 0 bytes");
        insta::assert_json_snapshot!(json(&problem));
        let response = problem.response();
        assert_eq!(response.status(), 422);
        assert_eq!(response.headers()["content-type"], "application/problem+json");
        assert_eq!(response.headers()["content-length"], response.body().len().to_string());
        assert!(!response.headers().contains_key("retry-after"));
    }

    #[test]
    fn failed_orchestrators_are_listed_with_what_they_did() {
        let problem = Problem::new(Reason::OrchestratorsFailed, "2 of 2 attempts failed")
            .with_attempts([
                AttemptSummary {
                    orchestrator: "10.0.0.1:8935".into(),
                    outcome: "refused".into(),
                    error: Some("OrchestratorBusy".into()),
                },
                AttemptSummary {
                    orchestrator: "10.0.0.2:8935".into(),
                    outcome: "timeout".into(),
                    error: None,
                },
            ]);
        insta::assert_json_snapshot!(json(&problem));
        assert_eq!(problem.response().headers()["retry-after"], "1");
    }

    #[test]
    fn pain_17_no_orchestrator_tells_why_each_was_left_out() {
        let problem = Problem::new(Reason::NoOrchestrator, "none of 5 orchestrators can take it")
            .with_refusals([("capability", 3), ("set-aside", 2), ("price", 0)])
            .retry_after(Duration::from_millis(2500));
        insta::assert_json_snapshot!(json(&problem));
        assert_eq!(problem.response().headers()["retry-after"], "3");
    }

    #[test]
    fn pain_16_a_full_gateway_names_its_limit_and_when_to_retry() {
        let problem = Problem::new(Reason::TooManyStreams, "10 of 10 streams are running");
        let response = problem.response();
        assert_eq!(response.status(), 503);
        assert_eq!(response.headers()["retry-after"], "10");
        assert_eq!(json(&problem)["reason"], "too-many-streams");
    }

    #[test]
    fn a_wrong_method_is_answered_with_those_that_exist() {
        let response =
            Problem::method_not_allowed(&http::Method::GET, "POST, PUT, DELETE").response();
        assert_eq!(response.status(), 405);
        assert_eq!(response.headers()["allow"], "POST, PUT, DELETE");
    }

    #[test]
    fn long_texts_from_the_network_are_cut_between_characters() {
        let attempt = AttemptSummary {
            orchestrator: "o:1".into(),
            outcome: "refused".into(),
            error: Some("é".repeat(10_000)),
        };
        let problem = Problem::new(Reason::OrchestratorsFailed, "x".repeat(100_000))
            .with_attempts(std::iter::repeat_n(attempt, 1000));
        assert!(problem.body().len() < 16 * 1024);
        assert_eq!(problem.detail().len(), 512);
    }
}
