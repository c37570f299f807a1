// SPDX-License-Identifier: MIT
pragma solidity 0.8.28;

import {IJobTagRegistry} from "./IJobTagRegistry.sol";

/// What is read of Livepeer's Controller.
interface IController {
    function getContract(bytes32 id) external view returns (address);
}

/// What is read of Livepeer's RoundsManager.
interface IRoundsManager {
    function currentRound() external view returns (uint256);
}

/// What is read of Livepeer's TicketBroker.
interface ITicketBroker {
    function usedTickets(bytes32 ticketHash) external view returns (bool);
}

/// @title What the registry reads of Livepeer's contracts
/// @notice The only calls that the registry makes, all of them views. Governance can replace the contracts, so
/// they are looked up through the Controller each time; where one is missing, what depends on it is refused.
abstract contract LivepeerViews is IJobTagRegistry {
    bytes32 private constant ROUNDS_MANAGER = keccak256("RoundsManager");
    bytes32 private constant TICKET_BROKER = keccak256("TicketBroker");

    /// @notice Livepeer's Controller.
    address public immutable controller;

    constructor(address livepeerController) {
        if (livepeerController == address(0)) revert ZeroAddress();
        controller = livepeerController;
    }

    function _currentRound() internal view returns (uint256) {
        return IRoundsManager(_lookup(ROUNDS_MANAGER)).currentRound();
    }

    function _isUsed(bytes32 hash) internal view returns (bool) {
        return ITicketBroker(_lookup(TICKET_BROKER)).usedTickets(hash);
    }

    function _lookup(bytes32 id) private view returns (address found) {
        found = IController(controller).getContract(id);
        if (found == address(0)) revert UnknownContract(id);
    }
}
