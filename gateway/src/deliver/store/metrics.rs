//! What the store says of itself.

use prometheus::{IntCounter, IntCounterVec, IntGauge, IntGaugeVec, Opts, Registry};

/// The store's metrics; label values are fixed here.
#[derive(Debug, Clone)]
pub(super) struct StoreMetrics {
    pub(super) memory_bytes: IntGauge,
    pub(super) disk_bytes: IntGauge,
    pub(super) memory_segments: IntGauge,
    pub(super) disk_segments: IntGauge,
    pub(super) spilled_bytes: IntCounter,
    pub(super) dropped_slow: IntCounter,
    pub(super) dropped_failed: IntCounter,
    pub(super) read_errors: IntCounter,
}

impl StoreMetrics {
    pub(super) fn register(registry: &Registry) -> Result<Self, prometheus::Error> {
        let bytes = IntGaugeVec::new(
            Opts::new("waymark_hls_store_bytes", "Bytes of HLS segments kept, by place"),
            &["place"],
        )?;
        let segments = IntGaugeVec::new(
            Opts::new("waymark_hls_store_segments", "HLS segments kept, by place"),
            &["place"],
        )?;
        let spilled_bytes = IntCounter::new(
            "waymark_hls_store_spilled_bytes_total",
            "Bytes of HLS segments written to files because memory was short",
        )?;
        let dropped = IntCounterVec::new(
            Opts::new(
                "waymark_hls_store_dropped_segments_total",
                "HLS segments given up, because the disk was too slow or failed",
            ),
            &["cause"],
        )?;
        let read_errors = IntCounter::new(
            "waymark_hls_store_read_errors_total",
            "HLS segments that could not be read back from their file",
        )?;
        registry.register(Box::new(bytes.clone()))?;
        registry.register(Box::new(segments.clone()))?;
        registry.register(Box::new(spilled_bytes.clone()))?;
        registry.register(Box::new(dropped.clone()))?;
        registry.register(Box::new(read_errors.clone()))?;
        Ok(Self {
            memory_bytes: bytes.with_label_values(&["memory"]),
            disk_bytes: bytes.with_label_values(&["disk"]),
            memory_segments: segments.with_label_values(&["memory"]),
            disk_segments: segments.with_label_values(&["disk"]),
            spilled_bytes,
            dropped_slow: dropped.with_label_values(&["disk_slow"]),
            dropped_failed: dropped.with_label_values(&["disk_failed"]),
            read_errors,
        })
    }
}
