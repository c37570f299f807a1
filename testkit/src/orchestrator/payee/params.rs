//! Ticket parameters: what a winner is worth, how often one wins, and the number behind it all.
//!
//! Parameters are not kept. The secret number of a set is recomputed from what a sender echoes, so
//! whatever it changes makes another number, and its tickets are no longer ours (go-livepeer
//! `pm/recipient.go:193-367`).

use alloy_primitives::{Address, B256, U256, keccak256};
use aws_lc_rs::hmac;
use bytes::Bytes;
use num_rational::BigRational;
use waymark_proto::net;

use super::chain::{Funds, Head};
use crate::ticket::minimal;

/// L1 blocks for which parameters are good (go-livepeer `pm/recipient.go:28`).
const LIFETIME: u64 = 40;
/// A face value aims at this many times the cost of redeeming it.
const COST_MULTIPLE: u64 = 100;
/// A deposit that covers pending winners this often leaves the reserve alone.
const COVERED: u64 = 3;
/// Gas price, in wei, at which a face value below the transaction's cost is still taken.
const LEGACY_GAS_PRICE: u64 = 3_000_000_000;

/// A sender whose share of its reserve cannot pay a winner.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("insufficient sender reserve")]
pub(crate) struct InsufficientReserve;

/// What face values are made of.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Economy {
    /// Wei a ticket must be worth on average.
    pub(crate) ticket_ev: U256,
    /// Gas of a redemption.
    pub(crate) redeem_gas: u64,
    /// Wei for a unit of gas.
    pub(crate) gas_price: U256,
    /// Most a winner may be worth; zero is no limit.
    pub(crate) max_face_value: U256,
}

/// Face value and chance to win.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Terms {
    pub(crate) face_value: U256,
    pub(crate) win_prob: U256,
}

impl Economy {
    /// Wei of one redemption.
    pub(crate) fn tx_cost(&self) -> U256 {
        self.gas_price.saturating_mul(U256::from(self.redeem_gas))
    }

    /// What a winner of a sender is worth that can pay `max_float` at most.
    pub(crate) fn face_value(&self, max_float: U256) -> Result<U256, InsufficientReserve> {
        let (ev, cost) = (self.ticket_ev, self.tx_cost());
        let multiple = U256::from(COST_MULTIPLE);
        let mut face_value = cost.saturating_mul(multiple);
        if face_value < ev {
            face_value = ev.saturating_mul(multiple);
        }
        face_value = face_value.min(max_float);
        if !self.max_face_value.is_zero() {
            face_value = face_value.min(self.max_face_value);
        }
        let legacy_cost = U256::from(self.redeem_gas) * U256::from(LEGACY_GAS_PRICE);
        if face_value < ev || (face_value < cost && face_value < legacy_cost) {
            return Err(InsufficientReserve);
        }
        Ok(face_value)
    }

    /// The chance at which a face value is worth what a ticket must be worth.
    pub(crate) fn win_prob(&self, face_value: U256) -> U256 {
        let ev = self.ticket_ev;
        if face_value.is_zero() {
            return U256::ZERO;
        }
        if face_value == ev {
            return U256::MAX;
        }
        let (mut share, rest) = U256::MAX.div_rem(face_value);
        // A stock node looks at the low 64 bits of the remainder alone.
        if rest.as_limbs()[0] != 0 {
            share += U256::from(1);
        }
        share.saturating_mul(ev)
    }
}

/// The most a sender can be relied on to pay while winners worth `pending` are being redeemed
/// (go-livepeer `pm/sendermonitor.go:188-232`).
pub(crate) fn max_float(funds: &Funds, pool_size: u64, pending: U256) -> U256 {
    let share = funds.share(pool_size);
    let covered = !pending.is_zero() && funds.deposit / pending >= U256::from(COVERED);
    if covered { share } else { share.saturating_sub(pending) }
}

/// The secret number of a set of parameters.
#[derive(Debug)]
pub(crate) struct Bound<'a> {
    pub(crate) seed: &'a U256,
    pub(crate) sender: Address,
    pub(crate) terms: Terms,
    pub(crate) expiration_block: &'a U256,
    pub(crate) price: &'a BigRational,
    pub(crate) aux_data: &'a [u8],
}

