// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {SafeERC20} from "@openzeppelin/contracts/token/ERC20/utils/SafeERC20.sol";
import {Clones} from "@openzeppelin/contracts/proxy/Clones.sol";
import {IEscrowCore} from "../interfaces/IEscrowCore.sol";
import {IUSDC} from "../interfaces/IUSDC.sol";
import {SafeCast} from "@openzeppelin/contracts/utils/math/SafeCast.sol";
import {DepositForwarder} from "../periphery/DepositForwarder.sol";
import {TypedHashes} from "../libraries/TypedHashes.sol";
import {Accounts} from "./Accounts.sol";

/// @title Money in
/// @dev Every rail books first (`_book`: effects and event), then pulls, then checks solvency.
abstract contract Deposits is Accounts {
    using SafeERC20 for IUSDC;

    /// @inheritdoc IEscrowCore
    uint64 public constant MIN_DEPOSIT = 5e6;
    /// @inheritdoc IEscrowCore
    uint64 public constant MIN_PAYER_DEPOSIT = 1e6;

    /// @dev What every deposit address delegates to.
    address private immutable FORWARDER;

    constructor() {
        FORWARDER = address(new DepositForwarder(USDC));
    }

    /// @inheritdoc IEscrowCore
    function deposit(uint32 account, uint64 amount, bytes32 memo) external nonReentrant {
        _requireAtLeast(amount, MIN_DEPOSIT);
        _book(account, msg.sender, Rail.Deposit, amount, memo);
        _pull(amount);
    }

    /// @inheritdoc IEscrowCore
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

    /// @inheritdoc IEscrowCore
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

    /// @inheritdoc IEscrowCore
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

    /// @inheritdoc IEscrowCore
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

    /// @inheritdoc IEscrowCore
    function sweep(bytes32[] calldata refs) external nonReentrant returns (uint256 total) {
        for (uint256 i = 0; i < refs.length; ++i) {
            bytes32 ref = refs[i];
            uint32 account = _idOfRef[ref];
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

    /// @inheritdoc IEscrowCore
    function depositAddressOf(bytes32 ref) public view returns (address) {
        return Clones.predictDeterministicAddress(FORWARDER, ref);
    }

    function _requireAtLeast(uint64 amount, uint64 minimum) private pure {
        if (amount < minimum) revert AmountBelowMinimum(amount, minimum);
    }

    function _pull(uint64 amount) private {
        USDC.safeTransferFrom(msg.sender, address(this), amount);
        _requireSolvent();
    }
}
