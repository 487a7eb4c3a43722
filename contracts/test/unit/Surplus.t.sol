// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {TestUSDC} from "../../dev/TestUSDC.sol";
import {IEscrowTypes} from "../../src/interfaces/IEscrowTypes.sol";
import {EscrowTest} from "../support/EscrowTest.sol";

/// @dev Forces its ETH onto an address.
contract Forcer {
    constructor(address payable to) payable {
        selfdestruct(to);
    }
}

contract SurplusTest is EscrowTest {
    bytes32 private constant BLOCK = "block";
    uint32 private account;

    function setUp() public override {
        super.setUp();
        account = _deposit(alice, 50e6);
    }

    // =================================================== attribution =================================================

    function test_attribute_creditsAPlainTransfer(uint64 amount) public {
        amount = uint64(bound(amount, 1, 100e6));
        usdc.mint(address(escrow), 100e6);
        bytes32 log = keccak256(abi.encode(BLOCK, uint256(7)));
        expectEvent(address(escrow));
        emit IEscrowTypes.Deposited(account, attributor, IEscrowTypes.Rail.Attributed, amount, 0, log);
        expectEvent(address(escrow));
        emit IEscrowTypes.SurplusAttributed(account, amount, BLOCK, 7);
        _attribute(account, amount, 7);
        assertEq(_balance(account), 50e6 + uint256(amount), "credit");
        assertEq(escrow.surplus(), 100e6 - uint256(amount), "the rest is surplus still");
        _assertBacked();
    }

    function test_attribute_eachLogOnce() public {
        usdc.mint(address(escrow), 100e6);
        _attribute(account, 10e6, 7);
        vm.expectRevert(abi.encodeWithSelector(IEscrowTypes.LogUsed.selector, BLOCK, 7));
        _attribute(account, 10e6, 7);
        _attribute(1, 10e6, 8);
        assertEq(_balance(1), 10e6, "account 1 too");
    }

    function test_I15_attribute_noMoreThanTheSurplus(uint64 more) public {
        more = uint64(bound(more, 1, 1e12));
        usdc.mint(address(escrow), 100e6);
        vm.expectRevert(abi.encodeWithSelector(IEscrowTypes.SurplusExceeded.selector, 100e6 + more, 100e6));
        _attribute(account, 100e6 + more, 7);
    }

    function test_attribute_isCapped() public {
        usdc.mint(address(escrow), 600_000e6);
        _attribute(account, 200_000e6, 1);
        vm.expectRevert(abi.encodeWithSelector(IEscrowTypes.CapacityExceeded.selector, 60_000e6, 50_000e6));
        _attribute(account, 60_000e6, 2);
        (uint256 available,,) = escrow.settlementCapacity();
        assertEq(available, CAPACITY, "batches have a bucket of their own");
    }

    function test_attribute_reverts(address caller) public {
        vm.assume(caller != attributor);
        usdc.mint(address(escrow), 100e6);
        vm.expectRevert(
            abi.encodeWithSelector(IEscrowTypes.NotInRole.selector, IEscrowTypes.Role.Attributor, caller)
        );
        vm.prank(caller);
        escrow.attribute(account, 1, BLOCK, 0);
        vm.expectRevert(abi.encodeWithSelector(IEscrowTypes.AmountBelowMinimum.selector, 0, 1));
        _attribute(account, 0, 0);
        vm.expectRevert(abi.encodeWithSelector(IEscrowTypes.UnknownAccount.selector, 99));
        _attribute(99, 1, 0);
    }

    // ===================================================== refunds ===================================================

    function test_refundSurplus_afterAWeek() public {
        usdc.mint(address(escrow), 30e6);
        IEscrowTypes.Refund memory refund = IEscrowTypes.Refund(bob, 20e6, BLOCK, 7);
        uint40 maturesAt = uint40(block.timestamp + 7 days);
        expectEvent(address(escrow));
        emit IEscrowTypes.RefundQueued(bob, 20e6, BLOCK, 7, maturesAt);
        _queue(refund);
        vm.warp(maturesAt - 1);
        vm.expectRevert(abi.encodeWithSelector(IEscrowTypes.NotMatured.selector, maturesAt, maturesAt - 1));
        escrow.refundSurplus(refund);
        vm.warp(maturesAt);
        expectEvent(address(escrow));
        emit IEscrowTypes.SurplusRefunded(bob, 20e6, BLOCK, 7);
        escrow.refundSurplus(refund);
        assertEq(usdc.balanceOf(bob), 20e6, "back");
        _assertBacked();
        vm.expectRevert(abi.encodeWithSelector(IEscrowTypes.LogUsed.selector, BLOCK, 7));
        _attribute(account, 1, 7);
        vm.expectRevert(_noRefund(refund));
        escrow.refundSurplus(refund);
    }

    function test_refundSurplus_notForWhatWasClaimedMeanwhile() public {
        usdc.mint(address(escrow), 40e6);
        IEscrowTypes.Refund memory refund = IEscrowTypes.Refund(bob, 20e6, BLOCK, 7);
        _queue(refund);
        _attribute(account, 20e6, 7);
        vm.warp(block.timestamp + 7 days);
        vm.expectRevert(abi.encodeWithSelector(IEscrowTypes.LogUsed.selector, BLOCK, 7));
        escrow.refundSurplus(refund);
    }

    function test_I15_refundSurplus_noMoreThanTheSurplus() public {
        usdc.mint(address(escrow), 20e6 - 1);
        IEscrowTypes.Refund memory refund = IEscrowTypes.Refund(bob, 20e6, BLOCK, 7);
        _queue(refund);
        vm.warp(block.timestamp + 7 days);
        vm.expectRevert(abi.encodeWithSelector(IEscrowTypes.SurplusExceeded.selector, 20e6, 20e6 - 1));
        escrow.refundSurplus(refund);
    }

    function test_cancelRefund_byTheGuardian() public {
        usdc.mint(address(escrow), 20e6);
        IEscrowTypes.Refund memory refund = IEscrowTypes.Refund(bob, 20e6, BLOCK, 7);
        vm.expectRevert(_noRefund(refund));
        vm.prank(guardian);
        escrow.cancelRefund(refund);
        _queue(refund);
        vm.expectRevert(
            abi.encodeWithSelector(IEscrowTypes.NotInRole.selector, IEscrowTypes.Role.Guardian, bob)
        );
        vm.prank(bob);
        escrow.cancelRefund(refund);
        expectEvent(address(escrow));
        emit IEscrowTypes.RefundQueued(bob, 20e6, BLOCK, 7, 0);
        vm.prank(guardian);
        escrow.cancelRefund(refund);
        vm.warp(block.timestamp + 7 days);
        vm.expectRevert(_noRefund(refund));
        escrow.refundSurplus(refund);
    }

    function test_queueRefund_reverts() public {
        vm.startPrank(governor);
        vm.expectRevert(abi.encodeWithSelector(IEscrowTypes.InvalidAddress.selector, address(0)));
        escrow.queueRefund(IEscrowTypes.Refund(address(0), 1, BLOCK, 7));
        vm.expectRevert(abi.encodeWithSelector(IEscrowTypes.InvalidAddress.selector, address(escrow)));
        escrow.queueRefund(IEscrowTypes.Refund(address(escrow), 1, BLOCK, 7));
        vm.expectRevert(abi.encodeWithSelector(IEscrowTypes.AmountBelowMinimum.selector, 0, 1));
        escrow.queueRefund(IEscrowTypes.Refund(bob, 0, BLOCK, 7));
        vm.stopPrank();
    }

    // ===================================================== rescue ====================================================

    function test_I15_rescue_takesForeignTokensAndEthButNoUsdc() public {
        TestUSDC foreign = new TestUSDC();
        foreign.mint(address(escrow), 7);
        expectEvent(address(escrow));
        emit IEscrowTypes.Rescued(address(foreign), bob, 7);
        vm.prank(governor);
        escrow.rescue(address(foreign), bob, 7);
        assertEq(foreign.balanceOf(bob), 7, "token");

        vm.deal(address(this), 1 ether);
        new Forcer{value: 3}(payable(address(escrow)));
        assertEq(address(escrow).balance, 3, "forced");
        uint256 before = bob.balance;
        vm.prank(governor);
        escrow.rescue(address(0), bob, 3);
        assertEq(bob.balance - before, 3, "ETH");

        usdc.mint(address(escrow), 9);
        vm.expectRevert(abi.encodeWithSelector(IEscrowTypes.InvalidAddress.selector, address(usdc)));
        vm.prank(governor);
        escrow.rescue(address(usdc), bob, 9);
        vm.expectRevert(abi.encodeWithSelector(IEscrowTypes.InvalidAddress.selector, address(0)));
        vm.prank(governor);
        escrow.rescue(address(foreign), address(0), 1);
        vm.expectRevert(abi.encodeWithSelector(IEscrowTypes.InvalidAddress.selector, address(escrow)));
        vm.prank(governor);
        escrow.rescue(address(foreign), address(escrow), 1);
        _assertBacked();
    }

    function _attribute(uint32 to, uint64 amount, uint256 logIndex) private {
        vm.prank(attributor);
        escrow.attribute(to, amount, BLOCK, logIndex);
    }

    function _noRefund(IEscrowTypes.Refund memory refund) private pure returns (bytes memory) {
        bytes32 key = keccak256(abi.encode(refund.to, refund.amount, refund.blockHash, refund.logIndex));
        return abi.encodeWithSelector(IEscrowTypes.NoRefund.selector, key);
    }

    function _queue(IEscrowTypes.Refund memory refund) private {
        vm.prank(governor);
        escrow.queueRefund(refund);
    }
}
