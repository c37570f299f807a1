//! The worker's side: confine, say hello, then measure what comes until the input ends.

use std::{
    io::{Read, Write},
    process::ExitCode,
    time::Duration,
};

use rustix::time::{ClockId, clock_gettime};

use super::{
    measure,
    protocol::{self, Answer, Hello, ProtocolError},
    sandbox,
};

/// What a worker is told when it is started.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Bounds {
    /// Address space, bytes.
    pub memory: u64,
    /// Largest file, bytes.
    pub file: usize,
}

impl Bounds {
    /// From the two arguments behind the subcommand.
    pub fn parse(mut arguments: impl Iterator<Item = String>) -> Option<Self> {
        let memory = arguments.next()?.parse().ok()?;
        let file = arguments.next()?.parse().ok()?;
        arguments.next().is_none().then_some(Self { memory, file })
    }

    /// As arguments.
    pub fn arguments(self) -> [String; 2] {
        [self.memory.to_string(), self.file.to_string()]
    }
}

/// Runs a worker on standard input and output until the input ends.
pub fn main(bounds: Bounds) -> ExitCode {
    measure::prepare();
    let confinement = sandbox::enter(bounds.memory);
    let (input, output) = (std::io::stdin().lock(), std::io::stdout().lock());
    let hello = Hello { magic: Hello::MAGIC.to_owned(), version: protocol::VERSION, confinement };
    match serve(input, output, &hello, bounds.file) {
        Ok(()) => ExitCode::SUCCESS,
        // Nobody is left to tell.
        Err(_) => ExitCode::FAILURE,
    }
}

fn serve(
    mut input: impl Read,
    mut output: impl Write,
    hello: &Hello,
    limit: usize,
) -> Result<(), ProtocolError> {
    protocol::write(&mut output, hello)?;
    while let Some((task, files)) = protocol::read_request(&mut input, limit)? {
        let before = cpu();
        let outcome = measure::run(&task, &files);
        let used = cpu().saturating_sub(before).as_micros();
        let cpu_us = u64::try_from(used).unwrap_or(u64::MAX);
        protocol::write(&mut output, &Answer { cpu_us, outcome })?;
    }
    Ok(())
}

/// CPU time of this process so far.
fn cpu() -> Duration {
    clock_gettime(ClockId::ProcessCPUTime).try_into().unwrap_or_default()
}
