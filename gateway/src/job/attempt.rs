//! One try with one orchestrator: send, receive, check.

mod judging;
mod paying;
mod proof;

pub(super) use self::proof::Proof;

use std::{sync::Arc, time::Duration};

use bytes::Bytes;
use http::HeaderValue;
use waymark_opendata::Blame;
use waymark_payments::payer::Payment;
use waymark_selection::Sample;

use super::Job;
use crate::{
    context::Context,
    orchestrator::{
        download::{self, Wanted},
        error::{AttemptError, Next, TransportError},
        segment::{self, Timeouts, Upload},
        session::Place,
        transport::{Peer, Reach},
    },
    payments::PaymentOf,
    profile::Profile,
    verify::{Checked, Run},
    wire::{self, SegmentCredentials, TranscodeOutput},
};

/// Smallest bound on a rendition's size, bytes: covers container overhead and short segments.
const RENDITION_FLOOR: u64 = 16 * 1024 * 1024;

/// One try, with everything it needs borrowed.
pub(super) struct Attempt<'a> {
    pub(super) job: &'a Job,
    pub(super) context: &'a Context,
    pub(super) place: &'a Place,
    pub(super) checks: &'a Run,
    /// 0 for the first orchestrator tried.
    index: u8,
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
    /// What was paid; `None` off-chain, or where it did not come to that.
    pub(super) paid: Option<PaymentOf>,
    /// What the checks on the renditions found, where it came to that.
    pub(super) checked: Option<Arc<Checked>>,
    /// What a verdict on it may have to be argued with, where something came back.
    pub(super) proof: Option<Arc<Proof>>,
    /// `Livepeer-Segment` as it was sent.
    request: Option<HeaderValue>,
    /// When it started.
    pub(super) started: waymark_selection::Moment,
    /// Where the perceptual hash of each rendition is; none where no hash was asked for.
    pub(super) hash_urls: Vec<Option<url::Url>>,
}

/// What an audit behind the delivery goes by.
#[derive(Debug, Clone, Default)]
pub(super) struct Found {
    /// See [`Attempted::checked`].
    pub(super) checked: Option<Arc<Checked>>,
    /// See [`Attempted::proof`].
    pub(super) proof: Option<Arc<Proof>>,
    /// See [`Attempted::signature`].
    pub(super) signature: Option<bool>,
}

impl Attempted {
    pub(super) fn found(&self) -> Found {
        let Self { checked, proof, signature, .. } = self;
        Found { checked: checked.clone(), proof: proof.clone(), signature: *signature }
    }

    /// What it says about the orchestrator; nothing where others are to blame or it never came to a
    /// request.
    pub(super) fn sample(&self, job: &Job) -> Option<Sample> {
        let (ok, swapped, refused) = match &self.outcome {
            Ok(_) => (true, false, false),
            Err(error) if matches!(error.blame(), Blame::Orchestrator | Blame::Network) => {
                let refused = matches!(error, AttemptError::Check { .. });
                (false, error.next() != Next::Renew, refused)
            }
            Err(_) => return None,
        };
        Some(Sample {
            ok,
            total: self.times.total,
            media: job.duration,
            first_output: self.times.result,
            upload: self.times.accepted.map(|took| (job.source.len() as u64, took)),
            swapped,
            verified: (ok || refused).then_some(ok),
        })
    }
}

impl<'a> Attempt<'a> {
    pub(super) fn new(
        job: &'a Job,
        context: &'a Context,
        place: &'a Place,
        checks: &'a Run,
        index: u8,
    ) -> Self {
        Self { job, context, place, checks, index }
    }

    pub(super) async fn run(&self) -> Attempted {
        let started = self.context.clock.now();
        let mut attempted = Attempted {
            outcome: Err(AttemptError::SessionLost),
            times: Times::default(),
            claimed_pixels: None,
            signature: None,
            paid: None,
            checked: None,
            proof: None,
            request: None,
            started,
            hash_urls: Vec::new(),
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
        let payment = self.pay(so_far).await?;
        let answered = self.send(payment.as_ref(), so_far).await;
        let received = match answered {
            Ok(answer) => self.receive(&answer, so_far),
            Err(error) => Err(error),
        };
        // Who bills more than the job can give is not paid on: the credit in the session is gone.
        let received = match received {
            Ok(output) => self.charged(output, so_far).await,
            Err(error) => Err(error),
        };
        // Settled as soon as it is known, so that the next segment counts on the right credit. What
        // is not settled, because this attempt is dropped, counts as spent.
        if let Some(payment) = payment {
            self.settle(payment, received.as_ref());
        }
        let output = received?;
        let renditions = self.fetch(&output, so_far).await?;
        let renditions = self.judged(&output, renditions, so_far).await?;
        self.opinion(&output, &renditions, so_far).await?;
        Ok(renditions)
    }

    async fn send(
        &self,
        payment: Option<&Payment>,
        so_far: &mut Attempted,
    ) -> Result<Bytes, AttemptError> {
        let Self { job, context, place, .. } = self;
        let session = &place.session;
        let transcoder = &session.info.transcoder;
        let credentials = self.credentials()?;
        so_far.request = Some(credentials.clone());
        let upload = Upload {
            transcoder,
            credentials,
            // Empty off-chain, but always sent.
            payment: payment.map_or(HeaderValue::from_static(""), |p| p.header().clone()),
            tag: self.tag_header(),
            body: job.source.clone(),
            timeouts: Timeouts::of(job.duration, job.stream.timeout_multiplier, place.ahead),
        };
        // While the orchestrator works, the other connections are dialled that downloads will use.
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

    fn credentials(&self) -> Result<HeaderValue, AttemptError> {
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
            perceptual_hash: stream.peers.is_on(),
            token: &place.session.token(),
            tag: stream.sessions.tag_for(&place.session.node),
            storage: None,
        };
        let message = wire::seg_data(&credentials, context.signer.as_ref())
            .map_err(|e| build(e.to_string()))?;
        wire::header_value(&message).map_err(|e| build(e.to_string()))
    }

    fn tag_header(&self) -> Option<HeaderValue> {
        self.job.stream.sessions.tag_header_for(&self.place.session.node).cloned()
    }

    fn receive(
        &self,
        result: &Bytes,
        so_far: &mut Attempted,
    ) -> Result<TranscodeOutput, AttemptError> {
        let profiles = self.job.stream.profiles.len();
        let output = wire::decode_result(result.clone(), self.job.seq, profiles)
            .map_err(|source| AttemptError::Result { source })?;
        so_far.claimed_pixels = Some(pixels_of(&output));
        let hashes = output.segments.iter().map(|s| s.perceptual_hash_url.clone());
        so_far.hash_urls = hashes.collect();
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
        let tag = self.tag_header();
        let renditions =
            download::all(&context.transport, &orchestrator, tag.as_ref(), &wanted).await?;
        so_far.times.downloaded = Some(context.clock.now().saturating_sub(so_far.started));
        Ok(renditions)
    }
}

/// What the orchestrator says it encoded, rendition by rendition.
pub(super) fn claims_of(output: &TranscodeOutput) -> Vec<u64> {
    output.segments.iter().map(|s| s.pixels).collect()
}

/// What the orchestrator says it encoded, and takes from its credit.
fn pixels_of(output: &TranscodeOutput) -> u64 {
    output.segments.iter().map(|s| s.pixels).fold(0_u64, u64::saturating_add)
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
