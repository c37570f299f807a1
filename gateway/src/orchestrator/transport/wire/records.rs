//! TLS records: decrypted where the socket put them, encrypted where it takes them from.

use std::{io, sync::Arc};

use bytes::BytesMut;
use rustls::{
    ClientConfig,
    client::UnbufferedClientConnection,
    unbuffered::{ConnectionState, EncodeError, EncodeTlsData, UnbufferedStatus},
};
use rustls_pki_types::ServerName;

/// One connection's TLS.
pub(super) struct Records(Box<UnbufferedClientConnection>);

/// What was done with the bytes that came.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Opened {
    /// Bytes that are done with; the rest is the beginning of a record.
    pub(super) done: usize,
    /// The peer said that this is all.
    pub(super) closed: bool,
}

impl Records {
    pub(super) fn new(config: Arc<ClientConfig>, name: ServerName<'static>) -> io::Result<Self> {
        UnbufferedClientConnection::new(config, name)
            .map(|tls| Self(Box::new(tls)))
            .map_err(invalid)
    }

    /// Whether no request can be sent yet.
    pub(super) fn is_handshaking(&self) -> bool {
        self.0.is_handshaking()
    }

    /// Decrypts what came and hands it on. What TLS itself has to say goes to `unsent`.
    pub(super) fn open(
        &mut self,
        incoming: &mut [u8],
        unsent: &mut BytesMut,
        sink: &mut dyn FnMut(&[u8]),
    ) -> io::Result<Opened> {
        let mut opened = Opened::default();
        loop {
            let rest = incoming.get_mut(opened.done..).unwrap_or_default();
            let UnbufferedStatus { mut discard, state } = self.0.process_tls_records(rest);
            let mut more = true;
            match state.map_err(invalid)? {
                ConnectionState::ReadTraffic(mut traffic) => {
                    while let Some(record) = traffic.next_record() {
                        let record = record.map_err(invalid)?;
                        discard += record.discard;
                        sink(record.payload);
                    }
                }
                ConnectionState::EncodeTlsData(data) => append(data, unsent)?,
                // It goes out before anything else does.
                ConnectionState::TransmitTlsData(data) => data.done(),
                ConnectionState::PeerClosed => opened.closed = true,
                ConnectionState::BlockedHandshake
                | ConnectionState::WriteTraffic(_)
                | ConnectionState::Closed => more = false,
                state => return Err(invalid(format!("unexpected state of TLS: {state:?}"))),
            }
            opened.done += discard;
            if !more {
                return Ok(opened);
            }
        }
    }

    /// Encrypts; how many bytes were written to `out`. `partial` is the beginning of a record.
    pub(super) fn seal(
        &mut self,
        plain: &[u8],
        partial: &mut Vec<u8>,
        out: &mut [u8],
    ) -> io::Result<usize> {
        let mut filled = 0;
        loop {
            let room = out.get_mut(filled..).unwrap_or_default();
            let UnbufferedStatus { discard, state } = self.0.process_tls_records(partial);
            let mut sealed = false;
            match state.map_err(invalid)? {
                ConnectionState::WriteTraffic(mut traffic) => {
                    filled += traffic.encrypt(plain, room).map_err(invalid)?;
                    sealed = true;
                }
                // Records are numbered: they go out in the order in which they are made.
                ConnectionState::EncodeTlsData(mut data) => {
                    filled += data.encode(room).map_err(invalid)?;
                }
                ConnectionState::TransmitTlsData(data) => data.done(),
                _ => return Err(io::ErrorKind::BrokenPipe.into()),
            }
            partial.drain(..discard.min(partial.len()));
            if sealed {
                return Ok(filled);
            }
        }
    }
}

fn append<T>(mut data: EncodeTlsData<'_, T>, to: &mut BytesMut) -> io::Result<()> {
    let start = to.len();
    if let Err(EncodeError::InsufficientSize(short)) = data.encode(&mut []) {
        to.resize(start + short.required_size, 0);
        data.encode(to.get_mut(start..).unwrap_or_default()).map_err(invalid)?;
    }
    Ok(())
}

fn invalid(error: impl Into<Box<dyn std::error::Error + Send + Sync>>) -> io::Error {
    io::Error::new(io::ErrorKind::InvalidData, error)
}
