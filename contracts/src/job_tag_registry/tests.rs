//! The bindings against the tables of payments-contracts 6.4; what product.md 3 changed stands apart.

use alloy_primitives::{Address, U256, address, hex};
use alloy_sol_types::{SolCall, SolError, SolEvent, SolStruct};

use super::*;
use crate::TicketBroker;

#[test]
fn every_call_has_the_selector_of_the_table() {
    macro_rules! check {
        ($(($call:ident, $selector:literal, $signature:literal),)*) => {$(
            assert_eq!(<JobTagRegistry::$call>::SIGNATURE, $signature);
            assert_eq!(hex::encode(<JobTagRegistry::$call>::SELECTOR), $selector, "{}", $signature);
        )*};
    }
    check!(
        (registerTagCall, "981d8107", "registerTag(uint32,string,uint8,bytes32,string)"),
        (updateSchemaCall, "0ad3eb9e", "updateSchema(uint32,bytes32,string)"),
        (setTagStatusCall, "dbbf5243", "setTagStatus(uint32,uint8,uint32)"),
        (transferTagCall, "1068061c", "transferTag(uint32,address)"),
        (tagIdOfCall, "8ad96cac", "tagIdOf(bytes32)"),
        (keyOfCall, "f3451f88", "keyOf(uint32)"),
        (tagInfoCall, "abd6a07e", "tagInfo(uint32)"),
        (tagCountCall, "6f810cbc", "tagCount()"),
        (
            postAdvertCall,
            "8fa64c5e",
            "postAdvert(address,uint32,uint40,uint8,uint96,uint64,bytes32,bytes32,string)"
        ),
        (cancelAdvertCall, "d338897d", "cancelAdvert(address,uint32)"),
        (advertOfCall, "182112f4", "advertOf(address,uint32)"),
        (setNonceSchemeCall, "81384beb", "setNonceScheme(address,uint8,uint64,bytes32)"),
        (schemeAtCall, "744959bd", "schemeAt(address,uint64)"),
        (decodeNonceCall, "df806645", "decodeNonce(address,uint64,uint256)"),
        (commitOfCall, "41a7360f", "commitOf(address,uint64)"),
        (
            ticketHashCall,
            "afb91cad",
            "ticketHash((address,address,uint256,uint256,uint256,bytes32,bytes))"
        ),
        (
            leafHashCall,
            "2abc1e96",
            "leafHash(address,uint64,(address,bytes32,uint32,bytes32,uint128,uint32))"
        ),
        (
            proveTicketTagCall,
            "363c2282",
            "proveTicketTag((address,address,uint256,uint256,uint256,bytes32,bytes),(address,bytes32,uint32,bytes32,uint128,uint32),bytes32[])"
        ),
        (
            reportEquivocationCall,
            "1882428a",
            "reportEquivocation((address,address,uint256,uint256,uint256,bytes32,bytes),(address,bytes32,uint32,bytes32,uint128,uint32),bytes32[])"
        ),
        (attestTicketsCall, "d43f8e6c", "attestTickets(address,uint32,bytes32[])"),
        (setOperatorCall, "b34afc8d", "setOperator(address,uint40)"),
        (setOperatorBySigCall, "ed126bb9", "setOperatorBySig(address,address,uint40,bytes)"),
    );
}

/// What product.md 3 changes or adds; selectors and topics computed here.
#[test]
fn the_data_set_the_manifest_and_the_data_key_have_their_calls_and_events() {
    let calls = [
        (
            JobTagRegistry::commitRoundCall::SIGNATURE,
            JobTagRegistry::commitRoundCall::SELECTOR,
            "commitRound(address,uint64,bytes32,bytes32,uint32,uint128,string)",
            "58062aed",
        ),
        (
            JobTagRegistry::setManifestCall::SIGNATURE,
            JobTagRegistry::setManifestCall::SELECTOR,
            "setManifest(string,bytes32)",
            "2e23a07e",
        ),
        (
            JobTagRegistry::setDataKeyCall::SIGNATURE,
            JobTagRegistry::setDataKeyCall::SELECTOR,
            "setDataKey(address)",
            "947c3d69",
        ),
    ];
    for (signature, selector, expected, hash) in calls {
        assert_eq!((signature, hex::encode(selector).as_str()), (expected, hash));
    }
    let events = [
        (
            JobTagRegistry::RoundCommitted::SIGNATURE,
            JobTagRegistry::RoundCommitted::SIGNATURE_HASH,
            "RoundCommitted(address,uint64,uint32,bytes32,bytes32,uint32,uint128,string)",
            "7a5fc7758d97918556eb9e54c441a4d5722db6dd3ca742a4a8e9c3f8b715d99f",
        ),
        (
            JobTagRegistry::ManifestSet::SIGNATURE,
            JobTagRegistry::ManifestSet::SIGNATURE_HASH,
            "ManifestSet(address,string,bytes32)",
            "8fa307bfff0b7d3c7c0a232b5570f0bceeb5d76c9b6d8c5b633535d5fe3a3c1f",
        ),
        (
            JobTagRegistry::DataKeySet::SIGNATURE,
            JobTagRegistry::DataKeySet::SIGNATURE_HASH,
            "DataKeySet(address,address)",
            "d73b8a2220450511e4de5e3d425061eb4ac62eaed0a12ce0373263579fa85cca",
        ),
    ];
    for (signature, topic0, expected, hash) in events {
        assert_eq!((signature, hex::encode(topic0).as_str()), (expected, hash));
    }
}

