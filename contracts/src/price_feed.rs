//! A Chainlink price feed, for prices in another currency than ether.

use alloy_sol_types::sol;

sol! {
    #![sol(all_derives)]

    /// One price.
    interface PriceFeed {
        /// A new price.
        event AnswerUpdated(int256 indexed current, uint256 indexed roundId, uint256 updatedAt);

        /// Digits after the point of an answer.
        function decimals() external view returns (uint8 digits);
        /// The pair, for example `ETH / USD`.
        function description() external view returns (string memory pair);
        /// The newest price and its time in Unix seconds.
        function latestRoundData() external view returns (uint80 roundId, int256 answer, uint256 startedAt, uint256 updatedAt, uint80 answeredInRound);
    }
}
