//! One stream of a load run: its clock, its connection, its answers.

use std::time::Duration;

use bytes::Bytes;
use http::{Request, StatusCode, Version};
use http_body_util::Full;
use tokio::time::{Instant, sleep_until};

use super::direct::DirectStream;
use super::multipart::parts;
use super::push::{Pace, PushOptions, Target};
use super::source::Source;
use crate::client::{ClientError, Connection, Origin};

/// Largest answer that is read.
pub(super) const MAX_ANSWER: usize = 256 << 20;

/// One segment that was pushed.
#[derive(Clone, Debug)]
pub(super) struct Pushed {
    pub(super) seq: usize,
    /// From the moment it was due.
    pub(super) latency: Duration,
    /// The one before was not answered when this one was due.
    pub(super) late: bool,
    /// What was wrong with the answer.
    pub(super) failure: Option<String>,
}

/// How a stream reaches its target.
enum Route {
    Gateway(GatewayStream),
    Direct(Box<DirectStream>),
}

/// Pushes all segments of a stream and never fails as a whole.
pub(super) async fn run(
    options: &PushOptions,
    source: &Source,
    index: usize,
    manifest: &str,
    start: Instant,
) -> Vec<Pushed> {
    let end = start + options.max_time;
    let mut route = Route::new(options, index, manifest);
    let mut pushed = Vec::with_capacity(options.segments);
    for seq in 0..options.segments {
        let ready = Instant::now();
        let due = match options.pace {
            Pace::Live(period) => start + offset(period, index, options.streams, seq),
            Pace::ClosedLoop => ready,
        };
        if due.max(ready) >= end {
            break;
        }
        sleep_until(due).await;
        let deadline = (Instant::now() + options.timeout).min(end);
        let answer = route.push(options, source, seq, deadline).await;
        let latency = due.elapsed();
        let failure = answer.and_then(|sizes| check(options, &sizes)).err();
        if let Some(failure) = &failure {
            tracing::debug!(manifest, seq, failure, "push failed");
            route.forget();
        }
        pushed.push(Pushed { seq, latency, late: ready > due && seq > 0, failure });
    }
    route.end(options).await;
    pushed
}

/// When a segment is due after the start: streams spread evenly over the period.
fn offset(period: Duration, index: usize, streams: usize, seq: usize) -> Duration {
    let nanos = u64::try_from(period.as_nanos()).unwrap_or(u64::MAX);
    let phase = u128::from(nanos) * index as u128 / streams.max(1) as u128;
    let whole = u128::from(nanos) * seq as u128;
    Duration::from_nanos(u64::try_from(phase + whole).unwrap_or(u64::MAX))
}

/// Whether the renditions have the number and the sizes asked for.
fn check(options: &PushOptions, sizes: &[usize]) -> Result<(), String> {
    if options.renditions.is_some_and(|wanted| sizes.len() != wanted) {
        return Err(format!("{} renditions", sizes.len()));
    }
    match sizes.iter().find(|size| options.rendition_bytes.map_or(**size == 0, |n| **size != n)) {
        Some(size) => Err(format!("rendition of {size} bytes")),
        None => Ok(()),
    }
}

impl Route {
    fn new(options: &PushOptions, index: usize, manifest: &str) -> Self {
        match &options.target {
            Target::Gateway { url, configuration, .. } => Self::Gateway(GatewayStream {
                url: url.clone(),
                manifest: manifest.to_owned(),
                configuration: configuration.clone(),
                connection: None,
            }),
            Target::Direct { urls } => {
                let url = urls.get(index % urls.len().max(1)).cloned().unwrap_or_default();
                Self::Direct(Box::new(DirectStream::new(url, manifest.to_owned())))
            }
        }
    }

    /// Pushes a segment; sizes of the renditions that came back.
    async fn push(
        &mut self,
        options: &PushOptions,
        source: &Source,
        seq: usize,
        deadline: Instant,
    ) -> Result<Vec<usize>, String> {
        match self {
            Self::Gateway(stream) => stream.push(source, seq, deadline).await,
            Self::Direct(stream) => {
                let renditions = options.renditions.unwrap_or(2);
                stream.push(source, seq, renditions, deadline).await
            }
        }
    }

    /// Begins anew after a failure.
    fn forget(&mut self) {
        match self {
            Self::Gateway(stream) => stream.connection = None,
            Self::Direct(stream) => stream.forget(),
        }
    }

    async fn end(self, options: &PushOptions) {
        match self {
            Self::Gateway(stream) => {
                if matches!(options.target, Target::Gateway { end_streams: true, .. }) {
                    stream.end(Instant::now() + options.timeout).await;
                }
            }
            Self::Direct(stream) => stream.end().await,
        }
    }
}

