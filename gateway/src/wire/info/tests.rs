use alloy_primitives::address;

use super::*;

/// A good answer of an on-chain orchestrator.
fn good() -> OrchestratorInfo {
    OrchestratorInfo {
        transcoder: "https://o.example:8935".to_owned(),
        address: Bytes::from_static(&[7; 20]),
        auth_token: Some(AuthToken {
            token: Bytes::from_static(&[1; 32]),
            session_id: "0a1b2c3d".to_owned(),
            expiration: 1_767_225_600,
            ..AuthToken::default()
        }),
        capabilities: Some(net::Capabilities {
            bitstring: vec![0x0400_5fff],
            capacities: [(0, 10)].into(),
            version: "0.9.1".to_owned(),
            constraints: Some(net::capabilities::Constraints::default()),
            ..Default::default()
        }),
        price_info: Some(net::PriceInfo {
            price_per_unit: 1200,
            pixels_per_unit: 1,
            ..Default::default()
        }),
        ticket_params: Some(net::TicketParams {
            recipient: Bytes::from_static(&[9; 20]),
            ..Default::default()
        }),
        ..OrchestratorInfo::default()
    }
}

fn refusal(change: impl FnOnce(&mut OrchestratorInfo)) -> String {
    let mut info = good();
    change(&mut info);
    let error = SessionInfo::read(info).unwrap_err();
    crate::wire::tests::chain(&error)
}

fn accepted(change: impl FnOnce(&mut OrchestratorInfo)) -> SessionInfo {
    let mut info = good();
    change(&mut info);
    SessionInfo::read(info).unwrap()
}

#[test]
fn a_good_answer_is_read_whole() {
    let session = accepted(|_| {});
    assert_eq!(session.transcoder.as_str(), "https://o.example:8935/");
    assert_eq!(session.address, Some(address!("0707070707070707070707070707070707070707")));
    assert_eq!(session.session_id(), "0a1b2c3d");
    assert_eq!(session.expires_at.to_string(), "2026-01-01T00:00:00Z");
    assert_eq!(session.version(), "0.9.1");
    assert_eq!(session.capabilities.bitstring, [0x0400_5fff]);
    assert!(session.capabilities.capacities.is_empty());
    let price = session.price.unwrap();
    assert_eq!((price.wei, price.pixels.get()), (1200, 1));
}

#[test]
fn an_orchestrator_without_an_address_for_segments_takes_no_work() {
    assert_eq!(
        refusal(|i| i.transcoder.clear()),
        "the orchestrator gives no address for segments: it takes no work now"
    );
}

#[test]
fn an_address_for_segments_must_be_an_absolute_http_url() {
    assert_eq!(
        refusal(|i| i.transcoder = "o.example:8935".to_owned()),
        "the orchestrator's address for segments is unusable: o.example:8935: its scheme is neither http nor https"
    );
    assert!(refusal(|i| i.transcoder = "https://o/?x".to_owned()).ends_with("cannot have"));
}

#[test]
fn a_slash_at_the_end_of_the_address_is_dropped() {
    let session = accepted(|i| i.transcoder = "http://o.example/lp//".to_owned());
    assert_eq!(session.transcoder.as_str(), "http://o.example/lp");
}

#[test]
fn no_session_without_a_token() {
    assert_eq!(refusal(|i| i.auth_token = None), "the orchestrator issued no token");
}

#[test]
fn a_token_too_large_for_a_header_is_refused() {
    let text = refusal(|i| i.auth_token.as_mut().unwrap().token = vec![1; 5000].into());
    assert_eq!(text, "the orchestrator's token of 5019 bytes is too large, at most 4096 are kept");
    let text = refusal(|i| i.auth_token.as_mut().unwrap().unknown_fields = vec![1; 5000].into());
    assert!(text.starts_with("the orchestrator's token of"), "{text}");
}

#[test]
fn a_session_id_is_plain_text() {
    for id in ["", "a b", "../../x", "a\nb", &"a".repeat(65)] {
        let text = refusal(|i| i.auth_token.as_mut().unwrap().session_id = id.to_owned());
        assert_eq!(
            text, "the orchestrator's session id is not 1 to 64 letters and digits",
            "{id:?}"
        );
    }
}

