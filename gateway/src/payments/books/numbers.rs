//! Numbers of tags, and whether the nonces of a new session carry them.

use std::collections::{BTreeMap, HashMap};

use parking_lot::RwLock;
use waymark_payments::session::Scheme;
use waymark_tagging::{Tag, TagId};

use crate::config::TagNumber;

/// What is known of tags. Without a registry the operator's numbers count, and nonces carry them from
/// the start. With one, its numbers count, and nonces carry them from the round on that was announced.
#[derive(Debug)]
pub struct Numbers {
    configured: HashMap<Tag, TagId>,
    registry: bool,
    found: RwLock<Found>,
}

#[derive(Debug, Default)]
struct Found {
    /// By path; 0 for those that are not registered.
    numbers: BTreeMap<String, u32>,
    tagged_from: Option<u64>,
}

/// How the operator's number of a tag and the registry's agree.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Standing {
    /// Nobody asked the registry yet.
    Unknown,
    /// There is a number, and the operator gave no other.
    Agreed(TagId),
    /// The registry does not have the tag.
    Missing,
    /// Two numbers.
    Differs {
        /// The operator's.
        configured: TagId,
        /// The registry's.
        registered: TagId,
    },
}

impl Numbers {
    /// The operator's numbers.
    pub fn new(configured: &[TagNumber], registry: bool) -> Self {
        let configured = configured.iter().cloned().collect();
        Self { configured, registry, found: RwLock::default() }
    }

    /// The tag's number on this chain; [`TagId::UNTAGGED`] if it has none.
    pub fn id(&self, tag: &Tag) -> TagId {
        if !self.registry {
            return self.configured.get(tag).copied().unwrap_or(TagId::UNTAGGED);
        }
        self.registered(tag.as_str()).unwrap_or(TagId::UNTAGGED)
    }

    /// What the nonces of a session are made of that is opened in `round`.
    pub fn scheme(&self, tag: &Tag, round: u64) -> Scheme {
        if !self.registry {
            return Scheme::Tagged;
        }
        let from = self.found.read().tagged_from;
        let announced = from.is_some_and(|from| from <= round);
        match self.standing(tag) {
            Standing::Agreed(_) if announced => Scheme::Tagged,
            _ => Scheme::Plain,
        }
    }

    /// The number of a leaf's tag by its name. `paid_as` is what was thought when it was paid.
    pub(super) fn of_leaf(&self, name: &str, paid_as: u32) -> TagId {
        let paid_as = || TagId::try_from(paid_as).unwrap_or(TagId::UNTAGGED);
        if self.registry { self.registered(name).unwrap_or_default() } else { paid_as() }
    }

    pub(super) fn standing(&self, tag: &Tag) -> Standing {
        let configured = self.configured.get(tag).copied();
        match (self.registered(tag.as_str()), configured) {
            (None, _) => Standing::Unknown,
            (Some(TagId::UNTAGGED), _) => Standing::Missing,
            (Some(registered), Some(configured)) if registered != configured => {
                Standing::Differs { configured, registered }
            }
            (Some(registered), _) => Standing::Agreed(registered),
        }
    }

    /// Which of these nobody asked the registry about, or it did not have then.
    pub(super) fn unknown<'a>(&self, paths: impl IntoIterator<Item = &'a str>) -> Vec<&'a str> {
        let found = self.found.read();
        let mut unknown: Vec<&str> = paths
            .into_iter()
            .filter(|path| !path.is_empty())
            .filter(|path| found.numbers.get(*path).is_none_or(|number| *number == 0))
            .collect();
        unknown.sort_unstable();
        unknown.dedup();
        unknown
    }

    pub(super) fn learn(&self, paths: &[&str], numbers: &[u32]) {
        let mut found = self.found.write();
        for (path, number) in paths.iter().zip(numbers) {
            found.numbers.insert((*path).to_owned(), *number);
        }
    }

    pub(super) fn tagged_from(&self) -> Option<u64> {
        self.found.read().tagged_from
    }

    pub(super) fn announced(&self, from: u64) {
        self.found.write().tagged_from = Some(from);
    }

    fn registered(&self, path: &str) -> Option<TagId> {
        let number = self.found.read().numbers.get(path).copied()?;
        Some(TagId::try_from(number).unwrap_or(TagId::UNTAGGED))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn tag(text: &str) -> Tag {
        text.parse().unwrap()
    }

    fn id(number: u32) -> TagId {
        number.try_into().unwrap()
    }

    #[test]
    fn without_a_registry_the_operators_numbers_count_from_the_start() {
        let live = tag("transcode/live");
        let numbers = Numbers::new(&[(live.clone(), id(4))], false);
        assert_eq!((numbers.id(&live), numbers.scheme(&live, 1)), (id(4), Scheme::Tagged));
        assert_eq!(numbers.id(&tag("transcode/vod")), TagId::UNTAGGED);
        assert_eq!(numbers.of_leaf("transcode/live", 9), id(9));
    }

    #[test]
    fn with_a_registry_its_numbers_count_and_nonces_carry_them_from_the_announced_round_on() {
        let (live, vod, odd) = (tag("transcode/live"), tag("transcode/vod"), tag("ai/upscale"));
        let numbers = Numbers::new(&[(live.clone(), id(4)), (odd.clone(), id(5))], true);
        assert_eq!(numbers.standing(&live), Standing::Unknown);
        assert_eq!((numbers.id(&live), numbers.scheme(&live, 9)), (TagId::UNTAGGED, Scheme::Plain));
        let paths = ["transcode/live", "transcode/vod", "ai/upscale"];
        assert_eq!(numbers.unknown(paths).len(), 3);
        numbers.learn(&paths, &[4, 0, 11]);
        assert_eq!(numbers.unknown(paths), ["transcode/vod"]);
        assert_eq!(numbers.scheme(&live, 9), Scheme::Plain, "not announced");
        numbers.announced(7);
        let schemes = [6, 7, 8].map(|round| numbers.scheme(&live, round));
        assert_eq!(schemes, [Scheme::Plain, Scheme::Tagged, Scheme::Tagged]);
        assert_eq!(
            (numbers.standing(&vod), numbers.id(&vod)),
            (Standing::Missing, TagId::UNTAGGED)
        );
        // Two numbers: nonces stay plain, the book has the registry's.
        let differs = Standing::Differs { configured: id(5), registered: id(11) };
        assert_eq!(numbers.standing(&odd), differs);
        assert_eq!((numbers.id(&odd), numbers.scheme(&odd, 9)), (id(11), Scheme::Plain));
        assert_eq!(numbers.of_leaf("ai/upscale", 0), id(11));
        assert_eq!(numbers.of_leaf("", 0), TagId::UNTAGGED);
    }
}
