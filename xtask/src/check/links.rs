//! Every link between the documents leads somewhere.

use std::path::Path;

use anyhow::Context as _;

use crate::workspace::shown;

/// Where documents are; folders are not descended into, so that each is named.
const PLACES: &[&str] = &[".", "contracts", "docs", "docs/adr"];

/// Every relative link of every document whose file is missing.
pub(super) fn check(root: &Path) -> anyhow::Result<Vec<String>> {
    let mut findings = Vec::new();
    for place in PLACES {
        let dir = root.join(place);
        let entries = std::fs::read_dir(&dir).with_context(|| shown(&dir))?;
        for entry in entries {
            let path = entry?.path();
            if path.extension().is_none_or(|e| e != "md") {
                continue;
            }
            let text = std::fs::read_to_string(&path).with_context(|| shown(&path))?;
            let missing = links(&text).filter(|link| !dir.join(link).exists());
            findings.extend(missing.map(|link| format!("{}: {link} is not there", shown(&path))));
        }
    }
    Ok(findings)
}

/// Targets of a document's links to files, without the place within them.
fn links(text: &str) -> impl Iterator<Item = &str> {
    let targets = text.split("](").skip(1).filter_map(|rest| rest.split_once(')'));
    let files = targets.filter_map(|(target, _)| target.split('#').next());
    files.filter(|file| !file.is_empty() && !file.contains("://"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn links_to_files_are_found_and_others_are_left_out() {
        let text = "[a](one.md), [b](two/) and [c](three.md#part); [d](https://x.org/y) [e](#here)";
        assert_eq!(links(text).collect::<Vec<_>>(), ["one.md", "two/", "three.md"]);
    }
}
