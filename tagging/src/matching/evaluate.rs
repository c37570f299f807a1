//! One predicate and one orchestrator. Everything that decides goes through [`evaluate`].

use super::candidate::{Backed, Candidate};
use super::compiled::{Atom, CompiledPredicate, CompiledTest};
use super::explain::Cause;
use crate::predicate::Verdict;

/// The answer, why, and the position of the statement that gave it or came closest.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Finding {
    pub(super) verdict: Verdict,
    pub(super) cause: Cause,
    pub(super) statement: Option<usize>,
}

#[inline]
pub(super) fn evaluate(
    predicate: &CompiledPredicate,
    candidate: &Candidate,
    known: bool,
) -> Finding {
    let (first, statements) = if known { candidate.about(predicate.key) } else { (0, &[][..]) };
    let mut best: Option<(usize, &Backed)> = None;
    let mut closest: Option<(usize, &Backed)> = None;
    for (index, backed) in statements.iter().enumerate() {
        let position = first.saturating_add(index);
        let slot = if suffices(predicate, backed) { &mut best } else { &mut closest };
        if slot.is_none_or(|(_, other)| strength(backed) > strength(other)) {
            *slot = Some((position, backed));
        }
    }
    if let Some((position, backed)) = best {
        let (verdict, cause) = compare(&predicate.test, backed);
        return Finding { verdict, cause, statement: Some(position) };
    }
    if let Some((position, backed)) = closest {
        let cause = shortfall(predicate, backed);
        return Finding { verdict: Verdict::Unknown, cause, statement: Some(position) };
    }
    // Nothing at all is stated.
    let (verdict, cause) = match predicate.test {
        CompiledTest::Absent => (Verdict::Pass, Cause::Met),
        CompiledTest::Exists => (Verdict::Fail, Cause::Nothing),
        _ => (Verdict::Unknown, Cause::Nothing),
    };
    Finding { verdict, cause, statement: None }
}

fn suffices(predicate: &CompiledPredicate, backed: &Backed) -> bool {
    backed.evidence >= predicate.evidence
        && backed.samples >= predicate.min_samples
        && backed.window <= predicate.window
}

fn strength(backed: &Backed) -> (crate::predicate::Evidence, u64, u64) {
    (backed.evidence, backed.window, backed.samples)
}

fn shortfall(predicate: &CompiledPredicate, backed: &Backed) -> Cause {
    if backed.evidence < predicate.evidence {
        Cause::WeakEvidence
    } else if backed.window > predicate.window {
        Cause::WideWindow
    } else {
        Cause::FewSamples
    }
}

fn compare(test: &CompiledTest, backed: &Backed) -> (Verdict, Cause) {
    let holds = match test {
        CompiledTest::Exists => Some(!backed.atoms.is_empty()),
        CompiledTest::Absent => Some(backed.atoms.is_empty()),
        CompiledTest::In(wanted) => listed(wanted, &backed.atoms),
        CompiledTest::NotIn(unwanted) => listed(unwanted, &backed.atoms).map(|found| !found),
        CompiledTest::AtLeast(bound) => numbers(&backed.atoms, |number| number >= *bound),
        CompiledTest::AtMost(bound) => numbers(&backed.atoms, |number| number <= *bound),
        CompiledTest::Version(_) if backed.versions.is_empty() => {
            backed.atoms.is_empty().then_some(false)
        }
        CompiledTest::Version(required) => {
            Some(backed.versions.iter().any(|version| required.matches(version)))
        }
    };
    match holds {
        Some(true) => (Verdict::Pass, Cause::Met),
        Some(false) => (Verdict::Fail, Cause::Unmet),
        None => (Verdict::Unknown, Cause::WrongKind),
    }
}

/// Whether one of the atoms is listed; `None` when none of them is of a kind that is listed.
fn listed(list: &[Atom], atoms: &[Atom]) -> Option<bool> {
    if atoms.iter().any(|atom| list.contains(atom)) {
        return Some(true);
    }
    let comparable = |atom: &Atom| list.iter().any(|one| one.same_kind(atom));
    (atoms.is_empty() || atoms.iter().any(comparable)).then_some(false)
}

/// Whether one of the numbers fits; `None` when there are values and none is a number.
fn numbers(atoms: &[Atom], fits: impl Fn(crate::value::Number) -> bool) -> Option<bool> {
    let mut found = atoms.is_empty().then_some(false);
    for atom in atoms {
        if let Atom::Number(number) = atom {
            if fits(*number) {
                return Some(true);
            }
            found = Some(false);
        }
    }
    found
}
