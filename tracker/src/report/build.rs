//! Making a report of a state. The redemptions are read twice, one at a time: first for who pays whom,
//! then by round and gateway, so that one book is open at a time and memory follows the report.

use std::collections::{BTreeMap, BTreeSet};

use alloy_primitives::{Address, U256};
use waymark_tagging::TagId;

use super::group::{Group, Key, Period, day, share};
use super::{BookLine, By, Report, Row, Scope, registered};
use crate::amount::Wei;
use crate::book::{BookStatus, Library, Loaded};
use crate::grade::{Grade, Leafed, Statements, Verdict};
use crate::redemption::Redemption;
use crate::registry::{Commitment, Registry};
use crate::relations::Relations;
use crate::store::{Store, StoreError};

/// What is asked of the state.
#[derive(Debug, Clone, Copy, Default)]
pub struct Question {
    /// One row for each round, or each day.
    pub by: By,
    /// Rows of exactly one tag, or of everything below it as well.
    pub scope: Scope,
}

/// Makes a report of everything in the state, with the books of a library.
pub fn report(store: &Store, books: &Library, question: Question) -> Result<Report, StoreError> {
    let registry = store.registry()?;
    let mut relations = Relations::new(&registry, store.bonds()?);
    store.each_in_order(|redemption| {
        relations.add(&redemption);
        Ok(())
    })?;
    let mut builder = Builder {
        store,
        registry: &registry,
        relations: &relations,
        books,
        question,
        attested: store.has_attestations()?,
        now: store.newest_time()?,
        open: None,
        groups: BTreeMap::new(),
        visited: BTreeSet::new(),
        report: Report {
            rows: Vec::new(),
            books: Vec::new(),
            adverts: Vec::new(),
            manifests: registered::manifests(&registry),
        },
    };
    store.each_redemption(|redemption| builder.add(&redemption))?;
    Ok(builder.finish())
}

/// The round and gateway whose tickets are being added.
struct Open<'a> {
    round: u64,
    gateway: Address,
    committed: Option<&'a Commitment>,
    book: Loaded,
    redeemed: u64,
    in_book: u64,
}

struct Builder<'a> {
    store: &'a Store,
    registry: &'a Registry,
    relations: &'a Relations,
    books: &'a Library,
    question: Question,
    attested: bool,
    now: Option<u64>,
    open: Option<Open<'a>>,
    groups: BTreeMap<Key, Group>,
    visited: BTreeSet<(u64, Address)>,
    report: Report,
}

