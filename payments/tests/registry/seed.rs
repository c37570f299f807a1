//! The first tags of a registry are those that the gateway knows.

use std::collections::BTreeSet;

use waymark_contracts::{JobTagRegistry, job_tag_registry};
use waymark_tagging::{Registry, Tag};

use crate::onchain::OnChain;

#[test]
fn the_seed_has_every_tag_of_the_built_in_registry_and_their_parents_only() {
    let built_in: BTreeSet<Tag> = Registry::builtin().iter().map(|e| e.tag.clone()).collect();
    let with_parents: BTreeSet<Tag> = built_in.iter().flat_map(Tag::lineage).collect();
    let seed = job_tag_registry::seed().filter(|tag| tag.parent_id != 0);
    let seed: BTreeSet<Tag> = seed.map(|tag| tag.path.parse().unwrap()).collect();
    assert_eq!(seed, with_parents);
}

#[tokio::test]
async fn a_local_chain_gives_them_the_numbers_of_the_list() {
    let s = OnChain::new().await;
    let count = s.read(&JobTagRegistry::tagCountCall {}).await;
    assert_eq!(count as usize, job_tag_registry::seed().count());
    for seed in job_tag_registry::seed() {
        let info = s.read(&JobTagRegistry::tagInfoCall { tagId: seed.id }).await;
        assert_eq!(info.parentId, seed.parent_id, "{}", seed.path);
        assert_eq!(info.flags == job_tag_registry::OPEN, seed.open, "{}", seed.path);
        assert_eq!(info.owner, s.chain.owner(), "{}", seed.path);
        let Ok(tag) = seed.path.parse::<Tag>() else {
            continue; // a root alone is no tag
        };
        let id = s.read(&JobTagRegistry::tagIdOfCall { key: tag.key() }).await;
        assert_eq!(id, seed.id, "{tag}");
        assert_eq!(seed.key(), tag.key(), "{tag}");
    }
}
