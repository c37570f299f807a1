// SPDX-License-Identifier: MIT
pragma solidity 0.8.28;

import {Fixture} from "./Fixture.sol";

/// How nonces are read, and that what was paid is never read anew.
contract SchemesTest is Fixture {
    function test_a_scheme_holds_from_its_round_on() external {
        expectEvent();
        emit NonceSchemeSet(gateway, 101, 1, keccak256("param"));
        vm.prank(gateway);
        registry.setNonceScheme(gateway, 1, 101, keccak256("param"));
        assertEq(registry.schemeAt(gateway, 100), 0, "before");
        assertEq(registry.schemeAt(gateway, 101), 1, "from");
        assertEq(registry.schemeAt(gateway, type(uint64).max), 1, "on");
        assertEq(registry.schemeAt(stranger, 101), 0, "another gateway's");
    }

    function test_a_scheme_is_for_a_future_round() external {
        refused(100, 101, 1_100);
        refused(99, 101, 1_100);
        refused(0, 101, 1_100);
        set(1, 101);
    }

    function test_a_scheme_begins_after_the_last() external {
        set(1, 105);
        refused(105, 106, 1_100);
        refused(101, 106, 1_100);
        set(0, 106);
        rounds.set(300);
        refused(300, 301, 1_300);
        set(1, 301);
    }

    function test_a_slip_does_not_lock_a_gateway_in() external {
        refused(1_101, 101, 1_100);
        refused(type(uint64).max, 101, 1_100);
        set(1, 1_100);
    }

    function test_schemes_that_mean_nothing_are_refused() external {
        for (uint256 scheme = 3; scheme < 256; ++scheme) {
            vm.expectRevert(abi.encodeWithSelector(UnknownScheme.selector, scheme));
            vm.prank(gateway);
            registry.setNonceScheme(gateway, uint8(scheme), 101, 0);
        }
    }

    function test_nobody_announces_for_another() external {
        vm.expectRevert(abi.encodeWithSelector(NotAuthorized.selector, gateway, stranger));
        vm.prank(stranger);
        registry.setNonceScheme(gateway, 1, 101, 0);
    }

    function test_without_a_rounds_manager_nothing_is_announced() external {
        bytes32 id = keccak256("RoundsManager");
        controller.setContractInfo(id, address(0), 0);
        vm.expectRevert(abi.encodeWithSelector(UnknownContract.selector, id));
        vm.prank(gateway);
        registry.setNonceScheme(gateway, 1, 101, 0);
    }

    function test_stock_nonces_are_untagged() external {
        set(1, 101);
        for (uint256 nonce = 1; nonce <= 600; ++nonce) {
            decodes(101, nonce, 0, nonce);
        }
    }

    function test_the_ends_of_scheme_one() external {
        set(1, 101);
        decodes(101, encoded(1, 1), 1, 1);
        decodes(101, encoded(2_097_151, 1_023), 2_097_151, 1_023);
        decodes(101, 0, 0, 0);
        decodes(101, encoded(7, 0), 0, 0);
        decodes(101, 1 << 31, 0, 0);
        decodes(101, (1 << 31) + 1, 0, 0);
        decodes(101, type(uint32).max, 0, 0);
        decodes(101, (1 << 200) + 7_169, 0, 0);
        decodes(101, type(uint256).max, 0, 0);
    }

    function test_under_other_schemes_a_nonce_says_nothing() external {
        decodes(101, encoded(7, 1), 0, 0);
        set(1, 101);
        set(2, 102);
        set(0, 103);
        decodes(100, encoded(7, 1), 0, 0);
        decodes(101, encoded(7, 1), 7, 1);
        decodes(102, encoded(7, 1), 0, 0);
        decodes(103, encoded(7, 1), 0, 0);
    }

    /// I9 over the whole domain.
    function testFuzz_what_is_encoded_is_decoded(uint256 tag, uint256 counter) external {
        set(1, 101);
        tag = bound(tag, 0, 2_097_151);
        counter = bound(counter, 1, 1_023);
        decodes(101, encoded(uint32(tag), counter), tag, counter);
    }

    function testFuzz_what_decodes_has_only_that_nonce(uint256 nonce, uint8 shift) external {
        set(1, 101);
        nonce >>= shift;
        (uint32 tag, uint16 counter) = registry.decodeNonce(gateway, 101, nonce);
        if (nonce < 1 << 31 && nonce % 1_024 != 0) {
            assertEq(encoded(tag, counter), nonce, "nonce");
            assertTrue(counter >= 1 && counter <= 1_023, "counter");
        } else {
            assertEq(uint256(tag) + counter, 0, "nothing");
        }
    }

    /// Any history against a list that is searched from its end, at every round.
    function testFuzz_histories(uint256 seed, uint8 length) external {
        uint64[] memory from = new uint64[](length % 40);
        uint8[] memory scheme = new uint8[](from.length);
        uint64 last = 0;
        for (uint256 i = 0; i < from.length; ++i) {
            seed = uint256(keccak256(abi.encode(seed)));
            rounds.set(rounds.currentRound() + (seed >> 128) % 5);
            uint64 current = uint64(rounds.currentRound());
            last = (last > current ? last : current) + 1 + uint64(seed % 4);
            (from[i], scheme[i]) = (last, uint8((seed >> 64) % 3));
            set(scheme[i], last);
        }
        for (uint64 round = 95; round <= last + 3; ++round) {
            assertEq(registry.schemeAt(gateway, round), naive(from, scheme, round), "scheme");
        }
    }

    function naive(uint64[] memory from, uint8[] memory scheme, uint64 round) private pure returns (uint8) {
        for (uint256 i = from.length; i > 0; --i) {
            if (from[i - 1] <= round) return scheme[i - 1];
        }
        return 0;
    }

    function set(uint8 scheme, uint64 round) private {
        vm.prank(gateway);
        registry.setNonceScheme(gateway, scheme, round, 0);
    }

    function refused(uint64 round, uint256 earliest, uint256 latest) private {
        vm.expectRevert(abi.encodeWithSelector(InvalidSchemeRound.selector, round, earliest, latest));
        set(1, round);
    }

    function decodes(uint64 round, uint256 nonce, uint256 tag, uint256 counter) private view {
        (uint32 gotTag, uint16 gotCounter) = registry.decodeNonce(gateway, round, nonce);
        assertEq(gotTag, tag, "tag");
        assertEq(gotCounter, counter, "counter");
    }
}
