//! Is what came back what was asked for: measuring, judging, and what follows.
//!
//! ```text
//!   source ──┬─ scan (here) ──────────────┐
//!            └─ key pictures (worker) ────┤
//!   rendition ┬─ scan (here) ─────────────┼─► waymark_verification ─► Verdict ─► the job, records
//!             └─ key pictures (worker) ───┘
//! ```
//!
//! What only parses runs in this process; what decodes runs in a [`worker`] that can neither open
//! a file nor reach a network, and that may die without hurting a stream. Judging is pure and is
//! the crate `waymark_verification`.

pub mod command;
pub mod evidence;
pub mod judge;
mod metrics;
mod past;
pub mod peers;
mod plan;
mod record;
mod run;
pub mod trust;
pub mod wanted;
pub mod webhook;
pub mod worker;

pub use self::{
    metrics::Metrics,
    past::Past,
    plan::Plan,
    record::{Judgement, METHOD, reason_of, score_of},
    run::{Checked, Run},
};

use std::{sync::Arc, time::Duration};

use jiff::Timestamp;
use serde_json::Value as Json;
use waymark_opendata::{JobRow, Label, Recorder, SelectedBy, VerificationRow, VerifyMode};
use waymark_verification::{Tier, Verdict, draw::Choice, thresholds::Thresholds};

use self::{
    evidence::{Bundle, Evidence},
    judge::Judge,
    webhook::Webhook,
    worker::{Pool, PoolSettings, Program, child::Bounds},
};
use crate::{config::Config, lifecycle::Tasks, signer::Signer};

/// The checks of a running gateway.
#[derive(Debug)]
pub struct Verifier {
    judge: Judge,
    rows: Recorder<VerificationRow>,
    metrics: Arc<Metrics>,
    evidence: Evidence,
    gateway: Gateway,
    /// What decides on the parts of results that are looked at.
    secret: [u8; 32],
    webhook: Option<Webhook>,
}

/// The checks could not be set up.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum VerifierError {
    /// A metric was registered twice, or similar.
    #[error("cannot count what is checked")]
    Metrics(#[from] prometheus::Error),
    /// The client of the external verifier could not be made.
    #[error("cannot make the client of the external verifier")]
    Webhook(#[from] reqwest::Error),
}

/// Who vouches for evidence.
#[derive(Debug, Clone)]
pub struct Gateway {
    /// Signs it; off-chain with an empty signature.
    pub signer: Arc<dyn Signer>,
    /// This software.
    pub software: Label,
}

impl Verifier {
    /// Starts the workers, unless nothing is checked or nothing could be decoded.
    pub fn start(
        config: &Config,
        tasks: &Tasks,
        rows: Recorder<VerificationRow>,
        registry: &prometheus::Registry,
        gateway: Gateway,
    ) -> Result<Self, VerifierError> {
        let settings = &config.verification;
        let program = settings.program.clone().filter(|_| cfg!(feature = "libav"));
        let checks = settings.mode != crate::config::VerificationMode::None;
        let cores = std::thread::available_parallelism().map_or(1, std::num::NonZero::get);
        let pool = program.filter(|_| checks).map(|path| {
            let file = usize::try_from(config.limits.segment_bytes).unwrap_or(usize::MAX);
            let bounds = Bounds { memory: settings.worker_memory_bytes, file };
            let workers = if settings.workers == 0 { cores } else { settings.workers };
            let settings = PoolSettings {
                program: Program { path, bounds },
                workers,
                queue: settings.queue,
                deadline: settings.worker_deadline,
            };
            Pool::start(settings, tasks)
        });
        if checks && pool.is_none() {
            tracing::warn!("results are judged without decoding them");
        }
        let metrics = Arc::new(Metrics::register(registry, pool.clone())?);
        let judge = Judge::new(pool, Thresholds::default(), settings.deadline);
        let evidence =
            Evidence::new(&config.data_dir, config.evidence.size_bytes, config.evidence.age);
        let webhook = settings.webhook.clone().map(Webhook::new).transpose()?;
        let secret = rand::random();
        Ok(Self { judge, rows, metrics, evidence, gateway, secret, webhook })
    }

    /// What measures and judges.
    pub const fn judge(&self) -> &Judge {
        &self.judge
    }

    /// The fast checks on an attempt are over: counted and written down.
    pub fn fast_done(&self, job: &JobRow, judgement: &Judgement, now: Timestamp) {
        let Judgement { verdict, cpu, took, debit, evidence } = judgement;
        self.metrics.judged(Tier::Fast, verdict, *cpu);
        self.metrics.waited(Tier::Fast, *took);
        self.metrics.paid(*debit);
        let how = (VerifyMode::Fast, SelectedBy::All);
        if let Some(row) = record::row(job, now, verdict, how, *cpu, *evidence) {
            self.rows.record(row);
        }
    }

    /// Choices for one result, which nobody can know before it is here.
    pub fn choice(&self, (job, attempt): (&[u8; 8], u8), output: &[u8; 32]) -> Choice {
        let name = hex::encode(job);
        Choice::new(&self.secret, &name, attempt.into(), output)
    }

    /// A full check on an attempt is over: counted and written down.
    pub fn full_done(
        &self,
        job: &JobRow,
        (verdict, evidence): (&Verdict, Option<[u8; 32]>),
        selected_by: SelectedBy,
        cpu: Duration,
        now: Timestamp,
    ) {
        self.metrics.judged(Tier::Full, verdict, cpu);
        let how = (VerifyMode::Full, selected_by);
        if let Some(row) = record::row(job, now, verdict, how, cpu, evidence) {
            self.rows.record(row);
        }
    }

    /// Keeps a bundle of evidence, signed; gives its name, or `None` where nothing is kept.
    pub async fn keep(
        &self,
        mut statement: Json,
        bundle: Bundle,
        now: Timestamp,
    ) -> Option<[u8; 32]> {
        let Gateway { signer, software } = &self.gateway;
        if let Json::Object(fields) = &mut statement {
            let own = [
                ("v", "verification.v1".to_owned()),
                ("ts", now.to_string()),
                ("gateway", signer.address().to_string()),
                ("software", software.as_str().to_owned()),
                ("thresholds", self.judge.thresholds().id()),
            ];
            fields.extend(own.map(|(name, value)| (name.to_owned(), value.into())));
        }
        let kept = self.evidence.keep(statement, bundle, Arc::clone(signer), now).await;
        kept.map(|id| id.0)
    }

    /// A result was compared with a trusted orchestrator's by perceptual hash: counted and written
    /// down under a method of its own.
    pub fn compared(&self, job: &JobRow, verdict: &Verdict, now: Timestamp) {
        self.metrics.judged(Tier::Fast, verdict, Duration::ZERO);
        let how = (VerifyMode::Fast, SelectedBy::Random);
        let row = record::row(job, now, verdict, how, Duration::ZERO, None);
        if let Some(row) = row.zip(Label::from_untrusted(record::PEERS)) {
            self.rows.record(VerificationRow { verify_method: row.1, ..row.0 });
        }
    }

    /// The external verifier, if there is one.
    pub const fn webhook(&self) -> Option<&Webhook> {
        self.webhook.as_ref()
    }

    /// What is counted.
    pub fn metrics(&self) -> &Metrics {
        &self.metrics
    }
}
