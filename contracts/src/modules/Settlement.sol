// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {RateLimiter} from "@openzeppelin/contracts/utils/RateLimiter.sol";
import {SafeCast} from "@openzeppelin/contracts/utils/math/SafeCast.sol";
import {IEscrowCore} from "../interfaces/IEscrowCore.sol";
import {AccountWord} from "../libraries/AccountWord.sol";
import {Lines} from "../libraries/Lines.sol";
import {Split} from "../libraries/Split.sol";
import {TypedHashes} from "../libraries/TypedHashes.sol";
import {Accounts} from "./Accounts.sol";

/// @title Batches of metered usage: debits to accounts, credits to earners
/// @dev Touches one slot per line, makes no token call, leaves `liabilities` as they are.
abstract contract Settlement is Accounts {
    using RateLimiter for RateLimiter.RefillingBucket;

    /// @inheritdoc IEscrowCore
    uint40 public constant MAX_DEADLINE = 10 minutes;

    constructor(uint64 capacity, uint40 window) {
        _capacity.updateSettings(window, capacity);
    }

    // ==================================================== settling ===================================================

    /// @inheritdoc IEscrowCore
    function settle(Batch calldata batch, bytes calldata signature) external {
        _requireRunning(Group.Settlement);
        _requireNext(batch);
        bytes32 digest = _hashTypedDataV4(TypedHashes.settlement(batch));
        _requireSignature(_roles[Role.Settler], digest, signature);

        uint256 gross = _debit(batch.debits, batch.seq);
        uint256 rest = gross - _earn(batch.credits, batch.referrals, gross);
        _earners[PLATFORM] = _earners[PLATFORM].earn(rest, _today());
        _draw(gross);

        _head.seq = batch.seq;
        _head.settledAt = uint40(block.timestamp);
        _batches[batch.seq] = (uint256(digest) & ~TIME_MASK) | block.timestamp;
        _emitSettled(batch, digest, SafeCast.toUint64(gross), SafeCast.toUint64(rest));
    }

    // ===================================================== views =====================================================

    /// @inheritdoc IEscrowCore
    function nextBatch() external view returns (uint64 seq, bytes32 prev, uint40 settledAt) {
        return (_head.seq + 1, _lastDigest(), _head.settledAt);
    }

    /// @inheritdoc IEscrowCore
    function batchOf(uint64 seq) external view returns (bytes32 digest, uint40 settledAt) {
        uint256 slot = _batches[seq];
        if (slot & TIME_MASK == 0) return (0, 0); // voided: its digest would be another batch's
        return (bytes32(slot & ~TIME_MASK), uint40(slot & TIME_MASK));
    }

    /// @inheritdoc IEscrowCore
    function settlementCapacity() external view returns (uint256 available, uint256 capacity, uint256 window) {
        return (_capacity.available(SETTLED), _capacity._capacity, _capacity._window);
    }

    // =================================================== internal ====================================================

    function _requireNext(Batch calldata batch) private view {
        uint64 seq = _head.seq + 1;
        if (batch.seq != seq) revert WrongSequence(batch.seq, seq);
        bytes32 prev = _lastDigest();
        if (batch.prev != prev) revert WrongPrevious(batch.prev, prev);
        if (block.timestamp > batch.deadline) revert DeadlinePassed(batch.deadline, block.timestamp);
        if (batch.deadline > block.timestamp + MAX_DEADLINE) {
            revert DeadlineTooFar(batch.deadline, block.timestamp + MAX_DEADLINE);
        }
    }

    /// @dev Account 1 pays for itself and for what the others are short of, in one write at the end: it is never in
    /// two places at once.
    function _debit(bytes calldata lines, uint64 seq) private returns (uint256 gross) {
        (uint256 cursor, uint256 end) = Lines.bounds(lines);
        uint256 id;
        uint256 amount;
        uint256 platform;
        unchecked {
            // ids rise from 1, so account 1 can only come first
            if (cursor < end) {
                (id, amount) = Lines.read(cursor, 0);
                if (id == PLATFORM) {
                    (gross, platform) = (amount, amount);
                    cursor += Lines.SIZE;
                } else {
                    id = 0;
                }
            }
            for (; cursor < end; cursor += Lines.SIZE) {
                (id, amount) = Lines.read(cursor, id);
                (AccountWord word, uint256 short) = _accounts[id].spend(id, amount, block.timestamp);
                if (short != 0) {
                    word = _overdraw(word, uint32(id), short, seq);
                    platform += short;
                }
                _accounts[id] = word;
                gross += amount; // 40 bits each, a block's gas allows 22 bits of lines
            }
        }
        if (id >= _head.nextId) revert UnknownAccount(id);
        if (platform != 0) _accounts[PLATFORM] = _accounts[PLATFORM].debit(PLATFORM, platform);
    }

    /// @dev A line never blocks a batch: what the balance does not cover becomes debt up to the cap, the rest is
    /// written off. Account 1 pays both, so operators are paid in full.
    function _overdraw(
        AccountWord word,
        uint32 account,
        uint256 short,
        uint64 seq
    ) private returns (AccountWord) {
        uint256 owed = word.debt();
        uint256 room = MAX_DEBT - owed;
        uint256 lent = short < room ? short : room;
        if (lent != 0) emit Overdrawn(seq, account, uint64(lent)); // ≤ short, a 40-bit amount
        if (short != lent) _writeOff(seq, account, short - lent);
        return word.withBalanceAndDebt(0, owed + lent);
    }

    /// @dev Kept, because `void` could not tell it from what the balance paid.
    function _writeOff(uint64 seq, uint32 account, uint256 amount) private {
        _writtenOff[_writeOffKey(seq, account)] = amount;
        _writtenOff[_writeOffKey(seq, 0)] += amount;
        emit WrittenOff(seq, account, uint64(amount)); // ≤ short, a 40-bit amount
    }

    /// @return shares What operators and referrers earn, at most `gross`
    function _earn(bytes calldata credits, bytes calldata referrals, uint256 gross) private returns (uint256 shares) {
        (uint256 credited, uint256 net) = _earnLines(credits, Split.OPERATOR_BPS);
        if (credited != gross) revert NotConserved(gross, credited);
        (uint256 referred, uint256 kickback) = _earnLines(referrals, Split.REFERRAL_BPS);
        if (referred > gross) revert ReferralsExceedGross(referred, gross);
        shares = net + kickback;
        if (shares > gross) revert SplitExceedsGross(shares, gross);
    }

    function _earnLines(bytes calldata lines, uint256 bps) private returns (uint256 gross, uint256 net) {
        (uint256 cursor, uint256 end) = Lines.bounds(lines);
        uint256 today = _today();
        uint256 id;
        unchecked {
            for (; cursor < end; cursor += Lines.SIZE) {
                uint256 amount;
                uint256 earned;
                (id, amount) = Lines.read(cursor, id);
                (_earners[id], earned) = _earners[id].accrue(amount, bps, today);
                gross += amount;
                net += earned;
            }
        }
        if (id >= _head.nextId) revert UnknownAccount(id);
    }

    function _draw(uint256 gross) private {
        if (!_capacity.tryConsume(SETTLED, gross)) revert CapacityExceeded(gross, _capacity.available(SETTLED));
    }

    function _emitSettled(Batch calldata batch, bytes32 digest, uint64 gross, uint64 rest) private {
        emit BatchSettled(
            batch.seq,
            batch.receiptsRoot,
            digest,
            batch.periodEnd,
            gross,
            rest,
            batch.debits,
            batch.credits,
            batch.referrals
        );
    }
}
