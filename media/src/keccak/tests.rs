//! Every kernel against `keccak-asm`.

use alloy_primitives::keccak256;
use proptest::prelude::*;

use super::*;

fn message(len: usize, seed: u8) -> Vec<u8> {
    (0..len).map(|i| u8::try_from(i * 31 % 251).unwrap() ^ seed).collect()
}

/// Every combination of kernels that this machine can run.
fn all() -> Vec<Keccak> {
    let mut ones = vec![One::Asm, One::Plain];
    let (mut fours, mut eights) = (vec![None], vec![None]);
    #[cfg(target_arch = "x86_64")]
    {
        let (one, _, eight) = x86::kernels();
        ones.extend(one.map(One::Vector));
        fours.extend(x86::all_four().into_iter().map(Some));
        eights.extend(eight.map(Some));
    }
    let mut all = Vec::new();
    for one in ones {
        for four in &fours {
            for eight in &eights {
                let cost = std::time::Duration::from_nanos;
                let plan = Plan::new(cost(10), four.map(|_| cost(11)), eight.map(|_| cost(12)));
                all.push(Keccak { one, four: *four, eight: *eight, plan });
            }
        }
    }
    all.push(plan::fastest());
    all
}

#[test]
fn digests_are_those_of_keccak_asm_around_every_boundary() {
    for keccak in all() {
        for len in [0, 1, 7, 8, 135, 136, 137, 271, 272, 273, 1000, 136 * 40 - 1, 136 * 40, 100_000]
        {
            let message = message(len, 0);
            assert_eq!(keccak.hash(&message), keccak256(&message).0, "{len} bytes, {keccak:?}");
        }
    }
}

#[test]
fn lanes_of_all_numbers_and_different_lengths_do_not_mix() {
    for keccak in all() {
        for count in 0..=17 {
            let messages: Vec<_> =
                (0..count).map(|n| message(n * 136 + n % 3, u8::try_from(n).unwrap())).collect();
            let expected: Vec<_> = messages.iter().map(|m| keccak256(m).0).collect();
            assert_eq!(keccak.hash_all(&messages), expected, "{count} messages, {keccak:?}");
        }
    }
}

#[test]
fn the_empty_message_has_the_known_digest() {
    let digest = Keccak::fastest().hash(b"");
    assert_eq!(digest[..4], [0xc5, 0xd2, 0x46, 0x01]);
}

#[test]
fn a_plan_takes_lanes_only_where_they_pay() {
    let plan = |one, four: u64, eight: u64| {
        let nanos = std::time::Duration::from_nanos;
        let plan = Plan::new(nanos(one), Some(nanos(four)), Some(nanos(eight)));
        (1..=8).map(|n| plan.width(n)).collect::<Vec<_>>()
    };
    assert_eq!(plan(200, 210, 340), [1, 2, 3, 4, 5, 6, 7, 8]);
    // four at once cost as much as two and a half: two are hashed one by one
    assert_eq!(plan(200, 500, 5000), [1, 1, 3, 4, 4, 4, 4, 4]);
    assert_eq!(plan(200, 900, 2000), [1; 8]);
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(48))]

    #[test]
    fn pieces_of_any_size_make_the_same_message(
        pieces in prop::collection::vec(0_usize..400, 0..20),
    ) {
        for keccak in all() {
            let mut running = keccak.start();
            let mut whole = Vec::new();
            for piece in &pieces {
                let piece = message(*piece, u8::try_from(whole.len() % 256).unwrap());
                running.update(&piece);
                whole.extend(piece);
            }
            prop_assert_eq!(running.finish(), keccak256(&whole).0);
        }
    }

    /// Messages that join while others are half-way, in steps of any size.
    #[test]
    fn messages_may_join_and_leave_at_any_time(
        lengths in prop::collection::vec(0_usize..5000, 1..14),
        step in 1_usize..3000,
    ) {
        for keccak in all() {
            let mut waiting: Vec<_> = lengths.iter().map(|len| message(*len, u8::try_from(*len % 256).unwrap())).collect();
            let mut lanes: Vec<Hashing<Vec<u8>>> = Vec::new();
            while !waiting.is_empty() || !lanes.is_empty() {
                if let Some(next) = waiting.pop() {
                    lanes.push(Hashing::new(next));
                }
                keccak.advance(&mut lanes, step);
                for done in lanes.extract_if(.., |l| l.is_ready()).collect::<Vec<_>>() {
                    let (message, digest) = done.finish();
                    prop_assert_eq!(digest, keccak256(&message).0);
                }
            }
        }
    }
}
