// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {ECDSA} from "@openzeppelin/contracts/utils/cryptography/ECDSA.sol";
import {IEscrowCore} from "../interfaces/IEscrowCore.sol";
import {OwnerWord} from "../libraries/OwnerWord.sol";
import {TypedHashes} from "../libraries/TypedHashes.sol";
import {VoucherWord, VoucherWordLib} from "../libraries/VoucherWord.sol";
import {Moves} from "./Moves.sol";

/// @title Credit that waits for whoever has a key: gift codes, and claims by addresses nobody knows yet
/// @dev A voucher stands under the address of its key, in one slot, which is emptied when it is closed. The key signs
/// issuer and nonce, and no two vouchers have both: what it has signed for one closes no other under the same key.
abstract contract Vouchers is Moves {
    /// @inheritdoc IEscrowCore
    function createVoucher(
        VoucherOrder calldata order,
        bytes calldata ownerSignature,
        bytes calldata clearance
    ) external {
        VoucherOrder memory checked = order; // each field against its type, once and not at every use
        _requireRunning(Group.Moves);
        if (checked.amount == 0) revert AmountBelowMinimum(0, 1);
        if (checked.key == address(0)) revert InvalidAddress(checked.key);
        if (checked.to != 0) _requireOpen(checked.to);
        if (checked.expiry <= block.timestamp) revert DeadlinePassed(checked.expiry, block.timestamp);
        if (_vouchers[checked.key].amount() != 0) revert VoucherKeyInUse(checked.key);
        OwnerWord owned = _requireOwned(checked.from);
        bytes32 operation = TypedHashes.createVoucher(checked, owned.nonce());
        _useNonce(checked.from, owned, operation, checked.deadline, ownerSignature);
        _requireClearance(operation, checked.deadline, clearance);

        _accounts[checked.from] = _accounts[checked.from].debit(checked.from, checked.amount);
        _vouchers[checked.key] = VoucherWordLib.opened(checked, owned.nonce());
        emit VoucherCreated(checked.key, checked.from, checked.amount, checked.to, checked.expiry, owned.nonce());
    }

    /// @inheritdoc IEscrowCore
    function redeemVoucher(address key, uint32 to, bytes calldata signature) external {
        _requireRunning(Group.Moves);
        VoucherWord voucher = _openVoucher(key);
        uint40 expiry = voucher.expiry();
        if (block.timestamp > expiry) revert DeadlinePassed(expiry, block.timestamp);
        if (voucher.to() != 0 && voucher.to() != to) revert VoucherForAnother(key, voucher.to());
        bytes32 digest = _hashTypedDataV4(TypedHashes.redeem(key, to, voucher.from(), expiry, voucher.nonce()));
        (address signer,,) = ECDSA.tryRecoverCalldata(digest, signature);
        if (signer != key) revert InvalidSignature(key, digest);
        _close(key, voucher, to, true);
    }

    /// @inheritdoc IEscrowCore
    function reclaimVoucher(address key) external {
        VoucherWord voucher = _openVoucher(key);
        if (block.timestamp <= voucher.expiry()) _requireOwner(voucher.from());
        _close(key, voucher, voucher.from(), false);
    }

    /// @inheritdoc IEscrowCore
    function voucherOf(address key) external view returns (Voucher memory) {
        VoucherWord voucher = _vouchers[key];
        return Voucher({
            amount: voucher.amount(),
            from: voucher.from(),
            to: voucher.to(),
            expiry: voucher.expiry(),
            nonce: voucher.nonce()
        });
    }

    function _openVoucher(address key) private view returns (VoucherWord voucher) {
        voucher = _vouchers[key];
        if (voucher.amount() == 0) revert NoVoucher(key);
    }

    function _close(address key, VoucherWord voucher, uint32 to, bool redeemed) private {
        _vouchers[key] = VoucherWord.wrap(0);
        uint32 debtRepaid = _credit(to, voucher.amount());
        emit VoucherClosed(key, to, voucher.amount(), debtRepaid, redeemed);
    }
}
