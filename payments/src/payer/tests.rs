use alloy_primitives::B256;
use jiff::SignedDuration;

use super::*;
use crate::ledger::{self, Settlement};
use crate::price::Price;
use crate::session::tests::{chain, offer, params, price};
use crate::session::{Outcome, Refusal, SessionEnd, Source};
use crate::signer::{LocalKey, OffChain, SignError};

const NOW: Timestamp = Timestamp::UNIX_EPOCH;

/// What was asked of book and signer, in order.
#[derive(Debug, Clone, PartialEq)]
enum Event {
    Promised { tickets: u16, first_nonce: u32, value: U256, fee: U256 },
    Signed,
    Settled(ledger::Outcome, u64, U256),
}

type Log = Arc<Mutex<Vec<Event>>>;

#[derive(Debug, Default)]
struct FakeBook {
    log: Log,
    refuse: Mutex<Option<PromiseError>>,
}

impl Book for FakeBook {
    fn promise(&self, promise: &Promise<'_>) -> Result<PromiseId, PromiseError> {
        let refused = self.refuse.lock().take();
        if let Some(error) = refused {
            return Err(error);
        }
        let &Promise { tickets, first_nonce, value, fee, .. } = promise;
        self.log.lock().push(Event::Promised { tickets, first_nonce, value, fee });
        Ok(PromiseId::from(1))
    }

    fn settle(&self, _id: PromiseId, s: Settlement) {
        self.log.lock().push(Event::Settled(s.outcome, s.units, s.debit));
    }
}

#[derive(Debug)]
struct FakeSigner {
    log: Log,
    key: LocalKey,
    fails: bool,
}

impl Signer for FakeSigner {
    fn address(&self) -> Address {
        self.key.address()
    }

    fn sign(&self, message: &B256) -> Result<Bytes, SignError> {
        self.log.lock().push(Event::Signed);
        if self.fails && self.log.lock().iter().filter(|e| **e == Event::Signed).count() > 1 {
            let source = Box::from("the service is gone");
            return Err(SignError::Unavailable { address: self.address(), source });
        }
        self.key.sign(message)
    }
}

struct Setup {
    payer: Payer,
    book: Arc<FakeBook>,
    log: Log,
}

fn setup(fails: bool) -> Setup {
    let log = Log::default();
    let book = Arc::new(FakeBook { log: Arc::clone(&log), ..Default::default() });
    let key = LocalKey::from_slice(&[7; 32]).unwrap();
    let signer = FakeSigner { log: Arc::clone(&log), key, fails };
    let registry = prometheus::Registry::new();
    let payer = Payer::new(Arc::new(signer), Arc::<FakeBook>::clone(&book), Settings::default())
        .with_metrics(Metrics::register(&registry).unwrap());
    Setup { payer, book, log }
}

fn job(units: u64) -> Job<'static> {
    Job {
        id: [1; 16],
        attempt: 1,
        tag_name: "transcode/live",
        capability: "transcode",
        work: Work::Units(units),
        max_price: None,
    }
}

impl Setup {
    fn open(&self) -> PaymentSession {
        self.payer.open(&offer(1, 100), TagId::try_from(7).unwrap(), NOW).unwrap()
    }

    fn pay(&self, session: &PaymentSession, units: u64) -> Result<Payment, PayError> {
        self.payer.pay(session, &job(units), &chain(50), NOW)
    }

    fn log(&self) -> Vec<Event> {
        std::mem::take(&mut *self.log.lock())
    }
}

fn promised(tickets: u16, first_nonce: u32, value: u64, fee: u64) -> Event {
    Event::Promised { tickets, first_nonce, value: U256::from(value), fee: U256::from(fee) }
}

fn settled(outcome: ledger::Outcome, units: u64, debit: u64) -> Event {
    Event::Settled(outcome, units, U256::from(debit))
}

