//! Every orchestrator known, and what the background sees of them.
//!
//! Probing happens here, not while a client waits: a Ping every few seconds tells who is there, so
//! choosing reads memory only and a refusal is immediate when nobody is. Opening a session is the one
//! call made for a stream.

use std::{collections::HashMap, sync::Arc, time::Duration};

use parking_lot::Mutex;
use tokio::sync::{Notify, watch};
use tokio_util::sync::{CancellationToken, DropGuard};
use url::Url;
use waymark_selection::{Failure, Measured, NodeId, Pool, Sample, Standing, pool::Census};

use super::{
    node::Node,
    source::{self, Listed},
};
use crate::{clock::Clock, lifecycle::Tasks};

/// Between two pings of a node that answers.
const PING_EVERY: Duration = Duration::from_secs(10);
/// Least time between a failure and the ping that looks into it: many failures are one ping.
const HURRIED: Duration = Duration::from_millis(100);
/// First and longest pause after a node did not answer.
const RETRY_FIRST: Duration = Duration::from_millis(500);
const RETRY_MAX: Duration = Duration::from_secs(8);

/// All orchestrators. Cheap to clone.
#[derive(Debug, Clone)]
pub struct Directory {
    shared: Arc<Shared>,
}

#[derive(Debug)]
struct Shared {
    clock: Clock,
    tasks: Tasks,
    pool: Mutex<Pool>,
    measured: Arc<Mutex<Measured>>,
    nodes: Mutex<HashMap<NodeId, Entry>>,
    /// How far whoever named a node vouches for it; 0 where nobody does.
    scores: Mutex<HashMap<NodeId, f64>>,
    /// True once every node of the first list was probed, whatever came of it.
    probed: watch::Sender<bool>,
    /// Why the webhook is not heard, if it is not.
    source_error: Mutex<Option<String>>,
}

#[derive(Debug)]
struct Entry {
    node: Arc<Node>,
    /// Probes at once, instead of when the pause is over.
    hurry: Arc<Notify>,
    /// Ends the node's probing when the node leaves the list.
    _probing: DropGuard,
}

/// Who says which orchestrators there are.
#[derive(Debug)]
pub enum Source {
    /// The operator's list.
    Fixed(Vec<Url>),
    /// A webhook that is asked in the background.
    Webhook(reqwest::Client, Url),
    /// The active pool on chain, as the background reads it.
    Chain(watch::Receiver<Vec<Url>>),
}

/// One line about one orchestrator.
#[derive(Debug, Clone)]
pub struct NodeReport {
    /// Its base URI.
    pub url: String,
    /// What the last probe saw.
    pub standing: Standing,
    /// How long the last probe took.
    pub latency: Option<Duration>,
    /// What went wrong last.
    pub error: Option<String>,
}

impl Directory {
    /// Starts probing whoever the source names.
    pub fn start(clock: Clock, tasks: &Tasks, source: Source) -> Self {
        let shared = Arc::new(Shared {
            clock,
            tasks: tasks.clone(),
            pool: Mutex::default(),
            measured: Arc::default(),
            nodes: Mutex::default(),
            scores: Mutex::default(),
            probed: watch::Sender::new(false),
            source_error: Mutex::default(),
        });
        let directory = Self { shared };
        let following = directory.clone();
        match source {
            Source::Fixed(urls) => {
                directory.shared.probed.send_replace(urls.is_empty());
                // The operator named them: as in go-livepeer, that vouches for each.
                directory.vouch(urls.iter().map(|url| (url, 1.0)));
                directory.set(&urls);
            }
            Source::Webhook(http, url) => {
                tasks.service("webhook", async move { following.follow(&http, &url).await });
            }
            Source::Chain(pool) => {
                tasks.service("pool", async move { following.follow_pool(pool).await });
            }
        }
        let watcher = directory.clone();
        tasks.service("first probes", async move { watcher.watch_first_probes().await });
        directory
    }

    /// Waits until the first probes are in, at most this long.
    pub async fn settled(&self, at_most: Duration) {
        let mut probed = self.shared.probed.subscribe();
        let waited = tokio::time::timeout(at_most, probed.wait_for(|done| *done)).await;
        if waited.is_err() {
            tracing::debug!("first probes still under way");
        }
    }

