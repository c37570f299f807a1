//! An endpoint of the chain in memory, which fails or lies on command.

use std::sync::Arc;

use alloy_primitives::keccak256;
use futures_util::future::BoxFuture;
use parking_lot::Mutex;
use serde_json::{Value, json};

use super::{
    super::rpc::{Answer, Request, Transport, TransportError},
    FIRST_L1, World,
};

/// What an endpoint does wrong.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Wrong {
    Nothing,
    /// No connection.
    Down,
    /// Never answers.
    Hangs,
    /// The head is this many L1 blocks further.
    Ahead(u64),
    /// The head is this many blocks back.
    Behind(u64),
    /// Always the same head, since its number was this.
    Frozen(u64),
    /// Another chain.
    Chain(u64),
    /// HTTP 429.
    Limited,
}

#[derive(Debug)]
pub(super) struct FakeEndpoint {
    pub(super) world: Arc<Mutex<World>>,
    pub(super) wrong: Arc<Mutex<Wrong>>,
}

impl Transport for FakeEndpoint {
    fn send<'a>(
        &'a self,
        requests: &'a [Request],
    ) -> BoxFuture<'a, Result<Vec<Answer>, TransportError>> {
        let wrong = *self.wrong.lock();
        Box::pin(async move {
            match wrong {
                Wrong::Down => {
                    let reason = "connection refused".to_owned();
                    return Err(TransportError::Connection { reason });
                }
                Wrong::Limited => return Err(TransportError::Status { status: 429 }),
                Wrong::Hangs => std::future::pending().await,
                _ => {}
            }
            let mut world = self.world.lock();
            Ok(requests.iter().map(|request| lie(wrong, request, world.answer(request))).collect())
        })
    }
}

fn lie(wrong: Wrong, request: &Request, truth: Answer) -> Answer {
    let shift = |value: &mut Value, by: i64| {
        let n = i64::from_str_radix(&value.as_str().unwrap()[2..], 16).unwrap() + by;
        *value = json!(format!("{n:#x}"));
    };
    let mut answer = truth?;
    match (wrong, request.method) {
        (Wrong::Chain(id), "eth_chainId") => answer = json!(format!("{id:#x}")),
        (Wrong::Ahead(by), "eth_getBlockByNumber") => {
            shift(&mut answer["l1BlockNumber"], by.cast_signed());
        }
        (Wrong::Behind(by), "eth_getBlockByNumber") if request.params[0] == "latest" => {
            shift(&mut answer["number"], -by.cast_signed());
            shift(&mut answer["l1BlockNumber"], -by.cast_signed());
            shift(&mut answer["timestamp"], -by.cast_signed() * 12);
            answer["hash"] = json!(keccak256(format!("behind {answer}")));
        }
        (Wrong::Frozen(at), "eth_getBlockByNumber") => {
            answer["number"] = json!(format!("{at:#x}"));
            answer["l1BlockNumber"] = json!(format!("{FIRST_L1:#x}"));
            answer["hash"] = json!(keccak256("frozen"));
        }
        _ => {}
    }
    Ok(answer)
}
