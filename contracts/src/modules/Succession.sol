// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {SafeERC20} from "@openzeppelin/contracts/token/ERC20/utils/SafeERC20.sol";
import {IEscrowExtension} from "../interfaces/IEscrowExtension.sol";
import {IEscrowSuccessor} from "../interfaces/IEscrowSuccessor.sol";
import {IUSDC} from "../interfaces/IUSDC.sol";
import {AccountWord} from "../libraries/AccountWord.sol";
import {Exits} from "./Exits.sol";

/// @title The move to another escrow, announced so long ahead that everybody who does not want it has left
/// @dev Earnings and vouchers stay: they are paid and redeemed here.
abstract contract Succession is Exits {
    using SafeERC20 for IUSDC;

    /// @inheritdoc IEscrowExtension
    uint40 public constant SUCCESSOR_DELAY = 14 days;

    /// @inheritdoc IEscrowExtension
    function queueSuccessor(address to) external {
        _requireRole(Role.Governor);
        if (to == address(this) || to.code.length == 0) revert InvalidAddress(to);
        _setSuccessor(to, uint40(block.timestamp) + SUCCESSOR_DELAY);
    }

    /// @inheritdoc IEscrowExtension
    function cancelSuccessor() external {
        _requireGuardian();
        if (_successor.maturesAt == 0) revert NoSuccessor();
        _setSuccessor(address(0), 0);
    }

    /// @inheritdoc IEscrowExtension
    function migrate(uint32[] calldata accounts) external nonReentrant returns (uint256 total) {
        if (!_isGovernor()) _requireRole(Role.Clearer);
        QueuedAddress memory next = _successor;
        if (next.maturesAt == 0) revert NoSuccessor();
        if (block.timestamp < next.maturesAt) revert NotMatured(next.maturesAt, block.timestamp);

        IEscrowSuccessor.Import[] memory imports = new IEscrowSuccessor.Import[](accounts.length);
        uint256 count;
        for (uint256 i = 0; i < accounts.length; ++i) {
            uint64 amount = _leave(accounts[i], next.to);
            if (amount == 0) continue;
            imports[count++] = IEscrowSuccessor.Import(accounts[i], _owners[accounts[i]].owner(), amount);
            total += amount;
        }
        assembly ("memory-safe") {
            mstore(imports, count) // those that were left out
        }
        _head.liabilities -= uint64(total); // a part of it

        USDC.safeTransfer(next.to, total);
        IEscrowSuccessor(next.to).importAccounts(imports);
        _requireSolvent();
    }

    /// @inheritdoc IEscrowExtension
    function successor() external view returns (address to, uint40 maturesAt) {
        return (_successor.to, _successor.maturesAt);
    }

    /// @dev Who has asked for his USDC gets that and is not moved: an exit that was not executed stops counting when
    /// its time is over.
    function _leave(uint32 account, address to) private returns (uint64 amount) {
        _requireOpen(account);
        AccountWord word = _accounts[account];
        amount = uint64(word.balance()); // a 64-bit field
        bool leaving = word.exitAt() != 0 && block.timestamp <= word.exitAt() + EXIT_WINDOW;
        if (amount == 0 || leaving) return 0;
        _accounts[account] = word.debit(account, amount);
        emit Migrated(account, to, amount);
    }

    function _setSuccessor(address to, uint40 maturesAt) private {
        emit SuccessorQueued(_successor.to, to, maturesAt);
        _successor = QueuedAddress({to: to, maturesAt: maturesAt});
    }
}
