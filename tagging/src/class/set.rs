//! The classes of one gateway, from the YAML files of its operator: all of them, or none.
//!
//! A file may hold several documents. Everything is looked at before anything is refused, so that
//! one round of edits is enough. What is unusual but not wrong is a notice.

use std::collections::BTreeMap;
use std::sync::Arc;

use alloy_primitives::Address;
use jiff::Timestamp;

use super::{JobClass, read};
use crate::predicate::{KeyKind, Predicate, Test, Vocabulary};
use crate::problem::{Place, Problem, Problems, suggestion};
use crate::tree::{self, Item, Path, Report, Word};
use crate::value::Value;
use crate::{Registry, Status, Tag};

/// The largest class file that is read, in bytes.
pub const MAX_CLASS_FILE_BYTES: usize = 1 << 20;

/// The most classes of one gateway.
pub const MAX_CLASSES: usize = 1024;

/// A file of classes: what to call it in problems, and its text.
#[derive(Debug, Clone, Copy)]
pub struct ClassFile<'a> {
    /// Usually its path.
    pub label: &'a str,
    /// YAML, one document for each class.
    pub text: &'a str,
}

/// What classes are checked against.
#[derive(Debug, Clone, Copy)]
pub struct Authoring<'a> {
    /// Tags, work units and extension keys.
    pub registry: &'a Registry,
    /// Expired classes are refused.
    pub now: Timestamp,
    /// If given, classes of another gateway are refused.
    pub gateway: Option<Address>,
}

/// Classes that were accepted, sorted by tag, each tag once.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct ClassSet {
    classes: Vec<Arc<JobClass>>,
    notices: Vec<Problem>,
}

impl ClassSet {
    /// Reads and checks all files.
    pub fn from_yaml(files: &[ClassFile<'_>], rules: &Authoring<'_>) -> Result<Self, Problems> {
        let mut author = Author::new(rules);
        for file in files {
            author.file(file);
        }
        author.finish()
    }

    /// The classes, sorted by tag.
    pub fn classes(&self) -> &[Arc<JobClass>] {
        &self.classes
    }

    /// The class of exactly this tag.
    pub fn get(&self, tag: &Tag) -> Option<&Arc<JobClass>> {
        let found = self.classes.binary_search_by(|class| class.tag.cmp(tag)).ok()?;
        self.classes.get(found)
    }

    /// What the author may want to look at although it is accepted.
    pub fn notices(&self) -> &[Problem] {
        &self.notices
    }
}

/// Classes that were accepted before. Of several with one tag the last counts.
impl FromIterator<Arc<JobClass>> for ClassSet {
    fn from_iter<I: IntoIterator<Item = Arc<JobClass>>>(classes: I) -> Self {
        let by_tag: BTreeMap<Tag, _> =
            classes.into_iter().map(|class| (class.tag.clone(), class)).collect();
        Self { classes: by_tag.into_values().collect(), notices: Vec::new() }
    }
}

struct Author<'a> {
    rules: &'a Authoring<'a>,
    vocabulary: &'a Vocabulary,
    problems: Problems,
    notices: Problems,
    classes: BTreeMap<Tag, Arc<JobClass>>,
    /// Where each tag was defined first.
    defined: BTreeMap<Tag, (Arc<str>, Option<Place>)>,
}

impl<'a> Author<'a> {
    fn new(rules: &'a Authoring<'a>) -> Self {
        Self {
            rules,
            vocabulary: rules.registry.vocabulary(),
            problems: Problems::default(),
            notices: Problems::default(),
            classes: BTreeMap::new(),
            defined: BTreeMap::new(),
        }
    }

    fn file(&mut self, file: &ClassFile<'_>) {
        let label: Arc<str> = file.label.into();
        let mut report = Report::new(&label);
        if file.text.len() > MAX_CLASS_FILE_BYTES {
            let bytes = file.text.len();
            let text = format!("has {bytes} bytes; accepted: at most {MAX_CLASS_FILE_BYTES}");
            report.refuse(None, &Path::Top, text);
        } else {
            match tree::from_yaml(file.text) {
                Ok(documents) => {
                    for document in &documents {
                        self.document(&label, &mut report, document);
                    }
                }
                Err(error) => report.unreadable(error),
            }
        }
        self.problems.extend(report.problems.by_place());
    }

    fn document(&mut self, label: &Arc<str>, report: &mut Report, item: &Item) {
        let Some(class) = read::class(report, item, &Path::Top) else { return };
        let mut notices = Report::new(label);
        self.rules_of(&class, report, &mut notices, item);
        self.notices.extend(notices.problems.by_place());
        let tag = class.tag.clone();
        if let Some((other, place)) = self.defined.get(&tag) {
            let at = place.map_or_else(String::new, |place| format!(" {place}"));
            let text = format!("tag {tag} is defined twice, first in {other}{at}; accepted: once");
            report.refuse(item.at("tag"), &Path::Top.key("tag"), text);
            return;
        }
        self.defined.insert(tag.clone(), (Arc::clone(label), item.at("tag")));
        if self.classes.len() >= MAX_CLASSES {
            let text = format!("is one class too many; accepted: at most {MAX_CLASSES}");
            report.refuse(item.place, &Path::Top, text);
            return;
        }
        self.classes.insert(tag, Arc::new(class));
    }

