// SPDX-License-Identifier: MIT
pragma solidity 0.8.28;

import {World} from "./World.sol";

/// Random registrations, and the tags as they should be.
abstract contract TagWorld is World {
    struct Known {
        bytes32 key;
        uint32 parentId;
        uint8 depth;
        uint8 flags;
        uint8 status;
        address owner;
    }

    Known[] internal tags;
    string[6] private labels = ["ai", "transcode", "x-acme", "x-zoo", "live", "a.b_c-9"];

    function registerTag(uint256 caller, uint256 parent, uint256 label, bool open) external {
        string memory name = labels[label % labels.length];
        uint32 parentId = uint32(parent % (tags.length + 2));
        bool expected = mayRegister(personOf(caller), parentId, name);
        vm.prank(personOf(caller));
        try registry.registerTag(parentId, name, open ? 1 : 0, 0, "") returns (uint32 id) {
            check(expected, "I3: registered without the right to");
            bytes32 above = parentId == 0 ? bytes32(0) : tags[parentId - 1].key;
            uint8 depth = parentId == 0 ? 1 : tags[parentId - 1].depth + 1;
            bytes32 key = keccak256(abi.encode(above, keccak256(bytes(name))));
            tags.push(Known(key, parentId, depth, open ? 1 : 0, 1, personOf(caller)));
            check(id == tags.length, "ids are dense");
        } catch {
            check(!expected, "a registration was refused");
        }
    }

    function setTagStatus(uint256 caller, uint256 tag, bool deprecate) external {
        uint32 id = uint32(tag % (tags.length + 2));
        bool expected = owns(personOf(caller), id);
        vm.prank(personOf(caller));
        try registry.setTagStatus(id, deprecate ? 2 : 1, 0) {
            check(expected, "I4: a stranger changed a tag");
            tags[id - 1].status = deprecate ? 2 : 1;
        } catch {
            check(!expected, "a status was refused");
        }
    }

    function transferTag(uint256 caller, uint256 tag, uint256 to) external {
        uint32 id = uint32(tag % (tags.length + 2));
        bool expected = owns(personOf(caller), id);
        vm.prank(personOf(caller));
        try registry.transferTag(id, personOf(to)) {
            check(expected, "I4: a stranger gave a tag away");
            tags[id - 1].owner = personOf(to);
        } catch {
            check(!expected, "a transfer was refused");
        }
    }

    function tagCount() external view returns (uint256) {
        return tags.length;
    }

    function known(uint32 id) external view returns (Known memory) {
        return tags[id - 1];
    }

    function isKnown(uint32 id) internal view returns (bool) {
        return id != 0 && id <= tags.length;
    }

    function owns(address caller, uint32 id) private view returns (bool) {
        return isKnown(id) && tags[id - 1].owner == caller;
    }

    /// I3 in words: roots by the curator but for x-…, children by the owner or below an open tag.
    function mayRegister(address caller, uint32 parentId, string memory name) private view returns (bool) {
        bytes32 above = parentId == 0 || !isKnown(parentId) ? bytes32(0) : tags[parentId - 1].key;
        bytes32 key = keccak256(abi.encode(above, keccak256(bytes(name))));
        for (uint256 i = 0; i < tags.length; ++i) {
            if (tags[i].key == key) return false;
        }
        if (parentId == 0) return caller == curator || bytes(name)[0] == "x";
        if (!isKnown(parentId)) return false;
        Known storage parent = tags[parentId - 1];
        bool allowed = parent.owner == caller || parent.flags == 1;
        return allowed && parent.status == 1 && parent.depth < 5;
    }
}
