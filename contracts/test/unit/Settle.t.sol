// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {IEscrowTypes} from "../../src/interfaces/IEscrowTypes.sol";
import {EscrowTest} from "../support/EscrowTest.sol";
import {BareDelegate, SmartWallet} from "../support/Wallets.sol";

contract SettleTest is EscrowTest {
    uint32 private buyer;
    uint32 private operator;
    uint32 private referrer;

    function setUp() public override {
        super.setUp();
        _deposit(platform, 100e6);
        buyer = _deposit(alice, 100e6);
        operator = escrow.open(bob, 0);
        referrer = escrow.open(address(0x4ef), 0);
    }

    // ==================================================== the split ==================================================

    function test_settle_splitsExactly(uint40 amount) public {
        amount = uint40(bound(amount, 100, 100e6));
        IEscrowTypes.Batch memory batch =
            _batch(_line(buyer, amount), _line(operator, amount), _line(referrer, amount));
        bytes32 digest = _digest(batch);
        uint64 net = (uint64(amount) * 8) / 10;
        uint64 kickback = uint64(amount) / 100;
        expectEvent(address(escrow));
        emit IEscrowTypes.BatchSettled(
            1,
            batch.receiptsRoot,
            digest,
            batch.periodEnd,
            amount,
            uint64(amount) - net - kickback,
            batch.debits,
            batch.credits,
            batch.referrals
        );
        escrow.settle(batch, _sign(SETTLER_KEY, digest));

        assertEq(_balance(buyer), 100e6 - amount, "buyer");
        assertEq(_earned(operator), net, "operator");
        assertEq(_earned(referrer), kickback, "referrer");
        assertEq(_earned(1), uint256(amount) - net - kickback, "platform: the exact rest");
        assertEq(escrow.liabilities(), 200e6, "liabilities are untouched");
        _assertBacked();
    }

    function test_settle_lifetimeNetIsExactForAnyPartition(uint40[12] memory amounts) public {
        uint256 gross;
        for (uint256 i = 0; i < amounts.length; ++i) {
            uint256 amount = bound(amounts[i], 6, 8e6);
            _settle(buyer, operator, amount);
            gross += amount;
        }
        assertEq(_earned(operator), (gross * 8000) / 10_000, "operator: rounded down once");
        assertEq(_earned(operator) + _earned(1), gross, "nothing is lost");
    }

    function test_settle_oneEarnerInTwoRolesSharesItsCarry() public {
        for (uint256 i = 0; i < 7; ++i) _settle(_line(buyer, 33), _line(operator, 33), _line(operator, 33));
        assertEq(_earned(operator), 187, "81 % of 231");
    }

    function test_settle_accountOneAsOperatorAndReferrer() public {
        _settle(_line(buyer, 1003), _line(1, 1003), _line(1, 1003));
        assertEq(_earned(1), 1003, "all of it");
        _assertBacked();
    }

    function test_settle_platformPaysForItselfAndOthers() public {
        _settle(bytes.concat(_line(1, 3e6), _line(buyer, 2e6)), _line(operator, 5e6), "");
        assertEq(_balance(1), 97e6, "account 1");
        assertEq(_balance(buyer), 98e6, "buyer");
        assertEq(_earned(operator), 4e6, "operator");
        _assertBacked();
    }

    function test_settle_earningsOfManyDays() public {
        _settle(buyer, operator, 10e6);
        vm.warp(block.timestamp + 1 days);
        _settle(buyer, operator, 20e6);
        IEscrowTypes.Earner memory state = escrow.earnerOf(operator);
        assertEq(state.previous, 8e6, "yesterday's");
        assertEq(state.current, 16e6, "today's");
        vm.warp(block.timestamp + 1 days);
        state = escrow.earnerOf(operator);
        assertEq(state.available, 8e6, "matured");
        assertEq(state.previous, 16e6, "yesterday's");
        vm.warp(block.timestamp + 7 days);
        assertEq(escrow.earnerOf(operator).available, 24e6, "all matured");
    }

    // ==================================================== sequence ===================================================

    function test_settle_chainsBatches() public {
        IEscrowTypes.Batch memory batch = _batch(_line(buyer, 1e6), _line(operator, 1e6), "");
        bytes32 digest = _digest(batch);
        escrow.settle(batch, _sign(SETTLER_KEY, digest));
        bytes32 stored = bytes32((uint256(digest) >> 40) << 40);
        (bytes32 kept, uint40 settledAt) = escrow.batchOf(1);
        assertEq(kept, stored, "digest");
        assertEq(settledAt, block.timestamp, "time");
        (uint64 seq, bytes32 prev, uint40 lastAt) = escrow.nextBatch();
        assertEq(seq, 2, "next number");
        assertEq(prev, stored, "prev");
        assertEq(lastAt, block.timestamp, "settled at");
        (kept, settledAt) = escrow.batchOf(2);
        assertEq(kept, 0, "no such batch");
        assertEq(settledAt, 0, "no such batch");
    }

    function test_settle_takesAnEmptyBatchAsHeartbeat() public {
        vm.warp(block.timestamp + 3 days);
        _settle("", "", "");
        (uint64 seq,, uint40 settledAt) = escrow.nextBatch();
        assertEq(seq, 2, "next number");
        assertEq(settledAt, block.timestamp, "settled at");
    }

    function test_settle_revertsWhenBatchRepeated() public {
        IEscrowTypes.Batch memory batch = _batch(_line(buyer, 1e6), _line(operator, 1e6), "");
        escrow.settle(batch, _sign(SETTLER_KEY, _digest(batch)));
        _settleReverts(batch, abi.encodeWithSelector(IEscrowTypes.WrongSequence.selector, 1, 2));
    }

    function test_settle_revertsWhenNumberIsSkipped() public {
        IEscrowTypes.Batch memory batch = _batch("", "", "");
        batch.seq = 2;
        _settleReverts(batch, abi.encodeWithSelector(IEscrowTypes.WrongSequence.selector, 2, 1));
    }

    function test_settle_revertsOnAnotherPrevious(bytes32 prev) public {
        vm.assume(prev != 0);
        IEscrowTypes.Batch memory batch = _batch("", "", "");
        batch.prev = prev;
        _settleReverts(batch, abi.encodeWithSelector(IEscrowTypes.WrongPrevious.selector, prev, bytes32(0)));
    }

    // ============================================= deadline and signature ============================================

    function test_settle_takesDeadlinesUpToTenMinutes() public {
        IEscrowTypes.Batch memory batch = _batch("", "", "");
        batch.deadline = uint40(block.timestamp + 10 minutes);
        escrow.settle(batch, _sign(SETTLER_KEY, _digest(batch)));
        batch = _batch("", "", "");
        batch.deadline = uint40(block.timestamp);
        escrow.settle(batch, _sign(SETTLER_KEY, _digest(batch)));
    }

    function test_settle_revertsAfterItsDeadline() public {
        IEscrowTypes.Batch memory batch = _batch("", "", "");
        batch.deadline = uint40(block.timestamp - 1);
        _settleReverts(
            batch,
            abi.encodeWithSelector(IEscrowTypes.DeadlinePassed.selector, block.timestamp - 1, block.timestamp)
        );
    }

    function test_settle_revertsWhenDeadlineIsTooFar() public {
        IEscrowTypes.Batch memory batch = _batch("", "", "");
        uint256 latest = block.timestamp + 10 minutes;
        batch.deadline = uint40(latest + 1);
        _settleReverts(batch, abi.encodeWithSelector(IEscrowTypes.DeadlineTooFar.selector, latest + 1, latest));
    }

    function test_settle_revertsOnAnotherSignature(uint256 key) public {
        key = bound(key, 1, type(uint128).max);
        vm.assume(key != SETTLER_KEY);
        IEscrowTypes.Batch memory batch = _batch("", "", "");
        bytes32 digest = _digest(batch);
        bytes memory signature = _sign(key, digest);
        vm.expectRevert(abi.encodeWithSelector(IEscrowTypes.InvalidSignature.selector, settler, digest));
        escrow.settle(batch, signature);
    }

    function test_settle_revertsWhenChangedAfterSigning() public {
        IEscrowTypes.Batch memory batch = _batch(_line(buyer, 1e6), _line(operator, 1e6), "");
        bytes memory signature = _sign(SETTLER_KEY, _digest(batch));
        (batch.debits, batch.credits) = (_line(buyer, 2e6), _line(operator, 2e6));
        bytes32 digest = _digest(batch);
        vm.expectRevert(abi.encodeWithSelector(IEscrowTypes.InvalidSignature.selector, settler, digest));
        escrow.settle(batch, signature);
    }

    function test_settle_revertsOnAMalleatedSignature() public {
        IEscrowTypes.Batch memory batch = _batch("", "", "");
        bytes32 digest = _digest(batch);
        (uint8 v, bytes32 r, bytes32 s) = vm.sign(SETTLER_KEY, digest);
        uint256 order = 0xfffffffffffffffffffffffffffffffebaaedce6af48a03bbfd25e8cd0364141;
        bytes memory other = abi.encodePacked(r, bytes32(order - uint256(s)), v == 27 ? uint8(28) : uint8(27));
        vm.expectRevert(abi.encodeWithSelector(IEscrowTypes.InvalidSignature.selector, settler, digest));
        escrow.settle(batch, other);
    }

    function test_settle_takesErc1271() public {
        address wallet = address(new SmartWallet(vm.addr(SETTLER_KEY)));
        escrow = _deploy(wallet);
        IEscrowTypes.Batch memory batch = _batch("", "", "");
        bytes32 digest = _digest(batch);
        bytes memory signature = _sign(SETTLER_KEY, digest);
        vm.expectRevert(abi.encodeWithSelector(IEscrowTypes.InvalidSignature.selector, wallet, digest));
        escrow.settle(batch, signature);
        escrow.settle(batch, bytes.concat(hex"01", signature));
    }

    function test_settle_takesTheKeyOfADelegatedAccount() public {
        vm.etch(settler, address(new BareDelegate()).code);
        _settle("", "", "");
    }

    // ====================================================== lines ====================================================

    function test_settle_revertsOnBrokenLines() public {
        _settleReverts(
            _batch(hex"0102", "", ""), abi.encodeWithSelector(IEscrowTypes.LinesMalformed.selector, 2)
        );
        _settleReverts(
            _batch("", hex"0102", ""), abi.encodeWithSelector(IEscrowTypes.LinesMalformed.selector, 2)
        );
        _settleReverts(
            _batch("", "", hex"0102"), abi.encodeWithSelector(IEscrowTypes.LinesMalformed.selector, 2)
        );
    }

    function test_settle_revertsWhenLinesDoNotRise() public {
        bytes memory repeated = bytes.concat(_line(2, 1), _line(2, 1));
        bytes memory reason = abi.encodeWithSelector(IEscrowTypes.LinesNotAscending.selector, 2, 2);
        _settleReverts(_batch(repeated, _line(2, 2), ""), reason);
        _settleReverts(_batch(_line(2, 2), repeated, ""), reason);
        _settleReverts(_batch(_line(2, 2), _line(2, 2), repeated), reason);
        reason = abi.encodeWithSelector(IEscrowTypes.LinesNotAscending.selector, 1, 1);
        _settleReverts(_batch(bytes.concat(_line(1, 1), _line(1, 1)), _line(2, 2), ""), reason);
        reason = abi.encodeWithSelector(IEscrowTypes.LinesNotAscending.selector, 1, 2);
        _settleReverts(_batch(bytes.concat(_line(2, 1), _line(1, 1)), _line(2, 2), ""), reason);
    }

    function test_settle_revertsForUnknownAccounts() public {
        bytes memory reason = abi.encodeWithSelector(IEscrowTypes.LinesNotAscending.selector, 0, 0);
        _settleReverts(_batch(_line(0, 0), "", ""), reason);
        uint256 unknown = escrow.nextId();
        reason = abi.encodeWithSelector(IEscrowTypes.UnknownAccount.selector, unknown);
        _settleReverts(_batch(_line(unknown, 0), "", ""), reason);
        _settleReverts(_batch(_line(buyer, 5), _line(unknown, 5), ""), reason);
        _settleReverts(_batch(_line(buyer, 5), _line(operator, 5), _line(unknown, 5)), reason);
    }

    function test_settle_revertsWhenNotConserved(uint40 debit, uint40 credit) public {
        debit = uint40(bound(debit, 0, 100e6));
        vm.assume(debit != credit);
        _settleReverts(
            _batch(_line(buyer, debit), _line(operator, credit), ""),
            abi.encodeWithSelector(IEscrowTypes.NotConserved.selector, debit, credit)
        );
    }

    function test_settle_revertsWhenMoreIsReferredThanDebited() public {
        _settleReverts(
            _batch(_line(buyer, 5), _line(operator, 5), _line(referrer, 6)),
            abi.encodeWithSelector(IEscrowTypes.ReferralsExceedGross.selector, 6, 5)
        );
    }

    function test_settle_revertsWhenRoundingExceedsGross() public {
        // 6,000 ten-thousandths are carried by the operator, 9,900 by the referrer: one more µUSDC earns each a whole one
        _settle(_line(buyer, 99), bytes.concat(_line(1, 92), _line(operator, 7)), _line(referrer, 99));
        _settleReverts(
            _batch(_line(buyer, 1), _line(operator, 1), _line(referrer, 1)),
            abi.encodeWithSelector(IEscrowTypes.SplitExceedsGross.selector, 2, 1)
        );
    }

    // ============================================ overdraft, debt, write-off =========================================

    function test_settle_lendsWhatTheBalanceLacks(uint40 short) public {
        short = uint40(bound(short, 1, escrow.MAX_DEBT()));
        IEscrowTypes.Batch memory batch =
            _batch(_line(buyer, 100e6 + short), _line(operator, 100e6 + short), "");
        bytes memory signature = _sign(SETTLER_KEY, _digest(batch));
        expectEvent(address(escrow));
        emit IEscrowTypes.Overdrawn(1, buyer, short);
        escrow.settle(batch, signature);
        assertEq(_balance(buyer), 0, "balance");
        assertEq(_debt(buyer), short, "debt");
        assertEq(_balance(1), 100e6 - uint256(short), "account 1 pays");
        assertEq(_earned(operator), ((100e6 + uint256(short)) * 8) / 10, "the operator is paid in full");
        _assertBacked();
    }

    function test_settle_writesOffBeyondTheDebtCap() public {
        _settle(buyer, operator, 101.5e6);
        IEscrowTypes.Batch memory batch = _batch(_line(buyer, 3e6), _line(operator, 3e6), "");
        bytes memory signature = _sign(SETTLER_KEY, _digest(batch));
        expectEvent(address(escrow));
        emit IEscrowTypes.Overdrawn(2, buyer, 0.5e6);
        expectEvent(address(escrow));
        emit IEscrowTypes.WrittenOff(2, buyer, 2.5e6);
        escrow.settle(batch, signature);
        assertEq(_debt(buyer), 2e6, "debt at the cap");
        assertEq(_balance(1), 95.5e6, "account 1 paid 1.5 + 3");
        _assertBacked();

        batch = _batch(_line(buyer, 1e6), _line(operator, 1e6), "");
        signature = _sign(SETTLER_KEY, _digest(batch));
        expectEvent(address(escrow));
        emit IEscrowTypes.WrittenOff(3, buyer, 1e6);
        escrow.settle(batch, signature);
        assertEq(_debt(buyer), 2e6, "debt stays at the cap");
    }

    function test_settle_accountOnePaysOwnLineAndOverdraftsTogether() public {
        bytes memory debits = bytes.concat(_line(1, 60e6), _line(buyer, 102e6));
        _settle(debits, _line(operator, 162e6), "");
        assertEq(_balance(1), 38e6, "60 + 2 paid");
        assertEq(_debt(1), 0, "account 1 has no debt");
        _assertBacked();
    }

    function test_settle_revertsWhenAccountOneCannotPay() public {
        _settleReverts(
            _batch(_line(1, 100e6 + 1), _line(operator, 100e6 + 1), ""),
            abi.encodeWithSelector(IEscrowTypes.InsufficientBalance.selector, 1, 100e6, 100e6 + 1)
        );
        _settleReverts(
            _batch(bytes.concat(_line(1, 99e6), _line(buyer, 102e6)), _line(operator, 201e6), ""),
            abi.encodeWithSelector(IEscrowTypes.InsufficientBalance.selector, 1, 100e6, 101e6)
        );
    }

    // ==================================================== limits =====================================================

    function test_settle_revertsAboveTheDayLimit() public {
        _deposit(alice, 900e6);
        _settle(buyer, operator, 150e6);
        _settleReverts(
            _batch(_line(buyer, 50e6 + 1), _line(operator, 50e6 + 1), ""),
            abi.encodeWithSelector(IEscrowTypes.DayLimitExceeded.selector, buyer, 200e6 + 1, 200e6)
        );
        _settle(buyer, operator, 50e6);
        assertEq(escrow.accountOf(buyer).used, 200e6, "used up");
    }

    function test_settle_dayLimitDrainsEvenly(uint40 elapsed) public {
        elapsed = uint40(bound(elapsed, 0, 3 days));
        _deposit(alice, 900e6);
        _settle(buyer, operator, 200e6);
        vm.warp(block.timestamp + elapsed);
        uint256 drained = (uint256(elapsed) * 200e6) / 1 days;
        uint256 room = drained < 200e6 ? drained : 200e6;
        assertEq(escrow.accountOf(buyer).used, 200e6 - room, "used");
        if (room > 0) _settle(buyer, operator, room);
        _settleReverts(
            _batch(_line(buyer, 1), _line(operator, 1), ""),
            abi.encodeWithSelector(IEscrowTypes.DayLimitExceeded.selector, buyer, 200e6 + 1, 200e6)
        );
    }

    function test_settle_accountOneHasNoDayLimit() public {
        _deposit(platform, 10_000e6);
        _settle(1, operator, 5_000e6);
        assertEq(_balance(1), 5_100e6, "account 1");
    }

    function test_settle_revertsAboveTheGlobalCapacity() public {
        _deposit(platform, 600_000e6);
        _settle(1, operator, 200_000e6);
        _settleReverts(
            _batch(_line(1, 50_000e6 + 1), _line(operator, 50_000e6 + 1), ""),
            abi.encodeWithSelector(IEscrowTypes.CapacityExceeded.selector, 50_000e6 + 1, 50_000e6)
        );
        vm.warp(block.timestamp + 12 hours);
        (uint256 available, uint256 capacity, uint256 window) = escrow.settlementCapacity();
        assertEq(available, 175_000e6, "half has refilled");
        assertEq(capacity, CAPACITY, "capacity");
        assertEq(window, WINDOW, "window");
        _settle(1, operator, 175_000e6);
    }

    function test_settle_revertsWhenADaysEarningsOverflow() public {
        // 48 bits of µUSDC a day, 281 million dollars: out of reach of the bucket, so the slot is set by hand
        uint256 slot = _earnerSlot(operator);
        uint256 today = block.timestamp / 1 days;
        vm.store(address(escrow), bytes32(slot), bytes32((today << 160) | (uint256(type(uint48).max) << 64)));
        assertEq(escrow.earnerOf(operator).current, type(uint48).max, "the slot is the operator's");
        _settleReverts(
            _batch(_line(buyer, 10), _line(operator, 10), ""),
            abi.encodeWithSelector(
                IEscrowTypes.ValueTooLarge.selector, uint256(type(uint48).max) + 8, uint256(type(uint48).max)
            )
        );
    }

    /// @dev Earners stand 2³² slots after accounts, whose first one shows by account 1's balance.
    function _earnerSlot(uint32 earner) private view returns (uint256) {
        for (uint256 base = 0; base < 32; ++base) {
            if (uint64(uint256(vm.load(address(escrow), bytes32(base + 1)))) == 100e6) {
                if (uint64(uint256(vm.load(address(escrow), bytes32(base + buyer)))) == 100e6) {
                    return base + 2 ** 32 + earner;
                }
            }
        }
        revert("no accounts found");
    }
}
