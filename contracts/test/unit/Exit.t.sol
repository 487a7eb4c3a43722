// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {TestUSDC} from "../../dev/TestUSDC.sol";
import {IEscrowTypes} from "../../src/interfaces/IEscrowTypes.sol";
import {EscrowTest} from "../support/EscrowTest.sol";

contract ExitTest is EscrowTest {
    uint32 private account;
    uint256 private darkAt;

    function setUp() public override {
        super.setUp();
        _deposit(platform, 50e6);
        account = _deposit(alice, 100e6);
        darkAt = block.timestamp + 14 days;
    }

    function test_requestExit_revertsWhileBatchesAreSettled(uint256 elapsed) public {
        elapsed = bound(elapsed, 0, 14 days);
        vm.warp(block.timestamp + elapsed);
        vm.expectRevert(abi.encodeWithSelector(IEscrowTypes.NotDark.selector, darkAt, block.timestamp));
        vm.prank(alice);
        escrow.requestExit(account);
    }

    function test_requestExit_revertsForOthers(address caller) public {
        vm.assume(caller != alice);
        vm.warp(darkAt + 1);
        vm.expectRevert(abi.encodeWithSelector(IEscrowTypes.NotOwner.selector, account, caller));
        vm.prank(caller);
        escrow.requestExit(account);
        vm.expectRevert(abi.encodeWithSelector(IEscrowTypes.NotOwner.selector, account, caller));
        vm.prank(caller);
        escrow.exit(account);
    }

    function test_exit_paysTheOwner(uint256 waited) public {
        uint256 exitAt = _request();
        vm.warp(bound(waited, exitAt, exitAt + 7 days));
        expectEvent(address(escrow));
        emit IEscrowTypes.Exited(account, alice, 100e6);
        vm.prank(alice);
        escrow.exit(account);
        assertEq(usdc.balanceOf(alice), 100e6, "paid");
        assertEq(_balance(account), 0, "no credit left");
        assertEq(escrow.accountOf(account).exitAt, 0, "done");
        assertEq(escrow.liabilities(), 50e6, "liabilities");
        _assertBacked();
    }

    function test_exit_revertsBeforeAndAfterItsTime() public {
        uint256 exitAt = _request();
        vm.warp(exitAt - 1);
        vm.startPrank(alice);
        vm.expectRevert(abi.encodeWithSelector(IEscrowTypes.NotMatured.selector, exitAt, exitAt - 1));
        escrow.exit(account);
        vm.warp(exitAt + 7 days + 1);
        vm.expectRevert(
            abi.encodeWithSelector(IEscrowTypes.DeadlinePassed.selector, exitAt + 7 days, exitAt + 7 days + 1)
        );
        escrow.exit(account);
        escrow.requestExit(account); // it may be asked for again
        vm.warp(block.timestamp + 7 days);
        escrow.exit(account);
        assertEq(usdc.balanceOf(alice), 100e6, "paid");
    }

    function test_exit_revertsWithoutRequestAndWithoutCredit() public {
        vm.startPrank(alice);
        vm.expectRevert(abi.encodeWithSelector(IEscrowTypes.NothingQueued.selector, account));
        escrow.exit(account);
        vm.stopPrank();
        uint256 exitAt = _request();
        vm.warp(exitAt);
        vm.startPrank(alice);
        escrow.exit(account);
        vm.expectRevert(abi.encodeWithSelector(IEscrowTypes.NothingQueued.selector, account));
        escrow.exit(account);
        escrow.requestExit(account);
        vm.warp(block.timestamp + 7 days);
        vm.expectRevert(abi.encodeWithSelector(IEscrowTypes.InsufficientBalance.selector, account, 0, 1));
        escrow.exit(account);
    }

    function test_exit_settlementKeepsPriorityButCannotStopIt() public {
        uint256 exitAt = _request();
        _settle(account, 1, 30e6);
        vm.warp(exitAt);
        _settle("", "", "");
        vm.prank(alice);
        escrow.exit(account);
        assertEq(usdc.balanceOf(alice), 70e6, "what was left");
        _assertBacked();
    }

    function test_exit_isCalledOffByTheOwnersDepositOnly() public {
        uint256 exitAt = _request();
        _fund(bob, 5e6);
        vm.prank(bob);
        escrow.deposit(account, 5e6, MEMO);
        assertEq(escrow.accountOf(account).exitAt, exitAt, "somebody else's deposit calls nothing off");
        _fund(alice, 5e6);
        expectEvent(address(escrow));
        emit IEscrowTypes.ExitCancelled(account);
        vm.prank(alice);
        escrow.deposit(account, 5e6, MEMO);
        vm.warp(exitAt);
        vm.expectRevert(abi.encodeWithSelector(IEscrowTypes.NothingQueued.selector, account));
        vm.prank(alice);
        escrow.exit(account);
    }

    function test_exit_revertsForABlacklistedOwnerWithoutLoss() public {
        uint256 exitAt = _request();
        usdc.blacklist(alice);
        vm.warp(exitAt);
        vm.expectRevert(abi.encodeWithSelector(TestUSDC.Blacklisted.selector, alice));
        vm.prank(alice);
        escrow.exit(account);
        assertEq(_balance(account), 100e6, "the credit stays");
    }

    function test_exit_accountOneToo() public {
        vm.warp(darkAt + 1);
        vm.startPrank(platform);
        escrow.requestExit(1);
        vm.warp(block.timestamp + 7 days);
        escrow.exit(1);
        assertEq(usdc.balanceOf(platform), 50e6, "paid");
    }

    function _request() private returns (uint256 exitAt) {
        vm.warp(darkAt + 1);
        exitAt = block.timestamp + 7 days;
        expectEvent(address(escrow));
        emit IEscrowTypes.ExitRequested(account, uint40(exitAt));
        vm.prank(alice);
        escrow.requestExit(account);
    }
}
