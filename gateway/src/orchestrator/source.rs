//! Where orchestrators come from: a fixed list, or a webhook that is asked in the background.

use std::time::Duration;

use serde::Deserialize;
use url::Url;

/// One call to the webhook (go-livepeer `discovery/wh_discovery.go`).
const TIMEOUT: Duration = Duration::from_secs(3);
/// How often the webhook is asked.
pub const REFRESH: Duration = Duration::from_secs(60);
/// How soon it is asked again after a failure.
pub const RETRY: Duration = Duration::from_secs(5);
/// Largest answer read.
const ANSWER_LIMIT: usize = 4 * 1024 * 1024;
/// Most orchestrators taken from one answer.
const MOST: usize = 10_000;

/// The webhook's answer could not be used; the last good list stays.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum SourceError {
    /// No connection, or no answer in time.
    #[error("the orchestrator webhook did not answer")]
    Unreachable {
        /// What happened.
        #[source]
        source: reqwest::Error,
    },
    /// Not 2xx.
    #[error("the orchestrator webhook answered {status}, expected 2xx")]
    Status {
        /// HTTP status.
        status: u16,
    },
    /// Not the documented shape.
    #[error("the orchestrator webhook's answer is not a JSON list of {{\"address\", \"score\"}}")]
    Shape {
        /// Where it differs.
        #[source]
        source: serde_json::Error,
    },
    /// Too large.
    #[error("the orchestrator webhook's answer is larger than {ANSWER_LIMIT} bytes")]
    TooLarge,
}

#[derive(Debug, Deserialize)]
struct Entry {
    address: String,
    /// A wrong type refuses the list, as in go-livepeer.
    #[serde(default)]
    score: f64,
}

/// One orchestrator of the answer.
#[derive(Debug, Clone, PartialEq)]
pub struct Listed {
    /// Its base URI.
    pub url: Url,
    /// How far the webhook vouches for it: from 1 on others are compared with it.
    pub score: f64,
}

/// Asks the webhook once.
pub async fn ask(http: &reqwest::Client, webhook: &Url) -> Result<Vec<Listed>, SourceError> {
    let unreachable = |source: reqwest::Error| SourceError::Unreachable {
        // A URL may carry a key.
        source: source.without_url(),
    };
    let request = http.get(webhook.clone()).timeout(TIMEOUT);
    let mut response = request.send().await.map_err(unreachable)?;
    if !response.status().is_success() {
        return Err(SourceError::Status { status: response.status().as_u16() });
    }
    let mut body = Vec::new();
    while let Some(chunk) = response.chunk().await.map_err(unreachable)? {
        if body.len() + chunk.len() > ANSWER_LIMIT {
            return Err(SourceError::TooLarge);
        }
        body.extend_from_slice(&chunk);
    }
    parse(&body)
}

fn parse(body: &[u8]) -> Result<Vec<Listed>, SourceError> {
    let entries: Vec<Entry> =
        serde_json::from_slice(body).map_err(|source| SourceError::Shape { source })?;
    let usable = entries.iter().filter_map(|entry| match Url::parse(&entry.address) {
        Ok(url) if matches!(url.scheme(), "http" | "https") && url.host().is_some() => {
            Some(Listed { url, score: entry.score })
        }
        _ => {
            tracing::warn!(
                address = entry.address,
                "the webhook named an orchestrator without http:// or https://; it is left out"
            );
            None
        }
    });
    Ok(usable.take(MOST).collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn entries_with_a_scheme_are_taken_whatever_their_score() {
        let list =
            br#"[{"address":"https://a:1","score":1.0},{"address":"https://b:1","score":0.5},
            {"address":"https://c:1"},{"address":"d:1"},{"address":"e"}]"#;
        let listed = parse(list).unwrap();
        let urls: Vec<_> = listed.iter().map(|one| one.url.to_string()).collect();
        assert_eq!(urls, ["https://a:1/", "https://b:1/", "https://c:1/"]);
        let scores: Vec<_> = listed.iter().map(|one| one.score).collect();
        assert_eq!(scores, [1.0, 0.5, 0.0]);
    }

    #[test]
    fn a_score_of_the_wrong_type_refuses_the_whole_list() {
        let list = br#"[{"address":"https://a:1","score":"high"}]"#;
        assert!(matches!(parse(list), Err(SourceError::Shape { .. })));
    }
}
