//! The pushing half: an encoder that never waits for the answer to its last segment.

use std::{collections::VecDeque, time::Duration};

use anyhow::Context as _;
use bytes::Bytes;
use futures_util::stream;
use reqwest::{Client, Response, header};
use serde::Serialize;
use tokio::{
    sync::mpsc,
    task::JoinSet,
    time::{Instant, sleep_until},
};
use url::Url;
use waymark_media::{PatternError, Segment, TestPattern};

use crate::{
    ANSWER,
    event::{Rendition, Reporter},
    seen::Seen,
};

/// Longest wait for a segment's renditions: a gateway tries several orchestrators before it gives up.
const SEGMENT: Duration = Duration::from_mins(1);
/// Segments drawn before the first is pushed, so that a busy machine keeps the pace all the same.
const AHEAD: usize = 16;

/// A stream to push.
#[derive(Debug)]
pub(crate) struct Stream {
    /// Connections to the gateway.
    pub(crate) client: Client,
    /// Where it takes segments.
    pub(crate) gateway: Url,
    /// Name of the stream.
    pub(crate) manifest: String,
    /// What kind of demand it is, where the gateway shall not choose.
    pub(crate) tag: Option<String>,
    /// How many segments.
    pub(crate) count: u64,
    /// What is on the picture.
    pub(crate) pattern: TestPattern,
}

/// How the pushing went.
#[derive(Debug, Serialize)]
pub(crate) struct Pushed {
    /// Segments sent.
    pub(crate) segments: u64,
    /// Segments that came back with renditions.
    pub(crate) delivered: u64,
}

/// What became of one push.
struct Answer {
    seq: u64,
    took: Duration,
    result: anyhow::Result<Vec<(String, Bytes)>>,
}

impl Stream {
    /// Pushes everything in real time, then ends the stream.
    pub(crate) async fn push(self, reporter: &Reporter, seen: &Seen) -> anyhow::Result<Pushed> {
        let mut generated = self.generate();
        let mut answers = JoinSet::new();
        let mut pushed = Pushed { segments: 0, delivered: 0 };
        let mut drawn = VecDeque::new();
        while drawn.len() < AHEAD
            && let Some(segment) = generated.recv().await.transpose()?
        {
            drawn.push_back(segment);
        }
        let start = Instant::now();
        while let Some(segment) = drawn.pop_front() {
            // The encoder has a segment when its last picture was taken; counted from the first one.
            let due = start + segment.duration.saturating_mul(u32::try_from(pushed.segments)?);
            let mut done = |answer| took(answer, &mut pushed, reporter, seen);
            meanwhile(sleep_until(due), &mut answers, &mut done).await?;
            reporter.pushing(segment.seq, segment.bytes.len(), due.elapsed());
            answers.spawn(self.segment(segment)?);
            drawn.extend(meanwhile(generated.recv(), &mut answers, &mut done).await?.transpose()?);
            pushed.segments += 1;
        }
        while let Some(answer) = answers.join_next().await {
            took(answer?, &mut pushed, reporter, seen);
        }
        self.end().await?;
        seen.end();
        Ok(pushed)
    }

    /// Generates on a thread of its own, a little ahead of time.
    fn generate(&self) -> mpsc::Receiver<Result<Segment, PatternError>> {
        let (sender, receiver) = mpsc::channel(1);
        let (pattern, count) = (self.pattern.clone(), self.count);
        std::thread::spawn(move || {
            let segments = match pattern.stream() {
                Ok(stream) => stream,
                Err(error) => return drop(sender.blocking_send(Err(error))),
            };
            for segment in segments.take(usize::try_from(count).unwrap_or(usize::MAX)) {
                if sender.blocking_send(segment).is_err() {
                    return;
                }
            }
        });
        receiver
    }

    fn segment(
        &self,
        segment: Segment,
    ) -> anyhow::Result<impl Future<Output = Answer> + Send + 'static> {
        let Segment { seq, bytes, duration } = segment;
        let url = self.gateway.join(&format!("live/{}/{seq}.ts", self.manifest))?;
        let mut request = self
            .client
            .post(url)
            .timeout(SEGMENT)
            .header(header::ACCEPT, "multipart/mixed")
            .header("Content-Duration", duration.as_millis().to_string())
            .header("Content-Resolution", format!("{}x{}", self.pattern.width, self.pattern.height))
            .body(bytes);
        if let Some(tag) = &self.tag {
            request = request.header("Livepeer-Job-Tag", tag);
        }
        Ok(async move {
            let start = Instant::now();
            let result = async { renditions(request.send().await?).await }.await;
            Answer { seq, took: start.elapsed(), result }
        })
    }

    async fn end(&self) -> anyhow::Result<()> {
        let url = self.gateway.join(&format!("live/{}", self.manifest))?;
        let reply = self.client.delete(url).timeout(ANSWER).send().await;
        let status = reply.context("the stream could not be ended")?.status();
        anyhow::ensure!(status.is_success(), "DELETE of the stream was answered with {status}");
        Ok(())
    }
}

/// Waits for something, and meanwhile takes the answers that come.
async fn meanwhile<T>(
    awaited: impl Future<Output = T>,
    answers: &mut JoinSet<Answer>,
    done: &mut impl FnMut(Answer),
) -> anyhow::Result<T> {
    let mut awaited = std::pin::pin!(awaited);
    loop {
        tokio::select! {
            value = awaited.as_mut() => return Ok(value),
            Some(answer) = answers.join_next() => done(answer?),
        }
    }
}

fn took(answer: Answer, pushed: &mut Pushed, reporter: &Reporter, seen: &Seen) {
    let Answer { seq, took, result } = answer;
    match result {
        Ok(renditions) => {
            pushed.delivered += 1;
            let mut list = Vec::new();
            for (name, bytes) in renditions {
                seen.replied(&name, seq, &bytes);
                list.push(Rendition { name, bytes: bytes.len() });
            }
            reporter.delivered(seq, took, &list);
        }
        Err(error) => reporter.refused(seq, took, &format!("{error:#}")),
    }
}

/// The renditions of a reply: `multipart/mixed`, one part each, named by `Rendition-Name`.
async fn renditions(reply: Response) -> anyhow::Result<Vec<(String, Bytes)>> {
    let status = reply.status();
    let content_type = reply.headers().get(header::CONTENT_TYPE).cloned();
    let body = reply.bytes().await.context("the reply broke off")?;
    if !status.is_success() {
        anyhow::bail!("{status}: {}", String::from_utf8_lossy(&body).trim());
    }
    let content_type = content_type.context("the reply has no Content-Type")?;
    let boundary = boundary(content_type.to_str()?).context("the reply is not multipart")?;
    let whole = stream::once(async { Ok::<_, std::convert::Infallible>(body) });
    let mut parts = multer::Multipart::new(whole, boundary);
    let mut renditions = Vec::new();
    while let Some(part) = parts.next_field().await? {
        let name = part.headers().get("Rendition-Name").context("a part has no Rendition-Name")?;
        let name = name.to_str()?.to_owned();
        renditions.push((name, part.bytes().await?));
    }
    Ok(renditions)
}

/// multer's own reader of this header takes `multipart/form-data` only.
fn boundary(content_type: &str) -> Option<String> {
    let rest = content_type.strip_prefix("multipart/mixed")?;
    let value = rest.split(';').find_map(|p| p.trim().strip_prefix("boundary="))?;
    Some(value.trim_matches('"').to_owned())
}