#[test]
fn every_event_has_the_topics_of_the_table() {
    // The table prints the two ends of each hash.
    macro_rules! check {
        ($(($event:ident, $topics:literal, $begin:literal, $end:literal),)*) => {$(
            let hash = hex::encode(<JobTagRegistry::$event>::SIGNATURE_HASH);
            assert!(hash.starts_with($begin) && hash.ends_with($end), "{}: {hash}", stringify!($event));
            assert_eq!(topics::<JobTagRegistry::$event>(), $topics, "{}", stringify!($event));
        )*};
    }
    check!(
        (TagRegistered, 4, "f93f3cce", "2272ef"),
        (TagSchemaUpdated, 2, "5a1d5d38", "ca4306e"),
        (TagStatusSet, 2, "55925ead", "6da1b"),
        (TagOwnerSet, 3, "49c84503", "6ff95"),
        (AdvertPosted, 3, "1e27d1fc", "02e12"),
        (AdvertCancelled, 3, "a62775ff", "05332"),
        (NonceSchemeSet, 3, "d7b2eb10", "3c42b"),
        (TicketTagProven, 4, "b84609f2", "85739"),
        (TicketsAttested, 3, "9f7bc619", "7f9a"),
        (Equivocation, 3, "fba36112", "54ee1"),
        (OperatorSet, 3, "dde7635a", "42527"),
    );
    assert_eq!(topics::<JobTagRegistry::RoundCommitted>(), 3);
    assert_eq!(topics::<JobTagRegistry::ManifestSet>(), 2);
    assert_eq!(topics::<JobTagRegistry::DataKeySet>(), 3);
}

/// How many topics a log of the event has.
fn topics<E: SolEvent>() -> usize {
    <E::TopicList as alloy_sol_types::TopicList>::COUNT
}

#[test]
fn a_permission_is_signed_under_the_name_that_wallets_show() {
    assert_eq!(
        SetOperator::eip712_encode_type(),
        "SetOperator(address gateway,address operator,uint40 expiry,uint256 nonce)"
    );
    let contract = address!("5FbDB2315678afecb367f032d93F642f64180aa3");
    let domain = operator_domain(7337, contract);
    assert_eq!(domain.name.as_deref(), Some("JobTagRegistry"));
    assert_eq!(domain.version.as_deref(), Some("1"));
    assert_eq!(domain.chain_id, Some(U256::from(7337)));
    assert_eq!(domain.verifying_contract, Some(contract));
    assert_eq!(domain.salt, None);
}

#[test]
fn a_refusal_is_told_with_its_values() {
    let error = JobTagRegistry::OutsideCommitWindow { round: 7, currentRound: U256::from(10) };
    assert_eq!(
        crate::revert::reason(&error.abi_encode()).as_deref(),
        Some(
            "round 7 cannot be committed in round 10; accepted: while it runs and in the two rounds after it"
        )
    );
    let error = JobTagRegistry::NotAuthorized { gateway: Address::ZERO, caller: Address::ZERO };
    let text = crate::revert::reason(&error.abi_encode()).unwrap();
    assert!(text.contains("setOperator"), "{text}");
}

#[test]
fn a_ticket_is_the_same_for_broker_and_registry() {
    let ticket = TicketBroker::Ticket {
        recipient: Address::repeat_byte(1),
        sender: Address::repeat_byte(2),
        faceValue: U256::from(3),
        winProb: U256::from(4),
        senderNonce: U256::from(5),
        recipientRandHash: [6; 32].into(),
        auxData: [7; 64].into(),
    };
    let same = Ticket::from(ticket.clone());
    assert_eq!(
        alloy_sol_types::SolValue::abi_encode(&same),
        alloy_sol_types::SolValue::abi_encode(&ticket)
    );
}
