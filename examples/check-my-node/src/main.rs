//! Does my node qualify for what a gateway buys, and what does it miss?
//!
//! ```text
//! curl -O https://gateway.example/.well-known/livepeer-gateway.json
//! cargo run -p check-my-node -- livepeer-gateway.json node.yaml 1000
//! ```
//!
//! The third argument is the node's price in wei for a work unit. Exit status 0 when the node gets
//! work of every class, 1 when it does not, 2 when something cannot be read or must not be believed.
//! The gateway's selection runs the same matcher, so it decides as this program says.
#![forbid(unsafe_code)]

use std::error::Error;
use std::io::{self, Write};
use std::process::ExitCode;
use std::{env, fs};

use jiff::Timestamp;
use waymark_tagging::document::{Expectation, GatewayDocument, SignedBy};
use waymark_tagging::{Admission, Facts, Matcher, UnitPrice};

fn main() -> io::Result<ExitCode> {
    let mut out = io::stdout().lock();
    let asked: Vec<String> = env::args().skip(1).collect();
    let [document, node, rest @ ..] = asked.as_slice() else {
        writeln!(io::stderr(), "usage: check-my-node DOCUMENT FACTS [WEI]")?;
        return Ok(ExitCode::from(2));
    };
    let price = rest.first().map(String::as_str);
    match read(document, node)
        .and_then(|(document, facts)| check(&mut out, &document, &facts, price, Timestamp::now()))
    {
        Ok(true) => Ok(ExitCode::SUCCESS),
        Ok(false) => Ok(ExitCode::from(1)),
        Err(error) => {
            writeln!(io::stderr(), "{error}")?;
            Ok(ExitCode::from(2))
        }
    }
}

fn read(document: &str, node: &str) -> Result<(Vec<u8>, String), Box<dyn Error>> {
    Ok((fs::read(document)?, fs::read_to_string(node)?))
}

/// Prints one line for each class and one for each gap; true if the node gets work of every class.
fn check(
    out: &mut impl Write,
    document: &[u8],
    facts: &str,
    price: Option<&str>,
    now: Timestamp,
) -> Result<bool, Box<dyn Error>> {
    let received = GatewayDocument::read("document", document)?;
    // Whoever knows the gateway's address says so here: `gateway: Some(address)`.
    let signed = received.verify(&Expectation::at(now))?;
    let document = received.document;
    match signed {
        SignedBy::Nobody => writeln!(out, "{}, signed by nobody", document.name)?,
        SignedBy::Gateway(address) => writeln!(out, "{}, signed by {address:#x}", document.name)?,
        other => writeln!(out, "{}, signed: {other:?}", document.name)?,
    }
    let offer = price.map(str::parse::<u64>).transpose()?.and_then(|wei| UnitPrice::of(wei, 1));
    let facts = Facts::from_yaml("node", facts)?;
    let matcher = Matcher::new(document.classes.into_iter().filter_map(|entry| entry.class));
    let node = matcher.candidate(&facts);
    let mut all = true;
    for class in matcher.classes() {
        let found = class.explain(&node, offer);
        let work = match found.decision.admission {
            Admission::Yes => "gets work",
            Admission::Probe => "gets a small share until more is known",
            Admission::No => "gets no work",
        };
        all &= found.decision.admission != Admission::No;
        writeln!(out, "{}: {}, {work}; {}", found.class.tag, found.decision.verdict, found.price)?;
        for gap in found.gaps() {
            writeln!(out, "  {gap}")?;
        }
    }
    Ok(all)
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use waymark_tagging::Registry;
    use waymark_tagging::canonical::{SigningDomain, canonical_json};
    use waymark_tagging::class::{Authoring, ClassFile, ClassSet};
    use waymark_tagging::document::{ClassEntry, Head, Policies, Urls};

    use super::*;

    const CLASSES: &str = include_str!("../data/classes.yaml");
    const NODE: &str = include_str!("../data/node.yaml");

    fn now() -> Timestamp {
        "2026-11-27T12:00:00Z".parse().unwrap()
    }

    /// What a gateway without a key publishes of the sample classes.
    fn published() -> Vec<u8> {
        let rules = Authoring { registry: Registry::builtin(), now: now(), gateway: None };
        let file = ClassFile { label: "classes.yaml", text: CLASSES };
        let set = ClassSet::from_yaml(&[file], &rules).unwrap();
        let entry = |class: &Arc<_>| ClassEntry::inline(Arc::clone(class)).unwrap();
        let document = GatewayDocument {
            head: Head {
                gateway: "0x0000000000000000000000000000000000000000".parse().unwrap(),
                seq: 2,
                issued_at: "2026-11-27T00:00:00Z".parse().unwrap(),
                expires_at: "2026-11-28T00:00:00Z".parse().unwrap(),
                domain: SigningDomain::OFF_CHAIN,
                signer: None,
                signature: None,
            },
            name: "Example gateway".to_owned(),
            contact: None,
            urls: Urls::default(),
            policies: Policies::default(),
            classes: set.classes().iter().map(entry).collect(),
        };
        canonical_json(&document).unwrap()
    }

    #[test]
    fn the_sample_node_reads_what_it_misses() {
        let mut out = Vec::new();
        let all = check(&mut out, &published(), NODE, Some("1000"), now()).unwrap();
        assert!(!all);
        let expected = "\
Example gateway, signed by nobody
transcode/live/abr: pass, gets work; pays up to 1200 wei, asks 1000 wei
transcode/vod/hevc: fail, gets no work; pays up to 900 wei, asks 1000 wei
  needs hw.gpu.memory_mib >= 12288, declares 8192
  needs observed slo.total_s.p95 <= 60 over 7d with 50 samples, nothing was observed
";
        assert_eq!(String::from_utf8(out).unwrap(), expected);
    }

    #[test]
    fn an_expired_document_is_not_believed() {
        let late = "2026-11-28T00:00:00Z".parse().unwrap();
        let error = check(&mut Vec::new(), &published(), NODE, None, late).unwrap_err();
        assert!(error.to_string().contains("expired"), "{error}");
    }
}
