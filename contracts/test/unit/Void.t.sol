// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {IEscrowTypes} from "../../src/interfaces/IEscrowTypes.sol";
import {EscrowTest} from "../support/EscrowTest.sol";

contract VoidTest is EscrowTest {
    uint32 private buyer;
    uint32 private operator;
    uint32 private referrer;

    function setUp() public override {
        super.setUp();
        _deposit(platform, 100e6);
        buyer = _deposit(alice, 100e6);
        operator = escrow.open(bob, 0);
        referrer = escrow.open(address(0x4ef), 0);
        vm.warp((block.timestamp / 1 days) * 1 days + 1 hours);
        // carries, earnings and used limits that must be found again
        _settle(_line(buyer, 1_234_567), _line(operator, 1_234_567), _line(referrer, 1_000_003));
    }

    // ==================================================== identity ===================================================

    function test_I12_void_isTheIdentity(uint40 amount, uint40 referred, uint256 elapsed) public {
        amount = uint40(bound(amount, 100, 98e6));
        referred = uint40(bound(referred, 0, amount));
        elapsed = bound(elapsed, 0, 24 hours);
        uint256 start = block.timestamp;
        vm.warp(start + elapsed);
        bytes32 untouched = _state();
        vm.warp(start);
        IEscrowTypes.Batch memory batch =
            _settled(_line(buyer, amount), _line(operator, amount), _line(referrer, referred));
        _pause();
        vm.warp(start + elapsed);
        expectEvent(address(escrow));
        emit IEscrowTypes.BatchVoided(2, _digest(batch));
        _void(batch);
        assertEq(_state(), untouched, "as if it had never been");
        _assertBacked();
    }

    function test_I12_void_ofOverdraftAndWriteOffIsTheIdentity(uint40 before, uint40 short) public {
        // the buyer owes some already, up to the cap
        uint256 held = _balance(buyer);
        _settle(buyer, operator, held + bound(before, 0, 2e6));
        bytes32 untouched = _state();
        uint256 amount = bound(short, 1, 90e6);
        IEscrowTypes.Batch memory batch = _settled(_line(buyer, amount), _line(operator, amount), "");
        _pause();
        _void(batch);
        assertEq(_state(), untouched, "balance, debt, account 1");
        _assertBacked();
    }

    function test_I12_void_ofABalanceOverdrawnBeyondTheCap() public {
        uint256 held = _balance(buyer);
        bytes32 untouched = _state();
        IEscrowTypes.Batch memory batch =
            _settled(_line(buyer, held + 7e6), bytes.concat(_line(1, 7e6), _line(operator, held)), "");
        assertEq(_debt(buyer), 2e6, "lent");
        assertEq(_balance(1), 93e6, "account 1 paid 7");
        _pause();
        _void(batch);
        assertEq(_state(), untouched, "balance, debt, account 1");
    }

    function test_I12_void_conservesAfterRepayments(uint64 repaid) public {
        repaid = uint64(bound(repaid, 5e6, 50e6));
        uint256 held = _balance(buyer);
        IEscrowTypes.Batch memory batch = _settled(_line(buyer, held + 5e6), _line(operator, held + 5e6), "");
        _deposit(alice, repaid);
        _pause();
        _void(batch);
        assertEq(_balance(buyer), held + repaid, "what was there and what came in");
        assertEq(_debt(buyer), 0, "no debt");
        assertEq(_balance(1), 100e6, "account 1 has back what it lent and lost");
        _assertBacked();
    }

    function test_I12_void_repaysDebtOfLaterBatchesFirst() public {
        // batch 2 empties the account, batch 3 overdraws it; 3 is undone, then 2
        uint256 held = _balance(buyer);
        IEscrowTypes.Batch memory second = _settled(_line(buyer, held), _line(operator, held), "");
        IEscrowTypes.Batch memory third = _settled(_line(buyer, 1e6), _line(operator, 1e6), "");
        _pause();
        _void(third);
        assertEq(_debt(buyer), 0, "debt undone");
        _void(second);
        assertEq(_balance(buyer), held, "all of it");
        assertEq(_balance(1), 100e6, "account 1");
        _assertBacked();
    }

    function test_void_accountOneInEveryString() public {
        bytes32 untouched = _state();
        IEscrowTypes.Batch memory batch = _settled(
            bytes.concat(_line(1, 3_000_007), _line(buyer, 2_000_001)),
            bytes.concat(_line(1, 2_000_003), _line(operator, 3_000_005)),
            bytes.concat(_line(1, 1_000_001), _line(operator, 999_999))
        );
        _pause();
        _void(batch);
        assertEq(_state(), untouched, "id 1 as payer, operator and referrer");
        _assertBacked();
    }

    function test_void_acrossMidnightTakesFromYesterdays() public {
        vm.warp((block.timestamp / 1 days + 1) * 1 days - 1);
        IEscrowTypes.Batch memory first = _settled(_line(buyer, 10e6), _line(operator, 10e6), "");
        vm.warp(block.timestamp + 1 hours);
        IEscrowTypes.Batch memory second = _settled(_line(buyer, 5e6), _line(operator, 5e6), "");
        uint256 matured = _earned(operator) - 12e6;
        vm.warp(block.timestamp + 23 hours);
        _pause();
        _void(second);
        assertEq(escrow.earnerOf(operator).current, 0, "today's");
        _void(first);
        assertEq(escrow.earnerOf(operator).previous, matured, "of yesterday only what was there before");
        assertEq(_earned(operator), matured, "what was there before");
        _assertBacked();
    }

    function test_void_leavesPaidEarningsAlone() public {
        vm.warp(block.timestamp + 2 days);
        _settle(buyer, operator, 60e6);
        vm.warp(block.timestamp + 2 days);
        IEscrowTypes.Batch memory batch = _settled(_line(buyer, 10e6), _line(operator, 10e6), "");
        uint32[] memory ids = new uint32[](1);
        ids[0] = operator;
        escrow.payout(ids);
        _pause();
        _void(batch);
        assertEq(_earned(operator), 0, "everything else was paid");
        _assertBacked();
    }

    // ===================================================== chain =====================================================

    function test_I5_void_newestFirstAndNumbersAreNotUsedAgain() public {
        (, bytes32 first,) = escrow.nextBatch();
        IEscrowTypes.Batch memory second = _settled(_line(buyer, 1e6), _line(operator, 1e6), "");
        (, bytes32 secondDigest,) = escrow.nextBatch();
        IEscrowTypes.Batch memory third = _settled(_line(buyer, 2e6), _line(operator, 2e6), "");
        (, bytes32 thirdDigest, uint40 settledAt) = escrow.nextBatch();
        _pause();
        _voidReverts(second, abi.encodeWithSelector(IEscrowTypes.NotLastBatch.selector, 2, secondDigest, thirdDigest));
        vm.warp(block.timestamp + 1 hours);
        _void(third);
        (uint64 seq, bytes32 prev, uint40 lastAt) = escrow.nextBatch();
        assertEq(seq, 4, "3 is not used again");
        assertEq(prev, secondDigest, "the next stands on 2");
        assertEq(lastAt, settledAt, "a heartbeat stays one");
        (bytes32 kept, uint40 time) = escrow.batchOf(3);
        assertEq(kept, 0, "no such live batch");
        assertEq(time, 0, "no such live batch");
        _voidReverts(third, abi.encodeWithSelector(IEscrowTypes.NotLastBatch.selector, 3, thirdDigest, secondDigest));
        _void(second);
        (seq, prev,) = escrow.nextBatch();
        assertEq(seq, 4, "4 still");
        assertEq(prev, first, "the next stands on 1");
        _voidReverts(second, abi.encodeWithSelector(IEscrowTypes.NotLastBatch.selector, 2, secondDigest, first));

        vm.prank(guardian);
        escrow.unpause(IEscrowTypes.Group.Settlement);
        _settle(buyer, operator, 3e6);
        (seq, prev,) = escrow.nextBatch();
        (kept,) = escrow.batchOf(4);
        assertEq(seq, 5, "4 used");
        assertEq(prev, kept, "and the last live one");
    }

    function test_void_ofTheVeryFirstBatch() public {
        escrow = _deploy(settler);
        IEscrowTypes.Batch memory batch = _settled("", "", "");
        _pause();
        _void(batch);
        (uint64 seq, bytes32 prev,) = escrow.nextBatch();
        assertEq(seq, 2, "1 is not used again");
        assertEq(prev, 0, "nothing to stand on");
    }

    function test_void_refillsTheCapacity() public {
        (uint256 available,,) = escrow.settlementCapacity();
        IEscrowTypes.Batch memory batch = _settled(_line(buyer, 50e6), _line(operator, 50e6), "");
        (uint256 less,,) = escrow.settlementCapacity();
        assertEq(available - less, 50e6, "drawn");
        _pause();
        _void(batch);
        (uint256 again,,) = escrow.settlementCapacity();
        assertEq(again, available, "refilled");
    }

    // ==================================================== reverts ====================================================

    function test_void_revertsForOthers(address caller) public {
        vm.assume(caller != guardian && caller != governor);
        IEscrowTypes.Batch memory batch = _settled("", "", "");
        _pause();
        vm.expectRevert(
            abi.encodeWithSelector(IEscrowTypes.NotInRole.selector, IEscrowTypes.Role.Guardian, caller)
        );
        vm.prank(caller);
        escrow.void(batch);
    }

    function test_void_revertsUnlessSettlementIsPaused() public {
        IEscrowTypes.Batch memory batch = _settled("", "", "");
        bytes memory reason =
            abi.encodeWithSelector(IEscrowTypes.NotPaused.selector, IEscrowTypes.Group.Settlement);
        _voidReverts(batch, reason);
        vm.prank(guardian);
        escrow.pause(IEscrowTypes.Group.Moves, uint40(block.timestamp + 7 days));
        _voidReverts(batch, reason);
        uint40 until = uint40(block.timestamp + 1 hours);
        vm.prank(guardian);
        escrow.pause(IEscrowTypes.Group.Settlement, until);
        vm.warp(until); // a pause has ended in the second it names
        _voidReverts(batch, reason);
    }

    function test_void_revertsAfterADay() public {
        IEscrowTypes.Batch memory batch = _settled("", "", "");
        uint256 latest = block.timestamp + 24 hours;
        _pause();
        vm.warp(latest + 1);
        _voidReverts(batch, abi.encodeWithSelector(IEscrowTypes.DeadlinePassed.selector, latest, latest + 1));
        vm.warp(latest);
        _void(batch);
    }

    function test_void_revertsForOtherData() public {
        IEscrowTypes.Batch memory batch = _settled(_line(buyer, 1e6), _line(operator, 1e6), "");
        (, bytes32 last,) = escrow.nextBatch();
        _pause();
        batch.debits = _line(buyer, 2e6);
        bytes32 given = bytes32((uint256(_digest(batch)) >> 40) << 40);
        _voidReverts(batch, abi.encodeWithSelector(IEscrowTypes.NotLastBatch.selector, 2, given, last));
    }

    // ==================================================== internal ===================================================

    function _settled(
        bytes memory debits,
        bytes memory credits,
        bytes memory referrals
    ) private returns (IEscrowTypes.Batch memory batch) {
        batch = _batch(debits, credits, referrals);
        escrow.settle(batch, _sign(SETTLER_KEY, _digest(batch)));
    }

    function _pause() private {
        vm.prank(guardian);
        escrow.pause(IEscrowTypes.Group.Settlement, uint40(block.timestamp + 7 days));
    }

    function _void(IEscrowTypes.Batch memory batch) private {
        vm.prank(guardian);
        escrow.void(batch);
    }

    function _voidReverts(IEscrowTypes.Batch memory batch, bytes memory reason) private {
        vm.expectRevert(reason);
        vm.prank(guardian);
        escrow.void(batch);
    }

    /// @dev Everything that can be seen of accounts, earners and the bucket.
    function _state() private view returns (bytes32 state) {
        for (uint32 id = 1; id < escrow.nextId(); ++id) {
            state = keccak256(abi.encode(state, escrow.accountOf(id), escrow.earnerOf(id)));
        }
        (uint256 available,,) = escrow.settlementCapacity();
        state = keccak256(abi.encode(state, escrow.liabilities(), available));
    }
}
