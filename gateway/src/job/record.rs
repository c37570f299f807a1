//! One row for each attempt, written when the job is over: only then is it known which attempt
//! decided it. Rows go to a bounded recorder that never waits.

use std::time::Duration;

use waymark_opendata::{
    Address, ErrorType, JobRow, Label, OrchestratorInstance, Outcome, VerifyMode, VerifyResult, Wei,
};
use waymark_selection::Moment;
use waymark_verification::Decision;

use super::{Job, attempt::Attempted};
use crate::{
    context::Context,
    errors::{AttemptSummary, Problem, Reason},
    orchestrator::{
        error::{AttemptError, Next, chain},
        node::Node,
        session::Place,
    },
    payments::PaymentOf,
    verify::{Judgement, METHOD, score_of},
};

/// What metrics learn of one attempt.
#[derive(Debug)]
pub struct Observation<'a> {
    /// `host:port`.
    pub orchestrator: &'a str,
    /// `ok` or an error type.
    pub result: &'static str,
    /// Whether a session was there; otherwise opening one failed.
    pub opened: bool,
    /// Until the orchestrator took the job.
    pub accepted: Option<Duration>,
    /// From then until its result.
    pub compute: Option<Duration>,
    /// Fetching the renditions.
    pub download: Option<Duration>,
    /// The whole attempt.
    pub total: Duration,
    /// Another orchestrator than the one tried before in this job.
    pub swapped: bool,
}

/// The attempts of one job so far.
#[derive(Debug)]
pub(super) struct Log {
    base: JobRow,
    rows: Vec<JobRow>,
    summaries: Vec<AttemptSummary>,
    incapable: usize,
    too_expensive: usize,
    /// Why nobody at all could be paid.
    unpaid: Option<(Reason, String)>,
    /// Attempts that a spending limit forbade, and what the last one said.
    limited: (usize, String),
    arrived: Moment,
    first_sent: Option<Moment>,
    previous: Option<String>,
    observed: Vec<Seen>,
    /// With the index of the row each belongs to.
    judgements: Vec<(usize, Judgement)>,
    /// Numbers of attempts that are in other logs.
    elsewhere: usize,
}

#[derive(Debug)]
struct Seen {
    orchestrator: String,
    result: &'static str,
    opened: bool,
    accepted: Option<Duration>,
    compute: Option<Duration>,
    download: Option<Duration>,
    total: Duration,
    swapped: bool,
}

impl Log {
    pub(super) fn new(job: &Job, context: &Context) -> Self {
        let stream = &job.stream;
        let started_at = context.clock.wall();
        let gateway = Address::new(context.signer.address().into_array());
        let mut base = JobRow::new(
            job.id,
            gateway,
            context.version.clone(),
            started_at,
            stream.tag.clone(),
            stream.tag_source,
        );
        let session = format!("{}#{}", stream.manifest, stream.serial);
        base.session_id = Some(context.day_keys.pseudonym(started_at, session.as_bytes()));
        base.gateway_region = context.region;
        if let Some(payments) = &context.payments {
            let round = payments.chain.state().round.number;
            base.round = u32::try_from(round).unwrap_or(u32::MAX);
        }
        base.attrs = stream.attributes.clone();
        let class = context.advertiser.as_ref().and_then(|a| a.published().carried(&stream.tag));
        base.requirements_hash = class.map(|class| class.hash.0);
        base.media_us = Some(micros(job.duration));
        base.slo_us = base.media_us;
        base.input_bytes = Some(job.source.len() as u64);
        Self {
            base,
            rows: Vec::new(),
            summaries: Vec::new(),
            incapable: 0,
            too_expensive: 0,
            unpaid: None,
            limited: (0, String::new()),
            arrived: job.arrived,
            first_sent: None,
            previous: None,
            observed: Vec::new(),
            judgements: Vec::new(),
            elsewhere: 0,
        }
    }

    /// The log of an attempt with this number that runs beside others of the same job.
    pub(super) fn beside(job: &Job, context: &Context, index: u8) -> Self {
        Self { elsewhere: index.into(), ..Self::new(job, context) }
    }

