//! What the registry has beside the tickets: adverts and manifests.

use std::cmp::Reverse;
use std::collections::BTreeMap;

use alloy_primitives::Address;
use waymark_tagging::TagId;

use super::{AdvertLine, ManifestLine, Row};
use crate::amount::Wei;
use crate::registry::Registry;

/// The longest address of a manifest that is shown.
const MAX_URI: usize = 500;

/// Adverts that hold at `now`, with what the rows have of the same gateway and tag.
pub(super) fn adverts(registry: &Registry, rows: &[Row], now: Option<u64>) -> Vec<AdvertLine> {
    let mut sums: BTreeMap<(Address, u32), (u64, Wei)> = BTreeMap::new();
    for row in rows {
        let (winners, paid) = sums.entry((row.gateway, row.tag_id)).or_default();
        *winners = winners.saturating_add(row.winners);
        paid.add_sum(row.paid_wei);
    }
    let holds = |expiry: u64| now.is_none_or(|now| now < expiry);
    let line = |(gateway, tag, advert): (Address, u32, &crate::registry::Advert)| {
        let (winners, paid_wei) = sums.get(&(gateway, tag)).copied().unwrap_or_default();
        AdvertLine {
            gateway,
            tag_id: tag,
            tag: registry.label(TagId::try_from(tag).unwrap_or_default()),
            expiry: advert.expiry,
            unit: advert.unit,
            price_num: advert.price_num,
            price_den: advert.price_den,
            winners,
            paid_wei,
        }
    };
    let standing = registry.adverts().filter(|(_, _, advert)| holds(advert.expiry));
    let mut lines: Vec<AdvertLine> = standing.map(line).collect();
    lines.sort_by_key(|line| Reverse(line.paid_wei));
    lines
}

pub(super) fn manifests(registry: &Registry) -> Vec<ManifestLine> {
    let line = |(gateway, uri, hash): (Address, &str, _)| ManifestLine {
        gateway,
        uri: uri.chars().filter(|c| !c.is_control()).take(MAX_URI).collect(),
        hash,
    };
    registry.manifests().map(line).collect()
}
