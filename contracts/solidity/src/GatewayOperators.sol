// SPDX-License-Identifier: MIT
pragma solidity 0.8.28;

import {IJobTagRegistry} from "./IJobTagRegistry.sol";

/// @title Who may write for a gateway
/// @notice The gateway itself, and accounts that it named, until a time. An operator can write records; there is
/// nothing here that it could spend.
abstract contract GatewayOperators is IJobTagRegistry {
    bytes32 private constant DOMAIN_TYPE =
        keccak256("EIP712Domain(string name,string version,uint256 chainId,address verifyingContract)");
    bytes32 private constant SET_OPERATOR_TYPE =
        keccak256("SetOperator(address gateway,address operator,uint40 expiry,uint256 nonce)");
    bytes32 private constant NAME = keccak256("JobTagRegistry");
    bytes32 private constant VERSION = keccak256("1");
    uint256 private constant HALF_ORDER = 0x7FFFFFFFFFFFFFFFFFFFFFFFFFFFFFFF5D576E7357A4501DDFE92F46681B20A0;

    /// @notice Until when an account may write for a gateway: it may while the block's time is below.
    mapping(address gateway => mapping(address operator => uint40)) public operatorExpiry;
    /// @notice How many permissions of a gateway were used or voided; the next one signs this number.
    mapping(address gateway => uint256) public sigNonce;

    modifier onlyFor(address gw) {
        if (!isAuthorized(gw, msg.sender)) revert NotAuthorized(gw, msg.sender);
        _;
    }

    /// @notice Lets an account write for the caller until `expiry`; 0, or a time that is over, ends that at once.
    /// @dev Ending it with 0 also voids permissions that were signed and not used yet: one of them could bring
    /// the operator back.
    function setOperator(address operator, uint40 expiry) external {
        if (expiry == 0) ++sigNonce[msg.sender];
        _setOperator(msg.sender, operator, expiry);
    }

    /// @notice The same by the gateway's signature over SetOperator with its next nonce; anybody may send it.
    function setOperatorBySig(address gw, address op, uint40 expiry, bytes calldata sig) external {
        bytes32 permission = keccak256(abi.encode(SET_OPERATOR_TYPE, gw, op, expiry, sigNonce[gw]++));
        address signer = _recover(keccak256(abi.encodePacked("\x19\x01", domainSeparator(), permission)), sig);
        if (signer == address(0) || signer != gw) revert InvalidSignature();
        _setOperator(gw, op, expiry);
    }

    /// @notice Whether an account may write for a gateway now.
    function isAuthorized(address gw, address account) public view returns (bool) {
        return account == gw || block.timestamp < operatorExpiry[gw][account];
    }

    /// @notice EIP-712 domain of permissions. Not cached: after a fork of the chain it is another one.
    function domainSeparator() public view returns (bytes32) {
        return keccak256(abi.encode(DOMAIN_TYPE, NAME, VERSION, block.chainid, address(this)));
    }

    function _setOperator(address gw, address operator, uint40 expiry) private {
        if (operator == address(0)) revert ZeroAddress();
        operatorExpiry[gw][operator] = expiry;
        emit OperatorSet(gw, operator, expiry);
    }

    /// The signer, or zero where the signature is not the one valid encoding.
    function _recover(bytes32 digest, bytes calldata sig) private pure returns (address) {
        if (sig.length != 65) return address(0);
        bytes32 s = bytes32(sig[32:64]);
        uint8 v = uint8(sig[64]);
        if (uint256(s) > HALF_ORDER || (v != 27 && v != 28)) return address(0);
        return ecrecover(digest, v, bytes32(sig[:32]), s);
    }
}
