use std::collections::HashSet;
use std::num::NonZeroU64;

use alloy_primitives::{B256, U256};
use proptest::prelude::*;

use super::*;
use crate::chain::{ChainState, Health, Reserve, RoundState, SenderState};
use crate::check::TicketLimits;
use crate::fee::Work;
use crate::money;
use crate::payer::{HEADER_BYTES, PayError};
use crate::ticket::TicketParams;

const NOW: Timestamp = Timestamp::UNIX_EPOCH;

pub(crate) fn price(wei: u64) -> Price {
    Price { wei, pixels: NonZeroU64::MIN }
}

/// Tickets worth exactly 10 wei: 5 divides 2^256 - 1.
pub(crate) fn params(id: u8, expires: u64) -> TicketParams {
    TicketParams {
        recipient: Address::repeat_byte(7),
        face_value: U256::from(50),
        win_prob: U256::MAX / U256::from(5),
        recipient_rand_hash: B256::repeat_byte(id),
        seed: U256::from(1),
        expiration_block: U256::from(expires),
        creation: None,
    }
}

pub(crate) fn offer(id: u8, expires: u64) -> Offer {
    Offer {
        session_id: "0a1b2c3d".into(),
        token_expires_at: NOW + SignedDuration::from_mins(30),
        price: Some(price(1)),
        params: Some(params(id, expires)),
    }
}

pub(crate) fn chain(l1_block: u64) -> ChainState {
    let funds = U256::from(1_000_000);
    ChainState {
        head: 0,
        l1_block,
        round: RoundState { number: 5, block_hash: B256::repeat_byte(5), ..Default::default() },
        pool_size: 1,
        sender: SenderState {
            deposit: funds,
            withdraw_round: 0,
            reserve: Reserve { remaining: funds, claimed: U256::ZERO },
        },
        gas_price: None,
        read_at: NOW,
        health: Health::Fresh,
    }
}

fn tag(number: u32) -> TagId {
    TagId::try_from(number).unwrap()
}

fn open(tag_id: u32) -> PaymentSession {
    PaymentSession::open(&offer(1, 100), tag(tag_id), Scheme::Tagged, NOW).unwrap()
}

fn reserve(session: &PaymentSession, units: u64) -> Result<Reserved, PayError> {
    let (limits, chain) = (TicketLimits::default(), chain(50));
    session.reserve(&Ask {
        work: Work::Units(units),
        max_price: None,
        limits: &limits,
        header_bytes: HEADER_BYTES,
        chain: &chain,
        now: NOW,
    })
}

fn nonces(reserved: &Reserved) -> Vec<u32> {
    reserved.nonces.map(|nonces| nonces.iter().collect()).unwrap_or_default()
}

#[test]
fn nonces_carry_the_tag_and_count_from_one() {
    let session = open(7);
    assert_eq!(nonces(&reserve(&session, 20).unwrap()), [7169, 7170]);
    assert_eq!(nonces(&reserve(&session, 10).unwrap()), [7171]);
    let plain = open(0);
    assert_eq!(nonces(&reserve(&plain, 20).unwrap()), [1, 2]);
}

#[test]
fn six_hundred_nonces_and_no_more() {
    let session = open(7);
    for used in 0..12 {
        let wanted = if used >= 10 { Renewal::Wanted } else { Renewal::NotNeeded };
        assert_eq!(session.renewal(50, NOW), wanted, "{used}");
        reserve(&session, 500).unwrap();
    }
    assert_eq!(session.renewal(50, NOW), Renewal::Needed);
    let error = reserve(&session, 1).unwrap_err();
    assert!(matches!(error, PayError::NoncesUsedUp { count: 1, used: 600 }), "{error:?}");
    assert_eq!(session.renew(&offer(2, 99), Source::Session, NOW), Ok(Renewed::Adopted));
    assert_eq!(nonces(&reserve(&session, 1).unwrap()), [7169]);
}

