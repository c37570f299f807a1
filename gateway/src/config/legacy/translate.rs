//! What each flag comes to: a setting, a warning, or a refusal.

use super::flags::{Check, Flag, Meaning};
use super::{Argument, checks, given, is_true};
use crate::config::origin::Origin;
use crate::config::problem::{Problem, Problems};
use crate::config::values::Given;

/// Renditions of an empty `-transcodingOptions` (go-livepeer `server/mediaserver.go:68`).
const EMPTY_TRANSCODING_OPTIONS: &str = "P240p30fps4x3,P360p30fps16x9";

/// Turns arguments into settings; everything else becomes a problem or a warning.
pub(super) fn sort(
    arguments: &[Argument],
    problems: &mut Problems,
    warnings: &mut Vec<String>,
) -> Vec<Given> {
    role(arguments, problems);
    let on_chain = on_chain(arguments);
    let mut settings = Vec::new();
    let mut idle = Idle::default();
    for argument in arguments {
        let flag = argument.flag;
        let default = flag.is_default(&argument.canonical);
        match flag.meaning {
            Meaning::Gateway if flag.name == "broadcaster" => {
                warnings.push(format!("{} is deprecated: write -gateway", name(argument)));
            }
            Meaning::Setting(key) => {
                if flag.name == "datadir" {
                    warnings.push(format!("{} is deprecated: write -dataDir", name(argument)));
                }
                settings.extend(setting(argument, key, problems, warnings));
            }
            Meaning::OnChain(_, check) | Meaning::MissingOnChain(_, check)
                if !argument.canonical.is_empty()
                    && let Some(text) = checks::refusal(check, &argument.canonical) =>
            {
                refuse(argument, text, problems);
            }
            Meaning::OnChain(key, _) if on_chain => {
                settings.extend(setting(argument, key, problems, warnings));
            }
            Meaning::MissingOnChain(what, _) if on_chain => {
                if !default {
                    refuse(argument, not_there(what), problems);
                }
            }
            Meaning::OnChain(..) | Meaning::MissingOnChain(..) => idle.chain.push(name(argument)),
            Meaning::Idle(what) if !default => idle.add(what, argument),
            Meaning::Missing(what) if !default => {
                refuse(argument, not_there(what), problems);
            }
            Meaning::Always(what) if argument.canonical == "false" => {
                warnings.push(format!("{}=false turns nothing off: {what}", name(argument)));
            }
            Meaning::Never(why) if !default => {
                refuse(argument, format!("is refused: {why}"), problems);
            }
            Meaning::OtherRole if argument.canonical == "true" => {
                let text = "is not a role of Waymark, which is a gateway; go-livepeer does that";
                refuse(argument, text, problems);
            }
            Meaning::Gateway
            | Meaning::CommandLine
            | Meaning::Idle(_)
            | Meaning::Missing(_)
            | Meaning::Always(_)
            | Meaning::Never(_)
            | Meaning::OtherRole => {}
            Meaning::NotForGateways => idle.others.push(name(argument)),
            Meaning::Dead => {
                warnings
                    .push(format!("{} has no effect any more, in stock as well", name(argument)));
            }
        }
    }
    checks::weights(arguments, problems);
    warnings.extend(idle.warnings());
    settings
}

fn role(arguments: &[Argument], problems: &mut Problems) {
    let other = arguments.iter().any(|argument| {
        argument.flag.meaning == Meaning::OtherRole && argument.canonical == "true"
    });
    if !other && !is_true(arguments, "gateway") && !is_true(arguments, "broadcaster") {
        let text = "no role is given, as in stock; add -gateway";
        problems.push(Problem::new(Origin::CommandLine, Some("command line"), text));
    }
}

/// Whether the flags that concern a chain have an effect.
fn on_chain(arguments: &[Argument]) -> bool {
    let network = arguments.iter().find(|argument| argument.flag.name == "network");
    network.is_some_and(|network| !matches!(network.canonical.as_str(), "" | "offchain"))
}

fn not_there(what: &str) -> String {
    format!(
        "not there yet: {what}. Waymark refuses the flag rather than ignore it; leave it out to \
         start without"
    )
}

fn refuse(argument: &Argument, text: impl Into<String>, problems: &mut Problems) {
    problems.push(Problem::new(argument.origin.clone(), Some(&argument.written), text));
}

