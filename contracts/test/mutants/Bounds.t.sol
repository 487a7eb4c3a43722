// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {AccountWord, AccountWordLib} from "../../src/libraries/AccountWord.sol";
import {EarnerWord} from "../../src/libraries/EarnerWord.sol";
import {Receipts} from "../../src/libraries/Receipts.sol";
import {Test} from "../support/Test.sol";

/// @dev A field holds the largest value that fits: a bound that is off by one is seen here and nowhere else.
contract BoundsTest is Test {
    function test_earner_holdsTheMostThatFits() external pure {
        uint256 today = type(uint16).max;
        EarnerWord full = EarnerWord.wrap(type(uint64).max).earn(type(uint48).max, today);
        (uint256 available, uint256 current,) = full.bucketsOn(today);
        assertEq(available, type(uint64).max, "available");
        assertEq(current, type(uint48).max, "current");
        assertEq(EarnerWord.wrap(0).withWindow(type(uint40).max, today).windowPaidOn(today), type(uint40).max, "window");
    }

    function test_earner_takesAllThatIsAvailable() external pure {
        (uint256 available,,) = EarnerWord.wrap(7e6).take(2, 7e6, 20_000).bucketsOn(20_000);
        assertEq(available, 0, "nothing is left");
    }

    function test_account_holdsTheMostThatFits() external pure {
        AccountWord word = AccountWordLib.opened(1);
        assertEq(word.withBalanceAndDebt(type(uint64).max, 0).balance(), type(uint64).max, "balance");
        assertEq(word.withBalanceAndDebt(0, type(uint32).max).debt(), type(uint32).max, "debt");
        assertEq(word.withDayLimit(9, type(uint40).max).dayLimit(), 9, "the last second that fits");
        (word,) = word.withBalanceAndDebt(type(uint64).max - 1, 0).refund(1, 1, 1_795_000_000);
        assertEq(word.balance(), type(uint64).max, "balance after a refund");
    }

    function test_account_spendsAllOfBalanceAndLimit() external pure {
        AccountWord word = AccountWordLib.opened(5e6).withBalanceAndDebt(5e6, 0);
        (AccountWord next, uint256 short) = word.spend(2, 5e6, 1_795_000_000);
        assertEq(short, 0, "nothing is short");
        assertEq(next.balance(), 0, "all of the balance");
        assertEq(next.usedBy(1_795_000_000), 5e6, "all of the limit");
    }

    function test_receipts_refuseAPlaceAfterTheLast() external pure {
        Receipts.Proof memory proof = Receipts.Proof({index: 0, count: 1, siblings: new bytes32[](0)});
        (bool valid,) = Receipts.climb("leaf", proof);
        assertTrue(valid, "the only place of a tree of one");
        proof.index = 1;
        (valid,) = Receipts.climb("leaf", proof);
        assertTrue(!valid, "a second place for the same leaf");
    }
}