    /// Nodes in the order they should be tried.
    pub fn candidates(&self) -> Vec<Arc<Node>> {
        self.candidates_preferring(|_| 0.0)
    }

    /// The same with a preference for each, see [`Pool::rank_preferring`].
    pub fn candidates_preferring(&self, preference: impl Fn(&NodeId) -> f64) -> Vec<Arc<Node>> {
        let now = self.shared.clock.now();
        let order = self.shared.pool.lock().rank_preferring(now, preference);
        let nodes = self.shared.nodes.lock();
        order.iter().filter_map(|id| nodes.get(id).map(|e| Arc::clone(&e.node))).collect()
    }

    /// How far whoever named a node vouches for it: 1 for the operator's list, the `score` of a
    /// webhook, 0 for what a chain lists and for siblings.
    pub fn score(&self, id: &NodeId) -> f64 {
        self.shared.scores.lock().get(id).copied().unwrap_or(0.0)
    }

    /// What is measured of orchestrators.
    pub fn measured(&self) -> Arc<Mutex<Measured>> {
        Arc::clone(&self.shared.measured)
    }

    /// An attempt said something about an orchestrator.
    pub fn attempted(&self, id: &NodeId, sample: Sample) {
        self.shared.measured.lock().attempted(id, sample, self.shared.clock.now());
    }

    /// Every node.
    pub fn nodes(&self) -> Vec<Arc<Node>> {
        self.shared.nodes.lock().values().map(|entry| Arc::clone(&entry.node)).collect()
    }

    /// How the nodes stand.
    pub fn census(&self) -> Census {
        self.shared.pool.lock().census(self.shared.clock.now())
    }

    /// Why the list itself is missing, when a webhook gives it.
    pub fn source_error(&self) -> Option<String> {
        self.shared.source_error.lock().clone()
    }

    /// Every node, for people to read.
    pub fn report(&self) -> Vec<NodeReport> {
        let standings: Vec<_> = {
            let pool = self.shared.pool.lock();
            pool.nodes().map(|(id, s, l)| (id.clone(), s, l)).collect()
        };
        let nodes = self.shared.nodes.lock();
        let report = standings.into_iter().map(|(id, standing, latency)| NodeReport {
            error: nodes.get(&id).and_then(|e| e.node.last_error()),
            url: id.to_string(),
            standing,
            latency,
        });
        report.collect()
    }

    /// A session is about to be opened: counted already, so that streams that start at the same
    /// time spread.
    pub fn opening(&self, id: &NodeId) {
        self.shared.pool.lock().opened(id);
    }

    /// The orchestrator answered after `latency`.
    pub fn reached(&self, id: &NodeId, latency: Duration) {
        self.shared.pool.lock().reached(id, latency);
    }

    /// A session ended, or did not come about.
    pub fn closed(&self, id: &NodeId) {
        self.shared.pool.lock().closed(id);
    }

    /// An attempt ended well.
    pub fn succeeded(&self, id: &NodeId, took: Duration, media: Duration) {
        self.shared.pool.lock().succeeded(id, took, media);
    }

    /// An attempt failed.
    pub fn failed(&self, id: &NodeId, failure: Failure) {
        self.shared.pool.lock().failed(id, failure, self.shared.clock.now());
        if failure == Failure::Fault
            && let Some(entry) = self.shared.nodes.lock().get(id)
        {
            entry.hurry.notify_one();
        }
    }

    /// Waits until the background sees this, at most so long; tells whether it came to that.
    pub async fn until(&self, at_most: Duration, seen: impl Fn(&Census) -> bool) -> bool {
        let mut changes = self.shared.probed.subscribe();
        let reached = changes.wait_for(|_| seen(&self.census()));
        tokio::time::timeout(at_most, reached).await.is_ok_and(|r| r.is_ok())
    }

    /// Adds siblings that an orchestrator named, as far as they are not known yet.
    pub fn learn(&self, siblings: &[Url]) {
        let mut urls: Vec<Url> = {
            let nodes = self.shared.nodes.lock();
            nodes.values().map(|e| e.node.url().clone()).collect()
        };
        let known = urls.len();
        urls.extend(siblings.iter().filter(|s| !urls.contains(s)).cloned().collect::<Vec<_>>());
        if urls.len() > known {
            self.set(&urls);
        }
    }

