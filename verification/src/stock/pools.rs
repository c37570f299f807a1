//! Who does a segment, and what follows from comparing.

use super::compare::Distance;
use super::hash::{Hash, HashError};
use crate::check::{Check, Kind};
use crate::verdict::{Decision, Outcome};

/// How far discovery vouches for an orchestrator.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Pool {
    /// A score of 1 and above: results are what others are compared with.
    Trusted,
    /// Any other score.
    Untrusted,
}

impl Pool {
    /// The pool of a score. Stock gateways use no orchestrator between 0 and 1; here it is one that is not trusted.
    pub fn of(score: f64) -> Self {
        if score >= 1.0 { Self::Trusted } else { Self::Untrusted }
    }
}

/// Who gets a segment.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Choice<T> {
    /// Fast verification is off, or nobody can be compared: select as usual.
    Usual,
    /// Only the one that was verified before.
    Verified(T),
    /// Both, and their results are compared.
    Compare {
        /// Whose result the others are compared with.
        trusted: T,
        /// At most two, the one that was verified before first.
        untrusted: Vec<T>,
    },
}

/// Chooses for one segment. `frequency` is `verificationFreq` of the authentication webhook: 0 is off, 1 compares every
/// segment, N one in N once an untrusted orchestrator was verified. `offered` are in the order of selection, and
/// `random` must not be foreseen by them. `related` says that two belong to one operator: the second untrusted one is
/// of another where there is one, or a pair would know when it is compared.
pub fn choose<T: Clone + PartialEq>(
    frequency: u32,
    (trusted, untrusted): (&[T], &[T]),
    verified: Option<&T>,
    random: u64,
    related: impl Fn(&T, &T) -> bool,
) -> Choice<T> {
    if frequency == 0 {
        return Choice::Usual;
    }
    let verified = verified.filter(|verified| untrusted.contains(verified));
    let compares = random.is_multiple_of(u64::from(frequency));
    if let Some(verified) = verified.filter(|_| !compares) {
        return Choice::Verified(verified.clone());
    }
    let (Some(trusted), Some(first)) = (trusted.first(), verified.or(untrusted.first())) else {
        return Choice::Usual;
    };
    let others = || untrusted.iter().filter(|other| *other != first);
    let second = others().find(|other| !related(first, other)).or_else(|| others().next());
    let untrusted = std::iter::once(first).chain(second).cloned().collect();
    Choice::Compare { trusted: trusted.clone(), untrusted }
}

/// One result of a segment that several did.
#[derive(Clone, Debug)]
pub struct Returned<'a> {
    /// The pool of who did it.
    pub pool: Pool,
    /// The hash of each rendition, or why there is none; fetching one that failed is an empty one.
    pub hashes: &'a [Result<Hash, HashError>],
    /// What our own checks found in its renditions.
    pub decision: Decision,
}

/// Why an orchestrator is suspended for this stream.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Fault {
    /// Its hash is missing, broken or another one.
    Hash,
    /// Our own checks refused its pictures, its sound or its container.
    Video,
}

impl Fault {
    /// The value of `fverror_type` in the metric `fast_verification_failed`.
    pub const fn fverror_type(self) -> &'static str {
        match self {
            Self::Hash => "1",
            Self::Video => "2",
        }
    }
}

/// What follows from comparing. Numbers are places in the list of results.
#[derive(Clone, Debug, PartialEq)]
pub struct Settlement {
    /// Whose renditions are delivered; `None` where all were refused.
    pub used: Option<usize>,
    /// The untrusted one that may do the next segments alone.
    pub verified: Option<usize>,
    /// Everyone that failed, whether somebody else passed or not.
    pub suspended: Vec<(usize, Fault)>,
    /// What was compared, for records: of each untrusted result, every rendition.
    pub checks: Vec<(usize, Check)>,
}

