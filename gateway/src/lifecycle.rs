//! Tasks by name, and the phases of a shutdown.
//!
//! Every task is spawned here, so that shutdown can wait for it. A panic of one task ends that task
//! alone and is logged.

use std::{fmt, future::Future, time::Duration};

use tokio_util::{sync::CancellationToken, task::TaskTracker};

/// Where the process is in its life.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Phase {
    /// Taking new work.
    Running,
    /// New work is refused; what was begun is finished.
    Draining,
    /// Everything has ended.
    Stopped,
}

impl fmt::Display for Phase {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Running => "running",
            Self::Draining => "draining",
            Self::Stopped => "stopped",
        })
    }
}

/// Spawns tasks and ends them. Cheap to clone.
#[derive(Debug, Clone, Default)]
pub struct Tasks {
    /// Work that must be finished before the process ends.
    jobs: TaskTracker,
    /// Loops that serve the jobs; they end when told to.
    services: TaskTracker,
    stop: CancellationToken,
}

impl Tasks {
    /// Spawns work that shutdown waits for.
    pub fn job<F>(&self, name: &'static str, future: F) -> tokio::task::JoinHandle<F::Output>
    where
        F: Future + Send + 'static,
        F::Output: Send + 'static,
    {
        tracing::trace!(task = name, "job started");
        self.jobs.spawn(future)
    }

    /// Spawns a loop that is dropped when the process stops.
    pub fn service(&self, name: &'static str, future: impl Future<Output = ()> + Send + 'static) {
        let stop = self.stop.clone();
        drop(self.services.spawn(async move {
            tokio::select! {
                () = stop.cancelled() => {}
                () = future => tracing::trace!(task = name, "service ended"),
            }
        }));
    }

    /// Jobs not finished yet.
    pub fn unfinished(&self) -> usize {
        self.jobs.len()
    }

    /// Waits for all jobs, at most `grace`; tells whether all were finished.
    pub async fn finish_jobs(&self, grace: Duration) -> bool {
        self.jobs.close();
        let finished = tokio::time::timeout(grace, self.jobs.wait()).await.is_ok();
        self.jobs.reopen();
        finished
    }

    /// Ends the loops and waits for them.
    pub async fn stop_services(&self) {
        self.stop.cancel();
        self.services.close();
        self.services.wait().await;
    }
}
