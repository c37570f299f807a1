//! A node over HTTP that has the made-up logs, and refuses more than 10,000 at once as providers do.

use std::io;

use alloy_primitives::B256;
use axum::{Json, Router, routing::post};
use serde_json::{Value, json};

use crate::made_up::{EVERY, FIRST_BLOCK, logs};
use crate::synth::Spot;

const MOST_LOGS: u64 = 10_000;

/// Starts it on a thread of its own; gives its address.
pub(crate) fn start(redemptions: u64) -> io::Result<String> {
    let listener = std::net::TcpListener::bind("127.0.0.1:0")?;
    listener.set_nonblocking(true)?;
    let url = format!("http://{}", listener.local_addr()?);
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    std::thread::spawn(move || {
        runtime.block_on(async {
            let app = Router::new().route(
                "/",
                post(async move |Json(asked): Json<Value>| Json(all(&asked, redemptions))),
            );
            let listener = tokio::net::TcpListener::from_std(listener)?;
            axum::serve(listener, app).await
        })
    });
    Ok(url)
}

fn all(asked: &Value, redemptions: u64) -> Value {
    match asked {
        Value::Array(calls) => calls.iter().map(|call| one(call, redemptions)).collect(),
        call => one(call, redemptions),
    }
}

fn one(call: &Value, redemptions: u64) -> Value {
    let last = FIRST_BLOCK + redemptions * EVERY;
    let parameter = &call["params"][0];
    let result = match call["method"].as_str() {
        Some("eth_chainId") => json!("0x1ca9"),
        Some("eth_getCode") => json!("0x60"),
        Some("eth_getBlockByNumber") => {
            let number = number(parameter).unwrap_or(last);
            let hash = Spot { block: number, fork: 0, index: 0, tx: 0 }.block_hash();
            json!({ "number": format!("{number:#x}"), "hash": hash, "parentHash": B256::ZERO, "timestamp": "0x1" })
        }
        _ => {
            let (from, to) = (number(&parameter["fromBlock"]), number(&parameter["toBlock"]));
            let at =
                |block: u64| block.saturating_sub(FIRST_BLOCK).div_ceil(EVERY).min(redemptions);
            let (first, end) = (at(from.unwrap_or(0)), at(to.unwrap_or(0) + 1));
            if 2 * (end - first) > MOST_LOGS {
                let error =
                    json!({ "code": -32005, "message": "query returned more than 10000 results" });
                return json!({ "jsonrpc": "2.0", "id": call["id"], "error": error });
            }
            (first..end).flat_map(logs).collect()
        }
    };
    json!({ "jsonrpc": "2.0", "id": call["id"], "result": result })
}

fn number(value: &Value) -> Option<u64> {
    u64::from_str_radix(value.as_str()?.strip_prefix("0x")?, 16).ok()
}
