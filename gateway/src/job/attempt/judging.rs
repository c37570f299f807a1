//! Whether what came back is what was asked for: the basic checks, the fast ones, and, where somebody
//! must wait for it, every picture.

use std::sync::Arc;

use alloy_primitives::B256;
use bytes::Bytes;
use waymark_media::Container;
use waymark_verification::{Check, Kind, Outcome, Verdict, action::OnFail, check, trust::State};

use super::{Attempt, Attempted, claims_of, proof::Proof};
use crate::{
    config::VerificationMode,
    orchestrator::error::AttemptError,
    verify::{
        Checked,
        trust::{Trust, kind_of},
        worker::Urgency,
    },
    wire::{RemoteRendition, TranscodeOutput},
};

/// Name of the check whether a rendition is media.
const CONTAINER: &str = "container";

impl Attempt<'_> {
    /// The result, unless it claims more pixels than can be owed for it.
    pub(super) async fn charged(
        &self,
        output: TranscodeOutput,
        so_far: &mut Attempted,
    ) -> Result<TranscodeOutput, AttemptError> {
        let judge = self.context.verifier.judge();
        let Some(check) = self.checks.overcharged(judge, &claims_of(&output)).await else {
            return Ok(output);
        };
        let proof = Proof::new(self, &output, Vec::new(), None, so_far.request.take());
        so_far.proof = Some(Arc::new(proof));
        let checked = Checked { whole: Verdict::from_iter([check]), ..Checked::default() };
        self.concluded(checked, so_far).await.and(Ok(output))
    }

    /// The renditions, unless they are something else. Facts refuse them, measurements are remembered.
    pub(super) async fn judged(
        &self,
        output: &TranscodeOutput,
        renditions: Vec<Bytes>,
        so_far: &mut Attempted,
    ) -> Result<Vec<Bytes>, AttemptError> {
        let Self { context, .. } = self;
        let hashes = match self.place.session.info.result_signer() {
            Some(_) => context.hasher.all(&renditions).await,
            None => Vec::new(),
        };
        let from = context.clock.now();
        let mut whole = self.basic(output, &renditions, &hashes, so_far);
        let facts: Vec<&Check> = whole.iter().filter(|check| is_fact(check)).collect();
        if let [empty] = facts[..]
            && empty.id == CONTAINER
            && self.checks.may_be_empty(context.verifier.judge()).await
        {
            return Err(AttemptError::Source { detail: empty.detail.to_string() });
        }
        let receipt = self.receipt(output, &hashes, so_far);
        whole.extend(receipt.as_ref().map(|(check, _)| check.clone()));
        let receipt = receipt.and_then(|(_, statement)| statement);
        let proof = Proof::new(self, output, renditions.clone(), receipt, so_far.request.take());
        so_far.proof = Some(Arc::new(proof));
        let mut checked = if whole.iter().any(is_fact) {
            Checked::default()
        } else {
            let judge = context.verifier.judge();
            let checked = self.checks.fast(judge, &renditions, &claims_of(output)).await;
            self.every_picture(checked, &renditions, so_far).await
        };
        checked.whole = whole.into_iter().collect();
        checked.took = context.clock.now().saturating_sub(from);
        self.concluded(checked, so_far).await?;
        Ok(renditions)
    }

    /// Number, order and signature, over exactly what was received; then whether it is media at all.
    fn basic(
        &self,
        output: &TranscodeOutput,
        renditions: &[Bytes],
        hashes: &[B256],
        so_far: &mut Attempted,
    ) -> Vec<Check> {
        let profiles = &self.job.stream.profiles;
        let names: Vec<_> = profiles.iter().map(|p| p.name.as_str()).collect();
        let named: Vec<_> = output.segments.iter().map(RemoteRendition::named).collect();
        let signer = self.place.session.info.result_signer();
        let signed = check::signature::check(signer, hashes, &output.signature);
        so_far.signature = match signed.outcome {
            Outcome::Pass => Some(true),
            Outcome::Fail => Some(false),
            Outcome::NotRun => None,
        };
        let mut checks = vec![
            check::count::check(profiles.len(), renditions.len()),
            check::order::check(&names, &named),
            signed,
        ];
        let media = |(rendition, profile): (&Bytes, &crate::profile::Profile)| {
            let container = profile.container.unwrap_or(Container::MpegTs);
            let error = waymark_media::outline(rendition, container).err()?;
            Some(Check::fail(CONTAINER, format!("{}: {error}", profile.name)))
        };
        checks.extend(renditions.iter().zip(profiles.iter()).find_map(media));
        checks
    }

    /// Where every result is compared picture by picture, the delivery waits for that as well; so it
    /// does where something is odd about the work of somebody who is not trusted yet.
    async fn every_picture(
        &self,
        mut checked: Checked,
        renditions: &[Bytes],
        so_far: &Attempted,
    ) -> Checked {
        let mode = self.checks.plan().mode;
        let asked = mode == VerificationMode::Full;
        let odd =
            mode == VerificationMode::FastAndFull && checked.is_soft() && !self.is_trusted(so_far);
        if !(asked || odd) || checked.idle.is_some() || checked.fault().is_some() {
            return checked;
        }
        let verifier = &self.context.verifier;
        if verifier.judge().pool().is_none() {
            return checked;
        }
        let choice = verifier.choice((&self.job.id, self.index), &checked.output());
        let judge = verifier.judge();
        let both = (&checked, renditions);
        let compared = self.checks.full(judge, both, None, &choice, Urgency::Stream);
        // One measurement for all pictures, one for disputes: each has its own time, this is for both.
        let after = self.context.config.verification.worker_deadline.saturating_mul(2);
        match tokio::time::timeout(after, compared).await {
            Ok(Ok((verdicts, cpu))) => {
                for (judged, verdict) in checked.renditions.iter_mut().zip(verdicts) {
                    judged.verdict = verdict;
                }
                checked.full = Some(cpu);
            }
            Ok(Err(error)) => {
                tracing::debug!(%error, "a result was not compared picture by picture");
                verifier.metrics().not_made();
            }
            Err(_) => verifier.metrics().not_made(),
        }
        checked
    }

    fn is_trusted(&self, so_far: &Attempted) -> bool {
        let Self { job, context, place, .. } = self;
        let identity = Trust::of_result(&place.session, so_far.signature);
        let kinds = job.stream.profiles.iter().map(kind_of);
        let standing = context.trust.standing(&identity, job.stream.tag.as_str(), kinds);
        standing.state == State::Trusted
    }

    /// Keeps the proof of a fault, and refuses the result for it unless its class says otherwise.
    async fn concluded(
        &self,
        mut checked: Checked,
        so_far: &mut Attempted,
    ) -> Result<(), AttemptError> {
        let Self { job, context, .. } = self;
        let fault = checked.fault().map(|(rendition, check)| {
            let profile = rendition.and_then(|index| job.stream.profiles.get(index));
            let name = profile.map(|profile| format!("{}: ", profile.name)).unwrap_or_default();
            (check.id, format!("{name}{check}"))
        });
        if let (Some(_), Some(proof)) = (&fault, &so_far.proof) {
            let judged = checked.renditions.iter().map(|judged| &judged.verdict);
            let now = context.clock.wall();
            checked.evidence =
                proof.keep(&context.verifier, &checked, &judged.collect::<Vec<_>>(), now).await;
        }
        so_far.checked = Some(Arc::new(checked));
        match fault {
            Some((check, detail)) if self.checks.plan().on_fail != OnFail::Record => {
                Err(AttemptError::Check { check, detail })
            }
            Some((check, detail)) => {
                tracing::warn!(check, detail, "a failed result is delivered, as its class says");
                context.verifier.metrics().published_bad();
                Ok(())
            }
            None => Ok(()),
        }
    }
}

/// Whether a check speaks against the result for good.
fn is_fact(check: &Check) -> bool {
    check.outcome == Outcome::Fail && check.kind == Kind::Hard
}
