//! Arbitrum's own contracts: the price of gas and of data, and its block numbers.
//!
//! On another chain nothing answers at these addresses.

use alloy_primitives::{Address, address};
use alloy_sol_types::sol;

/// Address of [`ArbSys`].
pub const ARB_SYS: Address = address!("0000000000000000000000000000000000000064");
/// Address of [`ArbGasInfo`].
pub const ARB_GAS_INFO: Address = address!("000000000000000000000000000000000000006C");
/// Address of [`NodeInterface`]; only nodes know it, contracts cannot call it.
pub const NODE_INTERFACE: Address = address!("00000000000000000000000000000000000000C8");

sol! {
    #![sol(all_derives)]

    /// The chain itself.
    interface ArbSys {
        /// Number of the Arbitrum block.
        function arbBlockNumber() external view returns (uint256 blockNumber);
    }

    /// Prices.
    interface ArbGasInfo {
        /// Wei per transaction, byte of data, storage slot, and unit of gas: base, congestion, total.
        function getPricesInWei() external view returns (uint256 perL2Tx, uint256 perL1CalldataByte, uint256 perStorageAllocation, uint256 perArbGasBase, uint256 perArbGasCongestion, uint256 perArbGasTotal);
        /// The lowest price of gas.
        function getMinimumGasPrice() external view returns (uint256 gasPrice);
        /// What the chain believes Ethereum's base fee to be.
        function getL1BaseFeeEstimate() external view returns (uint256 baseFee);
    }

    /// Estimates by the node.
    interface NodeInterface {
        /// The part of a transaction's gas that pays for its data.
        function gasEstimateL1Component(address to, bool contractCreation, bytes calldata data) external payable returns (uint64 gasEstimateForL1, uint256 baseFee, uint256 l1BaseFeeEstimate);
        /// All gas of a transaction, and that part.
        function gasEstimateComponents(address to, bool contractCreation, bytes calldata data) external payable returns (uint64 gasEstimate, uint64 gasEstimateForL1, uint256 baseFee, uint256 l1BaseFeeEstimate);
        /// The Arbitrum blocks that saw an Ethereum block.
        function l2BlockRangeForL1(uint64 blockNum) external view returns (uint64 firstBlock, uint64 lastBlock);
    }
}
