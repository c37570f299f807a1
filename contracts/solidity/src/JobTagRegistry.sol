// SPDX-License-Identifier: MIT
pragma solidity 0.8.28;

import {DemandAdverts} from "./DemandAdverts.sol";
import {LivepeerViews} from "./LivepeerViews.sol";
import {RoundBooks} from "./RoundBooks.sol";
import {TagTree} from "./TagTree.sol";

/// @title JobTagRegistry
/// @notice What tags exist, which gateway buys which, how its nonces are read, and what it says it paid for.
///
/// It holds no money and takes none, cannot be changed, has no owner, and calls nobody but for views of
/// Livepeer's Controller, RoundsManager and TicketBroker. Each record belongs to one gateway or to the owner of
/// one tag; nobody else can write it. Nothing is stored for a ticket: what is said about tickets is in the log.
///
/// Parts: TagTree (tags), DemandAdverts (what gateways buy), NonceSchemes (how nonces are read), RoundBooks
/// (commitments and proofs), GatewayOperators (who writes for a gateway), LivepeerViews (what is read).
contract JobTagRegistry is TagTree, DemandAdverts, RoundBooks {
    /// @param livepeerController Livepeer's Controller on this chain.
    /// @param rootsCurator Who registers the roots outside `x-`.
    constructor(address livepeerController, address rootsCurator)
        LivepeerViews(livepeerController)
        TagTree(rootsCurator)
    {}

    /// @notice Names the tag of tickets after the fact, for tickets whose signer sets its own nonces. The weakest of
    /// the statements here: it can be made knowing which tickets won.
    /// @param ticketHashes At least one; whether they exist is not asked.
    function attestTickets(address gw, uint32 tagId, bytes32[] calldata ticketHashes) external onlyFor(gw) {
        _existing(tagId);
        if (ticketHashes.length == 0) revert NothingAttested();
        emit TicketsAttested(gw, tagId, ticketHashes);
    }

    /// @notice Publishes where the caller's manifest is.
    /// @param hash keccak256 of its canonical bytes.
    function setManifest(string calldata uri, bytes32 hash) external {
        emit ManifestSet(msg.sender, uri, hash);
    }

    /// @notice Publishes the key that signs the caller's data; zero for none.
    function setDataKey(address key) external {
        emit DataKeySet(msg.sender, key);
    }
}
