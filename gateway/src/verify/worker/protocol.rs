//! What passes between the gateway and a worker.
//!
//! ```text
//!   request   u32 LE length │ postcard(Request) │ file │ file │ …      lengths of files in the header
//!   answer    u32 LE length │ postcard(Answer)
//! ```
//!
//! The worker sends a [`Hello`] first, framed like an answer. Both sides bound what they read before
//! they allocate for it. Nothing here may panic on any bytes.

mod pictures;

use std::io::{self, Read, Write};

use bytes::Bytes;
use serde::{Deserialize, Serialize, de::DeserializeOwned};
use waymark_media::{Container, pixels::Lattice};
use waymark_verification::measure::{Compared, Comparison, Dispute, Disputed};

pub use self::pictures::Pictures;
use super::sandbox::Confinement;

/// Changes with every change of what passes; a worker of another version is not used.
pub const VERSION: u32 = 5;
/// Largest header of a request, bytes.
pub const MAX_REQUEST: usize = 1 << 20;
/// Largest answer, bytes: 4,096 pictures of 1,728 means each take 21 MB.
pub const MAX_ANSWER: usize = 32 << 20;
/// Most files of a request: a source and as many renditions as a job may have.
pub const MAX_FILES: usize = 1 + crate::profile::MAX_PROFILES;

/// The first thing a worker says.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Hello {
    /// Tells a worker from any other program that prints something.
    pub magic: String,
    /// [`VERSION`].
    pub version: u32,
    /// What confines it.
    pub confinement: Confinement,
}

impl Hello {
    /// What [`Self::magic`] must be.
    pub const MAGIC: &str = "waymark verify-worker";
}

/// What is to be measured.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Request {
    /// The measurement.
    pub task: Task,
    /// Bytes of each file that follows.
    pub files: Vec<u32>,
}

/// A measurement.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[non_exhaustive]
pub enum Task {
    /// Grids of the key frames of one file.
    KeyGrids {
        /// The container it really is in.
        container: Container,
        /// How pictures are divided.
        lattice: Lattice,
        /// Most of them, spread over the file, the first among them.
        most: u32,
    },
    /// Grids of pictures of one file.
    Grids {
        /// The container it really is in.
        container: Container,
        /// How pictures are divided.
        lattice: Lattice,
        /// Presentation times of those wanted; all of them, where there are none.
        at: Option<Vec<i64>>,
    },
    /// All pictures of renditions against their source, which is the first file and decoded once for
    /// each lattice.
    Compare {
        /// The container the source really is in.
        source: Container,
        /// What to compare, for each further file.
        renditions: Vec<Comparison>,
    },
    /// The same of renditions that are in doubt, and of our own encodings of the source beside them.
    Dispute {
        /// The container the source really is in.
        source: Container,
        /// What to compare and to encode, for each further file.
        renditions: Vec<Dispute>,
    },
}

/// What came of a request.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Answer {
    /// CPU time of the request, µs.
    pub cpu_us: u64,
    /// The measurement, or why there is none: the file's fault, in one line.
    pub outcome: Result<Measured, String>,
}

/// A measurement that was made.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[non_exhaustive]
pub enum Measured {
    /// Pictures of one file.
    Grids(Pictures),
    /// For each rendition, what was measured, or why it could not be decoded.
    Compared(Vec<Result<Compared, String>>),
    /// For each rendition, what was measured, or why it could not be decoded or nothing be encoded to
    /// compare it with.
    Disputed(Vec<Result<Disputed, String>>),
}

/// What came was no message, or too large a one.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ProtocolError {
    /// The pipe.
    #[error("the pipe to the other side")]
    Pipe {
        /// What the system said.
        #[from]
        source: io::Error,
    },
    /// A length above the bound.
    #[error("a message of {length} bytes, and {limit} is the most")]
    TooLarge {
        /// Bytes announced.
        length: u64,
        /// Bytes accepted.
        limit: u64,
    },
    /// Bytes that are no message.
    #[error("no message of this protocol")]
    Malformed {
        /// What the parser said.
        #[source]
        source: postcard::Error,
    },
    /// A message that contradicts itself.
    #[error("a message that makes no sense: {what}")]
    Inconsistent {
        /// What contradicts.
        what: &'static str,
    },
}

/// A message with its length before it.
pub fn frame<T: Serialize>(message: &T) -> Result<Vec<u8>, ProtocolError> {
    let malformed = |source| ProtocolError::Malformed { source };
    let mut bytes = postcard::to_extend(message, vec![0; 4]).map_err(malformed)?;
    let length = bytes.len().saturating_sub(4);
    let head = u32::try_from(length)
        .map_err(|_| ProtocolError::TooLarge { length: length as u64, limit: u32::MAX.into() })?;
    for (to, from) in bytes.iter_mut().zip(head.to_le_bytes()) {
        *to = from;
    }
    Ok(bytes)
}

/// The length that four bytes announce, if it is at most `limit`.
pub fn length(head: [u8; 4], limit: usize) -> Result<usize, ProtocolError> {
    let length = u32::from_le_bytes(head);
    usize::try_from(length)
        .ok()
        .filter(|length| *length <= limit)
        .ok_or(ProtocolError::TooLarge { length: length.into(), limit: limit as u64 })
}

/// A message from its bytes, all of them.
pub fn parse<T: DeserializeOwned>(bytes: &[u8]) -> Result<T, ProtocolError> {
    postcard::from_bytes(bytes).map_err(|source| ProtocolError::Malformed { source })
}

/// An answer of a worker from its bytes. Whatever they are, nothing worse than an error follows.
pub fn parse_answer(bytes: &[u8]) -> Result<Answer, ProtocolError> {
    parse(bytes)
}

/// Reads a request and its files, each at most `limit` bytes; `None` at the end of the pipe.
pub fn read_request(
    from: &mut impl Read,
    limit: usize,
) -> Result<Option<(Task, Vec<Bytes>)>, ProtocolError> {
    let mut head = [0; 4];
    match from.read_exact(&mut head) {
        Err(error) if error.kind() == io::ErrorKind::UnexpectedEof => return Ok(None),
        read => read?,
    }
    let header = read_bytes(from, length(head, MAX_REQUEST)?)?;
    let request: Request = parse(&header)?;
    if request.files.len() > MAX_FILES {
        return Err(ProtocolError::Inconsistent { what: "too many files" });
    }
    let mut files = Vec::with_capacity(request.files.len());
    for announced in &request.files {
        files.push(read_bytes(from, length(announced.to_le_bytes(), limit)?)?.into());
    }
    Ok(Some((request.task, files)))
}

/// Exactly `length` bytes; memory grows with what really comes.
fn read_bytes(from: &mut impl Read, length: usize) -> io::Result<Vec<u8>> {
    let mut bytes = Vec::with_capacity(length.min(1 << 20));
    let read = from.take(length as u64).read_to_end(&mut bytes)?;
    if read < length { Err(io::ErrorKind::UnexpectedEof.into()) } else { Ok(bytes) }
}

/// Writes a message with its length before it.
pub fn write<T: Serialize>(to: &mut impl Write, message: &T) -> Result<(), ProtocolError> {
    to.write_all(&frame(message)?)?;
    Ok(to.flush()?)
}

#[cfg(test)]
mod tests;
