//! What is counted about round books.

use prometheus::{IntCounter, IntGauge, Registry, Result};

/// Counters and gauges of round books and numbers of tags.
#[derive(Debug)]
pub struct BookMetrics {
    committed: IntGauge,
    open: IntGauge,
    leaves: IntGauge,
    commits: IntCounter,
    revisions: IntCounter,
    failures: IntCounter,
    missed: IntCounter,
    tagged_from: IntGauge,
    plain: IntGauge,
}

impl BookMetrics {
    /// Makes all of them known to the registry.
    pub fn register(registry: &Registry) -> Result<Self> {
        let counter = |name, help| {
            let counter = IntCounter::new(name, help)?;
            registry.register(Box::new(counter.clone())).map(|()| counter)
        };
        let gauge = |name, help| {
            let gauge = IntGauge::new(name, help)?;
            registry.register(Box::new(gauge.clone())).map(|()| gauge)
        };
        Ok(Self {
            committed: gauge("waymark_round_committed", "The newest round whose book is on chain")?,
            open: gauge("waymark_round_books_open", "Books that can still change")?,
            leaves: gauge("waymark_round_book_leaves", "Payment sessions in the newest book")?,
            commits: counter(
                "waymark_round_commits_total",
                "Books put on chain, revisions left out",
            )?,
            revisions: counter("waymark_round_revisions_total", "Revisions of books put on chain")?,
            failures: counter(
                "waymark_round_failures_total",
                "Attempts at books, numbers of tags or the nonce scheme that failed and are made again",
            )?,
            missed: counter(
                "waymark_round_books_missed_total",
                "Books whose window went by without a commitment to them as they are",
            )?,
            tagged_from: gauge(
                "waymark_round_tagged_from",
                "First round in which nonces carry tags; 0 for none",
            )?,
            plain: gauge(
                "waymark_round_plain_tags",
                "Tags of the operator that are paid with plain nonces because the registry does not have them or has other numbers",
            )?,
        })
    }

    pub(super) fn told(&self, round: u64, revision: u32) {
        self.committed.set(whole(round).max(self.committed.get()));
        if revision > 1 { self.revisions.inc() } else { self.commits.inc() }
    }

    pub(super) fn built(&self, leaves: u32) {
        self.leaves.set(leaves.into());
    }

    pub(super) fn open(&self, books: usize) {
        self.open.set(whole(books as u64));
    }

    pub(super) fn failed(&self) {
        self.failures.inc();
    }

    pub(super) fn missed(&self) {
        self.missed.inc();
    }

    pub(super) fn tagged_from(&self, round: u64) {
        self.tagged_from.set(whole(round));
    }

    pub(super) fn plain_tags(&self, tags: usize) {
        self.plain.set(whole(tags as u64));
    }
}

fn whole(number: u64) -> i64 {
    i64::try_from(number).unwrap_or(i64::MAX)
}
