//! What an attempt leaves behind for whoever judges it again: what was asked, what came back, and who
//! put their name to it.

use std::sync::Arc;

use alloy_primitives::{Address, B256, hex};
use bytes::Bytes;
use http::HeaderValue;
use jiff::Timestamp;
use serde_json::{Value as Json, json};
use waymark_verification::{Check, Kind, Verdict, receipt::Statement};

use super::{Attempt, Attempted, claims_of};
use crate::{
    stream::Stream,
    verify::{Checked, Verifier, command::as_json, evidence::Bundle},
    wire::{self, TranscodeOutput},
};

/// Name of the check on an orchestrator's receipt. Who gives none is not at fault, and a wrong one
/// proves nothing about the renditions: a hint.
const RECEIPT: &str = "receipt";

/// Everything about one attempt that a verdict may have to be argued with.
#[derive(Debug)]
pub(in crate::job) struct Proof {
    pub(in crate::job) bodies: Vec<Bytes>,
    job: [u8; 8],
    seq: u64,
    attempt: u8,
    stream: Arc<Stream>,
    source: Bytes,
    source_hash: B256,
    host: String,
    address: Option<Address>,
    signer: Option<Address>,
    /// `Livepeer-Segment` as it was sent: what was asked for, signed by this gateway.
    request: Option<HeaderValue>,
    /// The orchestrator's, over the hashes of the renditions.
    signature: Bytes,
    claims: Vec<u64>,
    receipt: Option<(Statement, Bytes)>,
}

impl Proof {
    pub(super) fn new(
        attempt: &Attempt<'_>,
        output: &TranscodeOutput,
        bodies: Vec<Bytes>,
        receipt: Option<(Statement, Bytes)>,
        request: Option<HeaderValue>,
    ) -> Self {
        let Attempt { job, place, .. } = attempt;
        let info = &place.session.info;
        Self {
            bodies,
            job: job.id,
            seq: job.seq,
            attempt: attempt.index,
            stream: Arc::clone(&job.stream),
            source: job.source.clone(),
            source_hash: job.hash,
            host: place.session.node.host().to_owned(),
            address: info.address,
            signer: info.result_signer(),
            request,
            signature: output.signature.clone(),
            claims: claims_of(output),
            receipt,
        }
    }

    /// Keeps what somebody else needs to come to the same verdict; `None` where nothing is kept.
    /// `judged` has a verdict for each rendition.
    pub(in crate::job) async fn keep(
        &self,
        verifier: &Verifier,
        checked: &Checked,
        judged: &[&Verdict],
        now: Timestamp,
    ) -> Option<[u8; 32]> {
        let mut bundle = Bundle::default().with("source.bin", self.source.clone());
        for (index, body) in self.bodies.iter().enumerate() {
            bundle = bundle.with(format!("rendition-{index}.bin"), body.clone());
        }
        let rendition = |(index, profile): (usize, &crate::profile::Profile)| {
            let expected = checked.renditions.get(index).map(|judged| judged.expected.pixels());
            json!({
                "file": self.bodies.get(index).map(|_| format!("rendition-{index}.bin")),
                "profile": profile.name,
                "claimed_pixels": self.claims.get(index),
                "expected_pixels": expected,
                "judged": judged.get(index).map(|verdict| as_json(verdict)),
            })
        };
        let renditions = self.stream.profiles.iter().enumerate().map(rendition);
        let statement = json!({
            "job": {
                "id": hex::encode(self.job),
                "attempt": self.attempt,
                "seq": self.seq,
                "tag": self.stream.tag.as_str(),
            },
            "orchestrator": {
                "host": self.host,
                "address": self.address.map(|address| address.to_string()),
                "signer": self.signer.map(|address| address.to_string()),
            },
            "request": self.request.as_ref().and_then(|header| header.to_str().ok()),
            "source": {"file": "source.bin", "keccak256": self.source_hash.to_string()},
            "signature": hex::encode(&self.signature),
            "receipt": self.receipt.as_ref().map(shown),
            "judged": as_json(&checked.whole),
            "renditions": renditions.collect::<Vec<_>>(),
        });
        verifier.keep(statement, bundle, now).await
    }
}

/// A receipt as evidence has it. What it covers besides stands in the request and the renditions.
fn shown((statement, signature): &(Statement, Bytes)) -> Json {
    json!({
        "version": waymark_verification::receipt::VERSION,
        "chain_id": statement.chain_id,
        "gateway": statement.gateway.to_string(),
        "session": statement.session_id,
        "time": statement.time,
        "digest": statement.digest().to_string(),
        "signature": hex::encode(signature),
    })
}

impl Attempt<'_> {
    /// The orchestrator's receipt, if it gave one, compared with everything it must cover. Without a
    /// known signer there is nobody to hold to it.
    pub(super) fn receipt(
        &self,
        output: &TranscodeOutput,
        hashes: &[B256],
        so_far: &Attempted,
    ) -> Option<(Check, Option<(Statement, Bytes)>)> {
        let Self { job, context, place, .. } = self;
        let given = output.receipt.as_ref()?;
        let signer =
            place.session.info.result_signer().filter(|_| so_far.signature == Some(true))?;
        let covers = wire::Covers {
            gateway: context.signer.address(),
            manifest_id: job.stream.manifest.as_str(),
            seq: job.seq,
            source: job.hash,
            profiles: &job.stream.profiles,
            renditions: output.segments.iter().map(|s| s.pixels).zip(hashes.iter().copied()),
            session_id: &place.session.token().session_id,
        };
        let statement = wire::statement(given, covers);
        let check = match statement.signer(&given.sig) {
            Ok(found) if found == signer => {
                let kept = Some((statement, given.sig.clone()));
                return Some((Check::pass(RECEIPT, format!("signed by {signer}")), kept));
            }
            Ok(found) => Check::fail(RECEIPT, format!("signed by {found} or for something else")),
            Err(error) => Check::fail(RECEIPT, format!("no signature: {error}")),
        };
        Some((check.kind(Kind::Hint), None))
    }
}
