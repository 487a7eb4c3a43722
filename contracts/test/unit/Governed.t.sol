// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {IEscrowTypes} from "../../src/interfaces/IEscrowTypes.sol";
import {MovesTest} from "../support/MovesTest.sol";

contract GovernedTest is MovesTest {
    // ==================================================== pauses =====================================================

    function test_I16_pause_endsWithinSevenDays(uint8 groupSeed, uint40 length) public {
        IEscrowTypes.Group group = IEscrowTypes.Group(groupSeed % 4);
        length = uint40(bound(length, 1, 7 days));
        uint40 until = uint40(block.timestamp) + length;
        expectEvent(address(escrow));
        emit IEscrowTypes.PausedGroup(group, 0, until);
        _pause(guardian, group, until);
        assertEq(escrow.pausedUntil(group), until, "until");
        vm.warp(until - 1);
        assertTrue(!_runs(group), "paused");
        vm.warp(until);
        assertTrue(_runs(group), "over");
    }

    function test_I16_pause_cannotBeChained(uint40 early) public {
        IEscrowTypes.Group group = IEscrowTypes.Group.Payouts;
        uint40 end = uint40(block.timestamp + 7 days);
        _pause(guardian, group, end);
        uint256 again = end + escrow.PAUSE_COOLDOWN();
        vm.warp(bound(early, block.timestamp, again - 1));
        vm.expectRevert(abi.encodeWithSelector(IEscrowTypes.NotMatured.selector, again, block.timestamp));
        _pause(guardian, group, uint40(block.timestamp + 1));
        vm.warp(again);
        _pause(guardian, group, uint40(block.timestamp + 1));
    }

    function test_I16_pause_liftedEarlyCoolsDownFromThen() public {
        IEscrowTypes.Group group = IEscrowTypes.Group.Moves;
        uint40 end = uint40(block.timestamp + 7 days);
        _pause(guardian, group, end);
        vm.warp(block.timestamp + 1 days);
        expectEvent(address(escrow));
        emit IEscrowTypes.PausedGroup(group, end, uint40(block.timestamp));
        vm.prank(guardian);
        escrow.unpause(group);
        assertTrue(_runs(group), "runs again");
        uint256 again = block.timestamp + 14 days;
        vm.expectRevert(abi.encodeWithSelector(IEscrowTypes.NotMatured.selector, again, block.timestamp));
        _pause(guardian, group, uint40(block.timestamp + 1));
        vm.expectRevert(abi.encodeWithSelector(IEscrowTypes.NotPaused.selector, group));
        vm.prank(guardian);
        escrow.unpause(group);
    }

    function test_pause_byTheGovernorHasNoCooldownButAnEnd() public {
        IEscrowTypes.Group group = IEscrowTypes.Group.Deposits;
        _pause(governor, group, uint40(block.timestamp + 7 days));
        _pause(governor, group, uint40(block.timestamp + 7 days));
        uint256 latest = block.timestamp + 7 days;
        vm.expectRevert(abi.encodeWithSelector(IEscrowTypes.DeadlineTooFar.selector, latest + 1, latest));
        _pause(governor, group, uint40(latest + 1));
        vm.expectRevert(
            abi.encodeWithSelector(IEscrowTypes.DeadlinePassed.selector, block.timestamp, block.timestamp)
        );
        _pause(governor, group, uint40(block.timestamp));
    }

    function test_pause_ofOneGroupLeavesTheOthers(uint8 seed) public {
        IEscrowTypes.Group group = IEscrowTypes.Group(seed % 4);
        _pause(guardian, group, uint40(block.timestamp + 1 days));
        for (uint8 other = 0; other < 4; ++other) {
            assertTrue(_runs(IEscrowTypes.Group(other)) == (other != uint8(group)), "only this one");
        }
    }

    /// @dev Exit and reclaiming a voucher go on whatever is paused.
    function test_I13_pause_stopsNeitherExitNorReclaim() public {
        address key = vm.addr(0xc0de);
        uint40 time = uint40(block.timestamp);
        IEscrowTypes.VoucherOrder memory order =
            IEscrowTypes.VoucherOrder(buyer, key, 10e6, 0, time + 1 days, time);
        bytes32 operation = keccak256(
            abi.encode(
                keccak256(
                    "CreateVoucher(uint32 from,address key,uint64 amount,uint32 to,uint40 expiry,uint96 nonce,uint40 deadline)"
                ),
                buyer,
                key,
                order.amount,
                0,
                order.expiry,
                escrow.accountOf(buyer).nonce,
                time
            )
        );
        bytes memory clearance = _clear(operation, time);
        vm.prank(owner);
        escrow.createVoucher(order, "", clearance);

        vm.warp(block.timestamp + 14 days + 1);
        for (uint8 group = 0; group < 4; ++group) {
            _pause(governor, IEscrowTypes.Group(group), uint40(block.timestamp + 7 days));
        }
        vm.startPrank(owner);
        escrow.reclaimVoucher(key);
        escrow.requestExit(buyer);
        vm.stopPrank();
        vm.warp(block.timestamp + 7 days);
        for (uint8 group = 0; group < 4; ++group) {
            _pause(governor, IEscrowTypes.Group(group), uint40(block.timestamp + 7 days));
        }
        vm.prank(governor);
        escrow.suspend(buyer, uint40(block.timestamp + 30 days), "reason");
        vm.prank(owner);
        escrow.exit(buyer);
        assertEq(usdc.balanceOf(owner), 100e6, "all credit");
    }

    // ================================================== suspension ===================================================

    function test_suspend_stopsPayoutsForAWhile() public {
        _settle(buyer, friend, 50e6);
        vm.warp(block.timestamp + 2 days);
        uint40 until = uint40(block.timestamp + 30 days);
        expectEvent(address(escrow));
        emit IEscrowTypes.Suspended(friend, 0, until, "reason");
        vm.prank(guardian);
        escrow.suspend(friend, until, "reason");
        assertEq(escrow.suspendedUntil(friend), until, "until");

        bytes memory reason = abi.encodeWithSelector(IEscrowTypes.EarnerSuspended.selector, friend, until);
        vm.startPrank(friendOwner);
        vm.expectRevert(reason);
        escrow.withdraw(friend, 10e6);
        vm.expectRevert(reason);
        escrow.convertEarnings(friend, 10e6);
        vm.stopPrank();
        uint32[] memory ids = new uint32[](1);
        ids[0] = friend;
        expectEvent(address(escrow));
        emit IEscrowTypes.PayoutSkipped(friend, IEscrowTypes.SkipReason.Suspended);
        assertEq(escrow.payout(ids), 0, "nothing");
        _settle(buyer, friend, 1e6); // it goes on earning
        vm.warp(until);
        assertEq(escrow.payout(ids), 40.8e6, "nothing was lost");
    }

    function test_suspend_reverts() public {
        uint256 latest = block.timestamp + 30 days;
        vm.startPrank(guardian);
        vm.expectRevert(abi.encodeWithSelector(IEscrowTypes.DeadlineTooFar.selector, latest + 1, latest));
        escrow.suspend(friend, uint40(latest + 1), 0);
        vm.expectRevert(
            abi.encodeWithSelector(IEscrowTypes.DeadlinePassed.selector, block.timestamp, block.timestamp)
        );
        escrow.suspend(friend, uint40(block.timestamp), 0);
        vm.expectRevert(abi.encodeWithSelector(IEscrowTypes.UnknownAccount.selector, 99));
        escrow.suspend(99, uint40(latest), 0);
        escrow.suspend(friend, uint40(latest), 0);
        uint256 again = latest + 90 days;
        vm.warp(again - 1);
        vm.expectRevert(abi.encodeWithSelector(IEscrowTypes.NotMatured.selector, again, again - 1));
        escrow.suspend(friend, uint40(again), 0);
        vm.stopPrank();
        vm.prank(governor);
        escrow.suspend(friend, uint40(block.timestamp + 30 days), 0);
        vm.prank(guardian);
        escrow.suspend(friend, 0, 0); // lifts it
        assertEq(escrow.suspendedUntil(friend), block.timestamp, "lifted");
    }

    // ==================================================== the caps ===================================================

    function test_setCaps_guardianOnlySlowsDown(uint64 capacity, uint40 window) public {
        vm.assume(window != 0);
        (, uint256 fromCapacity, uint256 fromWindow) = escrow.settlementCapacity();
        bool slower = capacity <= fromCapacity && window >= fromWindow;
        if (!slower) {
            vm.expectRevert(
                capacity > fromCapacity
                    ? abi.encodeWithSelector(IEscrowTypes.ValueTooLarge.selector, capacity, fromCapacity)
                    : abi.encodeWithSelector(IEscrowTypes.AmountBelowMinimum.selector, window, fromWindow)
            );
        } else {
            expectEvent(address(escrow));
            emit IEscrowTypes.CapsChanged(CAPACITY, WINDOW, capacity, window);
        }
        vm.prank(guardian);
        escrow.setCaps(capacity, window);
        vm.prank(governor);
        escrow.setCaps(capacity, window);
        (uint256 available, uint256 now_, uint256 nowWindow) = escrow.settlementCapacity();
        assertEq(now_, capacity, "capacity");
        assertEq(nowWindow, window, "window");
        assertTrue(available <= capacity, "I7: bucket within capacity");
    }

    function test_setCaps_refillsAtTheOldRateUntilThen() public {
        _deposit(platform, 300_000e6);
        _settle(1, friend, 250_000e6);
        vm.warp(block.timestamp + 6 hours);
        vm.prank(governor);
        escrow.setCaps(1_000_000e6, WINDOW);
        (uint256 available,,) = escrow.settlementCapacity();
        assertEq(available, 812_500e6, "a quarter of the old capacity has refilled");
    }

    function test_setCaps_reverts(address caller) public {
        vm.assume(caller != guardian && caller != governor);
        _denied(IEscrowTypes.Role.Guardian, caller);
        escrow.setCaps(1, WINDOW);
        vm.expectRevert(abi.encodeWithSelector(IEscrowTypes.AmountBelowMinimum.selector, 0, 1));
        vm.prank(governor);
        escrow.setCaps(1, 0);
    }

    // ===================================================== roles =====================================================

    function test_setSigner_passesARoleOn(uint8 seed, address to) public {
        vm.assume(to != address(0) && to != address(escrow));
        IEscrowTypes.Role role = IEscrowTypes.Role(seed % 5);
        address from = escrow.roleOf(role);
        expectEvent(address(escrow));
        emit IEscrowTypes.SignerSet(role, from, to);
        vm.prank(governor);
        escrow.setSigner(role, to);
        assertEq(escrow.roleOf(role), to, "holder");
    }

    function test_setSigner_theOldSettlerSettlesNoMore() public {
        IEscrowTypes.Batch memory batch = _batch("", "", "");
        bytes32 digest = _digest(batch);
        bytes memory old = _sign(SETTLER_KEY, digest);
        vm.prank(governor);
        escrow.setSigner(IEscrowTypes.Role.Settler, vm.addr(0xbeef));
        vm.expectRevert(abi.encodeWithSelector(IEscrowTypes.InvalidSignature.selector, vm.addr(0xbeef), digest));
        escrow.settle(batch, old);
        escrow.settle(batch, _sign(0xbeef, digest));
    }

    function test_setSigner_reverts() public {
        vm.startPrank(governor);
        vm.expectRevert(abi.encodeWithSelector(IEscrowTypes.InvalidAddress.selector, address(0)));
        escrow.setSigner(IEscrowTypes.Role.Settler, address(0));
        vm.expectRevert(abi.encodeWithSelector(IEscrowTypes.InvalidAddress.selector, address(escrow)));
        escrow.setSigner(IEscrowTypes.Role.Settler, address(escrow));
        vm.stopPrank();
    }

    function test_setPayoutPolicy_changesIt(address policy) public {
        expectEvent(address(escrow));
        emit IEscrowTypes.PolicySet(address(0), policy);
        vm.prank(governor);
        escrow.setPayoutPolicy(policy);
        assertEq(escrow.payoutPolicy(), policy, "policy");
    }

    function test_roles_nobodyElseMay(address caller) public {
        vm.assume(caller != guardian && caller != governor);
        _denied(IEscrowTypes.Role.Guardian, caller);
        escrow.pause(IEscrowTypes.Group.Moves, uint40(block.timestamp + 1));
        _denied(IEscrowTypes.Role.Guardian, caller);
        escrow.unpause(IEscrowTypes.Group.Moves);
        _denied(IEscrowTypes.Role.Guardian, caller);
        escrow.suspend(friend, uint40(block.timestamp + 1), 0);
        _denied(IEscrowTypes.Role.Guardian, caller);
        escrow.cancelSuccessor();
        _governorOnly(caller);
        _governorOnly(guardian);
    }

    function _governorOnly(address caller) private {
        _denied(IEscrowTypes.Role.Governor, caller);
        escrow.setSigner(IEscrowTypes.Role.Settler, caller);
        _denied(IEscrowTypes.Role.Governor, caller);
        escrow.setPayoutPolicy(caller);
        _denied(IEscrowTypes.Role.Governor, caller);
        escrow.queueSuccessor(address(usdc));
        _denied(IEscrowTypes.Role.Governor, caller);
        escrow.rescue(address(0), caller, 0);
        _denied(IEscrowTypes.Role.Governor, caller);
        escrow.queueRefund(IEscrowTypes.Refund(caller, 1, 0, 0));
    }

    // ================================================ the two contracts ==============================================

    function test_escrow_passesOnWhatItDoesNotKnow() public {
        (bool done,) = address(escrow).call(hex"12345678");
        assertTrue(!done, "neither half has it");
        (done,) = address(escrow).call{value: 1}("");
        assertTrue(!done, "takes no ETH");
    }

    // ==================================================== internal ===================================================

    function _pause(address by, IEscrowTypes.Group group, uint40 until) private {
        vm.prank(by);
        escrow.pause(group, until);
    }

    function _denied(IEscrowTypes.Role role, address caller) private {
        vm.expectRevert(abi.encodeWithSelector(IEscrowTypes.NotInRole.selector, role, caller));
        vm.prank(caller);
    }

    /// @dev Whether an operation of the group gets past the pause.
    function _runs(IEscrowTypes.Group group) private returns (bool) {
        bytes memory data;
        if (group == IEscrowTypes.Group.Deposits) {
            _fund(address(this), 5e6);
            data = abi.encodeCall(escrow.deposit, (buyer, 5e6, MEMO));
        } else if (group == IEscrowTypes.Group.Moves) {
            data = abi.encodeCall(escrow.transfer, (IEscrowTypes.Transfer(buyer, friend, 0, 0, 0), "", ""));
        } else if (group == IEscrowTypes.Group.Settlement) {
            data = abi.encodeCall(escrow.settle, (_batch("", "", ""), ""));
        } else {
            data = abi.encodeCall(escrow.payout, (new uint32[](0)));
        }
        (, bytes memory result) = address(escrow).call(data);
        return result.length < 4 || bytes4(result) != IEscrowTypes.Paused.selector;
    }
}
