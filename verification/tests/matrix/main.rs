//! The matrix: every attack and every honest encoder on clips that no bound was chosen with, through every tier.

#![allow(clippy::unwrap_used, reason = "a test that cannot go on should stop where it is")]
#![allow(clippy::print_stdout, reason = "figures, for whoever runs it")]

#[path = "../it/corpus.rs"]
#[expect(dead_code, reason = "the other test binary uses the rest")]
mod corpus;
mod judge;
mod picture;
mod recorded;
mod report;
mod study;

use std::sync::LazyLock;

use waymark_testkit::{
    attack::{Attack, Attack as A, Counts, Family, Tier},
    corpus::Half,
};

use study::{Case, study};

/// Why something could not be made or measured.
pub(crate) type Failed = Box<dyn std::error::Error + Send + Sync>;

/// Attacks that only our own encoding tells from a thrifty honest encoder: confirmed, of so many clips, when the matrix was
/// measured first.
const BESIDE_OURS: [(Attack, usize, usize); 4] =
    [(A::Starved, 15, 17), (A::Meagre, 12, 16), (A::Careless, 11, 15), (A::Grain, 16, 17)];

static UNSEEN: LazyLock<Vec<Case>> = LazyLock::new(|| study(Half::Unseen));

#[test]
fn honest_encoders_are_never_refused_and_hardly_doubted() {
    let honest: Vec<&Case> = UNSEEN.iter().filter(|case| case.honest().is_some()).collect();
    let refused: Vec<_> = honest.iter().filter(|case| case.refused()).collect();
    assert!(refused.is_empty(), "{refused:#?}");
    let facts: Vec<_> = honest.iter().filter(|case| case.packets.hard).collect();
    assert!(facts.is_empty(), "{facts:#?}");
    let normal: Vec<_> = honest.iter().filter(|case| !case.starved).collect();
    let alarms: Vec<_> = normal.iter().filter(|case| case.alarms()).collect();
    assert!(normal.len() > 300, "{} of {}", normal.len(), honest.len());
    println!("{} alarms on {} honest renditions that are not starved", alarms.len(), normal.len());
    // Half a percent would be one of them.
    assert!(alarms.is_empty(), "{} of {}: {alarms:#?}", alarms.len(), normal.len());
}

#[test]
fn no_honest_encoder_is_far_worse_than_our_own_whether_doubted_or_not() {
    let normal = || UNSEEN.iter().filter(|case| case.honest().is_some() && !case.starved);
    let worse: Vec<_> = normal().filter(|case| case.reference.hard).collect();
    assert!(worse.is_empty(), "{} of {}: {worse:#?}", worse.len(), normal().count());
}

#[test]
fn gross_attacks_are_caught_by_all_pictures_and_mostly_without_them() {
    let gross = || UNSEEN.iter().filter(|case| case.attack().map(A::family) == Some(Family::Gross));
    let of = gross().count();
    let full = gross().filter(|case| case.full.noticed()).count();
    let fast = gross().filter(|case| case.packets.noticed() || case.key.noticed()).count();
    println!("gross: {full} by all pictures, {fast} by the fast tier, of {of}");
    assert!(of > 200 && full * 100 >= of * 99, "{full} of {of}");
    assert!(fast * 100 >= of * 70, "{fast} of {of}");
}

#[test]
fn each_attack_is_noticed_by_the_tier_that_must() {
    let mut below = Vec::new();
    for attack in study::attacks() {
        let bound = Bound::of(attack);
        let cases = || UNSEEN.iter().filter(|case| case.attack() == Some(attack));
        let missed = || cases().filter(|case| !(bound.noticed_by)(case)).map(|case| case.clip);
        let of = cases().count();
        let noticed = of - missed().count();
        let name = attack.name();
        println!("{attack} {name}: {noticed} of {of}, at least {} of {}", bound.noticed, bound.of);
        if of == 0 || noticed * bound.of < bound.noticed * of {
            let missed = missed().collect::<Vec<_>>().join(", ");
            below.push(format!("{attack} {name}: {noticed} of {of}, missed on {missed}"));
        }
    }
    assert!(below.is_empty(), "{below:#?}");
}

#[test]
fn windows_show_what_large_pictures_lack() {
    let large = UNSEEN.iter().filter(|case| case.large);
    let of: Vec<_> =
        large.filter(|case| case.attack().is_some_and(|a| study::DETAIL.contains(&a))).collect();
    let missed: Vec<_> = of.iter().filter(|case| !case.full.noticed()).collect();
    println!("detail of large pictures: {} of {}", of.len() - missed.len(), of.len());
    assert!(missed.is_empty(), "{missed:#?}");
    assert!(of.len() >= 17, "{}", of.len());
}

/// How an attack must be noticed, and on how many of so many clips at least.
struct Bound {
    noticed_by: fn(&Case) -> bool,
    noticed: usize,
    of: usize,
}

impl Bound {
    fn of(attack: Attack) -> Self {
        let counts = attack.counts();
        let counted = |of: fn(&Counts) -> u32| {
            counts.map_or((1, 1), |counts| (number(of(&counts)), number(counts.clips)))
        };
        let (noticed_by, (noticed, of)): (fn(&Case) -> bool, _) = match attack.caught_by() {
            Tier::Packets | Tier::Protocol => {
                (|case| case.packets.hard, counted(|counts| counts.packets))
            }
            Tier::Key => (|case| case.key.noticed(), counted(|counts| counts.key)),
            Tier::Full => (|case| case.full.noticed(), counted(|counts| counts.full)),
            Tier::Quality => {
                let first = BESIDE_OURS.iter().find(|(of, ..)| *of == attack);
                (|case| case.reference.hard, first.map_or((1, 1), |(_, n, of)| (*n, *of)))
            }
            // What one result hardly shows: many are added up.
            Tier::Statistics => (|_| true, (1, 1)),
        };
        Self { noticed_by, noticed, of }
    }
}

fn number(n: u32) -> usize {
    usize::try_from(n).unwrap()
}
