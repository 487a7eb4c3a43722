// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {CreditEscrow} from "../../src/CreditEscrow.sol";
import {IEscrowTypes} from "../../src/interfaces/IEscrowTypes.sol";
import {IPayoutPolicy} from "../../src/interfaces/IPayoutPolicy.sol";
import {EscrowTest} from "../support/EscrowTest.sol";

contract BrokenPolicy is IPayoutPolicy {
    error Broken();

    function isVerified(address) external pure returns (bool) {
        revert Broken();
    }
}

contract PayoutTest is EscrowTest {
    address private carol = address(0xca401);
    uint32 private first;
    uint32 private second;
    uint32 private third;

    function setUp() public override {
        super.setUp();
        _deposit(platform, 10_000e6);
        (first, second, third) = (escrow.open(alice, 0), escrow.open(bob, 0), escrow.open(carol, 0));
        bytes memory credits = bytes.concat(_line(first, 50e6), _line(second, 100e6), _line(third, 10e6));
        _settle(_line(1, 160e6), credits, "");
        vm.warp(block.timestamp + 2 days);
    }

    function test_payout_paysAllThatIsAvailable() public {
        expectEvent(address(escrow));
        emit IEscrowTypes.PaidOut(first, alice, 40e6, 40e6);
        expectEvent(address(escrow));
        emit IEscrowTypes.PaidOut(second, bob, 80e6, 80e6);
        assertEq(escrow.payout(_ids(first, second)), 120e6, "total");
        assertEq(usdc.balanceOf(alice), 40e6, "alice");
        assertEq(usdc.balanceOf(bob), 80e6, "bob");
        assertEq(escrow.liabilities(), 10_000e6 - 120e6, "liabilities");
        _assertBacked();
    }

    function test_payout_paysTheMaturedPayoutTo() public {
        vm.prank(alice);
        escrow.setPayoutTo(first, carol);
        vm.warp(block.timestamp + 24 hours);
        expectEvent(address(escrow));
        emit IEscrowTypes.PayoutToSet(first, carol);
        escrow.payout(_ids(first, second));
        assertEq(usdc.balanceOf(carol), 40e6, "carol");
    }

    function test_payout_leavesOutABlacklistedPayee() public {
        usdc.blacklist(alice);
        expectEvent(address(escrow));
        emit IEscrowTypes.PayoutSkipped(first, IEscrowTypes.SkipReason.TransferFailed);
        expectEvent(address(escrow));
        emit IEscrowTypes.PaidOut(second, bob, 80e6, 80e6);
        assertEq(escrow.payout(_ids(first, second)), 80e6, "total");
        assertEq(escrow.earnerOf(first).available, 40e6, "alice keeps what is hers");
        assertEq(escrow.earnerOf(first).windowPaid, 0, "nothing counts as paid");
        _assertBacked();
    }

    function test_payout_leavesOutWhoIsBelowTheMinimum() public {
        expectEvent(address(escrow));
        emit IEscrowTypes.PayoutSkipped(third, IEscrowTypes.SkipReason.BelowMinimum);
        assertEq(escrow.payout(_ids(third, second)), 80e6, "total");
    }

    function test_payout_paysTheMinimum() public {
        _settle(1, third, 2.5e6);
        vm.warp(block.timestamp + 2 days);
        assertEq(escrow.earnerOf(third).available, escrow.MIN_PAYOUT(), "just the minimum");
        assertEq(escrow.payout(_ids(third, 99)), 10e6, "total");
    }

    function test_payout_leavesOutUnknownEarners() public {
        expectEvent(address(escrow));
        emit IEscrowTypes.PayoutSkipped(99, IEscrowTypes.SkipReason.UnknownEarner);
        expectEvent(address(escrow));
        emit IEscrowTypes.PayoutSkipped(0, IEscrowTypes.SkipReason.UnknownEarner);
        assertEq(escrow.payout(_ids(99, 0)), 0, "total");
    }

    function test_payout_paysARepeatedEarnerOnce() public {
        expectEvent(address(escrow));
        emit IEscrowTypes.PaidOut(first, alice, 40e6, 40e6);
        expectEvent(address(escrow));
        emit IEscrowTypes.PayoutSkipped(first, IEscrowTypes.SkipReason.BelowMinimum);
        assertEq(escrow.payout(_ids(first, first)), 40e6, "total");
    }

    function test_payout_leavesOutTheUnverifiedAlsoWhenThePolicyBreaks() public {
        for (uint256 i = 0; i < 2; ++i) {
            CreditEscrow.Setup memory setup = _setup();
            if (i == 1) setup.payoutPolicy = address(new BrokenPolicy());
            escrow = _deploy(setup);
            _deposit(platform, 10_000e6);
            (first, second) = (escrow.open(alice, 0), escrow.open(bob, 0));
            _settle(_line(1, 700e6), bytes.concat(_line(first, 100e6), _line(second, 600e6)), "");
            _settle(1, second, 100e6);
            vm.warp(block.timestamp + 2 days);
            expectEvent(address(escrow));
            emit IEscrowTypes.PaidOut(first, alice, 80e6, 80e6);
            expectEvent(address(escrow));
            emit IEscrowTypes.PayoutSkipped(second, IEscrowTypes.SkipReason.NotVerified);
            assertEq(escrow.payout(_ids(first, second)), 80e6, "total");
        }
    }

    function test_payout_leavesEverybodyOutWhileTheTokenIsPaused() public {
        usdc.pause();
        assertEq(escrow.payout(_ids(first, second)), 0, "total");
        usdc.unpause();
        assertEq(escrow.payout(_ids(first, second)), 120e6, "total");
    }

    function test_payout_revertsWhenInsolvent() public {
        vm.prank(address(escrow));
        usdc.transfer(address(0xdead), 1); // as if the token had been broken
        vm.expectRevert(
            abi.encodeWithSelector(IEscrowTypes.Insolvent.selector, 10_000e6 - 1 - 120e6, 10_000e6 - 120e6)
        );
        escrow.payout(_ids(first, second));
    }

    function _ids(uint32 a, uint32 b) private pure returns (uint32[] memory ids) {
        ids = new uint32[](2);
        (ids[0], ids[1]) = (a, b);
    }
}