#[test]
fn promised_before_signed_and_settled_at_the_end() {
    let setup = setup(false);
    let session = setup.open();
    let payment = setup.pay(&session, 15).unwrap();
    assert_eq!(setup.log(), [promised(2, 7169, 20, 15), Event::Signed, Event::Signed]);
    assert_eq!((payment.tickets(), payment.face_value()), (2, U256::from(50)));
    assert_eq!(payment.recipient(), params(1, 1).recipient);
    let message = PaymentMessage::from_header(payment.header()).unwrap();
    let batch = message.tickets.unwrap();
    assert_eq!(batch.creation, Creation { round: 5, block_hash: B256::repeat_byte(5) });
    for (nonce, signature) in &batch.signed {
        let ticket = batch.params.ticket(message.sender, *nonce, batch.creation);
        let signature = alloy_primitives::Signature::from_raw(signature).unwrap();
        let signer = signature.recover_address_from_msg(ticket.hash()).unwrap();
        assert_eq!(signer, setup.payer.sender());
    }
    let result = payment.settle(Outcome::Received { pixels: 12 }, NOW);
    assert_eq!((result.ended, money::show(&result.debit)), (None, "12".into()));
    assert_eq!(setup.log(), [settled(ledger::Outcome::Accepted, 12, 12)]);
    assert_eq!(money::show(&session.credit(NOW)), "8");
}

#[test]
fn work_out_of_credit_is_on_record_and_signs_nothing() {
    let setup = setup(false);
    let session = setup.open();
    let first = setup.pay(&session, 100).unwrap();
    first.settle(Outcome::Received { pixels: 1 }, NOW).ended.ok_or(()).unwrap_err();
    setup.log();
    let payment = setup.pay(&session, 20).unwrap();
    assert_eq!(setup.log(), [promised(0, 0, 0, 20)]);
    let message = PaymentMessage::from_header(payment.header()).unwrap();
    assert_eq!((message.tickets, message.price), (None, price(1)));
    assert_eq!(payment.settle(Outcome::NotSent, NOW).ended, None);
    assert_eq!(setup.log(), [settled(ledger::Outcome::NotSent, 0, 0)]);
}

#[test]
fn one_that_was_not_answered_may_have_arrived_and_gives_its_credit_back() {
    let setup = setup(false);
    let session = setup.open();
    drop(setup.pay(&session, 100).unwrap().settle(Outcome::Received { pixels: 1 }, NOW));
    let (before, payment) = (session.credit(NOW), setup.pay(&session, 20).unwrap());
    setup.log();
    assert_eq!(payment.settle(Outcome::Unanswered, NOW).ended, None);
    assert_eq!(setup.log(), [settled(ledger::Outcome::Unknown, 0, 0)]);
    assert_eq!(session.credit(NOW), before);
}

#[test]
fn nothing_is_signed_when_the_promise_is_refused() {
    let setup = setup(false);
    let session = setup.open();
    let first = setup.pay(&session, 15).unwrap();
    let _settled = first.settle(Outcome::Received { pixels: 12 }, NOW);
    let credit = session.credit(NOW);
    setup.log();
    *setup.book.refuse.lock() = Some(PromiseError::Closed);
    let error = setup.pay(&session, 30).unwrap_err();
    assert!(matches!(error, PayError::Store { .. }), "{error:?}");
    assert_eq!(error.advice(), Advice::GiveUp);
    assert_eq!((setup.log(), session.credit(NOW)), (vec![], credit), "credit is back");
    let next = setup.pay(&session, 30).unwrap();
    // 7171 to 7173 were handed out and are gone.
    assert_eq!(next.first_nonce(), Some(7174));
}

#[test]
fn parameters_on_record_are_not_used_again() {
    let setup = setup(false);
    let session = setup.open();
    *setup.book.refuse.lock() = Some(PromiseError::NonceReused {
        params: B256::ZERO,
        first: 1,
        last: 1,
        on_record_first: 1,
        on_record_last: 9,
    });
    let error = setup.pay(&session, 5).unwrap_err();
    assert_eq!((error.class(), error.advice()), ("nonce_on_record", Advice::Renew));
    let error = setup.pay(&session, 5).unwrap_err();
    assert_eq!((error.class(), error.advice()), ("nonces_used_up", Advice::Renew));
    session.renew(&offer(2, 100), Source::Session, NOW).unwrap();
    assert_eq!(setup.pay(&session, 5).unwrap().first_nonce(), Some(7169));
}

