//! What the sequence number of a pushed segment means.
//!
//! Numbers belong to the client. A *run* is a stretch of them from one start of an encoder. Within
//! a run a segment may come late or again; both have a low number, and so has the first segment
//! after an encoder restart. They are told apart like this:
//!
//! * A number that is still waited for takes its place.
//! * Any other number up to the highest is *low*. Alone it changes nothing: it is a repetition or
//!   came too late. It raises the suspicion of a restart, which ends with the next number of the run.
//! * Low numbers that follow each other confirm the suspicion: two, if they were there before or
//!   lie too far back to be late (two windows, or before the first of the run); as many as a window
//!   has, if they only fill gaps. The suspected segments are then listed, so none is lost.
//! * Zero confirms it alone where it can be neither late nor repeated: it is not among the numbers
//!   remembered, and the highest is at least a window above. Zero is where encoders begin.
//!
//! Only a few windows of numbers are remembered, whatever a client sends.

use std::collections::BTreeMap;

/// A segment that was taken on, and the run its number belongs to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Admission {
    seq: u64,
    run: u64,
    repeat: bool,
}

impl Admission {
    /// The sequence number.
    pub const fn seq(&self) -> u64 {
        self.seq
    }

    /// True when the number was there before.
    pub const fn is_repeat(&self) -> bool {
        self.repeat
    }
}

/// What an admission means for the segments already there.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Verdict {
    /// Segments suspected so far are worth nothing any more.
    pub(super) forget: bool,
    /// What is suspected is the run from now on.
    pub(super) restart: bool,
}

#[derive(Debug)]
pub(super) struct Numbering {
    size: u64,
    runs: u64,
    run: u64,
    /// Lowest number of the run.
    first: u64,
    /// The number of the run that was listed last.
    last: Option<u64>,
    /// Highest number of the run; `None` before the first segment.
    highest: Option<u64>,
    /// Numbers of the run, the highest few, and whether the work on them is done.
    seen: BTreeMap<u64, bool>,
    suspicion: Option<Suspicion>,
}

#[derive(Debug, Clone, Copy)]
struct Suspicion {
    run: u64,
    first: u64,
    last: u64,
    members: u64,
    strong: u64,
}

impl Numbering {
    pub(super) fn new(size: usize) -> Self {
        Self {
            size: size as u64,
            runs: 0,
            run: 0,
            first: 0,
            last: None,
            highest: None,
            seen: BTreeMap::new(),
            suspicion: None,
        }
    }

    pub(super) fn admit(&mut self, seq: u64) -> (Admission, Verdict) {
        let repeat = self.seen.contains_key(&seq);
        let Some(highest) = self.highest else {
            self.first = seq;
            return self.take(seq, repeat);
        };
        if self.seen.get(&seq) == Some(&false) && !self.has_passed(seq) {
            // Somebody is impatient. Whichever is finished first counts.
            let admission = Admission { seq, run: self.run, repeat };
            return (admission, Verdict { forget: false, restart: false });
        }
        let reachable = highest.saturating_sub(seq) < self.late_span();
        if self.last.is_none() && !repeat && reachable {
            // Nothing is listed yet, so the run can still begin earlier.
            self.first = self.first.min(seq);
        }
        let awaited = !repeat && seq >= self.first && !self.has_passed(seq);
        if seq > highest || awaited {
            self.take(seq, repeat)
        } else {
            self.suspect(seq, repeat, highest)
        }
    }

    fn suspect(&mut self, seq: u64, repeat: bool, highest: u64) -> (Admission, Verdict) {
        let too_far = seq < self.first || highest.saturating_sub(seq) >= self.late_span();
        let strong = u64::from(repeat || too_far);
        let mut forget = false;
        let suspicion = match self.suspicion {
            Some(known) if known.last == seq => known,
            Some(known) if known.last.checked_add(1) == Some(seq) => {
                let members = known.members + 1;
                Suspicion { last: seq, members, strong: known.strong + strong, ..known }
            }
            _ => {
                forget = true;
                self.runs += 1;
                Suspicion { run: self.runs, first: seq, last: seq, members: 1, strong }
            }
        };
        let from_zero = seq == 0 && !repeat && too_far && highest >= self.size;
        let restart = from_zero || suspicion.strong >= 2 || suspicion.members >= self.size.max(2);
        if restart {
            self.become_run(&suspicion);
        } else {
            self.suspicion = Some(suspicion);
        }
        (Admission { seq, run: suspicion.run, repeat }, Verdict { forget, restart })
    }

    fn become_run(&mut self, suspicion: &Suspicion) {
        self.run = suspicion.run;
        self.first = suspicion.first;
        self.last = None;
        self.highest = Some(suspicion.last);
        self.seen = (suspicion.first..=suspicion.last).map(|seq| (seq, false)).collect();
        self.suspicion = None;
    }

    fn take(&mut self, seq: u64, repeat: bool) -> (Admission, Verdict) {
        self.highest = self.highest.max(Some(seq));
        self.suspicion = None;
        self.remember(seq, false);
        let admission = Admission { seq, run: self.run, repeat };
        (admission, Verdict { forget: true, restart: false })
    }

    fn remember(&mut self, seq: u64, done: bool) {
        self.seen.insert(seq, done);
        while self.seen.len() as u64 > self.late_span().saturating_mul(2) {
            self.seen.pop_first();
        }
    }

    pub(super) fn finished(&mut self, admission: &Admission) {
        if self.is_current(admission) {
            self.remember(admission.seq, true);
        }
    }

    pub(super) fn abandon(&mut self, admission: &Admission) {
        if self.is_current(admission) && self.seen.get(&admission.seq) == Some(&false) {
            self.seen.remove(&admission.seq);
        }
    }

    /// The number was listed: the ones before it are over.
    pub(super) const fn listed(&mut self, seq: u64) {
        self.last = Some(seq);
    }

    /// The number to be listed next; `None` after the highest there is.
    pub(super) const fn next(&self) -> Option<u64> {
        match self.last {
            Some(last) => last.checked_add(1),
            None => Some(self.first),
        }
    }

    /// True when the place of this number is not behind the end of the list.
    pub(super) fn has_passed(&self, seq: u64) -> bool {
        self.last.is_some_and(|last| seq <= last)
    }

    pub(super) const fn is_current(&self, admission: &Admission) -> bool {
        admission.run == self.run
    }

    pub(super) fn is_suspected(&self, admission: &Admission) -> bool {
        self.suspicion.is_some_and(|suspicion| suspicion.run == admission.run)
    }

    /// How far behind the highest a segment can be late: two windows.
    const fn late_span(&self) -> u64 {
        self.size.saturating_mul(2)
    }
}
