//! Our own commands: `serve`, `config …`, `version`.

use std::collections::BTreeMap;
use std::ffi::OsString;
use std::path::PathBuf;

use alloy_primitives::{Address, U256};
use clap::error::ErrorKind;
use clap::{Args, CommandFactory as _, Parser, Subcommand};
use waymark_tracker::command::Demand;

use super::matching::Match;
use super::verify::Verify;
use super::{
    BAD_CONFIG, Command, Consent, ContractsTask, EvidenceTask, Exit, FundsChange, serve, stock,
    version,
};
use crate::config::{self, Loaded};
use crate::verify::evidence::BundleId;

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
    /// Look at the gateway's funds on chain, or change them.
    #[command(subcommand)]
    Funds(Funds),
    /// Say in plain words what is missing before orchestrators can be paid.
    Doctor {
        #[command(flatten)]
        which: Which,
    },
    // Its help is in the crate.
    Demand(Box<Demand>),
    /// Say whether an orchestrator qualifies for a gateway's classes, and what it misses.
    Match(Box<Match>),
    /// Judge a rendition by its source, with the checks that results go through.
    Verify(Box<Verify>),
    /// Look at what this gateway keeps of results that failed its checks.
    #[command(subcommand)]
    Evidence(KeptEvidence),
    /// Put the registry of tags, this project's own contract, on a chain.
    #[command(subcommand)]
    Contracts(Contracts),
    /// Look at settings without starting anything.
    #[command(subcommand)]
    Config(Look),
    /// Print the version.
    Version,
}

#[derive(Debug, Subcommand)]
enum Funds {
    /// Show deposit, reserve and how long they last.
    Status {
        #[command(flatten)]
        which: Which,
    },
    /// Move ether from the account into deposit and reserve.
    Add {
        /// For the deposit, which winning tickets are paid from first: 0.1eth, 5 gwei, 1000 wei.
        #[arg(long, value_name = "AMOUNT", value_parser = wei, required_unless_present = "reserve")]
        deposit: Option<U256>,
        /// For the reserve, which vouches for the deposit towards all orchestrators together.
        #[arg(long, value_name = "AMOUNT", value_parser = wei)]
        reserve: Option<U256>,
        #[command(flatten)]
        how: How,
    },
    /// Ask for the funds back; orchestrators stop working for this gateway within a round.
    Unlock {
        #[command(flatten)]
        how: How,
    },
    /// Take that back.
    CancelUnlock {
        #[command(flatten)]
        how: How,
    },
    /// Move deposit and reserve to the account, once the unlock period is over.
    Withdraw {
        #[command(flatten)]
        how: How,
    },
}

#[derive(Debug, Subcommand)]
enum KeptEvidence {
    /// Show what is kept, newest first.
    List {
        /// One JSON object a line.
        #[arg(long)]
        json: bool,
        #[command(flatten)]
        which: Which,
    },
    /// Write one as a tar archive: source, renditions, the signed request, every check.
    Export {
        /// Its name, as `waymark evidence list` shows it.
        id: BundleId,
        /// The file to write, which must not exist yet.
        #[arg(long, value_name = "FILE")]
        out: PathBuf,
        #[command(flatten)]
        which: Which,
    },
}

#[derive(Debug, Subcommand)]
enum Contracts {
    /// Deploy a registry with the gateway's account, and write down where it is.
    Deploy {
        /// Who registers the roots outside x-, for ever; without it, the account itself.
        #[arg(long, value_name = "ADDRESS")]
        curator: Option<Address>,
        /// The file for the record; without it, contracts/job-tag-registry-CHAIN.json in the data
        /// directory.
        #[arg(long, value_name = "FILE")]
        record: Option<PathBuf>,
        #[command(flatten)]
        how: How,
    },
    /// Register the first tags, those that are missing, as the registry's curator.
    Seed {
        /// The registry.
        #[arg(long, value_name = "ADDRESS")]
        registry: Address,
        #[command(flatten)]
        how: How,
    },
}

#[derive(Debug, Args)]
struct How {
    /// Say what would happen and what it costs, and do nothing.
    #[arg(long)]
    dry_run: bool,
    /// Do it without asking.
    #[arg(long, conflicts_with = "dry_run")]
    yes: bool,
    #[command(flatten)]
    which: Which,
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
pub(super) struct Which {
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
        Own::Funds(funds) => change_funds(funds, env),
        Own::Doctor { which } => {
            let config = Box::new(load_which(&which, env)?.config);
            Ok(Command::Doctor { config })
        }
        Own::Demand(demand) => Ok(Command::Demand(demand)),
        Own::Match(asked) => {
            let config = Box::new(load_which(&asked.which, env)?.config);
            Ok(Command::Match { config, request: Box::new(asked.request()) })
        }
        Own::Evidence(evidence) => {
            let (task, which) = match evidence {
                KeptEvidence::List { json, which } => (EvidenceTask::List { json }, which),
                KeptEvidence::Export { id, out, which } => {
                    (EvidenceTask::Export { id, out }, which)
                }
            };
            Ok(Command::Evidence { config: Box::new(load_which(&which, env)?.config), task })
        }
        Own::Verify(asked) => Ok(Command::Verify(Box::new(asked.request()))),
        Own::Contracts(contracts) => about_contracts(contracts, env),
        Own::Config(look) => Err(look_at(look, env)?),
        Own::Version => Err(Exit::done(version())),
    }
}

fn wei(text: &str) -> Result<U256, String> {
    config::wei(text)
}

fn change_funds(funds: Funds, env: &BTreeMap<String, String>) -> Result<Command, Exit> {
    let (change, how) = match funds {
        Funds::Status { which } => {
            let config = Box::new(load_which(&which, env)?.config);
            return Ok(Command::FundsStatus { config });
        }
        Funds::Add { deposit, reserve, how } => {
            let (deposit, reserve) = (deposit.unwrap_or_default(), reserve.unwrap_or_default());
            (FundsChange::Add { deposit, reserve }, how)
        }
        Funds::Unlock { how } => (FundsChange::Unlock, how),
        Funds::CancelUnlock { how } => (FundsChange::CancelUnlock, how),
        Funds::Withdraw { how } => (FundsChange::Withdraw, how),
    };
    let config = Box::new(load_which(&how.which, env)?.config);
    Ok(Command::ChangeFunds { config, change, consent: how.consent() })
}

fn about_contracts(contracts: Contracts, env: &BTreeMap<String, String>) -> Result<Command, Exit> {
    let (task, how) = match contracts {
        Contracts::Deploy { curator, record, how } => {
            (ContractsTask::Deploy { curator, record }, how)
        }
        Contracts::Seed { registry, how } => (ContractsTask::Seed { registry }, how),
    };
    let config = Box::new(load_which(&how.which, env)?.config);
    Ok(Command::Contracts { config, task, consent: how.consent() })
}

impl How {
    fn consent(&self) -> Consent {
        match (self.dry_run, self.yes) {
            (true, _) => Consent::DryRun,
            (false, true) => Consent::Given,
            (false, false) => Consent::Ask,
        }
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
