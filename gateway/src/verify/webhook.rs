//! The external verifier of stock gateways: files in a folder that both sides see, one call, one
//! opinion. Whoever runs it answers for it, so its word asks for another orchestrator and never counts
//! as a fact about one; and a verifier that is silent stops no stream.

use std::{path::Path, sync::Arc, time::Duration};

use bytes::Bytes;
use tempfile::TempDir;
use tokio::{
    sync::Semaphore,
    time::{Instant, timeout_at},
};
use waymark_verification::{
    Check, Kind, Tier,
    stock::webhook::{BYTES, Opinion, Rendition, Request, Resolution, WebhookError},
};

use crate::{config::VerifierWebhook, profile::Profile};

/// Calls at once; what comes on top waits within its deadline. Each holds one segment on disk.
const CALLS: usize = 32;
/// Where the verifier sees the folder (go-livepeer `verification/epic.go`).
const SEEN_AS: &str = "/stream";
/// File name of the source.
const SOURCE: &str = "source";

/// A verifier that can be asked.
pub struct Webhook {
    settings: VerifierWebhook,
    http: reqwest::Client,
    calls: Semaphore,
}

impl std::fmt::Debug for Webhook {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Webhook").field("settings", &self.settings).finish_non_exhaustive()
    }
}

/// What it is asked about.
#[derive(Debug, Clone, Copy)]
pub struct Subject<'a> {
    /// The segment that was sent.
    pub source: &'a Bytes,
    /// What came back, in the order of the profiles.
    pub renditions: &'a [Bytes],
    /// What was asked for.
    pub profiles: &'a [Profile],
    /// Pixels that are billed for each.
    pub claims: &'a [u64],
    /// Hex of the recipient that is paid without `0x`, or the orchestrator's address.
    pub orchestrator: &'a str,
}

/// Why there is no opinion; no orchestrator is to blame.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum NoOpinion {
    /// The files could not be put into the folder.
    #[error("files for the verifier cannot be written to {folder} (-verifierPath)")]
    Folder {
        /// The folder.
        folder: String,
        /// What the operating system said.
        #[source]
        source: std::io::Error,
    },
    /// Not within the deadline.
    #[error("the verifier did not answer within {after:?} (verification.webhook_deadline)")]
    Late {
        /// The deadline.
        after: Duration,
    },
    /// The verifier was not reached, or its answer broke off.
    #[error("the verifier (-verifierUrl) was not reached, or its answer broke off")]
    Unreachable {
        /// What happened, without the address, which may hold a key.
        #[source]
        source: reqwest::Error,
    },
    /// The process is ending.
    #[error("the gateway is shutting down")]
    Ending,
    /// What it answered is no opinion.
    #[error(transparent)]
    Answer(#[from] WebhookError),
}

impl NoOpinion {
    /// For the verdict.
    pub fn check(&self) -> Check {
        let text = crate::orchestrator::error::chain(self);
        Check::not_run("stock.verifier", text).kind(Kind::Soft).tier(Tier::Full)
    }
}

impl Webhook {
    /// A verifier that was not asked yet. It gets no second address by a redirect.
    pub fn new(settings: VerifierWebhook) -> Result<Self, reqwest::Error> {
        let http = reqwest::Client::builder()
            .user_agent(concat!("waymark/", env!("CARGO_PKG_VERSION")))
            .redirect(reqwest::redirect::Policy::none())
            .build()?;
        Ok(Self { settings, http, calls: Semaphore::new(CALLS) })
    }

    /// Asks for its opinion, for at most the deadline. Whatever comes of it, the files are removed.
    pub async fn ask(&self, subject: Subject<'_>) -> Result<Opinion, NoOpinion> {
        let after = self.settings.deadline;
        let until = Instant::now() + after;
        let late = |_| NoOpinion::Late { after };
        let turn = timeout_at(until, self.calls.acquire()).await.map_err(late)?;
        let _turn = turn.map_err(|_| NoOpinion::Ending)?;
        let folder = timeout_at(until, self.put(&subject)).await.map_err(late)??;
        let opinion = timeout_at(until, self.call(folder.path(), &subject)).await.map_err(late);
        // Removing may take a while; nobody waits for it.
        drop(tokio::task::spawn_blocking(move || drop(folder)));
        opinion?
    }