    /// Numbers for attempts that run beside each other; the first one.
    pub(super) fn reserve(&mut self, count: usize) -> u8 {
        let first = self.next_index();
        self.elsewhere += count;
        first
    }

    /// Takes over what one of those wrote.
    pub(super) fn adopt(&mut self, side: Self) {
        self.elsewhere = self.elsewhere.saturating_sub(side.rows.len());
        let before = self.rows.len();
        let moved = side.judgements.into_iter().map(|(index, one)| (before + index, one));
        self.judgements.extend(moved);
        self.rows.extend(side.rows);
        self.summaries.extend(side.summaries);
        self.observed.extend(side.observed);
        self.incapable += side.incapable;
        self.too_expensive += side.too_expensive;
        self.unpaid = self.unpaid.take().or(side.unpaid);
        if side.limited.0 > 0 {
            self.limited = (self.limited.0 + side.limited.0, side.limited.1);
        }
        self.first_sent = self.first_sent.or(side.first_sent);
        self.previous = side.previous.or(self.previous.take());
    }

    /// A session could not be opened.
    pub(super) fn opening_failed(&mut self, node: &Node, error: &AttemptError, took: Duration) {
        let mut row = self.row(node);
        row.total_us = micros(took);
        fill_error(&mut row, error);
        let incapable = error.next() == Next::OtherIncapable && !error.is_unqualified();
        self.incapable += usize::from(incapable);
        self.too_expensive += usize::from(error.is_too_expensive());
        if let AttemptError::Unpaid { source } = error
            && error.next() == Next::GiveUp
        {
            self.unpaid = Some((source.reason(), chain(error)));
        }
        self.push(node, row, Some(error), false, Seen::failed(node, error, took));
    }

    /// A segment was sent, whatever came of it.
    pub(super) fn attempted(&mut self, place: &Place, result: &Attempted) {
        let node = &place.session.node;
        let times = &result.times;
        let queued = *self.first_sent.get_or_insert(result.started);
        let mut row = self.row(node);
        let info = &place.session.info;
        // The zero address off-chain: no address at all means that nobody was selected.
        let address = info.address.unwrap_or_default();
        row.orchestrator = Some(Address::new(address.into_array()));
        row.orchestrator_version = Label::from_untrusted(info.version());
        row.queue_us = Some(micros(queued.saturating_sub(self.arrived)));
        row.accept_us = times.accepted.map(micros);
        row.upload_us = row.accept_us;
        let compute = span(times.accepted, times.result);
        let download = span(times.result, times.downloaded);
        row.compute_us = compute.map(micros);
        row.first_output_us = times.result.map(micros);
        row.download_us = download.map(micros);
        row.total_us = micros(times.total);
        if let Some(pay) = place.session.pay.as_ref().filter(|pay| !pay.recipient().is_zero()) {
            row.orchestrator = Some(Address::new(pay.recipient().into_array()));
        }
        if let Some(paid) = &result.paid {
            fill_payment(&mut row, paid);
        }
        row.claimed_units = result.claimed_pixels;
        row.work_units = result.claimed_pixels.unwrap_or(0);
        row.pixels = result.claimed_pixels;
        row.result_sig_ok = result.signature;
        row.verify_mode = VerifyMode::Fast;
        row.verify_method = Label::from_untrusted("count+order+container+signature");
        let checked = result.checked.as_ref().filter(|checked| checked.idle.is_none());
        let error = match &result.outcome {
            Ok(renditions) => {
                row.outcome = Outcome::Ok;
                row.http_status = Some(200);
                row.output_bytes = Some(renditions.iter().map(|r| r.len() as u64).sum());
                row.verify_result = VerifyResult::Pass;
                None
            }
            Err(error) => {
                fill_error(&mut row, error);
                if matches!(error, AttemptError::Check { .. } | AttemptError::Rejected { .. }) {
                    row.verify_result = VerifyResult::Fail;
                }
                Some(error)
            }
        };
        if let Some(checked) = checked {
            let verdict = checked.verdict();
            row.verify_method = Label::from_untrusted(METHOD);
            row.verify_score = score_of(&verdict).map(|(score, _)| score);
            if row.verify_result == VerifyResult::Pass && verdict.decision() == Decision::Soft {
                row.verify_result = VerifyResult::Inconclusive;
            }
            if error.is_none() {
                row.work_units = checked.debit.pixels();
            }
            let (cpu, took, debit) = (checked.cpu(), checked.took, checked.debit);
            let evidence = checked.evidence;
            self.judgements
                .push((self.rows.len(), Judgement { verdict, cpu, took, debit, evidence }));
        }
        let seen = Seen {
            orchestrator: node.host().to_owned(),
            result: error.map_or("ok", |e| e.kind().as_str()),
            opened: true,
            accepted: times.accepted,
            compute,
            download,
            total: times.total,
            swapped: false,
        };
        self.push(node, row, error, true, seen);
    }

