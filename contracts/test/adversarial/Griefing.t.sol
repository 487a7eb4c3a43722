// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {IEscrowTypes} from "../../src/interfaces/IEscrowTypes.sol";
import {MovesTest} from "../support/MovesTest.sol";

/// @dev One account tries to hold up a batch, a payout or a sweep that others are in. Guards decision 7 of the design: a
/// line can't block a batch.
contract GriefingTest is MovesTest {
    /// @dev Whatever an owner does with his account between signing and settling, the batch goes through.
    function test_griefing_anEmptiedAccountDoesNotBlockABatch(uint64 left) public {
        left = uint64(bound(left, 0, 100e6 - 1));
        (IEscrowTypes.Batch memory batch, bytes memory signature) = _signedBatch();
        IEscrowTypes.Transfer memory move = _move(buyer, escrow.open(address(0xe15e), 0), 100e6 - left);
        bytes memory clearance = _clear(_operation(move), move.deadline);
        vm.prank(owner);
        escrow.transfer(move, "", clearance);
        escrow.settle(batch, signature);
        assertEq(_earned(friend), 44e6, "the operator is paid in full");
        _assertBacked();
    }

    /// @dev An exit, put before the batch, takes the credit: the line becomes debt up to $2, the rest is written off.
    function test_griefing_anExitDoesNotBlockABatch() public {
        vm.warp(block.timestamp + 14 days + 1);
        vm.prank(owner);
        escrow.requestExit(buyer);
        vm.warp(block.timestamp + 7 days);
        (IEscrowTypes.Batch memory batch, bytes memory signature) = _signedBatch();
        vm.prank(owner);
        escrow.exit(buyer);
        escrow.settle(batch, signature);
        assertEq(_earned(friend), 44e6, "the operator is paid in full");
        assertEq(_debt(buyer), 2e6, "lent");
        assertEq(_balance(PLATFORM_ID), 100e6 - 5e6 - 50e6, "account 1 has paid");
        _assertBacked();
    }

    function test_griefing_aChangeOfOwnerDoesNotBlockABatch() public {
        (IEscrowTypes.Batch memory batch, bytes memory signature) = _signedBatch();
        IEscrowTypes.Rotation memory rotation =
            IEscrowTypes.Rotation(buyer, friendOwner, uint40(block.timestamp + 60));
        bytes32 operation = _operation(rotation);
        bytes memory ownerSignature = _sign(OWNER_KEY, _typed(operation));
        bytes memory clearance = _clear(operation, rotation.deadline);
        vm.prank(friendOwner);
        escrow.rotateOwner(rotation, ownerSignature, "", clearance);
        escrow.settle(batch, signature);
        assertEq(_balance(buyer), 50e6, "settled");
    }

    function test_griefing_aLoweredDayLimitCountsOnlyAfterADay() public {
        (IEscrowTypes.Batch memory batch, bytes memory signature) = _signedBatch();
        IEscrowTypes.DayLimit memory limit = IEscrowTypes.DayLimit(buyer, 1, uint40(block.timestamp));
        vm.prank(owner);
        escrow.setDayLimit(limit, "");
        escrow.settle(batch, signature);
        assertEq(_balance(buyer), 50e6, "settled");
    }

    /// @dev Whoever submits a batch first changes nothing but who pays for the gas.
    function test_griefing_aBatchSubmittedByAnotherIsTheSame() public {
        (IEscrowTypes.Batch memory batch, bytes memory signature) = _signedBatch();
        vm.prank(address(0x7417f));
        escrow.settle(batch, signature);
        _fails(
            abi.encodeCall(escrow.settle, (batch, signature)),
            abi.encodeWithSelector(IEscrowTypes.WrongSequence.selector, 1, 2)
        );
        assertEq(_earned(friend), 44e6, "settled once");
    }

    /// @dev Unknown, repeated and poor earners in a push of many cost gas, not payouts.
    function test_griefing_strangeEarnersDoNotHoldUpAPayout() public {
        _settle(1, friend, 50e6);
        vm.warp(block.timestamp + 2 days);
        uint32[] memory ids = new uint32[](6);
        (ids[0], ids[1], ids[2]) = (0, type(uint32).max, buyer);
        (ids[3], ids[4], ids[5]) = (friend, friend, escrow.nextId());
        assertEq(escrow.payout(ids), 40e6, "the one, once");
        assertEq(usdc.balanceOf(friendOwner), 40e6, "paid");
        _assertBacked();
    }

    function test_griefing_depositsCannotCallOffAnExit() public {
        vm.warp(block.timestamp + 14 days + 1);
        vm.prank(owner);
        escrow.requestExit(buyer);
        for (uint256 day = 0; day < 7; ++day) {
            vm.warp(block.timestamp + 1 days);
            _fund(address(this), 5e6);
            escrow.deposit(buyer, 5e6, MEMO);
        }
        vm.prank(owner);
        escrow.exit(buyer);
        assertEq(usdc.balanceOf(owner), 135e6, "with what was given");
    }

    /// @dev Credit that nobody asked for cannot be turned against its receiver: debt is repaid, limits stay.
    function test_griefing_giftsChangeNoLimit() public {
        IEscrowTypes.Account memory before = escrow.accountOf(buyer);
        _fund(address(this), 1_000e6);
        escrow.deposit(buyer, 1_000e6, MEMO);
        IEscrowTypes.Account memory state = escrow.accountOf(buyer);
        assertEq(state.dayLimit, before.dayLimit, "day limit");
        assertEq(state.nonce, before.nonce, "nonce");
        assertEq(state.owner, before.owner, "owner");
    }

    /// @dev Account 1 pays 5, the buyer 50, the friend earns it.
    function _signedBatch() private view returns (IEscrowTypes.Batch memory batch, bytes memory signature) {
        batch = _batch(bytes.concat(_line(1, 5e6), _line(buyer, 50e6)), _line(friend, 55e6), "");
        signature = _sign(SETTLER_KEY, _digest(batch));
    }
}
