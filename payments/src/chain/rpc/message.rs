//! JSON-RPC 2.0 messages: requests out, answers in the order of the requests.
//!
//! Answers come from a stranger: texts are cut, ids are checked, nothing here panics on any bytes.

use alloy_primitives::{Address, Bytes, hex};
use serde::Deserialize;
use serde_json::{Value, json};

/// The longest error text kept.
const MAX_TEXT: usize = 300;

/// One call.
#[derive(Debug, Clone, PartialEq)]
pub struct Request {
    /// The method.
    pub method: &'static str,
    /// Its parameters: an array.
    pub params: Value,
}

impl Request {
    /// A call of `method`.
    pub const fn new(method: &'static str, params: Value) -> Self {
        Self { method, params }
    }

    /// Runs a contract's function on the newest block, or creation code when there is no `to`.
    pub fn eth_call(to: Option<Address>, data: &[u8]) -> Self {
        let mut call = json!({ "data": hex::encode_prefixed(data) });
        if let Some(to) = to {
            call["to"] = json!(to);
        }
        Self::new("eth_call", json!([call, "latest"]))
    }

    /// What a unit of gas costs at the moment.
    pub fn gas_price() -> Self {
        Self::new("eth_gasPrice", json!([]))
    }

    /// A block without its transactions: by number, or the newest.
    pub fn block(number: Option<u64>) -> Self {
        let which = number.map_or_else(|| json!("latest"), |number| json!(quantity(number)));
        Self::new("eth_getBlockByNumber", json!([which, false]))
    }
}

/// A number as JSON-RPC writes it.
pub(crate) fn quantity(number: u64) -> String {
    format!("0x{number:x}")
}

/// One answer.
pub type Answer = Result<Value, CallError>;

/// A node understood the call and refused it.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("the node answered {message:?} (code {code})")]
pub struct CallError {
    /// JSON-RPC's or the provider's code.
    pub code: i64,
    /// The node's words, cut to 300 characters.
    pub message: String,
    /// What a contract gave back when it reverted.
    pub data: Option<Bytes>,
}

impl CallError {
    /// Whether a contract refused, so that asking another node changes nothing.
    pub fn is_revert(&self) -> bool {
        self.code == 3 || self.data.is_some() || self.message.contains("revert")
    }

    /// Whether the node, not the call, is the problem: limits of rate or its own failure.
    pub fn is_of_endpoint(&self) -> bool {
        let text = self.message.to_ascii_lowercase();
        let busy = ["rate limit", "too many requests", "capacity", "daily request", "unauthorized"];
        !self.is_revert()
            && (matches!(self.code, 429 | -32_603) || busy.iter().any(|word| text.contains(word)))
    }
}

#[derive(Deserialize)]
struct Reply {
    #[serde(default)]
    id: Value,
    #[serde(default)]
    result: Option<Value>,
    #[serde(default)]
    error: Option<ReplyError>,
}

#[derive(Deserialize)]
struct ReplyError {
    #[serde(default)]
    code: i64,
    #[serde(default)]
    message: String,
    #[serde(default)]
    data: Value,
}

/// Bytes that are no answer to what was asked.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{what}")]
pub struct Malformed {
    /// What is wrong with them.
    pub what: String,
}

fn malformed(what: impl Into<String>) -> Malformed {
    Malformed { what: what.into() }
}

/// The body of a request: one object, or an array of them. Ids count from 0.
pub(crate) fn encode(requests: &[Request]) -> Vec<u8> {
    let one = |(id, request): (usize, &Request)| json!({ "jsonrpc": "2.0", "id": id, "method": request.method, "params": request.params });
    let mut all: Vec<Value> = requests.iter().enumerate().map(one).collect();
    let body = if all.len() == 1 { all.remove(0) } else { Value::Array(all) };
    body.to_string().into_bytes()
}

/// The answers in `body` to `count` requests, in the order of the requests.
pub(crate) fn decode(body: &[u8], count: usize) -> Result<Vec<Answer>, Malformed> {
    let value: Value =
        serde_json::from_slice(body).map_err(|error| malformed(format!("not JSON: {error}")))?;
    let replies = match value {
        Value::Array(replies) => replies,
        // Servers that take no batches answer one with a single error.
        single => vec![single],
    };
    if replies.len() != count {
        let refusal = replies.into_iter().next().and_then(|r| parse(r).ok()?.1.err());
        let says = refusal.map_or(String::new(), |error| format!("; {error}"));
        return Err(malformed(format!("not {count} answers{says}")));
    }
    let mut answers: Vec<Option<Answer>> = vec![None; count];
    for reply in replies {
        let (id, answer) = parse(reply)?;
        let id = if count == 1 { 0 } else { id.ok_or_else(|| malformed("an answer has no id"))? };
        let place = answers.get_mut(id).ok_or_else(|| malformed("an answer to nothing asked"))?;
        if place.replace(answer).is_some() {
            return Err(malformed("two answers to one question"));
        }
    }
    answers
        .into_iter()
        .map(|answer| answer.ok_or_else(|| malformed("an answer is missing")))
        .collect()
}

