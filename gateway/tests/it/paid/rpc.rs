//! An RPC endpoint between the gateway and the chain that can be taken down, and that can lie.

use std::sync::{
    Arc,
    atomic::{AtomicU8, AtomicU64, Ordering},
};

use axum::{Router, body::Bytes, extract::State, http::StatusCode, response::IntoResponse};
use serde_json::Value;
use tokio::{net::TcpListener, task::JoinSet};

const HONEST: u8 = 0;
const DOWN: u8 = 1;
const AHEAD: u8 = 2;
const SWALLOWING: u8 = 3;
const MUTE: u8 = 4;

/// How far ahead a lie is: more than can be mined.
const LIE: u64 = 50_000_000;

/// The endpoint. Dropping it ends it.
pub(crate) struct Endpoint {
    url: String,
    shared: Arc<Shared>,
    _server: JoinSet<()>,
}

struct Shared {
    upstream: String,
    client: reqwest::Client,
    mode: AtomicU8,
    asked: AtomicU64,
    taken: AtomicU64,
}

impl Endpoint {
    pub(crate) async fn start(upstream: &str) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("a free port");
        let url = format!("http://{}", listener.local_addr().expect("an address"));
        let shared = Arc::new(Shared {
            upstream: upstream.to_owned(),
            client: reqwest::Client::new(),
            mode: AtomicU8::new(HONEST),
            asked: AtomicU64::new(0),
            taken: AtomicU64::new(0),
        });
        let router = Router::new().fallback(answer).with_state(Arc::clone(&shared));
        let mut server = JoinSet::new();
        server.spawn(async move {
            axum::serve(listener, router).await.expect("it serves until it is dropped");
        });
        Self { url, shared, _server: server }
    }

    pub(crate) fn url(&self) -> &str {
        &self.url
    }

    /// Requests so far.
    pub(crate) fn asked(&self) -> u64 {
        self.shared.asked.load(Ordering::Acquire)
    }

    /// Answers what the chain answers.
    pub(crate) fn be_honest(&self) {
        self.shared.mode.store(HONEST, Ordering::Release);
    }

    /// Answers nothing of use.
    pub(crate) fn go_down(&self) {
        self.shared.mode.store(DOWN, Ordering::Release);
    }

    /// Loses transactions before the chain sees them, without a word.
    pub(crate) fn swallow_transactions(&self) {
        self.shared.mode.store(SWALLOWING, Ordering::Release);
    }

    /// Hands transactions on and says nothing about it, then or later.
    pub(crate) fn go_mute_after_transactions(&self) {
        self.shared.mode.store(MUTE, Ordering::Release);
    }

    /// Transactions that were taken while it did so.
    pub(crate) fn taken(&self) -> u64 {
        self.shared.taken.load(Ordering::Acquire)
    }

    /// Claims blocks that cannot be.
    pub(crate) fn lie(&self) {
        self.shared.mode.store(AHEAD, Ordering::Release);
    }
}

/// What sends a transaction.
const SEND: &str = "eth_sendRawTransaction";

async fn answer(State(shared): State<Arc<Shared>>, body: Bytes) -> axum::response::Response {
    shared.asked.fetch_add(1, Ordering::AcqRel);
    let mode = shared.mode.load(Ordering::Acquire);
    if mode == DOWN {
        return StatusCode::SERVICE_UNAVAILABLE.into_response();
    }
    let sends = body.windows(SEND.len()).any(|part| part == SEND.as_bytes());
    if sends && matches!(mode, SWALLOWING | MUTE) {
        shared.taken.fetch_add(1, Ordering::AcqRel);
        if mode == SWALLOWING {
            return StatusCode::SERVICE_UNAVAILABLE.into_response();
        }
        // Nobody is to learn of it before the next endpoint.
        shared.mode.store(DOWN, Ordering::Release);
    }
    let request = shared.client.post(&shared.upstream).header("content-type", "application/json");
    let Ok(answer) = request.body(body).send().await else {
        return StatusCode::BAD_GATEWAY.into_response();
    };
    let Ok(mut value) = answer.json::<Value>().await else {
        return StatusCode::BAD_GATEWAY.into_response();
    };
    if sends && mode == MUTE {
        return StatusCode::SERVICE_UNAVAILABLE.into_response();
    }
    if mode == AHEAD {
        match &mut value {
            Value::Array(answers) => answers.iter_mut().for_each(exaggerate),
            one => exaggerate(one),
        }
    }
    axum::Json(value).into_response()
}

/// Moves a block's number forward.
fn exaggerate(answer: &mut Value) {
    let Some(block) = answer.get_mut("result").filter(|r| r.get("parentHash").is_some()) else {
        return;
    };
    let number = block["number"].as_str().and_then(|n| u64::from_str_radix(&n[2..], 16).ok());
    if let Some(number) = number {
        block["number"] = format!("{:#x}", number + LIE).into();
    }
}
