//! `/payment` and `/refresh-payment`: paying without a segment, and renewing parameters.
//!
//! `/payment` credits the manifest id, where `/segment` credits the token's session (go-livepeer
//! `server/segment_rpc.go:250-285`). `/refresh-payment` wants no signature, and answers only for a
//! session with a pinned price (`server/rpc.go:454-508`).

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use bytes::Bytes;
use http::header::CONTENT_TYPE;
use http::{HeaderValue, Request, Response, StatusCode};
use hyper::body::Incoming;
use prost::Message as _;
use serde::Deserialize;
use serde_json::json;
use tokio::time::Instant;
use waymark_proto::net;

use super::super::body;
use super::super::node::Context;
use super::super::refusal::Refusal;
use super::super::reply::{self, Reply};
use super::super::segment::{self, Credentials};
use super::super::stats::count;
use super::PaymentError;
use crate::fault::{Fault, RefreshFault};

/// Takes a payment that belongs to no segment.
pub(crate) async fn payment(ctx: Context, request: Request<Incoming>) -> Reply {
    let (head, incoming) = request.into_parts();
    body::discard(&ctx, incoming);
    match pay(&ctx, &head).await {
        Ok(message) => {
            let mut reply = Response::new(reply::whole(message.encode_to_vec().into()));
            let headers = reply.headers_mut();
            headers.insert(CONTENT_TYPE, HeaderValue::from_static("application/octet-stream"));
            reply
        }
        Err(Refusal::Payment(PaymentError::Crash)) => match ctx.drop_connection().await {},
        Err(refusal) => {
            tracing::info!(
                node = ctx.node.options.name,
                status = refusal.status().as_u16(),
                text = %refusal.text(),
                "payment refused"
            );
            reply::text(refusal.status(), &refusal.text())
        }
    }
}

async fn pay(ctx: &Context, head: &http::request::Parts) -> Result<net::PaymentResult, Refusal> {
    let Credentials { payment, sender, job } = segment::credentials(head)?;
    segment::check(ctx, &job, sender)?;
    let fault = ctx.payment_fault()?;
    let memory = ctx.life.memory();
    let info = ctx.offer_info(&memory, sender, &job).await?;
    ctx.take_payment(&memory, &payment, &job.manifest(), fault.as_ref()).await?;
    Ok(net::PaymentResult { info: Some(info) })
}

#[derive(Deserialize)]
struct RefreshRequest {
    sender: String,
    manifest_id: String,
}

/// Gives a session new parameters and a new token at its pinned price.
pub(crate) async fn refresh(ctx: Context, request: Request<Incoming>) -> Reply {
    let fault = ctx.node.faults.refresh();
    if let Some(fault) = &fault {
        ctx.node.stats.fault(&Fault::from(*fault).name());
    }
    match fault {
        Some(RefreshFault::NotFound) => {
            body::discard(&ctx, request.into_body());
            return reply::text(StatusCode::NOT_FOUND, "404 page not found");
        }
        Some(RefreshFault::Status(status)) => {
            let status = StatusCode::from_u16(status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
            return reply::text(status, status.canonical_reason().unwrap_or("fault"));
        }
        Some(RefreshFault::Hang) => std::future::pending().await,
        None => {}
    }
    let Ok(read) = body::read(&ctx, request.into_body(), false).await else {
        return refused(&ctx, StatusCode::BAD_REQUEST, "cannot read request");
    };
    match renewed(&ctx, &read.bytes).await {
        Ok(reply) => {
            ctx.node.stats.update(|stats| stats.payments.refreshes += 1);
            reply
        }
        Err((status, text)) => refused(&ctx, status, &text),
    }
}

async fn renewed(ctx: &Context, body: &[u8]) -> Result<Reply, (StatusCode, String)> {
    let request: RefreshRequest = serde_json::from_slice(body)
        .map_err(|error| (StatusCode::BAD_REQUEST, format!("invalid request: {error}")))?;
    let sender = request
        .sender
        .parse()
        .map_err(|_| (StatusCode::BAD_REQUEST, "invalid sender".to_owned()))?;
    let memory = ctx.life.memory();
    let session = request.manifest_id;
    if memory.accounts.price(sender, &session, Instant::now()).is_none() {
        return Err((StatusCode::CONFLICT, "fixed price not found for session".to_owned()));
    }
    let offer = ctx
        .offer(&memory, sender, Some(&session))
        .await
        .map_err(|error| (StatusCode::INTERNAL_SERVER_ERROR, error.to_string()))?;
    let options = &ctx.node.options;
    let token = ctx.life.tokens.issue_for(
        session.clone(),
        options.clock.since_epoch(),
        options.token_lifetime,
    );
    // The recorded answer names no capabilities.
    let info =
        net::OrchestratorInfo { capabilities: None, ..ctx.node.priced_info(Some(token), offer) };
    let uri = &ctx.node.uri;
    let body = json!({
        "payment_params": STANDARD.encode(info.encode_to_vec()),
        "orchestrator": uri,
        "manifest_id": session,
        "payment_url": format!("{uri}/payment"),
    });
    Ok(in_json(StatusCode::OK, &body))
}

fn refused(ctx: &Context, status: StatusCode, text: &str) -> Reply {
    ctx.node.stats.update(|stats| count(&mut stats.payments.refreshes_refused, text));
    in_json(status, &json!({ "error": { "message": text } }))
}

fn in_json(status: StatusCode, value: &serde_json::Value) -> Reply {
    let mut reply = Response::new(reply::whole(Bytes::from(value.to_string())));
    *reply.status_mut() = status;
    reply.headers_mut().insert(CONTENT_TYPE, HeaderValue::from_static("application/json"));
    reply
}
