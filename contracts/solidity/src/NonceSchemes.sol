// SPDX-License-Identifier: MIT
pragma solidity 0.8.28;

import {GatewayOperators} from "./GatewayOperators.sol";
import {LivepeerViews} from "./LivepeerViews.sol";

/// @title How a gateway's nonces are read
/// @notice A ticket's nonce is signed with the ticket, before anybody knows whether it wins. Scheme 1 puts the
/// tag's number into it: nonce = tag << 10 | counter. A scheme is announced for a future round and holds for
/// tickets created from it on, so that nothing that was paid can be read anew afterwards.
abstract contract NonceSchemes is GatewayOperators, LivepeerViews {
    uint8 private constant TAGGED = 1;
    /// Reserved: tag bits permuted by a key of the round, committed to in `param`. Readers decode it.
    uint8 private constant SEALED = 2;
    /// How far ahead a scheme may be announced. Without a bound, one slip would lock a gateway into it, because
    /// each must begin after the last.
    uint256 private constant MAX_LEAD = 1_000;
    /// Stock nodes read nonces into signed 32-bit numbers.
    uint256 private constant NONCE_LIMIT = 1 << 31;
    uint256 private constant COUNTER_BITS = 10;

    struct Checkpoint {
        uint64 fromRound;
        uint8 scheme;
    }

    mapping(address gateway => Checkpoint[]) private checkpoints;

    /// @notice Announces how nonces are read from a future round on.
    /// @param scheme 0 plain, 1 tagged, 2 sealed (reserved).
    /// @param fromRound After the current round and after the last announcement, at most 1000 rounds away.
    /// @param param What the scheme needs; kept in the event only.
    function setNonceScheme(address gw, uint8 scheme, uint64 fromRound, bytes32 param) external onlyFor(gw) {
        if (scheme > SEALED) revert UnknownScheme(scheme);
        Checkpoint[] storage history = checkpoints[gw];
        uint256 current = _currentRound();
        uint256 earliest = current + 1;
        if (history.length > 0) {
            uint256 last = history[history.length - 1].fromRound;
            if (last >= earliest) earliest = last + 1;
        }
        uint256 latest = current + MAX_LEAD;
        if (fromRound < earliest || fromRound > latest) revert InvalidSchemeRound(fromRound, earliest, latest);
        history.push(Checkpoint(fromRound, scheme));
        emit NonceSchemeSet(gw, fromRound, scheme, param);
    }

    /// @notice Scheme of tickets created in a round; 0 before the first announcement. What it answers for the
    /// current round and those before is final.
    function schemeAt(address gw, uint64 round) public view returns (uint8) {
        Checkpoint[] storage history = checkpoints[gw];
        // Invariant: all below `low` begin by `round`, all from `high` on begin later.
        uint256 low = 0;
        uint256 high = history.length;
        while (low < high) {
            uint256 middle = (low + high) / 2;
            if (history[middle].fromRound <= round) low = middle + 1;
            else high = middle;
        }
        return low == 0 ? 0 : history[low - 1].scheme;
    }

    /// @notice Tag and counter in the nonce of a ticket created in a round; (0, 0) when it carries neither:
    /// another scheme, 2^31 and above, or counter 0. A stock gateway's nonces give tag 0.
    function decodeNonce(address gw, uint64 creationRound, uint256 nonce)
        public
        view
        returns (uint32 tagId, uint16 counter)
    {
        if (nonce >= NONCE_LIMIT || schemeAt(gw, creationRound) != TAGGED) return (0, 0);
        counter = uint16(nonce & ((1 << COUNTER_BITS) - 1));
        if (counter != 0) tagId = uint32(nonce >> COUNTER_BITS);
    }
}
