//! Eight redemptions that a stock orchestrator sent to Livepeer's own contracts: the same calldata
//! give the same events on the stand-ins.

use alloy_primitives::{Address, B256, Bytes, U256};
use serde::Deserialize;
use waymark_contracts::{ContractName, TicketBroker};

use crate::setting::{Setting, milliether};

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Redemption {
    kind: String,
    #[serde(rename = "from_")]
    from: Address,
    ticket_hash: B256,
    decoded: Decoded,
    calldata: Bytes,
    logs: Vec<Recorded>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Decoded {
    sender: Address,
    recipient: Address,
    creation_round: u64,
    creation_round_block_hash: B256,
}

#[derive(Deserialize)]
struct Recorded {
    contract: String,
    topics: Vec<B256>,
    data: Bytes,
}

#[tokio::test]
async fn recorded_calldata_give_the_recorded_events() {
    let recorded: Vec<Redemption> =
        serde_json::from_str(include_str!("../data/redemptions.json")).unwrap();
    assert_eq!(recorded.len(), 8);
    let s = Setting::new().await;
    let broker = s.chain.contracts().ticket_broker;
    let mut round = 0;
    for r in &recorded {
        assert_eq!(r.decoded.recipient, s.recipient, "{}", r.kind);
        if r.decoded.creation_round != round {
            round = r.decoded.creation_round;
            s.chain.set_round(round).await.unwrap();
            s.chain.initialize_round().await.unwrap();
            let hash = r.decoded.creation_round_block_hash;
            s.chain.set_round_hash(round, hash).await.unwrap();
        }
        // One was paid out of deposit and reserve: the deposit was short by what was claimed.
        let claim = r.logs.iter().find(|log| log.topics.len() == 2);
        let short = claim.map_or(U256::ZERO, |log| U256::from_be_slice(&log.data[32..64]));
        let deposit = U256::from(2_400_000_000_000_000_u64) - short;
        s.chain.fund_sender(r.decoded.sender, deposit, milliether(100)).await.unwrap();

        assert!(!s.chain.is_used(r.ticket_hash).await.unwrap(), "{}", r.kind);
        let sent = s.chain.send_data(r.from, broker, r.calldata.clone(), U256::ZERO).await;
        let receipt = sent.unwrap_or_else(|error| panic!("{}: {error}", r.kind));
        assert!(s.chain.is_used(r.ticket_hash).await.unwrap(), "{}", r.kind);
        assert_eq!(receipt.logs.len(), r.logs.len(), "{}", r.kind);
        for (got, expected) in receipt.logs.iter().zip(&r.logs) {
            assert_eq!(expected.contract, ContractName::TicketBroker.as_str(), "{}", r.kind);
            assert_eq!(got.address, broker, "{}", r.kind);
            assert_eq!(got.topics, expected.topics, "{}", r.kind);
            assert_eq!(got.data, expected.data, "{}", r.kind);
        }
    }
    let all = s.chain.events::<TicketBroker::WinningTicketRedeemed>(broker, 0).await.unwrap();
    let tags: Vec<u64> = all.iter().map(|(_, e)| e.senderNonce.to::<u64>() >> 10).collect();
    assert_eq!(tags, [0, 4_194_303, 70_000, 0, 0, 7, 7, 70_000]);
}
