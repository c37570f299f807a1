//! Addresses that an orchestrator gives: where to send segments, where renditions are.
//!
//! Only absolute http and https URLs of a bounded length come through. Whether an address may be
//! connected to is the connection's business.

use url::Url;

/// Longest address read, in bytes.
pub(super) const LONGEST: usize = 4096;

/// What is wrong with an address.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum AddressProblem {
    /// More than 4096 bytes.
    #[error("it has {found} bytes, at most {LONGEST} are read")]
    TooLong {
        /// Bytes found.
        found: usize,
    },
    /// Not an absolute URL.
    #[error("it is not an absolute URL")]
    NotUrl {
        /// What the parser stumbled over.
        #[source]
        source: url::ParseError,
    },
    /// Neither http nor https.
    #[error("its scheme is neither http nor https")]
    Scheme,
    /// A user name or password in it.
    #[error("it contains a user name or password")]
    Credentials,
    /// A query or fragment where a base address is expected.
    #[error("it has a query or fragment, which a base address cannot have")]
    NotBase,
}

/// Reads an absolute http or https URL.
pub(super) fn read(text: &str) -> Result<Url, AddressProblem> {
    if text.len() > LONGEST {
        return Err(AddressProblem::TooLong { found: text.len() });
    }
    let url = Url::parse(text).map_err(|source| AddressProblem::NotUrl { source })?;
    if !matches!(url.scheme(), "http" | "https") {
        return Err(AddressProblem::Scheme);
    }
    if !url.username().is_empty() || url.password().is_some() {
        return Err(AddressProblem::Credentials);
    }
    Ok(url)
}

/// Reads a base address, to which paths are appended: without the slashes at its end, because a
/// double slash in front of `segment` is answered with a redirect that loses the body.
pub(super) fn read_base(text: &str) -> Result<Url, AddressProblem> {
    let mut url = read(text)?;
    if url.query().is_some() || url.fragment().is_some() {
        return Err(AddressProblem::NotBase);
    }
    let path = url.path().trim_end_matches('/').to_owned();
    url.set_path(&path);
    Ok(url)
}

/// The start of a peer's text, on one line, for a message to a person.
pub(super) fn excerpt(text: &str) -> String {
    const SHOWN: usize = 200;
    let text = text.trim();
    let mut line: String =
        text.chars().take(SHOWN).map(|c| if c.is_control() { ' ' } else { c }).collect();
    if text.chars().nth(SHOWN).is_some() {
        line.push('…');
    }
    line
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn slashes_at_the_end_of_a_base_are_dropped() {
        for (text, expected) in [
            ("https://1.2.3.4:8935", "https://1.2.3.4:8935/"),
            ("https://1.2.3.4:8935/", "https://1.2.3.4:8935/"),
            ("http://o.example//", "http://o.example/"),
            ("https://o.example/lp/", "https://o.example/lp"),
        ] {
            assert_eq!(read_base(text).unwrap().as_str(), expected);
        }
    }

    #[test]
    fn only_absolute_http_addresses_are_read() {
        assert_eq!(read("ftp://o/x"), Err(AddressProblem::Scheme));
        assert_eq!(read("file:///etc/passwd"), Err(AddressProblem::Scheme));
        assert_eq!(read("https://me:pw@o/x"), Err(AddressProblem::Credentials));
        for text in ["", "/stream/1.ts", "o:99999/x", "https://", "o.example:8935"] {
            assert!(read(text).is_err(), "{text}");
        }
        let long = format!("https://o/{}", "x".repeat(LONGEST));
        assert_eq!(read(&long), Err(AddressProblem::TooLong { found: LONGEST + 10 }));
        assert_eq!(read_base("https://o/?a=b"), Err(AddressProblem::NotBase));
        assert_eq!(read_base("https://o/#a"), Err(AddressProblem::NotBase));
    }

    #[test]
    fn a_peers_text_becomes_one_short_line() {
        assert_eq!(excerpt(" a\r\nb\u{1b}[31m \n"), "a  b [31m");
        assert_eq!(excerpt(&"é".repeat(300)).chars().count(), 201);
    }
}
