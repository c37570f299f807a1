//! Reading the JobTagRegistry: numbers of tags, a gateway's nonce scheme, what it has committed to.

use alloy_primitives::{Address, B256, keccak256};
use waymark_contracts::{JobTagRegistry, RoundsManager, job_tag_registry::SCHEME_TAGGED};

use crate::chain::{Call, Chain, ReadError, Reader};

/// Rounds ahead in which an announced scheme is looked for.
const AHEAD: u64 = 3;

/// The registry, for the gateway that a [`Chain`] watches.
#[derive(Debug, Clone)]
pub struct TagRegistry {
    chain: Chain,
    address: Address,
}

/// What the registry has of a book, and the round that it goes by.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Commitment {
    /// The round now.
    pub current: u64,
    /// Revision; 0 for no commitment.
    pub revision: u32,
    /// Root of the leaves. The root over data files is in the log alone.
    pub root: B256,
}

impl TagRegistry {
    /// The registry at `address` on the chain that is watched.
    pub fn new(chain: Chain, address: Address) -> Self {
        Self { chain, address }
    }

    /// Where it is.
    pub fn address(&self) -> Address {
        self.address
    }

    /// The gateway.
    pub(super) fn sender(&self) -> Address {
        self.chain.sender()
    }

    pub(super) fn reader(&self) -> &Reader {
        self.chain.reader()
    }

    /// The numbers of paths, in their order; 0 for those that are not registered.
    pub async fn numbers(&self, paths: &[&str]) -> Result<Vec<u32>, ReadError> {
        let ask = |path: &&str| JobTagRegistry::tagIdOfCall { key: key_of(path) };
        let calls = paths.iter().map(|path| Call::new(self.address, &ask(path)));
        let mut returns = self.chain.reader().read(calls.collect()).await?;
        paths.iter().map(|_| returns.take::<JobTagRegistry::tagIdOfCall>()).collect()
    }

    /// The round by block number.
    pub async fn current_round(&self) -> Result<u64, ReadError> {
        Ok(self.commitment(0).await?.current)
    }

    /// What is committed to for a round.
    pub async fn commitment(&self, round: u64) -> Result<Commitment, ReadError> {
        let rounds = self.chain.contracts().rounds;
        let calls = vec![
            Call::new(rounds, &RoundsManager::currentRoundCall {}),
            Call::new(
                self.address,
                &JobTagRegistry::commitOfCall { gw: self.chain.sender(), round },
            ),
        ];
        let mut returns = self.chain.reader().read(calls).await?;
        let current = returns.take::<RoundsManager::currentRoundCall>()?.saturating_to();
        let commit = returns.take::<JobTagRegistry::commitOfCall>()?;
        Ok(Commitment { current, revision: commit.revision, root: commit.root })
    }

    /// The first round, from the one that it is now on, in which the tags in this gateway's nonces are
    /// read; nothing if no such round is near. With the round now.
    pub async fn tagged_from(&self) -> Result<(u64, Option<u64>), ReadError> {
        let current = self.current_round().await?;
        let scheme = |round| JobTagRegistry::schemeAtCall { gw: self.chain.sender(), round };
        let rounds: Vec<u64> = (0..=AHEAD).map(|ahead| current.saturating_add(ahead)).collect();
        let calls = rounds.iter().map(|&round| Call::new(self.address, &scheme(round)));
        let mut returns = self.chain.reader().read(calls.collect()).await?;
        let mut from = None;
        for round in rounds {
            let tagged = returns.take::<JobTagRegistry::schemeAtCall>()? == SCHEME_TAGGED;
            from = if tagged { from.or(Some(round)) } else { None };
        }
        Ok((current, from))
    }
}

/// The key of a path, a root alone included: a namehash over its components.
pub fn key_of(path: &str) -> B256 {
    path.split('/')
        .fold(B256::ZERO, |parent, label| keccak256([parent.0, keccak256(label).0].as_flattened()))
}

/// A path's ancestors from its root on, and itself: `a`, `a/b`, `a/b/c`.
pub fn prefixes(path: &str) -> impl Iterator<Item = &str> {
    let ends = path.match_indices('/').map(|(at, _)| at).chain([path.len()]);
    ends.map(|end| &path[..end])
}

#[cfg(test)]
mod tests {
    use waymark_contracts::job_tag_registry::seed;
    use waymark_tagging::Tag;

    use super::*;

    #[test]
    fn keys_are_those_of_tags_and_of_the_registry() {
        for tag in seed() {
            assert_eq!(key_of(tag.path), tag.key(), "{}", tag.path);
        }
        let tag: Tag = "transcode/live/abr".parse().unwrap();
        assert_eq!(key_of(tag.as_str()), tag.key());
    }

    #[test]
    fn a_path_comes_after_its_ancestors() {
        assert_eq!(
            prefixes("x-acme/a/b").collect::<Vec<_>>(),
            ["x-acme", "x-acme/a", "x-acme/a/b"]
        );
        assert_eq!(prefixes("ai").collect::<Vec<_>>(), ["ai"]);
    }
}