    /// Writes the files. The folder is removed when it is dropped, also when nobody waits any more.
    async fn put(&self, subject: &Subject<'_>) -> Result<TempDir, NoOpinion> {
        let shared = self.settings.folder.clone();
        let shown = shared.display().to_string();
        let names = std::iter::once(SOURCE.to_owned()).chain(names(subject.profiles));
        let bodies = std::iter::once(subject.source).chain(subject.renditions);
        let files: Arc<[_]> = names.zip(bodies.cloned()).collect();
        let writing = tokio::task::spawn_blocking(move || {
            let folder = tempfile::Builder::new().prefix("segment-").tempdir_in(shared)?;
            for (name, body) in files.iter() {
                std::fs::write(folder.path().join(name), body)?;
            }
            Ok(folder)
        });
        let written: std::io::Result<_> = writing.await.map_err(|_| NoOpinion::Ending)?;
        written.map_err(|source| NoOpinion::Folder { folder: shown, source })
    }

    async fn call(&self, folder: &Path, subject: &Subject<'_>) -> Result<Opinion, NoOpinion> {
        let unreachable =
            |source: reqwest::Error| NoOpinion::Unreachable { source: source.without_url() };
        let request = request(folder, subject);
        let sending = self.http.post(self.settings.url.clone()).json(&request).send();
        let mut response = sending.await.map_err(unreachable)?;
        let status = response.status().as_u16();
        let mut body = Vec::new();
        while let Some(chunk) = response.chunk().await.map_err(unreachable)? {
            let bytes = body.len() + chunk.len();
            if bytes > BYTES {
                return Err(WebhookError::TooLarge { bytes }.into());
            }
            body.extend_from_slice(&chunk);
        }
        Ok(Opinion::read(status, &body, request.renditions.len())?)
    }
}

/// What is posted about files in this folder.
fn request(folder: &Path, subject: &Subject<'_>) -> Request {
    let own = folder.file_name().unwrap_or_default().to_string_lossy();
    let seen = |name: &str| format!("{SEEN_AS}/{own}/{name}");
    let claims = subject.claims.iter().copied().chain(std::iter::repeat(0));
    let profiles = subject.profiles.iter().zip(names(subject.profiles));
    let renditions = profiles.zip(claims).map(|((profile, name), claimed)| Rendition {
        uri: seen(&name),
        resolution: Resolution { width: profile.width, height: profile.height },
        frame_rate: profile.fps,
        pixels: i64::try_from(claimed).unwrap_or(i64::MAX),
    });
    Request {
        source: seen(SOURCE),
        renditions: renditions.collect(),
        orchestrator_id: subject.orchestrator.to_owned(),
    }
}

/// File names of renditions: the profiles' names where these are fit to be that, as in stock.
fn names(profiles: &[Profile]) -> impl Iterator<Item = String> {
    profiles.iter().enumerate().map(|(index, profile)| {
        let name = &profile.name;
        let plain = |c: char| c.is_ascii_alphanumeric() || "_-.".contains(c);
        let fit = (1..=100).contains(&name.len())
            && name.chars().all(plain)
            && !name.starts_with('.')
            && !name.starts_with("rendition-")
            && name != SOURCE;
        if fit { name.clone() } else { format!("rendition-{index}") }
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn profile(name: &str) -> Profile {
        let mut profile = crate::profile::preset_list(["P240p30fps16x9"]).unwrap().remove(0);
        profile.name = name.to_owned();
        profile
    }

    #[test]
    fn a_call_names_files_as_stock_gateways_do() {
        let source = Bytes::from_static(b"s");
        let subject = Subject {
            source: &source,
            renditions: &[],
            profiles: &[profile("P240p30fps16x9"), profile("../up")],
            claims: &[7],
            orchestrator: "deadbeef",
        };
        let request = request(Path::new("/shared/segment-x1"), &subject);
        assert_eq!(request.source, "/stream/segment-x1/source");
        let [first, second] = request.renditions.as_slice() else { panic!("{request:?}") };
        assert_eq!(first.uri, "/stream/segment-x1/P240p30fps16x9");
        assert_eq!((first.resolution.width, first.resolution.height), (426, 240));
        assert_eq!((first.frame_rate, first.pixels), (30, 7));
        assert_eq!((second.uri.as_str(), second.pixels), ("/stream/segment-x1/rendition-1", 0));
    }

    #[test]
    fn no_name_of_a_profile_leaves_the_folder_or_hides_another_file() {
        for name in ["", "..", ".x", "a/b", "source", "rendition-0", "é"] {
            assert_eq!(names(&[profile(name)]).collect::<Vec<_>>(), ["rendition-0"], "{name}");
        }
    }
}
