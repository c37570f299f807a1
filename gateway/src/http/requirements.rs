//! What this gateway asks of orchestrators, for anybody: the signed document at its well-known
//! address, all requirements or what changed, the same as events and as a feed.
//!
//! ```text
//!   /.well-known/livepeer-gateway.json    who the gateway is and what it buys
//!   /v1/requirements[?since_seq=N]        all classes, or the changes since state N
//!   /v1/requirements/events               server-sent events; Last-Event-ID or since_seq resumes
//!   /v1/requirements.atom                 the feed
//! ```
//!
//! `/v1/requirements` is also events or the feed for whoever accepts nothing else.

use std::sync::Arc;

use bytes::Bytes;
use futures_util::{StreamExt as _, stream};
use http::{
    HeaderMap, HeaderValue, Method, Response, StatusCode,
    header::{
        ACCEPT, ACCESS_CONTROL_ALLOW_ORIGIN, ACCESS_CONTROL_EXPOSE_HEADERS, CACHE_CONTROL,
        CONTENT_LENGTH, CONTENT_TYPE, ETAG, IF_NONE_MATCH, VARY, X_CONTENT_TYPE_OPTIONS,
    },
    request::Parts,
};
use http_body::Frame;
use http_body_util::{Full, StreamBody};
use tokio_util::sync::CancellationToken;
use waymark_tagging::document::{REQUIREMENTS_PATH, WELL_KNOWN_PATH};

use super::media::{Reply, boxed, problem};
use crate::{
    advertise::{Advertiser, Served},
    context::Context,
    errors::{Problem, Reason},
};

const METHODS: &str = "GET, HEAD";
const FEED_PATH: &str = "/v1/requirements.atom";
const EVENTS_PATH: &str = "/v1/requirements/events";

const JSON: &str = "application/json";
const ATOM: &str = "application/atom+xml; charset=utf-8";
const EVENTS: &str = "text/event-stream";

/// How long caches may answer for the gateway, in seconds; never past the end of a document.
const MAX_AGE: i64 = 60;

/// What is asked for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Wanted {
    Gateway,
    Requirements,
    Events,
    Feed,
}

/// Answers if the path is one of these and the gateway publishes requirements.
pub(super) fn answer(
    context: &Arc<Context>,
    parts: &Parts,
    cut: &CancellationToken,
) -> Option<Reply> {
    let advertiser = context.advertiser.as_ref()?;
    let wanted = wanted(parts)?;
    if !matches!(parts.method, Method::GET | Method::HEAD) {
        let refused = problem(&Problem::method_not_allowed(&parts.method, METHODS));
        return Some(open_to_all(refused));
    }
    let reply = reply(context, advertiser, wanted, parts, cut);
    Some(open_to_all(reply.unwrap_or_else(|refused| problem(&refused))))
}

fn wanted(parts: &Parts) -> Option<Wanted> {
    match parts.uri.path() {
        WELL_KNOWN_PATH => Some(Wanted::Gateway),
        FEED_PATH => Some(Wanted::Feed),
        EVENTS_PATH => Some(Wanted::Events),
        REQUIREMENTS_PATH => Some(accepted(&parts.headers)),
        _ => None,
    }
}

/// JSON unless the first type named is one of the others.
fn accepted(headers: &HeaderMap) -> Wanted {
    let accept = headers.get(ACCEPT).and_then(|value| value.to_str().ok()).unwrap_or_default();
    let first = accept.split([',', ';']).next().unwrap_or_default().trim();
    if first.eq_ignore_ascii_case(EVENTS) {
        Wanted::Events
    } else if first.eq_ignore_ascii_case("application/atom+xml") {
        Wanted::Feed
    } else {
        Wanted::Requirements
    }
}

fn reply(
    context: &Arc<Context>,
    advertiser: &Arc<Advertiser>,
    wanted: Wanted,
    parts: &Parts,
    cut: &CancellationToken,
) -> Result<Reply, Problem> {
    let published = advertiser.published();
    let (served, kind) = match wanted {
        Wanted::Gateway => (published.gateway.clone(), JSON),
        Wanted::Feed => (published.atom.clone(), ATOM),
        Wanted::Requirements => {
            let answer = published.since(since_seq(parts)?.unwrap_or(0));
            (answer.map_err(|e| Problem::new(Reason::Internal, e.to_string()))?, JSON)
        }
        Wanted::Events => return events(context, advertiser, parts, cut),
    };
    Ok(document(context, &served, kind, parts))
}

