//! Every recorded case, made again with the same keys and fresh tokens and parameters.

use std::collections::HashMap;

use alloy_primitives::{Address, Bytes as HexBytes, U256};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use bytes::Bytes;
use http::Response;
use prost::Message as _;
use serde_json::Value;
use waymark_proto::net;
use waymark_testkit::client::{
    grpc, header, payment_data, post_paid, seg_data, sign_segment, sign_tickets, signed_request,
};
use waymark_testkit::{FakeChain, Funds, Key, Orchestrator, Ticket};

use super::{
    client, decoded, expiration_block, info, pay, recorded_chain, recorded_key, round_hash, said,
    start,
};
use crate::harness::{SEGMENT, deadline, recorded};

/// Cases that no header was kept of; each is made by hand below.
const BY_HAND: [&str; 4] = [
    "600-tickets-one-payment",
    "sender-unlocking",
    "GetOrchestrator sender without reserve",
    "GetOrchestrator bad signature",
];

fn cases() -> Vec<Value> {
    recorded("onchain/errors").as_array().expect("a list").clone()
}

fn case(name: &str) -> Value {
    cases().into_iter().find(|case| case["case"] == name).unwrap_or_else(|| panic!("no {name}"))
}

/// What stands for recorded sessions and parameters in this run.
struct Replay {
    orchestrator: Orchestrator,
    chain: FakeChain,
    key: Key,
    /// Parameters of this run by the recorded hash of their secret number.
    params: HashMap<Bytes, net::TicketParams>,
    /// Tokens of this run by the recorded session.
    tokens: HashMap<String, net::AuthToken>,
}

fn recorded_payment(case: &Value) -> Option<net::Payment> {
    let bytes = STANDARD.decode(case["LivepeerPayment"].as_str()?).ok()?;
    net::Payment::decode(bytes.as_slice()).ok()
}

fn recorded_segment(case: &Value) -> Option<net::SegData> {
    let header = case["LivepeerSegment"].as_str().filter(|header| !header.is_empty())?;
    net::SegData::decode(STANDARD.decode(header).ok()?.as_slice()).ok()
}

impl Replay {
    async fn new() -> Self {
        let chain = recorded_chain();
        Self {
            orchestrator: start(&chain).await,
            chain,
            key: client(),
            params: HashMap::new(),
            tokens: HashMap::new(),
        }
    }

    fn know(&mut self, recorded: &net::OrchestratorInfo, ours: &net::OrchestratorInfo) {
        let recorded = recorded.ticket_params.as_ref().expect("parameters");
        let ours = ours.ticket_params.clone().expect("parameters");
        self.params.insert(recorded.recipient_rand_hash.clone(), ours);
    }

    /// Begins a session for recorded ones that have none here yet.
    async fn begin(&mut self, payment: &net::Payment, data: Option<&net::SegData>) {
        let params = payment.ticket_params.as_ref().expect("parameters");
        let token = data.and_then(|data| data.auth_token.as_ref());
        let known = token.is_none_or(|token| self.tokens.contains_key(&token.session_id));
        if known && self.params.contains_key(&params.recipient_rand_hash) {
            return;
        }
        let info = info(&self.orchestrator, &self.key).await;
        let ours = info.ticket_params.clone().expect("parameters");
        self.params.entry(params.recipient_rand_hash.clone()).or_insert(ours);
        if let (Some(recorded), Some(token)) = (token, info.auth_token) {
            self.tokens.entry(recorded.session_id.clone()).or_insert(token);
        }
    }

    /// The recorded payment over parameters of this run, its mistakes kept.
    fn payment(&self, recorded: &net::Payment, case: &Value) -> net::Payment {
        let theirs = recorded.ticket_params.clone().expect("parameters");
        let ours = self.params[&theirs.recipient_rand_hash].clone();
        let first = recorded_payment(&self::case("ok-first")).unwrap().ticket_params.unwrap();
        let mut payment = net::Payment {
            ticket_params: Some(net::TicketParams { expiration_params: None, ..ours.clone() }),
            expiration_params: ours.expiration_params,
            ..recorded.clone()
        };
        let nonces: Vec<_> =
            recorded.ticket_sender_params.iter().map(|ticket| ticket.sender_nonce).collect();
        assert_eq!(case["senderNonces"], serde_json::json!(nonces));
        sign_tickets(&self.key, &mut payment, &nonces);
        // What was altered was altered after it was signed.
        let good = net::TicketParams {
            recipient: first.recipient.clone(),
            face_value: first.face_value.clone(),
            ..theirs.clone()
        };
        let expiration = recorded.expiration_params.clone().unwrap_or_default();
        for (ours, theirs) in
            payment.ticket_sender_params.iter_mut().zip(&recorded.ticket_sender_params)
        {
            let sender = Address::from_slice(&recorded.sender);
            let ticket = Ticket::new(&good, &expiration, sender, theirs.sender_nonce).unwrap();
            if !ticket.is_signed(&theirs.sig) {
                assert_eq!(case["case"], "signature-corrupt", "the signature is recorded as bad");
                let mut bad = ours.sig.to_vec();
                bad[5] ^= 1;
                ours.sig = bad.into();
            }
        }
        let params = payment.ticket_params.as_mut().unwrap();
        assert_eq!(first.win_prob, theirs.win_prob);
        if theirs.recipient != first.recipient {
            params.recipient = theirs.recipient;
        }
        if theirs.face_value != first.face_value {
            params.face_value = theirs.face_value;
        }
        payment
    }

