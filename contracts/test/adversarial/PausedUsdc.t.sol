// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {Pausable} from "@openzeppelin/contracts/utils/Pausable.sol";
import {IEscrowTypes} from "../../src/interfaces/IEscrowTypes.sol";
import {MovesTest} from "../support/MovesTest.sol";

/// @dev USDC's issuer has paused the token. Guards that credit goes on and that what needs USDC leaves no trace.
contract PausedUsdcTest is MovesTest {
    bytes private constant PAUSED = abi.encodeWithSelector(Pausable.EnforcedPause.selector);

    function setUp() public override {
        super.setUp();
        _settle(1, friend, 50e6);
        vm.warp(block.timestamp + 2 days);
        _fund(owner, 20e6);
        usdc.pause();
    }

    function test_pausedUsdc_creditGoesOn() public {
        _settle(buyer, friend, 10e6);
        IEscrowTypes.Transfer memory move = _move(buyer, friend, 10e6);
        _succeeds(_transferData(move, _sign(OWNER_KEY, _typed(_operation(move)))));
        IEscrowTypes.VoucherOrder memory order = _order(buyer, vm.addr(0xc0de), 10e6);
        _createVoucher(order);
        escrow.redeemVoucher(order.key, friend, _sign(0xc0de, _redeemDigest(order.key, friend)));
        vm.prank(friendOwner);
        escrow.convertEarnings(friend, 5e6);
        assertEq(_balance(friend), 25e6, "credit");
        assertEq(_balance(buyer), 70e6, "spent");
        _assertBacked();
    }

    function test_pausedUsdc_nothingIsBookedThatDidNotCome() public {
        vm.startPrank(owner);
        vm.expectRevert(PAUSED);
        escrow.deposit(buyer, 20e6, MEMO);
        vm.expectRevert(PAUSED);
        escrow.depositFor(address(0xf1e5), 0, 20e6, MEMO);
        vm.stopPrank();
        assertEq(_balance(buyer), 100e6, "balance");
        assertEq(escrow.idOf(address(0xf1e5)), 0, "not even opened");
        usdc.unpause();
        vm.prank(owner);
        escrow.deposit(buyer, 20e6, MEMO);
        assertEq(_balance(buyer), 120e6, "afterwards");
        _assertBacked();
    }

    function test_pausedUsdc_nothingIsTakenThatDidNotGo() public {
        uint32[] memory ids = new uint32[](1);
        ids[0] = friend;
        assertEq(escrow.payout(ids), 0, "skipped");
        vm.expectRevert(PAUSED);
        vm.prank(friendOwner);
        escrow.withdraw(friend, 40e6);
        vm.warp(block.timestamp + 14 days + 1);
        vm.startPrank(owner);
        escrow.requestExit(buyer);
        vm.warp(block.timestamp + 7 days);
        vm.expectRevert(PAUSED);
        escrow.exit(buyer);
        vm.stopPrank();
        assertEq(escrow.earnerOf(friend).available, 40e6, "earnings are there");
        usdc.unpause();
        assertEq(escrow.payout(ids), 40e6, "paid afterwards");
        vm.prank(owner);
        escrow.exit(buyer);
        assertEq(usdc.balanceOf(owner), 120e6, "and left, in time");
        _assertBacked();
    }
}
