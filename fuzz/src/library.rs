//! The same bytes as hyper reads them, to compare with.

use std::future::Future;
use std::io;
use std::pin::{Pin, pin};
use std::sync::{Arc, Mutex};
use std::task::{Context, Poll, Waker};

use bytes::{Buf as _, Bytes};
use futures_util::future::join;
use http::{Request, Response, request::Parts};
use http_body_util::{BodyExt as _, Empty};
use hyper::body::Incoming;
use hyper::rt::{Read, ReadBufCursor, Write};
use hyper::{client, server, service::service_fn};

/// A body: its bytes, or that it was broken or cut.
pub type Body = Result<Bytes, hyper::Error>;

/// What a client that sent a GET makes of the bytes; `None` if no response.
#[must_use]
pub fn response(bytes: &[u8]) -> Option<(u16, Body)> {
    let io = Wire { bytes: Bytes::copy_from_slice(bytes), asked: false };
    let (mut sender, connection) = ready(client::conn::http1::handshake(io)).ok()?;
    let exchange = async move {
        let request = Request::get("/").body(Empty::<Bytes>::new()).expect("it is valid");
        let response = sender.send_request(request).await.ok()?;
        let status = response.status().as_u16();
        Some((status, response.into_body().collect().await.map(|body| body.to_bytes())))
    };
    ready(join(connection, exchange)).1
}

/// What a server makes of the first request in the bytes; `None` if there is none.
///
/// # Panics
///
/// Never.
#[must_use]
pub fn request(bytes: &[u8]) -> Option<(Parts, Body)> {
    let io = Wire { bytes: Bytes::copy_from_slice(bytes), asked: true };
    let first = Arc::new(Mutex::new(None));
    let service = service_fn(|request: Request<Incoming>| {
        let first = Arc::clone(&first);
        async move {
            let (parts, body) = request.into_parts();
            let body = body.collect().await.map(|body| body.to_bytes());
            first.lock().expect("nobody panicked").get_or_insert((parts, body));
            Response::builder().header("connection", "close").body(Empty::<Bytes>::new())
        }
    });
    // The bytes end, and their answer is wanted all the same.
    let mut server = server::conn::http1::Builder::new();
    drop(ready(server.half_close(true).serve_connection(io, service)));
    let read = first.lock().expect("nobody panicked").take();
    read
}

/// Runs what never waits for anything but itself.
fn ready<T>(future: impl Future<Output = T>) -> T {
    let mut future = pin!(future);
    let mut context = Context::from_waker(Waker::noop());
    loop {
        if let Poll::Ready(done) = future.as_mut().poll(&mut context) {
            return done;
        }
    }
}

/// Bytes and then the end; what is written goes nowhere.
struct Wire {
    bytes: Bytes,
    /// Whether it may be read already: a response is none before the request.
    asked: bool,
}

impl Read for Wire {
    fn poll_read(
        mut self: Pin<&mut Self>,
        _: &mut Context<'_>,
        mut to: ReadBufCursor<'_>,
    ) -> Poll<io::Result<()>> {
        if !self.asked {
            return Poll::Pending;
        }
        let here = self.bytes.len().min(to.remaining());
        to.put_slice(&self.bytes[..here]);
        self.bytes.advance(here);
        Poll::Ready(Ok(()))
    }
}

impl Write for Wire {
    fn poll_write(
        mut self: Pin<&mut Self>,
        _: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<io::Result<usize>> {
        self.asked |= !bytes.is_empty();
        Poll::Ready(Ok(bytes.len()))
    }

    fn poll_flush(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<io::Result<()>> {
        Poll::Ready(Ok(()))
    }

    fn poll_shutdown(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<io::Result<()>> {
        Poll::Ready(Ok(()))
    }
}
