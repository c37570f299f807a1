//! What is counted about anchoring.

use prometheus::{IntCounter, IntGauge, Registry, Result};

/// Counters and gauges of anchoring.
#[derive(Debug)]
pub struct AnchorMetrics {
    pub(super) manifests: IntCounter,
    pub(super) adverts: IntCounter,
    pub(super) failures: IntCounter,
    pub(super) missing: IntGauge,
}

impl AnchorMetrics {
    /// Makes all of them known to the registry.
    pub fn register(registry: &Registry) -> Result<Self> {
        let counter = |name: &str, help: &str| -> Result<IntCounter> {
            let counter = IntCounter::new(name, help)?;
            registry.register(Box::new(counter.clone()))?;
            Ok(counter)
        };
        let missing = IntGauge::new(
            "waymark_anchor_missing",
            "What the registry does not say yet of the published classes",
        )?;
        registry.register(Box::new(missing.clone()))?;
        Ok(Self {
            manifests: counter(
                "waymark_anchor_manifests_total",
                "Documents whose hash was put on chain",
            )?,
            adverts: counter(
                "waymark_anchor_adverts_total",
                "Adverts that were posted or taken back",
            )?,
            failures: counter(
                "waymark_anchor_failures_total",
                "Attempts at anchoring that failed and are made again",
            )?,
            missing,
        })
    }
}