    /// The recorded header with this run's token, signed again.
    fn segment(&self, recorded: &net::SegData) -> net::SegData {
        let mut data = recorded.clone();
        if !data.full_profiles.is_empty() {
            data.hash = seg_data("", 0, &SEGMENT, &[], net::AuthToken::default()).hash;
        }
        if let Some(token) = &mut data.auth_token {
            let ours = self.tokens[&token.session_id].clone();
            let faulty = token.token.iter().all(|byte| *byte == 0);
            *token =
                if faulty { net::AuthToken { token: token.token.clone(), ..ours } } else { ours };
        }
        sign_segment(&self.key, &mut data);
        data
    }

    async fn send(&mut self, case: &Value) -> Response<Bytes> {
        let (payment, data) = (recorded_payment(case), recorded_segment(case));
        let payment = match &payment {
            Some(recorded) => {
                self.begin(recorded, data.as_ref()).await;
                header(&self.payment(recorded, case))
            }
            None => case["LivepeerPayment"].as_str().unwrap().to_owned(),
        };
        let segment = match &data {
            Some(recorded) => header(&self.segment(recorded)),
            None => case["LivepeerSegment"].as_str().unwrap().to_owned(),
        };
        let path = case["path"].as_str().unwrap();
        let body = match (path, case["case"].as_str().unwrap()) {
            ("/segment", "segment-body-hash") => Bytes::from_static(b"another segment"),
            ("/segment", _) => SEGMENT.clone(),
            _ => Bytes::new(),
        };
        let sent =
            post_paid(self.orchestrator.uri(), path, &payment, &segment, body, deadline()).await;
        sent.expect("an answer")
    }

    /// The node's own view of the recorded moment: parameters expire at the recorded block.
    fn set_time(&self, recorded: &net::OrchestratorInfo) {
        let block = expiration_block(recorded) - 40;
        self.chain.update(|head| {
            head.l1_block = block;
        });
    }

    fn assert_answer(&mut self, case: &Value, answer: &Response<Bytes>) {
        let name = case["case"].as_str().unwrap();
        let text = String::from_utf8_lossy(answer.body());
        assert_eq!(case["status"], answer.status().as_u16(), "{name}: {text}");
        let content_type = answer.headers().get("content-type").map(|v| v.to_str().unwrap());
        assert_eq!(case["contentType"].as_str(), content_type, "{name}");
        if let Some(theirs) = case["body"].as_str() {
            assert_eq!(theirs, text, "{name}");
        }
        if case["bodyBase64"].is_null() {
            return;
        }
        let (theirs, ours) = if case["path"] == "/payment" {
            let theirs: net::PaymentResult = decoded(&case["bodyBase64"]);
            let ours = net::PaymentResult::decode(answer.body().clone()).unwrap();
            (theirs.info.unwrap(), ours.info.unwrap())
        } else {
            let theirs: net::TranscodeResult = decoded(&case["bodyBase64"]);
            let ours = net::TranscodeResult::decode(answer.body().clone()).unwrap();
            assert_eq!(pixels(&theirs), pixels(&ours), "{name}");
            (theirs.info.unwrap(), ours.info.unwrap())
        };
        self.assert_same_terms(name, &ours, &theirs);
        self.know(&theirs, &ours);
    }