#[test]
fn parameters_that_come_back_go_on_counting() {
    let session = open(7);
    reserve(&session, 30).unwrap();
    session.renew(&offer(2, 100), Source::Session, NOW).unwrap();
    assert_eq!(nonces(&reserve(&session, 10).unwrap()), [7169]);
    session.renew(&offer(1, 100), Source::Session, NOW).unwrap();
    assert_eq!(nonces(&reserve(&session, 10).unwrap()), [7172]);
    session.renew(&offer(1, 100), Source::Session, NOW).unwrap();
    assert_eq!(nonces(&reserve(&session, 10).unwrap()), [7173]);
}

#[test]
fn older_parameters_do_not_replace_younger_ones() {
    let session = open(7);
    assert_eq!(session.renew(&offer(3, 110), Source::Session, NOW), Ok(Renewed::Adopted));
    assert_eq!(session.renew(&offer(2, 105), Source::Session, NOW), Ok(Renewed::Kept));
    assert_eq!(reserve(&session, 1).unwrap().terms.hash(), B256::repeat_byte(3));
}

#[test]
fn a_reply_of_another_session_id_is_kept_out() {
    let session = open(7);
    let reserved = reserve(&session, 25).unwrap();
    assert_eq!(session.settle(&reserved, Outcome::Received { pixels: 25 }, NOW).ended, None);
    assert!(session.credit(NOW) > money::parse("4").unwrap());
    let other = Offer { session_id: "ffffffff".into(), ..offer(2, 120) };
    assert_eq!(session.renew(&other, Source::Session, NOW), Ok(Renewed::Kept));
    let late = reserve(&session, 25).unwrap();
    // A new session id is a new account, and payments of the old one do not touch it.
    assert_eq!(session.renew(&other, Source::Reopened, NOW), Ok(Renewed::Adopted));
    assert_eq!(session.credit(NOW), money::parse("0").unwrap());
    assert_eq!(session.settle(&late, Outcome::Received { pixels: 0 }, NOW).ended, None);
    assert_eq!(session.credit(NOW), money::parse("0").unwrap());
    assert_eq!(session.renew(&offer(3, 130), Source::Session, NOW), Ok(Renewed::Kept));
}

#[test]
fn work_is_never_taken_for_nothing_when_it_was_to_be_paid() {
    let free = Offer { price: Some(price(0)), ..offer(2, 1) };
    let end = SessionEnd::PriceFellToZero { initial: price(1) };
    let session = open(7);
    assert_eq!(session.renew(&free, Source::Session, NOW), Err(end.clone()));
    assert!(matches!(reserve(&session, 1), Err(PayError::Ended(found)) if found == end));
    assert_eq!(session.renew(&offer(2, 200), Source::Reopened, NOW), Err(end), "it stays over");

    let zero = TicketParams { face_value: U256::ZERO, ..params(2, 100) };
    let worthless = Offer { params: Some(zero), ..offer(2, 100) };
    let session = open(7);
    assert_eq!(
        session.renew(&worthless, Source::Session, NOW),
        Err(SessionEnd::WorthlessTickets { price: price(1) })
    );
    assert_eq!(
        PaymentSession::open(&worthless, tag(7), Scheme::Tagged, NOW).unwrap_err(),
        OpenError::WorthlessTickets { price: price(1) }
    );
    let stranger = TicketParams { recipient: Address::repeat_byte(9), ..params(2, 100) };
    let changed = Offer { params: Some(stranger), ..offer(2, 100) };
    assert!(matches!(
        open(7).renew(&changed, Source::Session, NOW),
        Err(SessionEnd::RecipientChanged { .. })
    ));
}

#[test]
fn incomplete_offers_change_nothing() {
    let session = open(7);
    for incomplete in
        [Offer { price: None, ..offer(2, 200) }, Offer { params: None, ..offer(2, 200) }]
    {
        assert_eq!(session.renew(&incomplete, Source::Session, NOW), Ok(Renewed::Kept));
    }
    assert_eq!(reserve(&session, 1).unwrap().terms.hash(), B256::repeat_byte(1));
}

