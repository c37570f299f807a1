//! What `-h` and `-j` print: the stock flags that do something here, grouped by section, and the
//! others by what becomes of them.

use std::fmt::Write as _;

use serde_json::{Map, Value, json};

use super::flags::{FLAGS, Flag, Form, Meaning};
use super::translate::in_words;
use crate::config::setting::{SECTIONS, known};

/// Width of help texts, in characters.
const WIDTH: usize = 96;

/// Help for somebody who starts a gateway the stock way.
pub fn stock_help() -> String {
    let mut text = String::from(
        "Waymark, a gateway for the Livepeer network\n\
         \n\
         Usage: waymark -gateway [-flag value]…     as a go-livepeer gateway is started\n\
         \x20      waymark serve --config FILE         the same from a waymark.yaml\n\
         \x20      waymark config show -- -gateway …   these flags as a waymark.yaml\n\
         \x20      waymark help                        all commands\n\
         \n\
         Each flag can also be an environment variable (-httpAddr is LP_HTTPADDR) or a line of a\n\
         -config FILE (httpAddr 127.0.0.1:9935). The command line comes before the environment,\n\
         the environment before the file. A flag that is true or false takes its value with `=`.\n",
    );
    section(&mut text, "Command line", FLAGS.iter().filter(|flag| about_the_line(flag)));
    for (name, _) in SECTIONS {
        let title = if name.is_empty() { "Gateway".to_owned() } else { capital(name) };
        let flags = FLAGS.iter().filter(|flag| match flag.meaning {
            Meaning::Setting(key) | Meaning::OnChain(key, _) => {
                known(key).split().0 == *name && flag.name != "datadir"
            }
            _ => false,
        });
        section(&mut text, &title, flags);
    }
    names(&mut text, "Checked; refused on chain unless they are the default", |m| {
        matches!(m, Meaning::MissingOnChain(..))
    });
    names(&mut text, "Refused, not there yet", |m| {
        matches!(m, Meaning::Missing(_) | Meaning::Never(_))
    });
    names(&mut text, "Without effect, it is done in any case", |m| matches!(m, Meaning::Always(_)));
    names(&mut text, "Without effect until what they refine is there", |m| {
        matches!(m, Meaning::Idle(_) | Meaning::Dead)
    });
    names(&mut text, "Ignored with a warning, not for gateways", |m| m == Meaning::NotForGateways);
    text
}

fn about_the_line(flag: &Flag) -> bool {
    matches!(flag.meaning, Meaning::Gateway | Meaning::CommandLine)
}

fn capital(name: &str) -> String {
    match name {
        "hls" => return "HLS".to_owned(),
        "log" => return "Log".to_owned(),
        _ => {}
    }
    let mut letters = name.chars();
    letters.next().map_or_else(String::new, |first| first.to_uppercase().chain(letters).collect())
}

fn section<'a>(text: &mut String, title: &str, flags: impl Iterator<Item = &'a Flag>) {
    let mut flags = flags.peekable();
    if flags.peek().is_none() {
        return;
    }
    put(text, &format!("\n{title}\n"));
    for flag in flags {
        let noun = match flag.meaning {
            Meaning::Setting(key) | Meaning::OnChain(key, _) => known(key).kind.noun(),
            _ if flag.form == Form::Bool => "",
            _ => "FILE",
        };
        let head = format!("  -{} {noun}", flag.name);
        put(text, &format!("{}\n", head.trim_end()));
        let default = default(flag);
        put(text, &wrapped(&format!("{}{default}", doc(flag)), 8));
    }
}

fn doc(flag: &Flag) -> &'static str {
    match (flag.meaning, flag.name) {
        (_, "gateway") => "Start a gateway. Needed, as in stock.",
        (_, "broadcaster") => "Old name of -gateway.",
        (_, "config") => "File with one `flag value` on each line.",
        (_, "version") => "Print the version and exit.",
        (_, "j") => "Print all flags as JSON, as MistServer asks for them, and exit.",
        (_, "v") => {
            "Verbosity of the log: 3, 4 or 5 for each job, 6 for each step of a job, 99 for \
             everything."
        }
        (_, "httpIngest") => {
            "Take segments over HTTP. Without the flag: yes, except when -httpAddr can be reached \
             from other machines."
        }
        (_, "transcodingOptions") => {
            "Renditions of streams that bring none of their own: names of presets, or the path of \
             a JSON file with a list of profiles."
        }
        (_, "orchWebhookUrl") => {
            "URL that answers with the list of orchestrators. Wins over -orchAddr."
        }
        (Meaning::Setting(key) | Meaning::OnChain(key, _), _) => known(key).doc,
        _ => "",
    }
}

fn default(flag: &Flag) -> String {
    let shown = match flag.meaning {
        Meaning::Setting("log.filter") => "3",
        Meaning::Setting(key) | Meaning::OnChain(key, _) => known(key).default,
        _ => "",
    };
    if shown.is_empty() || flag.form == Form::Bool { String::new() } else { format!(" [{shown}]") }
}

fn names(text: &mut String, title: &str, belongs: impl Fn(Meaning) -> bool) {
    put(text, &format!("\n{title}\n"));
    let names: Vec<String> = FLAGS
        .iter()
        .filter(|flag| belongs(flag.meaning))
        .map(|flag| format!("-{}", flag.name))
        .collect();
    put(text, &wrapped(&names.join(" "), 2));
}

/// Words in lines of [`WIDTH`], each behind `indent` spaces.
fn wrapped(words: &str, indent: usize) -> String {
    let mut lines = String::new();
    let mut length = 0;
    for word in words.split_whitespace() {
        let width = word.chars().count();
        if length > 0 && length + 1 + width > WIDTH {
            lines.push('\n');
            length = 0;
        }
        let gap = if length == 0 { indent } else { 1 };
        lines.extend(std::iter::repeat_n(' ', gap));
        lines.push_str(word);
        length += gap + width;
    }
    lines.push('\n');
    lines
}

fn put(text: &mut String, line: &str) {
    text.write_str(line).expect("writing to a String cannot fail");
}

/// The flags as MistServer reads them from a connector.
pub fn flags_as_json() -> Value {
    let mut optional = Map::new();
    for flag in FLAGS {
        let mut entry = Map::new();
        entry.insert("name".to_owned(), flag.name.into());
        entry.insert("help".to_owned(), help_line(flag).into());
        entry.insert("option".to_owned(), format!("-{}", flag.name).into());
        if !flag.default.is_empty() {
            entry.insert("default".to_owned(), flag.default.into());
        }
        if flag.form != Form::Bool {
            entry.insert("type".to_owned(), "str".into());
        }
        optional.insert(flag.name.to_owned(), Value::Object(entry));
    }
    json!({
        "name": "waymark",
        "friendly": "Waymark",
        "desc": "A gateway for the Livepeer network",
        "optional": optional,
        "version": env!("CARGO_PKG_VERSION"),
    })
}

fn help_line(flag: &Flag) -> String {
    match doc(flag) {
        "" => in_words(flag),
        doc => doc.to_owned(),
    }
}

/// A row for each flag: name, variable, type, and what it comes to.
pub(in crate::config) fn rows() -> impl Iterator<Item = [String; 3]> {
    FLAGS.iter().map(|flag| {
        let form = match flag.form {
            Form::Bool => "true, false",
            Form::Int => "whole number",
            Form::Float => "number",
            Form::Duration => "duration",
            Form::Text => "text",
        };
        [format!("`-{}`", flag.name), form.to_owned(), in_words(flag)]
    })
}
