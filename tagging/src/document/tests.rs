use std::collections::BTreeMap;

use alloy_primitives::{U256, hex};
use jiff::Timestamp;
use k256::ecdsa::SigningKey;

use super::*;
use crate::class::{Authoring, ClassFile, ClassSet};
use crate::{Registry, Tag};

const EXAMPLES: &str = include_str!("../../tests/vectors/jobclass.examples.yaml");

fn now() -> Timestamp {
    "2026-11-27T00:00:00Z".parse().unwrap()
}

fn key(byte: u8) -> SigningKey {
    SigningKey::from_slice(&[byte; 32]).unwrap()
}

fn address(key: &SigningKey) -> Address {
    Address::from_private_key(key)
}

fn sign(key: &SigningKey, digest: &B256) -> DocumentSignature {
    let (signature, id) = key.sign_prehash_recoverable(digest.as_slice()).unwrap();
    let mut bytes = [0; 65];
    bytes[..64].copy_from_slice(&signature.to_bytes());
    bytes[64] = 27 + u8::from(id);
    DocumentSignature::from_bytes(bytes).unwrap()
}

/// The examples as classes of one gateway.
fn classes(gateway: Address, edit: impl Fn(String) -> String) -> ClassSet {
    let text = EXAMPLES
        .lines()
        .map(|line| {
            let is_gateway = line.starts_with("gateway:");
            if is_gateway { format!("gateway: \"{gateway:#x}\"") } else { line.to_owned() }
        })
        .collect::<Vec<_>>()
        .join("\n");
    let rules = Authoring { registry: Registry::builtin(), now: now(), gateway: Some(gateway) };
    let file = ClassFile { label: "examples", text: &edit(text) };
    ClassSet::from_yaml(&[file], &rules).unwrap_or_else(|problems| panic!("{problems}"))
}

fn head(gateway: Address, seq: u64) -> Head {
    Head {
        gateway,
        seq,
        issued_at: "2026-11-27T00:00:00Z".parse().unwrap(),
        expires_at: "2026-11-28T00:00:00Z".parse().unwrap(),
        domain: SigningDomain::OFF_CHAIN,
        signer: None,
        signature: None,
    }
}

fn document(gateway: Address) -> GatewayDocument {
    let set = classes(gateway, |text| text);
    let mut entries: Vec<_> =
        set.classes().iter().map(|class| ClassEntry::inline(Arc::clone(class)).unwrap()).collect();
    entries[0].class = None;
    GatewayDocument {
        head: head(gateway, 12),
        name: "Example gateway".to_owned(),
        contact: Some("ops@gateway.example".to_owned()),
        urls: Urls { api: Some("https://gateway.example".to_owned()), data: None },
        policies: Policies {
            verification: set.classes()[0].verification.clone(),
            privacy: Some(PrivacyLevel::Rollups),
            payment: Some(PaymentPolicy {
                target_ticket_ev_wei: Some(U256::from(24_000_000_000_u64)),
                deposit_wei: None,
            }),
        },
        classes: entries,
    }
}

fn signed(key: &SigningKey) -> GatewayDocument {
    let mut document = document(address(key));
    document.head.signature = Some(sign(key, &document.digest().unwrap()));
    document
}

fn json<T: serde::Serialize>(value: &T) -> String {
    serde_json::to_string(value).unwrap()
}

fn read(text: &str) -> Received<GatewayDocument> {
    GatewayDocument::read("gateway.json", text.as_bytes()).unwrap_or_else(|p| panic!("{p}"))
}

#[test]
fn what_a_gateway_signs_is_what_a_stranger_verifies() {
    let key = key(7);
    let document = signed(&key);
    let received = read(&json(&document));
    assert_eq!(received.document, document);
    assert_eq!(received.hash, document.hash().unwrap());
    let expect = Expectation { gateway: Some(address(&key)), ..Expectation::at(now()) };
    assert_eq!(received.verify(&expect), Ok(SignedBy::Gateway(address(&key))));
    // The order of keys and the spelling of numbers are nobody's business.
    let value: serde_json::Value = serde_json::from_str(&json(&document)).unwrap();
    let pretty = serde_json::to_string_pretty(&value).unwrap();
    assert_eq!(read(&pretty).hash, received.hash);
}

#[test]
fn any_change_breaks_the_signature() {
    let key = key(7);
    let text = json(&signed(&key));
    for (from, to) in [
        ("Example gateway", "Example gatewax"),
        ("\"seq\":12", "\"seq\":13"),
        ("2026-11-28T00:00:00Z", "2026-11-29T00:00:00Z"),
        ("\"chain_id\":0", "\"chain_id\":1"),
        ("ops@gateway.example", "ops@gateway.examplf"),
    ] {
        let changed = text.replacen(from, to, 1);
        assert_ne!(changed, text, "{from}");
        let refused = read(&changed).verify(&Expectation::at(now())).unwrap_err();
        assert!(matches!(refused, VerifyError::Forged { .. }), "{from}: {refused}");
    }
}

