//! An orchestrator's receipt: its signed word, to be shown to others, that it made exactly these renditions of exactly
//! this source. Together with the bytes it makes a fault that anyone can check again.
//!
//! ```text
//!   what both sides know (job, source, results) ─► Statement ─► EIP-712 digest ─► who signed it
//!   what travels with the result (time, chain, signature) ─────────▲
//! ```
//!
//! The signature in a stock result covers the renditions alone, so that without a receipt a gateway could pair them with
//! another source. Receipts are an extension: an orchestrator that gives none is not at fault.

use alloy_primitives::{Address, B256, Bytes, U256};
use alloy_sol_types::{Eip712Domain, SolStruct as _};

use crate::signature::{SignatureError, recover_digest};

#[cfg(test)]
mod tests;

/// How statements are put together, as the receipt's version says. Others are ignored.
pub const VERSION: u32 = 1;

mod typed {
    #![allow(missing_docs, clippy::pedantic, reason = "generated from the declaration")]

    alloy_sol_types::sol! {
        struct Profile {
            string name;
            int32 width;
            int32 height;
            int32 bitrate;
            uint32 fps;
            uint32 fpsDen;
            int32 format;
            int32 profile;
            int32 gop;
            int32 encoder;
            int32 colorDepth;
            int32 chromaFormat;
            uint32 quality;
        }

        struct Rendition { bytes32 hash; int64 pixels; }

        struct Receipt {
            address gateway;
            bytes manifestId;
            int64 seq;
            bytes32 source;
            Profile[] profiles;
            Rendition[] renditions;
            string sessionId;
            uint64 time;
        }
    }
}

/// A profile as it stood in the segment's header, number for number.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Profile {
    /// Name.
    pub name: String,
    /// Width in pixels.
    pub width: i32,
    /// Height in pixels.
    pub height: i32,
    /// Bits per second.
    pub bitrate: i32,
    /// Numerator of the frame rate; 0 keeps the source's.
    pub fps: u32,
    /// Its denominator; 0 counts as 1.
    pub fps_den: u32,
    /// Number of the container.
    pub format: i32,
    /// Number of the codec's profile.
    pub profile: i32,
    /// Milliseconds between key frames.
    pub gop: i32,
    /// Number of the codec.
    pub encoder: i32,
    /// Bits of a sample, less 8.
    pub color_depth: i32,
    /// Number of the chroma subsampling.
    pub chroma_format: i32,
    /// Constant rate factor.
    pub quality: u32,
}

/// A rendition as returned.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Made {
    /// Keccak-256 of its bytes.
    pub hash: B256,
    /// Pixels that were claimed for it.
    pub pixels: i64,
}

/// All that a receipt says.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Statement {
    /// Chain of the domain; 0 without a chain.
    pub chain_id: u64,
    /// Who the work was for: the sender of the payment header, zero off-chain.
    pub gateway: Address,
    /// The manifest id, as bytes.
    pub manifest_id: Vec<u8>,
    /// Sequence number of the segment.
    pub seq: i64,
    /// Keccak-256 of the source segment.
    pub source: B256,
    /// What was asked for, in order.
    pub profiles: Vec<Profile>,
    /// What was returned, in the same order.
    pub renditions: Vec<Made>,
    /// Session of the auth token.
    pub session_id: String,
    /// When it was signed, Unix milliseconds.
    pub time: u64,
}

impl Statement {
    /// What is signed: the digest of typed data (EIP-712) in the domain `LivepeerReceipt`, version 1, of the chain.
    pub fn digest(&self) -> B256 {
        let receipt = typed::Receipt {
            gateway: self.gateway,
            manifestId: Bytes::copy_from_slice(&self.manifest_id),
            seq: self.seq,
            source: self.source,
            profiles: self.profiles.iter().map(Profile::typed).collect(),
            renditions: self.renditions.iter().map(Made::typed).collect(),
            sessionId: self.session_id.clone(),
            time: self.time,
        };
        let (name, version) = ("LivepeerReceipt".into(), "1".into());
        let chain = U256::from(self.chain_id);
        let domain = Eip712Domain::new(Some(name), Some(version), Some(chain), None, None);
        receipt.eip712_signing_hash(&domain)
    }

    /// Whose key signed it. Compare with the address that the orchestrator's information gave.
    pub fn signer(&self, signature: &[u8]) -> Result<Address, SignatureError> {
        recover_digest(&self.digest(), signature)
    }
}

impl Profile {
    fn typed(&self) -> typed::Profile {
        typed::Profile {
            name: self.name.clone(),
            width: self.width,
            height: self.height,
            bitrate: self.bitrate,
            fps: self.fps,
            fpsDen: self.fps_den,
            format: self.format,
            profile: self.profile,
            gop: self.gop,
            encoder: self.encoder,
            colorDepth: self.color_depth,
            chromaFormat: self.chroma_format,
            quality: self.quality,
        }
    }
}

impl Made {
    fn typed(&self) -> typed::Rendition {
        typed::Rendition { hash: self.hash, pixels: self.pixels }
    }
}
