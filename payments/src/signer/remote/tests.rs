mod fake;

use std::{error::Error, fmt::Write as _, num::NonZeroU64, sync::Arc, time::Duration};

use alloy_primitives::{U256, address, keccak256};
use futures_util::future::BoxFuture;
use http::StatusCode;
use parking_lot::Mutex;
use serde_json::{Value, json};
use waymark_proto::net::{OrchestratorInfo, Payment, SegData};

use self::fake::{ORCHESTRATOR, Script, Server, decode, info, ticket_hash};
use super::*;
use crate::signer::{KeyNeeded, PaymentSource, Work, sign_text};

/// Renews a session as an orchestrator does: other parameters, same identity.
#[derive(Default)]
struct Renewals {
    count: Mutex<u8>,
    fail: bool,
}

impl Refresh for Renewals {
    fn refresh(&self) -> BoxFuture<'_, Result<OrchestratorInfo, Box<dyn Error + Send + Sync>>> {
        Box::pin(async {
            if self.fail {
                return Err("no route".into());
            }
            let mut count = self.count.lock();
            *count += 1;
            Ok(info(100 + *count))
        })
    }
}

fn job() -> LiveJob {
    LiveJob {
        recipient: ORCHESTRATOR,
        tag: "ai/live-video-to-video".parse().unwrap(),
        billing: Billing::VideoToVideo,
        capabilities: None,
        max_price: None,
    }
}

async fn connected(server: &Server) -> Arc<RemoteSigner> {
    Arc::new(RemoteSigner::connect(server.settings()).await.unwrap())
}

async fn session(server: &Server) -> LiveSession {
    LiveSession::new(connected(server).await, job(), Some("mid".to_owned()))
}

/// One payment of a new session, with what the server is told to do.
async fn once(script: Script) -> Result<Option<RemotePayment>, RemoteError> {
    let server = Server::start().await;
    let mut session = session(&server).await;
    server.then(script);
    session.pay(&mut info(1), &Renewals::default()).await
}

async fn answer_error(script: Script) -> AnswerError {
    match once(script).await {
        Err(RemoteError::Answer(error)) => error,
        other => panic!("{other:?}"),
    }
}

#[tokio::test]
async fn the_signer_proves_its_address_and_nothing_else() {
    let server = Server::start().await;
    let signer = connected(&server).await;
    assert_eq!(signer.address(), server.address());
    let text = signer.address().to_checksum(None);
    let signature = sign_text(&*signer, text.as_bytes()).unwrap();
    assert_eq!(recover(&keccak256(text), &signature), Some(server.address()));
    let error = sign_text(&*signer, b"a segment").unwrap_err();
    assert!(matches!(error, SignError::NotOffered { .. }));

    let source = PaymentSource::Remote(signer);
    assert_eq!(source.identity().address(), server.address());
    let error = source.signer_for(Work::Transcoding).unwrap_err();
    assert_eq!(error, KeyNeeded { work: Work::Transcoding });
    assert!(error.to_string().starts_with("transcoding jobs need a key"), "{error}");
    assert!(source.wallet(1).is_err());
    assert!(source.remote().is_some());
}

#[tokio::test]
async fn an_address_that_did_not_sign_is_refused() {
    let server = Server::start().await;
    let other = "0x3C44CdDdB6a900fa2b585dd299e03d12FA4293BC";
    let signature = format!("0x{}", "11".repeat(65));
    for (body, expected) in [
        (json!({"address": other, "signature": signature}), "its signature is not by"),
        (json!({"address": other, "signature": "0x12"}), "its field signature"),
        (json!({"address": "0x00", "signature": signature}), "its field address"),
        (
            json!({"address": format!("0x{}", "00".repeat(20)), "signature": signature}),
            "its field address",
        ),
        (json!([1]), "it is not the documented JSON"),
    ] {
        server.then(Script::Raw(200, body.to_string()));
        let error = RemoteSigner::connect(server.settings()).await.unwrap_err();
        let RemoteError::Answer(error) = error else { panic!("{error}") };
        assert!(error.to_string().starts_with(expected), "{error}");
    }
}