#[test]
fn a_document_is_refused_for_what_is_wrong_with_it() {
    let key = key(7);
    let own = address(&key);
    let good = read(&json(&signed(&key)));
    let expect = Expectation::at(now());
    let late = "2026-11-28T00:00:00Z".parse().unwrap();
    let mut unsigned = document(own);
    let mut by_other = document(own);
    by_other.head.signature = Some(sign(&self::key(8), &by_other.digest().unwrap()));
    let mut refusals = vec![
        good.verify(&Expectation::at(late)).unwrap_err(),
        good.verify(&Expectation { gateway: Some(Address::repeat_byte(1)), ..expect }).unwrap_err(),
        good.verify(&Expectation { min_seq: 13, ..expect }).unwrap_err(),
        good.verify(&Expectation {
            domain: Some(SigningDomain { chain_id: 42161, registry: Address::repeat_byte(2) }),
            ..expect
        })
        .unwrap_err(),
        read(&json(&unsigned)).verify(&expect).unwrap_err(),
        read(&json(&by_other)).verify(&expect).unwrap_err(),
    ];
    unsigned.head.signature = Some(sign(&key, &B256::ZERO));
    refusals.push(read(&json(&unsigned)).verify(&expect).unwrap_err());
    let lines: Vec<_> = refusals.iter().map(ToString::to_string).collect();
    insta::assert_snapshot!(lines.join("\n"));
}

#[test]
fn a_data_key_counts_when_the_contract_names_it() {
    let data = key(9);
    let mut document = document(Address::repeat_byte(0xa0));
    document.head.signer = Some(address(&data));
    document.head.signature = Some(sign(&data, &document.digest().unwrap()));
    let received = read(&json(&document));
    let expect = Expectation::at(now());
    assert_eq!(received.verify(&expect), Ok(SignedBy::UnconfirmedKey(address(&data))));
    let named = Expectation { data_key: Some(address(&data)), ..expect };
    assert_eq!(received.verify(&named), Ok(SignedBy::DataKey(address(&data))));
    let other = Expectation { data_key: Some(Address::repeat_byte(3)), ..expect };
    assert!(matches!(received.verify(&other), Err(VerifyError::Forged { .. })));
}

#[test]
fn a_gateway_without_an_address_signs_nothing() {
    let received = read(&json(&document(Address::ZERO)));
    assert_eq!(received.verify(&Expectation::at(now())), Ok(SignedBy::Nobody));
    let mut forged = document(Address::ZERO);
    forged.head.signature = Some(sign(&key(7), &forged.digest().unwrap()));
    let refused = read(&json(&forged)).verify(&Expectation::at(now()));
    assert!(matches!(refused, Err(VerifyError::Forged { .. })));
}

#[test]
fn a_malformed_document_is_refused_with_its_key() {
    let text = json(&signed(&key(7)));
    let hash = json(&document(Address::ZERO).classes[1].hash);
    let cases = [
        text.replacen("\"urls\"", "\"url\"", 1),
        text.replacen("lp.gateway/v1", "lp.gateway/v2", 1),
        text.replacen("https://gateway.example", "gateway.example", 1),
        text.replacen("\"rollups\"", "\"everything\"", 1),
        text.replacen("\"rev\":3", "\"rev\":4", 1),
        text.replacen("\"signature\":\"0x", "\"signature\":\"0xzz", 1),
        text.replacen("\"max_wei\":\"4800000\"", "\"max_wei\":\"4800001\"", 1),
        text.replacen("ai/text-to-image", "ai/llm/chat", 1),
        "[".repeat(1000),
        "{}".to_owned(),
        " ".repeat(MAX_DOCUMENT_BYTES + 1),
    ];
    assert_eq!(hash.len(), 68);
    let lines = cases.map(|text| {
        let read = GatewayDocument::read("gateway.json", text.as_bytes());
        read.map_or_else(|p| p.to_string(), |_| panic!("accepted: {text}"))
    });
    // Hashes of the examples stay out of the snapshot: they change with the gateway's address.
    insta::assert_snapshot!(lines.join("\n"));
}

