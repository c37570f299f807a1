//! Who may change something over the admin listener.
//!
//! Stock answers anybody who reaches it, by any method and from any web page
//! (gateway-surface.md 5). Here a call that changes something must
//!
//! * be a POST (the router sees to that);
//! * come to a loopback address by the name of one, or carry the token: a page that has its own name
//!   resolved to 127.0.0.1 comes by that name;
//! * not come from a web page of another site.

use std::{io, net::IpAddr, path::Path};

use alloy_primitives::{B256, keccak256};
use axum::{
    extract::FromRequestParts,
    http::{HeaderMap, HeaderValue, StatusCode, header, request::Parts, uri::Authority},
};

use super::{Shared, reply::Refusal};
use crate::config::Secret;

/// Shortest token.
const SHORTEST: usize = 16;
/// Largest file that holds one.
const LARGEST: u64 = 4096;

/// The rule for one listener.
#[derive(Debug)]
pub(super) struct Guard {
    loopback: bool,
    /// The token's hash: comparing hashes tells nothing by the time it takes.
    token: Option<B256>,
}

/// Why a call is refused.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Denied {
    Foreign,
    Name,
    Token,
}

impl Guard {
    /// For a listener at `address`, with the token of the settings.
    pub(super) fn new(address: IpAddr, token: Option<&Secret>) -> io::Result<Self> {
        let token = token.map(|token| read(token.expose())).transpose()?;
        Ok(Self { loopback: address.is_loopback(), token })
    }

    fn check(&self, headers: &HeaderMap) -> Result<(), Denied> {
        let host = headers.get(header::HOST).and_then(|host| host.to_str().ok());
        if is_foreign(headers, host) {
            return Err(Denied::Foreign);
        }
        let presented = headers.get(header::AUTHORIZATION).and_then(|value| value.to_str().ok());
        let presented = presented.and_then(|value| value.strip_prefix("Bearer "));
        if let (Some(token), Some(presented)) = (self.token, presented) {
            return if keccak256(presented.trim()) == token { Ok(()) } else { Err(Denied::Token) };
        }
        match (self.loopback, host) {
            (false, _) => Err(Denied::Token),
            (true, Some(host)) if !is_local(host) => Err(Denied::Name),
            (true, _) => Ok(()),
        }
    }
}

/// Whether a web page of another site makes the request. Browsers tell where a POST comes from.
fn is_foreign(headers: &HeaderMap, host: Option<&str>) -> bool {
    let site = headers.get("sec-fetch-site").map(HeaderValue::as_bytes);
    if site.is_some_and(|site| !matches!(site, b"same-origin" | b"none")) {
        return true;
    }
    let Some(origin) = headers.get(header::ORIGIN) else { return false };
    let origin = origin.to_str().ok().and_then(|origin| origin.split_once("://"));
    !matches!((origin, host), (Some((_, origin)), Some(host)) if origin.eq_ignore_ascii_case(host))
}

/// Whether a `Host` names this machine.
fn is_local(host: &str) -> bool {
    let Ok(authority) = host.parse::<Authority>() else { return false };
    let name = authority.host().trim_start_matches('[').trim_end_matches(']');
    name.eq_ignore_ascii_case("localhost")
        || name.parse::<IpAddr>().is_ok_and(|ip| ip.is_loopback())
}

/// The setting: the path of a file that holds the token, or the token itself.
fn read(setting: &str) -> io::Result<B256> {
    let bad = |text: String| io::Error::new(io::ErrorKind::InvalidInput, text);
    let path = Path::new(setting);
    let from_file = path.is_file();
    let token = if from_file {
        if std::fs::metadata(path)?.len() > LARGEST {
            return Err(bad(format!("listen.admin_token: {} is no token file", path.display())));
        }
        std::fs::read_to_string(path)?
    } else {
        setting.to_owned()
    };
    let token = token.trim();
    if token.len() < SHORTEST {
        let place = if from_file { path.display().to_string() } else { "the setting".to_owned() };
        return Err(bad(format!(
            "listen.admin_token: the token in {place} has less than {SHORTEST} characters; make one with \
             `openssl rand -hex 32`"
        )));
    }
    Ok(keccak256(token))
}

/// Proof that a call may change something. A handler that takes it cannot be reached otherwise.
#[derive(Debug)]
pub(super) struct Allowed;

impl FromRequestParts<Shared> for Allowed {
    type Rejection = Refusal;

