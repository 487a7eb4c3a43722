// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {IEscrowExtension} from "../interfaces/IEscrowExtension.sol";
import {AccountWord} from "../libraries/AccountWord.sol";
import {OwnerWord} from "../libraries/OwnerWord.sol";
import {TypedHashes} from "../libraries/TypedHashes.sol";
import {Ledger} from "./Ledger.sol";

/// @title Who owns an account, and how much batches may take from it in a day
abstract contract Ownership is IEscrowExtension, Ledger {
    /// @inheritdoc IEscrowExtension
    uint40 public constant OWNER_DELAY = 48 hours;
    /// @inheritdoc IEscrowExtension
    uint40 public constant DAY_LIMIT_DELAY = 24 hours;

    // ===================================================== owner =====================================================

    /// @inheritdoc IEscrowExtension
    function rotateOwner(
        Rotation calldata rotation,
        bytes calldata ownerSignature,
        bytes calldata newOwnerSignature,
        bytes calldata clearance
    ) external {
        _requireRunning(Group.Moves);
        (uint32 account, address to) = (rotation.account, rotation.owner);
        if (to == address(0) || to == address(this)) revert InvalidAddress(to);
        OwnerWord owned = _requireOwned(account);
        bytes32 operation = TypedHashes.rotateOwner(rotation, owned.nonce());
        _useNonce(account, owned, operation, rotation.deadline, ownerSignature);
        if (msg.sender != to) _requireSignature(to, _hashTypedDataV4(operation), newOwnerSignature);

        if (clearance.length != 0) {
            _requireClearance(operation, rotation.deadline, clearance);
            _changeOwner(account, to);
        } else {
            uint40 maturesAt = uint40(block.timestamp) + OWNER_DELAY;
            _queuedOwners[account] = QueuedAddress({to: to, maturesAt: maturesAt});
            emit OwnerQueued(account, to, maturesAt);
        }
    }

    /// @inheritdoc IEscrowExtension
    function applyOwner(uint32 account) external {
        QueuedAddress memory queued = _queuedOwners[account];
        _requireMatured(account, queued.maturesAt);
        _changeOwner(account, queued.to);
    }

    /// @inheritdoc IEscrowExtension
    function cancelOwner(uint32 account) external {
        _requireOwner(account);
        QueuedAddress memory queued = _queuedOwners[account];
        if (queued.maturesAt == 0) revert NothingQueued(account);
        delete _queuedOwners[account];
        emit OwnerCancelled(account, queued.to);
    }

    // =================================================== day limit ===================================================

    /// @inheritdoc IEscrowExtension
    function setDayLimit(DayLimit calldata limit, bytes calldata ownerSignature) external {
        (uint32 account, uint40 perDay) = (limit.account, limit.perDay);
        OwnerWord owned = _requireOwned(account);
        bytes32 operation = TypedHashes.dayLimit(limit, owned.nonce());
        _useNonce(account, owned, operation, limit.deadline, ownerSignature);

        if (perDay >= _accounts[account].dayLimit()) {
            _changeDayLimit(account, perDay);
        } else {
            uint40 maturesAt = uint40(block.timestamp) + DAY_LIMIT_DELAY;
            _queuedDayLimits[account] = QueuedDayLimit({perDay: perDay, maturesAt: maturesAt});
            emit DayLimitQueued(account, perDay, maturesAt);
        }
    }

    /// @inheritdoc IEscrowExtension
    function applyDayLimit(uint32 account) external {
        QueuedDayLimit memory queued = _queuedDayLimits[account];
        _requireMatured(account, queued.maturesAt);
        _changeDayLimit(account, queued.perDay);
    }

    /// @inheritdoc IEscrowExtension
    function queuedOf(uint32 account)
        external
        view
        returns (address owner, uint40 ownerMaturesAt, uint40 dayLimit, uint40 dayLimitMaturesAt)
    {
        QueuedAddress memory next = _queuedOwners[account];
        QueuedDayLimit memory limit = _queuedDayLimits[account];
        return (next.to, next.maturesAt, limit.perDay, limit.maturesAt);
    }

    // =================================================== internal ====================================================

    /// @dev Payouts go to the new owner: an address that the old one chose must not keep receiving them.
    function _changeOwner(uint32 account, address to) private {
        OwnerWord owned = _owners[account];
        _owners[account] = owned.withOwner(to);
        delete _queuedOwners[account];
        delete _payoutTo[account];
        emit OwnerChanged(account, owned.owner(), to);
    }

    function _changeDayLimit(uint32 account, uint40 perDay) private {
        AccountWord word = _accounts[account];
        delete _queuedDayLimits[account];
        _accounts[account] = word.withDayLimit(perDay, block.timestamp);
        emit DayLimitSet(account, perDay);
    }
}
