//! What must not stand in the lock file of the contracts' npm packages.

/// Everything that is not as it should be.
pub(super) fn check(lock: &str) -> anyhow::Result<Vec<String>> {
    let lock: serde_json::Value = serde_json::from_str(lock)?;
    let packages = lock["packages"].as_object().into_iter().flatten();
    let mut findings = Vec::new();
    for (name, package) in packages {
        if package.get("resolved").is_some() {
            findings.push(format!("{name} names the registry it came from: remove `resolved`"));
        }
        // An optional package whose engine is too old is left out without a word.
        let program = name.contains("/anvil-") || name.contains("/forge-");
        if program && package.get("engines").is_some() {
            findings
                .push(format!("{name} asks for a Node.js that it does not use: remove `engines`"));
        }
    }
    Ok(findings)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn addresses_of_registries_and_needless_engines_are_found() {
        let lock = r#"{ "packages": {
            "": { "name": "x" },
            "node_modules/@foundry-rs/anvil-linux-amd64": { "engines": { "node": ">=20" } },
            "node_modules/solc": { "engines": { "node": ">=10" }, "resolved": "somewhere" }
        } }"#;
        let found = check(lock).unwrap();
        assert_eq!(found.len(), 2, "{found:?}");
        assert!(found[0].contains("engines") && found[1].contains("resolved"), "{found:?}");
    }

    #[test]
    fn a_clean_lock_file_has_no_findings() {
        assert_eq!(check(r#"{ "packages": { "node_modules/solc": {} } }"#).unwrap(), [""; 0]);
    }
}
