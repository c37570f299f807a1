//! The loop: after every change of what is published, and every few minutes.

use std::{collections::BTreeMap, sync::Arc, time::Duration};

use alloy_primitives::B256;
use jiff::{SignedDuration, Timestamp};
use serde::Serialize;
use waymark_payments::{
    book::TagRegistry,
    fund::{FundError, Transaction, TransactionPlan},
};
use waymark_tagging::JobClass;

use super::{
    Anchor,
    advert::Terms,
    files::{Anchored, Document, Record},
    steps::{self, Kind, Known, Step},
};
use crate::{
    advertise::{Advertiser, Manifest, Unanchorable},
    orchestrator::error::chain as reason,
    payments::{Payments, books::BookError},
};

/// Between two looks, in polls of the chain, while nothing happens; and at most after a failure.
const IDLE: u32 = 60;
const FAILING: u32 = 12;
/// So long it is looked at whether a reorganisation took the document back.
const UNSETTLED: SignedDuration = SignedDuration::from_hours(1);

/// A transaction that would be sent.
#[derive(Debug, Clone, Serialize)]
pub struct Planned {
    /// What it is for.
    pub what: String,
    /// Gas, as the node estimates it; nothing when the contract would refuse.
    pub gas: Option<u64>,
    /// What that costs at the moment, wei.
    pub cost_wei: String,
    /// What stands in the way.
    pub obstacles: Vec<String>,
}

impl From<TransactionPlan> for Planned {
    fn from(plan: TransactionPlan) -> Self {
        Self {
            gas: plan.gas,
            cost_wei: plan.gas_cost().to_string(),
            obstacles: plan.obstacles.iter().map(ToString::to_string).collect(),
            what: plan.transaction.what,
        }
    }
}

/// What was found in one look.
struct Found {
    record: Record,
    /// What the published document means.
    meaning: B256,
    steps: Vec<Step>,
    /// Before this nothing new is begun.
    not_before: Option<Timestamp>,
}

impl Payments {
    /// Keeps the registry at what is published, for as long as the gateway runs.
    pub async fn keep_anchored(self: Arc<Self>, advertiser: Arc<Advertiser>) {
        if let Some(why) = self.anchor.off {
            tracing::info!(why, "the job classes are not anchored on chain");
            return;
        }
        let poll = self.books.poll();
        let mut changes = advertiser.changes();
        let mut wait = poll;
        loop {
            changes.borrow_and_update();
            let pause = match self.anchor_now(&advertiser, false).await {
                Ok(()) => {
                    wait = poll;
                    let left = self.anchor.report.lock().not_before;
                    let left = left.map(|at| at.duration_since(self.now()));
                    let left = left.and_then(|left| Duration::try_from(left).ok());
                    left.map_or(poll * IDLE, |left| left.clamp(poll, poll * IDLE))
                }
                Err(error) => {
                    let text = reason(&error);
                    tracing::warn!(error = text, "the job classes are not anchored; tried again");
                    wait = wait.saturating_mul(2).min(poll * FAILING);
                    wait
                }
            };
            if let Ok(Err(_)) = tokio::time::timeout(pause, changes.changed()).await {
                // There is nobody who publishes; the gateway is stopping.
                return;
            }
        }
    }

    /// Sends what the chain does not say yet, at once if `hurry`, otherwise as often as the settings
    /// allow. A step that fails does not keep others from being made.
    pub async fn anchor_now(&self, advertiser: &Advertiser, hurry: bool) -> Result<(), BookError> {
        let _one_at_a_time = self.anchor.looking.lock().await;
        let result = self.anchor_alone(advertiser, hurry).await;
        if let Err(error) = &result {
            self.anchor.metrics.failures.inc();
            self.anchor.report.lock().trouble = Some(reason(error));
        }
        result
    }

