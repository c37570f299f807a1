//! How one stream pays: under its tag, for its renditions, in whatever sessions it has.

use std::{sync::Arc, time::Duration};

use alloy_primitives::U256;
use parking_lot::Mutex;
use waymark_payments::{
    check,
    fee::{Output, Work},
    money,
    payer::{Advice, Ahead, Job, Payment},
    price::{MaxPrice, Price},
    session::{Offer, PaymentSession, Renewal, Renewed, Scheme, SessionEnd, Source},
    ticket::Creation,
};
use waymark_proto::net::OrchestratorInfo;
use waymark_tagging::{Tag, TagId};

use super::{Payments, caps::Priced, error::Unpaid};
use crate::profile::Profile;

/// What kind of work a segment is, in reports.
const CAPABILITY: &str = "transcoding";

/// Everything about paying that a stream's first segment fixed.
#[derive(Debug)]
pub struct Paying {
    payments: Arc<Payments>,
    tag: Tag,
    outputs: Vec<Output>,
    ahead: Mutex<Next>,
}

/// The payment for the stream's next segment, made while nobody waits for it.
#[derive(Debug, Default)]
struct Next {
    payment: Option<Ahead>,
    /// A job goes by its number.
    taken: bool,
    /// The stream is over: there is no next one.
    over: bool,
}

/// What records tell of a payment.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct PaymentOf {
    /// Tickets sent.
    pub tickets: u16,
    /// Their expected value together, wei.
    pub value: U256,
    /// The price they were for.
    pub price: Price,
    /// The price when the session was opened.
    pub quote: Price,
}

impl Paying {
    /// A stream with this tag and these renditions.
    pub fn new(payments: Arc<Payments>, tag: Tag, profiles: &[Profile]) -> Self {
        let side = |n: i32| u32::try_from(n).unwrap_or(0);
        let outputs = profiles.iter().map(|p| Output {
            width: side(p.width),
            height: side(p.height),
            rate: p.fps,
            rate_denominator: p.fps_den,
        });
        Self { outputs: outputs.collect(), tag, payments, ahead: Mutex::default() }
    }

    /// What all streams share.
    pub fn payments(&self) -> &Payments {
        &self.payments
    }

    /// The tag's number on chain.
    pub fn tag_id(&self) -> TagId {
        self.payments.books.numbers.id(&self.tag)
    }

    /// Whether a dearer orchestrator is used when no other is there.
    pub fn takes_any_price_if_needed(&self) -> bool {
        self.payments.caps.ignored_if_needed()
    }

    /// Whether the gateway's own funds can back a ticket: without them nobody need be asked.
    pub fn check_funds(&self) -> Result<(), Unpaid> {
        Ok(check::check_sender(&self.payments.chain.state())?)
    }

    /// Opens paying in a new session, if its price and its tickets can be accepted
    /// (go-livepeer `discovery/db_discovery.go:165-194`).
    pub fn open(&self, info: &OrchestratorInfo, any_price: bool) -> Result<PaymentSession, Unpaid> {
        let Payments { payer, chain, ledger, caps, clock, books, .. } = &*self.payments;
        let now = clock.wall();
        let offer = Offer::read(info)?;
        let id = books.numbers.id(&self.tag);
        // Rounds only rise, so what holds when the session is opened holds for all its tickets. An
        // orchestrator may be behind, and it is its round that they name.
        let round = chain.state().round;
        let own = Creation { round: round.number, block_hash: round.block_hash };
        let round = offer.params.map_or(own, |params| params.creation_or(own)).round;
        let session = match books.numbers.scheme(&self.tag, round) {
            Scheme::Tagged => payer.open(&offer, id, now)?,
            Scheme::Plain => PaymentSession::open(&offer, id, Scheme::Plain, now)?,
        };
        let max = caps.max(&self.tag, Priced::TRANSCODING, &ledger.rates(), now)?;
        let price = session.initial_price();
        if let Some(max) = max.filter(|max| !any_price && !max.allows(price)) {
            return Err(Unpaid::TooExpensive { price, max });
        }
        if let Some(params) = offer.params.filter(|_| !price.is_free()) {
            let value = params.expected_value();
            check::check(&params, &value, 1, payer.limits(), &chain.state())?;
        }
        Ok(session)
    }

