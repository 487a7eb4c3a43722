// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {Models} from "../../proofs/Models.sol";
import {AccountWord, AccountWordLib} from "../../src/libraries/AccountWord.sol";
import {EarnerWord} from "../../src/libraries/EarnerWord.sol";
import {Split} from "../../src/libraries/Split.sol";
import {EscrowTest} from "../support/EscrowTest.sol";

/// @dev What is proved of the models holds for the contract: both compute the same for any input.
contract ModelsTest is EscrowTest {
    function testFuzz_share_isTheModels(uint40 gross, uint256 carry) external pure {
        carry = bound(carry, 0, Models.BPS - 1);
        (uint256 net, uint256 fraction) = Split.share(gross, Split.OPERATOR_BPS, carry);
        (uint256 modelNet, uint256 modelFraction) = Models.operatorShare(gross, carry);
        assertEq(net, modelNet, "operator's net");
        assertEq(fraction, modelFraction, "operator's fraction");
        (net, fraction) = Split.share(gross, Split.REFERRAL_BPS, carry);
        (modelNet, modelFraction) = Models.referralShare(gross, carry);
        assertEq(net, modelNet, "referrer's net");
        assertEq(fraction, modelFraction, "referrer's fraction");
    }

    function testFuzz_credit_isTheModels(uint64 balance, uint32 debt, uint64 amount) external pure {
        balance = uint64(bound(balance, 0, type(uint64).max / 2));
        amount = uint64(bound(amount, 0, type(uint64).max / 2));
        AccountWord word = AccountWordLib.opened(1).withBalanceAndDebt(balance, debt);
        (AccountWord next, uint256 repaid) = word.credit(amount);
        (uint256 modelBalance, uint256 modelDebt, uint256 modelRepaid) = Models.credit(balance, debt, amount);
        assertEq(next.balance(), modelBalance, "balance");
        assertEq(next.debt(), modelDebt, "debt");
        assertEq(repaid, modelRepaid, "repaid");
    }

    /// @dev Through the whole contract, because what the word is short of is booked by `Settlement`.
    function testFuzz_settle_spendsAsTheModel(uint64 balance, uint32 first, uint64 second) external {
        balance = uint64(bound(balance, 5e6, 90e6));
        uint256[2] memory amounts = [bound(first, 6, 95e6), bound(second, 6, 95e6)];
        _deposit(platform, 1_000e6);
        uint32 id = _deposit(alice, balance);
        (uint256 modelBalance, uint256 modelDebt) = (balance, 0);
        uint256 paidByPlatform;
        for (uint256 i = 0; i < 2; ++i) {
            uint256 writtenOff;
            uint256 before = modelBalance + modelDebt;
            (modelBalance, modelDebt, writtenOff) = Models.spend(modelBalance, modelDebt, amounts[i]);
            _settle(id, escrow.open(bob, 0), amounts[i]);
            assertEq(_balance(id), modelBalance, "balance");
            assertEq(_debt(id), modelDebt, "debt");
            paidByPlatform += writtenOff;
            assertTrue(before + amounts[i] >= writtenOff, "no more is given up than was spent");
        }
        assertEq(_balance(1), 1_000e6 - modelDebt - paidByPlatform, "account 1 pays debt and write-offs");
    }

    function testFuzz_usedBy_isTheModels(uint40 limit, uint256 used, uint256 start, uint256 elapsed) external pure {
        start = bound(start, 0, type(uint40).max / 2);
        elapsed = bound(elapsed, 0, type(uint40).max / 2);
        used = bound(used, 0, limit);
        (AccountWord word,) = AccountWordLib.opened(limit).spend(2, used, start);
        uint256 left = word.usedBy(start + elapsed);
        assertEq(left, Models.drain(used, elapsed * limit), "used");
    }

    function testFuzz_bucketsOn_isTheModels(uint48 current, uint48 previous, uint16 day, uint256 passed) external pure {
        day = uint16(bound(day, 1, 40_000));
        passed = bound(passed, 0, 20_000);
        EarnerWord word = EarnerWord.wrap(0).earn(previous, day - 1).earn(current, day);
        (uint256 available, uint256 now_, uint256 before) = word.bucketsOn(day + passed);
        (uint256 modelAvailable, uint256 modelNow, uint256 modelBefore) = Models.roll(0, current, previous, passed);
        assertEq(available, modelAvailable, "available");
        assertEq(now_, modelNow, "current");
        assertEq(before, modelBefore, "previous");
    }

    function testFuzz_windowPaidOn_isTheModelsAndNeverGrows(uint40 paid, uint16 day, uint256 age) external pure {
        day = uint16(bound(day, 0, 40_000));
        age = bound(age, 0, 20_000);
        EarnerWord word = EarnerWord.wrap(0).withWindow(paid, day);
        uint256 counts = word.windowPaidOn(day + age);
        assertEq(counts, Models.fade(paid, age), "window");
        assertTrue(counts <= paid, "fades");
        assertTrue(counts >= word.windowPaidOn(day + age + 1), "and goes on fading");
    }
}
