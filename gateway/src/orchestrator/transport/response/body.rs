//! A body that is collected: never more than the limit, whatever arrives.

use bytes::Bytes;

use super::Framing;
use crate::{
    buffers::{Buffer, Buffers},
    orchestrator::error::TransportError,
};

/// A Content-Length is a claim: no more than this is set aside on its word.
const FIRST_ALLOCATION: usize = 4 * 1024 * 1024;

/// The body of a response as far as it came.
#[derive(Debug)]
pub struct Collecting {
    framing: Framing,
    announced: Option<u64>,
    limit: usize,
    buffer: Buffer,
    /// Something came behind it.
    surplus: bool,
}

impl Collecting {
    /// Nothing of at most `limit` bytes yet.
    ///
    /// # Errors
    /// More are announced.
    pub fn new(framing: Framing, limit: usize, buffers: &Buffers) -> Result<Self, TransportError> {
        let announced = framing.announced();
        let expected = usize::try_from(announced.unwrap_or(0)).unwrap_or(usize::MAX);
        if expected > limit {
            return Err(TransportError::TooLarge { limit });
        }
        let buffer = buffers.take(expected.min(FIRST_ALLOCATION));
        Ok(Self { framing, announced, limit, buffer, surplus: false })
    }

    /// Takes what came; whether that was all of it.
    ///
    /// # Errors
    /// It is too much, or not such a body: nothing that follows makes it good.
    pub fn accept(&mut self, mut bytes: &[u8]) -> Result<bool, TransportError> {
        let Self { framing, limit, buffer, .. } = self;
        let mut fits = true;
        let taken = framing.take(&mut bytes, |piece| {
            fits &= piece.len() <= limit.saturating_sub(buffer.len());
            if fits {
                buffer.extend(piece);
            }
        });
        if !fits {
            return Err(TransportError::TooLarge { limit: *limit });
        }
        taken.map_err(|wrong| TransportError::Dropped { source: wrong.into() })?;
        self.surplus |= !bytes.is_empty();
        Ok(self.framing.is_done())
    }

    /// Whether the peer keeps to itself what belongs to nothing that was asked.
    pub const fn is_exact(&self) -> bool {
        self.framing.is_done() && !self.surplus
    }

    /// The whole body.
    pub fn whole(self) -> Bytes {
        self.buffer.freeze()
    }

    /// What there is when the connection ended; `told` if the peer itself said so.
    ///
    /// # Errors
    /// More was to come.
    pub fn ended(self, told: bool, source: std::io::Error) -> Result<Bytes, TransportError> {
        match (self.announced, &self.framing) {
            (None, Framing::UntilClose) if told => Ok(self.whole()),
            (Some(announced), _) => {
                Err(TransportError::Truncated { got: self.buffer.len() as u64, announced })
            }
            (None, _) => Err(TransportError::Dropped { source }),
        }
    }
}