#[test]
fn an_expiration_out_of_range_is_the_last_or_first_moment() {
    let expires = |at| accepted(|i| i.auth_token.as_mut().unwrap().expiration = at).expires_at;
    assert_eq!(expires(i64::MAX), Timestamp::MAX);
    assert_eq!(expires(i64::MIN), Timestamp::MIN);
    assert_eq!(expires(0), Timestamp::UNIX_EPOCH);
}

#[test]
fn capabilities_must_be_there_and_of_a_sane_size() {
    assert_eq!(refusal(|i| i.capabilities = None), "the orchestrator advertises no capabilities");
    let with = |change: fn(&mut net::Capabilities)| {
        refusal(move |i| change(i.capabilities.as_mut().unwrap()))
    };
    let text = with(|c| c.bitstring = vec![0; 65]);
    assert_eq!(
        text,
        "the orchestrator's capability set of 520 bytes is too large, at most 512 are kept"
    );
    assert_eq!(with(|c| c.mandatories = vec![0; 65]), text);
    assert!(with(|c| c.version = "9".repeat(257)).contains("version of 257 bytes"));
}

#[test]
fn an_ethereum_address_has_20_bytes_or_is_absent() {
    assert_eq!(
        refusal(|i| i.address = Bytes::from_static(&[1; 19])),
        "the orchestrator's Ethereum address has 19 bytes, not 20"
    );
    assert_eq!(accepted(|i| i.address = Bytes::new()).address, None);
    assert_eq!(accepted(|i| i.address = Bytes::from_static(&[0; 20])).address, None);
}

#[test]
fn results_are_signed_by_the_address_or_else_by_the_tickets_recipient() {
    let signer = |byte| Some(Address::repeat_byte(byte));
    assert_eq!(accepted(|_| {}).result_signer(), signer(7));
    assert_eq!(accepted(|i| i.address = Bytes::new()).result_signer(), signer(9));
    let off_chain = accepted(|i| {
        i.address = Bytes::from_static(&[0; 20]);
        i.ticket_params = None;
    });
    assert_eq!(off_chain.result_signer(), None);
}

#[test]
fn a_price_is_not_negative_and_for_at_least_one_pixel() {
    for (price_per_unit, pixels_per_unit) in [(-1, 1), (1, 0), (1, -1), (i64::MIN, i64::MIN)] {
        let text = refusal(|i| {
            i.price_info =
                Some(net::PriceInfo { price_per_unit, pixels_per_unit, ..Default::default() });
        });
        assert_eq!(
            text,
            format!(
                "the orchestrator's price is {price_per_unit} wei for {pixels_per_unit} pixels"
            )
        );
    }
    assert_eq!(accepted(|i| i.price_info = None).price, None);
}

#[test]
fn oversized_tickets_and_stores_are_refused() {
    let text = refusal(|i| i.ticket_params.as_mut().unwrap().seed = vec![1; 5000].into());
    assert!(text.starts_with("the orchestrator's set of ticket parameters of"), "{text}");
    let store = net::OsInfo {
        s3_info: Some(net::S3osInfo { policy: "p".repeat(20_000), ..Default::default() }),
        ..Default::default()
    };
    let text = refusal(|i| i.storage = vec![store]);
    assert!(text.starts_with("the orchestrator's store of"), "{text}");
}

#[test]
fn siblings_are_read_up_to_a_bound_and_odd_ones_passed_over() {
    let session = accepted(|i| {
        i.nodes = vec!["https://a:1".to_owned(), "nonsense".to_owned(), "http://b:2/".to_owned()];
    });
    let nodes: Vec<_> = session.nodes.iter().map(Url::as_str).collect();
    assert_eq!(nodes, ["https://a:1/", "http://b:2/"]);
    let session = accepted(|i| i.nodes = vec!["https://a:1".to_owned(); 1000]);
    assert_eq!(session.nodes.len(), 32);
}

#[test]
fn what_is_kept_does_not_hold_the_message_it_came_in() {
    let message = Bytes::from(good().encode_to_vec());
    let range = message.as_ptr_range();
    let session = SessionInfo::read(OrchestratorInfo::decode(message).unwrap()).unwrap();
    let recipient = session.ticket_params.unwrap().recipient;
    assert!(!range.contains(&session.token.token.as_ptr()));
    assert!(!range.contains(&recipient.as_ptr()));
}
