//! The node's TCP port, which stays the node's own while nobody listens on it.
//!
//! A second socket is bound beside the listener and never listens: when the listener closes,
//! connections are refused as for a dead process, and no other program can take the port before the
//! node comes back.

use std::io;
use std::net::SocketAddr;

use anyhow::Context as _;
use tokio::net::{TcpListener, TcpSocket};

/// Connections the kernel queues.
const BACKLOG: u32 = 1024;

/// A port held until dropped.
#[derive(Debug)]
pub(crate) struct Port {
    addr: SocketAddr,
    _holder: TcpSocket,
}

impl Port {
    /// Takes `addr`; port 0 takes any free one. A fixed port that is in use is an error.
    pub(crate) fn take(addr: SocketAddr) -> anyhow::Result<Self> {
        if addr.port() != 0 {
            // Alone on it first: sockets that share on purpose do not notice one more.
            let probe = socket(addr, Share::Past).and_then(|socket| socket.bind(addr));
            probe.with_context(|| format!("cannot listen on {addr}"))?;
        }
        let hold = || -> io::Result<Self> {
            let holder = socket(addr, Share::Own)?;
            holder.bind(addr)?;
            Ok(Self { addr: holder.local_addr()?, _holder: holder })
        };
        hold().with_context(|| format!("cannot listen on {addr}"))
    }

    pub(crate) fn addr(&self) -> SocketAddr {
        self.addr
    }

    /// Starts to listen; the listener can be closed and made anew.
    pub(crate) fn listen(&self) -> io::Result<TcpListener> {
        let socket = socket(self.addr, Share::OwnAndPast)?;
        socket.bind(self.addr)?;
        socket.listen(BACKLOG)
    }
}

/// Whom a socket shares its port with.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Share {
    /// Connections that were closed a moment ago, as every server does.
    Past,
    /// The node's other sockets. Another program's listener does not get in beside such a socket.
    Own,
    OwnAndPast,
}

fn socket(addr: SocketAddr, share: Share) -> io::Result<TcpSocket> {
    let socket = if addr.is_ipv4() { TcpSocket::new_v4()? } else { TcpSocket::new_v6()? };
    socket.set_reuseaddr(share != Share::Own)?;
    socket.set_reuseport(share != Share::Past)?;
    Ok(socket)
}

#[cfg(test)]
mod tests {
    use tokio::net::TcpStream;

    use super::*;

    #[tokio::test]
    async fn a_port_refuses_while_nobody_listens_and_is_taken_by_nobody_else() {
        let port = Port::take(([127, 0, 0, 1], 0).into()).unwrap();
        let listener = port.listen().unwrap();
        TcpStream::connect(port.addr()).await.unwrap();
        drop(listener);
        let refused = TcpStream::connect(port.addr()).await.unwrap_err();
        assert_eq!(refused.kind(), io::ErrorKind::ConnectionRefused);
        let error = Port::take(port.addr()).unwrap_err();
        assert!(format!("{error:#}").starts_with("cannot listen on 127.0.0.1:"), "{error:#}");
        let _listener = port.listen().unwrap();
        TcpStream::connect(port.addr()).await.unwrap();
    }
}
