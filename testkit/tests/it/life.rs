//! Death, restart, freezing, draining, and what each looks like from outside.

use std::io::ErrorKind;

use http::Version;
use tokio::net::TcpStream;
use waymark_testkit::Orchestrator;
use waymark_testkit::client::{ClientError, Connection, Origin, get_orchestrator, seg_data};

use crate::harness::{SEGMENT, deadline, fetch, fixed, raw, renditions, send, token, two_profiles};

async fn open(orchestrator: &Orchestrator) -> Connection {
    let (origin, _) = Origin::parse(orchestrator.uri()).unwrap();
    Connection::open(&origin, Version::HTTP_11).await.unwrap()
}

#[tokio::test]
async fn a_killed_orchestrator_breaks_what_is_running_and_refuses_the_rest() {
    let orchestrator = fixed().start().await.unwrap();
    let token = token(&orchestrator).await;
    let held = orchestrator.hold();
    let (sent, ()) = tokio::join!(send(&orchestrator, &token, 0), async {
        orchestrator.wait_for(|stats| stats.segments_accepted == 1).await.unwrap();
        orchestrator.kill().await;
    });
    assert!(matches!(sent, Err(ClientError::Http { .. })), "{sent:?}");
    drop(held);
    let refused = TcpStream::connect(orchestrator.addr()).await.unwrap_err();
    assert_eq!(refused.kind(), ErrorKind::ConnectionRefused);
    assert_eq!(orchestrator.stats().open_connections, 0);
}

#[tokio::test]
async fn a_restarted_orchestrator_is_the_same_address_without_memory() {
    let orchestrator = fixed().start().await.unwrap();
    let (uri, certificate) = (orchestrator.uri().to_owned(), orchestrator.certificate());
    let old = token(&orchestrator).await;
    let made = renditions(&orchestrator, &old, 0).await;
    orchestrator.kill().await;
    orchestrator.restart().await.unwrap();
    assert_eq!(orchestrator.uri(), uri);
    assert_ne!(orchestrator.certificate(), certificate);
    fetch(&made[0].url).await.unwrap_err();
    let outcome = format!("{:?}", send(&orchestrator, &old, 1).await.unwrap());
    assert!(outcome.contains("invalid auth token"), "{outcome}");
    let new = token(&orchestrator).await;
    renditions(&orchestrator, &new, 1).await;
}

#[tokio::test]
async fn a_stopped_orchestrator_finishes_what_it_began() {
    let orchestrator = fixed().start().await.unwrap();
    let token = token(&orchestrator).await;
    let held = orchestrator.hold();
    let (sent, ()) = tokio::join!(send(&orchestrator, &token, 0), async {
        orchestrator.wait_for(|stats| stats.segments_accepted == 1).await.unwrap();
        tokio::join!(orchestrator.stop(), async { drop(held) });
    });
    assert!(sent.unwrap().renditions().is_some());
    get_orchestrator(orchestrator.uri(), None).await.unwrap_err();
}

#[tokio::test]
async fn a_paused_orchestrator_takes_connections_and_says_nothing() {
    let orchestrator = fixed().start().await.unwrap();
    let token = token(&orchestrator).await;
    let mut warm = open(&orchestrator).await;
    orchestrator.pause();
    TcpStream::connect(orchestrator.addr()).await.expect("the kernel answers");
    let data = seg_data("movie", 0, &SEGMENT, &two_profiles(), token.clone());
    let on_warm = warm.segment(&data, SEGMENT.clone(), deadline());
    let on_new = send(&orchestrator, &token, 1);
    let (on_warm, on_new, ()) = tokio::join!(on_warm, on_new, async {
        let before = orchestrator.stats();
        assert_eq!((before.segments_accepted, before.segments.len()), (0, 0));
        orchestrator.resume();
    });
    assert!(on_warm.unwrap().renditions().is_some());
    assert!(on_new.unwrap().renditions().is_some());
}

#[tokio::test]
async fn connections_can_be_cut_while_the_port_stays_open() {
    let orchestrator = fixed().start().await.unwrap();
    let token = token(&orchestrator).await;
    let mut warm = open(&orchestrator).await;
    orchestrator.wait_for(|stats| stats.connections == 2).await.unwrap();
    orchestrator.drop_connections();
    let data = seg_data("movie", 0, &SEGMENT, &two_profiles(), token.clone());
    warm.segment(&data, SEGMENT.clone(), deadline()).await.unwrap_err();
    renditions(&orchestrator, &token, 0).await;
}

#[tokio::test]
async fn the_certificate_is_self_signed_flagged_as_a_ca_and_names_the_host() {
    let orchestrator = fixed().start().await.unwrap();
    let der = orchestrator.certificate().unwrap();
    let contains = |part: &[u8]| der.windows(part.len()).any(|window| window == part);
    // DNS name (tag 0x82) with the text of the IP address.
    assert!(contains(b"\x82\x09127.0.0.1"));
    // Basic constraints 2.5.29.19, critical, CA true.
    assert!(contains(&[0x55, 0x1d, 0x13, 1, 1, 0xff, 4, 5, 0x30, 3, 1, 1, 0xff]));
    // P-256.
    assert!(contains(&[0x2a, 0x86, 0x48, 0xce, 0x3d, 3, 1, 7]));
    orchestrator.change_certificate().unwrap();
    assert_ne!(orchestrator.certificate().unwrap(), der);
}

#[tokio::test]
async fn a_plain_port_speaks_http1_http2_and_grpc() {
    let orchestrator = fixed().plain_http().start().await.unwrap();
    assert!(orchestrator.uri().starts_with("http://127.0.0.1:"));
    assert_eq!(orchestrator.certificate(), None);
    let token = token(&orchestrator).await;
    let made = renditions(&orchestrator, &token, 0).await;
    assert!(made[0].url.starts_with(orchestrator.uri()));
    fetch(&made[0].url).await.unwrap();
    for version in [Version::HTTP_11, Version::HTTP_2] {
        let answer = raw(&orchestrator, version, "/segment", &[], SEGMENT.clone()).await.unwrap();
        assert_eq!(answer.status(), 403);
    }
}

#[tokio::test]
async fn another_service_uri_is_given_out_and_a_busy_port_is_an_error() {
    let orchestrator = fixed().service_uri("https://proxy.example:8935/").start().await.unwrap();
    let info = get_orchestrator(orchestrator.uri(), None).await.unwrap();
    assert_eq!(info.transcoder, "https://proxy.example:8935");
    let busy = fixed().listen(orchestrator.addr()).start().await.unwrap_err();
    let cause = busy.source().map(ToString::to_string).unwrap_or_default();
    assert!(busy.to_string().starts_with("cannot listen on 127.0.0.1:"), "{busy:#}");
    assert!(cause.contains("in use"), "{cause}");
}
