//! Everybody the gateway has dealt with: bounded, and with a list of what changed for whoever
//! writes it down.

use std::{
    cmp::Ordering,
    collections::{BTreeMap, BTreeSet, HashMap},
};

use jiff::Timestamp;

use super::{
    identity::{Identity, Key},
    line::Line,
    penalty::{Penalty, Until},
    report::{self, Report},
    rules::Rules,
    state::{Consequence, Finding, Sign, Standing, State},
    stored::{self, Entry, StoredError},
};
use crate::sampling::Rate;

/// Lines of one orchestrator: classes of jobs times kinds of renditions.
const MOST_LINES: usize = 64;
/// Service addresses and recipients remembered together.
const MOST_LINKED: usize = 8;
/// Characters kept of a reason.
const LONGEST_WHY: usize = 200;
/// Characters kept of a class or a kind of rendition.
const LONGEST_NAME: usize = 128;

/// The book.
#[derive(Debug)]
pub struct Book {
    rules: Rules,
    most: usize,
    entries: HashMap<Key, Entry>,
    /// Networks of those that are or were out.
    networks: HashMap<String, BTreeSet<Key>>,
    /// Whose service is at an address, where that was vouched for.
    recipients: HashMap<Key, Key>,
    changed: BTreeSet<Key>,
}

/// A state before and after a finding.
#[derive(Clone, Debug, PartialEq)]
pub struct Change {
    /// What it is listed under.
    pub key: Key,
    /// The state before.
    pub before: State,
    /// How it stands now.
    pub after: Standing,
}

/// How full the book is.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Full {
    /// Orchestrators in it.
    pub entries: usize,
    /// Most that it holds.
    pub most: usize,
}

impl Book {
    /// An empty one for at most so many orchestrators.
    pub fn new(rules: Rules, most: usize) -> Self {
        Self {
            rules,
            most: most.max(1),
            entries: HashMap::new(),
            networks: HashMap::new(),
            recipients: HashMap::new(),
            changed: BTreeSet::new(),
        }
    }

    /// The rules in force.
    pub const fn rules(&self) -> &Rules {
        &self.rules
    }

    /// Other rules from now on. What was found stays; what follows from it is worked out anew.
    pub const fn set_rules(&mut self, rules: Rules) {
        self.rules = rules;
    }

