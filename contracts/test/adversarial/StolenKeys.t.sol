// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {IEscrowTypes} from "../../src/interfaces/IEscrowTypes.sol";
import {MovesTest} from "../support/MovesTest.sol";

/// @dev Drills: one key is in a thief's hands; how much can leave in a day? The answers stand in docs/security.md.
contract StolenKeysTest is MovesTest {
    address private thief = address(0x7417f);

    // ===================================================== settler ===================================================

    /// @dev The thief bills accounts for what he never served. What he takes in a day is bounded by the day limits (twice
    /// each, and the bucket), and not one µUSDC of it can be paid within the 24 hours in which it can be undone.
    function test_stolenSettler_takesDayLimitsAndIsUndone() public {
        _deposit(owner, 900e6);
        uint32 own = escrow.open(thief, 0);
        _settle(buyer, own, 200e6);
        _settleReverts(
            _batch(_line(buyer, 1), _line(own, 1), ""),
            abi.encodeWithSelector(IEscrowTypes.DayLimitExceeded.selector, buyer, 200e6 + 1, 200e6)
        );
        uint256 start = block.timestamp;
        vm.warp(start + 12 hours);
        IEscrowTypes.Batch memory batch = _batch(_line(buyer, 100e6), _line(own, 100e6), "");
        escrow.settle(batch, _sign(SETTLER_KEY, _digest(batch)));
        assertEq(_balance(buyer), 700e6, "300 in 12 hours, 400 at most in any 24");

        vm.warp(start + 24 hours);
        vm.expectRevert(abi.encodeWithSelector(IEscrowTypes.InsufficientEarnings.selector, own, 0, 10e6));
        vm.prank(thief);
        escrow.withdraw(own, 10e6);
        vm.startPrank(guardian);
        escrow.pause(IEscrowTypes.Group.Settlement, uint40(block.timestamp + 7 days));
        escrow.void(batch);
        vm.stopPrank();
        assertEq(_balance(buyer), 800e6, "given back");
    }

    function test_stolenSettler_isBoxedByTheBucketWhateverTheAccounts() public {
        _deposit(platform, 1_000_000e6);
        uint32 own = escrow.open(thief, 0);
        uint256 taken = 250_000e6;
        _settle(1, own, taken);
        for (uint256 hour = 0; hour < 24; ++hour) {
            vm.warp(block.timestamp + 1 hours);
            (uint256 available,,) = escrow.settlementCapacity();
            _settle(1, own, available);
            taken += available;
        }
        assertTrue(taken <= 500_000e6, "twice the bucket in a day");
        assertEq(escrow.earnerOf(own).available, 0, "none of it can leave yet");
    }

    /// @dev What cannot be undone any more leaves at $500 per unverified earner.
    function test_stolenSettler_unnoticedForTwoDays() public {
        _deposit(platform, 10_000e6);
        uint32 own = escrow.open(thief, 0);
        _settle(1, own, 10_000e6);
        vm.warp(block.timestamp + 2 days);
        vm.startPrank(thief);
        escrow.withdraw(own, 500e6);
        vm.expectRevert(abi.encodeWithSelector(IEscrowTypes.NotVerified.selector, own, 510e6, 500e6));
        escrow.withdraw(own, 10e6);
        vm.stopPrank();
        assertEq(usdc.balanceOf(thief), 500e6, "per account of the thief");
    }

    // ================================================= clearer and owner =============================================

    function test_stolenClearer_aloneMovesNothing() public {
        uint32 own = escrow.open(thief, 0);
        (bytes memory data, bytes32 digest) = _transfer(own, "", true);
        vm.prank(thief);
        (bool done, bytes memory reason) = address(escrow).call(data);
        assertTrue(!done, "no owner's signature");
        assertEq(
            keccak256(reason),
            keccak256(abi.encodeWithSelector(IEscrowTypes.InvalidSignature.selector, owner, digest)),
            "reason"
        );
        assertEq(_balance(buyer), 100e6, "measured: nothing a day");
    }

    function test_stolenOwner_aloneMovesNothing() public {
        uint32 own = escrow.open(thief, 0);
        (bytes memory data,) = _transfer(own, "", false);
        vm.prank(owner);
        (bool done,) = address(escrow).call(data);
        assertTrue(!done, "no clearance");
        assertEq(_balance(buyer), 100e6, "measured: nothing a day");
    }

    /// @dev A thief with the owner's key queues a change of owner; the true one sees the event and calls it off.
    function test_stolenOwner_cannotTakeTheAccountWithin48Hours() public {
        IEscrowTypes.Rotation memory rotation =
            IEscrowTypes.Rotation(buyer, thief, uint40(block.timestamp + 60));
        bytes32 operation = keccak256(
            abi.encode(
                keccak256("RotateOwner(uint32 account,address owner,uint96 nonce,uint40 deadline)"),
                buyer,
                thief,
                escrow.accountOf(buyer).nonce,
                rotation.deadline
            )
        );
        bytes memory signature = _sign(OWNER_KEY, _typed(operation));
        vm.prank(thief);
        escrow.rotateOwner(rotation, signature, "", "");
        uint256 maturesAt = block.timestamp + 48 hours;
        vm.warp(maturesAt - 1);
        vm.expectRevert(abi.encodeWithSelector(IEscrowTypes.NotMatured.selector, maturesAt, maturesAt - 1));
        escrow.applyOwner(buyer);
        vm.prank(owner);
        escrow.cancelOwner(buyer);
        vm.warp(maturesAt);
        vm.expectRevert(abi.encodeWithSelector(IEscrowTypes.NothingQueued.selector, buyer));
        escrow.applyOwner(buyer);
    }

    // ===================================================== others ====================================================

    function test_stolenAttributor_canOnlyGiveAwayTheSurplus() public {
        usdc.mint(address(escrow), 40e6);
        uint32 own = escrow.open(thief, 0);
        vm.startPrank(attributor);
        escrow.attribute(own, 40e6, "made up", 1);
        vm.expectRevert(abi.encodeWithSelector(IEscrowTypes.SurplusExceeded.selector, 1, 0));
        escrow.attribute(own, 1, "made up", 2);
        vm.stopPrank();
        _assertBacked();
    }

    /// @dev A stolen guardian delays everything for a week, undoes a day, and takes nothing.
    function test_stolenGuardian_delaysAWeek() public {
        _settle(buyer, friend, 50e6);
        vm.startPrank(guardian);
        for (uint8 group = 0; group < 4; ++group) {
            escrow.pause(IEscrowTypes.Group(group), uint40(block.timestamp + 7 days));
        }
        escrow.setCaps(0, WINDOW);
        escrow.suspend(friend, uint40(block.timestamp + 30 days), 0);
        vm.stopPrank();
        vm.warp(block.timestamp + 7 days);
        assertEq(usdc.balanceOf(guardian), 0, "nothing");
        vm.prank(governor);
        escrow.setSigner(IEscrowTypes.Role.Guardian, address(0x6a4d2));
        vm.prank(governor);
        escrow.setCaps(CAPACITY, WINDOW);
        vm.prank(governor);
        escrow.suspend(friend, 0, 0);
        vm.prank(friendOwner);
        escrow.withdraw(friend, 40e6);
        assertEq(usdc.balanceOf(friendOwner), 40e6, "all as before");
    }

    function _transfer(
        uint32 to,
        bytes memory ownerSignature,
        bool cleared
    ) private view returns (bytes memory data, bytes32 digest) {
        IEscrowTypes.Transfer memory move =
            IEscrowTypes.Transfer(buyer, to, 100e6, MEMO, uint40(block.timestamp + 60));
        bytes32 operation = keccak256(
            abi.encode(
                keccak256(
                    "Transfer(uint32 from,uint32 to,uint64 amount,bytes32 memo,uint96 nonce,uint40 deadline)"
                ),
                buyer,
                to,
                move.amount,
                MEMO,
                escrow.accountOf(buyer).nonce,
                move.deadline
            )
        );
        bytes memory clearance = cleared ? _clear(operation, move.deadline) : bytes("");
        return (abi.encodeCall(escrow.transfer, (move, ownerSignature, clearance)), _typed(operation));
    }
}