    fn assert_same_terms(
        &self,
        name: &str,
        ours: &net::OrchestratorInfo,
        theirs: &net::OrchestratorInfo,
    ) {
        assert_eq!(ours.price_info, theirs.price_info, "{name}");
        assert_eq!(ours.address, theirs.address, "{name}");
        assert_eq!(ours.capabilities, theirs.capabilities, "{name}");
        let session = &theirs.auth_token.as_ref().unwrap().session_id;
        assert_eq!(ours.auth_token.as_ref(), Some(&self.tokens[session]), "{name}");
        let (ours, theirs) = (ours.ticket_params.clone(), theirs.ticket_params.clone());
        let (ours, theirs) = (ours.unwrap(), theirs.unwrap());
        assert_eq!(ours.recipient, theirs.recipient, "{name}");
        assert_eq!(ours.face_value, theirs.face_value, "{name}");
        assert_eq!(ours.win_prob, theirs.win_prob, "{name}");
        assert_eq!(ours.expiration_block, theirs.expiration_block, "{name}");
        let round = |params: net::TicketParams| params.expiration_params.unwrap().creation_round;
        assert_eq!(round(ours), round(theirs), "{name}");
    }
}

/// Pixels of each rendition.
fn pixels(result: &net::TranscodeResult) -> Vec<i64> {
    match &result.result {
        Some(net::transcode_result::Result::Data(data)) => {
            data.segments.iter().map(|segment| segment.pixels).collect()
        }
        other => panic!("no renditions but {other:?}"),
    }
}

/// The information in a recorded answer, if it has any.
fn recorded_information(case: &Value) -> Option<net::OrchestratorInfo> {
    if case["bodyBase64"].is_null() {
        return None;
    }
    if case["path"] == "/payment" {
        decoded::<net::PaymentResult>(&case["bodyBase64"]).info
    } else {
        decoded::<net::TranscodeResult>(&case["bodyBase64"]).info
    }
}

#[tokio::test]
async fn every_recorded_case_gets_the_recorded_answer() {
    let mut replay = Replay::new().await;
    let mut replayed = Vec::new();
    for case in cases() {
        let name = case["case"].as_str().unwrap().to_owned();
        if let Some(theirs) = recorded_information(&case) {
            replay.set_time(&theirs);
        }
        match name.as_str() {
            // What a client of the stock gateway sees says nothing of the orchestrator.
            name if name.starts_with("stock gateway client view") => continue,
            "600-tickets-one-payment" => six_hundred(&mut replay, &case).await,
            name if BY_HAND.contains(&name) => continue,
            _ => {
                if name == "params-expired" {
                    // The first parameters of this run ran out two blocks ago.
                    let first = recorded_payment(&case).unwrap().ticket_params.unwrap();
                    let ours = &replay.params[&first.recipient_rand_hash];
                    let expired: u64 = super::number(&ours.expiration_block).to();
                    replay.chain.update(|head| head.l1_block = expired + 2);
                }
                let answer = replay.send(&case).await;
                replay.assert_answer(&case, &answer);
            }
        }
        replayed.push(name);
    }
    assert_eq!(replayed.len(), 27, "{replayed:?}");
    let payments = replay.orchestrator.stats().payments;
    assert_eq!(payments.tickets_rejected["invalid ticket senderNonce: too many values"], 2);
    assert_eq!(payments.tickets_rejected["invalid ticket senderNonce: already seen"], 2);
    // 1 + 2 + 2 + 4 + 1, then 3 before the body, 1, 1, 600 and 1.
    assert_eq!(payments.tickets_credited, 616);
    assert_eq!(payments.tags[&70_000].tickets, 2);
}

/// 600 tickets, on the parameters whose 601st is recorded next; the answer's are used after that.
async fn six_hundred(replay: &mut Replay, case: &Value) {
    let (over, after) = (self::case("601st-nonce"), self::case("after-600-new-params"));
    replay.begin(&recorded_payment(&over).unwrap(), recorded_segment(&over).as_ref()).await;
    let recorded = recorded_payment(&over).unwrap();
    let params = recorded.ticket_params.unwrap();
    let session = recorded_segment(&over).unwrap().auth_token.unwrap().session_id;
    let info = net::OrchestratorInfo {
        ticket_params: Some(replay.params[&params.recipient_rand_hash].clone()),
        price_info: recorded.expected_price,
        auth_token: Some(replay.tokens[&session].clone()),
        ..Default::default()
    };
    let nonces: Vec<_> = (7169..=7768).collect();
    let answer = pay(&replay.orchestrator, &replay.key, &info, "err", &nonces).await;
    assert_eq!(case["status"], answer.status().as_u16(), "{:?}", said(&answer));
    let ours = net::PaymentResult::decode(answer.body().clone()).unwrap().info.unwrap();
    let next = recorded_payment(&after).unwrap().ticket_params.unwrap();
    replay.params.insert(next.recipient_rand_hash, ours.ticket_params.unwrap());
}

