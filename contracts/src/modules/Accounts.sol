// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {ICreditEscrow} from "../interfaces/ICreditEscrow.sol";
import {IUSDC} from "../interfaces/IUSDC.sol";
import {AccountWord, AccountWordLib} from "../libraries/AccountWord.sol";
import {EarnerWord} from "../libraries/EarnerWord.sol";
import {TypedHashes} from "../libraries/TypedHashes.sol";

/// @title Accounts, earners and what is owed to them
/// @dev Keeps all balances. Every way in ends in `_credit`; every way in or out ends with `_requireSolvent`.
abstract contract Accounts is ICreditEscrow {
    /// @dev One slot: deposits need the first and the last, settlement the others.
    struct Head {
        uint64 liabilities; // Σ balances + Σ earner buckets + Σ vouchers
        uint64 seq; // last batch number used
        uint40 settledAt; // when that was, or the deployment
        uint32 nextId; // number of the next account
    }

    struct Owner {
        address owner;
        uint96 nonce; // of the next operation the owner signs
    }

    /// @dev The platform's account: no debt, no day limit, carries what others overdraw, earns the rest.
    uint32 internal constant PLATFORM = 1;

    /// @inheritdoc ICreditEscrow
    uint32 public constant MAX_DEBT = 2e6;
    /// @inheritdoc ICreditEscrow
    uint40 public constant DEFAULT_DAY_LIMIT = 200e6;

    IUSDC internal immutable USDC;

    Head internal _head;
    /// @dev By number. Fixed arrays spare settlement a hash per line.
    AccountWord[2 ** 32] internal _accounts;
    EarnerWord[2 ** 32] internal _earners;
    mapping(uint256 account => Owner) internal _owners;
    /// @inheritdoc ICreditEscrow
    mapping(bytes32 ref => uint32 account) public idOfRef;

    constructor(address usdc_, address platform) {
        if (usdc_ == address(0)) revert InvalidAddress(usdc_);
        USDC = IUSDC(usdc_);
        _head = Head({liabilities: 0, seq: 0, settledAt: uint40(block.timestamp), nextId: PLATFORM});
        open(platform, 0);
    }

    // ==================================================== opening ====================================================

    /// @inheritdoc ICreditEscrow
    function open(address owner, bytes32 salt) public returns (uint32 account) {
        bytes32 ref = TypedHashes.accountRef(owner, salt);
        account = idOfRef[ref];
        if (account != 0) return account;

        if (owner == address(0)) revert InvalidAddress(owner);
        account = _head.nextId;
        if (account == type(uint32).max) revert AccountsExhausted();
        _head.nextId = account + 1;
        idOfRef[ref] = account;
        _owners[account].owner = owner;
        _accounts[account] = AccountWordLib.opened(DEFAULT_DAY_LIMIT);
        emit AccountOpened(account, owner, ref);
    }

    // ===================================================== views =====================================================

    /// @inheritdoc ICreditEscrow
    function refOf(address owner, bytes32 salt) external pure returns (bytes32) {
        return TypedHashes.accountRef(owner, salt);
    }

    /// @inheritdoc ICreditEscrow
    function idOf(address owner) external view returns (uint32) {
        return idOfRef[TypedHashes.accountRef(owner, 0)];
    }

    /// @inheritdoc ICreditEscrow
    function ownerOf(uint32 account) external view returns (address) {
        return _owners[account].owner;
    }

    /// @inheritdoc ICreditEscrow
    function accountOf(uint32 account) external view returns (Account memory state) {
        AccountWord word = _accounts[account];
        Owner memory owner = _owners[account];
        // The casts undo the packing of the word.
        state = Account({
            owner: owner.owner,
            nonce: owner.nonce,
            balance: uint64(word.balance()),
            debt: uint32(word.debt()),
            dayLimit: uint40(word.dayLimit()),
            used: uint40(word.usedBy(block.timestamp)),
            exitAt: uint40(word.exitAt())
        });
    }

    /// @inheritdoc ICreditEscrow
    function nextId() external view returns (uint32) {
        return _head.nextId;
    }

    /// @inheritdoc ICreditEscrow
    function liabilities() external view returns (uint64) {
        return _head.liabilities;
    }

    /// @inheritdoc ICreditEscrow
    function usdc() external view returns (address) {
        return address(USDC);
    }

    // =================================================== internal ====================================================

    /// @dev Adds credit to an open account; its debt is repaid first, to account 1, which has none itself.
    function _credit(uint32 account, uint256 amount) internal returns (uint32) {
        _requireOpen(account);
        (AccountWord word, uint256 repaid) = _accounts[account].credit(amount);
        _accounts[account] = word;
        if (repaid != 0) (_accounts[PLATFORM],) = _accounts[PLATFORM].credit(repaid);
        return uint32(repaid); // at most the debt, a 32-bit field
    }

    function _requireOpen(uint256 account) internal view {
        if (account == 0 || account >= _head.nextId) revert UnknownAccount(account);
    }

    /// @return owner The caller
    function _requireOwner(uint32 account) internal view returns (address owner) {
        owner = _owners[account].owner;
        if (owner != msg.sender) revert NotOwner(account, msg.sender);
    }

    /// @dev The last thing of every function that moves USDC.
    function _requireSolvent() internal view {
        uint256 held = USDC.balanceOf(address(this));
        uint256 owed = _head.liabilities;
        if (held < owed) revert Insolvent(held, owed);
    }

    function _today() internal view returns (uint256) {
        return block.timestamp / 1 days;
    }
}