impl Bound<'_> {
    /// The number under this secret; its hash is what senders see.
    pub(crate) fn recipient_rand(&self, secret: &hmac::Key) -> B256 {
        B256::from_slice(hmac::sign(secret, &self.message()).as_ref())
    }

    fn message(&self) -> Vec<u8> {
        let price = |number: &num_bigint::BigInt| {
            let (_, bytes) = number.to_bytes_be();
            // Zero is one zero byte there and none at all here.
            if bytes == [0] { Vec::new() } else { bytes }
        };
        [
            minimal(self.seed),
            self.sender.to_vec(),
            minimal(&self.terms.face_value),
            minimal(&self.terms.win_prob),
            minimal(self.expiration_block),
            price(self.price.numer()),
            price(self.price.denom()),
            self.aux_data.to_vec(),
        ]
        .concat()
    }
}

/// New parameters for a sender.
pub(crate) fn issue(
    secret: &hmac::Key,
    head: &Head,
    recipient: Address,
    sender: Address,
    terms: Terms,
    price: &BigRational,
    lifetime: Option<u64>,
) -> net::TicketParams {
    let seed = U256::from_be_bytes(rand::random::<[u8; 32]>());
    let expiration_block = U256::from(head.l1_block + lifetime.unwrap_or(LIFETIME));
    // Some rounds on Arbitrum have no hash, and their tickets could not be redeemed.
    let (round, round_hash) = if head.round_hash.is_zero() {
        (head.round.saturating_sub(1), head.previous_round_hash)
    } else {
        (head.round, head.round_hash)
    };
    let aux_data = [U256::from(round).to_be_bytes(), round_hash.0].concat();
    let aux_data = if round == 0 && round_hash.is_zero() { Vec::new() } else { aux_data };
    let bound = Bound {
        seed: &seed,
        sender,
        terms,
        expiration_block: &expiration_block,
        price,
        aux_data: &aux_data,
    };
    let rand = bound.recipient_rand(secret);
    net::TicketParams {
        recipient: Bytes::copy_from_slice(recipient.as_slice()),
        face_value: minimal(&terms.face_value).into(),
        win_prob: minimal(&terms.win_prob).into(),
        recipient_rand_hash: Bytes::copy_from_slice(keccak256(rand).as_slice()),
        seed: minimal(&seed).into(),
        expiration_block: minimal(&expiration_block).into(),
        expiration_params: Some(net::TicketExpirationParams {
            creation_round: i64::try_from(round).unwrap_or(i64::MAX),
            creation_round_block_hash: Bytes::copy_from_slice(round_hash.as_slice()),
        }),
    }
}

#[cfg(test)]
mod tests {
    use alloy_primitives::{address, b256, hex};

    use super::*;
    use crate::ticket::number;

    fn economy(ticket_ev: u64) -> Economy {
        Economy {
            ticket_ev: U256::from(ticket_ev),
            redeem_gas: 1_200_000,
            gas_price: U256::from(20_000_000),
            max_face_value: U256::ZERO,
        }
    }

    fn terms(economy: &Economy, max_float: u128) -> Result<(U256, U256), InsufficientReserve> {
        let face_value = economy.face_value(U256::from(max_float))?;
        Ok((face_value, economy.win_prob(face_value)))
    }

    #[test]
    fn face_value_and_chance_are_those_of_a_stock_node() {
        let usual = U256::from(2_400_000_000_000_000u64);
        let ether = 10u128.pow(18);
        let prob = |bytes: &[u8]| number(bytes).unwrap();
        for (ev, max_float, face_value, win_prob) in [
            (
                8_000_000_000,
                ether,
                usual,
                prob(&hex!("37ec8ec25e6d2c0bafefd59ebbd0b471449f24ac401db5abd74366512000")),
            ),
            (
                480_000_000_000_000,
                ether,
                usual,
                prob(&hex!("333333333333333333333333333333333333333333333333333454cc85ac0000")),
            ),
            (
                480_000_000_000_000,
                10u128.pow(15),
                U256::from(10u64.pow(15)),
                prob(&hex!("7ae147ae147ae147ae147ae147ae147ae147ae147ae147ae147c9262071e0000")),
            ),
            (
                480_000_000_000_000,
                480_000_000_000_000,
                U256::from(480_000_000_000_000u64),
                U256::MAX,
            ),
        ] {
            assert_eq!(terms(&economy(ev), max_float), Ok((face_value, win_prob)));
        }
    }

