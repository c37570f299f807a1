//! One try with one orchestrator: send, receive, check.

use std::time::Duration;

use alloy_primitives::keccak256;
use bytes::Bytes;
use waymark_media::Container;
use waymark_verification::{Outcome, Verdict, check};

use super::Job;
use crate::{
    context::Context,
    orchestrator::{
        download::{self, Wanted},
        error::{AttemptError, TransportError},
        segment::{self, Timeouts, Upload},
        session::Place,
        transport::{Peer, Reach},
    },
    profile::Profile,
    wire::{self, RemoteRendition, SegmentCredentials, TranscodeOutput},
};

/// Smallest bound on a rendition's size, bytes: covers container overhead and short segments.
const RENDITION_FLOOR: u64 = 16 * 1024 * 1024;

/// One try, with everything it needs borrowed.
pub(super) struct Attempt<'a> {
    job: &'a Job,
    context: &'a Context,
    place: &'a Place,
}

/// When what happened, counted from the attempt's start; zero where it did not come to that.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Times {
    /// Until the response's head: the orchestrator took the job.
    pub(super) accepted: Option<Duration>,
    /// Until the end of the result.
    pub(super) result: Option<Duration>,
    /// Until the last rendition was here.
    pub(super) downloaded: Option<Duration>,
    /// Until the end of the attempt.
    pub(super) total: Duration,
}

/// What came of an attempt.
#[derive(Debug)]
pub(super) struct Attempted {
    /// Renditions in profile order, or why there are none.
    pub(super) outcome: Result<Vec<Bytes>, AttemptError>,
    /// When what happened.
    pub(super) times: Times,
    /// Pixels the orchestrator says it encoded.
    pub(super) claimed_pixels: Option<u64>,
    /// Whether its signature over the renditions was verified; `None` where there is none to check.
    pub(super) signature: Option<bool>,
    /// When it started.
    pub(super) started: waymark_selection::Moment,
}

impl<'a> Attempt<'a> {
    pub(super) fn new(job: &'a Job, context: &'a Context, place: &'a Place) -> Self {
        Self { job, context, place }
    }

    pub(super) async fn run(&self) -> Attempted {
        let started = self.context.clock.now();
        let mut attempted = Attempted {
            outcome: Err(AttemptError::SessionLost),
            times: Times::default(),
            claimed_pixels: None,
            signature: None,
            started,
        };
        let lost = self.place.session.lost.clone();
        attempted.outcome = tokio::select! {
            biased;
            outcome = self.steps(&mut attempted) => outcome,
            () = lost.cancelled() => Err(AttemptError::SessionLost),
        };
        attempted.times.total = self.context.clock.now().saturating_sub(started);
        attempted
    }

    async fn steps(&self, so_far: &mut Attempted) -> Result<Vec<Bytes>, AttemptError> {
        let answer = self.send(so_far).await?;
        let output = self.receive(&answer, so_far)?;
        let renditions = self.fetch(&output, so_far).await?;
        self.check(&output, &renditions, so_far)?;
        Ok(renditions)
    }

    async fn send(&self, so_far: &mut Attempted) -> Result<Bytes, AttemptError> {
        let Self { job, context, place, .. } = self;
        let session = &place.session;
        let transcoder = &session.info.transcoder;
        let upload = Upload {
            transcoder,
            credentials: self.credentials()?,
            payment: wire::payment_header(None)
                .map_err(|e| AttemptError::Build { message: e.to_string() })?,
            tag: self.tag_header()?,
            body: job.source.clone(),
            timeouts: Timeouts::of(job.duration, job.stream.timeout_multiplier, place.ahead),
        };
        // While the orchestrator works, as many connections are dialled as there will be downloads.
        if let Some(peer) = Peer::of(transcoder) {
            context.transport.warm(&peer, Reach::Anywhere, job.stream.profiles.len());
        }
        let answer = segment::submit(&context.transport, upload).await.inspect_err(|error| {
            let gone = matches!(error, AttemptError::Transport(TransportError::Dial { .. }));
            if let Some(peer) = Peer::of(transcoder).filter(|_| gone) {
                context.transport.forget(&peer);
            }
        })?;
        so_far.times.accepted = Some(answer.accepted_after);
        so_far.times.result = Some(answer.finished_after);
        Ok(answer.result)
    }