fn parse(reply: Value) -> Result<(Option<usize>, Answer), Malformed> {
    let reply: Reply = serde_json::from_value(reply)
        .map_err(|error| malformed(format!("not an answer: {}", cut(&error.to_string()))))?;
    let id = reply.id.as_u64().and_then(|id| usize::try_from(id).ok());
    let answer = match reply.error {
        Some(error) => Err(CallError {
            code: error.code,
            message: cut(&error.message),
            data: revert_data(&error.data),
        }),
        None => Ok(reply.result.unwrap_or(Value::Null)),
    };
    Ok((id, answer))
}

/// Revert data is the text itself or, with some nodes, nested one level deeper.
fn revert_data(data: &Value) -> Option<Bytes> {
    let text = data.as_str().or_else(|| data.get("data")?.as_str())?;
    hex::decode(text).ok().filter(|bytes| !bytes.is_empty()).map(Bytes::from)
}

pub(crate) fn cut(text: &str) -> String {
    text.chars().filter(|c| !c.is_control()).take(MAX_TEXT).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn call(method: &'static str) -> Request {
        Request::new(method, json!([]))
    }

    #[test]
    fn one_call_is_an_object_and_several_are_an_array() {
        let one = encode(&[call("eth_chainId")]);
        assert_eq!(
            serde_json::from_slice::<Value>(&one).unwrap(),
            json!({"jsonrpc":"2.0","id":0,"method":"eth_chainId","params":[]})
        );
        let two: Value =
            serde_json::from_slice(&encode(&[call("eth_chainId"), call("eth_gasPrice")])).unwrap();
        assert_eq!(two[1]["id"], 1);
    }

    #[test]
    fn answers_are_put_back_in_order() {
        let body = br#"[{"id":1,"result":"b"},{"id":0,"result":"a"}]"#;
        assert_eq!(decode(body, 2).unwrap(), [Ok(json!("a")), Ok(json!("b"))]);
    }

    #[test]
    fn a_revert_carries_its_data_whether_nested_or_not() {
        for data in [r#""0x08c379a0""#, r#"{"data":"0x08c379a0"}"#] {
            let body =
                format!(r#"{{"id":0,"error":{{"code":3,"message":"reverted","data":{data}}}}}"#);
            let error = decode(body.as_bytes(), 1).unwrap().remove(0).unwrap_err();
            assert_eq!(error.data, Some(Bytes::from_static(&[8, 0xc3, 0x79, 0xa0])));
            assert!(error.is_revert() && !error.is_of_endpoint());
        }
    }

    #[test]
    fn a_limit_of_rate_is_the_endpoints_and_a_refused_range_is_not() {
        let error =
            |code, message: &str| CallError { code, message: message.to_owned(), data: None };
        assert!(
            error(-32_005, "daily request count exceeded, request rate limited").is_of_endpoint()
        );
        assert!(!error(-32_005, "query returned more than 10000 results").is_of_endpoint());
        assert!(!error(-32_601, "the method does not exist").is_of_endpoint());
    }

    #[test]
    fn bytes_that_are_no_answer_are_named_and_nothing_panics() {
        let cases: [(&[u8], usize, &str); 6] = [
            (b"<html>", 1, "not JSON"),
            (b"[]", 1, "not 1 answers"),
            (br#"{"id":null,"error":{"code":-32600,"message":"no batches"}}"#, 2, "no batches"),
            (br#"[{"id":0,"result":1},{"id":0,"result":2}]"#, 2, "two answers"),
            (br#"[{"id":0,"result":1},{"id":7,"result":2}]"#, 2, "nothing asked"),
            (br#"[{"result":1},{"id":1}]"#, 2, "no id"),
        ];
        for (body, count, part) in cases {
            let error = decode(body, count).unwrap_err().to_string();
            assert!(error.contains(part), "{error} should say {part}");
        }
    }
}
