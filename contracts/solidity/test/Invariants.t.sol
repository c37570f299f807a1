// SPDX-License-Identifier: MIT
pragma solidity 0.8.28;

import {Fixture} from "./Fixture.sol";
import {BookWorld} from "./invariant/BookWorld.sol";
import {TagWorld} from "./invariant/TagWorld.sol";

/// I1 to I12 of payments-contracts 6.5 over random histories of several gateways, operators and strangers, with
/// time and rounds that pass. I3, I4, I7, I8 and I12 are decided in `invariant/` at each step.
contract InvariantsTest is Fixture {
    BookWorld private world;

    function setUp() public override {
        super.setUp();
        world = new BookWorld(registry, rounds, broker, curator);
    }

    /// What forge calls at random.
    function targetContracts() external view returns (address[] memory targets) {
        targets = new address[](1);
        targets[0] = address(world);
    }

    /// One function, so that one set of histories serves all.
    function invariant_I1_to_I12() external view {
        tagsKeepTheirPlace();
        permissionsAreCounted();
        nothingIsSpentOrTouched();
        world.checkAdverts();
        world.checkBooks();
    }

    /// At the end of a history, because it looks at every round.
    function afterInvariant() external view {
        world.checkSchemes();
    }

    /// I1: number and key stand for each other and never change. I2: the tree grows downwards.
    function tagsKeepTheirPlace() private view {
        uint32 count = uint32(world.tagCount());
        assertEq(registry.tagCount(), count, "I1: count");
        for (uint32 id = 1; id <= count; ++id) {
            TagWorld.Known memory expected = world.known(id);
            assertEq(registry.keyOf(id), expected.key, "I1: key");
            assertEq(registry.tagIdOf(expected.key), id, "I1: number");
            TagInfo memory info = registry.tagInfo(id);
            assertTrue(info.parentId < id, "I2: parent");
            uint8 above = info.parentId == 0 ? 0 : registry.tagInfo(info.parentId).depth;
            assertEq(info.depth, above + 1, "I2: depth");
            assertTrue(info.depth <= 5, "I2: too deep");
            assertEq(info.parentId, expected.parentId, "I1: moved");
            assertEq(info.flags, expected.flags, "I1: flags");
            assertEq(info.status, expected.status, "I4: status");
            assertEq(info.owner, expected.owner, "I4: owner");
        }
    }

    /// I12: a permission consumes one number.
    function permissionsAreCounted() private view {
        for (uint256 i = 0; i < 3; ++i) {
            address gateway_ = world.people(i);
            assertEq(registry.sigNonce(gateway_), world.nonces(gateway_), "I12");
        }
    }

    /// I11: no money, and nothing of Livepeer's is touched.
    function nothingIsSpentOrTouched() private view {
        assertEq(address(registry).balance, 0, "I11: money");
        assertTrue(!rounds.touched() && !broker.touched(), "I11: touched");
    }
}