#[test]
fn a_refused_first_payment_ends_the_session() {
    let session = open(7);
    let first = reserve(&session, 10).unwrap();
    let refusal = Refusal::Signature;
    let settled = session.settle(&first, Outcome::Refused(refusal), NOW);
    assert_eq!(settled.ended, Some(SessionEnd::FirstPaymentRefused { refusal }));
    assert!(!settled.plain_nonces);
}

#[test]
fn a_later_refusal_ends_it_when_several_tickets_are_in_doubt() {
    let accepted = || {
        let session = open(7);
        let first = reserve(&session, 10).unwrap();
        assert_eq!(session.settle(&first, Outcome::Received { pixels: 10 }, NOW).ended, None);
        session
    };
    let session = accepted();
    let one = reserve(&session, 10).unwrap();
    let refused = Outcome::Refused(Refusal::ParamsExpired);
    assert_eq!(session.settle(&one, refused, NOW).ended, None);
    assert_eq!(session.renewal(50, NOW), Renewal::Needed, "these parameters are done for");

    let session = accepted();
    let two = reserve(&session, 20).unwrap();
    let refusal = Refusal::ParamsExpired;
    let end = session.settle(&two, Outcome::Refused(refusal), NOW).ended;
    assert_eq!(end, Some(SessionEnd::PaymentRefused { tickets: 2, refusal }));

    let session = accepted();
    let one = reserve(&session, 10).unwrap();
    let end = session.settle(&one, Outcome::Refused(Refusal::Token), NOW).ended;
    assert_eq!(end, Some(SessionEnd::Forgotten));
}

#[test]
fn a_tag_that_is_refused_is_left_out() {
    let session = open(7);
    let first = reserve(&session, 10).unwrap();
    assert!(session.settle(&first, Outcome::Refused(Refusal::Nonce), NOW).plain_nonces);
    assert_eq!(session.scheme(), Scheme::Plain);
    // A nonce that is refused after others were taken says nothing about the tag.
    let session = open(7);
    let first = reserve(&session, 10).unwrap();
    assert_eq!(session.settle(&first, Outcome::Received { pixels: 10 }, NOW).ended, None);
    let second = reserve(&session, 10).unwrap();
    assert!(!session.settle(&second, Outcome::Refused(Refusal::Nonce), NOW).plain_nonces);
    let plain = open(0);
    let first = reserve(&plain, 10).unwrap();
    assert!(!plain.settle(&first, Outcome::Refused(Refusal::Nonce), NOW).plain_nonces);
}

#[test]
fn prices_are_guarded() {
    let session = open(7);
    let dear = Offer { price: Some(price(3)), ..offer(2, 100) };
    session.renew(&dear, Source::Session, NOW).unwrap();
    let error = reserve(&session, 1).unwrap_err();
    assert_eq!(
        error.to_string(),
        "Orchestrator price has more than doubled, Orchestrator price: 3, Orchestrator initial price: \
         1; use another orchestrator"
    );
    let (limits, chain) = (TicketLimits::default(), chain(50));
    let max = crate::price::MaxPrice::parse("1", "2").unwrap().unwrap();
    let ask = Ask {
        work: Work::Units(1),
        max_price: Some(&max),
        limits: &limits,
        header_bytes: HEADER_BYTES,
        chain: &chain,
        now: NOW,
    };
    assert!(matches!(open(7).reserve(&ask), Err(PayError::PriceAboveMax { .. })));
}

#[test]
fn a_free_orchestrator_is_paid_with_nothing() {
    let free = Offer { price: Some(price(0)), params: None, ..offer(1, 100) };
    let session = PaymentSession::open(&free, tag(7), Scheme::Tagged, NOW).unwrap();
    let reserved = reserve(&session, 1_000_000).unwrap();
    assert_eq!((reserved.tickets(), &reserved.fee), (0, &money::parse("0").unwrap()));
    assert_eq!(session.renewal(50, NOW), Renewal::NotNeeded);
    let dear = Offer { price: Some(price(1)), ..offer(1, 100) };
    session.renew(&dear, Source::Session, NOW).unwrap();
    assert!(matches!(reserve(&session, 1), Err(PayError::PriceDoubled { .. })));
}

