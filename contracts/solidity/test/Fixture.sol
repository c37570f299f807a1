// SPDX-License-Identifier: MIT
pragma solidity 0.8.28;

import {Controller} from "../src/Controller.sol";
import {IJobTagRegistry} from "../src/IJobTagRegistry.sol";
import {JobTagRegistry} from "../src/JobTagRegistry.sol";
import {Test} from "./Test.sol";

/// Notices every call that it does not know.
abstract contract Untouched {
    bool public touched;

    fallback() external {
        touched = true;
    }
}

/// A RoundsManager whose round a test sets.
contract Rounds is Untouched {
    uint256 public currentRound = 100;

    function set(uint256 round) external {
        currentRound = round;
    }
}

/// A TicketBroker that takes a test's word for what was redeemed.
contract Broker is Untouched {
    mapping(bytes32 => bool) public usedTickets;

    function setUsed(bytes32 hash) external {
        usedTickets[hash] = true;
    }
}

/// A registry beside Livepeer's contracts, and the people of the tests.
abstract contract Fixture is Test, IJobTagRegistry {
    uint8 internal constant OPEN = 1;
    uint8 internal constant ACTIVE = 1;
    uint8 internal constant DEPRECATED = 2;

    address internal immutable curator = address(0xC0);
    address internal immutable gateway = address(0x6A);
    address internal immutable operator = address(0x0F);
    address internal immutable stranger = address(0x5A);
    address internal immutable recipient = address(0x0C);

    Controller internal controller;
    Rounds internal rounds;
    Broker internal broker;
    JobTagRegistry internal registry;

    function setUp() public virtual {
        vm.warp(1_800_000_000);
        controller = new Controller();
        rounds = new Rounds();
        broker = new Broker();
        controller.setContractInfo(keccak256("RoundsManager"), address(rounds), 0);
        controller.setContractInfo(keccak256("TicketBroker"), address(broker), 0);
        registry = new JobTagRegistry(address(controller), curator);
    }

    /// Expects an event of the registry with all its topics and data; the test then emits it.
    function expectEvent() internal {
        vm.expectEmit(true, true, true, true, address(registry));
    }

    function root(string memory label) internal returns (uint32) {
        vm.prank(curator);
        return registry.registerTag(0, label, 0, 0, "");
    }

    function child(uint32 parentId, string memory label, address owner) internal returns (uint32) {
        vm.prank(owner);
        return registry.registerTag(parentId, label, 0, 0, "");
    }

    function expiresIn(uint256 time) internal view returns (uint40) {
        return uint40(block.timestamp + time);
    }

    function leaf(uint256 session, uint32 tagId) internal pure returns (Leaf memory) {
        return Leaf(recipientOf(session), rand(session), tagId, keccak256("job"), 480_000_000_000_000, 3);
    }

    function recipientOf(uint256 session) internal pure returns (address) {
        return address(uint160(0xC000 + session % 7));
    }

    /// The recipientRandHash of a session.
    function rand(uint256 session) internal pure returns (bytes32) {
        return keccak256(abi.encode("session", session));
    }

    /// A ticket of a session, created in a round.
    function ticket(address sender, uint256 session, uint256 nonce, uint256 round)
        internal
        pure
        returns (Ticket memory)
    {
        bytes memory aux = abi.encode(round, keccak256(abi.encode("block", round)));
        return Ticket(recipientOf(session), sender, 2.4e15, type(uint256).max / 5, nonce, rand(session), aux);
    }

    /// The same, redeemed.
    function redeemed(address sender, uint256 session, uint256 nonce, uint256 round)
        internal
        returns (Ticket memory paid)
    {
        paid = ticket(sender, session, nonce, round);
        broker.setUsed(registry.ticketHash(paid));
    }

    function encoded(uint32 tagId, uint256 counter) internal pure returns (uint256) {
        return (uint256(tagId) << 10) | counter;
    }
}
