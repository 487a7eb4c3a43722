// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {IEscrowTypes} from "../../src/interfaces/IEscrowTypes.sol";
import {EscrowTest} from "../support/EscrowTest.sol";
import {NextEscrow} from "../support/NextEscrow.sol";

contract SuccessionTest is EscrowTest {
    NextEscrow private next;
    uint32 private first;
    uint32 private second;

    function setUp() public override {
        super.setUp();
        next = new NextEscrow();
        first = _deposit(alice, 50e6);
        second = _deposit(bob, 70e6);
    }

    function test_migrate_movesCreditAfterFourteenDays() public {
        uint40 maturesAt = uint40(block.timestamp + 14 days);
        expectEvent(address(escrow));
        emit IEscrowTypes.SuccessorQueued(address(0), address(next), maturesAt);
        _queue();
        vm.warp(maturesAt - 1);
        vm.expectRevert(abi.encodeWithSelector(IEscrowTypes.NotMatured.selector, maturesAt, maturesAt - 1));
        _migrate();
        vm.warp(maturesAt);
        expectEvent(address(escrow));
        emit IEscrowTypes.Migrated(first, address(next), 50e6);
        assertEq(_migrate(), 120e6, "total");
        assertEq(next.creditOf(first), 50e6, "first");
        assertEq(next.ownerOf(second), bob, "owner");
        assertEq(usdc.balanceOf(address(next)), 120e6, "USDC");
        assertEq(escrow.liabilities(), 0, "nothing owed here");
        _assertBacked();
        assertEq(_migrate(), 0, "nothing left");
        assertEq(next.imported(), 2, "each once");
    }

    function test_I13_migrate_leavesOutWhoIsLeaving() public {
        _queue();
        vm.prank(alice);
        escrow.requestExit(first); // a queued successor opens the exit, dark or not
        vm.warp(block.timestamp + 14 days);
        assertEq(_migrate(), 70e6, "the other one");
        vm.prank(alice);
        escrow.exit(first);
        assertEq(usdc.balanceOf(alice), 50e6, "paid");
    }

    function test_migrate_afterALapsedExit() public {
        _queue();
        vm.prank(alice);
        escrow.requestExit(first);
        vm.warp(block.timestamp + 14 days + 1);
        assertEq(_migrate(), 120e6, "both");
    }

    function test_cancelSuccessor_byTheGuardian() public {
        _queue();
        expectEvent(address(escrow));
        emit IEscrowTypes.SuccessorQueued(address(next), address(0), 0);
        vm.prank(guardian);
        escrow.cancelSuccessor();
        (address to, uint40 maturesAt) = escrow.successor();
        assertEq(to, address(0), "none");
        assertEq(maturesAt, 0, "none");
        vm.warp(block.timestamp + 14 days);
        vm.expectRevert(IEscrowTypes.NoSuccessor.selector);
        _migrate();
        vm.expectRevert(IEscrowTypes.NoSuccessor.selector);
        vm.prank(guardian);
        escrow.cancelSuccessor();
        vm.expectRevert(
            abi.encodeWithSelector(IEscrowTypes.NotDark.selector, block.timestamp, block.timestamp)
        );
        vm.prank(alice);
        escrow.requestExit(first);
    }

    function test_migrate_reverts(address caller) public {
        vm.assume(caller != clearer && caller != governor);
        vm.expectRevert(
            abi.encodeWithSelector(IEscrowTypes.NotInRole.selector, IEscrowTypes.Role.Clearer, caller)
        );
        vm.prank(caller);
        escrow.migrate(new uint32[](0));
        _queue();
        vm.warp(block.timestamp + 14 days);
        uint32[] memory unknown = new uint32[](1);
        unknown[0] = 99;
        vm.expectRevert(abi.encodeWithSelector(IEscrowTypes.UnknownAccount.selector, 99));
        vm.prank(governor);
        escrow.migrate(unknown);
    }

    function test_queueSuccessor_reverts() public {
        vm.startPrank(governor);
        vm.expectRevert(abi.encodeWithSelector(IEscrowTypes.InvalidAddress.selector, alice));
        escrow.queueSuccessor(alice);
        vm.expectRevert(abi.encodeWithSelector(IEscrowTypes.InvalidAddress.selector, address(escrow)));
        escrow.queueSuccessor(address(escrow));
        vm.stopPrank();
    }

    function _queue() private {
        vm.prank(governor);
        escrow.queueSuccessor(address(next));
    }

    function _migrate() private returns (uint256) {
        uint32[] memory ids = new uint32[](3);
        (ids[0], ids[1], ids[2]) = (first, 1, second);
        vm.prank(clearer);
        return escrow.migrate(ids);
    }
}
