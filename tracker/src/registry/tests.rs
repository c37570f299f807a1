use alloy_primitives::{LogData, U256};
use alloy_sol_types::SolEvent;
use waymark_contracts::job_tag_registry::JobTagRegistry as abi;

use super::*;

const GATEWAY: Address = Address::repeat_byte(0xaa);

fn apply(registry: &mut Registry, block: u64, event: &impl SolEvent) {
    let data: LogData = event.encode_log_data();
    registry.apply(&Log {
        address: Address::repeat_byte(0x4e),
        topics: data.topics().to_vec(),
        data: data.data.clone(),
        place: Place::new(block, 0).unwrap(),
        block_hash: B256::ZERO,
        transaction: B256::ZERO,
        time: Some(block * 10),
        removed: false,
    });
}

fn tag(registry: &mut Registry, id: u32, parent: u32, label: &str) {
    let event = abi::TagRegistered {
        tagId: id,
        parentId: parent,
        key: B256::ZERO,
        owner: GATEWAY,
        flags: 0,
        label: label.to_owned(),
        schemaHash: B256::ZERO,
        schemaURI: String::new(),
    };
    apply(registry, u64::from(id), &event);
}

fn scheme(registry: &mut Registry, from_round: u64, scheme: u8) {
    let event =
        abi::NonceSchemeSet { gateway: GATEWAY, fromRound: from_round, scheme, param: B256::ZERO };
    apply(registry, 1, &event);
}

fn commit(registry: &mut Registry, block: u64, revision: u32, root: u8) {
    let event = abi::RoundCommitted {
        gateway: GATEWAY,
        round: 13,
        revision,
        root: B256::repeat_byte(root),
        datasetRoot: B256::ZERO,
        leaves: 8,
        totalEV: 5,
        uri: format!("https://example.org/{revision}"),
    };
    apply(registry, block, &event);
}

fn id(number: u32) -> TagId {
    TagId::try_from(number).unwrap()
}

#[test]
fn names_are_paths_and_only_valid_ones_are_shown() {
    let mut registry = Registry::empty();
    tag(&mut registry, 1, 0, "transcode");
    tag(&mut registry, 2, 1, "live");
    tag(&mut registry, 3, 2, "abr");
    tag(&mut registry, 4, 0, "nonsense");
    tag(&mut registry, 5, 1, "<script>");
    let name = |number| registry.label(id(number));
    assert_eq!(name(3).as_deref(), Some("transcode/live/abr"));
    assert_eq!(name(1).as_deref(), Some("transcode"));
    assert_eq!([name(0), name(4), name(5), name(9)], [None, None, None, None]);
    assert_eq!(registry.lineage(id(3)), [id(3), id(2), id(1)]);
    assert_eq!(registry.lineage(id(9)), [id(9)]);
}

#[test]
fn tags_that_name_each_other_as_parents_end() {
    let mut registry = Registry::empty();
    tag(&mut registry, 1, 2, "a");
    tag(&mut registry, 2, 1, "b");
    assert_eq!(registry.label(id(1)), None);
    assert!(registry.lineage(id(1)).len() <= MAX_DEPTH);
}

#[test]
fn a_nonce_is_read_by_the_scheme_of_its_round() {
    let mut registry = Registry::empty();
    scheme(&mut registry, 13, 1);
    scheme(&mut registry, 20, 0);
    let nonce = Some((7 << 10) | 3);
    let decoded = [12, 13, 19, 20].map(|round| registry.decode(GATEWAY, round, nonce).get());
    assert_eq!(decoded, [0, 7, 7, 0]);
    assert_eq!(registry.decode(Address::ZERO, 13, nonce), TagId::UNTAGGED);
}

#[test]
fn without_a_registry_scheme_1_is_assumed() {
    let registry = Registry::absent();
    assert_eq!(registry.decode(GATEWAY, 0, Some((7 << 10) | 3)), id(7));
    for nonce in [None, Some(0), Some(600), Some(7 << 10), Some(1 << 31), Some(u32::MAX)] {
        assert_eq!(registry.decode(GATEWAY, 0, nonce), TagId::UNTAGGED, "{nonce:?}");
    }
}

#[test]
fn a_revision_counts_from_when_its_root_was_first_committed() {
    let mut registry = Registry::empty();
    commit(&mut registry, 100, 1, 0x11);
    commit(&mut registry, 110, 2, 0x11);
    let standing = registry.commitment(GATEWAY, 13).unwrap();
    assert_eq!((standing.since.block(), standing.time, standing.revision), (100, Some(1000), 2));
    commit(&mut registry, 120, 3, 0x22);
    let standing = registry.commitment(GATEWAY, 13).unwrap();
    assert_eq!((standing.since.block(), standing.revision), (120, 3));
    assert_eq!(registry.commitments().count(), 1);
}

#[test]
fn an_operator_that_was_revoked_is_remembered() {
    let mut registry = Registry::empty();
    let operator = Address::repeat_byte(0x0b);
    for expiry in [5_u64, 0] {
        let expiry = U256::from(expiry).to();
        apply(&mut registry, 1, &abi::OperatorSet { gateway: GATEWAY, operator, expiry });
    }
    assert_eq!(registry.operators().collect::<Vec<_>>(), [(GATEWAY, operator)]);
}
