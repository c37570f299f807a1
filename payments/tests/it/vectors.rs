//! Specification of payments, section 8, and specification of the wire, 11.10 and 11.11.

use alloy_primitives::{B256, U256, address as addr, hex, keccak256};
use base64::{Engine as _, engine::general_purpose::STANDARD};
use prost::Message as _;
use sha2::{Digest as _, Sha256};
use waymark_payments::money;
use waymark_payments::price::Price;
use waymark_payments::signer::{Signer as _, sign_text};
use waymark_payments::ticket::{Creation, Ticket, TicketParams, win_number};
use waymark_payments::wire::{PaymentMessage, TicketBatch};

use crate::harness::{address, hash, key};

const KEY: &str = "59c6995e998f97a5a0044966f0945389dc9e86dae88c7a8412f4603b6b78690d";
const SENDER: &str = "70997970C51812dc3A010C7d01b50e0d17dc79C8";
const RECIPIENT: &str = "3C44CdDdB6a900fa2b585dd299e03d12FA4293BC";
const BLOCK_HASH: &str = "7624778dedc75f8b322b9fa1632a610d40b85e106c7d9bf0e743a9ce291b9c6f";
const FOO: &str = "41b1a0649752af1b28b3dc29a1556eee781e4a4c3a1f7f53f90fa834de098c4d";

fn rand_hash(recipient_rand: U256) -> B256 {
    keccak256(recipient_rand.to_be_bytes::<32>())
}

/// H1 to H7: pm/ticket_test.go:140-246.
#[test]
fn hashes_are_those_of_go_and_of_the_contract() {
    let none = Ticket::default();
    let number = |n: u64| U256::from(n);
    let round = Creation { round: 10, block_hash: hash(FOO) };
    let recipient = addr!("73AEd7b5dEb30222fa896f399d46cC99c7BEe57F");
    for (ticket, wanted) in [
        (
            Ticket { nonce: u32::MAX, ..none },
            "e1393fc7f6de093780674022f96cb8e3872235167d037c04d554e58c0e63d280",
        ),
        (
            Ticket { nonce: 1, ..none },
            "ce0918ba94518293e9712effbe5fca4f1f431089833a5b8c257cb1e024595f68",
        ),
        (
            Ticket { face_value: number(1), win_prob: number(500), ..none },
            "87ef13f2d37e4d5352a01d3c77b8179d80e0887f1953bfabfd0bfd7b0f689ddd",
        ),
        (
            Ticket { face_value: number(500), win_prob: number(1), ..none },
            "aa4b35071043587992ac8b9dd1b2cf1d8311130e6458cf0b2342484e21af5f5b",
        ),
        (
            Ticket { recipient, ..none },
            "81e353ae39046e2b77b9f996abbaeed527fda559b61ef90f299c4499dd508ccc",
        ),
        (
            Ticket { recipient_rand_hash: hash(FOO), ..none },
            "be5eaf9a49a39540b9bb02f1a21904f61324a29819e2c032824bfaa10c100b17",
        ),
        (
            Ticket { creation: round, ..none },
            "e502907c16036ab3d11b78c5a2e93c20f3d6415c67f91de4ed01348182b3b2e2",
        ),
    ] {
        assert_eq!(ticket.hash(), hash(wanted));
        let length = if ticket.creation.round == 0 { 168 } else { 232 };
        assert_eq!(ticket.bytes().as_slice().len(), length);
    }
    assert_eq!(keccak256("foo"), hash(FOO));
}

/// A1 and A2: TestAuxData.
#[test]
fn auxiliary_data_is_two_words_or_nothing() {
    let aux = |round, block_hash| Creation { round, block_hash }.aux_data();
    let five = [U256::from(5).to_be_bytes::<32>(), hash(BLOCK_HASH).0].concat();
    assert_eq!(aux(5, hash(BLOCK_HASH)), five);
    assert_eq!(aux(5, B256::ZERO), [&five[..32], &[0; 32]].concat());
    assert_eq!(aux(0, hash(BLOCK_HASH)).len(), 64);
    assert!(aux(0, B256::ZERO).is_empty());
}