    fn vouch<'a>(&self, scores: impl Iterator<Item = (&'a Url, f64)>) {
        let scores = scores.map(|(url, score)| (NodeId::new(url.as_str()), score)).collect();
        *self.shared.scores.lock() = scores;
    }

    fn set(&self, urls: &[Url]) {
        let mut nodes = self.shared.nodes.lock();
        let mut previous = std::mem::take(&mut *nodes);
        for url in urls {
            let id = NodeId::new(url.as_str());
            if nodes.contains_key(&id) {
                continue;
            }
            if let Some(entry) = previous.remove(&id) {
                nodes.insert(id, entry);
                continue;
            }
            match Node::new(url.clone()) {
                Ok(node) => {
                    let node = Arc::new(node);
                    let cancel = CancellationToken::new();
                    let hurry = Arc::new(Notify::new());
                    let entry = Entry {
                        node: Arc::clone(&node),
                        hurry: Arc::clone(&hurry),
                        _probing: cancel.clone().drop_guard(),
                    };
                    nodes.insert(id, entry);
                    self.probe(node, hurry, cancel);
                }
                Err(error) => tracing::warn!(%error, "orchestrator left out"),
            }
        }
        let ids: Vec<_> = nodes.keys().cloned().collect();
        drop(nodes);
        self.shared.pool.lock().set_nodes(ids);
    }

    fn probe(&self, node: Arc<Node>, hurry: Arc<Notify>, cancel: CancellationToken) {
        let directory = self.clone();
        let probing = async move {
            let mut pause = RETRY_FIRST;
            loop {
                let started = directory.shared.clock.now();
                if node.ping().await {
                    let now = directory.shared.clock.now();
                    let latency = now.saturating_sub(started);
                    directory.shared.pool.lock().reached(node.id(), latency);
                    directory.shared.measured.lock().pinged(node.id(), latency, now);
                    directory.shared.probed.send_modify(|_| ());
                    pause = RETRY_FIRST;
                    // A failure seen by a job is looked into at once; whether it was the node's
                    // end or a mishap is then known before the next stream asks.
                    tokio::select! {
                        () = tokio::time::sleep(PING_EVERY) => {}
                        () = hurry.notified() => tokio::time::sleep(HURRIED).await,
                    }
                } else {
                    directory.shared.pool.lock().unreachable(node.id());
                    directory.shared.probed.send_modify(|_| ());
                    tokio::time::sleep(pause).await;
                    pause = (pause * 2).min(RETRY_MAX);
                }
            }
        };
        self.shared.tasks.service("probe", async move {
            tokio::select! {
                () = cancel.cancelled() => {}
                () = probing => {}
            }
        });
    }

    async fn follow(&self, http: &reqwest::Client, webhook: &Url) {
        loop {
            let pause = match source::ask(http, webhook).await {
                Ok(listed) => {
                    *self.shared.source_error.lock() = None;
                    self.vouch(listed.iter().map(|one| (&one.url, one.score)));
                    let urls: Vec<Url> = listed.into_iter().map(|Listed { url, .. }| url).collect();
                    self.set(&urls);
                    self.shared.probed.send_modify(|_| ());
                    source::REFRESH
                }
                Err(error) => {
                    let error = super::error::chain(&error);
                    tracing::warn!(%error, "the last good list of orchestrators stays");
                    *self.shared.source_error.lock() = Some(error);
                    self.shared.probed.send_modify(|_| ());
                    source::RETRY
                }
            };
            tokio::time::sleep(pause).await;
        }
    }

    async fn follow_pool(&self, mut pool: watch::Receiver<Vec<Url>>) {
        loop {
            let urls = pool.borrow_and_update().clone();
            *self.shared.source_error.lock() = urls
                .is_empty()
                .then(|| "no active orchestrator with an address is known on chain yet".to_owned());
            self.set(&urls);
            self.shared.probed.send_modify(|_| ());
            if pool.changed().await.is_err() {
                return;
            }
        }
    }

    async fn watch_first_probes(&self) {
        let mut changes = self.shared.probed.subscribe();
        loop {
            let census = self.census();
            let listed = census.known > 0 || self.source_error().is_some();
            if (listed && census.unknown == 0) || census.ready > 0 {
                self.shared.probed.send_replace(true);
                return;
            }
            if changes.changed().await.is_err() {
                return;
            }
        }
    }
}