    /// The row of the last attempt.
    pub(super) fn last(&self) -> Option<JobRow> {
        self.rows.last().cloned()
    }

    /// The number of the next attempt.
    pub(super) fn next_index(&self) -> u8 {
        u8::try_from(self.rows.len() + self.elsewhere).unwrap_or(u8::MAX)
    }

    /// The attempts as the client may know them.
    pub(super) fn summaries(&self) -> Vec<AttemptSummary> {
        self.summaries.clone()
    }

    /// Every attempt was used up.
    pub(super) fn all_failed(&self) -> Problem {
        let detail = format!(
            "{} attempts with orchestrators failed, each for a reason of its own; the segment can be \
             pushed again",
            self.summaries.len()
        );
        Problem::new(Reason::OrchestratorsFailed, detail).with_attempts(self.summaries())
    }

    /// Nobody is left to ask.
    pub(super) fn nobody_left(&self, context: &Context) -> Problem {
        if let Some((reason, detail)) = &self.unpaid {
            return Problem::new(*reason, detail.clone()).with_attempts(self.summaries());
        }
        // Nobody did anything wrong: the operator's limits leave nobody.
        let (limited, detail) = &self.limited;
        if *limited > 0 && *limited == self.summaries.len() {
            let problem = Problem::new(Reason::SpendLimit, detail.clone());
            return problem.with_attempts(self.summaries());
        }
        let census = context.directory.census();
        if self.incapable > 0 && self.incapable == census.known {
            let detail = "no orchestrator known to this gateway takes this codec or these profiles";
            return Problem::new(Reason::CodecNotSupported, detail).with_attempts(self.summaries());
        }
        let tag = &self.base.tag;
        let (unqualified, missing) =
            context.advertiser.as_ref().map_or((0, None), |a| a.unqualified(tag));
        let out = context.trust.out_of(&context.directory.nodes());
        let refusals = [
            ("unqualified", unqualified),
            ("down", census.down),
            ("set_aside", census.set_aside),
            ("out", out.len()),
            ("full", census.full),
            ("not_probed_yet", census.unknown),
            ("incapable", self.incapable),
            ("too_expensive", self.too_expensive),
        ];
        let refusals = refusals.map(|(why, n)| (why, n as u64));
        if let Some(missing) = missing.filter(|_| (1..=unqualified).contains(&census.ready)) {
            let detail = format!(
                "none of {} orchestrators meets what {tag} requires; {missing}",
                census.known
            );
            let problem = Problem::new(Reason::NoOrchestrator, detail).with_refusals(refusals);
            return problem.with_attempts(self.summaries());
        }
        if self.summaries.is_empty() {
            let why_out = out.first().map(|(host, standing)| {
                format!(
                    "; {} of them must not work after failed checks, {host}: {}",
                    out.len(),
                    standing.why
                )
            });
            let detail = match (census.known, context.directory.source_error()) {
                (0, Some(error)) => error,
                (0, None) => {
                    "no orchestrator is configured; set -orchAddr or -orchWebhookUrl".to_owned()
                }
                (known, _) => format!(
                    "none of {known} orchestrators can take a session now{}",
                    why_out.unwrap_or_default()
                ),
            };
            return Problem::new(Reason::NoOrchestrator, detail).with_refusals(refusals);
        }
        self.all_failed().with_refusals(refusals)
    }

