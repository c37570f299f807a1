// SPDX-License-Identifier: MIT
pragma solidity 0.8.28;

import {GatewayOperators} from "./GatewayOperators.sol";
import {TagTree} from "./TagTree.sol";

/// @title What gateways buy
/// @notice For each gateway and tag one advert: a price ceiling, floors, a time at which it ends, and the hash of
/// the document that has the rest. An advert promises nothing; readers weigh it by what the gateway pays.
abstract contract DemandAdverts is TagTree, GatewayOperators {
    uint256 private constant MAX_TTL = 30 days;
    /// 0 pixel, 1 720p-pixel-second, 2 second, 3 fixed job, 4 token, 5 ms of audio, 6 character.
    uint8 private constant LAST_UNIT = 6;
    uint256 private constant BPS = 10_000;

    mapping(address gateway => mapping(uint32 tagId => Advert)) private adverts;

    /// @notice Says that a gateway buys work of a tag, or says it anew.
    /// @param expiry When that ends: in the future, at most 30 days away.
    /// @param unit What is paid for, see LAST_UNIT.
    /// @param priceNum The ceiling is priceNum / priceDen wei for each unit.
    /// @param floors Zero, or fields from the highest byte on: u8 version (1), u24 p95 latency in ms at most, u16
    /// frames/s times 100, u16 success in bps, u16 real-time ratio in bps, u16 GPU memory in GiB, u16 uptime in bps,
    /// u24 duration in s, u32 units a day in thousands; the other 11 bytes are 0. Other versions are taken as they
    /// stand.
    /// @param contentHash keccak256 of the document at `uri`.
    function postAdvert(
        address gw,
        uint32 tagId,
        uint40 expiry,
        uint8 unit,
        uint96 priceNum,
        uint64 priceDen,
        bytes32 floors,
        bytes32 contentHash,
        string calldata uri
    ) external onlyFor(gw) {
        _requireActive(tagId);
        _requireExpiry(expiry);
        if (unit > LAST_UNIT) revert UnknownUnit(unit);
        if (priceDen == 0) revert ZeroDenominator();
        _requireFloors(floors);
        uint32 revision = adverts[gw][tagId].revision + 1;
        Advert memory advert = Advert(expiry, revision, unit, priceDen, priceNum, floors, contentHash);
        adverts[gw][tagId] = advert;
        _emitPosted(gw, tagId, advert, uri);
    }

    /// @notice Takes an advert back. Its revision stays, so that the next one is newer.
    function cancelAdvert(address gw, uint32 tagId) external onlyFor(gw) {
        Advert storage advert = adverts[gw][tagId];
        if (advert.expiry == 0) revert NoAdvert(gw, tagId);
        advert.expiry = 0;
        emit AdvertCancelled(gw, tagId, advert.revision);
    }

    /// @notice A gateway's newest advert for a tag, and whether it holds now: not ended, and of a tag in use.
    function advertOf(address gw, uint32 tagId) external view returns (Advert memory advert, bool active) {
        advert = adverts[gw][tagId];
        active = block.timestamp < advert.expiry && _isActive(tagId);
    }

    function _emitPosted(address gw, uint32 tagId, Advert memory advert, string calldata uri) private {
        emit AdvertPosted(
            gw,
            tagId,
            advert.revision,
            advert.expiry,
            advert.unit,
            advert.priceNum,
            advert.priceDen,
            advert.floors,
            advert.contentHash,
            uri
        );
    }

    function _requireActive(uint32 tagId) private view {
        if (_existing(tagId).status != ACTIVE) revert TagNotActive(tagId);
    }

    function _requireExpiry(uint40 expiry) private view {
        uint256 latest = block.timestamp + MAX_TTL;
        if (expiry <= block.timestamp || expiry > latest) revert InvalidExpiry(expiry, block.timestamp + 1, latest);
    }

    function _requireFloors(bytes32 floors) private pure {
        if (floors == 0) return;
        uint256 word = uint256(floors);
        uint256 version = word >> 248;
        if (version > 1) return;
        bool reserved = uint88(word) != 0;
        bool shares = uint16(word >> 192) > BPS || uint16(word >> 144) > BPS;
        if (version == 0 || reserved || shares) revert InvalidFloors(floors);
    }
}
