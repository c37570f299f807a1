//! Multicall3: many reads in one call. It stands at the same address on nearly every chain.

use alloy_primitives::{Address, address};
use alloy_sol_types::sol;

/// Where it stands.
pub const ADDRESS: Address = address!("cA11bde05977b3631167028862bE2a173976CA11");

sol! {
    #![sol(all_derives)]

    /// Many calls in one.
    interface Multicall3 {
        /// One call; the whole fails with it unless `allowFailure`.
        struct Call3 {
            address target;
            bool allowFailure;
            bytes callData;
        }

        /// What it returned; the revert data if it failed.
        struct Result {
            bool success;
            bytes returnData;
        }

        /// Makes the calls in order, all on the same state.
        function aggregate3(Call3[] calldata calls) external payable returns (Result[] memory returnData);
        /// Ether of an account.
        function getEthBalance(address addr) external view returns (uint256 balance);
        /// The block number that contracts see: on Arbitrum an estimate of Ethereum's.
        function getBlockNumber() external view returns (uint256 blockNumber);
        /// Time of the block, in Unix seconds.
        function getCurrentBlockTimestamp() external view returns (uint256 timestamp);
    }
}
