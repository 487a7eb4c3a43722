// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {IEscrowTypes} from "../interfaces/IEscrowTypes.sol";

/// @dev A voucher in one storage slot, from the low bits: amount u64 · from u32 · to u32 · expiry u40 · nonce u88. Amount
/// in µUSDC; nonce of `from` with which it was made. Zero: no open voucher.
type VoucherWord is uint256;

using VoucherWordLib for VoucherWord global;

/// @title Arithmetic of one voucher's word
/// @dev Pure. A struct would be written to storage field by field, with a read before each.
library VoucherWordLib {
    uint256 private constant FROM = 64;
    uint256 private constant TO = 96;
    uint256 private constant EXPIRY = 128;
    uint256 private constant NONCE = 168;

    /// @notice The word of a voucher that has just been made.
    /// @dev An account's nonce has 8 bits more than there is room for; cut off, it could be that of another voucher.
    function opened(IEscrowTypes.VoucherOrder memory order, uint96 nonce_) internal pure returns (VoucherWord) {
        if (nonce_ > type(uint88).max) revert IEscrowTypes.ValueTooLarge(nonce_, type(uint88).max);
        return VoucherWord.wrap(
            (uint256(nonce_) << NONCE) | (uint256(order.expiry) << EXPIRY) | (uint256(order.to) << TO)
                | (uint256(order.from) << FROM) | order.amount
        );
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

    function nonce(VoucherWord self) internal pure returns (uint88) {
        return uint88(VoucherWord.unwrap(self) >> NONCE);
    }
}
