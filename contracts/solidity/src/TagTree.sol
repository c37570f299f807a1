// SPDX-License-Identifier: MIT
pragma solidity 0.8.28;

import {IJobTagRegistry} from "./IJobTagRegistry.sol";
import {TagLabels} from "./TagLabels.sol";

/// @title The tags
/// @notice A tree of labels. A tag's key is keccak256(parent's key ‖ keccak256(label)), a root's parent key is
/// zero, so that anybody can compute the key of a path. Its number is dense, because a ticket's nonce has room
/// for 21 bits; a number means the same tag for ever.
///
/// Roots are the curator's, but `x-<namespace>` belongs to who registers it first. Below a tag its owner
/// registers, and anybody if the tag is open.
abstract contract TagTree is IJobTagRegistry {
    /// @notice Anybody may register children.
    uint8 internal constant OPEN = 1;
    uint8 internal constant ACTIVE = 1;
    uint8 internal constant DEPRECATED = 2;

    uint256 private constant MAX_TAGS = (1 << 21) - 1;
    uint256 private constant MAX_DEPTH = 5;
    uint256 private constant MAX_PATH = 96;

    struct Place {
        uint32 tagId;
        uint8 pathLength;
    }

    /// @notice How many tags there are; they are numbered from 1.
    uint32 public tagCount;
    mapping(uint32 tagId => TagInfo) private tags;
    mapping(bytes32 key => Place) private places;
    /// @notice Namehash of a tag; zero for none.
    mapping(uint32 tagId => bytes32 key) public keyOf;

    /// @notice Registers the roots outside `x-`. Has no power over a tag that somebody else owns.
    address public immutable curator;

    constructor(address rootsCurator) {
        if (rootsCurator == address(0)) revert ZeroAddress();
        curator = rootsCurator;
    }

    modifier onlyTagOwner(uint32 tagId) {
        if (_existing(tagId).owner != msg.sender) revert NotTagOwner(tagId, msg.sender);
        _;
    }

    /// @notice Registers a tag, which the caller then owns.
    /// @param parentId Its parent; 0 for a root.
    /// @param label Its last segment.
    /// @param flags 1 if anybody may register children, else 0; for ever.
    /// @param schemaHash keccak256 of the document at `schemaURI` that describes the tag; kept in the event only.
    function registerTag(
        uint32 parentId,
        string calldata label,
        uint8 flags,
        bytes32 schemaHash,
        string calldata schemaURI
    ) external returns (uint32 tagId) {
        if (flags & ~OPEN != 0) revert UnknownFlags(flags);
        bytes32 key;
        (tagId, key) = parentId == 0 ? _addRoot(label, flags) : _addChild(parentId, label, flags);
        emit TagRegistered(tagId, parentId, key, msg.sender, flags, label, schemaHash, schemaURI);
    }

    /// @notice Describes a tag by another document. Its meaning must stay what it was.
    function updateSchema(uint32 tagId, bytes32 schemaHash, string calldata schemaURI) external onlyTagOwner(tagId) {
        emit TagSchemaUpdated(tagId, schemaHash, schemaURI);
    }

    /// @notice Deprecates a tag (2), or takes that back (1). Its number and key stay.
    /// @param replacementId What to use instead of a deprecated tag: another active one, or 0. As it must be
    /// active, replacements never go round in a circle.
    function setTagStatus(uint32 tagId, uint8 status, uint32 replacementId) external onlyTagOwner(tagId) {
        if (status != ACTIVE && status != DEPRECATED) revert UnknownStatus(status);
        bool misplaced = status == ACTIVE || replacementId == tagId || tags[replacementId].status != ACTIVE;
        if (replacementId != 0 && misplaced) revert InvalidReplacement(tagId, replacementId);
        tags[tagId].status = status;
        emit TagStatusSet(tagId, status, replacementId);
    }

    /// @notice Gives a tag to somebody else, at once.
    function transferTag(uint32 tagId, address newOwner) external onlyTagOwner(tagId) {
        if (newOwner == address(0)) revert ZeroAddress();
        tags[tagId].owner = newOwner;
        emit TagOwnerSet(tagId, newOwner);
    }

    /// @notice Number of the tag with a namehash; 0 for none.
    function tagIdOf(bytes32 key) external view returns (uint32) {
        return places[key].tagId;
    }

    /// @notice A tag; all zero for none.
    function tagInfo(uint32 tagId) external view returns (TagInfo memory) {
        return tags[tagId];
    }

    /// @notice Bytes of a tag's path, slashes included; 0 for none.
    function pathLength(uint32 tagId) external view returns (uint256) {
        return places[keyOf[tagId]].pathLength;
    }

    function _existing(uint32 tagId) internal view returns (TagInfo storage tag) {
        tag = tags[tagId];
        if (tag.status == 0) revert UnknownTag(tagId);
    }

    function _isActive(uint32 tagId) internal view returns (bool) {
        return tags[tagId].status == ACTIVE;
    }

    function _addRoot(string calldata label, uint8 flags) private returns (uint32, bytes32) {
        if (TagLabels.isNamespace(bytes(label))) {
            _requireValid(label, TagLabels.namespaceError(bytes(label)));
        } else {
            _requireValid(label, TagLabels.segmentError(bytes(label)));
            if (msg.sender != curator) revert NotTagOwner(0, msg.sender);
        }
        TagInfo memory tag = _newTag(0, 1, flags);
        return _add(tag, bytes32(0), label, bytes(label).length);
    }

    function _addChild(uint32 parentId, string calldata label, uint8 flags) private returns (uint32, bytes32) {
        TagInfo storage parent = _existing(parentId);
        _requireValid(label, TagLabels.segmentError(bytes(label)));
        if (parent.owner != msg.sender && parent.flags & OPEN == 0) revert NotTagOwner(parentId, msg.sender);
        if (parent.status != ACTIVE) revert TagNotActive(parentId);
        uint8 depth = parent.depth;
        if (depth == MAX_DEPTH) revert TooDeep(parentId);
        bytes32 parentKey = keyOf[parentId];
        uint256 length = places[parentKey].pathLength + 1 + bytes(label).length;
        if (length > MAX_PATH) revert PathTooLong(length);
        return _add(_newTag(parentId, depth + 1, flags), parentKey, label, length);
    }

    function _newTag(uint32 parentId, uint8 depth, uint8 flags) private view returns (TagInfo memory) {
        return TagInfo(parentId, depth, flags, ACTIVE, uint40(block.timestamp), msg.sender);
    }

    function _add(TagInfo memory tag, bytes32 parentKey, string calldata label, uint256 length)
        private
        returns (uint32 tagId, bytes32 key)
    {
        key = keccak256(abi.encode(parentKey, keccak256(bytes(label))));
        Place storage place = places[key];
        if (place.tagId != 0) revert TagExists(place.tagId);
        if (tagCount == MAX_TAGS) revert TagIdsExhausted();
        tagId = ++tagCount;
        tags[tagId] = tag;
        (place.tagId, place.pathLength) = (tagId, uint8(length));
        keyOf[tagId] = key;
    }

    function _requireValid(string calldata label, uint256 position) private pure {
        if (position != TagLabels.OK) revert InvalidLabel(label, position);
    }
}
