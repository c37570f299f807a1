//! The well-known document: who a gateway is, how it treats orchestrators, and what it buys.

use alloy_primitives::U256;
use serde::ser::SerializeMap;
use serde::{Serialize, Serializer};

use super::head::api;
use super::{ClassEntry, Head};
use crate::class::read::{amount, each, verification};
use crate::class::{MAX_CLASSES, VerificationPolicy};
use crate::tree::{Item, Path, Report, Word};

/// The version of the document, its key `api`.
pub(super) const API: &str = "lp.gateway/v1";

/// A gateway, as it describes itself.
#[derive(Debug, Clone, PartialEq)]
pub struct GatewayDocument {
    /// Who, which state, until when.
    pub head: Head,
    /// Its name, at most 120 characters.
    pub name: String,
    /// How to reach its operator, at most 200 characters.
    pub contact: Option<String>,
    /// Where to read more.
    pub urls: Urls,
    /// How it treats orchestrators.
    pub policies: Policies,
    /// What it buys, each tag once.
    pub classes: Vec<ClassEntry>,
}

/// Where to read more. Absolute, http or https, at most 512 characters.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
pub struct Urls {
    /// The gateway's interface for programs.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub api: Option<String>,
    /// Its published data.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub data: Option<String>,
}

/// How a gateway treats orchestrators.
#[derive(Debug, Clone, Default, PartialEq, Serialize)]
pub struct Policies {
    /// What is checked where a class does not say.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub verification: Option<VerificationPolicy>,
    /// How much of its records it publishes.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub privacy: Option<PrivacyLevel>,
    /// How it pays.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub payment: Option<PaymentPolicy>,
}

/// How much of its records a gateway publishes (open-data 4.3).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum PrivacyLevel {
    /// Nothing.
    Off,
    /// Sums.
    Rollups,
    /// Sums and some rows.
    Sampled,
    /// Everything that may be published.
    All,
}

impl Word for PrivacyLevel {
    const WHAT: &'static str = "level";
    const ALL: &'static [Self] = &[Self::Off, Self::Rollups, Self::Sampled, Self::All];

    fn word(self) -> &'static str {
        match self {
            Self::Off => "off",
            Self::Rollups => "rollups",
            Self::Sampled => "sampled",
            Self::All => "all",
        }
    }
}

/// How a gateway pays.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct PaymentPolicy {
    /// Expected value of one ticket that it aims at, in wei.
    pub target_ticket_ev_wei: Option<U256>,
    /// The deposit it keeps, in wei.
    pub deposit_wei: Option<U256>,
}

impl Serialize for PaymentPolicy {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut map = serializer.serialize_map(None)?;
        if let Some(value) = self.target_ticket_ev_wei {
            map.serialize_entry("target_ticket_ev_wei", &value.to_string())?;
        }
        if let Some(deposit) = self.deposit_wei {
            map.serialize_entry("deposit_wei", &deposit.to_string())?;
        }
        map.end()
    }
}

impl Serialize for GatewayDocument {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut map = serializer.serialize_map(None)?;
        map.serialize_entry("api", API)?;
        map.serialize_entry("name", &self.name)?;
        if let Some(contact) = &self.contact {
            map.serialize_entry("contact", contact)?;
        }
        map.serialize_entry("urls", &self.urls)?;
        map.serialize_entry("policies", &self.policies)?;
        map.serialize_entry("classes", &self.classes)?;
        self.head.write(&mut map)?;
        map.end()
    }
}

pub(super) fn read(report: &mut Report, item: &Item) -> Option<GatewayDocument> {
    let path = &Path::Top;
    let own = ["api", "name", "contact", "urls", "policies", "classes"];
    let known: Vec<_> = own.into_iter().chain(Head::KEYS).collect();
    let fields = report.fields(item, path, &known)?;
    let api = api(report, &fields, path, API);
    let head = Head::read(report, &fields, path);
    let text = |most| {
        move |report: &mut Report, item: &Item, path: &Path<'_>| {
            report.short_text(item, path, most).map(str::to_owned)
        }
    };
    let name = report.need(&fields, path, "name", text(120));
    let contact = report.maybe(&fields, path, "contact", text(200));
    let urls = report.need(&fields, path, "urls", urls);
    let policies = report.need(&fields, path, "policies", policies);
    let classes = report.need(&fields, path, "classes", |report, item, path| {
        each(report, item, path, MAX_CLASSES, ClassEntry::read)
    });
    let (head, classes) = (head?, classes?);
    api?;
    let mut seen = std::collections::HashSet::new();
    for (index, entry) in classes.iter().enumerate() {
        let list = path.key("classes");
        let place = item.element("classes", index).and_then(|item| item.place);
        if !seen.insert(&entry.tag) {
            let rule = format!("tag {} is there twice; accepted: once", entry.tag);
            report.refuse(place, &list.index(index), rule);
        }
        if entry.class.as_ref().is_some_and(|class| class.gateway != head.gateway) {
            let rule = "is the class of another gateway than the document";
            report.refuse(place, &list.index(index), rule);
        }
    }
    Some(GatewayDocument { head, name: name?, contact, urls: urls?, policies: policies?, classes })
}

fn urls(report: &mut Report, item: &Item, path: &Path<'_>) -> Option<Urls> {
    let fields = report.fields(item, path, &["api", "data"])?;
    let api = report.maybe(&fields, path, "api", url);
    let data = report.maybe(&fields, path, "data", url);
    Some(Urls { api, data })
}

fn url(report: &mut Report, item: &Item, path: &Path<'_>) -> Option<String> {
    let text = report.short_text(item, path, 512)?;
    let rest = text.strip_prefix("https://").or_else(|| text.strip_prefix("http://"));
    let odd = |c: char| c.is_control() || c.is_whitespace();
    if rest.is_none_or(|rest| rest.is_empty() || rest.starts_with('/') || rest.contains(odd)) {
        let shown = crate::problem::shown(text);
        let rule = format!("{shown} is not valid; accepted: an absolute http or https URL");
        report.refuse(item.place, path, rule);
        return None;
    }
    Some(text.to_owned())
}

fn policies(report: &mut Report, item: &Item, path: &Path<'_>) -> Option<Policies> {
    let fields = report.fields(item, path, &["verification", "privacy", "payment"])?;
    let verification = report.maybe(&fields, path, "verification", verification);
    let privacy = report.maybe(&fields, path, "privacy", Report::word);
    let payment = report.maybe(&fields, path, "payment", |report, item, path| {
        let fields = report.fields(item, path, &["target_ticket_ev_wei", "deposit_wei"])?;
        let target_ticket_ev_wei = report.maybe(&fields, path, "target_ticket_ev_wei", amount);
        let deposit_wei = report.maybe(&fields, path, "deposit_wei", amount);
        Some(PaymentPolicy { target_ticket_ev_wei, deposit_wei })
    });
    Some(Policies { verification, privacy, payment })
}
