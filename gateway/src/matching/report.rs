//! What is told: as text, as JSON, and what changed since the last look.

use std::fmt::Write as _;

use jiff::Timestamp;
use serde_json::json;
use waymark_tagging::{
    Decision, Matcher, UnitPrice, Verdict,
    document::SignedBy,
    predicate::{Admission, UnknownRule},
};

use super::{Output, exposition, orchestrator::Orchestrator, requirements::Loaded};

/// One look at both sides.
#[derive(Debug)]
pub(super) struct Report {
    at: Timestamp,
    orchestrator: String,
    source: String,
    /// Whose word the requirements are, a line for each document.
    provenance: Vec<String>,
    documents: Vec<serde_json::Value>,
    notices: Vec<String>,
    pub(super) outcomes: Vec<Outcome>,
}

/// One class.
#[derive(Debug)]
pub(super) struct Outcome {
    pub(super) tag: String,
    pub(super) gateway: String,
    rev: u32,
    pub(super) decision: Decision,
    /// `pays up to …, asks …`.
    price: String,
    /// `preferences 80 of 80`, where there are any.
    score: Option<String>,
    /// What is missing, and what follows where it is unknown.
    gaps: Vec<String>,
    json: serde_json::Value,
}

impl Report {
    pub(super) fn new(
        orchestrator: &Orchestrator,
        requirements: Loaded,
        notices: Vec<String>,
        price: Option<UnitPrice>,
        at: Timestamp,
    ) -> Self {
        let matcher = Matcher::new(requirements.classes);
        let outcomes = matcher.classes().map(|class| {
            let facts = orchestrator.facts(class.class());
            let candidate = matcher.candidate(&facts);
            let offer = price.or_else(|| orchestrator.price(class.class()));
            Outcome::new(&class.explain(&candidate, offer))
        });
        let mut provenance = Vec::new();
        let mut documents = Vec::new();
        for document in &requirements.documents {
            let signed = by(document.signed);
            let (gateway, seq, until) =
                (format!("{:#x}", document.gateway), document.seq, &document.expires_at);
            provenance.push(format!("gateway {gateway}, seq {seq}, {signed}, valid until {until}"));
            documents.push(json!({
                "gateway": gateway, "seq": seq, "signed": signed, "expires_at": until,
            }));
        }
        Self {
            at,
            orchestrator: orchestrator.label().to_owned(),
            source: requirements.source,
            provenance,
            documents,
            notices,
            outcomes: outcomes.collect(),
        }
    }

    /// Everything.
    pub(super) fn written(&self, output: Output) -> String {
        match output {
            Output::Text => self.text(),
            Output::Json => self.json(&self.outcomes.iter().collect::<Vec<_>>()),
            Output::Prometheus | Output::Serve(_) => exposition::text(self),
        }
    }

    /// What is different from an earlier look; nothing if nothing is.
    pub(super) fn changes(&self, before: &Self, output: Output) -> String {
        let changed: Vec<_> = self
            .outcomes
            .iter()
            .filter(|now| before.of(now).is_none_or(|was| was.differs(now)))
            .collect();
        let gone: Vec<_> = before.outcomes.iter().filter(|was| self.of(was).is_none()).collect();
        if changed.is_empty() && gone.is_empty() {
            return String::new();
        }
        match output {
            Output::Prometheus | Output::Serve(_) => exposition::text(self),
            Output::Json => self.json(&changed),
            Output::Text => {
                let mut text = String::new();
                for outcome in changed {
                    let was = before.of(outcome).map_or("new", |was| was.decision.verdict.as_str());
                    let now = outcome.decision.verdict;
                    put(&mut text, &format!("{} {} {was} -> {now}", self.at, outcome.tag));
                    outcome.details(&mut text);
                }
                for outcome in gone {
                    put(&mut text, &format!("{} {} is no longer bought", self.at, outcome.tag));
                }
                text
            }
        }
    }

    fn of(&self, other: &Outcome) -> Option<&Outcome> {
        self.outcomes.iter().find(|one| one.tag == other.tag && one.gateway == other.gateway)
    }

