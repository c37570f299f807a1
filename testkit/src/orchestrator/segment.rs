//! `/segment`: the checks, the payment, the early 200, and the work behind it.
//!
//! The answer's head leaves before anything is transcoded; from then on every failure stands inside the
//! message. The work is a task of its own: a gateway that goes away does not stop it.

use std::sync::Arc;

use alloy_primitives::{Address, B256};
use bytes::Bytes;
use futures_util::stream::{self, StreamExt as _};
use http::header::CONTENT_TYPE;
use http::request::Parts;
use http::{Request, Response, StatusCode, Version};
use hyper::body::{Body as _, Incoming};
use prost::Message as _;
use tokio::sync::oneshot;
use tokio::time::Instant;
use waymark_proto::{PAYMENT_HEADER, SEGMENT_HEADER, TAG_HEADER, net};

use super::body::{self, MAX_SEGMENT, discard};
use super::capabilities::compatible;
use super::cheat::Ploy;
use super::credentials::{self, SegmentJob};
use super::engine::Rendition;
use super::node::Context;
use super::payee::{Paid, PaymentError};
use super::phash;
use super::refusal::Refusal;
use super::reply::{self, Reply};
use super::result;
use super::sessions::{EnterError, Entered};
use super::stats::{ReceivedSegment, Verdict, count, push};
use super::token::TokenError;
use crate::attack::Attack;
use crate::client;
use crate::fault::{Fault, SegmentFault};
use crate::ticket::address;

/// Content type of a body that is the segment's URL; compared whole.
const URI_MODE: &[u8] = b"application/vnd+livepeer.uri";
/// Longest wait for a segment that is fetched by URL.
const FETCH_TIME: std::time::Duration = std::time::Duration::from_secs(4);
/// A refused body larger than this closes an HTTP/1.1 connection.
const KEPT_OPEN: u64 = 256 * 1024;

/// The two headers of a request that pays.
#[derive(Debug)]
pub(crate) struct Credentials {
    pub(crate) payment: net::Payment,
    /// Who pays; zeros off-chain.
    pub(crate) sender: Address,
    pub(crate) job: SegmentJob,
}

/// What the payment of a segment settled.
#[derive(Debug)]
struct Order {
    /// Who the work is for; zeros off-chain.
    sender: Address,
    /// What the answer says of price and parameters, made before the payment was looked at.
    info: net::OrchestratorInfo,
    /// `None` off-chain.
    paid: Option<Paid>,
}

pub(crate) async fn handle(ctx: Context, request: Request<Incoming>) -> Reply {
    let (head, body) = request.into_parts();
    let (Credentials { payment, sender, job }, mut record) = match read_head(&ctx, &head) {
        Ok(read) => read,
        Err((refusal, record)) => return refuse(&ctx, &head, record, &refusal, Some(body)),
    };
    let fault = ctx.node.faults.segment();
    if let Some(fault) = &fault {
        ctx.node.stats.fault(&Fault::from(fault.clone()).name());
        let refusal = match fault {
            SegmentFault::Capped => Some(Refusal::Capped),
            SegmentFault::Status(status) => Some(Refusal::Fault(
                StatusCode::from_u16(*status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR),
            )),
            _ => None,
        };
        if let Some(refusal) = refusal {
            return refuse(&ctx, &head, Some(record.into()), &refusal, Some(body));
        }
    }
    let order = match take_payment(&ctx, &payment, sender, &job).await {
        Ok(order) => order,
        Err(Refusal::Payment(PaymentError::Crash)) => {
            dropped(&ctx, record);
            match ctx.drop_connection().await {}
        }
        Err(refusal) => {
            return refuse(&ctx, &head, Some(record.into()), &refusal, Some(body));
        }
    };
    let segment = match read_segment(&ctx, &head, &job, &mut record, body).await {
        Ok(segment) => segment,
        Err(refusal) => return refuse(&ctx, &head, Some(record.into()), &refusal, None),
    };
    match fault {
        Some(SegmentFault::HangBeforeHeaders) => {
            dropped(&ctx, record);
            std::future::pending().await
        }
        Some(SegmentFault::DropBeforeHeaders) => {
            dropped(&ctx, record);
            match ctx.drop_connection().await {}
        }
        fault => accept(ctx, job, order, record, segment, fault.as_ref()),
    }
}

