//! Bytes to and from a peer: TCP, with TLS over it or without.
//!
//! TLS works on one buffer a thread instead of several for each connection. A connection is used for
//! a few milliseconds and then rests for seconds; buffers of its own would be cold each time, and
//! bytes would be copied from one to the next. Here a record is decrypted where the socket put it and
//! handed on, and encrypted where the socket takes it from. A connection keeps only what is left
//! over: the beginning of a record, or what the socket did not take.

mod records;

use std::{
    cell::RefCell,
    future::poll_fn,
    io,
    pin::Pin,
    sync::Arc,
    task::{Context, Poll, ready},
};

use bytes::{Buf as _, BytesMut};
use rustls::ClientConfig;
use rustls_pki_types::ServerName;
use tokio::{
    io::{AsyncRead as _, AsyncWrite as _, ReadBuf},
    net::TcpStream,
};

use self::records::{Opened, Records};

/// What may be left over of a read: a record, or a message of the handshake in several of them.
const FRONT: usize = 72 * 1024;
/// Bytes taken from the socket at once.
const READ: usize = 256 * 1024;
/// Plain bytes encrypted and written at once: whole records.
const WRITE: usize = 8 * 16 * 1024;
/// Smallest room worth another record.
const WORTHWHILE: usize = 1024;
/// Reads of a connection at rest: what TLS may have to say then comes in one.
const QUIET_READS: usize = 2;

thread_local! {
    /// What this thread reads into and writes from; never held while it waits.
    static SCRATCH: RefCell<Box<[u8]>> = RefCell::new(vec![0; FRONT + READ].into());
}

/// A connection.
pub(super) struct Wire {
    tcp: TcpStream,
    tls: Option<Records>,
    /// The beginning of a record whose end did not come yet.
    partial: Vec<u8>,
    /// Bytes for the peer that the socket did not take yet.
    unsent: BytesMut,
    /// The peer says nothing more.
    ended: bool,
    /// It said so itself, as far as it can.
    closed: bool,
}

/// What happened while bytes waited to be sent.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Sent {
    /// All went out.
    All,
    /// The peer said something before that.
    Interrupted,
}

impl Wire {
    /// Without TLS.
    pub(super) fn plain(tcp: TcpStream) -> Self {
        Self {
            tcp,
            tls: None,
            partial: Vec::new(),
            unsent: BytesMut::new(),
            ended: false,
            closed: false,
        }
    }

    /// With TLS, once the handshake is done.
    pub(super) async fn tls(
        tcp: TcpStream,
        config: Arc<ClientConfig>,
        name: ServerName<'static>,
    ) -> io::Result<Self> {
        let mut wire = Self { tls: Some(Records::new(config, name)?), ..Self::plain(tcp) };
        wire.open(&mut [], &mut |_| {})?;
        loop {
            poll_fn(|cx| wire.poll_flush(cx)).await?;
            if wire.tls.as_ref().is_none_or(|tls| !tls.is_handshaking()) {
                return Ok(wire);
            }
            if wire.ended {
                return Err(io::ErrorKind::UnexpectedEof.into());
            }
            let spoke = poll_fn(|cx| wire.poll_read(cx, READ, &mut |_| {})).await? > 0;
            if spoke {
                // It would be missing from the response it is the beginning of.
                return Err(io::Error::new(io::ErrorKind::InvalidData, "an answer to no request"));
            }
        }
    }

    /// Waits for bytes, at most about `most`, and hands them on; `false` at the end.
    pub(super) async fn read(
        &mut self,
        most: usize,
        mut sink: impl FnMut(&[u8]),
    ) -> io::Result<bool> {
        while !self.ended {
            if poll_fn(|cx| self.poll_read(cx, most, &mut sink)).await? > 0 {
                return Ok(true);
            }
        }
        Ok(false)
    }

    /// Sends pieces one behind the other, and takes from them what was taken over. What the peer
    /// says meanwhile goes to `heard`, and interrupts.
    pub(super) async fn write(
        &mut self,
        pieces: &mut [&[u8]],
        heard: &mut Vec<u8>,
    ) -> io::Result<Sent> {
        poll_fn(|cx| {
            loop {
                if self.poll_flush(cx)?.is_pending() {
                    break;
                }
                if pieces.iter().all(|piece| piece.is_empty()) {
                    return Poll::Ready(Ok(Sent::All));
                }
                self.poll_write(cx, pieces)?;
            }
            let before = heard.len();
            while !self.ended {
                // Both readinesses have to be asked for before this can wait.
                let got = self.poll_read(cx, READ, &mut |bytes| heard.extend_from_slice(bytes))?;
                if heard.len() > before {
                    return Poll::Ready(Ok(Sent::Interrupted));
                }
                if got.is_pending() {
                    return Poll::Pending;
                }
            }
            Poll::Ready(Err(self.end()))
        })
        .await
    }

    /// Whether the end was the peer's own word: TLS says so itself, and nobody can cut a message short.
    pub(super) const fn is_closed(&self) -> bool {
        self.closed
    }

