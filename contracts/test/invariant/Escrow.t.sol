// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {ICreditEscrow} from "../../src/interfaces/ICreditEscrow.sol";
import {IEscrowTypes} from "../../src/interfaces/IEscrowTypes.sol";
import {Test} from "../support/Test.sol";
import {EscrowHandler} from "./EscrowHandler.sol";

/// @dev The invariants that random sequences of operations must not break; numbers as in the design.
contract EscrowInvariantTest is Test {
    EscrowHandler private handler;
    ICreditEscrow private escrow;

    function setUp() public {
        handler = new EscrowHandler();
        escrow = handler.escrowAddress();
    }

    function targetContracts() external view returns (address[] memory targets) {
        targets = new address[](1);
        targets[0] = address(handler);
    }

    function invariant_I1_usdcHeldCoversLiabilitiesWhichAreBalancesEarningsAndVouchers() public view {
        uint256 sum = handler.inVouchers();
        for (uint32 id = 1; id < escrow.nextId(); ++id) sum += escrow.accountOf(id).balance + _earned(id);
        assertEq(escrow.liabilities(), sum, "liabilities == balances + earnings + vouchers");
        assertEq(sum, handler.deposited() - handler.paidOut(), "liabilities == deposited - paid out");
        assertEq(handler.held(), sum + 3, "held == liabilities + stray");
    }

    function invariant_I2_settleTransferAndVoucherLeaveLiabilitiesUnchanged() public view {
        assertTrue(!handler.liabilitiesMoved(), "liabilities moved");
    }

    function invariant_I3_debitsAreNetKickbackAndPlatform() public view {
        uint256 earned;
        for (uint32 id = 1; id < escrow.nextId(); ++id) earned += _earned(id) + handler.paidTo(id);
        assertEq(earned, handler.settledGross(), "all that was debited was earned");
        assertEq(handler.largestRestDeficit(), 0, "platform >= 19 % of gross - lines");
    }

    function invariant_I4_lifetimeNetIsExact() public view {
        for (uint32 id = 2; id < escrow.nextId(); ++id) {
            uint256 earned = _earned(id) + handler.paidTo(id);
            assertEq(earned, handler.earnedBps(id) / 10_000, "lifetime net");
            assertEq(escrow.earnerOf(id).carry, handler.earnedBps(id) % 10_000, "carry");
        }
    }

    function invariant_I5_numbersRiseAndBatchesAreChained() public view {
        (uint64 seq, bytes32 prev,) = escrow.nextBatch();
        assertEq(seq, handler.settledBatches() + 1, "next number");
        assertEq(prev, handler.lastDigest(), "prev is the last digest");
    }

    function invariant_I7_usedIsWithinLimitAndBucketWithinCapacity() public view {
        for (uint32 id = 1; id < escrow.nextId(); ++id) {
            IEscrowTypes.Account memory state = escrow.accountOf(id);
            assertTrue(state.used <= state.dayLimit, "used <= limit");
        }
        (uint256 available, uint256 capacity,) = escrow.settlementCapacity();
        assertTrue(available <= capacity, "bucket <= capacity");
    }

    function invariant_I8_balanceOrDebtIsZeroAndDebtIsCapped() public view {
        for (uint32 id = 1; id < escrow.nextId(); ++id) {
            IEscrowTypes.Account memory state = escrow.accountOf(id);
            assertTrue(state.balance == 0 || state.debt == 0, "balance == 0 or debt == 0");
            assertTrue(state.debt <= escrow.MAX_DEBT(), "debt <= cap");
        }
        assertEq(escrow.accountOf(1).debt, 0, "account 1 has no debt");
    }

    function _earned(uint32 id) private view returns (uint256) {
        IEscrowTypes.Earner memory state = escrow.earnerOf(id);
        return uint256(state.available) + state.previous + state.current;
    }
}
