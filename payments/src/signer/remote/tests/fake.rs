//! A remote signer as the protocol describes it, with a script for what it does next.

use std::{collections::VecDeque, sync::Arc};

use alloy_primitives::{Address, B256, U256, address, hex, keccak256};
use axum::{Router, body::Bytes, extract::State, http::HeaderMap, response::IntoResponse};
use base64::{Engine as _, engine::general_purpose::STANDARD as BASE64};
use http::StatusCode;
use parking_lot::Mutex;
use prost::Message;
use serde_json::{Value, json};
use tokio_util::sync::CancellationToken;
use waymark_proto::net::{
    AuthToken, OrchestratorInfo, Payment, PriceInfo, SegData, TicketExpirationParams, TicketParams,
    TicketSenderParams,
};

use crate::signer::{LocalKey, remote::RemoteSettings};

pub(super) const ORCHESTRATOR: Address = address!("3C44CdDdB6a900fa2b585dd299e03d12FA4293BC");

/// What the next call gets; without one the address is told, and payments have one ticket.
#[derive(Clone)]
pub(super) enum Script {
    Pay(u16),
    /// Pays so many tickets, then changes the answer.
    Change(u16, fn(&mut Payment, &mut SegData)),
    Status(u16, &'static str),
    Raw(u16, String),
    Hang,
}

struct Inner {
    key: LocalKey,
    script: Mutex<VecDeque<Script>>,
    requests: Mutex<Vec<Value>>,
    headers: Mutex<Vec<HeaderMap>>,
}

pub(super) struct Server {
    inner: Arc<Inner>,
    url: String,
    stop: CancellationToken,
    running: tokio::task::JoinHandle<()>,
}

impl Server {
    pub(super) async fn start() -> Self {
        let key = LocalKey::from_slice(&[0x46; 32]).unwrap();
        let inner = Arc::new(Inner {
            key,
            script: Mutex::default(),
            requests: Mutex::default(),
            headers: Mutex::default(),
        });
        let router = Router::new()
            .route("/sign-orchestrator-info", axum::routing::post(identity))
            .route("/generate-live-payment", axum::routing::post(pay))
            .with_state(Arc::clone(&inner));
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = format!("http://{}", listener.local_addr().unwrap());
        let stop = CancellationToken::new();
        let stopped = stop.clone();
        #[expect(clippy::disallowed_methods, reason = "a server beside the test")]
        let running = tokio::spawn(async move {
            tokio::select! {
                served = async { axum::serve(listener, router).await } => served.unwrap(),
                () = stopped.cancelled() => {}
            }
        });
        Self { inner, url, stop, running }
    }

    pub(super) async fn stop(self) {
        self.stop.cancel();
        self.running.await.unwrap();
    }

    pub(super) fn settings(&self) -> RemoteSettings {
        RemoteSettings::new(&self.url).unwrap()
    }

    pub(super) fn address(&self) -> Address {
        self.inner.key.address()
    }

    pub(super) fn then(&self, script: Script) {
        self.inner.script.lock().push_back(script);
    }

    /// Bodies of the calls for payments so far.
    pub(super) fn requests(&self) -> Vec<Value> {
        self.inner.requests.lock().clone()
    }