struct GatewayStream {
    url: String,
    manifest: String,
    configuration: Option<String>,
    connection: Option<Connection>,
}

impl GatewayStream {
    async fn push(
        &mut self,
        source: &Source,
        seq: usize,
        deadline: Instant,
    ) -> Result<Vec<usize>, String> {
        let (origin, prefix) = Origin::parse(&self.url).map_err(|e| failure(&e))?;
        if self.connection.as_ref().is_none_or(Connection::is_closed) {
            let opened = Connection::open(&origin, Version::HTTP_11).await;
            self.connection = Some(opened.map_err(|e| failure(&e))?);
        }
        let Some(connection) = &mut self.connection else { return Err("no connection".to_owned()) };
        let extension = source.container().ext();
        let prefix = prefix.path().trim_end_matches('/');
        let path = format!("{prefix}/live/{}/{seq}.{extension}", self.manifest);
        let mut request = Request::post(origin.uri(&path).map_err(|e| failure(&e))?)
            .header(http::header::CONTENT_TYPE, source.container().mime())
            .header(http::header::ACCEPT, "multipart/mixed")
            .header("Content-Duration", source.duration().as_millis().to_string());
        if let Some(configuration) = &self.configuration {
            request = request.header("Livepeer-Transcode-Configuration", configuration);
        }
        let request =
            request.body(Full::new(source.segment(seq))).map_err(|error| error.to_string())?;
        let answer = connection
            .exchange(request, MAX_ANSWER, deadline)
            .await
            .map_err(|error| failure(&error))?;
        if answer.status() != StatusCode::OK {
            return Err(format!("status {}", answer.status().as_u16()));
        }
        let content_type = answer.headers().get(http::header::CONTENT_TYPE);
        let content_type = content_type.and_then(|value| value.to_str().ok()).unwrap_or_default();
        let content_type = content_type.to_owned();
        let body: Bytes = answer.into_body();
        let parts = parts(&content_type, &body).map_err(|error| error.to_string())?;
        Ok(parts.iter().map(|part| part.bytes.len()).collect())
    }

    async fn end(self, deadline: Instant) {
        let ending = async {
            let (origin, prefix) = Origin::parse(&self.url)?;
            let prefix = prefix.path().trim_end_matches('/').to_owned();
            let uri = origin.uri(&format!("{prefix}/live/{}", self.manifest))?;
            let mut connection = match self.connection {
                Some(connection) => connection,
                None => Connection::open(&origin, Version::HTTP_11).await?,
            };
            let request = Request::delete(uri)
                .body(Full::default())
                .map_err(|source| ClientError::Request { source })?;
            connection.exchange(request, MAX_ANSWER, deadline).await
        };
        if let Err(error) = ending.await {
            tracing::debug!(%error, "stream not ended");
        }
    }
}

/// A failure as a key for counting: the kind, without what varies.
pub(super) fn failure(error: &ClientError) -> String {
    match error {
        ClientError::Address { .. } => "address".to_owned(),
        ClientError::Connect { source, .. } => format!("connect: {}", source.kind()),
        ClientError::Http { source, .. } if source.is_incomplete_message() => {
            "connection closed without an answer".to_owned()
        }
        ClientError::Http { .. } => "connection broke".to_owned(),
        ClientError::Request { .. } => "request".to_owned(),
        ClientError::Timeout { .. } => "timeout".to_owned(),
        ClientError::TooLarge { .. } => "answer too large".to_owned(),
        ClientError::Status { status, .. } => format!("status {status}"),
        ClientError::Protobuf { .. } => "no protobuf".to_owned(),
        ClientError::Grpc { message, .. } => message.chars().take(80).collect(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn streams_are_spread_over_the_period() {
        let period = Duration::from_secs(2);
        assert_eq!(offset(period, 0, 4, 0), Duration::ZERO);
        assert_eq!(offset(period, 1, 4, 0), Duration::from_millis(500));
        assert_eq!(offset(period, 3, 4, 2), Duration::from_millis(5500));
    }

    #[test]
    fn an_answer_is_checked_for_number_and_size() {
        let mut options = PushOptions::new(Target::Direct { urls: Vec::new() });
        assert_eq!(check(&options, &[1, 2]), Ok(()));
        assert!(check(&options, &[1, 0]).is_err());
        options.renditions = Some(2);
        options.rendition_bytes = Some(300);
        assert_eq!(check(&options, &[300, 300]), Ok(()));
        assert!(check(&options, &[300]).is_err());
        assert!(check(&options, &[300, 299]).is_err());
    }
}
