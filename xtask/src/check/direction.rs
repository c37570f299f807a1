//! Who may know whom. A crate that is not in the table may know nobody, so that adding one means
//! deciding its place; docs/architecture.md shows the same as a picture.

use super::metadata::{Dependency, Metadata, Package};

/// Every crate, and what of the workspace it may depend on. Development dependencies count as well,
/// but for [`DEV`].
const TABLE: &[(&str, &[&str])] = &[
    ("waymark-proto", &[]),
    ("waymark-contracts", &[]),
    ("waymark-tagging", &[]),
    ("waymark-media", &[]),
    ("waymark-selection", &["waymark-tagging"]),
    ("waymark-verification", &["waymark-media"]),
    ("waymark-opendata", &["waymark-tagging"]),
    ("waymark-payments", &["waymark-proto", "waymark-contracts", "waymark-tagging"]),
    ("waymark-tracker", &["waymark-contracts", "waymark-payments", "waymark-tagging"]),
    (
        "waymark",
        &[
            "waymark-contracts",
            "waymark-media",
            "waymark-opendata",
            "waymark-payments",
            "waymark-proto",
            "waymark-selection",
            "waymark-tagging",
            "waymark-tracker",
            "waymark-verification",
        ],
    ),
    ("waymark-testkit", &["waymark-proto", "waymark-contracts", "waymark-media"]),
    ("xtask", &[]),
];

/// What only tests, examples and benchmarks may know.
const DEV: &[(&str, &str)] = &[
    ("waymark", "waymark-testkit"),
    ("waymark-payments", "waymark-testkit"),
    ("waymark-tracker", "waymark-testkit"),
    ("waymark-verification", "waymark-testkit"),
    // Its tests switch its feature on.
    ("waymark-verification", "waymark-verification"),
    ("xtask", "waymark-media"),
];

/// Crates from outside that a crate must never see, whatever it uses them for: the pure ones have no
/// wire, no socket and no runtime.
const BARRED: &[(&str, &[&str])] = &[
    ("waymark-proto", &["hyper", "axum", "reqwest", "tokio", "rustls"]),
    ("waymark-contracts", &["alloy-signer", "alloy-signer-local"]),
    ("waymark-tagging", PURE),
    ("waymark-selection", PURE),
    ("waymark-verification", PURE),
    ("waymark-media", &["tokio", "hyper", "reqwest", "axum", "tonic"]),
    ("waymark-opendata", &["hyper", "axum", "reqwest", "tonic", "prost"]),
];

const PURE: &[&str] =
    &["tonic", "prost", "hyper", "axum", "reqwest", "tokio", "alloy", "alloy-provider"];

/// Every edge that is not in the table.
pub(super) fn check(metadata: &Metadata) -> Vec<String> {
    let members: Vec<_> = metadata.packages.iter().map(|p| p.name.as_str()).collect();
    let edges = metadata.packages.iter().flat_map(|p| p.dependencies.iter().map(move |d| (p, d)));
    edges.filter_map(|(package, dependency)| refused(package, dependency, &members)).collect()
}

fn refused(package: &Package, dependency: &Dependency, members: &[&str]) -> Option<String> {
    let (from, to) = (package.name.as_str(), dependency.name.as_str());
    let in_tests = dependency.kind.as_deref() == Some("dev");
    if !members.contains(&to) {
        let barred = BARRED.iter().find(|(name, _)| *name == from)?;
        return (barred.1.contains(&to) && !in_tests)
            .then(|| format!("{from} must never see {to}"));
    }
    // Examples show things: they may use whatever they show.
    if package.manifest_path.contains("/examples/") {
        return None;
    }
    let allowed = TABLE.iter().find(|(name, _)| *name == from).map_or(&[][..], |(_, to)| to);
    if allowed.contains(&to) || (in_tests && DEV.contains(&(from, to))) {
        return None;
    }
    Some(format!(
        "{from} depends on {to}, which the table in xtask/src/check/direction.rs does not allow"
    ))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn workspace(edges: &[(&str, &str, Option<&str>)]) -> Metadata {
        let names = ["waymark", "waymark-testkit", "waymark-media", "waymark-tagging", "hello"];
        let package = |name: &str| Package {
            name: name.to_owned(),
            manifest_path: format!(
                "{}/{name}/Cargo.toml",
                if name == "hello" { "/examples" } else { "" }
            ),
            dependencies: edges
                .iter()
                .filter(|(from, ..)| *from == name)
                .map(|(_, to, kind)| Dependency {
                    name: (*to).to_owned(),
                    kind: kind.map(str::to_owned),
                })
                .collect(),
            targets: Vec::new(),
            features: std::collections::BTreeMap::new(),
        };
        Metadata { packages: names.map(package).into() }
    }

    #[test]
    fn edges_of_the_table_are_accepted() {
        let edges = [
            ("waymark", "waymark-media", None),
            ("waymark", "waymark-testkit", Some("dev")),
            ("waymark", "tokio", None),
            ("hello", "waymark", None),
        ];
        assert_eq!(check(&workspace(&edges)), [""; 0]);
    }

    #[test]
    fn an_edge_against_the_direction_is_refused() {
        let found = check(&workspace(&[("waymark-media", "waymark-tagging", None)]));
        assert_eq!(found.len(), 1, "{found:?}");
        assert!(found[0].starts_with("waymark-media depends on waymark-tagging"));
    }

    #[test]
    fn the_testkit_is_for_tests_only() {
        assert_eq!(check(&workspace(&[("waymark", "waymark-testkit", None)])).len(), 1);
        assert_eq!(check(&workspace(&[("waymark-testkit", "waymark", Some("dev"))])).len(), 1);
    }

    #[test]
    fn a_pure_crate_has_no_runtime() {
        let found = check(&workspace(&[("waymark-tagging", "tokio", None)]));
        assert_eq!(found, ["waymark-tagging must never see tokio"]);
    }
}