#[tokio::test]
async fn payments_follow_each_other_with_the_signers_newest_memory() {
    let server = Server::start().await;
    let mut session = session(&server).await;
    let (mut first, mut second) = (info(1), info(2));
    let renewals = Renewals::default();

    server.then(Script::Pay(3));
    let paid = session.pay(&mut first, &renewals).await.unwrap().unwrap();
    assert_eq!((paid.first_nonce, paid.tickets), (1, 3));
    assert_eq!(paid.recipient, ORCHESTRATOR);
    assert_eq!(
        (paid.face_value, paid.value),
        (U256::from(2_400_000_000_000_000_u64), U256::from(24_000_000_001_u64))
    );
    let payment: Payment = decode(&paid.payment);
    let params = first.ticket_params.as_ref().unwrap();
    for ticket in &payment.ticket_sender_params {
        let hash = ticket_hash(params, server.address(), ticket.sender_nonce);
        assert_eq!(recover(&hash, &ticket.sig), Some(server.address()));
    }
    let credentials: SegData = decode(&paid.credentials);
    assert_eq!(&credentials.manifest_id[..], b"mid");

    server.then(Script::Pay(2));
    let paid = session.pay(&mut first, &renewals).await.unwrap().unwrap();
    assert_eq!((paid.first_nonce, paid.tickets), (4, 2));

    // Credit is left; the memory stays.
    server.then(Script::Status(482, "no tickets"));
    assert_eq!(session.pay(&mut first, &renewals).await.unwrap(), None);

    // The orchestrator's answer had new parameters.
    server.then(Script::Pay(1));
    let paid = session.pay(&mut second, &renewals).await.unwrap().unwrap();
    assert_eq!((paid.first_nonce, paid.tickets), (1, 1));

    let requests = server.requests();
    assert_eq!(requests.len(), 4);
    assert_eq!(requests[0].get("state"), None);
    let sequence = |request: &Value| fake::state_of(request)["SequenceNumber"].clone();
    assert_eq!(requests[1..].iter().map(sequence).collect::<Vec<_>>(), [0, 1, 1]);
    for request in &requests {
        assert_eq!(request["app"], "ai/live-video-to-video");
        assert_eq!(request["ManifestID"], "mid");
        assert_eq!(request["type"], "lv2v");
        assert_eq!(request.get("inPixels"), None);
        assert_eq!(request.get("maxPrice"), None);
    }
    let sent: OrchestratorInfo = decode(requests[0]["orchestrator"].as_str().unwrap());
    assert_eq!(sent, info(1));
}

#[tokio::test]
async fn kinds_of_jobs_say_what_they_bill_and_what_they_may_cost() {
    let one = NonZeroU64::MIN;
    let price = |wei, units: u64| MaxPrice::new(wei, NonZeroU64::new(units).unwrap());
    assert_eq!(MaxPrice::new(0, one), None);
    assert_eq!(price(1, u64::MAX), None);
    let cases = [
        (
            Billing::VideoToVideo,
            price(3, 2000),
            json!({"price": 0.0015, "currency": "wei", "unit": "720p-pixel-seconds"}),
        ),
        (Billing::Seconds, price(7, 1), json!({"price": 7, "currency": "wei", "unit": "seconds"})),
        (Billing::Fixed, price(5, 2), json!({"price": 2.5, "currency": "wei", "unit": "fixed"})),
        (Billing::Units(NonZeroU64::new(921_600).unwrap()), price(5, 1), Value::Null),
    ];
    let server = Server::start().await;
    for (billing, max_price, expected) in cases {
        server.then(Script::Pay(1));
        let capabilities = Some(waymark_proto::net::Capabilities {
            version: "0.9.1".to_owned(),
            ..Default::default()
        });
        let job = LiveJob { billing, capabilities, max_price, ..job() };
        let mut session = LiveSession::new(connected(&server).await, job, Some("mid".to_owned()));
        session.pay(&mut info(1), &Renewals::default()).await.unwrap().unwrap();
        let request = server.requests().pop().unwrap();
        assert_eq!(request.get("maxPrice").cloned().unwrap_or_default(), expected);
        let capabilities: waymark_proto::net::Capabilities =
            decode(request["capabilities"].as_str().unwrap());
        assert_eq!(capabilities.version, "0.9.1");
        match billing {
            Billing::Units(_) => {
                assert_eq!((&request["type"], &request["inPixels"]), (&json!(""), &json!(921_600)));
            }
            _ => assert!(request.get("inPixels").is_none() && request["type"] != ""),
        }
    }
}