type ReadHead = (Credentials, ReceivedSegment);

/// All that can be said without the body.
fn read_head(
    ctx: &Context,
    head: &Parts,
) -> Result<ReadHead, (Refusal, Option<Box<ReceivedSegment>>)> {
    let read = credentials(head).map_err(|refusal| (refusal, None))?;
    let record = record(head, &read.job);
    match check(ctx, &read.job, read.sender) {
        Ok(()) => Ok((read, record)),
        Err(refusal) => Err((refusal, Some(Box::new(record)))),
    }
}

/// Decodes both headers.
pub(crate) fn credentials(head: &Parts) -> Result<Credentials, Refusal> {
    let header = |name: &str| head.headers.get(name).map_or(&[][..], |value| value.as_bytes());
    let payment = credentials::payment(header(PAYMENT_HEADER))?;
    let job = SegmentJob::decode(header(SEGMENT_HEADER))?;
    Ok(Credentials { sender: address(&payment.sender), payment, job })
}

/// Makes the next parameters, takes the payment, and asks whether the credit is enough.
async fn take_payment(
    ctx: &Context,
    payment: &net::Payment,
    sender: Address,
    job: &SegmentJob,
) -> Result<Order, Refusal> {
    let memory = ctx.life.memory();
    let fault = ctx.payment_fault()?;
    let info = ctx.offer_info(&memory, sender, job).await?;
    let account = job.session_id();
    ctx.take_payment(&memory, payment, account, fault.as_ref()).await?;
    if ctx.node.payee.is_none() {
        return Ok(Order { sender, info, paid: None });
    }
    let price = payment.expected_price.as_ref();
    ctx.check_balance(&memory, sender, account, price, fault.as_ref())?;
    Ok(Order { sender, info, paid: Some(Paid::new(memory, sender, account, price)) })
}

/// Checks what the headers say.
pub(crate) fn check(ctx: &Context, job: &SegmentJob, sender: Address) -> Result<(), Refusal> {
    let Context { node, life, .. } = ctx;
    if node.wants_signatures() && !job.is_signed_by(sender) {
        return Err(Refusal::Signature);
    }
    let needed = job.data.capabilities.as_ref();
    if needed.is_some_and(|needed| !compatible(needed, &node.capabilities)) {
        return Err(Refusal::Capabilities);
    }
    let token = job.data.auth_token.as_ref().ok_or(Refusal::TokenMissing)?;
    life.tokens.check(token, node.options.clock.since_epoch()).map_err(|error| match error {
        TokenError::Invalid => Refusal::TokenInvalid,
        TokenError::Expired => Refusal::TokenExpired,
    })?;
    life.sessions.check_capacity(&token.session_id, Instant::now()).map_err(|_| Refusal::Capped)
}

/// The segment's bytes: the body, or what its URL holds. They are what the header announced.
async fn read_segment(
    ctx: &Context,
    head: &Parts,
    job: &SegmentJob,
    record: &mut ReceivedSegment,
    body: Incoming,
) -> Result<Bytes, Refusal> {
    let by_url = head.headers.get(CONTENT_TYPE).is_some_and(|v| v.as_bytes() == URI_MODE);
    let check_hash = ctx.node.options.check_hashes;
    let read = body::read(ctx, body, check_hash && !by_url).await.map_err(|error| {
        record.body_len = error.read as u64;
        Refusal::Body
    })?;
    record.body_len = read.bytes.len() as u64;
    if by_url {
        let url = std::str::from_utf8(&read.bytes).map_err(|_| Refusal::Fetch)?;
        let fetched = client::get(url, MAX_SEGMENT, Instant::now() + FETCH_TIME).await;
        let segment = fetched.map_err(|_| Refusal::Fetch)?;
        return if !check_hash || job.announces(&segment) {
            Ok(segment)
        } else {
            Err(Refusal::Hash)
        };
    }
    match read.hash {
        Some(hash) if hash != job.announced_hash() => Err(Refusal::Hash),
        _ => Ok(read.bytes),
    }
}

