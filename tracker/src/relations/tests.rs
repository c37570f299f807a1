use alloy_primitives::{B256, U256};

use super::*;
use crate::log::Place;

fn account(number: u8) -> Address {
    Address::repeat_byte(number)
}

fn pay(relations: &mut Relations, sender: u8, recipient: u8, times: u64) {
    for index in 0..times {
        relations.add(&Redemption {
            place: Place::new(1, index).unwrap(),
            block_hash: B256::ZERO,
            transaction: B256::ZERO,
            time: None,
            sender: account(sender),
            recipient: account(recipient),
            face_value: U256::from(100),
            paid: Some(U256::from(100)),
            nonce: None,
            session: B256::ZERO,
            round: 1,
            ticket: B256::ZERO,
        });
    }
}

fn names(relations: &Relations, sender: u8, recipient: u8) -> Vec<&'static str> {
    relations.reasons(account(sender), account(recipient)).iter().map(Reason::name).collect()
}

#[test]
fn one_account_on_both_sides_is_named() {
    let mut relations = Relations::default();
    pay(&mut relations, 1, 1, 1);
    assert_eq!(names(&relations, 1, 1), ["same_address"]);
}

#[test]
fn a_pair_that_lives_from_itself_is_named_from_ten_winners_on() {
    let mut relations = Relations::default();
    pay(&mut relations, 1, 2, 9);
    assert_eq!(names(&relations, 1, 2), [""; 0]);
    pay(&mut relations, 1, 2, 1);
    assert_eq!(names(&relations, 1, 2), ["exclusive_pair"]);
}

#[test]
fn other_customers_or_other_suppliers_make_a_pair_an_ordinary_one() {
    let mut relations = Relations::default();
    pay(&mut relations, 1, 2, 80);
    pay(&mut relations, 3, 2, 20);
    assert_eq!(names(&relations, 1, 2), [""; 0], "the orchestrator has another customer");
    let mut relations = Relations::default();
    pay(&mut relations, 1, 2, 80);
    pay(&mut relations, 1, 4, 20);
    assert_eq!(names(&relations, 1, 2), [""; 0], "the gateway has another supplier");
}

#[test]
fn delegations_and_operators_tie_accounts_together() {
    let mut relations =
        Relations { bonds: HashSet::from([(account(1), account(2))]), ..Default::default() };
    relations.operators.insert(account(3), vec![account(1), account(4)]);
    assert_eq!(names(&relations, 1, 2), ["delegation"]);
    assert_eq!(names(&relations, 3, 4), ["operator"]);
    assert_eq!(names(&relations, 3, 2), ["delegation"], "through the operator");
    assert_eq!(names(&relations, 2, 1), [""; 0]);
}
