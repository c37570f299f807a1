// SPDX-License-Identifier: MIT
pragma solidity 0.8.28;

import {Fixture} from "./Fixture.sol";
import {MerkleTree} from "./MerkleTree.sol";

/// Commitments, proofs, contradictions and attestations.
contract BooksTest is Fixture {
    bytes32[] private nodes;

    function test_a_commitment_is_kept_and_logged() external {
        expectEvent();
        emit RoundCommitted(gateway, 100, 1, keccak256("r"), keccak256("d"), 3, 4, "ipfs://book");
        commit(100, keccak256("r"), 3, 4);
        Commit memory got = registry.commitOf(gateway, 100);
        assertEq(got.root, keccak256("r"), "root");
        assertEq(got.revision, 1, "revision");
        assertEq(got.leaves, 3, "leaves");
        assertEq(got.totalEV, 4, "value");
        assertEq(got.at, block.timestamp, "time");
        assertEq(registry.commitOf(gateway, 101).revision, 0, "none");
    }

    function test_a_round_is_committed_while_it_runs_and_in_the_two_after() external {
        for (uint256 current = 100; current <= 102; ++current) {
            rounds.set(current);
            commit(100, keccak256(abi.encode(current)), 1, 1);
            assertEq(registry.commitOf(gateway, 100).revision, current - 99, "revision");
        }
        rounds.set(103);
        refusedWindow(100, 103);
        assertEq(registry.commitOf(gateway, 100).root, keccak256(abi.encode(102)), "final");
        refusedWindow(104, 103);
        refusedWindow(type(uint64).max, 103);
        rounds.set(1);
        commit(0, keccak256("first"), 1, 1);
    }

    function test_a_book_has_both_root_and_leaves_or_neither() external {
        vm.expectRevert(abi.encodeWithSelector(InvalidBook.selector, bytes32(0), 1));
        commit(100, 0, 1, 0);
        vm.expectRevert(abi.encodeWithSelector(InvalidBook.selector, keccak256("r"), 0));
        commit(100, keccak256("r"), 0, 0);
        commit(100, 0, 0, 0);
        commit(100, keccak256("r"), type(uint32).max, type(uint128).max);
        assertEq(registry.commitOf(gateway, 100).totalEV, type(uint128).max, "largest");
    }

    function test_nobody_commits_for_another() external {
        vm.expectRevert(abi.encodeWithSelector(NotAuthorized.selector, gateway, stranger));
        vm.prank(stranger);
        registry.commitRound(gateway, 100, keccak256("r"), 0, 1, 1, "");
    }

    function test_a_redeemed_ticket_is_proved() external {
        Leaf memory line = book(8, 3);
        Ticket memory paid = redeemed(gateway, 3, encoded(7, 1), 100);
        bytes32[] memory proof = proofOf(line);
        bytes32 hash = registry.ticketHash(paid);
        expectEvent();
        emit TicketTagProven(hash, gateway, 7, paid.recipient, paid.faceValue, 100, line.jobRef);
        vm.prank(stranger);
        registry.proveTicketTag(paid, line, proof);
    }

    function test_a_proof_is_for_the_books_final_revision() external {
        Leaf memory old = book(8, 3);
        bytes32[] memory oldProof = proofOf(old);
        bytes32 oldHash = registry.leafHash(gateway, 100, old);
        Leaf memory line = book(9, 3);
        Ticket memory paid = redeemed(gateway, 3, encoded(7, 1), 100);
        bytes32 root = registry.commitOf(gateway, 100).root;
        vm.expectRevert(abi.encodeWithSelector(NotInBook.selector, root, oldHash));
        registry.proveTicketTag(paid, old, oldProof);
        rounds.set(1_000);
        registry.proveTicketTag(paid, line, proofOf(line));
    }

    function test_what_was_not_redeemed_is_not_proved() external {
        Leaf memory line = book(8, 3);
        Ticket memory unpaid = ticket(gateway, 3, encoded(7, 1), 100);
        bytes32[] memory proof = proofOf(line);
        vm.expectRevert(abi.encodeWithSelector(TicketNotUsed.selector, registry.ticketHash(unpaid)));
        registry.proveTicketTag(unpaid, line, proof);
    }

    function test_a_leaf_is_of_the_tickets_session() external {
        Leaf memory line = book(8, 3);
        bytes32[] memory proof = proofOf(line);
        Ticket memory paid = redeemed(gateway, 4, encoded(7, 1), 100);
        vm.expectRevert(abi.encodeWithSelector(LeafMismatch.selector));
        registry.proveTicketTag(paid, line, proof);
        paid.recipientRandHash = line.recipientRandHash;
        vm.expectRevert(abi.encodeWithSelector(LeafMismatch.selector));
        registry.proveTicketTag(paid, line, proof);
        // The same orchestrator's other session.
        paid = redeemed(gateway, 10, encoded(7, 1), 100);
        assertEq(paid.recipient, line.recipient, "recipient");
        vm.expectRevert(abi.encodeWithSelector(LeafMismatch.selector));
        registry.proveTicketTag(paid, line, proof);
    }

    function test_a_leaf_is_taken_as_it_was_committed() external {
        Leaf memory line = book(8, 3);
        bytes32[] memory proof = proofOf(line);
        Ticket memory paid = redeemed(gateway, 3, encoded(7, 1), 100);
        bytes32 root = registry.commitOf(gateway, 100).root;
        Leaf[4] memory changed = [line, line, line, line];
        changed[0] = Leaf(line.recipient, line.recipientRandHash, 8, line.jobRef, line.evWei, line.ticketCount);
        changed[1] = Leaf(line.recipient, line.recipientRandHash, 7, 0, line.evWei, line.ticketCount);
        changed[2] = Leaf(line.recipient, line.recipientRandHash, 7, line.jobRef, 0, line.ticketCount);
        changed[3] = Leaf(line.recipient, line.recipientRandHash, 7, line.jobRef, line.evWei, 0);
        for (uint256 i = 0; i < 4; ++i) {
            bytes32 hash = registry.leafHash(gateway, 100, changed[i]);
            vm.expectRevert(abi.encodeWithSelector(NotInBook.selector, root, hash));
            registry.proveTicketTag(paid, changed[i], proof);
        }
    }

    function test_the_round_is_the_tickets_not_the_callers() external {
        Leaf memory line = book(8, 3);
        bytes32[] memory proof = proofOf(line);
        Ticket memory other = redeemed(gateway, 3, encoded(7, 1), 99);
        vm.expectRevert(abi.encodeWithSelector(NotCommitted.selector, gateway, 99));
        registry.proveTicketTag(other, line, proof);
        // The same book committed for that round has other leaves.
        rounds.set(101);
        vm.prank(gateway);
        registry.commitRound(gateway, 99, nodes[0], 0, 8, 1, "");
        bytes32 hash = registry.leafHash(gateway, 99, line);
        vm.expectRevert(abi.encodeWithSelector(NotInBook.selector, nodes[0], hash));
        registry.proveTicketTag(other, line, proof);
    }

    function test_a_book_proves_nothing_for_another_gateway_or_chain() external {
        Leaf memory line = book(8, 3);
        bytes32[] memory proof = proofOf(line);
        vm.prank(stranger);
        registry.commitRound(stranger, 100, nodes[0], 0, 8, 1, "");
        Ticket memory paid = redeemed(stranger, 3, encoded(7, 1), 100);
        bytes32 hash = registry.leafHash(stranger, 100, line);
        vm.expectRevert(abi.encodeWithSelector(NotInBook.selector, nodes[0], hash));
        registry.proveTicketTag(paid, line, proof);
        paid = redeemed(gateway, 3, encoded(7, 1), 100);
        vm.chainId(block.chainid + 1);
        hash = registry.leafHash(gateway, 100, line);
        vm.expectRevert(abi.encodeWithSelector(NotInBook.selector, nodes[0], hash));
        registry.proveTicketTag(paid, line, proof);
    }

    function test_a_ticket_names_its_round_in_64_bytes() external {
        Leaf memory line = book(8, 3);
        bytes32[] memory proof = proofOf(line);
        Ticket memory paid = redeemed(gateway, 3, encoded(7, 1), 100);
        uint256[4] memory lengths = [uint256(0), 32, 63, 65];
        for (uint256 i = 0; i < 4; ++i) {
            paid.auxData = new bytes(lengths[i]);
            vm.expectRevert(abi.encodeWithSelector(InvalidAuxData.selector));
            registry.proveTicketTag(paid, line, proof);
        }
        // 2^64 + 100 is not round 100.
        paid.auxData = abi.encode((1 << 64) + 100, bytes32(0));
        vm.expectRevert(abi.encodeWithSelector(InvalidAuxData.selector));
        registry.proveTicketTag(paid, line, proof);
    }

    function test_without_a_broker_nothing_is_proved() external {
        Leaf memory line = book(8, 3);
        bytes32[] memory proof = proofOf(line);
        Ticket memory paid = redeemed(gateway, 3, encoded(7, 1), 100);
        bytes32 id = keccak256("TicketBroker");
        controller.setContractInfo(id, address(0), 0);
        vm.expectRevert(abi.encodeWithSelector(UnknownContract.selector, id));
        registry.proveTicketTag(paid, line, proof);
    }

    function test_nonce_and_book_that_differ_are_reported() external {
        scheme();
        Leaf memory line = book(8, 3);
        bytes32[] memory proof = proofOf(line);
        Ticket memory paid = redeemed(gateway, 3, encoded(9, 1), 100);
        bytes32 hash = registry.ticketHash(paid);
        expectEvent();
        emit Equivocation(hash, gateway, 9, 7);
        vm.prank(stranger);
        registry.reportEquivocation(paid, line, proof);
    }

    function test_a_book_that_hides_a_tag_is_reported() external {
        scheme();
        Leaf memory line = leaf(3, 0);
        nodes = [registry.leafHash(gateway, 100, line)];
        commit(100, nodes[0], 1, 1);
        Ticket memory paid = redeemed(gateway, 3, encoded(9, 1), 100);
        expectEvent();
        emit Equivocation(registry.ticketHash(paid), gateway, 9, 0);
        registry.reportEquivocation(paid, line, new bytes32[](0));
    }

    function test_what_is_no_contradiction_is_not_reported() external {
        scheme();
        Leaf memory line = book(8, 3);
        notReported(redeemed(gateway, 3, encoded(7, 1), 100), line, 7);
        // Plain nonces say nothing, and so do those that no scheme reads.
        notReported(redeemed(gateway, 3, 5, 100), line, 0);
        notReported(redeemed(gateway, 3, (1 << 31) | encoded(9, 1), 100), line, 0);
        vm.prank(gateway);
        registry.setNonceScheme(gateway, 0, 101, 0);
        rounds.set(101);
        Leaf memory later = leaf(3, 7);
        commit(101, registry.leafHash(gateway, 101, later), 1, 1);
        Ticket memory paid = redeemed(gateway, 3, encoded(9, 1), 101);
        vm.expectRevert(abi.encodeWithSelector(NoEquivocation.selector, 0, 7));
        registry.reportEquivocation(paid, later, new bytes32[](0));
    }

    function test_nobody_is_framed_with_a_ticket_that_it_did_not_sign() external {
        scheme();
        Leaf memory line = book(8, 3);
        bytes32[] memory proof = proofOf(line);
        Ticket memory forged = ticket(gateway, 3, encoded(9, 1), 100);
        vm.expectRevert(abi.encodeWithSelector(TicketNotUsed.selector, registry.ticketHash(forged)));
        vm.prank(stranger);
        registry.reportEquivocation(forged, line, proof);
    }

    function test_tickets_are_attested_in_one_event() external {
        uint32 tag = root("ai");
        bytes32[] memory hashes = new bytes32[](3);
        hashes[1] = keccak256("ticket");
        expectEvent();
        emit TicketsAttested(gateway, tag, hashes);
        vm.prank(gateway);
        registry.attestTickets(gateway, tag, hashes);
        vm.expectRevert(abi.encodeWithSelector(NothingAttested.selector));
        vm.prank(gateway);
        registry.attestTickets(gateway, tag, new bytes32[](0));
        vm.expectRevert(abi.encodeWithSelector(UnknownTag.selector, 0));
        vm.prank(gateway);
        registry.attestTickets(gateway, 0, hashes);
        vm.expectRevert(abi.encodeWithSelector(NotAuthorized.selector, gateway, stranger));
        vm.prank(stranger);
        registry.attestTickets(gateway, tag, hashes);
    }

    function test_manifest_and_data_key_are_the_callers() external {
        expectEvent();
        emit ManifestSet(gateway, "https://gw.example/.well-known/livepeer-gateway.json", keccak256("m"));
        vm.prank(gateway);
        registry.setManifest("https://gw.example/.well-known/livepeer-gateway.json", keccak256("m"));
        expectEvent();
        emit DataKeySet(gateway, stranger);
        vm.prank(gateway);
        registry.setDataKey(stranger);
    }

    function testFuzz_trees_of_any_size(uint256 seed, uint8 size, uint8 which) external {
        uint256 n = 1 + size % 33;
        Leaf memory line = book(n, which % n, seed);
        Ticket memory paid = redeemed(gateway, which % n, encoded(7, 1), 100);
        bytes32[] memory proof = proofOf(line);
        registry.proveTicketTag(paid, line, proof);
        // No other leaf, no shorter and no longer path.
        bytes32 root = nodes[0];
        Leaf memory stranger_ = leaf(1_000, 7);
        Ticket memory other = redeemed(gateway, 1_000, encoded(7, 1), 100);
        bytes32 hash = registry.leafHash(gateway, 100, stranger_);
        vm.expectRevert(abi.encodeWithSelector(NotInBook.selector, root, hash));
        registry.proveTicketTag(other, stranger_, proof);
        bytes32[] memory longer = new bytes32[](proof.length + 1);
        for (uint256 i = 0; i < proof.length; ++i) longer[i] = proof[i];
        longer[proof.length] = keccak256(abi.encode(seed));
        hash = registry.leafHash(gateway, 100, line);
        vm.expectRevert(abi.encodeWithSelector(NotInBook.selector, root, hash));
        registry.proveTicketTag(paid, line, longer);
    }

    /// A leaf is hashed over 32 bytes and an inner node over 64: no leaf has the hash of an inner node.
    function testFuzz_no_inner_node_is_a_leaf(uint256 seed, uint8 size, uint8 which) external {
        uint256 n = 2 + size % 20;
        Leaf memory line = book(n, which % n, seed);
        uint256 inner = which % (n - 1);
        bytes32[] memory path = MerkleTree.proofOf(nodes, inner);
        bytes32 climbed = nodes[inner];
        for (uint256 i = 0; i < path.length; ++i) climbed = MerkleTree.pair(climbed, path[i]);
        assertEq(climbed, nodes[0], "the path is right");
        Ticket memory paid = redeemed(gateway, which % n, encoded(7, 1), 100);
        bytes32 hash = registry.leafHash(gateway, 100, line);
        if (path.length == proofOf(line).length) return;
        vm.expectRevert(abi.encodeWithSelector(NotInBook.selector, nodes[0], hash));
        registry.proveTicketTag(paid, line, path);
    }

    function testFuzz_leaves_are_hashed_twice_over_all_their_fields(address gw, uint64 round, Leaf calldata line)
        external
        view
    {
        bytes memory encoded_ = abi.encode(
            block.chainid,
            gw,
            round,
            line.recipient,
            line.recipientRandHash,
            line.tagId,
            line.jobRef,
            line.evWei,
            line.ticketCount
        );
        assertEq(encoded_.length, 288, "nine words");
        assertEq(registry.leafHash(gw, round, line), keccak256(abi.encode(keccak256(encoded_))), "hash");
    }

    function testFuzz_tickets_are_hashed_packed(Ticket calldata t) external view {
        bytes memory head = abi.encodePacked(t.recipient, t.sender, t.faceValue, t.winProb, t.senderNonce);
        bytes32 hash = keccak256(bytes.concat(head, t.recipientRandHash, t.auxData));
        assertEq(registry.ticketHash(t), hash, "hash");
    }

    /// Commits a book of sessions 0 to n-1 under tag 7, and gives the leaf of one.
    function book(uint256 n, uint256 session) private returns (Leaf memory) {
        return book(n, session, 0);
    }

    function book(uint256 n, uint256 session, uint256 seed) private returns (Leaf memory line) {
        bytes32[] memory hashes = new bytes32[](n);
        for (uint256 i = 0; i < n; ++i) {
            Leaf memory next = leaf(i, 7);
            next.jobRef = keccak256(abi.encode(seed, n, i));
            if (i == session) line = next;
            hashes[i] = registry.leafHash(gateway, 100, next);
        }
        nodes = MerkleTree.build(hashes);
        commit(100, nodes[0], uint32(n), 1);
    }

    function proofOf(Leaf memory line) private view returns (bytes32[] memory) {
        return MerkleTree.proof(nodes, registry.leafHash(gateway, 100, line));
    }

    /// Tickets of round 100 are read by scheme 1.
    function scheme() private {
        rounds.set(99);
        vm.prank(gateway);
        registry.setNonceScheme(gateway, 1, 100, 0);
        rounds.set(100);
    }

    function notReported(Ticket memory paid, Leaf memory line, uint32 nonceTag) private {
        bytes32[] memory proof = proofOf(line);
        vm.expectRevert(abi.encodeWithSelector(NoEquivocation.selector, nonceTag, line.tagId));
        registry.reportEquivocation(paid, line, proof);
    }

    function commit(uint64 round, bytes32 root, uint32 leaves, uint128 value) private {
        vm.prank(gateway);
        registry.commitRound(gateway, round, root, keccak256("d"), leaves, value, "ipfs://book");
    }

    function refusedWindow(uint64 round, uint256 current) private {
        vm.expectRevert(abi.encodeWithSelector(OutsideCommitWindow.selector, round, current));
        commit(round, keccak256("late"), 1, 1);
    }
}