    /// The end as an error: what the peer itself closed may have been closed before it read a thing.
    pub(super) fn end(&self) -> io::Error {
        use io::ErrorKind::{ConnectionAborted, UnexpectedEof};
        if self.closed { ConnectionAborted.into() } else { UnexpectedEof.into() }
    }

    /// Whether a connection at rest can be used again: the peer neither closed it nor said anything.
    pub(super) fn is_quiet(&mut self) -> bool {
        let mut cx = Context::from_waker(std::task::Waker::noop());
        for _ in 0..QUIET_READS {
            let mut spoke = false;
            match self.poll_read(&mut cx, READ, &mut |_| spoke = true) {
                Poll::Pending => return true,
                // News of TLS alone is none.
                Poll::Ready(Ok(_)) if !spoke && !self.ended => {}
                Poll::Ready(_) => return false,
            }
        }
        // Whoever has that much to say is not at rest.
        false
    }

    /// Frees what is of no use until the next request.
    pub(super) fn at_rest(mut self) -> Self {
        self.partial.shrink_to_fit();
        self
    }

    /// Waits until there is something to read, or the end.
    #[cfg(test)]
    pub(super) async fn readable(&self) -> io::Result<()> {
        self.tcp.readable().await
    }

    /// Reads once; how many bytes were handed on.
    fn poll_read(
        &mut self,
        cx: &mut Context<'_>,
        most: usize,
        sink: &mut dyn FnMut(&[u8]),
    ) -> Poll<io::Result<usize>> {
        SCRATCH.with_borrow_mut(|scratch| {
            let (front, room) = scratch.split_at_mut(FRONT);
            let most = most.min(room.len());
            let mut room = ReadBuf::new(room.get_mut(..most).unwrap_or_default());
            ready!(Pin::new(&mut self.tcp).poll_read(cx, &mut room))?;
            let got = room.filled().len();
            self.ended |= got == 0;
            self.closed |= got == 0 && self.tls.is_none();
            let start = FRONT.checked_sub(self.partial.len()).ok_or(io::ErrorKind::InvalidData)?;
            front.get_mut(start..).unwrap_or_default().copy_from_slice(&self.partial);
            self.partial.clear();
            let mut handed = 0;
            let incoming = scratch.get_mut(start..FRONT + got).unwrap_or_default();
            self.open(incoming, &mut |bytes| {
                handed += bytes.len();
                sink(bytes);
            })?;
            Poll::Ready(Ok(handed))
        })
    }

    /// Decrypts what came, hands it on and keeps the beginning of a record.
    fn open(&mut self, incoming: &mut [u8], sink: &mut dyn FnMut(&[u8])) -> io::Result<()> {
        let Some(tls) = &mut self.tls else {
            sink(incoming);
            return Ok(());
        };
        let Opened { done, closed } = tls.open(incoming, &mut self.unsent, sink)?;
        self.ended |= closed;
        self.closed |= closed;
        self.partial.extend_from_slice(incoming.get(done..).unwrap_or_default());
        Ok(())
    }

    /// Encrypts as much as is written at once, and writes it; what the socket does not take is kept.
    fn poll_write(&mut self, cx: &mut Context<'_>, pieces: &mut [&[u8]]) -> io::Result<()> {
        SCRATCH.with_borrow_mut(|scratch| {
            let (mut filled, mut room) = (0, WRITE);
            for piece in pieces {
                if room < WORTHWHILE {
                    break;
                }
                let (now, later) = piece.split_at(room.min(piece.len()));
                filled += self.seal(now, scratch.get_mut(filled..).unwrap_or_default())?;
                room -= now.len();
                *piece = later;
            }
            let out = scratch.get(..filled).unwrap_or_default();
            let taken = if self.unsent.is_empty() {
                match Pin::new(&mut self.tcp).poll_write(cx, out) {
                    Poll::Ready(taken) => taken?,
                    Poll::Pending => 0,
                }
            } else {
                0
            };
            self.unsent.extend_from_slice(out.get(taken..).unwrap_or_default());
            Ok(())
        })
    }

    /// Encrypts; how many bytes were written to `out`.
    fn seal(&mut self, plain: &[u8], out: &mut [u8]) -> io::Result<usize> {
        let Some(tls) = &mut self.tls else {
            out.get_mut(..plain.len()).unwrap_or_default().copy_from_slice(plain);
            return Ok(plain.len());
        };
        tls.seal(plain, &mut self.partial, out)
    }

    /// Writes what the socket did not take before.
    fn poll_flush(&mut self, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        while !self.unsent.is_empty() {
            match ready!(Pin::new(&mut self.tcp).poll_write(cx, &self.unsent))? {
                0 => return Poll::Ready(Err(io::ErrorKind::WriteZero.into())),
                taken => self.unsent.advance(taken),
            }
        }
        if self.unsent.capacity() > 0 {
            self.unsent = BytesMut::new();
        }
        Poll::Ready(Ok(()))
    }
}

#[cfg(test)]
mod tests;
