//! The command line: a stock one (`waymark -gateway …`) or our own (`waymark serve …`).
//!
//! Parsing starts nothing. What can be answered from settings alone (help, version, `config …`)
//! comes back as an [`Exit`] with the texts to print; printing and exiting is left to `main`.

use std::collections::BTreeMap;
use std::ffi::OsString;
use std::path::PathBuf;

use alloy_primitives::{Address, U256};
use waymark_tracker::command::Demand;

use crate::config::{self, Config, Loaded, Problems, StockRequest};
use crate::matching::MatchRequest;
use crate::verify::command::VerifyRequest;
use crate::verify::evidence::BundleId;

mod matching;
mod own;
#[cfg(test)]
mod tests;
mod verify;

/// Exit code of a stock command line that cannot be used; go-livepeer's own.
pub const BAD_FLAGS: u8 = 2;
/// Exit code of a `waymark.yaml` or a command of ours that cannot be used (`EX_USAGE`).
pub const BAD_CONFIG: u8 = 64;

/// Something to run.
#[derive(Debug, Clone, PartialEq)]
#[non_exhaustive]
pub enum Command {
    /// Run the gateway.
    Serve {
        /// The settings.
        config: Box<Config>,
        /// What the operator should know, one sentence each, without secrets.
        warnings: Vec<String>,
    },
    /// Show the gateway's funds.
    FundsStatus {
        /// The settings.
        config: Box<Config>,
    },
    /// Change the gateway's funds.
    ChangeFunds {
        /// The settings.
        config: Box<Config>,
        /// What to do.
        change: FundsChange,
        /// Whether to ask before it is done.
        consent: Consent,
    },
    /// Say what is missing before orchestrators can be paid.
    Doctor {
        /// The settings.
        config: Box<Config>,
    },
    /// Put our own contract on a chain.
    Contracts {
        /// The settings.
        config: Box<Config>,
        /// What to do.
        task: ContractsTask,
        /// Whether to ask before it is done.
        consent: Consent,
    },
    /// Say whether an orchestrator qualifies for the classes of a gateway.
    Match {
        /// The settings, for a node that answers only a gateway with funds.
        config: Box<Config>,
        /// What is compared.
        request: Box<MatchRequest>,
    },
    /// Judge a rendition by its source; needs no settings.
    Verify(Box<VerifyRequest>),
    /// Look at what is kept of results that failed.
    Evidence {
        /// The settings: where it is.
        config: Box<Config>,
        /// What to do.
        task: EvidenceTask,
    },
    /// Report demand by tag from the logs of a chain; needs no settings.
    Demand(Box<Demand>),
}

/// What is done with kept evidence.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum EvidenceTask {
    /// Show what there is.
    List {
        /// One JSON object a line.
        json: bool,
    },
    /// Write one bundle as a file.
    Export {
        /// Which.
        id: BundleId,
        /// The archive; must not exist.
        out: PathBuf,
    },
}

/// What is done about our own contract.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum ContractsTask {
    /// Deploy a registry of tags.
    Deploy {
        /// Who registers the roots outside `x-`; the account itself without one.
        curator: Option<Address>,
        /// Where the record is written; in the data directory without one.
        record: Option<PathBuf>,
    },
    /// Register the first tags that are missing.
    Seed {
        /// The registry.
        registry: Address,
    },
}

/// A change of the gateway's funds.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum FundsChange {
    /// Into deposit and reserve, wei.
    Add {
        /// For the deposit.
        deposit: U256,
        /// For the reserve.
        reserve: U256,
    },
    /// Begin the unlock period.
    Unlock,
    /// End it.
    CancelUnlock,
    /// Take everything out after it.
    Withdraw,
}

/// Whether a transaction may be sent.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Consent {
    /// Only say what would happen.
    DryRun,
    /// Ask the person at the terminal.
    Ask,
    /// Already given on the command line.
    Given,
}

/// The process is done before it began: print, and leave with this code.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Exit {
    /// 0, [`BAD_FLAGS`] or [`BAD_CONFIG`].
    pub code: u8,
    /// For standard output, whole lines or nothing.
    pub stdout: String,
    /// For standard error, whole lines or nothing.
    pub stderr: String,
}

impl Exit {
    fn done(stdout: impl Into<String>) -> Self {
        Self { code: 0, stdout: stdout.into(), stderr: String::new() }
    }

    fn failed(code: u8, stderr: impl Into<String>) -> Self {
        Self { code, stdout: String::new(), stderr: stderr.into() }
    }

    fn problems(code: u8, problems: &Problems) -> Self {
        let hint = match code {
            BAD_FLAGS => {
                "\n`waymark -h` lists the flags, `waymark config reference` what becomes of each.\n"
            }
            _ => "\n`waymark config reference` lists the settings.\n",
        };
        Self::failed(code, format!("waymark: {problems}{hint}"))
    }
}

/// Reads a command line, the program's own name included, with the environment given as a map.
///
/// A first argument that begins with a hyphen makes it a stock command line, and so does none at
/// all where `LP_…` variables name the role.
pub fn parse(
    args: impl Iterator<Item = OsString>,
    env: &BTreeMap<String, String>,
) -> Result<Command, Exit> {
    let args: Vec<OsString> = args.skip(1).collect();
    let stock = match args.first() {
        Some(first) => first.as_encoded_bytes().starts_with(b"-"),
        None => ["LP_GATEWAY", "LP_BROADCASTER", "LP_CONFIG"]
            .iter()
            .any(|name| env.get(*name).is_some_and(|value| !value.is_empty())),
    };
    if args.is_empty() && !stock {
        return Err(Exit::failed(BAD_FLAGS, own::help()));
    }
    if stock { serve_stock(&args, env) } else { own::parse(args, env) }
}

fn serve_stock(args: &[OsString], env: &BTreeMap<String, String>) -> Result<Command, Exit> {
    stock(args, env).map(|loaded| serve(*loaded))
}

/// A stock command line that is to run; everything else it may ask for is an [`Exit`].
fn stock(args: &[OsString], env: &BTreeMap<String, String>) -> Result<Box<Loaded>, Exit> {
    match config::load_stock(args, env) {
        Ok(StockRequest::Run(loaded)) => Ok(loaded),
        Ok(StockRequest::Help) => Err(Exit::done(config::stock_help())),
        Ok(StockRequest::Version) => Err(Exit::done(version())),
        Ok(StockRequest::Json) => Err(Exit::done(format!("{}\n", config::flags_as_json()))),
        Err(problems) => Err(Exit::problems(BAD_FLAGS, &problems)),
    }
}

fn serve(loaded: Loaded) -> Command {
    Command::Serve { config: Box::new(loaded.config), warnings: loaded.warnings }
}

/// What `-version` and `waymark version` print.
fn version() -> String {
    format!(
        "Waymark Version: {}\nPeer: go-livepeer 0.9.1\nArchitecture: {}\nOperating system: {}\n",
        env!("CARGO_PKG_VERSION"),
        std::env::consts::ARCH,
        std::env::consts::OS,
    )
}