/// G1 and G2: crypto/verify_test.go, with the reading rules of orchestrators.
#[test]
fn signatures_are_recovered_as_orchestrators_recover_them() {
    let recover = |message: &[u8], signature: &[u8]| {
        let (&v, rs) = signature.split_last().unwrap();
        let signature = alloy_primitives::Signature::from_bytes_and_parity(rs, v == 28);
        if signature.normalize_s().is_some() {
            return None;
        }
        signature.recover_address_from_msg(message).ok()
    };
    let message = hash("b7da355477356fc4c47fcabcf232dc77a6db9b07b7e48b76261cc55cc8fbabb3");
    let good = hex!(
        "206443228e8f784bc3a122de0d85eb3ebff82d6a79cca26c7eeb907099a6404f6dff57bc6828f28bd6cd073c89d94cf3364204679ed8365fa45b5ee6af19a9841c"
    );
    assert_eq!(
        recover(message.as_slice(), &good),
        Some(addr!("3BadDb1eeE2105893136A3F96c8a963E9C6309d6"))
    );
    let high_s = hex!(
        "e742ff452d41413616a5bf43fe15dd88294e983d3d36206c2712f39083d638bde0a0fc89be718fbc1033e1d30d78be1c68081562ed2e97af876f286f3453231d1b"
    );
    assert_eq!(recover(message.as_slice(), &high_s), None);
}

fn v1() -> (TicketParams, Ticket) {
    let params = TicketParams {
        recipient: address(RECIPIENT),
        face_value: U256::from(10_000_000_000_000_000_u64),
        win_prob: U256::MAX,
        recipient_rand_hash: rand_hash(U256::from(5)),
        seed: U256::from_be_bytes(hex!(
            "0102030405060708090a0b0c0d0e0f101112131415161718191a1b1c1d1e1f20"
        )),
        expiration_block: U256::from(20_000_040),
        creation: Some(Creation { round: 5, block_hash: hash(BLOCK_HASH) }),
    };
    (params, params.ticket(address(SENDER), 1, Creation::default()))
}

fn price(wei: u64) -> Price {
    Price { wei, pixels: std::num::NonZeroU64::MIN }
}

#[test]
fn v1_a_ticket_that_always_wins() {
    let (_, ticket) = v1();
    let key = key(KEY);
    assert_eq!(key.address(), address(SENDER));
    assert_eq!(
        ticket.recipient_rand_hash,
        hash("036b6384b5eca791c62761152d0c79bb0604c104a5fb6f4eb0703f3154bb3db0")
    );
    let hashed = ticket.hash();
    assert_eq!(hashed, hash("adccf572577f6748bd2dbec3d5df75367562fe0ccf893d775be225a67d746a68"));
    assert_eq!(
        alloy_primitives::eip191_hash_message(hashed),
        hash("66cd0d0e189b9ac6f072d9db7fda8a1555a2cacea3345b31f4d8594f54c353b7")
    );
    let signature = key.sign(&hashed).unwrap();
    assert_eq!(
        hex::encode(&signature),
        "7a969fe778a349148558f49beb8d22d2a306905d88da8708552f9da429a8b9873bbdd32ad57242db6ffe63d22154e7d9571cf51c84992241583d1b6b3bfc8e7c1b"
    );
    assert_eq!(
        B256::from(win_number(&signature, U256::from(5))),
        hash("249ff81d18fb9ac0512ec5497c3d17d0230657c9b6044dbb3c28dd0bbd39bb7d")
    );
    assert!(ticket.wins(&signature, U256::from(5)));
    let bytes = ticket.bytes();
    assert!(bytes.as_slice().starts_with(&address(RECIPIENT).0[..]));
    assert!(bytes.as_slice().ends_with(hash(BLOCK_HASH).as_slice()));
}

