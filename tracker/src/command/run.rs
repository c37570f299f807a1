//! Doing what the arguments say.

use std::fs::File;
use std::io::Read;
use std::path::{Path, PathBuf};
use std::time::Duration;

use super::notes::notes;
use super::{Demand, DemandError, Streams};
use crate::book::{Fetcher, Library};
use crate::output::{self, Format, OutputError};
use crate::report::report;
use crate::source::{Node, NodeError, ReadError, Step, Summary, read_logs};
use crate::store::{Identity, Store};

/// Attempts at a node that does not answer, before the command gives up; with `--follow` it never does.
const ATTEMPTS: u32 = 4;
/// Before the second attempt; doubled before each further one.
const PAUSE: Duration = Duration::from_secs(1);
/// Steps between two words on how far it is.
const STEPS_PER_NOTE: u32 = 50;

/// Reads what the arguments name, and writes the report.
pub async fn run(demand: &Demand, streams: &mut Streams<'_>) -> Result<(), DemandError> {
    if demand.format == Format::Parquet && demand.out.is_none() {
        if demand.follow {
            return Err(DemandError::Following);
        }
        if streams.terminal {
            return Err(DemandError::Terminal);
        }
    }
    if demand.rpc.is_empty() {
        return files(demand, streams).await;
    }
    let node = Node::connect(&demand.rpc, demand.node()).await?;
    let mut store = open(demand, demand.identity(Some(node.chain_id())))?;
    node.check(&store.identity().contracts).await?;
    follow(demand, node, &mut store, streams).await
}

async fn files(demand: &Demand, streams: &mut Streams<'_>) -> Result<(), DemandError> {
    let mut store = open(demand, demand.identity(demand.chain_id))?;
    let mut summary = Summary::default();
    for path in &demand.logs {
        let read = if path.as_os_str() == "-" {
            read_logs(&mut store, &mut *streams.input)
        } else {
            let file = File::open(path);
            let mut file =
                file.map_err(|source| DemandError::Open { path: path.clone(), source })?;
            read_logs(&mut store, &mut file as &mut dyn Read)
        };
        summary.add(read.map_err(|source| unread(path, source))?);
    }
    tell(streams, &notes(&summary));
    let mut books = Books::of(demand)?;
    present(demand, &store, &mut books, streams).await
}

fn unread(path: &Path, source: ReadError) -> DemandError {
    let path =
        if path.as_os_str() == "-" { PathBuf::from("of standard input") } else { path.into() };
    DemandError::Read { path, source }
}

/// Reads a node up to its head, and on as blocks come if that is wanted.
async fn follow(
    demand: &Demand,
    mut node: Node,
    store: &mut Store,
    streams: &mut Streams<'_>,
) -> Result<(), DemandError> {
    let mut books = Books::of(demand)?;
    let mut summary = Summary::default();
    let (mut steps, mut shown) = (0_u32, false);
    loop {
        let Step { summary: read, block, target, .. } =
            step(demand, &mut node, store, streams).await?;
        summary.add(read);
        steps = steps.saturating_add(1);
        if block < target {
            if steps.is_multiple_of(STEPS_PER_NOTE) {
                let left = target.saturating_sub(block);
                tell(streams, &format!("note: read up to block {block}, {left} blocks to go\n"));
            }
            continue;
        }
        if !shown || summary.applied.changed() {
            tell(streams, &notes(&summary));
            present(demand, store, &mut books, streams).await?;
            (shown, summary) = (true, Summary::default());
        }
        if !demand.follow {
            return Ok(());
        }
        tokio::time::sleep(demand.poll).await;
    }
}

/// One step; tried again where the node does not answer.
async fn step(
    demand: &Demand,
    node: &mut Node,
    store: &mut Store,
    streams: &mut Streams<'_>,
) -> Result<Step, DemandError> {
    let (mut attempt, mut pause) = (1, PAUSE);
    loop {
        match node.step(store).await {
            Ok(step) => return Ok(step),
            Err(error @ NodeError::Store(_)) => return Err(error.into()),
            Err(error) if demand.follow || attempt < ATTEMPTS => {
                let seconds = pause.as_secs();
                tell(streams, &format!("note: {}; again in {seconds} s\n", chain(&error)));
                tokio::time::sleep(pause).await;
                attempt += 1;
                pause = pause.saturating_mul(2).min(Duration::from_secs(60));
            }
            Err(error) => return Err(error.into()),
        }
    }
}

/// An error with its causes in one line.
fn chain(error: &dyn std::error::Error) -> String {
    let mut text = error.to_string();
    let mut cause = error.source();
    while let Some(error) = cause {
        text.push_str(": ");
        text.push_str(&error.to_string());
        cause = error.source();
    }
    text
}

fn open(demand: &Demand, identity: Identity) -> Result<Store, DemandError> {
    let store = match &demand.state {
        Some(path) => Store::open(path, identity),
        None => Store::temporary(identity),
    };
    Ok(store?)
}

/// Where leaf files come from, and those there were when it was looked last.
enum Books {
    None(Library),
    Web(Box<Fetcher>),
    Directory { path: PathBuf, library: Library },
}

impl Books {
    fn of(demand: &Demand) -> Result<Self, DemandError> {
        Ok(match (demand.books_url(), demand.books_directory()) {
            (Some(url), _) => Self::Web(Box::new(Fetcher::new(url)?)),
            (None, Some(path)) => Self::Directory { path: path.into(), library: Library::none() },
            (None, None) => Self::None(Library::none()),
        })
    }

    /// The leaf files there are now.
    async fn library(&mut self, store: &Store) -> Result<&Library, DemandError> {
        Ok(match self {
            Self::None(library) => library,
            Self::Web(fetcher) => {
                fetcher.fetch(&store.registry()?).await?;
                &fetcher.library
            }
            Self::Directory { path, library } => {
                *library = Library::directory(path)?;
                library
            }
        })
    }
}

async fn present(
    demand: &Demand,
    store: &Store,
    books: &mut Books,
    streams: &mut Streams<'_>,
) -> Result<(), DemandError> {
    let report = report(store, books.library(store).await?, demand.question())?;
    let (format, full, lines) = (demand.format, demand.full, demand.follow);
    let Some(path) = &demand.out else {
        return Ok(output::write(&report, format, full, lines, streams.out)?);
    };
    // Under another name first: nobody sees half a report.
    let directory = path.parent().filter(|parent| !parent.as_os_str().is_empty());
    let written = tempfile::NamedTempFile::new_in(directory.unwrap_or(Path::new(".")));
    let mut file = written.map_err(OutputError::Io)?;
    output::write(&report, format, full, false, &mut file)?;
    file.persist(path).map_err(|error| OutputError::Io(error.error))?;
    Ok(())
}

fn tell(streams: &mut Streams<'_>, text: &str) {
    // A closed standard error must not cost the report.
    streams.notes.write_all(text.as_bytes()).ok();
}
