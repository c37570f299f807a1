//! Who an orchestrator is, and what belongs to one operator.
//!
//! A penalty follows the on-chain recipient and the service address. A recipient counts only where it
//! is vouched for: anybody can name any recipient, and naming another's must neither borrow its trust
//! nor spoil it. The network prefix is weaker still, as neighbours share it: somebody without clean
//! audits of its own is suspected beside somebody who is out, and no more.

use std::{
    fmt,
    net::{IpAddr, Ipv4Addr, Ipv6Addr},
};

use alloy_primitives::Address;
use serde::{Deserialize, Serialize};

/// Longest service address that is kept, in bytes (a host name has 253 at most).
const LONGEST: usize = 300;

/// What something is kept under: a recipient `0x…` in lower case, or a service address.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Key(String);

impl Key {
    /// The key of this spelling, as it is listed.
    pub fn new(text: &str) -> Self {
        Self(cut(text.trim()).to_ascii_lowercase())
    }

    /// As it is listed.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for Key {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// An orchestrator as the trust book sees it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Identity {
    recipient: Option<Key>,
    service: Key,
    prefix: Option<String>,
}

impl Identity {
    /// The orchestrator at this host and port, and at this address where the host is a name. A host
    /// that is reachable from everywhere is one operator's whatever the port.
    pub fn new(host: &str, port: Option<u16>, address: Option<IpAddr>) -> Self {
        let host = host.trim_matches(['[', ']']);
        let literal: Option<IpAddr> = host.parse().ok();
        let own = literal.map_or_else(|| !host.contains('.'), |address| !is_public(address));
        let service = match port.filter(|_| own) {
            Some(port) => format!("{host}:{port}"),
            None => host.to_owned(),
        };
        let prefix = literal.or(address).filter(|address| is_public(*address)).map(prefix);
        Self { recipient: None, service: Key::new(&service), prefix }
    }

    /// With the recipient that is paid, where it is vouched for: it signed the result, or the chain
    /// names this service for it.
    #[must_use]
    pub fn vouched(self, recipient: Option<Address>) -> Self {
        let recipient = recipient.filter(|address| !address.is_zero());
        Self { recipient: recipient.map(|address| Key::new(&format!("{address:#x}"))), ..self }
    }

    /// What its audits are counted under: the recipient, or else the service address.
    pub fn key(&self) -> &Key {
        self.recipient.as_ref().unwrap_or(&self.service)
    }

    /// All it is penalised under.
    pub(super) fn keys(&self) -> impl Iterator<Item = &Key> {
        self.recipient.iter().chain([&self.service])
    }

    pub(super) const fn service(&self) -> &Key {
        &self.service
    }

    pub(super) fn prefix(&self) -> Option<&str> {
        self.prefix.as_deref()
    }

    /// Whether both are likely to be one operator: a second opinion is asked of somebody else.
    pub fn same_operator(&self, other: &Self) -> bool {
        self.service == other.service
            || (self.recipient.is_some() && self.recipient == other.recipient)
            || (self.prefix.is_some() && self.prefix == other.prefix)
    }
}

/// The network a public address is in: 24 bits of IPv4, 48 of IPv6.
fn prefix(address: IpAddr) -> String {
    match address.to_canonical() {
        IpAddr::V4(v4) => {
            let [a, b, c, _] = v4.octets();
            format!("{}/24", Ipv4Addr::new(a, b, c, 0))
        }
        IpAddr::V6(v6) => {
            let [a, b, c, ..] = v6.segments();
            format!("{}/48", Ipv6Addr::new(a, b, c, 0, 0, 0, 0, 0))
        }
    }
}

/// Private networks hold many operators' machines, or all of one's own.
fn is_public(address: IpAddr) -> bool {
    match address.to_canonical() {
        IpAddr::V4(v4) => {
            let shared = v4.octets()[0] == 100 && v4.octets()[1] & 0xc0 == 64;
            let local = v4.is_private() || v4.is_loopback() || v4.is_link_local();
            !(local || shared || v4.is_unspecified() || v4.is_broadcast())
        }
        IpAddr::V6(v6) => {
            let local = v6.segments()[0] & 0xfe00 == 0xfc00 || v6.segments()[0] & 0xffc0 == 0xfe80;
            !(local || v6.is_loopback() || v6.is_unspecified())
        }
    }
}

fn cut(text: &str) -> &str {
    let mut end = text.len().min(LONGEST);
    while !text.is_char_boundary(end) {
        end -= 1;
    }
    &text[..end]
}

#[cfg(test)]
mod tests {
    use super::*;

    fn key(host: &str, port: u16) -> String {
        Identity::new(host, Some(port), None).key().to_string()
    }

    #[test]
    fn a_public_host_is_one_operator_and_a_private_one_may_be_many() {
        assert_eq!(key("O.example.org", 8935), "o.example.org");
        assert_eq!(key("203.0.113.7", 8935), "203.0.113.7");
        assert_eq!(key("127.0.0.1", 8935), "127.0.0.1:8935");
        assert_eq!(key("10.1.2.3", 8935), "10.1.2.3:8935");
        assert_eq!(key("localhost", 8935), "localhost:8935");
        assert_eq!(key("[::1]", 8935), "::1:8935");
    }

    #[test]
    fn a_vouched_recipient_is_the_key() {
        let recipient = Address::repeat_byte(0xAB);
        let identity = Identity::new("o.example.org", None, None).vouched(Some(recipient));
        assert_eq!(identity.key().as_str(), format!("0x{}", "ab".repeat(20)));
        let off_chain = Identity::new("o.example.org", None, None).vouched(Some(Address::ZERO));
        assert_eq!(off_chain.key().as_str(), "o.example.org");
    }

    #[test]
    fn an_operator_is_known_by_recipient_host_or_network() {
        let at = |host: &str, address: &str| Identity::new(host, None, address.parse().ok());
        let recipient = Some(Address::repeat_byte(1));
        let (a, b) = (at("a.example.org", "203.0.113.7"), at("b.example.org", "203.0.113.99"));
        assert!(a.same_operator(&b));
        let far = at("c.example.org", "198.51.100.1");
        assert!(!a.same_operator(&far));
        assert!(a.vouched(recipient).same_operator(&far.vouched(recipient)));
        assert!(!at("127.0.0.1", "").same_operator(&at("10.0.0.1", "")));
        let six = |host: &str| Identity::new(host, None, None);
        assert!(six("2001:db8:1::1").same_operator(&six("2001:db8:1:ffff::2")));
        assert!(!six("2001:db8:1::1").same_operator(&six("2001:db8:2::1")));
    }

    #[test]
    fn an_endless_host_is_cut() {
        assert_eq!(key(&"ä".repeat(1_000), 1).len(), LONGEST);
    }
}