    /// Hands the rows over. `refused` is what the client was told, if it got nothing.
    pub(super) fn submit(mut self, context: &Context, refused: Option<&Problem>) {
        if self.rows.is_empty() {
            let Some(problem) = refused else { return };
            let mut row = self.base.clone();
            row.outcome = Outcome::NoOrchestrator;
            row.error_type = Some(ErrorType::Capacity);
            row.http_status = Some(problem.status().as_u16());
            row.total_us = micros(context.clock.now().saturating_sub(self.arrived));
            self.rows.push(row);
        }
        let last = self.rows.len() - 1;
        self.write(context, Some(last));
    }

    /// Hands over the rows of an attempt that did not decide its job.
    pub(super) fn submit_beside(self, context: &Context) {
        self.write(context, None);
    }

    fn write(self, context: &Context, last: Option<usize>) {
        for seen in &self.observed {
            context.metrics.attempted(&Observation {
                orchestrator: &seen.orchestrator,
                result: seen.result,
                opened: seen.opened,
                accepted: seen.accepted,
                compute: seen.compute,
                download: seen.download,
                total: seen.total,
                swapped: seen.swapped,
            });
        }
        for (index, judgement) in &self.judgements {
            if let Some(row) = self.rows.get(*index) {
                context.verifier.fast_done(row, judgement, context.clock.wall());
            }
        }
        let census = context.directory.census();
        for (index, mut row) in self.rows.into_iter().enumerate() {
            row.is_final = last == Some(index);
            row.candidates = Some(u16::try_from(census.known).unwrap_or(u16::MAX));
            row.eligible = Some(u16::try_from(census.ready).unwrap_or(u16::MAX));
            context.recorder.record(row);
        }
    }

    fn row(&self, node: &Node) -> JobRow {
        JobRow {
            attempt_index: self.next_index(),
            orchestrator_instance: Some(OrchestratorInstance::of(node.host())),
            ..self.base.clone()
        }
    }

    fn push(
        &mut self,
        node: &Node,
        row: JobRow,
        error: Option<&AttemptError>,
        opened: bool,
        mut seen: Seen,
    ) {
        if let Some(error @ AttemptError::Unpaid { source }) = error
            && source.reason() == Reason::SpendLimit
        {
            self.limited = (self.limited.0 + 1, chain(error));
        }
        seen.swapped = opened && self.previous.as_deref().is_some_and(|p| p != node.host());
        self.previous = Some(node.host().to_owned());
        self.observed.push(seen);
        self.summaries.push(AttemptSummary {
            orchestrator: node.host().to_owned(),
            outcome: row.outcome.as_str().into(),
            error: error.map(|e| chain(e)),
        });
        self.rows.push(row);
    }
}

impl Seen {
    fn failed(node: &Node, error: &AttemptError, took: Duration) -> Self {
        Self {
            orchestrator: node.host().to_owned(),
            result: error.kind().as_str(),
            opened: false,
            accepted: None,
            compute: None,
            download: None,
            total: took,
            swapped: false,
        }
    }
}

fn fill_error(row: &mut JobRow, error: &AttemptError) {
    row.outcome = error.outcome();
    row.error_type = Some(error.kind());
    row.blame = Some(error.blame());
    row.http_status = error.status();
}

fn fill_payment(row: &mut JobRow, paid: &PaymentOf) {
    let wei = |n: u64| Some(Wei::from(n));
    (row.price_num, row.price_den) = (wei(paid.price.wei), Some(paid.price.pixels.get()));
    (row.price_quote_num, row.price_quote_den) =
        (wei(paid.quote.wei), Some(paid.quote.pixels.get()));
    row.tickets = u32::from(paid.tickets);
    // More than 10^20 ether: saturated, as no column holds it.
    row.fee_wei = u128::try_from(paid.value).ok().and_then(Wei::new).unwrap_or(Wei::MAX);
}

fn span(from: Option<Duration>, to: Option<Duration>) -> Option<Duration> {
    Some(to?.saturating_sub(from?))
}

fn micros(duration: Duration) -> i64 {
    i64::try_from(duration.as_micros()).unwrap_or(i64::MAX)
}