    fn text(&self) -> String {
        let mut text = String::new();
        put(&mut text, &format!("{} against {}", self.orchestrator, self.source));
        for line in &self.provenance {
            put(&mut text, line);
        }
        for notice in &self.notices {
            put(&mut text, &format!("note: {notice}"));
        }
        for outcome in &self.outcomes {
            text.push('\n');
            let (verdict, tag, rev) =
                (outcome.decision.verdict.as_str(), &outcome.tag, outcome.rev);
            let follows = match outcome.decision.admission {
                Admission::Yes => "gets work",
                Admission::Probe => "gets a small share of the work until enough is known",
                Admission::No => "gets no work",
            };
            put(&mut text, &format!("{:<7}  {tag} (rev {rev}): {follows}", verdict.to_uppercase()));
            outcome.details(&mut text);
        }
        let count =
            |verdict| self.outcomes.iter().filter(|o| o.decision.verdict == verdict).count();
        let (pass, fail) = (count(Verdict::Pass), count(Verdict::Fail));
        let all = self.outcomes.len();
        let unknown = count(Verdict::Unknown);
        text.push('\n');
        put(&mut text, &format!("{all} classes: {pass} pass, {fail} fail, {unknown} unknown"));
        text
    }

    fn json(&self, outcomes: &[&Outcome]) -> String {
        let count =
            |verdict| self.outcomes.iter().filter(|o| o.decision.verdict == verdict).count();
        let value = json!({
            "at": self.at.to_string(),
            "orchestrator": self.orchestrator,
            "requirements": self.source,
            "documents": self.documents,
            "notices": self.notices,
            "pass": count(Verdict::Pass),
            "fail": count(Verdict::Fail),
            "unknown": count(Verdict::Unknown),
            "classes": outcomes.iter().map(|outcome| &outcome.json).collect::<Vec<_>>(),
        });
        format!("{value}\n")
    }
}

impl Outcome {
    fn new(found: &waymark_tagging::ClassMatch<'_>) -> Self {
        let gaps = found.gaps().map(|gap| {
            let rule = match (gap.verdict, gap.predicate.unknown()) {
                (Verdict::Unknown, UnknownRule::Allow) => " (unknown is allowed)",
                (Verdict::Unknown, UnknownRule::Probe) => " (unknown is probed)",
                (Verdict::Unknown, UnknownRule::Deny) => " (unknown is denied)",
                (Verdict::Pass | Verdict::Fail, _) => "",
            };
            format!("{:<7}  {gap}{rule}", gap.verdict.as_str())
        });
        let score = found.score;
        Self {
            tag: found.class.tag.to_string(),
            gateway: format!("{:#x}", found.class.gateway),
            rev: found.class.rev,
            decision: found.decision,
            price: format!("price per {}: {}", found.class.interface.work_unit, found.price),
            score: (score.possible > 0)
                .then(|| format!("preferences {} of {}", score.earned, score.possible)),
            gaps: gaps.collect(),
            json: serde_json::to_value(found).unwrap_or_default(),
        }
    }

    fn differs(&self, other: &Self) -> bool {
        self.json != other.json
    }

    fn details(&self, text: &mut String) {
        for gap in &self.gaps {
            put(text, &format!("         {gap}"));
        }
        if let Some(score) = &self.score {
            put(text, &format!("         {score}"));
        }
        put(text, &format!("         {}", self.price));
    }
}

/// What is told of a look that could not be made.
pub(super) fn missed(at: Timestamp, why: &str, output: Output) -> String {
    match output {
        Output::Text => format!("{at} not looked at: {why}\n"),
        Output::Json => format!("{}\n", json!({"at": at.to_string(), "error": why})),
        Output::Prometheus | Output::Serve(_) => String::new(),
    }
}

fn by(signed: SignedBy) -> String {
    match signed {
        SignedBy::Gateway(_) => "signed by the gateway".to_owned(),
        SignedBy::DataKey(key) => format!("signed by its data key {key:#x}"),
        SignedBy::UnconfirmedKey(key) => {
            format!("signed by {key:#x}, a key that only the document itself names")
        }
        SignedBy::Nobody => "not signed: the gateway has no address".to_owned(),
    }
}

fn put(text: &mut String, line: &str) {
    // Writing to a String does not fail.
    writeln!(text, "{line}").ok();
}
