//! The one matcher: whether an orchestrator qualifies for a class, and what it is missing if not.
//!
//! ```text
//!   classes ──► Matcher: keys and words as numbers ──────────┐
//!   facts   ──► Candidate: one look-up per key               ▼
//!                                           evaluate(predicate, candidate)
//!                                             │                        │
//!                              ClassRef::decide                ClassRef::explain
//!                              stops at the first failure      every check, with its distance
//! ```
//!
//! Selection asks [`ClassRef::decide`], reports ask [`ClassRef::explain`]. Both run the same
//! evaluation and fold its answers alike, so a report cannot disagree with what happens.
//!
//! **Which statement counts.** Of everything known about a key, statements of weaker evidence than
//! the predicate asks for are left aside. Where a measurement is asked for (`evidence: observed`),
//! so are those with fewer samples than `min_samples`, and those that reach further back than
//! `window`: what happened before the window says nothing about it, while everything in a shorter
//! one happened within it. Of the rest the strongest evidence decides, then the widest window, then
//! the most samples: an observation contradicts a declaration. If nothing is left, the predicate is
//! unknown, and its `unknown` rule says what follows. So is a comparison with a value of another
//! kind, such as text where a number is compared.
//!
//! `exists` fails and `absent` passes where nothing at all is stated: that is what they ask.

use std::collections::HashMap;
use std::sync::Arc;

use crate::Tag;
use crate::class::{JobClass, PriceVerdict, UnitPrice};
use crate::facts::Facts;
use crate::predicate::{Admission, Verdict};

mod candidate;
mod compiled;
mod evaluate;
mod explain;
#[cfg(test)]
mod tests;

pub use candidate::Candidate;
use compiled::{CompiledClass, Symbols};
use evaluate::evaluate;
pub use explain::{Cause, Check, ClassMatch, PriceCheck, Score};

/// Classes, ready to be compared with many orchestrators.
#[derive(Debug, Clone)]
pub struct Matcher {
    symbols: Arc<Symbols>,
    classes: Vec<CompiledClass>,
    by_tag: HashMap<Tag, Vec<usize>>,
}

/// One class of a matcher.
#[derive(Debug, Clone, Copy)]
pub struct ClassRef<'a> {
    symbols: &'a Arc<Symbols>,
    compiled: &'a CompiledClass,
}

/// What follows for one orchestrator and one class.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Decision {
    /// Whether the requirements hold and the price is not above the ceiling.
    pub verdict: Verdict,
    /// Whether it gets work.
    pub admission: Admission,
    /// How the offer compares with the ceiling.
    pub price: PriceVerdict,
}

impl Matcher {
    /// Prepares classes. Their order is kept.
    pub fn new(classes: impl IntoIterator<Item = Arc<JobClass>>) -> Self {
        let mut symbols = Symbols::default();
        let classes: Vec<_> =
            classes.into_iter().map(|class| CompiledClass::new(class, &mut symbols)).collect();
        let mut by_tag: HashMap<Tag, Vec<usize>> = HashMap::new();
        for (index, class) in classes.iter().enumerate() {
            by_tag.entry(class.class.tag.clone()).or_default().push(index);
        }
        Self { symbols: Arc::new(symbols), classes, by_tag }
    }

    /// Prepares what is known of one orchestrator. Prepare it again when either side changes.
    pub fn candidate(&self, facts: &Facts) -> Candidate {
        Candidate::new(&self.symbols, facts)
    }

    /// Every class, in the order they were given.
    pub fn classes(&self) -> impl ExactSizeIterator<Item = ClassRef<'_>> {
        self.classes.iter().map(|compiled| ClassRef { symbols: &self.symbols, compiled })
    }

    /// The classes of a tag: one for each gateway that has it.
    pub fn of_tag<'a>(&'a self, tag: &Tag) -> impl Iterator<Item = ClassRef<'a>> {
        let indices = self.by_tag.get(tag).map_or(&[][..], Vec::as_slice);
        indices.iter().filter_map(|index| {
            let compiled = self.classes.get(*index)?;
            Some(ClassRef { symbols: &self.symbols, compiled })
        })
    }
}

