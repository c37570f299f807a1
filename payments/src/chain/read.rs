//! Reading contracts: many calls in one, and typed returns.
//!
//! Where Multicall3 stands, any number of reads is one `eth_call`; where it does not (a bare local
//! chain), they are one message of several. Both see one endpoint; the first also sees one block.

use std::sync::{
    Arc,
    atomic::{AtomicU8, Ordering},
};

use alloy_primitives::{Address, Bytes, hex};
use alloy_sol_types::SolCall;
use serde_json::Value;
use waymark_contracts::{Multicall3, multicall3, revert};

use super::rpc::{Answer, CallError, Request, Rpc, RpcError};

/// A contract could not be read.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum ReadError {
    /// No endpoint answered.
    #[error(transparent)]
    Rpc(#[from] RpcError),
    /// There is nothing at the address.
    #[error(
        "{function} of {contract}: there is no such contract at that address; check -network, -ethController and that -ethUrl belongs to that chain"
    )]
    NoContract {
        /// The address.
        contract: Address,
        /// What was called.
        function: &'static str,
    },
    /// The contract, or the node, refused.
    #[error("{function} of {contract} was refused{}", reason(source))]
    Refused {
        /// The address.
        contract: Address,
        /// What was called.
        function: &'static str,
        /// The refusal.
        #[source]
        source: CallError,
    },
    /// The bytes are not what the function returns.
    #[error("{function} of {contract} returned something else: {what}")]
    Unexpected {
        /// The address.
        contract: Address,
        /// What was called.
        function: &'static str,
        /// What is wrong.
        what: String,
    },
    /// The Controller does not know a contract.
    #[error("the Controller {controller} knows no {name}; check -ethController")]
    NotRegistered {
        /// The Controller.
        controller: Address,
        /// The contract.
        name: &'static str,
    },
}

/// The text of a revert, if there is one, for an error message.
fn reason(error: &CallError) -> String {
    revert_text(error).map_or(String::new(), |text| format!(": {text}"))
}

/// A contract's own words in a refusal.
pub(crate) fn revert_text(error: &CallError) -> Option<String> {
    let data = error.data.as_ref().and_then(|data| revert::reason(data));
    data.or_else(|| {
        let text = error.message.strip_prefix("execution reverted: ")?;
        Some(text.trim_start_matches("revert: ").to_owned())
    })
}

/// One read.
#[derive(Debug, Clone)]
pub(crate) struct Call {
    to: Address,
    data: Vec<u8>,
}

impl Call {
    pub(crate) fn new<C: SolCall>(to: Address, call: &C) -> Self {
        Self { to, data: call.abi_encode() }
    }
}

/// The returns of some reads, taken in the order of the calls.
#[derive(Debug)]
pub(crate) struct Returns {
    calls: Vec<Address>,
    results: Vec<Result<Bytes, CallError>>,
    next: usize,
}

impl Returns {
    /// The next return, as `C` says it should be.
    pub(crate) fn take<C: SolCall>(&mut self) -> Result<C::Return, ReadError> {
        let (contract, function) = (self.calls[self.next], C::SIGNATURE);
        let result = self.results[self.next].clone();
        self.next += 1;
        match result {
            Ok(bytes) if bytes.is_empty() => Err(ReadError::NoContract { contract, function }),
            Ok(bytes) => C::abi_decode_returns(&bytes).map_err(|error| ReadError::Unexpected {
                contract,
                function,
                what: error.to_string(),
            }),
            Err(source) => Err(ReadError::Refused { contract, function, source }),
        }
    }
}

const UNKNOWN: u8 = 0;
const PRESENT: u8 = 1;
const ABSENT: u8 = 2;

/// Reads contracts through some endpoints.
#[derive(Debug, Clone)]
pub(crate) struct Reader {
    pub(crate) rpc: Rpc,
    multicall: Arc<AtomicU8>,
}

impl Reader {
    pub(crate) fn new(rpc: Rpc) -> Self {
        Self { rpc, multicall: Arc::new(AtomicU8::new(UNKNOWN)) }
    }

    /// Makes the calls, on the newest block.
    pub(crate) async fn read(&self, calls: Vec<Call>) -> Result<Returns, ReadError> {
        let (returns, _, _) = self.read_and(calls, Vec::new()).await?;
        Ok(returns)
    }

    /// The same, with other requests in the same message; also tells which endpoint answered.
    pub(crate) async fn read_and(
        &self,
        calls: Vec<Call>,
        also: Vec<Request>,
    ) -> Result<(Returns, Vec<Answer>, usize), ReadError> {
        let mut known = self.multicall.load(Ordering::Relaxed);
        let mut others = also.clone();
        if known != ABSENT {
            others.push(aggregate(&calls));
            let mut replies = self.rpc.batch(others).await?;
            let answer = replies.answers.pop();
            if let Some(results) = answer.and_then(|answer| disaggregate(answer, calls.len())) {
                self.multicall.store(PRESENT, Ordering::Relaxed);
                return Ok((returns(calls, results), replies.answers, replies.endpoint));
            }
            if known == UNKNOWN {
                known = ABSENT;
                self.multicall.store(known, Ordering::Relaxed);
            }
            // The others have their answers; only the calls are made again, one by one.
            let requests = calls.iter().map(|call| Request::eth_call(Some(call.to), &call.data));
            let singles = self.rpc.batch(requests.collect()).await?;
            let results = singles.answers.into_iter().map(bytes_of).collect();
            return Ok((returns(calls, results), replies.answers, replies.endpoint));
        }
        let count = others.len();
        others.extend(calls.iter().map(|call| Request::eth_call(Some(call.to), &call.data)));
        let mut replies = self.rpc.batch(others).await?;
        let results = replies.answers.split_off(count).into_iter().map(bytes_of).collect();
        Ok((returns(calls, results), replies.answers, replies.endpoint))
    }
}

fn returns(calls: Vec<Call>, results: Vec<Result<Bytes, CallError>>) -> Returns {
    Returns { calls: calls.into_iter().map(|call| call.to).collect(), results, next: 0 }
}

fn aggregate(calls: &[Call]) -> Request {
    let calls = calls.iter().map(|call| Multicall3::Call3 {
        target: call.to,
        allowFailure: true,
        callData: call.data.clone().into(),
    });
    let data = Multicall3::aggregate3Call { calls: calls.collect() }.abi_encode();
    Request::eth_call(Some(multicall3::ADDRESS), &data)
}

/// The results of an aggregate; nothing if there is no Multicall3 or it could not do all of them.
fn disaggregate(answer: Answer, count: usize) -> Option<Vec<Result<Bytes, CallError>>> {
    let bytes = bytes_of(answer).ok()?;
    let results = Multicall3::aggregate3Call::abi_decode_returns(&bytes).ok()?;
    (results.len() == count).then(|| results.into_iter().map(result_of).collect())
}

fn result_of(result: Multicall3::Result) -> Result<Bytes, CallError> {
    if result.success {
        Ok(result.returnData)
    } else {
        let data = Some(result.returnData).filter(|data| !data.is_empty());
        Err(CallError { code: 3, message: "execution reverted".to_owned(), data })
    }
}

/// The bytes of an answer to `eth_call`.
pub(crate) fn bytes_of(answer: Answer) -> Result<Bytes, CallError> {
    let value = answer?;
    let bytes = match &value {
        Value::String(text) => hex::decode(text).ok(),
        _ => None,
    };
    bytes.map(Bytes::from).ok_or_else(|| CallError {
        code: 0,
        message: "the answer is not bytes in hexadecimal".to_owned(),
        data: None,
    })
}
