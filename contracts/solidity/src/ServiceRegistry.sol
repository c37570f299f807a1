// SPDX-License-Identifier: MIT
pragma solidity 0.8.28;

/// Stand-in for tests. Where orchestrators are reached.
contract ServiceRegistry {
    event ServiceURIUpdate(address indexed addr, string serviceURI);

    mapping(address => string) private uris;

    function setServiceURI(string calldata serviceURI) external {
        uris[msg.sender] = serviceURI;
        emit ServiceURIUpdate(msg.sender, serviceURI);
    }

    function getServiceURI(address addr) external view returns (string memory) {
        return uris[addr];
    }
}