/// The setting that a flag gives, with what stock does to its value.
fn setting(
    argument: &Argument,
    key: &'static str,
    problems: &mut Problems,
    warnings: &mut Vec<String>,
) -> Option<Given> {
    let text = argument.canonical.as_str();
    match argument.flag.name {
        "transcodingOptions" if text.is_empty() => {
            Some(given(argument, key, EMPTY_TRANSCODING_OPTIONS))
        }
        _ if text.is_empty() => None,
        "v" => {
            let filter = verbosity(text);
            if filter.is_none() {
                refuse(argument, "must be a number: 3 (the default), 4, 5, 6 or 99", problems);
            }
            filter.map(|filter| given(argument, key, filter))
        }
        "maxSessions" if text == "auto" => {
            let text = "`auto` is for orchestrators; a gateway needs a whole number of at least 1";
            refuse(argument, text, problems);
            None
        }
        "maxAttempts" if text == "0" || text.starts_with('-') => {
            let text = "would refuse every segment; it must be at least 1";
            refuse(argument, text, problems);
            None
        }
        "orchAddr" => {
            if text.split(',').any(|piece| piece.trim().is_empty()) {
                let name = name(argument);
                warnings.push(format!("{name} has an empty entry, which means 127.0.0.1:8935"));
            }
            Some(given(argument, key, text))
        }
        "orchBlocklist" => {
            let listed: Vec<&str> =
                text.split(',').map(str::trim).filter(|piece| !piece.is_empty()).collect();
            Some(given(argument, key, listed.join(",")))
        }
        // Stock counts seconds.
        "blockPollingInterval" => Some(given(argument, key, format!("{text}s"))),
        _ => Some(given(argument, key, text)),
    }
}

/// The filter of log lines that comes closest to a verbosity. Stock takes any whole number.
fn verbosity(text: &str) -> Option<&'static str> {
    let level: u8 = text.parse().ok().filter(|level| *level <= 99)?;
    Some(match level {
        0..=3 => "info",
        4 | 5 => "info,waymark=debug",
        99 => "debug,waymark=trace",
        _ => "info,waymark=trace",
    })
}

/// How the operator wrote the flag.
fn name(argument: &Argument) -> String {
    match &argument.origin {
        Origin::Env { name } => name.clone(),
        Origin::File { .. } => format!("{} ({})", argument.flag.name, argument.origin),
        _ => format!("-{}", argument.flag.name),
    }
}

/// Flags without effect, gathered for one warning each kind.
#[derive(Default)]
struct Idle {
    chain: Vec<String>,
    others: Vec<String>,
    features: Vec<(&'static str, Vec<String>)>,
}

impl Idle {
    fn add(&mut self, what: &'static str, argument: &Argument) {
        let name = name(argument);
        match self.features.iter_mut().find(|(feature, _)| *feature == what) {
            Some((_, names)) => names.push(name),
            None => self.features.push((what, vec![name])),
        }
    }

    fn warnings(self) -> impl Iterator<Item = String> {
        let line = |text: String, names: &[String]| {
            (!names.is_empty()).then(|| format!("{text}: {}", names.join(", ")))
        };
        let others = line("ignored, they do not configure a gateway".to_owned(), &self.others);
        let chain = line("without effect off-chain, as in stock".to_owned(), &self.chain);
        let features = self.features.into_iter().filter_map(move |(what, names)| {
            line(format!("without effect, not there yet ({what})"), &names)
        });
        others.into_iter().chain(chain).chain(features)
    }
}

/// What the flag comes to, in a few words, for help and documentation.
pub(super) fn in_words(flag: &Flag) -> String {
    match flag.meaning {
        Meaning::Gateway => "the role; needed".to_owned(),
        Meaning::CommandLine => "the command line itself".to_owned(),
        Meaning::Setting(key) => format!("`{key}`"),
        Meaning::OnChain(key, Check::Anything) => format!("`{key}`; no effect off-chain"),
        Meaning::OnChain(key, _) => format!("`{key}`; checked, no effect off-chain"),
        Meaning::MissingOnChain(what, _) => {
            format!("refused on chain unless it is the default; not there yet ({what})")
        }
        Meaning::Idle(what) => format!("no effect; not there yet ({what})"),
        Meaning::Missing(what) => format!("refused; not there yet ({what})"),
        Meaning::Always(what) => format!("no effect; {what}"),
        Meaning::Never(why) => format!("refused; {why}"),
        Meaning::OtherRole => "refused; not a role of a gateway".to_owned(),
        Meaning::NotForGateways => "ignored with a warning; not for gateways".to_owned(),
        Meaning::Dead => "no effect, in stock as well".to_owned(),
    }
}
