// SPDX-License-Identifier: MIT
pragma solidity 0.8.28;

import {MerkleTree} from "../MerkleTree.sol";
import {JobTagRegistry} from "../../src/JobTagRegistry.sol";
import {Broker, Rounds} from "../Fixture.sol";
import {RecordWorld} from "./RecordWorld.sol";
import {World} from "./World.sol";

/// Random round books, redeemed tickets and proofs. The whole world of a history.
contract BookWorld is RecordWorld {
    struct Book {
        Commit commit;
        bytes32[] nodes;
        uint32[] tagOf;
    }

    uint256 private constant SESSIONS = 4;

    mapping(address => mapping(uint64 => Book)) private books;
    mapping(bytes32 => bool) private paid;
    uint64[] private roundsOf;

    constructor(JobTagRegistry registry_, Rounds rounds_, Broker broker_, address curator_)
        World(registry_, rounds_, broker_, curator_)
    {}

    function commitRound(uint256 gw, uint256 by, uint8 behind, uint256 seed) external {
        (address gateway, address caller) = (gatewayOf(gw), callerFor(gw, by));
        uint64 round = aRound(behind);
        (bytes32[] memory nodes, uint32[] memory tagOf) = someBook(gateway, round, seed);
        bool inWindow = round <= rounds.currentRound() && rounds.currentRound() <= round + 2;
        bool expected = may(gateway, caller) && inWindow;
        vm.prank(caller);
        try registry.commitRound(gateway, round, nodes[0], 0, uint32(tagOf.length), uint128(seed), "") {
            check(expected, "I4, I6: a commitment that should not be");
            Book storage book = books[gateway][round];
            if (book.commit.revision == 0) roundsOf.push(round);
            uint32 revision = book.commit.revision + 1;
            uint40 at = uint40(block.timestamp);
            book.commit = Commit(nodes[0], revision, uint32(tagOf.length), at, uint128(seed));
            (book.nodes, book.tagOf) = (nodes, tagOf);
        } catch {
            check(!expected, "a commitment was refused");
        }
    }

    function redeem(uint256 gw, uint8 behind, uint256 session, uint256 tag, uint16 counter) external {
        Ticket memory t = someTicket(gatewayOf(gw), aRound(behind), session, tag, counter);
        paid[registry.ticketHash(t)] = true;
        broker.setUsed(registry.ticketHash(t));
    }

    /// Proves a ticket's tag, or reports it as a contradiction, with its leaf or with another.
    function prove(uint256 gw, uint8 behind, uint256 session, uint256 tag, uint16 counter, uint8 how) external {
        uint64 round = aRound(behind);
        Ticket memory t = someTicket(gatewayOf(gw), round, session, tag, counter);
        Book storage book = books[t.sender][round];
        // Sometimes the leaf of another session, sometimes another tag.
        uint256 of_ = (session % SESSIONS + (how % 5 == 0 ? 1 : 0)) % SESSIONS;
        uint32 leafTag = of_ < book.tagOf.length ? book.tagOf[of_] : 1;
        if (how % 7 == 0) ++leafTag;
        Leaf memory line = someLeaf(of_, leafTag);
        bytes32 hash = registry.leafHash(t.sender, round, line);
        (bool inBook, bytes32[] memory proof) = find(book, hash);
        bool mine = of_ == session % SESSIONS;
        bool expected = inBook && mine && paid[registry.ticketHash(t)];
        if (how % 2 == 0) {
            try registry.proveTicketTag(t, line, proof) {
                check(expected, "I7: proved what is not so");
            } catch {
                check(!expected, "a proof was refused");
            }
        } else {
            (uint32 nonceTag,) = registry.decodeNonce(t.sender, round, t.senderNonce);
            expected = expected && nonceTag != 0 && nonceTag != leafTag;
            try registry.reportEquivocation(t, line, proof) {
                check(expected, "I8: reported what is no contradiction");
            } catch {
                check(!expected, "a report was refused");
            }
        }
    }

    /// I6: every commitment is the last that was made in its window.
    function checkBooks() external view {
        for (uint256 i = 0; i < GATEWAYS; ++i) {
            for (uint256 j = 0; j < roundsOf.length; ++j) {
                Commit memory got = registry.commitOf(people[i], roundsOf[j]);
                bytes memory expected = abi.encode(books[people[i]][roundsOf[j]].commit);
                check(keccak256(abi.encode(got)) == keccak256(expected), "I6: a commitment changed");
            }
        }
    }

    /// From one round ahead to four behind.
    function aRound(uint8 behind) private view returns (uint64) {
        return uint64(rounds.currentRound() + 1 - behind % 6);
    }

    function someBook(address gateway, uint64 round, uint256 seed)
        private
        view
        returns (bytes32[] memory nodes, uint32[] memory tagOf)
    {
        tagOf = new uint32[](1 + seed % SESSIONS);
        bytes32[] memory hashes = new bytes32[](tagOf.length);
        for (uint256 i = 0; i < tagOf.length; ++i) {
            tagOf[i] = uint32((seed >> (8 + i)) % 3);
            hashes[i] = registry.leafHash(gateway, round, someLeaf(i, tagOf[i]));
        }
        nodes = MerkleTree.build(hashes);
    }

    function someLeaf(uint256 session, uint32 tag) private pure returns (Leaf memory) {
        return Leaf(address(uint160(0xC000 + session % 2)), keccak256(abi.encode(session)), tag, 0, 1, 1);
    }

    function someTicket(address gateway, uint64 round, uint256 session, uint256 tag, uint16 counter)
        private
        pure
        returns (Ticket memory)
    {
        session %= SESSIONS;
        uint256 nonce = ((tag % 3) << 10) | (counter % 4);
        bytes memory aux = abi.encode(uint256(round), bytes32(0));
        return Ticket(address(uint160(0xC000 + session % 2)), gateway, 1, 1, nonce, keccak256(abi.encode(session)), aux);
    }

    function find(Book storage book, bytes32 hash) private view returns (bool, bytes32[] memory proof) {
        for (uint256 i = book.nodes.length; i > 0; --i) {
            // Only leaves: the others are no hash of a leaf.
            if (book.nodes[i - 1] == hash) return (true, MerkleTree.proofOf(book.nodes, i - 1));
        }
        return (false, proof);
    }
}
