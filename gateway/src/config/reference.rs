//! `docs/config.md`, made from the tables of settings and flags. A test fails when the file and
//! the tables differ; `waymark config reference` prints what the file should hold.

use std::fmt::Write as _;

use super::legacy::rows;
use super::schema::shown_default;
use super::setting::{SECTIONS, SETTINGS, Setting};

const HEAD: &str = "\
# Configuration

<!-- Made by `waymark config reference`. Change the tables in gateway/src/config instead. -->

The same settings can be given in two ways:

* `waymark serve --config waymark.yaml`, our own form. `--set key=value` and variables such as
  `WAYMARK__HLS__WINDOW=8` come before the file: command line, environment, file, default.
* `waymark -gateway -orchAddr …`, the command line of a go-livepeer gateway, with `LP_…` variables
  and a `-config` file of `flag value` lines behind it. `WAYMARK__…` variables reach the settings
  that stock has no flag for.

`waymark config show --origins` prints every value in force and where it comes from;
`waymark config show -- -gateway -orchAddr …` prints a stock command line as a `waymark.yaml`.
`waymark config check` only says whether the settings can be used, and `waymark config schema`
prints a JSON Schema for editors. [`examples/waymark.yaml`](../examples/waymark.yaml) holds every
default.

Sizes and times have units (`300MB`, `512MiB`, `30s`, `500ms`). An unknown key, an unknown flag and
a value that cannot be used are refused at the start, all of them at once: exit code 64 for
`waymark.yaml`, 2 for a stock command line. Nothing is bound or created before that.
";

const FLAGS: &str = "
## Stock flags

Every flag of go-livepeer v0.9.1. *Refused* means: the gateway does not start with a value other
than stock's default, because to ignore the flag would change what the operator gets.
";

/// The whole document, in Markdown.
pub fn reference() -> String {
    let mut text = HEAD.to_owned();
    for (section, doc) in SECTIONS {
        let title = if section.is_empty() { "Top level" } else { section };
        put(&mut text, &format!("\n## {title}\n\n{doc}\n\n"));
        row(&mut text, &["Key", "Values", "Default", "Stock flag", "Meaning"]);
        row(&mut text, &["---", "---", "---", "---", "---"]);
        for setting in SETTINGS.iter().filter(|setting| setting.split().0 == *section) {
            row(&mut text, &cells(setting).each_ref().map(String::as_str));
        }
    }
    put(&mut text, FLAGS);
    put(&mut text, "\n");
    row(&mut text, &["Flag", "Value", "Here"]);
    row(&mut text, &["---", "---", "---"]);
    for cells in rows() {
        row(&mut text, &cells.each_ref().map(String::as_str));
    }
    text
}

fn cells(setting: &Setting) -> [String; 5] {
    let default = shown_default(setting);
    [
        format!("`{}`", setting.key),
        setting.kind.describe(),
        if default.is_empty() { String::new() } else { format!("`{default}`") },
        setting.flag.map_or_else(String::new, |flag| format!("`-{flag}`")),
        setting.doc.to_owned(),
    ]
}

fn row(text: &mut String, cells: &[&str]) {
    let cells: Vec<String> = cells.iter().map(|cell| cell.replace('|', "\\|")).collect();
    put(text, &format!("| {} |\n", cells.join(" | ")));
}

fn put(text: &mut String, part: &str) {
    text.write_str(part).expect("writing to a String cannot fail");
}
