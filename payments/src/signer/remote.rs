//! A client of go-livepeer's remote signer: a service that holds the key and speaks HTTP
//! (`server/remote_signer.go`; flags `-remoteSignerUrl`, `-remoteSignerHeaders`).
//!
//! What the stock protocol can do, and this module with it:
//!
//! | Call | Gives |
//! |---|---|
//! | `POST /sign-orchestrator-info` | the address, and the one signature GetOrchestrator takes: the same for all requests, asked once |
//! | `POST /generate-live-payment` | one payment for live work: tickets and credentials for an *empty* segment |
//!
//! What it cannot do. Transcoding sends credentials over the hash of each segment's bytes, sequence
//! number and profiles; the only credentials this protocol gives are for no bytes, number 0 and no
//! profiles, and orchestrators refuse a segment with those. There is no call for single AI jobs, for
//! BYOC jobs or for transactions either. [`super::KeyNeeded`] is the refusal of such a configuration.
//! And the signer sets the nonces itself, counting from 1: a tag travels to it as the `app` text, but
//! is not in the nonce and so not on chain. Tags on chain take a key in this process.
//!
//! The signer is trusted with the key, not with more: answers are bounded in size and time, and a
//! payment is checked against the session it was asked for before anybody sees it ([`LiveSession`]).
//! Nothing here decides what to spend: limits of the ledger apply to a payment that was received,
//! before it is sent on.

mod answer;
mod client;
mod error;
mod live;
mod settings;

use alloy_primitives::{Address, B256, keccak256};
use bytes::Bytes;

use super::{SignError, Signer, recover};
use client::{Client, SIGN_ADDRESS};

pub use answer::RemotePayment;
pub use error::{AnswerError, RemoteError};
pub use live::{Billing, LiveJob, LiveSession, MaxPrice, Refresh};
pub use settings::{RemoteSettings, SettingsError, TicketLimits};

/// A remote signer that was reached and has proved its address.
#[derive(Debug)]
pub struct RemoteSigner {
    client: Client,
    address: Address,
    /// Over the checksummed text of the address.
    signature: Bytes,
}

impl RemoteSigner {
    /// Asks the signer who it is. A gateway that cannot reach its signer should not start.
    pub async fn connect(settings: RemoteSettings) -> Result<Self, RemoteError> {
        let client = Client::new(settings)?;
        let answer = client.post(SIGN_ADDRESS, Vec::new()).await?;
        let identity = answer::identity(&answer).map_err(RemoteError::Answer)?;
        let signer = Self { client, address: identity.address, signature: identity.signature };
        if recover(&signer.identity_message(), &signer.signature) != Some(signer.address) {
            return Err(RemoteError::Answer(AnswerError::Identity { address: signer.address }));
        }
        Ok(signer)
    }

    fn identity_message(&self) -> B256 {
        keccak256(self.address.to_checksum(None))
    }
}

/// Proves the address; every other message is refused.
impl Signer for RemoteSigner {
    fn address(&self) -> Address {
        self.address
    }

    fn sign(&self, message: &B256) -> Result<Bytes, SignError> {
        if *message == self.identity_message() {
            Ok(self.signature.clone())
        } else {
            Err(SignError::NotOffered { address: self.address })
        }
    }
}

#[cfg(test)]
mod tests;
