// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {IEscrowTypes} from "../../src/interfaces/IEscrowTypes.sol";
import {AccountWord, AccountWordLib} from "../../src/libraries/AccountWord.sol";
import {EarnerWord, EarnerWordLib} from "../../src/libraries/EarnerWord.sol";
import {OwnerWord} from "../../src/libraries/OwnerWord.sol";
import {VoucherWord, VoucherWordLib} from "../../src/libraries/VoucherWord.sol";
import {Test} from "../support/Test.sol";

/// @dev The two storage words for any content: a change touches its own fields only, and nothing is cut off silently.
contract WordsTest is Test {
    uint256 private constant NOW = 1_795_000_000;

    // ================================================== accounts =====================================================

    function test_account_balanceAndDebtLeaveTheRest(uint256 word, uint64 balance, uint32 debt) public pure {
        AccountWord next = AccountWord.wrap(word).withBalanceAndDebt(balance, debt);
        assertEq(next.balance(), balance, "balance");
        assertEq(next.debt(), debt, "debt");
        assertEq(AccountWord.unwrap(next) >> 96, word >> 96, "the rest");
    }

    function test_account_exitAtLeavesTheRest(uint256 word, uint40 exitAt) public pure {
        AccountWord next = AccountWord.wrap(word).withExitAt(exitAt);
        assertEq(next.exitAt(), exitAt, "exitAt");
        assertEq(AccountWord.unwrap(next) << 40, word << 40, "the rest");
    }

    function test_account_dayLimitLeavesTheRest(uint256 word, uint40 limit) public pure {
        word &= ~(uint256(type(uint40).max) << 176); // last used in 1970
        AccountWord next = AccountWord.wrap(word).withDayLimit(limit, NOW);
        assertEq(next.dayLimit(), limit, "limit");
        assertTrue(next.usedBy(NOW) <= limit, "used <= limit");
        assertEq(uint96(AccountWord.unwrap(next)), uint96(word), "balance and debt");
        assertEq(next.exitAt(), word >> 216, "exitAt");
    }

    function test_account_spendLeavesTheRest(uint64 balance, uint40 amount, uint40 limit, uint40 exitAt) public pure {
        amount = uint40(bound(amount, 0, limit));
        AccountWord word = AccountWordLib.opened(limit).withBalanceAndDebt(balance, 0).withExitAt(exitAt);
        (AccountWord next, uint256 short) = word.spend(7, amount, NOW);
        assertEq(short, amount > balance ? amount - balance : 0, "short");
        assertEq(next.balance(), balance > amount ? balance - amount : 0, "balance");
        assertEq(next.usedBy(NOW), amount, "used");
        assertEq(next.dayLimit(), limit, "limit");
        assertEq(next.exitAt(), exitAt, "exitAt");
        assertEq(next.debt(), 0, "debt");
    }

    function test_account_creditRepaysDebtFirst(uint32 debt, uint64 amount) public pure {
        (AccountWord next, uint256 repaid) = AccountWordLib.opened(1).withBalanceAndDebt(0, debt).credit(amount);
        assertEq(repaid, debt < amount ? debt : amount, "repaid");
        assertEq(next.debt(), debt - repaid, "debt");
        assertEq(next.balance(), amount - repaid, "balance");
    }

    function test_account_revertsWhenAFieldOverflows() public {
        _overflows(uint256(type(uint64).max) + 1, type(uint64).max);
        this.accountWith(uint256(type(uint64).max) + 1, 0);
        _overflows(uint256(type(uint32).max) + 1, type(uint32).max);
        this.accountWith(0, uint256(type(uint32).max) + 1);
        _overflows(uint256(type(uint40).max) + 1, type(uint40).max);
        this.dayLimitAt(uint256(type(uint40).max) + 1);
        _overflows(uint256(type(uint64).max) + 1, type(uint64).max);
        this.refunded(type(uint64).max, 1);
    }

    /// @dev A limit below what has been used leaves the bucket full, not overflowing: invariant 7.
    function test_account_dayLimitCapsWhatWasUsed(uint40 amount, uint40 limit) public pure {
        amount = uint40(bound(amount, 1, type(uint40).max));
        limit = uint40(bound(limit, 0, amount - 1));
        AccountWord word = AccountWordLib.opened(amount).withBalanceAndDebt(amount, 0);
        (word,) = word.spend(7, amount, NOW);
        assertEq(word.withDayLimit(limit, NOW).usedBy(NOW), limit, "used");
    }

    function refunded(uint64 balance, uint256 amount) external pure returns (AccountWord next) {
        (next,) = AccountWordLib.opened(1).withBalanceAndDebt(balance, 0).refund(amount, amount, NOW);
    }

    function accountWith(uint256 balance, uint256 debt) external pure returns (AccountWord) {
        return AccountWordLib.opened(1).withBalanceAndDebt(balance, debt);
    }

    function dayLimitAt(uint256 timestamp) external pure returns (AccountWord) {
        return AccountWordLib.opened(1).withDayLimit(2, timestamp);
    }

    // =================================================== earners =====================================================

    function test_earner_bucketsMatureInTwoDays(uint48 first, uint48 second, uint16 day) public pure {
        day = uint16(bound(day, 0, type(uint16).max - 3));
        EarnerWord word = EarnerWord.wrap(0).earn(first, day).earn(second, day + 1);
        _buckets(word, day + 1, [uint256(0), second, first]);
        _buckets(word, day + 2, [uint256(first), 0, second]);
        _buckets(word, day + 3, [uint256(first) + second, 0, 0]);
    }

    function test_earner_accrueIsExact(uint40 a, uint40 b, uint16 bps) public pure {
        bps = uint16(bound(bps, 0, 10_000));
        (EarnerWord word, uint256 first) = EarnerWord.wrap(0).accrue(a, bps, 1);
        uint256 second;
        (word, second) = word.accrue(b, bps, 1);
        uint256 exact = (uint256(a) + b) * bps;
        assertEq(first + second, exact / 10_000, "net");
        assertEq(word.carry(), exact % 10_000, "carry");
    }

    function test_earner_windowLeavesTheRest(uint256 content, uint256 paid, uint16 day) public pure {
        EarnerWord word = EarnerWord.wrap(content).withWindow(paid, day);
        uint256 most = type(uint40).max;
        assertEq(word.windowPaidOn(day), paid < most ? paid : most, "kept, at most 40 bits");
        assertEq(uint192(EarnerWord.unwrap(word)), uint192(content), "the rest");
        assertEq(EarnerWord.unwrap(word) >> 248, content >> 248, "spare");
        assertEq(word.windowPaidOn(uint256(day) + 30), 0, "faded");
    }

    function test_earner_revertsWhenAFieldOverflows() public {
        _overflows(uint256(type(uint48).max) + 1, type(uint48).max);
        this.earnTwice(type(uint48).max, 1, 5, 5);
        _overflows(uint256(type(uint16).max) + 1, type(uint16).max);
        this.earnTwice(1, 1, 5, uint256(type(uint16).max) + 1);
        _overflows(uint256(type(uint16).max) + 1, type(uint16).max);
        this.windowOn(uint256(type(uint16).max) + 1);
        _overflows(uint256(type(uint64).max) + 3, type(uint64).max);
        this.matureFull();
    }

    function earnTwice(uint256 a, uint256 b, uint256 dayA, uint256 dayB) external pure returns (EarnerWord) {
        return EarnerWord.wrap(0).earn(a, dayA).earn(b, dayB);
    }

    function windowOn(uint256 day) external pure returns (EarnerWord) {
        return EarnerWord.wrap(0).withWindow(1, day);
    }

    /// @dev `available` is full, and 3 more mature.
    function matureFull() external pure returns (EarnerWord) {
        return EarnerWord.wrap((uint256(3) << 64) | type(uint64).max).earn(0, 9);
    }

    function _buckets(EarnerWord word, uint256 day, uint256[3] memory expected) private pure {
        (uint256 available, uint256 current, uint256 previous) = word.bucketsOn(day);
        assertEq(available, expected[0], "available");
        assertEq(current, expected[1], "current");
        assertEq(previous, expected[2], "previous");
    }

    function _overflows(uint256 value, uint256 maximum) private {
        vm.expectRevert(abi.encodeWithSelector(IEscrowTypes.ValueTooLarge.selector, value, maximum));
    }

    // =================================================== owners ======================================================

    function test_owner_changeLeavesTheNonce(uint256 word, address to) public pure {
        OwnerWord next = OwnerWord.wrap(word).withOwner(to);
        assertEq(next.owner(), to, "owner");
        assertEq(next.nonce(), word >> 160, "nonce");
    }

    function test_owner_nonceRisesByOne(address owner, uint96 nonce) public pure {
        nonce = uint96(bound(nonce, 0, type(uint96).max - 1));
        OwnerWord next = OwnerWord.wrap((uint256(nonce) << 160) | uint160(owner)).withNextNonce();
        assertEq(next.owner(), owner, "owner");
        assertEq(next.nonce(), uint256(nonce) + 1, "nonce");
    }

    function test_owner_noncesEndRatherThanStartAgain() public {
        vm.expectRevert(abi.encodeWithSignature("Panic(uint256)", 0x11));
        this.nextNonce(type(uint256).max);
    }

    function nextNonce(uint256 word) external pure returns (OwnerWord) {
        return OwnerWord.wrap(word).withNextNonce();
    }

    // ================================================== vouchers =====================================================

    function test_voucher_keepsWhatWasOrdered(
        uint64 amount,
        uint32 from,
        uint32 to,
        uint40 expiry,
        uint88 nonce
    ) public pure {
        IEscrowTypes.VoucherOrder memory order =
            IEscrowTypes.VoucherOrder(from, address(1), amount, to, expiry, 0);
        VoucherWord word = VoucherWordLib.opened(order, nonce);
        assertEq(word.amount(), amount, "amount");
        assertEq(word.from(), from, "from");
        assertEq(word.to(), to, "to");
        assertEq(word.expiry(), expiry, "expiry");
        assertEq(word.nonce(), nonce, "nonce");
    }

    function test_voucher_revertsForANonceThatDoesNotFit() public {
        uint96 most = type(uint88).max;
        assertEq(this.openedVoucher(most).nonce(), most, "the largest");
        for (uint256 i = 88; i < 96; ++i) {
            uint96 nonce = uint96(1 << i);
            vm.expectRevert(abi.encodeWithSelector(IEscrowTypes.ValueTooLarge.selector, nonce, most));
            this.openedVoucher(nonce);
        }
    }

    function openedVoucher(uint96 nonce) external pure returns (VoucherWord) {
        return VoucherWordLib.opened(IEscrowTypes.VoucherOrder(1, address(1), 1, 0, 1, 0), nonce);
    }
}
