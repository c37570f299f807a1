//! A stream pushed straight to a node, with as little of its own as the protocol allows: one warm
//! connection up, one for each rendition down, all renditions at once.

use alloy_primitives::B256;
use alloy_primitives::keccak256;
use bytes::Bytes;
use futures_util::future::try_join_all;
use http::Version;
use tokio::time::Instant;
use waymark_proto::net;

use super::source::Source;
use super::stream::{MAX_ANSWER, failure};
use crate::client::{
    ClientError, Connection, Origin, SegmentOutcome, get_orchestrator, grpc, job_capabilities,
    seg_data,
};

/// The renditions asked for, as a gateway's defaults.
const PROFILES: [(&str, i32, i32, i32); 4] = [
    ("P240p30fps16x9", 426, 240, 600_000),
    ("P360p30fps16x9", 640, 360, 1_200_000),
    ("P480p30fps16x9", 854, 480, 1_600_000),
    ("P720p30fps16x9", 1280, 720, 4_000_000),
];

pub(super) struct DirectStream {
    url: String,
    manifest: String,
    session: Option<Session>,
    /// Hashes of the source's segments, made once: the floor is the transport, not the hash.
    hashes: Vec<B256>,
}

struct Session {
    token: net::AuthToken,
    upload: Connection,
    downloads: Vec<Connection>,
}

impl DirectStream {
    pub(super) fn new(url: String, manifest: String) -> Self {
        Self { url, manifest, session: None, hashes: Vec::new() }
    }

    pub(super) fn forget(&mut self) {
        self.session = None;
    }

    pub(super) async fn push(
        &mut self,
        source: &Source,
        seq: usize,
        renditions: usize,
        deadline: Instant,
    ) -> Result<Vec<usize>, String> {
        if self.hashes.is_empty() {
            self.hashes = source.all().iter().map(keccak256).collect();
        }
        let mut session = match self.session.take() {
            Some(session) => session,
            None => self.open().await.map_err(|error| failure(&error))?,
        };
        let data = self.header(source, seq, renditions, &session.token);
        let outcome = session.upload.segment(&data, source.segment(seq), deadline).await;
        let urls = match outcome.map_err(|error| failure(&error))? {
            SegmentOutcome::Refused { status, text } => {
                return Err(format!("status {status}: {}", text.trim_end()));
            }
            outcome => match (outcome.renditions(), outcome.error()) {
                (Some(renditions), _) => renditions.iter().map(|r| r.url.clone()).collect(),
                (_, Some(error)) => return Err(error.to_owned()),
                _ => return Err("no result".to_owned()),
            },
        };
        let files = session.download(urls, deadline).await.map_err(|error| failure(&error))?;
        self.session = Some(session);
        Ok(files.iter().map(Bytes::len).collect())
    }

    async fn open(&self) -> Result<Session, ClientError> {
        let info = get_orchestrator(&self.url, Some(job_capabilities())).await?;
        let token = info.auth_token.unwrap_or_default();
        let (origin, _) = Origin::parse(&info.transcoder)?;
        let upload = Connection::open(&origin, Version::HTTP_11).await?;
        Ok(Session { token, upload, downloads: Vec::new() })
    }

    fn header(
        &self,
        source: &Source,
        seq: usize,
        renditions: usize,
        token: &net::AuthToken,
    ) -> net::SegData {
        let profiles: Vec<_> = PROFILES
            .into_iter()
            .take(renditions)
            .map(|(name, width, height, bitrate)| net::VideoProfile {
                name: name.to_owned(),
                width,
                height,
                bitrate,
                fps: 30,
                ..Default::default()
            })
            .collect();
        let number = i64::try_from(seq).unwrap_or(i64::MAX);
        let mut data = seg_data(&self.manifest, number, &[], &profiles, token.clone());
        let hash = self.hashes.get(seq % self.hashes.len().max(1)).copied().unwrap_or_default();
        data.hash = Bytes::copy_from_slice(hash.as_slice());
        data.duration = i32::try_from(source.duration().as_millis()).unwrap_or(i32::MAX);
        data
    }

    /// Ends the session at the node, so that its slot is free for the next run.
    pub(super) async fn end(self) {
        let Some(session) = self.session else { return };
        let request = net::EndTranscodingSessionRequest { auth_token: Some(session.token) };
        let ended =
            async { grpc(&self.url).await.ok()?.end_transcoding_session(request).await.ok() };
        if ended.await.is_none() {
            tracing::debug!(self.manifest, "session not ended");
        }
    }
}

impl Session {
    /// Fetches all renditions at once, each over its own connection.
    async fn download(
        &mut self,
        urls: Vec<String>,
        deadline: Instant,
    ) -> Result<Vec<Bytes>, ClientError> {
        let mut connections = std::mem::take(&mut self.downloads).into_iter();
        let fetches = urls.into_iter().map(|url| {
            let kept = connections.next();
            async move {
                let (origin, path) = Origin::parse(&url)?;
                let mut connection = match kept.filter(|kept| kept.origin() == &origin) {
                    Some(kept) => kept,
                    None => Connection::open(&origin, Version::HTTP_11).await?,
                };
                let bytes = connection.get(path.as_str(), MAX_ANSWER, deadline).await?;
                Ok((bytes, connection))
            }
        });
        let fetched = try_join_all(fetches).await?;
        let (files, connections) = fetched.into_iter().unzip();
        self.downloads = connections;
        Ok(files)
    }
}