impl Builder<'_> {
    fn add(&mut self, redemption: &Redemption) -> rusqlite::Result<()> {
        let here = (redemption.round, redemption.sender);
        if self.open.as_ref().is_none_or(|open| (open.round, open.gateway) != here) {
            self.close();
            self.open(here.0, here.1);
        }
        let Some(open) = &mut self.open else { return Ok(()) };
        let leaf = open.book.book.as_ref().zip(open.committed).and_then(|(book, committed)| {
            let tag = book.tag(&redemption.session, redemption.recipient)?;
            Some(Leafed { tag, committed: committed.since })
        });
        open.redeemed = open.redeemed.saturating_add(1);
        open.in_book = open.in_book.saturating_add(u64::from(leaf.is_some()));
        let (attested, attested_twice) = if self.attested {
            self.store.attested(&redemption.ticket, redemption.sender)?
        } else {
            (TagId::UNTAGGED, false)
        };
        let nonce = self.registry.decode(redemption.sender, redemption.round, redemption.nonce);
        let said = Statements { nonce, leaf, attested, attested_twice };
        let mut verdict = said.verdict(redemption.place);
        verdict.conflict |= self.registry.is_equivocation(&redemption.ticket);
        self.count(redemption, verdict, leaf.is_some());
        Ok(())
    }

    fn count(&mut self, redemption: &Redemption, verdict: Verdict, in_book: bool) {
        let period = match self.question.by {
            By::Round => Period::Round(redemption.round),
            By::Day => Period::Day(day(redemption.time)),
        };
        let (gateway, grade) = (redemption.sender, verdict.grade);
        let reasons = self.relations.reasons(gateway, redemption.recipient);
        for tag in self.tags(verdict.tag) {
            let key = Key { period, gateway, tag: tag.get(), grade };
            self.groups.entry(key).or_default().add(redemption, verdict, in_book, reasons);
        }
    }

    /// The tags whose rows a ticket of this tag belongs to.
    fn tags(&self, tag: TagId) -> Vec<TagId> {
        match self.question.scope {
            Scope::Tag => vec![tag],
            Scope::Subtree => self.registry.lineage(tag),
        }
    }

    fn open(&mut self, round: u64, gateway: Address) {
        self.visited.insert((round, gateway));
        let committed = self.registry.commitment(gateway, round);
        let book = committed.map_or_else(
            || Loaded::without(BookStatus::None, None),
            |committed| {
                let chain_id = self.store.identity().chain_id;
                self.books.load(gateway, round, committed, chain_id, self.now)
            },
        );
        self.open = Some(Open { round, gateway, committed, book, redeemed: 0, in_book: 0 });
    }

    /// Ends a round and gateway: its book is reported, and its rows are made if rows are of rounds.
    fn close(&mut self) {
        let Some(open) = self.open.take() else { return };
        if let Some(committed) = open.committed {
            self.report.books.push(line(&open, committed));
        }
        if self.question.by == By::Day {
            return;
        }
        let mut totals: BTreeMap<u32, BookTotal> = BTreeMap::new();
        for (tag, total) in open.book.book.iter().flat_map(|book| &book.totals.by_tag) {
            for tag in self.tags(*tag) {
                totals.entry(tag.get()).or_default().add(total);
            }
        }
        let groups = std::mem::take(&mut self.groups);
        let seen: BTreeSet<u32> = groups.keys().map(|key| key.tag).collect();
        // A tag without a redeemed ticket is demand as well.
        let only_in_book = totals.keys().filter(|tag| !seen.contains(tag)).map(|&tag| {
            let (period, gateway) = (Period::Round(open.round), open.gateway);
            (Key { period, gateway, tag, grade: None }, Group::default())
        });
        for (key, group) in only_in_book.chain(groups) {
            let mut row = self.row(key, &group);
            row.book = Some(open.book.status);
            row.book_revision = open.committed.map(|committed| committed.revision);
            if open.book.status == BookStatus::Verified {
                let total = totals.get(&key.tag).copied().unwrap_or_default();
                row.book_sessions = Some(total.sessions);
                row.book_tickets = Some(total.tickets);
                row.book_ev_wei = Some(total.ev_wei);
            }
            self.report.rows.push(row);
        }
    }

    fn row(&self, key: Key, group: &Group) -> Row {
        let round = match key.period {
            Period::Round(round) => round,
            Period::Day(_) => 0,
        };
        let (round, last_round) = group.rounds.unwrap_or((round, round));
        let (day, last_day) = group.days.unzip();
        Row {
            round,
            last_round,
            day,
            last_day,
            gateway: key.gateway,
            tag_id: key.tag,
            tag: self.registry.label(TagId::try_from(key.tag).unwrap_or_default()),
            scope: self.question.scope,
            grade: key.grade,
            estimate: key.grade.is_some_and(Grade::estimates),
            winners: group.winners,
            face_value_wei: group.face_value,
            paid_wei: group.paid,
            arms_length_wei: group.paid.without(group.related),
            recipients: group.recipients.len() as u64,
            stderr_wei: group.variance.standard_error(),
            hhi: group.concentration(),
            coverage: group.coverage(),
            self_dealing: !group.reasons.is_empty(),
            self_dealing_reasons: group.reasons,
            conflicts: group.conflicts,
            book: None,
            book_revision: None,
            book_sessions: None,
            book_tickets: None,
            book_ev_wei: None,
        }
    }

    fn finish(mut self) -> Report {
        self.close();
        for (round, gateway, _) in self.registry.commitments() {
            // Committed, and not one ticket redeemed.
            if !self.visited.contains(&(round, gateway)) {
                self.open(round, gateway);
                self.close();
            }
        }
        for (key, group) in std::mem::take(&mut self.groups) {
            let row = self.row(key, &group);
            self.report.rows.push(row);
        }
        if self.question.by == By::Round {
            self.report.rows.sort_by_key(|row| (row.round, row.gateway, row.tag_id, row.grade));
        }
        self.report.books.sort_by_key(|line| (line.round, line.gateway));
        self.report.adverts = registered::adverts(self.registry, &self.report.rows, self.now);
        self.report
    }
}

#[derive(Debug, Clone, Copy, Default)]
struct BookTotal {
    sessions: u64,
    tickets: u64,
    ev_wei: Wei,
}

impl BookTotal {
    fn add(&mut self, total: &waymark_tagging::round::Total) {
        self.sessions = self.sessions.saturating_add(total.sessions);
        self.tickets = self.tickets.saturating_add(total.tickets);
        self.ev_wei.add(total.ev_wei);
    }
}

fn line(open: &Open<'_>, committed: &Commitment) -> BookLine {
    let verified = open.book.status == BookStatus::Verified;
    BookLine {
        round: open.round,
        gateway: open.gateway,
        status: open.book.status,
        revision: committed.revision,
        sessions: committed.leaves,
        ev_wei: Wei::from(U256::from(committed.total_ev)),
        redeemed: open.redeemed,
        in_book: open.in_book,
        completeness: verified.then(|| share(open.in_book, open.redeemed)),
        problem: open.book.problem.clone(),
    }
}
