// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {RateLimiter} from "@openzeppelin/contracts/utils/RateLimiter.sol";
import {IEscrowExtension} from "../interfaces/IEscrowExtension.sol";
import {Ledger} from "./Ledger.sol";

/// @title What guardian and governor may do: the one delays, the other, a timelock, decides
abstract contract Governed is IEscrowExtension, Ledger {
    using RateLimiter for RateLimiter.RefillingBucket;

    /// @inheritdoc IEscrowExtension
    uint40 public constant MAX_PAUSE = 7 days;
    /// @inheritdoc IEscrowExtension
    uint40 public constant PAUSE_COOLDOWN = 14 days;
    /// @inheritdoc IEscrowExtension
    uint40 public constant MAX_SUSPENSION = 30 days;
    /// @inheritdoc IEscrowExtension
    uint40 public constant SUSPENSION_COOLDOWN = 90 days;

    // ==================================================== guardian ===================================================

    /// @inheritdoc IEscrowExtension
    function pause(Group group, uint40 until) external {
        _requireGuardian();
        if (until <= block.timestamp) revert DeadlinePassed(until, block.timestamp);
        _requireWithin(until, MAX_PAUSE);
        uint40 from = _pausedUntil[uint256(group)];
        if (!_isGovernor()) _requireCooled(from, PAUSE_COOLDOWN);
        _setPause(group, from, until);
    }

    /// @inheritdoc IEscrowExtension
    function unpause(Group group) external {
        _requireGuardian();
        uint40 from = _pausedUntil[uint256(group)];
        if (block.timestamp >= from) revert NotPaused(group);
        _setPause(group, from, uint40(block.timestamp));
    }

    /// @inheritdoc IEscrowExtension
    function suspend(uint32 earner, uint40 until, bytes32 reason) external {
        _requireGuardian();
        _requireOpen(earner);
        uint40 from = uint40(_suspendedUntil[earner]); // written below only
        if (until <= block.timestamp) {
            if (block.timestamp >= from) revert DeadlinePassed(until, block.timestamp);
            until = uint40(block.timestamp);
        } else {
            _requireWithin(until, MAX_SUSPENSION);
            if (!_isGovernor()) _requireCooled(from, SUSPENSION_COOLDOWN);
            _earners[earner] = _earners[earner].withMark();
        }
        _suspendedUntil[earner] = until;
        emit Suspended(earner, from, until, reason);
    }

    /// @inheritdoc IEscrowExtension
    function setCaps(uint64 capacity, uint40 window) external {
        if (window == 0) revert AmountBelowMinimum(0, 1);
        uint64 fromCapacity = uint64(_capacity._capacity); // written by the constructor and below only
        uint40 fromWindow = uint40(_capacity._window);
        if (!_isGovernor()) {
            _requireRole(Role.Guardian);
            if (capacity > fromCapacity) revert ValueTooLarge(capacity, fromCapacity);
            if (window < fromWindow) revert AmountBelowMinimum(window, fromWindow);
        }
        _capacity.sync(SETTLED); // what has refilled until now refilled at the old rate
        _capacity.sync(ATTRIBUTED);
        _capacity.updateSettings(window, capacity);
        emit CapsChanged(fromCapacity, fromWindow, capacity, window);
    }

    // ==================================================== governor ===================================================

    /// @inheritdoc IEscrowExtension
    function setSigner(Role role, address to) external {
        _requireRole(Role.Governor);
        if (to == address(0) || to == address(this)) revert InvalidAddress(to);
        emit SignerSet(role, _roles[role], to);
        _roles[role] = to;
    }

    /// @inheritdoc IEscrowExtension
    function setPayoutPolicy(address policy) external {
        _requireRole(Role.Governor);
        emit PolicySet(_payoutPolicy, policy);
        _payoutPolicy = policy;
    }

    // ===================================================== views =====================================================

    /// @inheritdoc IEscrowExtension
    function roleOf(Role role) external view returns (address) {
        return _roles[role];
    }

    /// @inheritdoc IEscrowExtension
    function settler() external view returns (address) {
        return _roles[Role.Settler];
    }

    /// @inheritdoc IEscrowExtension
    function clearer() external view returns (address) {
        return _roles[Role.Clearer];
    }

    /// @inheritdoc IEscrowExtension
    function payoutPolicy() external view returns (address) {
        return _payoutPolicy;
    }

    /// @inheritdoc IEscrowExtension
    function pausedUntil(Group group) external view returns (uint40) {
        return _pausedUntil[uint256(group)];
    }

    /// @inheritdoc IEscrowExtension
    function suspendedUntil(uint32 earner) external view returns (uint40) {
        return uint40(_suspendedUntil[earner]);
    }

    // =================================================== internal ====================================================

    function _setPause(Group group, uint40 from, uint40 until) private {
        _pausedUntil[uint256(group)] = until;
        uint40 last;
        for (uint256 i = 0; i < _pausedUntil.length; ++i) {
            if (_pausedUntil[i] > last) last = _pausedUntil[i];
        }
        _head.pausedUntil = last;
        emit PausedGroup(group, from, until);
    }

    function _requireWithin(uint256 until, uint256 most) private view {
        if (until > block.timestamp + most) revert DeadlineTooFar(until, block.timestamp + most);
    }

    function _requireCooled(uint256 endedAt, uint256 cooldown) private view {
        if (endedAt != 0 && block.timestamp < endedAt + cooldown) {
            revert NotMatured(endedAt + cooldown, block.timestamp);
        }
    }
}
