// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {IEscrowCore} from "../interfaces/IEscrowCore.sol";
import {AccountWord, AccountWordLib} from "../libraries/AccountWord.sol";
import {OwnerWord} from "../libraries/OwnerWord.sol";
import {TypedHashes} from "../libraries/TypedHashes.sol";
import {Ledger} from "./Ledger.sol";

/// @title Accounts: opening and reading
abstract contract Accounts is IEscrowCore, Ledger {
    /// @inheritdoc IEscrowCore
    uint32 public constant MAX_DEBT = 2e6;
    /// @inheritdoc IEscrowCore
    uint40 public constant DEFAULT_DAY_LIMIT = 200e6;

    constructor(address platform) {
        _head.settledAt = uint40(block.timestamp);
        _head.nextId = PLATFORM;
        open(platform, 0);
    }

    // ==================================================== opening ====================================================

    /// @inheritdoc IEscrowCore
    function open(address owner, bytes32 salt) public returns (uint32 account) {
        bytes32 ref = TypedHashes.accountRef(owner, salt);
        account = _idOfRef[ref];
        if (account != 0) return account;

        if (owner == address(0)) revert InvalidAddress(owner);
        account = _head.nextId;
        if (account == type(uint32).max) revert AccountsExhausted();
        _head.nextId = account + 1;
        _idOfRef[ref] = account;
        _owners[account] = _owners[account].withOwner(owner);
        _accounts[account] = AccountWordLib.opened(DEFAULT_DAY_LIMIT);
        emit AccountOpened(account, owner, ref);
    }

    // ===================================================== views =====================================================

    /// @inheritdoc IEscrowCore
    function refOf(address owner, bytes32 salt) external pure returns (bytes32) {
        return TypedHashes.accountRef(owner, salt);
    }

    /// @inheritdoc IEscrowCore
    function idOf(address owner) external view returns (uint32) {
        return _idOfRef[TypedHashes.accountRef(owner, 0)];
    }

    /// @inheritdoc IEscrowCore
    function idOfRef(bytes32 ref) external view returns (uint32) {
        return _idOfRef[ref];
    }

    /// @inheritdoc IEscrowCore
    function ownerOf(uint32 account) external view returns (address) {
        return _owners[account].owner();
    }

    /// @inheritdoc IEscrowCore
    function accountOf(uint32 account) external view returns (Account memory state) {
        AccountWord word = _accounts[account];
        OwnerWord owned = _owners[account];
        // The casts undo the packing of the word.
        state = Account({
            owner: owned.owner(),
            nonce: owned.nonce(),
            balance: uint64(word.balance()),
            debt: uint32(word.debt()),
            dayLimit: uint40(word.dayLimit()),
            used: uint40(word.usedBy(block.timestamp)),
            exitAt: uint40(word.exitAt())
        });
    }

    /// @inheritdoc IEscrowCore
    function nextId() external view returns (uint32) {
        return _head.nextId;
    }

    /// @inheritdoc IEscrowCore
    function liabilities() external view returns (uint64) {
        return _head.liabilities;
    }

    /// @inheritdoc IEscrowCore
    function usdc() external view returns (address) {
        return address(USDC);
    }
}
