// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {RateLimiter} from "@openzeppelin/contracts/utils/RateLimiter.sol";
import {IEscrowExtension} from "../interfaces/IEscrowExtension.sol";
import {AccountWord} from "../libraries/AccountWord.sol";
import {Lines} from "../libraries/Lines.sol";
import {Split} from "../libraries/Split.sol";
import {TypedHashes} from "../libraries/TypedHashes.sol";
import {Ledger} from "./Ledger.sol";

/// @title Undoing a batch, line by line and in reverse
/// @dev Works because earnings are held for 24 hours at least: what a batch of today or yesterday credited has not been
/// available since. Makes no token call and leaves `liabilities` as they are.
abstract contract Voids is IEscrowExtension, Ledger {
    using RateLimiter for RateLimiter.RefillingBucket;

    /// @inheritdoc IEscrowExtension
    uint40 public constant VOID_WITHIN = 24 hours;

    /// @inheritdoc IEscrowExtension
    function void(Batch calldata batch) external {
        _requireGuardian();
        if (block.timestamp >= _pausedUntil[uint256(Group.Settlement)]) revert NotPaused(Group.Settlement);
        bytes32 digest = _hashTypedDataV4(TypedHashes.settlement(batch));
        uint256 settledAt = _removeLast(batch, digest);

        uint256 day = settledAt / 1 days;
        uint256 gross = _refund(batch.debits, batch.seq);
        uint256 shares = _unearn(batch.referrals, Split.REFERRAL_BPS, day)
            + _unearn(batch.credits, Split.OPERATOR_BPS, day);
        _earners[PLATFORM] = _earners[PLATFORM].unearn(gross - shares, day, _today());
        _refill(gross);
        emit BatchVoided(batch.seq, digest);
    }

    /// @dev The slot of the last number always has the digest that the next batch has to stand on.
    function _removeLast(Batch calldata batch, bytes32 digest) private returns (uint256 settledAt) {
        bytes32 given = bytes32(uint256(digest) & ~TIME_MASK);
        bytes32 last = _lastDigest();
        settledAt = _batches[batch.seq] & TIME_MASK;
        if (given != last || settledAt == 0) revert NotLastBatch(batch.seq, given, last);
        uint256 latest = settledAt + VOID_WITHIN;
        if (block.timestamp > latest) revert DeadlinePassed(latest, block.timestamp);
        _batches[batch.seq] = 0;
        _batches[_head.seq] = uint256(batch.prev);
    }

    /// @dev Account 1 gets back in one write what it paid for itself and for others: what was written off, and what is
    /// still owed of what it lent. The latter, if repaid meanwhile, it has already.
    function _refund(bytes calldata lines, uint64 seq) private returns (uint256 gross) {
        (uint256 cursor, uint256 end) = Lines.bounds(lines);
        bool writtenOff = _takeWriteOff(seq, 0) != 0;
        uint256 id;
        uint256 amount;
        uint256 platform;
        unchecked {
            for (; cursor < end; cursor += Lines.SIZE) {
                (id, amount) = Lines.read(cursor, id);
                gross += amount; // as when it was settled
                if (id == PLATFORM) {
                    platform += amount;
                    continue;
                }
                uint256 back = amount;
                if (writtenOff) {
                    uint256 lost = _takeWriteOff(seq, id);
                    back -= lost; // a part of the line
                    platform += lost;
                }
                (AccountWord word, uint256 repaid) = _accounts[id].refund(amount, back, block.timestamp);
                _accounts[id] = word;
                platform += repaid;
            }
        }
        if (platform != 0) (_accounts[PLATFORM],) = _accounts[PLATFORM].credit(platform);
    }

    function _takeWriteOff(uint64 seq, uint256 account) private returns (uint256 amount) {
        uint256 key = _writeOffKey(seq, account);
        amount = _writtenOff[key];
        if (amount != 0) delete _writtenOff[key];
    }

    function _unearn(bytes calldata lines, uint256 bps, uint256 day) private returns (uint256 net) {
        (uint256 cursor, uint256 end) = Lines.bounds(lines);
        uint256 today = _today();
        uint256 id;
        for (; cursor < end; cursor += Lines.SIZE) {
            uint256 amount;
            uint256 earned;
            (id, amount) = Lines.read(cursor, id);
            (_earners[id], earned) = _earners[id].unaccrue(amount, bps, day, today);
            net += earned;
        }
    }

    function _refill(uint256 gross) private {
        _capacity.sync(SETTLED);
        uint256 used = _capacity.used(SETTLED);
        _capacity._items[SETTLED]._lastUsed = uint208(used > gross ? used - gross : 0); // at most what it was
    }
}