#[tokio::test]
async fn a_session_is_renewed_three_times_at_most() {
    let server = Server::start().await;
    let mut session = session(&server).await;
    let renewals = Renewals::default();
    let mut current = info(1);
    for _ in 0..3 {
        server.then(Script::Status(480, "refresh session for remote signer"));
    }
    server.then(Script::Pay(1));
    let paid = session.pay(&mut current, &renewals).await.unwrap().unwrap();
    assert_eq!(*renewals.count.lock(), 3);
    assert_eq!(current, info(103));
    assert_eq!(
        paid.params.as_slice(),
        &*current.ticket_params.clone().unwrap().recipient_rand_hash
    );

    for _ in 0..4 {
        server.then(Script::Status(480, "refresh session for remote signer"));
    }
    let error = session.pay(&mut current, &renewals).await.unwrap_err();
    assert!(matches!(error, RemoteError::StaleSession { tries: 3 }), "{error}");

    server.then(Script::Status(480, "refresh session for remote signer"));
    let broken = Renewals { fail: true, ..Renewals::default() };
    let error = session.pay(&mut current, &broken).await.unwrap_err();
    assert!(matches!(error, RemoteError::Refresh { .. }), "{error}");

    // None of it ended the session.
    server.then(Script::Pay(1));
    assert_eq!(session.pay(&mut current, &renewals).await.unwrap().unwrap().tickets, 1);
}

