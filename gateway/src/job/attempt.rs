//! One try with one orchestrator: send, receive, check.

use std::{sync::Arc, time::Duration};

use alloy_primitives::B256;
use bytes::Bytes;
use http::HeaderValue;
use waymark_media::Container;
use waymark_opendata::Blame;
use waymark_payments::{
    payer::Payment,
    session::{Outcome as Paid, Refusal, Renewal},
};
use waymark_selection::Sample;
use waymark_verification::{Outcome, Verdict, action::OnFail, check};

use super::Job;
use crate::{
    config::VerificationMode,
    context::Context,
    orchestrator::{
        download::{self, Wanted},
        error::{AttemptError, Next, TransportError, chain},
        segment::{self, Timeouts, Upload},
        session::Place,
        transport::{Peer, Reach},
    },
    payments::{Paying, PaymentOf},
    profile::Profile,
    verify::{Checked, Run, command::as_json, evidence::Bundle, worker::Urgency},
    wire::{self, Fault, RemoteRendition, SegmentCredentials, TranscodeOutput},
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
    /// When it started.
    pub(super) started: waymark_selection::Moment,
    /// Where the perceptual hash of each rendition is; none where no hash was asked for.
    pub(super) hash_urls: Vec<Option<url::Url>>,
}

impl Attempted {
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
            Ok(output) => self.charged(output).await,
            Err(error) => Err(error),
        };
        // Settled as soon as it is known, so that the next segment counts on the right credit. What
        // is not settled, because this attempt is dropped, counts as spent.
        if let Some(payment) = payment {
            self.settle(payment, received.as_ref());
        }
        let output = received?;
        let renditions = self.fetch(&output, so_far).await?;
        let hashes = match self.place.session.info.result_signer() {
            Some(_) => self.context.hasher.all(&renditions).await,
            None => Vec::new(),
        };
        self.check(&output, &renditions, &hashes, so_far)?;
        self.verify(&output, &renditions, so_far).await?;
        self.opinion(&output, &renditions, so_far).await?;
        Ok(renditions)
    }

    /// The result, unless it claims more pixels than can be owed for it.
    async fn charged(&self, output: TranscodeOutput) -> Result<TranscodeOutput, AttemptError> {
        let judge = self.context.verifier.judge();
        match self.checks.overcharged(judge, &claims_of(&output)).await {
            None => Ok(output),
            Some(check) => {
                Err(AttemptError::Check { check: check.id, detail: check.detail.into_owned() })
            }
        }
    }

    /// Whether the renditions are what was asked for. Facts refuse them, measurements are remembered.
    async fn verify(
        &self,
        output: &TranscodeOutput,
        renditions: &[Bytes],
        so_far: &mut Attempted,
    ) -> Result<(), AttemptError> {
        let Self { job, context, .. } = self;
        let from = context.clock.now();
        let judge = context.verifier.judge();
        let checked = self.checks.fast(judge, renditions, &claims_of(output)).await;
        let mut checked = self.every_picture(checked, renditions).await;
        checked.took = context.clock.now().saturating_sub(from);
        let fault = checked.fault().map(|(rendition, check)| {
            let name = job.stream.profiles.get(rendition).map_or("", |p| p.name.as_str());
            (check.id, format!("{name}: {check}"))
        });
        if fault.is_some() {
            checked.evidence = self.keep_evidence(&checked, output, renditions).await;
        }
        so_far.checked = Some(Arc::new(checked));
        match fault {
            Some((check, detail)) if self.checks.plan().on_fail != OnFail::Record => {
                Err(AttemptError::Check { check, detail })
            }
            Some((check, detail)) => {
                tracing::warn!(
                    check,
                    detail,
                    "a result that failed is delivered, as its class says"
                );
                context.verifier.metrics().published_bad();
                Ok(())
            }
            None => Ok(()),
        }
    }

    /// What somebody else needs to come to the same verdict.
    async fn keep_evidence(
        &self,
        checked: &Checked,
        output: &TranscodeOutput,
        renditions: &[Bytes],
    ) -> Option<[u8; 32]> {
        let Self { job, context, place, .. } = self;
        let request = self.credentials().ok();
        let request = request.as_ref().and_then(|header| header.to_str().ok());
        let mut bundle = Bundle::default().with("source.bin", job.source.clone());
        for (index, rendition) in renditions.iter().enumerate() {
            bundle = bundle.with(format!("rendition-{index}.bin"), rendition.clone());
        }
        let now = context.clock.wall();
        let claims = claims_of(output);
        let renditions: Vec<_> = checked
            .renditions
            .iter()
            .zip(job.stream.profiles.iter())
            .enumerate()
            .map(|(index, (judged, profile))| {
                serde_json::json!({
                    "file": format!("rendition-{index}.bin"),
                    "profile": profile.name,
                    "claimed_pixels": claims.get(index),
                    "expected_pixels": judged.expected.pixels(),
                    "judged": as_json(&judged.verdict),
                })
            })
            .collect();
        let statement = serde_json::json!({
            "v": "verification.v1",
            "ts": now.to_string(),
            "gateway": context.signer.address().to_string(),
            "job": {
                "id": alloy_primitives::hex::encode(job.id),
                "attempt": self.index,
                "seq": job.seq,
                "tag": job.stream.tag.as_str(),
            },
            "orchestrator": {
                "host": place.session.node.host(),
                "address": place.session.info.address.map(|address| address.to_string()),
                "signer": place.session.info.result_signer().map(|address| address.to_string()),
            },
            // Livepeer-Segment as it was sent: what was asked for, signed by this gateway.
            "request": request,
            "source": "source.bin",
            // The orchestrator's, over the hashes of the renditions.
            "signature": alloy_primitives::hex::encode(&output.signature),
            "renditions": renditions,
            "thresholds": context.verifier.judge().thresholds().id(),
            "software": context.version.as_str(),
        });
        let signer = Arc::clone(&context.signer);
        let kept = context.verifier.evidence().keep(statement, bundle, signer, now).await;
        kept.map(|id| id.0)
    }

    /// Where every result is compared picture by picture, the delivery waits for that as well.
    async fn every_picture(&self, mut checked: Checked, renditions: &[Bytes]) -> Checked {
        let full = self.checks.plan().mode == VerificationMode::Full;
        if !full || checked.idle.is_some() || checked.fault().is_some() {
            return checked;
        }
        let verifier = &self.context.verifier;
        let output = checked.output();
        let choice = verifier.choice((&self.job.id, self.index), &output);
        let compared = self.checks.full(
            verifier.judge(),
            (&checked, renditions),
            None,
            &choice,
            Urgency::Stream,
        );
        let after = self.context.config.verification.worker_deadline;
        match tokio::time::timeout(after, compared).await {
            Ok(Ok((verdicts, cpu))) => {
                for (judged, verdict) in checked.renditions.iter_mut().zip(verdicts) {
                    judged.verdict = verdict;
                }
                if let Some(first) = checked.renditions.first_mut() {
                    first.cpu += cpu;
                }
            }
            Ok(Err(error)) => {
                tracing::debug!(%error, "a result was not compared picture by picture");
                verifier.metrics().not_made();
            }
            Err(_) => verifier.metrics().not_made(),
        }
        checked
    }

    /// Makes the payment, with fresh parameters where the old ones ran out.
    async fn pay(&self, so_far: &mut Attempted) -> Result<Option<Payment>, AttemptError> {
        let Self { job, place, .. } = self;
        let (sessions, session) = (&job.stream.sessions, &place.session);
        let (Some(paying), Some(pay)) = (sessions.paying(), &session.pay) else { return Ok(None) };
        let unpaid = |source| AttemptError::Unpaid { source };
        let mut renewed = paying.renewal(pay) == Renewal::Needed;
        if renewed {
            sessions.refresh(session).await.map_err(unpaid)?;
        }
        loop {
            match paying.pay(pay, &job.id, u32::from(self.index), job.duration) {
                Ok(payment) => {
                    so_far.paid = Some(Paying::facts(pay, &payment));
                    return Ok(Some(payment));
                }
                Err(error) if !renewed && Paying::may_renew(&error) => {
                    renewed = true;
                    sessions.refresh(session).await.map_err(unpaid)?;
                }
                Err(error) => return Err(unpaid(error)),
            }
        }
    }

    /// Says what came of a payment (go-livepeer `server/segment_rpc.go:488-497, 565-567, 645-655`),
    /// and takes over the terms that came with a result.
    fn settle(&self, payment: Payment, received: Result<&TranscodeOutput, &AttemptError>) {
        let now = self.context.clock.wall();
        let outcome = match received {
            Ok(output) => Paid::Received { pixels: pixels_of(output) },
            Err(AttemptError::Refused { fault: Fault::Payment(refusal), .. }) => {
                Paid::Refused(*refusal)
            }
            Err(AttemptError::Refused { fault: Fault::Token, .. }) => Paid::Refused(Refusal::Token),
            Err(AttemptError::Transport(
                TransportError::Dial { .. } | TransportError::DialTimeout { .. },
            )) => Paid::NotSent,
            // No answer began.
            Err(AttemptError::Transport(_) | AttemptError::HeaderTimeout { .. }) => {
                Paid::Unanswered
            }
            Err(_) => Paid::Spent,
        };
        let orchestrator = self.place.session.node.host();
        let settled = payment.settle(outcome, now);
        if let Some(end) = settled.ended {
            tracing::info!(orchestrator, reason = %end, "payment session over");
        }
        let Self { job, place, .. } = self;
        let terms = received.ok().and_then(|output| output.info.as_ref());
        if let (Some(info), Some(pay), Some(paying)) =
            (terms, &place.session.pay, job.stream.sessions.paying())
            && let Err(error) = paying.renew(pay, info)
        {
            // This segment is paid and done; the session takes no further one if it is over.
            let error = chain(&error);
            tracing::info!(orchestrator, error, "the orchestrator's new terms are not accepted");
        }
    }

    async fn send(
        &self,
        payment: Option<&Payment>,
        so_far: &mut Attempted,
    ) -> Result<Bytes, AttemptError> {
        let Self { job, context, place, .. } = self;
        let session = &place.session;
        let transcoder = &session.info.transcoder;
        let upload = Upload {
            transcoder,
            credentials: self.credentials()?,
            // Empty off-chain, but always sent.
            payment: payment.map_or(HeaderValue::from_static(""), |p| p.header().clone()),
            tag: self.tag_header(),
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

    /// The signature first, over exactly what was received; then whether it is media at all.
    fn check(
        &self,
        output: &TranscodeOutput,
        renditions: &[Bytes],
        hashes: &[B256],
        so_far: &mut Attempted,
    ) -> Result<(), AttemptError> {
        let profiles = &self.job.stream.profiles;
        let names: Vec<_> = profiles.iter().map(|p| p.name.as_str()).collect();
        let named: Vec<_> = output.segments.iter().map(RemoteRendition::named).collect();
        let signer = self.place.session.info.result_signer();
        let mut verdict = Verdict::default();
        verdict.push(check::count::check(profiles.len(), renditions.len()));
        verdict.push(check::order::check(&names, &named));
        verdict.push(check::signature::check(signer, hashes, &output.signature));
        so_far.signature = match verdict.outcome_of(check::signature::NAME) {
            Outcome::Pass => Some(true),
            Outcome::Fail => Some(false),
            Outcome::NotRun => None,
        };
        if let Some(failed) = verdict.failures().next() {
            let detail = failed.to_string();
            return Err(AttemptError::Check { check: failed.id, detail });
        }
        for (rendition, profile) in renditions.iter().zip(profiles.iter()) {
            let container = profile.container.unwrap_or(Container::MpegTs);
            waymark_media::outline(rendition, container).map_err(|e| AttemptError::Check {
                check: "container",
                detail: format!("{}: {e}", profile.name),
            })?;
        }
        Ok(())
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