    #[test]
    fn a_reserve_below_the_expected_value_or_the_transactions_cost_is_refused() {
        let small = economy(8_000_000_000);
        assert!(terms(&small, 24_000_000_000_000).is_ok());
        assert_eq!(terms(&small, 23_999_999_999_999), Err(InsufficientReserve));
        assert_eq!(
            terms(&economy(480_000_000_000_000), 479_999_999_999_999),
            Err(InsufficientReserve)
        );
        let dear = Economy { gas_price: U256::from(4_000_000_000u64), ..small };
        assert!(terms(&dear, 3_600_000_000_000_000).is_ok(), "3 gwei would pay for it");
        assert_eq!(terms(&dear, 3_599_999_999_999_999), Err(InsufficientReserve));
    }

    #[test]
    fn pending_winners_count_unless_the_deposit_covers_them_three_times() {
        let funds = Funds::new(U256::from(30), U256::from(1000));
        let float = |pending: u64| max_float(&funds, 10, U256::from(pending));
        assert_eq!(float(0), U256::from(100));
        assert_eq!(float(10), U256::from(100));
        assert_eq!(float(11), U256::from(89));
        assert_eq!(float(200), U256::ZERO);
        let claimed = Funds { claimed: U256::from(100), claimed_here: U256::from(50), ..funds };
        assert_eq!(max_float(&claimed, 10, U256::ZERO), U256::from(60));
        assert_eq!(max_float(&funds, 0, U256::ZERO), U256::ZERO);
    }

    #[test]
    fn the_secret_number_is_that_of_vector_v5() {
        let mut secret = [0; 32];
        secret[0] = 3;
        let seed: [u8; 32] = std::array::from_fn(|i| u8::try_from(i + 1).unwrap());
        let block_hash = hex!("7624778dedc75f8b322b9fa1632a610d40b85e106c7d9bf0e743a9ce291b9c6f");
        let mut bound = Bound {
            seed: &U256::from_be_bytes(seed),
            sender: address!("70997970C51812dc3A010C7d01b50e0d17dc79C8"),
            terms: Terms {
                face_value: U256::from(2_400_000_000_000_000u64),
                win_prob: number(&hex!(
                    "37ec8ec25e6d2c0bafefd59ebbd0b471449f24ac401db5abd74366512000"
                ))
                .unwrap(),
            },
            expiration_block: &U256::from(20_000_040),
            price: &BigRational::new(2400.into(), 2.into()),
            aux_data: &[U256::from(5).to_be_bytes(), block_hash].concat(),
        };
        let key = hmac::Key::new(hmac::HMAC_SHA256, &secret);
        let rand = bound.recipient_rand(&key);
        assert_eq!(rand, b256!("bfd3c80994fc051c4ce00bcc7ce675fefbc9695c7a603a798cf840abca7d976b"));
        assert_eq!(
            keccak256(rand),
            b256!("cd8c1066f7620528734c61ee4d9927c3e61668e0a45799937c8ff428fc5209eb")
        );
        let other = BigRational::from_integer(1201.into());
        bound.price = &other;
        assert_ne!(bound.recipient_rand(&key), rand);
    }

    #[test]
    fn a_round_without_a_hash_gives_way_to_the_one_before() {
        let key = hmac::Key::new(hmac::HMAC_SHA256, &[1; 32]);
        let head = Head {
            l1_block: 1000,
            round: 10,
            previous_round_hash: keccak256("9"),
            ..Head::default()
        };
        let terms = Terms { face_value: U256::ZERO, win_prob: U256::ZERO };
        let price = BigRational::from_integer(0.into());
        let params = issue(&key, &head, Address::ZERO, Address::ZERO, terms, &price, None);
        assert_eq!(params.expiration_params.unwrap().creation_round, 9);
        assert_eq!(params.expiration_block.as_ref(), 1040u16.to_be_bytes());
        assert!(params.face_value.is_empty() && params.win_prob.is_empty());
    }
}