    fn credentials(&self) -> Result<http::HeaderValue, AttemptError> {
        let Self { job, context, place, .. } = self;
        let build = |message: String| AttemptError::Build { message };
        let stream = &job.stream;
        let credentials = SegmentCredentials {
            manifest_id: stream.manifest.as_str(),
            seq: job.seq,
            hash: job.hash,
            duration: job.duration,
            profiles: &stream.profiles,
            capabilities: stream.sessions.capabilities(),
            clip: job.clip.map(|c| (c.from_ms, c.to_ms)),
            force_session_reinit: job.reinit,
            perceptual_hash: false,
            token: &place.session.info.token,
            tag: stream.sessions.tag_for(&place.session.node),
            storage: None,
        };
        let message = wire::seg_data(&credentials, context.signer.as_ref())
            .map_err(|e| build(e.to_string()))?;
        wire::header_value(&message).map_err(|e| build(e.to_string()))
    }

    fn tag_header(&self) -> Result<Option<http::HeaderValue>, AttemptError> {
        let tag = self.job.stream.sessions.tag_for(&self.place.session.node);
        tag.map(|t| http::HeaderValue::from_str(&t.tag))
            .transpose()
            .map_err(|e| AttemptError::Build { message: e.to_string() })
    }

    fn receive(
        &self,
        result: &Bytes,
        so_far: &mut Attempted,
    ) -> Result<TranscodeOutput, AttemptError> {
        let profiles = self.job.stream.profiles.len();
        let output = wire::decode_result(result.clone(), self.job.seq, profiles)
            .map_err(|source| AttemptError::Result { source })?;
        let pixels = output.segments.iter().map(|s| s.pixels).fold(0_u64, u64::saturating_add);
        so_far.claimed_pixels = Some(pixels);
        Ok(output)
    }

    async fn fetch(
        &self,
        output: &TranscodeOutput,
        so_far: &mut Attempted,
    ) -> Result<Vec<Bytes>, AttemptError> {
        let Self { job, context, place, .. } = self;
        let orchestrator = Peer::of(&place.session.info.transcoder)
            .ok_or_else(|| AttemptError::Build { message: "no peer".to_owned() })?;
        let limit = |profile: &Profile| rendition_limit(context, profile, job.duration);
        let wanted: Vec<Wanted<'_>> = output
            .segments
            .iter()
            .zip(job.stream.profiles.iter())
            .map(|(s, p)| Wanted { name: &p.name, url: &s.url, limit: limit(p) })
            .collect();
        let renditions = download::all(&context.transport, &orchestrator, &wanted).await?;
        so_far.times.downloaded = Some(context.clock.now().saturating_sub(so_far.started));
        Ok(renditions)
    }

    /// The signature first, over exactly what was received; then whether it is media at all.
    fn check(
        &self,
        output: &TranscodeOutput,
        renditions: &[Bytes],
        so_far: &mut Attempted,
    ) -> Result<(), AttemptError> {
        let profiles = &self.job.stream.profiles;
        let names: Vec<_> = profiles.iter().map(|p| p.name.as_str()).collect();
        let named: Vec<_> = output.segments.iter().map(RemoteRendition::named).collect();
        let signer = self.place.session.info.result_signer();
        let hashes: Vec<_> = match signer {
            Some(_) => renditions.iter().map(keccak256).collect(),
            None => Vec::new(),
        };
        let mut verdict = Verdict::default();
        verdict.push(check::count::check(profiles.len(), renditions.len()));
        verdict.push(check::order::check(&names, &named));
        verdict.push(check::signature::check(signer, &hashes, &output.signature));
        so_far.signature = match verdict.outcome_of(check::signature::NAME) {
            Outcome::Pass => Some(true),
            Outcome::Fail => Some(false),
            Outcome::NotRun => None,
        };
        if let Some(failed) = verdict.failures().next() {
            let detail = failed.detail.clone();
            return Err(AttemptError::Check { check: failed.name, detail });
        }
        for (rendition, profile) in renditions.iter().zip(profiles.iter()) {
            let container = profile.container.unwrap_or(Container::MpegTs);
            waymark_media::probe(rendition, container).map_err(|e| AttemptError::Check {
                check: "container",
                detail: format!("{}: {e}", profile.name),
            })?;
        }
        Ok(())
    }
}

/// Four times the bitrate asked for, and never less than a floor: an encoder may overshoot, a
/// hostile peer may not fill the memory.
fn rendition_limit(context: &Context, profile: &Profile, media: Duration) -> usize {
    let bitrate = u64::try_from(profile.bitrate).unwrap_or(0);
    let expected = bitrate.saturating_mul(media.as_millis().try_into().unwrap_or(u64::MAX)) / 8000;
    let limit =
        expected.saturating_mul(4).max(RENDITION_FLOOR).min(context.config.limits.segment_bytes);
    usize::try_from(limit).unwrap_or(usize::MAX)
}