    pub(super) fn headers(&self) -> Vec<HeaderMap> {
        self.inner.headers.lock().clone()
    }
}

type Reply = (StatusCode, String);

async fn identity(State(inner): State<Arc<Inner>>, headers: HeaderMap) -> impl IntoResponse {
    inner.headers.lock().push(headers);
    let raw = matches!(inner.script.lock().front(), Some(Script::Raw(..)));
    if raw && let Some(Script::Raw(status, body)) = inner.script.lock().pop_front() {
        return reply(status, body);
    }
    let text = inner.key.address().to_checksum(None);
    let signature = inner.key.sign_message(&keccak256(&text));
    let signature = format!("0x{}", hex::encode(signature));
    reply(200, json!({"address": text, "signature": signature}).to_string())
}

async fn pay(State(inner): State<Arc<Inner>>, headers: HeaderMap, body: Bytes) -> Reply {
    assert_eq!(headers["content-type"], "application/json");
    inner.headers.lock().push(headers);
    let request: Value = serde_json::from_slice(&body).unwrap();
    inner.requests.lock().push(request.clone());
    let script = inner.script.lock().pop_front().unwrap_or(Script::Pay(1));
    let (tickets, change): (u16, fn(&mut Payment, &mut SegData)) = match script {
        Script::Pay(tickets) => (tickets, |_, _| {}),
        Script::Change(tickets, change) => (tickets, change),
        Script::Status(status, message) => return error(status, message),
        Script::Raw(status, body) => return reply(status, body),
        Script::Hang => std::future::pending().await,
    };
    match answer(&inner.key, &request, tickets, change) {
        Ok(body) => reply(200, body.to_string()),
        Err(message) => error(400, &message),
    }
}

fn reply(status: u16, body: String) -> Reply {
    (StatusCode::from_u16(status).unwrap(), body)
}

fn error(status: u16, message: &str) -> Reply {
    reply(status, json!({"error": {"message": message}}).to_string())
}

/// The rules of the stock signer, in its order and with its texts.
fn answer(
    key: &LocalKey,
    request: &Value,
    tickets: u16,
    change: fn(&mut Payment, &mut SegData),
) -> Result<Value, String> {
    let text = |name: &str| request.get(name).and_then(Value::as_str).unwrap_or_default();
    if text("orchestrator").is_empty() {
        return Err("missing orchestrator".to_owned());
    }
    let info: OrchestratorInfo = decode(text("orchestrator"));
    let price = info.price_info.clone().ok_or("missing or zero priceInfo")?;
    let params = info.ticket_params.clone().ok_or("missing ticketParams in OrchestratorInfo")?;
    let orchestrator = hex::encode(&info.address);
    let mut state = json!({"SequenceNumber": 0, "SenderNonce": 0, "App": text("app"),
        "Type": text("type"), "OrchestratorAddress": orchestrator, "PMSessionID": ""});
    let known = request.get("state").is_some();
    if known {
        let sig = BASE64.decode(request["state"]["Sig"].as_str().unwrap()).unwrap();
        let raw = BASE64.decode(request["state"]["State"].as_str().unwrap()).unwrap();
        if sig != key.sign_message(&keccak256(raw)) {
            return Err("invalid sig".to_owned());
        }
        state = state_of(request);
        for (field, value, message) in [
            ("OrchestratorAddress", &orchestrator[..], "orchestratorAddress mismatch"),
            ("App", text("app"), "app mismatch"),
            ("Type", text("type"), "job type mismatch"),
        ] {
            if state[field] != value {
                return Err(message.to_owned());
            }
        }
        state["SequenceNumber"] = json!(state["SequenceNumber"].as_u64().unwrap() + 1);
    }
    let manifest = match text("ManifestID") {
        "" if known => return Err("missing manifestID".to_owned()),
        "" => "invented",
        manifest => manifest,
    };
    if !["live", "lv2v", "fixed"].contains(&text("type")) && request["inPixels"].as_i64() <= Some(0)
    {
        return Err("missing billable unit or job type".to_owned());
    }
    if tickets > 100 {
        return Err(format!("numTickets {tickets} exceeds maximum of 100"));
    }
    let session = hex::encode(&params.recipient_rand_hash);
    let nonce =
        if state["PMSessionID"] == session { state["SenderNonce"].as_u64().unwrap() } else { 0 };
    let nonce = u32::try_from(nonce).unwrap();
    state["PMSessionID"] = json!(session);
    state["SenderNonce"] = json!(nonce + u32::from(tickets));

    let sender = key.address();
    let ticket = |sender_nonce| {
        let sig = key.sign_message(&ticket_hash(&params, sender, sender_nonce));
        TicketSenderParams { sender_nonce, sig: sig.to_vec().into() }
    };
    let empty = keccak256([]);
    let flat = keccak256([manifest.as_bytes(), &[0; 32], empty.as_slice()].concat());
    let mut credentials = SegData {
        manifest_id: manifest.as_bytes().to_vec().into(),
        hash: empty.to_vec().into(),
        profiles: b"invalid".to_vec().into(),
        sig: key.sign_message(&flat).to_vec().into(),
        auth_token: info.auth_token,
        ..SegData::default()
    };
    let mut payment = Payment {
        expiration_params: params.expiration_params.clone(),
        // The nested field stays unset in payments.
        ticket_params: Some(TicketParams { expiration_params: None, ..params.clone() }),
        sender: sender.to_vec().into(),
        ticket_sender_params: (nonce + 1..=nonce + u32::from(tickets)).map(ticket).collect(),
        expected_price: Some(price),
    };
    change(&mut payment, &mut credentials);
    let raw = state.to_string();
    let sig = key.sign_message(&keccak256(&raw));
    Ok(json!({
        "payment": BASE64.encode(payment.encode_to_vec()),
        "segCreds": BASE64.encode(credentials.encode_to_vec()),
        "state": {"State": BASE64.encode(raw), "Sig": BASE64.encode(sig)},
    }))
}

/// What the signer remembers, out of a request.
pub(super) fn state_of(request: &Value) -> Value {
    let raw = BASE64.decode(request["state"]["State"].as_str().unwrap()).unwrap();
    serde_json::from_slice(&raw).unwrap()
}

pub(super) fn decode<M: Message + Default>(text: &str) -> M {
    M::decode(&BASE64.decode(text).unwrap()[..]).unwrap()
}

/// A session of an orchestrator, with parameters of their own for each number.
pub(super) fn info(number: u8) -> OrchestratorInfo {
    OrchestratorInfo {
        transcoder: "https://127.0.0.1:8935".to_owned(),
        address: ORCHESTRATOR.to_vec().into(),
        ticket_params: Some(TicketParams {
            recipient: ORCHESTRATOR.to_vec().into(),
            face_value: hex!("0886c98b760000").to_vec().into(),
            win_prob: hex!("37ec8ec25e6d2c0bafefd59ebbd0b471449f24ac401db5abd74366512000")
                .to_vec()
                .into(),
            recipient_rand_hash: vec![number; 32].into(),
            seed: vec![number].into(),
            expiration_block: vec![1, number].into(),
            expiration_params: Some(TicketExpirationParams {
                creation_round: 5,
                creation_round_block_hash: vec![3; 32].into(),
            }),
        }),
        price_info: Some(PriceInfo {
            price_per_unit: 1200,
            pixels_per_unit: 1,
            ..Default::default()
        }),
        auth_token: Some(AuthToken {
            token: vec![5; 32].into(),
            session_id: "0badcafe".to_owned(),
            ..Default::default()
        }),
        ..OrchestratorInfo::default()
    }
}

pub(super) fn ticket_hash(params: &TicketParams, sender: Address, nonce: u32) -> B256 {
    let word = |bytes: &[u8]| U256::from_be_slice(bytes).to_be_bytes::<32>();
    let round = params.expiration_params.clone().unwrap_or_default();
    keccak256(
        [
            &params.recipient[..],
            sender.as_slice(),
            &word(&params.face_value),
            &word(&params.win_prob),
            &word(&nonce.to_be_bytes()),
            &params.recipient_rand_hash,
            &word(&round.creation_round.to_be_bytes()),
            &round.creation_round_block_hash,
        ]
        .concat(),
    )
}
