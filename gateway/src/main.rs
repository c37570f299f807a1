//! The `waymark` program: read the command line, start the gateway, stop it on a signal.
#![forbid(unsafe_code)]

use std::{
    io::{IsTerminal as _, Write as _},
    process::ExitCode,
};

use tokio::signal::unix::{Signal, SignalKind, signal};
use waymark::{
    app::{self, StartError},
    cli::{self, Command, Exit},
    clock::Clock,
    config::Config,
    funds::{self, Console},
    matching::{self, MatchRequest},
    signer::{OffChain, Signer},
    telemetry,
    verify::{
        command::{self as command_verify, VerifyRequest},
        worker::{self, child::Bounds},
    },
};
use waymark_tracker::command::{self, Demand, Streams};

/// Work was lost because the grace of a shutdown was over.
const UNFINISHED: u8 = 1;
/// `EX_UNAVAILABLE`: a port is taken.
const PORT_TAKEN: u8 = 69;
/// `EX_SOFTWARE`: a defect.
const DEFECT: u8 = 70;
/// `EX_CONFIG`: the key, the chain or the ledger cannot be used.
const CANNOT_PAY: u8 = 78;
/// `EX_CONFIG`: the job classes cannot be used, and none were published before.
const BAD_CLASSES: u8 = 78;
/// `EX_CANTCREAT`: the data directory cannot be used.
const NO_DATA_DIR: u8 = 73;

fn main() -> ExitCode {
    // Before anything else: a worker needs nothing of what follows, and must not have it.
    let mut arguments = std::env::args().skip(1);
    if arguments.next().as_deref() == Some(worker::SUBCOMMAND) {
        return match Bounds::parse(arguments) {
            Some(bounds) => worker::child::main(bounds),
            None => fail(DEFECT, "waymark: verify-worker is started by the gateway itself\n"),
        };
    }
    if rustls::crypto::aws_lc_rs::default_provider().install_default().is_err() {
        return fail(DEFECT, "waymark: another cryptography provider is installed\n");
    }
    let env = std::env::vars_os()
        .filter_map(|(k, v)| Some((k.into_string().ok()?, v.into_string().ok()?)))
        .collect();
    match cli::parse(std::env::args_os(), &env) {
        Ok(Command::Serve { mut config, warnings }) => {
            // Workers are this program once more.
            config.verification.program = std::env::current_exe().ok();
            serve(*config, &warnings)
        }
        Ok(Command::Demand(demand)) => report_demand(&demand),
        Ok(Command::Verify(request)) => judge(&request),
        Ok(Command::Evidence { config, task }) => {
            match command_verify::evidence(&config, &task, &mut std::io::stdout()) {
                Ok(()) => ExitCode::SUCCESS,
                Err(error) => {
                    let text = waymark::orchestrator::error::chain(&error);
                    fail(1, &format!("waymark: {text}\n"))
                }
            }
        }
        Ok(Command::Match { config, request }) => compare(&config, &request),
        Ok(command) => about_money(command),
        Err(Exit { code, stdout, stderr }) => {
            if std::io::stdout().write_all(stdout.as_bytes()).is_err() {
                return ExitCode::from(DEFECT);
            }
            fail(code, &stderr)
        }
    }
}

fn serve(config: Config, warnings: &[String]) -> ExitCode {
    telemetry::init(&config.log);
    for warning in warnings {
        tracing::warn!("{warning}");
    }
    let runtime = match tokio::runtime::Builder::new_multi_thread().enable_all().build() {
        Ok(runtime) => runtime,
        Err(error) => return fail(DEFECT, &format!("waymark: no runtime: {error}\n")),
    };
    let code = runtime.block_on(run(config));
    // What is still blocked on a disk must not keep the process.
    runtime.shutdown_background();
    code
}

/// Reads logs and writes a report; needs nothing of a gateway.
fn report_demand(demand: &Demand) -> ExitCode {
    let runtime = match tokio::runtime::Builder::new_current_thread().enable_all().build() {
        Ok(runtime) => runtime,
        Err(error) => return fail(DEFECT, &format!("waymark: no runtime: {error}\n")),
    };
    let stdout = std::io::stdout();
    let mut streams = Streams {
        input: &mut std::io::stdin(),
        terminal: stdout.is_terminal(),
        out: &mut std::io::BufWriter::new(stdout),
        notes: &mut std::io::stderr(),
    };
    match runtime.block_on(command::run(demand, &mut streams)) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            let text = format!("waymark: {}\n", waymark::orchestrator::error::chain(&error));
            fail(error.exit_code(), &text)
        }
    }
}

/// Judges files; needs nothing of a gateway.
fn judge(request: &VerifyRequest) -> ExitCode {
    let runtime = match tokio::runtime::Builder::new_current_thread().enable_all().build() {
        Ok(runtime) => runtime,
        Err(error) => return fail(DEFECT, &format!("waymark: no runtime: {error}\n")),
    };
    let mut out = std::io::stdout();
    match runtime.block_on(command_verify::run(request, std::env::current_exe().ok(), &mut out)) {
        Ok(code) => ExitCode::from(code),
        Err(error) => {
            let text = format!("waymark: {}\n", waymark::orchestrator::error::chain(&error));
            fail(error.exit_code(), &text)
        }
    }
}