impl<'a> ClassRef<'a> {
    /// The class.
    pub fn class(&self) -> &'a Arc<JobClass> {
        &self.compiled.class
    }

    /// Whether the orchestrator gets work. Of a candidate that another matcher prepared nothing is
    /// known.
    pub fn decide(&self, candidate: &Candidate, offer: Option<&UnitPrice>) -> Decision {
        let mut fold = Fold::new(self.price(offer));
        let known = candidate.is_of(self.symbols);
        for predicate in &self.compiled.requires {
            if fold.is_settled() {
                break;
            }
            let verdict = evaluate(&predicate.compiled, candidate, known).verdict;
            fold.add(verdict, predicate.unknown);
        }
        fold.decision()
    }

    /// The same with every check, preference and distance.
    pub fn explain(&self, candidate: &'a Candidate, offer: Option<UnitPrice>) -> ClassMatch<'a> {
        let mut fold = Fold::new(self.price(offer.as_ref()));
        let class = &*self.compiled.class;
        let known = candidate.is_of(self.symbols);
        let mut checks = Vec::with_capacity(self.compiled.requires.len());
        for (predicate, compiled) in class.requires.iter().zip(&self.compiled.requires) {
            let finding = evaluate(&compiled.compiled, candidate, known);
            fold.add(finding.verdict, compiled.unknown);
            checks.push(Check::new(predicate, finding, candidate));
        }
        let mut preferences = Vec::with_capacity(self.compiled.prefers.len());
        let mut score = Score::default();
        for (preference, compiled) in class.preferences().iter().zip(&self.compiled.prefers) {
            let finding = evaluate(&compiled.compiled, candidate, known);
            score.add(preference.weight, finding.verdict);
            preferences.push(Check::new(&preference.when, finding, candidate));
        }
        let decision = fold.decision();
        let ceiling = class.price.as_ref().map(|price| price.most);
        let price = PriceCheck { verdict: decision.price, ceiling, offered: offer };
        ClassMatch { class, decision, checks, preferences, score, price }
    }

    /// How much of what the class prefers holds, without the reasons.
    pub fn score(&self, candidate: &Candidate) -> Score {
        let mut score = Score::default();
        let known = candidate.is_of(self.symbols);
        let preferences = self.compiled.class.preferences().iter();
        for (preference, compiled) in preferences.zip(&self.compiled.prefers) {
            score.add(preference.weight, evaluate(&compiled.compiled, candidate, known).verdict);
        }
        score
    }

    fn price(&self, offer: Option<&UnitPrice>) -> PriceVerdict {
        match (&self.compiled.class.price, offer) {
            (None, _) => PriceVerdict::Open,
            (Some(_), None) => PriceVerdict::Unknown,
            (Some(ceiling), Some(offer)) if ceiling.admits(offer) => PriceVerdict::Within,
            (Some(_), Some(_)) => PriceVerdict::Above,
        }
    }
}

/// The answers so far. An offer that is not known decides nothing: it is asked for before work is
/// given, and compared again then.
struct Fold {
    decision: Decision,
}

impl Fold {
    fn new(price: PriceVerdict) -> Self {
        let mut fold = Self {
            decision: Decision { verdict: Verdict::Pass, admission: Admission::Yes, price },
        };
        if price == PriceVerdict::Above {
            fold.add(Verdict::Fail, crate::predicate::UnknownRule::Deny);
        }
        fold
    }

    fn add(&mut self, verdict: Verdict, unknown: crate::predicate::UnknownRule) {
        let decision = &mut self.decision;
        decision.verdict = decision.verdict.and(verdict);
        decision.admission = decision.admission.and(Admission::of(verdict, unknown));
    }

    /// A failure cannot be mended by what follows.
    fn is_settled(&self) -> bool {
        self.decision.verdict == Verdict::Fail
    }

    fn decision(&self) -> Decision {
        self.decision
    }
}