#[tokio::test]
async fn of_601_tickets_in_one_payment_six_hundred_are_credited() {
    let chain = recorded_chain();
    let orchestrator = start(&chain).await;
    let key = client();
    let info = info(&orchestrator, &key).await;
    let nonces: Vec<_> = (1..=601).collect();
    let (status, text) = said(&pay(&orchestrator, &key, &info, "movie", &nonces).await);
    assert_eq!(status, 400);
    let sender = key.address();
    assert_eq!(
        text,
        format!("invalid ticket senderNonce: too many values sender={sender} nonce=601")
    );
    assert_eq!(orchestrator.stats().payments.tickets_credited, 600);
}

#[tokio::test]
async fn a_sender_that_unlocks_gets_information_but_cannot_pay() {
    let case = case("sender-unlocking");
    let chain = recorded_chain();
    let orchestrator = start(&chain).await;
    let key = recorded_key("hand-made client (unlock)");
    let ether = U256::from(10).pow(U256::from(18));
    chain.update(|head| (head.round, head.round_hash) = (9, round_hash(9)));
    chain.fund(key.address(), Funds::new(ether, ether).unlocking(10));
    let information = info(&orchestrator, &key).await;
    let (status, text) = said(&pay(&orchestrator, &key, &information, "x", &[1]).await);
    assert_eq!(case["status"], status);
    assert_eq!(case["body"].as_str().unwrap().trim_end(), text);
    chain.fund(key.address(), Funds::new(ether, ether).unlocking(11));
    assert_eq!(pay(&orchestrator, &key, &information, "x", &[1]).await.status(), 200);
}

#[tokio::test]
async fn information_is_refused_with_the_recorded_status() {
    let orchestrator = start(&recorded_chain()).await;
    let mut client_of = grpc(orchestrator.uri()).await.unwrap();
    let poor = signed_request(&recorded_key("hand-made client (unlock)"), None);
    let mut unsigned = signed_request(&client(), None);
    unsigned.sig = Bytes::from_static(&[1; 65]);
    for (name, request) in [
        ("GetOrchestrator sender without reserve", poor),
        ("GetOrchestrator bad signature", unsigned),
    ] {
        let case = case(name);
        let status = client_of.get_orchestrator(request).await.unwrap_err();
        assert_eq!(case["trailer"]["Grpc-Status"], (status.code() as i32).to_string());
        assert_eq!(case["trailer"]["Grpc-Message"], status.message());
    }
}

#[tokio::test]
async fn a_sender_whose_reserve_is_gone_gets_500_before_its_tickets_are_looked_at() {
    let chain = recorded_chain();
    let orchestrator = start(&chain).await;
    let key = client();
    let information = info(&orchestrator, &key).await;
    chain.fund(key.address(), Funds::new(U256::from(1), U256::from(1)));
    let answer = pay(&orchestrator, &key, &information, "x", &[1]).await;
    assert_eq!(said(&answer), (500, "Internal Server Error".to_owned()));
    assert_eq!(orchestrator.stats().payments.tickets, 0);
}

#[tokio::test]
async fn an_empty_payment_header_is_one_of_the_zero_sender() {
    let orchestrator = start(&recorded_chain()).await;
    let token = info(&orchestrator, &client()).await.auth_token.unwrap();
    let data = header(&payment_data(&client(), "x", token));
    let sent = post_paid(orchestrator.uri(), "/payment", "", &data, Bytes::new(), deadline());
    assert_eq!(said(&sent.await.unwrap()), (403, "ErrSegSig".to_owned()));
}

#[test]
fn every_signature_of_a_recorded_payment_is_its_senders() {
    for exchange in recorded("onchain/segments-gold7").as_array().unwrap() {
        let payment: net::Payment = decoded(&exchange["LivepeerPayment"]);
        let params = payment.ticket_params.unwrap();
        let expiration = payment.expiration_params.unwrap();
        let sender = Address::from_slice(&payment.sender);
        let tickets = exchange["payment"]["tickets"].as_array().unwrap();
        assert_eq!(tickets.len(), payment.ticket_sender_params.len());
        for (signed, theirs) in payment.ticket_sender_params.iter().zip(tickets) {
            let ticket = Ticket::new(&params, &expiration, sender, signed.sender_nonce).unwrap();
            assert_eq!(theirs["ticketHash"], ticket.hash().to_string());
            assert_eq!(theirs["sig"], HexBytes::from(signed.sig.clone()).to_string());
            assert!(ticket.is_signed(&signed.sig));
            assert_eq!(theirs["tagId"], ticket.tag());
        }
        // Their segments are signed the way ours are.
        let data: net::SegData = decoded(&exchange["LivepeerSegment"]);
        let key = recorded_key("gateway with scheme-1 nonces");
        let mut ours = data.clone();
        sign_segment(&key, &mut ours);
        assert_eq!(ours.sig, data.sig);
    }
}
