// SPDX-License-Identifier: MIT
pragma solidity 0.8.28;

import {Fixture} from "./Fixture.sol";

/// The grammar of labels, byte by byte, against a second reading of it.
contract LabelsTest is Fixture {
    uint32 private parent;

    function setUp() public override {
        super.setUp();
        parent = root("ai");
    }

    function test_every_byte_at_the_beginning_and_after() external {
        for (uint256 i = 0; i < 256; ++i) {
            bytes1 char = bytes1(uint8(i));
            accepts(parent, string(bytes.concat(char)), alnum(char), 0);
            accepts(parent, string(bytes.concat("q", char)), alnum(char) || mark(char), 1);
        }
    }

    function test_every_byte_of_a_namespace() external {
        for (uint256 i = 0; i < 256; ++i) {
            bytes1 char = bytes1(uint8(i));
            accepts(0, string(bytes.concat("x-", char)), alnum(char), 2);
            accepts(0, string(bytes.concat("x-q", char)), alnum(char), 3);
        }
    }

    function test_lengths() external {
        accepts(parent, "", false, 0);
        accepts(parent, "a", true, 0);
        accepts(parent, "a0123456789._-bcdefghijklmnopqrs", true, 0);
        accepts(parent, "a0123456789._-bcdefghijklmnopqrst", false, 32);
        accepts(0, "x-", false, 2);
        accepts(0, "x-0", true, 0);
        accepts(0, "x-abcdefghijklmnopqrstuvwx", true, 0);
        accepts(0, "x-abcdefghijklmnopqrstuvwxy", false, 26);
        accepts(0, "", false, 0);
    }

    function test_a_label_of_any_length_is_refused_cheaply() external {
        bytes memory long = new bytes(100_000);
        for (uint256 i = 0; i < 40; ++i) long[i] = "a";
        accepts(parent, string(long), false, 32);
    }

    function testFuzz_any_bytes(bytes calldata label, bool asRoot) external {
        uint256 at = asRoot ? rootError(label) : segmentError(label, 0);
        accepts(asRoot ? 0 : parent, string(label), at == type(uint256).max, at);
    }

    /// Mostly valid labels, with one byte changed.
    function testFuzz_nearly_valid(uint256 seed, uint8 length, uint8 place, bytes1 char) external {
        bytes memory alphabet = "abcdefghijklmnopqrstuvwxyz0123456789._-";
        bytes memory label = new bytes(1 + length % 34);
        for (uint256 i = 0; i < label.length; ++i) {
            label[i] = alphabet[uint256(keccak256(abi.encode(seed, i))) % (i == 0 ? 36 : 39)];
        }
        label[place % label.length] = char;
        this.testFuzz_any_bytes(label, false);
    }

    /// Registers as the curator, or is refused at a byte, or because the tag is there already.
    function accepts(uint32 below, string memory label, bool valid, uint256 position) private {
        bytes32 above = below == 0 ? bytes32(0) : registry.keyOf(below);
        uint32 there = registry.tagIdOf(keccak256(abi.encode(above, keccak256(bytes(label)))));
        if (!valid) vm.expectRevert(abi.encodeWithSelector(InvalidLabel.selector, label, position));
        else if (there != 0) vm.expectRevert(abi.encodeWithSelector(TagExists.selector, there));
        vm.prank(curator);
        uint32 id = registry.registerTag(below, label, 0, 0, "");
        if (valid && there == 0) assertEq(registry.tagInfo(id).owner, curator, label);
    }

    function rootError(bytes calldata label) private pure returns (uint256) {
        if (label.length < 2 || label[0] != "x" || label[1] != "-") return segmentError(label, 0);
        if (label.length == 2) return 2;
        for (uint256 i = 2; i < label.length && i < 32; ++i) {
            if (!alnum(label[i])) return i;
        }
        return label.length > 26 ? 26 : type(uint256).max;
    }

    function segmentError(bytes calldata label, uint256 from) private pure returns (uint256) {
        if (label.length == from || !alnum(label[from])) return from;
        for (uint256 i = from + 1; i < label.length && i < 32; ++i) {
            if (!alnum(label[i]) && !mark(label[i])) return i;
        }
        return label.length > 32 ? 32 : type(uint256).max;
    }

    function alnum(bytes1 char) private pure returns (bool) {
        return (char >= "a" && char <= "z") || (char >= "0" && char <= "9");
    }

    function mark(bytes1 char) private pure returns (bool) {
        return char == "." || char == "_" || char == "-";
    }
}
