//! The tags and keys this process knows: the built-in registry, and what the operator's files add.

use std::{fs::File, io::Read as _, path::PathBuf};

use waymark_tagging::{Registry, RegistryError};

/// The largest file of a namespace that is read, bytes.
const MAX_FILE_BYTES: u64 = 1 << 20;

/// A file of a namespace that cannot be used.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum TagFileError {
    /// It cannot be read.
    #[error("cannot read the file of tags {}", path.display())]
    Read {
        /// The file.
        path: PathBuf,
        /// Why.
        #[source]
        source: std::io::Error,
    },
    /// It is too large.
    #[error(
        "the file of tags {} has more than {MAX_FILE_BYTES} bytes; a namespace fits into far less",
        path.display()
    )]
    TooLarge {
        /// The file.
        path: PathBuf,
    },
    /// Something in it is wrong.
    #[error("the file of tags {} cannot be used", path.display())]
    Refused {
        /// The file.
        path: PathBuf,
        /// What.
        #[source]
        source: Box<RegistryError>,
    },
}

/// The built-in registry together with these files, in their order: a later one may build on an
/// earlier one and redefine nothing.
pub fn registry(files: &[PathBuf]) -> Result<Registry, TagFileError> {
    let mut registry = Registry::builtin().clone();
    for path in files {
        let unread = |source| TagFileError::Read { path: path.clone(), source };
        let mut text = String::new();
        let file = File::open(path).map_err(unread)?;
        file.take(MAX_FILE_BYTES + 1).read_to_string(&mut text).map_err(unread)?;
        if text.len() as u64 > MAX_FILE_BYTES {
            return Err(TagFileError::TooLarge { path: path.clone() });
        }
        registry = registry.extended(&text).map_err(|source| TagFileError::Refused {
            path: path.clone(),
            source: Box::new(source),
        })?;
    }
    Ok(registry)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::orchestrator::error::chain;

    const ACME: &str = include_str!("../../examples/x-acme/data/registry.yaml");

    #[test]
    fn a_namespace_of_the_operators_own_joins_the_built_in_tags() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("acme.yaml");
        std::fs::write(&path, ACME).unwrap();
        let known = registry(&[path]).unwrap();
        let tag = "x-acme/scan".parse().unwrap();
        assert!(known.get(&tag).is_some());
        assert!(Registry::builtin().get(&tag).is_none());
        assert_eq!(registry(&[]).unwrap().get(&tag), None);
    }

    #[test]
    fn a_file_that_redefines_a_tag_or_is_not_there_is_named() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("acme.yaml");
        std::fs::write(&path, ACME).unwrap();
        let twice = registry(&[path.clone(), path.clone()]).unwrap_err();
        assert!(chain(&twice).contains("acme.yaml cannot be used: "), "{}", chain(&twice));
        let missing = registry(&[folder.path().join("none.yaml")]).unwrap_err();
        assert!(chain(&missing).contains("none.yaml: No such file"), "{}", chain(&missing));
        std::fs::write(&path, vec![b'#'; 1 << 21]).unwrap();
        assert!(matches!(registry(&[path]), Err(TagFileError::TooLarge { .. })));
    }
}
