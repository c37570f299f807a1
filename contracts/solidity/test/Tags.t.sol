// SPDX-License-Identifier: MIT
pragma solidity 0.8.28;

import {JobTagRegistry} from "../src/JobTagRegistry.sol";
import {Fixture} from "./Fixture.sol";

/// Who may register what, and what a tag keeps for ever.
contract TagsTest is Fixture {
    string private constant LABEL_32 = "a0123456789._-bcdefghijklmnopqrs";

    function test_ids_are_dense_and_keys_are_namehashes() external {
        uint32 ai = root("ai");
        uint32 image = child(ai, "text-to-image", curator);
        assertEq(ai, 1, "first");
        assertEq(image, 2, "second");
        assertEq(registry.tagCount(), 2, "count");
        // namehash("ai/text-to-image"), computed apart from here.
        bytes32 key = keccak256(
            bytes.concat(keccak256(bytes.concat(bytes32(0), keccak256("ai"))), keccak256("text-to-image"))
        );
        assertEq(registry.keyOf(image), key, "key");
        assertEq(registry.tagIdOf(key), image, "id");
        assertEq(registry.pathLength(image), bytes("ai/text-to-image").length, "path");
        assertEq(registry.tagIdOf(keccak256("nothing")), 0, "no id");
        assertEq(registry.keyOf(3), bytes32(0), "no key");
        assertEq(registry.pathLength(3), 0, "no path");
        TagInfo memory info = registry.tagInfo(image);
        assertEq(info.parentId, ai, "parent");
        assertEq(info.depth, 2, "depth");
        assertEq(info.flags, 0, "flags");
        assertEq(info.status, ACTIVE, "status");
        assertEq(info.createdAt, block.timestamp, "created");
        assertEq(info.owner, curator, "owner");
        assertEq(registry.tagInfo(3).status, 0, "no tag");
    }

    /// Computed with another library (js-sha3).
    function test_vectors_of_namehashes() external {
        uint32 abr = child(child(root("transcode"), "live", curator), "abr", curator);
        uint32 ai = root("ai");
        uint32 image = child(ai, "text-to-image", curator);
        uint32 compute = root("compute");
        vm.prank(stranger);
        uint32 acme = registry.registerTag(0, "x-acme", 0, 0, "");
        uint32 abc = child(child(acme, "render.v2", stranger), "a_b-c", stranger);
        bytes32[6] memory keys = [
            bytes32(0x3473d3e6a0f24dae634a9e11141d316ddb1add61b3e6501f351003ecda669718),
            0x565b898d25f9ff5fcae8422410696e91c618cae6c68410ca1c67dd32b6b90ddf,
            0x27de81d153f00bce2eee12d504a0dba83ccbd448dc27f94e8704b96492e7d38b,
            0x06afe8b6431843ab8344e58d0dd1ec04d9ce1040ba9e82bc2a69c4f54022a8f5,
            0x5bbdd99d850c47649e279792e1dd4ec15a260d38c47650e32026ba8ae1e2d062,
            0x1faed4e5e0580e95781163d4a9d0c90eac7efda68e4dad64a99f500afdaa6ef3
        ];
        uint32[6] memory ids = [1, abr, ai, image, compute, abc];
        for (uint256 i = 0; i < keys.length; ++i) {
            assertEq(registry.keyOf(ids[i]), keys[i], "key");
            assertEq(registry.tagIdOf(keys[i]), ids[i], "id");
        }
    }

    function test_a_registration_is_logged_whole() external {
        bytes32 key = keccak256(abi.encode(bytes32(0), keccak256("ai")));
        expectEvent();
        emit TagRegistered(1, 0, key, curator, OPEN, "ai", keccak256("schema"), "ipfs://schema");
        vm.prank(curator);
        registry.registerTag(0, "ai", OPEN, keccak256("schema"), "ipfs://schema");
    }

    function test_only_the_curator_registers_plain_roots() external {
        vm.expectRevert(abi.encodeWithSelector(NotTagOwner.selector, 0, stranger));
        vm.prank(stranger);
        registry.registerTag(0, "ai", 0, 0, "");
        root("ai");
    }

    function test_a_namespace_belongs_to_the_first() external {
        vm.prank(stranger);
        uint32 id = registry.registerTag(0, "x-acme", 0, 0, "");
        assertEq(registry.tagInfo(id).owner, stranger, "owner");
        vm.expectRevert(abi.encodeWithSelector(TagExists.selector, id));
        vm.prank(curator);
        registry.registerTag(0, "x-acme", 0, 0, "");
        // The curator has no power over what is somebody else's.
        vm.expectRevert(abi.encodeWithSelector(NotTagOwner.selector, id, curator));
        vm.prank(curator);
        registry.registerTag(id, "stolen", 0, 0, "");
    }

    function test_below_a_closed_tag_only_its_owner_registers() external {
        uint32 ai = root("ai");
        vm.expectRevert(abi.encodeWithSelector(NotTagOwner.selector, ai, stranger));
        vm.prank(stranger);
        registry.registerTag(ai, "chat", 0, 0, "");
        child(ai, "chat", curator);
    }

    function test_below_an_open_tag_anybody_registers() external {
        vm.prank(curator);
        uint32 compute = registry.registerTag(0, "compute", OPEN, 0, "");
        uint32 mine = child(compute, "mine", stranger);
        assertEq(registry.tagInfo(mine).owner, stranger, "owner");
        // Open is not inherited.
        vm.expectRevert(abi.encodeWithSelector(NotTagOwner.selector, mine, gateway));
        vm.prank(gateway);
        registry.registerTag(mine, "yours", 0, 0, "");
    }

    function test_a_tag_is_registered_once() external {
        uint32 ai = root("ai");
        uint32 chat = child(ai, "chat", curator);
        vm.expectRevert(abi.encodeWithSelector(TagExists.selector, chat));
        vm.prank(curator);
        registry.registerTag(ai, "chat", 0, 0, "");
    }

    function test_a_parent_must_be_there_and_in_use() external {
        uint32 ai = root("ai");
        vm.expectRevert(abi.encodeWithSelector(UnknownTag.selector, 7));
        vm.prank(curator);
        registry.registerTag(7, "chat", 0, 0, "");
        vm.prank(curator);
        registry.setTagStatus(ai, DEPRECATED, 0);
        vm.expectRevert(abi.encodeWithSelector(TagNotActive.selector, ai));
        vm.prank(curator);
        registry.registerTag(ai, "chat", 0, 0, "");
    }

    function test_a_root_and_four_segments_are_the_most() external {
        uint32 id = root("ai");
        for (uint256 i = 0; i < 4; ++i) {
            id = child(id, "a", curator);
        }
        assertEq(registry.tagInfo(id).depth, 5, "depth");
        vm.expectRevert(abi.encodeWithSelector(TooDeep.selector, id));
        vm.prank(curator);
        registry.registerTag(id, "a", 0, 0, "");
    }

    function test_a_path_has_at_most_96_bytes() external {
        uint32 two = child(root(LABEL_32), LABEL_32, curator);
        // 32 + 1 + 32 + 1 + 30 are 96.
        uint32 full = child(two, "123456789012345678901234567890", curator);
        assertEq(registry.pathLength(full), 96, "full");
        vm.expectRevert(abi.encodeWithSelector(PathTooLong.selector, 97));
        vm.prank(curator);
        registry.registerTag(two, "1234567890123456789012345678901", 0, 0, "");
        vm.expectRevert(abi.encodeWithSelector(PathTooLong.selector, 98));
        vm.prank(curator);
        registry.registerTag(full, "a", 0, 0, "");
    }

    function test_flags_that_mean_nothing_are_refused() external {
        for (uint256 flags = 2; flags < 256; ++flags) {
            vm.expectRevert(abi.encodeWithSelector(UnknownFlags.selector, flags));
            vm.prank(curator);
            registry.registerTag(0, "ai", uint8(flags), 0, "");
        }
    }

    function test_numbers_end_where_21_bits_end() external {
        vm.store(address(registry), 0, bytes32(uint256(2_097_150)));
        assertEq(registry.tagCount(), 2_097_150, "slot 0");
        assertEq(root("ai"), 2_097_151, "last");
        vm.expectRevert(abi.encodeWithSelector(TagIdsExhausted.selector));
        vm.prank(curator);
        registry.registerTag(0, "compute", 0, 0, "");
    }

    function test_the_owner_describes_deprecates_and_gives_away() external {
        uint32 old = root("ai");
        uint32 next = root("compute");
        expectEvent();
        emit TagSchemaUpdated(old, keccak256("b"), "uri");
        vm.prank(curator);
        registry.updateSchema(old, keccak256("b"), "uri");
        expectEvent();
        emit TagStatusSet(old, DEPRECATED, next);
        vm.prank(curator);
        registry.setTagStatus(old, DEPRECATED, next);
        assertEq(registry.tagInfo(old).status, DEPRECATED, "deprecated");
        expectEvent();
        emit TagOwnerSet(old, stranger);
        vm.prank(curator);
        registry.transferTag(old, stranger);
        assertEq(registry.tagInfo(old).owner, stranger, "owner");
        expectEvent();
        emit TagStatusSet(old, ACTIVE, 0);
        vm.prank(stranger);
        registry.setTagStatus(old, ACTIVE, 0);
        vm.expectRevert(abi.encodeWithSelector(NotTagOwner.selector, old, curator));
        vm.prank(curator);
        registry.transferTag(old, curator);
    }

    function test_nobody_else_does() external {
        uint32 id = root("ai");
        bytes memory refusal = abi.encodeWithSelector(NotTagOwner.selector, id, stranger);
        vm.expectRevert(refusal);
        vm.prank(stranger);
        registry.updateSchema(id, 0, "");
        vm.expectRevert(refusal);
        vm.prank(stranger);
        registry.setTagStatus(id, DEPRECATED, 0);
        vm.expectRevert(refusal);
        vm.prank(stranger);
        registry.transferTag(id, stranger);
    }

    function test_what_is_not_there_cannot_be_changed() external {
        bytes memory refusal = abi.encodeWithSelector(UnknownTag.selector, 1);
        vm.expectRevert(refusal);
        registry.updateSchema(1, 0, "");
        vm.expectRevert(refusal);
        registry.setTagStatus(1, DEPRECATED, 0);
        vm.expectRevert(refusal);
        registry.transferTag(1, stranger);
    }

    function test_a_tag_is_never_nobodys() external {
        uint32 id = root("ai");
        vm.expectRevert(abi.encodeWithSelector(ZeroAddress.selector));
        vm.prank(curator);
        registry.transferTag(id, address(0));
    }

    function test_a_status_is_one_or_two() external {
        uint32 id = root("ai");
        uint8[3] memory wrong = [0, 3, 255];
        for (uint256 i = 0; i < wrong.length; ++i) {
            vm.expectRevert(abi.encodeWithSelector(UnknownStatus.selector, wrong[i]));
            vm.prank(curator);
            registry.setTagStatus(id, wrong[i], 0);
        }
    }

    function test_replacements_never_go_round() external {
        uint32 a = root("ai");
        uint32 b = root("compute");
        refuseReplacement(a, DEPRECATED, a);
        refuseReplacement(a, DEPRECATED, 9);
        refuseReplacement(a, ACTIVE, b);
        vm.prank(curator);
        registry.setTagStatus(a, DEPRECATED, b);
        refuseReplacement(b, DEPRECATED, a);
    }

    function refuseReplacement(uint32 id, uint8 status, uint32 by) private {
        vm.expectRevert(abi.encodeWithSelector(InvalidReplacement.selector, id, by));
        vm.prank(curator);
        registry.setTagStatus(id, status, by);
    }

    function test_a_registry_needs_a_controller_and_a_curator() external {
        vm.expectRevert(abi.encodeWithSelector(ZeroAddress.selector));
        new JobTagRegistry(address(0), curator);
        vm.expectRevert(abi.encodeWithSelector(ZeroAddress.selector));
        new JobTagRegistry(address(controller), address(0));
        assertEq(registry.controller(), address(controller), "controller");
        assertEq(registry.curator(), curator, "curator");
    }

    function test_it_takes_no_ether() external {
        vm.deal(address(this), 1 ether);
        (bool sent,) = address(registry).call{value: 1}("");
        assertTrue(!sent, "plain ether");
        (sent,) = address(registry).call{value: 1}(abi.encodeWithSignature("setDataKey(address)", this));
        assertTrue(!sent, "ether with a call");
    }
}
