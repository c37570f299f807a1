//! A node in memory, with faults.

use std::sync::Arc;

use alloy_primitives::{Address, B256};
use futures_util::future::BoxFuture;
use parking_lot::Mutex;
use serde_json::{Value, json};
use waymark_payments::chain::rpc::{Answer, CallError, Request, Transport, TransportError};

use crate::model::{Chain, Happening, Mined};
use crate::synth::BROKER;

pub(crate) const CHAIN_ID: u64 = 7337;

/// What is wrong with the node.
#[derive(Debug, Clone)]
pub(crate) enum Fault {
    /// It refuses a range with more logs than this.
    MoreThan { logs: u64, code: i64, text: &'static str },
    /// Blocks without half of their fields.
    HalfABlock,
    /// No block at all.
    NoBlocks,
    /// Logs that are a text.
    Text,
    /// A log without its transaction.
    BrokenLog,
    /// A log of a block that nobody asked for.
    OtherBlocks,
    /// A log of another contract among the others.
    Foreign,
    /// It does not know `eth_getLogs`.
    NoMethod,
    /// It answers every question for a block with an error.
    Error,
    /// Logs from this block on are not there yet.
    Unindexed { from: u64 },
    /// It knows no block above this one.
    Lags { head: u64 },
}

#[derive(Debug, Default)]
struct State {
    chain: Chain,
    fault: Option<Fault>,
}

#[derive(Debug, Clone, Default)]
pub(crate) struct Fake(Arc<Mutex<State>>);

fn refusal(code: i64, message: &str) -> Answer {
    Err(CallError { code, message: message.to_owned(), data: None })
}

fn number(value: &Value) -> u64 {
    u64::from_str_radix(value.as_str().unwrap().trim_start_matches("0x"), 16).unwrap()
}

impl Fake {
    pub(crate) fn transport(&self) -> Arc<dyn Transport> {
        Arc::new(self.clone())
    }

    pub(crate) fn happen(&self, happening: &Happening) {
        self.0.lock().chain.happen(happening);
    }

    pub(crate) fn fault(&self, fault: Option<Fault>) {
        self.0.lock().fault = fault;
    }

    pub(crate) fn blocks(&self) -> Vec<Mined> {
        self.0.lock().chain.blocks.clone()
    }

    fn answer(&self, request: &Request) -> Answer {
        match request.method {
            "eth_chainId" => Ok(json!(format!("{CHAIN_ID:#x}"))),
            "eth_getCode" => {
                let there = request.params[0] == json!(BROKER);
                Ok(json!(if there { "0x60" } else { "0x" }))
            }
            "eth_getBlockByNumber" => self.block(&request.params[0]),
            "eth_getLogs" => self.logs(&request.params[0]),
            other => panic!("{other} was not expected"),
        }
    }

    fn block(&self, which: &Value) -> Answer {
        let state = self.0.lock();
        let known = match state.fault {
            Some(Fault::Lags { head }) => usize::try_from(head).unwrap() + 1,
            _ => state.chain.blocks.len(),
        };
        let blocks = &state.chain.blocks[..known];
        match state.fault {
            Some(Fault::NoBlocks) => return Ok(Value::Null),
            Some(Fault::Error) => return refusal(-32_000, "header not found"),
            _ => {}
        }
        let block = match which.as_str() {
            Some("latest") => blocks.last(),
            _ => blocks.get(usize::try_from(number(which)).unwrap()),
        };
        let Some(block) = block else { return Ok(Value::Null) };
        if matches!(state.fault, Some(Fault::HalfABlock)) {
            return Ok(json!({ "number": format!("{:#x}", block.number) }));
        }
        Ok(json!({
            "number": format!("{:#x}", block.number),
            "hash": block.spot().block_hash(),
            "parentHash": B256::ZERO,
            "timestamp": "0x1",
        }))
    }

    fn logs(&self, filter: &Value) -> Answer {
        let state = self.0.lock();
        let (from, to) = (number(&filter["fromBlock"]), number(&filter["toBlock"]));
        let blocks = state.chain.blocks.iter().filter(|b| (from..=to).contains(&b.number));
        let mut logs: Vec<Value> = blocks.flat_map(Mined::logs).collect();
        match &state.fault {
            Some(Fault::MoreThan { logs: most, code, text }) if logs.len() as u64 > *most => {
                return refusal(*code, text);
            }
            Some(Fault::Text) => return Ok(json!("0x")),
            Some(Fault::BrokenLog) => {
                logs[0].as_object_mut().unwrap().remove("transactionHash");
            }
            Some(Fault::OtherBlocks) => logs[0]["blockNumber"] = json!("0x3e8"),
            Some(Fault::Foreign) => {
                let mut foreign = logs[0].clone();
                foreign["address"] = json!(Address::repeat_byte(9));
                logs.push(foreign);
            }
            Some(Fault::NoMethod) => return refusal(-32_601, "method not found"),
            Some(Fault::Unindexed { from }) => {
                logs.retain(|log| number(&log["blockNumber"]) < *from);
            }
            _ => {}
        }
        Ok(Value::Array(logs))
    }
}

impl Transport for Fake {
    fn send<'a>(
        &'a self,
        requests: &'a [Request],
    ) -> BoxFuture<'a, Result<Vec<Answer>, TransportError>> {
        Box::pin(async { Ok(requests.iter().map(|request| self.answer(request)).collect()) })
    }
}
