//! Messages of the control calls: ask for a session, end one.

use http::HeaderValue;
use waymark_proto::net::{AuthToken, EndTranscodingSessionRequest, JobTag, OrchestratorRequest};

use crate::{
    capability::JobCapabilities,
    signer::{SignError, Signer, sign_text},
};

/// Asks an orchestrator for a session, or without capabilities for everything it offers.
///
/// Signed is the checksummed text of the gateway's address, which never changes: the signature can
/// be made once and sent for ever (cmd/livepeer/starter/starter.go:1685-1689). Without an address
/// nothing is signed. `ignore_capacity_check` concerns AI jobs alone. Without a tag the message is
/// that of a stock gateway.
pub fn orchestrator_request(
    signer: &dyn Signer,
    capabilities: Option<&JobCapabilities>,
    ignore_capacity_check: bool,
    tag: Option<&JobTag>,
) -> Result<OrchestratorRequest, SignError> {
    let address = signer.address();
    let sig = sign_text(signer, address.to_checksum(None).as_bytes())?;
    Ok(OrchestratorRequest {
        address: address.to_vec().into(),
        sig,
        capabilities: capabilities.map(JobCapabilities::to_wire),
        ignore_capacity_check,
        job_tag: tag.cloned(),
    })
}

/// Ends a session. The token is never left out: a peer may rely on it being there.
pub fn end_session_request(token: &AuthToken) -> EndTranscodingSessionRequest {
    EndTranscodingSessionRequest { auth_token: Some(token.clone()) }
}

/// The header that carries a tag on requests to orchestrators: `ai/llm/chat; req=0x…`. Without a
/// class it is the tag alone.
pub fn tag_header(tag: &JobTag) -> HeaderValue {
    let mut text = tag.tag.clone();
    if !tag.requirements_hash.is_empty() {
        text.push_str("; req=");
        text.push_str(&alloy_primitives::hex::encode_prefixed(&tag.requirements_hash));
    }
    HeaderValue::try_from(text).expect("a tag is lower-case letters, digits and a few signs")
}

/// An orchestrator's token with the job's tag in it, or with none where tags are switched off.
///
/// Of all carriers of the tag only this one comes back in results and reaches remote transcoders.
/// The rest of the token, unknown fields included, is as the orchestrator issued it.
pub fn tagged_token(token: &AuthToken, tag: Option<&JobTag>) -> AuthToken {
    AuthToken { job_tag: tag.cloned(), ..token.clone() }
}
