//! A namespace of one's own: tags, attributes and predicate keys that nobody else has to know.
//!
//! ```text
//! cargo run -p x-acme              # the sample files in data/
//! ```
//!
//! `x-acme` is whose it says: its owner registers the root `x-acme` at the JobTagRegistry, where anybody
//! may register an `x-` root that is free, and the tags below it (`tags.register: true` does both). A
//! gateway that does not know the namespace treats `x-acme/scan` as a tag like any other: grammar,
//! nonces and round books need no list of names.
#![forbid(unsafe_code)]

use std::error::Error;
use std::io::{self, Write};

use jiff::Timestamp;
use waymark_tagging::class::{Authoring, ClassFile, ClassSet};
use waymark_tagging::{Fact, Facts, Matcher, Registry, Tag, UnitPrice};

const REGISTRY: &str = include_str!("../data/registry.yaml");
const CLASSES: &str = include_str!("../data/classes.yaml");
const NODE: &str = include_str!("../data/node.yaml");

fn main() -> Result<(), Box<dyn Error>> {
    show(&mut io::stdout().lock(), Timestamp::now())
}

fn show(out: &mut impl Write, now: Timestamp) -> Result<(), Box<dyn Error>> {
    let registry = Registry::builtin().extended(REGISTRY)?;
    let tag: Tag = "x-acme/scan".parse()?;
    let entry = registry.get(&tag).ok_or("the file defines it")?;
    writeln!(out, "{tag}: {}, paid by the {}", entry.title, entry.work_unit)?;
    writeln!(out, "  key on chain {}", tag.key())?;
    for key in registry.declared_keys() {
        writeln!(out, "  asks for {}: {}", key.key, key.description)?;
    }

    // One job: what may be published of it is what the namespace declares public.
    let job = [
        ("scan.sensor", Fact::Word("drone")),
        ("scan.area", Fact::Number(63)),
        ("scan.owner", Fact::Word("Ms Smith")),
    ];
    let public = registry.public_attributes(&tag, job);
    writeln!(out, "published of a job:")?;
    for (name, value) in public.iter() {
        writeln!(out, "  {name} = {value}")?;
    }

    // The class in the operator's YAML, and a node that wants its work.
    let rules = Authoring { registry: &registry, now, gateway: None };
    let file = ClassFile { label: "classes.yaml", text: CLASSES };
    let classes = ClassSet::from_yaml(&[file], &rules)?;
    let matcher = Matcher::new(classes.classes().iter().cloned());
    let node = matcher.candidate(&Facts::from_yaml("node.yaml", NODE)?);
    for class in matcher.of_tag(&tag) {
        let found = class.explain(&node, UnitPrice::of(4_000_000_000, 1));
        writeln!(out, "the sample node: {}; {}", found.decision.verdict, found.price)?;
        for gap in found.gaps() {
            writeln!(out, "  {gap}")?;
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn now() -> Timestamp {
        "2026-11-28T00:00:00Z".parse().unwrap()
    }

    #[test]
    fn the_sample_says_what_the_node_misses_and_keeps_the_owner_to_itself() {
        let mut out = Vec::new();
        show(&mut out, now()).unwrap();
        let text = String::from_utf8(out).unwrap();
        for says in [
            "x-acme/scan: Scan of a room, paid by the second\n",
            "asks for x_acme.points_per_s: ",
            "  scan.sensor = drone\n",
            "the sample node: fail; ",
            "needs x_acme.points_per_s >= 200000, declares 150000",
        ] {
            assert!(text.contains(says), "{says:?} is not in\n{text}");
        }
        assert!(!text.contains("Smith"), "{text}");
        assert!(!text.contains("needs hw.gpu"), "{text}");
    }

    #[test]
    fn without_the_namespace_its_keys_are_taken_on_trust() {
        let rules = Authoring { registry: Registry::builtin(), now: now(), gateway: None };
        let file = ClassFile { label: "classes.yaml", text: CLASSES };
        let set = ClassSet::from_yaml(&[file], &rules).unwrap();
        let notices: Vec<String> = set.notices().iter().map(ToString::to_string).collect();
        assert!(notices.iter().any(|notice| notice.contains("x_acme.model")), "{notices:?}");
    }
}
