//! What must stand in every crate's manifest: the workspace's lints and package fields, and no
//! version of its own.

/// Fields that come from the workspace.
const INHERITED: &[&str] = &["version", "edition", "rust-version", "license", "publish"];

/// Everything that is not as it should be.
pub(super) fn check(text: &str) -> Vec<String> {
    let mut findings = Vec::new();
    let mut section = "";
    let mut lints = false;
    let mut inherited = Vec::new();
    for line in text.lines().map(str::trim).filter(|l| !l.is_empty() && !l.starts_with('#')) {
        if let Some(name) = line.strip_prefix('[') {
            section = name.trim_matches(['[', ']']);
            if section.split('.').any(dependencies) && !dependencies(section) && !target(section) {
                findings.push(format!("[{section}] is a table of its own; write one line"));
            }
            continue;
        }
        let Some((key, value)) = line.split_once('=') else { continue };
        let (key, value) = (key.trim(), value.trim());
        match section {
            "lints" => lints |= key == "workspace" && value == "true",
            "package" => {
                inherited.extend(key.strip_suffix(".workspace").filter(|_| value == "true"));
            }
            s if dependencies(s) || target(s) => {
                let from_workspace =
                    key.ends_with(".workspace") || value.contains("workspace = true");
                if !from_workspace {
                    findings
                        .push(format!("the version of {key} belongs in [workspace.dependencies]"));
                }
            }
            _ => {}
        }
    }
    if !lints {
        findings.push("does not take the workspace's lints ([lints] workspace = true)".to_owned());
    }
    for field in INHERITED.iter().filter(|f| !inherited.contains(f)) {
        findings
            .push(format!("{field} does not come from the workspace ({field}.workspace = true)"));
    }
    findings
}

fn dependencies(section: &str) -> bool {
    matches!(section, "dependencies" | "dev-dependencies" | "build-dependencies")
}

/// `target.'cfg(unix)'.dependencies`
fn target(section: &str) -> bool {
    section.starts_with("target.") && section.rsplit('.').next().is_some_and(dependencies)
}

#[cfg(test)]
mod tests {
    use super::*;

    const GOOD: &str = r#"
[package]
name = "x"
version.workspace = true
edition.workspace = true
rust-version.workspace = true
license.workspace = true
publish.workspace = true

[lints]
workspace = true

[dependencies]
bytes.workspace = true # bytes
hyper = { workspace = true, features = ["client"] }
"#;

    #[test]
    fn a_manifest_that_takes_everything_from_the_workspace_is_fine() {
        assert_eq!(check(GOOD), [""; 0]);
    }

    #[test]
    fn a_version_of_its_own_is_found_in_every_kind_of_dependency() {
        let text = format!(
            "{GOOD}\n[dev-dependencies]\na = \"1\"\n[target.'cfg(unix)'.dependencies]\nb = {{ version = \"1\" }}\n"
        );
        let found = check(&text);
        assert_eq!(
            found,
            [
                "the version of a belongs in [workspace.dependencies]",
                "the version of b belongs in [workspace.dependencies]",
            ]
        );
    }

    #[test]
    fn lints_and_fields_are_not_forgotten() {
        let found = check("[package]\nname = \"x\"\nversion = \"1.0.0\"\n");
        assert_eq!(found.len(), 1 + INHERITED.len(), "{found:?}");
    }
}