/// Sends the early 200 and starts the work.
fn accept(
    ctx: Context,
    job: SegmentJob,
    order: Order,
    mut record: ReceivedSegment,
    segment: Bytes,
    fault: Option<&SegmentFault>,
) -> Reply {
    record.verdict = Verdict::Accepted;
    tracing::info!(
        node = ctx.node.options.name,
        manifest = record.manifest,
        seq = record.seq,
        session = record.session_id,
        bytes = segment.len(),
        renditions = record.profiles.len(),
        tag = record.tag_header,
        "segment accepted"
    );
    ctx.node.stats.update(|stats| {
        stats.segments_accepted += 1;
        push(&mut stats.segments, record.into());
    });
    // The place is taken here, so that segments run in the order in which they were accepted.
    let entered = ctx.life.sessions.enter(job.session_id(), Instant::now());
    ctx.count_sessions();
    let attack = ctx.node.cheat.next(job.announced_hash());
    let attack = match fault {
        Some(SegmentFault::Attack(attack)) => Some(*attack),
        _ => attack,
    };
    let (send, receive) = oneshot::channel();
    let dies = order.paid.as_ref().is_some_and(|paid| paid.price.is_none());
    let work = work(ctx.clone(), job, order, segment, fault.cloned(), attack, entered);
    ctx.life.spawn(async move {
        let message = work.await;
        if send.send(message).is_err() {
            tracing::debug!("nobody waits for the result any more");
        }
    });
    let message = stream::once(async move { receive.await.ok() }).filter_map(std::future::ready);
    Response::new(match fault {
        // A stock node reckons the debit now, without a price to reckon with.
        _ if dies => {
            reply::streamed(message.flat_map(move |_| reply::cut(Bytes::new(), ctx.clone())))
        }
        Some(SegmentFault::HangInBody) => reply::streamed(
            message.flat_map(|bytes| reply::stuck(bytes.slice(..bytes.len().min(10)))),
        ),
        Some(SegmentFault::DropMidResponse) => reply::streamed(
            message.flat_map(move |bytes| reply::cut(bytes.slice(..bytes.len() / 2), ctx.clone())),
        ),
        Some(SegmentFault::OversizedResult(size)) => reply::streamed(reply::zeros(*size)),
        Some(SegmentFault::EmptyBody) => {
            reply::streamed(message.filter_map(|_| std::future::ready(None)))
        }
        Some(SegmentFault::GarbageProtobuf) => {
            reply::streamed(message.map(|_| Bytes::from_static(&[0xff; 64])))
        }
        _ => reply::streamed(message),
    })
}

/// Waits for the segment's turn, transcodes, keeps the files, and writes the message.
async fn work(
    ctx: Context,
    job: SegmentJob,
    order: Order,
    segment: Bytes,
    fault: Option<SegmentFault>,
    attack: Option<Attack>,
    entered: Result<Entered, EnterError>,
) -> Bytes {
    let attack = dared(&ctx, attack, job.announced_hash()).await;
    let lies = result::Lies { fault: fault.as_ref(), attack };
    let outcome = match (&fault, entered) {
        (Some(SegmentFault::Busy), _) | (_, Err(EnterError::Busy)) => {
            Err("OrchestratorBusy".to_owned())
        }
        (Some(SegmentFault::ResultError(text)), _) => Err(text.clone()),
        (_, Err(EnterError::Capped)) => Err("OrchestratorCapped".to_owned()),
        (_, Ok(entered)) => {
            let turn = entered.turn().await;
            ctx.node.hold.opened().await;
            if let Some(SegmentFault::Slow(by)) = &fault {
                tokio::time::sleep(*by).await;
            }
            let previous = entered.follow(segment.clone());
            let ploy = attack.map(|attack| Ploy { attack, previous });
            let made = ctx.node.engine.transcode(&job, segment, ploy).await;
            if attack == Some(Attack::LateOrPartial) {
                tokio::time::sleep(job.duration).await;
            }
            if let Ok(renditions) = &made {
                store(&entered, &job, renditions, fault.as_ref());
                store_hashes(&entered, &job, renditions, lies).await;
                if let Some(paid) = &order.paid {
                    let fee = paid.debit(renditions.iter().map(|rendition| rendition.pixels).sum());
                    ctx.node.stats.update(|stats| stats.payments.debited_wei.add(&fee));
                }
            }
            drop(turn);
            drop(entered);
            made
        }
    };
    ctx.node.stats.update(|stats| match &outcome {
        Ok(_) => stats.results += 1,
        Err(text) => count(&mut stats.result_errors, text),
    });
    let message = result::message(&ctx.node, &job, order.sender, order.info, outcome, lies);
    let mut bytes = message.encode_to_vec();
    if fault == Some(SegmentFault::UnknownResult) {
        // Field 4, three bytes: a number no version of the message ever had.
        bytes.extend_from_slice(&[0x22, 3, 1, 2, 3]);
    }
    bytes.into()
}

