//! Payments, made by the protocol: tickets for what a node asks, with any nonce and any mistake.

use alloy_primitives::{Address, B256, U256, keccak256};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use bytes::Bytes;
use http::header::CONTENT_TYPE;
use http::{Request, Response, Version};
use http_body_util::Full;
use serde_json::json;
use tokio::time::Instant;
use waymark_proto::{PAYMENT_HEADER, SEGMENT_CONTENT_TYPE, SEGMENT_HEADER, net};

use super::{ClientError, Connection, Origin, grpc};
use crate::crypto::Key;
use crate::ticket::Ticket;

/// Largest answer that is read.
const MAX_ANSWER: usize = 4 << 20;

/// The request for information that the owner of `key` makes.
pub fn signed_request(
    key: &Key,
    capabilities: Option<net::Capabilities>,
) -> net::OrchestratorRequest {
    let address = key.address();
    net::OrchestratorRequest {
        address: Bytes::copy_from_slice(address.as_slice()),
        sig: Bytes::copy_from_slice(&key.sign_lp(address.to_checksum(None).as_bytes())),
        capabilities,
        ..Default::default()
    }
}

/// Asks a node for its information as the owner of `key`.
pub async fn get_orchestrator_as(
    uri: &str,
    key: &Key,
    capabilities: Option<net::Capabilities>,
) -> Result<net::OrchestratorInfo, ClientError> {
    let (origin, _) = Origin::parse(uri)?;
    let request = signed_request(key, capabilities);
    let refused = |status: tonic::Status| ClientError::Grpc {
        authority: origin.authority().to_owned(),
        message: status.message().to_owned(),
    };
    Ok(grpc(uri).await?.get_orchestrator(request).await.map_err(refused)?.into_inner())
}

/// A payment for what `info` asks, with one ticket for each nonce; none makes one without parameters.
pub fn payment(key: &Key, info: &net::OrchestratorInfo, nonces: &[u32]) -> net::Payment {
    let params = info.ticket_params.clone().unwrap_or_default();
    let price = info.price_info.clone();
    let mut payment = net::Payment {
        sender: Bytes::copy_from_slice(key.address().as_slice()),
        expected_price: price,
        ..Default::default()
    };
    if nonces.is_empty() {
        return payment;
    }
    payment.expiration_params.clone_from(&params.expiration_params);
    payment.ticket_params = Some(net::TicketParams { expiration_params: None, ..params });
    sign_tickets(key, &mut payment, nonces);
    payment
}

/// Replaces the tickets of a payment by signed ones over what stands in it.
pub fn sign_tickets(key: &Key, payment: &mut net::Payment, nonces: &[u32]) {
    let params = payment.ticket_params.clone().unwrap_or_default();
    let expiration = payment.expiration_params.clone().unwrap_or_default();
    let sign = |nonce: &u32| {
        let ticket = Ticket::new(&params, &expiration, key.address(), *nonce);
        let sig = ticket.map(|ticket| Bytes::copy_from_slice(&ticket.sign(key)));
        net::TicketSenderParams { sender_nonce: *nonce, sig: sig.unwrap_or_default() }
    };
    payment.ticket_sender_params = nonces.iter().map(sign).collect();
}

/// Signs a segment's header. Its profiles must have names.
pub fn sign_segment(key: &Key, data: &mut net::SegData) {
    let mut message = data.manifest_id.to_vec();
    message.extend_from_slice(B256::from(U256::from(data.seq.unsigned_abs())).as_slice());
    message.extend_from_slice(B256::left_padding_from(&data.hash).as_slice());
    let lists = [&data.full_profiles3, &data.full_profiles2, &data.full_profiles];
    for profile in lists.into_iter().find(|list| !list.is_empty()).into_iter().flatten() {
        message.extend_from_slice(hex::encode(&keccak256(&profile.name)[..4]).as_bytes());
    }
    data.sig = Bytes::copy_from_slice(&key.sign_lp(&message));
}

/// The header of a request to `/payment`: an empty segment.
pub fn payment_data(key: &Key, manifest: &str, token: net::AuthToken) -> net::SegData {
    let mut data = net::SegData {
        manifest_id: Bytes::copy_from_slice(manifest.as_bytes()),
        hash: Bytes::copy_from_slice(keccak256([]).as_slice()),
        auth_token: Some(token),
        ..Default::default()
    };
    sign_segment(key, &mut data);
    data
}

/// A message as a header carries it.
pub fn header(message: &impl prost::Message) -> String {
    STANDARD.encode(message.encode_to_vec())
}

/// POSTs to `/segment` or `/payment` with these two headers and reads the answer, whatever it is.
pub async fn post_paid(
    uri: &str,
    path: &str,
    payment_header: &str,
    segment_header: &str,
    body: Bytes,
    deadline: Instant,
) -> Result<Response<Bytes>, ClientError> {
    let (origin, _) = Origin::parse(uri)?;
    let request = Request::post(origin.uri(path)?)
        .header(SEGMENT_HEADER, segment_header)
        .header(PAYMENT_HEADER, payment_header)
        .header(CONTENT_TYPE, SEGMENT_CONTENT_TYPE)
        .body(Full::new(body))
        .map_err(|source| ClientError::Request { source })?;
    let mut connection = Connection::open(&origin, Version::HTTP_2).await?;
    connection.exchange(request, MAX_ANSWER, deadline).await
}

/// POSTs to `/refresh-payment` and reads the answer, whatever it is.
pub async fn refresh_payment(
    uri: &str,
    sender: Address,
    manifest: &str,
    deadline: Instant,
) -> Result<Response<Bytes>, ClientError> {
    let (origin, _) = Origin::parse(uri)?;
    let body = json!({ "sender": sender.to_checksum(None), "manifest_id": manifest });
    let request = Request::post(origin.uri("/refresh-payment")?)
        .header(CONTENT_TYPE, "application/json")
        .body(Full::new(Bytes::from(body.to_string())))
        .map_err(|source| ClientError::Request { source })?;
    let mut connection = Connection::open(&origin, Version::HTTP_2).await?;
    connection.exchange(request, MAX_ANSWER, deadline).await
}
