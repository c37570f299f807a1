// SPDX-License-Identifier: MIT
pragma solidity 0.8.28;

/// Stand-in for tests. The registry of contracts by the hash of their name, and the pause.
/// Unlike the real one it begins unpaused.
contract Controller {
    struct Entry {
        address contractAddress;
        bytes20 gitCommitHash;
    }

    event SetContractInfo(bytes32 id, address contractAddress, bytes20 gitCommitHash);

    address public owner = msg.sender;
    bool public paused;
    mapping(bytes32 => Entry) private entries;

    modifier onlyOwner() {
        require(msg.sender == owner, "caller must be the owner");
        _;
    }

    function setContractInfo(bytes32 id, address contractAddress, bytes20 gitCommitHash) external onlyOwner {
        entries[id] = Entry(contractAddress, gitCommitHash);
        emit SetContractInfo(id, contractAddress, gitCommitHash);
    }

    function getContractInfo(bytes32 id) external view returns (address, bytes20) {
        return (entries[id].contractAddress, entries[id].gitCommitHash);
    }

    function getContract(bytes32 id) external view returns (address) {
        return entries[id].contractAddress;
    }

    function pause() external onlyOwner {
        paused = true;
    }

    function unpause() external onlyOwner {
        paused = false;
    }
}
