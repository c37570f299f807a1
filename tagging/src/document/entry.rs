//! A class in a document: whole, or by its hash alone.

use std::sync::Arc;

use serde::ser::SerializeMap;
use serde::{Serialize, Serializer};

use super::{B256, DocumentSignature, NotCanonical};
use crate::Tag;
use crate::canonical::document_hash;
use crate::class::{JobClass, read};
use crate::tree::{Item, Path, Report};

/// A class in a well-known document.
#[derive(Debug, Clone, PartialEq)]
pub struct ClassEntry {
    /// Its tag.
    pub tag: Tag,
    /// Its revision.
    pub rev: u32,
    /// Keccak-256 of its canonical bytes.
    pub hash: B256,
    /// The class, if it is written out.
    pub class: Option<Arc<JobClass>>,
    /// The signature of the class alone, so that it can be passed on without the document.
    pub signature: Option<DocumentSignature>,
}

impl ClassEntry {
    /// The class, written out.
    pub fn inline(class: Arc<JobClass>) -> Result<Self, NotCanonical> {
        let (tag, rev, hash) = (class.tag.clone(), class.rev, class.hash()?);
        Ok(Self { tag, rev, hash, class: Some(class), signature: None })
    }

    pub(super) fn read(report: &mut Report, item: &Item, path: &Path<'_>) -> Option<Self> {
        let known = &["tag", "rev", "hash", "class", "signature"];
        let fields = report.fields(item, path, known)?;
        let tag: Option<Tag> = report.need(&fields, path, "tag", Report::parsed);
        let rev = report.need(&fields, path, "rev", |report, item, path| {
            report.whole(item, path, 1..=u32::MAX.into()).and_then(|rev| u32::try_from(rev).ok())
        });
        let hash = report.need(&fields, path, "hash", hash);
        let class = report.maybe(&fields, path, "class", read::class);
        let signature = report.maybe(&fields, path, "signature", Report::parsed);
        let (tag, rev, hash) = (tag?, rev?, hash?);
        if let (Some(class), Some(item)) = (&class, fields.get("class")) {
            same(report, item, &path.key("class"), class, &tag, Some(hash))?;
            if class.rev != rev {
                report.refuse(
                    item.place,
                    path,
                    format!("rev is {rev}, that of the class {}", class.rev),
                );
                return None;
            }
        }
        Some(Self { tag, rev, hash, class: class.map(Arc::new), signature })
    }
}

/// Whether a class is the one that its surroundings name.
pub(super) fn same(
    report: &mut Report,
    item: &Item,
    path: &Path<'_>,
    class: &JobClass,
    tag: &Tag,
    hash: Option<B256>,
) -> Option<()> {
    if class.tag != *tag {
        report.refuse(item.place, path, format!("is the class of {}, not of {tag}", class.tag));
        return None;
    }
    let found = document_hash(item).ok();
    if let Some(hash) = hash
        && found != Some(hash)
    {
        let found = found.unwrap_or_default();
        report.refuse(item.place, path, format!("has the hash {found}, not {hash}"));
        return None;
    }
    Some(())
}

/// A hash as documents write it.
pub(super) fn hash(report: &mut Report, item: &Item, path: &Path<'_>) -> Option<B256> {
    let text = report.text(item, path)?;
    let digits = text.strip_prefix("0x").filter(|digits| digits.len() == 64);
    let lower = |d: &&str| d.bytes().all(|b| matches!(b, b'0'..=b'9' | b'a'..=b'f'));
    let found = digits.filter(lower).and_then(|_| text.parse().ok());
    if found.is_none() {
        let shown = crate::problem::shown(text);
        let rule = format!(
            "hash {shown} is not valid; accepted: 0x and 64 hexadecimal digits in lower case"
        );
        report.refuse(item.place, path, rule);
    }
    found
}

impl Serialize for ClassEntry {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut map = serializer.serialize_map(None)?;
        map.serialize_entry("tag", &self.tag)?;
        map.serialize_entry("rev", &self.rev)?;
        map.serialize_entry("hash", &format_args!("{}", self.hash))?;
        if let Some(class) = &self.class {
            map.serialize_entry("class", &**class)?;
        }
        if let Some(signature) = &self.signature {
            map.serialize_entry("signature", signature)?;
        }
        map.end()
    }
}
