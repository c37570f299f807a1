//! Messages that travel inside HTTP headers: standard base64 with padding.
//!
//! Peers refuse the URL-safe alphabet and missing padding (server/segment_rpc.go:401).

use base64::{Engine as _, engine::general_purpose::STANDARD};
use http::HeaderValue;
use prost::Message;
use waymark_proto::net;

/// Longest header written, in bytes. Stock servers read at most 1 MiB of headers together.
pub const HEADER_LIMIT: usize = 256 * 1024;

/// A message too large for a header.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("the message needs a header of {found} bytes, at most {HEADER_LIMIT} are sent")]
pub struct HeaderTooLong {
    /// Bytes it would have.
    pub found: usize,
}

/// The base64 of a message as a header's value.
pub fn header_value(message: &impl Message) -> Result<HeaderValue, HeaderTooLong> {
    let found = message.encoded_len().div_ceil(3).saturating_mul(4);
    if found > HEADER_LIMIT {
        return Err(HeaderTooLong { found });
    }
    let text = STANDARD.encode(message.encode_to_vec());
    Ok(HeaderValue::try_from(text).expect("base64 has only characters that headers allow"))
}

/// The payment header: empty without a payment, but always sent.
pub fn payment_header(payment: Option<&net::Payment>) -> Result<HeaderValue, HeaderTooLong> {
    payment.map_or(Ok(HeaderValue::from_static("")), header_value)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn off_chain_the_payment_header_is_empty() {
        assert_eq!(payment_header(None).unwrap(), "");
    }

    #[test]
    fn a_payment_without_tickets_is_its_base64() {
        let payment = net::Payment {
            sender: hex::decode("9d8a62f656a8d1615c1294fd71e9cfb3e4855a4f").unwrap().into(),
            expected_price: Some(net::PriceInfo {
                price_per_unit: 1200,
                pixels_per_unit: 1,
                ..Default::default()
            }),
            ..Default::default()
        };
        assert_eq!(
            payment_header(Some(&payment)).unwrap(),
            "EhSdimL2VqjRYVwSlP1x6c+z5IVaTyoFCLAJEAE="
        );
    }

    #[test]
    fn a_message_that_no_peer_would_read_is_not_sent() {
        let message = net::PingPong { value: vec![0; HEADER_LIMIT].into() };
        let error = header_value(&message).unwrap_err();
        assert!(error.found > HEADER_LIMIT);
    }
}
