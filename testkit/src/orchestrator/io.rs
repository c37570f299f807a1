//! A TCP stream that can be frozen: while the node is paused, connections stay open and silent, as
//! those of a stopped process do.

use std::future::Future;
use std::io;
use std::pin::Pin;
use std::task::{Context, Poll, ready};

use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::net::TcpStream;
use tokio::sync::watch;

/// A switch many may wait on; off at first.
#[derive(Clone, Debug)]
pub(crate) struct Gate {
    shut: watch::Sender<bool>,
}

impl Gate {
    pub(crate) fn new() -> Self {
        Self { shut: watch::Sender::new(false) }
    }

    pub(crate) fn shut(&self) {
        self.shut.send_replace(true);
    }

    pub(crate) fn open(&self) {
        self.shut.send_replace(false);
    }

    fn is_open(&self) -> bool {
        !*self.shut.borrow()
    }

    /// Waits until it is open; returns at once when it is.
    pub(crate) fn opened(&self) -> impl Future<Output = ()> + Send + 'static {
        let mut shut = self.shut.subscribe();
        async move {
            // An error means the node is gone, and then nothing is to be held back.
            drop(shut.wait_for(|shut| !shut).await);
        }
    }
}

/// A stream behind a gate.
pub(crate) struct GatedStream {
    inner: TcpStream,
    gate: Gate,
    waiting: Option<Pin<Box<dyn Future<Output = ()> + Send>>>,
}

impl GatedStream {
    pub(crate) fn new(inner: TcpStream, gate: Gate) -> Self {
        Self { inner, gate, waiting: None }
    }

    fn poll_gate(&mut self, cx: &mut Context<'_>) -> Poll<()> {
        if self.waiting.is_none() && self.gate.is_open() {
            return Poll::Ready(());
        }
        let gate = &self.gate;
        let waiting = self.waiting.get_or_insert_with(|| Box::pin(gate.opened()));
        ready!(waiting.as_mut().poll(cx));
        self.waiting = None;
        Poll::Ready(())
    }
}

impl AsyncRead for GatedStream {
    fn poll_read(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buf: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        ready!(self.poll_gate(cx));
        Pin::new(&mut self.inner).poll_read(cx, buf)
    }
}

impl AsyncWrite for GatedStream {
    fn poll_write(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buf: &[u8],
    ) -> Poll<io::Result<usize>> {
        ready!(self.poll_gate(cx));
        Pin::new(&mut self.inner).poll_write(cx, buf)
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.inner).poll_flush(cx)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        ready!(self.poll_gate(cx));
        Pin::new(&mut self.inner).poll_shutdown(cx)
    }

    fn poll_write_vectored(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        bufs: &[io::IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        ready!(self.poll_gate(cx));
        Pin::new(&mut self.inner).poll_write_vectored(cx, bufs)
    }

    fn is_write_vectored(&self) -> bool {
        self.inner.is_write_vectored()
    }
}
