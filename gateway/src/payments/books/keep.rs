//! The loop: after every round, and every minute.

use std::{collections::BTreeSet, sync::Arc, time::Duration};

use waymark_payments::{
    book::{WINDOW, is_due},
    ledger::{BookRecord, BookState, Ledger, LedgerError},
};
use waymark_tagging::round::BookId;

use super::{
    BookError,
    build::{Built, Material, build},
    files,
};
use crate::{orchestrator::error::chain as reason, payments::Payments};

/// Between two looks, in polls of the chain, while nothing happens; and at most after a failure.
const IDLE: u32 = 12;
/// A book waits so many polls of the chain for what becomes of payments, so that those that were never
/// sent are not in it.
const SETTLED: u32 = 24;
/// Closed books that `/status` tells.
const TOLD: usize = 8;

impl Payments {
    /// Keeps numbers, scheme and books in order for as long as the gateway runs.
    pub(in crate::payments) async fn keep_books(self: Arc<Self>) {
        let poll = self.books.settings.poll;
        let mut states = self.chain.states();
        let mut wait = poll;
        // Rounds up to here have had their data files taken in.
        let mut seen = 0;
        loop {
            let round = self.chain.state().round;
            match self.look(&mut seen).await {
                Ok(()) => {
                    wait = poll;
                    self.books.report.lock().trouble = None;
                }
                Err(error) => {
                    self.failed(&error);
                    wait = wait.saturating_mul(2).min(poll * IDLE);
                }
            }
            let well = self.books.report.lock().trouble.is_none();
            let pause = if well { poll * IDLE } else { wait };
            let news = async { states.wait_for(|state| state.round != round).await.is_err() };
            if tokio::time::timeout(pause, news).await == Ok(true) {
                // The watcher is gone; the gateway is stopping.
                tokio::time::sleep(pause.max(Duration::from_secs(1))).await;
            }
        }
    }

    fn failed(&self, error: &BookError) {
        self.books.metrics.failed();
        let text = reason(error);
        tracing::warn!(
            error = text,
            "round books or numbers of tags are not in order; tried again"
        );
        self.books.report.lock().trouble = Some(text);
    }

    /// One look at everything. A book that fails does not keep others from being made.
    async fn look(self: &Arc<Self>, seen: &mut u64) -> Result<(), BookError> {
        let initialized = self.chain.state().round.number;
        let mut trouble = None;
        let mut current = initialized;
        if let Some(registry) = &self.books.registry {
            current = registry.current_round().await?;
            trouble = self.settle_tags(registry).await.err();
        }
        let rounds = self.with_ledger(|ledger| {
            let booked = ledger.booked()?;
            if booked.is_none() {
                // From here on nothing is pruned that a book may need.
                ledger.set_booked(0)?;
            }
            // Books of data files alone have no promises.
            let open = ledger.books(0)?.into_iter().map(|book| book.round);
            Ok(ledger.rounds_after(booked)?.into_iter().chain(open).collect::<BTreeSet<u64>>())
        });
        let over = initialized.saturating_sub(1);
        let mut rounds = rounds.await?;
        if *seen < over {
            rounds.insert(over);
        }
        let mut open = current.saturating_sub(WINDOW).min(initialized);
        for round in rounds {
            if !is_due(round, initialized, current) {
                open = open.min(round);
                continue;
            }
            match self.keep(round, current).await {
                Ok(true) => {}
                Ok(false) => open = open.min(round),
                Err(error) => {
                    open = open.min(round);
                    // The first is the oldest, and most urgent.
                    trouble = trouble.or(Some(error));
                }
            }
        }
        *seen = (*seen).max(over);
        self.finish(open.saturating_sub(1)).await?;
        trouble.map_or(Ok(()), Err)
    }

    /// Makes the book of a round, or brings it up to date; whether nothing is left to do about it.
    async fn keep(self: &Arc<Self>, round: u64, current: u64) -> Result<bool, BookError> {
        let registry = self.books.registry.as_ref();
        let since = self.now() - self.books.settings.poll * SETTLED;
        let read = self.with_ledger(move |ledger| {
            let open = ledger.has_open_promises(round, since)?;
            Ok((ledger.book(round)?, ledger.round_sessions(round)?, open))
        });
        let (before, sessions, open) = read.await?;
        if before.is_some_and(|book| book.state.is_closed()) {
            return Ok(true);
        }
        if before.is_none() && open && current.saturating_sub(round) < WINDOW {
            return Ok(false);
        }
        if let Some(registry) = registry {
            let names = sessions.iter().map(|session| session.tag_name.as_str());
            self.learn_numbers(registry, names).await?;
        }
        let payments = Arc::clone(self);
        let built = tokio::task::spawn_blocking(move || {
            let books = &payments.books;
            let id = BookId {
                chain_id: payments.chain.rpc().chain_id().unwrap_or_default(),
                gateway: payments.chain.sender(),
                round,
            };
            let material = Material {
                ledger: &payments.ledger,
                data_dir: &books.settings.data_dir,
                numbers: &books.numbers,
                secret: &books.secret,
                id,
            };
            let built = build(&material, &sessions, before)?;
            if let Some(built) = &built {
                payments.put(built)?;
            }
            Ok::<_, BookError>(built.map(|built| built.record))
        });
        let Some(book) = built.await?? else { return Ok(current.saturating_sub(round) > WINDOW) };
        self.books.metrics.built(book.leaves);
        let after = match registry {
            Some(registry) => self.follow(registry, book, current).await?,
            None => without_registry(book, current),
        };
        if after != book {
            self.with_ledger(move |ledger| ledger.put_book(&after, &[])).await?;
        }
        Ok(after.state.is_closed())
    }

    /// On the disk first, then on record, so that what is on record can be had.
    fn put(&self, built: &Built) -> Result<(), BookError> {
        let data_dir = &self.books.settings.data_dir;
        if built.changed || !files::is_published(data_dir, built.record.round) {
            files::publish(data_dir, built)?;
        }
        if built.changed {
            self.ledger.put_book(&built.record, &built.files)?;
        }
        Ok(())
    }

    /// Lets go of what no book needs, and tells how books are.
    async fn finish(self: &Arc<Self>, closed: u64) -> Result<(), BookError> {
        let told = self.with_ledger(move |ledger| {
            if ledger.booked()?.is_none_or(|booked| booked < closed) {
                ledger.set_booked(closed)?;
            }
            ledger.books(TOLD)
        });
        let told = told.await?;
        let open = told.iter().filter(|book| !book.state.is_closed()).count();
        self.books.metrics.open(open);
        self.books.report.lock().books = told.into_iter().map(Into::into).collect();
        Ok(())
    }

    async fn with_ledger<T: Send + 'static>(
        &self,
        work: impl FnOnce(&Ledger) -> Result<T, LedgerError> + Send + 'static,
    ) -> Result<T, BookError> {
        let ledger = Arc::clone(&self.ledger);
        Ok(tokio::task::spawn_blocking(move || work(&ledger)).await??)
    }
}

/// Late tickets may come for as long as they might with a registry.
fn without_registry(book: BookRecord, current: u64) -> BookRecord {
    let over = current.saturating_sub(book.round) > WINDOW;
    BookRecord { state: if over { BookState::Kept } else { BookState::Written }, ..book }
}
