//! Reads that fill the buffer they are given as far as bytes are there.
//!
//! A TLS stream hands out one record at a time, 16 KiB at most, and everything above it is polled
//! again for each: with whole buffers that happens a quarter as often.

use std::{
    io,
    pin::Pin,
    task::{Context, Poll},
};

use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};

/// A stream read in whole buffers. Writing is the stream's own.
#[derive(Debug)]
pub(super) struct Filled<T> {
    stream: T,
    /// An error that came behind bytes, told with the next read.
    failed: Option<io::Error>,
}

impl<T> Filled<T> {
    pub(super) fn new(stream: T) -> Self {
        Self { stream, failed: None }
    }
}

impl<T: AsyncRead + Unpin> AsyncRead for Filled<T> {
    fn poll_read(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buf: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        if let Some(error) = self.failed.take() {
            return Poll::Ready(Err(error));
        }
        let before = buf.filled().len();
        while buf.remaining() > 0 {
            let already = buf.filled().len();
            match Pin::new(&mut self.stream).poll_read(cx, buf) {
                Poll::Ready(Ok(())) if buf.filled().len() > already => {}
                Poll::Ready(Err(error)) if already > before => {
                    self.failed = Some(error);
                    break;
                }
                Poll::Pending if already > before => break,
                other => return other,
            }
        }
        Poll::Ready(Ok(()))
    }
}

impl<T: AsyncWrite + Unpin> AsyncWrite for Filled<T> {
    fn poll_write(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buf: &[u8],
    ) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.stream).poll_write(cx, buf)
    }

    fn poll_write_vectored(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        bufs: &[io::IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.stream).poll_write_vectored(cx, bufs)
    }

    fn is_write_vectored(&self) -> bool {
        self.stream.is_write_vectored()
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_flush(cx)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_shutdown(cx)
    }
}

#[cfg(test)]
mod tests {
    use std::collections::VecDeque;

    use tokio::io::AsyncReadExt as _;

    use super::*;

    enum Step {
        Bytes(&'static [u8]),
        Wait,
        Fail,
    }
    use Step::{Bytes, Fail, Wait};

    /// A stream that does what it is told.
    struct Script(VecDeque<Step>);

    impl AsyncRead for Script {
        fn poll_read(
            mut self: Pin<&mut Self>,
            cx: &mut Context<'_>,
            buf: &mut ReadBuf<'_>,
        ) -> Poll<io::Result<()>> {
            match self.0.pop_front() {
                Some(Bytes(bytes)) => buf.put_slice(bytes),
                Some(Wait) => {
                    cx.waker().wake_by_ref();
                    return Poll::Pending;
                }
                Some(Fail) => return Poll::Ready(Err(io::ErrorKind::ConnectionReset.into())),
                None => {}
            }
            Poll::Ready(Ok(()))
        }
    }

    #[tokio::test]
    async fn what_is_there_comes_in_one_read_and_in_order() {
        let steps = [Wait, Bytes(b"ab"), Bytes(b"cd"), Wait, Bytes(b"e")];
        let mut stream = Filled::new(Script(steps.into()));
        let mut buf = [0; 8];
        assert_eq!(stream.read(&mut buf).await.unwrap(), 4);
        assert_eq!(&buf[..4], b"abcd");
        assert_eq!(stream.read(&mut buf).await.unwrap(), 1);
        assert_eq!(stream.read(&mut buf).await.unwrap(), 0, "the end");
    }

    #[tokio::test]
    async fn a_full_buffer_is_enough() {
        let mut stream = Filled::new(Script([Bytes(b"ab"), Bytes(b"cd")].into()));
        let mut buf = [0; 2];
        assert_eq!(stream.read(&mut buf).await.unwrap(), 2);
        assert_eq!(&buf, b"ab");
    }

    #[tokio::test]
    async fn an_error_behind_bytes_is_told_after_them() {
        let mut stream = Filled::new(Script([Bytes(b"ab"), Fail].into()));
        let mut buf = [0; 8];
        assert_eq!(stream.read(&mut buf).await.unwrap(), 2);
        let error = stream.read(&mut buf).await.unwrap_err();
        assert_eq!(error.kind(), io::ErrorKind::ConnectionReset);
        assert_eq!(stream.read(&mut buf).await.unwrap(), 0);
    }
}
