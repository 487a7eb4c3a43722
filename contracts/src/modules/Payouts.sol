// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {SafeERC20} from "@openzeppelin/contracts/token/ERC20/utils/SafeERC20.sol";
import {SafeCast} from "@openzeppelin/contracts/utils/math/SafeCast.sol";
import {IEscrowCore} from "../interfaces/IEscrowCore.sol";
import {IPayoutPolicy} from "../interfaces/IPayoutPolicy.sol";
import {IUSDC} from "../interfaces/IUSDC.sol";
import {EarnerWord} from "../libraries/EarnerWord.sol";
import {Accounts} from "./Accounts.sol";

/// @title Money out to earners
abstract contract Payouts is Accounts {
    using SafeERC20 for IUSDC;

    /// @inheritdoc IEscrowCore
    uint64 public constant MIN_PAYOUT = 10e6;
    /// @inheritdoc IEscrowCore
    uint40 public constant UNVERIFIED_PAYOUT_LIMIT = 500e6;
    /// @inheritdoc IEscrowCore
    uint40 public constant PAYOUT_TO_DELAY = 24 hours;

    // ==================================================== paying =====================================================

    /// @inheritdoc IEscrowCore
    function withdraw(uint32 earner, uint64 amount) external nonReentrant {
        address owner = _requireOwner(earner);
        _requireRunning(Group.Payouts);
        if (amount < MIN_PAYOUT) revert AmountBelowMinimum(amount, MIN_PAYOUT);
        _requireGoodStanding(earner);
        uint256 today = _today();
        EarnerWord word = _earners[earner].take(earner, amount, today);
        uint256 windowPaid = word.windowPaidOn(today) + amount;
        if (!_mayBePaid(earner, owner, windowPaid)) {
            revert NotVerified(earner, windowPaid, UNVERIFIED_PAYOUT_LIMIT);
        }

        _earners[earner] = word.withWindow(windowPaid, today);
        _head.liabilities -= amount;
        address to = _maturePayoutTo(earner, owner);
        emit PaidOut(earner, to, amount, uint64(windowPaid)); // 40 bits + 64 bits of what is owed at all

        USDC.safeTransfer(to, amount);
        _requireSolvent();
    }

    /// @inheritdoc IEscrowCore
    function payout(uint32[] calldata earners) external nonReentrant returns (uint256 total) {
        _requireRunning(Group.Payouts);
        uint256 today = _today();
        for (uint256 i = 0; i < earners.length; ++i) {
            total += _push(earners[i], today);
        }
        _head.liabilities -= SafeCast.toUint64(total);
        _requireSolvent();
    }

    /// @inheritdoc IEscrowCore
    function convertEarnings(uint32 earner, uint64 amount) external {
        _requireRunning(Group.Payouts);
        _requireOwner(earner);
        _requireGoodStanding(earner);
        if (amount == 0) revert AmountBelowMinimum(0, 1);
        _earners[earner] = _earners[earner].take(earner, amount, _today());
        uint32 debtRepaid = _credit(earner, amount);
        emit EarningsConverted(earner, amount, debtRepaid);
    }

    /// @inheritdoc IEscrowCore
    function setPayoutTo(uint32 earner, address to) external {
        address owner = _requireOwner(earner);
        if (to == address(this)) revert InvalidAddress(to);
        _maturePayoutTo(earner, owner); // an earlier change that has matured is not lost to the new one
        uint40 maturesAt = uint40(block.timestamp) + PAYOUT_TO_DELAY;
        _payoutTo[earner].maturesAt = maturesAt;
        _payoutTo[earner].queued = to;
        emit PayoutToQueued(earner, to, maturesAt);
    }

    // ===================================================== views =====================================================

    /// @inheritdoc IEscrowCore
    function earnerOf(uint32 earner) external view returns (Earner memory state) {
        uint256 today = _today();
        EarnerWord word = _earners[earner];
        (uint256 available, uint256 current, uint256 previous) = word.bucketsOn(today);
        PayoutTo memory route = _payoutTo[earner];
        bool matured = route.maturesAt != 0 && block.timestamp >= route.maturesAt;
        address to = matured ? route.queued : route.current;
        // The casts undo the packing of the word.
        state = Earner({
            available: uint64(available),
            previous: uint48(previous),
            current: uint48(current),
            carry: uint16(word.carry()),
            windowPaid: uint40(word.windowPaidOn(today)),
            payoutTo: to == address(0) ? _owners[earner].owner() : to,
            queuedPayoutTo: matured ? address(0) : route.queued,
            payoutToMaturesAt: matured ? 0 : route.maturesAt
        });
    }

    // =================================================== internal ====================================================

    /// @dev Pays one earner all that is available, or says why not. The event comes after the call, because only then
    /// it is known whether the token took it; whatever is entered meanwhile finds the earner already paid.
    function _push(uint32 earner, uint256 today) private returns (uint256) {
        address owner = _owners[earner].owner();
        if (owner == address(0)) return _skip(earner, SkipReason.UnknownEarner);
        EarnerWord before = _earners[earner];
        if (block.timestamp < _suspension(earner)) return _skip(earner, SkipReason.Suspended);
        (uint256 available,,) = before.bucketsOn(today);
        if (available < MIN_PAYOUT) return _skip(earner, SkipReason.BelowMinimum);
        uint256 windowPaid = before.windowPaidOn(today) + available;
        if (!_mayBePaid(earner, owner, windowPaid)) return _skip(earner, SkipReason.NotVerified);

        _earners[earner] = before.take(earner, available, today).withWindow(windowPaid, today);
        address to = _maturePayoutTo(earner, owner);
        if (!_trySend(to, available)) {
            _earners[earner] = before;
            return _skip(earner, SkipReason.TransferFailed);
        }
        emit PaidOut(earner, to, uint64(available), uint64(windowPaid)); // a 64-bit field; 40 bits + that
        return available;
    }

    function _requireGoodStanding(uint32 earner) private view {
        uint256 until = _suspension(earner);
        if (block.timestamp < until) revert EarnerSuspended(earner, until);
    }

    /// @dev The mark in the word spares everybody else a read.
    function _suspension(uint32 earner) private view returns (uint256) {
        return _earners[earner].marked() ? _suspendedUntil[earner] : 0;
    }

    function _skip(uint32 earner, SkipReason reason) private returns (uint256) {
        emit PayoutSkipped(earner, reason);
        return 0;
    }

    /// @dev A call that reverts has undone all that happened in it, so the earner's word may be put back as it was. A token
    /// that says no without reverting, which USDC never does, has not: then all of the push is undone.
    function _trySend(address to, uint256 amount) private returns (bool) {
        try USDC.transfer(to, amount) returns (bool sent) {
            if (!sent) revert SafeERC20.SafeERC20FailedOperation(address(USDC));
            return true;
        } catch {
            return false;
        }
    }

    /// @dev Below the limit the policy is not called, so that it can't stop small earners. One that fails verifies
    /// nobody, and so can't stop a push of many.
    function _mayBePaid(uint32 earner, address owner, uint256 windowPaid) private view returns (bool) {
        if (windowPaid <= UNVERIFIED_PAYOUT_LIMIT || earner == PLATFORM) return true;
        address policy = _payoutPolicy;
        if (policy.code.length == 0) return false;
        try IPayoutPolicy(policy).isVerified(owner) returns (bool verified) {
            return verified;
        } catch {
            return false;
        }
    }

    /// @dev Brings a queued change into force if it has matured.
    /// @return to Where payouts go now
    function _maturePayoutTo(uint32 earner, address owner) private returns (address to) {
        PayoutTo storage route = _payoutTo[earner];
        to = route.current;
        uint256 maturesAt = route.maturesAt;
        if (maturesAt != 0 && block.timestamp >= maturesAt) {
            to = route.queued;
            route.current = to;
            route.maturesAt = 0;
            delete route.queued;
            emit PayoutToSet(earner, to);
        }
        if (to == address(0)) to = owner;
    }
}
