//! Against vectors of the specification and tickets that a stock node took.

use alloy_primitives::{address, b256, hex};

use super::*;

const BLOCK_HASH: B256 = b256!("7624778dedc75f8b322b9fa1632a610d40b85e106c7d9bf0e743a9ce291b9c6f");

fn zero() -> Ticket {
    Ticket {
        recipient: Address::ZERO,
        sender: Address::ZERO,
        face_value: U256::ZERO,
        win_prob: U256::ZERO,
        sender_nonce: 0,
        recipient_rand_hash: B256::ZERO,
        creation_round: 0,
        creation_round_block_hash: B256::ZERO,
    }
}

fn sender() -> Key {
    Key::from_bytes(&hex!("59c6995e998f97a5a0044966f0945389dc9e86dae88c7a8412f4603b6b78690d"))
        .unwrap()
}

/// Vectors V1 and V2 of the specification, but for what makes them different.
fn paid(rand: B256, creation_round: i64) -> Ticket {
    Ticket {
        recipient: address!("3C44CdDdB6a900fa2b585dd299e03d12FA4293BC"),
        sender: sender().address(),
        recipient_rand_hash: keccak256(rand),
        creation_round,
        creation_round_block_hash: BLOCK_HASH,
        ..zero()
    }
}

#[test]
fn hashes_are_those_of_the_vectors() {
    let rand_hash = b256!("41b1a0649752af1b28b3dc29a1556eee781e4a4c3a1f7f53f90fa834de098c4d");
    let recipient = address!("73AEd7b5dEb30222fa896f399d46cC99c7BEe57F");
    for (ticket, expected) in [
        (
            Ticket { sender_nonce: u32::MAX, ..zero() },
            b256!("e1393fc7f6de093780674022f96cb8e3872235167d037c04d554e58c0e63d280"),
        ),
        (
            Ticket { sender_nonce: 1, ..zero() },
            b256!("ce0918ba94518293e9712effbe5fca4f1f431089833a5b8c257cb1e024595f68"),
        ),
        (
            Ticket { face_value: U256::from(1), win_prob: U256::from(500), ..zero() },
            b256!("87ef13f2d37e4d5352a01d3c77b8179d80e0887f1953bfabfd0bfd7b0f689ddd"),
        ),
        (
            Ticket { recipient, ..zero() },
            b256!("81e353ae39046e2b77b9f996abbaeed527fda559b61ef90f299c4499dd508ccc"),
        ),
        (
            Ticket { recipient_rand_hash: rand_hash, ..zero() },
            b256!("be5eaf9a49a39540b9bb02f1a21904f61324a29819e2c032824bfaa10c100b17"),
        ),
        (
            Ticket { creation_round: 10, creation_round_block_hash: rand_hash, ..zero() },
            b256!("e502907c16036ab3d11b78c5a2e93c20f3d6415c67f91de4ed01348182b3b2e2"),
        ),
    ] {
        assert_eq!(ticket.hash(), expected, "{ticket:?}");
    }
}

#[test]
fn the_ticket_that_always_wins_is_that_of_the_vector() {
    let rand = B256::with_last_byte(5);
    let ticket = Ticket {
        face_value: U256::from(10).pow(U256::from(16)),
        win_prob: U256::MAX,
        sender_nonce: 1,
        ..paid(rand, 5)
    };
    assert_eq!(
        ticket.hash(),
        b256!("adccf572577f6748bd2dbec3d5df75367562fe0ccf893d775be225a67d746a68")
    );
    let signature = ticket.sign(&sender());
    assert_eq!(
        signature,
        hex!(
            "7a969fe778a349148558f49beb8d22d2a306905d88da8708552f9da429a8b9873bbdd32ad57242db6ffe63d22154e7d9571cf51c84992241583d1b6b3bfc8e7c1b"
        )
    );
    assert!(ticket.is_signed(&signature) && ticket.wins(&signature, &rand));
}

#[test]
fn the_tagged_ticket_is_that_of_the_vector_and_loses() {
    let rand = number(&hex!("1234567890abcdef")).unwrap().into();
    let ticket = Ticket {
        face_value: U256::from(2_400_000_000_000_000u64),
        win_prob: number(&hex!("37ec8ec25e6d2c0bafefd59ebbd0b471449f24ac401db5abd74366512000"))
            .unwrap(),
        sender_nonce: 76_354_577,
        ..paid(rand, 4242)
    };
    assert_eq!(
        ticket.hash(),
        b256!("f6c1ee0ee46bb6ed951b0ad77f470cdcf6bcbad9419c83afb1b95a7be3baaed5")
    );
    let signature = ticket.sign(&sender());
    assert!(!ticket.wins(&signature, &rand));
    assert_eq!(ticket.tag(), 0x12345);
    let expected = ticket.expected_value();
    assert_eq!(floor(&expected), U256::from(8_000_000_000u64));
}

#[test]
fn a_changed_signature_is_nobodys() {
    let ticket = paid(B256::ZERO, 5);
    let mut signature = ticket.sign(&sender());
    assert!(ticket.is_signed(&signature));
    signature[3] ^= 1;
    assert!(!ticket.is_signed(&signature));
    assert!(!ticket.is_signed(&signature[..64]));
    assert!(!ticket.is_signed(&[]));
}

#[test]
fn numbers_are_read_with_leading_zeros_and_written_without() {
    assert_eq!(number(&[]), Some(U256::ZERO));
    assert_eq!(number(&[0; 40]), Some(U256::ZERO));
    assert_eq!(number(&[1; 33]), None);
    assert_eq!(minimal(&U256::ZERO), Vec::<u8>::new());
    assert_eq!(minimal(&U256::from(0x0100)), [1, 0]);
}
