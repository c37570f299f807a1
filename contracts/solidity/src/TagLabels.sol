// SPDX-License-Identifier: MIT
pragma solidity 0.8.28;

/// @title The grammar of labels
/// @dev segment = (a-z / 0-9) *31(a-z / 0-9 / "." / "_" / "-"); namespace root = "x-" 1*24(a-z 0-9). A root of
/// the curator is a segment. Positions are bytes from 0, and name the first that is wrong.
library TagLabels {
    /// @notice Most bytes of a label.
    uint256 internal constant MAX_LABEL = 32;
    /// @notice Most bytes of a namespace, "x-" included.
    uint256 internal constant MAX_NAMESPACE = 26;
    /// @notice Returned where nothing is wrong.
    uint256 internal constant OK = type(uint256).max;

    /// Sets of bytes as bit masks: bit n stands for byte n.
    uint256 private constant ALNUM = (((1 << 26) - 1) << 0x61) | (((1 << 10) - 1) << 0x30);
    uint256 private constant MARKS = (1 << 0x2e) | (1 << 0x5f) | (1 << 0x2d);

    /// @notice Whether a label begins with "x-".
    function isNamespace(bytes calldata label) internal pure returns (bool) {
        return label.length >= 2 && label[0] == "x" && label[1] == "-";
    }

    /// @notice Where a segment is wrong, or OK.
    function segmentError(bytes calldata label) internal pure returns (uint256) {
        if (label.length == 0 || !_in(label[0], ALNUM)) return 0;
        uint256 odd = _firstOutside(label, 1, ALNUM | MARKS);
        if (odd != OK) return odd;
        return label.length > MAX_LABEL ? MAX_LABEL : OK;
    }

    /// @notice Where a root that begins with "x-" is wrong, or OK.
    function namespaceError(bytes calldata label) internal pure returns (uint256) {
        if (label.length == 2) return 2;
        uint256 odd = _firstOutside(label, 2, ALNUM);
        if (odd != OK) return odd;
        return label.length > MAX_NAMESPACE ? MAX_NAMESPACE : OK;
    }

    function _firstOutside(bytes calldata label, uint256 from, uint256 set) private pure returns (uint256) {
        // No label of more bytes is valid, so that a long one costs no more than its calldata.
        uint256 end = label.length > MAX_LABEL ? MAX_LABEL : label.length;
        for (uint256 i = from; i < end; ++i) {
            if (!_in(label[i], set)) return i;
        }
        return OK;
    }

    function _in(bytes1 char, uint256 set) private pure returns (bool) {
        return (set >> uint8(char)) & 1 == 1;
    }
}