    /// How an orchestrator stands for a class of jobs and all of these kinds of renditions: as it
    /// stands for the worst of them.
    pub fn standing<'a>(
        &self,
        identity: &Identity,
        class: &str,
        kinds: impl IntoIterator<Item = &'a str>,
        now: Timestamp,
    ) -> Standing {
        if let Some(standing) = self.out(identity, now) {
            return standing;
        }
        let entry = self.entries.get(self.counted_under(identity));
        let line = |kind: &str| {
            let line = entry.and_then(|entry| entry.lines.get(&name(class, kind)));
            let newcomer = entry.map_or_else(|| Line::new(now), |entry| entry.first_line(now));
            self.of_line(line.unwrap_or(&newcomer), now)
        };
        let worst = kinds.into_iter().map(line).max_by(worse);
        let standing = worst.unwrap_or_else(|| line(""));
        self.beside_bad_neighbours(identity, standing, now)
    }

    /// The worst of how it stands for all work that was judged so far.
    pub fn overall(&self, identity: &Identity, now: Timestamp) -> Standing {
        if let Some(standing) = self.out(identity, now) {
            return standing;
        }
        let entry = self.entries.get(self.counted_under(identity));
        let lines = entry.into_iter().flat_map(|entry| entry.lines.values());
        let worst = lines.map(|line| self.of_line(line, now)).max_by(worse);
        let fresh = || entry.map_or_else(|| Line::new(now), |entry| entry.first_line(now));
        let standing = worst.unwrap_or_else(|| self.of_line(&fresh(), now));
        self.beside_bad_neighbours(identity, standing, now)
    }

    /// How it stands if it is out; `None` otherwise.
    pub fn out(&self, identity: &Identity, now: Timestamp) -> Option<Standing> {
        let keys = identity.keys().chain([self.counted_under(identity)]);
        let penalties = keys.filter_map(|key| self.entries.get(key)?.penalty.as_ref());
        let hold = penalties.filter(|penalty| penalty.is_out(now));
        hold.max_by_key(|penalty| penalty.since).map(out_for)
    }

    /// What the audits of an orchestrator are counted under: before it has said and proved whose it
    /// is, under whoever was at this address the last time.
    fn counted_under<'a>(&'a self, identity: &'a Identity) -> &'a Key {
        let key = identity.key();
        self.recipients.get(key).unwrap_or(key)
    }

    /// Takes what was found.
    pub fn observe(
        &mut self,
        identity: &Identity,
        (class, kind): (&str, &str),
        finding: &Finding<'_>,
        now: Timestamp,
    ) -> Change {
        let before = self.standing(identity, class, [kind], now).state;
        let why = shortened(finding.why, LONGEST_WHY);
        let key = identity.key().clone();
        let rules = self.rules;
        let entry = self.entry(&key, identity, now);
        let fresh = entry.first_line(now);
        let line = entry.lines.entry(name(class, kind)).or_insert(fresh);
        let alarm = line.observe(finding.sign, &why, now, &rules);
        entry.seen = entry.seen.max(now);
        if key != *identity.service() {
            entry.serves_at(identity.service(), MOST_LINKED);
            self.recipients.insert(identity.service().clone(), key.clone());
        }
        let entry = self.entry(&key, identity, now);
        entry.drop_lines(MOST_LINES);
        if finding.consequence == Consequence::Exclude && (alarm || finding.sign == Sign::Hard) {
            let why = if finding.sign == Sign::Hard {
                why
            } else {
                format!("soft failures that add up, the last: {why}")
            };
            self.exclude(identity, &why, now);
        }
        self.changed.insert(key.clone());
        Change { key, before, after: self.standing(identity, class, [kind], now) }
    }

    /// Releases by hand whatever is listed under this key and what was penalised with it. Tells who
    /// was out and no longer is; none is not an error: nobody of that name is out.
    pub fn pardon(&mut self, key: &Key, now: Timestamp) -> Vec<Key> {
        let linked = self.entries.get(key).map(|entry| entry.linked.clone()).unwrap_or_default();
        let mut released = Vec::new();
        for key in linked.into_iter().chain([key.clone()]) {
            let Some(entry) = self.entries.get_mut(&key) else { continue };
            let Some(penalty) = entry.penalty.as_mut().filter(|p| p.is_out(now)) else { continue };
            penalty.release(now);
            self.changed.insert(key.clone());
            released.push(key);
        }
        released.sort();
        released.dedup();
        released
    }

    /// Everybody, worst first.
    pub fn report(&self, now: Timestamp) -> Vec<Report> {
        report::of(&self.entries, &self.rules, now)
    }

    /// How full it is.
    pub fn full(&self) -> Full {
        Full { entries: self.entries.len(), most: self.most }
    }

    /// What changed since the last call: key, and what is to be stored; `None` is to be deleted.
    pub fn changes(&mut self) -> Vec<(Key, Option<String>)> {
        let changed = std::mem::take(&mut self.changed);
        let text = |key: Key| {
            let text = self.entries.get(&key).and_then(|entry| stored::write(entry).ok());
            (key, text)
        };
        changed.into_iter().map(text).collect()
    }

    /// Puts back something that [`changes`](Self::changes) gave to be written later.
    pub fn unwritten(&mut self, keys: impl IntoIterator<Item = Key>) {
        self.changed.extend(keys);
    }

    /// Takes over what was stored, at start.
    pub fn load(&mut self, key: &str, text: &str) -> Result<(), StoredError> {
        let entry = stored::read(text)?;
        let key = Key::new(key);
        self.remember_network(&key, &entry);
        for service in &entry.services {
            self.recipients.insert(service.clone(), key.clone());
        }
        self.entries.insert(key, entry);
        self.make_room();
        Ok(())
    }

    fn of_line(&self, line: &Line, now: Timestamp) -> Standing {
        Standing {
            state: line.state(now, &self.rules),
            proven: line.proven(now, &self.rules),
            rate: line.rate(now, &self.rules),
            until: None,
            why: line.why(now, &self.rules),
        }
    }

    /// Somebody without clean audits of its own, in the network of somebody who is out.
    fn beside_bad_neighbours(
        &self,
        identity: &Identity,
        standing: Standing,
        now: Timestamp,
    ) -> Standing {
        if matches!(standing.state, State::Trusted | State::Suspected) {
            return standing;
        }
        let neighbours = identity.prefix().and_then(|prefix| self.networks.get(prefix));
        let is_out = |key: &&Key| {
            let penalty = self.entries.get(key).and_then(|entry| entry.penalty.as_ref());
            penalty.is_some_and(|penalty| penalty.is_out(now))
        };
        let Some(neighbour) = neighbours.into_iter().flatten().find(is_out) else {
            return standing;
        };
        let why = format!("in the network of {neighbour}, which is out; {}", standing.why);
        Standing { state: State::Suspected, rate: Rate::ALL, why, ..standing }
    }

    fn exclude(&mut self, identity: &Identity, why: &str, now: Timestamp) {
        let keys: Vec<Key> = identity.keys().cloned().collect();
        let rules = self.rules;
        // The hardest of its penalties holds for all it is known by.
        let penalties = keys.iter().map(|key| {
            let before = self.entries.get(key).and_then(|entry| entry.penalty.as_ref());
            Penalty::next(before, why, now, &rules)
        });
        let hardest =
            penalties.max_by(|a, b| a.strikes(now, &rules).total_cmp(&b.strikes(now, &rules)));
        let Some(penalty) = hardest else { return };
        for key in &keys {
            let entry = self.entry(key, identity, now);
            entry.penalty = Some(penalty.clone());
            for line in entry.lines.values_mut() {
                *line = Line::returning(now);
            }
            entry.link(keys.iter().filter(|other| *other != key), MOST_LINKED);
            let entry = entry.clone();
            self.remember_network(key, &entry);
            self.changed.insert(key.clone());
        }
    }

    fn remember_network(&mut self, key: &Key, entry: &Entry) {
        if let (Some(network), Some(_)) = (&entry.network, &entry.penalty) {
            self.networks.entry(network.clone()).or_default().insert(key.clone());
        }
    }

    fn entry(&mut self, key: &Key, identity: &Identity, now: Timestamp) -> &mut Entry {
        if !self.entries.contains_key(key) {
            self.entries.insert(key.clone(), Entry::new(now));
            self.make_room_but(Some(key));
        }
        let entry = self.entries.entry(key.clone()).or_insert_with(|| Entry::new(now));
        if let Some(prefix) = identity.prefix() {
            entry.network = Some(prefix.to_owned());
        }
        entry
    }

    fn make_room(&mut self) {
        self.make_room_but(None);
    }

    /// Forgets those of whom least would be lost: first who was never suspected, trusted or out, then
    /// who was seen longest ago. A sixteenth at a time, since looking through all takes time.
    fn make_room_but(&mut self, keep: Option<&Key>) {
        if self.entries.len() <= self.most {
            return;
        }
        let mut order: Vec<_> = self
            .entries
            .iter()
            .filter(|(key, _)| Some(*key) != keep)
            .map(|(key, entry)| (entry.weight(), entry.seen, key.clone()))
            .collect();
        order.sort();
        let excess = self.entries.len() - self.most;
        for (_, _, key) in order.into_iter().take(excess + self.most / 16) {
            let Some(entry) = self.entries.remove(&key) else { continue };
            for service in &entry.services {
                self.recipients.remove(service);
            }
            if let Some(network) = entry.network
                && let Some(keys) = self.networks.get_mut(&network)
            {
                keys.remove(&key);
                if keys.is_empty() {
                    self.networks.remove(&network);
                }
            }
            self.changed.insert(key);
        }
    }
}

fn out_for(penalty: &Penalty) -> Standing {
    let until = match penalty.until {
        Until::Moment(moment) => Some(moment),
        _ => None,
    };
    let time = until.map_or_else(|| "for good".to_owned(), |until| format!("until {until:.0}"));
    let why = format!("out since {:.0}, {time}: {}", penalty.since, penalty.why);
    Standing { state: State::Out, proven: false, rate: Rate::ALL, until, why }
}

fn worse(a: &Standing, b: &Standing) -> Ordering {
    a.state.cmp(&b.state).then(a.rate.get().total_cmp(&b.rate.get()))
}

/// What a line is kept under.
fn name(class: &str, kind: &str) -> (String, String) {
    (shortened(class, LONGEST_NAME), shortened(kind, LONGEST_NAME))
}

fn shortened(text: &str, most: usize) -> String {
    text.chars().filter(|c| !c.is_control()).take(most).collect()
}

/// The lines of one entry.
pub(super) type Lines = BTreeMap<(String, String), Line>;

#[cfg(test)]
mod tests;
