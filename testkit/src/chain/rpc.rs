//! JSON-RPC over HTTP, one connection for each call.

use std::net::SocketAddr;

use alloy_primitives::{Address, Bytes, hex};
use alloy_sol_types::SolCall;
use bytes::Bytes as Body;
use http::Request;
use http_body_util::{BodyExt as _, Full};
use hyper::client::conn::http1;
use hyper_util::rt::TokioIo;
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};
use serde_json::json;
use tokio::net::TcpStream;
use waymark_contracts::revert;

use super::LocalChainError;

/// A client of one anvil.
#[derive(Clone, Debug)]
pub struct Rpc {
    addr: SocketAddr,
}

#[derive(Deserialize)]
struct Answer<T> {
    result: Option<T>,
    error: Option<Refusal>,
}

#[derive(Deserialize)]
struct Refusal {
    code: i64,
    message: String,
    data: Option<serde_json::Value>,
}

impl Rpc {
    /// A client of the node at an address.
    pub fn new(addr: SocketAddr) -> Self {
        Self { addr }
    }

    /// Calls a method with its parameters, a tuple or a list. A null result is read as well if `T`
    /// can be null.
    pub async fn call<T: DeserializeOwned>(
        &self,
        method: &str,
        params: impl Serialize,
    ) -> Result<T, LocalChainError> {
        let unread = |source| LocalChainError::Answer { method: method.to_owned(), source };
        let body = json!({ "jsonrpc": "2.0", "id": 1, "method": method, "params": params });
        let answer = self.exchange(method, body.to_string()).await?;
        let answer: Answer<T> = serde_json::from_slice(&answer).map_err(unread)?;
        match answer {
            Answer { error: Some(refusal), .. } => Err(refusal.into_error(method)),
            Answer { result: Some(result), .. } => Ok(result),
            Answer { .. } => serde_json::from_value(serde_json::Value::Null).map_err(unread),
        }
    }

    /// Reads from a contract.
    pub async fn read<C: SolCall>(
        &self,
        to: Address,
        call: &C,
    ) -> Result<C::Return, LocalChainError> {
        let data = Bytes::from(call.abi_encode());
        let request = json!({ "to": to, "data": data });
        let returned: Bytes = self.call("eth_call", (request, "latest")).await?;
        C::abi_decode_returns(&returned)
            .map_err(|source| LocalChainError::Return { signature: C::SIGNATURE, source })
    }

    async fn exchange(&self, method: &str, body: String) -> Result<Body, LocalChainError> {
        let broke = |source| LocalChainError::Exchange { method: method.to_owned(), source };
        let stream = TcpStream::connect(self.addr).await;
        let stream = stream.map_err(|source| LocalChainError::Connect { source })?;
        let (mut sender, connection) =
            http1::handshake(TokioIo::new(stream)).await.map_err(broke)?;
        let request = Request::post("/")
            .header(http::header::HOST, self.addr.to_string())
            .header(http::header::CONTENT_TYPE, "application/json")
            .body(Full::new(Body::from(body)))
            .expect("constant method, path and names; an address is a header value");
        let exchange = async {
            let answer = sender.send_request(request).await?;
            answer.into_body().collect().await.map(http_body_util::Collected::to_bytes)
        };
        tokio::pin!(exchange, connection);
        tokio::select! {
            biased;
            answer = &mut exchange => answer.map_err(broke),
            // It may end with the last byte of the answer.
            ended = &mut connection => match ended {
                Ok(()) => exchange.await.map_err(broke),
                Err(source) => Err(broke(source)),
            },
        }
    }
}

impl Refusal {
    fn into_error(self, method: &str) -> LocalChainError {
        let data = self.data.as_ref().and_then(|data| hex::decode(data.as_str()?).ok());
        match data {
            // 3 is "execution reverted"; data are what the contract returned.
            Some(data) if self.code == 3 => LocalChainError::Reverted {
                reason: revert::reason(&data).unwrap_or(self.message),
                data: data.into(),
            },
            _ => LocalChainError::Rpc {
                method: method.to_owned(),
                code: self.code,
                message: self.message,
            },
        }
    }
}
