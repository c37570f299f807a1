// SPDX-License-Identifier: MIT
pragma solidity 0.8.28;

import {Controller} from "./Controller.sol";
import {Managed} from "./Managed.sol";

/// Stand-in for tests. Rounds by block number, and the block hash that tickets of a round must name.
/// The owner may set what a test needs: length, number of the current round, a round's hash.
contract RoundsManager is Managed {
    uint256 private constant MILLION = 1_000_000;

    event NewRound(uint256 indexed round, bytes32 blockHash);
    event ParameterUpdate(string param);

    uint256 public roundLength;
    uint256 public roundLockAmount = 100_000;
    uint256 public lastRoundLengthUpdateRound;
    uint256 public lastRoundLengthUpdateStartBlock;
    uint256 public lastInitializedRound;
    mapping(uint256 => bytes32) public blockHashForRound;

    constructor(Controller _controller, uint256 _roundLength) Managed(_controller) {
        require(_roundLength > 0, "round length cannot be 0");
        roundLength = _roundLength;
        lastRoundLengthUpdateStartBlock = block.number;
    }

    /// Anybody may initialise a round, once. Its hash is that of the block before.
    function initializeRound() external whenNotPaused {
        uint256 round = currentRound();
        require(lastInitializedRound < round, "round already initialized");
        lastInitializedRound = round;
        bytes32 hash = blockhash(block.number - 1);
        blockHashForRound[round] = hash;
        emit NewRound(round, hash);
    }

    /// Another length from the current round's start on.
    function setRoundLength(uint256 length) external onlyOwner {
        require(length > 0, "round length cannot be 0");
        uint256 start = currentRoundStartBlock();
        lastRoundLengthUpdateRound = currentRound();
        lastRoundLengthUpdateStartBlock = start;
        roundLength = length;
        emit ParameterUpdate("roundLength");
    }

    /// For tests: this block is the first of `round`, which is not initialised yet.
    function setRound(uint256 round) external onlyOwner {
        lastRoundLengthUpdateRound = round;
        lastRoundLengthUpdateStartBlock = block.number;
        if (lastInitializedRound >= round) {
            lastInitializedRound = round - 1;
        }
    }

    /// For tests: the hash of a round.
    function setBlockHashForRound(uint256 round, bytes32 hash) external onlyOwner {
        blockHashForRound[round] = hash;
    }

    function currentRound() public view returns (uint256) {
        return lastRoundLengthUpdateRound + (blockNum() - lastRoundLengthUpdateStartBlock) / roundLength;
    }

    function currentRoundStartBlock() public view returns (uint256) {
        return lastRoundLengthUpdateStartBlock + (currentRound() - lastRoundLengthUpdateRound) * roundLength;
    }

    function currentRoundInitialized() external view returns (bool) {
        return lastInitializedRound == currentRound();
    }

    function currentRoundLocked() external view returns (bool) {
        uint256 locked = (roundLength * roundLockAmount) / MILLION;
        return blockNum() - currentRoundStartBlock() >= roundLength - locked;
    }

    function blockNum() public view returns (uint256) {
        return block.number;
    }

    function blockHash(uint256 number) external view returns (bytes32) {
        return blockhash(number);
    }
}
