//! Logs from a stream of JSON: an array of log objects, one object a line, or objects one after the
//! other. Memory does not grow with the stream: one object at a time is held.
//!
//! The reader finds where each object ends and leaves the object to a JSON library. A stream that ends
//! inside an object or an array is an error, because the end of the logs is missing.

use std::io::{self, Read};

use memchr::{memchr2, memchr3};

use super::{Log, LogError};

/// The longest log object, in bytes. An attestation of 10,000 tickets takes 700 kB.
pub const MAX_LOG_BYTES: usize = 8 << 20;

const CHUNK: usize = 256 << 10;

/// A stream of logs cannot be read on.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum LogFileError {
    /// The stream itself.
    #[error("the logs cannot be read on at byte {byte}")]
    Io {
        /// How far it was read.
        byte: u64,
        /// Why.
        #[source]
        source: io::Error,
    },
    /// An object that is not a log.
    #[error("log object {object}, which begins at byte {byte}, cannot be used")]
    Log {
        /// Which object, from 1.
        object: u64,
        /// Where it begins.
        byte: u64,
        /// What is wrong.
        #[source]
        source: LogError,
    },
    /// Neither an object nor an array.
    #[error(
        "byte {byte} should begin a log object but is {found:?}; accepted: an array of log objects, or one object a line"
    )]
    Unexpected {
        /// Where.
        byte: u64,
        /// The byte.
        found: char,
    },
    /// It ends too early.
    #[error(
        "the logs end at byte {byte} in the middle of {what}; fetch the rest and read the file again: nothing is counted twice"
    )]
    Truncated {
        /// Its length.
        byte: u64,
        /// `log object N` or `the array`.
        what: String,
    },
    /// An object too long to be one.
    #[error(
        "log object {object}, which begins at byte {byte}, is longer than {MAX_LOG_BYTES} bytes; a node's whole answer is no log: give the array in its `result`"
    )]
    TooLong {
        /// Which object, from 1.
        object: u64,
        /// Where it begins.
        byte: u64,
    },
}

/// Reads logs one by one.
#[derive(Debug)]
pub struct LogReader<R> {
    input: R,
    buffer: Vec<u8>,
    /// What of the buffer is still to be read.
    at: usize,
    /// Place in the stream of the buffer's first byte.
    base: u64,
    objects: u64,
    in_array: bool,
    ended: bool,
}

impl<R: Read> LogReader<R> {
    /// Reads from a stream; no need to buffer it.
    pub const fn new(input: R) -> Self {
        Self {
            input,
            buffer: Vec::new(),
            at: 0,
            base: 0,
            objects: 0,
            in_array: false,
            ended: false,
        }
    }

    /// The next log; nothing at the end.
    pub fn next_log(&mut self) -> Result<Option<Log>, LogFileError> {
        if !self.find_start()? {
            return Ok(None);
        }
        self.objects = self.objects.saturating_add(1);
        let end = self.find_end()?;
        let (object, byte) = (self.objects, self.byte());
        let json = self.buffer.get(self.at..end).unwrap_or_default();
        let log = Log::parse(json).map_err(|source| LogFileError::Log { object, byte, source })?;
        self.at = end;
        Ok(Some(log))
    }

    fn byte(&self) -> u64 {
        self.base.saturating_add(self.at as u64)
    }

    /// Goes to the next `{`; false at the end.
    fn find_start(&mut self) -> Result<bool, LogFileError> {
        loop {
            while let Some(&byte) = self.buffer.get(self.at) {
                match byte {
                    b'{' => return Ok(true),
                    b'[' if !self.in_array => self.in_array = true,
                    b']' if self.in_array => self.in_array = false,
                    b',' | b' ' | b'\t' | b'\r' | b'\n' => {}
                    _ => {
                        let found = char::from(byte);
                        return Err(LogFileError::Unexpected { byte: self.byte(), found });
                    }
                }
                self.at = self.at.saturating_add(1);
            }
            if !self.fill()? {
                if self.in_array {
                    let what = "the array".to_owned();
                    return Err(LogFileError::Truncated { byte: self.byte(), what });
                }
                return Ok(false);
            }
        }
    }

    /// Where in the buffer the object that begins here ends.
    fn find_end(&mut self) -> Result<usize, LogFileError> {
        let (mut depth, mut in_string) = (0_usize, false);
        let mut seen = 0_usize;
        loop {
            let rest = self.buffer.get(self.at.saturating_add(seen)..).unwrap_or_default();
            let found = if in_string {
                memchr2(b'"', b'\\', rest)
            } else {
                memchr3(b'"', b'{', b'}', rest)
            };
            let Some(offset) = found else {
                seen = seen.saturating_add(rest.len());
                self.more()?;
                continue;
            };
            let byte = rest.get(offset).copied().unwrap_or_default();
            seen = seen.saturating_add(offset).saturating_add(1);
            match byte {
                b'"' => in_string = !in_string,
                b'\\' => {
                    // What is escaped may be a quote, and may not be read yet.
                    while self.buffer.len() <= self.at.saturating_add(seen) {
                        self.more()?;
                    }
                    seen = seen.saturating_add(1);
                }
                b'{' => depth = depth.saturating_add(1),
                _ => {
                    depth = depth.saturating_sub(1);
                    if depth == 0 {
                        return Ok(self.at.saturating_add(seen));
                    }
                }
            }
        }
    }

    /// Reads on inside an object.
    fn more(&mut self) -> Result<(), LogFileError> {
        if self.buffer.len().saturating_sub(self.at) > MAX_LOG_BYTES {
            return Err(LogFileError::TooLong { object: self.objects, byte: self.byte() });
        }
        if self.fill()? {
            return Ok(());
        }
        let byte = self.base.saturating_add(self.buffer.len() as u64);
        let what = format!("log object {}", self.objects);
        Err(LogFileError::Truncated { byte, what })
    }

    /// Drops what was read and reads a chunk more; false at the end of the stream.
    fn fill(&mut self) -> Result<bool, LogFileError> {
        if self.ended {
            return Ok(false);
        }
        self.buffer.drain(..self.at);
        self.base = self.base.saturating_add(self.at as u64);
        self.at = 0;
        let old = self.buffer.len();
        self.buffer.resize(old.saturating_add(CHUNK), 0);
        let read = loop {
            let free = self.buffer.get_mut(old..).unwrap_or_default();
            match self.input.read(free) {
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                other => break other,
            }
        };
        let read = read.map_err(|source| {
            self.buffer.truncate(old);
            LogFileError::Io { byte: self.base.saturating_add(old as u64), source }
        })?;
        self.buffer.truncate(old.saturating_add(read));
        self.ended = read == 0;
        Ok(read > 0)
    }
}
