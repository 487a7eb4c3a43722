// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {IEscrowTypes} from "../interfaces/IEscrowTypes.sol";
import {Split} from "./Split.sol";

/// @dev An earner in one storage slot, from the low bits: available u64 · current u48 · previous u48 · day u16 · carry
/// u16 · windowPaid u40 · windowDay u16 · marked u8. Amounts in µUSDC, days since 1970.
type EarnerWord is uint256;

using EarnerWordLib for EarnerWord global;

/// @title Arithmetic of one earner's word
/// @dev Pure. What is earned on a UTC day is held until the midnight after the next one: 24 to 48 hours. Two buckets do:
/// `current` for the word's day, `previous` for the day before it.
library EarnerWordLib {
    uint256 private constant MASK_64 = type(uint64).max;
    uint256 private constant MASK_48 = type(uint48).max;
    uint256 private constant MASK_40 = type(uint40).max;
    uint256 private constant MASK_16 = type(uint16).max;
    uint256 private constant CURRENT = 64;
    uint256 private constant PREVIOUS = 112;
    uint256 private constant DAY = 160;
    uint256 private constant CARRY = 176;
    uint256 private constant WINDOW_PAID = 192;
    uint256 private constant WINDOW_DAY = 232;
    uint256 private constant MARK = 248;
    /// @dev Days after which a payout no longer counts.
    uint256 internal constant WINDOW_DAYS = 30;

    // ---------------------------------------------------- reading ----------------------------------------------------

    function carry(EarnerWord self) internal pure returns (uint256) {
        return (EarnerWord.unwrap(self) >> CARRY) & MASK_16;
    }

    /// @notice Whether the earner was suspended at some time.
    function marked(EarnerWord self) internal pure returns (bool) {
        return EarnerWord.unwrap(self) >> MARK != 0;
    }

    /// @notice The three buckets as they stand on `today`, which is not before the word's day.
    function bucketsOn(
        EarnerWord self,
        uint256 today
    ) internal pure returns (uint256 available, uint256 current, uint256 previous) {
        unchecked {
            uint256 word = EarnerWord.unwrap(self);
            available = word & MASK_64;
            current = (word >> CURRENT) & MASK_48;
            previous = (word >> PREVIOUS) & MASK_48;
            uint256 day = (word >> DAY) & MASK_16;
            if (today != day) {
                available += previous;
                (previous, current) = (current, 0);
                if (today != day + 1) (available, previous) = (available + previous, 0);
            }
        }
    }

    /// @notice What has been paid out of late: every payout fades evenly within 30 days, rounded up.
    function windowPaidOn(EarnerWord self, uint256 today) internal pure returns (uint256) {
        unchecked {
            uint256 word = EarnerWord.unwrap(self);
            uint256 age = today - ((word >> WINDOW_DAY) & MASK_16);
            if (age >= WINDOW_DAYS) return 0;
            uint256 paid = (word >> WINDOW_PAID) & MASK_40;
            return (paid * (WINDOW_DAYS - age) + WINDOW_DAYS - 1) / WINDOW_DAYS;
        }
    }

    // ---------------------------------------------------- changing ---------------------------------------------------

    /// @notice Earns `gross · bps / 10,000`, with the fraction carried.
    /// @return next The word
    /// @return net Whole µUSDC earned
    function accrue(
        EarnerWord self,
        uint256 gross,
        uint256 bps,
        uint256 today
    ) internal pure returns (EarnerWord next, uint256 net) {
        unchecked {
            uint256 fraction;
            (net, fraction) = Split.share(gross, bps, carry(self));
            (uint256 available, uint256 current, uint256 previous) = bucketsOn(self, today);
            next = _pack(self, available, current + net, previous, today, fraction);
        }
    }

    /// @notice Earns whole µUSDC.
    function earn(EarnerWord self, uint256 amount, uint256 today) internal pure returns (EarnerWord) {
        (uint256 available, uint256 current, uint256 previous) = bucketsOn(self, today);
        return _pack(self, available, current + amount, previous, today, carry(self));
    }

    /// @notice Undoes `accrue` of `day`, which is today or yesterday.
    /// @return next The word
    /// @return net Whole µUSDC that had been earned
    function unaccrue(
        EarnerWord self,
        uint256 gross,
        uint256 bps,
        uint256 day,
        uint256 today
    ) internal pure returns (EarnerWord next, uint256 net) {
        uint256 fraction;
        (net, fraction) = Split.unshare(gross, bps, carry(self));
        next = unearn(self, net, day, today);
        next = EarnerWord.wrap((EarnerWord.unwrap(next) & ~(MASK_16 << CARRY)) | (fraction << CARRY));
    }

    /// @notice Undoes `earn` of `day`, which is today or yesterday: what was earned then is still held.
    function unearn(
        EarnerWord self,
        uint256 amount,
        uint256 day,
        uint256 today
    ) internal pure returns (EarnerWord) {
        (uint256 available, uint256 current, uint256 previous) = bucketsOn(self, today);
        if (day == today) current -= amount;
        else previous -= amount;
        return _pack(self, available, current, previous, today, carry(self));
    }

    /// @notice Marks the earner for good: whether it is suspended stands elsewhere.
    function withMark(EarnerWord self) internal pure returns (EarnerWord) {
        return EarnerWord.wrap(EarnerWord.unwrap(self) | (1 << MARK));
    }

    /// @notice Takes available earnings that must be there.
    function take(
        EarnerWord self,
        uint32 earner,
        uint256 amount,
        uint256 today
    ) internal pure returns (EarnerWord) {
        (uint256 available, uint256 current, uint256 previous) = bucketsOn(self, today);
        if (amount > available) revert IEscrowTypes.InsufficientEarnings(earner, available, amount);
        return _pack(self, available - amount, current, previous, today, carry(self));
    }

    /// @notice Replaces what has been paid out of late; more than 40 bits is kept as the most that fits.
    function withWindow(EarnerWord self, uint256 paid, uint256 today) internal pure returns (EarnerWord) {
        if (paid > MASK_40) paid = MASK_40;
        if (today > MASK_16) revert IEscrowTypes.ValueTooLarge(today, MASK_16);
        uint256 word = EarnerWord.unwrap(self);
        uint256 kept = (word & ((1 << WINDOW_PAID) - 1)) | ((word >> MARK) << MARK);
        return EarnerWord.wrap(kept | (paid << WINDOW_PAID) | (today << WINDOW_DAY));
    }

    /// @dev Every value is checked against its field but `fraction`, a remainder below 10,000.
    function _pack(
        EarnerWord self,
        uint256 available,
        uint256 current,
        uint256 previous,
        uint256 today,
        uint256 fraction
    ) private pure returns (EarnerWord) {
        if (available > MASK_64) revert IEscrowTypes.ValueTooLarge(available, MASK_64);
        if (current > MASK_48) revert IEscrowTypes.ValueTooLarge(current, MASK_48);
        if (today > MASK_16) revert IEscrowTypes.ValueTooLarge(today, MASK_16);
        return EarnerWord.wrap(
            ((EarnerWord.unwrap(self) >> WINDOW_PAID) << WINDOW_PAID) | (fraction << CARRY) | (today << DAY)
                | (previous << PREVIOUS) | (current << CURRENT) | available
        );
    }
}
