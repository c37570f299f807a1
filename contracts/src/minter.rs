//! The Minter, which holds the ether of the TicketBroker, and the bits of the token that are shown.

use alloy_sol_types::sol;

sol! {
    #![sol(all_derives)]

    /// Supply, inflation, ether.
    interface Minter {
        /// Tokens in existence, both layers together.
        function getGlobalTotalSupply() external view returns (uint256 amount);
        /// New tokens per round, as parts per billion of the supply.
        function inflation() external view returns (uint256 perRound);
        /// Takes ether for the TicketBroker.
        function depositETH() external payable returns (bool success);
    }

    /// The token.
    interface LivepeerToken {
        /// Tokens of an account.
        function balanceOf(address account) external view returns (uint256 amount);
        /// Tokens in existence on this layer.
        function totalSupply() external view returns (uint256 amount);
    }
}