#[test]
fn a_payment_that_is_not_possible_takes_nothing() {
    let session = open(7);
    let first = reserve(&session, 15).unwrap();
    assert_eq!(session.settle(&first, Outcome::Received { pixels: 10 }, NOW).ended, None);
    let before = session.credit(NOW);
    for units in [1000, u64::MAX] {
        let error = reserve(&session, units).unwrap_err();
        assert!(
            matches!(error, PayError::TooManyTickets { .. } | PayError::Params(_)),
            "{error:?}"
        );
    }
    assert_eq!(session.credit(NOW), before);
    assert_eq!(nonces(&reserve(&session, 20).unwrap()), [7171]);
}

#[test]
fn credit_covers_work_even_when_parameters_expired() {
    let session = open(7);
    let first = reserve(&session, 100).unwrap();
    assert_eq!(session.settle(&first, Outcome::Received { pixels: 0 }, NOW).ended, None);
    let (limits, chain) = (TicketLimits::default(), chain(99));
    let ask = |units| Ask {
        work: Work::Units(units),
        max_price: None,
        limits: &limits,
        header_bytes: HEADER_BYTES,
        chain: &chain,
        now: NOW,
    };
    let covered = session.reserve(&ask(50)).unwrap();
    assert_eq!(covered.tickets(), 0);
    assert!(matches!(session.reserve(&ask(50)), Err(PayError::Params(_))));
    assert_eq!(session.settle(&covered, Outcome::NotSent, NOW).ended, None);
    assert_eq!(session.renewal(99, NOW), Renewal::Needed);
    assert_eq!(session.renewal(95, NOW), Renewal::Wanted);
    assert_eq!(session.renewal(94, NOW), Renewal::NotNeeded);
}

#[test]
fn a_token_is_renewed_before_it_ends() {
    let session = open(7);
    let at = |minutes| session.renewal(50, NOW + SignedDuration::from_mins(minutes));
    assert_eq!([at(26), at(27), at(30)], [Renewal::NotNeeded, Renewal::Wanted, Renewal::Needed]);
}

#[test]
fn a_suspect_chain_stops_promises() {
    let limits = TicketLimits::default();
    let suspect = ChainState { health: Health::Suspect, ..chain(50) };
    let ask = Ask {
        work: Work::Units(1),
        max_price: None,
        limits: &limits,
        header_bytes: HEADER_BYTES,
        chain: &suspect,
        now: NOW,
    };
    assert!(matches!(open(7).reserve(&ask), Err(PayError::ChainSuspect)));
}

proptest! {
    /// Whatever parameters come in whatever order, from several threads' worth of payments: no pair
    /// of parameters and nonce is handed out twice.
    #[test]
    fn no_nonce_is_used_twice(
        steps in proptest::collection::vec((0_u8..6, 90_u64..110, 0_u64..400, any::<bool>()), 1..80),
    ) {
        let session = open(9);
        let mut seen = HashSet::new();
        let mut flying = Vec::new();
        for (id, expires, units, settle) in steps {
            session.renew(&offer(id, expires), Source::Session, NOW).unwrap();
            if let Ok(reserved) = reserve(&session, units) {
                for nonce in nonces(&reserved) {
                    prop_assert!(seen.insert((reserved.terms.hash(), nonce)));
                    prop_assert_eq!(nonce >> 10, 9);
                    prop_assert!((1..=600).contains(&(nonce & 1023)));
                }
                flying.push(reserved);
            }
            if settle && !flying.is_empty() {
                let reserved = flying.remove(usize::from(id) % flying.len());
                let outcome = if id % 2 == 0 {
                    Outcome::NotSent
                } else {
                    Outcome::Received { pixels: units }
                };
                prop_assert_eq!(session.settle(&reserved, outcome, NOW).ended, None);
            }
        }
    }
}
