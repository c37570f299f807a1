//! How many blocks to ask for at once, by what the node allows.

use waymark_payments::chain::rpc::{Fault, RpcError, TransportError};

/// The first range, in blocks.
const FIRST: u64 = 10_000;
/// The longest, in blocks.
const LONGEST: u64 = 1_000_000;

/// A number of blocks that halves when the node refuses and doubles when it answers.
#[derive(Debug, Clone, Copy)]
pub(super) struct Range(u64);

impl Range {
    pub(super) const fn new() -> Self {
        Self(FIRST)
    }

    pub(super) const fn of(blocks: u64) -> Self {
        Self(blocks)
    }

    pub(super) const fn blocks(self) -> u64 {
        self.0
    }

    /// Halves it; false when it is one block already.
    pub(super) const fn halve(&mut self) -> bool {
        if self.0 <= 1 {
            return false;
        }
        self.0 /= 2;
        true
    }

    /// Doubles it, if the last answer left room.
    pub(super) fn grow(&mut self, logs: usize) {
        // Providers draw the line at 10,000 results.
        if logs < 2_500 {
            self.0 = self.0.saturating_mul(2).min(LONGEST);
        }
    }
}

/// Whether a shorter range may help: any refusal of the call but that the method is not there, an
/// answer that is too long or takes too long, and what providers say in place of it.
pub(super) fn may_be_too_long(error: &RpcError) -> bool {
    match error {
        RpcError::Refused { source, .. } => source.code != -32_601,
        RpcError::Unreachable { source, .. } => match source {
            Fault::Transport(TransportError::TooLong { .. } | TransportError::Timeout { .. }) => {
                true
            }
            // 413: the answer, or so the proxy thinks, is too large.
            Fault::Transport(TransportError::Status { status }) => *status == 413,
            Fault::Refuses(refusal) => {
                let text = refusal.message.to_ascii_lowercase();
                ["range", "results", "response size", "too large", "too many logs"]
                    .iter()
                    .any(|word| text.contains(word))
            }
            _ => false,
        },
        _ => false,
    }
}