    /// The rules that need the registry, the clock or the gateway's own address.
    fn rules_of(&self, class: &JobClass, report: &mut Report, notices: &mut Report, item: &Item) {
        let top = Path::Top;
        if class.is_expired(self.rules.now) {
            let text = format!(
                "the class expired on {}; give it a later expires_at and a higher rev",
                class.expires_at
            );
            report.refuse(item.at("expires_at"), &top.key("expires_at"), text);
        }
        if let Some(own) = self.rules.gateway
            && own != class.gateway
        {
            let text = format!("is the class of another gateway; accepted: {own:#x}, this one");
            report.refuse(item.at("gateway"), &top.key("gateway"), text);
        }
        self.tag(class, notices, item);
        for (index, predicate) in class.requires.iter().enumerate() {
            let list = top.key("requires");
            let place = item.element("requires", index).and_then(|item| item.at("key"));
            self.predicate(predicate, report, notices, place, &list.index(index));
        }
        for (index, preference) in class.preferences().iter().enumerate() {
            let (list, element) = (top.key("prefers"), item.element("prefers", index));
            let path = list.index(index);
            let place = element.and_then(|item| item.get("when")?.at("key"));
            self.predicate(&preference.when, report, notices, place, &path.key("when"));
        }
    }

    fn tag(&self, class: &JobClass, notices: &mut Report, item: &Item) {
        let Some(entry) = self.rules.registry.nearest(&class.tag) else { return };
        if entry.tag == class.tag && entry.status == Status::Deprecated {
            let today = entry.replaced_by.as_ref().map_or("another tag", Tag::as_str);
            let text = format!("tag {} is deprecated; today it is called {today}", class.tag);
            notices.refuse(item.at("tag"), &Path::Top.key("tag"), text);
        }
        let (paid, usual) = (&class.interface.work_unit, &entry.work_unit);
        if paid != usual {
            let text =
                format!("{paid} is paid for, while the registry has {usual} for {}", entry.tag);
            notices.refuse(item.at("interface"), &Path::Top.key("interface"), text);
        }
    }

    fn predicate(
        &self,
        predicate: &Predicate,
        report: &mut Report,
        notices: &mut Report,
        place: Option<Place>,
        path: &Path<'_>,
    ) {
        let key = &predicate.key;
        match self.vocabulary.kind(key) {
            Some(kind) => of_kind(predicate, kind, report, place, path),
            None if key.namespace().is_some() => {
                let text =
                    format!("key {key} is declared in no registry, so its type is not checked");
                notices.refuse(place, path, text);
            }
            None => {
                let near = suggestion(key.as_str(), self.vocabulary.names());
                let text = format!(
                    "unknown key {key}{near}; accepted: {}, or x_<namespace>.<name>",
                    families(self.vocabulary)
                );
                report.refuse(place, path, text);
            }
        }
        if !predicate.is_measured()
            && (predicate.window.is_some() || predicate.min_samples.is_some())
        {
            let text = format!(
                "window and min_samples bound measurements alone, and evidence {} asks for none; write evidence: observed if one is meant",
                predicate.evidence()
            );
            notices.refuse(place, path, text);
        }
    }

    fn finish(self) -> Result<ClassSet, Problems> {
        let classes = self.classes.into_values().collect();
        let notices = self.notices.iter().cloned().collect();
        if self.problems.is_empty() {
            Ok(ClassSet { classes, notices })
        } else {
            Err(self.problems)
        }
    }
}

fn of_kind(
    predicate: &Predicate,
    kind: KeyKind,
    report: &mut Report,
    place: Option<Place>,
    path: &Path<'_>,
) {
    let (key, name) = (&predicate.key, kind.word());
    let operator = predicate.test.operator();
    if !kind.allows(operator) {
        let accepted: Vec<_> = crate::predicate::Operator::ALL
            .iter()
            .filter(|operator| kind.allows(**operator))
            .map(|operator| operator.word())
            .collect();
        let (op, accepted) = (operator.word(), accepted.join(", "));
        let text =
            format!("op {op} does not fit {key}, which is of type {name}; accepted: {accepted}");
        report.refuse(place, path, text);
        return;
    }
    let values: &[Value] = match &predicate.test {
        Test::In(values) | Test::NotIn(values) => values,
        Test::Equal(value) => std::slice::from_ref(value),
        _ => &[],
    };
    if let Some(value) = values.iter().find(|value| !kind.fits(value)) {
        let found = value.kind();
        let text = format!("value {value} is {found}, and {key} is of type {name}");
        report.refuse(place, path, text);
    }
}

/// The first words of the keys: `hw, net, …`.
fn families(vocabulary: &Vocabulary) -> String {
    let first = |name: &str| name.split('.').next().map(str::to_owned);
    let mut words: Vec<_> =
        vocabulary.names().filter_map(first).filter(|word| !word.starts_with("x_")).collect();
    words.dedup();
    words
        .iter()
        .map(|word| format!("{word}.*"))
        .collect::<Vec<_>>()
        .join(", ")
        .replace("feature.*", "feature")
}
