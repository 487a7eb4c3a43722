// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {Models} from "./Models.sol";

/// @title A batch neither makes nor loses money, for any number of lines (I2, I3)
/// @dev Steps of an induction over the lines: what holds before a line holds after it, and it holds before the first.
/// `credit` is the sum of all balances, `earned` of all earners' buckets, `total` what both are together before the batch.
contract ConservationProof {
    struct Sums {
        uint256 total;
        uint256 credit;
        uint256 earned;
        uint256 gross; // of the debits so far
        uint256 shares; // of the credits and referrals so far
    }

    modifier holds(Sums memory sums) {
        require(sums.total <= type(uint64).max);
        require(sums.shares <= type(uint64).max);
        require(sums.credit + sums.gross + sums.earned == sums.total + sums.shares);
        _;
    }

    function begin(uint64 credit, uint64 earned) external pure {
        Sums memory sums = Sums(uint256(credit) + earned, credit, earned, 0, 0);
        assert(sums.credit + sums.gross + sums.earned == sums.total + sums.shares);
    }

    function debit(Sums memory sums, uint256 amount) external pure holds(sums) {
        require(amount <= Models.MAX_LINE);
        require(amount <= sums.credit); // of the account, and of account 1 for what it is short of
        uint256 credit = sums.credit - amount;
        uint256 gross = sums.gross + amount;
        assert(credit + gross + sums.earned == sums.total + sums.shares);
    }

    function creditOperator(Sums memory sums, uint256 amount, uint256 carry) external pure holds(sums) {
        require(amount <= Models.MAX_LINE && carry < Models.BPS);
        (uint256 net,) = Models.operatorShare(amount, carry);
        assert(sums.credit + sums.gross + (sums.earned + net) == sums.total + (sums.shares + net));
    }

    function creditReferrer(Sums memory sums, uint256 amount, uint256 carry) external pure holds(sums) {
        require(amount <= Models.MAX_LINE && carry < Models.BPS);
        (uint256 net,) = Models.referralShare(amount, carry);
        assert(sums.credit + sums.gross + (sums.earned + net) == sums.total + (sums.shares + net));
    }

    function close(Sums memory sums) external pure holds(sums) {
        require(sums.shares <= sums.gross); // else the batch reverts
        uint256 earned = sums.earned + (sums.gross - sums.shares); // the platform's
        assert(sums.credit + earned == sums.total);
    }
}

/// @title The platform gets at least 19 % of a batch, but for a µUSDC per line (I3)
/// @dev Steps of an induction over the lines; all sums are 0 before the first.
contract PlatformShareProof {
    struct Sums {
        uint256 gross;
        uint256 referred;
        uint256 shares;
        uint256 lines;
    }

    modifier holds(Sums memory sums) {
        require(sums.gross <= type(uint64).max && sums.referred <= type(uint64).max && sums.lines <= type(uint32).max);
        require(100 * sums.shares <= 80 * sums.gross + sums.referred + 100 * sums.lines);
        _;
    }

    function creditOperator(Sums memory sums, uint256 amount, uint256 carry) external pure holds(sums) {
        require(amount <= Models.MAX_LINE && carry < Models.BPS);
        (uint256 net,) = Models.operatorShare(amount, carry);
        assert(100 * (sums.shares + net) <= 80 * (sums.gross + amount) + sums.referred + 100 * (sums.lines + 1));
    }

    function creditReferrer(Sums memory sums, uint256 amount, uint256 carry) external pure holds(sums) {
        require(amount <= Models.MAX_LINE && carry < Models.BPS);
        (uint256 net,) = Models.referralShare(amount, carry);
        assert(100 * (sums.shares + net) <= 80 * sums.gross + (sums.referred + amount) + 100 * (sums.lines + 1));
    }

    function close(Sums memory sums) external pure holds(sums) {
        require(sums.referred <= sums.gross && sums.shares <= sums.gross); // else the batch reverts
        assert(100 * (sums.gross - sums.shares) + 100 * sums.lines >= 19 * sums.gross);
    }
}
