// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

/// @title The escrow's arithmetic without its words, signatures and storage
/// @dev Pure, in words as wide as they come, so that a solver can reason about it. `test/proofs/Models.t.sol` shows that
/// the contract's libraries compute the same for any input.
library Models {
    uint256 internal constant BPS = 10_000;
    uint256 internal constant OPERATOR_BPS = 8_000;
    uint256 internal constant REFERRAL_BPS = 100;
    uint256 internal constant MAX_DEBT = 2e6;
    uint256 internal constant MAX_LINE = type(uint40).max;
    uint256 internal constant DAY = 86_400;
    uint256 internal constant WINDOW_DAYS = 30;

    /// @notice An operator's share of a line.
    function operatorShare(uint256 gross, uint256 carry) internal pure returns (uint256 net, uint256 fraction) {
        uint256 exact = gross * OPERATOR_BPS + carry;
        return (exact / BPS, exact % BPS);
    }

    /// @notice A referrer's share of a line.
    function referralShare(uint256 gross, uint256 carry) internal pure returns (uint256 net, uint256 fraction) {
        uint256 exact = gross * REFERRAL_BPS + carry;
        return (exact / BPS, exact % BPS);
    }

    /// @notice Adds credit: debt is repaid first.
    function credit(
        uint256 balance,
        uint256 debt,
        uint256 amount
    ) internal pure returns (uint256 balanceAfter, uint256 debtAfter, uint256 repaid) {
        repaid = debt < amount ? debt : amount;
        return (balance + amount - repaid, debt - repaid, repaid);
    }

    /// @notice Takes a batch's debit: from the balance, then as debt up to the cap; the rest is written off.
    function spend(
        uint256 balance,
        uint256 debt,
        uint256 amount
    ) internal pure returns (uint256 balanceAfter, uint256 debtAfter, uint256 writtenOff) {
        if (amount <= balance) return (balance - amount, debt, 0);
        uint256 short = amount - balance;
        uint256 room = MAX_DEBT - debt;
        uint256 lent = short < room ? short : room;
        return (0, debt + lent, short - lent);
    }

    /// @notice What is left in a day limit's bucket after `flow` = seconds · limit has drained.
    function drain(uint256 used, uint256 flow) internal pure returns (uint256) {
        uint256 drained = flow / DAY;
        return used > drained ? used - drained : 0;
    }

    /// @notice An earner's three buckets, `passed` days after they were written.
    function roll(
        uint256 available,
        uint256 current,
        uint256 previous,
        uint256 passed
    ) internal pure returns (uint256, uint256, uint256) {
        if (passed == 0) return (available, current, previous);
        if (passed == 1) return (available + previous, 0, current);
        return (available + previous + current, 0, 0);
    }

    /// @notice What still counts of a payout `age` days ago, rounded up.
    function fade(uint256 paid, uint256 age) internal pure returns (uint256) {
        if (age >= WINDOW_DAYS) return 0;
        return (paid * (WINDOW_DAYS - age) + WINDOW_DAYS - 1) / WINDOW_DAYS;
    }
}
