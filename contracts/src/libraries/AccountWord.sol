// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {IEscrowTypes} from "../interfaces/IEscrowTypes.sol";

/// @dev An account in one storage slot, from the low bits: balance u64 · debt u32 · dayLimit u40 · used u40 · usedAt u40
/// · exitAt u40. Amounts in µUSDC. `balance == 0 || debt == 0`, always.
type AccountWord is uint256;

using AccountWordLib for AccountWord global;

/// @title Arithmetic of one account's word
/// @dev Pure. `used` is a leaky bucket: a debit fills it, `dayLimit` per day drains it, so there is no doubling at
/// midnight and never more than twice the limit in any 24 hours.
library AccountWordLib {
    uint256 private constant MASK_64 = type(uint64).max;
    uint256 private constant MASK_40 = type(uint40).max;
    uint256 private constant MASK_32 = type(uint32).max;
    uint256 private constant DEBT = 64;
    uint256 private constant DAY_LIMIT = 96;
    uint256 private constant USED = 136;
    uint256 private constant USED_AT = 176;
    uint256 private constant EXIT_AT = 216;
    /// @dev Everything but `used` and `usedAt`.
    uint256 private constant KEEP_ON_DEBIT = ~(((1 << 80) - 1) << USED);
    /// @dev The day limit and the time of an exit.
    uint256 private constant KEEP_ON_REFUND = (MASK_40 << DAY_LIMIT) | (MASK_40 << EXIT_AT);

    // ---------------------------------------------------- reading ----------------------------------------------------

    function balance(AccountWord self) internal pure returns (uint256) {
        return AccountWord.unwrap(self) & MASK_64;
    }

    function debt(AccountWord self) internal pure returns (uint256) {
        return (AccountWord.unwrap(self) >> DEBT) & MASK_32;
    }

    function dayLimit(AccountWord self) internal pure returns (uint256) {
        return (AccountWord.unwrap(self) >> DAY_LIMIT) & MASK_40;
    }

    function exitAt(AccountWord self) internal pure returns (uint256) {
        return AccountWord.unwrap(self) >> EXIT_AT;
    }

    /// @notice What is left in the bucket at `timestamp`, which is not before the last debit.
    function usedBy(AccountWord self, uint256 timestamp) internal pure returns (uint256 used) {
        unchecked {
            uint256 word = AccountWord.unwrap(self);
            used = (word >> USED) & MASK_40;
            // 40-bit factors: no overflow; time does not run backwards
            uint256 drained = ((timestamp - ((word >> USED_AT) & MASK_40)) * ((word >> DAY_LIMIT) & MASK_40)) / 1 days;
            used = used > drained ? used - drained : 0;
        }
    }

    // ---------------------------------------------------- changing ---------------------------------------------------

    /// @notice The word of an account that has just been opened.
    function opened(uint40 dayLimit_) internal pure returns (AccountWord) {
        return AccountWord.wrap(uint256(dayLimit_) << DAY_LIMIT);
    }

    /// @notice Adds credit, of which debt is repaid first: `repaid` is account 1's.
    function credit(AccountWord self, uint256 amount) internal pure returns (AccountWord, uint256 repaid) {
        uint256 owed = debt(self);
        repaid = owed < amount ? owed : amount;
        uint256 sum = balance(self) + amount;
        unchecked {
            return (withBalanceAndDebt(self, sum - repaid, owed - repaid), repaid); // repaid is the least of both
        }
    }

    /// @notice Takes credit that must be there.
    function debit(AccountWord self, uint32 account, uint256 amount) internal pure returns (AccountWord) {
        uint256 held = balance(self);
        if (amount > held) revert IEscrowTypes.InsufficientBalance(account, held, amount);
        unchecked {
            return AccountWord.wrap(AccountWord.unwrap(self) - amount); // borrows nothing from the fields above
        }
    }

    /// @notice Takes a batch's debit as far as the balance goes and fills the day limit's bucket with all of it.
    /// @return next The word, of which `short` has still to be booked if it is not zero: then the balance is 0
    /// @return short What the balance did not cover
    function spend(
        AccountWord self,
        uint256 account,
        uint256 amount,
        uint256 timestamp
    ) internal pure returns (AccountWord next, uint256 short) {
        unchecked {
            uint256 used = usedBy(self, timestamp) + amount; // two 40-bit terms
            uint256 limit = dayLimit(self);
            if (used > limit) revert IEscrowTypes.DayLimitExceeded(uint32(account), used, limit);
            uint256 held = balance(self);
            if (amount > held) (short, amount) = (amount - held, held);
            // used ≤ limit fits 40 bits, so does the timestamp; amount ≤ balance borrows nothing from the fields above
            next = AccountWord.wrap(
                (AccountWord.unwrap(self) & KEEP_ON_DEBIT) - amount | (used << USED) | (timestamp << USED_AT)
            );
        }
    }

    /// @notice Undoes a batch's debit of `amount`, of which `back` was paid by the account or lent to it.
    /// @return next The word
    /// @return repaid What of `back` repaid debt: account 1's
    function refund(
        AccountWord self,
        uint256 amount,
        uint256 back,
        uint256 timestamp
    ) internal pure returns (AccountWord next, uint256 repaid) {
        unchecked {
            uint256 used = usedBy(self, timestamp);
            used = used > amount ? used - amount : 0; // the rest has drained since
            uint256 owed = debt(self);
            repaid = owed < back ? owed : back;
            uint256 held = balance(self) + back - repaid; // a 64-bit and a 40-bit term
            if (held > MASK_64) revert IEscrowTypes.ValueTooLarge(held, MASK_64);
            // every value fits its field: used is not more than before, the debt neither, the timestamp has 40 bits
            next = AccountWord.wrap(
                (AccountWord.unwrap(self) & KEEP_ON_REFUND) | (used << USED) | (timestamp << USED_AT)
                    | ((owed - repaid) << DEBT) | held
            );
        }
    }

    /// @notice Replaces the day limit from `timestamp` on; what has been used until then drained at the old one.
    function withDayLimit(
        AccountWord self,
        uint40 dayLimit_,
        uint256 timestamp
    ) internal pure returns (AccountWord) {
        if (timestamp > MASK_40) revert IEscrowTypes.ValueTooLarge(timestamp, MASK_40);
        uint256 used = usedBy(self, timestamp);
        if (used > dayLimit_) used = dayLimit_;
        uint256 kept = AccountWord.unwrap(self) & KEEP_ON_DEBIT & ~(MASK_40 << DAY_LIMIT);
        return AccountWord.wrap(
            kept | (uint256(dayLimit_) << DAY_LIMIT) | (used << USED) | (timestamp << USED_AT)
        );
    }

    /// @notice Replaces the time from which an exit may be executed.
    function withExitAt(AccountWord self, uint40 exitAt_) internal pure returns (AccountWord) {
        uint256 kept = AccountWord.unwrap(self) & ((1 << EXIT_AT) - 1);
        return AccountWord.wrap(kept | (uint256(exitAt_) << EXIT_AT));
    }

    /// @notice Replaces balance and debt.
    function withBalanceAndDebt(
        AccountWord self,
        uint256 balance_,
        uint256 debt_
    ) internal pure returns (AccountWord) {
        if (balance_ > MASK_64) revert IEscrowTypes.ValueTooLarge(balance_, MASK_64);
        if (debt_ > MASK_32) revert IEscrowTypes.ValueTooLarge(debt_, MASK_32);
        return AccountWord.wrap(((AccountWord.unwrap(self) >> DAY_LIMIT) << DAY_LIMIT) | (debt_ << DEBT) | balance_);
    }
}
