//! One result through every tier, as a gateway does it.

mod found;
mod tiers;

use waymark_media::{
    pixels::{Lattice, PixelLimits},
    scan::{Scan, ScanLimits, scan},
};
use waymark_verification::{
    Check, Tier, Verdict,
    draw::Choice,
    expect::{Expectation, Wanted},
    fast::before::Earlier,
    full::{Next, next, settle},
    measure::{self, Keep},
    thresholds::Thresholds,
};

pub(crate) use found::Judged;
use tiers::Shown;

use crate::Failed;

/// What decides on borders of blocks and on pictures.
const SECRET: [u8; 32] = [7; 32];

/// A source segment, and what its renditions have in common.
pub(crate) struct Source<'a> {
    scan: Scan,
    /// Moves the borders of blocks: alike for all renditions, so that the source is decoded once.
    borders: Choice,
    measured: measure::Source<'a>,
    /// The segment before, as far as it is remembered.
    earlier: Option<Earlier>,
}

/// What came back.
#[derive(Clone, Copy)]
pub(crate) struct Returned<'a> {
    pub(crate) wanted: &'a Wanted,
    pub(crate) bytes: &'a [u8],
    pub(crate) claimed: Option<u64>,
    /// Compare it with our own encoding even without a doubt.
    pub(crate) beside: bool,
}

impl<'a> Source<'a> {
    /// A segment, and the one before it in its stream.
    pub(crate) fn new(name: &str, bytes: &'a [u8], previous: &[u8]) -> Result<Self, Failed> {
        let scan = scan(bytes, &ScanLimits::default())?;
        let limits = PixelLimits::default();
        let before = measure::Source::new(previous, scan.container, limits.clone(), Keep::All)
            .keys(Lattice::FINE);
        let earlier = before.ok().and_then(|grids| Earlier::of(&grids));
        let measured = measure::Source::new(bytes, scan.container, limits, Keep::All);
        Ok(Self { scan, borders: Choice::new(&SECRET, name, 0, b""), measured, earlier })
    }

    /// Every tier, whatever the cheaper ones said.
    pub(crate) fn judge(
        &mut self,
        result: Returned<'_>,
        bounds: &Thresholds,
    ) -> Result<Judged, Failed> {
        let expected = Expectation::within(&self.scan, result.wanted, &bounds.expected);
        let found = match scan(result.bytes, &ScanLimits::default()) {
            Ok(found) => found,
            Err(error) => return Ok(Judged::unreadable(&expected, &error)),
        };
        let shown = Shown::new(result, &found, &expected);
        let packets = self.packets(&shown, bounds);
        let key = self.key(&shown, bounds);
        let (full, features) = self.full(&shown, bounds)?;
        let verdict: Verdict = [&packets, &key, &full].into_iter().flatten().cloned().collect();
        let mut judged = Judged {
            starved: expected.starved,
            noise: features.as_ref().is_some_and(|features| features.noise),
            decision: settle(&verdict, None, &bounds.full).decision(),
            packets,
            key,
            full,
            dispute: Vec::new(),
            reference: Vec::new(),
        };
        let Some(features) = features else { return Ok(judged) };
        let next = next(&verdict, Tier::Full, &bounds.full);
        let disputed = next == Next::Reference;
        if disputed || (result.beside && next != Next::Refuse) {
            let ruled = self.dispute(&shown, (&verdict, &features), bounds)?;
            judged.reference = of_tier(&ruled, Tier::Reference);
            if disputed {
                judged.dispute.clone_from(&judged.reference);
                judged.decision = ruled.decision();
            }
        }
        Ok(judged)
    }
}

fn of_tier(verdict: &Verdict, tier: Tier) -> Vec<Check> {
    verdict.checks().iter().filter(|check| check.tier == tier).cloned().collect()
}
