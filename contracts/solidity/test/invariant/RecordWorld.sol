// SPDX-License-Identifier: MIT
pragma solidity 0.8.28;

import {TagWorld} from "./TagWorld.sol";

/// Random adverts, nonce schemes and attestations.
abstract contract RecordWorld is TagWorld {
    struct Posted {
        uint40 at;
        uint40 expiry;
        uint32 revision;
    }

    mapping(address => mapping(uint32 => Posted)) private posted;
    mapping(address => uint256) internal lastScheme;
    /// What was answered for a round when it was the current one.
    mapping(address => mapping(uint256 => uint8)) private answered;
    uint256 private firstRound;

    function roundPasses(uint8 by) external {
        if (firstRound == 0) firstRound = rounds.currentRound();
        uint256 last = rounds.currentRound();
        rounds.set(last + by % 4);
        for (uint256 round = last; round <= rounds.currentRound(); ++round) {
            for (uint256 i = 0; i < GATEWAYS; ++i) {
                answered[people[i]][round] = registry.schemeAt(people[i], uint64(round));
            }
        }
        vm.warp(block.timestamp + 20 hours * (by % 4));
    }

    function postAdvert(uint256 gw, uint256 by, uint256 tag, uint40 expiry) external {
        (address gateway, address caller) = (gatewayOf(gw), callerFor(gw, by));
        uint32 id = uint32(tag % (tags.length + 2));
        expiry = near(expiry);
        bool inTime = expiry > block.timestamp && expiry <= block.timestamp + 30 days;
        bool expected = may(gateway, caller) && inTime && isKnown(id) && tags[id - 1].status == 1;
        vm.prank(caller);
        try registry.postAdvert(gateway, id, expiry, 0, 1, 1, 0, 0, "") {
            check(expected, "I4, I10: an advert that should not be");
            posted[gateway][id] = Posted(uint40(block.timestamp), expiry, posted[gateway][id].revision + 1);
        } catch {
            check(!expected, "an advert was refused");
        }
    }

    function cancelAdvert(uint256 gw, uint256 by, uint256 tag) external {
        (address gateway, address caller) = (gatewayOf(gw), callerFor(gw, by));
        uint32 id = uint32(tag % (tags.length + 2));
        bool expected = may(gateway, caller) && posted[gateway][id].expiry != 0;
        vm.prank(caller);
        try registry.cancelAdvert(gateway, id) {
            check(expected, "I4: a stranger cancelled an advert");
            posted[gateway][id].expiry = 0;
        } catch {
            check(!expected, "a cancellation was refused");
        }
    }

    function setNonceScheme(uint256 gw, uint256 by, uint8 scheme, uint8 ahead) external {
        (address gateway, address caller) = (gatewayOf(gw), callerFor(gw, by));
        uint256 current = rounds.currentRound();
        uint256 from = current + ahead % 8 - 2;
        bool expected = may(gateway, caller) && scheme % 4 < 3 && from > current && from > lastScheme[gateway];
        vm.prank(caller);
        try registry.setNonceScheme(gateway, scheme % 4, uint64(from), 0) {
            check(expected, "I4, I5: a scheme that should not be");
            lastScheme[gateway] = from;
        } catch {
            check(!expected, "a scheme was refused");
        }
    }

    function attestTickets(uint256 gw, uint256 by, uint256 tag) external {
        (address gateway, address caller) = (gatewayOf(gw), callerFor(gw, by));
        uint32 id = uint32(tag % (tags.length + 2));
        vm.prank(caller);
        try registry.attestTickets(gateway, id, new bytes32[](1)) {
            check(may(gateway, caller) && isKnown(id), "I4: a stranger attested");
        } catch {
            check(!may(gateway, caller) || !isKnown(id), "an attestation was refused");
        }
    }

    /// I10 for every gateway and tag.
    function checkAdverts() external view {
        for (uint256 i = 0; i < GATEWAYS; ++i) {
            for (uint32 id = 1; id <= tags.length; ++id) {
                (Advert memory advert, bool active) = registry.advertOf(people[i], id);
                Posted storage expected = posted[people[i]][id];
                check(advert.expiry == expected.expiry, "I4: expiry");
                check(advert.revision == expected.revision, "I4: revision");
                if (!active) continue;
                check(block.timestamp < advert.expiry, "I10: ended");
                check(advert.expiry <= uint256(expected.at) + 30 days, "I10: too long");
                check(tags[id - 1].status == 1, "I10: of a deprecated tag");
            }
        }
    }

    /// I5: what was answered for a round once it ran is answered for ever.
    function checkSchemes() external view {
        if (firstRound == 0) return;
        for (uint256 round = firstRound; round <= rounds.currentRound(); ++round) {
            for (uint256 i = 0; i < GATEWAYS; ++i) {
                uint8 scheme = registry.schemeAt(people[i], uint64(round));
                check(scheme == answered[people[i]][round], "I5: a past round is read anew");
            }
        }
    }
}