#[test]
fn a_signer_that_fails_leaves_the_promise_on_record_and_the_credit() {
    let setup = setup(true);
    let session = setup.open();
    let error = setup.pay(&session, 15).unwrap_err();
    assert!(matches!(error, PayError::Signer(_)), "{error:?}");
    assert_eq!(
        setup.log(),
        [
            promised(2, 7169, 20, 15),
            Event::Signed,
            Event::Signed,
            settled(ledger::Outcome::NotSent, 0, 0)
        ]
    );
    assert_eq!(money::show(&session.credit(NOW)), "0");
}

#[test]
fn without_a_key_nothing_is_paid() {
    let payer = Payer::new(Arc::new(OffChain), Arc::new(FakeBook::default()), Settings::default());
    let session = payer.open(&offer(1, 100), TagId::UNTAGGED, NOW).unwrap();
    let error = payer.pay(&session, &job(1), &chain(50), NOW).unwrap_err();
    assert!(matches!(error, PayError::NoSignature), "{error:?}");
}

#[test]
fn a_payment_that_is_dropped_is_spent() {
    let setup = setup(false);
    let session = setup.open();
    drop(setup.pay(&session, 15).unwrap());
    assert_eq!(setup.log().last(), Some(&settled(ledger::Outcome::Unknown, 0, 0)));
    assert_eq!(money::show(&session.credit(NOW)), "0");
}

#[test]
fn free_work_is_no_promise() {
    let setup = setup(false);
    let free = Offer { price: Some(Price { wei: 0, ..price(1) }), ..offer(1, 100) };
    let session = setup.payer.open(&free, TagId::UNTAGGED, NOW).unwrap();
    let payment = setup.pay(&session, 1_000_000).unwrap();
    let message = PaymentMessage::from_header(payment.header()).unwrap();
    assert_eq!((message.tickets, message.price.wei), (None, 0));
    let result = payment.settle(Outcome::Received { pixels: 5 }, NOW);
    assert_eq!(money::show(&result.debit), "0");
    assert_eq!(setup.log(), []);
}

#[test]
fn an_orchestrator_that_refuses_tags_is_remembered() {
    let setup = setup(false);
    let session = setup.open();
    let payment = setup.pay(&session, 5).unwrap();
    let refusal = Refusal::Nonce;
    let result = payment.settle(Outcome::Refused(refusal), NOW);
    assert_eq!(result.ended, Some(SessionEnd::FirstPaymentRefused { refusal }));
    assert_eq!(setup.log().last(), Some(&settled(ledger::Outcome::Refused, 0, 0)));
    let again = setup.open();
    assert_eq!(again.scheme(), Scheme::Plain);
    assert_eq!(setup.pay(&again, 5).unwrap().first_nonce(), Some(1));
}

#[test]
fn debts_are_settled_by_the_next_payment() {
    let setup = setup(false);
    let session = setup.open();
    let payment = setup.pay(&session, 10).unwrap();
    let _settled = payment.settle(Outcome::Received { pixels: 45 }, NOW);
    let next = setup.pay(&session, 10).unwrap();
    assert_eq!(next.tickets(), 5, "35 wei of debt and 10 of work");
    let later = NOW + SignedDuration::from_mins(11);
    assert_eq!(money::show(&session.credit(later)), "0");
}

#[test]
fn errors_say_what_may_help() {
    let setup = setup(false);
    let session = setup.open();
    let pay = |units, chain: &ChainState| setup.payer.pay(&session, &job(units), chain, NOW);
    let expired = pay(5, &chain(99)).unwrap_err();
    assert_eq!((expired.class(), expired.advice()), ("params", Advice::Renew));
    let mut broke = chain(50);
    broke.sender.deposit = U256::ZERO;
    let funds = pay(5, &broke).unwrap_err();
    assert_eq!((funds.class(), funds.advice()), ("funds", Advice::GiveUp));
    let many = pay(5000, &chain(50)).unwrap_err();
    assert_eq!((many.class(), many.advice()), ("too_many_tickets", Advice::OtherOrchestrator));
    assert!(many.to_string().starts_with("500 tickets are due and a header of 8192 bytes carries"));
}

mod ahead {
    use super::*;

