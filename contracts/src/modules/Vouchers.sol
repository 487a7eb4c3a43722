// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {ECDSA} from "@openzeppelin/contracts/utils/cryptography/ECDSA.sol";
import {IEscrowCore} from "../interfaces/IEscrowCore.sol";
import {TypedHashes} from "../libraries/TypedHashes.sol";
import {Moves} from "./Moves.sol";

/// @title Credit that waits for whoever has a key: gift codes, and claims by addresses nobody knows yet
/// @dev A voucher stands under the address of its key, in one slot. A closed one leaves its slot behind with amount 0,
/// so that a key is used once and no signature of it works again.
abstract contract Vouchers is Moves {
    /// @inheritdoc IEscrowCore
    function createVoucher(
        VoucherOrder calldata order,
        bytes calldata ownerSignature,
        bytes calldata clearance
    ) external {
        _requireRunning(Group.Moves);
        if (order.amount == 0) revert AmountBelowMinimum(0, 1);
        if (order.key == address(0)) revert InvalidAddress(order.key);
        if (order.to != 0) _requireOpen(order.to);
        if (order.expiry <= block.timestamp) revert DeadlinePassed(order.expiry, block.timestamp);
        if (_vouchers[order.key].expiry != 0) revert VoucherKeyUsed(order.key);
        bytes32 operation = TypedHashes.createVoucher(order, _owners[order.from].nonce);
        _useNonce(order.from, operation, order.deadline, ownerSignature);
        _requireClearance(operation, order.deadline, clearance);

        _accounts[order.from] = _accounts[order.from].debit(order.from, order.amount);
        _vouchers[order.key] =
            Voucher({amount: order.amount, from: order.from, to: order.to, expiry: order.expiry});
        emit VoucherCreated(order.key, order.from, order.amount, order.to, order.expiry);
    }

    /// @inheritdoc IEscrowCore
    function redeemVoucher(address key, uint32 to, bytes calldata signature) external {
        _requireRunning(Group.Moves);
        Voucher memory voucher = _openVoucher(key);
        if (block.timestamp > voucher.expiry) revert DeadlinePassed(voucher.expiry, block.timestamp);
        if (voucher.to != 0 && voucher.to != to) revert VoucherForAnother(key, voucher.to);
        bytes32 digest = _hashTypedDataV4(TypedHashes.redeem(key, to, voucher.from, voucher.expiry));
        (address signer,,) = ECDSA.tryRecoverCalldata(digest, signature);
        if (signer != key) revert InvalidSignature(key, digest);
        _close(key, to, voucher.amount, true);
    }

    /// @inheritdoc IEscrowCore
    function reclaimVoucher(address key) external {
        Voucher memory voucher = _openVoucher(key);
        if (block.timestamp <= voucher.expiry) _requireOwner(voucher.from);
        _close(key, voucher.from, voucher.amount, false);
    }

    /// @inheritdoc IEscrowCore
    function voucherOf(address key) external view returns (Voucher memory) {
        return _vouchers[key];
    }

    function _openVoucher(address key) private view returns (Voucher memory voucher) {
        voucher = _vouchers[key];
        if (voucher.amount == 0) revert NoVoucher(key);
    }

    function _close(address key, uint32 to, uint64 amount, bool redeemed) private {
        _vouchers[key].amount = 0;
        uint32 debtRepaid = _credit(to, amount);
        emit VoucherClosed(key, to, amount, debtRepaid, redeemed);
    }
}