    async fn anchor_alone(&self, advertiser: &Advertiser, hurry: bool) -> Result<(), BookError> {
        let Some(registry) = self.books.registry() else { return Ok(()) };
        let Found { mut record, meaning, mut steps, not_before } =
            self.what_is_missing(registry, advertiser).await?;
        let held = if hurry { None } else { not_before };
        let mut trouble = None;
        if held.is_none() && !steps.is_empty() {
            let mut left = Vec::new();
            for step in steps {
                let before = record.begun;
                record.begun = Some((meaning, self.now()));
                if let Err(error) = self.take(registry, &mut record, &step).await {
                    let goes_on = matches!(&error, BookError::Send { source, .. }
                        if matches!(**source, FundError::Obstacle { .. }));
                    if goes_on {
                        // Nothing was sent.
                        record.begun = before;
                        self.put_record(record.clone()).await?;
                    }
                    left.push(step);
                    trouble = trouble.or(Some(error));
                    if !goes_on {
                        break;
                    }
                }
            }
            steps = left;
        }
        let anchor = &self.anchor;
        anchor.metrics.missing.set(i64::try_from(steps.len()).unwrap_or(i64::MAX));
        let mut report = anchor.report.lock();
        report.tell(&record);
        report.missing = steps.into_iter().map(|step| step.what).collect();
        report.not_before = held.filter(|_| !report.missing.is_empty());
        report.trouble = None;
        drop(report);
        trouble.map_or(Ok(()), Err)
    }

    /// What would be sent now. Changes nothing.
    pub async fn anchor_plan(&self, advertiser: &Advertiser) -> Result<Vec<Planned>, BookError> {
        let _one_at_a_time = self.anchor.looking.lock().await;
        let Some(registry) = self.books.registry() else { return Ok(Vec::new()) };
        let found = self.what_is_missing(registry, advertiser).await?;
        let mut planned = Vec::new();
        for Step { what, data, .. } in found.steps {
            let to = Some(registry.address());
            let transaction = Transaction { what: what.clone(), to, data: data.into() };
            let plan = self.books.funds().plan_transaction(transaction).await;
            let failed = |source| BookError::Send { what, source: Box::new(source) };
            planned.push(plan.map_err(failed)?.into());
        }
        Ok(planned)
    }

    async fn what_is_missing(
        &self,
        registry: &TagRegistry,
        advertiser: &Advertiser,
    ) -> Result<Found, BookError> {
        let Anchor { settings, report, .. } = &self.anchor;
        let Some(public) = &settings.public else { return Err(BookError::Nowhere) };
        let (gateway, now) = (self.chain.sender(), self.now());
        let chain_id = self.chain.rpc().chain_id().unwrap_or_default();
        let mut record = Record::load(&settings.data_dir, gateway, chain_id, registry.address());
        self.settle_manifest(registry, &mut record).await?;

        let manifest = advertiser.manifest()?;
        let meaning = manifest.meaning().map_err(Unanchorable::from)?;
        let before = record.anchored.as_ref().and_then(|anchored| {
            let bytes = Document::Manifest(anchored.hash).read(&settings.data_dir)?;
            let read = Manifest::read("the anchored document", &bytes).ok()?;
            Some((read, anchored.uri.clone()))
        });
        let before = before.as_ref().map(|(manifest, uri)| (manifest, uri.as_str()));
        let mut steps: Vec<Step> =
            steps::manifest(&manifest, before, public, now)?.into_iter().collect();

        let classes: Vec<&JobClass> =
            manifest.document.classes.iter().filter_map(|entry| entry.class.as_deref()).collect();
        let tags = classes.iter().map(|class| class.tag.as_str());
        self.learn_numbers(registry, tags).await?;
        let mut without = Vec::new();
        let mut wanted = BTreeMap::new();
        for class in classes {
            let number = self.books.numbers.id(&class.tag).get();
            match Terms::of(class) {
                Err(why) => without.push(format!("{} {why}", class.tag)),
                Ok(_) if number == 0 => without.push(format!(
                    "{} is not registered at {}: add it to tags.ids with tags.register: true, or have its owner register it",
                    class.tag,
                    registry.address()
                )),
                Ok(terms) => {
                    wanted.insert(class.tag.as_str(), (number, class, terms));
                }
            }
        }
        let mut numbers: Vec<u32> = wanted.values().map(|(number, ..)| *number).collect();
        numbers.extend(record.adverts.values());
        numbers.sort_unstable();
        numbers.dedup();
        let adverts = registry.adverts(&numbers).await?;
        let adverts: BTreeMap<_, _> = numbers.into_iter().zip(adverts).collect();
        let mut said = Vec::new();
        for (tag, (number, class, terms)) in &wanted {
            let Some(advert) = adverts.get(number).cloned() else { continue };
            let bytes = Document::Class(advert.0.contentHash).read(&settings.data_dir);
            let before =
                bytes.and_then(|bytes| JobClass::from_json("the advert's class", &bytes).ok());
            let known = Known { class, number: *number, advert, before };
            match steps::advert(&known, terms, gateway, public, now)? {
                Some(step) => steps.push(step),
                None => said.push((*tag).to_owned()),
            }
        }
        let holds = |number| adverts.get(&number).is_some_and(|(_, holds)| *holds);
        steps.extend(steps::cancel(&record, |tag| wanted.contains_key(tag), holds, gateway));

        let not_before = record.begun.filter(|(of, _)| *of != meaning).and_then(|(_, at)| {
            let next = at.checked_add(settings.every).unwrap_or(Timestamp::MAX);
            (next > now).then_some(next)
        });
        let mut report = report.lock();
        report.without_advert = without;
        report.adverts = said;
        report.tell(&record);
        drop(report);
        Ok(Found { record, meaning, steps, not_before })
    }

