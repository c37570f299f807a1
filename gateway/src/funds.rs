//! The gateway's money from the command line: `waymark funds …` and `waymark doctor`.
//!
//! ```text
//!   status   account ─► chain, ledger ─► what there is, what it carries, how long it lasts
//!   add …    account ─► plan ─► shown ─► "yes" ─► key ─► sent ─► receipt ─► what there is now
//!   doctor   key, chain, orchestrators ─► findings in plain words
//! ```
//!
//! Looking never opens the key: its address stands in the name of its file. Nothing is sent that was
//! not shown first, and nothing without consent. No command makes a key.
//!
//! | exit code | meaning |
//! |---|---|
//! | 0 | done; a dry run that could be carried out; `doctor` found nothing that keeps jobs from being paid |
//! | 1 | nothing was changed, or the transaction failed on chain; `doctor` found something fatal |
//! | 64 | consent is needed and there is no terminal to ask at |
//! | 78 | the key, the settings or the chain cannot be used |

pub(crate) mod change;
mod doctor;
mod market;
mod status;
pub(crate) mod wallet;

use std::{
    fmt,
    io::{self, Write},
    path::PathBuf,
};

use waymark_payments::{chain::ReadError, fund::FundError, signer::LocalKey};

use crate::{
    app::Ask,
    cli::Command,
    clock::Clock,
    config::Config,
    contracts::ContractsError,
    payments::{KeyError, PaymentsError},
};

pub(crate) use wallet::fund_settings;

/// Everything went well.
pub const DONE: u8 = 0;
/// Nothing was changed, or something fatal was found.
pub const FAILED: u8 = 1;
/// `EX_USAGE`: consent is missing.
pub const NO_CONSENT: u8 = 64;
/// `EX_CONFIG`: the key, the settings or the chain cannot be used.
pub const UNUSABLE: u8 = 78;
/// `EX_SOFTWARE`: a defect.
const DEFECT: u8 = 70;

/// Where a command writes, and whom it asks.
pub struct Console<'a> {
    /// For what the command says.
    pub out: &'a mut (dyn Write + Send),
    /// Asks for consent; `None` where there is nobody to ask.
    pub confirm: Ask,
    /// Asks for a pass-phrase, without showing what is typed.
    pub secret: Ask,
}

/// A command could not be carried out.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum FundsError {
    /// The key cannot be found or opened.
    #[error(transparent)]
    Key(#[from] KeyError),
    /// There is none.
    #[error(
        "there is no key in {}; copy a key file there, or start the gateway once to make one",
        directory.display()
    )]
    NoKey {
        /// Where it was looked for.
        directory: PathBuf,
    },
    /// The chain cannot be used.
    #[error(transparent)]
    Chain(#[from] PaymentsError),
    /// A contract cannot be read.
    #[error("the chain cannot be read")]
    Read(#[from] ReadError),
    /// The funds cannot be planned or moved.
    #[error(transparent)]
    Fund(#[from] FundError),
    /// Nobody said yes.
    #[error(
        "this sends a transaction and there is no terminal to ask at; give --yes to do it, or \
         --dry-run to see what it would do"
    )]
    NoConsent,
    /// Our own contract cannot be deployed or used.
    #[error(transparent)]
    Contracts(#[from] ContractsError),
    /// The terminal cannot be used.
    #[error("cannot write to standard output or read from the terminal")]
    Terminal(#[from] io::Error),
    /// A thread ended without a word.
    #[error("the thread that opens the key ended")]
    Thread(#[from] tokio::task::JoinError),
    /// Not one of these commands.
    #[error("this is no command about funds")]
    OtherCommand,
}

impl FundsError {
    /// The process's exit code.
    pub fn exit_code(&self) -> u8 {
        match self {
            Self::NoConsent => NO_CONSENT,
            Self::Key(_)
            | Self::NoKey { .. }
            | Self::Chain(_)
            | Self::Read(_)
            | Self::Fund(FundError::Read(_) | FundError::Sign(_)) => UNUSABLE,
            Self::Fund(_) | Self::Contracts(_) => FAILED,
            Self::Terminal(_) | Self::Thread(_) | Self::OtherCommand => DEFECT,
        }
    }
}

impl fmt::Debug for Console<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Console").finish_non_exhaustive()
    }
}

impl Console<'_> {
    pub(crate) fn say(&mut self, text: &str) -> io::Result<()> {
        self.out.write_all(text.as_bytes())?;
        self.out.flush()
    }
}

/// The key of these settings, opened. `ask` is asked for its pass-phrase if the settings have none.
pub async fn open_key(config: &Config, clock: &Clock, ask: Ask) -> Result<LocalKey, FundsError> {
    wallet::open(config, clock, ask).await
}

/// Carries a command out; returns the exit code.
pub async fn run(
    command: Command,
    clock: &Clock,
    console: &mut Console<'_>,
) -> Result<u8, FundsError> {
    match command {
        Command::FundsStatus { config } => {
            let status = Box::pin(status::read(&config, clock)).await?;
            console.say(&status.to_string())?;
            Ok(DONE)
        }
        Command::ChangeFunds { config, change, consent } => {
            Box::pin(change::run(&config, change, consent, clock, console)).await
        }
        Command::Contracts { config, task, consent } => {
            Box::pin(crate::contracts::run(&config, task, consent, clock, console)).await
        }
        Command::Doctor { config } => {
            let report = Box::pin(doctor::examine(&config, clock)).await;
            console.say(&report.to_string())?;
            Ok(if report.is_fatal() { FAILED } else { DONE })
        }
        Command::Serve { .. }
        | Command::Demand(_)
        | Command::Match { .. }
        | Command::Evidence { .. }
        | Command::Verify(_) => Err(FundsError::OtherCommand),
    }
}

#[cfg(test)]
mod tests;
