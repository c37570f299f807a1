//! Telling the registry what a book is.

use alloy_sol_types::SolCall as _;
use waymark_contracts::JobTagRegistry;
use waymark_payments::{
    book::{Next, TagRegistry, WINDOW, next},
    ledger::{BookRecord, BookState},
};

use super::{BookError, files};
use crate::payments::Payments;

impl Payments {
    /// Does what is to be done about a book that is written and on record; what it is then.
    pub(super) async fn follow(
        &self,
        registry: &TagRegistry,
        book: BookRecord,
        current: u64,
    ) -> Result<BookRecord, BookError> {
        match next(&book, (book.root, book.dataset_root), current) {
            Next::Wait => self.look_again(registry, book, current).await,
            Next::Commit => self.commit(registry, book).await,
            Next::Close => Ok(BookRecord { state: BookState::Final, ..book }),
            Next::Missed => {
                // Whether a commitment that was sent before a crash came through.
                let there = registry.commitment(book.round).await?;
                if there.revision > book.revision && there.root == book.root {
                    return Ok(self.told(book, there.revision, BookState::Final));
                }
                Ok(self.missed(book, current))
            }
        }
    }

    /// In the last round of the window: whether a reorganisation took the commitment back.
    async fn look_again(
        &self,
        registry: &TagRegistry,
        book: BookRecord,
        current: u64,
    ) -> Result<BookRecord, BookError> {
        if current.saturating_sub(book.round) < WINDOW {
            return Ok(book);
        }
        let there = registry.commitment(book.round).await?;
        if there.root == book.root && there.revision > 0 {
            return Ok(book);
        }
        tracing::warn!(round = book.round, "the commitment to a round book is gone; made again");
        let book = BookRecord { revision: there.revision, told: Default::default(), ..book };
        self.commit(registry, book).await
    }

    async fn commit(
        &self,
        registry: &TagRegistry,
        book: BookRecord,
    ) -> Result<BookRecord, BookError> {
        // In this order: what was sent before either shows now or has its nonce still.
        self.check_outbox().await?;
        let there = registry.commitment(book.round).await?;
        if there.revision > book.revision && there.root == book.root {
            return Ok(self.told(book, there.revision, BookState::Committed));
        }
        let call = JobTagRegistry::commitRoundCall {
            gw: self.chain.sender(),
            round: book.round,
            root: book.root,
            datasetRoot: book.dataset_root,
            leaves: book.leaves,
            totalEV: book.total_ev,
            uri: files::uri(self.books.settings.public.as_ref(), book.round),
        };
        let what = format!("committing to the book of round {}", book.round);
        let hash = self.carry_out(registry, what, call.abi_encode()).await?;
        let book = BookRecord { transaction: Some(hash), ..book };
        Ok(self.told(book, there.revision.saturating_add(1), BookState::Committed))
    }

    fn told(&self, book: BookRecord, revision: u32, state: BookState) -> BookRecord {
        let BookRecord { round, root, dataset_root, leaves, .. } = book;
        tracing::info!(round, %root, leaves, revision, "round book committed");
        self.books.metrics.told(round, revision);
        BookRecord { revision, told: (root, dataset_root), state, ..book }
    }

    fn missed(&self, book: BookRecord, current: u64) -> BookRecord {
        let BookRecord { round, root, leaves, revision, .. } = book;
        let trouble = self.books.report.lock().trouble.clone().unwrap_or_default();
        tracing::error!(
            event = "round_book_missed",
            round,
            current,
            %root,
            leaves,
            revision,
            trouble,
            "the window of a round book is over and the chain does not have it as it is; its leaf file stays published"
        );
        self.books.metrics.missed();
        BookRecord { state: BookState::Missed, ..book }
    }
}