    impl Setup {
        /// A session that has brought work, with a payment for job 2 made.
        fn with_one_ahead(&self) -> (PaymentSession, Ahead) {
            let session = self.open();
            let first = self.pay(&session, 250).unwrap();
            drop(first.settle(Outcome::Received { pixels: 250 }, NOW));
            let ahead = self.payer.pay_ahead(&session, &next(250), &chain(50), NOW).unwrap();
            self.log();
            (session, ahead)
        }

        fn claim(&self, ahead: Ahead, session: &PaymentSession, job: &Job<'_>) -> Option<Payment> {
            self.payer.claim(ahead, session, job, &chain(50), NOW)
        }
    }

    fn next(units: u64) -> Job<'static> {
        Job { id: [2; 16], ..job(units) }
    }

    #[test]
    fn its_job_takes_it_without_record_or_signature() {
        let setup = setup(false);
        let (session, ahead) = setup.with_one_ahead();
        assert_eq!(ahead.job(), [2; 16]);
        let payment = setup.claim(ahead, &session, &next(250)).unwrap();
        assert_eq!(setup.log(), []);
        assert!(payment.tickets() > 0);
        drop(payment.settle(Outcome::Received { pixels: 250 }, NOW));
        assert_eq!(setup.log(), [settled(ledger::Outcome::Accepted, 250, 250)]);
    }

    #[test]
    fn one_that_no_job_takes_is_on_record_as_not_sent_and_its_credit_comes_back() {
        let setup = setup(false);
        let session = setup.open();
        let first = setup.pay(&session, 250).unwrap();
        drop(first.settle(Outcome::Received { pixels: 250 }, NOW));
        let before = session.credit(NOW);
        let ahead = setup.payer.pay_ahead(&session, &next(250), &chain(50), NOW).unwrap();
        setup.log();
        drop(ahead);
        assert_eq!(setup.log(), [settled(ledger::Outcome::NotSent, 0, 0)]);
        assert_eq!(session.credit(NOW), before);
    }

    #[test]
    fn more_work_another_job_or_another_session_pays_anew() {
        let setup = setup(false);
        let refused = |job: Job<'_>, other: bool| {
            let (session, ahead) = setup.with_one_ahead();
            let session = if other { setup.open() } else { session };
            assert!(setup.claim(ahead, &session, &job).is_none());
            assert_eq!(setup.log(), [settled(ledger::Outcome::NotSent, 0, 0)]);
        };
        refused(next(5_000), false);
        refused(job(250), false);
        refused(Job { attempt: 2, ..next(250) }, false);
        refused(next(250), true);
    }

    #[test]
    fn less_work_takes_it_and_keeps_the_rest_as_credit() {
        let setup = setup(false);
        let (session, ahead) = setup.with_one_ahead();
        let payment = setup.claim(ahead, &session, &next(10)).unwrap();
        drop(payment.settle(Outcome::Received { pixels: 10 }, NOW));
        assert!(session.credit(NOW) > money::whole(U256::ZERO));
    }

    #[test]
    fn new_terms_another_round_a_doubtful_chain_or_two_minutes_are_too_much() {
        let setup = setup(false);
        let claim = |chain: &ChainState, now: Timestamp, renewed: bool| {
            let (session, ahead) = setup.with_one_ahead();
            if renewed {
                session.renew(&offer(1, 101), Source::Session, NOW).unwrap();
            }
            setup.payer.claim(ahead, &session, &next(250), chain, now).is_some()
        };
        assert!(claim(&chain(50), NOW, false));
        assert!(!claim(&chain(50), NOW, true));
        let mut later = chain(50);
        later.round.number += 1;
        assert!(!claim(&later, NOW, false));
        let mut reorganised = chain(50);
        reorganised.round.block_hash = B256::repeat_byte(9);
        assert!(!claim(&reorganised, NOW, false));
        let suspect = ChainState { health: crate::chain::Health::Suspect, ..chain(50) };
        assert!(!claim(&suspect, NOW, false));
        assert!(!claim(&chain(1_000_000), NOW, false), "the parameters expired");
        assert!(!claim(&chain(50), NOW + SignedDuration::from_secs(121), false));
    }
}
