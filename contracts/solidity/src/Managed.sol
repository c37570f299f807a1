// SPDX-License-Identifier: MIT
pragma solidity 0.8.28;

import {Controller} from "./Controller.sol";

/// What the stand-ins share: the Controller they look each other up in, its pause and its owner.
abstract contract Managed {
    Controller public immutable controller;

    constructor(Controller _controller) {
        controller = _controller;
    }

    modifier whenNotPaused() {
        require(!controller.paused(), "system is paused");
        _;
    }

    modifier onlyOwner() {
        require(msg.sender == controller.owner(), "caller must be the Controller's owner");
        _;
    }

    function _lookup(string memory name) internal view returns (address) {
        return controller.getContract(keccak256(bytes(name)));
    }
}
