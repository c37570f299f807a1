//! From the text or the list that was written to a value of the right type, one function for
//! each kind of setting. A refusal says what is accepted.

use std::path::PathBuf;
use std::str::FromStr;
use std::time::Duration;

use alloy_primitives::Address;
use semver::Version;
use tracing_subscriber::EnvFilter;
use url::Url;
use waymark_contracts::NetworkError;
use waymark_tagging::{Tag, TagPattern};

use super::address;
use super::node::{Item, Node};
use super::setting::Kind;
use super::tags::{Glob, Route};
use super::units;
use super::values::{Parsed, Refusal};
use super::{LogFormat, Network, VerificationMode};

mod money;

pub(super) use money::{
    amount, capability_prices, eth_address, optional_path, price, rpc_urls, secret, tag_amounts,
    tag_ids, tag_prices, wei,
};

/// Most elements of any list.
const MAX_LIST: usize = 1000;
/// Longest filter of log lines, in bytes.
const MAX_FILTER: usize = 1000;

/// One scalar through `parse`.
fn scalar<T>(item: &Item, parse: impl FnOnce(&str) -> Result<T, String>) -> Parsed<T> {
    let Node::Text(text) = &item.node else {
        return Err(vec![Refusal::new(format!("must be a single value, not {}", item.kind()))]);
    };
    parse(text.trim()).map_err(|text| vec![Refusal::new(text)])
}

/// Every element of a list, or of a text with commas, through `parse`.
fn list<T>(item: &Item, parse: impl Fn(&Item) -> Result<T, String>) -> Parsed<Vec<T>> {
    let pieces;
    let items = match &item.node {
        Node::Null => return Ok(Vec::new()),
        Node::Text(text) if text.trim().is_empty() => return Ok(Vec::new()),
        Node::Text(text) => {
            pieces = text
                .split(',')
                .take(MAX_LIST + 1)
                .map(|piece| Item { node: Node::Text(piece.trim().to_owned()), place: item.place })
                .collect::<Vec<_>>();
            &pieces
        }
        Node::List(items) => items,
        Node::Map(_) => return Err(vec![Refusal::new("must be a list, not a mapping")]),
    };
    if items.len() > MAX_LIST {
        return Err(vec![Refusal::new(format!("a list has {MAX_LIST} elements at most"))]);
    }
    let mut refusals = Vec::new();
    let mut values = Vec::with_capacity(items.len());
    for element in items {
        match parse(element) {
            Ok(value) => values.push(value),
            Err(text) => refusals.push(Refusal::of(element, text)),
        }
    }
    if refusals.is_empty() { Ok(values) } else { Err(refusals) }
}

fn element(item: &Item) -> Result<&str, String> {
    match &item.node {
        Node::Text(text) => Ok(text.trim()),
        _ => Err(format!("must be a single value, not {}", item.kind())),
    }
}

pub(super) fn network(item: &Item, _: Kind) -> Parsed<Network> {
    scalar(item, |text| {
        let network: Network = text.parse().map_err(|error: NetworkError| error.to_string())?;
        if network.is_retired() {
            let rest = "use arbitrum-one-mainnet, or offchain to pay nobody";
            return Err(format!("network `{network}` is gone; {rest}"));
        }
        Ok(network)
    })
}

pub(super) fn directory(item: &Item, _: Kind) -> Parsed<PathBuf> {
    scalar(item, |text| {
        if text.contains('\0') { Err("is not a path".to_owned()) } else { Ok(PathBuf::from(text)) }
    })
}

pub(super) fn region(item: &Item, _: Kind) -> Parsed<String> {
    scalar(item, |text| {
        if text.len() == 3 && text.bytes().all(|b| b.is_ascii_alphabetic()) {
            Ok(text.to_ascii_uppercase())
        } else {
            Err("must be the three letters of a metro area's IATA code, like FRA or NYC".to_owned())
        }
    })
}

pub(super) fn listen(item: &Item, kind: Kind) -> Parsed<String> {
    let port = if let Kind::Listen(port) = kind { port } else { 0 };
    scalar(item, |text| address::listen(text, port))
}

pub(super) fn truth(item: &Item, _: Kind) -> Parsed<bool> {
    scalar(item, |text| units::truth(text).ok_or_else(|| "must be true or false".to_owned()))
}

/// `None` is `auto`.
pub(super) fn switch(item: &Item, _: Kind) -> Parsed<Option<bool>> {
    scalar(item, |text| match text {
        "auto" => Ok(None),
        _ => units::truth(text).map(Some).ok_or_else(|| "must be auto, true or false".to_owned()),
    })
}

/// A number in the range of its kind, as the type the caller wants.
pub(super) fn count<T: TryFrom<u64>>(item: &Item, kind: Kind) -> Parsed<T> {
    let (min, max) = if let Kind::Count { min, max } = kind { (min, max) } else { (0, u64::MAX) };
    scalar(item, |text| {
        units::count(text)
            .filter(|number| (min..=max).contains(number))
            .and_then(|number| T::try_from(number).ok())
            .ok_or_else(|| format!("must be a whole number from {min} to {max}"))
    })
}

/// A number of bytes in the range of its kind.
pub(super) fn size<T: TryFrom<u64>>(item: &Item, kind: Kind) -> Parsed<T> {
    let (min, max) = if let Kind::Size { min, max } = kind { (min, max) } else { (0, u64::MAX) };
    scalar(item, |text| {
        units::size(text)
            .filter(|bytes| (min..=max).contains(bytes))
            .and_then(|bytes| T::try_from(bytes).ok())
            .ok_or_else(|| {
                let (min, max) = (units::show_size(min), units::show_size(max));
                format!("must be a size with its unit, like 300MB or 512MiB, from {min} to {max}")
            })
    })
}

