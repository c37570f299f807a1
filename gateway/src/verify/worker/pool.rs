//! Workers that wait for work, and the queue before them.
//!
//! What does not fit into the queue is not measured, and who asked is told so at once: a check that
//! was not run is recorded as such, and no stream waits for one. Work that streams wait for goes
//! before work they do not wait for, and the latter leaves one worker free where there are several.
//!
//! A request has a deadline; a worker that lets it pass is killed, and so is one that cannot be
//! understood. Then a fresh worker gets the same request once more, because only what happens twice
//! says something about the files.

use std::{
    collections::VecDeque,
    fmt,
    os::unix::process::ExitStatusExt as _,
    sync::{
        Arc,
        atomic::{AtomicU64, AtomicUsize, Ordering},
    },
    time::Duration,
};

use bytes::Bytes;
use parking_lot::Mutex;
use tokio::{
    sync::{Notify, oneshot},
    time::{sleep, timeout},
};

use super::{
    process::{Program, SpawnError, Worker},
    protocol::{Measured, Task},
    sandbox::Confinement,
};
use crate::{lifecycle::Tasks, orchestrator::error::chain};

/// A worker that used this much CPU time is replaced: whatever libraries keep is given back.
const WORN_OUT: Duration = Duration::from_secs(300);
/// Wait after the first failure to start a worker; doubled with each.
const BACKOFF: Duration = Duration::from_millis(100);
/// Longest such wait.
const MAX_BACKOFF: Duration = Duration::from_secs(30);

/// Size of a pool.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PoolSettings {
    /// How workers are started.
    pub program: Program,
    /// Workers, at least 1.
    pub workers: usize,
    /// Requests of each urgency that may wait.
    pub queue: usize,
    /// A worker that takes longer for one request is killed.
    pub deadline: Duration,
}

/// Who waits for a measurement.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Urgency {
    /// A stream.
    Stream,
    /// Nobody.
    Background,
}

/// A measurement was not made.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum WorkError {
    /// Too many wait.
    #[error("{waiting} measurements wait already")]
    Full {
        /// How many.
        waiting: usize,
    },
    /// There is no worker.
    #[error("no worker: {why}")]
    NoWorker {
        /// Why.
        why: String,
    },
    /// It failed on two workers, one after the other: the files are to blame.
    #[error("it ended two workers: {how}")]
    Deadly {
        /// What the second one died of.
        how: String,
    },
    /// It was too slow on two workers, and they did use their time.
    #[error("two workers had not measured it after {after:?} each")]
    Endless {
        /// The deadline.
        after: Duration,
    },
    /// A worker was too slow, or failed, and that says nothing about the files.
    #[error("not measured: {why}")]
    NotMeasured {
        /// Why.
        why: String,
    },
    /// The files cannot be measured; the worker is fine.
    #[error("{what}")]
    Unmeasurable {
        /// What the worker said.
        what: String,
    },
}

impl WorkError {
    /// Whether the files are to blame.
    pub const fn is_the_files_fault(&self) -> bool {
        matches!(self, Self::Deadly { .. } | Self::Endless { .. } | Self::Unmeasurable { .. })
    }
}

/// What a measurement cost and found.
#[derive(Debug, Clone, PartialEq)]
pub struct Measurement {
    /// CPU time of the worker.
    pub cpu: Duration,
    /// The numbers.
    pub measured: Measured,
}

/// Counts of a pool.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct PoolStatus {
    /// Workers that run.
    pub running: usize,
    /// Process ids of them.
    pub processes: Vec<u32>,
    /// Requests that wait.
    pub waiting: usize,
    /// Requests answered since the start.
    pub served: u64,
    /// Requests refused because the queue was full.
    pub refused: u64,
    /// Workers that ended or were killed while they measured.
    pub lost: u64,
    /// What confines a worker; `None` before the first came up.
    pub confinement: Option<Confinement>,
    /// Why the last worker did not come up.
    pub trouble: Option<String>,
}

