// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {SafeERC20} from "@openzeppelin/contracts/token/ERC20/utils/SafeERC20.sol";
import {IEscrowExtension} from "../interfaces/IEscrowExtension.sol";
import {IUSDC} from "../interfaces/IUSDC.sol";
import {AccountWord} from "../libraries/AccountWord.sol";
import {Ledger} from "./Ledger.sol";

/// @title The way out when the platform has gone dark, or is to be succeeded
/// @dev No role has a say in it. Settlement keeps priority: what a batch debits meanwhile is no longer there to leave.
abstract contract Exits is IEscrowExtension, Ledger {
    using SafeERC20 for IUSDC;

    /// @inheritdoc IEscrowExtension
    uint40 public constant DARK_AFTER = 14 days;
    /// @inheritdoc IEscrowExtension
    uint40 public constant EXIT_DELAY = 7 days;
    /// @inheritdoc IEscrowExtension
    uint40 public constant EXIT_WINDOW = 7 days;

    /// @inheritdoc IEscrowExtension
    function requestExit(uint32 account) external {
        _requireOwner(account);
        uint256 darkAt = uint256(_head.settledAt) + DARK_AFTER;
        if (block.timestamp <= darkAt && _successor.maturesAt == 0) revert NotDark(darkAt, block.timestamp);
        uint40 exitAt = uint40(block.timestamp) + EXIT_DELAY;
        _accounts[account] = _accounts[account].withExitAt(exitAt);
        emit ExitRequested(account, exitAt);
    }

    /// @inheritdoc IEscrowExtension
    function exit(uint32 account) external nonReentrant {
        address owner = _requireOwner(account);
        AccountWord word = _accounts[account];
        uint256 exitAt = word.exitAt();
        if (exitAt == 0) revert NothingQueued(account);
        if (block.timestamp < exitAt) revert NotMatured(exitAt, block.timestamp);
        if (block.timestamp > exitAt + EXIT_WINDOW) revert DeadlinePassed(exitAt + EXIT_WINDOW, block.timestamp);
        uint64 amount = uint64(word.balance()); // a 64-bit field
        if (amount == 0) revert InsufficientBalance(account, 0, 1);

        _accounts[account] = word.debit(account, amount).withExitAt(0);
        _head.liabilities -= amount;
        emit Exited(account, owner, amount);

        USDC.safeTransfer(owner, amount);
        _requireSolvent();
    }
}
