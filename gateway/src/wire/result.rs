//! The answer to a segment: decoded, bounded, and checked against what was asked.
//!
//! A 200 is sent before transcoding begins, so a failure is a message like a success
//! (server/segment_rpc.go:73-238). What is in it is a claim: the renditions' bytes are judged once
//! they are here.

use bytes::Bytes;
use prost::Message;
use url::Url;
use waymark_proto::net::{
    OrchestratorInfo, Receipt, TranscodeData, TranscodeResult, TranscodedSegmentData,
    transcode_result::Result as Outcome,
};
use waymark_verification::receipt::VERSION;

use super::{
    address::{self, AddressProblem},
    fault::{Fault, classify_result},
};

/// Largest result decoded, in bytes; a stock one has a few hundred. Decoding multiplies it.
pub const RESULT_LIMIT: usize = 256 * 1024;

/// One rendition, still at the orchestrator or in a store.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RemoteRendition {
    /// Where to GET it; absolute, http or https.
    pub url: Url,
    /// Pixels the orchestrator says it encoded, all frames together.
    pub pixels: u64,
    /// Where its perceptual hash is; `None` if there is none, even where one was asked for.
    pub perceptual_hash_url: Option<Url>,
}

impl RemoteRendition {
    /// What the address says the rendition's profile is: every stock store writes
    /// `…/{profile}/{seq}{ext}` (go-tools drivers/local.go:226).
    pub fn named(&self) -> Option<&str> {
        self.url.path_segments()?.rev().nth(1).filter(|name| !name.is_empty())
    }
}

/// What a segment was transcoded to.
#[derive(Clone, Debug, PartialEq)]
pub struct TranscodeOutput {
    /// One for each profile, in the job's order.
    pub segments: Vec<RemoteRendition>,
    /// Over the renditions' hashes; empty off-chain.
    pub signature: Bytes,
    /// Fresh description of the orchestrator, for the next payment. Its token is the one that was
    /// sent, and is never newer.
    pub info: Option<OrchestratorInfo>,
    /// Its word about source and renditions, of the version that is known here.
    pub receipt: Option<Receipt>,
}

/// Why a result is none.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ResultError {
    /// The orchestrator says that it failed.
    #[error("the orchestrator reports: {text}")]
    Reported {
        /// Its words, cut to a line.
        text: String,
        /// What they mean.
        fault: Fault,
    },
    /// Larger than any real result.
    #[error("the result has {found} bytes, at most {RESULT_LIMIT} are read")]
    TooLarge {
        /// Bytes found.
        found: usize,
    },
    /// Not the message it should be.
    #[error("the result cannot be decoded")]
    Undecodable {
        /// Where it went wrong.
        #[source]
        source: prost::DecodeError,
    },
    /// Neither data nor an error: also what an answer cut off at its start looks like.
    #[error("the result holds neither renditions nor an error")]
    Empty,
    /// The result of another segment.
    #[error("the result is for segment {found}, not for {expected}")]
    WrongSegment {
        /// Number sent, as signed on the wire.
        expected: i64,
        /// Number received.
        found: i64,
    },
    /// Not one rendition per profile.
    #[error("the result has {found} renditions for {expected} profiles")]
    WrongCount {
        /// Profiles of the job.
        expected: usize,
        /// Renditions reported.
        found: usize,
    },
    /// A rendition's address cannot be one.
    #[error("the address of rendition {index} is unusable: {url}")]
    BadAddress {
        /// Which rendition, from 0.
        index: usize,
        /// The address, cut to a line.
        url: String,
        /// What is wrong with it.
        #[source]
        source: AddressProblem,
    },
    /// A negative number of pixels.
    #[error("rendition {index} claims {found} pixels")]
    BadPixels {
        /// Which rendition, from 0.
        index: usize,
        /// The claim.
        found: i64,
    },
}

impl ResultError {
    /// Whose fault it is. Everything but the orchestrator's own words is a failure of it.
    pub fn fault(&self) -> Fault {
        match self {
            Self::Reported { fault, .. } => *fault,
            _ => Fault::Other,
        }
    }
}

/// Decodes the answer to a segment with this number and this many profiles.
pub fn decode_result(
    bytes: Bytes,
    expected_seq: u64,
    expected_profiles: usize,
) -> Result<TranscodeOutput, ResultError> {
    if bytes.len() > RESULT_LIMIT {
        return Err(ResultError::TooLarge { found: bytes.len() });
    }
    let result =
        TranscodeResult::decode(bytes).map_err(|source| ResultError::Undecodable { source })?;
    let data = match result.result {
        None => return Err(ResultError::Empty),
        Some(Outcome::Error(text)) => {
            let fault = classify_result(&text);
            return Err(ResultError::Reported { text: address::excerpt(&text), fault });
        }
        Some(Outcome::Data(data)) => data,
    };
    let expected = expected_seq.cast_signed();
    if result.seq != expected {
        return Err(ResultError::WrongSegment { expected, found: result.seq });
    }
    let TranscodeData { segments, sig } = data;
    if segments.len() != expected_profiles {
        let found = segments.len();
        return Err(ResultError::WrongCount { expected: expected_profiles, found });
    }
    let segments =
        segments.iter().enumerate().map(|(i, s)| rendition(i, s)).collect::<Result<_, _>>()?;
    let receipt = result.receipt.filter(|receipt| receipt.version == VERSION);
    Ok(TranscodeOutput { segments, signature: sig, info: result.info, receipt })
}

fn rendition(index: usize, data: &TranscodedSegmentData) -> Result<RemoteRendition, ResultError> {
    let read = |text: &str| {
        address::read(text).map_err(|source| ResultError::BadAddress {
            index,
            url: address::excerpt(text),
            source,
        })
    };
    let hash = Some(data.perceptual_hash_url.as_str()).filter(|url| !url.is_empty());
    Ok(RemoteRendition {
        url: read(&data.url)?,
        pixels: u64::try_from(data.pixels)
            .map_err(|_| ResultError::BadPixels { index, found: data.pixels })?,
        perceptual_hash_url: hash.map(read).transpose()?,
    })
}

#[cfg(test)]
mod tests;
