//! Our own commands: `serve`, `config …`, `version`.

use std::collections::BTreeMap;
use std::ffi::OsString;
use std::path::PathBuf;

use clap::error::ErrorKind;
use clap::{Args, CommandFactory as _, Parser, Subcommand};

use super::{BAD_CONFIG, Command, Exit, serve, stock, version};
use crate::config::{self, Loaded};

/// A gateway for the Livepeer network.
///
/// `waymark -gateway …` takes the command line of a go-livepeer gateway as it is; `waymark -h`
/// lists its flags.
#[derive(Debug, Parser)]
#[command(name = "waymark", term_width = 96, disable_version_flag = true)]
struct Cli {
    #[command(subcommand)]
    command: Own,
}

#[derive(Debug, Subcommand)]
enum Own {
    /// Run the gateway.
    Serve(Source),
    /// Look at settings without starting anything.
    #[command(subcommand)]
    Config(Look),
    /// Print the version.
    Version,
}

#[derive(Debug, Subcommand)]
enum Look {
    /// Print every setting in force as a waymark.yaml; secrets are hidden.
    Show {
        /// Say behind each value where it comes from.
        #[arg(long)]
        origins: bool,
        #[command(flatten)]
        which: Which,
    },
    /// Say whether the settings can be used: exit code 0 or not.
    Check {
        #[command(flatten)]
        which: Which,
    },
    /// Print a JSON Schema of waymark.yaml.
    Schema,
    /// Print docs/config.md.
    Reference,
}

#[derive(Debug, Args)]
struct Source {
    /// The waymark.yaml to read; without it, every setting has its default.
    #[arg(long, value_name = "FILE")]
    config: Option<PathBuf>,
    /// One setting, like hls.window=8; comes before the file and the environment.
    #[arg(long = "set", value_name = "KEY=VALUE")]
    sets: Vec<String>,
}

#[derive(Debug, Args)]
struct Which {
    #[command(flatten)]
    source: Source,
    /// A stock command line instead, like: -- -gateway -orchAddr a:8935.
    #[arg(last = true, value_name = "FLAGS", conflicts_with_all = ["config", "sets"])]
    stock: Vec<OsString>,
}

pub(super) fn parse(args: Vec<OsString>, env: &BTreeMap<String, String>) -> Result<Command, Exit> {
    let named = std::iter::once(OsString::from("waymark")).chain(args);
    let cli = Cli::try_parse_from(named).map_err(|error| refused(&error))?;
    match cli.command {
        Own::Serve(source) => load(&source, env).map(serve),
        Own::Config(look) => Err(look_at(look, env)?),
        Own::Version => Err(Exit::done(version())),
    }
}

/// The help of all commands.
pub(super) fn help() -> String {
    Cli::command().render_long_help().to_string()
}

fn refused(error: &clap::Error) -> Exit {
    let text = error.render().to_string();
    match error.kind() {
        ErrorKind::DisplayHelp | ErrorKind::DisplayVersion => Exit::done(text),
        _ => Exit::failed(BAD_CONFIG, text),
    }
}

fn load(source: &Source, env: &BTreeMap<String, String>) -> Result<Loaded, Exit> {
    config::load(source.config.as_deref(), &source.sets, env)
        .map_err(|problems| Exit::problems(BAD_CONFIG, &problems))
}

fn load_which(which: &Which, env: &BTreeMap<String, String>) -> Result<Loaded, Exit> {
    if which.stock.is_empty() {
        load(&which.source, env)
    } else {
        stock(&which.stock, env).map(|loaded| *loaded)
    }
}

/// Looking never fails by itself; settings that cannot be used do.
fn look_at(look: Look, env: &BTreeMap<String, String>) -> Result<Exit, Exit> {
    Ok(match look {
        Look::Show { origins, which } => {
            let loaded = load_which(&which, env)?;
            let exit = Exit::done(loaded.config.to_yaml(origins));
            Exit { stderr: warnings(&loaded), ..exit }
        }
        Look::Check { which } => {
            let loaded = load_which(&which, env)?;
            Exit { stderr: warnings(&loaded), ..Exit::done("the settings can be used\n") }
        }
        Look::Schema => Exit::done(format!("{:#}\n", config::schema())),
        Look::Reference => Exit::done(config::reference()),
    })
}

fn warnings(loaded: &Loaded) -> String {
    let mut text = String::new();
    for warning in &loaded.warnings {
        text.extend(["warning: ", warning, "\n"]);
    }
    text
}
