// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {IEscrowTypes} from "../../src/interfaces/IEscrowTypes.sol";
import {DepositForwarder} from "../../src/periphery/DepositForwarder.sol";
import {TestUSDC} from "../../dev/TestUSDC.sol";
import {MovesTest} from "../support/MovesTest.sol";

/// @dev USDC's issuer has put somebody on its blacklist. Guards that only he waits, and that nothing of his is lost.
contract BlacklistedPayeeTest is MovesTest {
    uint32 private operator;
    uint32 private other;

    function setUp() public override {
        super.setUp();
        operator = escrow.open(bob, 0);
        other = escrow.open(alice, 0);
        _settle(1, operator, 20e6);
        _settle(1, other, 20e6);
        vm.warp(block.timestamp + 2 days);
    }

    function test_blacklist_aPayeeDoesNotHoldUpAPush() public {
        usdc.blacklist(bob);
        expectEvent(address(escrow));
        emit IEscrowTypes.PayoutSkipped(operator, IEscrowTypes.SkipReason.TransferFailed);
        assertEq(escrow.payout(_both()), 16e6, "the other one");
        assertEq(escrow.earnerOf(operator).available, 16e6, "nothing is lost");
        assertEq(escrow.earnerOf(operator).windowPaid, 0, "nor counted");
        vm.startPrank(bob);
        escrow.setPayoutTo(operator, address(0xb0b2));
        vm.warp(block.timestamp + 1 days);
        escrow.withdraw(operator, 16e6);
        vm.stopPrank();
        assertEq(usdc.balanceOf(address(0xb0b2)), 16e6, "by another address");
        _assertBacked();
    }

    function test_blacklist_aPayoutAddressDoesNotHoldUpAPush() public {
        vm.prank(bob);
        escrow.setPayoutTo(operator, address(0xb0b2));
        vm.warp(block.timestamp + 1 days);
        usdc.blacklist(address(0xb0b2));
        assertEq(escrow.payout(_both()), 16e6, "the other one");
        assertEq(escrow.earnerOf(operator).payoutTo, address(0xb0b2), "the change has matured all the same");
        _assertBacked();
    }

    function test_blacklist_anOwnerConvertsAndSpendsHisEarnings() public {
        usdc.blacklist(bob);
        vm.prank(bob);
        escrow.convertEarnings(operator, 16e6);
        _settle(operator, other, 16e6);
        assertEq(_balance(operator), 0, "credit needs no USDC to move");
        _assertBacked();
    }

    /// @dev An owner who cannot receive leaves through another address: he hands the account over first.
    function test_blacklist_anOwnerExitsByAnother() public {
        usdc.blacklist(owner);
        vm.warp(block.timestamp + 14 days + 1);
        vm.startPrank(owner);
        escrow.requestExit(buyer);
        vm.warp(block.timestamp + 5 days);
        vm.stopPrank();
        IEscrowTypes.Rotation memory rotation =
            IEscrowTypes.Rotation(buyer, friendOwner, uint40(block.timestamp));
        bytes memory signature = _sign(OWNER_KEY, _typed(_operation(rotation)));
        vm.prank(friendOwner);
        escrow.rotateOwner(rotation, signature, "", ""); // no clearer is needed, only time
        vm.warp(block.timestamp + 48 hours);
        escrow.applyOwner(buyer);
        vm.prank(friendOwner);
        escrow.exit(buyer);
        assertEq(usdc.balanceOf(friendOwner), 100e6, "all of it");
    }

    /// @dev One deposit address on the blacklist fails the sweeps that name it, and none that don't; what lies there is
    /// swept when it can move.
    function test_blacklist_aDepositAddressHoldsUpNobody() public {
        bytes32[] memory refs = new bytes32[](1);
        refs[0] = escrow.refOf(owner, 0);
        address listed = escrow.depositAddressOf(refs[0]);
        usdc.mint(listed, 10e6);
        usdc.blacklist(listed);
        vm.expectRevert(abi.encodeWithSelector(TestUSDC.Blacklisted.selector, listed));
        escrow.sweep(refs);
        assertEq(_balance(buyer), 100e6, "not credited");
        bytes32[] memory others = new bytes32[](1);
        others[0] = escrow.refOf(alice, 0);
        usdc.mint(escrow.depositAddressOf(others[0]), 10e6);
        assertEq(escrow.sweep(others), 10e6, "swept");
        usdc.unBlacklist(listed);
        assertEq(escrow.sweep(refs), 10e6, "later");
        assertEq(DepositForwarder(listed).ESCROW(), address(escrow), "by its forwarder");
        _assertBacked();
    }

    function test_blacklist_theEscrowKeepsItsBooks() public {
        usdc.blacklist(address(escrow));
        assertEq(escrow.payout(_both()), 0, "skipped");
        _settle(1, operator, 10e6);
        IEscrowTypes.Transfer memory move = _move(buyer, friend, 10e6);
        _succeeds(_transferData(move, _sign(OWNER_KEY, _typed(_operation(move)))));
        _assertBacked();
        usdc.unBlacklist(address(escrow));
        assertEq(escrow.payout(_both()), 32e6, "afterwards");
        _assertBacked();
    }

    function _both() private view returns (uint32[] memory ids) {
        ids = new uint32[](2);
        (ids[0], ids[1]) = (operator, other);
    }
}
