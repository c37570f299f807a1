//! Answers of a node, which may be anything.

use serde_json::Value;
use waymark_payments::chain::head::Head;
use waymark_payments::chain::rpc::{Answer, Replies, RpcError};

use super::NodeError;
use crate::log::{Log, MAX_BLOCK};

pub(super) const LOGS: &str = "eth_getLogs";
pub(super) const BLOCK: &str = "eth_getBlockByNumber";

pub(super) fn host(replies: &Replies) -> String {
    replies.host().to_owned()
}

/// A block; nothing if the node does not have it.
pub(super) fn head_of(
    answer: Option<Answer>,
    replies: &Replies,
) -> Result<Option<Head>, NodeError> {
    let unexpected =
        |what: String| NodeError::Unexpected { host: host(replies), method: BLOCK, what };
    let value = match answer {
        None => return Err(unexpected("no answer".to_owned())),
        Some(Err(source)) => {
            let (host, method) = (host(replies), BLOCK);
            return Err(RpcError::Refused { host, method, source }.into());
        }
        Some(Ok(Value::Null)) => return Ok(None),
        Some(Ok(value)) => value,
    };
    let head = Head::read(&value).map_err(unexpected)?;
    if head.number > MAX_BLOCK {
        return Err(unexpected(format!("block {} cannot be", head.number)));
    }
    Ok(Some(head))
}

pub(super) fn logs_of(answer: Option<Answer>, replies: &Replies) -> Result<Vec<Log>, NodeError> {
    let unexpected =
        |what: String| NodeError::Unexpected { host: host(replies), method: LOGS, what };
    let value = match answer {
        None => return Err(unexpected("no answer".to_owned())),
        Some(Err(source)) => {
            let (host, method) = (host(replies), LOGS);
            return Err(RpcError::Refused { host, method, source }.into());
        }
        Some(Ok(value)) => value,
    };
    let Value::Array(objects) = value else {
        return Err(unexpected("no array of logs".to_owned()));
    };
    objects
        .into_iter()
        .map(|object| Log::from_value(object).map_err(|e| unexpected(e.to_string())))
        .collect()
}