/// Compares the untrusted results with the trusted one, rendition by rendition. A result is verified if its hashes
/// agree and our own checks accept it: a hash alone says nothing about what was delivered. `slack`: ticks by which times
/// may differ.
pub fn settle(results: &[Returned<'_>], slack: u32) -> Settlement {
    let mut settlement =
        Settlement { used: None, verified: None, suspended: vec![], checks: vec![] };
    let refused = |result: &Returned<'_>| result.decision == Decision::Refused;
    let mut by_pool = results.iter().filter(|result| result.pool == Pool::Trusted);
    let reference = by_pool.find(|result| !refused(result));
    for (place, result) in results.iter().enumerate() {
        if refused(result) {
            settlement.suspended.push((place, Fault::Video));
            continue;
        }
        if result.pool == Pool::Trusted {
            continue;
        }
        let Some(reference) = reference else { continue };
        let checks = compare(reference.hashes, result.hashes, slack);
        let failed = checks.iter().any(|check| check.outcome == Outcome::Fail);
        let passed = checks.iter().any(|check| check.outcome == Outcome::Pass);
        if failed {
            settlement.suspended.push((place, Fault::Hash));
        } else if passed && result.decision == Decision::Accepted && settlement.verified.is_none() {
            settlement.verified = Some(place);
        }
        settlement.checks.extend(checks.into_iter().map(|check| (place, check)));
    }
    let usable = results.iter().enumerate().filter(|(_, result)| !refused(result));
    settlement.used = settlement.verified.or_else(|| {
        let doubtful = |place: usize| settlement.suspended.iter().any(|(other, _)| *other == place);
        let order = |(place, result): &(usize, &Returned<'_>)| {
            (rank(result.decision), doubtful(*place), result.pool == Pool::Untrusted)
        };
        usable.min_by_key(order).map(|(place, _)| place)
    });
    settlement
}

/// One check for each rendition. One that the reference has no hash of is not compared, and nobody's fault but its own.
fn compare(
    reference: &[Result<Hash, HashError>],
    hashes: &[Result<Hash, HashError>],
    slack: u32,
) -> Vec<Check> {
    const ID: &str = "stock.hash";
    let one = |(place, reference): (usize, &Result<Hash, HashError>)| {
        match (reference, hashes.get(place)) {
            (_, None) => Check::fail(ID, format!("rendition {place} has no hash")),
            (_, Some(Err(error))) => Check::fail(ID, format!("rendition {place}: {error}")),
            (Err(error), Some(Ok(_))) => {
                Check::not_run(ID, format!("nothing to compare rendition {place} with: {error}"))
            }
            (Ok(reference), Some(Ok(hash))) => Distance::of(reference, hash, slack).check(),
        }
        .kind(Kind::Soft)
    };
    reference.iter().enumerate().map(one).collect()
}

const fn rank(decision: Decision) -> u8 {
    match decision {
        Decision::Accepted => 0,
        Decision::NotJudged => 1,
        Decision::Soft => 2,
        Decision::Refused => 3,
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::super::hash::{Frame, WORDS};
    use super::*;

    fn hash(word: u8) -> Hash {
        let frame = |n: u32| Frame { pts: n * 3_000, confidence: 90, words: [word; WORDS] };
        Hash { size: (640, 360), ticks: 24_464, frames: (0..60).map(frame).collect() }
    }

    fn hashes<const N: usize>(words: [u8; N]) -> [Result<Hash, HashError>; N] {
        words.map(|word| Ok(hash(word)))
    }

    fn returned(
        pool: Pool,
        hashes: &[Result<Hash, HashError>],
        decision: Decision,
    ) -> Returned<'_> {
        Returned { pool, hashes, decision }
    }

    #[test]
    fn scores_make_pools_and_none_is_left_out() {
        assert_eq!(Pool::of(1.0), Pool::Trusted);
        assert_eq!(Pool::of(7.0), Pool::Trusted);
        for score in [0.0, 0.5, -1.0, f64::NAN] {
            assert_eq!(Pool::of(score), Pool::Untrusted);
        }
    }

    #[test]
    fn one_trusted_and_two_untrusted_of_different_operators_are_compared() {
        let related = |a: &&str, b: &&str| a.chars().next() == b.chars().next();
        let pools = (&["t1", "t2"][..], &["a1", "a2", "b1"][..]);
        let choice =
            |frequency, verified, random| choose(frequency, pools, verified, random, related);
        assert_eq!(choice(0, None, 0), Choice::Usual);
        let compare = Choice::Compare { trusted: "t1", untrusted: vec!["a1", "b1"] };
        assert_eq!(choice(5, None, 3), compare, "nobody is verified yet");
        assert_eq!(choice(5, Some(&"b1"), 3), Choice::Verified("b1"));
        let compare = Choice::Compare { trusted: "t1", untrusted: vec!["b1", "a1"] };
        assert_eq!(choice(5, Some(&"b1"), 10), compare, "its turn");
        assert_eq!(choice(1, Some(&"b1"), 10), compare, "every segment");
        let compare = Choice::Compare { trusted: "t1", untrusted: vec!["a1", "b1"] };
        assert_eq!(choice(5, Some(&"gone"), 3), compare, "no longer offered");
        assert_eq!(choose(1, (&[][..], &["a"][..]), None, 0, related), Choice::Usual);
        assert_eq!(choose(1, (&["t"][..], &[][..]), None, 0, related), Choice::Usual);
    }

    #[test]
    fn about_one_segment_in_n_is_compared() {
        let pools = (&["t"][..], &["a", "b"][..]);
        let compared = (0..1_000_u64)
            .map(|n| n.wrapping_mul(0x9e37_79b9_7f4a_7c15) >> 20)
            .filter(|random| {
                !matches!(choose(10, pools, Some(&"a"), *random, |_, _| false), Choice::Verified(_))
            })
            .count();
        assert!((60..140).contains(&compared), "{compared}");
    }

    #[test]
    fn an_untrusted_result_that_agrees_and_passes_our_checks_is_verified_and_used() {
        let (same, other) = (hashes([0, 0]), hashes([0, 242]));
        let results = [
            returned(Pool::Trusted, &same, Decision::Accepted),
            returned(Pool::Untrusted, &other, Decision::Accepted),
            returned(Pool::Untrusted, &same, Decision::Accepted),
        ];
        let settled = settle(&results, 0);
        assert_eq!((settled.used, settled.verified), (Some(2), Some(2)));
        assert_eq!(settled.suspended, [(1, Fault::Hash)], "its second rendition was looked at too");
        assert_eq!(settled.checks.len(), 4);
    }

    #[test]
    fn without_a_hash_only_its_owner_fails() {
        let (same, none, broken) = (hashes([0]), [Err(HashError::Empty)], []);
        let results = [
            returned(Pool::Untrusted, &none, Decision::Accepted),
            returned(Pool::Untrusted, &broken, Decision::Accepted),
            returned(Pool::Trusted, &same, Decision::Accepted),
        ];
        let settled = settle(&results, 0);
        assert_eq!((settled.used, settled.verified), (Some(2), None));
        assert_eq!(settled.suspended, [(0, Fault::Hash), (1, Fault::Hash)], "both of them");
        assert_eq!(settled.suspended[0].1.fverror_type(), "1");

        let results = [
            returned(Pool::Trusted, &none, Decision::Accepted),
            returned(Pool::Untrusted, &same, Decision::Accepted),
        ];
        let settled = settle(&results, 0);
        assert_eq!(settled.suspended, [], "the trusted one has none to compare with");
        assert_eq!((settled.used, settled.verified), (Some(0), None));
    }

    #[test]
    fn an_honest_hash_beside_other_pictures_buys_nothing() {
        let same = hashes([0]);
        let results = [
            returned(Pool::Trusted, &same, Decision::Accepted),
            returned(Pool::Untrusted, &same, Decision::Refused),
            returned(Pool::Untrusted, &same, Decision::Soft),
        ];
        let settled = settle(&results, 0);
        assert_eq!((settled.used, settled.verified), (Some(0), None));
        assert_eq!(settled.suspended, [(1, Fault::Video)]);
        assert_eq!(Fault::Video.fverror_type(), "2");
    }

    #[test]
    fn a_trusted_result_that_is_refused_is_no_measure_of_others() {
        let (wrong, right) = (hashes([242]), hashes([0]));
        let results = [
            returned(Pool::Trusted, &wrong, Decision::Refused),
            returned(Pool::Untrusted, &right, Decision::Accepted),
        ];
        let settled = settle(&results, 0);
        assert_eq!((settled.used, settled.verified), (Some(1), None));
        assert_eq!(settled.suspended, [(0, Fault::Video)]);
        let results = [returned(Pool::Trusted, &wrong, Decision::Refused)];
        assert_eq!(settle(&results, 0).used, None);
    }

    fn decision() -> impl Strategy<Value = Decision> {
        prop::sample::select(vec![
            Decision::Accepted,
            Decision::Soft,
            Decision::Refused,
            Decision::NotJudged,
        ])
    }

    proptest! {
        #[test]
        fn what_is_used_was_never_refused(
            list in prop::collection::vec((any::<bool>(), 0_u8..3, decision()), 0..6),
        ) {
            let hashes = [hashes([0]).to_vec(), hashes([242]).to_vec(), vec![Err(HashError::Empty)]];
            let results: Vec<Returned<'_>> = list.iter().map(|(trusted, which, decision)| {
                let pool = if *trusted { Pool::Trusted } else { Pool::Untrusted };
                returned(pool, &hashes[usize::from(*which)], *decision)
            }).collect();
            let settled = settle(&results, 0);
            let all_refused = results.iter().all(|result| result.decision == Decision::Refused);
            prop_assert_eq!(settled.used.is_none(), all_refused);
            prop_assert!(settled.used.is_none_or(|used| results[used].decision != Decision::Refused));
            prop_assert!(settled.verified.is_none_or(|place| results[place].pool == Pool::Untrusted));
        }
    }
}
