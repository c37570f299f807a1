//! Who may push: a webhook of the operator's is asked when a stream begins (go-livepeer
//! `server/auth.go:21-64`).
//!
//! Its answer may give the stream another name than the one it is pushed under, so that whoever knows
//! where to play it does not know where to push it. A name that was allowed once is good for as long
//! as its stream runs; from then on the webhook is asked again.

mod webhook;

use std::collections::HashMap;

use parking_lot::Mutex;
use url::Url;
use waymark_selection::Moment;

use self::webhook::{Answer, Unauthorised};
use crate::{
    errors::{Problem, Reason},
    ingest::{ManifestId, transcode_config::TranscodeConfig},
    orchestrator::error::chain,
    streams::Streams,
};

/// Names of streams that never began, beyond those that run, before they are looked for.
const MOST_UNUSED: usize = 1024;

/// Asks the webhook and remembers which names are running.
#[derive(Debug)]
pub struct Authoriser {
    http: reqwest::Client,
    webhook: Url,
    /// Pushed name to the name the stream is known by.
    names: Mutex<HashMap<ManifestId, ManifestId>>,
}

/// A push that may go on.
#[derive(Debug)]
pub struct Admitted {
    /// The name its stream is known by.
    pub manifest: ManifestId,
    /// How a stream that begins is to be transcoded: what the request said goes before what the
    /// webhook said.
    pub settings: Option<TranscodeConfig>,
    /// The stream was running, so nobody was asked.
    pub running: bool,
}

/// A push that wants to go on.
#[derive(Debug, Clone, Copy)]
pub struct Asking<'a> {
    /// The name it is pushed under.
    pub pushed: &'a ManifestId,
    /// Where it was sent: `http://host/live/manifest/0.ts`, without the query.
    pub url: &'a str,
    /// What the request itself says.
    pub settings: Option<&'a TranscodeConfig>,
}

impl Authoriser {
    /// An authoriser that allowed nobody yet.
    pub fn new(http: reqwest::Client, webhook: Url) -> Self {
        Self { http, webhook, names: Mutex::default() }
    }

    /// The name of the stream that runs and is pushed under this one.
    pub fn running(&self, streams: &Streams, pushed: &ManifestId) -> Option<ManifestId> {
        let known = self.names.lock().get(pushed).cloned();
        known.filter(|manifest| streams.live(manifest).is_some())
    }

    /// Whether the name is still that of whoever pushes under `pushed`.
    pub fn holds(&self, pushed: &ManifestId, manifest: &ManifestId) -> bool {
        self.names.lock().get(pushed) == Some(manifest)
    }

    /// Lets a push go on, or not.
    ///
    /// # Errors
    /// The webhook refused it, could not be asked, or gave an answer that cannot be used.
    pub async fn admit(
        &self,
        streams: &Streams,
        push: Asking<'_>,
        now: impl FnOnce() -> Moment,
    ) -> Result<Admitted, Problem> {
        if let Some(manifest) = self.running(streams, push.pushed) {
            return Ok(Admitted { manifest, settings: None, running: true });
        }
        let Answer { settings } =
            webhook::ask(&self.http, &self.webhook, push.url).await.map_err(|error| {
                tracing::warn!(
                    manifest = %push.pushed,
                    error = chain(&error),
                    "a stream was not authorised"
                );
                refused(&error)
            })?;
        let settings = decided(settings, push.settings)?;
        let named = settings.as_ref().and_then(|settings| settings.manifest_id.clone());
        let manifest = named.unwrap_or_else(|| push.pushed.clone());
        self.claim(streams, push.pushed, &manifest, now());
        Ok(Admitted { manifest, settings, running: false })
    }

    /// Whoever was allowed a name last has it: a stream that is pushed under another one ends.
    fn claim(&self, streams: &Streams, pushed: &ManifestId, manifest: &ManifestId, now: Moment) {
        let mut names = self.names.lock();
        if names.len() > MOST_UNUSED + streams.most() {
            names.retain(|_, manifest| streams.live(manifest).is_some());
        }
        let before = names.len();
        names.retain(|other, theirs| theirs != manifest || other == pushed);
        let taken = names.len() < before;
        names.insert(pushed.clone(), manifest.clone());
        drop(names);
        if taken && streams.end(manifest, now) {
            tracing::info!(%manifest, "another push was allowed the name of this stream");
        }
    }
}

/// The settings that count: the request's if it has any (go-livepeer `server/mediaserver.go:295-307`).
fn decided(
    answered: Option<TranscodeConfig>,
    requested: Option<&TranscodeConfig>,
) -> Result<Option<TranscodeConfig>, Problem> {
    let Some(answered) = answered else { return Ok(requested.cloned()) };
    if let Some(requested) = requested {
        if requested.profiles != answered.profiles {
            let detail = "the profiles in Livepeer-Transcode-Configuration are not those of the \
                          authorisation webhook";
            return Err(Problem::new(Reason::ProfileMismatch, detail));
        }
        return Ok(Some(requested.clone()));
    }
    if answered.object_store.is_some() || answered.record_object_store.is_some() {
        let detail = "the authorisation webhook names an objectStore or a recordObjectStore, which \
                      cannot be used with this gateway";
        return Err(Problem::new(Reason::StreamRefused, detail));
    }
    // These two count in a header only (`server/mediaserver.go:883-885`).
    Ok(Some(TranscodeConfig { timeout_multiplier: 1, force_session_reinit: false, ..answered }))
}

fn refused(error: &Unauthorised) -> Problem {
    let reason = match error {
        Unauthorised::Unreachable { .. } | Unauthorised::Failed { .. } => {
            Reason::WebhookUnreachable
        }
        _ => Reason::StreamRefused,
    };
    Problem::new(reason, error.to_string())
}
