// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {IEscrowTypes} from "../../src/interfaces/IEscrowTypes.sol";
import {MovesTest} from "../support/MovesTest.sol";

contract OwnershipTest is MovesTest {
    uint256 private constant NEW_KEY = 0x4e3;
    address private next;

    function setUp() public override {
        super.setUp();
        next = vm.addr(NEW_KEY);
    }

    // ===================================================== owner =====================================================

    function test_rotateOwner_atOnceWhenCleared() public {
        vm.prank(owner);
        escrow.setPayoutTo(buyer, alice);
        IEscrowTypes.Rotation memory rotation = _rotation();
        bytes32 operation = _hash(rotation);
        expectEvent(address(escrow));
        emit IEscrowTypes.OwnerChanged(buyer, owner, next);
        escrow.rotateOwner(
            rotation,
            _sign(OWNER_KEY, _typed(operation)),
            _sign(NEW_KEY, _typed(operation)),
            _clear(operation, rotation.deadline)
        );
        assertEq(escrow.ownerOf(buyer), next, "owner");
        assertEq(escrow.accountOf(buyer).nonce, 1, "nonce goes on");
        assertEq(escrow.idOfRef(escrow.refOf(owner, 0)), buyer, "the ref stays");
        vm.warp(block.timestamp + 2 days);
        assertEq(escrow.earnerOf(buyer).payoutTo, next, "payouts go to the new owner");
    }

    function test_rotateOwner_queuedWhenNotCleared() public {
        uint40 maturesAt = _queue();
        assertEq(escrow.ownerOf(buyer), owner, "still the old one");
        (address queued, uint40 when,,) = escrow.queuedOf(buyer);
        assertEq(queued, next, "queued");
        assertEq(when, maturesAt, "matures");
        vm.warp(maturesAt - 1);
        vm.expectRevert(
            abi.encodeWithSelector(IEscrowTypes.NotMatured.selector, maturesAt, maturesAt - 1)
        );
        escrow.applyOwner(buyer);
        vm.warp(maturesAt);
        escrow.applyOwner(buyer);
        assertEq(escrow.ownerOf(buyer), next, "owner");
        vm.expectRevert(abi.encodeWithSelector(IEscrowTypes.NothingQueued.selector, buyer));
        escrow.applyOwner(buyer);
    }

    function test_cancelOwner_byTheOldOwner() public {
        uint40 maturesAt = _queue();
        vm.expectRevert(abi.encodeWithSelector(IEscrowTypes.NotOwner.selector, buyer, next));
        vm.prank(next);
        escrow.cancelOwner(buyer);
        expectEvent(address(escrow));
        emit IEscrowTypes.OwnerCancelled(buyer, next);
        vm.startPrank(owner);
        escrow.cancelOwner(buyer);
        vm.expectRevert(abi.encodeWithSelector(IEscrowTypes.NothingQueued.selector, buyer));
        escrow.cancelOwner(buyer);
        vm.warp(maturesAt);
        vm.expectRevert(abi.encodeWithSelector(IEscrowTypes.NothingQueued.selector, buyer));
        escrow.applyOwner(buyer);
    }

    function test_rotateOwner_revertsWithoutEitherOwner() public {
        IEscrowTypes.Rotation memory rotation = _rotation();
        bytes32 digest = _typed(_hash(rotation));
        bytes memory ofOwner = _sign(OWNER_KEY, digest);
        bytes memory ofNext = _sign(NEW_KEY, digest);
        vm.expectRevert(abi.encodeWithSelector(IEscrowTypes.InvalidSignature.selector, owner, digest));
        escrow.rotateOwner(rotation, ofNext, ofNext, "");
        vm.expectRevert(abi.encodeWithSelector(IEscrowTypes.InvalidSignature.selector, next, digest));
        escrow.rotateOwner(rotation, ofOwner, ofOwner, "");
    }

    function test_rotateOwner_revertsOnAFalseClearance() public {
        IEscrowTypes.Rotation memory rotation = _rotation();
        bytes32 operation = _hash(rotation);
        bytes memory ofOwner = _sign(OWNER_KEY, _typed(operation));
        bytes memory ofNext = _sign(NEW_KEY, _typed(operation));
        bytes32 digest = _typed(_clearanceHash(operation, rotation.deadline));
        vm.expectRevert(abi.encodeWithSelector(IEscrowTypes.InvalidSignature.selector, clearer, digest));
        escrow.rotateOwner(rotation, ofOwner, ofNext, ofNext);
    }

    function test_rotateOwner_revertsForNobodyAndForTheEscrow() public {
        IEscrowTypes.Rotation memory rotation = _rotation();
        rotation.owner = address(0);
        vm.expectRevert(abi.encodeWithSelector(IEscrowTypes.InvalidAddress.selector, address(0)));
        escrow.rotateOwner(rotation, "", "", "");
        rotation.owner = address(escrow);
        vm.expectRevert(abi.encodeWithSelector(IEscrowTypes.InvalidAddress.selector, address(escrow)));
        escrow.rotateOwner(rotation, "", "", "");
    }

    // =================================================== day limit ===================================================

    function test_setDayLimit_higherAtOnce(uint40 perDay) public {
        perDay = uint40(bound(perDay, 200e6, type(uint40).max));
        IEscrowTypes.DayLimit memory limit = _limit(perDay);
        bytes memory signature = _sign(OWNER_KEY, _typed(_hash(limit)));
        expectEvent(address(escrow));
        emit IEscrowTypes.DayLimitSet(buyer, perDay);
        escrow.setDayLimit(limit, signature);
        assertEq(escrow.accountOf(buyer).dayLimit, perDay, "limit");
        assertEq(_balance(buyer), 100e6, "balance is untouched");
    }

    function test_setDayLimit_lowerAfterADay(uint40 perDay) public {
        perDay = uint40(bound(perDay, 0, 200e6 - 1));
        _settle(buyer, friend, 90e6);
        uint40 maturesAt = uint40(block.timestamp + 24 hours);
        IEscrowTypes.DayLimit memory limit = _limit(perDay);
        expectEvent(address(escrow));
        emit IEscrowTypes.DayLimitQueued(buyer, perDay, maturesAt);
        vm.prank(owner);
        escrow.setDayLimit(limit, "");
        assertEq(escrow.accountOf(buyer).dayLimit, 200e6, "still the old one");
        vm.expectRevert(
            abi.encodeWithSelector(IEscrowTypes.NotMatured.selector, maturesAt, block.timestamp)
        );
        escrow.applyDayLimit(buyer);
        vm.warp(maturesAt);
        _settle(1, friend, 1);
        escrow.applyDayLimit(buyer);
        IEscrowTypes.Account memory state = escrow.accountOf(buyer);
        assertEq(state.dayLimit, perDay, "limit");
        assertTrue(state.used <= perDay, "used <= limit");
    }

    function test_setDayLimit_keepsWhatWasUsed() public {
        _settle(buyer, friend, 90e6);
        IEscrowTypes.DayLimit memory limit = _limit(300e6);
        vm.prank(owner);
        escrow.setDayLimit(limit, "");
        assertEq(escrow.accountOf(buyer).used, 90e6, "used");
        vm.warp(block.timestamp + 6 hours);
        assertEq(escrow.accountOf(buyer).used, 15e6, "drains at the new rate");
    }

    function test_setDayLimit_higherForgetsALowerOneThatWaits() public {
        IEscrowTypes.DayLimit memory limit = _limit(1e6);
        vm.prank(owner);
        escrow.setDayLimit(limit, "");
        limit = _limit(500e6);
        vm.prank(owner);
        escrow.setDayLimit(limit, "");
        vm.expectRevert(abi.encodeWithSelector(IEscrowTypes.NothingQueued.selector, buyer));
        escrow.applyDayLimit(buyer);
    }

    function test_setDayLimit_revertsForOthers() public {
        IEscrowTypes.DayLimit memory limit = _limit(500e6);
        bytes32 digest = _typed(_hash(limit));
        bytes memory signature = _sign(CLEARER_KEY, digest);
        vm.expectRevert(abi.encodeWithSelector(IEscrowTypes.InvalidSignature.selector, owner, digest));
        escrow.setDayLimit(limit, signature);
    }

    // ==================================================== earnings ===================================================

    function test_convertEarnings_becomesCredit() public {
        _settle(buyer, buyer, 10e6);
        vm.warp(block.timestamp + 2 days);
        expectEvent(address(escrow));
        emit IEscrowTypes.EarningsConverted(buyer, 8e6, 0);
        vm.prank(owner);
        escrow.convertEarnings(buyer, 8e6);
        assertEq(_balance(buyer), 98e6, "credit");
        assertEq(_earned(buyer), 0, "earnings");
        assertEq(escrow.liabilities(), 200e6, "liabilities are untouched");
        _assertBacked();
    }

    function test_convertEarnings_reverts() public {
        _settle(buyer, buyer, 10e6);
        vm.expectRevert(abi.encodeWithSelector(IEscrowTypes.NotOwner.selector, buyer, bob));
        vm.prank(bob);
        escrow.convertEarnings(buyer, 1);
        vm.startPrank(owner);
        vm.expectRevert(abi.encodeWithSelector(IEscrowTypes.AmountBelowMinimum.selector, 0, 1));
        escrow.convertEarnings(buyer, 0);
        vm.expectRevert(abi.encodeWithSelector(IEscrowTypes.InsufficientEarnings.selector, buyer, 0, 1));
        escrow.convertEarnings(buyer, 1);
    }

    // ==================================================== internal ===================================================

    function _queue() private returns (uint40 maturesAt) {
        IEscrowTypes.Rotation memory rotation = _rotation();
        bytes32 digest = _typed(_hash(rotation));
        bytes memory ofOwner = _sign(OWNER_KEY, digest);
        bytes memory ofNext = _sign(NEW_KEY, digest);
        maturesAt = uint40(block.timestamp + 48 hours);
        expectEvent(address(escrow));
        emit IEscrowTypes.OwnerQueued(buyer, next, maturesAt);
        escrow.rotateOwner(rotation, ofOwner, ofNext, "");
    }

    function _rotation() private view returns (IEscrowTypes.Rotation memory) {
        return IEscrowTypes.Rotation(buyer, next, uint40(block.timestamp + 60));
    }

    function _limit(uint40 perDay) private view returns (IEscrowTypes.DayLimit memory) {
        return IEscrowTypes.DayLimit(buyer, perDay, uint40(block.timestamp + 60));
    }

    function _hash(IEscrowTypes.Rotation memory rotation) private view returns (bytes32) {
        return keccak256(
            abi.encode(
                keccak256("RotateOwner(uint32 account,address owner,uint96 nonce,uint40 deadline)"),
                rotation.account,
                rotation.owner,
                escrow.accountOf(rotation.account).nonce,
                rotation.deadline
            )
        );
    }

    function _hash(IEscrowTypes.DayLimit memory limit) private view returns (bytes32) {
        return keccak256(
            abi.encode(
                keccak256("DayLimit(uint32 account,uint40 perDay,uint96 nonce,uint40 deadline)"),
                limit.account,
                limit.perDay,
                escrow.accountOf(limit.account).nonce,
                limit.deadline
            )
        );
    }
}
