// SPDX-License-Identifier: MIT
pragma solidity 0.8.28;

/// Stand-in for tests. A price that its owner sets, with the reading interface of a Chainlink feed.
contract PriceFeed {
    event AnswerUpdated(int256 indexed current, uint256 indexed roundId, uint256 updatedAt);

    address public immutable owner = msg.sender;
    uint8 public immutable decimals;
    string public description;
    uint80 private roundId;
    int256 private answer;
    uint256 private updatedAt;

    constructor(uint8 _decimals, string memory _description, int256 _answer) {
        decimals = _decimals;
        description = _description;
        _set(_answer, block.timestamp);
    }

    function setAnswer(int256 _answer, uint256 _updatedAt) external {
        require(msg.sender == owner, "caller must be the owner");
        _set(_answer, _updatedAt);
    }

    function latestRoundData() external view returns (uint80, int256, uint256, uint256, uint80) {
        return (roundId, answer, updatedAt, updatedAt, roundId);
    }

    function _set(int256 _answer, uint256 _updatedAt) private {
        roundId++;
        answer = _answer;
        updatedAt = _updatedAt;
        emit AnswerUpdated(_answer, roundId, _updatedAt);
    }
}
