// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {SafeERC20} from "@openzeppelin/contracts/token/ERC20/utils/SafeERC20.sol";
import {ReentrancyGuardTransient} from "@openzeppelin/contracts/utils/ReentrancyGuardTransient.sol";
import {ICreditEscrow} from "../interfaces/ICreditEscrow.sol";
import {IUSDC} from "../interfaces/IUSDC.sol";
import {TypedHashes} from "../libraries/TypedHashes.sol";
import {Accounts} from "./Accounts.sol";

/// @title Money in
/// @dev Every rail books first (`_book`: effects and event), then pulls, then checks solvency.
abstract contract Deposits is Accounts, ReentrancyGuardTransient {
    using SafeERC20 for IUSDC;

    /// @inheritdoc ICreditEscrow
    uint64 public constant MIN_DEPOSIT = 5e6;

    /// @inheritdoc ICreditEscrow
    function deposit(uint32 account, uint64 amount, bytes32 memo) external nonReentrant {
        _book(account, msg.sender, Rail.Deposit, amount, memo);
        _pull(amount);
    }

    /// @inheritdoc ICreditEscrow
    function depositFor(
        address owner,
        bytes32 salt,
        uint64 amount,
        bytes32 memo
    ) external nonReentrant returns (uint32 account) {
        account = open(owner, salt);
        _book(account, msg.sender, Rail.DepositFor, amount, memo);
        _pull(amount);
    }

    /// @inheritdoc ICreditEscrow
    function depositWithAuthorization(AuthorizedDeposit calldata input)
        external
        nonReentrant
        returns (uint32 account)
    {
        account = open(input.owner, input.accountSalt);
        _book(account, input.from, Rail.Authorization, input.amount, input.memo);
        bytes32 ref = TypedHashes.accountRef(input.owner, input.accountSalt);
        USDC.receiveWithAuthorization(
            input.from,
            address(this),
            input.amount,
            input.validAfter,
            input.validBefore,
            TypedHashes.authorizationNonce(ref, input.memo, input.nonceSalt),
            input.signature
        );
        _requireSolvent();
    }

    /// @dev Books `amount` as credit. If the USDC does not come, the solvency check that follows undoes it, as long as
    /// there is no surplus to hide behind: so callers must make sure of the transfer as well.
    function _book(uint32 account, address payer, Rail rail, uint64 amount, bytes32 memo) internal {
        if (amount < MIN_DEPOSIT) revert AmountBelowMinimum(amount, MIN_DEPOSIT);
        uint32 debtRepaid = _credit(account, amount);
        _head.liabilities += amount;
        emit Deposited(account, payer, rail, amount, debtRepaid, memo);
    }

    function _pull(uint64 amount) private {
        USDC.safeTransferFrom(msg.sender, address(this), amount);
        _requireSolvent();
    }
}