pub(super) fn duration(item: &Item, kind: Kind) -> Parsed<Duration> {
    let (min, max) = if let Kind::Duration { min, max } = kind {
        (min, max)
    } else {
        (Duration::ZERO, Duration::MAX)
    };
    scalar(item, |text| {
        units::duration(text).filter(|duration| (min..=max).contains(duration)).ok_or_else(|| {
            let (min, max) = (units::show_duration(min), units::show_duration(max));
            format!("must be a time with its unit, like 500ms or 30s, from {min} to {max}")
        })
    })
}

pub(super) fn orchestrators(item: &Item, _: Kind) -> Parsed<Vec<Url>> {
    list(item, |element_of| address::orchestrator(element(element_of)?))
}

pub(super) fn url(item: &Item, _: Kind) -> Parsed<Option<Url>> {
    scalar(item, |text| match text {
        "" => Ok(None),
        _ => address::web_url(text).map(Some),
    })
}

pub(super) fn eth_addresses(item: &Item, _: Kind) -> Parsed<Vec<Address>> {
    list(item, |piece| {
        let text = element(piece)?;
        Address::from_str(text).map_err(|_| {
            format!("`{text}` is not an Ethereum address: 0x and 40 hexadecimal digits")
        })
    })
}

pub(super) fn paths(item: &Item, _: Kind) -> Parsed<Vec<PathBuf>> {
    list(item, |piece| match element(piece)? {
        text if text.is_empty() || text.contains('\0') => Err("is not a path".to_owned()),
        text => Ok(PathBuf::from(text)),
    })
}

/// One line of text, or nothing.
pub(super) fn text(item: &Item, kind: Kind) -> Parsed<Option<String>> {
    let most = if let Kind::Text(most) = kind { most } else { usize::MAX };
    scalar(item, |text| match text {
        "" => Ok(None),
        _ if text.chars().count() > most || text.contains(char::is_control) => {
            Err(format!("must be one line of at most {most} characters"))
        }
        _ => Ok(Some(text.to_owned())),
    })
}

/// A version number; a `v` in front and missing parts at the end are fine, as in stock.
pub(super) fn version(item: &Item, _: Kind) -> Parsed<Option<String>> {
    scalar(item, |text| {
        if text.is_empty() {
            return Ok(None);
        }
        let bare = text.strip_prefix('v').unwrap_or(text);
        let end = bare.find(['-', '+']).unwrap_or(bare.len());
        let (numbers, rest) = bare.split_at_checked(end).unwrap_or((bare, ""));
        let missing = 2_usize.saturating_sub(numbers.matches('.').count());
        let full = format!("{numbers}{}{rest}", ".0".repeat(missing));
        Version::parse(&full)
            .map(|version| Some(version.to_string()))
            .map_err(|_| "must be a version like 0.9.1".to_owned())
    })
}

pub(super) fn routes(item: &Item, _: Kind) -> Parsed<Vec<Route>> {
    match &item.node {
        Node::List(_) | Node::Null => list(item, route),
        Node::Text(text) if text.is_empty() => Ok(Vec::new()),
        _ => Err(vec![Refusal::new("must be a list of `manifest` and `tag`")]),
    }
}

fn route(item: &Item) -> Result<Route, String> {
    const WANTED: &str = "a route has exactly two keys, `manifest` and `tag`";
    let Node::Map(entries) = &item.node else { return Err(WANTED.to_owned()) };
    let (mut manifest, mut tag) = (None, None);
    for (key, value) in entries {
        let slot = match key.name.as_str() {
            "manifest" => &mut manifest,
            "tag" => &mut tag,
            other => return Err(format!("{WANTED}, not `{other}`")),
        };
        if slot.replace(element(value)?).is_some() {
            return Err(format!("`{}` is given twice", key.name));
        }
    }
    let (Some(manifest), Some(tag)) = (manifest, tag) else { return Err(WANTED.to_owned()) };
    Ok(Route {
        manifest: Glob::from_str(manifest).map_err(|error| format!("manifest {error}"))?,
        tag: Tag::parse(tag.as_bytes()).map_err(|error| format!("tag `{tag}`: {error}"))?,
    })
}

/// `None` where nothing is said: every tag.
pub(super) fn tag_patterns(item: &Item, _: Kind) -> Parsed<Option<Vec<TagPattern>>> {
    match &item.node {
        Node::Text(text) if text.trim().is_empty() => Ok(None),
        _ => list(item, |piece| {
            let text = element(piece)?;
            TagPattern::from_str(text)
                .map_err(|error| format!("`{text}` {error} ({})", error.source))
        })
        .map(Some),
    }
}

pub(super) fn log_filter(item: &Item, _: Kind) -> Parsed<String> {
    scalar(item, |text| {
        let usable = !text.is_empty()
            && text.len() <= MAX_FILTER
            && EnvFilter::builder().parse(text).is_ok();
        if usable {
            Ok(text.to_owned())
        } else {
            Err("must be error, warn, info, debug, trace, or directives like info,waymark=debug"
                .to_owned())
        }
    })
}

pub(super) fn verification_mode(item: &Item, _: Kind) -> Parsed<VerificationMode> {
    scalar(item, |text| {
        let mut all = VerificationMode::ALL.into_iter();
        all.find(|mode| mode.as_str() == text).ok_or_else(|| {
            format!(
                "must be one of {}",
                VerificationMode::ALL.map(VerificationMode::as_str).join(", ")
            )
        })
    })
}

pub(super) fn log_format(item: &Item, _: Kind) -> Parsed<LogFormat> {
    scalar(item, |text| match text {
        "text" => Ok(LogFormat::Text),
        "json" => Ok(LogFormat::Json),
        _ => Err("must be text or json".to_owned()),
    })
}
