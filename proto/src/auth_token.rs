//! The one message that is received, kept and sent back: written by hand, because it must come back
//! exactly as it was issued.
//!
//! An orchestrator recognises its session by this message. A later version may put fields into it
//! that this schema does not have; generated prost code would drop them and the echo would no
//! longer be the token that was issued. So fields that are not known here are kept as they came
//! and written behind the known ones, where Go's protobuf runtime writes them too.
//! This module must never interpret the token.

use std::fmt;

use bytes::{Buf, BufMut, Bytes};
use prost::encoding::{self, DecodeContext, WireType};
use prost::{DecodeError, Message};

use crate::net::JobTag;

const TOKEN: u32 = 1;
const SESSION_ID: u32 = 2;
const EXPIRATION: u32 = 3;
const JOB_TAG: u32 = 1001;

/// Proof of an orchestrator's own issue that a session exists (`net.AuthToken`).
///
/// Received in `OrchestratorInfo`, sent with every segment and with `EndTranscodingSession`.
#[derive(Clone, Default, PartialEq, Eq, Hash)]
pub struct AuthToken {
    /// Opaque; 32 bytes at go-livepeer v0.9.1.
    pub token: Bytes,
    /// 8 lower-case hex digits; names the session's slot and files at the orchestrator.
    pub session_id: String,
    /// Unix seconds after which segments are refused.
    pub expiration: i64,
    /// Waymark's extension: only the copy in this message is echoed in results and reaches remote
    /// transcoders.
    pub job_tag: Option<JobTag>,
    /// Encoded fields that this schema does not have, keys included, in the order they came.
    pub unknown_fields: Bytes,
}

impl Message for AuthToken {
    fn encode_raw(&self, buf: &mut impl BufMut) {
        if !self.token.is_empty() {
            encoding::bytes::encode(TOKEN, &self.token, buf);
        }
        if !self.session_id.is_empty() {
            encoding::string::encode(SESSION_ID, &self.session_id, buf);
        }
        if self.expiration != 0 {
            encoding::int64::encode(EXPIRATION, &self.expiration, buf);
        }
        if let Some(tag) = &self.job_tag {
            encoding::message::encode(JOB_TAG, tag, buf);
        }
        buf.put_slice(&self.unknown_fields);
    }

    fn merge_field(
        &mut self,
        tag: u32,
        wire_type: WireType,
        buf: &mut impl Buf,
        ctx: DecodeContext,
    ) -> Result<(), DecodeError> {
        match tag {
            TOKEN => encoding::bytes::merge(wire_type, &mut self.token, buf, ctx),
            SESSION_ID => encoding::string::merge(wire_type, &mut self.session_id, buf, ctx),
            EXPIRATION => encoding::int64::merge(wire_type, &mut self.expiration, buf, ctx),
            JOB_TAG => {
                let job_tag = self.job_tag.get_or_insert_default();
                encoding::message::merge(wire_type, job_tag, buf, ctx)
            }
            _ => {
                let mut kept = Vec::from(std::mem::take(&mut self.unknown_fields));
                encoding::encode_key(tag, wire_type, &mut kept);
                let mut copying = Copying { from: buf, to: &mut kept };
                let skipped = encoding::skip_field(wire_type, tag, &mut copying, ctx);
                self.unknown_fields = Bytes::from(kept);
                skipped
            }
        }
    }

    fn encoded_len(&self) -> usize {
        let mut len = self.unknown_fields.len();
        if !self.token.is_empty() {
            len += encoding::bytes::encoded_len(TOKEN, &self.token);
        }
        if !self.session_id.is_empty() {
            len += encoding::string::encoded_len(SESSION_ID, &self.session_id);
        }
        if self.expiration != 0 {
            len += encoding::int64::encoded_len(EXPIRATION, &self.expiration);
        }
        if let Some(tag) = &self.job_tag {
            len += encoding::message::encoded_len(JOB_TAG, tag);
        }
        len
    }

    fn clear(&mut self) {
        *self = Self::default();
    }
}

/// The token is a secret between one gateway and one orchestrator: its length is all that shows.
impl fmt::Debug for AuthToken {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("AuthToken")
            .field("token", &format_args!("<{} bytes>", self.token.len()))
            .field("session_id", &self.session_id)
            .field("expiration", &self.expiration)
            .field("job_tag", &self.job_tag)
            .field("unknown_fields", &format_args!("<{} bytes>", self.unknown_fields.len()))
            .finish()
    }
}

/// A buffer that remembers what was read from it.
struct Copying<'a, B> {
    from: &'a mut B,
    to: &'a mut Vec<u8>,
}

impl<B: Buf> Buf for Copying<'_, B> {
    fn remaining(&self) -> usize {
        self.from.remaining()
    }

    fn chunk(&self) -> &[u8] {
        self.from.chunk()
    }

    fn advance(&mut self, mut count: usize) {
        while count > 0 {
            let chunk = self.from.chunk();
            let taken = chunk.get(..count).unwrap_or(chunk);
            if taken.is_empty() {
                // Past the end, which is the inner buffer's to refuse.
                return self.from.advance(count);
            }
            let length = taken.len();
            self.to.extend_from_slice(taken);
            self.from.advance(length);
            count -= length;
        }
    }
}
