//! An answer of `/v1/requirements`: all classes, or what changed since a state the reader has.

use std::sync::Arc;

use serde::ser::SerializeMap;
use serde::{Serialize, Serializer};

use super::head::{api, whole};
use super::{Head, Moment, entry};
use crate::Tag;
use crate::class::read::{self as class, each};
use crate::class::{JobClass, MAX_CLASSES};
use crate::tree::{Item, Node, Path, Report};

/// The version of the document, its key `api`.
pub(super) const API: &str = "lp.requirements/v1";

/// Requirements of a gateway.
#[derive(Debug, Clone, PartialEq)]
pub struct Requirements {
    /// Who, which state, until when.
    pub head: Head,
    /// The state the reader said it has; 0 for none.
    pub since_seq: u64,
    /// True when `changes` are all classes: what the reader has is replaced, not changed.
    pub complete: bool,
    /// By rising `seq`, the last change of each tag.
    pub changes: Vec<Change>,
}

/// What became of the class of one tag.
#[derive(Debug, Clone, PartialEq)]
pub struct Change {
    /// The state it led to.
    pub seq: u64,
    /// When.
    pub at: Moment,
    /// Which tag.
    pub tag: Tag,
    /// The class, or `None` when it was withdrawn.
    pub class: Option<Arc<JobClass>>,
}

impl Requirements {
    /// Brings what a reader has to the state of this answer.
    pub fn apply(&self, classes: &mut std::collections::BTreeMap<Tag, Arc<JobClass>>) {
        if self.complete {
            classes.clear();
        }
        for change in &self.changes {
            match &change.class {
                Some(class) => classes.insert(change.tag.clone(), Arc::clone(class)),
                None => classes.remove(&change.tag),
            };
        }
    }
}

impl Serialize for Change {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut map = serializer.serialize_map(None)?;
        map.serialize_entry("seq", &self.seq)?;
        map.serialize_entry("at", &self.at)?;
        map.serialize_entry("tag", &self.tag)?;
        map.serialize_entry("class", &self.class.as_deref())?;
        map.end()
    }
}

impl Serialize for Requirements {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut map = serializer.serialize_map(None)?;
        map.serialize_entry("api", API)?;
        map.serialize_entry("since_seq", &self.since_seq)?;
        map.serialize_entry("complete", &self.complete)?;
        map.serialize_entry("changes", &self.changes)?;
        self.head.write(&mut map)?;
        map.end()
    }
}

pub(super) fn read(report: &mut Report, item: &Item) -> Option<Requirements> {
    let path = &Path::Top;
    let own = ["api", "since_seq", "complete", "changes"];
    let known: Vec<_> = own.into_iter().chain(Head::KEYS).collect();
    let fields = report.fields(item, path, &known)?;
    let api = api(report, &fields, path, API);
    let head = Head::read(report, &fields, path);
    let since_seq = report.need(&fields, path, "since_seq", whole);
    let complete = report.need(&fields, path, "complete", |report, item, path| match item.node {
        Node::Flag(flag) => Some(flag),
        _ => report.expected(item, path, "true or false"),
    });
    let changes = report.need(&fields, path, "changes", |report, item, path| {
        each(report, item, path, 4 * MAX_CLASSES, change)
    });
    let (head, changes) = (head?, changes?);
    api?;
    let mut tags = std::collections::HashSet::new();
    let mut last = 0;
    for (index, change) in changes.iter().enumerate() {
        let list = path.key("changes");
        let place = item.element("changes", index).and_then(|item| item.place);
        let rule = if !tags.insert(&change.tag) {
            format!("tag {} is there twice; accepted: its last change", change.tag)
        } else if change.seq <= last || change.seq > head.seq {
            format!("seq {} is out of order; accepted: rising, up to {}", change.seq, head.seq)
        } else if change.class.as_ref().is_some_and(|class| class.gateway != head.gateway) {
            "is the class of another gateway than the answer".to_owned()
        } else {
            last = change.seq;
            continue;
        };
        report.refuse(place, &list.index(index), rule);
    }
    Some(Requirements { head, since_seq: since_seq?, complete: complete?, changes })
}

fn change(report: &mut Report, item: &Item, path: &Path<'_>) -> Option<Change> {
    let fields = report.fields(item, path, &["seq", "at", "tag", "class"])?;
    let seq = report.need(&fields, path, "seq", whole);
    let at = report.need(&fields, path, "at", Report::parsed);
    let tag: Option<Tag> = report.need(&fields, path, "tag", Report::parsed);
    let class = report.need(&fields, path, "class", |report, item, path| match item.node {
        Node::Null => Some(None),
        _ => class::class(report, item, path).map(|class| Some(Arc::new(class))),
    });
    let (tag, class) = (tag?, class?);
    if let (Some(class), Some(item)) = (&class, fields.get("class")) {
        entry::same(report, item, &path.key("class"), class, &tag, None)?;
    }
    Some(Change { seq: seq?, at: at?, tag, class })
}