/// Workers and their queue. Cloning is cheap.
#[derive(Clone)]
pub struct Pool(Arc<Shared>);

struct Shared {
    settings: PoolSettings,
    queue: Mutex<Queue>,
    /// Something is in the queue.
    wake: Notify,
    /// Background work being done.
    background: AtomicUsize,
    served: AtomicU64,
    refused: AtomicU64,
    lost: AtomicU64,
    state: Mutex<State>,
}

#[derive(Default)]
struct Queue {
    stream: VecDeque<Work>,
    background: VecDeque<Work>,
}

#[derive(Default)]
struct State {
    processes: Vec<Option<u32>>,
    confinement: Option<Confinement>,
    trouble: Option<String>,
}

struct Work {
    task: Task,
    files: Vec<Bytes>,
    reply: oneshot::Sender<Result<Measurement, WorkError>>,
}

/// A measurement that was asked for.
#[derive(Debug)]
pub struct Pending(oneshot::Receiver<Result<Measurement, WorkError>>);

impl Pending {
    /// Waits for it.
    pub async fn done(&mut self) -> Result<Measurement, WorkError> {
        (&mut self.0).await.unwrap_or_else(|_| {
            Err(WorkError::NoWorker { why: "the gateway is stopping".to_owned() })
        })
    }
}

impl Pool {
    /// Starts the workers, each in a task of its own. That they come up is not waited for.
    pub fn start(settings: PoolSettings, tasks: &Tasks) -> Self {
        let workers = settings.workers.max(1);
        let state = State { processes: vec![None; workers], ..State::default() };
        let pool = Self(Arc::new(Shared {
            settings,
            queue: Mutex::default(),
            wake: Notify::new(),
            background: AtomicUsize::new(0),
            served: AtomicU64::new(0),
            refused: AtomicU64::new(0),
            lost: AtomicU64::new(0),
            state: Mutex::new(state),
        }));
        for place in 0..workers {
            tasks.service("verification worker", pool.clone().keep(place));
        }
        pool
    }

    /// Puts a measurement into the queue. Never waits.
    pub fn ask(
        &self,
        urgency: Urgency,
        task: Task,
        files: Vec<Bytes>,
    ) -> Result<Pending, WorkError> {
        let shared = &self.0;
        let (reply, pending) = oneshot::channel();
        {
            let mut queue = shared.queue.lock();
            let line = match urgency {
                Urgency::Stream => &mut queue.stream,
                Urgency::Background => &mut queue.background,
            };
            if line.len() >= shared.settings.queue {
                // Those nobody waits for any more make room first.
                line.retain(|work| !work.reply.is_closed());
            }
            if line.len() >= shared.settings.queue {
                shared.refused.fetch_add(1, Ordering::Relaxed);
                return Err(WorkError::Full { waiting: line.len() });
            }
            line.push_back(Work { task, files, reply });
        }
        shared.wake.notify_one();
        Ok(Pending(pending))
    }

    /// The longest time of one measurement.
    pub fn deadline(&self) -> Duration {
        self.0.settings.deadline
    }

    /// How the pool is.
    pub fn status(&self) -> PoolStatus {
        let waiting = {
            let queue = self.0.queue.lock();
            queue.stream.len() + queue.background.len()
        };
        let state = self.0.state.lock();
        let processes: Vec<u32> = state.processes.iter().flatten().copied().collect();
        PoolStatus {
            running: processes.len(),
            processes,
            waiting,
            served: self.0.served.load(Ordering::Relaxed),
            refused: self.0.refused.load(Ordering::Relaxed),
            lost: self.0.lost.load(Ordering::Relaxed),
            confinement: state.confinement,
            trouble: state.trouble.clone(),
        }
    }

