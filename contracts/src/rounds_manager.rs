//! The RoundsManager: the current round and the block hashes that tickets name.
//!
//! On Arbitrum its block numbers are those of Ethereum, so rounds count Ethereum blocks.

use alloy_sol_types::sol;

sol! {
    #![sol(all_derives)]

    /// Rounds.
    interface RoundsManager {
        /// A round was initialised; before that nothing can be redeemed in it.
        event NewRound(uint256 indexed round, bytes32 blockHash);

        /// The round by block number, initialised or not.
        function currentRound() external view returns (uint256 round);
        /// The last one that was initialised.
        function lastInitializedRound() external view returns (uint256 round);
        /// Whether the current round was.
        function currentRoundInitialized() external view returns (bool initialized);
        /// Whether the current round is in its last, locked part.
        function currentRoundLocked() external view returns (bool locked);
        /// First block of the current round.
        function currentRoundStartBlock() external view returns (uint256 blockNumber);
        /// The hash that a ticket created in the round must carry; zero if there is none.
        function blockHashForRound(uint256 round) external view returns (bytes32 blockHash);
        /// Blocks in a round.
        function roundLength() external view returns (uint256 blocks);
        /// The locked part at a round's end, per million.
        function roundLockAmount() external view returns (uint256 amount);
        /// The round in which the length was last changed.
        function lastRoundLengthUpdateRound() external view returns (uint256 round);
        /// The block from which that counts.
        function lastRoundLengthUpdateStartBlock() external view returns (uint256 blockNumber);
        /// The block number that rounds go by.
        function blockNum() external view returns (uint256 blockNumber);
        /// Hash of a recent block.
        function blockHash(uint256 blockNumber) external view returns (bytes32 hash);
        /// Initialises the current round; anybody may call it.
        function initializeRound() external;
    }
}