/// Compares an orchestrator with requirements.
fn compare(config: &Config, request: &MatchRequest) -> ExitCode {
    telemetry::init(&config.log);
    let runtime = match tokio::runtime::Builder::new_current_thread().enable_all().build() {
        Ok(runtime) => runtime,
        Err(error) => return fail(DEFECT, &format!("waymark: no runtime: {error}\n")),
    };
    let clock = Clock::start();
    let comparing = async {
        let signer: Box<dyn Signer> = match config.chain {
            Some(_) => match funds::open_key(config, &clock, ask).await {
                Ok(key) => Box::new(key),
                Err(error) => {
                    return Err((error.exit_code(), waymark::orchestrator::error::chain(&error)));
                }
            },
            None => Box::new(OffChain),
        };
        let mut out = std::io::stdout();
        let compared = matching::run(request, &*signer, &clock, &mut out).await;
        compared.map_err(|error| (error.exit_code(), waymark::orchestrator::error::chain(&error)))
    };
    match runtime.block_on(comparing) {
        Ok(()) => ExitCode::SUCCESS,
        Err((code, text)) => fail(code, &format!("waymark: {text}\n")),
    }
}

/// Everything that is not serving: it looks at money, or moves it, and ends.
fn about_money(command: Command) -> ExitCode {
    let (Command::FundsStatus { config }
    | Command::ChangeFunds { config, .. }
    | Command::Contracts { config, .. }
    | Command::Doctor { config }) = &command
    else {
        return fail(DEFECT, "waymark: this command has no implementation\n");
    };
    telemetry::init(&config.log);
    let runtime = match tokio::runtime::Builder::new_current_thread().enable_all().build() {
        Ok(runtime) => runtime,
        Err(error) => return fail(DEFECT, &format!("waymark: no runtime: {error}\n")),
    };
    let mut out = std::io::stdout();
    let mut console = Console { out: &mut out, confirm, secret: ask };
    match runtime.block_on(funds::run(command, &Clock::start(), &mut console)) {
        Ok(code) => ExitCode::from(code),
        Err(error) => {
            let text = format!("waymark: {}\n", waymark::orchestrator::error::chain(&error));
            fail(error.exit_code(), &text)
        }
    }
}

async fn run(config: Config) -> ExitCode {
    let grace = config.shutdown_grace;
    // Before anything is bound: a signal that comes early must not kill the process half-started.
    let (mut terminate, mut interrupt) =
        match (signal(SignalKind::terminate()), signal(SignalKind::interrupt())) {
            (Ok(terminate), Ok(interrupt)) => (terminate, interrupt),
            (Err(error), _) | (_, Err(error)) => {
                return fail(DEFECT, &format!("waymark: no signal handler: {error}\n"));
            }
        };
    let handle = match app::start_asking(config, ask).await {
        Ok(handle) => handle,
        Err(error) => {
            let text = format!("waymark: {}\n", waymark::orchestrator::error::chain(&error));
            return fail(code_of(&error), &text);
        }
    };
    either(&mut terminate, &mut interrupt).await;
    tokio::select! {
        finished = handle.stop(grace) => {
            if finished { ExitCode::SUCCESS } else { ExitCode::from(UNFINISHED) }
        }
        () = either(&mut terminate, &mut interrupt) => {
            fail(UNFINISHED, "waymark: second signal, stopped at once\n")
        }
    }
}

/// Asks at the terminal, without showing what is typed.
fn ask(question: &str) -> std::io::Result<Option<String>> {
    if !std::io::stdin().is_terminal() {
        return Ok(None);
    }
    rpassword::prompt_password(question).map(Some)
}

/// Asks at the terminal whether to go on.
fn confirm(question: &str) -> std::io::Result<Option<String>> {
    if !std::io::stdin().is_terminal() {
        return Ok(None);
    }
    std::io::stdout().write_all(question.as_bytes())?;
    std::io::stdout().flush()?;
    let mut answer = String::new();
    std::io::stdin().read_line(&mut answer)?;
    Ok(Some(answer))
}

async fn either(terminate: &mut Signal, interrupt: &mut Signal) {
    tokio::select! {
        _ = terminate.recv() => {}
        _ = interrupt.recv() => {}
    }
}

fn code_of(error: &StartError) -> u8 {
    match error {
        StartError::Bind { .. } => PORT_TAKEN,
        StartError::DataDir { .. } | StartError::Recorder { .. } => NO_DATA_DIR,
        StartError::Payments { .. } => CANNOT_PAY,
        StartError::Requirements { .. } => BAD_CLASSES,
        _ => DEFECT,
    }
}

fn fail(code: u8, text: &str) -> ExitCode {
    // Standard error may be closed; the exit code still tells.
    std::io::stderr().write_all(text.as_bytes()).ok();
    ExitCode::from(code)
}
