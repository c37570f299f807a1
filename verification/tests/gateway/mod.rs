//! A gateway of few lines, and those who make results for it.
#![expect(unreachable_pub, reason = "a module of one test")]

use std::{collections::HashSet, time::Duration};

use alloy_primitives::{Address, keccak256};
use jiff::Timestamp;
use rand::{Rng as _, SeedableRng as _, rngs::StdRng};
use waymark_verification::{
    Decision,
    action::{Action, Judged, OnFail, Serve, When},
    sampling::{DayKey, Secret, Strata, Subject},
    trust::{self, Book, Identity, Rules, Standing, State},
};

const LINE: (&str, &str) = ("transcode", "720p");
/// Share of honest audits that fail softly; a comparison with our own transcode confirms none.
const HONEST_SOFT: f64 = 0.003;
/// Share of segments that suspects are asked first for.
const LOOKS: f64 = 0.1;
const SEGMENT: Duration = Duration::from_secs(2);

/// What a cheat returns.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Result {
    Good,
    /// Something else: a fact once it is looked at in full.
    Wrong,
    /// Worse than it was paid for: measurements show it, and the second method agrees.
    Degraded,
}

/// Somebody who makes results.
#[derive(Debug)]
pub struct Maker {
    pub identity: Identity,
    pub served: u32,
    share: f64,
    what: Result,
    strata: Option<Strata>,
}

impl Maker {
    pub fn honest(host: &str) -> Self {
        let identity = Identity::new(host, Some(8935), None);
        Self { identity, served: 0, share: 0.0, what: Result::Good, strata: None }
    }

    pub fn paid(host: &str, recipient: u8) -> Self {
        let maker = Self::honest(host);
        let identity = maker.identity.vouched(Some(Address::repeat_byte(recipient)));
        Self { identity, ..maker }
    }

    pub fn cheats(&mut self, share: f64, what: Result) {
        (self.share, self.what) = (share, what);
    }

    pub fn behaves(&mut self) {
        self.share = 0.0;
    }
}

/// The gateway.
#[derive(Debug)]
pub struct Gateway {
    book: Book,
    rng: StdRng,
    secret: Secret,
    key: Option<DayKey>,
    /// See [`HONEST_SOFT`].
    pub honest_soft: f64,
    pub now: Timestamp,
    pub results: u64,
    /// Bad results that viewers got.
    pub served_bad: u32,
    /// Good results that viewers did not get.
    pub refused_good: u32,
    /// Results of orchestrators under suspicion.
    pub while_suspected: u32,
    /// Segments that each of a pair got.
    pub requests: [HashSet<usize>; 2],
}

impl Gateway {
    pub fn new(seed: u32, rules: Rules) -> Self {
        let mut rng = StdRng::seed_from_u64(u64::from(seed));
        Self {
            book: Book::new(rules, 1_000),
            secret: Secret::new(rng.random()),
            key: None,
            honest_soft: HONEST_SOFT,
            rng,
            now: Timestamp::from_second(1_800_000_000).expect("a moment in 2027"),
            results: 0,
            served_bad: 0,
            refused_good: 0,
            while_suspected: 0,
            requests: Default::default(),
        }
    }

    pub fn rules(&self) -> &Rules {
        self.book.rules()
    }

    pub fn standing(&self, maker: &Maker) -> Standing {
        self.book.standing(&maker.identity, LINE.0, [LINE.1], self.now)
    }

    pub fn state(&self, maker: &Maker) -> State {
        self.standing(maker).state
    }

    /// Good results until it stands so. One that is wrongly out waits.
    pub fn until(&mut self, maker: &mut Maker, so: impl Fn(&Standing) -> bool) {
        loop {
            let standing = self.standing(maker);
            if so(&standing) {
                return;
            }
            match standing.until {
                Some(until) => self.now = until,
                None => drop(self.segment(maker)),
            }
        }
    }

    pub fn until_trusted(&mut self, maker: &mut Maker) {
        self.until(maker, |standing| standing.state == State::Trusted);
    }

    /// One segment for whoever had least: those who are out get nothing, suspects come last, and what
    /// fails before delivery goes to the next one.
    pub fn serve(&mut self, makers: &mut [Maker]) {
        let mut ranked: Vec<_> = (0..makers.len()).collect();
        ranked.sort_by_key(|i| makers[*i].served);
        let states: Vec<_> = ranked.iter().map(|i| self.state(&makers[*i])).collect();
        let look = self.rng.random_bool(LOOKS);
        for i in trust::order(&states, look).into_iter().map(|at| ranked[at]) {
            if self.segment(&mut makers[i]) {
                return;
            }
        }
    }

    /// One segment made by this one; whether the viewer got it.
    pub fn segment(&mut self, maker: &mut Maker) -> bool {
        self.results += 1;
        self.now += SEGMENT;
        let bad = self.rng.random_bool(maker.share);
        let what = if bad { maker.what } else { Result::Good };
        let standing = self.standing(maker);
        self.while_suspected += u32::from(standing.state == State::Suspected);
        let audited = self.draw(maker, &standing);
        let when = if standing.state.waits() { When::BeforeDelivery } else { When::AfterDelivery };
        let judged = self.judge(what, audited);
        let action = Action::of(&judged, OnFail::Suspend, when);
        if let Some(finding) = action.finding("seen") {
            self.book.observe(&maker.identity, LINE, &finding, self.now);
        }
        let served = action.serve != Serve::Elsewhere;
        self.served_bad += u32::from(served && what != Result::Good);
        self.refused_good += u32::from(!served && what == Result::Good);
        maker.served += u32::from(served);
        served
    }

    fn draw(&mut self, maker: &mut Maker, standing: &Standing) -> bool {
        let today = self.secret.day_key(self.now);
        let key = self.key.insert(today);
        // The bytes of each result differ.
        let output = keccak256(self.results.to_be_bytes());
        let orchestrator = maker.identity.key().as_str();
        let subject = Subject { orchestrator, job: b"stream", seq: self.results, output: &output };
        let elapsed = Duration::from_secs(self.now.as_second().unsigned_abs());
        let strata = maker.strata.get_or_insert_with(|| Strata::new(elapsed));
        let span =
            |number| key.derive("span", &Subject { seq: number, output: &[0; 32], ..subject });
        let due = strata.arrived(elapsed, span).is_some();
        let audited = key.draw(&subject).hits(standing.rate) || due;
        if audited {
            strata.audited(elapsed);
        }
        audited
    }

    /// What the checks see of it.
    fn judge(&mut self, what: Result, audited: bool) -> Judged {
        let clean =
            Judged { decision: Decision::Accepted, confirmed: false, full: audited, score: 0.3 };
        if !audited {
            return clean;
        }
        let seen = self.rng.random_bool(self.rules().power);
        match what {
            Result::Wrong if seen => Judged { decision: Decision::Refused, ..clean },
            Result::Degraded if seen => {
                Judged { decision: Decision::Soft, confirmed: true, score: 1.5, ..clean }
            }
            Result::Good if self.rng.random_bool(self.honest_soft) => {
                Judged { decision: Decision::Soft, score: 1.1, ..clean }
            }
            _ => clean,
        }
    }
}
