// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {ICreditEscrow} from "../interfaces/ICreditEscrow.sol";
import {AccountWord} from "../libraries/AccountWord.sol";
import {TypedHashes} from "../libraries/TypedHashes.sol";
import {Moves} from "./Moves.sol";
import {Payouts} from "./Payouts.sol";

/// @title Who owns an account, and how much batches may take from it in a day
abstract contract Ownership is Moves, Payouts {
    struct QueuedOwner {
        address owner;
        uint40 maturesAt; // 0: nothing is queued
    }

    struct QueuedDayLimit {
        uint40 perDay;
        uint40 maturesAt; // 0: nothing is queued
    }

    /// @inheritdoc ICreditEscrow
    uint40 public constant OWNER_DELAY = 48 hours;
    /// @inheritdoc ICreditEscrow
    uint40 public constant DAY_LIMIT_DELAY = 24 hours;

    mapping(uint256 account => QueuedOwner) internal _queuedOwners;
    mapping(uint256 account => QueuedDayLimit) internal _queuedDayLimits;

    // ===================================================== owner =====================================================

    /// @inheritdoc ICreditEscrow
    function rotateOwner(
        Rotation calldata rotation,
        bytes calldata ownerSignature,
        bytes calldata newOwnerSignature,
        bytes calldata clearance
    ) external {
        (uint32 account, address to) = (rotation.account, rotation.owner);
        if (to == address(0) || to == address(this)) revert InvalidAddress(to);
        bytes32 operation = TypedHashes.rotateOwner(rotation, _owners[account].nonce);
        _useNonce(account, operation, rotation.deadline, ownerSignature);
        if (msg.sender != to) _requireSignature(to, _hashTypedDataV4(operation), newOwnerSignature);

        if (clearance.length != 0) {
            _requireClearance(operation, rotation.deadline, clearance);
            _changeOwner(account, to);
        } else {
            uint40 maturesAt = uint40(block.timestamp) + OWNER_DELAY;
            _queuedOwners[account] = QueuedOwner({owner: to, maturesAt: maturesAt});
            emit OwnerQueued(account, to, maturesAt);
        }
    }

    /// @inheritdoc ICreditEscrow
    function applyOwner(uint32 account) external {
        QueuedOwner memory queued = _queuedOwners[account];
        _requireMatured(account, queued.maturesAt);
        _changeOwner(account, queued.owner);
    }

    /// @inheritdoc ICreditEscrow
    function cancelOwner(uint32 account) external {
        _requireOwner(account);
        QueuedOwner memory queued = _queuedOwners[account];
        if (queued.maturesAt == 0) revert NothingQueued(account);
        delete _queuedOwners[account];
        emit OwnerCancelled(account, queued.owner);
    }

    // =================================================== day limit ===================================================

    /// @inheritdoc ICreditEscrow
    function setDayLimit(DayLimit calldata limit, bytes calldata ownerSignature) external {
        (uint32 account, uint40 perDay) = (limit.account, limit.perDay);
        bytes32 operation = TypedHashes.dayLimit(limit, _owners[account].nonce);
        _useNonce(account, operation, limit.deadline, ownerSignature);

        if (perDay >= _accounts[account].dayLimit()) {
            _changeDayLimit(account, perDay);
        } else {
            uint40 maturesAt = uint40(block.timestamp) + DAY_LIMIT_DELAY;
            _queuedDayLimits[account] = QueuedDayLimit({perDay: perDay, maturesAt: maturesAt});
            emit DayLimitQueued(account, perDay, maturesAt);
        }
    }

    /// @inheritdoc ICreditEscrow
    function applyDayLimit(uint32 account) external {
        QueuedDayLimit memory queued = _queuedDayLimits[account];
        _requireMatured(account, queued.maturesAt);
        _changeDayLimit(account, queued.perDay);
    }

    /// @inheritdoc ICreditEscrow
    function queuedOf(uint32 account)
        external
        view
        returns (address owner, uint40 ownerMaturesAt, uint40 dayLimit, uint40 dayLimitMaturesAt)
    {
        QueuedOwner memory next = _queuedOwners[account];
        QueuedDayLimit memory limit = _queuedDayLimits[account];
        return (next.owner, next.maturesAt, limit.perDay, limit.maturesAt);
    }

    // =================================================== internal ====================================================

    /// @dev Payouts go to the new owner: an address that the old one chose must not keep receiving them.
    function _changeOwner(uint32 account, address to) private {
        address from = _owners[account].owner;
        _owners[account].owner = to;
        delete _queuedOwners[account];
        delete _payoutTo[account];
        emit OwnerChanged(account, from, to);
    }

    function _changeDayLimit(uint32 account, uint40 perDay) private {
        AccountWord word = _accounts[account];
        delete _queuedDayLimits[account];
        _accounts[account] = word.withDayLimit(perDay, block.timestamp);
        emit DayLimitSet(account, perDay);
    }

    function _requireMatured(uint32 account, uint40 maturesAt) private view {
        if (maturesAt == 0) revert NothingQueued(account);
        if (block.timestamp < maturesAt) revert NotMatured(maturesAt, block.timestamp);
    }
}
