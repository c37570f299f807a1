// SPDX-License-Identifier: MIT
pragma solidity 0.8.28;

/// OpenZeppelin's StandardMerkleTree over hashed leaves: an array heap, leaves sorted and filled in from its end,
/// pairs sorted.
library MerkleTree {
    function build(bytes32[] memory leaves) internal pure returns (bytes32[] memory nodes) {
        uint256 n = leaves.length;
        bytes32[] memory sorted = _sorted(leaves);
        nodes = new bytes32[](2 * n - 1);
        for (uint256 i = 0; i < n; ++i) {
            nodes[nodes.length - 1 - i] = sorted[i];
        }
        for (uint256 i = n - 1; i > 0; --i) {
            nodes[i - 1] = pair(nodes[2 * i - 1], nodes[2 * i]);
        }
    }

    function proof(bytes32[] memory nodes, bytes32 leaf) internal pure returns (bytes32[] memory path) {
        uint256 at = nodes.length - 1;
        while (nodes[at] != leaf) --at;
        return proofOf(nodes, at);
    }

    /// The path from any node, an inner one too.
    function proofOf(bytes32[] memory nodes, uint256 at) internal pure returns (bytes32[] memory path) {
        uint256 depth = 0;
        for (uint256 i = at; i > 0; i = (i - 1) / 2) ++depth;
        path = new bytes32[](depth);
        for (uint256 step = 0; at > 0; ++step) {
            path[step] = nodes[at % 2 == 0 ? at - 1 : at + 1];
            at = (at - 1) / 2;
        }
    }

    function pair(bytes32 a, bytes32 b) internal pure returns (bytes32) {
        return a < b ? keccak256(abi.encode(a, b)) : keccak256(abi.encode(b, a));
    }

    function _sorted(bytes32[] memory leaves) private pure returns (bytes32[] memory sorted) {
        sorted = new bytes32[](leaves.length);
        for (uint256 i = 0; i < leaves.length; ++i) {
            uint256 at = i;
            while (at > 0 && sorted[at - 1] > leaves[i]) {
                sorted[at] = sorted[at - 1];
                --at;
            }
            sorted[at] = leaves[i];
        }
    }
}
