//! States, and what moves an orchestrator from one to another.

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use crate::sampling::Rate;

/// How far an orchestrator is trusted for some kind of work. Better ones come first.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum State {
    /// Enough clean audits.
    Trusted,
    /// Some, or too few since it was out.
    Probation,
    /// Hardly seen.
    New,
    /// A soft failure is not outweighed yet.
    Suspected,
    /// Gets no work.
    Out,
}

impl State {
    /// All of them.
    pub const ALL: [Self; 5] =
        [Self::Trusted, Self::Probation, Self::New, Self::Suspected, Self::Out];

    /// The word used in records and metrics.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Trusted => "trusted",
            Self::Probation => "probation",
            Self::New => "new",
            Self::Suspected => "suspected",
            Self::Out => "out",
        }
    }

    /// Whether an answer waits for the verdict of an audit, where somebody else could be asked.
    pub const fn waits(self) -> bool {
        !matches!(self, Self::Trusted)
    }
}

/// What one audit, or one fast check, found.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Sign {
    /// A full audit without anything to say.
    Clean,
    /// A full audit within all bounds, but from 0.9 of one.
    Near,
    /// A soft failure that nothing cleared; `confirmed` by an independent second method.
    Soft {
        /// Whether the comparison with a transcode of our own agrees.
        confirmed: bool,
    },
    /// A fact.
    Hard,
}

/// What a failure may lead to, by the policy of the job's class.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Consequence {
    /// Closer looks.
    Watch,
    /// The state `out`.
    Exclude,
}

/// One thing found.
#[derive(Clone, Copy, Debug)]
pub struct Finding<'a> {
    /// What it is.
    pub sign: Sign,
    /// What it may lead to.
    pub consequence: Consequence,
    /// What was seen, for people: the check and its value. At most 200 characters are kept.
    pub why: &'a str,
}

impl Finding<'static> {
    /// A clean audit.
    pub const CLEAN: Self = Self { sign: Sign::Clean, consequence: Consequence::Exclude, why: "" };
}

/// How somebody stands for some kind of work.
#[derive(Clone, Debug, PartialEq)]
pub struct Standing {
    /// The state.
    pub state: State,
    /// Trusted on long experience.
    pub proven: bool,
    /// Chance of a full audit of a result.
    pub rate: Rate,
    /// Until when it is out; `None` while it is not, or for good.
    pub until: Option<Timestamp>,
    /// Why, for people.
    pub why: String,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_are_the_same_everywhere() {
        for state in State::ALL {
            let json = serde_json::to_string(&state).unwrap();
            assert_eq!(json, format!("\"{}\"", state.as_str()));
        }
    }
}
