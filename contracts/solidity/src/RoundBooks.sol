// SPDX-License-Identifier: MIT
pragma solidity 0.8.28;

import {NonceSchemes} from "./NonceSchemes.sol";

/// @title What gateways say they paid for
/// @notice Per round one Merkle root over all payment sessions of a gateway, winning or not. The leaves are
/// published elsewhere; a leaf counts here when somebody proves it. The tree is OpenZeppelin's
/// StandardMerkleTree: leaves hashed twice, pairs sorted.
abstract contract RoundBooks is NonceSchemes {
    /// Rounds after its end in which a book can still be committed.
    uint256 private constant WINDOW = 2;

    mapping(address gateway => mapping(uint64 round => Commit)) private commits;

    /// @notice Commits a gateway to its book of a round, or corrects it. Possible while the round runs and in the two
    /// after it; the last revision then stands for ever, those before it stay in the log.
    /// @param root Merkle root; zero for a book without leaves.
    /// @param datasetRoot Root over the data files published for the round; kept in the event only.
    /// @param totalEV Expected value of all tickets in wei.
    /// @param uri Where the leaf file is.
    function commitRound(
        address gw,
        uint64 round,
        bytes32 root,
        bytes32 datasetRoot,
        uint32 leaves,
        uint128 totalEV,
        string calldata uri
    ) external onlyFor(gw) {
        uint256 current = _currentRound();
        if (round > current || current - round > WINDOW) revert OutsideCommitWindow(round, current);
        if ((root == 0) != (leaves == 0)) revert InvalidBook(root, leaves);
        Commit storage commit = commits[gw][round];
        uint32 revision = commit.revision + 1;
        commit.root = root;
        // One slot, written at once.
        (commit.revision, commit.leaves, commit.at, commit.totalEV) =
            (revision, leaves, uint40(block.timestamp), totalEV);
        emit RoundCommitted(gw, round, revision, root, datasetRoot, leaves, totalEV, uri);
    }

    /// @notice The newest commitment of a gateway to a round; revision 0 for none.
    function commitOf(address gw, uint64 round) external view returns (Commit memory) {
        return commits[gw][round];
    }

    /// @notice Records that a redeemed ticket is in its sender's book of the round it was created in. Anybody may.
    function proveTicketTag(Ticket calldata ticket, Leaf calldata leaf, bytes32[] calldata proof) external {
        (bytes32 hash, uint64 round) = _requireInBook(ticket, leaf, proof);
        emit TicketTagProven(
            hash, ticket.sender, leaf.tagId, ticket.recipient, ticket.faceValue, round, leaf.jobRef
        );
    }

    /// @notice Records that a redeemed ticket's nonce and its sender's book name different tags. Anybody may. The
    /// broker took the ticket, so its sender signed the nonce, and its sender committed the book.
    function reportEquivocation(Ticket calldata ticket, Leaf calldata leaf, bytes32[] calldata proof) external {
        (bytes32 hash, uint64 round) = _requireInBook(ticket, leaf, proof);
        (uint32 nonceTagId,) = decodeNonce(ticket.sender, round, ticket.senderNonce);
        if (nonceTagId == 0 || nonceTagId == leaf.tagId) revert NoEquivocation(nonceTagId, leaf.tagId);
        emit Equivocation(hash, ticket.sender, nonceTagId, leaf.tagId);
    }

    /// @notice Hash of a ticket, as the TicketBroker makes it.
    function ticketHash(Ticket calldata ticket) public pure returns (bytes32) {
        return keccak256(
            abi.encodePacked(
                ticket.recipient,
                ticket.sender,
                ticket.faceValue,
                ticket.winProb,
                ticket.senderNonce,
                ticket.recipientRandHash,
                ticket.auxData
            )
        );
    }

    /// @notice Hash of a leaf of a gateway's book of a round on this chain.
    function leafHash(address gw, uint64 round, Leaf calldata leaf) public view returns (bytes32) {
        return keccak256(abi.encode(keccak256(abi.encode(block.chainid, gw, round, leaf))));
    }

    function _requireInBook(Ticket calldata ticket, Leaf calldata leaf, bytes32[] calldata proof)
        private
        view
        returns (bytes32 hash, uint64 round)
    {
        round = _roundOf(ticket.auxData);
        if (leaf.recipient != ticket.recipient || leaf.recipientRandHash != ticket.recipientRandHash) {
            revert LeafMismatch();
        }
        Commit storage commit = commits[ticket.sender][round];
        if (commit.revision == 0) revert NotCommitted(ticket.sender, round);
        bytes32 node = leafHash(ticket.sender, round, leaf);
        bytes32 root = commit.root;
        if (_climb(node, proof) != root) revert NotInBook(root, node);
        hash = ticketHash(ticket);
        if (!_isUsed(hash)) revert TicketNotUsed(hash);
    }

    /// The round that the ticket itself names, as signed by its sender.
    function _roundOf(bytes calldata auxData) private pure returns (uint64) {
        if (auxData.length != 64) revert InvalidAuxData();
        uint256 round = uint256(bytes32(auxData[:32]));
        if (round > type(uint64).max) revert InvalidAuxData();
        return uint64(round);
    }

    function _climb(bytes32 node, bytes32[] calldata proof) private pure returns (bytes32) {
        for (uint256 i = 0; i < proof.length; ++i) {
            bytes32 sibling = proof[i];
            node = node < sibling ? _pair(node, sibling) : _pair(sibling, node);
        }
        return node;
    }

    /// keccak256(abi.encode(a, b)) in the scratch space: a third less gas for each level of a proof.
    function _pair(bytes32 a, bytes32 b) private pure returns (bytes32 hash) {
        assembly ("memory-safe") {
            mstore(0x00, a)
            mstore(0x20, b)
            hash := keccak256(0x00, 0x40)
        }
    }
}
