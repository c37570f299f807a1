// SPDX-License-Identifier: MIT
pragma solidity 0.8.28;

/// Who signed a 32-byte message (EIP-191, personal). Refuses what is not the one valid encoding of a
/// signature: 65 bytes, s in the lower half of the curve's order, v 27 or 28.
library Signatures {
    uint256 private constant HALF_ORDER = 0x7FFFFFFFFFFFFFFFFFFFFFFFFFFFFFFF5D576E7357A4501DDFE92F46681B20A0;

    function recoverPersonal(bytes32 message, bytes calldata sig) internal pure returns (address) {
        require(sig.length == 65, "INVALID_SIGNATURE_LENGTH");
        bytes32 r = bytes32(sig[:32]);
        bytes32 s = bytes32(sig[32:64]);
        uint8 v = uint8(sig[64]);
        require(uint256(s) <= HALF_ORDER, "ECDSA: invalid signature 's' value");
        require(v == 27 || v == 28, "ECDSA: invalid signature 'v' value");
        bytes32 digest = keccak256(abi.encodePacked("\x19Ethereum Signed Message:\n32", message));
        return ecrecover(digest, v, r, s);
    }
}
