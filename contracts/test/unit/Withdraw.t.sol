// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {TestUSDC} from "../../dev/TestUSDC.sol";
import {CreditEscrow} from "../../src/CreditEscrow.sol";
import {IEscrowTypes} from "../../src/interfaces/IEscrowTypes.sol";
import {IPayoutPolicy} from "../../src/interfaces/IPayoutPolicy.sol";
import {AllowList} from "../support/AllowList.sol";
import {EscrowTest} from "../support/EscrowTest.sol";

contract WithdrawTest is EscrowTest {
    AllowList private policy;
    uint32 private operator;

    function setUp() public override {
        super.setUp();
        policy = new AllowList();
        CreditEscrow.Setup memory setup = _setup();
        setup.payoutPolicy = address(policy);
        escrow = _deploy(setup);
        _deposit(platform, 100_000e6);
        operator = escrow.open(bob, 0);
        vm.warp((block.timestamp / 1 days) * 1 days); // midnight
    }

    // ==================================================== paying =====================================================

    function test_withdraw_paysTheOwnerAfterTheHold(uint64 amount) public {
        _earn(100e6);
        vm.warp(block.timestamp + 2 days);
        amount = uint64(bound(amount, escrow.MIN_PAYOUT(), 100e6));
        expectEvent(address(escrow));
        emit IEscrowTypes.PaidOut(operator, bob, amount, amount);
        vm.prank(bob);
        escrow.withdraw(operator, amount);

        assertEq(usdc.balanceOf(bob), amount, "paid");
        assertEq(escrow.earnerOf(operator).available, 100e6 - uint256(amount), "what is left");
        assertEq(escrow.liabilities(), 100_000e6 - uint256(amount), "liabilities");
        _assertBacked();
    }

    function test_withdraw_revertsDuringTheHold(uint256 elapsed) public {
        elapsed = bound(elapsed, 0, 2 days - 1);
        _earn(100e6);
        vm.warp(block.timestamp + elapsed);
        vm.expectRevert(abi.encodeWithSelector(IEscrowTypes.InsufficientEarnings.selector, operator, 0, 100e6));
        vm.prank(bob);
        escrow.withdraw(operator, 100e6);
    }

    function test_withdraw_holdsAtLeastADay(uint256 timeOfDay) public {
        timeOfDay = bound(timeOfDay, 0, 1 days - 1);
        vm.warp(block.timestamp + timeOfDay);
        _earn(100e6);
        vm.warp(block.timestamp + 1 days);
        assertEq(escrow.earnerOf(operator).available, 0, "held for 24 hours");
        vm.warp(block.timestamp + 1 days);
        assertEq(escrow.earnerOf(operator).available, 100e6, "not for more than 48");
    }

    function test_withdraw_revertsBelowTheMinimum() public {
        _earn(100e6);
        vm.warp(block.timestamp + 2 days);
        vm.expectRevert(abi.encodeWithSelector(IEscrowTypes.AmountBelowMinimum.selector, 10e6 - 1, 10e6));
        vm.prank(bob);
        escrow.withdraw(operator, 10e6 - 1);
    }

    function test_withdraw_revertsForOthers(address caller) public {
        vm.assume(caller != bob);
        vm.expectRevert(abi.encodeWithSelector(IEscrowTypes.NotOwner.selector, operator, caller));
        vm.prank(caller);
        escrow.withdraw(operator, 10e6);
    }

    function test_withdraw_revertsWhenPayeeIsBlacklisted() public {
        _earn(100e6);
        vm.warp(block.timestamp + 2 days);
        usdc.blacklist(bob);
        vm.expectRevert(abi.encodeWithSelector(TestUSDC.Blacklisted.selector, bob));
        vm.prank(bob);
        escrow.withdraw(operator, 100e6);
        assertEq(escrow.earnerOf(operator).available, 100e6, "nothing is lost");
    }

    function test_withdraw_revertsWhenInsolvent() public {
        _earn(100e6);
        vm.warp(block.timestamp + 2 days);
        // what can't happen with USDC: tokens vanish
        vm.prank(address(escrow));
        usdc.transfer(alice, 1);
        vm.expectRevert(
            abi.encodeWithSelector(IEscrowTypes.Insolvent.selector, 100_000e6 - 1 - 100e6, 100_000e6 - 100e6)
        );
        vm.prank(bob);
        escrow.withdraw(operator, 100e6);
    }

    // ================================================== verification =================================================

    function test_withdraw_asksThePolicyOnlyAboveTheLimit() public {
        _earn(2_000e6);
        vm.warp(block.timestamp + 2 days);
        vm.startPrank(bob);
        escrow.withdraw(operator, 500e6);
        vm.expectRevert(
            abi.encodeWithSelector(IEscrowTypes.NotVerified.selector, operator, 510e6, 500e6)
        );
        escrow.withdraw(operator, 10e6);
        policy.verify(bob);
        escrow.withdraw(operator, 1_500e6);
        assertEq(usdc.balanceOf(bob), 2_000e6, "paid");
    }

    function test_withdraw_windowFadesWithinThirtyDays() public {
        _earn(2_000e6);
        vm.warp(block.timestamp + 2 days);
        vm.startPrank(bob);
        escrow.withdraw(operator, 500e6);
        vm.warp(block.timestamp + 15 days);
        assertEq(escrow.earnerOf(operator).windowPaid, 250e6, "half has faded");
        vm.expectRevert(
            abi.encodeWithSelector(IEscrowTypes.NotVerified.selector, operator, 500e6 + 1, 500e6)
        );
        escrow.withdraw(operator, 250e6 + 1);
        escrow.withdraw(operator, 250e6);
        vm.warp(block.timestamp + 30 days);
        assertEq(escrow.earnerOf(operator).windowPaid, 0, "all has faded");
    }

    function test_withdraw_unverifiedGetAtMostTwiceTheLimitInThirtyDays(uint256[10] memory gaps) public {
        _earn(5_000e6);
        vm.warp(block.timestamp + 2 days);
        uint256 end = block.timestamp + 30 days;
        for (uint256 i = 0; i < gaps.length; ++i) {
            uint64 room = uint64(500e6 - escrow.earnerOf(operator).windowPaid);
            if (room >= 10e6) {
                vm.prank(bob);
                escrow.withdraw(operator, room);
            }
            vm.warp(block.timestamp + bound(gaps[i], 0, 6 days));
            if (block.timestamp >= end) break;
        }
        assertTrue(usdc.balanceOf(bob) <= 1_000e6, "twice the limit");
    }

    function test_withdraw_platformIsExempt() public {
        for (uint256 i = 0; i < 10; ++i) _settle(1, 1, 1_000e6);
        vm.warp(block.timestamp + 2 days);
        vm.prank(platform);
        escrow.withdraw(1, 10_000e6);
        assertEq(usdc.balanceOf(platform), 10_000e6, "paid");
    }

    function test_withdraw_revertsWithoutAPolicy() public {
        escrow = _deploy(settler);
        _deposit(platform, 100_000e6);
        operator = escrow.open(bob, 0);
        _earn(1_000e6);
        vm.warp(block.timestamp + 2 days);
        vm.expectRevert(
            abi.encodeWithSelector(IEscrowTypes.NotVerified.selector, operator, 500e6 + 1, 500e6)
        );
        vm.prank(bob);
        escrow.withdraw(operator, 500e6 + 1);
    }

    // ================================================= payout address ================================================

    function test_setPayoutTo_countsAfterADay() public {
        _earn(100e6);
        vm.warp(block.timestamp + 2 days);
        uint40 maturesAt = uint40(block.timestamp + 24 hours);
        expectEvent(address(escrow));
        emit IEscrowTypes.PayoutToQueued(operator, alice, maturesAt);
        vm.prank(bob);
        escrow.setPayoutTo(operator, alice);
        IEscrowTypes.Earner memory state = escrow.earnerOf(operator);
        assertEq(state.payoutTo, bob, "still the owner");
        assertEq(state.queuedPayoutTo, alice, "queued");
        assertEq(state.payoutToMaturesAt, maturesAt, "matures");

        vm.warp(maturesAt - 1);
        vm.prank(bob);
        escrow.withdraw(operator, 10e6);
        assertEq(usdc.balanceOf(bob), 10e6, "paid to the owner");

        vm.warp(maturesAt);
        state = escrow.earnerOf(operator);
        assertEq(state.payoutTo, alice, "matured");
        assertEq(state.payoutToMaturesAt, 0, "nothing queued");
        expectEvent(address(escrow));
        emit IEscrowTypes.PayoutToSet(operator, alice);
        vm.prank(bob);
        escrow.withdraw(operator, 10e6);
        assertEq(usdc.balanceOf(alice), 10e6, "paid to the new address");
    }

    function test_setPayoutTo_replacesWhatIsQueuedButNotWhatMatured() public {
        vm.startPrank(bob);
        escrow.setPayoutTo(operator, alice);
        escrow.setPayoutTo(operator, platform);
        vm.warp(block.timestamp + 24 hours);
        assertEq(escrow.earnerOf(operator).payoutTo, platform, "the later one");
        escrow.setPayoutTo(operator, address(0));
        assertEq(escrow.earnerOf(operator).payoutTo, platform, "until the next matures");
        vm.warp(block.timestamp + 24 hours);
        assertEq(escrow.earnerOf(operator).payoutTo, bob, "zero stands for the owner");
    }

    function test_setPayoutTo_revertsForTheEscrowItself() public {
        vm.expectRevert(abi.encodeWithSelector(IEscrowTypes.InvalidAddress.selector, address(escrow)));
        vm.prank(bob);
        escrow.setPayoutTo(operator, address(escrow));
    }

    function test_setPayoutTo_revertsForOthers(address caller) public {
        vm.assume(caller != bob);
        vm.expectRevert(abi.encodeWithSelector(IEscrowTypes.NotOwner.selector, operator, caller));
        vm.prank(caller);
        escrow.setPayoutTo(operator, caller);
    }

    /// @dev Earns `net` today.
    function _earn(uint256 net) private {
        _settle(1, operator, (net * 10) / 8);
    }
}