#[test]
fn v2_a_realistic_ticket_with_a_tag() {
    let win_prob: U256 =
        "385973630791053984745236616695626359510899948885468546798191952000000000".parse().unwrap();
    assert_eq!(
        win_prob,
        U256::from_be_slice(&hex!("37ec8ec25e6d2c0bafefd59ebbd0b471449f24ac401db5abd74366512000"))
    );
    let nonce = waymark_tagging::nonce::encode(0x12345.try_into().unwrap(), 17).unwrap();
    assert_eq!(nonce, 76_354_577);
    let rand = U256::from(0x1234_5678_90ab_cdef_u64);
    let ticket = Ticket {
        recipient: address(RECIPIENT),
        sender: address(SENDER),
        face_value: U256::from(2_400_000_000_000_000_u64),
        win_prob,
        nonce,
        recipient_rand_hash: rand_hash(rand),
        creation: Creation { round: 4242, block_hash: hash(BLOCK_HASH) },
    };
    assert_eq!(
        ticket.recipient_rand_hash,
        hash("c411987fd535716e3e176cc3b56093915be8a7fee59b34399d97ec5b57ab6450")
    );
    assert_eq!(
        ticket.hash(),
        hash("f6c1ee0ee46bb6ed951b0ad77f470cdcf6bcbad9419c83afb1b95a7be3baaed5")
    );
    assert_eq!(
        alloy_primitives::eip191_hash_message(ticket.hash()),
        hash("722000384822e149895c2070b0479ae06fbf8a89f0096d360045b0d0d80e599e")
    );
    let signature = key(KEY).sign(&ticket.hash()).unwrap();
    assert_eq!(
        hex::encode(&signature),
        "a183cfbb6f50888bcfd8497d0baa4bb72ca4d40edc2ed0dd0aa9283da16f172b2d2ebfa404655e55cb4b52edee7a8bd352e4ef8df2dad3cc6874922980b0c1ad1b"
    );
    assert_eq!(
        B256::from(win_number(&signature, rand)),
        hash("91f8034b6337ef5631b2b236487fddb2b616f940d949f28c8cbdfc65b34261b5")
    );
    assert!(!ticket.wins(&signature, rand));
    let value = waymark_payments::ticket::expected_value(ticket.face_value, win_prob);
    assert_eq!(money::show(&value), "8000000000");
}

#[test]
fn v3_the_signature_that_proves_the_address() {
    let text = address(SENDER).to_checksum(None);
    assert_eq!(
        keccak256(&text),
        hash("417ebaa8de17c9a73acf7cf3f6c998ca2dd1e993276cc9dd37dfb7fb0cb197a4")
    );
    assert_eq!(
        hex::encode(sign_text(&key(KEY), text.as_bytes()).unwrap()),
        "e191166afd511a08818c2f55906e65db02dfe2366708885e92a2e54cef7ac2673e5dfe70c2d0d63a337c7792906a623f3aff0506aa2c5de6325e2d689bab95731b"
    );
}

#[test]
fn v4_credentials_of_a_segment() {
    let flat = [b"deadbeef".as_slice(), &[0; 32], keccak256("").as_slice()].concat();
    assert_eq!(
        keccak256(&flat),
        hash("8945988141c5e68ce328561ac49be40b0c6d712729b149475c3b4f27cd822971")
    );
    assert_eq!(
        hex::encode(sign_text(&key(KEY), &flat).unwrap()),
        "8bdb7b3e270ee9837599335476044359a55a9da5860aa8e9a04ff6666e541c2f64c86bebf33a6c8b8ca64792f504db777a8d75f48e39eb592cabee667e72cc611c"
    );
}

fn hmac_sha256(secret: &[u8; 32], message: &[u8]) -> [u8; 32] {
    let pad = |byte: u8| {
        let mut block = [byte; 64];
        block.iter_mut().zip(secret).for_each(|(b, s)| *b ^= s);
        block
    };
    let inner = Sha256::new().chain_update(pad(0x36)).chain_update(message).finalize();
    Sha256::new().chain_update(pad(0x5c)).chain_update(inner).finalize().into()
}