#[test]
fn a_reader_follows_the_changes_from_any_state() {
    let gateway = Address::repeat_byte(0xa0);
    let mut revisions = Revisions::default();
    let moment: Moment = "2026-11-27T00:00:00Z".parse().unwrap();
    let first = classes(gateway, |text| text);
    assert_eq!(revisions.update(&first, &moment).len(), 6);
    assert_eq!(revisions.update(&first, &moment), [], "the same classes are no change");
    let second = classes(gateway, |text| {
        let changed = text.replacen("rev: 7", "rev: 8", 1);
        changed.split("---\n").take(5).collect::<Vec<_>>().join("---\n")
    });
    let changes = revisions.update(&second, &moment);
    assert_eq!(
        changes.iter().map(|c| (c.seq, c.class.is_some())).collect::<Vec<_>>(),
        [(7, false), (8, true)]
    );

    let wanted: BTreeMap<Tag, _> =
        second.classes().iter().map(|class| (class.tag.clone(), Arc::clone(class))).collect();
    for (since, complete, changes) in
        [(0, true, 5), (6, false, 2), (7, false, 1), (8, false, 0), (9, true, 5)]
    {
        let answer = revisions.since(since, head(gateway, 0));
        assert_eq!(
            (answer.complete, answer.changes.len(), answer.head.seq),
            (complete, changes, 8),
            "{since}"
        );
        let text = json(&answer);
        let read = Requirements::read("r.json", text.as_bytes()).unwrap_or_else(|p| panic!("{p}"));
        assert_eq!(read.document, answer);
        let mut known: BTreeMap<Tag, _> = BTreeMap::new();
        if !complete {
            revisions_before(&first, &second, since, &mut known);
        }
        read.document.apply(&mut known);
        assert_eq!(known, wanted, "{since}");
    }
    let text = json(&revisions.whole(head(gateway, 0)));
    let kept = Requirements::read("state.json", text.as_bytes()).unwrap_or_else(|p| panic!("{p}"));
    assert_eq!(Revisions::restore(kept.document), revisions, "what is kept is all there is");
    let resumed = Revisions::resume(8);
    assert!(resumed.since(7, head(gateway, 0)).complete);
    let entries: Vec<_> =
        revisions.newest_first().iter().map(|change| FeedEntry::new(gateway, change)).collect();
    insta::assert_debug_snapshot!(entries.iter().take(3).collect::<Vec<_>>());
}

/// What a reader of the state `since` knows.
fn revisions_before(
    first: &ClassSet,
    second: &ClassSet,
    since: u64,
    known: &mut BTreeMap<Tag, Arc<JobClass>>,
) {
    let set = if since >= 8 { second } else { first };
    known.extend(set.classes().iter().map(|class| (class.tag.clone(), Arc::clone(class))));
    if since == 7 {
        known.remove(&"x-acme/audio/transcribe-medical".parse().unwrap());
    }
}

#[test]
fn the_digest_is_that_of_the_standard() {
    // EIP-712 by hand: 0x1901, domain separator, struct hash.
    use alloy_primitives::keccak256;
    let word = |n: u64| B256::from(U256::from(n));
    let domain = [
        keccak256(
            "EIP712Domain(string name,string version,uint256 chainId,address verifyingContract)",
        ),
        keccak256("LivepeerGatewayData"),
        keccak256("1"),
        word(42161),
        Address::repeat_byte(5).into_word(),
    ];
    let message = [
        keccak256("GatewayManifest(address gateway,uint64 seq,bytes32 docHash,uint64 expiresAt)"),
        Address::repeat_byte(6).into_word(),
        word(12),
        B256::repeat_byte(9),
        word(1_700_000_000),
    ];
    let hash = |words: &[B256]| keccak256(words.iter().flat_map(|w| w.0).collect::<Vec<_>>());
    let digest = keccak256(
        [&hex!("1901")[..], hash(&domain).as_slice(), hash(&message).as_slice()].concat(),
    );
    let ours = SigningDomain { chain_id: 42161, registry: Address::repeat_byte(5) };
    let found =
        ours.manifest_digest(Address::repeat_byte(6), 12, B256::repeat_byte(9), 1_700_000_000);
    assert_eq!(found, digest);
}

#[test]
fn both_kinds_are_told_apart() {
    let gateway = AnyDocument::read("x", json(&document(Address::ZERO)).as_bytes()).unwrap();
    assert!(matches!(gateway, AnyDocument::Gateway(_)));
    let answer = Revisions::default().since(0, head(Address::ZERO, 0));
    let answer = AnyDocument::read("x", json(&answer).as_bytes()).unwrap();
    assert!(matches!(answer, AnyDocument::Requirements(_)));
    let problems = AnyDocument::read("x", b"{\"api\": \"lp.jobclass/v1\"}").unwrap_err();
    assert!(problems.to_string().contains("lp.requirements/v1"), "{problems}");
}