#[tokio::test]
async fn every_refusal_has_its_error_and_leaves_the_session_alive() {
    let server = Server::start().await;
    let mut session = session(&server).await;
    let mut text = String::new();
    for status in [481, 483, 503, 400, 401, 500, 502, 307] {
        server.then(Script::Status(status, "because"));
        let error = session.pay(&mut info(1), &Renewals::default()).await.unwrap_err();
        writeln!(text, "{status}: {error}").unwrap();
    }
    insta::assert_snapshot!(text, @r"
    481: the remote signer refuses the orchestrator's price: because
    483: the remote signer's account is out of funds: because
    503: the remote signer is unavailable at the moment: because
    400: the remote signer refused with status 400: because
    401: the remote signer refused with status 401: because
    500: the remote signer failed with status 500: because
    502: the remote signer failed with status 502: because
    307: the remote signer refused with status 307: because
    ");
    server.then(Script::Raw(400, "<html>".to_owned()));
    let error = session.pay(&mut info(1), &Renewals::default()).await.unwrap_err();
    assert!(error.to_string().ends_with("status 400: no message"), "{error}");

    server.then(Script::Pay(1));
    assert!(session.pay(&mut info(1), &Renewals::default()).await.unwrap().is_some());
}

#[tokio::test]
async fn the_rules_of_the_stock_signer_hold_between_both() {
    let server = Server::start().await;
    // Without a manifest the signer invents one; from then on it has to be known.
    let mut session = LiveSession::new(connected(&server).await, job(), None);
    server.then(Script::Pay(1));
    session.pay(&mut info(1), &Renewals::default()).await.unwrap().unwrap();
    let error = session.pay(&mut info(1), &Renewals::default()).await.unwrap_err();
    assert!(matches!(error, RemoteError::NoManifest), "{error}");
    session.set_manifest("from-orchestrator".to_owned());
    server.then(Script::Pay(1));
    session.pay(&mut info(1), &Renewals::default()).await.unwrap().unwrap();
    assert_eq!(server.requests().pop().unwrap()["ManifestID"], "from-orchestrator");

    // Over 100 tickets: the signer's own limit.
    server.then(Script::Pay(101));
    let error = session.pay(&mut info(1), &Renewals::default()).await.unwrap_err();
    assert!(error.to_string().contains("numTickets 101 exceeds maximum of 100"), "{error}");

    // Another orchestrator in the same session.
    let mut other = info(1);
    other.address = vec![9; 20].into();
    server.then(Script::Pay(1));
    let error = session.pay(&mut other, &Renewals::default()).await.unwrap_err();
    assert!(error.to_string().contains("orchestratorAddress mismatch"), "{error}");
}

#[tokio::test]
async fn what_cannot_be_paid_is_not_asked_for() {
    let server = Server::start().await;
    let mut session = session(&server).await;
    let cases: [fn(&mut OrchestratorInfo); 5] = [
        |info| info.ticket_params = None,
        |info| info.ticket_params.as_mut().unwrap().recipient = vec![7; 20].into(),
        |info| info.price_info = None,
        |info| info.price_info.as_mut().unwrap().price_per_unit = 0,
        |info| info.price_info.as_mut().unwrap().pixels_per_unit = -1,
    ];
    for change in cases {
        let mut info = info(1);
        change(&mut info);
        let error = session.pay(&mut info, &Renewals::default()).await.unwrap_err();
        assert!(matches!(error, RemoteError::Unpayable { .. }), "{error}");
    }
    assert!(server.requests().is_empty());
}

#[tokio::test]
async fn an_answer_for_something_else_is_refused_and_ends_the_session() {
    type Change = fn(&mut Payment, &mut SegData);
    let cases: [(Change, &str); 14] = [
        (|p, _| p.sender = vec![1; 20].into(), "the payment's sender is"),
        (|p, _| p.sender = vec![].into(), "the payment's sender is"),
        (
            |p, _| p.ticket_params.as_mut().unwrap().recipient = vec![1; 20].into(),
            "the tickets' recipient",
        ),
        (|p, _| p.ticket_params.as_mut().unwrap().seed = vec![9].into(), "the tickets' parameters"),
        (
            |p, _| p.ticket_params.as_mut().unwrap().face_value = vec![1].into(),
            "the tickets' parameters",
        ),
        (|p, _| p.expiration_params = None, "the tickets' round"),
        (|p, _| p.expected_price.as_mut().unwrap().price_per_unit += 1, "the payment's price"),
        (|p, _| p.ticket_params = None, "its field payment"),
        (|p, _| p.ticket_sender_params.clear(), "the payment has 0 tickets"),
        (|p, _| p.ticket_sender_params[1].sender_nonce = 1, "the tickets' nonces"),
        (|p, _| p.ticket_sender_params[0].sig = vec![27; 64].into(), "ticket 0 has no signature"),
        (|_, s| s.manifest_id = b"other".to_vec().into(), "the credentials' manifest id"),
        (|_, s| s.auth_token = None, "the credentials' token"),
        (|_, s| s.seq = 1, "the credentials' segment"),
    ];
    for (change, expected) in cases {
        let error = answer_error(Script::Change(2, change)).await.to_string();
        assert!(error.starts_with(expected), "{error}");
    }
    let forged: Change = |_, s| s.sig = vec![27; 65].into();
    let error = answer_error(Script::Change(1, forged)).await.to_string();
    assert!(error.starts_with("the credentials' signer"), "{error}");

    let server = Server::start().await;
    let mut session = session(&server).await;
    server.then(Script::Change(1, forged));
    session.pay(&mut info(1), &Renewals::default()).await.unwrap_err();
    let error = session.pay(&mut info(1), &Renewals::default()).await.unwrap_err();
    assert!(matches!(error, RemoteError::Ended), "{error}");
}

#[tokio::test]
async fn nonces_of_an_earlier_payment_are_not_taken_again() {
    let server = Server::start().await;
    let mut session = session(&server).await;
    server.then(Script::Pay(3));
    session.pay(&mut info(1), &Renewals::default()).await.unwrap().unwrap();
    // A signer that forgot: 2 and 3 were in the payment before.
    server.then(Script::Change(2, |payment, _| {
        for (index, ticket) in (2..).zip(&mut payment.ticket_sender_params) {
            ticket.sender_nonce = index;
        }
    }));
    let error = session.pay(&mut info(1), &Renewals::default()).await.unwrap_err();
    let RemoteError::Answer(error) = error else { panic!("{error}") };
    assert_eq!(error, AnswerError::Nonces { used: 3 });
}

#[tokio::test]
async fn a_payment_above_a_limit_is_not_handed_on() {
    let wei = U256::from(1);
    let default = TicketLimits::default();
    let cases = [
        (TicketLimits { tickets: 2, ..default }, "the payment has 3 tickets; accepted are 1 to 2"),
        (
            TicketLimits { ticket_value: U256::from(8_000_000_000_u64), ..default },
            "the payment's expected value of a ticket of 8000000001 wei",
        ),
        (
            TicketLimits { total_value: U256::from(24_000_000_000_u64), ..default },
            "the payment's expected value of 24000000001 wei",
        ),
        (
            TicketLimits { face_value: Some(wei), ..default },
            "the payment's face value of 2400000000000000 wei",
        ),
    ];
    let server = Server::start().await;
    for (limits, expected) in cases {
        let mut settings = server.settings();
        settings.limits = limits;
        let signer = Arc::new(RemoteSigner::connect(settings).await.unwrap());
        let mut session = LiveSession::new(signer, job(), Some("mid".to_owned()));
        server.then(Script::Pay(3));
        let error = session.pay(&mut info(1), &Renewals::default()).await.unwrap_err();
        let RemoteError::Answer(error) = error else { panic!("{error}") };
        assert!(error.to_string().starts_with(expected), "{error}");
    }
}

#[tokio::test]
async fn hostile_answers_are_bounded() {
    let error = once(Script::Raw(200, "x".repeat(300_000))).await.unwrap_err();
    assert!(matches!(error, RemoteError::TooLarge { limit: 262_144, .. }), "{error}");
    for (body, field) in [
        (json!({"payment": "!", "segCreds": "", "state": {"State": "", "Sig": ""}}), "payment"),
        (json!({"payment": "", "segCreds": "", "state": {"State": "", "Sig": ""}}), "payment"),
        (json!({"payment": "/w==", "segCreds": "", "state": {"State": "", "Sig": ""}}), "payment"),
        (json!({"payment": "EgA=", "state": {"State": "", "Sig": ""}}), "segCreds"),
    ] {
        let error = answer_error(Script::Raw(200, body.to_string())).await;
        assert!(matches!(error, AnswerError::Field { field: f, .. } if f == field), "{error}");
    }
    for body in ["", "null", "{", "{\"payment\":\"EgA=\"}", "[]"] {
        let error = answer_error(Script::Raw(200, body.to_owned())).await;
        assert!(matches!(error, AnswerError::Json { .. }), "{body}: {error}");
    }
}

#[tokio::test]
async fn a_signer_that_is_slow_or_away_is_given_up() {
    let server = Server::start().await;
    let mut settings = server.settings();
    settings.timeout = Duration::from_millis(200);
    let signer = Arc::new(RemoteSigner::connect(settings).await.unwrap());
    let mut session = LiveSession::new(signer, job(), Some("mid".to_owned()));
    server.then(Script::Hang);
    let error = session.pay(&mut info(1), &Renewals::default()).await.unwrap_err();
    let RemoteError::Unreachable { source, .. } = error else { panic!("{error}") };
    assert!(source.is_timeout());
    // The same session goes on.
    server.then(Script::Pay(1));
    assert!(session.pay(&mut info(1), &Renewals::default()).await.unwrap().is_some());

    let settings = server.settings();
    server.stop().await;
    let error = RemoteSigner::connect(settings).await.unwrap_err();
    assert!(matches!(error, RemoteError::Unreachable { .. }), "{error}");
}

#[tokio::test]
async fn headers_reach_the_signer_and_no_log() {
    let server = Server::start().await;
    let settings =
        server.settings().headers("Authorization: Bearer s3cret-t0ken, X-Team:blue").unwrap();
    assert!(!format!("{settings:?}").contains("s3cret"), "{settings:?}");
    assert!(format!("{settings:?}").contains("x-team"), "{settings:?}");
    let signer = Arc::new(RemoteSigner::connect(settings).await.unwrap());
    let mut session = LiveSession::new(signer, job(), Some("mid".to_owned()));
    server.then(Script::Status(401, "unknown token s3cret-t0ken of\nblue"));
    let error = session.pay(&mut info(1), &Renewals::default()).await.unwrap_err();
    assert_eq!(
        error.to_string(),
        "the remote signer refused with status 401: unknown token *** of ***"
    );
    server.then(Script::Pay(1));
    let payment = session.pay(&mut info(1), &Renewals::default()).await.unwrap().unwrap();
    let headers = server.headers();
    assert!(
        headers.len() == 3
            && headers
                .iter()
                .all(|h| h["authorization"] == "Bearer s3cret-t0ken" && h["x-team"] == "blue")
    );

    // Signatures and the signer's memory are for the wire alone.
    let shown = format!("{session:?} {payment:?}");
    for secret in ["s3cret", &payment.payment[..], &payment.credentials[..], "SenderNonce"] {
        assert!(!shown.contains(secret), "{shown}");
    }
}

#[test]
fn settings_are_read_as_go_livepeer_does() {
    let url = |text: &str| RemoteSettings::new(text).map(|settings| settings.origin());
    assert_eq!(url("signer.example:8935").unwrap(), "https://signer.example:8935");
    assert_eq!(url("http://127.0.0.1:8935/some/path?key=1").unwrap(), "http://127.0.0.1:8935");
    assert_eq!(url("https://user:hunter2@signer.example").unwrap(), "https://signer.example");
    for bad in ["", "ftp://signer", "http://", "https://signer:99999"] {
        assert_eq!(url(bad).unwrap_err(), SettingsError::Url, "{bad}");
    }
    let endpoint =
        RemoteSettings::new("http://h/base?x=1").unwrap().endpoint("/generate-live-payment");
    assert_eq!(endpoint.as_str(), "http://h/generate-live-payment");

    let headers = |text: &str| RemoteSettings::new("h").unwrap().headers(text);
    assert!(headers("").is_ok() && headers("a:1,,b:x:y").is_ok());
    assert_eq!(headers("a:1,b").unwrap_err(), SettingsError::Header { position: 2 });
    assert_eq!(headers("sp ace:1").unwrap_err(), SettingsError::Header { position: 1 });
}

#[test]
fn limits_are_those_of_go_livepeer() {
    let limits = TicketLimits::default();
    assert_eq!(limits.tickets, 100);
    assert_eq!(limits.ticket_value.to_string(), "3000000000000");
    assert_eq!(limits.total_value.to_string(), "20000000000000");
    assert_eq!(StatusCode::from_u16(480).unwrap().as_u16(), 480);
    assert_eq!(ORCHESTRATOR, address!("3C44CdDdB6a900fa2b585dd299e03d12FA4293BC"));
}
