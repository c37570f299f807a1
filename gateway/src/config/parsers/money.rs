//! Settings of paying, from text or lists.

use std::num::NonZeroU64;
use std::path::{Path, PathBuf};
use std::str::FromStr;

use alloy_primitives::{Address, U256};
use serde::Deserialize;
use url::Url;
use waymark_payments::limits::Amount;
use waymark_tagging::{Tag, TagId, TagPattern};

use super::{element, list, scalar};
use crate::config::chain::{CapabilityPrice, Secret, TagNumber};
use crate::config::money::{self, PriceCap};
use crate::config::node::{Item, Node};
use crate::config::read::read_bounded;
use crate::config::setting::Kind;
use crate::config::values::{Parsed, Refusal};

/// One address, or nothing.
pub(in crate::config) fn eth_address(item: &Item, _: Kind) -> Parsed<Option<Address>> {
    scalar(item, |text| match text {
        "" => Ok(None),
        _ => Address::from_str(text)
            .map(Some)
            .map_err(|_| "must be an Ethereum address: 0x and 40 hexadecimal digits".to_owned()),
    })
}

pub(in crate::config) fn optional_path(item: &Item, _: Kind) -> Parsed<Option<PathBuf>> {
    scalar(item, |text| match text {
        "" => Ok(None),
        _ if text.contains('\0') => Err("is not a path".to_owned()),
        _ => Ok(Some(PathBuf::from(text))),
    })
}

pub(in crate::config) fn secret(item: &Item, _: Kind) -> Parsed<Option<Secret>> {
    scalar(item, |text| Ok((!text.is_empty()).then(|| Secret::new(text))))
}

/// JSON-RPC endpoints.
pub(in crate::config) fn rpc_urls(item: &Item, _: Kind) -> Parsed<Vec<Url>> {
    list(item, |piece| {
        const WANTED: &str = "must be a URL like https://host/path, http, ws or wss";
        let text = element(piece)?;
        if Path::new(text).is_absolute() {
            return Err(format!("{WANTED}; IPC sockets are not supported"));
        }
        let url = Url::parse(text).map_err(|error| format!("{WANTED} ({error})"))?;
        let usable = matches!(url.scheme(), "http" | "https" | "ws" | "wss") && url.has_host();
        if usable { Ok(url) } else { Err(WANTED.to_owned()) }
    })
}

pub(in crate::config) fn wei(item: &Item, _: Kind) -> Parsed<U256> {
    scalar(item, money::wei)
}

/// An amount in wei or a currency, or nothing.
pub(in crate::config) fn amount(item: &Item, _: Kind) -> Parsed<Option<Amount>> {
    scalar(item, |text| match text {
        "" => Ok(None),
        _ => text.parse().map(Some).map_err(|error| format!("{error}")),
    })
}

/// The price alone; how many pixels it pays for is a setting of its own.
pub(in crate::config) fn price(item: &Item, _: Kind) -> Parsed<Option<PriceCap>> {
    scalar(item, |text| PriceCap::parse(text, NonZeroU64::MIN))
}

/// The JSON of the stock flag, a file with it, or a list.
pub(in crate::config) fn capability_prices(item: &Item, _: Kind) -> Parsed<Vec<CapabilityPrice>> {
    match &item.node {
        Node::List(_) | Node::Null => list(item, capability_price),
        Node::Text(text) if text.trim().is_empty() => Ok(Vec::new()),
        Node::Text(text) => stock_prices(text).map_err(|text| vec![Refusal::new(text)]),
        Node::Map(_) => Err(vec![Refusal::new("must be a list of `pipeline`, `model` and `max`")]),
    }
}

fn capability_price(item: &Item) -> Result<CapabilityPrice, String> {
    let [pipeline, model, max, units] = fields(item, ["pipeline", "model", "max", "units"])?;
    Ok(CapabilityPrice {
        pipeline: pipeline.ok_or("`pipeline` is missing")?.to_owned(),
        model: model.filter(|m| *m != "default").map(str::to_owned),
        max: cap(max, units)?,
    })
}

/// A file of `-maxPricePerCapability` (go-livepeer `cmd/livepeer/starter/starter.go`).
#[derive(Deserialize)]
struct StockPrices {
    capabilities_prices: Vec<StockPrice>,
}

#[derive(Deserialize)]
struct StockPrice {
    pipeline: String,
    #[serde(default)]
    model_id: String,
    price_per_unit: serde_json::Number,
    #[serde(default)]
    pixels_per_unit: Option<serde_json::Number>,
    #[serde(default)]
    currency: String,
}