/// What is really done to a segment, counted.
async fn dared(ctx: &Context, attack: Option<Attack>, segment: B256) -> Option<Attack> {
    let attack = ctx.node.cheat.dared(attack?, segment).await?;
    ctx.node.stats.fault(&format!("attack:{attack}"));
    Some(attack)
}

/// Perceptual hashes, where they are asked for, or where an attack is about them.
async fn store_hashes(
    entered: &Entered,
    job: &SegmentJob,
    renditions: &[Rendition],
    lies: result::Lies<'_>,
) {
    let Some(lie) = result::hash_lie(job, lies) else { return };
    for (profile, rendition) in job.profiles.iter().zip(renditions) {
        if let Some(bytes) = phash::file(job, profile, rendition, lie).await {
            entered.store(&profile.name, result::hash_file_name(job, profile), bytes);
        }
    }
}

fn store(
    entered: &Entered,
    job: &SegmentJob,
    renditions: &[Rendition],
    fault: Option<&SegmentFault>,
) {
    for (profile, rendition) in job.profiles.iter().zip(renditions) {
        let bytes = match fault {
            Some(SegmentFault::CorruptData) => result::corrupted(&rendition.bytes),
            Some(SegmentFault::TruncatedData) => rendition.bytes.slice(..rendition.bytes.len() / 2),
            _ => rendition.bytes.clone(),
        };
        entered.store(&profile.name, result::file_name(job, profile), bytes);
    }
}

/// Answers with a refusal, counts it, and lets a body that was not read run out.
fn refuse(
    ctx: &Context,
    head: &Parts,
    record: Option<Box<ReceivedSegment>>,
    refusal: &Refusal,
    unread: Option<Incoming>,
) -> Reply {
    let (status, text) = (refusal.status(), refusal.text());
    tracing::info!(
        node = ctx.node.options.name,
        status = status.as_u16(),
        %text,
        manifest = record.as_ref().map(|record| record.manifest.as_str()),
        "segment refused"
    );
    ctx.node.stats.update(|stats| {
        count(&mut stats.segments_refused, &refusal.key());
        if let Some(mut record) = record {
            record.verdict =
                Verdict::Refused { status: status.as_u16(), text: text.clone().into_owned() };
            push(&mut stats.segments, Arc::from(record));
        }
    });
    let answer = reply::text(status, &text);
    let Some(body) = unread else { return answer };
    let large = body.size_hint().exact().is_none_or(|size| size > KEPT_OPEN);
    discard(ctx, body);
    if large && head.version != Version::HTTP_2 { reply::closing(answer) } else { answer }
}

fn dropped(ctx: &Context, mut record: ReceivedSegment) {
    record.verdict = Verdict::Dropped;
    ctx.node.stats.update(|stats| push(&mut stats.segments, record.into()));
}

fn record(head: &Parts, job: &SegmentJob) -> ReceivedSegment {
    let header = |name: &str| head.headers.get(name);
    let text = |name: &str| {
        header(name).map(|value| String::from_utf8_lossy(value.as_bytes()).into_owned())
    };
    let raw = |name: &str| header(name).map(|value| Bytes::copy_from_slice(value.as_bytes()));
    ReceivedSegment {
        manifest: job.manifest(),
        seq: job.data.seq,
        session_id: job.session_id().to_owned(),
        duration: job.duration,
        list: job.list,
        profiles: job.profiles.iter().map(|profile| profile.name.clone()).collect(),
        tag_header: text(TAG_HEADER),
        data: job.data.clone(),
        segment_header: raw(SEGMENT_HEADER).unwrap_or_default(),
        payment_header: raw(PAYMENT_HEADER),
        content_type: text(CONTENT_TYPE.as_str()),
        body_len: 0,
        http2: head.version == Version::HTTP_2,
        verdict: Verdict::Dropped,
    }
}
