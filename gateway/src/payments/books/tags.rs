//! Making numbers and the nonce scheme agree with the registry.

use alloy_primitives::B256;
use alloy_sol_types::SolCall as _;
use waymark_contracts::{
    JobTagRegistry,
    job_tag_registry::{SCHEME_TAGGED, seed},
};
use waymark_payments::{
    book::{TagRegistry, prefixes},
    fund::Transaction,
};
use waymark_tagging::Tag;

use super::{BookError, numbers::Standing};
use crate::payments::Payments;

impl Payments {
    /// Asks the registry for the numbers of tags, registers what is missing if that is allowed, and
    /// announces the nonce scheme if that was not done. What is settled is not asked for again.
    pub(super) async fn settle_tags(&self, registry: &TagRegistry) -> Result<(), BookError> {
        let books = &self.books;
        let own = books.settings.own.iter().map(Tag::as_str);
        let first: Vec<&str> = seed().map(|tag| tag.path).filter(|p| p.contains('/')).collect();
        self.learn_numbers(registry, own.chain(first)).await?;
        for tag in &books.settings.own {
            if books.numbers.standing(tag) == Standing::Missing && books.settings.register {
                self.register(registry, tag).await?;
            }
        }
        self.tell_plain(registry);
        if books.numbers.tagged_from().is_none() {
            self.announce(registry).await?;
        }
        Ok(())
    }

    /// Asks for the numbers of those that are not known.
    pub(in crate::payments) async fn learn_numbers<'a>(
        &self,
        registry: &TagRegistry,
        paths: impl IntoIterator<Item = &'a str>,
    ) -> Result<(), BookError> {
        let unknown = self.books.numbers.unknown(paths);
        if !unknown.is_empty() {
            let numbers = registry.numbers(&unknown).await?;
            self.books.numbers.learn(&unknown, &numbers);
        }
        Ok(())
    }

    /// Registers a tag with the ancestors that it lacks.
    async fn register(&self, registry: &TagRegistry, tag: &Tag) -> Result<(), BookError> {
        let paths: Vec<&str> = prefixes(tag.as_str()).collect();
        // What was sent before a crash may be there: looked at first, registered after.
        self.check_outbox().await?;
        let mut numbers = registry.numbers(&paths).await?;
        for at in 0..paths.len() {
            if numbers[at] != 0 {
                continue;
            }
            let label = paths[at].rsplit('/').next().unwrap_or_default();
            let call = JobTagRegistry::registerTagCall {
                parentId: at.checked_sub(1).map_or(0, |parent| numbers[parent]),
                label: label.to_owned(),
                flags: 0,
                schemaHash: B256::ZERO,
                schemaURI: String::new(),
            };
            let what = format!("registering the tag {}", paths[at]);
            self.carry_out(registry, what, call.abi_encode()).await?;
            numbers = registry.numbers(&paths).await?;
            tracing::info!(tag = paths[at], number = numbers[at], "tag registered");
        }
        self.books.numbers.learn(&paths, &numbers);
        Ok(())
    }

    /// Sets scheme 1 for the next round unless it is set.
    async fn announce(&self, registry: &TagRegistry) -> Result<(), BookError> {
        self.check_outbox().await?;
        let (current, mut from) = registry.tagged_from().await?;
        if from.is_none() {
            let call = JobTagRegistry::setNonceSchemeCall {
                gw: self.chain.sender(),
                scheme: SCHEME_TAGGED,
                fromRound: current.saturating_add(1),
                param: B256::ZERO,
            };
            let what = format!("announcing tags in nonces from round {}", call.fromRound);
            self.carry_out(registry, what, call.abi_encode()).await?;
            from = Some(call.fromRound);
        }
        if let Some(from) = from {
            tracing::info!(from, current, "nonces carry tags from this round on");
            self.books.numbers.announced(from);
            self.books.report.lock().tagged_from = Some(from);
            self.books.metrics.tagged_from(from);
        }
        Ok(())
    }

    /// Says which tags are paid with plain nonces, when that changed.
    fn tell_plain(&self, registry: &TagRegistry) {
        let books = &self.books;
        let plain: Vec<String> = books
            .settings
            .own
            .iter()
            .filter_map(|tag| match books.numbers.standing(tag) {
                Standing::Agreed(_) | Standing::Unknown => None,
                Standing::Missing => Some(format!(
                    "{tag} is not registered at {}: set tags.register: true to register it, or have its owner do so",
                    registry.address()
                )),
                Standing::Differs { configured, registered } => Some(format!(
                    "{tag} is number {configured} in tags.ids and {registered} at {}: correct tags.ids",
                    registry.address()
                )),
            })
            .collect();
        let mut report = books.report.lock();
        if report.plain_tags != plain {
            for reason in &plain {
                tracing::error!(reason, "a tag is paid with plain nonces");
            }
            books.metrics.plain_tags(plain.len());
            report.plain_tags = plain;
        }
    }

    /// Takes what was carried out, or can no longer be, out of the outbox.
    pub(in crate::payments) async fn check_outbox(&self) -> Result<(), BookError> {
        let checked = self.books.funds.unused(&self.ledger).await;
        checked.map(drop).map_err(|source| BookError::Send {
            what: "looking for the last transaction".to_owned(),
            source: Box::new(source),
        })
    }

    /// Plans and sends a call of the registry; the hash of the transaction.
    pub(in crate::payments) async fn carry_out(
        &self,
        registry: &TagRegistry,
        what: String,
        data: Vec<u8>,
    ) -> Result<B256, BookError> {
        let books = &self.books;
        let failed = |source| BookError::Send { what: what.clone(), source: Box::new(source) };
        let to = Some(registry.address());
        let transaction = Transaction { what: what.clone(), to, data: data.into() };
        let plan = books.funds.plan_transaction(transaction).await.map_err(failed)?;
        let sent = books.funds.deliver(&plan, &books.key, &self.ledger).await;
        sent.map(|receipt| receipt.hash).map_err(failed)
    }
}
