use std::{future::Future, sync::Arc, time::Duration};

use bytes::Bytes;
use http::Request;
use rcgen::{CertificateParams, KeyPair};
use rustls::{
    ALL_VERSIONS, ServerConfig, SupportedProtocolVersion,
    crypto::aws_lc_rs,
    version::{TLS12, TLS13},
};
use rustls_pki_types::{PrivateKeyDer, PrivatePkcs8KeyDer};
use tokio::{
    io::{AsyncReadExt as _, AsyncWriteExt as _},
    net::{TcpListener, TcpStream},
};
use tokio_rustls::{TlsAcceptor, server::TlsStream};

use super::*;
use crate::{
    buffers::Buffers,
    orchestrator::{
        error::TransportError,
        tls::media_config,
        transport::connection::{Answer, Connection, Failed},
    },
};

const HEAD: &[u8] = b"HTTP/1.1 200 OK\r\n";

fn acceptor() -> TlsAcceptor {
    acceptor_of(ALL_VERSIONS)
}

fn acceptor_of(versions: &[&'static SupportedProtocolVersion]) -> TlsAcceptor {
    let key = KeyPair::generate().unwrap();
    let certificate = CertificateParams::default().self_signed(&key).unwrap().der().clone();
    let key = PrivateKeyDer::from(PrivatePkcs8KeyDer::from(key.serialize_der()));
    let mut config = ServerConfig::builder_with_provider(Arc::new(aws_lc_rs::default_provider()))
        .with_protocol_versions(versions)
        .unwrap()
        .with_no_client_auth()
        .with_single_cert(vec![certificate], key)
        .unwrap();
    config.alpn_protocols = vec![b"h2".to_vec(), b"http/1.1".to_vec()];
    TlsAcceptor::from(Arc::new(config))
}

async fn dialled(listener: &TcpListener) -> io::Result<Wire> {
    let tcp = TcpStream::connect(listener.local_addr().unwrap()).await.unwrap();
    Wire::tls(tcp, media_config(), ServerName::try_from("o").unwrap()).await
}

/// A connection to a peer that does as it is told.
async fn with_peer<F, T>(peer: impl FnOnce(TlsStream<TcpStream>) -> F) -> (io::Result<Wire>, T)
where
    F: Future<Output = T>,
{
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let peer = async {
        let (tcp, _) = listener.accept().await.unwrap();
        peer(acceptor().accept(tcp).await.unwrap()).await
    };
    tokio::join!(dialled(&listener), peer)
}

async fn sent(connection: Connection, body: &Bytes) -> Result<Answer, Failed> {
    let request = Request::post("/segment").header("host", "o").body(body.clone()).unwrap();
    connection.send(&request).await
}

/// Reads a request with its body.
async fn request(stream: &mut TlsStream<TcpStream>, length: usize) -> Vec<u8> {
    let mut got = Vec::new();
    let body = |got: &[u8]| got.windows(4).position(|w| w == b"\r\n\r\n").map(|at| at + 4);
    while body(&got).is_none_or(|at| got.len() < at + length) {
        assert!(stream.read_buf(&mut got).await.unwrap() > 0);
    }
    got.split_off(body(&got).unwrap())
}

/// What becomes of a response, and whether the connection can be used again.
async fn answered<F>(
    answer: impl FnOnce(TlsStream<TcpStream>) -> F,
) -> Result<(Bytes, bool), TransportError>
where
    F: Future<Output = Option<TlsStream<TcpStream>>>,
{
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let peer = async {
        let (tcp, _) = listener.accept().await.unwrap();
        let mut stream = acceptor().accept(tcp).await.unwrap();
        request(&mut stream, 3).await;
        answer(stream).await
    };
    let ours = async {
        let connection = Connection::new(dialled(&listener).await.unwrap());
        let answer = sent(connection, &Bytes::from_static(b"abc")).await;
        let answer = answer.map_err(|failed| TransportError::Dropped { source: failed.source })?;
        let (body, again) = answer.collect(1 << 30, &Buffers::default()).await?;
        Ok((body, again.is_some()))
    };
    tokio::join!(ours, peer).0
}

#[tokio::test]
async fn large_bodies_arrive_as_they_were_in_both_directions() {
    let body: Vec<u8> =
        (0..5_000_011_u32).map(|n| n.wrapping_mul(2_654_435_761).to_be_bytes()[0]).collect();
    let body = Bytes::from(body);
    for version in [&TLS12, &TLS13] {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let peer = async {
            let (tcp, _) = listener.accept().await.unwrap();
            let mut stream = acceptor_of(&[version]).accept(tcp).await.unwrap();
            for _ in 0..3 {
                let got = request(&mut stream, body.len()).await;
                stream.write_all(HEAD).await.unwrap();
                let length = format!("content-length: {}\r\n\r\n", got.len());
                stream.write_all(length.as_bytes()).await.unwrap();
                let (first, second) = got.split_at(got.len() / 2);
                stream.write_all(first).await.unwrap();
                // New keys in the middle, which the other side answers with its own.
                let renewed = stream.get_mut().1.refresh_traffic_keys();
                assert_eq!(renewed.is_ok(), *version == TLS13);
                stream.write_all(second).await.unwrap();
                stream.flush().await.unwrap();
            }
            stream
        };
        let ours = async {
            let mut connection = Connection::new(dialled(&listener).await.unwrap());
            for _ in 0..3 {
                let answer = sent(connection, &body).await.ok().unwrap();
                let (echo, again) = answer.collect(1 << 30, &Buffers::default()).await.unwrap();
                assert!(echo == body, "{} bytes came back", echo.len());
                connection = again.unwrap();
                assert!(connection.is_open());
            }
        };
        tokio::join!(ours, peer);
    }
}

#[tokio::test]
async fn only_who_says_so_has_ended_a_body_without_a_length() {
    let told = answered(|mut stream| async move {
        stream.write_all(HEAD).await.unwrap();
        stream.write_all(b"\r\nall of it").await.unwrap();
        stream.shutdown().await.unwrap();
        None
    });
    assert_eq!(told.await.unwrap(), (Bytes::from_static(b"all of it"), false));
    let cut = answered(|mut stream| async move {
        stream.write_all(HEAD).await.unwrap();
        stream.write_all(b"\r\nnot all of it").await.unwrap();
        stream.flush().await.unwrap();
        // TCP alone ends: anybody on the way can do that.
        stream.get_mut().0.shutdown().await.unwrap();
        None
    });
    assert!(matches!(cut.await, Err(TransportError::Dropped { .. })));
    let short = answered(|mut stream| async move {
        stream.write_all(HEAD).await.unwrap();
        stream.write_all(b"content-length: 4\r\n\r\nbod").await.unwrap();
        stream.shutdown().await.unwrap();
        None
    });
    let short = short.await;
    assert!(matches!(short, Err(TransportError::Truncated { got: 3, announced: 4 })), "{short:?}");
}

#[tokio::test]
async fn what_comes_behind_a_response_ends_the_connection() {
    let more = answered(|mut stream| async move {
        stream.write_all(HEAD).await.unwrap();
        stream.write_all(b"content-length: 4\r\n\r\nbodyHTTP/1.1 200 OK\r\n").await.unwrap();
        stream.flush().await.unwrap();
        Some(stream)
    });
    assert_eq!(more.await.unwrap(), (Bytes::from_static(b"body"), false));
}

#[tokio::test]
async fn tickets_leave_a_connection_at_rest_and_words_do_not() {
    let (wire, mut stream) = with_peer(|mut stream| async {
        stream.flush().await.unwrap();
        stream
    })
    .await;
    // The tickets of TLS 1.3 come right behind the handshake.
    let mut wire = wire.unwrap();
    wire.readable().await.unwrap();
    assert!(wire.is_quiet());
    stream.write_all(b"HTTP/1.1 408 Request Timeout\r\n\r\n").await.unwrap();
    stream.flush().await.unwrap();
    wire.readable().await.unwrap();
    assert!(!wire.is_quiet());
    let (wire, ()) = with_peer(|mut stream| async move { stream.shutdown().await.unwrap() }).await;
    let mut wire = wire.unwrap();
    wire.readable().await.unwrap();
    assert!(!wire.is_quiet());
}

#[tokio::test]
async fn a_peer_that_does_not_speak_tls_is_refused() {
    let zeros = vec![0; 1 << 17];
    for words in [&b"HTTP/1.1 400 Bad Request\r\n\r\n"[..], b"\x16\x03\x03\xff\xff", &zeros, b""] {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let peer = async {
            let (mut tcp, _) = listener.accept().await.unwrap();
            drop(tcp.write_all(words).await);
            drop(tcp.shutdown().await);
            tcp
        };
        assert!(tokio::join!(dialled(&listener), peer).0.is_err(), "{words:?}");
    }
}

#[tokio::test]
async fn whoever_stops_in_the_middle_closes_the_connection() {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let peer = async {
        let (tcp, _) = listener.accept().await.unwrap();
        let mut stream = acceptor().accept(tcp).await.unwrap();
        request(&mut stream, 3).await;
        stream.write_all(HEAD).await.unwrap();
        stream.write_all(b"content-length: 9\r\n\r\nhalf").await.unwrap();
        stream.flush().await.unwrap();
        let mut rest = Vec::new();
        // The end of TCP without a word of TLS.
        assert!(stream.read_to_end(&mut rest).await.is_err());
    };
    let ours = async {
        let connection = Connection::new(dialled(&listener).await.unwrap());
        let answer = sent(connection, &Bytes::from_static(b"abc")).await.ok().unwrap();
        let patience = Duration::from_millis(1);
        let buffers = Buffers::default();
        assert!(tokio::time::timeout(patience, answer.collect(9, &buffers)).await.is_err());
    };
    tokio::join!(ours, peer);
}
