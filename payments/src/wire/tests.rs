use proptest::prelude::*;

use super::*;

fn params() -> impl Strategy<Value = TicketParams> {
    let numbers = (any::<[u8; 20]>(), any::<[u8; 32]>(), any::<[u64; 3]>(), any::<[u8; 32]>());
    let round = proptest::option::of((0..=i64::MAX, any::<[u8; 32]>()));
    (numbers, round).prop_map(|((recipient, hash, [face, win, block], seed), round)| TicketParams {
        recipient: recipient.into(),
        face_value: U256::from(face),
        win_prob: U256::MAX / U256::from(win.max(1)),
        recipient_rand_hash: hash.into(),
        seed: U256::from_be_bytes(seed),
        expiration_block: U256::from(block),
        creation: round
            .map(|(round, hash)| Creation { round: round.unsigned_abs(), block_hash: hash.into() }),
    })
}

proptest! {
    #[test]
    fn a_payment_survives_the_header(
        mut params in params(),
        sender in any::<[u8; 20]>(),
        price in (0..=i64::MAX, 1..=i64::MAX),
        signed in proptest::collection::vec((any::<u32>(), any::<[u8; 32]>()), 0..5),
    ) {
        let creation = params.creation.take().unwrap_or_default();
        let signed: Vec<_> =
            signed.into_iter().map(|(nonce, sig)| (nonce, Bytes::copy_from_slice(&sig))).collect();
        let tickets = Some(TicketBatch { params, creation, signed }).filter(|b| !b.signed.is_empty());
        let price = net::PriceInfo {
            price_per_unit: price.0,
            pixels_per_unit: price.1,
            ..Default::default()
        };
        let price = Price::try_from(&price).unwrap();
        let sent = PaymentMessage { sender: sender.into(), price, tickets };
        prop_assert_eq!(PaymentMessage::from_header(&sent.to_header()).unwrap(), sent);
    }

    #[test]
    fn parameters_are_echoed_numerically(params in params(), zeros in 0_usize..8) {
        let mut wire = params.to_wire();
        wire.expiration_params = params.creation.map(|creation| creation.to_wire());
        let echoed = wire.clone();
        // Leading zeros are no part of a number.
        wire.expiration_block = [vec![0; zeros], wire.expiration_block.to_vec()].concat().into();
        let read = TicketParams::try_from(&wire).unwrap();
        prop_assert_eq!(read, params);
        prop_assert_eq!(read.to_wire().expiration_block, echoed.expiration_block);
    }

    #[test]
    fn as_many_tickets_as_promised_fit_a_header(limit in 1000_usize..60_000, nonce in any::<u32>()) {
        let full = |n: usize| {
            let widest = TicketParams {
                recipient: Address::repeat_byte(1),
                face_value: U256::MAX,
                win_prob: U256::MAX,
                recipient_rand_hash: B256::repeat_byte(1),
                seed: U256::MAX,
                expiration_block: U256::MAX,
                creation: None,
            };
            let creation =
                Creation { round: i64::MAX.unsigned_abs(), block_hash: B256::repeat_byte(1) };
            let signed = vec![(nonce, Bytes::from(vec![1; 65])); n];
            let tickets = Some(TicketBatch { params: widest, creation, signed });
            let largest = net::PriceInfo {
                price_per_unit: i64::MAX,
                pixels_per_unit: i64::MAX,
                ..Default::default()
            };
            let price = Price::try_from(&largest).unwrap();
            PaymentMessage { sender: Address::repeat_byte(1), price, tickets }.to_header().len()
        };
        let n = tickets_in_header(limit, nonce);
        prop_assert!(full(n) <= limit);
        prop_assert!(n == 0 || full(n + 3) > limit, "no room is wasted");
    }
}

#[test]
fn about_eighty_tickets_fit_eight_kilobytes() {
    assert_eq!(tickets_in_header(8192, 600), 81);
    assert_eq!(tickets_in_header(8192, 70_000 * 1024 + 600), 79);
    assert_eq!(tickets_in_header(100, 1), 0);
}

#[test]
fn fields_of_the_wrong_width_are_refused() {
    let good = net::TicketParams {
        recipient: vec![1; 20].into(),
        recipient_rand_hash: vec![1; 32].into(),
        ..Default::default()
    };
    assert!(TicketParams::try_from(&good).is_ok());
    let width = |field, found, wanted| WireError::Width { field, found, wanted };
    let short = net::TicketParams { recipient: vec![1; 19].into(), ..good.clone() };
    assert_eq!(TicketParams::try_from(&short), Err(width("recipient", 19, "20 are an address")));
    let long = net::TicketParams { seed: vec![1; 33].into(), ..good.clone() };
    assert_eq!(TicketParams::try_from(&long), Err(width("seed", 33, "at most 32 are a number")));
    let expiration = net::TicketExpirationParams { creation_round: -1, ..Default::default() };
    let negative = net::TicketParams { expiration_params: Some(expiration), ..good };
    assert_eq!(TicketParams::try_from(&negative), Err(WireError::Round { found: -1 }));
}
