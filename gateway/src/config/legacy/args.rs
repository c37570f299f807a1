//! The three places a stock flag is read from: the command line in Go's syntax, `LP_…`
//! variables, and the `-config` file (peterbourgon/ff v3.4.0, `PlainParser`).

use std::collections::BTreeMap;
use std::ffi::OsString;
use std::path::Path;
use std::sync::Arc;

use super::Argument;
use super::flags::{FLAGS, Flag, Form, find};
use super::go;
use crate::config::nearest::suggestion;
use crate::config::origin::{Origin, Place};
use crate::config::problem::{Problem, Problems};
use crate::config::read::read_bounded;

/// What a command line holds besides flags with values.
#[derive(Debug, Default)]
pub(super) struct Parsed {
    pub(super) arguments: Vec<Argument>,
    pub(super) help: bool,
}

/// Reads `-name value`, `-name=value` and `--name`; a flag that is true or false takes its value
/// with `=` only, and is true without one.
pub(super) fn command_line(args: &[OsString], problems: &mut Problems) -> Parsed {
    let mut parsed = Parsed::default();
    let mut rest = args.iter();
    while let Some(arg) = rest.next() {
        let Some(arg) = arg.to_str() else {
            let shown = arg.to_string_lossy();
            problems.push(Problem::new(Origin::CommandLine, Some(&shown), "is not UTF-8 text"));
            continue;
        };
        let Some(name) = arg.strip_prefix('-').filter(|name| !name.is_empty() && arg != "--")
        else {
            stray(arg, rest.as_slice(), problems);
            break;
        };
        let name = name.strip_prefix('-').unwrap_or(name);
        let (name, value) = match name.split_once('=') {
            Some((name, value)) => (name, Some(value)),
            None => (name, None),
        };
        if name.is_empty() || name.starts_with('-') {
            problems.push(Problem::new(Origin::CommandLine, Some(arg), "is not a flag"));
            continue;
        }
        if matches!(name, "h" | "help") {
            parsed.help = true;
            continue;
        }
        let Some(flag) = find(name) else {
            let shown = format!("-{name}");
            let text = unknown(name, "-");
            problems.push(Problem::new(Origin::CommandLine, Some(&shown), text));
            // What follows an unknown flag is more likely its value than the end of all flags.
            let next = rest.as_slice().first().and_then(|next| next.to_str());
            if value.is_none() && next.is_some_and(|next| !next.starts_with('-')) {
                rest.next();
            }
            continue;
        };
        let value = match (value, flag.form) {
            (Some(value), _) => Some(value.to_owned()),
            (None, Form::Bool) => Some("true".to_owned()),
            (None, _) => rest.next().map(|value| value.to_string_lossy().into_owned()),
        };
        let origin = Origin::Flag { name: flag.name };
        match value {
            Some(value) => parsed.arguments.extend(argument(flag, &value, origin, problems)),
            None => problems.push(Problem::new(origin, None, "needs a value")),
        }
    }
    parsed
}

/// Go's parser would stop here and drop everything that follows without a word.
fn stray(arg: &str, rest: &[OsString], problems: &mut Problems) {
    if arg == "--" && rest.is_empty() {
        return;
    }
    let mut text = "is not a flag, and nothing behind it would count".to_owned();
    if go::boolean(arg).is_some() {
        text.push_str("; flags that are true or false take their value with `=`: -monitor=true");
    }
    problems.push(Problem::new(Origin::CommandLine, Some(arg), text));
}

/// What to say about a name that is no flag.
fn unknown(name: &str, hyphen: &str) -> String {
    if let Some(flag) = FLAGS.iter().find(|flag| flag.name.eq_ignore_ascii_case(name)) {
        return format!("unknown flag; did you mean {hyphen}{}? Case matters", flag.name);
    }
    let names = FLAGS.iter().map(|flag| flag.name).filter(|name| *name != "datadir");
    format!("unknown flag{}", suggestion(name, hyphen, names))
}

/// Every `LP_…` variable that is not empty. Those that belong to no flag are returned by name.
pub(super) fn variables(
    env: &BTreeMap<String, String>,
    problems: &mut Problems,
) -> (Vec<Argument>, Vec<String>) {
    let mut arguments = Vec::new();
    let mut unknown = Vec::new();
    for (name, value) in env.range("LP_".to_owned()..) {
        if !name.starts_with("LP_") {
            break;
        }
        if value.is_empty() {
            continue;
        }
        if let Some(flag) = FLAGS.iter().find(|flag| flag.variable() == *name) {
            let origin = Origin::Env { name: name.clone() };
            arguments.extend(argument(flag, value, origin, problems));
        } else {
            let names: Vec<String> = FLAGS.iter().map(Flag::variable).collect();
            let names = names.iter().filter_map(|known| known.strip_prefix("LP_"));
            let near = suggestion(name.trim_start_matches("LP_"), "LP_", names);
            unknown.push(format!("{name} belongs to no flag and is ignored{near}"));
        }
    }
    (arguments, unknown)
}

/// The `key value` lines of a `-config` file. The key is a flag's name or its variable; `#`
/// begins a comment; a key alone is true.
pub(super) fn file(path: &Path, named_by: &Origin, problems: &mut Problems) -> Vec<Argument> {
    let shown = path.display().to_string();
    let text = match read_bounded(path) {
        Ok(text) => text,
        Err(error) => {
            let text = format!("cannot read the file: {error}");
            problems.push(Problem::new(named_by.clone(), Some(&shown), text));
            return Vec::new();
        }
    };
    lines(&text, &Arc::from(shown), problems)
}

pub(super) fn lines(text: &str, path: &Arc<str>, problems: &mut Problems) -> Vec<Argument> {
    let mut arguments = Vec::new();
    for (number, line) in (1_u64..).zip(text.lines()) {
        let line = line.trim();
        if line.is_empty() || line.starts_with('#') {
            continue;
        }
        let (key, value) = match line.split_once(' ') {
            Some((key, value)) => (key, Some(value.trim())),
            None => (line, None),
        };
        let value =
            value.map(|value| value.split_once(" #").map_or(value, |(kept, _)| kept.trim()));
        let place = Some(Place { line: number, column: 0 });
        let origin = Origin::File { path: Arc::clone(path), place };
        let found = FLAGS.iter().find(|flag| flag.name == key || flag.variable() == key);
        match (found, value) {
            (None, _) => {
                problems.push(Problem::new(origin, Some(key), unknown(key, "")));
            }
            (Some(flag), None) if flag.form != Form::Bool => {
                problems.push(Problem::new(origin, Some(key), "needs a value"));
            }
            (Some(flag), value) => {
                arguments.extend(argument(flag, value.unwrap_or("true"), origin, problems));
            }
        }
    }
    arguments
}

/// A flag with a value of the right type; any other value is a problem.
fn argument(
    flag: &'static Flag,
    value: &str,
    origin: Origin,
    problems: &mut Problems,
) -> Option<Argument> {
    let written = shown(flag, value, &origin);
    match go::canonical(flag.form, value) {
        Ok(canonical) => Some(Argument { flag, canonical, written, origin }),
        Err(text) => {
            problems.push(Problem::new(origin, Some(&written), text));
            None
        }
    }
}

/// The value for messages: hidden if secret, and with its key if it stands in a file.
fn shown(flag: &Flag, value: &str, origin: &Origin) -> String {
    let value = if flag.secret { "***" } else { value };
    match origin {
        Origin::File { .. } => format!("{} {value}", flag.name),
        Origin::Flag { .. } if flag.form == Form::Bool => format!("={value}"),
        _ => value.to_owned(),
    }
}
