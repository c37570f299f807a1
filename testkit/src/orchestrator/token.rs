//! Auth tokens: what a node hands out with its information and wants back with every segment.
//!
//! A token is the HMAC-SHA256, under a secret of this process, of the session id and the expiry as
//! big-endian bytes without leading zeros (go-livepeer `core/orchestrator.go:511-521, 556`). A restart makes a new secret and so ends all tokens.

use std::fmt;
use std::time::Duration;

use aws_lc_rs::hmac;
use bytes::Bytes;
use parking_lot::Mutex;
use waymark_proto::net;

/// Makes and checks tokens under one secret.
pub(crate) struct TokenMint {
    key: Mutex<hmac::Key>,
}

/// Why a token is not taken.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum TokenError {
    Invalid,
    Expired,
}

impl TokenMint {
    pub(crate) fn new(secret: &[u8; 32]) -> Self {
        Self { key: Mutex::new(hmac::Key::new(hmac::HMAC_SHA256, secret)) }
    }

    /// Goes on under another secret; no token there is counts any more.
    pub(crate) fn renew(&self, secret: &[u8; 32]) {
        *self.key.lock() = hmac::Key::new(hmac::HMAC_SHA256, secret);
    }

    /// A token for a new random session, valid for `lifetime` from `now` (time since 1970).
    pub(crate) fn issue(&self, now: Duration, lifetime: Duration) -> net::AuthToken {
        self.issue_for(hex::encode(rand::random::<[u8; 4]>()), now, lifetime)
    }

    /// A token for a session there is.
    pub(crate) fn issue_for(
        &self,
        session_id: String,
        now: Duration,
        lifetime: Duration,
    ) -> net::AuthToken {
        let expiration = i64::try_from((now + lifetime).as_secs()).unwrap_or(i64::MAX);
        let token = Bytes::copy_from_slice(self.tag(&session_id, expiration).as_ref());
        net::AuthToken { token, session_id, expiration, ..Default::default() }
    }

    /// Whether the token is ours and not yet past its expiry at `now` (time since 1970).
    pub(crate) fn check(&self, token: &net::AuthToken, now: Duration) -> Result<(), TokenError> {
        self.check_origin(token)?;
        let expired = match u64::try_from(token.expiration) {
            Ok(expiration) => now > Duration::from_secs(expiration),
            Err(_) => true,
        };
        if expired { Err(TokenError::Expired) } else { Ok(()) }
    }

    /// Whether the token is ours, whatever its age: enough to end a session.
    pub(crate) fn check_origin(&self, token: &net::AuthToken) -> Result<(), TokenError> {
        let message = message(&token.session_id, token.expiration);
        hmac::verify(&self.key.lock(), &message, &token.token).map_err(|_| TokenError::Invalid)
    }

    fn tag(&self, session_id: &str, expiration: i64) -> hmac::Tag {
        hmac::sign(&self.key.lock(), &message(session_id, expiration))
    }
}

impl fmt::Debug for TokenMint {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("TokenMint").finish_non_exhaustive()
    }
}

fn message(session_id: &str, expiration: i64) -> Vec<u8> {
    let expiration = expiration.unsigned_abs().to_be_bytes();
    let significant = expiration.iter().skip_while(|byte| **byte == 0);
    session_id.bytes().chain(significant.copied()).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    const NOW: Duration = Duration::from_secs(1_795_422_001);
    const LIFETIME: Duration = Duration::from_mins(30);

    #[test]
    fn a_token_is_good_until_the_second_it_expires() {
        let mint = TokenMint::new(&[7; 32]);
        let token = mint.issue(NOW, LIFETIME);
        assert_eq!(token.session_id.len(), 8);
        assert_eq!(token.expiration, 1_795_423_801);
        assert_eq!(mint.check(&token, NOW + LIFETIME), Ok(()));
        let late = NOW + LIFETIME + Duration::from_nanos(1);
        assert_eq!(mint.check(&token, late), Err(TokenError::Expired));
        assert_eq!(mint.check_origin(&token), Ok(()));
    }

    #[test]
    fn a_token_with_any_field_changed_or_of_another_secret_is_invalid() {
        let mint = TokenMint::new(&[7; 32]);
        let good = mint.issue(NOW, LIFETIME);
        let later = net::AuthToken { expiration: good.expiration + 60, ..good.clone() };
        let other = net::AuthToken { session_id: "deadbeef".to_owned(), ..good.clone() };
        let forged = net::AuthToken { token: Bytes::from_static(&[b'x'; 32]), ..good.clone() };
        for bad in [later, other, forged] {
            assert_eq!(mint.check(&bad, NOW), Err(TokenError::Invalid));
        }
        assert_eq!(TokenMint::new(&[8; 32]).check(&good, NOW), Err(TokenError::Invalid));
    }

    #[test]
    fn the_expiry_enters_without_leading_zeros() {
        assert_eq!(message("ab", 0), b"ab");
        assert_eq!(message("ab", 255), b"ab\xff");
        assert_eq!(message("", 256), b"\x01\x00");
        assert_eq!(message("", i64::MIN).len(), 8);
    }
}
