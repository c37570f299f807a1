use tokio::{
    io::{AsyncReadExt as _, AsyncWriteExt as _},
    net::{TcpListener, TcpStream},
};

use super::*;

async fn pair() -> (Connection, TcpStream) {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let ours = TcpStream::connect(listener.local_addr().unwrap()).await.unwrap();
    (Connection::new(Wire::plain(ours)), listener.accept().await.unwrap().0)
}

fn post(body: Bytes) -> Request<Bytes> {
    Request::post("/segment?a=b").header("host", "o:1").body(body).unwrap()
}

/// Reads a request with a body of `length` bytes.
async fn request(peer: &mut TcpStream, length: usize) -> String {
    let mut text = Vec::new();
    let end = |text: &[u8]| text.windows(4).position(|w| w == b"\r\n\r\n").map(|at| at + 4);
    while end(&text).is_none_or(|head| text.len() < head + length) {
        assert!(peer.read_buf(&mut text).await.unwrap() > 0);
    }
    text.truncate(end(&text).unwrap());
    String::from_utf8(text).unwrap()
}

/// One exchange with a peer that answers with pieces, one write each.
async fn answered(
    pieces: &'static [&'static str],
    limit: usize,
) -> Result<(StatusCode, Bytes, bool), TransportError> {
    let (connection, mut peer) = pair().await;
    let peer = async move {
        let head = request(&mut peer, 3).await;
        for piece in pieces {
            peer.write_all(piece.as_bytes()).await.unwrap();
            tokio::task::yield_now().await;
        }
        (head, peer)
    };
    let request = post(Bytes::from_static(b"abc"));
    let ((head, peer), answer) = tokio::join!(peer, connection.send(&request));
    let answer = answer.map_err(|failed| TransportError::Dropped { source: failed.source });
    assert_eq!(head, "POST /segment?a=b HTTP/1.1\r\nhost: o:1\r\ncontent-length: 3\r\n\r\n");
    let answer = answer?;
    let status = answer.status;
    // Where nothing else ends it, the end of the connection ends the body.
    drop(peer);
    let (body, again) = answer.collect(limit, &Buffers::default()).await?;
    Ok((status, body, again.is_some()))
}

#[tokio::test]
async fn responses_of_all_framings_are_read() {
    for (pieces, kept) in [
        (&["HTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\nbody"][..], true),
        (&["HTTP/1.1 20", "0 OK\r\ncontent-length: 4\r\n\r", "\nbo", "dy"], true),
        (
            &["HTTP/1.1 100 Continue\r\n\r\n", "HTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\nbody"],
            true,
        ),
        (
            &[
                "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n",
                "4\r\nbo",
                "dy\r\n0\r\n",
                "\r\n",
            ],
            true,
        ),
        (&["HTTP/1.1 200 OK\r\nConnection: close\r\nContent-Length: 4\r\n\r\nbody"], false),
        (&["HTTP/1.0 200 OK\r\nContent-Length: 4\r\n\r\nbody"], false),
        (&["HTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\nbody, and more"], false),
        (&["HTTP/1.1 200 OK\r\n\r\n", "bo", "dy"], false),
    ] {
        let (status, body, again) = answered(pieces, 4).await.unwrap();
        assert_eq!(
            (status.as_u16(), body.as_ref(), again),
            (200, &b"body"[..], kept),
            "{pieces:?}"
        );
    }
}

#[tokio::test]
async fn what_is_no_whole_response_is_told_apart() {
    let cut = answered(&["HTTP/1.1 200 OK\r\nContent-Length: 40\r\n\r\nbody"], 100).await;
    assert!(matches!(cut, Err(TransportError::Truncated { got: 4, announced: 40 })), "{cut:?}");
    for large in [
        &["HTTP/1.1 200 OK\r\nContent-Length: 40\r\n\r\nbody"][..],
        &["HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n28\r\n0123456789"],
    ] {
        let result = answered(large, 9).await;
        assert!(matches!(result, Err(TransportError::TooLarge { limit: 9 })), "{result:?}");
    }
    for wrong in [
        &["HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n4\r\nbo"][..],
        &["HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nx\r\n"],
        &["HTTP/1.1 101 Switching Protocols\r\n\r\n"],
        &["nonsense\r\n\r\n"],
    ] {
        let result = answered(wrong, 100).await;
        assert!(matches!(result, Err(TransportError::Dropped { .. })), "{result:?}");
    }
}

#[tokio::test]
async fn a_refusal_in_the_middle_of_an_upload_ends_it() {
    let (connection, mut peer) = pair().await;
    let refusing = async move {
        request(&mut peer, 0).await;
        let refusal = b"HTTP/1.1 403 Forbidden\r\nContent-Length: 2\r\n\r\nno";
        peer.write_all(refusal).await.unwrap();
        peer
    };
    // More than the sockets' buffers take.
    let request = post(vec![0; 64 << 20].into());
    let (_peer, answer) = tokio::join!(refusing, connection.send(&request));
    let answer = answer.ok().unwrap();
    assert_eq!(answer.status, StatusCode::FORBIDDEN);
    let (text, again) = answer.collect(100, &Buffers::default()).await.unwrap();
    assert_eq!((text.as_ref(), again.is_none()), (&b"no"[..], true));
}

#[tokio::test]
async fn a_peer_that_takes_the_segment_early_gets_all_of_it() {
    let (connection, mut peer) = pair().await;
    let length = 32 << 20;
    let taking = async move {
        request(&mut peer, 0).await;
        peer.write_all(b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n").await.unwrap();
        let (mut got, mut buffer) = (0, vec![0; 1 << 20]);
        while got < length {
            got += peer.read(&mut buffer).await.unwrap();
        }
        peer.write_all(b"ok").await.unwrap();
        peer
    };
    let request = post(vec![0; length + (1 << 20)].into());
    let (_peer, answer) = tokio::join!(taking, connection.send(&request));
    let answer = answer.ok().unwrap();
    assert_eq!(answer.collect(100, &Buffers::default()).await.unwrap().0.as_ref(), b"ok");
}

#[tokio::test]
async fn a_connection_the_peer_closed_or_spoke_on_is_not_used_again() {
    for speaks in [true, false] {
        let (mut connection, mut peer) = pair().await;
        assert!(connection.is_open());
        if speaks {
            peer.write_all(b"HTTP/1.1 408 Request Timeout\r\n\r\n").await.unwrap();
        } else {
            drop(peer);
        }
        let Connection(wire) = &mut connection;
        wire.readable().await.unwrap();
        assert!(!connection.is_open());
    }
}
