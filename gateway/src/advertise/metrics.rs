//! What is counted about requirements.

use prometheus::{IntCounter, IntCounterVec, IntGauge, Opts, Registry, Result};
use waymark_tagging::document::Change;

use super::Published;

/// Counters of requirements.
#[derive(Debug)]
pub struct AdvertiseMetrics {
    loads: IntCounterVec,
    refused: IntGauge,
    seq: IntGauge,
    classes: IntGauge,
    pub(super) readers: IntGauge,
    pub(super) dropped: IntCounter,
}

impl AdvertiseMetrics {
    /// Makes them known to the registry.
    pub fn register(registry: &Registry) -> Result<Self> {
        let gauge = |name: &str, help: &str| -> Result<IntGauge> {
            let gauge = IntGauge::new(name, help)?;
            registry.register(Box::new(gauge.clone()))?;
            Ok(gauge)
        };
        let loads = Opts::new(
            "waymark_requirements_loads_total",
            "Times the class files were read, by what came of it",
        );
        let loads = IntCounterVec::new(loads, &["result"])?;
        registry.register(Box::new(loads.clone()))?;
        let dropped = IntCounter::new(
            "waymark_requirements_readers_dropped_total",
            "Readers of events that did not keep up",
        )?;
        registry.register(Box::new(dropped.clone()))?;
        Ok(Self {
            loads,
            refused: gauge(
                "waymark_requirements_refused",
                "1 while the class files are refused and an older set is in force",
            )?,
            seq: gauge("waymark_requirements_seq", "Number of the published state")?,
            classes: gauge("waymark_requirements_classes", "Published classes")?,
            readers: gauge("waymark_requirements_readers", "Readers of events")?,
            dropped,
        })
    }

    pub(super) fn loaded(&self, changes: &[Change], published: &Published) {
        let result = if changes.is_empty() { "unchanged" } else { "ok" };
        self.loads.with_label_values(&[result]).inc();
        self.refused.set(0);
        self.published(published);
    }

    pub(super) fn refused(&self) {
        self.loads.with_label_values(&["refused"]).inc();
        self.refused.set(1);
    }

    pub(super) fn published(&self, published: &Published) {
        self.seq.set(i64::try_from(published.seq()).unwrap_or(i64::MAX));
        self.classes.set(i64::try_from(published.classes().count()).unwrap_or(i64::MAX));
    }
}