/// V5: what the orchestrator makes its commitment of. Parameters that are not echoed numerically as
/// they came give another number and are refused.
#[test]
fn v5_the_orchestrators_number_is_over_what_is_echoed() {
    let (params, _) = v1();
    let wire = TicketParams {
        face_value: U256::from(2_400_000_000_000_000_u64),
        win_prob: U256::from_be_slice(&hex!(
            "37ec8ec25e6d2c0bafefd59ebbd0b471449f24ac401db5abd74366512000"
        )),
        ..params
    }
    .to_wire();
    let message = [
        wire.seed.as_ref(),
        address(SENDER).as_slice(),
        &wire.face_value,
        &wire.win_prob,
        &wire.expiration_block,
        &hex!("04b0"),
        &hex!("01"),
        &params.creation.unwrap().aux_data(),
    ]
    .concat();
    let wanted = [
        hex!("0102030405060708090a0b0c0d0e0f101112131415161718191a1b1c1d1e1f20").as_slice(),
        &hex!("70997970c51812dc3a010c7d01b50e0d17dc79c8"),
        &hex!("0886c98b760000"),
        &hex!("37ec8ec25e6d2c0bafefd59ebbd0b471449f24ac401db5abd74366512000"),
        &hex!("01312d28"),
        &hex!("04b0"),
        &hex!("01"),
        U256::from(5).to_be_bytes::<32>().as_slice(),
        &hash(BLOCK_HASH).0,
    ]
    .concat();
    assert_eq!(message, wanted);
    let mut secret = [0; 32];
    secret[0] = 3;
    let rand = hmac_sha256(&secret, &message);
    assert_eq!(
        hex::encode(rand),
        "bfd3c80994fc051c4ce00bcc7ce675fefbc9695c7a603a798cf840abca7d976b"
    );
    assert_eq!(
        keccak256(rand),
        hash("cd8c1066f7620528734c61ee4d9927c3e61668e0a45799937c8ff428fc5209eb")
    );
}

#[test]
fn v6_a_payment_as_it_travels() {
    let (params, ticket) = v1();
    let signature = key(KEY).sign(&ticket.hash()).unwrap();
    let payment = PaymentMessage {
        sender: address(SENDER),
        price: price(1200),
        tickets: Some(TicketBatch {
            params,
            creation: ticket.creation,
            signed: vec![(1, signature)],
        }),
    };
    let bytes = payment.to_wire().encode_to_vec();
    assert_eq!(bytes.len(), 280);
    assert_eq!(
        hex::encode(bytes),
        "0a8b010a143c44cdddb6a900fa2b585dd299e03d12fa4293bc12072386f26fc100001a20ffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff2220036b6384b5eca791c62761152d0c79bb0604c104a5fb6f4eb0703f3154bb3db02a200102030405060708090a0b0c0d0e0f101112131415161718191a1b1c1d1e1f20320401312d28121470997970c51812dc3a010c7d01b50e0d17dc79c81a24080512207624778dedc75f8b322b9fa1632a610d40b85e106c7d9bf0e743a9ce291b9c6f2245080112417a969fe778a349148558f49beb8d22d2a306905d88da8708552f9da429a8b9873bbdd32ad57242db6ffe63d22154e7d9571cf51c84992241583d1b6b3bfc8e7c1b2a0508b0091001"
    );
}

#[test]
fn v7_small_facts() {
    assert_eq!(
        keccak256(U256::from(10).to_be_bytes::<32>()),
        hash("c65a7bb8d6351c1cf70c95a316cc6a92839c986682d98bc35f958f4883f9d2a8")
    );
    assert_eq!(
        keccak256(""),
        hash("c5d2460186f7233c927e7db2dcc703c0e500b653ca82273b7bfad8045d85a470")
    );
    let exact = num_rational::BigRational::from_float(1.02_f64).unwrap();
    assert_eq!(exact.to_string(), "2296835809958953/2251799813685248");
}

