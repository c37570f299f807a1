//! Finding what a reorganisation replaced, and taking it back.
//!
//! Only another block in the place of a known one is evidence. A node that does not have a block below
//! its own head is at fault, and a head below the cursor is a node that lags, or a chain that became
//! shorter and will be found out when it grows again.

use waymark_payments::chain::head::Head;
use waymark_payments::chain::rpc::Request;

use super::answer::{BLOCK, head_of, host};
use super::{Node, NodeError};
use crate::store::{Batch, Block, Store, StoreError};

/// Remembered blocks that are compared at once when the chain was reorganised.
const COMPARED: usize = 32;
impl Node {
    /// Takes back what a reorganisation replaced: the block that stayed, and how many redemptions went.
    pub(super) async fn reorganised(
        &self,
        store: &mut Store,
        head: &Head,
    ) -> Result<Option<(u64, u64)>, NodeError> {
        // A cursor above the head is of a node that lags, or of a chain that became shorter: what is
        // below the head tells.
        let mut known = remembered(store, head.number, 1)?;
        let Some(newest) = known.first().map(|block| block.number) else { return Ok(None) };
        let mut at = newest;
        while let Some(lowest) = known.last().map(|block| block.number) {
            let now = self.blocks(&known).await?;
            let stayed = known.iter().zip(now).find(|(block, now)| now.hash == block.hash);
            if let Some((block, _)) = stayed {
                if block.number == newest {
                    return Ok(None);
                }
                return roll_back(store, *block).map(Some);
            }
            at = lowest.saturating_sub(1);
            known = if lowest == 0 { Vec::new() } else { remembered(store, at, COMPARED)? };
        }
        self.deep(store, at).await.map(Some)
    }

    /// A reorganisation below every remembered block: the blocks of logs are compared, in growing leaps.
    async fn deep(&self, store: &mut Store, mut at: u64) -> Result<(u64, u64), NodeError> {
        let mut leap = 1_u64;
        while let Some(logged) = store.logged(at)? {
            let now = self.blocks(&[logged]).await?;
            if now.first().is_some_and(|now| now.hash == logged.hash) {
                return roll_back(store, logged);
            }
            let Some(below) = logged.number.checked_sub(leap) else { break };
            at = below;
            leap = leap.saturating_mul(2);
        }
        // Nothing agrees: everything is read again.
        let applied = store.apply(&Batch { forget_from: Some(0), ..Batch::default() })?;
        Ok((0, applied.taken_back))
    }

    /// Blocks below the head, which the node must have.
    async fn blocks(&self, known: &[Block]) -> Result<Vec<Head>, NodeError> {
        let requests = known.iter().map(|block| Request::block(Some(block.number))).collect();
        let mut replies = self.rpc.batch(requests).await?;
        let answers = std::mem::take(&mut replies.answers);
        let heads = answers.into_iter().zip(known).map(|(answer, block)| {
            let what = || format!("no block {}, although it has later ones", block.number);
            head_of(Some(answer), &replies)?.ok_or_else(|| NodeError::Unexpected {
                host: host(&replies),
                method: BLOCK,
                what: what(),
            })
        });
        heads.collect()
    }
}

/// Remembered blocks from this one down, newest first.
fn remembered(store: &Store, mut at: u64, most: usize) -> Result<Vec<Block>, StoreError> {
    let mut known = Vec::new();
    while known.len() < most
        && let Some(block) = store.remembered(at)?
    {
        known.push(block);
        let Some(below) = block.number.checked_sub(1) else { break };
        at = below;
    }
    Ok(known)
}

fn roll_back(store: &mut Store, to: Block) -> Result<(u64, u64), NodeError> {
    let batch = Batch {
        forget_from: Some(to.number.saturating_add(1)),
        facts: Vec::new(),
        blocks: vec![to],
    };
    let applied = store.apply(&batch)?;
    tracing::info!(block = to.number, redemptions = applied.taken_back, "reorganisation");
    Ok((to.number, applied.taken_back))
}
