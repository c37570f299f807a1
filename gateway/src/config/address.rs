//! Addresses to listen on and addresses of orchestrators, with go-livepeer's defaults.

use std::net::{IpAddr, Ipv6Addr};

use url::{Host, Url};

/// Port of an orchestrator when none is given (go-livepeer `starter.go:75`).
pub const ORCHESTRATOR_PORT: u16 = 8935;

/// `host:port` to listen on.
///
/// Nothing means `127.0.0.1` and the default port, `:PORT` means `127.0.0.1:PORT`, a host alone
/// gets the default port (go-livepeer `starter.go:2343`). An IPv6 address needs brackets.
pub(super) fn listen(text: &str, default_port: u16) -> Result<String, String> {
    let text = text.trim();
    if text.parse::<Ipv6Addr>().is_ok() {
        return Err(format!("write an IPv6 address in brackets: [{text}]:{default_port}"));
    }
    if !text.is_empty() && text.bytes().all(|b| b.is_ascii_digit()) {
        return Err(format!("is a number without a host; write :{text} for 127.0.0.1:{text}"));
    }
    if text.contains("://") {
        return Err(format!("must be host:port without a scheme, like 127.0.0.1:{default_port}"));
    }
    let (host, port) = match text.rsplit_once(':') {
        Some((host, port)) if !port.ends_with(']') => (host, Some(port)),
        _ => (text, None),
    };
    let port = match port {
        None => default_port,
        Some(port) => parse_port(port)
            .ok_or_else(|| format!("port `{port}` must be a number from 0 to 65535"))?,
    };
    let host = if host.is_empty() { "127.0.0.1" } else { host };
    if !is_host(host) {
        return Err(format!("`{host}` is neither an IP address nor a host name"));
    }
    Ok(format!("{host}:{port}"))
}

fn parse_port(text: &str) -> Option<u16> {
    // `u16::from_str` would also take a plus sign.
    text.bytes().all(|b| b.is_ascii_digit()).then(|| text.parse().ok()).flatten()
}

fn is_host(host: &str) -> bool {
    if let Some(inner) = host.strip_prefix('[').and_then(|rest| rest.strip_suffix(']')) {
        return inner.parse::<Ipv6Addr>().is_ok();
    }
    let byte = |b: u8| b.is_ascii_alphanumeric() || matches!(b, b'.' | b'-' | b'_');
    host.len() <= 253 && !host.starts_with('-') && host.bytes().all(byte)
}

/// True when only this machine can reach the listener: a loopback address or `localhost`.
/// Anything else, private addresses and names included, counts as public
/// (go-livepeer `starter.go:2243-2255`).
pub(super) fn is_loopback(host_port: &str) -> bool {
    let host = host_port.rsplit_once(':').map_or(host_port, |(host, _)| host);
    let bare = host.strip_prefix('[').and_then(|rest| rest.strip_suffix(']')).unwrap_or(host);
    host == "localhost" || bare.parse::<IpAddr>().is_ok_and(|ip| ip.is_loopback())
}

/// The address of an orchestrator as a URL with scheme, host and port.
///
/// Without a scheme it is `https`; without a port it is [`ORCHESTRATOR_PORT`]; nothing at all is
/// this machine (go-livepeer `starter.go:2159-2177`). The path has no slash at its end, except
/// where it is nothing else. `Url` does not print a scheme's own port (443 behind `https`), so the
/// port is what `port_or_known_default` says.
pub(super) fn orchestrator(text: &str) -> Result<Url, String> {
    let text = text.trim();
    let full = match text.split_once("://") {
        Some(("http" | "https", _)) => text.to_owned(),
        Some((scheme, _)) => return Err(format!("scheme `{scheme}` must be https or http")),
        None if text.is_empty() => format!("https://127.0.0.1:{ORCHESTRATOR_PORT}"),
        None if text.starts_with(':') => format!("https://127.0.0.1{text}"),
        None => format!("https://{text}"),
    };
    let mut url = Url::parse(&full).map_err(|error| {
        format!("`{text}` is not an orchestrator's address ({error}); write host:port or https://host:port")
    })?;
    if !url.username().is_empty() || url.password().is_some() {
        return Err("an orchestrator's address has no user or password".to_owned());
    }
    if url.query().is_some() || url.fragment().is_some() {
        return Err("an orchestrator's address has no query and no fragment".to_owned());
    }
    if !url.host_str().is_some_and(is_host) {
        return Err(format!("`{text}` names no host"));
    }
    if url.port() == Some(0) {
        return Err("port 0 is not a port to connect to".to_owned());
    }
    if !names_port(&full) {
        url.set_port(Some(ORCHESTRATOR_PORT)).map_err(|()| format!("`{text}` has no host"))?;
    }
    let path = url.path().trim_end_matches('/').to_owned();
    url.set_path(&path);
    Ok(url)
}

/// Whether the text itself names a port; `Url` forgets one that is the scheme's own.
fn names_port(url: &str) -> bool {
    let authority = url.split_once("://").map_or(url, |(_, rest)| rest);
    let end = authority.find(['/', '?', '#', '\\']).unwrap_or(authority.len());
    let authority = authority.get(..end).unwrap_or(authority);
    match authority.rsplit_once(':') {
        Some((_, port)) => !port.is_empty() && port.bytes().all(|b| b.is_ascii_digit()),
        None => false,
    }
}

/// An `http` or `https` URL with a host.
pub(super) fn web_url(text: &str) -> Result<Url, String> {
    const WANTED: &str = "must be a URL like https://host/path";
    let url = Url::parse(text.trim()).map_err(|error| format!("{WANTED} ({error})"))?;
    if !matches!(url.scheme(), "http" | "https") {
        return Err(format!("{WANTED}, not one with scheme `{}`", url.scheme()));
    }
    match url.host() {
        Some(Host::Domain("")) | None => Err(WANTED.to_owned()),
        Some(_) => Ok(url),
    }
}

/// The URL without what may be secret: user, password, and the values of its query.
pub fn redact(url: &Url) -> String {
    let mut shown = url.clone();
    let has_user = !shown.username().is_empty() || shown.password().is_some();
    // Neither can fail: the URL has a host.
    let stripped = shown.set_username("").is_ok() && shown.set_password(None).is_ok();
    if has_user && (!stripped || shown.set_username("***").is_err()) {
        return format!("{}://***", url.scheme());
    }
    if url.query().is_some() {
        shown.set_query(Some("***"));
    }
    shown.set_fragment(None);
    shown.into()
}