/// Specification of the wire 11.11.
#[test]
fn a_full_payment_of_the_wire_specification() {
    let sender = address("9d8a62f656a8d1615c1294fd71e9cfb3e4855a4f");
    let recipient = address("19e7e376e7c213b7e7e7e46cc70a5dd086daff2a");
    let params = TicketParams {
        recipient,
        face_value: U256::from(800_000_000_000_u64),
        win_prob: U256::from_be_bytes(hex!(
            "028f5c28f5c28f5c28f5c28f5c28f5c28f5c28f5c28f5c28f5c28f5c5cbd2000"
        )),
        recipient_rand_hash: hash(
            "a66cc928b5edb82af9bd49922954155ab7b0942694bea4ce44661d9a8736c688",
        ),
        seed: U256::from(0x1234),
        expiration_block: U256::from(21_000_040),
        creation: Some(Creation {
            round: 4321,
            block_hash: hash("20b53acf0daefc8c6ad68c861fb3b543ca541abd101abc1edfcbf6606b838ef4"),
        }),
    };
    assert_eq!(money::show(&params.expected_value()), "8000000000");
    let ticket = params.ticket(sender, 1, Creation::default());
    assert_eq!(
        hex::encode(ticket.bytes().as_slice()),
        "19e7e376e7c213b7e7e7e46cc70a5dd086daff2a9d8a62f656a8d1615c1294fd71e9cfb3e4855a4f000000000000000000000000000000000000000000000000000000ba43b74000028f5c28f5c28f5c28f5c28f5c28f5c28f5c28f5c28f5c28f5c28f5c5cbd20000000000000000000000000000000000000000000000000000000000000000001a66cc928b5edb82af9bd49922954155ab7b0942694bea4ce44661d9a8736c68800000000000000000000000000000000000000000000000000000000000010e120b53acf0daefc8c6ad68c861fb3b543ca541abd101abc1edfcbf6606b838ef4"
    );
    assert_eq!(
        ticket.hash(),
        hash("e352727bbe526d4c4b159bb0ce7c47defdc749425c11266ba6fb4495cee6a1dc")
    );
    let signature = hex!(
        "96e80f1066c36e22032679dc5d34649d7e6dcddb7764c8961a67c694e6261b3e1fb195530afa173cd85d3a91409f6a39f7e43085193495410bff09b29135eab81b"
    );
    let recovered = alloy_primitives::Signature::from_bytes_and_parity(&signature[..64], false)
        .recover_address_from_msg(ticket.hash());
    assert_eq!(recovered.unwrap(), sender);
    let paid = |price, tickets| PaymentMessage { sender, price, tickets };
    let batch = TicketBatch {
        params,
        creation: ticket.creation,
        signed: vec![(1, signature.to_vec().into())],
    };
    assert_eq!(
        hex::encode(paid(price(1200), Some(batch)).to_wire().encode_to_vec()),
        "0a6b0a1419e7e376e7c213b7e7e7e46cc70a5dd086daff2a1205ba43b740001a20028f5c28f5c28f5c28f5c28f5c28f5c28f5c28f5c28f5c28f5c28f5c5cbd20002220a66cc928b5edb82af9bd49922954155ab7b0942694bea4ce44661d9a8736c6882a021234320401406f6812149d8a62f656a8d1615c1294fd71e9cfb3e4855a4f1a2508e121122020b53acf0daefc8c6ad68c861fb3b543ca541abd101abc1edfcbf6606b838ef422450801124196e80f1066c36e22032679dc5d34649d7e6dcddb7764c8961a67c694e6261b3e1fb195530afa173cd85d3a91409f6a39f7e43085193495410bff09b29135eab81b2a0508b0091001"
    );
    assert_eq!(paid(price(1200), None).to_header(), "EhSdimL2VqjRYVwSlP1x6c+z5IVaTyoFCLAJEAE=");
    let free = STANDARD.decode(paid(price(0), None).to_header()).unwrap();
    assert_eq!(hex::encode(free), "12149d8a62f656a8d1615c1294fd71e9cfb3e4855a4f2a021001");
}
