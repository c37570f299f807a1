//! Bodies of requests: reading one with a limit while hashing it, or throwing one away.

use std::time::Duration;

use alloy_primitives::{B256, Keccak256};
use bytes::{Bytes, BytesMut};
use http_body_util::BodyExt as _;
use hyper::body::{Body as _, Incoming};

use super::node::Context;

/// Largest segment a node takes: 300 s at 8 Mb/s (go-livepeer `common/util.go:52-58`).
pub(crate) const MAX_SEGMENT: usize = 300_000_000;
/// Memory set aside on the word of a header.
const TRUSTED: usize = 4 << 20;
/// How long the rest of a refused body is still read, so that its sender sees the answer.
const DISCARD_TIME: Duration = Duration::from_millis(500);

/// A body and its Keccak-256.
pub(crate) struct ReadBody {
    pub(crate) bytes: Bytes,
    /// `None` when it was not asked for.
    pub(crate) hash: Option<B256>,
}

/// Why a body could not be read; how much had come.
pub(crate) struct BodyError {
    pub(crate) read: usize,
}

pub(crate) async fn read(
    ctx: &Context,
    mut body: Incoming,
    hash: bool,
) -> Result<ReadBody, BodyError> {
    let announced = usize::try_from(body.size_hint().lower()).unwrap_or(usize::MAX);
    if announced > MAX_SEGMENT {
        discard(ctx, body);
        return Err(BodyError { read: 0 });
    }
    let mut bytes = BytesMut::with_capacity(announced.min(TRUSTED));
    let mut hasher = hash.then(Keccak256::new);
    while let Some(frame) = body.frame().await {
        let failed = BodyError { read: bytes.len() };
        let Ok(frame) = frame else { return Err(failed) };
        let Some(data) = frame.data_ref() else { continue };
        if data.len() > MAX_SEGMENT - bytes.len() {
            discard(ctx, body);
            return Err(failed);
        }
        if let Some(hasher) = &mut hasher {
            hasher.update(data);
        }
        bytes.extend_from_slice(data);
    }
    Ok(ReadBody { bytes: bytes.freeze(), hash: hasher.map(Keccak256::finalize) })
}

/// Reads what is left of a body in the background for a short while.
pub(crate) fn discard(ctx: &Context, mut body: Incoming) {
    if body.is_end_stream() {
        return;
    }
    ctx.life.spawn(async move {
        let rest = async { while let Some(Ok(_)) = body.frame().await {} };
        if tokio::time::timeout(DISCARD_TIME, rest).await.is_err() {
            tracing::debug!("a refused body was still coming");
        }
    });
}
