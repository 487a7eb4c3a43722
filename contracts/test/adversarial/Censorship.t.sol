// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {IEscrowTypes} from "../../src/interfaces/IEscrowTypes.sol";
import {MovesTest} from "../support/MovesTest.sol";
import {NextEscrow} from "../support/NextEscrow.sol";

/// @dev The platform answers nobody, or works against its users. Guards decision 9 of the design, the dead-man's exit.
contract CensorshipTest is MovesTest {
    uint32 private other;

    function setUp() public override {
        super.setUp();
        other = _deposit(alice, 70e6);
    }

    /// @dev The platform settles nothing and answers nothing. Everybody leaves within three weeks.
    function test_I13_censorship_everybodyLeaves() public {
        _goDark();
        _requestBoth();
        vm.warp(block.timestamp + 7 days);
        _exitBoth();
        assertEq(usdc.balanceOf(owner) + usdc.balanceOf(alice), 170e6, "all of it");
        _assertBacked();
    }

    /// @dev Every role at once does what it can against those who leave: pauses, other signers, caps, suspensions, a new
    /// successor, batches again. Settled usage aside, they leave.
    function test_I13_censorship_noRoleStopsAnExit() public {
        _goDark();
        _requestBoth();
        address next = address(new NextEscrow());
        vm.startPrank(governor);
        for (uint8 group = 0; group < 4; ++group) {
            escrow.pause(IEscrowTypes.Group(group), uint40(block.timestamp + 7 days));
        }
        escrow.suspend(buyer, uint40(block.timestamp + 30 days), 0);
        escrow.setCaps(0, WINDOW);
        escrow.setPayoutPolicy(address(0xbad));
        escrow.queueSuccessor(next);
        escrow.unpause(IEscrowTypes.Group.Settlement);
        vm.stopPrank();
        _settle("", "", "");
        vm.warp(block.timestamp + 7 days - 1);
        vm.startPrank(governor);
        escrow.cancelSuccessor();
        for (uint8 group = 0; group < 4; ++group) {
            escrow.pause(IEscrowTypes.Group(group), uint40(block.timestamp + 7 days));
        }
        vm.stopPrank();
        vm.warp(block.timestamp + 1);
        _exitBoth();
        assertEq(usdc.balanceOf(owner) + usdc.balanceOf(alice), 170e6, "all of it");
    }

    /// @dev A successor that nobody trusts: two weeks in which all may ask, a week in which they are paid, none is moved.
    function test_I13_censorship_anUnwantedSuccessor() public {
        NextEscrow next = new NextEscrow();
        vm.prank(governor);
        escrow.queueSuccessor(address(next));
        vm.warp(block.timestamp + 7 days);
        _requestBoth();
        vm.warp(block.timestamp + 7 days);
        uint32[] memory ids = new uint32[](2);
        (ids[0], ids[1]) = (buyer, other);
        vm.prank(clearer);
        assertEq(escrow.migrate(ids), 0, "nobody who is leaving is moved");
        assertEq(next.imported(), 0, "nobody");
        _exitBoth();
        assertEq(usdc.balanceOf(owner) + usdc.balanceOf(alice), 170e6, "all of it");
    }

    /// @dev Settlement keeps priority while an exit waits, in the open and within the day limit.
    function test_censorship_aSettlerTakesAtMostTheDayLimitFromWhoLeaves() public {
        _fund(address(this), 2_000e6);
        escrow.deposit(buyer, 2_000e6, MEMO);
        _goDark();
        vm.prank(owner);
        escrow.requestExit(buyer);
        uint256 taken = 200e6;
        _settle(buyer, friend, 200e6);
        for (uint256 day = 0; day < 7; ++day) {
            vm.warp(block.timestamp + 1 days);
            _settleReverts(
                _batch(_line(buyer, 200e6 + 1), _line(friend, 200e6 + 1), ""),
                abi.encodeWithSelector(IEscrowTypes.DayLimitExceeded.selector, buyer, 200e6 + 1, 200e6)
            );
            _settle(buyer, friend, 200e6);
            taken += 200e6;
        }
        vm.prank(owner);
        escrow.exit(buyer);
        assertEq(usdc.balanceOf(owner), 2_100e6 - taken, "the rest");
        assertEq(taken, 1_600e6, "measured: eight day limits in the week, each on the record");
    }

    /// @dev What defeats the exit: batches without service. Said in docs/security.md.
    function test_censorship_heartbeatsWithoutServiceKeepTheExitShut() public {
        vm.warp(block.timestamp + 13 days);
        _settle("", "", "");
        vm.warp(block.timestamp + 13 days);
        uint256 darkAt = block.timestamp + 1 days;
        vm.expectRevert(abi.encodeWithSelector(IEscrowTypes.NotDark.selector, darkAt, block.timestamp));
        vm.prank(owner);
        escrow.requestExit(buyer);
    }

    /// @dev An undone batch was a sign of life: undoing it opens no exit early.
    function test_censorship_anUndoneBatchStillCounts() public {
        vm.warp(block.timestamp + 13 days);
        IEscrowTypes.Batch memory batch = _batch("", "", "");
        escrow.settle(batch, _sign(SETTLER_KEY, _digest(batch)));
        vm.startPrank(guardian);
        escrow.pause(IEscrowTypes.Group.Settlement, uint40(block.timestamp + 1));
        escrow.void(batch);
        vm.stopPrank();
        uint256 darkAt = block.timestamp + 14 days;
        vm.warp(block.timestamp + 2 days);
        vm.expectRevert(abi.encodeWithSelector(IEscrowTypes.NotDark.selector, darkAt, block.timestamp));
        vm.prank(owner);
        escrow.requestExit(buyer);
    }

    /// @dev A relayer that refuses service is no obstacle: batches, redemptions and payouts can be sent by anybody.
    function test_censorship_anybodyRelays() public {
        _settle(1, friend, 50e6);
        IEscrowTypes.VoucherOrder memory order = _order(buyer, vm.addr(0xc0de), 10e6);
        _createVoucher(order);
        bytes memory signature = _sign(0xc0de, _redeemDigest(order.key, other));
        vm.prank(address(0xa11));
        escrow.redeemVoucher(order.key, other, signature);
        vm.warp(block.timestamp + 2 days);
        uint32[] memory ids = new uint32[](1);
        ids[0] = friend;
        vm.prank(address(0xa11));
        assertEq(escrow.payout(ids), 40e6, "paid");
        assertEq(_balance(other), 80e6, "redeemed");
    }

    function _goDark() private {
        vm.warp(block.timestamp + 14 days + 1);
    }

    function _requestBoth() private {
        vm.prank(owner);
        escrow.requestExit(buyer);
        vm.prank(alice);
        escrow.requestExit(other);
    }

    function _exitBoth() private {
        vm.prank(owner);
        escrow.exit(buyer);
        vm.prank(alice);
        escrow.exit(other);
    }
}
