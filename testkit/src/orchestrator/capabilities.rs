//! What this node can do, and whether a job fits.
//!
//! Bit `c` stands in word `c / 64`. A job fits when each of its words is contained in ours and it has no
//! more words than we have, zero words included (go-livepeer `core/capabilities.go:263-335, 445-511`).
//! Only what a transcoding job uses is looked at; AI constraints are not.

use std::collections::BTreeSet;

use waymark_proto::net;

/// What every transcoding node has: bits 0 to 12, 14 and 26 (go-livepeer `core/capabilities.go:187-206`).
pub(crate) fn default_capabilities() -> BTreeSet<u32> {
    (0..=12).chain([14, 26]).collect()
}

/// Largest capability number accepted from an option, far above those in use.
pub(crate) const MAX_CAPABILITY: u32 = 4095;

/// Words of a set of bits; as many as the highest bit needs.
pub(crate) fn bitstring(bits: &BTreeSet<u32>) -> Vec<u64> {
    let mut words = Vec::new();
    for bit in bits.iter().copied().filter(|bit| *bit <= MAX_CAPABILITY) {
        let word = (bit / 64) as usize;
        if words.len() <= word {
            words.resize(word + 1, 0);
        }
        if let Some(word) = words.get_mut(word) {
            *word |= 1u64 << (bit % 64);
        }
    }
    words
}

/// The message a node without AI worker advertises: every bit with capacity 1, its own version also as
/// the minimum it wants (go-livepeer `cmd/livepeer/starter/starter.go:741-743, 1842-1845`).
pub(crate) fn advertised(bits: &BTreeSet<u32>, version: &str) -> net::Capabilities {
    net::Capabilities {
        bitstring: bitstring(bits),
        mandatories: Vec::new(),
        capacities: bits.iter().map(|bit| (*bit, 1)).collect(),
        version: version.to_owned(),
        constraints: Some(net::capabilities::Constraints {
            min_version: version.to_owned(),
            ..Default::default()
        }),
    }
}

/// Whether a job with these capabilities can run on a node that advertises `ours`.
pub(crate) fn compatible(job: &net::Capabilities, ours: &net::Capabilities) -> bool {
    let min_version = job.constraints.as_ref().map_or("", |c| c.min_version.as_str());
    version_suffices(min_version, &ours.version)
        && is_subset(&ours.mandatories, &job.bitstring)
        && is_subset(&job.bitstring, &ours.bitstring)
}

fn is_subset(a: &[u64], b: &[u64]) -> bool {
    a.len() <= b.len() && a.iter().zip(b).all(|(a, b)| a & b == *a)
}

fn version_suffices(min: &str, have: &str) -> bool {
    if min.is_empty() {
        return true;
    }
    if have.is_empty() || have == "undefined" {
        return false;
    }
    match (release(min), release(have)) {
        (None, _) => true,
        (_, None) => false,
        (Some(min), Some(have)) => have >= min,
    }
}

/// Major, minor and patch; what follows `-` or `+` does not count.
fn release(version: &str) -> Option<[u64; 3]> {
    let version = version.strip_prefix('v').unwrap_or(version);
    let numbers = version.split(['-', '+']).next()?;
    let mut out = [0; 3];
    let mut parts = numbers.split('.');
    for (slot, part) in out.iter_mut().zip(parts.by_ref()) {
        *slot = part.parse().ok()?;
    }
    parts.next().is_none().then_some(out)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn job(words: &[u64], min_version: &str) -> net::Capabilities {
        net::Capabilities {
            bitstring: words.to_vec(),
            constraints: Some(net::capabilities::Constraints {
                min_version: min_version.to_owned(),
                ..Default::default()
            }),
            ..Default::default()
        }
    }

    #[test]
    fn bits_land_in_the_words_of_the_vectors() {
        assert_eq!(bitstring(&default_capabilities()), [0x0400_5fff]);
        assert_eq!(bitstring(&BTreeSet::from([193, 192])), [0, 0, 0, 3]);
        assert_eq!(bitstring(&BTreeSet::from([193, 54, 192, 79])), [1 << 54, 1 << 15, 0, 3]);
        assert_eq!(bitstring(&BTreeSet::new()), [0; 0]);
    }

    #[test]
    fn a_usual_push_job_fits_the_default_node_and_a_vp9_one_does_not() {
        let ours = advertised(&default_capabilities(), "0.9.1");
        assert!(compatible(&job(&[0x0400_1003], ""), &ours));
        assert!(compatible(&net::Capabilities::default(), &ours));
        assert!(!compatible(&job(&[1 << 20], ""), &ours));
    }

    #[test]
    fn a_job_with_more_words_does_not_fit_even_if_they_are_zero() {
        let ours = advertised(&default_capabilities(), "0.9.1");
        assert!(!compatible(&job(&[0x1003, 0], ""), &ours));
    }

    #[test]
    fn a_node_must_have_the_version_a_job_asks_for() {
        let table = [
            ("0.4.1", "0.4.1", true),
            ("0.4.0", "0.4.1", true),
            ("0.4.2", "0.4.1", false),
            ("0.4.1", "0.4.1-b3278dce-dirty", true),
            ("0.4.2", "0.4.1-b3278dce-dirty", false),
            ("", "0.4.1", true),
            ("", "", true),
            ("0.4.0", "", false),
            ("0.4.0", "undefined", false),
            ("nonparsablesemversion", "0.4.1", true),
            ("0.4.1", "nonparsablesemversion", false),
        ];
        for (min, have, suffices) in table {
            assert_eq!(version_suffices(min, have), suffices, "{min} of {have}");
        }
    }
}