fn document(context: &Context, served: &Served, kind: &'static str, parts: &Parts) -> Reply {
    let known = is_known(&parts.headers, &served.etag);
    let body =
        if known || parts.method == Method::HEAD { Bytes::new() } else { served.bytes.clone() };
    let mut response = Response::new(Full::new(body));
    if known {
        *response.status_mut() = StatusCode::NOT_MODIFIED;
    }
    let left = served.expires_at.duration_since(context.clock.wall()).as_secs();
    let age = left.clamp(0, MAX_AGE);
    let headers = response.headers_mut();
    if !known {
        headers.insert(CONTENT_TYPE, HeaderValue::from_static(kind));
        headers.insert(CONTENT_LENGTH, HeaderValue::from(served.bytes.len()));
    }
    let text = |text: &str| HeaderValue::from_str(text).expect("hexadecimal digits and ASCII");
    headers.insert(ETAG, text(&served.etag));
    headers.insert(CACHE_CONTROL, text(&format!("public, max-age={age}")));
    headers.insert(VARY, HeaderValue::from_static("Accept"));
    headers.insert(X_CONTENT_TYPE_OPTIONS, HeaderValue::from_static("nosniff"));
    boxed(response)
}

/// Weak comparison, as RFC 9110 13.1.2 asks for.
fn is_known(headers: &HeaderMap, etag: &str) -> bool {
    headers.get_all(IF_NONE_MATCH).iter().filter_map(|value| value.to_str().ok()).any(|value| {
        value
            .split(',')
            .map(str::trim)
            .any(|one| one == "*" || one.strip_prefix("W/").unwrap_or(one) == etag)
    })
}

fn since_seq(parts: &Parts) -> Result<Option<u64>, Problem> {
    let query = parts.uri.query().unwrap_or_default();
    let given = url::form_urlencoded::parse(query.as_bytes()).find(|(key, _)| key == "since_seq");
    given.map(|(_, value)| number(&value, "since_seq")).transpose()
}

fn number(text: &str, name: &str) -> Result<u64, Problem> {
    let digits = !text.is_empty() && text.bytes().all(|b| b.is_ascii_digit());
    text.parse().ok().filter(|_| digits).ok_or_else(|| {
        let shown: String = text.chars().take(24).collect();
        let detail = format!(
            "{name} {shown:?} is no state; accepted: the seq of a document, a whole number from 0"
        );
        Problem::new(Reason::InvalidState, detail)
    })
}

fn events(
    context: &Arc<Context>,
    advertiser: &Arc<Advertiser>,
    parts: &Parts,
    cut: &CancellationToken,
) -> Result<Reply, Problem> {
    let last = parts
        .headers
        .get("last-event-id")
        .map(|id| number(&String::from_utf8_lossy(id.as_bytes()), "Last-Event-ID"));
    let seen = match last {
        Some(last) => Some(last?),
        None => since_seq(parts)?,
    };
    if parts.method == Method::HEAD {
        return Ok(event_stream(Full::new(Bytes::new())));
    }
    let (feed, mut taken) = advertiser
        .events(seen, context.phase.subscribe(), cut.clone())
        .map_err(|error| Problem::new(Reason::TooManyReaders, error.to_string()))?;
    context.tasks.service("requirements reader", feed.run());
    let frames = stream::poll_fn(move |cx| taken.poll_recv(cx)).map(|b| Ok(Frame::data(b)));
    Ok(event_stream(StreamBody::new(frames)))
}

fn event_stream<B>(body: B) -> Reply
where
    B: http_body::Body<Data = Bytes, Error = std::convert::Infallible> + Send + Sync + 'static,
{
    let mut response = Response::new(body);
    let headers = response.headers_mut();
    headers.insert(CONTENT_TYPE, HeaderValue::from_static(EVENTS));
    headers.insert(CACHE_CONTROL, HeaderValue::from_static("no-store"));
    headers.insert(VARY, HeaderValue::from_static("Accept"));
    // Some reverse proxies collect answers before they pass them on.
    headers.insert("x-accel-buffering", HeaderValue::from_static("no"));
    boxed(response)
}

/// Nothing here is meant for some people only.
fn open_to_all(mut reply: Reply) -> Reply {
    let headers = reply.headers_mut();
    headers.insert(ACCESS_CONTROL_ALLOW_ORIGIN, HeaderValue::from_static("*"));
    headers.insert(ACCESS_CONTROL_EXPOSE_HEADERS, HeaderValue::from_static("ETag"));
    reply
}