    async fn from_request_parts(parts: &mut Parts, admin: &Shared) -> Result<Self, Refusal> {
        admin.guard.check(&parts.headers).map(|()| Self).map_err(|denied| {
            tracing::warn!(path = parts.uri.path(), ?denied, "an admin call was refused");
            Refusal::new(StatusCode::FORBIDDEN, match denied {
                Denied::Foreign => "this call changes something and comes from a web page of another site",
                Denied::Name => {
                    "this call changes something and names this machine by another name than localhost or \
                     127.0.0.1; use one of these, or the token of listen.admin_token"
                }
                Denied::Token => {
                    "this call changes something and -cliAddr can be reached from other machines: present \
                     the token of listen.admin_token as `Authorization: Bearer TOKEN`, or listen on 127.0.0.1"
                }
            })
        })
    }
}

#[cfg(test)]
mod tests {
    use axum::http::HeaderName;

    use super::*;

    const TOKEN: &str = "a-token-of-some-length";

    fn guard(address: &str, token: Option<&str>) -> Guard {
        let token = token.map(Secret::new);
        Guard::new(address.parse().unwrap(), token.as_ref()).unwrap()
    }

    fn check(guard: &Guard, headers: &[(&str, &str)]) -> Result<(), Denied> {
        let mut map = HeaderMap::new();
        for (name, value) in headers {
            let name: HeaderName = name.parse().unwrap();
            map.insert(name, value.parse().unwrap());
        }
        guard.check(&map)
    }

    #[test]
    fn on_loopback_programs_need_no_token_and_other_names_do() {
        let guard = guard("127.0.0.1", Some(TOKEN));
        for host in ["127.0.0.1:5935", "localhost:5935", "LOCALHOST", "[::1]:5935"] {
            assert_eq!(check(&guard, &[("host", host)]), Ok(()), "{host}");
        }
        for host in ["evil.example:5935", "127.0.0.1.evil.example", "10.0.0.7"] {
            assert_eq!(check(&guard, &[("host", host)]), Err(Denied::Name), "{host}");
        }
        let bearer = format!("Bearer {TOKEN}");
        let named = [("host", "gateway.example"), ("authorization", bearer.as_str())];
        assert_eq!(check(&guard, &named), Ok(()));
    }

    #[test]
    fn elsewhere_only_the_token_helps() {
        let open = guard("0.0.0.0", None);
        assert_eq!(check(&open, &[("host", "127.0.0.1")]), Err(Denied::Token));
        assert_eq!(check(&open, &[("authorization", "Bearer x")]), Err(Denied::Token));
        let closed = guard("0.0.0.0", Some(TOKEN));
        let bearer = format!("Bearer {TOKEN}");
        assert_eq!(check(&closed, &[("authorization", &bearer)]), Ok(()));
        for wrong in ["Bearer ", "Bearer a-token-of-some-lengtH", TOKEN] {
            assert_eq!(check(&closed, &[("authorization", wrong)]), Err(Denied::Token), "{wrong}");
        }
    }

    #[test]
    fn a_page_of_another_site_is_refused_even_with_the_token() {
        let guard = guard("127.0.0.1", Some(TOKEN));
        let bearer = format!("Bearer {TOKEN}");
        let host = ("host", "127.0.0.1:5935");
        for origin in ["http://evil.example", "null", "http://127.0.0.1:8080"] {
            let headers = [host, ("origin", origin), ("authorization", &bearer)];
            assert_eq!(check(&guard, &headers), Err(Denied::Foreign), "{origin}");
        }
        assert_eq!(check(&guard, &[host, ("sec-fetch-site", "cross-site")]), Err(Denied::Foreign));
        let same = [host, ("origin", "http://127.0.0.1:5935"), ("sec-fetch-site", "same-origin")];
        assert_eq!(check(&guard, &same), Ok(()));
    }

    #[test]
    fn a_token_may_stand_in_a_file_and_is_never_short() {
        let file = tempfile::NamedTempFile::new().unwrap();
        std::fs::write(file.path(), format!("{TOKEN}\n")).unwrap();
        let path = file.path().to_str().unwrap();
        assert_eq!(guard("::", Some(path)).token, Some(keccak256(TOKEN)));
        std::fs::write(file.path(), "short\n").unwrap();
        for setting in [path, "short"] {
            let error = Guard::new([127, 0, 0, 1].into(), Some(&Secret::new(setting))).unwrap_err();
            assert!(error.to_string().contains("less than 16 characters"), "{error}");
        }
    }
}
