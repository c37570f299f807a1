//! Asks orchestrators in the background what they are, so that choosing one reads memory only.
//! Happens only where classes are loaded; a stock gateway asks nobody before it has a job.

use std::{
    collections::{HashMap, HashSet},
    sync::Arc,
    time::Duration,
};

use futures_util::{StreamExt as _, stream};
use waymark_proto::net::OrchestratorRequest;
use waymark_selection::{Moment, NodeId, Standing};

use super::Advertiser;
use crate::orchestrator::{directory::Directory, error::chain};

/// Between two looks at who has not been asked yet.
const LOOK_EVERY: Duration = Duration::from_secs(10);
/// Before an orchestrator that gave no answer is asked again.
const AGAIN: Duration = Duration::from_secs(60);
/// Orchestrators asked at the same time.
const AT_ONCE: usize = 8;
/// Longest wait for the first pings.
const FIRST_PINGS: Duration = Duration::from_secs(3);

impl Advertiser {
    /// Runs until the process stops. `request` asks for everything an orchestrator offers.
    pub async fn describe_all(self: Arc<Self>, directory: Directory, request: OrchestratorRequest) {
        let mut states = self.published.subscribe();
        let mut asked: HashMap<NodeId, (u64, Moment)> = HashMap::new();
        directory.settled(FIRST_PINGS).await;
        loop {
            let (seq, now) = (states.borrow_and_update().seq(), self.clock.now());
            let up: HashSet<String> = directory
                .report()
                .into_iter()
                .filter(|node| node.standing == Standing::Up)
                .map(|node| node.url)
                .collect();
            let mut due = directory.candidates();
            asked.retain(|id, _| up.contains(id.to_string().as_str()));
            due.retain(|node| {
                let lately = asked.get(node.id());
                up.contains(node.url().as_str())
                    && self.is_due(node)
                    && lately.is_none_or(|(of, at)| *of != seq || now.saturating_sub(*at) > AGAIN)
            });
            asked.extend(due.iter().map(|node| (node.id().clone(), (seq, now))));
            stream::iter(due)
                .for_each_concurrent(AT_ONCE, async |node| {
                    match node.get_orchestrator(request.clone()).await {
                        Ok(info) => self.learn(&node, &info),
                        Err(error) => tracing::debug!(
                            orchestrator = node.host(),
                            error = chain(&error),
                            "does not describe itself"
                        ),
                    }
                })
                .await;
            let ready = directory.census().ready;
            tokio::select! {
                _ = directory.until(LOOK_EVERY, |census| census.ready > ready) => {}
                changed = states.changed() => if changed.is_err() { return },
            }
        }
    }
}