    /// What became of a document whose transaction was begun, and whether one that came through is
    /// still there.
    async fn settle_manifest(
        &self,
        registry: &TagRegistry,
        record: &mut Record,
    ) -> Result<(), BookError> {
        let now = self.now();
        let before = record.clone();
        if let Some((hash, since)) = record.pending {
            // In this order: what was sent either shows now or has its nonce still.
            self.check_outbox().await?;
            let found = registry.manifest_since(since).await?;
            if let Some(found) = found.filter(|found| found.hash == hash) {
                let (uri, transaction) = (found.uri, found.transaction);
                record.anchored = Some(Anchored { hash, uri, transaction, at: now });
                record.pending = None;
                tracing::info!(%hash, %transaction, "the document is anchored");
            }
        }
        if let Some(anchored) = &record.anchored
            && now.duration_since(anchored.at) < UNSETTLED
            && !registry.is_carried_out(anchored.transaction).await?
        {
            tracing::warn!(hash = %anchored.hash, "the anchored document is gone from the chain; anchored again");
            record.anchored = None;
        }
        if *record != before {
            self.put_record(record.clone()).await?;
        }
        Ok(())
    }

    /// Makes one step. The file is on the disk, and the step on record, before anything is sent.
    async fn take(
        &self,
        registry: &TagRegistry,
        record: &mut Record,
        step: &Step,
    ) -> Result<(), BookError> {
        if let Some((document, bytes)) = step.file.clone() {
            let data_dir = self.anchor.settings.data_dir.clone();
            tokio::task::spawn_blocking(move || document.put(&data_dir, &bytes)).await??;
        }
        match &step.kind {
            Kind::Manifest { hash, .. } => {
                let since = match record.pending {
                    Some((_, since)) => since,
                    None => registry.head().await?,
                };
                record.pending = Some((*hash, since));
            }
            Kind::Post { tag, number } => {
                record.adverts.insert(tag.clone(), *number);
            }
            Kind::Cancel { .. } => {}
        }
        self.put_record(record.clone()).await?;
        let transaction = self.carry_out(registry, step.what.clone(), step.data.clone()).await?;
        tracing::info!(%transaction, "done: {}", step.what);
        let (metrics, at) = (&self.anchor.metrics, self.now());
        match &step.kind {
            Kind::Manifest { hash, uri } => {
                metrics.manifests.inc();
                record.anchored = Some(Anchored { hash: *hash, uri: uri.clone(), transaction, at });
                record.pending = None;
            }
            Kind::Post { tag, .. } => {
                metrics.adverts.inc();
                self.anchor.report.lock().adverts.push(tag.clone());
            }
            Kind::Cancel { tag } => {
                metrics.adverts.inc();
                record.adverts.remove(tag);
            }
        }
        self.put_record(record.clone()).await
    }

    async fn put_record(&self, record: Record) -> Result<(), BookError> {
        let (data_dir, gateway) = (self.anchor.settings.data_dir.clone(), self.chain.sender());
        tokio::task::spawn_blocking(move || record.save(&data_dir, gateway)).await?
    }
}

impl super::AnchorReport {
    fn tell(&mut self, record: &Record) {
        let anchored = record.anchored.as_ref();
        self.uri = anchored.map(|anchored| anchored.uri.clone());
        self.hash = anchored.map(|anchored| anchored.hash);
        self.transaction = anchored.map(|anchored| anchored.transaction);
    }
}
