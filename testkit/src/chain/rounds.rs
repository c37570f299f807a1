//! Blocks, rounds, the price of gas, and going back.

use std::sync::Arc;
use std::time::Duration;

use alloy_primitives::{B256, U64, U256};
use alloy_sol_types::sol;
use parking_lot::Mutex;
use waymark_contracts::RoundsManager;

use super::{LocalChain, LocalChainError, Receipt, Rpc};

sol! {
    /// What only the stand-in has.
    interface TestRounds {
        function setRound(uint256 round) external;
        function setBlockHashForRound(uint256 round, bytes32 hash) external;
        function setRoundLength(uint256 length) external;
    }
}

/// Makes a block every so often, for ever.
pub(super) async fn mine_on(rpc: Rpc, every: Duration, price: Arc<Mutex<u64>>) {
    let mut ticks = tokio::time::interval(every);
    ticks.set_missed_tick_behavior(tokio::time::MissedTickBehavior::Delay);
    ticks.tick().await;
    loop {
        ticks.tick().await;
        let price = U64::from(*price.lock());
        let mined = async {
            rpc.call::<serde_json::Value>("evm_mine", ()).await?;
            rpc.call::<()>("anvil_setNextBlockBaseFeePerGas", (price,)).await
        };
        if let Err(error) = mined.await {
            tracing::warn!(%error, "no block was made");
        }
    }
}

impl LocalChain {
    /// Number of the newest block.
    pub async fn block_number(&self) -> Result<u64, LocalChainError> {
        Ok(self.rpc().call::<U64>("eth_blockNumber", ()).await?.to())
    }

    /// Makes blocks.
    pub async fn mine(&self, blocks: u64) -> Result<(), LocalChainError> {
        self.rpc().call::<()>("anvil_mine", (U64::from(blocks),)).await?;
        self.steady().await
    }

    /// The round by block number, as the next transaction sees it.
    pub async fn current_round(&self) -> Result<u64, LocalChainError> {
        let rounds = self.contracts().rounds_manager;
        Ok(self.read(rounds, &RoundsManager::currentRoundCall {}).await?.saturating_to())
    }

    /// Makes blocks up to the next round, and leaves it uninitialised.
    pub async fn end_round(&self) -> Result<u64, LocalChainError> {
        let rounds = self.contracts().rounds_manager;
        let start = self.read(rounds, &RoundsManager::currentRoundStartBlockCall {}).await?;
        let length = self.read(rounds, &RoundsManager::roundLengthCall {}).await?;
        let next: u64 = (start + length).saturating_to();
        self.mine(next.saturating_sub(self.block_number().await?)).await?;
        self.current_round().await
    }

    /// Initialises the current round.
    pub async fn initialize_round(&self) -> Result<Receipt, LocalChainError> {
        let rounds = self.contracts().rounds_manager;
        self.send(self.owner(), rounds, &RoundsManager::initializeRoundCall {}, U256::ZERO).await
    }

    /// Initialises the current round if nobody did; gives its number then.
    pub async fn initialize_if_due(&self) -> Result<Option<u64>, LocalChainError> {
        let rounds = self.contracts().rounds_manager;
        if self.read(rounds, &RoundsManager::currentRoundInitializedCall {}).await? {
            return Ok(None);
        }
        let round = self.current_round().await?;
        match self.initialize_round().await {
            Ok(_) => Ok(Some(round)),
            // An orchestrator was quicker.
            Err(LocalChainError::Reverted { .. }) => Ok(None),
            Err(error) => Err(error),
        }
    }

    /// Goes to the next round and initialises it.
    pub async fn next_round(&self) -> Result<u64, LocalChainError> {
        let round = self.end_round().await?;
        self.initialize_round().await?;
        Ok(round)
    }

    /// Makes the next block the first of a round of any number, not initialised.
    pub async fn set_round(&self, round: u64) -> Result<(), LocalChainError> {
        let call = TestRounds::setRoundCall { round: U256::from(round) };
        self.send(self.owner(), self.contracts().rounds_manager, &call, U256::ZERO).await?;
        Ok(())
    }

    /// Sets the block hash of a round, as tickets must name it.
    pub async fn set_round_hash(&self, round: u64, hash: B256) -> Result<(), LocalChainError> {
        let call = TestRounds::setBlockHashForRoundCall { round: U256::from(round), hash };
        self.send(self.owner(), self.contracts().rounds_manager, &call, U256::ZERO).await?;
        Ok(())
    }

    /// Changes the length of rounds from the current one on.
    pub async fn set_round_length(&self, blocks: u64) -> Result<(), LocalChainError> {
        let call = TestRounds::setRoundLengthCall { length: U256::from(blocks) };
        self.send(self.owner(), self.contracts().rounds_manager, &call, U256::ZERO).await?;
        Ok(())
    }

    /// Sets what `eth_gasPrice` answers from now on, in wei.
    pub async fn set_gas_price(&self, wei: u64) -> Result<(), LocalChainError> {
        *self.gas_price.lock() = wei;
        self.steady().await
    }

    /// Replaces the newest blocks by as many empty ones: their transactions are gone.
    pub async fn reorg(&self, depth: u64) -> Result<(), LocalChainError> {
        let nothing: [(); 0] = [];
        self.rpc().call::<()>("anvil_reorg", (depth, nothing)).await?;
        self.steady().await
    }

    /// Remembers the state, once, for [`revert_to`](Self::revert_to).
    pub async fn snapshot(&self) -> Result<U256, LocalChainError> {
        self.rpc().call("evm_snapshot", ()).await
    }

    /// Goes back; blocks since then never were.
    pub async fn revert_to(&self, snapshot: U256) -> Result<bool, LocalChainError> {
        let reverted = self.rpc().call("evm_revert", (snapshot,)).await?;
        self.steady().await?;
        Ok(reverted)
    }

    /// The base fee of a chain without load falls with every block; this puts it back.
    pub(super) async fn steady(&self) -> Result<(), LocalChainError> {
        let price = U64::from(*self.gas_price.lock());
        self.rpc().call::<()>("anvil_setNextBlockBaseFeePerGas", (price,)).await
    }
}