    /// Keeps one worker and gives it what comes.
    async fn keep(self, place: usize) {
        let mut worker = None;
        loop {
            if worker.is_none() {
                worker = Some(self.insist(place).await);
            }
            let (work, urgency) = self.next().await;
            // Whoever asked may have given up.
            if !work.reply.is_closed() {
                let result = self.serve(&mut worker, place, &work).await;
                self.0.served.fetch_add(1, Ordering::Relaxed);
                work.reply.send(result).ok();
            }
            if urgency == Urgency::Background {
                self.0.background.fetch_sub(1, Ordering::Relaxed);
                // Another may take the next one now.
                self.0.wake.notify_one();
            }
            if worker.as_ref().is_some_and(|w| w.used() > WORN_OUT) {
                worker = None;
                self.0.note(place, None);
            }
        }
    }

    /// The next work for a free worker.
    async fn next(&self) -> (Work, Urgency) {
        loop {
            let woken = self.0.wake.notified();
            if let Some(next) = self.0.pop() {
                // One permit may stand for several pieces of work.
                self.0.wake.notify_one();
                return next;
            }
            woken.await;
        }
    }

    async fn serve(
        &self,
        worker: &mut Option<Worker>,
        place: usize,
        work: &Work,
    ) -> Result<Measurement, WorkError> {
        let first = match self.attempt(worker, place, work).await {
            Attempted::Done(result) => return result,
            Attempted::Lost(first) => first,
        };
        tracing::warn!(how = %first, "a verification worker was lost; what it measured is tried again");
        match self.attempt(worker, place, work).await {
            Attempted::Done(result) => result,
            Attempted::Lost(second) => Err(both(&first, second)),
        }
    }

    async fn attempt(&self, place_of: &mut Option<Worker>, place: usize, work: &Work) -> Attempted {
        let mut worker = match place_of.take() {
            Some(worker) => worker,
            None => match self.spawn(place).await {
                Ok(worker) => worker,
                Err(error) => {
                    let why = chain(&error);
                    return Attempted::Done(Err(WorkError::NoWorker { why }));
                }
            },
        };
        let after = self.0.settings.deadline;
        let asked = timeout(after, worker.ask(&work.task, &work.files)).await;
        let loss = match asked {
            Ok(Ok(answer)) => {
                *place_of = Some(worker);
                let cpu = Duration::from_micros(answer.cpu_us);
                let outcome = answer.outcome.map(|measured| Measurement { cpu, measured });
                return Attempted::Done(outcome.map_err(|what| WorkError::Unmeasurable { what }));
            }
            Ok(Err(error)) => match worker.exit().await {
                // Nothing a decoder does: an operator, or a system out of memory.
                Some(status) if status.signal() == Some(libc::SIGKILL) => Loss::Killed,
                Some(status) => Loss::Died(status.to_string()),
                None => Loss::Nonsense(chain(&error)),
            },
            Err(_) => {
                // Slow because of the files, or because nobody let it run?
                let spent = worker.id().and_then(cpu_of).unwrap_or_default();
                let own = spent.saturating_sub(worker.used());
                Loss::Slow { after, busy: own >= after / 2 }
            }
        };
        self.0.lost.fetch_add(1, Ordering::Relaxed);
        self.0.note(place, None);
        worker.end().await;
        Attempted::Lost(loss)
    }

    /// A fresh worker.
    async fn spawn(&self, place: usize) -> Result<Worker, SpawnError> {
        let spawned = Worker::spawn(&self.0.settings.program).await;
        match &spawned {
            Ok(worker) => self.0.came_up(place, worker),
            Err(error) => self.0.did_not_come_up(error),
        }
        spawned
    }

    /// A fresh worker, however long it takes. Those who wait meanwhile are told that there is none.
    async fn insist(&self, place: usize) -> Worker {
        let mut wait = BACKOFF;
        loop {
            match self.spawn(place).await {
                Ok(worker) => return worker,
                Err(error) => self.0.refuse_all(&error),
            }
            sleep(wait).await;
            wait = (wait * 2).min(MAX_BACKOFF);
        }
    }
}

enum Attempted {
    Done(Result<Measurement, WorkError>),
    Lost(Loss),
}

