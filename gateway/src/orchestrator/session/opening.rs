//! Opening sessions and keeping their token and ticket parameters fresh.

use std::{collections::HashSet, sync::Arc, time::Duration};

use http::HeaderValue;
use parking_lot::Mutex;
use tokio_util::sync::CancellationToken;
use waymark_payments::session::Renewal;
use waymark_proto::net::{JobTag, OrchestratorRequest};
use waymark_selection::{Moment, NodeId};
use waymark_verification::sampling::Strata;

use super::{Entry, Live, MOST_SESSIONS, SEARCH, Session, Sessions};
use crate::{
    advertise::Qualification,
    capability::{JobCapabilities, compatible},
    clock::Clock,
    lifecycle::Tasks,
    orchestrator::{
        directory::Directory,
        error::{AttemptError, Next, chain},
        node::Node,
        refresh,
        transport::Transport,
    },
    payments::{Paying, Unpaid},
    verify::trust::Trusting,
    wire::{InfoError, SessionInfo, read_fresh_token},
};

/// What opening sessions takes.
#[derive(Debug, Clone)]
pub struct Opener {
    /// Orchestrators to choose from.
    pub directory: Directory,
    /// Time.
    pub clock: Clock,
    /// Where the ending of sessions runs.
    pub tasks: Tasks,
    /// The request for a session, signed once.
    pub request: OrchestratorRequest,
    /// What the stream's jobs need.
    pub capabilities: Arc<JobCapabilities>,
    /// The stream's tag.
    pub tag: Option<JobTag>,
    /// The header that carries the tag.
    pub tag_header: Option<HeaderValue>,
    /// What the class of the tag asks of orchestrators; `None` where no classes are configured.
    pub qualification: Option<Qualification>,
    /// How far orchestrators are trusted with the stream's jobs.
    pub trusting: Trusting,
    /// Orchestrators that are told no tag.
    pub silent: Arc<HashSet<String>>,
    /// How many siblings of an orchestrator are used as well.
    pub extra_nodes: usize,
    /// Addresses never used.
    pub blocked: Arc<HashSet<alloy_primitives::Address>>,
    /// Connections, for renewing payment parameters.
    pub transport: Transport,
    /// How the stream pays; `None` off-chain.
    pub paying: Option<Arc<Paying>>,
}

/// An attempt to open a session that failed, for the record.
#[derive(Debug)]
pub struct FailedOpening {
    /// Whom it was tried with.
    pub node: Arc<Node>,
    /// Why it failed.
    pub error: AttemptError,
    /// How long it took.
    pub took: Duration,
}

impl Sessions {
    /// Replaces a session whose token or ticket parameters run out, while segments go on using the
    /// old ones.
    pub(super) fn renew(self: &Arc<Self>, old: Arc<Session>) {
        let sessions = Arc::clone(self);
        drop(self.opener.tasks.job("renewal", async move {
            let refreshed = match &old.pay {
                // Keeps the session's id, and with it the credit.
                Some(_) => sessions.refresh(&old).await.is_ok(),
                None => false,
            };
            let opened = if refreshed {
                None
            } else {
                Some(sessions.open_on(&old.node, old.any_price).await)
            };
            let mut entries = sessions.entries.lock();
            let of_old = |entry: &&mut Entry| Arc::ptr_eq(&entry.session, &old);
            match opened {
                None => entries.iter_mut().filter(of_old).for_each(|e| e.renewing = false),
                Some(Ok(session)) => {
                    entries.iter_mut().filter(of_old).for_each(|e| e.retired = true);
                    entries.push(Entry::new(session));
                }
                Some(Err(error)) => {
                    let error = chain(&error);
                    tracing::info!(orchestrator = old.node.host(), error, "token not renewed");
                    let expired = old.live.lock().expires_at <= sessions.opener.clock.wall();
                    for entry in entries.iter_mut().filter(of_old) {
                        entry.renewing = false;
                        entry.retired |= expired;
                    }
                }
            }
            sessions.bury(&mut entries);
        }));
    }

    /// New ticket parameters and a new token for a session that goes on.
    pub async fn refresh(&self, session: &Session) -> Result<(), Unpaid> {
        let (Some(paying), Some(pay)) = (&self.opener.paying, &session.pay) else { return Ok(()) };
        let _alone = session.refreshing.lock().await;
        if paying.renewal(pay) == Renewal::NotNeeded {
            return Ok(());
        }
        let (sender, id) = (paying.payments().payer.sender(), pay.session_id());
        let transcoder = &session.info.transcoder;
        let tag = self.tag_header_for(&session.node);
        let info = refresh::refresh(&self.opener.transport, transcoder, sender, &id, tag).await?;
        paying.renew(pay, &info)?;
        if let Some((token, expires_at)) = info.auth_token.and_then(read_fresh_token) {
            *session.live.lock() = Live::new(token, expires_at, self.opener.clock.wall());
        }
        tracing::debug!(orchestrator = session.node.host(), "session refreshed");
        Ok(())
    }

