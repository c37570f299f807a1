//! What a setting is. The settings themselves stand in [`table`].
//!
//! Reading, the environment, `--set`, the stock flags, `config show`, the JSON Schema and
//! `docs/config.md` all come from that table, so none of them can forget a setting.

use std::time::Duration;

mod table;

pub(super) use table::{SECTIONS, SETTINGS};

/// One setting.
#[derive(Debug)]
pub(super) struct Setting {
    /// Dotted key: the section and the name in it, or a name alone.
    pub(super) key: &'static str,
    /// What values it takes.
    pub(super) kind: Kind,
    /// Default as YAML writes it; empty where it follows from something else.
    pub(super) default: &'static str,
    /// Stock flag of the same meaning.
    pub(super) flag: Option<&'static str>,
    /// What it does, in one or two sentences.
    pub(super) doc: &'static str,
}

/// What values a setting takes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Kind {
    Network,
    Directory,
    Region,
    /// `host:port`, with the port to use when none is given.
    Listen(u16),
    Truth,
    /// `auto`, `true` or `false`.
    Switch,
    Count {
        min: u64,
        max: u64,
    },
    /// Bytes.
    Size {
        min: u64,
        max: u64,
    },
    Duration {
        min: Duration,
        max: Duration,
    },
    Profiles,
    Orchestrators,
    /// An http or https URL, or nothing; may hold secrets.
    Url,
    EthAddresses,
    /// One Ethereum address, or nothing.
    EthAddress,
    /// JSON-RPC endpoints; may hold secrets.
    RpcUrls,
    /// A path, or nothing.
    OptionalPath,
    Paths,
    /// A text of at most so many characters, or nothing.
    Text(usize),
    /// A text that is never shown.
    Secret,
    /// An amount of wei, with or without a unit.
    Wei,
    /// An amount of wei or of a currency, or nothing.
    Amount,
    /// A price for each unit of work, in wei or a currency; 0 is any.
    Price,
    CapabilityPrices,
    TagPrices,
    TagAmounts,
    TagIds,
    Version,
    VerificationMode,
    Routes,
    TagPatterns,
    LogFilter,
    LogFormat,
}

/// The setting with this key.
pub(super) fn find(key: &str) -> Option<&'static Setting> {
    SETTINGS.iter().find(|setting| setting.key == key)
}

/// The setting that a part of this program reads by its key.
pub(super) fn known(key: &'static str) -> &'static Setting {
    find(key).expect("keys asked for in the code are in the table, as building any Config tests")
}

impl Setting {
    /// Section (empty for the top level) and name within it.
    pub(super) fn split(&self) -> (&'static str, &'static str) {
        self.key.split_once('.').unwrap_or(("", self.key))
    }

    /// Environment variable that gives this setting: `WAYMARK__LISTEN__HTTP`.
    pub(super) fn variable(&self) -> String {
        format!("WAYMARK__{}", self.key.to_ascii_uppercase().replace('.', "__"))
    }
}
