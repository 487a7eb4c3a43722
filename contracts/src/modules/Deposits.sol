// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {SafeERC20} from "@openzeppelin/contracts/token/ERC20/utils/SafeERC20.sol";
import {Clones} from "@openzeppelin/contracts/proxy/Clones.sol";
import {ReentrancyGuardTransient} from "@openzeppelin/contracts/utils/ReentrancyGuardTransient.sol";
import {ICreditEscrow} from "../interfaces/ICreditEscrow.sol";
import {IUSDC} from "../interfaces/IUSDC.sol";
import {SafeCast} from "@openzeppelin/contracts/utils/math/SafeCast.sol";
import {DepositForwarder} from "../periphery/DepositForwarder.sol";
import {AccountWord} from "../libraries/AccountWord.sol";
import {TypedHashes} from "../libraries/TypedHashes.sol";
import {Accounts} from "./Accounts.sol";

/// @title Money in
/// @dev Every rail books first (`_book`: effects and event), then pulls, then checks solvency.
abstract contract Deposits is Accounts, ReentrancyGuardTransient {
    using SafeERC20 for IUSDC;

    /// @inheritdoc ICreditEscrow
    uint64 public constant MIN_DEPOSIT = 5e6;
    /// @inheritdoc ICreditEscrow
    uint64 public constant MIN_PAYER_DEPOSIT = 1e6;

    /// @dev What every deposit address delegates to.
    address private immutable FORWARDER;

    constructor() {
        FORWARDER = address(new DepositForwarder(USDC));
    }

    /// @inheritdoc ICreditEscrow
    function deposit(uint32 account, uint64 amount, bytes32 memo) external nonReentrant {
        _requireAtLeast(amount, MIN_DEPOSIT);
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
        _requireAtLeast(amount, MIN_DEPOSIT);
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
        _requireAtLeast(input.amount, MIN_DEPOSIT);
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

    /// @inheritdoc ICreditEscrow
    function depositWithPermit(
        address owner,
        bytes32 salt,
        uint64 amount,
        bytes32 memo,
        uint256 deadline,
        bytes calldata signature
    ) external nonReentrant returns (uint32 account) {
        _requireAtLeast(amount, MIN_DEPOSIT);
        account = open(owner, salt);
        _book(account, msg.sender, Rail.Permit, amount, memo);
        // solhint-disable-next-line no-empty-blocks
        try USDC.permit(msg.sender, address(this), amount, deadline, signature) {} catch {}
        _pull(amount);
    }

    /// @inheritdoc ICreditEscrow
    function depositFromPayer(PayerDeposit calldata input) external nonReentrant returns (uint32 account) {
        _requireAtLeast(input.amount, MIN_PAYER_DEPOSIT);
        account = open(input.from, 0);
        _book(account, input.from, Rail.Payer, input.amount, input.nonce);
        USDC.transferWithAuthorization(
            input.from,
            address(this),
            input.amount,
            input.validAfter,
            input.validBefore,
            input.nonce,
            input.signature
        );
        _requireSolvent();
    }

    /// @inheritdoc ICreditEscrow
    function sweep(bytes32[] calldata refs) external nonReentrant returns (uint256 total) {
        for (uint256 i = 0; i < refs.length; ++i) {
            bytes32 ref = refs[i];
            uint32 account = idOfRef[ref];
            if (account == 0) revert UnknownRef(ref);
            address forwarder = depositAddressOf(ref);
            uint64 amount = SafeCast.toUint64(USDC.balanceOf(forwarder));
            if (amount < MIN_DEPOSIT) continue;
            _book(account, forwarder, Rail.Address, amount, 0);
            if (forwarder.code.length == 0) Clones.cloneDeterministic(FORWARDER, ref);
            DepositForwarder(forwarder).forward(amount);
            total += amount;
        }
        _requireSolvent();
    }

    /// @inheritdoc ICreditEscrow
    function depositAddressOf(bytes32 ref) public view returns (address) {
        return Clones.predictDeterministicAddress(FORWARDER, ref);
    }

    /// @dev Books `amount` as credit: effects and event. A token that failed silently would be covered up by a surplus,
    /// so every caller uses a call that reverts if the USDC does not come.
    function _book(uint32 account, address payer, Rail rail, uint64 amount, bytes32 memo) internal {
        uint32 debtRepaid = _credit(account, amount);
        _head.liabilities += amount;
        _cancelExit(account, payer);
        emit Deposited(account, payer, rail, amount, debtRepaid, memo);
    }

    /// @dev An owner who deposits means to stay. Somebody else's deposit calls nothing off: with it an exit could be
    /// stopped over and over.
    function _cancelExit(uint32 account, address payer) private {
        AccountWord word = _accounts[account];
        if (word.exitAt() == 0 || payer != _owners[account].owner) return;
        _accounts[account] = word.withExitAt(0);
        emit ExitCancelled(account);
    }

    function _requireAtLeast(uint64 amount, uint64 minimum) private pure {
        if (amount < minimum) revert AmountBelowMinimum(amount, minimum);
    }

    function _pull(uint64 amount) private {
        USDC.safeTransferFrom(msg.sender, address(this), amount);
        _requireSolvent();
    }
}