    /// Opens one session on the best orchestrator that the stream does not use yet.
    pub(super) async fn open(
        &self,
        avoid: &HashSet<NodeId>,
        failed: &mut Vec<FailedOpening>,
    ) -> bool {
        let mut used: HashSet<NodeId> = avoid.clone();
        {
            let entries = self.entries.lock();
            let open = entries.iter().filter(|e| !e.retired);
            used.extend(open.clone().map(|e| e.session.node.id().clone()));
            if open.count() >= MOST_SESSIONS {
                return false;
            }
        }
        used.extend(failed.iter().map(|f| f.node.id().clone()));
        let until = self.opener.clock.now() + SEARCH;
        let candidates = self.candidates(|node| !used.contains(node.id()));
        if self.open_one_of(&candidates, false, until, failed).await {
            return true;
        }
        // Whoever was only too expensive is better than nobody, if the operator says so.
        let lenient = self.opener.paying.as_ref().is_some_and(|p| p.takes_any_price_if_needed());
        let dear = |f: &FailedOpening| lenient && f.error.is_too_expensive();
        let dear: Vec<_> = failed.iter().filter(|f| dear(f)).map(|f| Arc::clone(&f.node)).collect();
        if dear.is_empty() {
            return false;
        }
        failed.retain(|f| !f.error.is_too_expensive());
        self.open_one_of(&dear, true, until, failed).await
    }

    /// Of those that `may`, who does the stream's jobs, in the order they should be asked.
    pub(super) fn candidates(&self, may: impl Fn(&Node) -> bool) -> Vec<Arc<Node>> {
        let directory = &self.opener.directory;
        let qualification = self.opener.qualification.as_ref();
        let mut candidates = match qualification {
            Some(class) => directory.candidates_preferring(|id| class.preference(id)),
            None => directory.candidates(),
        };
        candidates.retain(|node| may(node));
        if let Some(class) = qualification {
            candidates = class.admitted(candidates);
        }
        self.opener.trusting.admitted(&candidates)
    }

    async fn open_one_of(
        &self,
        candidates: &[Arc<Node>],
        any_price: bool,
        until: Moment,
        failed: &mut Vec<FailedOpening>,
    ) -> bool {
        for node in candidates {
            if self.opener.clock.now() > until {
                break;
            }
            let started = self.opener.clock.now();
            match self.open_on(node, any_price).await {
                Ok(session) => {
                    self.entries.lock().push(Entry::new(session));
                    return true;
                }
                Err(error) => {
                    let took = self.opener.clock.now().saturating_sub(started);
                    let hopeless = error.next() == Next::GiveUp;
                    if let Some(failure) = error.failure() {
                        self.opener.directory.failed(node.id(), failure);
                    }
                    failed.push(FailedOpening { node: Arc::clone(node), error, took });
                    if hopeless {
                        return false;
                    }
                }
            }
        }
        false
    }

    pub(super) async fn open_on(
        &self,
        node: &Arc<Node>,
        any_price: bool,
    ) -> Result<Arc<Session>, AttemptError> {
        self.opener.directory.opening(node.id());
        let opened = self.ask(node, any_price).await;
        if opened.is_err() {
            self.opener.directory.closed(node.id());
        }
        opened
    }

    async fn ask(&self, node: &Arc<Node>, any_price: bool) -> Result<Arc<Session>, AttemptError> {
        let unpaid = |source| AttemptError::Unpaid { source };
        let paying = self.opener.paying.as_ref();
        if let Some(paying) = paying {
            paying.check_funds().map_err(unpaid)?;
        }
        let mut request = self.opener.request.clone();
        request.job_tag = self.tag_for(node).cloned();
        let started = self.opener.clock.now();
        let said = node.get_orchestrator(request).await?;
        let latency = self.opener.clock.now().saturating_sub(started);
        self.opener.directory.reached(node.id(), latency);
        if let Some(qualification) = &self.opener.qualification {
            let checked = qualification.check(node, &said);
            checked.map_err(|source| AttemptError::Info { source })?;
        }
        let pay = paying.map(|paying| paying.open(&said, any_price)).transpose().map_err(unpaid)?;
        let info = SessionInfo::read(said).map_err(|source| AttemptError::Info { source })?;
        if let Some(address) = info.address.filter(|a| self.opener.blocked.contains(a)) {
            return Err(AttemptError::Info { source: InfoError::Blocked { address } });
        }
        compatible(&self.opener.capabilities, &info.capabilities)
            .map_err(|source| AttemptError::Info { source: InfoError::Incompatible { source } })?;
        let siblings = &info.nodes[..info.nodes.len().min(self.opener.extra_nodes)];
        if !siblings.is_empty() {
            self.opener.directory.learn(siblings);
        }
        // Not its id: whoever knows that can fetch the renditions.
        tracing::debug!(orchestrator = node.host(), "session opened");
        let live = Live::new(info.token.clone(), info.expires_at, self.opener.clock.wall());
        Ok(Arc::new(Session {
            node: Arc::clone(node),
            info,
            pay,
            lost: CancellationToken::new(),
            any_price,
            live: Mutex::new(live),
            audits: Mutex::new(Strata::new(self.opener.clock.now())),
            refreshing: tokio::sync::Mutex::default(),
        }))
    }
}
