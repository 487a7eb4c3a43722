// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {IEscrowTypes} from "../interfaces/IEscrowTypes.sol";

/// @title Batch lines in calldata: 9 bytes each, `uint32 id ‖ uint40 µUSDC`, ids strictly ascending from 1
/// @dev Pure. The order makes the encoding of a batch unique and a second line for the same id impossible.
library Lines {
    uint256 internal constant SIZE = 9;

    /// @return cursor Position of the first line in calldata
    /// @return end Position after the last one
    function bounds(bytes calldata lines) internal pure returns (uint256 cursor, uint256 end) {
        if (lines.length % SIZE != 0) revert IEscrowTypes.LinesMalformed(lines.length);
        assembly ("memory-safe") {
            cursor := lines.offset
        }
        unchecked {
            end = cursor + lines.length;
        }
    }

    /// @param cursor Position of a line within its bounds
    /// @param previous Id of the line before it, 0 for the first
    function read(uint256 cursor, uint256 previous) internal pure returns (uint256 id, uint256 amount) {
        uint256 word;
        assembly ("memory-safe") {
            word := calldataload(cursor)
        }
        id = word >> 224;
        amount = (word >> 184) & type(uint40).max;
        if (id <= previous) revert IEscrowTypes.LinesNotAscending(id, previous);
    }
}