fn stock_prices(text: &str) -> Result<Vec<CapabilityPrice>, String> {
    const WANTED: &str = "must be JSON with a list under `capabilities_prices`, or the path of such \
                          a file";
    let json = if text.trim_start().starts_with(['{', '[']) {
        text.to_owned()
    } else {
        read_bounded(Path::new(text)).map_err(|error| format!("{WANTED} ({error})"))?
    };
    let prices: StockPrices =
        serde_json::from_str(&json).map_err(|error| format!("{WANTED} ({error})"))?;
    let read = |price: StockPrice| {
        let units = price.pixels_per_unit.map(|n| n.to_string());
        let amount = format!("{}{}", price.price_per_unit, price.currency);
        Ok(CapabilityPrice {
            max: cap(Some(&amount), units.as_deref())
                .map_err(|error| format!("{} {}: {error}", price.pipeline, price.model_id))?,
            model: Some(price.model_id).filter(|m| !m.is_empty() && m != "default"),
            pipeline: price.pipeline,
        })
    };
    prices.capabilities_prices.into_iter().map(read).collect()
}

/// A price for so many units; here 0 would be a mistake.
fn cap(amount: Option<&str>, units: Option<&str>) -> Result<PriceCap, String> {
    let units = match units {
        None => NonZeroU64::MIN,
        Some(text) => text
            .parse()
            .map_err(|_| format!("`{text}` units must be a whole number of at least 1"))?,
    };
    let amount = amount.ok_or("`max` is missing")?;
    PriceCap::parse(amount, units)
        .map_err(|error| format!("`{amount}` {error}"))?
        .ok_or_else(|| "a price of 0 would refuse everybody; leave the entry out".to_owned())
}

pub(in crate::config) fn tag_prices(item: &Item, _: Kind) -> Parsed<Vec<(TagPattern, PriceCap)>> {
    list(item, |piece| {
        let [tag, max, pixels] = fields(piece, ["tag", "max", "pixels"])?;
        Ok((pattern(tag)?, cap(max, pixels)?))
    })
}

pub(in crate::config) fn tag_amounts(item: &Item, _: Kind) -> Parsed<Vec<(TagPattern, Amount)>> {
    list(item, |piece| {
        let [tag, day] = fields(piece, ["tag", "day"])?;
        let day = day.ok_or("`day` is missing")?;
        Ok((pattern(tag)?, day.parse().map_err(|error| format!("{error}"))?))
    })
}

/// A list of `tag` and `id`, or a text like `a/b=7,c/d=8`.
pub(in crate::config) fn tag_ids(item: &Item, _: Kind) -> Parsed<Vec<TagNumber>> {
    list(item, |piece| {
        let (tag, id) = if let Node::Text(text) = &piece.node {
            let wanted = "must be a tag and its number, like transcode/live/abr=7";
            let (tag, id) = text.split_once('=').ok_or(wanted)?;
            (tag.trim(), id.trim())
        } else {
            let [tag, id] = fields(piece, ["tag", "id"])?;
            (tag.ok_or("`tag` is missing")?, id.ok_or("`id` is missing")?)
        };
        let number = || {
            let id = TagId::try_from(id.parse::<u32>().ok()?).ok()?;
            id.is_tagged().then_some(id)
        };
        let most = TagId::MAX.get();
        Ok((
            Tag::parse(tag.as_bytes()).map_err(|error| format!("tag `{tag}`: {error}"))?,
            number().ok_or_else(|| format!("`{id}` must be a whole number from 1 to {most}"))?,
        ))
    })
}

fn pattern(text: Option<&str>) -> Result<TagPattern, String> {
    let text = text.ok_or("`tag` is missing")?;
    text.parse().map_err(|error| format!("`{text}` {error}"))
}

/// The values of a mapping that has no other keys than these.
fn fields<'a, const N: usize>(
    item: &'a Item,
    names: [&str; N],
) -> Result<[Option<&'a str>; N], String> {
    let Node::Map(entries) = &item.node else {
        return Err(format!("must be a mapping with {}", names.join(", ")));
    };
    let mut values = [None; N];
    for (key, value) in entries {
        let Some(at) = names.iter().position(|name| *name == key.name) else {
            return Err(format!("`{}` is not one of {}", key.name, names.join(", ")));
        };
        let slot = values.get_mut(at).ok_or("too many keys")?;
        if slot.replace(element(value)?).is_some() {
            return Err(format!("`{}` is given twice", key.name));
        }
    }
    Ok(values)
}