/// How a worker was lost.
enum Loss {
    /// It ended.
    Died(String),
    /// Somebody ended it.
    Killed,
    /// It said something no worker says.
    Nonsense(String),
    /// It was not done in time.
    Slow { after: Duration, busy: bool },
}

impl fmt::Display for Loss {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Died(how) => write!(f, "it ended with {how}"),
            Self::Killed => f.write_str("it was killed"),
            Self::Nonsense(what) => write!(f, "it said nothing that makes sense: {what}"),
            Self::Slow { after, busy: true } => write!(f, "it was still busy after {after:?}"),
            Self::Slow { after, busy: false } => write!(f, "it did not run within {after:?}"),
        }
    }
}

/// What two losses say about the files that both workers had. A worker that the system did not let
/// run, or that somebody killed, says nothing.
fn both(first: &Loss, second: Loss) -> WorkError {
    match (first, second) {
        (Loss::Slow { busy: true, .. }, Loss::Slow { after, busy: true }) => {
            WorkError::Endless { after }
        }
        (Loss::Died(_) | Loss::Nonsense(_), how @ (Loss::Died(_) | Loss::Nonsense(_))) => {
            WorkError::Deadly { how: how.to_string() }
        }
        (first, second) => WorkError::NotMeasured { why: format!("{first}, then {second}") },
    }
}

impl Shared {
    fn pop(&self) -> Option<(Work, Urgency)> {
        let mut queue = self.queue.lock();
        if let Some(work) = queue.stream.pop_front() {
            return Some((work, Urgency::Stream));
        }
        let most = self.settings.workers.saturating_sub(1).max(1);
        if self.background.load(Ordering::Relaxed) >= most {
            return None;
        }
        let work = queue.background.pop_front()?;
        // Under the lock of the queue, as is every look at it.
        self.background.fetch_add(1, Ordering::Relaxed);
        Some((work, Urgency::Background))
    }

    fn note(&self, place: usize, process: Option<u32>) {
        if let Some(of_place) = self.state.lock().processes.get_mut(place) {
            *of_place = process;
        }
    }

    fn came_up(&self, place: usize, worker: &Worker) {
        self.note(place, worker.id());
        let confinement = worker.confinement();
        let before = {
            let mut state = self.state.lock();
            state.trouble = None;
            state.confinement.replace(confinement)
        };
        if before == Some(confinement) {
            return;
        }
        if confinement.is_complete() {
            tracing::info!(%confinement, "verification workers run");
        } else {
            tracing::warn!(
                %confinement,
                "this kernel does not confine verification workers completely"
            );
        }
    }

    fn did_not_come_up(&self, error: &SpawnError) {
        let error = chain(error);
        let news = self.state.lock().trouble.replace(error.clone()).is_none();
        if news {
            tracing::warn!(error, "no verification worker; results are judged without decoding");
        }
    }

    fn refuse_all(&self, error: &SpawnError) {
        if self.state.lock().processes.iter().any(Option::is_some) {
            return;
        }
        let waiting: Vec<Work> = {
            let mut queue = self.queue.lock();
            let Queue { stream, background } = &mut *queue;
            stream.drain(..).chain(background.drain(..)).collect()
        };
        for work in waiting {
            work.reply.send(Err(WorkError::NoWorker { why: chain(error) })).ok();
        }
    }
}

/// CPU time a process has used, by the system's account.
fn cpu_of(process: u32) -> Option<Duration> {
    let stat = std::fs::read_to_string(format!("/proc/{process}/stat")).ok()?;
    // The name in parentheses may hold anything; what follows it are numbers (proc(5)).
    let mut fields = stat.rsplit_once(')')?.1.split_ascii_whitespace().skip(11);
    let user: u64 = fields.next()?.parse().ok()?;
    let system: u64 = fields.next()?.parse().ok()?;
    let ticks = rustix::param::clock_ticks_per_second().max(1);
    Some(Duration::from_millis(user.saturating_add(system).saturating_mul(1000) / ticks))
}

impl fmt::Debug for Pool {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Pool").field("settings", &self.0.settings).finish_non_exhaustive()
    }
}
