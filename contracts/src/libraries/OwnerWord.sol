// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

/// @dev Who owns an account, in one storage slot, from the low bits: owner u160 · nonce u96, of the next operation that
/// the owner signs. Zero: the account is not open.
type OwnerWord is uint256;

using OwnerWordLib for OwnerWord global;

/// @title Arithmetic of one owner's word
/// @dev Pure. An operation reads it once: the hash that is signed needs the nonce, the check of the signature the owner.
library OwnerWordLib {
    uint256 private constant NONCE = 160;

    // The casts undo the packing of the word.

    function owner(OwnerWord self) internal pure returns (address) {
        return address(uint160(OwnerWord.unwrap(self)));
    }

    function nonce(OwnerWord self) internal pure returns (uint96) {
        return uint96(OwnerWord.unwrap(self) >> NONCE);
    }

    /// @notice Replaces the owner: the nonce goes on, so that no signature works again.
    function withOwner(OwnerWord self, address to) internal pure returns (OwnerWord) {
        return OwnerWord.wrap((OwnerWord.unwrap(self) >> NONCE << NONCE) | uint160(to));
    }

    /// @notice Uses up the nonce.
    function withNextNonce(OwnerWord self) internal pure returns (OwnerWord) {
        return OwnerWord.wrap(OwnerWord.unwrap(self) + (1 << NONCE));
    }
}