    /// A number for the stream's next job: the one its payment was made for, if there is one.
    pub fn job_id(&self) -> [u8; 8] {
        let mut next = self.ahead.lock();
        if next.taken {
            return rand::random();
        }
        let Some(ahead) = &next.payment else { return rand::random() };
        let [id @ .., _, _, _, _, _, _, _, _] = ahead.job();
        next.taken = true;
        id
    }

    /// The payment for one attempt at a segment: the one that was made ahead for it, or a new one.
    /// That blocks for some hundred microseconds: the promise is on record when this returns.
    pub fn pay(
        &self,
        session: &PaymentSession,
        job: &[u8; 8],
        attempt: u32,
        media: Duration,
    ) -> Result<Payment, Unpaid> {
        let Payments { payer, chain, clock, .. } = &*self.payments;
        let (job, now) = (self.job(*job, attempt, media), clock.wall());
        if let Some(ahead) = self.made_for(job.id)
            && let Some(payment) = payer.claim(ahead, session, &job, &chain.state(), now)
        {
            return Ok(payment);
        }
        Ok(payer.pay(session, &job, &chain.state(), now)?)
    }

    /// Makes the payment for the stream's next segment, which will most likely be like the last one.
    pub fn pay_ahead(&self, session: &PaymentSession, media: Duration) {
        let Payments { payer, chain, clock, .. } = &*self.payments;
        let wanted = |next: &Next| !next.over && (next.payment.is_none() || next.taken);
        if !wanted(&self.ahead.lock()) || self.renewal(session) == Renewal::Needed {
            return;
        }
        let job = self.job(rand::random(), 0, media);
        match payer.pay_ahead(session, &job, &chain.state(), clock.wall()) {
            Ok(ahead) => {
                let mut next = self.ahead.lock();
                let replaced = if wanted(&next) {
                    next.taken = false;
                    next.payment.replace(ahead)
                } else {
                    Some(ahead)
                };
                drop(next);
                // What nobody takes any more is put on record as not sent, without the lock.
                drop(replaced);
            }
            Err(error) => tracing::debug!(%error, "no payment ahead; the next segment pays itself"),
        }
    }

    /// No further segment comes.
    pub fn end(&self) {
        let mut next = self.ahead.lock();
        next.over = true;
        let unused = next.payment.take();
        drop(next);
        drop(unused);
    }

    fn made_for(&self, job: [u8; 16]) -> Option<Ahead> {
        self.ahead.lock().payment.take_if(|ahead| ahead.job() == job)
    }

    fn job(&self, id: [u8; 8], attempt: u32, media: Duration) -> Job<'_> {
        let mut job = [0; 16];
        job[..8].copy_from_slice(&id);
        Job {
            id: job,
            attempt,
            tag_name: self.tag.as_str(),
            capability: CAPABILITY,
            work: Work::Transcode { outputs: &self.outputs, duration: media },
            // Agreed when the session was opened; from there on it may double and no more
            // (go-livepeer server/segment_rpc.go:902-926).
            max_price: None::<&MaxPrice>,
        }
    }

    /// Whether the session's terms should be renewed.
    pub fn renewal(&self, session: &PaymentSession) -> Renewal {
        session.renewal(self.payments.chain.state().l1_block, self.payments.clock.wall())
    }

    /// Takes over what the orchestrator offers now.
    pub fn renew(
        &self,
        session: &PaymentSession,
        info: &OrchestratorInfo,
    ) -> Result<Renewed, Unpaid> {
        let offer = Offer::read(info)?;
        let renewed = session.renew(&offer, Source::Session, self.payments.clock.wall());
        renewed.map_err(|end: SessionEnd| Unpaid::Pay(end.into()))
    }

    /// Whether a failed payment may come through after the terms are renewed.
    pub fn may_renew(error: &Unpaid) -> bool {
        matches!(error, Unpaid::Pay(error) if error.advice() == Advice::Renew)
    }

    /// What records tell of a payment.
    pub fn facts(session: &PaymentSession, payment: &Payment) -> PaymentOf {
        PaymentOf {
            tickets: payment.tickets(),
            value: if payment.tickets() == 0 {
                U256::ZERO
            } else {
                money::round_up(payment.value())
            },
            price: payment.price(),
            quote: session.initial_price(),
        }
    }
}
