// SPDX-License-Identifier: MIT
pragma solidity 0.8.28;

import {IJobTagRegistry} from "../../src/IJobTagRegistry.sol";
import {JobTagRegistry} from "../../src/JobTagRegistry.sol";
import {Broker, Rounds} from "../Fixture.sol";
import {Test} from "../Test.sol";

/// People, time and rounds of a random history, and who may write for whom by a second reckoning.
///
/// Every action tries whatever the numbers say, foreseen or not. Whether it should succeed is decided here from
/// what happened before; `check` stops the run when the registry decides otherwise.
abstract contract World is Test, IJobTagRegistry {
    uint256 internal constant GATEWAYS = 3;
    uint256 internal constant PEOPLE = 7;

    JobTagRegistry public immutable registry;
    Rounds internal immutable rounds;
    Broker internal immutable broker;
    address internal immutable curator;

    /// The first are gateways, the others operators and strangers; the last is the curator.
    uint256[PEOPLE - 1] private keys;
    address[PEOPLE] public people;

    mapping(address => mapping(address => uint256)) private mayUntil;
    mapping(address => uint256) public nonces;
    mapping(bytes32 => bool) private usedSignature;

    constructor(JobTagRegistry registry_, Rounds rounds_, Broker broker_, address curator_) {
        (registry, rounds, broker, curator) = (registry_, rounds_, broker_, curator_);
        for (uint256 i = 0; i < PEOPLE - 1; ++i) {
            keys[i] = uint256(keccak256(abi.encode("person", i)));
            people[i] = vm.addr(keys[i]);
        }
        people[PEOPLE - 1] = curator_;
    }

    function timePasses(uint32 seconds_) external virtual {
        vm.warp(block.timestamp + seconds_ % 3 days);
    }

    function setOperator(uint256 gw, uint256 op, uint40 expiry, bool revoke) external {
        address gateway = gatewayOf(gw);
        expiry = revoke ? 0 : near(expiry);
        vm.prank(gateway);
        registry.setOperator(personOf(op), expiry);
        mayUntil[gateway][personOf(op)] = expiry;
        if (expiry == 0) ++nonces[gateway];
    }

    /// Signed by anybody, for any nonce near the next, sent by anybody.
    function setOperatorBySig(uint256 gw, uint256 signer, uint256 op, uint40 expiry, uint8 ahead) external {
        address gateway = gatewayOf(gw);
        if (signer % 3 > 0) signer = gw % GATEWAYS;
        expiry = near(expiry);
        uint256 nonce = nonces[gateway] + (ahead % 4 == 0 ? 1 : 0) - (ahead % 4 == 1 && nonces[gateway] > 0 ? 1 : 0);
        bytes memory sig = permission(signer % (PEOPLE - 1), gateway, personOf(op), expiry, nonce);
        bool expected = people[signer % (PEOPLE - 1)] == gateway && nonce == nonces[gateway];
        try registry.setOperatorBySig(gateway, personOf(op), expiry, sig) {
            check(expected, "I12: a permission that was not signed, or not the next");
            check(!usedSignature[keccak256(sig)], "I12: a signature was used twice");
            usedSignature[keccak256(sig)] = true;
            mayUntil[gateway][personOf(op)] = expiry;
            ++nonces[gateway];
        } catch {
            check(!expected, "a signed permission was refused");
        }
    }

    /// Whether a person may write for a gateway, by this contract's own reckoning.
    function may(address gateway, address caller) internal view returns (bool) {
        return caller == gateway || block.timestamp < mayUntil[gateway][caller];
    }

    function check(bool holds, string memory what) internal pure {
        assertTrue(holds, what);
    }

    function gatewayOf(uint256 seed) internal view returns (address) {
        return people[seed % GATEWAYS];
    }

    function personOf(uint256 seed) internal view returns (address) {
        return people[seed % PEOPLE];
    }

    /// Mostly the gateway itself, sometimes anybody.
    function callerFor(uint256 gw, uint256 seed) internal view returns (address) {
        return seed % 3 == 0 ? gatewayOf(gw) : personOf(seed / 3);
    }

    /// A time from a day ago to forty days ahead.
    function near(uint40 seed) internal view returns (uint40) {
        return uint40(block.timestamp - 1 days + seed % 41 days);
    }

    function permission(uint256 signer, address gateway, address op, uint40 expiry, uint256 nonce)
        private
        view
        returns (bytes memory)
    {
        bytes32 kind = keccak256("SetOperator(address gateway,address operator,uint40 expiry,uint256 nonce)");
        bytes32 data = keccak256(abi.encode(kind, gateway, op, expiry, nonce));
        bytes32 digest = keccak256(abi.encodePacked("\x19\x01", registry.domainSeparator(), data));
        (uint8 v, bytes32 r, bytes32 s) = vm.sign(keys[signer], digest);
        return abi.encodePacked(r, s, v);
    }
}
