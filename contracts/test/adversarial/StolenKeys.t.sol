// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {TimelockController} from "@openzeppelin/contracts/governance/TimelockController.sol";
import {IEscrowTypes} from "../../src/interfaces/IEscrowTypes.sol";
import {AllowanceRecharge} from "../../src/periphery/AllowanceRecharge.sol";
import {MovesTest} from "../support/MovesTest.sol";
import {MultisigWallet} from "../support/Wallets.sol";

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

    /// @dev A settler of two keys: one in a thief's hands settles nothing.
    function test_stolenSettler_ofTwoKeysSettlesNothing() public {
        (uint256 first, uint256 second) = (0xaaa1, 0xaaa2);
        if (vm.addr(second) < vm.addr(first)) (first, second) = (second, first);
        address[] memory owners = new address[](2);
        (owners[0], owners[1]) = (vm.addr(first), vm.addr(second));
        MultisigWallet both = new MultisigWallet(owners, 2);
        vm.prank(governor);
        escrow.setSigner(IEscrowTypes.Role.Settler, address(both));
        IEscrowTypes.Batch memory batch = _batch(_line(buyer, 50e6), _line(friend, 50e6), "");
        bytes32 bound = both.boundDigest(_digest(batch));
        bytes memory one = _sign(first, bound);
        _fails(abi.encodeCall(escrow.settle, (batch, one)), _invalid(address(both), _digest(batch)));
        _succeeds(abi.encodeCall(escrow.settle, (batch, bytes.concat(one, _sign(second, bound)))));
    }

    /// @dev With the clearer's key beside it the thief has not more: credit moves by an owner's signature only.
    function test_stolenSettlerAndClearer_takeWhatTheSettlerTakes() public {
        uint32 own = escrow.open(thief, 0);
        (bytes memory data, bytes32 digest) = _transfer(own, "", true);
        _fails(data, _invalid(owner, digest));
        _settle(buyer, own, 100e6);
        IEscrowTypes.Earner memory earner = escrow.earnerOf(own);
        assertEq(earner.available, 0, "nothing to withdraw or to convert for a day");
        bytes memory short =
            abi.encodeWithSelector(IEscrowTypes.InsufficientEarnings.selector, own, 0, 80e6);
        vm.prank(thief);
        vm.expectRevert(short);
        escrow.convertEarnings(own, 80e6);
        vm.warp(block.timestamp + 24 hours);
        vm.prank(thief);
        vm.expectRevert(short);
        escrow.convertEarnings(own, 80e6);
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
        bytes32 operation = _operation(rotation);
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

    /// @dev What the owner's key does get: earnings that are available, where they always went, or elsewhere after a day.
    function test_stolenOwner_takesAvailableEarningsOnly() public {
        _settle(1, buyer, 50e6);
        vm.warp(block.timestamp + 1 days);
        vm.startPrank(owner);
        escrow.setPayoutTo(buyer, thief);
        vm.warp(block.timestamp + 1 days - 1);
        escrow.withdraw(buyer, 20e6);
        assertEq(usdc.balanceOf(owner), 20e6, "to the owner's address");
        vm.warp(block.timestamp + 1);
        escrow.withdraw(buyer, 20e6);
        vm.stopPrank();
        assertEq(usdc.balanceOf(thief), 20e6, "measured: what is available after a day in the open");
        assertEq(_balance(buyer), 100e6, "no credit");
    }

    /// @dev Both keys move one owner's credit, as credit: into USDC there is no way but the exit, which is shut.
    function test_stolenClearerAndOwner_moveCreditButNoUsdc() public {
        uint32 own = escrow.open(thief, 0);
        (, bytes32 digest) = _transfer(own, "", true);
        (bytes memory data,) = _transfer(own, _sign(OWNER_KEY, digest), true);
        _succeeds(data);
        assertEq(_balance(own), 100e6, "credit");
        vm.startPrank(thief);
        vm.expectRevert(abi.encodeWithSelector(IEscrowTypes.InsufficientEarnings.selector, own, 0, 100e6));
        escrow.withdraw(own, 100e6);
        uint256 darkAt = block.timestamp + 14 days;
        vm.expectRevert(abi.encodeWithSelector(IEscrowTypes.NotDark.selector, darkAt, block.timestamp));
        escrow.requestExit(own);
        vm.stopPrank();
        assertEq(usdc.balanceOf(thief), 0, "measured: no USDC");
    }

    // ===================================================== others ====================================================

    /// @dev Made-up logs make credit out of surplus, one capacity a day at most.
    function test_stolenAttributor_isCapped() public {
        usdc.mint(address(escrow), 2_000_000e6);
        uint32 own = escrow.open(thief, 0);
        vm.startPrank(attributor);
        escrow.attribute(own, CAPACITY, "made up", 1);
        vm.expectRevert(abi.encodeWithSelector(IEscrowTypes.CapacityExceeded.selector, 1, 0));
        escrow.attribute(own, 1, "made up", 2);
        vm.stopPrank();
        assertEq(usdc.balanceOf(thief), 0, "and it is credit, no USDC");
        _assertBacked();
    }

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

    /// @dev The same group again within 14 days of a pause's end needs the governor.
    function test_stolenGuardian_cannotChainPauses() public {
        uint256 end = block.timestamp + 7 days;
        vm.prank(guardian);
        escrow.pause(IEscrowTypes.Group.Moves, uint40(end));
        for (uint256 day = 0; day < 21; ++day) {
            uint40 until = uint40(block.timestamp + 7 days);
            vm.expectRevert(
                abi.encodeWithSelector(IEscrowTypes.NotMatured.selector, end + 14 days, block.timestamp)
            );
            vm.prank(guardian);
            escrow.pause(IEscrowTypes.Group.Moves, until);
            vm.warp(block.timestamp + 1 days);
        }
        vm.prank(guardian);
        escrow.pause(IEscrowTypes.Group.Moves, uint40(block.timestamp + 7 days));
    }

    /// @dev The settler's key is stolen a second time, in the cool-down of the pause that answered the first: the guardian
    /// can neither pause nor undo, the governor can.
    function test_stolenSettler_againWithinTheCooldown() public {
        vm.startPrank(guardian);
        escrow.pause(IEscrowTypes.Group.Settlement, uint40(block.timestamp + 1));
        vm.warp(block.timestamp + 1 days);
        vm.stopPrank();
        IEscrowTypes.Batch memory batch = _batch(_line(buyer, 100e6), _line(friend, 100e6), "");
        escrow.settle(batch, _sign(SETTLER_KEY, _digest(batch)));
        uint40 until = uint40(block.timestamp + 1 days);
        uint256 cooled = block.timestamp - 1 days + 1 + 14 days;
        vm.startPrank(guardian);
        vm.expectRevert(abi.encodeWithSelector(IEscrowTypes.NotMatured.selector, cooled, block.timestamp));
        escrow.pause(IEscrowTypes.Group.Settlement, until);
        vm.expectRevert(
            abi.encodeWithSelector(IEscrowTypes.NotPaused.selector, IEscrowTypes.Group.Settlement)
        );
        escrow.void(batch);
        vm.stopPrank();
        vm.startPrank(governor);
        escrow.pause(IEscrowTypes.Group.Settlement, until);
        escrow.void(batch);
        vm.stopPrank();
        assertEq(_balance(buyer), 100e6, "given back");
    }

    /// @dev The governor is a timelock: whoever proposes for it is seen 48 hours before anything happens.
    function test_stolenGovernor_isSeenTwoDaysAhead() public {
        address[] memory proposers = new address[](1);
        proposers[0] = thief;
        TimelockController timelock = new TimelockController(48 hours, proposers, proposers, address(0));
        vm.prank(governor);
        escrow.setSigner(IEscrowTypes.Role.Governor, address(timelock));
        bytes memory data = abi.encodeCall(escrow.setSigner, (IEscrowTypes.Role.Settler, thief));
        vm.startPrank(thief);
        vm.expectRevert(
            abi.encodeWithSelector(IEscrowTypes.NotInRole.selector, IEscrowTypes.Role.Governor, thief)
        );
        escrow.setSigner(IEscrowTypes.Role.Settler, thief);
        timelock.schedule(address(escrow), 0, data, 0, 0, 48 hours);
        bytes32 id = timelock.hashOperation(address(escrow), 0, data, 0, 0);
        vm.warp(block.timestamp + 48 hours - 1);
        vm.expectRevert(
            abi.encodeWithSelector(
                TimelockController.TimelockUnexpectedOperationState.selector, id, bytes32(uint256(1 << 2))
            )
        );
        timelock.execute(address(escrow), 0, data, 0, 0);
        assertEq(escrow.settler(), settler, "the old one for two days");
        vm.warp(block.timestamp + 1);
        timelock.execute(address(escrow), 0, data, 0, 0);
        vm.stopPrank();
        assertEq(escrow.settler(), thief, "then what roles can do");
        assertEq(usdc.balanceOf(thief), 0, "and nothing has left yet");
    }

    /// @dev Nor does a governor reach what is owed: every amount that it can move is surplus.
    function test_stolenGovernor_takesNothingThatIsOwed() public {
        usdc.mint(address(escrow), 10e6);
        vm.startPrank(governor);
        vm.expectRevert(abi.encodeWithSelector(IEscrowTypes.InvalidAddress.selector, address(usdc)));
        escrow.rescue(address(usdc), thief, 10e6);
        IEscrowTypes.Refund memory refund = IEscrowTypes.Refund(thief, 11e6, "made up", 1);
        escrow.queueRefund(refund);
        vm.warp(block.timestamp + 7 days);
        vm.expectRevert(abi.encodeWithSelector(IEscrowTypes.SurplusExceeded.selector, 11e6, 10e6));
        escrow.refundSurplus(refund);
        vm.stopPrank();
        _assertBacked();
    }

    /// @dev Who recharges from allowances gives the thief nothing: all that he can do is to make credit of the owner's USDC,
    /// for the owner, up to the ceiling that he has set.
    function test_stolenKeeper_onlyMakesItsOwnersCredit() public {
        AllowanceRecharge recharger = new AllowanceRecharge(escrow);
        usdc.mint(owner, 500e6);
        vm.startPrank(owner);
        usdc.approve(address(recharger), type(uint256).max);
        recharger.consent(thief, 100e6, 30 days);
        vm.stopPrank();
        vm.startPrank(thief);
        recharger.recharge(owner, 100e6, MEMO);
        vm.expectRevert(
            abi.encodeWithSelector(AllowanceRecharge.CeilingExceeded.selector, uint64(5e6), uint64(0))
        );
        recharger.recharge(owner, 5e6, MEMO);
        vm.stopPrank();
        assertEq(_balance(buyer), 200e6, "the owner has it as credit");
        assertEq(usdc.balanceOf(thief), 0, "measured: no USDC");
        assertEq(_balance(escrow.idOf(thief)), 0, "no credit");
    }

    function _transfer(
        uint32 to,
        bytes memory ownerSignature,
        bool cleared
    ) private view returns (bytes memory data, bytes32 digest) {
        IEscrowTypes.Transfer memory move = _move(buyer, to, 100e6);
        bytes32 operation = _operation(move);
        bytes memory clearance = cleared ? _clear(operation, move.deadline) : bytes("");
        return (abi.encodeCall(escrow.transfer, (move, ownerSignature, clearance)), _typed(operation));
    }
}
