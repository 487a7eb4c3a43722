// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {IEscrowTypes} from "../interfaces/IEscrowTypes.sol";

/// @dev A voucher in one storage slot, from the low bits: amount u64 · from u32 · to u32 · expiry u40. Amount in µUSDC.
/// A closed one has amount 0 and keeps the rest. Zero: its key was never used.
type VoucherWord is uint256;

using VoucherWordLib for VoucherWord global;

/// @title Arithmetic of one voucher's word
/// @dev Pure. A struct would be written to storage field by field, with a read before each.
library VoucherWordLib {
    uint256 private constant FROM = 64;
    uint256 private constant TO = 96;
    uint256 private constant EXPIRY = 128;

    /// @notice The word of a voucher that has just been made.
    function opened(IEscrowTypes.VoucherOrder memory order) internal pure returns (VoucherWord) {
        return VoucherWord.wrap(
            (uint256(order.expiry) << EXPIRY) | (uint256(order.to) << TO) | (uint256(order.from) << FROM) | order.amount
        );
    }

    /// @notice The word without its amount.
    function closed(VoucherWord self) internal pure returns (VoucherWord) {
        return VoucherWord.wrap((VoucherWord.unwrap(self) >> FROM) << FROM);
    }

    // The casts undo the packing of the word.

    function amount(VoucherWord self) internal pure returns (uint64) {
        return uint64(VoucherWord.unwrap(self));
    }

    function from(VoucherWord self) internal pure returns (uint32) {
        return uint32(VoucherWord.unwrap(self) >> FROM);
    }

    function to(VoucherWord self) internal pure returns (uint32) {
        return uint32(VoucherWord.unwrap(self) >> TO);
    }

    function expiry(VoucherWord self) internal pure returns (uint40) {
        return uint40(VoucherWord.unwrap(self) >> EXPIRY);
    }
}
