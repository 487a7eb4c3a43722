// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {Address} from "@openzeppelin/contracts/utils/Address.sol";
import {IERC20} from "@openzeppelin/contracts/token/ERC20/IERC20.sol";
import {RateLimiter} from "@openzeppelin/contracts/utils/RateLimiter.sol";
import {SafeERC20} from "@openzeppelin/contracts/token/ERC20/utils/SafeERC20.sol";
import {IEscrowExtension} from "../interfaces/IEscrowExtension.sol";
import {IUSDC} from "../interfaces/IUSDC.sol";
import {Ledger} from "./Ledger.sol";

/// @title What came in without being booked: plain transfers of USDC, foreign tokens, ETH
/// @dev Nothing here can take what is owed: surplus is what is held beyond it.
abstract contract Surplus is IEscrowExtension, Ledger {
    using SafeERC20 for IERC20;
    using SafeERC20 for IUSDC;
    using RateLimiter for RateLimiter.RefillingBucket;

    /// @inheritdoc IEscrowExtension
    uint40 public constant REFUND_DELAY = 7 days;

    /// @inheritdoc IEscrowExtension
    function attribute(
        uint32 account,
        uint64 amount,
        bytes32 blockHash,
        uint256 logIndex
    ) external nonReentrant {
        _requireRole(Role.Attributor);
        if (amount == 0) revert AmountBelowMinimum(0, 1);
        bytes32 log = _useLog(amount, blockHash, logIndex);
        if (!_capacity.tryConsume(ATTRIBUTED, amount)) {
            revert CapacityExceeded(amount, _capacity.available(ATTRIBUTED));
        }
        _book(account, msg.sender, Rail.Attributed, amount, log);
        emit SurplusAttributed(account, amount, blockHash, logIndex);
        _requireSolvent();
    }

    /// @inheritdoc IEscrowExtension
    function queueRefund(Refund calldata refund) external {
        _requireRole(Role.Governor);
        if (refund.to == address(0) || refund.to == address(this)) revert InvalidAddress(refund.to);
        if (refund.amount == 0) revert AmountBelowMinimum(0, 1);
        uint40 maturesAt = uint40(block.timestamp) + REFUND_DELAY;
        _refunds[_refundKey(refund)] = maturesAt;
        emit RefundQueued(refund.to, refund.amount, refund.blockHash, refund.logIndex, maturesAt);
    }

    /// @inheritdoc IEscrowExtension
    function cancelRefund(Refund calldata refund) external {
        _requireGuardian();
        _takeRefund(refund);
        emit RefundQueued(refund.to, refund.amount, refund.blockHash, refund.logIndex, 0);
    }

    /// @inheritdoc IEscrowExtension
    function refundSurplus(Refund calldata refund) external nonReentrant {
        uint256 maturesAt = _takeRefund(refund);
        if (block.timestamp < maturesAt) revert NotMatured(maturesAt, block.timestamp);
        _useLog(refund.amount, refund.blockHash, refund.logIndex);
        emit SurplusRefunded(refund.to, refund.amount, refund.blockHash, refund.logIndex);

        USDC.safeTransfer(refund.to, refund.amount);
        _requireSolvent();
    }

    /// @inheritdoc IEscrowExtension
    function rescue(address token, address to, uint256 amount) external nonReentrant {
        _requireRole(Role.Governor);
        if (token == address(USDC)) revert InvalidAddress(token);
        if (to == address(0) || to == address(this)) revert InvalidAddress(to);
        emit Rescued(token, to, amount);

        if (token == address(0)) Address.sendValue(payable(to), amount);
        else IERC20(token).safeTransfer(to, amount);
        _requireSolvent();
    }

    /// @inheritdoc IEscrowExtension
    function surplus() public view returns (uint256) {
        uint256 held = USDC.balanceOf(address(this));
        uint256 owed = _head.liabilities;
        return held > owed ? held - owed : 0;
    }

    function _useLog(uint256 amount, bytes32 blockHash, uint256 logIndex) private returns (bytes32 log) {
        log = keccak256(abi.encode(blockHash, logIndex));
        if (_usedLogs[log]) revert LogUsed(blockHash, logIndex);
        uint256 most = surplus();
        if (amount > most) revert SurplusExceeded(amount, most);
        _usedLogs[log] = true;
    }

    function _takeRefund(Refund calldata refund) private returns (uint256 maturesAt) {
        bytes32 key = _refundKey(refund);
        maturesAt = _refunds[key];
        if (maturesAt == 0) revert NoRefund(key);
        delete _refunds[key];
    }

    function _refundKey(Refund calldata refund) private pure returns (bytes32) {
        return keccak256(abi.encode(refund.to, refund.amount, refund.blockHash, refund.logIndex));
    }
}
