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

    // One campaign each, so that every sequence is checked for several: campaigns are what takes the time.

    function invariant_I1_I2_I3_I4_I15_money() external view {
        I1_usdcHeldCoversLiabilitiesWhichAreBalancesEarningsAndVouchers();
        I2_settleVoidTransferAndVoucherLeaveLiabilitiesUnchanged();
        I3_debitsAreNetKickbackAndPlatform();
        I4_lifetimeNetIsExact();
        I15_surplusFunctionsNeverLowerCoverage();
    }

    function invariant_I5_I7_I12_batches() external view {
        I5_numbersRiseAndBatchesAreChained();
        I7_usedIsWithinLimitAndBucketWithinCapacity();
        I12_voidUndoesSettle();
    }

    function invariant_I6_I8_I9_I14_accounts() external view {
        I6_noSignatureWorksTwice();
        I8_balanceOrDebtIsZeroAndDebtIsCapped();
        I9_noOutflowWithoutOwnerAndClearer();
        I14_aVoucherClosesOnce();
        I1_usdcHeldCoversLiabilitiesWhichAreBalancesEarningsAndVouchers();
    }

    function invariant_I10_I11_I13_I16_wayOut() external view {
        I10_nothingIsPayableBeforeADay();
        I11_aboveTheLimitNobodyUnverifiedIsPaid();
        I13_whoLeavesIsNotMoved();
        I16_everyPauseEndsAndNoneIsChained();
    }

    function I1_usdcHeldCoversLiabilitiesWhichAreBalancesEarningsAndVouchers() private view {
        uint256 sum = handler.inVouchers();
        for (uint32 id = 1; id < escrow.nextId(); ++id) sum += escrow.accountOf(id).balance + _earned(id);
        assertEq(escrow.liabilities(), sum, "liabilities == balances + earnings + vouchers");
        assertEq(sum, handler.deposited() - handler.paidOut(), "liabilities == deposited - paid out");
        assertTrue(handler.held() >= sum, "held >= liabilities");
    }

    function I2_settleVoidTransferAndVoucherLeaveLiabilitiesUnchanged() private view {
        assertTrue(!handler.broken("I2"), "liabilities moved");
    }

    function I3_debitsAreNetKickbackAndPlatform() private view {
        uint256 earned;
        for (uint32 id = 1; id < escrow.nextId(); ++id) earned += _earned(id) + handler.paidTo(id);
        assertEq(earned, handler.settledGross(), "all that was debited was earned");
        assertEq(handler.largestRestDeficit(), 0, "platform >= 19 % of gross - lines");
    }

    function I4_lifetimeNetIsExact() private view {
        for (uint32 id = 2; id < escrow.nextId(); ++id) {
            uint256 earned = _earned(id) + handler.paidTo(id);
            assertEq(earned, handler.earnedBps(id) / 10_000, "lifetime net");
            assertEq(escrow.earnerOf(id).carry, handler.earnedBps(id) % 10_000, "carry");
        }
    }

    function I5_numbersRiseAndBatchesAreChained() private view {
        (uint64 seq, bytes32 prev,) = escrow.nextBatch();
        assertEq(seq, handler.settledBatches() + 1, "numbers are not used again");
        assertEq(prev, handler.lastDigest(), "prev is the digest of the last live batch");
    }

    function I6_noSignatureWorksTwice() private view {
        assertTrue(!handler.broken("I6"), "replayed");
        for (uint32 id = 1; id < escrow.nextId(); ++id) {
            assertEq(escrow.accountOf(id).nonce, handler.operations(id), "a nonce for each operation");
        }
    }

    function I7_usedIsWithinLimitAndBucketWithinCapacity() private view {
        for (uint32 id = 1; id < escrow.nextId(); ++id) {
            IEscrowTypes.Account memory state = escrow.accountOf(id);
            assertTrue(state.used <= state.dayLimit, "used <= limit");
        }
        (uint256 available, uint256 capacity,) = escrow.settlementCapacity();
        assertTrue(available <= capacity, "bucket <= capacity");
    }

    function I8_balanceOrDebtIsZeroAndDebtIsCapped() private view {
        for (uint32 id = 1; id < escrow.nextId(); ++id) {
            IEscrowTypes.Account memory state = escrow.accountOf(id);
            assertTrue(state.balance == 0 || state.debt == 0, "balance == 0 or debt == 0");
            assertTrue(state.debt <= escrow.MAX_DEBT(), "debt <= cap");
        }
        assertEq(escrow.accountOf(1).debt, 0, "account 1 has no debt");
    }

    function I9_noOutflowWithoutOwnerAndClearer() private view {
        assertTrue(!handler.broken("I9"), "moved without the owner, the clearer or the role");
    }

    function I10_nothingIsPayableBeforeADay() private view {
        for (uint32 id = 1; id < escrow.nextId(); ++id) {
            IEscrowTypes.Earner memory state = escrow.earnerOf(id);
            uint256 waiting = uint256(state.previous) + state.current;
            assertTrue(waiting >= handler.fresh(id), "held for 24 hours");
        }
    }

    function I11_aboveTheLimitNobodyUnverifiedIsPaid() private view {
        assertTrue(!handler.broken("I11"), "paid beyond the limit, not verified");
    }

    function I13_whoLeavesIsNotMoved() private view {
        // the handler's exits succeed with everything paused; a revert fails the run
        assertTrue(!handler.broken("I13"), "migrated while leaving");
    }

    function I12_voidUndoesSettle() private view {
        assertTrue(!handler.broken("I12"), "void after settle is not the identity");
    }

    /// @dev The handler tries to close each voucher a second time, and with the signature for the one before it.
    function I14_aVoucherClosesOnce() private view {
        assertTrue(!handler.broken("I14"), "closed twice");
        for (uint256 i = 0; i < handler.voucherCount(); ++i) {
            address key = handler.voucherKey(i);
            assertEq(escrow.voucherOf(key).amount, handler.underKey(key), "open from its order to its closing");
        }
    }

    function I15_surplusFunctionsNeverLowerCoverage() private view {
        assertEq(handler.held(), escrow.liabilities() + handler.stray(), "held == liabilities + stray");
    }

    function I16_everyPauseEndsAndNoneIsChained() private view {
        for (uint8 group = 0; group < 4; ++group) {
            uint256 until = escrow.pausedUntil(IEscrowTypes.Group(group));
            assertTrue(until <= block.timestamp + escrow.MAX_PAUSE(), "ends within seven days");
        }
        assertTrue(!handler.broken("I16"), "chained");
    }

    function _earned(uint32 id) private view returns (uint256) {
        IEscrowTypes.Earner memory state = escrow.earnerOf(id);
        return uint256(state.available) + state.previous + state.current;
    }
}
