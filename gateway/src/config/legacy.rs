//! The command line of a stock gateway: go-livepeer's flags, `LP_…` variables and `-config` file,
//! read with go-livepeer's syntax and precedence (command line, environment, file, default) and
//! turned into the same settings that `waymark.yaml` gives.
//!
//! Nothing is dropped in silence. A flag that cannot be followed yet is refused when it would
//! change what the gateway does, and named in a warning when it would not.

use std::collections::BTreeMap;
use std::ffi::OsString;
use std::path::Path;

use super::node::Item;
use super::origin::Origin;
use super::problem::{Problem, Problems};
use super::setting::known;
use super::validated::Form;
use super::values::{Given, Values};
use super::{Loaded, env as own_env, finish};

mod args;
mod checks;
mod flags;
mod go;
mod help;
#[cfg(test)]
mod tests;
mod translate;

use flags::{FLAGS, Flag, Meaning};
pub(super) use help::rows;
pub use help::{flags_as_json, stock_help};

/// What a stock command line asks for.
#[derive(Debug, Clone, PartialEq)]
#[non_exhaustive]
pub enum StockRequest {
    /// Start the gateway.
    Run(Box<Loaded>),
    /// `-h`: print help.
    Help,
    /// `-version`: print the version.
    Version,
    /// `-j`: print the flags as JSON.
    Json,
}

/// One flag with a value of the right type.
#[derive(Debug, Clone)]
struct Argument {
    flag: &'static Flag,
    /// The value in the spelling that settings read.
    canonical: String,
    /// The value for messages.
    written: String,
    origin: Origin,
}

/// Reads everything that belongs to a stock command line.
pub(super) fn load(
    args: &[OsString],
    env: &BTreeMap<String, String>,
) -> Result<StockRequest, Problems> {
    let mut values = Values::default();
    let mut problems = Problems::default();
    let line = args::command_line(args, &mut problems);
    if line.help {
        return Ok(StockRequest::Help);
    }
    let (variables, unknown) = args::variables(env, &mut problems);
    let arguments = merged(line.arguments, variables, &mut problems, &mut values.warnings);
    for (name, request) in [("version", StockRequest::Version), ("j", StockRequest::Json)] {
        if is_true(&arguments, name) && problems.is_empty() {
            return Ok(request);
        }
    }
    values.warnings.extend(unknown);
    let own = own_env::variables(env, &mut problems);
    refuse_both(&arguments, &own, &mut problems);
    let sorted = translate::sort(&arguments, &mut problems, &mut values.warnings);
    let (strong, weak): (Vec<Given>, Vec<Given>) =
        sorted.into_iter().partition(|given| matches!(given.origin, Origin::Flag { .. }));
    let (file, variables): (Vec<Given>, Vec<Given>) =
        weak.into_iter().partition(|given| matches!(given.origin, Origin::File { .. }));
    for layer in [file, own, variables, strong] {
        values.add(layer);
    }
    values.problems = problems;
    let loaded = finish(values, Form::Stock, env)?;
    Ok(StockRequest::Run(Box::new(loaded)))
}

/// One argument for each meaning: the command line's, else the environment's, else the file's.
fn merged(
    line: Vec<Argument>,
    variables: Vec<Argument>,
    problems: &mut Problems,
    warnings: &mut Vec<String>,
) -> Vec<Argument> {
    let mut merged = Vec::new();
    add_missing(&mut merged, line);
    add_missing(&mut merged, variables);
    let config = merged.iter().find(|argument| argument.flag.name == "config").cloned();
    if let Some(config) = config.filter(|config| !config.canonical.is_empty()) {
        let path = Path::new(&config.canonical);
        if path.extension().is_some_and(|extension| extension == "yaml" || extension == "yml") {
            let text = "-config takes a file of `flag value` lines; start with a waymark.yaml by \
                        `waymark serve --config FILE`";
            problems.push(Problem::new(config.origin, Some(&config.written), text));
            return merged;
        }
        let mut lines = args::file(path, &config.origin, problems);
        lines.retain(|argument| {
            let nested = argument.flag.name == "config";
            if nested {
                warnings.push(format!("{}: one -config file cannot name another", argument.origin));
            }
            !nested
        });
        add_missing(&mut merged, lines);
    }
    merged
}

/// Adds what `layer` says about flags that are not there yet; within a layer the last one wins.
/// `-datadir` and `-dataDir` are one flag.
fn add_missing(merged: &mut Vec<Argument>, layer: Vec<Argument>) {
    let mut added: Vec<Argument> = Vec::new();
    for argument in layer {
        if merged.iter().any(|earlier| same(earlier.flag, argument.flag)) {
            continue;
        }
        added.retain(|earlier| !same(earlier.flag, argument.flag));
        added.push(argument);
    }
    merged.append(&mut added);
}

fn same(a: &Flag, b: &Flag) -> bool {
    match (a.meaning, b.meaning) {
        (Meaning::Setting(a), Meaning::Setting(b))
        | (Meaning::OnChain(a, _), Meaning::OnChain(b, _)) => a == b,
        _ => a.name == b.name,
    }
}

fn is_true(arguments: &[Argument], name: &str) -> bool {
    arguments.iter().any(|argument| argument.flag.name == name && argument.canonical == "true")
}

/// `LP_HTTPADDR` and `WAYMARK__LISTEN__HTTP` are both environment: neither is stronger.
fn refuse_both(arguments: &[Argument], own: &[Given], problems: &mut Problems) {
    for given in own {
        let twin = arguments.iter().find(|argument| {
            matches!(argument.origin, Origin::Env { .. })
                && argument.flag.meaning.key() == Some(given.setting.key)
        });
        if let Some(twin) = twin {
            let text = format!("{} gives the same setting; keep one of them", twin.flag.variable());
            problems.push(Problem::new(given.origin.clone(), None, text));
        }
    }
}

/// The variables of `env` that belong to stock flags.
pub(super) fn variables_in(env: &BTreeMap<String, String>) -> impl Iterator<Item = &str> {
    env.iter()
        .filter(|(name, value)| {
            name.starts_with("LP_")
                && !value.is_empty()
                && FLAGS.iter().any(|flag| flag.variable() == **name)
        })
        .map(|(name, _)| name.as_str())
}

/// A setting given by a flag.
fn given(argument: &Argument, key: &'static str, text: impl Into<String>) -> Given {
    Given {
        setting: known(key),
        item: Item::text(text),
        origin: argument.origin.clone(),
        written: Some(argument.written.clone()),
    }
}
