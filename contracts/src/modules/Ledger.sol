// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {ECDSA} from "@openzeppelin/contracts/utils/cryptography/ECDSA.sol";
import {EIP712} from "@openzeppelin/contracts/utils/cryptography/EIP712.sol";
import {RateLimiter} from "@openzeppelin/contracts/utils/RateLimiter.sol";
import {ReentrancyGuardTransient} from "@openzeppelin/contracts/utils/ReentrancyGuardTransient.sol";
import {SignatureChecker} from "@openzeppelin/contracts/utils/cryptography/SignatureChecker.sol";
import {IEscrowTypes} from "../interfaces/IEscrowTypes.sol";
import {IUSDC} from "../interfaces/IUSDC.sol";
import {AccountWord} from "../libraries/AccountWord.sol";
import {EarnerWord} from "../libraries/EarnerWord.sol";
import {OwnerWord} from "../libraries/OwnerWord.sol";
import {TypedHashes} from "../libraries/TypedHashes.sol";
import {VoucherWord} from "../libraries/VoucherWord.sol";

/// @title All storage of the escrow, and what its two halves share
/// @dev The escrow and its extension both inherit this and nothing else that has storage, so their layouts are one.
/// Every way in ends in `_credit`; every way in or out ends with `_requireSolvent`.
abstract contract Ledger is IEscrowTypes, EIP712, ReentrancyGuardTransient {
    // ===================================================== types =====================================================

    /// @dev One slot, which every operation reads anyway.
    struct Head {
        uint64 liabilities; // Σ balances + Σ earner buckets + Σ vouchers
        uint64 seq; // last batch number used
        uint40 settledAt; // when that was, or the deployment
        uint32 nextId; // number of the next account
        uint40 pausedUntil; // when the last of all pauses ends: before it, look at the group's own
    }

    /// @dev Two slots; the second is read only while a change is queued.
    struct PayoutTo {
        address current; // 0: the owner
        uint40 maturesAt; // 0: nothing is queued
        address queued;
    }

    struct QueuedAddress {
        address to;
        uint40 maturesAt; // 0: nothing is queued
    }

    struct QueuedDayLimit {
        uint40 perDay;
        uint40 maturesAt; // 0: nothing is queued
    }

    // =================================================== constants ===================================================

    /// @dev The platform's account: no debt, no day limit, carries what others overdraw, earns the rest.
    uint32 internal constant PLATFORM = 1;
    /// @dev The low bits of a batch's slot keep its time, the others its digest.
    uint256 internal constant TIME_MASK = type(uint40).max;
    /// @dev There is one bucket for all batches, and one of the same size for what is attributed.
    bytes32 internal constant SETTLED = 0;
    bytes32 internal constant ATTRIBUTED = bytes32(uint256(1));

    IUSDC internal immutable USDC;

    // ==================================================== storage ====================================================

    Head internal _head;
    /// @dev By number. Fixed arrays spare settlement a hash per line.
    AccountWord[2 ** 32] internal _accounts;
    EarnerWord[2 ** 32] internal _earners;
    mapping(uint256 account => OwnerWord) internal _owners;
    mapping(bytes32 ref => uint32 account) internal _idOfRef;
    mapping(uint256 account => QueuedAddress) internal _queuedOwners;
    mapping(uint256 account => QueuedDayLimit) internal _queuedDayLimits;
    mapping(uint256 earner => PayoutTo) internal _payoutTo;
    mapping(address key => VoucherWord) internal _vouchers;
    /// @dev Digest and time of every live batch. A voided one has time 0; if it has the last number used, its digest is
    /// that of the last live batch, on which the next one has to stand.
    mapping(uint256 seq => uint256 digestAndTime) internal _batches;
    /// @dev By `_writeOffKey`: what account 1 paid for good. Under account 0 the sum of the batch.
    mapping(uint256 key => uint256 amount) internal _writtenOff;
    RateLimiter.RefillingBucket internal _capacity;
    mapping(Role role => address) internal _roles;
    address internal _payoutPolicy;
    /// @dev By group: when its pause ends, or ended.
    uint40[4] internal _pausedUntil;
    /// @dev When a suspension ends, or ended. Only looked at if the earner's word is marked.
    mapping(uint256 earner => uint256) internal _suspendedUntil;
    QueuedAddress internal _successor;
    /// @dev Logs of USDC whose amount has been attributed or refunded.
    mapping(bytes32 log => bool) internal _usedLogs;
    mapping(bytes32 refund => uint256 maturesAt) internal _refunds;

    constructor(address usdc_) EIP712("CreditEscrow", "1") {
        if (usdc_ == address(0)) revert InvalidAddress(usdc_);
        USDC = IUSDC(usdc_);
    }

    // =================================================== accounts ====================================================

    /// @dev Adds credit to an open account; its debt is repaid first, to account 1, which has none itself.
    function _credit(uint32 account, uint256 amount) internal returns (uint32) {
        _requireOpen(account);
        (AccountWord word, uint256 repaid) = _accounts[account].credit(amount);
        _accounts[account] = word;
        if (repaid != 0) (_accounts[PLATFORM],) = _accounts[PLATFORM].credit(repaid);
        return uint32(repaid); // at most the debt, a 32-bit field
    }

    /// @dev Books `amount` as credit: effects and event. A token that failed silently would be covered up by a surplus,
    /// so every caller uses a call that reverts if the USDC does not come.
    function _book(uint32 account, address payer, Rail rail, uint64 amount, bytes32 memo) internal {
        _requireRunning(Group.Deposits);
        uint32 debtRepaid = _credit(account, amount);
        uint256 owed = uint256(_head.liabilities) + amount;
        if (owed > type(uint64).max) revert ValueTooLarge(owed, type(uint64).max);
        _head.liabilities = uint64(owed);
        _cancelExit(account, payer);
        emit Deposited(account, payer, rail, amount, debtRepaid, memo);
    }

    /// @dev An owner who deposits means to stay. Somebody else's deposit calls nothing off: with it an exit could be
    /// stopped over and over.
    function _cancelExit(uint32 account, address payer) private {
        AccountWord word = _accounts[account];
        if (word.exitAt() == 0 || payer != _owners[account].owner()) return;
        _accounts[account] = word.withExitAt(0);
        emit ExitCancelled(account);
    }

    function _requireOpen(uint256 account) internal view {
        if (account == 0 || account >= _head.nextId) revert UnknownAccount(account);
    }

    /// @return owner The caller
    function _requireOwner(uint32 account) internal view returns (address owner) {
        owner = _owners[account].owner();
        if (owner != msg.sender) revert NotOwner(account, msg.sender);
    }

    // ==================================================== batches ====================================================

    function _lastDigest() internal view returns (bytes32) {
        return bytes32(_batches[_head.seq] & ~TIME_MASK);
    }

    function _writeOffKey(uint64 seq, uint256 account) internal pure returns (uint256) {
        return (uint256(seq) << 32) | account;
    }

    // =================================================== signatures ==================================================

    /// @dev Who owns an account, and the nonce that his next operation carries: read once, and handed to `_useNonce`.
    function _requireOwned(uint32 account) internal view returns (OwnerWord owned) {
        owned = _owners[account];
        if (owned.owner() == address(0)) revert UnknownAccount(account); // every account that is open has an owner
    }

    /// @dev Checks the owner's will and uses up the nonce that `operation` was made with.
    function _useNonce(
        uint32 account,
        OwnerWord owned,
        bytes32 operation,
        uint40 deadline,
        bytes calldata ownerSignature
    ) internal {
        if (block.timestamp > deadline) revert DeadlinePassed(deadline, block.timestamp);
        address owner = owned.owner();
        if (msg.sender != owner) _requireSignature(owner, _hashTypedDataV4(operation), ownerSignature);
        _owners[account] = owned.withNextNonce();
    }

    function _requireClearance(bytes32 operation, uint40 deadline, bytes calldata clearance) internal view {
        bytes32 digest = _hashTypedDataV4(TypedHashes.clearance(operation, deadline));
        _requireSignature(_roles[Role.Clearer], digest, clearance);
    }

    /// @dev ECDSA first, ERC-1271 after it: an EIP-7702 account has code, whose delegate may lack ERC-1271, and its
    /// key must not be locked out.
    function _requireSignature(address signer, bytes32 digest, bytes calldata signature) internal view {
        (address recovered,,) = ECDSA.tryRecoverCalldata(digest, signature);
        if (recovered == signer && recovered != address(0)) return; // 0: nobody's signature
        if (
            signer.code.length == 0
                || !SignatureChecker.isValidERC1271SignatureNowCalldata(signer, digest, signature)
        ) {
            revert InvalidSignature(signer, digest);
        }
    }

    // ===================================================== guards ====================================================

    /// @dev Costs a warm read unless something is paused.
    function _requireRunning(Group group) internal view {
        if (block.timestamp >= _head.pausedUntil) return;
        uint256 until = _pausedUntil[uint256(group)];
        if (block.timestamp < until) revert Paused(group, until);
    }

    /// @dev The last thing of every function that moves USDC.
    function _requireSolvent() internal view {
        uint256 held = USDC.balanceOf(address(this));
        uint256 owed = _head.liabilities;
        if (held < owed) revert Insolvent(held, owed);
    }

    function _requireRole(Role role) internal view {
        if (msg.sender != _roles[role]) revert NotInRole(role, msg.sender);
    }

    /// @dev What delays or undoes, the governor may do too.
    function _requireGuardian() internal view {
        if (!_isGovernor()) _requireRole(Role.Guardian);
    }

    function _isGovernor() internal view returns (bool) {
        return msg.sender == _roles[Role.Governor];
    }

    function _requireMatured(uint32 account, uint40 maturesAt) internal view {
        if (maturesAt == 0) revert NothingQueued(account);
        if (block.timestamp < maturesAt) revert NotMatured(maturesAt, block.timestamp);
    }

    function _today() internal view returns (uint256) {
        return block.timestamp / 1 days;
    }
}
